"""Follows one channel: our own cursor over ``updates.getChannelDifference``, and history where that leaves holes.

Each step asks Telegram once, keeps what the reply says, and moves the cursor in the same transaction. In this order:

1. a channel that was never seen is recorded whole (title, names, administrators), and its cursor is set;
2. the difference since the cursor, until Telegram says that there is no more;
3. message numbers that were not looked at, newest first: after a difference that was too long, and the older history;
4. known messages again, if a difference was too long to name their edits and deletions;
5. messages whose files a lower mode left unread, once after the register allows more.

"Not there" has four kinds, which are never mixed: a deletion that Telegram told us (``deletion``, action ``told``); a
message that is missing when it is asked for again (``deletion``, action ``missing``); one that was never seen (a hole,
``gap``); and one that is kept from us (a hole, ``hidden_history``, and those of ``monitor.telegram.content``).
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, BinaryIO

import sqlalchemy as sa
from telethon.tl import TLRequest, functions, types
from telethon.tl.alltlobjects import LAYER

from config.watchlist import WatchEntry
from evidence.authority import Doer
from evidence.canonical import Value
from evidence.custody.sequencer import Sequencer
from evidence.intake.keep import Intake
from evidence.intake.sight import Provenance, marks_unread
from evidence.observation import Gone, Hole, HoleReason, Kind, Mode, Observation, Reply
from evidence.spans import absent, highest_gap, with_span
from evidence.store.database import reading
from evidence.store.marks import SeenKey
from evidence.store.projection import Placed
from evidence.store.upgrade import was_left
from evidence.times import Clock, format_time, is_due, uptime_s
from monitor.errors import ChannelError, ChannelState, FloodError, RequestError, UnknownConstructorError
from monitor.telegram.allowed import method_of
from monitor.telegram.anew import CommentedPost, refreshed, refreshed_through, whole_of
from monitor.telegram.content import contents_of
from monitor.telegram.counters import (
    CountedBlock,
    blocks_between,
    counts_of,
    numbers_in,
    read_marks,
    span_due,
    write_marks,
)
from monitor.telegram.fetch import Fetching, Job, Refresh
from monitor.telegram.line import Line
from monitor.telegram.peers import Peers
from monitor.telegram.pictures import File
from monitor.telegram.reply import AnsweredRequest, Body, Received, first_number, messages_before, read_reply
from monitor.telegram.resolve import Chats
from monitor.telegram.session import AccountSession
from monitor.telegram.snapshot import Beside, beside_snapshot, snapshot_of
from monitor.telegram.standing import (
    Require,
    Standing,
    WaitingFile,
    Watched,
    cursor,
    file_place,
    known_below,
    left_below,
    move_cursor,
    write_standing,
)

LAYER_TYPE = "application/vnd.telegram.tl"
PAGE = 100
"""The most that Telegram gives at once of a history, of messages by number, and of a difference."""
TOPIC_PAGES = 10
"""How many pages of a forum's topics are read for one snapshot."""
SNAPSHOT_EVERY = timedelta(hours=6)
_LAST_NUMBER = 2**31 - 1
"""The highest number that a message can have: Telegram gives it 32 bits, with a sign."""
_OF_THE_CHANNEL = (
    types.MessageActionChatEditTitle,
    types.MessageActionChatEditPhoto,
    types.MessageActionChatDeletePhoto,
    types.MessageActionTopicCreate,
    types.MessageActionTopicEdit,
)
"""What service messages say about the channel itself: a reason to look at it, since they do not say all of it."""
_NO_SUCH_CURSOR = ("PERSISTENT_TIMESTAMP_INVALID", "PERSISTENT_TIMESTAMP_EMPTY")
"""Refusals of a difference that last for as long as the cursor stays what it is."""
_UNSEEN = {
    ChannelState.PRIVATE: HoleReason.BAN,
    ChannelState.GONE: HoleReason.CHANNEL_GONE,
    ChannelState.FLOOD: HoleReason.FLOOD,
}

Fetch = Callable[[File], AbstractContextManager[BinaryIO]]


@dataclass(frozen=True, slots=True)
class Counted:
    """What one step kept.

    Attributes:
        deletions: Deletions logged, however they became known; a message that was missing and is reported later is two.
        missing: Those of them that Telegram did not report: the message was not there when asked for again.
    """

    messages: int = 0
    edits: int = 0
    deletions: int = 0
    missing: int = 0
    gaps: int = 0


@dataclass(frozen=True, slots=True)
class Way:
    """How a channel is reached and kept; what its followers share.

    Attributes:
        chats: In which channels are found that the account has joined.
        poll: How long after a look the next one is due.
        unseen_after: How long nobody may have looked before that is a hole.
        counters: How long after a reading of the counters the next one is due; zero for never.
        queue: Takes the files that are to be fetched.
        require: Checks that the register still says about a channel what it said.
        seen: The collector's key, for marks.
    """

    line: Line
    session: AccountSession
    chats: Chats
    save: Callable[[AccountSession], None]
    intake: Intake
    sequencer: Sequencer
    engine: sa.Engine
    clock: Clock
    poll: timedelta
    unseen_after: timedelta
    counters: timedelta
    queue: Callable[[Job], object]
    require: Require
    seen: SeenKey
    fetch: Callable[[File, Watched, Refresh], AbstractContextManager[BinaryIO]]


class Following:
    """One channel of the register.

    Args:
        provenance: Who watches, how much is kept, and on what basis.
        standing: As it was left.
    """

    def __init__(self, way: Way, entry: WatchEntry, provenance: Provenance, standing: Standing) -> None:
        self._way = way
        self.entry = entry
        self._provenance = provenance
        self.standing = standing
        self._shown: tuple[object, ...] | None = None
        self._more = False
        self._tried_at: datetime | None = None
        self._rests_until: datetime | None = None
        self._history_rests_until: datetime | None = None
        self._seen_up_s = 0.0
        self._blocks: list[int] = []
        self._counted: dict[str, Any] = {}
        self._through: CommentedPost | None = None
        self._takes_up_what_was_left = False
        self._asked_by: Doer | None = None
        self.counts = Counted()

    @property
    def name(self) -> str:
        """The name under which its standing is kept and shown."""
        return self.entry.channel

    @property
    def watched(self) -> Watched:
        """What the register says about it."""
        return Watched(self.entry, self._provenance)

    @property
    def way(self) -> Way:
        """How it is reached and kept."""
        return self._way

    @property
    def known_number(self) -> int | None:
        """The channel's number, if it was found, or the register has it."""
        return self.standing.channel_id or _number(self.entry.known_id)

    @property
    def may_be_joined(self) -> bool:
        """Whether it may be found among the joined channels: it is registered by invitation, or had a public name.

        Of a group that is registered as public by its number alone, the register does not say who joined it.
        """
        return self.entry.access == "invite" or self.entry.number is None

    def input_channel(self) -> Any:  # noqa: ANN401 - an object of the schema, or None
        """The channel as requests name it; None if this account has not been shown it yet."""
        known = self.standing.channel_id
        return None if known is None or known not in self._way.session.channels else self._input()

    # What comes first

    def step(self) -> bool:
        """Ask once and keep the answer; return whether there is more to ask at once.

        Raises:
            TelegramError: Telegram does not answer, or asks for a pause, or the account is lost.
            ChannelError: The channel cannot be seen; that is on record.
        """
        try:
            return self._step()
        except (ChannelError, FloodError) as error:
            self._heed(error)
            raise
        except (RequestError, UnknownConstructorError) as error:
            self._more = False
            self._rests_until = self._way.clock() + self._way.poll
            refused = str(error.facts.get("system") or error.code)
            if refused != self.standing.refused:
                self._keep_standing(replace(self.standing, refused=refused))
            raise

    def _heed(self, error: ChannelError | FloodError) -> None:
        """Record that the channel is not seen, or let it rest as long as Telegram asks."""
        if isinstance(error, ChannelError):
            self._more, self._tried_at = False, self._way.clock()
            self._rests_until = self._tried_at + self._way.poll
            self._unseen(error.state)
            return
        # while the history rests, the difference may still be asked for, if there is a cursor
        if error.facts.get("method") == "updates.GetChannelDifference" or self.standing.looked_at is None:
            self._rests_until = error.until
            self._pause()
        self._history_rests_until = error.until

    def _step(self) -> bool:
        standing = self.standing
        if standing.channel_id is None or standing.channel_id not in self._way.session.channels:
            self.find()
            return True
        if not self._cursor():
            self._begin()
            return True
        if self._is_due():
            self._difference()
            return True
        if gap := highest_gap(standing.spans, standing.top):
            self._fill(*gap)
            return True
        if standing.recheck or standing.read_back:
            self._recheck() if standing.recheck else self._read_back()
            return True
        if self._snapshot_is_due():
            self._snapshot()
        return self._read_counters()

    def keep_as(self, entry: WatchEntry, provenance: Provenance) -> None:
        """Continue as the register says now."""
        self.entry, self._provenance = entry, provenance

    @property
    def wants_news(self) -> bool:
        """Whether to ask what is new, before anything of its history."""
        known = self.standing.channel_id is not None and self.standing.channel_id in self._way.session.channels
        return not known or not self._cursor() or self._is_due()

    def has_news(self) -> None:
        """Take a hint from Telegram that there is news: look at once."""
        self._more = True

    @property
    def cursor(self) -> int:
        """Telegram's ``pts`` up to which everything is kept; 0 before the first look."""
        return 0 if self.standing.channel_id is None else self._cursor()

    @property
    def is_behind(self) -> bool:
        """Whether there is something to ask for now; not while the channel rests."""
        standing = self.standing
        if self._rests_until is not None and self._way.clock() < self._rests_until:
            return False
        if self._is_due() or standing.state is not ChannelState.OK:
            return self._is_due()
        if self._history_rests_until is not None and self._way.clock() < self._history_rests_until:
            return False
        again = bool(standing.recheck or standing.read_back)
        history = again or highest_gap(standing.spans, standing.top) is not None
        return history or self._snapshot_is_due() or self._counters_are_due()

    @property
    def may_be_asked(self) -> bool:
        """Whether its messages may be asked for by number: it is seen, and its history does not rest."""
        rests_until = self._history_rests_until
        seen = self.standing.state in (ChannelState.OK, ChannelState.FLOOD)
        return seen and (rests_until is None or self._way.clock() >= rests_until)

    @property
    def due_at(self) -> datetime | None:
        """When the next look is due; None for now. A failed look counts too: no channel is asked without a pause."""
        last = max(filter(None, (self.standing.looked_at, self._tried_at)), default=None)
        return None if last is None else last + self._way.poll

    def _is_due(self) -> bool:
        now, due_at = self._way.clock(), self.due_at
        return self._more or due_at is None or is_due(due_at - self._way.poll, self._way.poll, now)

    def _snapshot_is_due(self) -> bool:
        at = self.standing.snapshot_at
        return at is None or is_due(at, SNAPSHOT_EVERY, self._way.clock())

    # Finding it

    def find(self) -> None:
        """Find the channel for this account: by its name, or by its number if the account has met or joined it.

        Raises:
            ChannelError: Telegram does not show it.
            RequestError, UnknownConstructorError: The account's list of chats could not be read; it may be there.
        """
        known = self.known_number
        if known is not None and known in self._way.session.channels:
            self._keep_standing(replace(self.standing, channel_id=known))
            return
        try:
            channel = self._resolved(known)
        except ChannelError:
            self._look_among_joined(known)
            if known is None or known not in self._way.session.channels:
                raise
            self._keep_standing(replace(self.standing, channel_id=known))
            return
        self._way.session.meet(channel)
        self._way.save(self._way.session)
        self._keep_standing(replace(self.standing, channel_id=channel.id, pushed=not channel.left))

    def _resolved(self, known: int | None) -> Any:  # noqa: ANN401 - an object of the schema
        """The channel that has the registered name.

        Raises:
            ChannelError: None has it, or another one than before.
        """
        if self.entry.number is not None:
            raise ChannelError.unseen(ChannelState.PRIVATE, "NO_ACCESS_HASH")
        said = self._ask(functions.contacts.ResolveUsernameRequest(self.entry.channel)).said
        channel = next((chat for chat in said.chats if isinstance(chat, types.Channel)), None)
        if channel is None or not isinstance(said.peer, types.PeerChannel):
            raise ChannelError.unseen(ChannelState.GONE, "NOT_A_CHANNEL")
        if known is not None and channel.id != known:
            # its name now belongs to another channel, which was not reported
            raise ChannelError.unseen(ChannelState.GONE, "USERNAME_TAKEN_OVER")
        return channel

    def _look_among_joined(self, number: int | None) -> None:
        """Look for the channel among those that this account has joined, if it may be one of them."""
        if number is not None and self.may_be_joined:
            self._way.chats.look_for(self._ask, number)

    def _begin(self) -> None:
        """Record the channel whole, and set the cursor before any of its history is read."""
        answer, contents, full = self._look_at_channel()
        standing = self._seen(replace(self.standing, top=self._newest(), snapshot_at=self._way.clock()))
        self._take(answer, [*self._since_last_look(), *contents], standing, full.pts)

    def _look_at_channel(self) -> tuple[Received, list[Observation | Hole], Any]:
        answer = self._ask(functions.channels.GetFullChannelRequest(self._input()))
        asked = self._beside(answer.said)
        peers = Peers.of(answer.said.users, answer.said.chats)
        channel_id = self._channel_id
        observation = snapshot_of(
            answer.said, asked, peers, raw=answer.body, raw_type=LAYER_TYPE, channel_id=channel_id
        )
        beside = beside_snapshot(
            answer.said,
            asked,
            peers,
            channel_id=channel_id,
            seen_at=self._way.clock(),
            fetch=self._fetch_with(self._refresh()),
        )
        self.standing = replace(self.standing, linked=_discussion_of(answer.said))
        self._look_at_chat(answer.said.chats)
        full = answer.said.full_chat
        hidden = self._hidden_hole(int(full.available_min_id or 0))
        return answer, [self._acquired(observation, answer.by), *beside, *hidden], full

    def _beside(self, full: Any) -> Beside:  # noqa: ANN401 - messages.ChatFull
        itself = next((chat for chat in full.chats if chat.id == full.full_chat.id), None)
        topics, left, peers = self._topics() if getattr(itself, "forum", False) else ([], False, Peers())
        admins = self._administrators(full)
        named = Peers.of(getattr(admins, "users", ()), getattr(admins, "chats", ()))
        return Beside(admins, topics, left, peers | named)

    def _topics(self) -> tuple[list[Any], bool, Peers]:
        """The topics of a forum, newest first; whether there are more; and whom they name."""
        found: dict[int, Any] = {}
        peers = Peers()
        peer = types.InputPeerChannel(self._number, self._access_hash)
        for _page in range(TOPIC_PAGES):
            below = min(found, default=0)
            try:
                said = self._ask(functions.messages.GetForumTopicsRequest(peer, None, below, below, PAGE)).said
            except (RequestError, ChannelError, UnknownConstructorError):
                return list(found.values()), True, peers
            peers |= Peers.of(said.users, said.chats)
            new = {topic.id: topic for topic in said.topics if topic.id not in found}
            found |= new
            if len(said.topics) < PAGE or not new:
                return list(found.values()), False, peers
        return list(found.values()), True, peers

    def _administrators(self, full: Any) -> Any:  # noqa: ANN401 - objects of the schema
        """The administrators, if they can be seen; None if Telegram does not show them."""
        channel = next((chat for chat in full.chats if chat.id == full.full_chat.id), None)
        if channel is None or channel.broadcast:
            return None
        asked = functions.channels.GetParticipantsRequest(self._input(), types.ChannelParticipantsAdmins(), 0, 200, 0)
        try:
            return self._ask(asked).said
        except (RequestError, ChannelError):
            return None

    def _snapshot(self) -> None:
        answer, contents, _full = self._look_at_channel()
        self._take(answer, contents, replace(self.standing, snapshot_at=self._way.clock()), None)

    # Looking

    def _difference(self) -> None:
        pts = self._cursor()
        asked = functions.updates.GetChannelDifferenceRequest(
            self._input(), types.ChannelMessagesFilterEmpty(), pts, PAGE, force=False
        )
        try:
            answer = self._asked_twice(asked)
        except UnknownConstructorError:
            self._read_again(pts)
            return
        except RequestError as error:
            if error.name not in _NO_SUCH_CURSOR or self._pts_told() == pts:
                raise  # the same cursor would be refused again
            self._read_again(0)
            return
        said = answer.said
        self._more = not (said.final or isinstance(said, types.updates.ChannelDifferenceTooLong))
        if isinstance(said, types.updates.ChannelDifferenceEmpty):
            self._take(answer, self._since_last_look(), self._seen(self.standing), said.pts)
        elif isinstance(said, types.updates.ChannelDifferenceTooLong):
            self._begin_again(
                answer, int(said.dialog.pts), int(said.dialog.top_message), HoleReason.DIFFERENCE_TOO_LONG
            )
        else:
            self._changed(answer)

    def _asked_twice(self, request: TLRequest) -> Received:
        """The answer, asked for once more if it cannot be read: garbage comes once, a constructor again and again."""
        try:
            return self._ask(request)
        except UnknownConstructorError:
            return self._ask(request)

    def _changed(self, answer: Received) -> None:
        said, standing = answer.said, self.standing
        peers = Peers.of(said.users, said.chats)
        contents: list[Observation | Hole] = [*self._since_last_look()]
        numbers = [message.id for message in said.new_messages]
        gone = [number for update in said.other_updates for number in _deleted(update)]
        for message in said.new_messages:
            contents += self._contents(answer, message, peers)
        for update in said.other_updates:
            contents += self._update(answer, update, peers)
        top = max([standing.top, *numbers, *gone])  # also one that was posted and deleted between two looks
        contents += self._holes(numbers, standing.top + 1, top)
        spans = with_span(standing.spans, standing.top + 1, top)
        self._look_at_chat(said.chats)
        if any(isinstance(getattr(message, "action", None), _OF_THE_CHANNEL) for message in said.new_messages):
            self.standing = replace(self.standing, snapshot_at=None)
        self._take(answer, contents, self._seen(replace(self.standing, top=top, spans=spans)), said.pts)

    def _update(self, answer: Received, update: Any, peers: Peers) -> list[Observation | Hole]:  # noqa: ANN401 - an update
        if isinstance(update, (types.UpdateEditChannelMessage, types.UpdateNewChannelMessage)):
            return self._contents(answer, update.message, peers)
        if numbers := _deleted(update):
            return [self._deletion(number, Gone.TOLD, answer.by) for number in numbers]
        if isinstance(update, (types.UpdateChannel, types.UpdateChannelAvailableMessages)):
            self.standing = replace(self.standing, snapshot_at=None)
        return []

    def _begin_again(self, answer: Received | None, pts: int, top: int, why: HoleReason) -> None:
        """Without a list of changes, read the numbers above the old top, and ask for every known message again."""
        now, standing = self._way.clock(), self.standing
        since = standing.looked_at or now
        hole = Hole(self._channel_id, why, since, until=now)
        top = max(top, standing.top)
        standing = self._seen(replace(standing, top=top, recheck=top + 1, snapshot_at=None))
        self._take(answer, [*self._since_last_look(), hole], standing, pts)

    def _read_again(self, pts: int) -> None:
        """Replace a difference that cannot be had: read its messages by page and, if need be, one by one.

        Args:
            pts: Below which the new cursor may not be; 0 if Telegram knows no such cursor.
        """
        told = self._pts_told()
        self._more = False
        self._begin_again(None, max(told, pts), self._newest(), HoleReason.DIFFERENCE_UNREAD)

    def _pts_told(self) -> int:
        """The cursor of now, as Telegram tells it beside the channel."""
        return int(self._ask(functions.channels.GetFullChannelRequest(self._input())).said.full_chat.pts)

    def _newest(self) -> int:
        """The highest number that a message is known to have had, the newest's or one before; 0 for none.

        Raises:
            UnknownConstructorError: It cannot be found out. No number is made up: it would count as looked at.
        """
        known = self.standing.top
        try:
            return max(self._newest_above(0), known)
        except UnknownConstructorError:
            number = self._newest_by_halves()
            if number > known and not self._lies_above(number - 1):
                raise  # some answer was garbage, or the message has just been deleted
            return number

    def _newest_above(self, low: int) -> int:
        """The number of the newest message, if it is above this one; else 0.

        Raises:
            UnknownConstructorError: It is above this one, and cannot be read.
        """
        request = self._history(0, 1, min_id=low)
        body = self._ask_raw(request)
        try:
            return max((int(each.id) for each in read_reply(request, body).said.messages), default=0)
        except UnknownConstructorError:
            number = first_number(request, body)
            if number is None:
                raise
            return number

    def _newest_by_halves(self) -> int:
        """The number of a newest message that cannot be read: Telegram says of each number whether one is above it.

        Numbers below it may be gone, so the ones that can be read say nothing of it.

        Raises:
            UnknownConstructorError: Not even an answer without a message can be read.
        """
        self._newest_above(_LAST_NUMBER)
        low, high, reach = self.standing.top - 1, _LAST_NUMBER, 1  # it is above ``low``, and not above ``high``
        while high - low > 1:
            middle = min(low + reach, (low + high) // 2)
            if self._lies_above(middle):
                low, reach = middle, reach * 2
            else:
                high = middle
        return high

    def _lies_above(self, low: int) -> bool:
        """Whether the newest message is above this number; asked twice before what cannot be read is called one."""
        for _time in range(2):
            with suppress(UnknownConstructorError):
                return self._newest_above(low) > 0
        return True

    def _fill(self, lo: int, hi: int) -> None:
        """Read the newest part of a span that nobody has looked at."""
        try:
            answer = self._ask(self._history(hi + 1, PAGE, min_id=lo - 1))
        except UnknownConstructorError:
            self._one_by_one(lo, hi)
            return
        said = answer.said
        peers = Peers.of(said.users, said.chats)
        messages = [message for message in said.messages if lo <= message.id <= hi]
        numbers = [message.id for message in messages if not isinstance(message, types.MessageEmpty)]
        first = min(numbers, default=lo)
        contents: list[Observation | Hole] = []
        for message in messages:
            contents += self._contents(answer, message, peers)
        contents += self._holes(numbers, first, hi)
        standing = replace(self.standing, spans=with_span(self.standing.spans, first, hi))
        self._take(answer, contents, standing, None)

    def _one_by_one(self, lo: int, hi: int) -> None:
        """Ask for the newest numbers of a span one at a time: what cannot be read then spoils no other message."""
        first = max(lo, hi - PAGE + 1)
        for number in range(hi, first - 1, -1):
            standing = replace(self.standing, spans=with_span(self.standing.spans, number, number))
            answer, contents = self._alone(number)
            self._take(answer, contents or self._holes((), number, number), standing, None)

    def _alone(self, number: int) -> tuple[Received, list[Observation | Hole]]:
        """What one number holds, read as far as it can be; nothing if no message is there."""
        request = self._by_number([number])
        body = self._ask_raw(request)
        if not _can_be_read(request, body):  # once more: the answer alone may have been garbage
            body = self._ask_raw(request)
        try:
            answer = read_reply(request, body)
        except UnknownConstructorError as error:
            answer = messages_before(request, body)
            message = next((each for each in answer.said if each.id == number), None)
            if message is None:
                return answer, self._unreadable(number, answer, error)
            return answer, self._without_accounts(answer, message, error)
        peers = Peers.of(answer.said.users, answer.said.chats)
        return answer, [each for message in answer.said.messages for each in self._contents(answer, message, peers)]

    def _without_accounts(
        self,
        answer: Received,
        message: Any,  # noqa: ANN401 - a message
        error: UnknownConstructorError,
    ) -> list[Observation | Hole]:
        """A message that can be read, although what the reply says about accounts and chats cannot."""
        if isinstance(message, types.MessageEmpty):
            return []
        what = f"beside the message: {named_in(error)}"
        hole = Hole(self._channel_id, HoleReason.UNSUPPORTED, self._way.clock(), message.id, message.id, what)
        return [*self._contents(answer, message, Peers.of([], [])), hole]

    def _unreadable(self, number: int, answer: Received, error: UnknownConstructorError) -> list[Observation | Hole]:
        """A message that this program cannot read, kept as it was received, and the hole that says so."""
        now = self._way.clock()
        whole = Observation(
            Kind.MESSAGE,
            self._channel_id,
            number,
            None,
            {"unknown_sha256": None},
            raw=answer.body,
            raw_type=LAYER_TYPE,
            unsupported=True,
            pictured=True,
        )
        return [
            self._acquired(whole, answer.by),
            Hole(self._channel_id, HoleReason.UNSUPPORTED, now, number, number, named_in(error)),
        ]

    def _recheck(self) -> None:
        """Ask for known messages again: one that is missing is gone, and one with other words was edited."""
        with reading(self._way.engine) as connection:
            numbers = known_below(connection, self._number, self.standing.recheck, PAGE)
        if not numbers:
            self._keep_standing(replace(self.standing, recheck=0))
            return
        for answer, contents, done in self._asked_again(numbers):
            self._take(answer, contents, replace(self.standing, recheck=min(done)), None)

    def _read_back(self) -> None:
        """Ask again for messages whose files a lower mode left, and have these fetched now."""
        below, mode = self.standing.read_back, self._provenance.mode
        with reading(self._way.engine) as connection:
            numbers = left_below(connection, self._number, below, mode, PAGE)
        if not numbers:
            self._keep_standing(replace(self.standing, read_back=0))
            return
        self._takes_up_what_was_left = True
        try:
            for answer, contents, done in self._asked_again(numbers):
                self._take(answer, contents, replace(self.standing, read_back=min(done)), None)
        finally:
            self._takes_up_what_was_left = False

    def _asked_again(
        self, numbers: Sequence[int]
    ) -> Iterator[tuple[Received, list[Observation | Hole], Sequence[int]]]:
        """Known messages as they are now, with their numbers; a half at a time where an answer cannot be read."""
        try:
            answer = self._ask(self._by_number(numbers))
        except UnknownConstructorError:
            half = len(numbers) // 2
            if half:
                yield from self._asked_again(numbers[:half])
                yield from self._asked_again(numbers[half:])
            else:
                answer, contents = self._alone(numbers[0])
                yield answer, contents or self._missing(numbers, answer.by), numbers
            return
        yield answer, self._again(answer, numbers), numbers

    def _again(self, answer: Received, numbers: Sequence[int]) -> list[Observation | Hole]:
        """What known messages say now, and a deletion for each one that is said to be missing."""
        said = answer.said
        peers = Peers.of(said.users, said.chats)
        contents: list[Observation | Hole] = []
        found = {message.id for message in said.messages if not isinstance(message, types.MessageEmpty)}
        for message in said.messages:
            if message.id in found:
                contents += self._contents(answer, message, peers)
        empty = [message.id for message in said.messages if isinstance(message, types.MessageEmpty)]
        return contents + self._missing([number for number in numbers if number in empty], answer.by)

    def _missing(self, numbers: Sequence[int], by: AnsweredRequest) -> list[Observation | Hole]:
        """A deletion for each, but not of what the group hides from this account: that may still be there."""
        if not numbers:
            return []
        hidden = self._hidden()
        gone = [self._deletion(number, Gone.MISSING, by) for number in numbers if number > hidden]
        return [*gone, *(self._hidden_hole(hidden) if len(gone) < len(numbers) else ())]

    def _hidden(self) -> int:
        """The highest number that the group now hides from this account; 0 for none."""
        full = self._ask(functions.channels.GetFullChannelRequest(self._input())).said.full_chat
        return int(full.available_min_id or 0)

    def _hidden_hole(self, hidden: int) -> list[Hole]:
        """The hole of all that the group hides from this account."""
        return [Hole(self._channel_id, HoleReason.HIDDEN, self._way.clock(), 1, hidden)] if hidden else []

    # Counters

    def _counters_are_due(self) -> bool:
        never_read = bool(self._way.counters) and self.standing.counted_at is None
        return bool(self._blocks) or never_read or self._span_due(self._way.clock()) is not None

    def _span_due(self, now: datetime) -> tuple[datetime, datetime] | None:
        standing, every = self.standing, self._way.counters
        return span_due(now, counted_at=standing.counted_at, aged_at=standing.aged_at, every=every)

    def _read_counters(self) -> bool:
        """Read the counters of the next block of messages again; return whether any were due."""
        if not self._blocks:
            self._plan_counters()
        if not self._blocks:
            return False
        self._read_block(self._blocks[0])
        return True

    def _plan_counters(self) -> None:
        """Find out which blocks have counters that are due."""
        now, standing = self._way.clock(), self.standing
        span = self._span_due(now)  # with one ``now``: its end shows whether the whole window is read
        if span is not None:
            whole = span[1] == now
            self._counted = {"counted_at": now if whole else standing.counted_at, "aged_at": now}
            with reading(self._way.engine) as connection:
                self._blocks = blocks_between(connection, self._number, *span)
        elif standing.counted_at is None and self._way.counters:
            self._counted = {"counted_at": now}  # the messages have just brought their counters
        else:
            return
        if not self._blocks:
            self._keep_standing(replace(standing, **self._counted))

    def _read_block(self, block: int) -> None:
        left = self._blocks[1:]
        done = self.standing if left else replace(self.standing, **self._counted)
        with reading(self._way.engine) as connection:
            numbers, before = numbers_in(connection, self._number, block), read_marks(connection, self._number, block)
        marks: dict[str, str] = {}
        for answer, contents, some in self._asked_again(numbers) if numbers else ():
            is_last = some[-1] == numbers[-1]
            counts = counts_of(_messages(contents), before, self._way.clock(), self._way.seen)
            marks |= counts.marks
            kept = marks if is_last else {**before, **marks}
            self._keep_counters(answer, contents, counts, (block, kept), done if is_last else self.standing)
        if not numbers:
            self._keep_standing(done)
        self._blocks = left

    def _keep_counters(
        self,
        answer: Received,
        contents: Sequence[Observation | Hole],
        counts: CountedBlock,
        marks: tuple[int, Mapping[str, str]],
        standing: Standing,
    ) -> None:
        """Keep what messages of a block count now, and whatever else about them has changed.

        Args:
            marks: The block, and the marks that are kept of it.
        """
        snapshot, now = counts.observation(self._channel_id), self._way.clock()
        counted = [] if snapshot is None else [self._acquired(snapshot, answer.by)]

        def also(connection: sa.Connection) -> None:
            write_marks(connection, self._number, *marks, now)

        self._take(answer, [*contents, *counted], standing, None, also)

    # What a reply says

    def _contents(self, answer: Received, message: Any, peers: Peers) -> list[Observation | Hole]:  # noqa: ANN401 - a message
        if isinstance(message, types.MessageEmpty):
            return []
        whole = whole_of(self._ask, self._input(), message)
        if whole is None:
            offset, raw = answer.raw(message)
            return self._read(answer, message, raw, peers, offset)
        answer, message = whole
        _offset, raw = answer.raw(message)
        return self._read(answer, message, raw, peers | Peers.of(answer.said.users, answer.said.chats), None)

    def _read(
        self,
        answer: Received,
        message: Any,  # noqa: ANN401 - a message
        raw: bytes,
        peers: Peers,
        offset: int | None,
    ) -> list[Observation | Hole]:
        """What a message says; without an offset, its bytes are from another reply than those around it."""
        contents = contents_of(
            message,
            peers,
            raw=raw,
            raw_type=LAYER_TYPE,
            channel_id=self._channel_id,
            seen_at=self._way.clock(),
            fetch=self._fetch_with(self._refresh()),
            self_destructing=False,
        )
        return [
            self._acquired(replace(each, offset=offset) if each.raw is not None else each, answer.by)
            if isinstance(each, Observation)
            else each
            for each in contents
        ]

    def _fetch_with(self, refresh: Refresh) -> Fetch:
        return lambda file: self._way.fetch(file, self.watched, refresh)

    def _refresh(self) -> Refresh:
        """How a file in what is read now gets a fresh reference."""
        post = self._through
        if post is not None:
            return lambda stale: refreshed_through(self._ask, post, stale)
        return lambda stale: refreshed(self._ask, self._input(), stale)

    @contextmanager
    def _had_through(self, post: CommentedPost) -> Iterator[None]:
        """What is kept meanwhile came through a post: the group itself may not be asked for it again."""
        self._through = post
        try:
            yield
        finally:
            self._through = None

    def _acquired(self, observation: Observation, by: AnsweredRequest) -> Observation:
        """The observation, with the account and the request by which it came, and the time by two clocks."""
        told: dict[str, Value] = {} if by.told_at is None else {"telegram_at": format_time(by.told_at)}
        acquisition: Value = {
            "account": self._way.session.name,
            "layer": str(LAYER),
            "request": by.method,
            "received_at": format_time(self._way.clock()),
            **told,
        }
        return replace(observation, fields={**observation.fields, "acquisition": acquisition})

    def _deletion(self, number: int, how: Gone, by: AnsweredRequest) -> Observation:
        gone = Observation(Kind.DELETION, self._channel_id, number, None, {"action": how.value})
        return self._acquired(gone, by)

    def _holes(self, numbers: Iterable[int], lo: int, hi: int) -> list[Observation | Hole]:
        now = self._way.clock()
        return [Hole(self._channel_id, HoleReason.GAP, now, first, last) for first, last in absent(numbers, lo, hi)]

    def _look_at_chat(self, chats: Sequence[Any]) -> None:
        """Have a snapshot taken if the channel shows another title or name than before."""
        for chat in chats:
            if chat.id == self.standing.channel_id and isinstance(chat, types.Channel) and not chat.min:
                shown = (
                    chat.title,
                    chat.username,
                    tuple(name.username for name in chat.usernames or ()),
                    chat.restricted,
                )
                if self._shown is not None and shown != self._shown:
                    self.standing = replace(self.standing, snapshot_at=None)
                self._shown = shown
                self.standing = replace(self.standing, pushed=not chat.left)

    # Not seen

    def _seen(self, standing: Standing) -> Standing:
        self._seen_up_s = uptime_s()
        now = self._way.clock()
        return self._in_mode(replace(standing, state=ChannelState.OK, since=None, looked_at=now, refused=""))

    def _in_mode(self, standing: Standing) -> Standing:
        """The standing in the mode of today; if a lower one left files, they are asked for."""
        mode = self._provenance.mode
        if standing.mode is mode:
            return standing
        with reading(self._way.engine) as connection:
            left = left_below(connection, self._number, standing.top + 1, mode, 1)
        return replace(standing, mode=mode, read_back=standing.top + 1 if left else 0)

    def _since_last_look(self) -> list[Hole]:
        """The hole in time that ends now, if there is one: the channel was not seen, or nobody looked."""
        standing, now = self.standing, self._way.clock()
        if standing.channel_id is None:
            return []
        if standing.state is not ChannelState.OK and standing.since is not None:
            since, until = sorted((standing.since, now))
            return [Hole(self._channel_id, _UNSEEN[standing.state], since, until=until)]
        if standing.looked_at is None:
            return []
        since, until = self._unlooked(standing.looked_at, now)
        if until - since <= self._way.unseen_after:
            return []
        what = "the clock was set back: this time came twice" if now < standing.looked_at else ""
        return [Hole(self._channel_id, HoleReason.DOWNTIME, since, until=until, what=what)]

    def _unlooked(self, looked_at: datetime, now: datetime) -> tuple[datetime, datetime]:
        """The clock times between which nobody looked, or it cannot be said that somebody did.

        A clock that was set back shows some times twice. How much time really went by, this process knows for its own
        looks, even if the machine slept.
        """
        gone_by = timedelta(seconds=uptime_s() - self._seen_up_s) if self._seen_up_s else timedelta()
        return min(looked_at, now - gone_by), max(looked_at, now)

    def _unseen(self, state: ChannelState) -> None:
        """Record that the channel cannot be seen from now on; once, however often it is asked for."""
        if self.standing.state is not state:
            self._keep_unseen(state, told=True)

    def _pause(self) -> None:
        """Note that Telegram asked for a pause; its length is recorded when it is over."""
        if self.standing.state is ChannelState.OK:
            self._keep_unseen(ChannelState.FLOOD, told=False)

    def _keep_unseen(self, state: ChannelState, *, told: bool) -> None:
        """Keep a new reason why the channel is not seen; the one before it ends here, with a hole of its own."""
        ended, standing = self._since_last_look(), self.standing
        now = self._way.clock()
        since = now if standing.state is not ChannelState.OK else standing.looked_at or now
        since = next((hole.until for hole in ended if hole.until is not None), since)
        standing = replace(standing, state=state, since=since, refused="")
        holes = [*ended, Hole(self._channel_id, _UNSEEN[state], since)] if told and standing.channel_id else ended
        if not holes:
            self._keep_standing(standing)
            return
        self._way.intake.keep_batch(
            holes, self._provenance, lambda connection, _placed: self._write(connection, standing)
        )
        self.standing = standing

    def account_lost(self) -> None:
        """Note that the account which saw the channel is lost: nobody sees it from now on."""
        seen = self.standing.state in (ChannelState.OK, ChannelState.FLOOD)
        if seen and self.standing.channel_id is not None:
            self._unseen(ChannelState.PRIVATE)

    def resume(self, fetching: Fetching, places: Sequence[WaitingFile]) -> None:
        """Take up the files of a message that an earlier run did not fetch; a file that has gone since is a hole.

        Raises:
            TelegramError: As for ``step``.
        """
        try:
            self._resume(fetching, places)
        except (ChannelError, FloodError) as error:
            self._heed(error)
            raise

    def _resume(self, fetching: Fetching, places: Sequence[WaitingFile]) -> None:
        number = places[0].message_id
        answer = self._ask(self._by_number([number]))
        peers = Peers.of(answer.said.users, answer.said.chats)
        contents = [each for message in answer.said.messages for each in self._contents(answer, message, peers)]
        if not contents and number <= (hidden := self._hidden()):  # the files wait for an account that sees them
            self._take(None, self._hidden_hole(hidden), self.standing, None)
            return
        jobs = {job.place: job for job in self._apart(contents)[1]}
        now, reads = self._way.clock(), self._provenance.mode is not Mode.METADATA_ONLY
        reason = HoleReason.UNAVAILABLE if reads else HoleReason.MODE
        for place in places:
            if place in jobs:
                fetching.queue(jobs[place])
                continue
            hole = Hole(self._channel_id, reason, now, number, number, position=place.position)
            self._way.intake.keep_batch([hole], self._provenance, place.forget)

    # Keeping

    def _take(
        self,
        answer: Received | None,
        contents: Sequence[Observation | Hole],
        standing: Standing,
        pts: int | None,
        also: Callable[[sa.Connection], object] = lambda _connection: None,
    ) -> None:
        """Keep what a reply says, and move the cursor with it."""
        now_kept, later = self._apart(contents)
        logged: Counter[str] = Counter()
        left: set[WaitingFile] = set()

        def beside(connection: sa.Connection, placed: Sequence[Placed]) -> None:
            self._way.require(connection, self.watched)  # nothing is kept above the mode, or of a channel taken off
            logged.update(str(event.values.get("kind") or event.values.get("hole")) for event in placed)
            logged.update(str(event.values["action"]) for event in placed if event.values.get("kind") == Kind.DELETION)
            numbers = {_number(event.values.get("message_id")) for event in placed if event.type == "observed"}
            left.update(job.place for job in self._note_waiting(connection, later, numbers))

        def end(connection: sa.Connection, _placed: Sequence[Placed]) -> None:
            if pts is not None:
                move_cursor(connection, self._number, pts)
            also(connection)
            self._write(connection, standing)

        asked, body = ("", b"") if answer is None else (answer.method, answer.body)
        again = asked == method_of(self._by_number(()))  # what is asked for by number is nearly always known
        reply = Reply(asked, self._channel_id, body, LAYER_TYPE, again)
        kept = self._way.intake.take_reply(reply, now_kept, self._provenance, beside=beside, end=end)
        self.standing = standing
        added = [content for content, new in zip(now_kept, kept.added, strict=True) if new]
        self._count(logged)
        new = {content.message_id for content in added if isinstance(content, Observation)}
        for job in later:
            if job.place.message_id in new or job.place in left:
                self._way.queue(job)

    def _note_waiting(self, connection: sa.Connection, jobs: Sequence[Job], new: set[int | None]) -> Iterator[Job]:
        """Note that files of new messages wait, and files that an earlier mode left; return these.

        Such files are taken up where a person asks, and once after the mode was raised: at every look, an account
        holder could have one fetched by exchanging it. Files that a killed run did not fetch are returned too, if they
        cannot be asked for by the numbers of their messages.
        """
        for job in jobs:
            is_new = job.place.message_id in new
            if is_new or (self._takes_up_what_was_left and self._was_left(connection, job)):
                job.place.note(connection, job.noticed_at)
                yield from [] if is_new else [job]
            elif self._through is not None and job.place.waits(connection):
                yield job

    def _was_left(self, connection: sa.Connection, job: Job) -> bool:
        """Whether a file of a known message was not read because of an earlier mode, and does not wait yet."""
        place, provenance = job.place, self._provenance
        marks = marks_unread(self._way.seen, job.observation, provenance)
        return not place.waits(connection) and was_left(
            connection, self._channel_id, place.message_id, marks=marks, mode=provenance.mode
        )

    def _apart(self, contents: Sequence[Observation | Hole]) -> tuple[list[Observation | Hole], list[Job]]:
        """What is kept now, and the files that are fetched later, when their message is safe."""
        reads = self._provenance.mode is not Mode.METADATA_ONLY
        later = [
            each
            for each in contents
            # the picture of a chat is small, and belongs to no message that must be safe first
            if reads and isinstance(each, Observation) and each.medium is not None and each.message_id is not None
        ]
        now, seen = self._way.clock(), self._way.seen
        jobs = [
            Job(
                each,
                file_place(each, self._number, self.entry.channel, seen),
                self.watched,
                now,
                asked_by=self._asked_by,
            )
            for each in later
        ]
        files = set(map(id, later))
        return [each for each in contents if id(each) not in files], jobs

    def _count(self, logged: Counter[str]) -> None:
        before = self.counts
        self.counts = Counted(
            messages=before.messages + logged[Kind.MESSAGE] + logged[Kind.SERVICE],
            edits=before.edits + logged[Kind.EDIT],
            deletions=before.deletions + logged[Kind.DELETION],
            missing=before.missing + logged[Gone.MISSING],
            gaps=before.gaps + logged[HoleReason.GAP],
        )

    def _keep_standing(self, standing: Standing) -> None:
        with self._way.sequencer.take() as connection:
            self._write(connection, standing)
        self.standing = standing

    def _write(self, connection: sa.Connection, standing: Standing) -> None:
        write_standing(connection, self.name, standing, (standing.looked_at or self._way.clock()) + self._way.poll)

    # Asking

    @property
    def _number(self) -> int:
        if self.standing.channel_id is None:
            raise ValueError("the channel was not found yet")
        return self.standing.channel_id

    @property
    def _channel_id(self) -> str:
        return str(self._number)

    def _cursor(self) -> int:
        with reading(self._way.engine) as connection:
            return cursor(connection, self._number)

    @property
    def _access_hash(self) -> int:
        """This account's; 0, which Telegram refuses, if the account was never shown the channel itself."""
        return self._way.session.channels.get(self._number, 0)

    def _input(self) -> Any:  # noqa: ANN401 - an object of the schema
        return types.InputChannel(self._number, self._access_hash)

    def _history(self, offset_id: int, limit: int, *, min_id: int = 0) -> TLRequest:
        peer = types.InputPeerChannel(self._number, self._access_hash)
        return functions.messages.GetHistoryRequest(
            peer,
            offset_id=offset_id,
            offset_date=None,
            add_offset=0,
            limit=limit,
            max_id=0,
            min_id=min_id,
            hash=0,
        )

    def _by_number(self, numbers: Sequence[int]) -> TLRequest:
        return functions.channels.GetMessagesRequest(self._input(), [types.InputMessageID(each) for each in numbers])

    def _ask_raw(self, request: TLRequest) -> Body:
        return self._way.line.ask_raw(request)

    def _ask(self, request: TLRequest) -> Received:
        return read_reply(request, self._ask_raw(request))


def _can_be_read(request: TLRequest, body: Body) -> bool:
    try:
        read_reply(request, body)
    except UnknownConstructorError:
        return False
    return True


def named_in(error: UnknownConstructorError) -> str:
    """What the watch could not read of a channel: a constructor's number, or how reading it ended."""
    return str(error.facts.get("number") or error.facts.get("system") or "")


def _messages(contents: Iterable[Observation | Hole]) -> list[Observation]:
    """Those that can be read; nobody knows what the others count."""
    said = (each for each in contents if isinstance(each, Observation) and not each.unsupported)
    return [each for each in said if each.kind in (Kind.MESSAGE, Kind.SERVICE)]


def _deleted(update: Any) -> Sequence[int]:  # noqa: ANN401 - an update
    """The numbers that an update says were deleted."""
    return list(update.messages) if isinstance(update, types.UpdateDeleteChannelMessages) else ()


def _discussion_of(full: Any) -> int | None:  # noqa: ANN401 - messages.ChatFull
    """The group in which the posts of a channel are commented on; a group has none, whatever is linked to it."""
    itself = next((chat for chat in full.chats if chat.id == full.full_chat.id), None)
    return full.full_chat.linked_chat_id if itself is not None and getattr(itself, "broadcast", False) else None


def _number(value: object) -> int | None:
    return None if value is None else int(str(value))
