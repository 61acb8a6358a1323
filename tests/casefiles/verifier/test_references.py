"""Bundles with the right seal, log and stamps whose entries do not fit one another: each rule broken once."""

import hashlib
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from casefiles.bundle.members import make_payload
from casefiles.verifier.references import require_closings_within, require_within
from evidence.canonical import Value
from evidence.finding import Report, Verdict
from evidence.log.leaf import parse_leaf
from evidence.log.note import VerifierKey
from evidence.stamp.certificate import fingerprint
from evidence.times import format_time
from tests.casefiles import forge
from tests.nonempty import nonempty

AT = forge.START + timedelta(minutes=1)
OTHER_KEY = VerifierKey(forge.ORIGIN, bytes(32))
NOBODY = "0" * 32
SHOWN: frozenset[str] = frozenset()
OTHER_SEAL = "ab" * 32


def event_of(log: forge.Log, index: int) -> str:
    return parse_leaf(log.leaves[index]).event_id


def case_log(**changes: Value) -> forge.Log:
    """A case with one item, asked for and approved, with some values changed: ``type__name``."""

    def said(kind: str, **values: Value) -> dict[str, Value]:
        names = {name.partition("__")[2]: value for name, value in changes.items() if name.startswith(f"{kind}__")}
        return {**forge.act(AT), "actor": "ann", **values, **names}

    log = forge.Log()
    log.add("log_opened", {**forge.opening(), **said("log_opened")})
    asked = log.add("requested", said("requested", what="import", target="x"))
    log.add("approved", said("approved", actor="bo", request=event_of(log, asked), authority=event_of(log, asked)))
    item = log.add("observed", {**forge.item(1, at=AT), **said("observed", authority=event_of(log, asked))})
    log.add("hole", said("hole", channel_id="1234567890", hole="gap", lo="7", hi="9"))
    log.add("case_opened", said("case_opened", case="case-7"))
    log.add("consent", said("consent", case="case-7", given="yes", scope=["court"], language="sr", date="2026-11-20"))
    log.add("case_item_added", said("case_item_added", case="case-7", item=event_of(log, item)))
    return log


def sealed(
    log: forge.Log, directory: Path, *, without: int | None = None, unnamed: frozenset[int] = frozenset()
) -> Report:
    """The bundle of a log, all values disclosed but the items of ``unnamed``, sealed and stamped as an honest one."""
    whole = range(len(log.leaves))
    contents = forge.contents_of(log, only=[index for index in whole if index != without])
    entries = tuple(
        log.entry(entry.index, withhold=frozenset({"item"}) if entry.index in unnamed else SHOWN)
        for entry in contents.entries
    )
    members = make_payload(forge.changed(contents, entries=entries)).members
    return forge.checked(forge.reseal(members), directory)


def test_a_case_that_fits_passes(tmp_path: Path) -> None:
    assert sealed(case_log(), tmp_path).verdict is Verdict.PASSED


FORGED: dict[str, dict[str, Value]] = {
    "a log opened with another key": {"log_opened__log_key": str(OTHER_KEY)},
    "a log opened with no key": {"log_opened__log_key": None},
    "an approval of nothing": {"approved__request": NOBODY},
    "an approval of something unshown": {"approved__authority": NOBODY},
    "an item on an authority unshown": {"observed__authority": NOBODY},
    "a hole on an authority unshown": {"hole__authority": NOBODY},
    "an addition on an authority unshown": {"case_item_added__authority": NOBODY},
    "an addition of an item unshown": {"case_item_added__item": NOBODY},
    "a hole of another channel": {"hole__channel_id": "17"},
    "a consent to another case": {"consent__case": "case-8"},
    "a consent to no case": {"consent__case": None},
    "an item that was not added": {"case_item_added__item": None},
    "an item of another case": {"case_item_added__case": "case-8"},
    "the opening of another case": {"case_opened__case": "case-8"},
    "an approval by who asked": {"approved__actor": "ann"},
    "an approval by who asked, with a dot": {"approved__actor": "ann."},
    "an approval by who asked, in other letters": {"approved__actor": "\u0430nn"},
    "an item approved by who acted": {"observed__approver": "ann"},
    "a case opened and approved by one": {"case_opened__approver": "Ann"},
    "a hole told and approved by one": {"hole__approver": "ANN"},
    "a confession": {"observed__kind": "confession"},
    "no kind of item": {"observed__kind": "x"},
    "a mode that there is not": {"observed__mode": "everything"},
}


@pytest.mark.parametrize("lie", FORGED)
def test_entries_that_do_not_fit_one_another_fail(lie: str, tmp_path: Path) -> None:
    assert forge.failed(sealed(case_log(**FORGED[lie]), tmp_path)) == {"records.references"}


@pytest.mark.parametrize("without", [1, 3, 7])
def test_an_entry_left_out_that_another_needs_fails(without: int, tmp_path: Path) -> None:
    assert forge.failed(sealed(case_log(), tmp_path, without=without)) == {"records.references"}


def twice(log: forge.Log) -> None:
    log.append(log.leaves[3], log.disclosures[3])


def opened_twice(log: forge.Log) -> None:
    log.add("log_opened", {**forge.opening(), **forge.act(AT)})


def removed(log: forge.Log) -> None:
    log.add("case_item_removed", {**forge.act(AT), "case": "case-7", "item": event_of(log, 3)})


def not_added(log: forge.Log) -> None:
    log.add("observed", forge.item(2, at=AT))


def case_opened_twice(log: forge.Log) -> None:
    log.add("case_opened", {**forge.act(AT), "case": "case-7"})


def asked_for_nothing(log: forge.Log) -> None:
    log.add("requested", {**forge.act(AT), "what": "export", "target": "x"})


def asked_for_nothing_and_approved(log: forge.Log) -> None:
    asked = log.add("requested", {**forge.act(AT), "what": "export", "target": "x"})
    log.add("approved", {**forge.act(AT), "actor": "bo", "request": event_of(log, asked)})


def imported(log: forge.Log) -> None:
    log.add("imported", {**forge.act(AT), "channel_id": "1234567890"})


def viewed(log: forge.Log) -> None:
    log.add("case_viewed", {**forge.act(AT), "case": "case-7"})


@pytest.mark.parametrize(
    "change",
    [
        twice,
        opened_twice,
        removed,
        not_added,
        case_opened_twice,
        asked_for_nothing,
        asked_for_nothing_and_approved,
        imported,
        viewed,
    ],
)
def test_an_entry_too_many_fails(change: Callable[[forge.Log], None], tmp_path: Path) -> None:
    log = case_log()
    change(log)
    assert forge.failed(sealed(log, tmp_path)) == {"records.references"}


def comparison(log: forge.Log, match: str, *review: str) -> None:
    counts = {"compared": "9", "not_compared": "0", "found": str(1 + len(review))}
    found: dict[str, Value] = {"identical": [], "match": [match], "review": [*review]}
    log.add("checked", {**forge.act(AT), "case": "case-7", **counts, **found})


def with_a_file(log: forge.Log, *, compared_first: bool) -> forge.Log:
    """A log with one more item, which a comparison found, before or after it was there."""
    added = len(log.leaves) + compared_first
    event = hashlib.sha256(f"event {added}".encode()).hexdigest()[:32]
    if compared_first:
        comparison(log, event)
    log.add("observed", {**forge.item(2, at=AT), "kind": "file", "authority": event_of(log, 1)})
    assert event_of(log, added) == event
    log.add("case_item_added", {**forge.act(AT), "case": "case-7", "item": event})
    if not compared_first:
        comparison(log, event)
    return log


def test_a_comparison_names_files_of_earlier_entries_each_once(tmp_path: Path) -> None:
    assert forge.failed(sealed(with_a_file(case_log(), compared_first=False), tmp_path)) == set()
    assert forge.failed(sealed(with_a_file(case_log(), compared_first=True), tmp_path)) == {"records.references"}
    message, twice_named = case_log(), with_a_file(case_log(), compared_first=False)
    comparison(message, event_of(message, 3))
    comparison(twice_named, *[event_of(twice_named, len(twice_named.leaves) - 3)] * 2)
    assert forge.failed(sealed(message, tmp_path)) == {"records.references"}
    assert forge.failed(sealed(twice_named, tmp_path)) == {"records.references"}


def test_an_anchor_is_not_shown(tmp_path: Path) -> None:
    log = forge.small_log(3)
    contents = forge.contents_of(log, only=range(len(log.leaves)))
    report = forge.checked(forge.reseal(make_payload(contents).members), tmp_path)
    assert forge.failed(report) == {"records.references"}


@pytest.mark.parametrize("kind", ["case_opened", "case_item_added", "consent"])
def test_no_entry_hides_of_which_case_it_speaks(kind: str, tmp_path: Path) -> None:
    log = case_log()
    contents = forge.contents_of(log)
    hidden = frozenset({"case"})
    entries = tuple(
        log.entry(entry.index, withhold=hidden if parse_leaf(entry.leaf).type == kind else SHOWN)
        for entry in contents.entries
    )
    members = make_payload(forge.changed(contents, entries=entries)).members
    assert forge.failed(forge.checked(forge.reseal(members), tmp_path)) == {"records.references"}


def test_a_case_that_is_not_opened_has_no_items(tmp_path: Path) -> None:
    assert forge.failed(sealed(case_log(), tmp_path, without=5)) == {"records.references"}
    assert forge.failed(sealed(case_log(), tmp_path, without=7)) == {"records.references"}


def renewed(*changes: tuple[str, str, str]) -> forge.Log:
    """A log whose seal was changed, each time from one certificate to another."""
    log = case_log(log_opened__seal_certificate_sha256=OTHER_SEAL)
    for key, old, new in changes:
        log.add("key_changed", {**forge.act(AT), "key": key, "old": old, "new": new})
    return log


def test_a_seal_that_was_renewed_is_the_newest_that_the_log_names(tmp_path: Path) -> None:
    own, third = fingerprint(forge.sealer().certificate), "cd" * 32
    assert sealed(renewed(("seal", OTHER_SEAL, own)), tmp_path).verdict is Verdict.PASSED
    assert sealed(renewed(("seal", OTHER_SEAL, third), ("seal", third, own)), tmp_path).verdict is Verdict.PASSED
    for changes in (
        (),
        (("seal", OTHER_SEAL, third),),
        (("seal", third, own),),
        (("log", OTHER_SEAL, own),),
        (("seal", OTHER_SEAL, own), ("seal", own, third)),
        (("seal", OTHER_SEAL, third), ("seal", OTHER_SEAL, own)),
    ):
        assert forge.failed(sealed(renewed(*changes), tmp_path)) == {"records.seal"}


def test_a_change_of_the_seal_between_two_cannot_be_left_out(tmp_path: Path) -> None:
    own, third = fingerprint(forge.sealer().certificate), "cd" * 32
    log = renewed(("seal", OTHER_SEAL, third), ("seal", third, own))
    assert forge.failed(sealed(log, tmp_path, without=len(log.leaves) - 2)) == {"records.seal"}


@pytest.mark.parametrize(
    ("added", "removed", "verdict"),
    [
        (1, 1, Verdict.PASSED),
        (3, 3, Verdict.PASSED),
        (2, 1, Verdict.FAILED),
        (1, 2, Verdict.FAILED),
        (0, 1, Verdict.FAILED),
    ],
)
def test_an_item_that_is_not_shown_was_removed_as_often_as_added(
    added: int, removed: int, verdict: Verdict, tmp_path: Path
) -> None:
    log = case_log()
    of_another = {**forge.act(AT), "case": "case-7", "item": NOBODY}
    types = ["case_item_added"] * added + ["case_item_removed"] * removed
    report = sealed(log, tmp_path, unnamed=frozenset({log.add(each, of_another) for each in types}))
    assert report.verdict is verdict
    assert forge.failed(report) == ({"records.references"} if verdict is Verdict.FAILED else set())


@pytest.mark.parametrize("kind", ["requested", "approved", "observed", "hole", "case_opened", "case_item_added"])
def test_a_time_after_its_own_stamp_is_undecided(kind: str, tmp_path: Path) -> None:
    at = format_time(forge.START + timedelta(hours=13))
    report = sealed(case_log(**{f"{kind}__at": at}), tmp_path)
    assert report.verdict is Verdict.INDETERMINATE
    assert forge.undecided(report) == {"records.times"}


@pytest.mark.parametrize(("days", "verdict"), [(2, Verdict.INDETERMINATE), (0, Verdict.PASSED)])
def test_a_time_long_before_the_token_that_the_entry_names_is_undecided(
    days: int, verdict: Verdict, tmp_path: Path
) -> None:
    log = forge.Log()
    log.add("log_opened", forge.opening())
    log.anchor(forge.START + timedelta(minutes=1))
    log.add("observed", {**forge.item(1), "at": format_time(forge.START - timedelta(days=days))})
    forge.add_to_case(log)
    members = make_payload(forge.contents_of(log)).members
    report = forge.checked(forge.reseal(members), tmp_path)
    assert report.verdict is verdict
    assert forge.undecided(report) == ({"records.times"} if days else set())


def test_an_entry_whose_time_is_withheld_has_no_time_to_compare() -> None:
    record: Any = SimpleNamespace(values={})
    bounds: Any = None
    require_within([record], bounds)


def stated(log: forge.Log, *given: str) -> forge.Log:
    """The log with what a client states of its message, or takes back, in this order."""
    for each in given:
        said: dict[str, Value] = {"case": "case-7", "item": event_of(log, 3), "given": each, "means": None}
        said |= {"recognition": "seen" if each == "yes" else None, "language": "sr", "date": "2026-11-20"}
        log.add("recognised", {**forge.act(AT), "person": "mila", "text": None, **said})
    return log


def test_she_may_take_back_twice_and_never_what_she_did_not_state(tmp_path: Path) -> None:
    assert sealed(stated(case_log(), "yes", "no", "no"), tmp_path).verdict is Verdict.PASSED
    assert forge.failed(sealed(stated(case_log(), "no", "yes"), tmp_path)) == {"records.references"}


def test_beside_a_statement_each_consent_says_whether_it_was_given(tmp_path: Path) -> None:
    both: list[tuple[dict[str, Value], bool]] = [({}, True), ({"consent__given": None}, False)]
    for changes, says in nonempty(both):
        assert sealed(case_log(**changes), tmp_path).verdict is Verdict.PASSED  # without a statement, either may be
        found = forge.failed(sealed(stated(case_log(**changes), "yes"), tmp_path))
        assert found == (set() if says else {"records.references"})


@pytest.mark.parametrize(
    ("how", "means"), [("same_file", None), ("very_similar", None), ("seen", "file"), (None, None)]
)
def test_a_statement_says_how_she_knows_it(how: str | None, means: str | None, tmp_path: Path) -> None:
    log = case_log()
    said: dict[str, Value] = {"case": "case-7", "item": event_of(log, 3), "given": "yes"}
    said |= {"recognition": how, "means": means, "language": "sr", "date": "2026-11-20"}
    log.add("recognised", {**forge.act(AT), "person": "mila", "text": None, **said})
    assert forge.failed(sealed(log, tmp_path)) == {"records.references"}


@pytest.mark.parametrize(
    ("items", "added", "freezes", "fits"),
    [
        ("1", 1, 0, True),
        ("2", 2, 0, True),
        ("1", 2, 0, False),
        ("2", 1, 0, False),
        ("0", 1, 0, False),
        ("1", 2, 1, True),
        ("1", 1, 1, False),
    ],
)
def test_what_was_erased_accounts_for_the_items_that_are_left_out(
    items: str, added: int, freezes: int, tmp_path: Path, *, fits: bool
) -> None:
    log = case_log()
    unnamed = [
        log.add("case_item_added", {**forge.act(AT), "case": "case-7", "item": NOBODY}) for _each in range(added)
    ]
    for _each in range(freezes):
        log.add("frozen", {**forge.act(AT), "hint": "person", "what": "x", "frozen_items": [NOBODY]})
    values = {**forge.act(AT), "cause": "withdrawn", "items": items, "destroyed": ["record"], "marks": []}
    log.add("erased", values, public={"entries": "900"})
    report = sealed(log, tmp_path, unnamed=frozenset(unnamed))
    assert forge.failed(report) == (set() if fits else {"records.references"})


@pytest.mark.parametrize("shown", [True, False])
def test_an_erasure_of_an_item_that_is_shown_is_refused(*, shown: bool, tmp_path: Path) -> None:
    log = case_log()
    unnamed = log.add("case_item_added", {**forge.act(AT), "case": "case-7", "item": NOBODY})
    values = {**forge.act(AT), "cause": "withdrawn", "items": "1", "destroyed": ["record"], "marks": []}
    log.add("erased", values, public={"entries": "3" if shown else "900"})
    report = sealed(log, tmp_path, unnamed=frozenset({unnamed}))
    assert forge.failed(report) == ({"records.references"} if shown else set())


@pytest.mark.parametrize("shown", [True, False])
def test_a_freeze_that_names_an_item_that_is_shown_is_refused(*, shown: bool, tmp_path: Path) -> None:
    log = case_log()
    unnamed = log.add("case_item_added", {**forge.act(AT), "case": "case-7", "item": NOBODY})
    frozen = [event_of(log, 3)] if shown else [NOBODY]
    log.add("frozen", {**forge.act(AT), "hint": "person", "what": "x", "frozen_items": frozen})
    report = sealed(log, tmp_path, unnamed=frozenset({unnamed}))
    assert forge.failed(report) == ({"records.references"} if shown else set())


def test_of_a_gap_that_is_not_shown_another_check_says_so() -> None:
    """Its rule is ``records.case/closed``: here it neither raises nor ends the check."""
    bounds: Any = SimpleNamespace()
    require_closings_within([{"hole": "9", "entry": "10", "at": "1990-01-01T00:00:00.000Z"}], [], bounds)
