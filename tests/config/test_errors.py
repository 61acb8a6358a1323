"""An error is a code and facts; its words come from the catalogue, and it can always be told."""

import copy
import json
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from config.errors import (
    LANGUAGE,
    WORDING_PARTS,
    Explained,
    SettingsError,
    Term,
    Wording,
    catalogue,
    facts_as_json,
    put_in_words,
)

TEXTS = st.text(max_size=40)
NAMES = st.from_regex(r"[a-z]{1,8}", fullmatch=True)


def test_words_are_made_of_code_and_facts() -> None:
    error = SettingsError("settings.unknown_setting", where="NISISAMA_X", prefix="NISISAMA_")
    assert (error.message, error.where) == ("unknown setting", "NISISAMA_X")
    assert str(error).startswith("NISISAMA_X: unknown setting (expected NISISAMA_<")
    assert error.fix


def test_a_time_is_told_to_the_second_and_kept_whole_and_a_name_that_looks_like_one_stays() -> None:
    at = "2026-11-26T12:04:11.073Z"
    error = Explained("reviews.late", subject=at, due_at=at)
    assert (error.where, error.expected) == (f"request {at}", "a review by 2026-11-26 12:04:11 UTC")
    assert facts_as_json(error.facts)["due_at"] == at
    assert json.loads(json.dumps(error.as_json()))["expected"] == error.expected


def test_a_code_without_words_is_told_by_itself_and_its_facts() -> None:
    error = Explained("later.code", where="leaf 3", found="x", more=5)
    assert error.said == Wording("later.code", "leaf 3", "", "x")
    assert str(error) == "leaf 3: later.code (found x)"


def test_a_cause_gives_its_words_to_the_words_of_what_it_caused() -> None:
    cause = Explained("later.code", where="leaf 3", expected="a", found="b", fix="Do c")
    wording = put_in_words("audit.damage", {"cause": cause, "where": "leaf 4"})
    assert (wording.where, wording.expected, wording.found) == ("leaf 4", "a", "later.code b")
    assert facts_as_json({"cause": cause, "size": 4})["cause"] == {"code": "later.code", "facts": cause.facts}


def test_a_term_is_said_in_the_words_of_the_catalogue_and_given_as_its_code() -> None:
    where = Term("place.leaf", index=12)
    error = Explained("later.code", where=where)
    assert (str(where), error.where) == ("leaf 12", "leaf 12")
    assert facts_as_json(error.facts) == {"where": {"code": "place.leaf", "facts": {"index": 12}}}


def test_a_term_without_words_is_its_code() -> None:
    assert str(Term("place.later", index=12)) == "place.later"


def test_terms_are_values() -> None:
    leaf = Term("place.leaf", index=12)
    assert {leaf, Term("place.leaf", index=12)} == {leaf}
    assert leaf != Term("place.leaf", index=13)
    assert leaf != "leaf 12"
    assert copy.copy(leaf) == leaf
    assert repr(leaf) == "Term('place.leaf', {'index': 12})"


@given(st.dictionaries(NAMES, TEXTS | st.integers() | st.floats(allow_nan=False, allow_infinity=False)), TEXTS)
@example({}, "leaf.too_long")
@example({"tag": "x"}, "signed_data.element_not_der")
def test_an_error_can_always_be_told(facts: dict[str, str | float], code: str) -> None:
    error = Explained(code, **facts)
    assert str(error) == str(error.said)
    assert json.loads(json.dumps(facts_as_json(error.facts))) == facts


@given(TEXTS, TEXTS)
def test_a_fact_is_never_taken_for_words(where: str, found: str) -> None:
    error = Explained("later.code", where="{found}" + where, found="{where}{0}" + found)
    assert (error.where, error.found) == ("{found}" + where, "{where}{0}" + found)


def test_a_time_is_told_to_the_second_and_a_bound_from_above_as_the_next() -> None:
    at = "2026-03-01T21:14:03.512Z"
    assert put_in_words("basis.certificate_valid", {"gen_time": at}).found == "valid on 2026-03-01 21:14:03 UTC"
    assert put_in_words("basis.stamped", {"latest": at, "office": "A"}).found == "2026-03-01 21:14:04 UTC by A"


@pytest.mark.parametrize("code", sorted(catalogue(LANGUAGE)))
def test_every_entry_can_be_told(code: str) -> None:
    class Any(dict[str, object]):
        def __missing__(self, name: str) -> object:
            return Explained("later.code") if name == "cause" else 7

    texts = [re.sub(":(time|by)}", "}", text).format_map(Any()) for text in catalogue(LANGUAGE)[code].values()]
    assert any(texts)
    assert all("\n" not in text for text in texts)
    assert catalogue(LANGUAGE)[code].keys() <= set(WORDING_PARTS)


def test_a_copy_of_an_error_says_the_same() -> None:
    error = SettingsError("settings.unknown_setting", where="x", prefix="y")
    again = copy.copy(error)
    assert (type(again), again.code, again.facts, str(again)) == (SettingsError, error.code, error.facts, str(error))
