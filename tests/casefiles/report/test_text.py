import json
import re
from collections.abc import Mapping
from datetime import timedelta

import pytest

from casefiles.bundle.letter import make_letter, render_letter
from casefiles.bundle.members import BundleContents, describe, make_payload
from casefiles.format import layout
from casefiles.report.data import CaseReport, make_report
from casefiles.report.lines import WIDTH, grouped
from casefiles.report.said import Moment
from casefiles.report.text import render
from config.words import Words, languages, load_words
from evidence.authority import Act
from evidence.canonical import Value
from evidence.content import message_sha256
from evidence.log.leaf import parse_leaf
from evidence.log.schema import SCHEMAS, TIERS
from evidence.match.check import Tier
from evidence.observation import HoleReason, Kind
from tests.casefiles import forge

REPORT = "data/report.en.txt"
WORDS = load_words("en")


def lines_of(
    log: forge.Log, *, withhold: frozenset[str] = forge.HELD_BACK, rehearsal: bool = True, words: Words = WORDS
) -> list[str]:
    """The report of everything in a log."""
    return render(words, data_of(log, withhold=withhold, rehearsal=rehearsal)).splitlines()


def data_of(log: forge.Log, *, withhold: frozenset[str] = forge.HELD_BACK, rehearsal: bool = True) -> CaseReport:
    return report_data(contents(log, withhold=withhold, rehearsal=rehearsal))


def contents(log: forge.Log, *, withhold: frozenset[str], rehearsal: bool) -> BundleContents:
    made = forge.changed(forge.contents_of(log), rehearsal=rehearsal)
    shown = tuple(log.entry(one.index, withhold=withhold) for one in made.entries)
    return forge.changed(made, entries=shown)


def report_data(made: BundleContents) -> CaseReport:
    payload = make_payload(made)
    case = describe(made, payload.records, payload.anchorage)
    return make_report(case=case, records=payload.records, anchorage=payload.anchorage, log_key=made.log_key)


def report_of(log: forge.Log, *, withhold: frozenset[str] = forge.HELD_BACK, rehearsal: bool = True) -> str:
    """The report of everything in a log, its lines joined."""
    return " ".join(" ".join(lines_of(log, withhold=withhold, rehearsal=rehearsal)).split())


def one_item(**changes: Value) -> forge.Log:
    log = forge.Log()
    log.add("log_opened", forge.opening())
    log.add("observed", {**forge.item(1), **changes})
    return log


def test_the_report_of_a_bundle_is_rendered_from_its_records_alone() -> None:
    made = forge.small_contents()
    text = render(load_words(made.language), report_data(made))
    assert make_payload(made).members[REPORT].decode() == text == render(WORDS, report_data(made))


def test_the_report_says_what_when_how_who_and_the_limits() -> None:
    report = forge.text_of(REPORT)
    for words in (
        "case-7-bundle-1", "Posted:", "Acquired:", "Stamped:", "in the log by", "desktop-json", "coordinator",
        "1 hole is recorded", "This file shows 3 items", "6 values are withheld", "to be verified by counsel",
        "does not by itself prove who posted them", "five steps", "not that Telegram sent it in this form",
    ):  # fmt: skip
        assert words in " ".join(report.split())
    for row in forge.text_of(layout.ITEMS_JSONL).splitlines():
        assert "\n".join(grouped(json.loads(row)["values"]["sha256"])) in report


def test_a_report_of_which_all_is_withheld_shows_that_it_is() -> None:
    log = forge.small_log(3)
    made = forge.contents_of(log)
    opening = log.entry(0, withhold=frozenset(forge.act(forge.START)))
    names = frozenset(name for schema in SCHEMAS.values() for name in schema.names)
    bare = (opening, *(log.entry(one.index, withhold=names) for one in made.entries[1:]))
    report = render(WORDS, report_data(forge.changed(made, entries=bare)))
    assert "Acquired by (pseudonym or role): [withheld]" in report
    assert "kind:                  [withheld]" in report
    assert "No value of these entries is withheld" not in report
    assert "No value of these entries is withheld" in report_of(log, withhold=frozenset())


def test_only_a_rehearsal_says_so_and_says_so_on_top_of_every_text() -> None:
    real = make_payload(forge.small_contents(rehearsal=False)).members
    for name in (REPORT, layout.README, layout.HOW_TO_VERIFY):
        assert "REHEARSAL, NOT FOR COURT" in "\n".join(forge.text_of(name).splitlines()[:3])
        assert b"REHEARSAL" not in real[name]


LONG = "x" * 300
HOSTILE = "\u202e\n4. The items\r\x1b[2J\u2066" + LONG


def test_what_a_stranger_wrote_cannot_rearrange_the_report() -> None:
    names = ("channel_title", "sender_name", "forwarded_from", "file_name", "media_type", "action", "text")
    log = one_item(**dict.fromkeys(names, HOSTILE))
    log.add("hole", {**forge.act(forge.START), "channel_id": "17", "hole": "mode", "what": HOSTILE})
    lines = lines_of(log, withhold=frozenset())
    assert not {"\u202e", "\u2066", "\x1b", "\r"} & set("".join(lines))
    assert not any(r"\\u202e" in line for line in lines)  # nothing is spelled twice
    assert sum(line.startswith("4. The items") for line in lines) == 1
    assert "".join(line.strip().removeprefix("> ") for line in lines).count(LONG) == len(names) + 1


def test_the_texts_fit_a_page() -> None:
    log = forge.small_log(3)
    log.add("observed", {**forge.item(9), "text": f"{'word ' * 60}\n\n{LONG}", "sender_name": LONG})
    forge.add_to_case(log)
    log.add(
        "hole",
        {**forge.act(forge.START), "channel_id": "1234567890", "hole": "mode", "lo": "7", "hi": "7", "what": LONG},
    )
    made = contents(log, withhold=frozenset(), rehearsal=True)
    members, (_, facts) = make_payload(made).members, forge.build(made)
    texts = [members[name].decode("utf-8") for name in (REPORT, layout.README, layout.HOW_TO_VERIFY)]
    for text in (*texts, render_letter(WORDS, make_letter(made, facts=facts))):
        # the log's key is not broken, so that it can be copied
        assert [line for line in text.splitlines() if len(line) > WIDTH and line != f"    {made.log_key}"] == []


@pytest.mark.parametrize("language", languages())
def test_the_texts_of_each_language_fit_a_page_and_say_on_top_whether_its_words_are_a_draft(language: str) -> None:
    made = forge.changed(forge.small_contents(), language=language)
    members, words = make_payload(made).members, load_words(language)
    for name in (layout.report_name(language), layout.README, layout.HOW_TO_VERIFY):
        lines = members[name].decode("utf-8").splitlines()
        assert [line for line in lines if len(line) > WIDTH and line != f"    {made.log_key}"] == []
        top = " ".join(" ".join(lines[:9]).split())
        assert words.say("rehearsal") in top
        assert (words.say("draft") in top) is words.draft is (language != "en")


@pytest.mark.parametrize("language", languages())
def test_what_was_posted_is_told_as_it_was_posted_in_every_language(language: str) -> None:
    posted = "Ѓорѓи ќе ѕирне, Ђорђе ћути, Dhënë çdo, čćžšđ ČĆŽŠĐ; njena injekcija"
    lines = lines_of(one_item(text=posted), words=load_words(language), withhold=frozenset())
    assert f"  | {posted}" in lines


def test_each_other_entry_is_listed_with_time_and_who_acted() -> None:
    log = forge.small_log(3)
    log.add("consent", forge.act(forge.START))
    log.add("case_item_added", {**forge.act(forge.START), "item": json.loads(log.leaves[3])["event"]})
    log.add("consent", forge.act(forge.START))
    log.add("case_item_added", {**forge.act(forge.START), "item": "0" * 32})
    at = "2026-11-20 09:00:00 UTC"
    opened = f"Log entry 0, {at}, by coordinator: the custody log was opened for Test organisation"
    assert opened in report_of(log)
    assert opened.replace("coordinator", "[withheld]") in report_of(log, withhold=frozenset({"actor"}))
    assert f"Log entry 12, {at}, by coordinator: the item in log entry 3 was added to the case" in report_of(log)
    assert "the item in log entry (not in this file) was added" in report_of(log)


def test_times_of_entries_that_are_out_of_order_are_told_from_the_earliest_to_the_latest() -> None:
    log = forge.small_log(0)
    for second in (9, 7, 8):
        noticed = forge.act(forge.START + timedelta(seconds=second, milliseconds=152))
        log.add("hole", {**noticed, "channel_id": "17", "hole": "mode"})
    assert "from 2026-11-20 09:00:07 UTC to 2026-11-20 09:00:09 UTC, by coordinator: 3 holes" in report_of(log)
    first, *_ = [entry for entry in data_of(log).entries if len(entry.indexes) == 3]
    assert (first.first, first.last) == (Moment("2026-11-20T09:00:07.152Z"), Moment("2026-11-20T09:00:09.152Z"))
    hidden = report_of(log, withhold=frozenset({"at"}))
    assert "Log entries 7 to 9, [withheld], by coordinator: 3 holes" in hidden


def test_no_time_of_a_report_or_letter_has_more_than_seconds() -> None:
    made = forge.small_contents(rehearsal=False)
    _, facts = forge.build(made)
    for text in (render(WORDS, report_data(made)), render_letter(WORDS, make_letter(made, facts=facts))):
        assert re.search(r"20[0-9-]{8} [0-9]{2}:[0-9]{2}:[0-9]{2} UTC", text)
        assert not re.search(r"[0-9]T[0-9]{2}:|:[0-9]{2}\.[0-9]", text)


def test_entries_that_follow_each_other_are_told_as_one() -> None:
    log = forge.small_log(3)
    log.add("consent", forge.act(forge.START))
    first = len(log.leaves)
    for index in (3, 4, 7):
        log.add("case_item_added", {**forge.act(forge.START), "item": json.loads(log.leaves[index])["event"]})
    log.add("case_item_added", {**forge.act(forge.START), "actor": "lawyer", "item": "0" * 32})
    report = report_of(log)
    run = f"Log entries {first} to {first + 2}, 2026-11-20 09:00:00 UTC"
    assert f"{run}, by coordinator: 3 items were added to the case: those in log entries 3 to 4, 7" in report
    assert f"Log entry {first + 3}, 2026-11-20 09:00:00 UTC, by lawyer: the item in log entry (not in" in report


def test_the_report_says_who_approved_and_where_one_person_acted() -> None:
    log = forge.small_log(1)
    for what in ("import", "export"):
        log.add("requested", {**forge.act(forge.START), "what": what, "target": "x", "proof": "declared"})
    request = json.loads(log.leaves[-2])["event"]
    approved = {**forge.act(forge.START), "actor": "lawyer", "authority": request, "request": request}
    log.add("approved", {**approved, "proof": "declared"})
    log.add("observed", {**forge.item(9), "authority": request})
    report = report_of(log)
    assert "approved, in log entry 9, the request in log entry 7 (to import). The second person: lawyer" in report
    assert "no approval by a second person for the request in log entry 8 (to export a case)" in report
    assert "a second person approved the request in log entry 7" in report
    assert "One person acquired 1 item" in report
    assert "For 2 items, whether a second person approved is withheld" in report_of(
        log, withhold=frozenset({"authority"})
    )


ALONE = "One person acquired 1 item; its entry names no request and no second person."
UNTOLD = "The entry of 1 item names no request; whether a second person agreed is withheld."
HIDDEN = "For 1 item, whether a second person approved is withheld."
AGREED = "The entry of 1 item names a second person who agreed: lawyer"


@pytest.mark.parametrize(
    ("approver", "withhold", "words"),
    [
        (None, set(), ALONE),
        (None, {"approver"}, UNTOLD),
        (None, {"authority"}, HIDDEN),
        (None, {"authority", "approver"}, HIDDEN),
        ("lawyer", set(), AGREED),
        ("lawyer", {"approver"}, UNTOLD),
        ("lawyer", {"authority"}, AGREED),
        ("lawyer", {"authority", "approver"}, HIDDEN),
    ],
)
def test_one_person_is_said_only_where_the_entry_shows_that_no_second_agreed(
    approver: str | None, withhold: set[str], words: str
) -> None:
    report = report_of(one_item(approver=approver), withhold=frozenset(withhold))
    assert [each for each in (ALONE, UNTOLD, HIDDEN, AGREED) if each in report] == [words]
    assert ("One person" in report) is (words == ALONE)


def hole_lines(*holes: Mapping[str, Value], withhold: frozenset[str] = frozenset()) -> list[str]:
    """What the report says of these holes, below the sentence that counts them."""
    log = forge.small_log(0)
    for hole in holes:
        log.add("hole", {**forge.act(forge.START), "channel_id": "17", "hole": "mode", **hole})
    lines = lines_of(log, withhold=withhold)
    part = lines[lines.index(WORDS.say("report.holes")) : lines.index(WORDS.say("report.verify"))]
    return [" ".join(line.split()) for line in part[part.index("") : -1]]


def test_a_hole_is_told_in_words() -> None:
    (lines,) = [hole_lines({"lo": "7", "hi": "9", "since": "T", "what": "a.jpg"})]
    assert " ".join(lines) == (
        " Not seen 1: message numbers are missing from what we received; what they held is not known. "
        "channel: 1234567890 messages: 7 to 9 (3 in all) log entries: 3 "
        " Not seen 2: the chosen mode does not keep it; in the mode metadata_only, files are not even read. "
        "channel: 17 messages: 7 to 9 (3 in all) missing: of message 7 to 9: a.jpg noticed: T log entries: 7"
    )


def test_holes_of_one_reason_in_one_channel_are_told_as_ranges() -> None:
    holes = [{"lo": str(at), "hi": str(at), "since": f"T{at}"} for at in (5, 3, 4, 9)]
    lines = hole_lines(*holes, {"lo": "9", "hi": "9", "hole": "gap"}, {"lo": "1", "hi": "1", "channel_id": "18"})
    assert "messages: 3 to 5, 9 (4 in all)" in lines
    assert "log entries: 7 to 10" in lines
    assert ("noticed: T3" in lines, "last noticed: T9" in lines) == (True, True)
    assert "messages: 9" in lines
    assert "messages: 1" in lines


def test_a_time_in_which_nothing_was_seen_is_told_no_shorter_than_it_was() -> None:
    lines = hole_lines({"since": "2026-11-20T09:00:01.999Z", "until": "2026-11-20T10:00:01.001Z"})
    assert ("noticed: 2026-11-20 09:00:01 UTC" in lines, "ended: 2026-11-20 10:00:02 UTC" in lines) == (True, True)


def test_what_a_later_entry_has_of_a_gap_is_told() -> None:
    log = forge.small_log(0)
    log.add("observed", {**forge.item(0), "message_id": "9"})
    log.add("hole", {**forge.act(forge.START), "channel_id": "1234567890", "hole": "gap", "lo": "5", "hi": "12"})
    for number in ("6", "7", "20"):
        log.add("observed", {**forge.item(0), "message_id": number})
    log.add("observed", {**forge.item(0), "message_id": "8", "kind": "deletion"})
    log.add("observed", {**forge.item(0), "message_id": "10", "channel_id": "18"})
    received = [unseen.received for unseen in data_of(log).unseen]
    assert received == [((6, 7), (9, 9))]  # 9 came after the gap of 7 to 9 that the log had before
    assert "received later: 6 to 7, 9" in report_of(log)


def test_a_hole_that_was_filled_is_not_counted_among_those_that_are_left() -> None:
    log, of_message = forge.small_log(0), "ab" * 32
    part: dict[str, Value] = {"channel_id": "1234567890", "position": "0", "message_sha256": of_message}
    for number in ("7", "8"):
        log.add("hole", {**forge.act(forge.START), **part, "hole": "missing_file", "lo": number, "hi": number})
    log.add("observed", {**forge.item(7), **part, "kind": "file", "message_id": "7", "mode": "sealed"})
    report = report_of(log)
    assert "3 holes are recorded. Those that are alike are listed together. 1 of them was filled:" in report
    alone = report_of(log, withhold=frozenset({"position"}))
    assert "3 holes are recorded" in alone
    assert "filled:" not in alone


def test_a_hole_without_a_message_and_one_that_hides_it_stand_apart() -> None:
    assert "messages: no particular message" in hole_lines({})
    assert "messages: [withheld]" in hole_lines({"lo": "7", "hi": "9"}, withhold=frozenset({"lo", "hi"}))
    lines = hole_lines({"what": "a.jpg"}, withhold=frozenset({"what"}))
    assert "missing: [withheld]" in lines


def test_the_report_says_how_much_of_the_log_it_shows() -> None:
    log = forge.small_log(3)
    report = report_of(log)
    shown, size = len(forge.contents_of(log).entries), len(log.leaves)
    assert f"This file shows {shown} of the {size} entries in the log" in report
    assert "imports, views of a case, comparisons of pictures, exports, time stamps" in report


def test_what_the_log_can_say_has_words() -> None:
    texts = WORDS.texts
    assert {f"hole.{reason.value}" for reason in HoleReason} <= texts.keys()
    assert {f"act.{act.value}" for act in Act} <= texts.keys()
    assert {f"kind.{kind.value}" for kind in Kind} <= texts.keys()
    assert {f"entry.{kind}" for kind in SCHEMAS if kind != "observed"} <= texts.keys()
    names = {*SCHEMAS["observed"].subject, *SCHEMAS["observed"].act}
    assert {name for name in names if f"report.item.{name}" not in texts} == set()


NAMED = {"entry.hole", "kind.message", "report.kind.message"}


def test_what_has_no_words_is_told_by_its_name() -> None:
    bare = Words("en", {key: text for key, text in WORDS.texts.items() if key not in NAMED})
    lines = lines_of(forge.small_log(2), words=bare)
    assert any(line.endswith("by coordinator: hole") for line in lines)
    assert "  kind:                  message" in lines


def test_a_message_without_a_file_has_no_row_for_its_digest() -> None:
    log = one_item(sha256=None, bytes=None)
    assert "of the file:" not in report_of(log)
    log.add("observed", forge.item(2))
    assert report_of(log).count("SHA-256 of the file:") == 1


def test_a_file_that_was_not_read_says_so_in_place_of_a_digest() -> None:
    log = one_item(kind="file", sha256=None, bytes=None)
    assert "SHA-256 of the file: none: the file was not read" in report_of(log)
    assert "not read" not in report_of(log, withhold=frozenset({"sha256"}))
    assert "the SHA-256 digests of those that were read" in report_of(log)


def test_a_text_keeps_its_lines_and_none_can_pass_for_one_of_the_report() -> None:
    report = forge.text_of(REPORT)
    assert "\n  | and a second line\n" in report
    assert report.count("begins with >") == 1
    assert '| {"b64":"_w"}' in report_of(one_item(text={"b64": "_w"}))


def test_a_message_names_its_files_and_a_file_its_message() -> None:
    log = one_item()
    log.add("observed", {**forge.item(1), "kind": "file", "file_name": "a.jpg"})
    log.add("observed", {**forge.item(2), "kind": "file", "file_name": "of another message.jpg"})
    message, file, other = data_of(log).items
    assert (message.files, message.carriers) == ((2,), ())
    assert (file.files, file.carriers) == ((), (1,))
    assert (other.files, other.carriers) == ((), ())
    assert "its files: item 2" in report_of(log)
    assert "file of: item 1" in report_of(log)
    hidden = data_of(log, withhold=frozenset({"message_id"}))
    assert [item.files + item.carriers for item in hidden.items] == [(), (), ()]


def test_of_a_message_and_its_edit_a_file_names_the_one_that_its_entry_states() -> None:
    log, edit = one_item(), {**forge.item(1), "kind": "edit", "text": "edited"}
    log.add("observed", edit)
    log.add("observed", {**forge.item(1), "kind": "file", "message_sha256": message_sha256(edit)})
    assert [item.carriers for item in data_of(log, withhold=frozenset()).items] == [(), (), (2,)]
    items = data_of(log, withhold=frozenset({"sender_name"})).items
    assert items[2].carriers == (1, 2)  # what is withheld cannot be compared


def test_a_rehearsal_speaks_of_no_time_stamp_office_that_answered() -> None:
    rehearsed = report_of(forge.small_log(1))
    for words in (
        "comes from a time-stamp office",
        "come from time-stamp offices",
        "It proves that these",
        "proven between",
    ):
        assert words not in rehearsed
        assert words in report_of(forge.small_log(1, rehearsal="no"), rehearsal=False)
    assert "No time-stamp office was asked" in rehearsed


def test_a_consent_is_told_with_its_day_language_and_end() -> None:
    log = forge.small_log(3)
    said: dict[str, Value] = {"case": forge.CASE, "given": "yes", "scope": ["check", "court"], "language": "sr-Cyrl"}
    said |= {"date": "2026-11-19", "until": "2027-11-19T23:59:59.999Z"}
    log.add("consent", {**forge.act(forge.START), **said})
    log.add("consent", {**forge.act(forge.START), **said, "given": "no", "date": "2026-11-20"})
    report = report_of(log)
    assert (
        "the client's consent was recorded, given on 2026-11-19, in the language sr-Cyrl, to the comparison of "
        "pictures, the court; valid until: 2027-11-19 23:59:59 UTC"
    ) in report
    assert "the client took back the consent, on 2026-11-20, in the language sr-Cyrl" in report
    hidden = report_of(log, withhold=frozenset({"scope", "given"}))
    assert "to [withheld]; valid until" in hidden


def test_a_comparison_is_told_with_its_counts_and_files_that_are_one_name_each_other() -> None:
    log = forge.small_log(3)
    log.add("observed", {**forge.item(1), "kind": "file", "channel_id": "local0011223344556677", "message_id": None})
    found: dict[str, Value] = {"case": forge.CASE, "compared": "500", "not_compared": "2", "found": "1"}
    file = parse_leaf(log.leaves[-1]).event_id
    log.add("checked", {**forge.act(forge.START), **found, "identical": [file], "match": [], "review": []})
    report = report_of(log)
    assert "was compared with 500 that were kept, and not with 2; found: 1; the file that the client brought" in report
    assert report.count("the same file as: item 2") == report.count("the same file as: item 4") == 1
    assert "the same file as:" not in report_of(log, withhold=frozenset({"sha256"}))


@pytest.mark.parametrize(
    ("tier", "words"),
    [
        ("identical", "; the file that the client brought is the same file as item 2, 4"),
        ("match", "; the picture in item 2, 4 looks the same; a machine found that, and a person decides"),
        ("review", "; the picture in item 2, 4 may be the same; a machine found that, and a person decides"),
    ],
)
def test_a_comparison_is_told_with_what_it_found(tier: str, words: str) -> None:
    log = forge.small_log(3)
    log.add("observed", forge.item(4))
    named = [parse_leaf(leaf).event_id for leaf in log.leaves if parse_leaf(leaf).type == "observed"]
    found: dict[str, Value] = {"case": forge.CASE, "compared": "500", "not_compared": "2", "found": "2"}
    found |= {name: [named[1], named[3]] if name == tier else [] for name in TIERS}
    log.add("checked", {**forge.act(forge.START), **found})
    report = report_of(log)
    assert f"found: 2{words}" in report
    assert "not named in this file" not in report
    hidden = report_of(log, withhold=forge.HELD_BACK | {tier})
    assert words not in hidden
    assert "found: 2; 2 items that were found are not named in this file" in hidden
    uncounted = report_of(log, withhold=forge.HELD_BACK | {tier, "found"})
    assert "found: [withheld]; this file does not name all the items that were found" in uncounted


def test_of_a_comparison_it_is_told_how_many_more_it_found_than_are_named() -> None:
    log = forge.small_log(3)
    named = [parse_leaf(leaf).event_id for leaf in log.leaves if parse_leaf(leaf).type == "observed"]
    found: dict[str, Value] = {"case": forge.CASE, "compared": "500", "not_compared": "2", "found": "3"}
    log.add("checked", {**forge.act(forge.START), **found, "identical": [], "match": named[:2], "review": ["ab" * 16]})
    hidden = report_of(log, withhold=forge.HELD_BACK | {"review"})
    assert "the picture in item 1 to 2 looks the same" in hidden
    assert "a person decides; 1 item that was found is not named in this file" in hidden


def test_every_tier_of_the_comparison_is_a_name_and_has_words() -> None:
    assert tuple(tier.value for tier in Tier) == TIERS
    assert set(TIERS) <= SCHEMAS["checked"].names
    assert {f"found.{tier}" for tier in TIERS} <= WORDS.texts.keys()
