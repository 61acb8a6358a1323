"""Every code has its words and its facts, belongs to one class, and is documented."""

import json
from collections import Counter

from config.errors import LANGUAGE, WORDING_PARTS, catalogue
from tests.contracts import codes
from tests.contracts.codes import CODE, Use, placeholders, uses
from tests.contracts.tree import ROOT, sources
from tests.nonempty import nonempty

WORDS = catalogue(LANGUAGE)


def at(use: Use) -> str:
    return f"{use.source}:{use.line}"


def test_the_search_finds_what_there_is() -> None:
    assert len(uses()) > 400
    assert len({use.code for use in uses()}) > 400
    assert {use.kind for use in uses()} >= {"LeafError", "Finding", "Basis", "SettingsError"}


def test_every_code_that_is_said_has_words() -> None:
    assert {at(use): use.code for use in uses() if use.code is not None and use.code not in WORDS} == {}


def test_all_words_are_said_somewhere() -> None:
    assert WORDS.keys() - codes.mentioned() - {"evidence.check_did_not_pass"} == set()


def test_a_code_that_is_no_literal_comes_from_a_parameter_or_a_table() -> None:
    helping = {source.name for source in sources() if any(codes.helpers(source))}
    assert {use.source for use in uses() if use.code is None} <= {
        "api/errors.py",  # the system's errors, by their number
        "casefiles/verifier/checks.py",  # what a check rests on
        "config/unfit.py",  # what pydantic wanted, by its code
        "monitor/telegram/login.py",  # what Telegram calls it
        "evidence/fingerprint/decoder.py",  # what its worker says, by its word
        *(use.source for use in uses() if use.code is None and use.source in helping),
    }


def test_every_placeholder_has_its_fact_and_every_fact_its_placeholder() -> None:
    wrong = {
        f"{at(use)} {use.code}": (sorted(use.facts), sorted(placeholders(WORDS[use.code])))
        for use in uses()
        if use.code in WORDS and use.facts is not None
        if use.facts - {"where"} != placeholders(WORDS[use.code]) - {"where"}
    }
    assert wrong == {}


def test_every_code_belongs_to_one_class() -> None:
    assert {code: kinds for code, kinds in codes.classes().items() if len(kinds) != 1} == {}


def test_every_code_is_spelled_as_codes_are_and_has_known_parts() -> None:
    assert [code for code in WORDS if not CODE.fullmatch(code)] == []
    assert {code: parts for code, parts in WORDS.items() if not parts or not parts.keys() <= set(WORDING_PARTS)} == {}
    assert [code for code, parts in WORDS.items() for text in parts.values() if not text or text.strip() != text] == []


def test_a_term_has_a_message_and_no_other_part() -> None:
    terms = [code for code, kinds in codes.classes().items() if kinds == {"Term"}]
    assert terms
    assert {code: WORDS[code] for code in terms if WORDS[code].keys() != {"message"}} == {}


def test_the_page_of_codes_is_up_to_date() -> None:
    assert (ROOT / "docs" / "errors.md").read_text(encoding="utf-8") == codes.page()


def names_twice(text: str) -> list[str]:
    """The names that an object in a JSON text has twice; a parser takes the last, and the other says nothing."""
    found: list[str] = []

    def note(pairs: list[tuple[str, object]]) -> None:
        found.extend(name for name, times in Counter(name for name, _value in pairs).items() if times > 1)

    json.loads(text, object_pairs_hook=note)
    return found


def test_no_shipped_file_gives_a_name_twice() -> None:
    shipped = [file for package in ("config", "casefiles") for file in (ROOT / package).rglob("*.json")]
    assert {file.name: twice for file in nonempty(shipped) if (twice := names_twice(file.read_text("utf-8")))} == {}
    assert names_twice('{"a": {"b": 1, "b": 2}}') == ["b"]  # the control
