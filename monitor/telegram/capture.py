"""Looks at one message now, because a person asks for it: the message, its album, and its newest comments.

It is kept as the watch keeps what it sees, but the watch's own standing and cursor do not move: when the watch comes to
a captured message, it already knows it. So a capture may run beside a watch, or inside one: if a running watch has the
account, the request waits in the database, and the watch answers it there.

Of a public channel that nobody registered, one message with its album is kept as metadata, without comments, under a
request that a second person confirms (``evidence.store.captured``). The account then forgets the channel.

    task  capture  CHANNEL_OR_NAME/NUMBER/COMMENT   the request (who asks, sealed, as of a lent line); afterwards its
                                                    answer (JSON of ``CaptureAnswer``)
"""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from telethon.tl import functions, types

from config.errors import Explained, facts_as_json
from config.link import MessageLink
from config.watchlist import UnregisteredChannel
from evidence.authority import Doer
from evidence.canonical import b64u, from_b64u, text_of
from evidence.errors import AuthorityError, UnknownItemError
from evidence.intake.sight import Provenance
from evidence.observation import Gone, HoleReason, Kind
from evidence.store import database, task
from evidence.store.captured import CapturedPost, captured_at
from evidence.store.database import reading
from evidence.store.erase import is_erased_place
from evidence.store.freeze import is_frozen_message
from evidence.store.marks import place_mark
from evidence.times import format_time, is_due, parse_time
from monitor.errors import ChannelError, ChannelState, FloodError, RequestError, UnknownConstructorError
from monitor.telegram.allowed import method_of
from monitor.telegram.anew import CommentedPost
from monitor.telegram.comments import Comments
from monitor.telegram.follow import PAGE, Following, Way
from monitor.telegram.lent import ASKED
from monitor.telegram.peers import Peers
from monitor.telegram.reply import AnsweredRequest, Received
from monitor.telegram.session import Sessions
from monitor.telegram.standing import Standing

CAPTURE = "capture"
_NAMED = ("actor", "reason", "approver")
_ALBUM = 10
"""The most messages that an album has; their numbers follow one another."""
WAITS_FOR = timedelta(seconds=150)
"""How long a request waits for a running watch. Whoever asked waits less; nothing is captured in the name of somebody
who has gone."""
_KEPT_FOR = timedelta(minutes=10)
"""How long an answer waits to be collected: the link is stored with it unencrypted."""
_ERRORS: Mapping[str, type[Explained]] = {
    each.__name__: each
    for each in (AuthorityError, ChannelError, FloodError, RequestError, UnknownConstructorError, UnknownItemError)
}
REFUSALS = tuple(_ERRORS.values())
"""Errors that are reported to whoever asked, and do not stop a watch."""


class Seen(StrEnum):
    """What became of the message that was asked for.

    ``gone``: it was known, and is no longer there.  ``never_seen``: it is not there, and nobody saw it.
    ``not_yet``: no message has that number yet.  ``no_comments``: the post of a comment is there, but has none.
    ``not_there``: it is not there, in a channel that is not registered; nothing is recorded.
    ``not_kept``: of such a channel, and nothing of it is kept, since something of it was erased as a child's.
    """

    THERE = "there"
    GONE = "gone"
    NEVER_SEEN = "never_seen"
    NOT_YET = "not_yet"
    NO_COMMENTS = "no_comments"
    NOT_THERE = "not_there"
    NOT_KEPT = "not_kept"


@dataclass(frozen=True, slots=True)
class Looked:
    """What was kept of one channel.

    Attributes:
        channel: As the register names it; ``NAME/comments`` for the comments on its posts.
        missing: Of the ``deletions``, those that Telegram did not report.
        files: How many files were still to be fetched.
        request: Of a channel that is not registered: the request to capture, under which it is kept.
        until: By when a second person has to confirm that, as values of the log are written; None once one has.
    """

    channel: str
    channel_id: str
    cursor: int
    messages: int
    edits: int
    deletions: int
    gaps: int
    files: int
    missing: int = 0
    request: str | None = None
    until: str | None = None


@dataclass(frozen=True, slots=True)
class CaptureAnswer:
    """The outcome of a capture.

    Attributes:
        seen: What became of the message, or of the comment that was asked for.
        error: Why it, its comments or its files could not be looked at, or not yet.
    """

    seen: Seen | None
    looked: Sequence[Looked] = ()
    error: Explained | None = field(default=None, compare=False)

    def text(self) -> str:
        """The form in which the database keeps it."""
        error = None
        if self.error is not None:
            error = {
                "type": type(self.error).__name__,
                "code": self.error.code,
                "facts": facts_as_json(self.error.facts),
            }
        looked = [asdict(each) for each in self.looked]
        return json.dumps({"seen": None if self.seen is None else self.seen.value, "looked": looked, "error": error})


def read_answer(text: str) -> CaptureAnswer:
    """A running watch's answer to a capture, from the form in which the database keeps it."""
    said = json.loads(text)
    error = said["error"]
    return CaptureAnswer(
        seen=None if said["seen"] is None else Seen(said["seen"]),
        looked=tuple(Looked(**each) for each in said["looked"]),
        error=None if error is None else _ERRORS[error["type"]](error["code"], **error["facts"]),
    )


# What waits for a running watch


def subject_of_capture(link: MessageLink) -> str:
    """The name, in the database, of a request to the watch to capture."""
    return f"{link.channel}/{link.number}/{link.comment or ''}"


@dataclass(frozen=True, slots=True)
class CaptureRequest:
    """A request to a running watch to capture a message, while it waits.

    Attributes:
        by: Who asks, sealed for this link and this time.
        at: When it was asked, to the millisecond.
    """

    link: MessageLink
    by: str
    at: datetime


def request_by(doer: Doer, link: MessageLink, at: datetime, sessions: Sessions) -> CaptureRequest:
    """A person's request to a running watch to capture; whoever has the key beside the sessions answers it."""
    asked = CaptureRequest(link, "", parse_time(format_time(at)))
    return replace(asked, by=b64u(sessions.seal(json.dumps(doer.values()).encode(), _place(asked))))


def who_asks(asked: CaptureRequest, sessions: Sessions) -> Doer:
    """The person who asks a running watch to capture a message.

    Raises:
        ValueError: It was made for another link or at another time, or was changed.
    """
    said = json.loads(sessions.unseal(from_b64u(asked.by), _place(asked)))
    actor, reason, approver = (None if said[name] is None else text_of(said[name]) for name in _NAMED)
    return Doer(str(actor), said["tool"], parse_time(said["at"]), reason, approver)


def _place(asked: CaptureRequest) -> str:
    return f"{CAPTURE}/{subject_of_capture(asked.link)}/{format_time(asked.at)}"


def ask_for(connection: sa.Connection, asked: CaptureRequest) -> None:
    """Ask a running watch to capture a message; an earlier answer is forgotten."""
    subject, progress = subject_of_capture(asked.link), ASKED + asked.by
    task.note_work(connection, kind=CAPTURE, subject=subject, due_at=asked.at, progress=progress)


def asked_for(connection: sa.Connection, now: datetime) -> list[CaptureRequest]:
    """The requests to capture that somebody still waits for, the oldest first."""
    waiting = ((subject, each) for subject, each in task.noted(connection, CAPTURE).items() if _is_asked(each))
    return [
        CaptureRequest(_link_of(subject), each.progress.removeprefix(ASKED), each.due_at)
        for subject, each in waiting
        if not _is_over(each, now)
    ]


def left_behind(connection: sa.Connection, now: datetime) -> list[MessageLink]:
    """The links of captures for which nobody waits any more, and those whose answers nobody collected in time."""
    noted = task.noted(connection, CAPTURE).items()
    return [_link_of(subject) for subject, each in noted if _is_over(each, now)]


def _is_over(noted: task.Noted, now: datetime) -> bool:
    return is_due(noted.due_at, WAITS_FOR if _is_asked(noted) else _KEPT_FOR, now)


def _is_asked(noted: task.Noted) -> bool:
    return noted.progress.startswith(ASKED)


def answer_of(connection: sa.Connection, link: MessageLink) -> CaptureAnswer | None:
    """What a running watch answered to a request to capture; None until it has."""
    noted = task.noted(connection, CAPTURE).get(subject_of_capture(link))
    return read_answer(noted.progress) if noted is not None and not _is_asked(noted) else None


def answer(connection: sa.Connection, link: MessageLink, found: CaptureAnswer, now: datetime) -> None:
    """Answer whoever asked the watch to capture, and may have gone."""
    subject = subject_of_capture(link)
    if task.is_noted(connection, kind=CAPTURE, subject=subject):
        task.note_work(connection, kind=CAPTURE, subject=subject, due_at=now, progress=found.text())


def withdraw(connection: sa.Connection, link: MessageLink) -> None:
    """Drop a request to capture, or forget its answer: the link is stored with it unencrypted."""
    task.forget_work(connection, kind=CAPTURE, subject=subject_of_capture(link))


def _link_of(subject: str) -> MessageLink:
    channel, number, comment = subject.split("/")
    name, number_of = (None, int(channel)) if channel.isdecimal() else (channel, None)
    return MessageLink(name, number_of, int(number), int(comment) if comment else None)


# Looking


Allow = Callable[[Doer | None, str, int], Provenance]
"""Asks for the permission to keep a post of a channel that is not registered, by its user name and number: logs the
request, and says how it is kept; raises ``AuthorityError``, or ``RegisterChangedError`` if it is registered now."""


@dataclass(frozen=True, slots=True)
class CaptureWish:
    """Whoever wants a message captured.

    Attributes:
        own: The provenance of whoever runs the program.
        by: Who asked, if that is another: what is kept names this person.
    """

    allow: Allow
    own: Provenance
    by: Doer | None = None


class Glance(Following):
    """One look at one channel, beside whatever follows it: neither standing nor cursor moves.

    Args:
        standing: Only its number counts.
        name: What results call the channel.
        asked_by: Who asked, if that is not whoever runs the program.

    Attributes:
        kept: The numbers of the messages that it was given.
    """

    def __init__(self, of: Following, standing: Standing, name: str, asked_by: Doer | None = None) -> None:
        kept_as = of.watched.provenance
        super().__init__(of.way, of.entry, replace(kept_as, doer=asked_by or kept_as.doer), standing)
        self._called = name
        self._asked_by = asked_by
        self._takes_up_what_was_left = True
        self._request: str | None = None
        self._until: str | None = None
        self.kept: set[int] = set()

    @property
    def name(self) -> str:
        """What results call the channel."""
        return self._called

    def looked(self, files: int) -> Looked:
        """What was kept.

        Args:
            files: How many files of it are still to be fetched.
        """
        counts = self.counts
        return Looked(
            channel=self.name,
            channel_id=self._channel_id,
            cursor=self.cursor,
            messages=counts.messages,
            edits=counts.edits,
            deletions=counts.deletions,
            missing=counts.missing,
            gaps=counts.gaps,
            files=files,
            request=self._request,
            until=self._until,
        )

    def look_at(self, number: int) -> tuple[Seen, Any]:
        """Ask for a message with its album, and keep it; if it is not there, ``miss`` it.

        Returns:
            What became of it, and the message as Telegram gave it, or None.

        Raises:
            UnknownItemError: It is frozen, or its album; nothing was asked for.
        """
        found = self._find(number)
        if found is None:
            return self.miss(number), None
        message, answer, wanted = found
        self._keep(answer, wanted)
        return Seen.THERE, message

    def keep_unregistered(self, number: int, asking: CaptureWish) -> Seen:
        """Ask for a message of a channel that is not registered, with its album, and have it kept once.

        One that waits for a second person, or that a second confirmed, is not asked for again; nor is one of which
        something was erased because it may show a child, since nothing of it is kept: no request would be about it.

        Raises:
            UnknownItemError: As ``look_at``.
            AuthorityError: It may not be kept.
            RegisterChangedError: The channel is registered now.
        """
        with reading(self._way.engine) as connection:
            before = captured_at(connection, self._channel_id, number)
            destroyed = is_erased_place(connection, place_mark(self._way.seen, self._channel_id, number))
        if before is not None:
            return self._captured_under(before)
        if destroyed:
            return Seen.NOT_KEPT
        found = self._find(number)
        if found is None:
            return Seen.NOT_THERE
        _message, answer, wanted = found
        self._provenance = asking.allow(asking.by, self.entry.channel, self._number)
        self._keep(answer, wanted)
        with reading(self._way.engine) as connection:
            kept = captured_at(connection, self._channel_id, number)
        return Seen.NOT_KEPT if kept is None else self._captured_under(kept)

    def _captured_under(self, post: CapturedPost) -> Seen:
        self._request, self._until = post.request, post.until
        return Seen.THERE

    def _find(self, number: int) -> tuple[Any, Received, set[int]] | None:
        """A message, the answer that has it with its album, and the numbers of these; None if it is not there.

        Raises:
            UnknownItemError: As ``look_at``.
        """
        with reading(self._way.engine) as connection:
            if is_frozen_message(connection, self._channel_id, number):
                raise UnknownItemError("unknown_item.frozen")
        answer = self._ask(self._by_number([number]))
        message = next((each for each in _there(answer) if each.id == number), None)
        if message is None:
            return None
        wanted = {number}
        if album := getattr(message, "grouped_id", None):
            around = range(max(number - _ALBUM + 1, 1), number + _ALBUM)
            answer = self._ask(self._by_number(around))
            wanted |= {each.id for each in _there(answer) if getattr(each, "grouped_id", None) == album}
        return message, answer, wanted

    def look_at_comments(self, peer: Any, number: int, below: int) -> set[int]:  # noqa: ANN401 - an object of the schema
        """Ask for the newest comments on a message, and keep them; for a post, keep the group's copy of it too.

        Args:
            peer: The channel that has the message.
            below: Only comments below this number; 0 for the newest.

        Returns:
            The numbers of the comments.
        """
        answer = self._ask(functions.messages.GetRepliesRequest(peer, number, below, None, 0, PAGE, 0, 0, 0))
        found = {each.id for each in _there(answer)}
        if peer.channel_id == self._number:
            self._keep(answer, found)
        elif found:
            root = self._ask(functions.messages.GetDiscussionMessageRequest(peer, number))
            with self._had_through(CommentedPost(peer, number)):
                self._keep(root, {each.id for each in _there(root)})
                self._keep(answer, found)
        return found

    def miss(self, number: int) -> Seen:
        """Record that a message is not there: a deletion if it was known, else a hole; once, however often asked.

        Of a number above the newest message, nothing is recorded.
        """
        with reading(self._way.engine) as connection:
            before = _before(connection, self._channel_id, number)
        if before is Seen.THERE:
            self._require_history(number)
            by = AnsweredRequest(method_of(self._by_number(())))
            self._take(None, [self._deletion(number, Gone.MISSING, by)], self.standing, None)
            return Seen.GONE
        if before is None:
            if number > self._newest():
                return Seen.NOT_YET
            self._require_history(number)
            self._take(None, self._holes((), number, number), self.standing, None)
        return before or Seen.NEVER_SEEN

    def _require_history(self, number: int) -> None:
        """Check that Telegram shows this account the channel as far back as this number.

        Raises:
            ChannelError: It does not; then it proves nothing that a message is not there.
        """
        if number <= self._hidden():
            raise ChannelError.unseen(ChannelState.PRIVATE, "HIDDEN_PREHISTORY")

    def _newest(self) -> int:
        """The highest number of a message; 0 if this account does not see the channel itself."""
        try:
            return super()._newest()
        except (RequestError, ChannelError):
            return 0

    def _keep(self, answer: Received, numbers: set[int]) -> None:
        peers = Peers.of(answer.said.users, answer.said.chats)
        messages = [message for message in answer.said.messages if message.id in numbers]
        contents = [each for message in messages for each in self._contents(answer, message, peers)]
        self._take(answer, contents, self.standing, None)
        self.kept |= numbers

    def _write(self, connection: sa.Connection, standing: Standing) -> None:
        """Keep nothing: whatever follows the channel keeps its standing."""


def _there(answer: Received) -> list[Any]:
    return [each for each in answer.said.messages if not isinstance(each, types.MessageEmpty)]


def _before(connection: sa.Connection, channel_id: str, number: int) -> Seen | None:
    """What is on record about a number: a message that is there, one that is gone, a hole, or nothing."""
    item, hole = database.item.c, database.hole.c
    kinds = set(
        connection.execute(
            sa.select(item.kind).where(item.channel_id == channel_id, item.message_id == number)
        ).scalars()
    )
    if kinds:
        return Seen.GONE if Kind.DELETION.value in kinds else Seen.THERE
    holes = sa.select(hole.idx).where(hole.channel_id == channel_id, hole.reason == HoleReason.GAP.value)
    empty = connection.execute(holes.where(hole.lo <= number, hole.hi >= number).limit(1)).first()
    return None if empty is None else Seen.NEVER_SEEN


Glances = tuple[Seen, Sequence[Glance], Explained | None]
"""What became of a message, what was looked at, and why its comments could not be looked at."""


def capture(link: MessageLink, way: Way, followings: Mapping[str, Following], asking: CaptureWish) -> Glances:
    """Capture one message: ask Telegram for the message that a link names, and have it kept.

    Args:
        followings: The channels of the register, by the names under which they are followed.

    Raises:
        UnknownItemError: The channel is not registered, and the link is not that of a post of a public channel.
        AuthorityError: It is not registered, and nothing of it may be kept.
        TelegramError: It cannot be asked for.
    """
    asked_by = asking.by
    glance = _glance_at(link, way, followings, asking)
    if isinstance(glance.entry, UnregisteredChannel):
        try:
            return glance.keep_unregistered(link.number, asking), [glance], None
        finally:  # which channel it was stays nowhere beside what was kept
            way.session.channels.pop(glance.known_number or 0, None)
            way.save(way.session)
    seen, message = glance.look_at(link.number)
    if message is None or glance.entry.is_probe:
        return seen, [glance], None
    replies = getattr(message, "replies", None)
    group = glance
    if replies is not None and replies.comments:
        group = _of_group(glance, replies.channel_id, followings, asked_by)
    if replies is None or not (replies.replies or link.comment):
        return (Seen.NO_COMMENTS if link.comment else seen), [glance], None
    looked = [glance] if group is glance else [glance, group]
    try:
        found = _comments(glance, group, link, none=not replies.replies)
        if link.comment and link.comment not in found:
            seen = group.look_at(link.comment)[0]
    except REFUSALS as error:  # the message itself is already kept
        return seen, [each for each in looked if each.kept], error
    return seen, looked, None


def _comments(glance: Glance, group: Glance, link: MessageLink, *, none: bool) -> set[int]:
    """Look at the newest comments.

    Args:
        none: Whether the post says that it has none; Telegram may then refuse the request for that reason.
    """
    of = glance.input_channel()
    peer = types.InputPeerChannel(of.channel_id, of.access_hash)
    try:
        return group.look_at_comments(peer, link.number, link.comment + 1 if link.comment else 0)
    except RequestError as error:
        if none and error.name == "MSG_ID_INVALID":
            return set()
        raise


def _of_group(of: Following, number: int, followings: Mapping[str, Following], asked_by: Doer | None) -> Glance:
    """The group in which a post is commented on, under its own register entry or that of its channel."""
    beside = Comments(of, Standing(channel_id=number))
    own = next((each for each in followings.values() if each.known_number == number), beside)
    if own.input_channel() is None:
        with suppress(ChannelError):  # the group is hidden; its comments are still shown with the posts
            beside.find()
    return Glance(own, Standing(channel_id=number), own.name, asked_by)


def _glance_at(link: MessageLink, way: Way, followings: Mapping[str, Following], asking: CaptureWish) -> Glance:
    """A look at the channel of a link, which is in the register or has a public name; the look is ready to ask.

    A name is resolved again: it may have gone to another channel since it was registered.
    """
    named = None if link.name is None else followings.get(link.name)
    channel = None if link.name is None else _channel_of_name(link.name, way, named)
    number = link.channel_id if channel is None else channel.id
    if number is None and named is not None:
        number = named.known_number
    following = None if number is None else _following_of(number, followings)
    if following is None or number is None:
        if named is not None:
            raise ChannelError.unseen(ChannelState.GONE, "USERNAME_TAKEN_OVER")
        if channel is None or link.name is None or link.comment is not None:
            raise UnknownItemError("unknown_item.link_not_registered", found=link.channel)
        way.session.meet(channel)
        entry, standing = UnregisteredChannel.of(link.name, channel.id), Standing(channel_id=channel.id)
        return Glance(Following(way, entry, asking.own, standing), standing, link.name, asking.by)
    if channel is not None:
        way.session.meet(channel)
        way.save(way.session)
    glance = Glance(following, Standing(channel_id=number), following.name, asking.by)
    if glance.input_channel() is None:
        (following if isinstance(following, Comments) else glance).find()  # neither writes a standing
    return glance


def _following_of(number: int, followings: Mapping[str, Following]) -> Following | None:
    """What follows the channel with this number; channels that were never found are looked for by name."""
    for each in followings.values():
        if each.known_number == number:
            return each
    for each in followings.values():
        if each.known_number is None:
            glance = Glance(each, Standing(), each.name)
            with suppress(ChannelError):
                glance.find()
            if glance.known_number == number:
                return each
    return None


def _channel_of_name(name: str, way: Way, named: Following | None) -> Any:  # noqa: ANN401 - a channel, or None
    """The channel that has this name today; None if nobody has it and the register knows whose it was."""
    try:
        said = way.line.ask(functions.contacts.ResolveUsernameRequest(name)).said
    except ChannelError:
        if named is None or named.known_number is None:
            raise
        return None
    channel = next((chat for chat in said.chats if isinstance(chat, types.Channel)), None)
    if channel is None or not isinstance(said.peer, types.PeerChannel):
        raise ChannelError.unseen(ChannelState.GONE, "NOT_A_CHANNEL")
    return channel
