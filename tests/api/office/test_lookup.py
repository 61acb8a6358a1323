"""The office looks before it registers; one channel has one entry, however it is spelled."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from api.home import Home
from api.office.account import check_account
from api.office.channel import add_channel, every_channel, remove_channel
from api.office.lookup import LookedUp, Membership, look_up, look_up_probe
from config.errors import SettingsError
from config.watchlist import Joined, WatchEntry, watch_entry
from evidence.observation import Mode
from evidence.store import task
from evidence.store.database import reading
from monitor.errors import AccountError, FloodError, ResolveError
from monitor.telegram.lent import ASKS, is_lent
from monitor.telegram.session import AccountSession, Sessions
from tests.homes import doer, records_of
from tests.watching import Desk, desk, kinds, require_clean, running, until

NOBODY = Membership(None, None)
MILA = Membership("mila", "Task 7 of 3 November")


@pytest.fixture
def at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    with desk(tmp_path, monkeypatch) as made:
        yield made


def looked(home: Home, channel: str, member: Membership = NOBODY, **more: str) -> tuple[WatchEntry, LookedUp]:
    report = {"report_url": "https://x.y", "reported_by": "Org", "reported_on": "2026-01-01", "access": "public"}
    return look_up(home, channel, lambda name: watch_entry(channel=name, **{**report, **more}), member)


def test_the_number_that_was_found_is_logged_and_every_spelling_is_one_entry(at: Desk) -> None:
    room = at.telegram.world.add_channel("Grupa", username="grupa", members=321)
    home = at.home
    for spelling in ("@Grupa", "https://t.me/grupa", f"-100{room.id}", str(room.id), f"t.me/c/{room.id}"):
        entry, found = looked(home, spelling)
        assert found.found is not None
        assert (entry.channel_id, found.found.title) == (str(room.id), "Grupa")
        add_channel(home, entry, Mode.METADATA_ONLY, None, doer(home))
    (row,) = every_channel(home)
    assert (row.channel, row.channel_id) == ("grupa", str(room.id))
    added = [record.values for record in records_of(home) if record.type == "channel_added"]
    assert {(each["channel"], each["channel_id"], each["joined_by"]) for each in added} == {
        ("grupa", str(room.id), None)
    }
    room.post("një")
    home.engine.dispose()
    assert at.once().ended_by is None
    home = at.home
    remove_channel(home, f"-100{room.id}", doer(home))
    assert list(every_channel(home)) == []
    home.engine.dispose()


def test_a_channel_that_is_looked_up_later_keeps_its_number_when_it_is_not(at: Desk) -> None:
    room = at.telegram.world.add_channel("Grupa", username="grupa")
    home = at.home
    entry, _found = looked(home, "grupa")
    add_channel(home, entry, Mode.METADATA_ONLY, None, doer(home, approver=None))
    with Sessions(home.keys.path).locked("watch"):
        again, nothing = looked(home, "grupa")
    assert nothing.found is None
    assert isinstance(nothing.why_not, AccountError)
    assert again.channel_id is None
    assert not add_channel(home, again, Mode.METADATA_ONLY, None, doer(home, approver=None)).logged
    (row,) = every_channel(home)
    assert row.channel_id == str(room.id)
    home.engine.dispose()


def test_a_name_that_another_channel_took_over_meanwhile_is_not_watched(at: Desk) -> None:
    room = at.telegram.world.add_channel("Grupa", username="grupa")
    home = at.home
    entry, _found = looked(home, "grupa")
    add_channel(home, entry, Mode.METADATA_ONLY, None, doer(home))
    home.engine.dispose()
    room.set_usernames("tjeter")
    at.telegram.world.add_channel("Tjetër", username="grupa").post("jo jona")
    room.post("jona")
    (following,) = at.once().followings
    assert following.standing.channel_id == room.id


def test_a_running_watch_looks_channels_up_for_a_command(at: Desk) -> None:
    world, account = at.telegram.world, at.accounts[0]
    room = world.add_channel("Titulli", username="grupa_re", members=321)
    closed = world.add_channel("E mbyllur", joined=(account,))
    world.add_channel("Prova", username="zyra_prova", joined=(account,), broadcast=True, administrators=[account])
    at.group().post("një")
    with running(at) as home:
        until(lambda: is_lent(home.engine, "watch"))
        entry, answer = looked(home, "@grupa_re")
        assert answer.found is not None
        assert (entry.channel_id, answer.found.title, answer.found.members) == (str(room.id), "Titulli", 321)
        assert looked(home, str(room.id))[1].found == answer.found
        with pytest.raises(ResolveError, match="the log must say"):
            looked(home, f"t.me/+{closed.invite}")
        assert looked(home, f"t.me/+{closed.invite}", MILA, access="invite")[0].channel == str(closed.id)
        with pytest.raises(ResolveError, match="nobody on Telegram"):
            looked(home, "@askush_fare")
        assert look_up_probe(home, "@zyra_prova")[0].rights == "creator"
        assert check_account(home, "watch").is_well
        until(lambda: kinds(home)["message"] == 1)
        with pytest.raises(ResolveError, match="closed group"):
            looked(home, "1999999999")
        add_channel(home, looked(home, "1999999999", MILA, access="invite")[0], Mode.METADATA_ONLY, None, doer(home))
        (never_met,) = [each for each in check_account(home, "watch").channels if each.channel == "1999999999"]
        assert never_met.joined is None
        with reading(home.engine) as connection:
            assert task.noted(connection, ASKS) == {}
        assert b"Titulli" not in (home.path / "nisisama.db-wal").read_bytes()
    home = at.home
    assert not is_lent(home.engine, "watch")
    require_clean(at)


def test_a_long_pause_is_held_and_told(at: Desk) -> None:
    at.telegram.world.add_channel("Grupa", username="grupa")
    at.telegram.faults.fail("contacts.resolveUsername", "FLOOD_WAIT_3600", times=1)
    home = at.home
    for _attempt in range(2):
        _entry, nothing = looked(home, "grupa")
        assert isinstance(nothing.why_not, FloodError)
    home.engine.dispose()
    assert [call.name for call in at.telegram.calls].count("contacts.resolveUsername") == 1


def test_an_invitation_needs_a_member_a_name_and_a_task(at: Desk) -> None:
    room = at.telegram.world.add_channel("E mbyllur", members=12)
    address, home = f"https://t.me/+{room.invite}", at.home
    with pytest.raises(ResolveError, match="not a member") as raised:
        looked(home, address, MILA, access="invite")
    assert raised.value.found == "E mbyllur, 12 members"
    room.admit(at.accounts[0])
    for member, access in ((NOBODY, "invite"), (MILA, "public")):
        with pytest.raises(ResolveError, match="the log must say"):
            looked(home, address, member, access=access)
    entry, _found = looked(home, f"t.me/joinchat/{room.invite}", MILA, access="invite")
    add_channel(home, entry, Mode.METADATA_ONLY, None, doer(home))
    values = records_of(home)[-1].values
    assert (values["channel"], values["joined_by"], values["task"]) == (str(room.id), "mila", MILA.task)
    assert values["joined_at"]
    room.post("brenda")
    home.engine.dispose()
    (following,) = at.once().followings
    assert (following.counts.messages, following.standing.pushed) == (1, True)


def test_an_invitation_that_leads_nowhere_is_told_as_that(at: Desk) -> None:
    home = at.home
    with pytest.raises(ResolveError, match="this invitation") as raised:
        looked(home, "t.me/+abcdefgh12345678", MILA, access="invite")
    assert "abcdefgh" not in str(raised.value)
    home.engine.dispose()


def test_a_group_without_a_public_name_is_not_registered_as_public(at: Desk) -> None:
    room = at.telegram.world.add_channel("E mbyllur", joined=(at.accounts[0],))
    home = at.home
    with pytest.raises(ResolveError):  # looking at the invitation makes its number known
        looked(home, f"t.me/+{room.invite}")
    for spelling in (str(room.id), f"-100{room.id}", f"t.me/c/{room.id}/7"):
        with pytest.raises(ResolveError, match="the log must say") as raised:
            looked(home, spelling)
        assert raised.value.facts["title"] == "E mbyllur"
        entry, _found = looked(home, spelling, MILA, access="invite")
        assert (entry.access, entry.joined is not None) == ("invite", True)
    room.set_usernames("e_hapur")
    assert looked(home, str(room.id))[0].access == "public"
    home.engine.dispose()


def test_a_number_that_nobody_could_look_at_is_not_registered_as_public(at: Desk) -> None:
    room = at.telegram.world.add_channel("E mbyllur", joined=(at.accounts[0],))
    public = at.telegram.world.add_channel("Grupa", username="grupa", joined=(at.accounts[0],))
    home = at.home
    with Sessions(home.keys.path).locked("watch"):
        for spelling in (str(room.id), f"-100{room.id}", f"t.me/c/{room.id}/7"):
            with pytest.raises(ResolveError, match="closed group"):
                looked(home, spelling)
        entry, nothing = looked(home, str(room.id), MILA, access="invite")
        assert (entry.access, nothing.found) == ("invite", None)
    entry, found = looked(home, str(public.id))
    assert found.found is not None
    add_channel(home, entry, Mode.METADATA_ONLY, None, doer(home))
    with Sessions(home.keys.path).locked("watch"):
        assert looked(home, str(public.id))[0].access == "public", "it was looked at when it was registered"
    closed, _found = looked(home, str(room.id), MILA, access="invite")
    add_channel(home, closed, Mode.METADATA_ONLY, None, doer(home))
    with Sessions(home.keys.path).locked("watch"), pytest.raises(ResolveError, match="closed group"):
        looked(home, str(room.id))
    home.engine.dispose()


def test_accounts_that_lack_an_application_to_ask_with_are_not_called_none(
    at: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NISISAMA_TELEGRAM__API_ID")
    home = at.home
    _entry, nothing = looked(home, "grupa")
    assert nothing.why_not is not None
    assert nothing.why_not.code == "settings.no_api_id"
    with pytest.raises(ResolveError, match="closed group"):
        looked(home, "1999999999")
    with pytest.raises(SettingsError, match="api_id"):
        looked(home, "t.me/+abcdefgh12345678", MILA, access="invite")
    home.engine.dispose()


def test_an_account_that_joined_is_asked_after_one_that_did_not(at: Desk) -> None:
    at.log_in("zweites", "+38160000002")
    room = at.telegram.world.add_channel("E mbyllur", joined=(at.accounts[1],))
    home = at.home
    for spelling in (f"https://t.me/+{room.invite}", str(room.id)):
        _entry, found = looked(home, spelling, MILA, access="invite")
        assert found.found is not None
        assert (found.found.channel_id, found.found.title) == (room.id, "E mbyllur")
        Sessions(home.keys.path).save(AccountSession("zweites", **_without_channels(home)))
    with Sessions(home.keys.path).locked("zweites"):
        _entry, nothing = looked(home, str(room.id), MILA, access="invite")
    assert isinstance(nothing.why_not, AccountError), "whoever could have met it is in use"
    home.engine.dispose()


def _without_channels(home: Home) -> dict[str, Any]:
    met = Sessions(home.keys.path).read("zweites")
    assert met.channels
    return {"home_dc": met.home_dc, "keys": met.keys, "user_id": met.user_id}


def test_a_free_account_is_asked_while_another_rests(at: Desk) -> None:
    at.log_in("zweites", "+38160000002")
    at.telegram.world.add_channel("Grupa", username="grupa")
    at.telegram.faults.fail("contacts.resolveUsername", "FLOOD_WAIT_3600", times=1, account=at.accounts[0])
    home = at.home
    _entry, found = looked(home, "grupa")
    assert found.found is not None
    home.engine.dispose()


def test_without_an_account_a_name_is_registered_and_an_invitation_is_not(home: Home) -> None:
    entry, nothing = looked(home, "@grupa")
    assert (entry.channel_id, nothing.found) == (None, None)
    assert isinstance(nothing.why_not, AccountError)
    with pytest.raises(AccountError):
        looked(home, "t.me/+abcdefgh12345678", MILA, access="invite")


@pytest.mark.parametrize(
    ("member", "access"),
    [
        (MILA, "public"),
        (NOBODY, "invite"),
        (Membership("mila", None), "invite"),
        (Membership(None, "Task 7"), "invite"),
    ],
)
def test_who_joined_is_said_whole_or_not_at_all(home: Home, member: Membership, access: str) -> None:
    with pytest.raises(SettingsError, match="belong together"):
        looked(home, "@grupa", member, access=access)
    entry, _nothing = looked(home, "@grupa", MILA, access="invite")
    assert entry.joined == Joined("mila", None, str(MILA.task))
