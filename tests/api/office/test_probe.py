"""A channel of the office's own proves each day that the watch works; nobody else's can be used for that."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from api.home import Home
from api.office import health
from api.office.channel import Registered, add_channel, every_channel, remove_channel
from api.office.lookup import look_up_probe
from api.office.probe import LATE, Probe, probes
from api.office.watch import Listener, opened
from config import oplog
from config.errors import SettingsError
from config.watchlist import WatchEntry
from evidence.authority import Doer
from evidence.finding import Finding, Verdict
from evidence.observation import Mode
from monitor.errors import AccountError, ResolveError
from monitor.rehearsal.telegram.rooms import Room
from monitor.telegram.session import Sessions
from monitor.telegram.standing import standings
from monitor.telegram.watch import Rhythm
from tests.homes import doer, legal_basis, records_of, reviews_of, size_of
from tests.watching import Desk, desk, kinds, require_clean, running, until

THEM, US = "them", "us"


@pytest.fixture
def at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    with desk(tmp_path, monkeypatch) as made:
        yield made


def own_channel(at: Desk, username: str | None = "zyra_prova", **about: object) -> Room:
    """A channel that the office made with its account."""
    account = at.accounts[0]
    fields: dict[str, object] = {"broadcast": True, "administrators": [account], **about}
    return at.telegram.world.add_channel("Prova", username=username, joined=(account,), **fields)


def register(home: Home, name: str = "@zyra_prova", by: Doer | None = None) -> Registered:
    entry, _found = look_up_probe(home, name)
    done = add_channel(home, entry, Mode.METADATA_ONLY, None, by or doer(home, approver=None))
    assert isinstance(done, Registered)
    return done


def found(home: Home) -> list[Finding]:
    return [each for each in health.check_health(home.path, home.clock).findings if each.id == "watch.probe"]


def test_a_probe_is_registered_without_a_report_and_a_second_person_reviews_it(at: Desk) -> None:
    room, home = own_channel(at), at.home
    before = size_of(home)
    done = register(home)
    assert done.review_by is not None
    assert len(reviews_of(home)) == 1
    (row,) = every_channel(home)
    assert (row.channel, row.channel_id, row.mode, row.rights) == (
        "zyra_prova", str(room.id), "metadata_only", "creator",
    )  # fmt: skip
    assert (row.report_url, row.reported_by, row.reported_on, row.is_probe) == (None, None, None, True)
    request, added = records_of(home, before)
    assert (request.type, added.type) == ("requested", "probe_added")
    assert {name: added.values[name] for name in ("channel", "channel_id", "access", "mode", "rights")} == {
        "channel": "zyra_prova", "channel_id": str(room.id), "access": "public", "mode": "metadata_only",
        "rights": "creator",
    }  # fmt: skip
    assert not register(home).logged
    agreed = register(home, by=doer(home, approver="bo"))
    assert (agreed.logged, agreed.changed, reviews_of(home)) == (True, (), [])
    remove_channel(home, f"-100{room.id}", doer(home))
    assert list(every_channel(home)) == probes(home) == []
    home.engine.dispose()
    require_clean(at)


def test_it_may_be_registered_by_an_invitation(at: Desk) -> None:
    room = own_channel(at, None)
    home = at.home
    entry, _found = look_up_probe(home, f"t.me/+{room.invite}")
    assert (entry.channel, entry.access, entry.rights) == (str(room.id), "invite", "creator")
    assert look_up_probe(home, f"-100{room.id}")[0] == entry  # its number is known now
    home.engine.dispose()


@pytest.mark.parametrize(
    ("about", "code"),
    [
        ({"administrators": [THEM, US]}, "resolve.not_ours"),  # run by others, who made us an administrator
        ({"administrators": []}, "resolve.not_ours"),  # read by everybody, joined by us, run by others
        ({"broadcast": False}, "resolve.probe_is_a_group"),  # ours, and others write there
        ({"broadcast": False, "administrators": []}, "resolve.not_ours"),
    ],
)
def test_what_is_not_the_offices_own_channel_is_no_probe(at: Desk, about: dict[str, object], code: str) -> None:
    accounts = {THEM: at.telegram.world.add_person("E huaj"), US: at.accounts[0]}
    named = about.get("administrators", [])
    assert isinstance(named, list)
    if named:
        about = {**about, "administrators": [accounts[each] for each in named]}
    own_channel(at, **about)
    home = at.home
    before = size_of(home)
    with pytest.raises(ResolveError) as raised:
        look_up_probe(home, "zyra_prova")
    assert (raised.value.code, size_of(home)) == (code, before)
    home.engine.dispose()


def test_an_invitation_of_others_is_no_probe_and_is_not_followed(at: Desk) -> None:
    room, home = at.telegram.world.add_channel("E huaj", broadcast=True), at.home
    with pytest.raises(ResolveError) as raised:
        look_up_probe(home, f"t.me/+{room.invite}")
    assert raised.value.code == "resolve.not_ours"
    assert room.joined == []
    home.engine.dispose()


def test_the_account_that_runs_it_is_found_among_several(at: Desk) -> None:
    at.log_in("second", "+38160000002")
    own_channel(at, administrators=[at.accounts[1]])
    home = at.home
    assert look_up_probe(home, "zyra_prova")[0].rights == "creator"
    home.engine.dispose()


def test_a_probe_needs_to_be_looked_up(at: Desk) -> None:
    own_channel(at)
    home = at.home
    with Sessions(home.keys.path).locked("watch"), pytest.raises(AccountError) as raised:
        look_up_probe(home, "zyra_prova")
    assert raised.value.code == "account.in_use"
    with pytest.raises(SettingsError):
        look_up_probe(home, "jo një emër")
    home.engine.dispose()


def test_a_reported_channel_does_not_turn_into_a_probe_and_a_probe_is_kept_as_metadata(at: Desk) -> None:
    own_channel(at)
    home = at.home
    entry, _found = look_up_probe(home, "zyra_prova")
    for mode, basis in ((Mode.SEALED, None), (Mode.METADATA_ONLY, legal_basis(at.folder))):
        with pytest.raises(SettingsError, match="only metadata"):
            add_channel(home, entry, mode, basis, doer(home))
    assert list(every_channel(home)) == []
    at.register("@zyra_prova", Mode.METADATA_ONLY)
    with pytest.raises(SettingsError, match="public report"):
        register(home)
    (row,) = every_channel(home)
    assert (row.is_probe, row.reported_by) == (False, "X")
    home.engine.dispose()


def test_an_entry_is_reported_or_a_probe_and_never_half_of_either() -> None:
    probe = WatchEntry("a_probe", None, None, None, "public", channel_id="1", rights="creator")
    for change in ({"rights": None}, {"report_url": "https://x.y"}, {"reported_by": "Org"}):
        with pytest.raises(ValueError, match="expected"):
            replace(probe, **change)


def test_doctor_is_red_until_a_post_arrives_and_when_none_has_for_26_hours(at: Desk) -> None:
    room, home = own_channel(at), at.home
    register(home)
    (silent,) = found(home)
    assert (silent.code, silent.verdict) == ("watch.probe_silent", Verdict.FAILED)
    assert at.once().late == [Probe("zyra_prova", str(room.id), None, None, None, late=True)]
    room.post("sot")
    (silent,) = found(home)
    assert silent.code == "watch.probe_silent"  # it was posted, and nobody looked
    assert at.once().late == []
    (arrived,) = found(home)
    assert (arrived.code, arrived.verdict) == ("watch.probe_arrived", Verdict.PASSED)
    assert "zyra_prova" in arrived.where
    at.clock.pass_by(hours=25.9)
    assert [each.verdict for each in found(home)] == [Verdict.PASSED]
    at.clock.pass_by(hours=0.2)  # the watch does not run
    (late,) = found(home)
    assert (late.code, late.verdict) == ("watch.probe_late", Verdict.FAILED)
    assert late.fix
    assert [each.age_s is not None and each.age_s > LATE.total_seconds() for each in at.once().late] == [True]
    room.post("nesër")
    assert at.once().late == []
    at.clock.pass_by(days=-40)  # what is posted in time to come proves nothing
    assert [each.verdict for each in found(home)] == [Verdict.FAILED]
    at.clock.pass_by(days=40)
    room.delete([1, 2])  # it had arrived
    assert at.once().late == []
    home.engine.dispose()
    require_clean(at)


def test_only_a_post_that_the_watch_itself_looked_at_counts(at: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    room, home = own_channel(at), at.home
    register(home)
    room.post("sot")
    assert at.once().late == []
    monkeypatch.setattr(
        "api.office.probe.standings",
        lambda connection: {name: replace(each, spans=((2, 9),)) for name, each in standings(connection).items()},
    )
    assert [each.posted_at for each in probes(home)] == [None]
    room.rename("Prova 2")  # a service message is no post
    assert at.once().late != []
    home.engine.dispose()


def test_a_running_watch_tells_once_a_day_that_nothing_arrives(at: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.office.watch.Rhythm", partial(Rhythm, register=timedelta(seconds=0.2)))
    monkeypatch.setenv("NISISAMA_TELEGRAM__BEAT_S", "1")
    room, home = own_channel(at), at.home
    register(home)
    noted: list[str] = []
    kept = oplog.note
    monkeypatch.setattr(oplog, "note", lambda event, **fields: (noted.append(event), kept(event, **fields)))
    told: list[Probe] = []

    def once() -> None:
        with opened(home, doer(home), Listener(late=told.append)) as watch:
            watch.once()

    once()
    once()
    assert [each.posted_at for each in told] == [None]
    assert noted.count("probe_late") == 1
    at.clock.pass_by(hours=24.5)
    once()
    assert len(told) == 2
    room.post("sot")
    once()
    at.clock.pass_by(hours=27)
    once()
    assert [each.age_s is None for each in told] == [True, True, False]
    assert noted.count("probe_late") == 3
    at.clock.pass_by(hours=25)
    with running(at):
        until(lambda: noted.count("probe_late") == 4)
        room.post("nesër")
        until(lambda: not any(each.late for each in probes(home)))
    home.engine.dispose()


def test_comments_on_a_probe_are_not_followed(at: Desk) -> None:
    talk = at.telegram.world.add_channel("Biseda", username="biseda")
    room, home = own_channel(at, linked=talk), at.home
    register(home)
    number = room.post("sot")
    talk.post("e huaj", reply_to=room.discussion_of(number))
    assert at.once().ended_by is None
    assert kinds(home)["message"] == 1
    home.engine.dispose()
