"""Bundles with the right seal, log and stamps whose entries do not fit one another: each rule broken once."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from casefiles.bundle.members import make_payload
from casefiles.verifier.references import require_within
from evidence.canonical import Value
from evidence.finding import Report, Verdict
from evidence.log.leaf import parse_leaf
from evidence.log.note import VerifierKey
from evidence.times import format_time
from tests.casefiles import forge

AT = forge.START + timedelta(minutes=1)
OTHER_KEY = VerifierKey(forge.ORIGIN, bytes(32))
NOBODY = "0" * 32
SHOWN: frozenset[str] = frozenset()


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
    log.add("case_item_added", said("case_item_added", case="case-7", item=event_of(log, item)))
    return log


def sealed(log: forge.Log, directory: Path, *, without: int | None = None) -> Report:
    """The bundle of a log, all values disclosed, sealed and stamped as an honest one."""
    whole = range(len(log.leaves))
    contents = forge.contents_of(log, only=[index for index in whole if index != without])
    entries = log.entries([entry.index for entry in contents.entries], withhold=SHOWN)
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


@pytest.mark.parametrize("without", [1, 3, 6])
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


@pytest.mark.parametrize("change", [twice, opened_twice, removed, not_added])
def test_an_entry_too_many_fails(change: Callable[[forge.Log], None], tmp_path: Path) -> None:
    log = case_log()
    change(log)
    assert forge.failed(sealed(log, tmp_path)) == {"records.references"}


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
    members = make_payload(forge.contents_of(log)).members
    report = forge.checked(forge.reseal(members), tmp_path)
    assert report.verdict is verdict
    assert forge.undecided(report) == ({"records.times"} if days else set())


def test_an_entry_whose_time_is_withheld_has_no_time_to_compare() -> None:
    record: Any = SimpleNamespace(values={})
    bounds: Any = None
    require_within([record], bounds)
