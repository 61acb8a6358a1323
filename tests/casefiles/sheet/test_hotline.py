"""The sheet for a hotline says each thing once, in every language, and what is brought has no place."""

from dataclasses import replace
from datetime import date

import pytest

from casefiles.report.lines import WIDTH
from casefiles.sheet.hotline import HotlineSheet, NamedFreeze, ReportedItem, hotline_text, reported_posts
from config.catalogues import ChildHotline, ChildRule, Then
from config.words import languages, load_words
from evidence.canonical import Value
from tests.nonempty import nonempty

AT, LATER, DIGEST = "2026-11-21T09:00:00.000Z", "2026-11-22T09:00:00.000Z", "0123456789abcdef" * 4
RULE = ChildRule(
    "SI", Then.HOLD, 30, "Slovenia: for the police", "counsel's paper", "A. Counsel", date(2026, 1, 2), None
)


def item(number: int, kind: str, **more: Value) -> ReportedItem:
    values: dict[str, Value] = {"kind": kind, "channel_id": "42", "channel_title": "Ana", "message_id": "7", "at": AT}
    return ReportedItem(f"{number:032x}", number, kept=number == 9, values=values | more)


MESSAGE = item(8, "message", sender_id="user5", sender_name="Zogu", posted_at=AT, text="her name", at=LATER)
FILE = item(9, "file", bytes="1234", sha256=DIGEST, file_name="ana.jpg")
BROUGHT = item(3, "file", channel_id="local-1", message_id=None, bytes="5", sha256=DIGEST)
SHEET = HotlineSheet(
    rehearsal=False,
    organisation="Kancelarija Q",
    log="office/0123abcd",
    made_at=LATER,
    rule=RULE,
    hotlines=(ChildHotline("Tocka", "Slovenia: Tocka", "example.org", "bo"),),
    freezes=tuple(NamedFreeze(AT, hint) for hint in ("person", "machine", "list")),
    posts=reported_posts([MESSAGE, FILE, BROUGHT], 12),
)


def said(sheet: HotlineSheet = SHEET, language: str = "en") -> str:
    return hotline_text(sheet, [load_words(language)])


def test_items_stand_with_their_message_and_what_was_brought_stands_alone() -> None:
    first, second = SHEET.posts
    assert ([each.entry for each in first.items], first.recorded_at) == ([8, 9], AT)
    assert (second.post, [each.entry for each in second.items]) == (None, [3])
    assert SHEET.items == (MESSAGE.item, FILE.item, BROUGHT.item)


def test_a_message_a_file_and_a_rule_are_told_and_no_name_is() -> None:
    text = said()
    words = " ".join(text.split())
    for told in nonempty(
        [
            "message 7 of chat 42",
            "https://t.me/c/42/7",
            "account: 5 (user)",
            "file, entry 9 of the log",
            FILE.item,
            "bytes: 1234",
            "yes, sealed",
            "no, only what is stated here",
            "a file that somebody brought to the office",
            "Slovenia: Tocka (example.org)",
            "Slovenia: for the police (counsel's paper; to be verified by counsel)",
            "because an authority's list has the very file",
            "on a machine's hint",
            "Kancelarija Q",
            "office/0123abcd",
        ]
    ):
        assert told in words
    assert "".join(text.split()).count(DIGEST) == 2
    assert not [name for name in ("Zogu", "Ana", "ana.jpg", "her name") if name in text]


@pytest.mark.parametrize("language", languages())
def test_every_language_has_the_same_facts_in_lines_that_fit(language: str) -> None:
    for sheet in (SHEET, replace(SHEET, hotlines=(), rehearsal=True)):
        text = said(sheet, language)
        assert max(map(len, text.splitlines())) <= WIDTH
        assert [each for each in (FILE.item, "https://t.me/c/42/7", "office/0123abcd") if each not in text] == []
