"""A post of a channel that nobody registered is kept by one person, and goes unless a second one confirms it."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random  # noqa: TID251 - a seed makes the schedule, and nothing of it is secret

import pytest
import sqlalchemy as sa

from api.home import Home
from api.office import keep_health
from api.office.approval import Means, approve, refuse, waiting
from api.office.capture import Captured, capture_message
from api.office.erase import ErasureCause
from api.office.freeze import freeze
from api.office.hold import HoldWish, place_hold
from api.office.item import show_item
from api.office.request import Waiting, find_request
from api.office.retention import RetentionRun, agree_to_rule, run_retention, unconfirmed
from api.office.unconfirmed import items_kept
from config.link import read_message_link
from evidence.authority import Doer
from evidence.custody.stamps import newest
from evidence.errors import AuthorityError, UnknownItemError
from evidence.intake.sight import Provenance
from evidence.observation import Mode
from evidence.store import database
from evidence.store.captured import WaitingCapture, overdue_captures
from evidence.store.database import reading
from evidence.store.hold import HoldKind
from evidence.times import parse_time
from monitor.rehearsal.telegram.rooms import Room
from monitor.telegram.capture import CaptureWish, Seen
from monitor.telegram.session import Sessions
from monitor.telegram.standing import RegisterChangedError
from tests.erasing import ErasedTraces, canaries_of, erase_now, opened_rows, problems_of, report_now
from tests.homes import PASSPHRASE, doer, export_of, items_of, new_case
from tests.nonempty import nonempty
from tests.watching import Desk, desk, kinds, observed, picture, running, until

WORDS = "fjale qe askush nuk e konfirmoi"
REASON = "she brought the link"


@pytest.fixture
def at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    with desk(tmp_path, monkeypatch) as made:
        home = made.home
        agree_to_rule(home, doer(home))
        home.engine.dispose()
        yield made


def stranger(at: Desk) -> Room:
    """A public channel that nobody registered."""
    return at.telegram.world.add_channel("Kanali", username="kanali", broadcast=True)


def person(home: Home, name: str, reason: str | None = REASON) -> Doer:
    return Doer(name, "nisisama/test", home.clock(), reason=reason)


def capture(at: Desk, number: int, by: str = "zana", *, reason: str | None = REASON) -> Captured:
    home = at.home
    try:
        return capture_message(home, read_message_link(f"t.me/kanali/{number}"), person(home, by, reason), wait_s=20)
    finally:
        home.engine.dispose()


def requested(done: Captured) -> str:
    assert done.error is None, done.error
    (looked,) = done.answer.looked
    assert looked.request is not None
    return looked.request


def confirm(home: Home, request: str, by: str = "bo") -> None:
    casework = home.keys.unlock(PASSPHRASE).casework
    approve(home, find_request(home, request, casework), person(home, by), Means(casework))


def run(home: Home) -> RetentionRun:
    return run_retention(home, person(home, "timer"), home.keys.unlock(PASSPHRASE).casework)


def open_captures(home: Home) -> list[WaitingCapture]:
    return unconfirmed(home)[0]


def findings(home: Home) -> list[str]:
    return [each.code for each in keep_health.captures(home)]


def test_one_post_is_kept_as_metadata_under_a_request_that_does_not_say_which_post(at: Desk) -> None:
    room = stranger(at)
    room.post("para")
    number = room.post_photo(picture(1), WORDS)
    request, home = requested(capture(at, number)), at.home
    calls = {call.name for call in at.telegram.calls}
    assert not {name for name in calls if "join" in name.lower() or name.startswith("upload")}
    assert (kinds(home), {each.mode for each in items_of(home)}) == ({"message": 1, "file": 1}, {"metadata_only"})
    (said,) = observed(at, "message")
    assert (said["actor"], said["reason"], said["authority"], said["method"]) == ("zana", REASON, request, "capture")
    (waits,) = open_captures(home)
    assert (waits.request, waits.items, findings(home)) == (request, 2, ["captures.waiting"])
    assert items_kept(home, request) == tuple(each.item_id for each in items_of(home))
    casework = home.keys.unlock(PASSPHRASE).casework
    (listed,) = waiting(home, casework).entries
    assert (listed.what, listed.due_at, listed.items) == ("capture", waits.until, items_kept(home, request))
    assert listed.asked is not None
    assert not {"kanali", str(room.id)} & set(str(listed.asked).split("'"))  # the request stays for good
    session = Sessions(home.keys.path).read("watch")
    assert room.id not in session.channels
    home.engine.dispose()


def test_after_72_hours_nothing_of_it_can_be_read_by_anybody(at: Desk) -> None:
    number = stranger(at).post_photo(picture(1), WORDS)
    request, home = requested(capture(at, number)), at.home
    (waits,) = open_captures(home)
    at.clock.pass_by(hours=50)
    again = capture(at, number, "mila")  # it adds nothing and does not extend
    assert (requested(again), again.answer.looked[0].messages, open_captures(home)) == (request, 0, [waits])
    assert findings(home) == ["captures.soon"]
    assert (run(home).erased, kinds(home)["message"]) == (0, 1)  # the control: its time is not over
    traces = canaries_of(home, items_kept(home, request), {"words": WORDS.encode()})
    assert traces.in_files(home.path) == traces.raw.keys()
    assert traces.opened_by_keys(home) == {"words"}
    at.clock.pass_by(hours=23)
    assert findings(home) == ["captures.late"]
    with pytest.raises(AuthorityError, match="too old"):
        confirm(home, request)
    ran = run(home)  # nothing else was logged for days: it asks for a stamp by itself
    assert (ran.erased, ran.refused, ran.left, ran.unfinished) == (2, 1, 0, None)
    assert (kinds(home), open_captures(home), findings(home)) == ({}, [], [])
    home.engine.dispose()
    assert traces.in_files(home.path, home.keys.path) == set()
    assert traces.opened_by_keys(home) == set()
    with reading(home.engine) as connection:
        assert connection.execute(sa.select(database.hole)).all() == []
    assert (run(home).erased, problems_of(home)) == (0, [])
    fresh = capture(at, number)  # another day, another request: nobody had asked that it be forgotten
    assert requested(fresh) != request
    confirm(home, requested(fresh))
    at.clock.pass_by(days=80)
    assert (run(home).erased, kinds(home)["message"], problems_of(home)) == (0, 1, [])
    home.engine.dispose()


def test_a_confirmed_post_is_kept_like_any_item_and_goes_into_a_case_and_a_bundle(at: Desk) -> None:
    room = stranger(at)
    number = room.post(WORDS)
    request, home = requested(capture(at, number)), at.home
    (item,) = items_kept(home, request)
    with pytest.raises(UnknownItemError, match="nobody else has confirmed") as refused:
        new_case(home, [item])
    assert refused.value.facts["request"] == request
    with pytest.raises(AuthorityError):
        confirm(home, request, "zana")  # not the same person
    confirm(home, request)
    with pytest.raises(AuthorityError):
        confirm(home, request, "mila")
    again = capture(at, number)
    assert (requested(again), again.answer.looked[0].until, open_captures(home)) == (request, None, [])
    case = new_case(home, [item])
    export_of(home, case, at.folder / "out.asice")
    assert show_item(home, item).item.item_id == item
    assert problems_of(home) == []
    at.clock.pass_by(days=364)
    assert run(home).erased == 0
    home.engine.dispose()


def test_it_is_refused_without_a_reason_a_rule_or_a_public_name(at: Desk) -> None:
    room = stranger(at)
    number = room.post(WORDS)
    home = at.home

    def code(link: str, *, reason: str | None = REASON) -> str | None:
        done = capture_message(home, read_message_link(link), person(home, "zana", reason))
        return None if done.error is None else done.error.code

    assert code(f"t.me/kanali/{number}", reason=None) == "authority.needs_reason"
    assert code(f"t.me/c/{room.id}/{number}") == "unknown_item.link_not_registered"
    assert code(f"t.me/kanali/{number}?comment=4") == "unknown_item.link_not_registered"
    assert code("t.me/kanali/99") == "message.not_there"
    room.ban(at.accounts[0])  # the account is not shown the channel
    assert code(f"t.me/kanali/{number}") == "channel.gone"
    assert (kinds(home), open_captures(home)) == ({}, [])
    home.engine.dispose()


def test_a_post_that_was_destroyed_as_a_childs_is_not_asked_for_and_nothing_waits(at: Desk) -> None:
    number = stranger(at).post_photo(picture(1), WORDS)
    request, home = requested(capture(at, number)), at.home
    confirm(home, request)
    items = items_kept(home, request)
    freeze(home, items, person(home, "cat"))
    report_now(home, *items)
    erase_now(home, *items, cause=ErasureCause.CHILD)
    asked = Counter(call.name for call in at.telegram.calls)["channels.getMessages"]
    done = capture(at, number)
    assert done.error is not None
    assert (done.error.code, done.answer.seen) == ("message.not_kept", Seen.NOT_KEPT)
    (looked,) = done.answer.looked
    assert (looked.request, looked.until, looked.messages) == (None, None, 0)
    assert Counter(call.name for call in at.telegram.calls)["channels.getMessages"] == asked > 0
    assert (kinds(home), open_captures(home)) == ({}, [])
    home.engine.dispose()


def test_a_channel_that_is_registered_and_not_followed_is_asked_for_twice_and_no_more(
    at: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = stranger(at).post(WORDS)
    tried: list[str] = []

    def registered(_asked_by: Doer | None, name: str, _number: int) -> Provenance:
        tried.append(name)
        raise RegisterChangedError(taken_off=False)

    real = CaptureWish
    monkeypatch.setattr("monitor.telegram.watch.CaptureWish", lambda _allow, own, by: real(registered, own, by))
    done = capture(at, number)
    assert isinstance(done.error, UnknownItemError)
    assert (done.error.code, tried) == ("unknown_item.link_not_registered", ["kanali", "kanali"])


def test_nothing_is_captured_while_no_rule_would_destroy_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with desk(tmp_path, monkeypatch) as at:
        done = capture(at, stranger(at).post(WORDS))
        assert isinstance(done.error, AuthorityError)
        assert done.error.code == "authority.capture_not_ruled"
        home = at.home
        assert (kinds(home), open_captures(home)) == ({}, [])
        home.engine.dispose()


def hold_of(home: Home, kind: HoldKind, *items: str) -> HoldWish:
    return HoldWish(kind, home.today() + timedelta(days=9), items=items, counsel="counsel, by telephone")


def test_nothing_is_captured_while_the_settings_have_another_rule_than_was_agreed_to(
    at: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    room, other = stranger(at), "NISISAMA_RETENTION__NOTICE_DAYS"

    def told() -> tuple[str | None, list[str]]:
        done, home = capture(at, room.post(WORDS)), at.home
        try:
            return (
                None if done.error is None else done.error.code,
                [each.code for each in keep_health.retention_due(home)],
            )
        finally:
            home.engine.dispose()

    assert told() == (None, [])
    with monkeypatch.context() as changed:
        changed.setenv(other, "31")
        assert told() == ("authority.capture_rule_changed", ["retention.changed"])
        home = at.home
        with pytest.raises(AuthorityError, match="not the one that two persons agreed to"):
            run(home)
        with home.engine.begin() as connection:  # as in a home that was put together from its log
            connection.execute(sa.delete(database.task).where(database.task.c.kind == "retention_rule"))
        home.engine.dispose()
        assert told() == (None, [])
    home = at.home
    run(home)
    home.engine.dispose()
    assert told() == (None, [])
    with monkeypatch.context() as changed:
        changed.setenv(other, "31")
        assert told() == ("authority.capture_rule_changed", ["retention.changed"])
        home = at.home
        agree_to_rule(home, doer(home))
        home.engine.dispose()
        assert told() == (None, [])


def test_what_is_refused_goes_at_once_and_of_the_rest_one_person_keeps_nothing(at: Desk) -> None:
    room = stranger(at)
    refused, lapsed, frozen, agreed = (requested(capture(at, room.post(f"{WORDS} {each}"))) for each in range(4))
    home = at.home
    casework = home.keys.unlock(PASSPHRASE).casework
    (alone,), (child,), (shared,) = (items_kept(home, each) for each in (lapsed, frozen, agreed))
    freeze(home, [child], doer(home))
    confirm(home, agreed)
    ways = [(kind, item) for kind in HoldKind for item in (alone, child) if (kind, item) != (HoldKind.POLICE, child)]
    for kind, item in nonempty(ways):
        with pytest.raises(UnknownItemError) as kept:  # nor together with what somebody confirmed
            place_hold(home, hold_of(home, kind, shared, item), doer(home))
        assert kept.value.code == "unknown_item.unconfirmed"
        assert kept.value.facts["request"] in {lapsed, frozen}
    police = place_hold(home, hold_of(home, HoldKind.POLICE, child), person(home, "cat"))
    assert isinstance(police, Waiting)  # two decide on what is frozen
    confirm(home, police.request)
    hold = place_hold(home, hold_of(home, HoldKind.LEGAL, shared), doer(home))  # the control
    assert not isinstance(hold, Waiting)
    refuse(home, find_request(home, refused, casework), person(home, "bo", "not the group that was reported"))
    assert (run(home).erased, items_kept(home, refused)) == (1, ())
    with pytest.raises(AuthorityError):
        confirm(home, refused)
    at.clock.pass_by(hours=73)
    ran = run(home)
    assert (ran.erased, ran.refused) == (1, 2)
    assert {each.item_id for each in items_of(home)} == {shared}
    with reading(home.engine) as connection:
        assert set(connection.execute(sa.select(database.item.c.item_id)).scalars()) == {shared, child}
    assert run(home).erased == 0
    assert problems_of(home) == []
    home.engine.dispose()


def test_a_channel_that_is_registered_meanwhile_keeps_the_post_on_grounds_of_its_own(at: Desk) -> None:
    room = stranger(at)
    number = room.post_photo(picture(1), WORDS)
    request, home = requested(capture(at, number)), at.home
    at.register("@kanali", Mode.METADATA_ONLY)
    assert at.once().ended_by is None
    assert (kinds(home)["message"], kinds(home)["file"]) == (2, 2)
    (looked,) = capture(at, number, "ann").answer.looked
    assert (looked.request, looked.messages) == (None, 0)  # the register covers it now
    at.clock.pass_by(hours=73)
    assert run(home).erased == 2
    assert (items_kept(home, request), kinds(home)["message"], kinds(home)["file"]) == ((), 1, 1)
    assert problems_of(home) == []
    home.engine.dispose()


def test_a_running_watch_captures_it_in_the_name_of_whoever_asked(at: Desk) -> None:
    group, room = at.group(), stranger(at)
    group.post("një")
    with running(at) as home:
        until(lambda: kinds(home)["message"] == 1)
        number = room.post(WORDS)
        done = capture(at, number)
        assert (done.handed_over, done.answer.seen) == (True, Seen.THERE)
        assert requested(capture(at, number)) == requested(done)
        refused = capture(at, room.post("tjeter"), reason=None)
        assert isinstance(refused.error, AuthorityError)
        goes_on = capture_message(home, read_message_link(f"t.me/grupa/{group.post('dy')}"), doer(home), wait_s=20)
        assert (goes_on.error, goes_on.handed_over, kinds(home)["message"]) == (None, True, 3)
    said = {str(each["text"]): each["actor"] for each in observed(at, "message")}
    assert (said[WORDS], "tjeter" in said) == ("zana", False)


def test_neither_a_clock_that_runs_ahead_nor_one_that_was_set_back_changes_its_time(at: Desk) -> None:
    room = stranger(at)
    home = at.home
    first = requested(capture(at, room.post(WORDS)))
    ahead = Home.open(home.path, lambda: at.clock() + timedelta(days=30))  # stamps still tell the true time
    assert [each.code for each in keep_health.captures(ahead)] == ["captures.late"]
    ahead.engine.dispose()
    (waits,) = open_captures(home)
    with reading(home.engine) as connection:
        stamp = newest(connection)
    assert stamp is not None
    assert overdue(home, parse_time(waits.until) - timedelta(minutes=1)) == []
    assert overdue(home, parse_time(waits.until)) == [first]
    late = replace(stamp, gen_time=parse_time(waits.until) + timedelta(seconds=1))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("api.office.unconfirmed.newest", lambda _connection: late)
        with pytest.raises(AuthorityError, match="too old"):
            confirm(home, first)  # by a clock that was set back behind the newest stamp
    confirm(home, first)  # the control
    home.engine.dispose()


def overdue(home: Home, at: datetime) -> list[str]:
    with reading(home.engine) as connection:
        return [each.request for each in overdue_captures(connection, at, 0)]


# By chance


class Kill(BaseException):
    """What ends the program in the middle of its work."""


@dataclass(slots=True)
class CapturedWord:
    """What the rules say of one capture.

    Attributes:
        until: When its time is over, by the true clock.
        traces: What is of it, from when it was kept.
    """

    word: str
    request: str
    until: datetime
    traces: ErasedTraces
    confirmed: bool = False
    refused: bool = False

    def goes(self, now: datetime) -> bool:
        return not self.confirmed and (self.refused or now >= self.until)


@dataclass(slots=True)
class CaptureSchedule:
    """Captures and what becomes of them, drawn from a seed under a moving clock, against plain rules."""

    at: Desk
    room: Room
    draw: Random
    posts: list[CapturedWord] = field(default_factory=list)
    destroyed: list[CapturedWord] = field(default_factory=list)

    def step(self) -> None:
        acts = (self.capture, self.capture, self.capture, self.confirm, self.refuse, self.hold, self.wait, self.wait)
        self.draw.choice(acts)()

    def capture(self) -> None:
        word = f"kanarja{len(self.posts) + len(self.destroyed):04}x"
        number, home = self.room.post(word), self.at.home
        if not self._killed(home, lambda: capture(self.at, number)):
            home.engine.dispose()
        began = self.at.clock()
        request = requested(capture(self.at, number, "mila"))  # whoever was killed does it again; else nothing new
        home = self.at.home
        traces = canaries_of(home, items_kept(home, request), {word: word.encode()})
        until = next(parse_time(each.until) for each in open_captures(home) if each.request == request)
        assert until <= began + timedelta(hours=73)
        self.posts.append(CapturedWord(word, request, until, traces))
        home.engine.dispose()

    def confirm(self) -> None:
        post, home = self._one(), self.at.home
        if post is not None:
            open_now = not (post.confirmed or post.refused) and self.at.clock() < post.until
            killed = self._killed(home, lambda: confirm(home, post.request))
            if killed or open_now:
                with suppress(AuthorityError):
                    confirm(home, post.request)
            post.confirmed = post.confirmed or open_now
        home.engine.dispose()

    def refuse(self) -> None:
        post, home = self._one(), self.at.home
        if post is not None and not post.confirmed and not post.refused:
            casework = home.keys.unlock(PASSPHRASE).casework
            refuse(home, find_request(home, post.request, casework), person(home, "bo"))
            post.refused = True
        home.engine.dispose()

    def hold(self) -> None:
        post, home = self._one(), self.at.home
        if post is not None:
            held = False
            with suppress(UnknownItemError):
                held = bool(
                    place_hold(home, hold_of(home, HoldKind.LEGAL, *items_kept(home, post.request)), doer(home))
                )
            assert held is post.confirmed
        home.engine.dispose()

    def wait(self) -> None:
        self.at.clock.pass_by(hours=self.draw.randint(1, 40))
        home = self.at.home
        if self._killed(home, lambda: run(home)):
            home.engine.dispose()
        now = self.at.clock()
        run(home)
        gone = [each for each in self.posts if each.goes(now)]
        for each in self.posts:
            each.refused = each.refused or (not each.confirmed and now >= each.until)
        self.posts = [each for each in self.posts if each not in gone]
        self.destroyed += gone
        plain = b"".join(map(bytes, opened_rows(home)))
        assert {each.word for each in self.destroyed if each.word.encode() in plain} == set()
        assert {each.word for each in self.posts if each.word.encode() not in plain} == set()
        home.engine.dispose()
        for each in self.destroyed:
            assert each.traces.in_files(home.path, home.keys.path) == set()

    def _one(self) -> CapturedWord | None:
        return self.draw.choice(self.posts) if self.posts else None

    def _killed(self, home: Home, act: Callable[[], object]) -> bool:
        """Do something, or now and then only the beginning of it; whether it was cut off."""
        left = [self.draw.randrange(120) if self.draw.random() < 0.4 else 10**9]

        def step(*_arguments: object) -> None:
            left[0] -= 1
            if left[0] < 0:
                raise Kill

        sa.event.listen(sa.Engine, "before_cursor_execute", step)
        try:
            act()
        except (AuthorityError, UnknownItemError):
            return False
        except Kill:
            return True
        finally:
            sa.event.remove(sa.Engine, "before_cursor_execute", step)
        return False


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 12))])
def test_whatever_people_do_under_a_moving_clock_what_nobody_confirmed_goes_and_nothing_else(
    at: Desk, seed: int
) -> None:
    """Against plain rules, with kills; what goes was there before, which proves that it would have been found."""
    schedule = CaptureSchedule(at, stranger(at), Random(seed))  # noqa: S311 - as above
    for _step in range(16):
        schedule.step()
    schedule.capture()  # one at least that nobody answers
    at.clock.pass_by(hours=73)
    schedule.wait()
    home = at.home
    assert nonempty(schedule.destroyed)
    assert [each for each in problems_of(home) if each.id != "log.anchored"] == []  # the last beat may be too recent
    home.engine.dispose()
