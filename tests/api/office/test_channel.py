"""The register changes only with a reason or two persons, and every change is an event."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from api.home import Home
from api.office.channel import Registered, add_channel, list_channels, remove_channel
from casefiles.case import open_events
from config.errors import LegalBasisError, SettingsError
from config.watchlist import Entry, watch_entry
from evidence.custody.append import tree_size
from evidence.custody.event import Record
from evidence.errors import AuthorityError, UnknownItemError
from evidence.observation import Mode
from evidence.store import task
from evidence.store.database import reading
from evidence.times import format_time
from tests.homes import PASSPHRASE, Office, copy_of, doer, legal_basis

ENTRY = watch_entry(
    channel="@Kanali_i_Raportuar",
    report_url="https://example.org/raport",
    reported_by="Organizata",
    reported_on="2026-01-02",
    access="invite",
)


@pytest.fixture
def home(office: Office, tmp_path: Path) -> Iterator[Home]:
    home = copy_of(office, tmp_path)
    yield home
    home.engine.dispose()


def size(home: Home) -> int:
    with reading(home.engine) as connection:
        return tree_size(connection)


def records(home: Home, since: int) -> list[Record]:
    casework = home.keys.unlock(PASSPHRASE).casework
    opened = open_events(home.engine, range(since, size(home)), casework)
    return [event.record for event in opened if event.record]


def reviews(home: Home) -> list[tuple[str, str]]:
    with reading(home.engine) as connection:
        return [(each.subject, each.due_at) for each in task.open_tasks(connection) if each.kind == "review"]


@pytest.mark.parametrize("mode", [Mode.HASH_ONLY, Mode.SEALED])
def test_a_mode_above_metadata_needs_a_basis_and_a_second_person(home: Home, mode: Mode) -> None:
    before, basis = size(home), legal_basis(home.path.parent)
    with pytest.raises(AuthorityError, match="legal basis"):
        add_channel(home, ENTRY, mode, None, doer(home))
    with pytest.raises(AuthorityError, match="two persons"):
        add_channel(home, ENTRY, mode, basis, doer(home, approver=None))
    basis.write_text(basis.read_text().replace("2020-01-01", "2999-01-01"))
    with pytest.raises(LegalBasisError, match="not valid today"):
        add_channel(home, ENTRY, mode, basis, doer(home))
    assert (size(home), list_channels(home)) == (before, [])


def test_metadata_alone_needs_a_reason(home: Home) -> None:
    before = size(home)
    with pytest.raises(AuthorityError, match="needs a reason"):
        add_channel(home, ENTRY, Mode.METADATA_ONLY, None, replace(doer(home, approver=None), reason=None))
    assert (size(home), reviews(home)) == (before, [])


def test_a_channel_that_is_not_watched_cannot_be_removed(home: Home) -> None:
    before = size(home)
    with pytest.raises(UnknownItemError, match="not registered"):
        remove_channel(home, "nobody", doer(home))
    assert size(home) == before


def test_one_person_adds_a_channel_and_a_second_is_asked_to_review(home: Home) -> None:
    before, ann = size(home), doer(home, approver=None)
    done = add_channel(home, ENTRY, Mode.METADATA_ONLY, None, ann)
    request, added = records(home, before)
    assert (request.type, added.type, done.unstamped) == ("requested", "channel_added", None)
    assert (done.before, done.logged) == (None, True)
    assert done.review_by == format_time(ann.at + timedelta(days=7)) == added.values["review_by"]
    assert reviews(home) == [(added.values["authority"], done.review_by)]
    assert (request.values["what"], request.values["target"]) == ("watch", "kanali_i_raportuar")


def test_two_persons_need_no_review(home: Home) -> None:
    before = size(home)
    done = add_channel(home, ENTRY, Mode.SEALED, legal_basis(home.path.parent), doer(home))
    request, approval, added = records(home, before)
    assert done.review_by is None
    assert reviews(home) == []
    assert (request.values["actor"], approval.values["actor"]) == ("ann", "bo")
    assert added.values["legal_basis"] == "Written by nobody, for tests"


def test_the_register_shows_what_was_added_last(home: Home) -> None:
    entries: list[tuple[Entry, Mode]] = [
        (ENTRY, Mode.METADATA_ONLY),
        (replace(ENTRY, channel="aaaa"), Mode.METADATA_ONLY),
        (replace(ENTRY, access="public"), Mode.SEALED),
    ]
    for entry, mode in entries:
        basis = None if mode is Mode.METADATA_ONLY else legal_basis(home.path.parent)
        add_channel(home, entry, mode, basis, doer(home))
    told = [(row["channel"], row["mode"], row["access"], row["reported_on"]) for row in list_channels(home)]
    day = "2026-01-02"
    assert told == [("aaaa", "metadata_only", "invite", day), ("kanali_i_raportuar", "sealed", "public", day)]
    before = size(home)
    remove_channel(home, "aaaa", doer(home))
    assert [record.type for record in records(home, before)] == ["channel_removed"]
    assert [row["channel"] for row in list_channels(home)] == ["kanali_i_raportuar"]


def test_the_same_again_is_not_logged_and_no_second_review_is_asked_for(home: Home) -> None:
    ann = doer(home, approver=None)
    add_channel(home, ENTRY, Mode.METADATA_ONLY, None, ann)
    before, asked, register = size(home), reviews(home), list_channels(home)
    done = add_channel(home, ENTRY, Mode.METADATA_ONLY, None, ann)
    assert done == Registered("metadata_only", logged=False)
    assert (size(home), reviews(home), list_channels(home)) == (before, asked, register)


@pytest.mark.parametrize("change", [{"report_url": "https://example.org/2"}, {"reported_by": "Tjeter"}])
def test_another_report_of_a_registered_channel_is_a_change(home: Home, change: dict[str, str]) -> None:
    ann = doer(home, approver=None)
    add_channel(home, ENTRY, Mode.METADATA_ONLY, None, ann)
    before = size(home)
    done = add_channel(home, replace(ENTRY, **change), Mode.METADATA_ONLY, None, ann)
    assert (done.before, done.logged) == ("metadata_only", True)
    assert [record.type for record in records(home, before)] == ["requested", "channel_added"]
    (row,) = list_channels(home)
    assert row.items() >= change.items()


def test_another_mode_is_a_change_that_names_the_one_before(home: Home) -> None:
    basis = legal_basis(home.path.parent)
    add_channel(home, ENTRY, Mode.METADATA_ONLY, None, doer(home, approver=None))
    assert add_channel(home, ENTRY, Mode.SEALED, basis, doer(home)) == Registered("metadata_only", logged=True)
    before = size(home)
    done = add_channel(home, ENTRY, Mode.METADATA_ONLY, None, doer(home, approver=None))
    assert (done.before, done.logged, done.review_by is None) == ("sealed", True, False)
    assert records(home, before)[-1].values["mode"] == "metadata_only"


def test_a_second_person_or_a_legal_basis_is_never_left_out_of_the_log(home: Home) -> None:
    basis = legal_basis(home.path.parent)
    add_channel(home, ENTRY, Mode.METADATA_ONLY, None, doer(home, approver=None))
    assert add_channel(home, ENTRY, Mode.METADATA_ONLY, None, doer(home)).logged
    add_channel(home, ENTRY, Mode.SEALED, basis, doer(home))
    before = size(home)
    basis.write_text(basis.read_text().replace("nobody, for tests", "counsel, anew"))
    assert add_channel(home, ENTRY, Mode.SEALED, basis, doer(home)).logged
    assert records(home, before)[-1].values["legal_basis"] == "Written by counsel, anew"


def test_metadata_alone_takes_no_legal_basis(home: Home) -> None:
    before = size(home)
    with pytest.raises(AuthorityError, match="needs no legal basis"):
        add_channel(home, ENTRY, Mode.METADATA_ONLY, legal_basis(home.path.parent), doer(home))
    assert (size(home), list_channels(home)) == (before, [])


@pytest.mark.parametrize("mode", [Mode.METADATA_ONLY, Mode.SEALED])
def test_who_approves_an_entry_ends_its_review(home: Home, mode: Mode) -> None:
    other, ann = replace(ENTRY, channel="other"), doer(home, approver=None)
    for entry in (ENTRY, other):
        add_channel(home, entry, Mode.METADATA_ONLY, None, ann)
    first, second = reviews(home)
    basis = None if mode is Mode.METADATA_ONLY else legal_basis(home.path.parent)
    add_channel(home, ENTRY, mode, basis, doer(home))
    assert reviews(home) == [second]
    assert first != second


def test_a_channel_that_is_removed_waits_for_no_review(home: Home) -> None:
    add_channel(home, ENTRY, Mode.METADATA_ONLY, None, doer(home, approver=None))
    remove_channel(home, ENTRY.channel, doer(home, approver=None))
    assert reviews(home) == []
    add_channel(home, ENTRY, Mode.METADATA_ONLY, None, doer(home))
    remove_channel(home, ENTRY.channel, doer(home, approver=None))
    assert reviews(home) == []


def test_a_change_by_one_person_moves_the_review_and_does_not_put_it_off(home: Home) -> None:
    ann = doer(home, approver=None)
    add_channel(home, ENTRY, Mode.METADATA_ONLY, None, ann)
    ((_, due),), before = reviews(home), size(home)
    later = replace(ann, at=ann.at + timedelta(days=6))
    done = add_channel(home, replace(ENTRY, access="public"), Mode.METADATA_ONLY, None, later)
    request, added = records(home, before)
    assert request.type == "requested"
    assert reviews(home) == [(added.values["authority"], due)]
    assert done.review_by == added.values["review_by"] == due
    add_channel(home, ENTRY, Mode.METADATA_ONLY, None, doer(home))
    assert reviews(home) == []


def test_a_report_from_the_future_is_refused_but_for_the_day_that_began_in_the_east(home: Home) -> None:
    before, today = size(home), home.clock().date()
    tomorrow, later = (replace(ENTRY, reported_on=today + timedelta(days=days)) for days in (1, 2))
    with pytest.raises(SettingsError, match="in the future") as raised:
        add_channel(home, later, Mode.METADATA_ONLY, None, doer(home))
    assert raised.value.expected == f"{today} or earlier"
    assert (size(home), list_channels(home)) == (before, [])
    assert add_channel(home, tomorrow, Mode.METADATA_ONLY, None, doer(home)).logged
