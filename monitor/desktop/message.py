"""One message of an export as fields of the ``observed`` schema, a record and the files it names.

The names are those of ``SerializeMessage`` in export_output_json.cpp. What a name holds is
read only when it has the known shape; otherwise the field is null and the name is listed in
``unread``, so that a layout of tomorrow loses a field, and says so, but never a message.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from evidence.canonical import Value
from evidence.observation import HoleReason, Kind
from evidence.times import format_time
from monitor.desktop.layout import Chat
from monitor.desktop.previews import Stripped, strip_previews
from monitor.desktop.values import Number, Parsed

_KINDS = {"message": Kind.MESSAGE, "service": Kind.SERVICE}
_LAST_SECOND = 253_402_300_799
"""9999-12-31T23:59:59Z; the exporter writes 32-bit times."""

_MARKER = re.compile(r"\(\w+ (not included|exceeds maximum size|unavailable)")
_REASONS = {
    "not included": HoleReason.NOT_INCLUDED,
    "exceeds maximum size": HoleReason.TOO_LARGE,
    "unavailable": HoleReason.UNAVAILABLE,
}
_FILES = (("photo", "photo_file_size", None), ("file", "file_size", "mime_type"))
_VCARD = ("contact_vcard", "contact_vcard_file_size", None)
_MAX_DIGITS = 19
_INTEGERS = 1 << 63
_MAX_PATH = 255


@dataclass(frozen=True, slots=True)
class NamedFile:
    """A file that a message names; ``thumbnail`` is a preview and is never one.

    Attributes:
        name: Relative path as the export spells it, or the words in its place.
        declared_type: ``mime_type``, for a document.
    """

    name: str
    declared_type: str | None
    declared_bytes: int | None

    @property
    def withheld(self) -> HoleReason | None:
        """Why the exporter wrote no path: ``(File not included. ...)``; None for a path.

        A path of Telegram Desktop begins with a folder's name, never with a parenthesis.
        """
        if not self.name.startswith("("):
            return None
        marker = _MARKER.match(self.name)
        return _REASONS[marker[1]] if marker else HoleReason.UNAVAILABLE


@dataclass(frozen=True, slots=True)
class Message:
    """What one element of ``messages`` says.

    Attributes:
        unsupported: The type, where it is neither ``message`` nor ``service``.
        unread: Names whose value has no known shape; their fields are null.
        pictured: A picture is spelled out in the message itself, not only named by its path.
    """

    id: int
    kind: Kind
    posted_at: datetime | None
    fields: Mapping[str, Value]
    record: Value
    files: tuple[NamedFile, ...]
    unsupported: str | None
    unread: tuple[str, ...]
    pictured: bool


def message_id(parsed: Parsed) -> int | None:
    """The identifier of an element of ``messages``; None when it is no message.

    Negative for what came from the group that a supergroup was before: the exporter shifts
    those by 1,000,000,000 (``AdjustMigrateMessageIds`` in export_data_types.cpp).
    """
    if not isinstance(parsed, dict):
        return None
    return _integer(parsed.get("id"))


def read_message(parsed: Mapping[str, Parsed], *, number: int, chat: Chat) -> Message:
    """Read one element of ``messages``.

    Args:
        number: Its ``message_id``.
    """
    source = _Source(parsed)
    kind_name = source.text("type") or "without a type"
    posted_at = source.moment("date_unixtime")
    edited_at = source.moment("edited_unixtime")
    files = source.files()
    text = source.flat_text()
    is_service = kind_name == "service"
    fields = {
        **file_fields(chat, number, posted_at),
        "edited_at": _time(edited_at),
        "sender_id": source.identifier("actor_id" if is_service else "from_id"),
        "sender_name": source.text("actor" if is_service else "from"),
        "text": text,
        "reply_to": source.identifier("reply_to_message_id"),
        "forwarded_from": source.text("forwarded_from") or source.identifier("forwarded_from_id"),
        "action": source.text("action"),
        "media": [file.name for file in files if file.withheld is None] or None,
    }
    stripped = {name: strip_previews(value) for name, value in fields.items()}
    record = _record(parsed, text_has_picture=stripped["text"].removed > 0)
    return Message(
        id=number,
        kind=_KINDS.get(kind_name, Kind.MESSAGE),
        posted_at=posted_at,
        fields={name: field.value for name, field in stripped.items()},
        record=record.value,
        files=files,
        unsupported=None if kind_name in _KINDS else kind_name,
        unread=tuple(source.unread),
        pictured=record.removed > (1 if _is_path(parsed.get("thumbnail")) else 0),
    )


def file_fields(chat: Chat, number: int, posted_at: datetime | None) -> dict[str, Value]:
    """The fields that a message and each of its files share."""
    return {
        "channel_id": chat.id,
        "channel_title": strip_previews(chat.title).value,
        "message_id": str(number),
        "posted_at": _time(posted_at),
    }


def _record(parsed: Mapping[str, Parsed], *, text_has_picture: bool) -> Stripped:
    """The whole message without previews.

    Telegram cuts a text into entities, so that a picture spelled in Base64 shows only when the
    pieces are joined: then both spellings of the text go whole.
    """
    if text_has_picture:
        parsed = {
            name: {"thumbnail": value} if name in {"text", "text_entities"} else value for name, value in parsed.items()
        }
    return strip_previews(parsed)


def _is_path(value: Parsed) -> bool:
    """Whether a thumbnail is named, as the exporter does, and not spelled out."""
    return isinstance(value, str) and len(value) <= _MAX_PATH and strip_previews(value).removed == 0


@dataclass(slots=True)
class _Source:
    """Typed access to a message that remembers what it could not read."""

    parsed: Mapping[str, Parsed]
    unread: list[str]

    def __init__(self, parsed: Mapping[str, Parsed]) -> None:
        self.parsed = parsed
        self.unread = []

    def text(self, name: str) -> str | None:
        value = self.parsed.get(name)
        if value is None or (isinstance(value, str) and not isinstance(value, Number)):
            return value
        self.unread.append(name)
        return None

    def identifier(self, name: str) -> str | None:
        """Text like ``user123``, or the bare number that exports of 2021 and earlier have."""
        value = self.parsed.get(name)
        return str(value) if isinstance(value, Number) else self.text(name)

    def moment(self, name: str) -> datetime | None:
        """Seconds since 1970 in a text; absent before 2021, where local time alone was written."""
        value = self.parsed.get(name)
        if value is None:
            return None
        seconds = _integer(value)
        if seconds is None or not 0 <= seconds <= _LAST_SECOND:
            self.unread.append(name)
            return None
        return datetime.fromtimestamp(seconds, UTC)

    def flat_text(self) -> str | None:
        """``text`` without its entities: every character, in order."""
        value = self.parsed.get("text")
        flat = _flat_repeated(value)
        if flat is None and value is not None:
            self.unread.append("text")
        return flat

    def files(self) -> tuple[NamedFile, ...]:
        return tuple(file for names in (*_FILES, _VCARD) if (file := self._file(*names)) is not None)

    def _file(self, name: str, size_name: str, type_name: str | None) -> NamedFile | None:
        value = self.text(name)
        if not value:
            return None
        size = _integer(self.parsed.get(size_name))
        declared_type = self.text(type_name) if type_name else None
        return NamedFile(value, declared_type, None if size is None or size < 0 else size)


def _integer(value: Parsed) -> int | None:
    """A number, or digits in a text, within 64 bits."""
    if not isinstance(value, str):
        return None
    digits = value.removeprefix("-")
    if not (digits.isascii() and digits.isdecimal() and len(digits) <= _MAX_DIGITS):
        return None
    number = int(value)
    return number if -_INTEGERS <= number < _INTEGERS else None


def _flat_repeated(value: Parsed) -> str | None:
    """A text; of the two that a gift's message has, the one that is not empty."""
    if not isinstance(value, dict):
        return _flat(value)
    repeated = value.get("repeated")
    texts = [_flat(inner) for inner in repeated] if isinstance(repeated, list) else []
    filled = [text for text in texts if text != ""]
    return filled[0] if len(filled) == 1 else None


def _flat(value: Parsed) -> str | None:
    if isinstance(value, list):
        parts = [_part(part) for part in value]
        return None if None in parts else "".join(part for part in parts if part is not None)
    return _part(value)


def _part(value: Parsed) -> str | None:
    """A piece of a text: itself, or the ``text`` of an entity."""
    inner = value.get("text") if isinstance(value, dict) else value
    return inner if isinstance(inner, str) and not isinstance(inner, Number) else None


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else format_time(moment)
