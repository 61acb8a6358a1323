"""A sheet as a person reads it: one calm page, in English first, of which nothing is claimed that nobody verified."""

import re
from dataclasses import replace

import pytest

from casefiles.report.lines import WIDTH
from casefiles.report.said import Code
from casefiles.report.wording import fact
from casefiles.sheet.data import AskedBefore, PlatformSheet, SheetKind
from casefiles.sheet.text import sheet_text
from config.words import Words, load_words
from evidence.content import Part, Person
from tests.casefiles.sheet.test_data import POSTED, said, sheet_of, with_parts
from tests.nonempty import nonempty

ENGLISH = load_words("en")


def page(sheet: PlatformSheet, words: Words = ENGLISH) -> str:
    return sheet_text(sheet, [words])


def full(kind: SheetKind) -> PlatformSheet:
    origin = Part("forward", {"person": Person("channel9"), "message_id": "3", "posted_at": POSTED})
    about = Part("channel", {"usernames": ("kanali",), "community": Person("channel77")})
    photo, video = Part("media", {"type": "photo", "id": "12", "dc": "4"}), Part("media", {"type": "video", "id": "13"})
    sheet = sheet_of(
        with_parts(origin, photo, video, edited_at=POSTED),
        said("6", kind="deletion", sender_id=None, posted_at=None, action="missing"),
        with_parts(about, message=None, kind="channel", sender_id=None),
        said("-3", channel_id="group5", channel_type=None),
        kind=kind,
        country="SI",
    )
    return replace(sheet, asked_before=(AskedBefore(SheetKind.PRESERVATION, POSTED, 1, 3),))


@pytest.mark.parametrize("kind", SheetKind)
def test_a_sheet_fits_a_page_and_has_lines_for_the_hand(kind: SheetKind) -> None:
    text = page(full(kind))
    assert max(map(len, text.splitlines())) <= WIDTH
    assert not [line for line in text.splitlines() if line != line.rstrip()]
    assert text.count("_" * 52) >= 5
    assert text.startswith("*" * WIDTH), "a rehearsal says so"
    assert page(replace(full(kind), rehearsal=False)).startswith(ENGLISH.say(f"sheet.title.{kind}"))


@pytest.mark.parametrize("kind", SheetKind)
def test_law_that_nobody_verified_is_for_counsel(kind: SheetKind) -> None:
    sheet = full(kind)
    words = " ".join(page(sheet).split())
    assert words.count("to be verified by counsel") == len(sheet.rules) + 1, "each rule, and the clock"
    verified = replace(
        sheet,
        platform=replace(sheet.platform, verified_by="counsel"),
        rules=tuple(replace(rule, verified_by="counsel") for rule in sheet.rules),
    )
    assert "counsel" not in page(verified)
    for rule in nonempty(sheet.rules):
        assert " ".join(f"{rule.says} ({rule.source}".split()) in words


def test_each_fact_of_a_message_has_its_line() -> None:
    text = page(full(SheetKind.DISCLOSURE))
    for line in nonempty(
        [
            "1. message 5 of chat 42",
            "   https://t.me/kanali/5",
            "   https://t.me/c/42/5",
            "   address at posting may be gone after 2026-03-01",
            "   address at posting may be gone after a date that is not recorded",
            "   posted:               2025-03-01 21:14:03 UTC",
            "   edited:               2025-03-01 21:14:03 UTC",
            "   account:              7 (user)",
            "   account:              not shown to readers",
            "   forwarded from:       9 (channel or supergroup), message 3, posted",
            "   file:                 photo 12, data centre 4",
            "   file:                 video 13",
            "   belongs with:         77 (channel or supergroup)",
            "number:                  group5 (kind not recorded)",
            "   no link: Telegram has none for messages of this kind of chat",
        ]
    ):
        assert f"\n{line}\n" in text, line
    assert "not there when asked for again" in text


def test_who_forwards_from_an_account_alone_has_a_short_line() -> None:
    text = page(sheet_of(with_parts(Part("forward", {"person": Person("user9")}), sender_id=None)))
    assert "\n   forwarded from:       9 (user)\n" in text
    assert "Account holders\n---------------\nnot shown to readers\n" in text


def test_an_identifier_of_another_form_is_shown_as_it_is() -> None:
    text = page(
        sheet_of(said(sender_id="7"), with_parts(Part("forward", {"person": Person("of\u202e9")}), message="6"))
    )
    assert "\n   account:              7\n" in text
    assert "\n   forwarded from:       of\\u202e9\n" in text


def test_a_notice_names_no_account_and_tells_no_request_of_an_authority() -> None:
    for kind in nonempty(SheetKind):
        text = page(full(kind))
        assert ("7 (user)" in text, "forwarded from" in text) == (kind is not SheetKind.NOTICE,) * 2
        assert ("Preservation: keep" in text.split("Asked before")[1]) == (kind is not SheetKind.NOTICE)


def test_her_language_stands_behind_english_on_a_page_of_its_own_and_english_only_once() -> None:
    sheet = full(SheetKind.NOTICE)
    hers = Words(
        "en",
        {
            key: text.upper() if isinstance(text, str) and "{" not in text else text
            for key, text in ENGLISH.texts.items()
        },
    )
    object.__setattr__(hers, "language", "sq")
    first, second = sheet_text(sheet, [ENGLISH, hers]).split("\f")
    assert first == page(sheet)
    assert ("To fill in by hand" in first, "TO FILL IN BY HAND" in second) == (True, True)
    assert sheet_text(sheet, [ENGLISH, ENGLISH]) == first


def test_what_people_chose_moves_nothing() -> None:
    text = page(sheet_of(said(sender_name="a\u202eb\nSuspect: Mila", channel_title="\x1b[2Jx")))
    assert "a\\u202eb\\x0aSuspect: Mila" in text
    assert "\\x1b[2Jx" in text
    assert not re.search(r"[\x00-\x09\x0b-\x1f\u202e]", text)


def test_every_text_has_words_that_blame_nobody() -> None:
    texts = {key: text for key, text in ENGLISH.texts.items() if key.startswith("sheet.")}
    for key, text in nonempty(texts.items()):
        for word in ("perpetrator", "revenge", "offender", "victim", "porn"):
            assert word not in str(text).lower(), key
    assert fact(ENGLISH, Code("media.type", "photo")) == "photo"
