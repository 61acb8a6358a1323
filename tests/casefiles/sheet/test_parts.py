"""The parts of a sheet stand in one order, and a message keeps what belongs to it."""

import pytest

from casefiles.sheet.data import SheetKind
from casefiles.sheet.parts import SheetCard, SheetHeading, SheetLines, sheet_parts, sheet_title
from config.words import load_words
from tests.casefiles.sheet.test_text import full

WORDS = load_words("en")


@pytest.mark.parametrize("kind", SheetKind)
def test_what_is_filled_in_stands_first_and_last_and_each_message_once(kind: SheetKind) -> None:
    sheet = full(kind)
    parts = list(sheet_parts(WORDS, sheet))
    lines = [at for at, part in enumerate(parts) if isinstance(part, SheetLines)]
    assert lines == [2, len(parts) - 1]
    cards = [part for part in parts if isinstance(part, SheetCard)]
    assert [card.number for card in cards] == list(range(1, len(sheet.posts) + 1))
    headings = [part.text for part in parts if isinstance(part, SheetHeading)]
    assert (WORDS.say("sheet.accounts") in headings) == (kind is not SheetKind.NOTICE)
    assert sheet_title(WORDS, sheet) == WORDS.say(f"sheet.title.{kind}")
