"""Turns one message of the layer into observations: what it says, its files, and what cannot be said.

Pure functions over decoded objects: no network, no clock. ``monitor.telegram.known`` says where each field goes. A
value is spelled as an import from Telegram Desktop spells it (docs/format.md, "Content"), so one message says the same
in both. What the program cannot say becomes a hole at the message, which names it; the message itself is never lost.

Thumbnails are only in ``raw``, never in values or in the record, in any mode. If a message deletes itself and may not
be kept, its raw bytes are not handed on if a thumbnail is embedded in them.
"""

import io
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import BinaryIO

from evidence.canonical import Value
from evidence.content import Content, Entity, Person, message_sha256, split_content
from evidence.observation import Hole, HoleReason, Kind, Medium, Observation
from evidence.times import format_time
from monitor.notes import hole_words, listed
from monitor.previews import strip_previews
from monitor.telegram import rich
from monitor.telegram.entities import read_text
from monitor.telegram.known import TABLES, action_name, collect, parts_of, reply_of
from monitor.telegram.media import tell_media
from monitor.telegram.peers import Peers, identifier_of
from monitor.telegram.pictures import Carried, File, Slot, carried_in, slots_in, thumbnails_in
from monitor.telegram.reading import Reading, moment
from monitor.telegram.tree import Cut, TlTree, is_told, record_of, told

Fetch = Callable[[File], AbstractContextManager[BinaryIO]]

_BEGAN = datetime(2013, 8, 1, tzinfo=UTC)
"""The month in which Telegram began: a message that claims to be older has no date."""
_VCARD = "contact.vcf"
_VCARD_TYPE = "text/vcard"
_GIFT_WORDS = "TextWithEntities"


def contents_of(  # noqa: PLR0913 - all that a source knows of one message
    message: object,
    peers: Peers,
    *,
    raw: bytes | None,
    raw_type: str,
    channel_id: str,
    seen_at: datetime,
    fetch: Fetch,
    self_destructing: bool,
) -> list[Observation | Hole]:
    """What the log gets from a ``Message``, ``MessageService`` or ``MessageEmpty`` of Telegram.

    Args:
        peers: Those of the reply in which the message came.
        raw: Its bytes as received.
        channel_id: As ``Observation`` spells it.
        seen_at: Since when its holes are known.
        fetch: Downloads a file; called when the file is read, at most once for each.
        self_destructing: Whether the legal basis allows keeping what deletes itself.

    Returns:
        The message, then its files by position, then its holes; for a ``MessageEmpty``, one hole.
    """
    cut = Cut()
    found = told(message, cut)
    if found["_"] == "MessageEmpty":
        return [Hole(channel_id, HoleReason.GAP, seen_at, found["id"], found["id"])]
    carried = carried_in(found)
    slots = slots_in(found, carried)
    source = _Source(found, Reading(peers), channel_id, carried, slots, self_destructing=self_destructing)
    for where in cut.at:
        source.reading.note(HoleReason.UNREAD, f"{where}: nests too deep")
    seen = source.observation(raw, raw_type)
    digest = message_sha256({**seen.fields, "kind": seen.kind.value})
    return [seen, *source.files(digest, seen_at, fetch), *source.holes(digest, seen_at)]


@dataclass(frozen=True, slots=True)
class _Source:
    """A message while it is being read."""

    found: TlTree
    reading: Reading
    channel_id: str
    carried: tuple[Carried, ...]
    slots: tuple[Slot, ...]
    self_destructing: bool

    @property
    def number(self) -> int:
        return int(self.found["id"])

    @property
    def is_service(self) -> bool:
        return bool(self.found["_"] == "MessageService")

    @property
    def own(self) -> str:
        """The chat, as a message would name it."""
        return f"channel{self.channel_id}" if self.channel_id.isdecimal() else self.channel_id

    @property
    def vcard(self) -> str:
        media = self.found.get("media")
        return str(media.get("vcard") or "") if is_told(media) and media["_"] == "MessageMediaContact" else ""

    # The message

    def observation(self, raw: bytes | None, raw_type: str) -> Observation:
        posted_at = self._posted_at()
        fields = self._fields(posted_at)
        record = record_of(self.found)
        pictured = bool(thumbnails_in(self.found)) or record.spelled > 0
        forbidden = pictured and any(self._is_forbidden(slot) for slot in self.slots)
        return Observation(
            kind=Kind.SERVICE if self.is_service else Kind.MESSAGE,
            channel_id=self.channel_id,
            message_id=self.number,
            posted_at=posted_at,
            fields=fields,
            raw=None if forbidden else raw,
            raw_type=raw_type,
            record=record.value,
            pictured=pictured,
        )

    def _fields(self, posted_at: datetime | None) -> dict[str, Value]:
        reply_to = reply_of(self.reading, self.found, own=self.own, is_service=self.is_service)
        content = self._content()
        edited = self.found.get("edit_date")
        fields = {
            **self._shared(posted_at),
            "edited_at": None if edited is None else moment(self.reading, edited, "edit_date"),
            **self._sender(),
            "reply_to": reply_to,
            "action": action_name(self.found["action"]) if self.is_service else None,
            **split_content(content),
            "forwarded_from": _origin(content),
            "media": self._names() or None,
        }
        if content.is_silent and not self.reading.notes:
            self.reading.note(HoleReason.SAYS_NOTHING, "")
        return {**fields, "unknown_sha256": self.reading.unknown_sha256()}

    def _shared(self, posted_at: datetime | None) -> dict[str, Value]:
        """The fields that a message and each of its files share."""
        chat = self.reading.peers.known.get(self.own)
        return {
            "channel_id": self.channel_id,
            "channel_title": chat.name if chat else None,
            "channel_type": chat.chat_type if chat else None,
            "message_id": str(self.number),
            "posted_at": None if posted_at is None else format_time(posted_at),
        }

    def _posted_at(self) -> datetime | None:
        posted_at = self.found.get("date")
        if not isinstance(posted_at, datetime) or posted_at.tzinfo is None or posted_at < _BEGAN:
            self.reading.note(HoleReason.BAD_DATE, "date", str(posted_at))
            return None
        return posted_at

    def _sender(self) -> dict[str, Value]:
        """Who sent it; a post that names nobody is by the channel itself."""
        chat = identifier_of(self.found.get("peer_id"))
        if chat != self.own:
            self.reading.note(HoleReason.UNREAD, "peer_id", self.found.get("peer_id"))
        sender = identifier_of(self.found.get("from_id")) or chat
        person = self.reading.peers.person(sender) if sender else None
        return {"sender_id": sender, "sender_name": person.name if person else None}

    # Content

    def _content(self) -> Content:
        collect(self.reading, self.found)
        inside: set[str] = set()
        if is_told(self.found.get("rich_message")):
            text, entities, inside = self._rich()
        else:
            text, entities = self._text()
        tell_media(self.reading, self.carried, inside=inside)
        parts, counters = parts_of(self.reading)
        return Content(text, entities, parts, counters)

    def _text(self) -> tuple[Value, tuple[Entity, ...]]:
        """The words; for an action, those that somebody wrote with it."""
        if not self.is_service:
            return read_text(self.reading, self.found.get("message", ""), self.found.get("entities", ()), "entities")
        action = self.found["action"]
        self._action(action)
        written = action.get("message", action.get("text")) if action["_"] != "MessageActionCustomAction" else None
        if is_told(written) and written["_"] == _GIFT_WORDS:
            return read_text(self.reading, written["text"], written.get("entities", ()), "message")
        return (self.reading.clean(written) if isinstance(written, str) else ""), ()

    def _action(self, action: TlTree) -> None:
        collect(self.reading, action)
        if action["_"] in TABLES:
            self.reading.found.setdefault("service", {})

    def _rich(self) -> tuple[Value, tuple[Entity, ...], set[str]]:
        told_rich = self.found["rich_message"]
        read = rich.read_rich_message(self.reading, told_rich)
        text, entities = read.cleaned()
        self.reading.tell("rich", read.part(rtl=bool(told_rich.get("rtl"))))
        plain = self.found.get("message", "")
        if plain and plain != text:
            self.reading.note(HoleReason.UNREAD, "message", plain)
        return text, entities, read.shown

    # Files and holes

    def _names(self) -> list[Value]:
        """The names of its files, by position."""
        names = [slot.file.name for slot in self.slots if slot.file is not None]
        return [self.reading.clean(name) for name in (*names, *((_VCARD,) if self.vcard else ()))]

    def files(self, digest: str, seen_at: datetime, fetch: Fetch) -> Iterator[Observation | Hole]:
        """Its files by position, or why they are missing."""
        for slot in self.slots:
            edge = f"{slot.carried.edge}: {slot.carried.told['_']}"
            if slot.file is None:
                yield self._hole(HoleReason.UNAVAILABLE, edge, digest, seen_at, slot.position)
            elif self._is_forbidden(slot):
                what = f"{slot.file.name}: {slot.carried.holder['ttl_seconds']} s"
                yield self._hole(HoleReason.SELF_DESTRUCTING, what, digest, seen_at, slot.position)
            else:
                file = slot.file
                medium = Medium(file.name, partial(fetch, file), file.declared_type, file.identity)
                yield self._file(medium, slot.position, digest)
        if self.vcard:
            card = self.vcard.encode("utf-8", "surrogatepass")
            yield self._file(Medium(_VCARD, partial(io.BytesIO, card), _VCARD_TYPE), len(self.slots), digest)

    def _is_forbidden(self, slot: Slot) -> bool:
        return not self.self_destructing and "ttl_seconds" in slot.carried.holder

    def _file(self, medium: Medium, position: int, digest: str) -> Observation:
        posted_at = self.found.get("date")
        posted_at = posted_at if isinstance(posted_at, datetime) and posted_at >= _BEGAN else None
        return Observation(
            kind=Kind.FILE,
            channel_id=self.channel_id,
            message_id=self.number,
            posted_at=posted_at,
            fields={
                **self._shared(posted_at),
                "media": [medium.identity] if medium.identity else None,
                "file_name": strip_previews(medium.name).value,
                "media_type": strip_previews(medium.declared_type).value,
                "position": str(position),
                "message_sha256": digest,
            },
            medium=medium,
        )

    def holes(self, digest: str, seen_at: datetime) -> Iterator[Hole]:
        """One hole for each reason, whatever it concerns."""
        for reason, noted in self.reading.holes():
            yield self._hole(reason, listed(noted), digest, seen_at, None)

    def _hole(self, reason: HoleReason, what: str, digest: str, seen_at: datetime, position: int | None) -> Hole:
        return Hole(
            self.channel_id,
            reason,
            seen_at,
            self.number,
            self.number,
            hole_words(what),
            position=position,
            message_sha256=digest,
        )


def _origin(content: Content) -> Value:
    """Where a message was forwarded from, in plain words: the name, or else the number."""
    for part in content.parts if isinstance(content.parts, tuple) else ():
        person = part.fields.get("person") if part.kind == "forward" else None
        if isinstance(person, Person):
            return person.name or person.id
    return None
