"""A paper is typeset as it is said to be, and what could be a picture does not leave."""

import re

import pytest

from casefiles.errors import GateError
from casefiles.pages.blocks import Paragraph
from casefiles.paper import printed as module
from casefiles.paper.blocks import Paper
from casefiles.paper.printed import printed, side_of
from config.words import load_words

WORDS = load_words("sr-Latn")
MADE_AT = "2026-11-21T09:00:00.123Z"


def paper_of(text: str, *, fits: bool) -> Paper:
    side = side_of(WORDS, "Title", [Paragraph(text)], rehearsal=True)
    return Paper("Title", "o", MADE_AT, "", fits=fits, sides=[side])


def pages_in(pdf: bytes) -> int:
    return len(re.findall(rb"/Type/Page(?!s)", pdf))


def test_a_side_carries_its_language_its_rehearsal_and_whether_its_words_are_a_draft() -> None:
    side = side_of(WORDS, "Title", [], rehearsal=True)
    assert (side.lang, side.script) == ("sr", "latn")
    assert side.warning == [WORDS.say("rehearsal"), WORDS.say("rehearsal.why")]
    assert side.notes == [WORDS.say("draft")]
    other = side_of(load_words("en"), "Title", [], rehearsal=False)
    assert (other.script, other.warning, other.notes) == ("auto", [], [])


def test_a_side_that_has_to_fit_is_made_smaller_and_another_goes_on() -> None:
    text = "word " * 900
    assert pages_in(printed(paper_of(text, fits=True), "p")) == 1
    assert pages_in(printed(paper_of(text, fits=False), "p")) == 2
    assert pages_in(printed(paper_of(text * 9, fits=True), "p")) > 1  # no smaller than can be read


def test_the_gate_stands_before_every_paper(monkeypatch: pytest.MonkeyPatch) -> None:
    pdf = printed(paper_of("x", fits=True), "p")
    assert pdf == printed(paper_of("x", fits=True), "p")
    for old, new in {b"/Type/Catalog": b"/Type/XObject", b"%%EOF": b"%%EOF\n"}.items():
        monkeypatch.setattr(module, "typeset", lambda *_, old=old, new=new: pdf.replace(old, new))
        with pytest.raises(GateError):
            printed(paper_of("x", fits=True), "p")
