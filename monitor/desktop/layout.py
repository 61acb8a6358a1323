"""Which chats a JSON export holds, and where their messages lie.

Layouts of Telegram Desktop (export_output_json.cpp, ``JsonWriter``):

- one chat: ``{name, type, id, messages: [...]}``, and the chat is the whole file;
- full: ``{about, ..., chats: {about, list: [CHAT...]}, left_chats: {about, list: [CHAT...]}}``,
  where the chats with oneself, of replies and of login codes have no ``name``.

A chat has a number and a type, and the number alone names no chat: a user, a basic group and a channel
may have the same one. Before version 1.4.8 chats have no number at all. From then to 2.7.1 the file says
the number with its kind added to it (2^32 to a user's, 2^33 to a group's or a channel's).

An export that was stopped ends after any byte: the messages before that are whole and are taken.

Only the chosen chat is parsed. The other chats of a full export, the contacts and the sessions are
skipped: they are the private life of whoever brought the export. Where nobody says which chat
is meant, they are listed by title, kind and size, for whoever has the export in hand to choose.
"""

import re
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeGuard

from config.errors import Term
from monitor.desktop.scan import Buffer, ByteSpan, Scanner, broken
from monitor.desktop.values import JsonNumber, Parsed, read_value
from monitor.errors import ChatNotFoundError, CutOffExportError, NotAnExportError

BOM = b"\xef\xbb\xbf"
_LEFT = "left_chats"
_LISTS = frozenset({"chats", _LEFT})
_HEADER = frozenset({"name", "type", "id"})
_MAX_LISTED = 20
_MAX_TITLE_CHARACTERS = 300
"""Telegram allows 128, and a person's two names 64 each; a picture does not fit."""
SHARED = ("_group", "_supergroup", "_channel")
"""Types whose identifier may be named in a message; the others identify a person."""
_CHANNELS = ("_supergroup", "_channel")
_GROUP = "private_group"
_USERS = frozenset({"saved_messages", "replies", "verification_codes", "personal_chat", "bot_chat"})
_USER_SHIFT, _CHAT_SHIFT = 1 << 32, 1 << 33
_MESSAGE_BEGINS = re.compile(rb'\{\s*"id"\s*:\s*-?[0-9]+\s*,\s*"type"\s*:')
_SPELLED = re.compile(r"(-100|-|user|chat|group|channel)?([0-9]{1,19})")
_KINDS = {"-100": "channel", "-": "group", "user": "user", "chat": "group", "group": "group", "channel": "channel"}


@dataclass(frozen=True, slots=True)
class Chat:
    """One chat of an export.

    Attributes:
        number: As the export writes it; None in exports before version 1.4.8.
        title: Its name; None where the export writes none.
        start: Byte offset of its container: 0, or of its object in a full export.
        end: End of its container, exclusive: of the file, or of its object.
        starts: Byte offset of each message, from the beginning of the file.
        ends: End of each message, exclusive.
        left: It stands in ``left_chats``, for which the exporter asks for its own messages only.
        stopped: The file ends before the chat does.
        identifier: What it is called where it has no number.
        shifted: The number carries the kind of chat, as up to version 2.7.1.
    """

    number: int | None
    type: str | None
    title: str | None
    start: int
    end: int
    starts: Sequence[int]
    ends: Sequence[int]
    left: bool = False
    stopped: bool = False
    identifier: str = ""
    shifted: bool = False

    def __len__(self) -> int:
        return len(self.starts)

    def spans(self) -> Iterator[ByteSpan]:
        """The messages in the order of the file."""
        return (ByteSpan(start, end) for start, end in zip(self.starts, self.ends, strict=True))

    @property
    def kind(self) -> str:
        """``channel`` (a supergroup is one), ``group``, ``user``; ``chat`` of a type that nobody knows."""
        kind = self.type or ""
        if kind.endswith(_CHANNELS):
            return "channel"
        return "group" if kind == _GROUP else "user" if kind in _USERS else "chat"

    @property
    def shift(self) -> int:
        """What old versions add to the number of such a chat."""
        return _USER_SHIFT if self.kind == "user" else _CHAT_SHIFT

    @property
    def bare(self) -> int | None:
        """The number that Telegram knows it by."""
        return self.number - self.shift if self.shifted and self.number is not None else self.number

    @property
    def id(self) -> str:
        """Digits alone for a channel or a supergroup; ``group123``, ``user123``, ``chat123`` for others."""
        if self.bare is None:
            return self.identifier
        return str(self.bare) if self.kind == "channel" else f"{self.kind}{self.bare}"

    @property
    def peer(self) -> str:
        """As a message of it would name it: ``channel123``."""
        return f"channel{self.bare}" if self.kind == "channel" and self.bare is not None else self.id


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Which chat was asked for.

    Attributes:
        number: None where a chat without a number is asked for by its name.
        kind: None where any kind fits.
    """

    spelled: str
    number: int | None = None
    kind: str | None = None

    @classmethod
    def parse(cls, chat_id: str) -> "_Wanted":
        found = _SPELLED.fullmatch(chat_id)
        if found is None:
            return cls(chat_id)
        return cls(chat_id, int(found[2]), _KINDS.get(found[1] or ""))

    def fits(self, chat: Chat, *, shifted: bool) -> bool:
        """Whether this is the chat, its number read as it stands or without its kind."""
        if chat.number is None or self.number is None:
            return chat.number is None and chat.title == self.spelled
        return chat.number == self.number + (chat.shift if shifted else 0)

    def may_fit(self, chat: Chat) -> bool:
        return self.fits(chat, shifted=False) or self.fits(chat, shifted=True)


def find_chat(data: Buffer, *, chat_id: str | None) -> Chat:
    """Walk the whole file of an export and give the one chat that is meant.

    Args:
        chat_id: Bare; or as ``user123``, ``group123`` or ``channel123``; or with the ``-100`` of a channel or the
            ``-`` of a basic group that other programs put before it; or, of a chat without a number, its name.
            None for the only chat.

    Raises:
        NotAnExportError: No object with a chat in it, or another program's.
        CutOffExportError: The file ends before the chat has a whole message.
        BrokenExportError: The JSON around the messages is damaged, or a chat lacks its parts.
        ChatNotFoundError: Not the chat that was asked for, or several and none was asked for.
    """
    wanted = None if chat_id is None else _Wanted.parse(chat_id)
    walk, cut = _walked(data, wanted)
    return _choose(walk.chats, wanted) if cut is None else _rescued(walk, cut)


def declared_id(chat_id: str) -> str:
    """The identifier of a chat that whoever brings pages names, since they do not say it."""
    wanted = _Wanted.parse(chat_id)
    if wanted.number is None:
        return chat_id
    return str(wanted.number) if wanted.kind in (None, "channel") else f"{wanted.kind}{wanted.number}"


def list_chats(data: Buffer) -> Sequence[Chat]:
    """Every chat of an export that has a message, in its order; of one that ends too early, those that are whole.

    Raises:
        NotAnExportError: No object with a chat in it, or another program's.
        BrokenExportError: The JSON around the messages is damaged, or a chat lacks its parts.
    """
    walk, _cut = _walked(data, None)
    return [chat for chat in walk.chats if len(chat)]


def _walked(data: Buffer, wanted: "_Wanted | None") -> "tuple[_Walk, CutOffExportError | None]":
    """The way through the whole file, and where it ended too early.

    Raises:
        NotAnExportError: No object with a chat in it, or another program's.
        BrokenExportError: The JSON around the messages is damaged, or a chat lacks its parts.
    """
    start = len(BOM) if data[: len(BOM)] == BOM else 0
    scanner = Scanner(data, start=start)
    if data[scanner.at : scanner.at + 1] != b"{":
        raise _not_an_export(data)
    walk = _Walk(data, scanner, wanted)
    try:
        walk.root()
        scanner.finish()
    except CutOffExportError as cut:
        return walk, cut
    if not walk.chats:
        raise _not_an_export(data)
    return walk, None


@dataclass(slots=True)
class _Builder:
    """A chat while its members are walked."""

    data: Buffer
    at: int
    left: bool = False
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
            raise broken(self.data, self.at, "broken_export.chat_member_doubled")
        self.names.add(name)

    def chat(self, span: ByteSpan, *, stopped: bool = False) -> Chat:
        number, title, chat_type = (self.header.get(name) for name in ("id", "name", "type"))
        if "messages" in self.names and "type" not in self.names:
            raise _another_program()
        if "messages" not in self.names or not self._is_number(number):
            raise broken(self.data, self.at, "broken_export.not_a_chat")
        if not _is_title(title) or not _is_type(chat_type):
            raise broken(self.data, self.at, "broken_export.chat_without_name_or_type")
        bare = int(str(number)) if number is not None else None
        return Chat(bare, chat_type, title, span.start, span.end, self.starts, self.ends, self.left, stopped)

    def _is_number(self, number: Parsed) -> bool:
        """A number; only exports before 1.4.8 have none."""
        return "id" not in self.names or (isinstance(number, JsonNumber) and _is_integer(number))


@dataclass(slots=True)
class _Walk:
    """The way through the file: the chats that are whole, and the one that is being walked."""

    data: Buffer
    scanner: Scanner
    wanted: _Wanted | None
    chats: list[Chat] = field(default_factory=list)
    single: _Builder | None = None
    current: _Builder | None = None

    def root(self) -> None:
        """The root object: one chat, or the lists of a full export."""
        single = self.single = self.current = _Builder(self.data, self.scanner.at)
        for name in self.scanner.members():
            if name in _LISTS:
                single.names.add(name)
                self._list(left=name == _LEFT)
                self.current = single
            else:
                single.take(name, self.scanner)
        if "messages" in single.names:
            self.chats = [single.chat(ByteSpan(0, len(self.data)))]

    def _list(self, *, left: bool) -> None:
        for name in self.scanner.members():
            if name != "list":
                self.scanner.value()
                continue
            for _ in self.scanner.elements():
                self._listed(left=left)

    def _listed(self, *, left: bool) -> None:
        builder = self.current = _Builder(self.data, self.scanner.at, left)
        for name in self.scanner.members():
            builder.take(name, self.scanner)
        chat = builder.chat(ByteSpan(builder.at, self.scanner.end))
        if self.wanted is not None and not self.wanted.may_fit(chat):
            # the offsets of the chats that nobody asked for need not stay in memory
            chat = replace(chat, title=None, starts=array("q"), ends=array("q"))
        self.chats.append(chat)
        self.current = None


def _rescued(walk: _Walk, cut: CutOffExportError) -> Chat:
    """The chosen chat of a file that ends too early: whole, or up to its last whole message.

    What follows the last whole message must look like the beginning of one more. Otherwise the file is
    damaged, and reads as if nothing closed it.
    """
    data, open_chat = walk.data, walk.current
    if open_chat is not None and open_chat.starts:
        tail = data[open_chat.ends[-1] :]
        if len(_MESSAGE_BEGINS.findall(tail)) > 1:
            raise cut
        start = 0 if open_chat is walk.single else open_chat.at  # a chat of its own is the whole file
        walk.chats.append(open_chat.chat(ByteSpan(start, len(data)), stopped=True))
    try:
        return _choose(walk.chats, walk.wanted)
    except ChatNotFoundError as error:
        raise cut from error


def _choose(chats: list[Chat], wanted: _Wanted | None) -> Chat:
    fitting = chats if wanted is None else _fitting(chats, wanted)
    if len(fitting) == 1:
        return fitting[0]
    groups = _groups(chats)
    if wanted is not None and wanted.number is not None and not fitting:
        raise ChatNotFoundError(
            "chat_not_found.not_in_export", spelled=wanted.spelled, length=len(chats), groups=groups
        )
    raise ChatNotFoundError("chat_not_found.several", fitting=len(fitting), chats=len(chats), groups=groups)


def _groups(chats: list[Chat]) -> Term:
    known = [f"{chat.id} ({chat.type})" for chat in chats if chat.type and chat.type.endswith(SHARED) and chat.id]
    if not known:
        return Term("chats.none")
    listed, more = ", ".join(known[:_MAX_LISTED]), len(known) - _MAX_LISTED
    return Term("chats.some", listed=listed, more=more) if more > 0 else Term("chats.all", listed=listed)


def _fitting(chats: list[Chat], wanted: _Wanted) -> list[Chat]:
    """The chats of this number and kind; the number as it stands goes before the number without its kind."""
    for shifted in (False, True):
        same = [chat for chat in chats if wanted.fits(chat, shifted=shifted)]
        of_kind = [chat for chat in same if wanted.kind in (None, chat.kind) or chat.kind == "chat"]
        # whoever writes -N for a channel has dropped the 100
        if found := of_kind or (same if wanted.kind == "group" else []):
            return found
    return []


def _is_title(value: Parsed) -> TypeGuard[str | None]:
    return value is None or (
        isinstance(value, str) and not isinstance(value, JsonNumber) and len(value) <= _MAX_TITLE_CHARACTERS
    )


def _is_type(value: Parsed) -> TypeGuard[str | None]:
    return value is None or (isinstance(value, str) and re.fullmatch(r"[a-z_]{0,64}", value) is not None)


def _is_integer(number: str) -> bool:
    return number.lstrip("-").isdecimal() and len(number) <= len(str(-(2**63)))


def _another_program() -> NotAnExportError:
    return NotAnExportError("not_an_export.of_another_program")


def _not_an_export(data: Buffer) -> NotAnExportError:
    return NotAnExportError("not_an_export.another_object", found=_kind(bytes(data[:64]).removeprefix(BOM).lstrip()))


def _kind(start: bytes) -> Term:
    """What people give instead of an export, recognised by its first bytes."""
    if start.startswith(b"PK"):
        return Term("what.zip")
    if start.startswith(b"<"):
        return Term("what.html")
    return Term("what.other_json" if start.startswith((b"{", b"[")) else "what.no_json")
