"""One word for one thing: the glossary's words are in use, and the words that it forbids are nowhere."""

import json
import re
from collections.abc import Iterable

from tests.contracts.tree import ROOT

GLOSSARY = ROOT / "docs" / "glossary.md"
WORDS = tuple(sorted((ROOT / "config" / "data" / "words").glob("*.json")))
TO_COME = {"outside keeper"}
"""Words of pages that are not written yet; they are settled, and stand here so that no other comes into use."""
PAGES = tuple(page for page in (*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")) if page != GLOSSARY)


def rows() -> list[list[str]]:
    """Word, meaning and forbidden words."""
    lines = [line for line in GLOSSARY.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[1:]]


def forbidden() -> list[str]:
    return [word.strip() for _term, _meaning, listed in rows() for word in listed.split(",") if word.strip()]


def texts() -> dict[str, str]:
    """Everything that people read, by where it stands."""
    said = {page.name: page.read_text(encoding="utf-8") for page in PAGES}
    for file in WORDS:
        for key, value in json.loads(file.read_text(encoding="utf-8")).items():
            said[f"{file.name}: {key}"] = value if isinstance(value, str) else " ".join(value.values())
    return said


def found(words: Iterable[str], text: str) -> list[str]:
    plain = " ".join(text.split())
    return [word for word in words if re.search(rf"\b{re.escape(word)}s?\b", plain, re.IGNORECASE)]


def test_each_word_stands_once_in_order_with_one_line_of_meaning() -> None:
    words = [word for word, _meaning, _listed in rows()]
    assert len(words) > 40
    assert words == sorted(set(words))
    assert all(meaning for _word, meaning, _listed in rows())
    assert not set(words) & set(forbidden())


def test_no_text_uses_a_word_that_the_glossary_forbids() -> None:
    assert len(texts()) > 300
    assert {where: hits for where, text in texts().items() if (hits := found(forbidden(), text))} == {}


def test_a_forbidden_word_would_be_found() -> None:
    assert found(forbidden(), "Ask the Time-stamp\nauthorities, or a custodian.") == ["custodian"]
    assert found(forbidden(), "a time-stamp\nauthority") == ["time-stamp authority"]
    assert found(forbidden(), "the key holder withheld it") == []


def test_each_word_of_the_glossary_is_in_use() -> None:
    everything = "\n".join(texts().values())
    unused = [word for word, _meaning, _listed in rows() if not found([word], everything)]
    assert set(unused) == TO_COME
