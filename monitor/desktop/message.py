"""One message of an export as values of the ``observed`` schema, a record and the files it names.

``monitor.desktop.known`` says where each key goes. A value is read only if it has the known shape; otherwise
its place stays empty and the key is noted. So a later layout can cost a value, which is noted, but never a
message.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from evidence.canonical import Value, jcs, sha256_hex, text_value
from evidence.content import Content, Entity, Part, Person, Span, split_content
from evidence.observation import HoleReason, Kind
from evidence.times import format_time
from monitor.desktop.files import NamedFile
from monitor.desktop.known import ACTIONS, MESSAGE, UNKNOWN_ACTION, Rows, collect, parts_of
from monitor.desktop.layout import Chat
from monitor.desktop.rich import read_rich
from monitor.desktop.shapes import (
    PartReader,
    integer_of,
    is_local,
    is_local_time_of,
    is_text,
    moment_of,
    old_peer,
    peer,
)
from monitor.desktop.values import JsonNumber, Parsed
from monitor.desktop.words import read_text
from monitor.notes import listed
from monitor.previews import Stripped, is_uncut, strip_previews

_KINDS = {"message": Kind.MESSAGE, "service": Kind.SERVICE}
_UNSUPPORTED = "unsupported"
_FILES = (
    ("photo", "photo_file_size", "photo"),
    ("file", "file_size", "document"),
    ("contact_vcard", "contact_vcard_file_size", "contact"),
)
_NAMING = frozenset({*(name for name, _size, _kind in _FILES), "rich_message"})
"""Keys under which a message names files."""
_SINCE_TELEGRAM = re.compile(r"(?:201[3-9]|20[2-9][0-9])-.*")
"""Local time in words; what claims to be older than Telegram has no date."""
_NEVER = ("1969-12-31T", "1970-01-01T")
"""How the edit of a message begins that was never edited, in any zone."""
_SPELLINGS = ("text", "text_entities", "gift_text", "full_text")
"""Keys that may say the same words."""
_WORDS = ("text", "gift_text", "text_entities")
"""Those whose words are the text, the first that has any."""
_EMPTY: tuple[Parsed, ...] = (None, "", [])
_AFTER_A_KEY = ".: "
"""What separates a key from the rest of a note."""


@dataclass(frozen=True, slots=True)
class Message:
    """What one element of ``messages`` says.

    Attributes:
        holes: What this reader or the exporter cannot say of it: a reason, and what it concerns.
        unsupported: It is neither of type ``message`` nor ``service``.
        pictured: A picture is spelled out in the message itself, not only named by its path.
    """

    id: int
    kind: Kind
    posted_at: datetime | None
    fields: Mapping[str, Value]
    record: Value
    files: tuple[NamedFile, ...]
    holes: tuple[tuple[HoleReason, str], ...]
    unsupported: bool
    pictured: bool


def message_id(parsed: Parsed) -> int | None:
    """The identifier of an element of an export's ``messages``; None when it is no message.

    Negative for what came from the group that a supergroup was before: the exporter shifts
    those by 1,000,000,000 (``AdjustMigrateMessageIds`` in export_data_types.cpp).
    """
    return integer_of(parsed.get("id")) if isinstance(parsed, dict) else None


def read_message(parsed: Mapping[str, Parsed], *, number: int, chat: Chat) -> Message:
    """Read one element of an export's ``messages``.

    Args:
        number: Its ``message_id``.
    """
    source = _Source(parsed, chat)
    kind = source.text("type") or "without a type"
    posted_at = source.moment("date")
    names = {
        **file_fields(chat, number, posted_at),
        "edited_at": _time(source.moment("edited")),
        **source.sender(is_service=kind == "service"),
        "reply_to": source.reply(),
        "action": source.clean("action"),
    }
    content, files = source.content(kind)
    if content.is_silent and kind in _KINDS and not source.reader.has_more:
        source.hole(HoleReason.SAYS_NOTHING, "")
    if kind not in _KINDS:
        source.hole(HoleReason.UNSUPPORTED, kind)
    record = _record(parsed, source.reader.spelled)
    unknown = {"unknown_sha256": _unknown_sha256(record.value, source.noted())}
    return Message(
        id=number,
        kind=_KINDS.get(kind, Kind.MESSAGE),
        posted_at=posted_at,
        fields=names | split_content(content) | source.origin(content) | {"media": source.media(files)} | unknown,
        record=record.value,
        files=files,
        holes=source.all_holes(),
        unsupported=kind not in _KINDS,
        pictured=record.removed > record.paths,
    )


def named_files(parsed: Mapping[str, Parsed], *, chat: Chat) -> tuple[NamedFile, ...]:
    """The files that an element of an export's ``messages`` names: those of ``read_message``, and no more is read."""
    if _NAMING.isdisjoint(parsed):
        return ()
    files = _Source(parsed, chat).files()
    if "rich_message" in parsed and parsed.get("type") != "service":
        files += tuple(read_rich(PartReader(), parsed["rich_message"]).files)
    return files


def file_fields(chat: Chat, number: int, posted_at: datetime | None) -> dict[str, Value]:
    """The fields that an exported message and each of its files share."""
    return {
        "channel_id": chat.id,
        "channel_title": strip_previews(chat.title).value,
        "channel_type": chat.type,
        "message_id": str(number),
        "posted_at": _time(posted_at),
    }


def _record(parsed: Mapping[str, Parsed], spelled: set[str]) -> Stripped:
    """The whole message without previews.

    Telegram cuts a text into entities, so that a picture spelled in Base64 shows only when the
    pieces are joined: then every spelling of that text goes whole.

    Args:
        spelled: The keys of such texts.
    """
    if spelled:
        whole = {*spelled, *(() if spelled.isdisjoint(_SPELLINGS) else _SPELLINGS)}
        parsed = {name: {"thumbnail": value} if name in whole else value for name, value in parsed.items()}
    return strip_previews(parsed)


def _unknown_sha256(record: Value, notes: Iterable[str]) -> str | None:
    """The digest of what was not understood, without pictures; None where there is nothing such.

    Args:
        notes: Where it stands in the message, as ``PartReader`` notes it.
    """
    told: list[Value] = [[text_value(note), _at(record, note)] for note in sorted(notes)]
    return sha256_hex(jcs(told)) if told else None


def _at(value: Value, note: str) -> Value:
    """The value at the place of a note, or the value around it where the note leads no further."""
    if isinstance(value, list):
        return [_at(one, note) for one in value]
    if not isinstance(value, dict):
        return value
    found = [
        inner if note == key else _at(inner, note[len(key) + 1 :].lstrip())
        for key, inner in value.items()
        if note == key or (note.startswith(key) and note[len(key)] in _AFTER_A_KEY)
    ]
    return found or value


class _Source:
    """A message while it is read."""

    def __init__(self, parsed: Mapping[str, Parsed], chat: Chat) -> None:
        self.parsed = parsed
        self.chat = chat
        self.reader = PartReader()
        self.found: dict[str, Any] = {}
        self.holes: dict[HoleReason, dict[str, None]] = {}

    def hole(self, reason: HoleReason, what: str) -> None:
        self.holes.setdefault(reason, {})[what] = None

    def all_holes(self) -> tuple[tuple[HoleReason, str], ...]:
        """One hole for each reason, whatever it is of."""
        notes = (
            (HoleReason.BAD_DATE, self.reader.undated),
            (HoleReason.DATES_DIFFER, self.reader.differing),
            (HoleReason.UNREAD, self.reader.unread),
            (HoleReason.UNKNOWN, self.reader.unknown),
            (HoleReason.NOT_EXPORTED, self.reader.unwritten),
        )
        both = [*self.holes.items(), *((reason, noted) for reason, noted in notes if noted)]
        return tuple((reason, listed(noted)) for reason, noted in both)

    def noted(self) -> set[str]:
        """The places of what was not understood."""
        kind = self.parsed.get("type")
        odd = set() if kind in (*_KINDS, _UNSUPPORTED) else {"type"}
        return {*self.reader.unread, *self.reader.undated, *self.reader.differing, *self.reader.unknown} | odd

    def text(self, name: str) -> str | None:
        value = self.parsed.get(name)
        if value is None or is_text(value):
            return None if value is None else str(value)
        self.reader.refuse(name)
        return None

    def clean(self, name: str) -> Value:
        value = self.text(name)
        return None if value is None else self.reader.clean(value)

    # Times

    def moment(self, name: str) -> datetime | None:
        """``date`` or ``edited``: of the two spellings, seconds since 1970 are a time, local time is words.

        Version 3.7.6 of June 2022 was the first to write seconds. Until 2.1.8 a message that was never
        edited has an ``edited`` of 1970.
        """
        unix, local = self.parsed.get(f"{name}_unixtime"), self.parsed.get(name)
        found = moment_of(unix)
        if unix is not None and found is None:
            self.reader.undate(f"{name}_unixtime")
        if not self._is_dated(name, local, unix):
            self.reader.undate(name)
        elif found is not None and is_local(local):
            self._compare_times(name, str(local), found)
        elif found is None and is_local(local) and _SINCE_TELEGRAM.fullmatch(str(local)):
            self.found.setdefault("local_time", {})["posted" if name == "date" else "edited"] = str(local)
        return found

    def _compare_times(self, name: str, local: str, found: datetime) -> None:
        try:
            if not is_local_time_of(local, found):
                self.reader.differ(name)
        except ValueError:
            self.reader.undate(name)

    def _is_dated(self, name: str, local: Parsed, unix: Parsed) -> bool:
        """Whether local time is a time since Telegram began, or is absent where it may be."""
        if local in (None, ""):
            return unix is not None or name == "edited" or self.parsed.get("type") == _UNSUPPORTED
        if not is_local(local):
            return False
        # beside seconds, it says the same in words
        never = name == "edited" and str(local).startswith(_NEVER)
        return unix is not None or never or _SINCE_TELEGRAM.fullmatch(str(local)) is not None

    # People and places

    def sender(self, *, is_service: bool) -> dict[str, Value]:
        name, number = ("actor", "actor_id") if is_service else ("from", "from_id")
        return {"sender_id": self.peer(number), "sender_name": self.clean(name)}

    def peer(self, name: str) -> Value:
        """An account or a chat; one that is spelled in no known way is kept as it stands."""
        value = self.parsed.get(name)
        if isinstance(value, JsonNumber):
            return self.chat.peer if integer_of(value) == self.chat.number else old_peer(self.reader, value, name)
        found = self.text(name)
        spelled = peer(PartReader(), found, name)
        return spelled or (None if found is None else self.reader.clean(found))

    def reply(self) -> Value:
        """The message of this chat that is answered; one of another chat goes to the content, with its chat."""
        answered = self.identifier("reply_to_message_id")
        if "reply_to_peer_id" not in self.parsed or self.parsed.get("type") == "service":
            return answered
        chat = self.peer("reply_to_peer_id")
        if chat in (None, self.chat.peer):
            return answered
        if not isinstance(chat, str):  # a picture was in it
            self.reader.refuse("reply_to_peer_id")
        fields = {} if answered is None else {"message_id": answered}
        self.found["reply"] = fields | {"chat": Person(id=chat if isinstance(chat, str) else "unknown")}
        return None

    def identifier(self, name: str) -> str | None:
        value = self.parsed.get(name)
        number = integer_of(value)
        if number is None and value is not None:
            self.reader.refuse(name)
        return None if number is None else str(number)

    def origin(self, content: Content) -> dict[str, Value]:
        """The plain name of where a message was forwarded from: its name, or else its number."""
        for part in content.parts if isinstance(content.parts, tuple) else ():
            if part.kind == "forward":
                person = part.fields["person"]
                return {"forwarded_from": (person.name or person.id) if isinstance(person, Person) else None}
        return {"forwarded_from": None}

    # Content

    def content(self, kind: str) -> tuple[Content, tuple[NamedFile, ...]]:
        """What the message says, and the files that it names."""
        collect(self.reader, self.parsed, self._rows(kind), "", self.found)
        files = self.files()
        self._media(files)
        if "rich_message" in self.parsed and kind != "service":
            text, entities, rich, of_rich = self._rich()
            self.found["rich"] = [rich]
            files = (*files, *of_rich)
            self._compare_all("rich_message", text, entities)
        else:
            text, entities = self._text()
        if "paid_media" in self.found:
            self.reader.unwritten["paid media"] = None
        parts, counters = parts_of(self.found)
        return Content(text, entities, parts, counters), files

    def _rows(self, kind: str) -> Rows:
        if kind != "service":
            return MESSAGE
        action = self.parsed.get("action", "")
        if not is_text(action):
            return UNKNOWN_ACTION
        if str(action) not in ACTIONS:
            self.reader.miss(f"action: {action}")
            return UNKNOWN_ACTION
        if "action" in self.parsed or "information_text" in self.parsed:
            self.found["service"] = {}
        return ACTIONS[str(action)]

    def _text(self) -> tuple[Value, tuple[Entity, ...]]:
        """``text``, or what replaces it: the words of a gift, or the entities alone."""
        for name in self._spelled(_WORDS):
            text, entities = self._words(self.reader, name)
            if text is not None:
                self._compare_all(name, text, entities)
                return text, entities
        return self._words(self.reader, "text")

    def _spelled(self, names: Iterable[str]) -> list[str]:
        return [name for name in names if _repeated(self.parsed.get(name)) not in _EMPTY]

    def _words(self, reader: PartReader, name: str) -> tuple[Value, tuple[Entity, ...]]:
        return read_text(reader, _repeated(self.parsed.get(name)), name)

    def _compare_all(self, name: str, text: Value, entities: tuple[Entity, ...]) -> None:
        for other in self._spelled(_SPELLINGS):
            if other != name:
                self._compare(other, name, text, entities)

    def _compare(self, other: str, name: str, text: Value, entities: tuple[Entity, ...]) -> None:
        """Note another spelling of the text that says anything else, or has a note of its own."""
        reader = PartReader()
        read, on_it = self._words(reader, other)
        same = read == text and (other != "text_entities" or on_it == entities)
        known = {f"{other}{note.removeprefix(name)}" for note in (*self.reader.unread, *self.reader.unknown)}
        if not same or not known.issuperset((*reader.unread, *reader.unknown)):
            self.reader.refuse(other)

    def _rich(self) -> tuple[Value, tuple[Entity, ...], Part, tuple[NamedFile, ...]]:
        rich = read_rich(self.reader, self.parsed["rich_message"])
        text = self.reader.join(rich.words, "rich_message")
        entities = tuple(rich.entities)
        if not is_uncut(text):  # a picture: what lies on it must not spell it again
            self.reader.refuse("rich_message: entities")
            entities = tuple(Entity(one.type, Span(one.span.offset, one.span.length)) for one in entities)
        return text, entities, rich.part(), tuple(rich.files)

    # Files

    def files(self) -> tuple[NamedFile, ...]:
        """The files that it names, except those of a rich message."""
        return tuple(file for names in _FILES if (file := self._file(*names)) is not None)

    def _file(self, name: str, size_name: str, kind: str) -> NamedFile | None:
        path = self.text(name)
        if not path:
            return None
        size = integer_of(self.parsed.get(size_name))
        size = None if size is None or size < 0 else size
        if kind != "document":
            return NamedFile(path, None, size)
        texts = {key: self.text(key) for key in ("mime_type", "file_name", "thumbnail")}
        return NamedFile(
            path, texts["mime_type"], size, shown=texts["file_name"] or "", preview=texts["thumbnail"] or ""
        )

    def _media(self, files: tuple[NamedFile, ...]) -> None:
        """The kind of what was sent, where the exporter has no word for it."""
        kind = "photo" if "photo" in self.parsed else "file" if "file" in self.parsed else None
        if kind:
            media = self.found.setdefault("media", {})
            media.setdefault("type", kind)
        if any(file.name for file in files) and "contact_vcard" in self.parsed:
            self.found.setdefault("contact", {})

    def media(self, files: tuple[NamedFile, ...]) -> Value:
        """The paths of the files that it names."""
        return [self.reader.clean(file.name) for file in files if file.withheld is None] or None


def _repeated(value: Parsed) -> Parsed:
    """A text; of the two that a gift's message has, the one that is not empty."""
    repeated = value.get("repeated") if isinstance(value, dict) and len(value) == 1 else None
    if not isinstance(repeated, list):
        return value
    filled = [one for one in repeated if one not in ("", [], None)]
    return filled[0] if len(filled) == 1 else value if filled else ""


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else format_time(moment)
