"""What is drawn of a message: all its versions together, grey boxes, and nothing left out of what an item says."""

from collections.abc import Mapping
from typing import Any

import pytest

from casefiles.pages.blocks import Exhibit, Rows
from casefiles.pages.exhibits import Draughtsman, in_fours, together, volumes_of
from casefiles.pages.fonts import Tamer
from casefiles.report.data import CaseReport, ReportItem
from config.words import load_words
from tests.casefiles.pages.reporting import report_of, said
from tests.nonempty import nonempty

WORDS = load_words("en")
DELETION: Mapping[str, Any] = {
    **dict.fromkeys(("text", "sha256", "bytes", "media", "posted_at")),
    "kind": "deletion",
}


def drawn(report: CaseReport) -> list[Exhibit]:
    draughtsman = Draughtsman(WORDS, Tamer(), report.items, rehearsal=True)
    return [draughtsman.drawn(group) for group in together(report.items)]


def one_message(*changes: Mapping[str, Any]) -> Exhibit:
    (exhibit,) = drawn(report_of(*({"message_id": "7", **change} for change in changes)))
    return exhibit


def test_a_message_its_edit_and_its_deletion_are_one_exhibit_one_below_the_other() -> None:
    exhibit = one_message({}, {"kind": "edit", "text": "shorter", "sha256": None, "media": None}, DELETION)
    assert exhibit.title == "Exhibit: items 1 to 3"
    assert exhibit.mark == "drawn from data, not a screenshot"
    assert [version.kind for version in exhibit.versions] == ["Message", "Edited message", "Deletion"]
    assert [version.gone for version in exhibit.versions] == [False, False, True]
    assert exhibit.versions[1].text == ["shorter"]


def test_an_edit_shows_what_changed_since_the_text_above_it_and_a_text_that_stayed_shows_nothing() -> None:
    edited = {"kind": "edit", "edited_at": "2026-11-20T08:00:00.000Z"}
    versions = one_message(
        {"text": "call Ana now"}, {**edited, "text": "call Eva now"}, DELETION, {**edited, "text": "call Eva now"}
    ).versions
    assert [bool(version.marked) for version in versions] == [False, True, False, False]
    assert [(run.text, run.mark) for run in versions[1].marked[0]] == [
        ("call ", ""),
        ("Ana", "gone"),
        ("Eva", "new"),
        (" now", ""),
    ]
    assert versions[1].text == ["call Eva now"]


def test_what_a_message_answers_and_its_direct_replies_stand_beside_it_if_they_are_in_the_case() -> None:
    other = {"channel_id": "999", "reply_to": "1", "message_id": "9"}
    first, reply, second, elsewhere = drawn(
        report_of(
            {"message_id": "1", "text": "one\nline", "sender_name": "Zana"},
            {"message_id": "2", "text": "", "reply_to": "1"},
            {"message_id": "3", "text": "y" * 300, "reply_to": "2"},
            other,
            {"kind": "edit", "message_id": "1", "text": "two"},
            {"kind": "edit", "message_id": "2", "text": "now", "reply_to": "1"},
        )
    )
    assert (first.before, [group.label for group in first.behind]) == ((), ["Direct replies in this file"])
    (answer,) = first.behind[0].those
    assert (answer.place, answer.text) == ("items 2, 6", "A picture or file was here. It is not in the bundle.")
    (answered,) = reply.before[0].those
    assert (answered.place, answered.name, answered.text) == ("items 1, 5", "Zana", "one line")
    assert len(reply.behind[0].those[0].text.replace("\u200b", "")) == 242
    assert [group.those[0].place for group in second.before] == ["items 2, 6"]
    assert second.behind == elsewhere.before == elsewhere.behind == ()


def test_many_replies_are_drawn_up_to_a_limit_and_the_rest_is_counted() -> None:
    replies = [{"message_id": str(number), "reply_to": "1"} for number in range(2, 12)]
    (behind,) = drawn(report_of({"message_id": "1"}, *replies))[0].behind
    assert (len(behind.those), behind.more) == (6, "and others, which the exhibits show: 4")


def test_a_neighbour_withholds_what_its_exhibit_withholds_and_counts_nothing() -> None:
    counts = []
    for reply in ("1", None):
        report = report_of({"message_id": "1", "text": "\u202e"}, {"message_id": "2", "reply_to": reply})
        tamer = Tamer()
        exhibit = Draughtsman(WORDS, tamer, report.items, rehearsal=True).drawn(together(report.items)[1])
        assert [group.those[0].text for group in exhibit.before] == ["[U+202E]"] * (reply is not None)
        counts.append(tamer.replaced)
    assert counts[0] == counts[1]
    hidden = report_of({"message_id": "1"}, {"message_id": "2", "reply_to": "1"}, withhold={"text", "sender_name"})
    (answered,) = drawn(hidden)[1].before[0].those
    assert (answered.name, answered.text) == ("[withheld]", "[withheld]")


def test_how_a_deletion_is_known_stands_beside_it() -> None:
    exhibit = one_message({}, {**DELETION, "action": "told"})
    assert ("action", "deleted, as Telegram reported") in exhibit.versions[1].rows


def test_a_picture_is_a_grey_box_with_its_size_and_digest() -> None:
    (box,) = one_message({"sha256": "ab" * 32, "bytes": "12345"}).versions[0].boxes
    assert box.title == "A picture or file was here. It is not in the bundle."
    assert ("bytes of the file", "12345") in box.rows
    assert list(box.digest) == ["abab " * 7 + "abab"] * 2


def test_the_name_and_the_number_are_those_at_capture_and_withheld_ones_say_so() -> None:
    shown = one_message({"sender_name": "Ѓорѓи", "sender_id": "55"}).versions[0]
    assert (shown.name, shown.number) == ("Ѓорѓи", "55")
    (exhibit,) = drawn(report_of({}, withhold=frozenset({"sender_name", "sender_id", "text"})))
    assert (exhibit.versions[0].name, exhibit.versions[0].text) == ("[withheld]", ["[withheld]"])


def test_nothing_that_an_item_says_is_left_out() -> None:
    report = report_of(
        {"reply_to": "99", "forwarded_from": "somebody", "file_name": "a.jpg", "links": ["https://example.org/x"]}
    )
    shown = said(drawn(report))
    for value in nonempty(["99", "somebody", "a.jpg", "https://example.org/x", report.items[0].event]):
        assert value in shown


def test_a_poll_its_answers_and_a_file_that_was_not_read_are_told_in_full() -> None:
    poll = [{"kind": "poll", "question": "Which\none?", "answers": [{"kind": "answer", "text": "this"}]}]
    report = report_of({"content": poll, "sha256": None, "text": None}, {"kind": "file", "sha256": None, "media": None})
    shown = said(drawn(report))
    for value in nonempty(["Which", "this", "none: the file was not read"]):
        assert value in shown


def test_what_every_item_says_alike_is_told_once() -> None:
    report = report_of({"channel_title": "one and the same"}, {"channel_title": "one and the same"})
    draughtsman = Draughtsman(WORDS, Tamer(), report.items, rehearsal=True)
    common = [row for block in draughtsman.common() if isinstance(block, Rows) for row in block.rows]
    assert ("channel title", "one and the same") in common
    assert "one and the same" not in said([draughtsman.drawn(group) for group in together(report.items)])


def test_one_item_alone_has_nothing_in_common_with_others() -> None:
    assert not list(Draughtsman(WORDS, Tamer(), report_of({}).items, rehearsal=True).common())


def test_taming_counts_what_each_item_says_and_not_what_was_compared() -> None:
    report = report_of({"text": "\u202e", "channel_title": "x"}, {"text": "\u202e", "channel_title": "x"})
    tamer = Tamer()
    draughtsman = Draughtsman(WORDS, tamer, report.items, rehearsal=True)
    assert tamer.replaced == 0
    for group in nonempty(together(report.items)):
        draughtsman.drawn(group)
    assert tamer.replaced == 2


@pytest.mark.parametrize(
    ("groups", "volumes"),
    [([], [[]]), ([3], [[3]]), ([2, 2], [[2, 1], [1]]), ([7], [[3], [3], [1]]), ([3, 1], [[3], [1]])],
)
def test_volumes_are_filled_to_the_last_item(groups: list[int], volumes: list[list[int]]) -> None:
    items: list[list[ReportItem]] = [list(report_of({}).items) * size for size in groups]
    assert [[len(group) for group in volume] for volume in volumes_of(items, 3)] == volumes


def test_a_digest_is_read_in_fours() -> None:
    assert in_fours("0123456789ab") == ["0123 4567 89ab"]
