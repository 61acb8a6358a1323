"""A client is told, in her language and on one page, what was kept, what is missing and why, and nothing of whom."""

from datetime import UTC, datetime

import pytest

from casefiles.received import ReceivedExport, received_text
from config.words import languages, load_words
from evidence.observation import HoleReason, Mode
from tests.nonempty import nonempty

MISSING = {HoleReason.NOT_INCLUDED: 3, HoleReason.GAP: 2, HoleReason.UNNAMED: 1, HoleReason.FROZEN: 0}
A4_LINES = 66


def received(mode: Mode = Mode.SEALED, *, missing: dict[HoleReason, int] = MISSING) -> ReceivedExport:
    at = datetime(2026, 11, 28, 9, tzinfo=UTC)
    return ReceivedExport("Pomoć", at, mode, "ab" * 32, 40, 7, 5, missing, rehearsal=False)


@pytest.mark.parametrize("language", languages())
def test_each_language_says_all_of_it_on_one_page(language: str) -> None:
    words, page = load_words(language), received_text(load_words(language), received())
    for number in nonempty((40, 7, 5)):
        assert f": {number}\n" in page
    flat = " ".join(page.split())
    for reason in nonempty((HoleReason.NOT_INCLUDED, HoleReason.GAP, HoleReason.UNNAMED)):
        assert f"{MISSING[reason]}: {words.say(f'hole.{reason.value}')}" in flat
    assert words.say(f"hole.{HoleReason.FROZEN.value}") not in flat  # of which there is none
    assert "2026-11-28" in flat
    assert "ab" * 16 in page
    assert page.count("\n") < A4_LINES
    assert max(map(len, page.splitlines())) <= 78


@pytest.mark.parametrize("mode", list(Mode))
def test_it_says_what_became_of_the_files(mode: Mode) -> None:
    words = load_words("en")
    flat = " ".join(received_text(words, received(mode)).split())
    said = [words.say(f"received.mode.{each.value}") in flat for each in Mode]
    assert said == [each is mode for each in Mode]


def test_where_nothing_is_missing_it_says_so() -> None:
    page = received_text(load_words("en"), received(missing={}))
    assert "Nothing: everything that the export names was there." in page


def test_every_reason_for_which_something_can_be_missing_has_words() -> None:
    for language in nonempty(languages()):
        assert received_text(load_words(language), received(missing=dict.fromkeys(HoleReason, 1)))
