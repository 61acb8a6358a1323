"""docs/languages.md says which catalogue a native speaker has signed, and which words are used for what."""

import hashlib
import json
import re
from collections.abc import Mapping

import pytest

from config.words import SIGNED, languages, load_words
from tests.contracts.tree import ROOT
from tests.nonempty import nonempty

PAGE = (ROOT / "docs" / "languages.md").read_text(encoding="utf-8")
CATALOGUES = ROOT / "config" / "data" / "words"
WRITTEN = tuple(language for language in languages() if language not in {"en", "sr-Latn"})
STEM = 4
"""How many letters of a word stay when its ending changes; of a short word, all but the last."""


def table(first: str) -> list[dict[str, str]]:
    """The rows of the table whose first column has this name, by the names of its columns."""
    lines = PAGE[PAGE.index(f"\n| {first} |") + 1 :].partition("\n\n")[0].splitlines()
    head, _, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [dict(zip(head, row, strict=True)) for row in rows]


def refused(rows: list[dict[str, str]], signed: Mapping[str, str]) -> list[str]:
    """The languages whose row is neither a draft nor signed, with name and day, for the catalogue as it is."""
    found = []
    for row in rows:
        language = row["language"].strip("`")
        digest = hashlib.sha256((CATALOGUES / f"{language}.json").read_bytes()).hexdigest()
        draft = row["SHA-256 of the catalogue"] == "draft" and not row["name"] and language not in signed
        named = bool(row["name"]) and re.fullmatch(r"20\d\d-\d\d-\d\d", row["date"]) is not None
        if not draft and not (named and row["SHA-256 of the catalogue"] == signed.get(language) == digest):
            found.append(language)
    return found


def test_each_catalogue_is_a_draft_or_signed_as_it_is_by_a_named_person() -> None:
    rows = table("language")
    assert [row["language"].strip("`") for row in rows] == list(WRITTEN)
    assert refused(rows, SIGNED) == []


def test_a_signature_for_another_state_or_without_a_name_would_be_found() -> None:
    digest = hashlib.sha256((CATALOGUES / "sl.json").read_bytes()).hexdigest()
    good = {"language": "`sl`", "SHA-256 of the catalogue": digest, "name": "Ana Novak", "date": "2027-01-31"}
    assert refused([good], {"sl": digest}) == []
    for wrong in nonempty(({"name": ""}, {"date": "soon"}, {"SHA-256 of the catalogue": "0" * 64})):
        assert refused([{**good, **wrong}], {"sl": digest}) == ["sl"]
    assert refused([good], {}) == ["sl"]
    assert refused([good], {"sl": "0" * 64}) == ["sl"]


def test_every_language_is_listed() -> None:
    assert [row["tag"].strip("`") for row in table("tag")] == list(languages())


@pytest.mark.parametrize("language", WRITTEN)
def test_each_term_is_in_use(language: str) -> None:
    whole = json.dumps(dict(load_words(language).texts), ensure_ascii=False).lower()
    rows = table("term")
    assert len(rows) > 25
    for row in rows:
        for word in nonempty(re.findall(r"\w+", row[language].lower())):
            stem = word[: max(min(len(word) - 1, STEM), 1)]
            assert re.search(rf"\b{stem}", whole), (row["term"], word)


@pytest.mark.parametrize(
    ("language", "stated"),
    [
        ("hr", "vremenski pečat"),
        ("bs", "vremenski žig"),
        ("sl", "privola"),
        ("sl", "svežnj"),
        ("sl", "dnevni pečat"),
        ("mk", "пристанак"),
    ],
)
def test_the_term_of_a_neighbour_is_not_used(language: str, stated: str) -> None:
    whole = json.dumps(dict(load_words(language).texts), ensure_ascii=False).lower()
    assert stated not in whole
    assert {row[language] for row in table("term")} & {stated} == set()
