"""A sheet as PDF says what the sheet as text says, in English and behind it in her language."""

import json
from collections import Counter
from dataclasses import replace

import pytest

from casefiles.pages.blocks import encode_document
from casefiles.paper.sheet import sheet_pages, sheet_paper
from casefiles.sheet.data import PlatformSheet, SheetKind
from casefiles.sheet.text import sheet_text
from config.words import languages, load_words
from tests.casefiles.paper.test_printed import pages_in
from tests.casefiles.sheet.test_text import full
from tests.nonempty import nonempty

ENGLISH = load_words("en")
_RULES = str.maketrans("", "", "_*=:")


def words_printed(sheet: PlatformSheet, language: str) -> Counter[str]:
    """Every word of a sheet as PDF, without the marks of rows and rules."""
    found: Counter[str] = Counter()

    def take(value: object) -> None:
        if isinstance(value, str):
            found.update(value.translate(_RULES).replace("\u2013", "-").replace("\u200b", "").split())
        for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            take(each)

    for side in json.loads(encode_document(sheet_paper(sheet, [ENGLISH, load_words(language)])))["sides"]:
        take([side["warning"], side["title"], side["notes"]])
        take([[value for name, value in block.items() if name != "is"] for block in side["blocks"]])
    return found


@pytest.mark.parametrize("kind", SheetKind)
def test_text_and_pages_of_a_sheet_have_the_same_words(kind: SheetKind) -> None:
    for language in nonempty(languages()):
        sheet = replace(full(kind), rehearsal=False)
        text = sheet_text(sheet, [ENGLISH, load_words(language)]).translate(_RULES)
        told = Counter(word for word in text.split() if word.strip("-") or word == "-")
        assert words_printed(sheet, language) == told, language


def test_her_language_begins_on_a_new_page_and_english_stands_once() -> None:
    sheet = full(SheetKind.NOTICE)
    paper = sheet_paper(sheet, [ENGLISH, load_words("sr-Cyrl")])
    assert [(side.lang, side.script) for side in paper.sides] == [("en", "auto"), ("sr", "cyrl")]
    assert len(sheet_paper(sheet, [ENGLISH, ENGLISH]).sides) == 1
    assert paper.author == ""


@pytest.mark.parametrize("kind", SheetKind)
def test_the_same_sheet_gives_the_same_bytes(kind: SheetKind) -> None:
    one, other = (sheet_pages(full(kind), [ENGLISH, load_words("mk")]) for _ in range(2))
    assert one == other
    assert 2 <= pages_in(one) <= 6


def test_a_name_that_was_made_to_break_a_page_is_harmless() -> None:
    sheet = full(SheetKind.DISCLOSURE)
    names = ("#panic(1) ] $x$ <l> @r", "\u202e\x1b[2J", "z" + "\u0301" * 400, "x" * 70_000, "\U0001f40d")
    accounts = tuple(replace(account, names=names) for account in sheet.accounts)
    hostile = replace(sheet, accounts=accounts)
    assert sheet_pages(hostile, [ENGLISH])
    words = words_printed(hostile, "en")
    assert words["[U+1F40D]"] == 1
    assert words["#panic(1)"] == 1
