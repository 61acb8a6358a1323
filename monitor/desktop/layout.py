"""Which chats a JSON export holds, and where their messages lie.

Layouts of Telegram Desktop (export_output_json.cpp, ``JsonWriter``):

- one chat: ``{name, type, id, messages: [...]}``, and the chat is the whole file;
- full: ``{about, ..., chats: {about, list: [CHAT...]}, left_chats: {about, list: [CHAT...]}}``,
  where the chats with oneself, of replies and of login codes have no ``name``.

Only the chat that is asked for is parsed. The others of a full export, the contacts and the
sessions are stepped over: they are the private life of whoever brought the export.
"""

import re
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeGuard

from monitor.desktop.scan import Buffer, Scanner, Span, broken
from monitor.desktop.values import Number, Parsed, read_value
from monitor.errors import ChatNotFoundError, NotAnExportError

_BOM = b"\xef\xbb\xbf"
_LISTS = frozenset({"chats", "left_chats"})
_HEADER = frozenset({"name", "type", "id"})
_MAX_LISTED = 20
_MAX_TITLE_CHARACTERS = 300
"""Telegram allows 128, and a person's two names 64 each; a picture does not fit."""
_SHARED = ("_group", "_supergroup", "_channel")
"""Types whose identifier may be named in a message; the others identify a person."""


@dataclass(frozen=True, slots=True)
class Chat:
    """One chat of an export.

    Attributes:
        id: Bare identifier, decimal, as the export writes it (no ``-100``).
        title: Its name; None where the export writes none.
        start: Byte offset of its container: 0, or of its object in a full export.
        end: End of its container, exclusive: of the file, or of its object.
        starts: Byte offset of each message, from the beginning of the file.
        ends: End of each message, exclusive.
    """

    id: str
    type: str | None
    title: str | None
    start: int
    end: int
    starts: Sequence[int]
    ends: Sequence[int]

    def __len__(self) -> int:
        return len(self.starts)

    def spans(self) -> Iterator[Span]:
        """The messages in the order of the file."""
        return (Span(start, end) for start, end in zip(self.starts, self.ends, strict=True))


def find_chat(data: Buffer, *, chat_id: str | None) -> Chat:
    """Walk the whole file and give the one chat that is meant.

    Args:
        chat_id: Bare, or with the ``-100`` or ``-`` that other programs put before it; None
            for the only chat.

    Raises:
        NotAnExportError: No object with a chat in it.
        BrokenExportError: The JSON around the messages is damaged, or a chat lacks its parts.
        ChatNotFoundError: Not the chat that was asked for, or several and none was asked for.
    """
    wanted = None if chat_id is None else _bare(chat_id)
    start = len(_BOM) if data[: len(_BOM)] == _BOM else 0
    scanner = Scanner(data, start=start)
    if data[scanner.at : scanner.at + 1] != b"{":
        raise _not_an_export(data)
    chats = _root(scanner, data, wanted)
    scanner.finish()
    if not chats:
        raise _not_an_export(data)
    return _choose(chats, wanted)


@dataclass(slots=True)
class _Builder:
    """A chat while its members are walked."""

    data: Buffer
    at: int
    header: dict[str, Parsed] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    starts: "array[int]" = field(default_factory=lambda: array("q"))
    ends: "array[int]" = field(default_factory=lambda: array("q"))

    def take(self, name: str, scanner: Scanner) -> None:
        self._once(name)
        if name == "messages":
            for _ in scanner.elements():
                span = scanner.value()
                self.starts.append(span.start)
                self.ends.append(span.end)
        elif name in _HEADER:
            self.header[name] = read_value(self.data, scanner.value())
        else:
            scanner.value()

    def _once(self, name: str) -> None:
        if name in self.names:
            raise broken(self.data, self.at, "a chat has a member twice", expected="each name once")
        self.names.add(name)

    def chat(self, span: Span) -> Chat:
        identifier, title, chat_type = (self.header.get(name) for name in ("id", "name", "type"))
        if "messages" not in self.names or not isinstance(identifier, Number) or not _is_integer(identifier):
            raise broken(self.data, self.at, "this is not a chat of an export", expected="name, type, id and messages")
        if not _is_title(title) or not _is_type(chat_type):
            raise broken(self.data, self.at, "the name or type of a chat is none", expected="a short text or null")
        return Chat(str(int(identifier)), chat_type, title, span.start, span.end, self.starts, self.ends)


def _root(scanner: Scanner, data: Buffer, wanted: str | None) -> list[Chat]:
    """The root object: one chat, or the lists of a full export."""
    single = _Builder(data, scanner.at)
    listed: list[Chat] = []
    for name in scanner.members():
        if name in _LISTS:
            single.names.add(name)
            listed += _listed(scanner, data, wanted)
        else:
            single.take(name, scanner)
    if "messages" in single.names:
        return [single.chat(Span(0, len(data)))]
    return listed


def _listed(scanner: Scanner, data: Buffer, wanted: str | None) -> Iterator[Chat]:
    for name in scanner.members():
        if name != "list":
            scanner.value()
            continue
        for _ in scanner.elements():
            yield _listed_chat(scanner, data, wanted)


def _listed_chat(scanner: Scanner, data: Buffer, wanted: str | None) -> Chat:
    builder = _Builder(data, scanner.at)
    for name in scanner.members():
        builder.take(name, scanner)
    chat = builder.chat(Span(builder.at, scanner.end))
    if wanted is not None and chat.id != wanted:
        # the offsets of the chats that nobody asked for need not stay in memory
        return Chat(chat.id, chat.type, None, chat.start, chat.end, array("q"), array("q"))
    return chat


def _choose(chats: list[Chat], wanted: str | None) -> Chat:
    fitting = [chat for chat in chats if wanted is None or chat.id == wanted]
    if len(fitting) == 1:
        return fitting[0]
    known = [f"{chat.id} ({chat.type})" for chat in chats if chat.type and chat.type.endswith(_SHARED)]
    more = f" and {len(known) - _MAX_LISTED} more" if len(known) > _MAX_LISTED else ""
    groups = ", ".join(known[:_MAX_LISTED]) + more if known else "no group and no channel"
    raise ChatNotFoundError(
        "this export does not say which chat is meant" if fitting else "the chat is not in this export",
        where="result.json",
        expected=f"chat {wanted}" if wanted else "one chat",
        found=f"{len(fitting)} of {len(chats)} chats; groups and channels: {groups}",
        fix="Name one with --chat ID, or export that chat alone",
    )


def _bare(chat_id: str) -> str:
    for prefix in ("-100", "-"):
        if chat_id.startswith(prefix) and chat_id[len(prefix) :].isdecimal():
            return chat_id[len(prefix) :]
    return chat_id


def _is_title(value: Parsed) -> TypeGuard[str | None]:
    return value is None or (
        isinstance(value, str) and not isinstance(value, Number) and len(value) <= _MAX_TITLE_CHARACTERS
    )


def _is_type(value: Parsed) -> TypeGuard[str | None]:
    return value is None or (isinstance(value, str) and re.fullmatch(r"[a-z_]{0,64}", value) is not None)


def _is_integer(number: str) -> bool:
    return number.lstrip("-").isdecimal() and len(number) <= len(str(-(2**63)))


def _not_an_export(data: Buffer) -> NotAnExportError:
    return NotAnExportError(
        "this is not a JSON export of Telegram Desktop",
        where="result.json",
        expected="an object with name, type, id and messages, or with chats",
        found=_kind(bytes(data[:64]).removeprefix(_BOM).lstrip()),
        fix="In Telegram Desktop choose Export chat history, format Machine-readable JSON",
    )


def _kind(start: bytes) -> str:
    """What people give instead, by how it begins."""
    if start.startswith(b"PK"):
        return "a ZIP archive"
    if start.startswith(b"<"):
        return "an HTML page"
    return "other JSON" if start.startswith((b"{", b"[")) else "no JSON"
