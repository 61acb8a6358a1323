"""The volumes of a report: every part in the order of the text, numbered paragraphs, and only what the data say."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from casefiles.pages.blocks import Document, Exhibit, Figure, Heading, Paragraph, Rows
from casefiles.pages.content import MOST_NAMED, make_documents
from casefiles.report.data import CaseReport
from config.words import languages, load_words
from tests.casefiles.pages.reporting import MADE_AT, report_of, said
from tests.nonempty import nonempty

GAP = {"channel_id": "1234567890", "lo": "1002", "hi": "1004", "hole": "gap"}


def volumes(report: CaseReport, language: str = "en") -> list[Document]:
    return list(make_documents(load_words(language), report, made_at=MADE_AT))


def pages_of(*items: Mapping[str, Any], holes: tuple[Mapping[str, Any], ...] = ()) -> Document:
    (document,) = volumes(report_of(*items, holes=holes))
    return document


def headings(document: Document) -> list[str]:
    return [block.text for block in document.blocks if isinstance(block, Heading) and block.level == 1]


def rows_under(document: Document, title: str) -> list[tuple[str, str]]:
    blocks = list(document.blocks)
    at = blocks.index(Heading(title, level=2))
    rows = blocks[at + 1]
    assert isinstance(rows, Rows)
    return list(rows.rows)


@pytest.mark.parametrize("language", languages())
def test_the_parts_count_from_one_in_every_language(language: str) -> None:
    (document,) = volumes(report_of({}, holes=(GAP,)), language)
    numbers = [re.match(r"(\d+)\. \S", heading) for heading in headings(document)]
    assert [match and match[1] for match in numbers] == [str(number) for number in range(1, 14)]


def test_our_paragraphs_count_through_a_volume() -> None:
    numbered = [block.number for block in pages_of({}).blocks if isinstance(block, Paragraph) and block.number]
    assert numbered == [str(number) for number in range(1, len(numbered) + 1)]
    assert len(numbered) > 30


def test_the_summary_says_what_where_which_accounts_and_when() -> None:
    one, other = {"sender_id": "7", "sender_name": "A"}, {"sender_id": "8", "sender_name": "B", "kind": "edit"}
    document = pages_of(one, one, other)
    assert rows_under(document, "What") == [("Message", "2"), ("Edited message", "1")]
    assert rows_under(document, "Where") == [("1234567890", "=Test [U+202E] channel · items 1 to 3")]
    assert rows_under(document, "Which accounts") == [("7", "A · items 1 to 2"), ("8", "B · item 3")]
    assert rows_under(document, "What is asked for")[0] == ("Purpose", "criminal complaint")


def test_what_is_urgent_is_the_day_after_which_the_address_of_the_first_message_may_be_gone() -> None:
    document = pages_of(
        {"posted_at": "2026-02-28T10:00:00.000Z", "message_id": "5"}, {"posted_at": "2026-03-01T10:00:00.000Z"}
    )
    (first, source) = rows_under(document, "What is urgent")
    assert first == ("5, posted (claimed) 2026-02-28 10:00:00 UTC", "address at posting may be gone after 2027-02-28")
    assert "to be verified by counsel" in source[1]


def test_nothing_is_urgent_where_no_time_of_posting_is_shown() -> None:
    assert Heading("What is urgent", level=2) not in pages_of({"posted_at": None}).blocks


def test_many_accounts_are_named_up_to_a_limit_and_the_rest_is_counted() -> None:
    rows = rows_under(
        pages_of(*({"sender_id": str(100 + number)} for number in range(MOST_NAMED + 3))), "Which accounts"
    )
    assert len(rows) == MOST_NAMED + 1
    assert rows[-1] == ("", "and others, which the exhibits show: 3")


def test_how_an_edit_is_marked_is_told_where_there_is_one() -> None:
    message, told = {"message_id": "7", "text": "one"}, "words that are gone are struck through"
    assert told in said(pages_of(message, {**message, "kind": "edit", "text": "two"}).blocks)
    assert told not in said(pages_of(message).blocks)


def test_the_drawings_say_in_words_what_they_show() -> None:
    figures = [block for block in pages_of({}, holes=(GAP,)).blocks if isinstance(block, Figure)]
    assert len(figures) == 2
    assert "2026-11-19 09:00:01 UTC" in figures[0].alt
    assert figures[1].alt.endswith("recorded as not seen: 1234567890: 1002 to 1004")


def test_a_title_that_turns_a_line_around_is_spelled_out_and_counted() -> None:
    document = pages_of({"channel_title": "evil\u202e\u2066", "text": "\U0001f600"})
    texts = [block.text for block in document.blocks if isinstance(block, Paragraph)]
    assert any("that would shift a line: 3." in text for text in texts)
    assert not re.search("[\u202e\u2066\U0001f600]", said(document.blocks))


def test_further_volumes_hold_exhibits_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("casefiles.pages.content.ITEMS_A_VOLUME", 2)
    first, second = volumes(report_of({}, {}, {}))
    assert len([block for block in first.blocks if isinstance(block, Exhibit)]) == 2
    assert headings(second) == ["4. The items"]
    assert [first.cover.subtitle, second.cover.subtitle] == ["Volume 1 of 2: items 1 to 2", "Volume 2 of 2: items 3"]
    assert (first.contents, second.contents) == ("Contents", "")


def test_what_the_client_stated_stands_in_the_exhibit_and_above_her_lines() -> None:
    (document,) = volumes(report_of({}, recognised=True))
    (row,) = rows_under_heading(document, "The client")
    assert row[0] == "item 1"
    assert "she saw this item where it was posted" in row[1]
    (exhibit,) = [block for block in document.blocks if isinstance(block, Exhibit)]
    assert ("client states", row[1]) in exhibit.versions[0].rows


def rows_under_heading(document: Document, title: str) -> list[tuple[str, str]]:
    at = list(document.blocks).index(Heading(title, level=2))
    return [row for block in document.blocks[at : at + 4] if isinstance(block, Rows) for row in block.rows]


def test_a_declaration_of_the_client_is_there_only_where_she_stated_something() -> None:
    assert Heading("The client", level=2) not in pages_of({}).blocks


def test_a_report_that_is_no_rehearsal_has_no_warning_on_its_pages() -> None:
    report = report_of({})
    (real,) = volumes(replace(report, rehearsal=False))
    (practice,) = volumes(report)
    assert (real.warning, practice.warning) == ("", "REHEARSAL, NOT FOR COURT")


def test_a_draft_says_so_on_its_first_page() -> None:
    report = report_of({})
    for language in nonempty(languages()):
        (document,) = volumes(report, language)
        words = load_words(language)
        assert (words.say("draft") in document.cover.about) is words.draft
