"""The register changes only with a reason or two persons, and every change is an event."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from datetime import timedelta

import pytest

from api.home import Home
from api.office.channel import Channel, Registered, add_channel, by_lineage, list_channels, remove_channel
from api.office.page import every_entry
from config.errors import LegalBasisError, SettingsError
from config.watchlist import WatchEntry, watch_entry
from evidence.authority import Doer
from evidence.custody.event import Draft, Prepared
from evidence.custody.sequencer import Sequencer
from evidence.errors import AuthorityError, UnknownItemError
from evidence.observation import Mode
from evidence.times import format_time
from tests.homes import doer, legal_basis, records_of, reviews_of, size_of

ENTRY = watch_entry(
    channel="@Kanali_i_Raportuar",
    report_url="https://example.org/raport",
    reported_by="Organizata",
    reported_on="2026-01-02",
    access="invite",
)


def registered(home: Home) -> list[Channel]:
    return list(every_entry(lambda after: list_channels(home, after=after)))


@pytest.mark.parametrize("mode", [Mode.HASH_ONLY, Mode.SEALED])
def test_a_mode_above_metadata_needs_a_basis_and_a_second_person(home: Home, mode: Mode) -> None:
    before, basis = size_of(home), legal_basis(home.path.parent)
    with pytest.raises(AuthorityError, match="legal basis"):
        add_channel(home, ENTRY, mode, None, doer(home))
    for one, code in (("Ann", "their own request"), (" ", "two persons")):
        with pytest.raises(AuthorityError, match=code):
            add_channel(home, ENTRY, mode, basis, doer(home, approver=one))
    basis.write_text(basis.read_text().replace("2020-01-01", "2999-01-01"))
    with pytest.raises(LegalBasisError, match="not valid today"):
        add_channel(home, ENTRY, mode, basis, doer(home))
    assert (size_of(home), registered(home)) == (before, [])


def test_metadata_alone_needs_a_reason(home: Home) -> None:
    before = size_of(home)
    with pytest.raises(AuthorityError, match="needs a reason"):
        add_channel(home, ENTRY, Mode.METADATA_ONLY, None, replace(doer(home, approver=None), reason=None))
    assert (size_of(home), reviews_of(home)) == (before, [])


def test_a_channel_that_is_not_watched_cannot_be_removed(home: Home) -> None:
    before = size_of(home)
    with pytest.raises(UnknownItemError, match="not registered"):
        remove_channel(home, "nobody", doer(home))
    assert size_of(home) == before


def test_one_person_adds_a_channel_and_a_second_is_asked_to_review(home: Home) -> None:
    before, ann = size_of(home), doer(home, approver=None)
    done = add_channel(home, ENTRY, Mode.METADATA_ONLY, None, ann)
    request, added = records_of(home, before)
    assert (request.type, added.type, done.unstamped) == ("requested", "channel_added", None)
    assert (done.before, done.logged) == (None, True)
    assert done.review_by == format_time(ann.at + timedelta(days=7)) == added.values["review_by"]
    assert reviews_of(home) == [(added.values["authority"], done.review_by)]
    assert (request.values["what"], request.values["target"]) == ("watch", "kanali_i_raportuar")


def test_two_persons_need_no_review(home: Home) -> None:
    before = size_of(home)
    done = add_channel(home, ENTRY, Mode.SEALED, legal_basis(home.path.parent), doer(home))
    request, approval, added = records_of(home, before)
    assert done.review_by is None
    assert reviews_of(home) == []
    assert (request.values["actor"], approval.values["actor"]) == ("ann", "bo")
    basis = added.values["legal_basis"]
    assert isinstance(basis, dict)
    assert basis.keys() == {"text", "counsel", "country", "date", "expires"}
    assert basis["text"] == "Written by nobody, for tests"


def test_the_register_shows_what_was_added_last(home: Home) -> None:
    entries: list[tuple[WatchEntry, Mode]] = [
        (ENTRY, Mode.METADATA_ONLY),
        (replace(ENTRY, channel="aaaa"), Mode.METADATA_ONLY),
        (replace(ENTRY, access="public"), Mode.SEALED),
    ]
    for entry, mode in entries:
        basis = None if mode is Mode.METADATA_ONLY else legal_basis(home.path.parent)
        add_channel(home, entry, mode, basis, doer(home))
    rows = [(row.channel, row.mode, row.access, row.reported_on) for row in registered(home)]
    day = "2026-01-02"
    assert rows == [("aaaa", "metadata_only", "invite", day), ("kanali_i_raportuar", "sealed", "public", day)]
    before = size_of(home)
    remove_channel(home, "aaaa", doer(home))
    assert [record.type for record in records_of(home, before)] == ["channel_removed"]
    assert [row.channel for row in registered(home)] == ["kanali_i_raportuar"]


def test_the_same_again_is_not_logged_and_no_second_review_is_asked_for(home: Home) -> None:
    ann = doer(home, approver=None)
    add_channel(home, ENTRY, Mode.METADATA_ONLY, None, ann)
    before, asked, register = size_of(home), reviews_of(home), registered(home)
    done = add_channel(home, ENTRY, Mode.METADATA_ONLY, None, ann)
    assert done == Registered("metadata_only", logged=False)
    assert (size_of(home), reviews_of(home), registered(home)) == (before, asked, register)


@pytest.mark.parametrize("change", [{"report_url": "https://example.org/2"}, {"reported_by": "Tjeter"}])
def test_another_report_of_a_registered_channel_is_a_change(home: Home, change: dict[str, str]) -> None:
    ann = doer(home, approver=None)
    add_channel(home, ENTRY, Mode.METADATA_ONLY, None, ann)
    before = size_of(home)
    done = add_channel(home, replace(ENTRY, **change), Mode.METADATA_ONLY, None, ann)
    assert (done.before, done.logged) == ("metadata_only", True)
    assert [record.type for record in records_of(home, before)] == ["requested", "channel_added"]
    (row,) = registered(home)
    assert asdict(row).items() >= change.items()


def test_another_mode_is_a_change_that_names_the_one_before(home: Home) -> None:
    basis = legal_basis(home.path.parent)
    add_channel(home, ENTRY, Mode.METADATA_ONLY, None, doer(home, approver=None))
    assert add_channel(home, ENTRY, Mode.SEALED, basis, doer(home)) == Registered(
        "metadata_only", logged=True, changed=("mode",)
    )
    before = size_of(home)
    done = add_channel(home, ENTRY, Mode.METADATA_ONLY, None, doer(home, approver=None))
    assert (done.before, done.logged, done.review_by is None) == ("sealed", True, False)
    assert records_of(home, before)[-1].values["mode"] == "metadata_only"


def test_a_second_person_or_a_legal_basis_is_never_left_out_of_the_log(home: Home) -> None:
    basis = legal_basis(home.path.parent)
    add_channel(home, ENTRY, Mode.METADATA_ONLY, None, doer(home, approver=None))
    assert add_channel(home, ENTRY, Mode.METADATA_ONLY, None, doer(home)).logged
    add_channel(home, ENTRY, Mode.SEALED, basis, doer(home))
    before = size_of(home)
    basis.write_text(basis.read_text().replace("nobody, for tests", "counsel, anew"))
    assert add_channel(home, ENTRY, Mode.SEALED, basis, doer(home)).logged
    logged = records_of(home, before)[-1].values["legal_basis"]
    assert isinstance(logged, dict)
    assert logged["text"] == "Written by counsel, anew"


def test_metadata_alone_takes_no_legal_basis(home: Home) -> None:
    before = size_of(home)
    with pytest.raises(AuthorityError, match="needs no legal basis"):
        add_channel(home, ENTRY, Mode.METADATA_ONLY, legal_basis(home.path.parent), doer(home))
    assert (size_of(home), registered(home)) == (before, [])


@pytest.mark.parametrize("mode", [Mode.METADATA_ONLY, Mode.SEALED])
def test_who_approves_an_entry_ends_its_review(home: Home, mode: Mode) -> None:
    other, ann = replace(ENTRY, channel="other"), doer(home, approver=None)
    for entry in (ENTRY, other):
        add_channel(home, entry, Mode.METADATA_ONLY, None, ann)
    first, second = reviews_of(home)
    basis = None if mode is Mode.METADATA_ONLY else legal_basis(home.path.parent)
    add_channel(home, ENTRY, mode, basis, doer(home))
    assert reviews_of(home) == [second]
    assert first != second


def test_a_channel_that_is_removed_waits_for_no_review(home: Home) -> None:
    add_channel(home, ENTRY, Mode.METADATA_ONLY, None, doer(home, approver=None))
    remove_channel(home, ENTRY.channel, doer(home, approver=None))
    assert reviews_of(home) == []
    add_channel(home, ENTRY, Mode.METADATA_ONLY, None, doer(home))
    remove_channel(home, ENTRY.channel, doer(home, approver=None))
    assert reviews_of(home) == []


def test_a_change_by_one_person_moves_the_review_and_does_not_put_it_off(home: Home) -> None:
    ann = doer(home, approver=None)
    add_channel(home, ENTRY, Mode.METADATA_ONLY, None, ann)
    ((_, due),), before = reviews_of(home), size_of(home)
    later = replace(ann, at=ann.at + timedelta(days=6))
    done = add_channel(home, replace(ENTRY, access="public"), Mode.METADATA_ONLY, None, later)
    request, added = records_of(home, before)
    assert request.type == "requested"
    assert reviews_of(home) == [(added.values["authority"], due)]
    assert done.review_by == added.values["review_by"] == due
    add_channel(home, ENTRY, Mode.METADATA_ONLY, None, doer(home))
    assert reviews_of(home) == []


def test_a_report_from_the_future_is_refused_but_for_the_day_that_began_in_the_east(home: Home) -> None:
    before, today = size_of(home), home.clock().date()
    tomorrow, later = (replace(ENTRY, reported_on=today + timedelta(days=days)) for days in (1, 2))
    with pytest.raises(SettingsError, match="in the future") as raised:
        add_channel(home, later, Mode.METADATA_ONLY, None, doer(home))
    assert raised.value.expected == f"{today} or earlier"
    assert (size_of(home), registered(home)) == (before, [])
    assert add_channel(home, tomorrow, Mode.METADATA_ONLY, None, doer(home)).logged


def overtaken_by(monkeypatch: pytest.MonkeyPatch, other: Callable[[Sequencer], None]) -> None:
    """Let another writer come between a command's look at the register and its turn, once."""
    prepare = Sequencer.prepare

    def late(sequencer: Sequencer, drafts: Sequence[Draft]) -> list[Prepared]:
        prepared = prepare(sequencer, drafts)
        monkeypatch.undo()
        other(sequencer)
        return prepared

    monkeypatch.setattr(Sequencer, "prepare", late)


def added(home: Home, entry: WatchEntry, by: Doer) -> Draft:
    values = {"channel": entry.channel, "mode": "sealed", "access": entry.access, "review_by": None}
    values["legal_basis"] = {"expires": "2030-01-01"}
    register = {"report_url": entry.report_url, "reported_by": entry.reported_by, "reported_on": "2026-01-02"}
    register |= {"reported_as": None, "follows": None}
    return Draft("channel_added", by.values() | values | register)


def test_who_registers_a_channel_after_another_did_meanwhile_changes_what_the_other_wrote(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = doer(home, approver=None)
    overtaken_by(monkeypatch, lambda sequencer: sequencer.append([added(home, ENTRY, ann)]))
    done = add_channel(home, ENTRY, Mode.METADATA_ONLY, None, ann)
    assert (done.before, done.logged) == ("sealed", True)
    assert [row.mode for row in registered(home)] == ["metadata_only"]
    assert len(reviews_of(home)) == 1


def test_the_same_entry_by_two_at_once_is_logged_once(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    ann = doer(home, approver=None)
    before = size_of(home)
    sealed = added(home, ENTRY, ann)
    same = replace(sealed, values={**sealed.values, "mode": "metadata_only", "legal_basis": None})
    overtaken_by(monkeypatch, lambda sequencer: sequencer.append([same]))
    assert not add_channel(home, ENTRY, Mode.METADATA_ONLY, None, ann).logged
    assert [record.type for record in records_of(home, before)] == ["channel_added"]
    assert reviews_of(home) == []


def test_a_channel_that_another_removed_meanwhile_is_not_removed_again(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = doer(home, approver=None)
    add_channel(home, ENTRY, Mode.METADATA_ONLY, None, ann)
    before = size_of(home)
    gone = Draft("channel_removed", ann.values() | {"channel": ENTRY.channel})
    overtaken_by(monkeypatch, lambda sequencer: sequencer.append([gone]))
    with pytest.raises(UnknownItemError, match="not registered"):
        remove_channel(home, ENTRY.channel, ann)
    assert [record.type for record in records_of(home, before)] == ["channel_removed"]


def lineage(*follows: tuple[str, str | None]) -> list[tuple[str, int]]:
    plain = Channel("", "metadata_only", "public", "https://x.y", "Org", "2026-01-02", None, None, None, None)
    rows = [replace(plain, channel=name, follows=before) for name, before in follows]
    return [(kin.channel.channel, kin.depth) for kin in by_lineage(rows)]


def test_who_reopens_another_stands_below_it_and_nobody_is_lost() -> None:
    assert lineage(("a", "c"), ("b", None), ("c", None), ("d", "a"), ("e", "c"), ("f", "gone")) == [
        ("b", 0), ("c", 0), ("a", 1), ("d", 2), ("e", 1), ("f", 0),
    ]  # fmt: skip
    assert lineage(("a", "b"), ("b", "a"), ("c", None)) == [("c", 0), ("a", 0), ("b", 0)]


def test_a_channel_follows_one_that_is_registered_and_never_itself(home: Home) -> None:
    after = replace(ENTRY, channel="after_it", follows=ENTRY.channel)
    with pytest.raises(UnknownItemError, match="not registered"):
        add_channel(home, after, Mode.METADATA_ONLY, None, doer(home))
    add_channel(home, ENTRY, Mode.METADATA_ONLY, None, doer(home))
    before = size_of(home)
    add_channel(home, after, Mode.METADATA_ONLY, None, doer(home))
    logged = records_of(home, before)[-1].values
    assert (logged["follows"], logged["reported_as"]) == (ENTRY.channel, None)
    with pytest.raises(SettingsError, match="cannot reopen itself"):
        add_channel(home, replace(ENTRY, follows="after_it"), Mode.METADATA_ONLY, None, doer(home))
    with pytest.raises(SettingsError, match="cannot reopen itself"):
        watch_entry(
            channel="@one_room", report_url="https://x.y", reported_by="Org", reported_on="2026-01-02",
            access="public", follows="t.me/One_Room",
        )  # fmt: skip
