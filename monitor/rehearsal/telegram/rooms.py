"""Channels, supergroups and basic groups: what is posted, edited and deleted in them, with pts.

A channel and a supergroup count their own events: each new message, edit and deleted message raises ``pts`` by one, and
the log of these events answers ``updates.getChannelDifference``. A basic group has no events of its own; they count in
the box of every member. Methods may be called from any thread.
"""

from bisect import bisect_right, insort
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from threading import RLock
from typing import Protocol

from telethon.tl import types

from monitor.rehearsal.telegram.accounts import Account, Sender
from monitor.rehearsal.telegram.media import MediaShelf
from monitor.rehearsal.telegram.posts import INSIDE, Post, PostTruth
from monitor.rehearsal.telegram.wire import Tl

NEW, EDIT, DELETE = "new", "edit", "delete"
DIFFERENCE_LIMIT = 1000


class Surroundings(Protocol):
    """What a room needs from its world."""

    media: MediaShelf
    lock: RLock

    def now(self) -> datetime:
        """The time of the server, whole seconds."""
        ...

    def happened(self, room: "Room", event: "Event") -> None:
        """Tell those who have joined."""
        ...

    def changed(self, room: "Room", accounts: Iterable[Account]) -> None:
        """Tell accounts that the room itself has changed."""
        ...

    def next_box_number(self) -> int:
        """The next number of a message outside channels."""
        ...


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened to messages of a room of the loopback Telegram; ``pts`` is the value after it."""

    kind: str
    numbers: tuple[int, ...]
    pts: int


@dataclass(slots=True, eq=False, kw_only=True, repr=False)
class Room:
    """A channel of the loopback Telegram (``broadcast``), a supergroup, or a basic group (``basic``)."""

    world: Surroundings
    id: int
    title: str
    usernames: list[str]
    broadcast: bool = False
    forum: bool = False
    basic: bool = False
    noforwards: bool = False
    about: str = ""
    created_at: datetime
    joined: list[Account] = field(default_factory=list)
    banned: list[Account] = field(default_factory=list)
    hidden: dict[int, int] = field(default_factory=dict)
    administrators: list[Account | Sender] = field(default_factory=list)
    linked: "Room | None" = None
    members: int = 0
    difference_limit: int = DIFFERENCE_LIMIT
    removed: bool = False
    migrated: "Room | None" = None
    migrated_from_number: int | None = None
    community: "Community | None" = None
    invite: str | None = None
    photo: Tl | None = None
    restrictions: list[Tl] = field(default_factory=list)
    pts: int = 1
    numbers: list[int] = field(default_factory=list)
    posts: dict[int, Post] = field(default_factory=dict)
    threads: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    topics: dict[int, str] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    _last_number: int = 0

    @property
    def peer(self) -> Tl:
        """The peer by which messages name it."""
        return types.PeerChat(self.id) if self.basic else types.PeerChannel(self.id)

    # what people do

    def post(
        self,
        text: str = "",
        *,
        sender: "Account | Sender | Room | None" = None,
        media: Tl = None,
        at: datetime | None = None,
        **fields: object,
    ) -> int:
        """Post a message; return its number.

        Args:
            sender: Without one, it is posted in the room's own name.
            fields: ``reply_to`` (a number or a TL header), ``topic``, ``album`` (a number of the group),
                ``forward`` (a TL header), and any field of ``message`` by its TL name.
        """
        with self.world.lock:
            number = self._next_number()
            thread = self._thread_of(fields)
            message = types.Message(
                id=number,
                peer_id=self.peer,
                date=at or self.world.now(),
                message=text,
                media=media,
                from_id=_peer_of(sender),
                post=self.broadcast or None,
                noforwards=self.noforwards or None,
                **self._translated(fields, thread),
            )
            self._add(Post(number, message, thread))
            if self.broadcast and self.linked is not None:
                self._carry_to_discussion(number)
            return number

    def post_photo(self, data: bytes, text: str = "", **fields: object) -> int:
        """Post a photo of these bytes; return its number."""
        photo = self.world.media.add_photo(data)
        return self.post(text, media=types.MessageMediaPhoto(photo=photo), **fields)  # type: ignore[arg-type]

    def post_document(
        self,
        data: bytes,
        file_name: str,
        mime_type: str = "application/octet-stream",
        *,
        thumbnails: Sequence[Tl] = (),
        **fields: object,
    ) -> int:
        """Post a document; return its number."""
        document = self.world.media.add_document(data, file_name=file_name, mime_type=mime_type, thumbnails=thumbnails)
        return self.post(media=types.MessageMediaDocument(document=document), **fields)  # type: ignore[arg-type]

    def service(self, action: Tl, sender: "Account | Sender | Room | None" = None, **fields: object) -> int:
        """Post a service message with that ``MessageAction``; return its number."""
        with self.world.lock:
            number = self._next_number()
            date = fields.pop("at", None) or self.world.now()
            from_id = _peer_of(sender)
            described = types.MessageService(
                id=number, peer_id=self.peer, date=date, action=action, from_id=from_id, **fields
            )
            self._add(Post(number, described))
            return number

    def edit(self, number: int, *, at: datetime | None = None, **fields: object) -> None:
        """Change a message: ``text``, and any field of ``message`` by its TL name."""
        with self.world.lock:
            post = self._present(number)
            moment = at or self.world.now()
            if "text" in fields:
                fields["message"] = fields.pop("text")
            for name, value in {**fields, "edit_date": moment}.items():
                setattr(post.described, name, value)
            post.changed()
            self.pts += 1
            post.keep_version(moment, self.pts, self.world.media.epoch)
            self._happen(Event(EDIT, (number,), self.pts))

    def delete(self, numbers: Iterable[int]) -> None:
        """Delete messages; those that are already gone are passed over."""
        with self.world.lock:
            there = tuple(number for number in numbers if number in self.posts and self.is_there(number))
            if not there:
                return
            self.pts += len(there)
            for number in there:
                post = self.posts[number]
                post.deleted_at, post.deleted_pts = self.world.now(), self.pts
                self.numbers.remove(number)
                if post.thread is not None:
                    self.threads[post.thread].remove(number)
                    self._count_replies(post.thread)
            self._happen(Event(DELETE, there, self.pts))

    def comment(self, number: int, text: str, *, sender: "Account | Sender | None" = None, **fields: object) -> int:
        """Comment on a post of this channel in its discussion group; return the comment's number there."""
        if self.linked is None:
            raise ValueError("expected a channel with a discussion group")
        root = self.discussion_of(number)
        return self.linked.post(text, sender=sender, reply_to=root, **fields)  # type: ignore[arg-type]

    def add_topic(self, title: str, sender: "Account | Sender | None" = None) -> int:
        """Open a topic in a forum; return its number."""
        with self.world.lock:
            number = self.service(types.MessageActionTopicCreate(title=title, icon_color=0x6FB9F0), sender)
            self.topics[number] = title
            return number

    # counters, which are not events

    def react(self, number: int, emoticon: str, count: int = 1) -> None:
        """Set a reaction to ``count``."""
        with self.world.lock:
            post = self._present(number)
            before = {each.reaction.emoticon: each.count for each in getattr(post.described.reactions, "results", [])}
            results = [
                types.ReactionCount(types.ReactionEmoji(name), times)
                for name, times in {**before, emoticon: count}.items()
                if times
            ]
            post.described.reactions = types.MessageReactions(results=results)
            post.changed()

    def view(self, number: int, *, by: int = 1) -> None:
        """Raise the views of a message."""
        with self.world.lock:
            message = self._present(number)
            message.described.views = (message.described.views or 0) + by
            message.described.forwards = message.described.forwards or 0
            message.changed()

    def vote(self, number: int, option: bytes, voters: int = 1) -> None:
        """Set an option of a poll to ``voters``."""
        with self.world.lock:
            post = self._present(number)
            results = post.described.media.results
            before = {each.option: each.voters or 0 for each in results.results or []}
            counts = {**before, option: voters}
            results.results = [
                types.PollAnswerVoters(option=each, voters=times, recent_voters=[]) for each, times in counts.items()
            ]
            results.total_voters = sum(counts.values())
            post.changed()

    def garble(self, number: int, *, inside: str | None) -> None:
        """Put a constructor that no client knows inside a message, or in place of all of it; None takes it out."""
        if inside not in (None, *INSIDE):
            raise ValueError(f"expected one of {INSIDE}")
        with self.world.lock:
            self.posts[number].inside = inside
            self.posts[number].changed()

    def cut_short(self, number: int, *, blocks: int) -> None:
        """Serve only the first blocks of a rich message, and the others to whoever asks for all of it."""
        with self.world.lock:
            self.posts[number].shown_blocks = blocks
            self.posts[number].changed()

    # the room itself

    def rename(self, title: str, sender: "Account | Sender | None" = None) -> int:
        """Give it another title, which a service message says; return that message's number."""
        with self.world.lock:
            self.title = title
            self.world.changed(self, self.joined)
            return self.service(types.MessageActionChatEditTitle(title), sender)

    def set_photo(self, photo: Tl, sender: "Account | Sender | None" = None) -> int:
        """Give it another picture, which a service message says; return that message's number."""
        with self.world.lock:
            self.photo = photo
            self.world.changed(self, self.joined)
            return self.service(types.MessageActionChatEditPhoto(photo), sender)

    def restrict(self, *reasons: Tl) -> None:
        """Mark it as restricted for these reasons; none lifts the restriction. Its messages are still served."""
        with self.world.lock:
            self.restrictions = list(reasons)
            self.world.changed(self, self.joined)

    def set_about(self, about: str) -> None:
        """Give it another description."""
        with self.world.lock:
            self.about = about
            self.world.changed(self, self.joined)

    def set_usernames(self, *usernames: str) -> None:
        """Give it other user names; none makes it private. The first is the editable one."""
        with self.world.lock:
            self.usernames = list(usernames)
            self.world.changed(self, self.joined)

    def set_limit(self, difference_limit: int) -> None:
        """Answer differences of more events with ``channelDifferenceTooLong``."""
        self.difference_limit = difference_limit

    def admit(self, account: Account) -> None:
        """Let an account join, as its holder would by hand."""
        with self.world.lock:
            self.joined.append(account)
            self.world.changed(self, [account])

    def ban(self, account: Account) -> None:
        """Ban an account: to it the room is private from now on."""
        with self.world.lock:
            self.banned.append(account)
            self.world.changed(self, [account])

    def unban(self, account: Account) -> None:
        """Lift a ban."""
        with self.world.lock:
            self.banned.remove(account)
            self.world.changed(self, [account])

    def hide_history(self, account: Account, up_to: int) -> None:
        """Hide the messages up to this number from an account, as from one that joined a group later."""
        with self.world.lock:
            self.hidden[account.id] = up_to
            self.world.changed(self, [account])

    def hidden_from(self, account: Account) -> int:
        """The highest number that is hidden from an account; 0 if it sees all of the history."""
        return self.hidden.get(account.id, 0)

    def remove(self) -> None:
        """Delete the room."""
        with self.world.lock:
            self.removed = True
            self.usernames = []
            self.world.changed(self, self.joined)

    def truth(self) -> tuple[PostTruth, ...]:
        """Everything that happened to every message, by number."""
        with self.world.lock:
            return tuple(self.posts[number].truth() for number in sorted(self.posts))

    # what the requests ask

    def is_open_to(self, account: Account) -> bool:
        """Whether an account may read it: there, not banned, and public, joined, or the discussion of a public one."""
        hidden = self.removed or account in self.banned
        return not hidden and (bool(self.usernames) or account in self.joined or self._is_discussion_of_public())

    def is_there(self, number: int) -> bool:
        """Whether a message of that number is neither missing nor deleted."""
        return number in self.posts and self.posts[number].deleted_at is None

    def events_after(self, pts: int) -> list[Event]:
        """What happened after that pts, in order."""
        return self.events[bisect_right(self.events, pts, key=lambda event: event.pts) :]

    def discussion_of(self, number: int) -> int:
        """The number, in the discussion group, of the copy of a post of this channel."""
        for copy in self.linked.posts.values() if self.linked is not None else ():
            forward = getattr(copy.described, "fwd_from", None)
            if forward is not None and forward.saved_from_msg_id == number and forward.saved_from_peer == self.peer:
                return copy.number
        raise ValueError("expected a post that was carried to the discussion group")

    # inside

    def _is_discussion_of_public(self) -> bool:
        return not self.broadcast and self.linked is not None and bool(self.linked.usernames)

    def _add(self, post: Post) -> None:
        self.posts[post.number] = post
        self.numbers.append(post.number)
        if post.thread is not None:
            insort(self.threads[post.thread], post.number)
            self._count_replies(post.thread)
        self.pts += 1
        post.keep_version(post.described.date, self.pts, self.world.media.epoch)
        self._happen(Event(NEW, (post.number,), self.pts))

    def _happen(self, event: Event) -> None:
        if not self.basic:
            self.events.append(event)
        self.world.happened(self, event)

    def _present(self, number: int) -> Post:
        if not self.is_there(number):
            raise ValueError(f"expected a message that is there, found {number}")
        return self.posts[number]

    def _next_number(self) -> int:
        self._last_number = self.world.next_box_number() if self.basic else self._last_number + 1
        return self._last_number

    def _thread_of(self, fields: dict[str, object]) -> int | None:
        topic, reply = fields.get("topic"), fields.get("reply_to")
        if isinstance(topic, int):
            return topic
        if isinstance(reply, int):
            parent = self.posts.get(reply)
            return parent.thread if parent is not None and parent.thread is not None else reply
        return getattr(reply, "reply_to_top_id", None) or getattr(reply, "reply_to_msg_id", None)

    def _translated(self, fields: dict[str, object], thread: int | None) -> dict[str, object]:
        """Translate our names for fields of a message into those of TL."""
        topic, reply = fields.pop("topic", None), fields.pop("reply_to", None)
        if topic is not None or isinstance(reply, int):
            above = thread if thread not in (None, reply) and reply is not None else None
            reply = types.MessageReplyHeader(
                forum_topic=topic is not None or None, reply_to_msg_id=reply or topic, reply_to_top_id=above
            )
        words = {"album": "grouped_id", "forward": "fwd_from"}
        named = {words.get(name, name): value for name, value in fields.items()}
        if isinstance(named.get("entities"), tuple):
            named["entities"] = list(named["entities"]) or None  # type: ignore[call-overload]
        return {**named, "reply_to": reply}

    def _carry_to_discussion(self, number: int) -> None:
        """Do what Telegram does itself: a copy of each post becomes the root of its comments."""
        if self.linked is None:
            return
        post = self.posts[number].described
        forward = types.MessageFwdHeader(
            date=post.date,
            from_id=self.peer,
            channel_post=number,
            saved_from_peer=self.peer,
            saved_from_msg_id=number,
        )
        self.linked.post(
            post.message, sender=self, media=post.media, forward=forward, at=post.date, entities=post.entities
        )
        post.replies = types.MessageReplies(replies=0, replies_pts=1, comments=True, channel_id=self.linked.id)
        self.posts[number].changed()
        self.posts[number].versions[-1:] = []
        self.posts[number].keep_version(post.date, self.pts, self.world.media.epoch)

    def _count_replies(self, thread: int) -> None:
        """Set the number of replies at the root of a thread, and at the channel's post behind it."""
        if thread not in self.posts or isinstance(self.posts[thread].described, types.MessageService):
            return
        roots = [(self, thread)]
        forward = getattr(self.posts[thread].described, "fwd_from", None)
        if self.linked is not None and forward is not None and forward.saved_from_peer == self.linked.peer:
            roots.append((self.linked, forward.saved_from_msg_id))
        there = self.threads[thread]
        for room, number in roots:
            of_channel = {"comments": True, "channel_id": self.id} if room is not self else {}
            room.posts[number].described.replies = types.MessageReplies(
                replies=len(there), replies_pts=self.pts, max_id=there[-1] if there else None, **of_channel
            )
            room.posts[number].changed()


@dataclass(slots=True, eq=False, kw_only=True, repr=False)
class Community:
    """Several rooms under one roof, which the layer has had since July 2026."""

    id: int
    title: str
    about: str
    created_at: datetime
    rooms: list[Room]


def _peer_of(sender: "Account | Sender | Room | None") -> Tl:
    match sender:
        case None:
            return None
        case Room():
            return sender.peer
        case _:
            return types.PeerUser(sender.id)
