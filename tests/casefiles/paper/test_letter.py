"""The letter as PDF says what the letter as text says, on one sheet, in every language."""

import json
import re
from collections import Counter
from dataclasses import replace
from functools import cache

import pytest

from casefiles.bundle.letter import Letter, make_letter, render_letter
from casefiles.pages.blocks import encode_document
from casefiles.paper.code import code_drawn
from casefiles.paper.letter import letter_pages, letter_paper
from config.words import languages, load_words
from tests.casefiles import forge
from tests.casefiles.paper.test_printed import pages_in
from tests.nonempty import nonempty


@cache
def letter() -> Letter:
    contents = forge.small_contents()
    return make_letter(contents, facts=forge.build(contents)[1])


def printed_words(one: Letter, language: str) -> Counter[str]:
    """Every word of the letter as PDF, without its codes."""
    found: Counter[str] = Counter()

    def take(value: object) -> None:
        if isinstance(value, str):
            found.update(value.split())
        for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            take(each)

    for side in json.loads(encode_document(letter_paper(load_words(language), one)))["sides"]:
        for block in side["blocks"]:
            kept = {"svg", "alt", "is"}
            take([value for name, value in block.items() if name not in kept])
        take([side["warning"], side["title"], side["notes"]])
    return found


@pytest.mark.parametrize("language", languages())
def test_both_letters_have_the_same_words(language: str) -> None:
    one = replace(letter(), rehearsal=False)
    text = re.sub(r"^[=-]+$|_+", "", render_letter(load_words(language), one), flags=re.MULTILINE)
    assert printed_words(one, language) == Counter(text.split())


@pytest.mark.parametrize("language", languages())
def test_the_letter_is_one_sheet_of_two_sides(language: str) -> None:
    assert pages_in(letter_pages(load_words(language), letter())) == 2


def test_five_roots_and_long_names_stay_on_the_sheet_and_hostile_ones_are_harmless() -> None:
    roots = tuple((f"Root {number} \u202e \x1b[2J \U0001f40d مرحبا " + "x" * 70, "ab" * 32) for number in range(1, 6))
    one = replace(letter(), roots=roots, organisation="Office #panic(1) ] \u202e evil")
    for language in nonempty(("en", "sq")):
        assert pages_in(letter_pages(load_words(language), one)) == 2
    words = printed_words(one, "en")
    assert words[r"\u202e"] == 6
    assert words["[U+1F40D]"] == 5


def test_the_codes_hold_the_digits_that_stand_beside_them() -> None:
    paper = json.loads(encode_document(letter_paper(load_words("en"), letter())))
    coded = [block for side in paper["sides"] for block in side["blocks"] if block["is"] == "codeddigest"]
    digests = [letter().facts.sha256, letter().facts.seal_fingerprint]
    assert ["".join(block["digest"]).replace(" ", "") for block in coded] == digests
    assert [block["svg"] for block in coded] == list(map(code_drawn, digests))


def test_the_same_letter_gives_the_same_bytes_and_another_others() -> None:
    words = load_words("en")
    assert letter_pages(words, letter()) == letter_pages(words, letter())
    assert letter_pages(words, letter()) != letter_pages(words, replace(letter(), case="case-8"))
