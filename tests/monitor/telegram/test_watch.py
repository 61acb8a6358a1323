"""The watch runs, keeps what is pushed at once, loses accounts in the open, and stops in good order."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from telethon.tl import functions, types

from api.home import Home
from api.office.audit import run_audit
from api.office.channel import remove_channel
from api.office.completeness import completeness_of
from api.office.watch import Listener as WatchListener
from api.office.watch import opened
from api.office.watch_health import clocks
from api.office.watch_status import status
from evidence.finding import Verdict
from evidence.observation import HoleReason
from evidence.store.database import reading
from evidence.times import format_time
from monitor.errors import AccountError, AccountState, ChannelState, FloodError, RequestError, UnknownConstructorError
from monitor.rehearsal.export import write_export
from monitor.telegram.allowed import ALLOWED
from monitor.telegram.follow import PAGE
from monitor.telegram.line import News
from monitor.telegram.resolve import FOLDERS
from monitor.telegram.session import Sessions
from monitor.telegram.standing import Freeze, clock_ahead
from tests.homes import PASSPHRASE, doer, items_of, new_case, records_of, take_in
from tests.watching import Desk, desk, kinds, observed, picture, require_clean, running, until


@pytest.fixture
def at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    with desk(tmp_path, monkeypatch) as made:
        yield made


def test_what_is_pushed_is_kept_within_two_seconds(at: Desk) -> None:
    group = at.group(joined=tuple(at.accounts))
    group.post("e para")
    with running(at) as home:
        until(lambda: kinds(home)["message"] == 1)
        number = group.post("e re")
        until(lambda: kinds(home)["message"] == 2)
        group.edit(number, text="ndryshe")
        until(lambda: kinds(home)["edit"] == 1)
        group.delete([number])
        until(lambda: kinds(home)["deletion"] == 1)
    require_clean(at)
    assert [each["action"] for each in observed(at, "deletion")] == ["told"]


def test_a_new_start_looks_at_once_and_at_joined_channels_first(at: Desk) -> None:
    at.group("Tjetra", "tjetra").post("një")
    group = at.group(joined=tuple(at.accounts))
    group.post("një")
    assert at.once().ended_by is None
    before = len(at.telegram.calls)
    with running(at) as home:
        until(lambda: len(_differences(at, before)) == 2, timeout_s=10)
        group.post("dy")
        until(lambda: kinds(home)["message"] == 3, timeout_s=10)
    assert _differences(at, before)[0] == group.id


def _differences(at: Desk, since: int) -> list[int]:
    calls = at.telegram.calls[since:]
    return [call.request.channel.channel_id for call in calls if call.name == "updates.getChannelDifference"]


def test_a_line_that_is_cut_while_nobody_asks_is_opened_again_at_once(at: Desk) -> None:
    group = at.group(joined=tuple(at.accounts))
    group.post("një")
    with running(at) as home:
        until(lambda: kinds(home)["message"] == 1)
        time.sleep(0.5)  # until nothing is left to ask for
        at.telegram.faults.withhold_pushes(withheld=True)
        group.post("dy")
        at.telegram.cut()
        until(lambda: kinds(home)["message"] == 2, timeout_s=10)
        at.telegram.faults.withhold_pushes(withheld=False)
        group.post("tre")
        until(lambda: kinds(home)["message"] == 3, timeout_s=10)


def test_a_new_start_asks_nothing_while_a_pause_is_not_over(at: Desk) -> None:
    group = at.group(joined=tuple(at.accounts))
    group.post("një")
    assert at.once().ended_by is None
    at.telegram.faults.fail("updates.getChannelDifference", "FLOOD_WAIT_3600", code=420, times=1)
    assert isinstance(at.once().ended_by, FloodError)
    before = len(at.telegram.calls)
    with running(at):
        time.sleep(0.7)
    assert len(at.telegram.calls) == before


def test_nothing_leaves_but_what_may(at: Desk) -> None:
    group = at.group(joined=tuple(at.accounts))
    group.post_photo(picture(2), "foto")
    group.set_limit(3)
    at.once()
    for _each in range(5):
        group.post("x")
    at.once()
    asked = {call.name for call in at.telegram.calls}
    allowed = {name[0].lower() + name[1:] if "." not in name else _lower(name) for name in ALLOWED}
    assert asked <= allowed, asked - allowed
    assert "messages.getHistory" in asked


def _lower(name: str) -> str:
    area, _, method = name.partition(".")
    return f"{area}.{method[0].lower()}{method[1:]}"


@pytest.mark.slow
def test_a_long_pause_ends_the_run_and_the_next_one_asks_nothing(at: Desk) -> None:
    group = at.group()
    group.post("një")
    at.telegram.faults.fail("messages.getHistory", "FLOOD_WAIT_3600", code=420, times=1)
    assert isinstance(at.once().ended_by, FloodError)
    before = len(at.telegram.calls)
    again = at.once()
    assert isinstance(again.ended_by, FloodError)
    assert len(at.telegram.calls) == before
    home = at.home
    assert [each.state for each in status(home).accounts] == [AccountState.FLOOD]
    home.engine.dispose()
    at.clock.pass_by(hours=1, minutes=1)
    assert at.once().ended_by is None
    home = at.home
    (pause,) = [each for each in completeness_of(home, "grupa").gaps if each.reason is HoleReason.FLOOD]
    home.engine.dispose()
    assert pause.until is not None
    assert pause.until - pause.since >= timedelta(hours=1)


@pytest.mark.every(3)
@pytest.mark.parametrize(
    ("how", "state"),
    [("deactivate", AccountState.BANNED), ("duplicate", AccountState.DUPLICATED), ("lose_key", AccountState.KEY_LOST)],
)
def test_a_lost_account_is_an_event_and_the_next_one_goes_on(at: Desk, how: str, state: AccountState) -> None:
    group = at.group()
    group.post("një")
    assert at.once().ended_by is None
    second = at.log_in("zweites", "+38160000002")
    getattr(at.telegram.world, how)(at.accounts[0])
    group.post("dy")
    assert at.once().ended_by is None
    home = at.home
    lost = [record.values for record in records_of(home) if record.type == "account_lost"]
    assert [(each["account"], each["cause"]) for each in lost] == [("watch", state.value)]
    assert kinds(home)["message"] == 2
    assert [each.state for each in status(home).accounts] == [state, AccountState.OK]
    assert [each.reason for each in completeness_of(home, "grupa").gaps if each.lo is None] == [HoleReason.BAN]
    home.engine.dispose()
    at.telegram.world.deactivate(second)
    ended = at.once().ended_by
    assert isinstance(ended, AccountError)
    require_clean(at)


@pytest.mark.slow
def test_the_next_account_goes_on_in_a_group_by_invitation_that_it_has_joined(at: Desk) -> None:
    second = at.log_in("zweites", "+38160000002")
    room = at.telegram.world.add_channel("E mbyllur", joined=(at.accounts[0],))
    room.post("një")
    at.register_joined(room)
    assert at.once().ended_by is None
    at.telegram.world.deactivate(at.accounts[0])
    before = len(at.telegram.calls)
    (following,) = at.once().followings
    assert following.standing.state is ChannelState.PRIVATE
    assert [call.name for call in at.telegram.calls[before:]].count("messages.getDialogs") == len(FOLDERS)
    room.admit(second)
    at.telegram.faults.garbage("messages.getDialogs", times=len(FOLDERS))
    assert isinstance(at.once().ended_by, UnknownConstructorError)
    room.post("dy")
    assert at.once().ended_by is None
    home = at.home
    assert kinds(home)["message"] == 2
    home.engine.dispose()
    require_clean(at)


def _forget_channels(at: Desk) -> None:
    sessions = Sessions(at.home.keys.path)
    session = sessions.read("watch")
    session.channels.clear()
    sessions.save(session)


@pytest.mark.every(2)
@pytest.mark.parametrize("cut", [True, False])
def test_a_list_of_chats_that_cannot_be_had_does_not_say_that_a_group_is_not_shown(at: Desk, *, cut: bool) -> None:
    room = at.telegram.world.add_channel("E mbyllur", joined=(at.accounts[0],))
    room.post("një")
    at.register_joined(room)
    assert at.once().ended_by is None
    _forget_channels(at)
    if cut:
        at.telegram.faults.cut_connections(after_bytes=3, request="messages.getDialogs")
    else:
        at.telegram.faults.fail("messages.getDialogs", "WHATEVER", code=400, times=len(FOLDERS))
    at.once()
    home = at.home
    assert [each.reason for each in completeness_of(home, str(room.id)).gaps] == []
    home.engine.dispose()
    room.post("dy")
    (following,) = at.once().followings
    assert following.standing.state is ChannelState.OK
    assert kinds(at.home)["message"] == 2


def test_one_list_of_chats_is_asked_for_and_only_for_groups_by_invitation(at: Desk) -> None:
    rooms = [at.telegram.world.add_channel(f"Grupa {each}", joined=(at.accounts[0],)) for each in range(3)]
    for room in rooms[:2]:
        at.register_joined(room)
    _forget_channels(at)
    at.register(str(rooms[2].id))  # as public, by its number
    before = len(at.telegram.calls)
    states = {each.name: each.standing.state for each in at.once().followings}
    assert [states[str(each.id)] for each in rooms] == [ChannelState.OK, ChannelState.OK, ChannelState.PRIVATE]
    (list_of_chats,) = [each.request for each in at.telegram.calls[before:] if each.name == "messages.getDialogs"]
    asked = functions.messages.GetDialogsRequest(None, 0, types.InputPeerEmpty(), 100, 0, folder_id=0)
    assert bytes(list_of_chats) == bytes(asked)


@pytest.mark.every(2)
@pytest.mark.parametrize("told", [True, False])
def test_the_dates_of_a_freeze_that_the_watch_meets_are_logged_and_shown(at: Desk, *, told: bool) -> None:
    group = at.group()
    group.post("një")
    assert at.once().ended_by is None
    since, until_ = (at.clock().replace(microsecond=0) + timedelta(days=days) for days in (-1, 6))
    at.telegram.world.freeze(at.accounts[0], since, until_, "https://t.me/spambot?start=x" if told else "")
    if not told:
        at.telegram.faults.fail("help.getAppConfig", "FROZEN_METHOD_INVALID", code=406, times=9)
    group.post("dy")
    assert isinstance(at.once().ended_by, AccountError)
    home = at.home
    (lost,) = [record.values for record in records_of(home) if record.type == "account_lost"]
    (account,) = status(home).accounts
    home.engine.dispose()
    assert account.state is AccountState.FROZEN
    if told:
        assert (lost["since"], lost["until"]) == (format_time(since), format_time(until_))
        assert lost["appeal_url"] == "https://t.me/spambot?start=x"
        assert account.freeze == Freeze(since, until_, "https://t.me/spambot?start=x")
    else:
        assert (lost["since"], lost["until"], lost["appeal_url"]) == (lost["at"], None, None)
        assert account.freeze is None
    require_clean(at)


@pytest.mark.slow
def test_the_news_of_all_come_before_the_history_of_one(at: Desk) -> None:
    rooms = [at.group(), at.group("Dy", "grupi_dy")]
    for room in rooms:
        for number in range(120):
            room.post(f"mesazh {number}")
    assert at.once().ended_by is None
    calls = [call for call in at.telegram.calls if call.name in ("messages.getHistory", "channels.getFullChannel")]
    first_page = next(n for n, call in enumerate(calls) if getattr(call.request, "limit", 0) == PAGE)
    assert sum(call.name == "channels.getFullChannel" for call in calls[:first_page]) == len(rooms)
    home = at.home
    assert kinds(home)["message"] == 240
    home.engine.dispose()


@pytest.mark.slow
def test_time_that_a_clock_tells_twice_is_a_hole_and_time_that_it_leaves_out_too(at: Desk) -> None:
    group = at.group(joined=tuple(at.accounts))
    with running(at) as home:

        def look(texts: int) -> None:
            group.post("x")
            until(lambda: kinds(home)["message"] == texts)

        look(1)
        before = at.clock()
        at.clock.pass_by(hours=-1)
        look(2)
        again = at.clock()
        at.clock.pass_by(hours=2)  # the machine slept, or its clock was set ahead
        look(3)
    home = at.home
    holes = [each for each in completeness_of(home, "grupa").gaps if each.reason is HoleReason.DOWNTIME]
    home.engine.dispose()
    assert len(holes) == 2
    twice, slept = sorted(holes, key=lambda each: each.until or again)
    assert twice.until is not None
    assert slept.until is not None
    assert twice.since < before - timedelta(minutes=59)
    assert timedelta(0) <= before - twice.until < timedelta(minutes=1)
    assert slept.until - slept.since > timedelta(minutes=119)
    require_clean(at)


@pytest.mark.slow
def test_a_frozen_account_is_told_by_the_name_of_the_error(at: Desk) -> None:
    group = at.group()
    group.post("një")
    at.telegram.faults.fail("updates.getChannelDifference", "FROZEN_METHOD_INVALID", code=420, times=1)
    assert isinstance(at.once().ended_by, AccountError)
    home = at.home
    assert [each.state for each in status(home).accounts] == [AccountState.FROZEN]
    home.engine.dispose()


def test_the_office_works_beside_the_watch(at: Desk, tmp_path: Path) -> None:
    group = at.group(joined=tuple(at.accounts))
    for number in range(400):
        group.post(f"mesazh {number}")
    write_export(tmp_path / "export", seed=1, messages=30)
    with running(at) as home:
        until(lambda: kinds(home)["message"] > 100)
        take_in(home, tmp_path / "export")
        case_id = new_case(home, [items_of(home)[1].item_id])
        done = run_audit(home, level=3, against=None, passphrase=PASSPHRASE, progress=lambda _more: None)
        assert done.report.verdict is Verdict.PASSED, done.report.problems
        assert case_id
        group.post("ende")
        until(lambda: kinds(home)["message"] > 400)
    require_clean(at)


@pytest.mark.slow
def test_a_channel_that_is_not_shown_is_not_asked_for_again_and_again(at: Desk) -> None:
    group = at.group(joined=tuple(at.accounts))
    for number in range(150):
        group.post(f"mesazh {number}")
    at.telegram.faults.fail("messages.getHistory", "CHANNEL_PRIVATE", code=400, times=1000)
    with running(at) as home:
        until(lambda: [each.state for each in status(home).channels] == [ChannelState.PRIVATE])
        before = len(at.telegram.calls)
        time.sleep(2.5)
        assert len(at.telegram.calls) - before <= 1


@pytest.mark.slow
def test_a_pause_of_one_method_stops_no_other(at: Desk) -> None:
    first = at.group(joined=tuple(at.accounts))
    first.post("një")
    assert at.once().ended_by is None
    at.group("Tjetra", "tjetra").post("një")
    at.telegram.faults.fail("contacts.resolveUsername", "FLOOD_WAIT_3600", code=420, times=1)
    with running(at) as home:
        until(lambda: any(call.name == "contacts.resolveUsername" for call in at.telegram.calls[-50:]))
        first.post("dy")
        until(lambda: kinds(home)["message"] == 2)
    home = at.home
    assert [each.state for each in status(home).accounts] == [AccountState.FLOOD]
    home.engine.dispose()


@pytest.mark.every(3)
@pytest.mark.parametrize("how", ["told", "too long", "while it runs"])
def test_a_new_title_is_a_new_snapshot_at_once(at: Desk, how: str) -> None:
    group = at.group(joined=tuple(at.accounts))
    group.post("një")
    assert at.once().ended_by is None
    if how == "while it runs":
        with running(at) as home:
            group.rename("Tjetër")
            until(lambda: kinds(home)["channel"] == 2)
    else:
        group.rename("Tjetër")
        group.set_limit(0 if how == "too long" else 10)
        assert at.once().ended_by is None
    assert [each["channel_title"] for each in observed(at, "channel")] == ["Grupa", "Tjetër"]


@pytest.mark.every(2)
@pytest.mark.parametrize("seconds", [50, -50, 4000, -4000])
def test_a_clock_that_is_not_telegrams_is_told_until_it_is(at: Desk, seconds: int) -> None:
    at.telegram.faults.skew_s = seconds
    at.group().post("një")
    told: list[timedelta] = []
    home = at.home
    with opened(home, doer(home), WatchListener(clock=told.append)) as run:
        assert run.once().ended_by is None
    is_off = abs(seconds) > 60
    assert [round(each.total_seconds() / 1000) for each in told] == [-round(seconds / 1000)] * is_off
    code = "watch.clock_behind" if seconds > 0 else "watch.clock_ahead"
    assert [each.code for each in clocks(home)] == [code] * is_off
    home.engine.dispose()
    at.telegram.faults.skew_s = 0
    assert at.once().ended_by is None
    assert not list(clocks(home))
    home.engine.dispose()


def test_a_clock_that_wanders_off_further_is_noted_again(at: Desk) -> None:
    group = at.group(joined=tuple(at.accounts))
    with running(at) as home:
        for ahead in (100, 4000):
            at.telegram.faults.skew_s = -ahead
            group.post("një")
            until(lambda ahead=ahead: abs(_off_by(home) - timedelta(seconds=ahead)) < timedelta(seconds=10))  # type: ignore[misc]


def _off_by(home: Home) -> timedelta:
    with reading(home.engine) as connection:
        noted = clock_ahead(connection)
    return timedelta() if noted is None else noted[0]


def test_somebody_who_types_is_no_reason_to_look() -> None:
    news = News()
    peer = types.PeerUser(1)
    typing = types.UpdateChannelUserTyping(channel_id=7, from_id=peer, action=types.SendMessageTypingAction())
    news.put_nowait(types.Updates([typing], [], [], datetime.now(UTC), 0))
    assert news.wait(0.0) == frozenset()
    news.put_nowait(types.Updates([types.UpdateDeleteChannelMessages(7, [1], 2, 1)], [], [], datetime.now(UTC), 0))
    assert news.wait(0.0) == {7}
    news.put_nowait(types.UpdatesTooLong())
    assert news.wait(0.0) == {None}


@pytest.mark.slow
def test_a_channel_that_cannot_be_read_stops_no_other(at: Desk) -> None:
    first = at.group()
    first.post_photo(picture(1), "një")
    at.telegram.faults.fail("upload.getFile", "FLOOD_WAIT_3600", code=420, times=1)
    assert isinstance(at.once().ended_by, FloodError)
    at.clock.pass_by(hours=2)
    first.ban(at.accounts[0])
    second = at.group("Tjetra", "tjetra")
    second.post("dy")
    assert at.once().ended_by is None
    home = at.home
    assert kinds(home)["message"] == 2
    home.engine.dispose()
    first.unban(at.accounts[0])
    at.telegram.faults.fail("channels.getMessages", "SOMETHING_ELSE", code=400, times=1)
    assert isinstance(at.once().ended_by, RequestError), "a channel that could not be read is told"
    assert at.once().ended_by is None
    home = at.home
    assert kinds(home)["file"] == 1
    home.engine.dispose()
    require_clean(at)


@pytest.mark.slow
def test_a_lost_key_of_another_data_centre_is_no_lost_account(at: Desk) -> None:
    group = at.group()
    for seed in (1, 2):
        group.post("foto", media=types.MessageMediaPhoto(photo=at.telegram.world.add_photo(picture(seed), dc=4)))
        at.telegram.faults.fail("upload.getFile", "AUTH_KEY_UNREGISTERED", code=401, times=1)
        assert at.once().ended_by is None
    home = at.home
    assert kinds(home)["file"] == 2
    assert [each.state for each in status(home).accounts] == [AccountState.OK]
    home.engine.dispose()


def test_a_pause_is_kept_at_once_and_outlives_a_kill(at: Desk) -> None:
    group = at.group()
    group.post("një")
    at.telegram.faults.fail("messages.getHistory", "FLOOD_WAIT_3600", code=420, times=1)
    with running(at) as home:
        until(lambda: [each.state for each in status(home).accounts] == [AccountState.FLOOD])


@pytest.mark.every(2)
@pytest.mark.parametrize("how", ["another name", "another alone"])
def test_a_file_that_waits_is_left_only_where_its_channel_left_the_register(at: Desk, how: str) -> None:
    group = at.group()
    other = at.group("Tjetra", "tjetra")
    other.post("një")
    group.post_photo(picture(1), "foto")
    at.telegram.faults.fail("upload.getFile", "FLOOD_WAIT_90", code=420, times=1)
    assert isinstance(at.once().ended_by, FloodError)
    at.clock.pass_by(seconds=100)
    home = at.home
    if how == "another name":
        remove_channel(home, "grupa", doer(home))
        at.register(str(group.id))
    else:
        with opened(home, doer(home), only="tjetra") as run:
            assert run.once().ended_by is None
    assert at.once().ended_by is None
    assert kinds(home)["file"] == 1
    assert "taken_off" not in {str(record.values["hole"]) for record in records_of(home) if record.type == "hole"}
    home.engine.dispose()
