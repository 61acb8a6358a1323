"""The watch: every channel of the register, by one account at a time, beside everything else in the same home.

One thread follows the channels step by step, new messages before old ones. Others fetch files, so that a long video
does not keep a new message waiting. When Telegram takes an account away, that is an event of its own, and the next
account continues from the same cursors.
"""

import io
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import chain, groupby
from typing import BinaryIO, TypeVar

import sqlalchemy as sa

from config import oplog
from config.errors import Explained, StoppedError
from config.link import MessageLink
from evidence.authority import Doer
from evidence.custody.sequencer import Also, Sequencer
from evidence.errors import HomeBusyError, StorageFullError, UnknownItemError
from evidence.intake.keep import Intake
from evidence.intake.sight import Provenance
from evidence.store import task
from evidence.store.database import reading
from evidence.store.marks import SeenKey
from evidence.store.projection import Placed
from evidence.times import Clock, is_due
from monitor.errors import (
    AccountError,
    AccountState,
    ChannelError,
    FloodError,
    RequestError,
    TelegramError,
    UnknownConstructorError,
    UnreachableError,
)
from monitor.telegram.account import freeze_of
from monitor.telegram.capture import (
    REFUSALS,
    Allow,
    CaptureAnswer,
    CaptureWish,
    Glance,
    Glances,
    Looked,
    answer,
    asked_for,
    capture,
    left_behind,
    who_asks,
    withdraw,
)
from monitor.telegram.comments import Comments
from monitor.telegram.fetch import IDLE_S, PART_BYTES, Download, Fetching, Refresh, taken_off
from monitor.telegram.follow import Following, Way
from monitor.telegram.lent import Lender, lending
from monitor.telegram.line import Line, Network
from monitor.telegram.pace import PATIENCE_S, Pace
from monitor.telegram.pictures import File
from monitor.telegram.resolve import Chats
from monitor.telegram.session import AccountSession, Sessions
from monitor.telegram.standing import (
    ACCOUNT,
    FREEZE,
    Freeze,
    RegisterChangedError,
    Require,
    Standing,
    WaitingFile,
    Watched,
    account_states,
    name_of_comments,
    note_clock,
    places_waiting,
    standings,
)

T = TypeVar("T")

_NEVER = datetime.max.replace(tzinfo=UTC)
CLOCKS_AGREE = timedelta(minutes=1)
"""How far our clock and Telegram's may differ."""
_BACK_OFF_S = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0)


@dataclass(frozen=True, slots=True)
class Loss:
    """An account that Telegram took away.

    Attributes:
        account: What the office calls it.
        freeze: Since when, until when, and where to appeal, if Telegram says so.
    """

    account: str
    state: AccountState
    freeze: Freeze | None


@dataclass(frozen=True, slots=True)
class Office:
    """What the watch needs from the home.

    Attributes:
        intake: Gives an intake to the thread that asks.
        register: The channels as they are in the register now.
        registered: The names of all channels that the register has now, watched here or not.
        require: Checks that the register still says the same about one of them.
        allow: Asks for the permission to keep a post of a channel that is not registered.
        own: The provenance of what is logged about a channel that is not on the register.
        seen: The collector's key, for marks.
        beat: Signs what was logged, and has it stamped when that is due.
        lost: Logs that an account was lost, together with what is to be written in the same transaction.
        clock_off: Says how far our clock is ahead of Telegram's, once that is more than a minute either way.
        refused: Says of a channel why it could not be read this time, each time.
    """

    engine: sa.Engine
    sequencer: Sequencer
    clock: Clock
    intake: Callable[[], AbstractContextManager[Intake]]
    register: Callable[[], Sequence[Watched]]
    registered: Callable[[], frozenset[str]]
    require: Require
    allow: Allow
    own: Provenance
    seen: SeenKey
    beat: Callable[[], object]
    lost: Callable[[Loss, Also], object]
    clock_off: Callable[[timedelta], object]
    refused: Callable[[str, Explained], object]


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How often things are done.

    Attributes:
        poll: Time between two looks at a channel of which Telegram pushes nothing.
        beat: Time between two signatures of what was logged.
        per_minute: How often one method may be asked; None for as often as Telegram lets us.
        counters: Time between two readings of the counters of the newest messages; zero for never.
        fetchers: How many files are fetched at the same time.
        register: Time between two looks at the register.
    """

    poll: timedelta = timedelta(seconds=60)
    beat: timedelta = timedelta(seconds=300)
    per_minute: int | None = None
    counters: timedelta = timedelta(hours=6)
    fetchers: int = 2
    register: timedelta = timedelta(seconds=60)

    @property
    def unseen_after(self) -> timedelta:
        """How long nobody may have looked before that is a hole."""
        return max(3 * self.poll, timedelta(minutes=3))


class Watch:
    """The watch of one home.

    Args:
        report: Called after each step with the channel that it was about.
        waits: Called with the reason why the watch cannot go on now, each time before it tries again.
    """

    def __init__(
        self,
        office: Office,
        sessions: Sessions,
        network: Network,
        rhythm: Rhythm,
        report: Callable[["Following"], object] = lambda _following: None,
        waits: Callable[[Explained], object] = lambda _error: None,
    ) -> None:
        self._office = office
        self._sessions = sessions
        self._network = network
        self._rhythm = rhythm
        self._report = report
        self._waits = waits
        self._clock_off_by: timedelta | None = None
        self._stopping = threading.Event()
        self._line: Line | None = None
        self._current: Way | None = None
        self._lender: Lender | None = None
        self._failure: BaseException | None = None
        self._refused: TelegramError | None = None
        self._tries = 0
        self._freeze: Freeze | None = None
        self._waiting: dict[int, list[list[WaitingFile]]] = {}
        self.followings: dict[str, Following] = {}
        self.media: Counter[int] = Counter()

    def stop(self) -> None:
        """End soon and in good order; for a signal handler."""
        self._stopping.set()
        if self._line is not None:
            self._line.stop()

    def once(self) -> None:
        """Catch up with every channel, fetch every file, and end.

        Raises:
            FloodError: Telegram asked for a pause of more than a minute; what was seen before is kept.
            AccountError: No account is left.
            UnreachableError: Telegram was not reached.
            RequestError, UnknownConstructorError: One channel could not be read; all others were.
        """
        self._with_accounts(self._catch_up, impatient=True)
        if self._refused is not None:
            raise self._refused

    def capture(self, link: MessageLink) -> CaptureAnswer:
        """Look at one message now, with the first account that no other process has, and fetch its files.

        Raises:
            AccountError: No account is left; or another process has one, and no free one is shown the channel.
            UnreachableError: Telegram was not reached.
        """
        in_use: AccountError | None = None
        unseen: CaptureAnswer | None = None
        for name in self._left():
            try:
                with self._sessions.locked(name), self._on_line(name, impatient=True, rested=False) as fetching:
                    found = self._asking_when_frozen(partial(self._captured_whole, link), fetching)
                if not isinstance(found.error, ChannelError):
                    return found
                unseen = found  # another account may see it
            except AccountError as error:
                if error.state is not None:
                    self.followings = {}  # whether another account still sees them is not known here
                    self._lose(name, error.state)
                elif error.code != "account.in_use":
                    raise
                else:
                    in_use = error
        if in_use is not None:
            raise in_use
        return unseen or self.capture(link)  # all were lost meanwhile: the next try says how

    def run(self) -> None:
        """Watch until ``stop`` is called.

        Raises:
            AccountError: No account is left.
        """
        while not self._stopping.is_set():
            try:
                self._with_accounts(self._go_on)
            except (UnreachableError, FloodError, HomeBusyError, StorageFullError) as error:
                self._back_off(error)
            except StoppedError:
                break
            except AccountError as error:
                if error.code != "account.in_use":
                    raise
                self._wait(error, _BACK_OFF_S[-1])  # another watch, `watch add` or `login --check` is using it

    def _back_off(self, error: Explained) -> None:
        """Say why the watch cannot go on, and wait before it tries again, longer each time."""
        self._wait(error, _BACK_OFF_S[min(self._tries, len(_BACK_OFF_S) - 1)])
        self._tries += 1

    def _wait(self, error: Explained, seconds: float) -> None:
        """Say why the watch cannot go on, and wait before it tries again."""
        oplog.note("watch_waits", error=type(error), code=error.code)
        self._waits(error)
        self._stopping.wait(seconds)

    # Accounts

    def _with_accounts(self, work: Callable[[Fetching], None], *, impatient: bool = False) -> None:
        while True:
            name = self._next_account()
            try:
                with self._sessions.locked(name), self._on_line(name, impatient=impatient) as fetching:
                    self._asking_when_frozen(work, fetching)
            except AccountError as error:
                if error.state is None:
                    raise
                self._lose(name, error.state)
            else:
                return

    def _next_account(self) -> str:
        """The first account that is not lost.

        Raises:
            AccountError: There is none; with the state of each.
        """
        return self._left()[0]

    def _left(self) -> list[str]:
        """The accounts that are not lost.

        Raises:
            AccountError: There is none.
        """
        names = self._sessions.names()
        if not names:
            raise AccountError("account.none_logged_in")
        states = account_states(self._office.engine)
        left = [name for name in names if states.get(name, AccountState.OK) in (AccountState.OK, AccountState.FLOOD)]
        if not left:
            raise AccountError("account.none_left", states=", ".join(f"{name}: {states[name]}" for name in names))
        return left

    def _asking_when_frozen(self, work: Callable[[Fetching], T], fetching: Fetching) -> T:
        """Do the work; if the account is frozen meanwhile, ask for the dates while there is a line."""
        self._freeze = None
        try:
            return work(fetching)
        except AccountError as error:
            if error.state is AccountState.FROZEN and self._line is not None:
                with suppress(TelegramError):  # what is known about the loss is logged all the same
                    self._freeze = freeze_of(self._line)
            raise

    def _lose(self, name: str, state: AccountState) -> None:
        now, freeze = self._office.clock(), self._freeze

        def note(connection: sa.Connection, _placed: Sequence[Placed]) -> None:
            task.note_work(connection, kind=ACCOUNT, subject=name, due_at=now, progress=state.value)
            if freeze is not None:
                task.note_work(connection, kind=FREEZE, subject=name, due_at=freeze.until, progress=freeze.text())

        self._office.lost(Loss(name, state, freeze), note)
        for following in self.followings.values():
            following.account_lost()

    @contextmanager
    def _on_line(self, name: str, *, impatient: bool, rested: bool = True) -> Iterator[Fetching]:
        """The connections of an account, and what runs on them.

        Args:
            impatient: No long pause is waited out.
            rested: Nor is anything asked for while a long pause is not over, whatever its method.

        Raises:
            FloodError: Telegram asked for a longer pause that is not over, and nobody wants to wait for it.
        """
        session = self._sessions.read(name)
        with reading(self._office.engine) as connection:
            pace = Pace.read(connection, name, self._office.clock, self._rhythm.per_minute)
        if impatient and rested and (rest := pace.longest_rest()):
            raise FloodError.of(rest[0], rest[1])
        with ExitStack() as stack:
            intake = stack.enter_context(self._office.intake())
            line = stack.enter_context(Line(self._network, session, self._sessions.save, self._office.clock, pace))
            self._line = line
            if not impatient:
                stack.enter_context(lending(self._office.sequencer, name, self._office.clock))
                self._lender = Lender(
                    self._office.engine, self._office.sequencer, self._sessions, self._office.clock, line, session
                )
            pace.keep = partial(self._keep_pace, pace)
            stack.callback(self._keep_pace, pace)
            fetching = Fetching(
                self._office.engine,
                self._office.clock,
                require=self._office.require,
                own=self._office.own,
                impatient=impatient,
            )
            fetchers = [stack.enter_context(self._office.intake()) for _each in range(self._rhythm.fetchers)]
            way = self._way(line, session, intake, fetching)
            self._current = way
            self._waiting = self._unfetched()
            self._read_register(way, fetching, {})
            stack.callback(self._join, fetching, self._start_fetching(fetching, fetchers))
            if self._stopping.is_set():
                raise StoppedError("stopped.by_hand")
            yield fetching

    def _keep_pace(self, pace: Pace) -> None:
        with suppress(HomeBusyError), self._office.sequencer.take() as connection:
            pace.write(connection)

    def _way(self, line: Line, session: AccountSession, intake: Intake, fetching: Fetching) -> Way:
        def fetch(file: File, watched: Watched, refresh: Refresh) -> AbstractContextManager[BinaryIO]:
            download = Download(
                line,
                file,
                refresh,
                lambda: fetching.require_registered(watched),
                partial(fetching.wait_out, line),
            )
            return io.BufferedReader(download, PART_BYTES)

        return Way(
            line=line,
            session=session,
            chats=Chats(session, self._sessions.save, self._office.clock, partial(self._not_met, session)),
            save=self._sessions.save,
            intake=intake,
            sequencer=self._office.sequencer,
            engine=self._office.engine,
            clock=self._office.clock,
            poll=self._rhythm.poll,
            unseen_after=self._rhythm.unseen_after,
            counters=self._rhythm.counters,
            queue=fetching.queue,
            require=self._office.require,
            seen=self._office.seen,
            fetch=fetch,
        )

    def _not_met(self, session: AccountSession) -> frozenset[int]:
        """The channels that this account may have joined and has not met, by number."""
        numbers = (each.known_number for each in self.followings.values() if each.may_be_joined)
        return frozenset(filter(None, numbers)) - session.channels.keys()

    def _read_register(self, way: Way, fetching: Fetching, before: Mapping[str, Following]) -> None:
        """Follow every channel of the register as it is there now, each from where it was left."""
        fetching.register_changed.clear()  # first: what changes while it is read is seen the next time
        register = self._office.register()
        with reading(self._office.engine) as connection:
            known = standings(connection)
        self.followings = {}
        for watched in register:
            name = watched.entry.channel
            following = before.get(name)
            if following is None:
                following = Following(way, watched.entry, watched.provenance, known.get(name, Standing()))
            for each in (following, before.get(name_of_comments(name))):
                if each is not None:
                    each.keep_as(watched.entry, watched.provenance)
                    self.followings[each.name] = each
        for following in list(self.followings.values()):
            self._follow_comments(following)
        fetching.keep_as((each.standing.channel_id, each.watched) for each in self.followings.values())
        self._leave_unregistered(way)

    def _leave_unregistered(self, way: Way) -> None:
        """Leave unfetched what an earlier run did not fetch of channels that were taken off the register.

        A channel that is now registered under another name was not taken off: no file is left unfetched while a channel
        of the register could be that one.
        """
        names = self._office.registered()
        followed = {each.known_number for each in self.followings.values()}
        if None in followed:
            return
        for number in [each for each in self._waiting if each not in followed]:
            messages = self._waiting[number]
            for place in chain.from_iterable(files for files in messages if files[0].entry not in names):
                way.intake.keep_batch([taken_off(place, self._office.clock())], self._office.own, place.forget)
            self._waiting[number] = [files for files in messages if files[0].entry in names]

    def _follow_comments(self, of: Following) -> None:
        """Follow the group in which a channel's posts are commented on, unless it has a register entry of its own.

        The group of a probe is not followed: others write there, and nobody reported it.
        """
        if of.entry.is_probe:
            return
        number, name = of.standing.linked, name_of_comments(of.name)
        mine = self.followings.get(name)
        others = [each.standing.channel_id for each in self.followings.values() if each is not mine]
        if isinstance(of, Comments) or (mine is not None and mine.standing.channel_id == number not in others):
            return
        self.followings.pop(name, None)
        if number is None or number in others:
            return
        with reading(self._office.engine) as connection:
            known = standings(connection).get(name, Standing())
        self.followings[name] = Comments(of, known if known.channel_id == number else Standing(channel_id=number))

    # Following

    def _catch_up(self, fetching: Fetching) -> None:
        for following in self._each():  # the news of all before the history of one
            following.has_news()
            while self._goes_on(following) and following.wants_news and self._step(following, fetching):
                self._heed(fetching)
        for following in self._each():
            while self._goes_on(following) and following.is_behind and self._step(following, fetching):
                self._heed(fetching)
            while self._goes_on(following) and self._resume(following, fetching):
                self._heed(fetching)
        self._fetch_all(fetching)

    def _fetch_all(self, fetching: Fetching) -> None:
        """Wait until every file is fetched.

        Raises:
            FloodError: Telegram asked for a long pause.
        """
        while fetching.count and not self._stopping.is_set():
            self._heed(fetching)
            due = fetching.next_due()
            if due is not None and due - self._office.clock() > timedelta(seconds=PATIENCE_S):
                raise FloodError.of("upload.GetFile", due)  # the next run fetches it
            self._stopping.wait(0.02)
        self._heed(fetching)

    def _each(self) -> Iterator[Following]:
        """Every channel once, also those that are added meanwhile: comments, once their channel names the group."""
        done: set[str] = set()
        while left := [each for name, each in self.followings.items() if name not in done]:
            done.add(left[0].name)
            yield left[0]

    def _goes_on(self, following: Following) -> bool:
        return not self._stopping.is_set() and self.followings.get(following.name) is following

    def _heed(self, fetching: Fetching) -> None:
        """Heed what the fetching threads say: why they ended, or that the register has changed."""
        if self._failure is not None:
            failure, self._failure = self._failure, None
            raise failure
        if aside := fetching.take_aside():
            every = chain.from_iterable(chain.from_iterable(self._waiting.values()))
            self._waiting = _by_message({*every, *aside})
        if fetching.register_changed.is_set() and self._current is not None:
            self._read_register(self._current, fetching, self.followings)

    def _go_on(self, fetching: Fetching) -> None:
        line, way = self._line, self._current
        if line is None or way is None:
            return
        self._hint(None)  # nothing was pushed before this line was there, and nothing is until somebody asks
        stamped_at = read_at = self._office.clock()
        while not self._stopping.is_set():
            self._heed(fetching)
            behind = self._look(fetching)
            now = self._office.clock()
            if is_due(stamped_at, self._rhythm.beat, now):
                self._office.beat()
                stamped_at = now
            if is_due(read_at, self._rhythm.register, now):
                self._read_register(way, fetching, self.followings)
                read_at = now
            for channel in line.news.wait(0.0 if behind else IDLE_S):
                self._hint(channel)

    def _look(self, fetching: Fetching) -> bool:
        """Ask once for each thing that is due; return whether there is more to ask at once.

        Wait if Telegram is not reached. The connections, and what was begun on them, stay: a file goes on where it was
        cut.
        """
        try:
            self._answer_others(fetching)
            behind = self._step_each(fetching) or self._resume_each(fetching)
        except UnreachableError as error:
            self._back_off(error)
            return False
        self._tries = 0
        return behind

    def _step_each(self, fetching: Fetching) -> bool:
        """Take one step for every channel that has something to ask for; return whether there is more to ask at once.

        After each step, answer what other processes ask for: nobody waits until all channels are done.

        Raises:
            UnreachableError: Telegram was not reached; if only one of its data centres is silent, after the others.
        """
        behind, silent = False, None
        for following in self._in_order():
            if following.is_behind and self._goes_on(following):
                answers = self._answers
                try:
                    with suppress(FloodError):  # this channel rests; another method may be free for the next one
                        behind = self._step(following, fetching) or behind
                except UnreachableError as error:
                    if self._answers == answers:
                        raise
                    silent = error
                self._answer_others(fetching)
        if silent is not None:
            raise silent
        return behind

    @property
    def _answers(self) -> int:
        return 0 if self._line is None else self._line.answers

    def _in_order(self) -> list[Following]:
        """What was never looked at, then what an account has joined, and then what is due soonest."""

        def turn(each: Following) -> tuple[bool, bool, datetime]:
            return each.due_at is not None, not each.standing.pushed, each.due_at or _NEVER

        return sorted(self.followings.values(), key=turn)

    def _hint(self, channel: int | None) -> None:
        for following in self.followings.values():
            if channel is None or following.standing.channel_id == channel:
                following.has_news()

    def _step(self, following: Following, fetching: Fetching) -> bool:
        try:
            more = following.step()
        except RegisterChangedError:
            fetching.register_changed.set()
            following.has_news()  # it was told, but was not kept
            return True
        except (ChannelError, RequestError, UnknownConstructorError) as error:
            self._rest(following, error)
            more = False
        self._follow_comments(following)
        self._compare_clocks()
        self._report(following)
        return more

    def _compare_clocks(self) -> None:
        """Note and say how far our clock and Telegram's are apart, if that is more than a minute; or that it is not.

        It is noted anew once it has changed by more than a minute.
        """
        ahead = None if self._line is None else self._line.ahead
        if ahead is None:
            return  # Telegram told no time yet
        off_by, before = ahead if abs(ahead) > CLOCKS_AGREE else timedelta(), self._clock_off_by
        if before is not None and bool(before) == bool(off_by) and abs(off_by - before) <= CLOCKS_AGREE:
            return
        try:
            with self._office.sequencer.take() as connection:
                note_clock(connection, self._office.clock(), off_by or None)
        except HomeBusyError:
            return  # the next step tries again
        self._clock_off_by = off_by
        if off_by:
            oplog.note("clock_off", duration_s=abs(off_by.total_seconds()))
            self._office.clock_off(off_by)

    def _rest(self, following: Following, error: TelegramError) -> None:
        """Let a channel rest while the others go on; it is said, unless the channel's standing or a pause says it."""
        oplog.note("channel_unseen", code=error.code)
        if not isinstance(error, ChannelError):
            self._refused = error
        if not isinstance(error, (ChannelError, FloodError)):
            self._office.refused(following.name, error)

    # Capturing

    def _captured_whole(self, link: MessageLink, fetching: Fetching) -> CaptureAnswer:
        found, glances = self._captured(link, fetching)
        try:
            self._fetch_all(fetching)
        except FloodError as error:
            found = replace(found, error=error)
        return replace(found, looked=[self._looked(each) for each in glances])

    def _captured(
        self, link: MessageLink, fetching: Fetching, asked_by: Doer | None = None
    ) -> tuple[CaptureAnswer, Sequence[Glance]]:
        """Look at one message; its files are fetched afterwards."""
        if self._current is None:
            raise ValueError("no account is on line")
        try:
            seen, glances, error = self._glances(link, self._current, fetching, asked_by)
            for glance in glances:
                left = self._waiting.get(glance.known_number or 0, [])
                for files in [each for each in left if each[0].message_id in glance.kept]:
                    if not all(map(fetching.has, files)):
                        glance.resume(fetching, files)
                    left.remove(files)
        except REFUSALS as refused:
            return CaptureAnswer(None, error=refused), ()
        return CaptureAnswer(seen, [self._looked(each) for each in glances], error), glances

    def _glances(self, link: MessageLink, way: Way, fetching: Fetching, asked_by: Doer | None) -> Glances:
        wish = CaptureWish(self._office.allow, self._office.own, asked_by)
        for _again in range(2):
            try:
                return capture(link, way, self.followings, wish)
            except RegisterChangedError:
                self._read_register(way, fetching, self.followings)
        # registered, and not followed by this account: asked for again and again, Telegram would make us pause
        raise UnknownItemError("unknown_item.link_not_registered", found=link.channel)

    def _looked(self, glance: Glance) -> Looked:
        with reading(self._office.engine) as connection:
            waiting = [each for each in places_waiting(connection) if each.channel_id == glance.known_number]
        return glance.looked(sum(each.message_id in glance.kept for each in waiting))

    def _answer_others(self, fetching: Fetching) -> None:
        """Answer what other processes ask for, since they cannot have the account."""
        self._answer_captures(fetching)
        if self._lender is not None:
            self._lender.answer_all()

    def _answer_captures(self, fetching: Fetching) -> None:
        """Capture what another process asks for."""
        now = self._office.clock()
        with reading(self._office.engine) as connection:
            asked, old = asked_for(connection, now), left_behind(connection, now)
        if old:
            with self._office.sequencer.take() as connection:
                for link in old:
                    withdraw(connection, link)
        for each in asked:
            try:
                asked_by = who_asks(each, self._sessions)
                found, _glances = self._captured(each.link, fetching, asked_by)
            except (AccountError, UnreachableError, StoppedError, HomeBusyError, StorageFullError):
                raise  # the watch itself cannot go on
            except Exception as error:  # noqa: BLE001 - one link that a person pasted must not end the watch
                oplog.note("capture_broke", error=type(error), place=oplog.source_place(error))
                found = CaptureAnswer(None, error=RequestError("request.unforeseen", system=type(error).__name__))
            with self._office.sequencer.take() as connection:
                answer(connection, each.link, found, self._office.clock())

    # Fetching

    def _start_fetching(self, fetching: Fetching, fetchers: Sequence[Intake]) -> Sequence[threading.Thread]:
        done = self._done = threading.Event()

        def work(intake: Intake) -> None:
            try:
                while not self._stopping.is_set() and not done.is_set():
                    fetching.fetch_next(intake, IDLE_S)
            except StoppedError:
                return
            except BaseException as error:  # noqa: BLE001 - told to the thread that follows, which raises it
                self._failure = error

        self._failure = None
        threads = [threading.Thread(target=work, args=(each,), name="fetch", daemon=True) for each in fetchers]
        for thread in threads:
            thread.start()
        return threads

    def _join(self, fetching: Fetching, threads: Sequence[threading.Thread]) -> None:
        self._done.set()
        fetching.wake()
        if self._line is not None:
            self._line.stop()
        for thread in threads:
            thread.join()  # its pending objects are closed next, and nothing may use them then
        self.media += fetching.kept

    def _unfetched(self) -> dict[int, list[list[WaitingFile]]]:
        """The files that an earlier run did not fetch: those of each message, by channel, the newest last."""
        with reading(self._office.engine) as connection:
            return _by_message(places_waiting(connection))

    def _resume_each(self, fetching: Fetching) -> bool:
        """Take up the files of one message of each channel that has nothing newer to ask for."""
        idle = [each for each in self.followings.values() if not each.is_behind]
        return any(self._resume(each, fetching) for each in idle)

    def _resume(self, following: Following, fetching: Fetching) -> bool:
        """Take up the files of the newest message that waits; return whether there was one.

        They wait while the channel is not seen, or rests. A message that cannot be read waits for the next run.
        """
        left = self._waiting.get(following.standing.channel_id or 0)
        if not left or not following.may_be_asked:
            return False
        with reading(self._office.engine) as connection:  # a capture, or a round through the posts, may have had them
            files = [each for each in left[-1] if each.waits(connection) and not fetching.has(each)]
        try:
            if files:
                following.resume(fetching, files)
        except (ChannelError, FloodError) as error:
            self._rest(following, error)
            return False
        except (RequestError, UnknownConstructorError) as error:
            self._rest(following, error)
        left.pop()
        return True


def _by_message(places: Iterable[WaitingFile]) -> dict[int, list[list[WaitingFile]]]:
    """Those of each message, by channel, the newest last."""
    by_channel: dict[int, list[list[WaitingFile]]] = {}
    in_order = sorted(places, key=lambda each: (each.channel_id, each.message_id, each.position))
    for (channel_id, _number), of_message in groupby(in_order, lambda each: (each.channel_id, each.message_id)):
        by_channel.setdefault(channel_id, []).append(list(of_message))
    return by_channel
