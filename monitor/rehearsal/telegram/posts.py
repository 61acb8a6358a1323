"""One message as the server keeps it: its object, its bytes, and every version that it ever had."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from telethon.tl import types

from monitor.rehearsal.telegram.wire import Encoded, Tl, unknown

INSIDE = ("message", "media")
"""Where a constructor that no client knows can be put."""


@dataclass(frozen=True, slots=True)
class Version:
    """How a message of the loopback Telegram read from some moment on.

    Attributes:
        pts: That of the event that made it so.
        data: Its bytes as they were served then.
    """

    at: datetime
    pts: int
    text: str
    data: bytes


@dataclass(frozen=True, slots=True)
class PostTruth:
    """Everything that happened to one message of the loopback Telegram.

    Attributes:
        kind: ``message`` or ``service``.
        versions: The first is the post, the others are edits.
        deleted_at, deleted_pts: None while it is there.
    """

    number: int
    kind: str
    versions: tuple[Version, ...]
    deleted_at: datetime | None
    deleted_pts: int | None


@dataclass(slots=True, eq=False)
class Post:
    """A message of a room of the loopback Telegram.

    Attributes:
        described: The object that is served; whoever changes it calls ``changed``.
        thread: The message whose replies it belongs to, or the topic.
        inside: Where it has a constructor that no client knows: one of ``INSIDE``.
        shown_blocks: How many blocks of its rich message are served, the others only when asked for; None for all.
    """

    number: int
    described: Tl
    thread: int | None = None
    inside: str | None = None
    shown_blocks: int | None = None
    versions: list[Version] = field(default_factory=list)
    deleted_at: datetime | None = None
    deleted_pts: int | None = None
    _encoded: Encoded | None = None
    _epoch: int = -1

    def encoded(self, epoch: int) -> Encoded:
        """Its bytes, made once for each epoch of file references."""
        if self._encoded is None or self._epoch != epoch:
            self._encoded, self._epoch = self._encode(), epoch
        return self._encoded

    def changed(self) -> None:
        """Forget the bytes: the object has changed."""
        self._encoded = None

    def keep_version(self, at: datetime, pts: int, epoch: int) -> None:
        """Add what it now reads to its versions."""
        text = getattr(self.described, "message", None) or ""
        self.versions.append(Version(at, pts, text, self.encoded(epoch).data))

    def truth(self) -> PostTruth:
        """What happened to the post, as the rehearsal knows it."""
        kind = "service" if isinstance(self.described, types.MessageService) else "message"
        return PostTruth(self.number, kind, tuple(self.versions), self.deleted_at, self.deleted_pts)

    def peers(self) -> Iterator[Tl]:
        """The users and rooms that it names, which an answer must describe beside it."""
        message = self.described
        forward, reply = getattr(message, "fwd_from", None), getattr(message, "reply_to", None)
        named = [message.from_id, message.peer_id, getattr(reply, "reply_to_peer_id", None)]
        if forward is not None:
            named += [forward.from_id, forward.saved_from_peer]
        yield from (peer for peer in named if peer is not None)

    def whole(self) -> Encoded:
        """Its bytes with all of its rich message."""
        return Encoded(bytes(self.described))

    def _encode(self) -> Encoded:
        if self.inside == "message":
            return unknown(24)
        if self.inside == "media":
            return self._with("media", unknown(24))
        if self.shown_blocks is not None:
            blocks = self.described.rich_message.blocks[: self.shown_blocks]
            return self._with("rich_message", types.RichMessage(blocks, photos=[], documents=[], part=True))
        return self.whole()

    def _with(self, name: str, other: Tl) -> Encoded:
        """Its bytes with another value in one of its fields."""
        kept = getattr(self.described, name)
        setattr(self.described, name, other)
        try:
            return self.whole()
        finally:
            setattr(self.described, name, kept)
