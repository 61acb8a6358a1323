"""A Telegram Desktop export (format "Machine-readable JSON") as a container of observations.

The file is evidence as it is, and is never rewritten. The exact bytes of each message are one slice,
everything else is the rest; one pass hashed both and gave the container's SHA-256. A slice is handed
out only if it still is what was hashed.

Where the file ends too early, the messages that are whole are taken, and a hole says so.

An export shows one last state, as whoever made it claims. Earlier edits, deletions and the
exporter's identity are not in it. docs/adr/0005-desktop-import.md says what was chosen and why.

Limits: ``MAX_EXPORT_BYTES``, and those of ``scan`` and ``values``. A message is parsed twice
(once before anything is acknowledged, once when it is handed out), so that memory does not
grow with the export.
"""

import errno
import hashlib
import mmap
import os
import re
import stat
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain, pairwise
from pathlib import Path
from typing import BinaryIO, TypeAlias

from config.errors import Fact
from evidence.canonical import Value
from evidence.content import message_sha256
from evidence.observation import Container, Hole, HoleReason, Kind, Medium, Observation
from evidence.times import Clock
from monitor.desktop.account import SHARED_KINDS, AccountChat, account_chats, chosen_chat, is_account
from monitor.desktop.encoding import ExportText, export_text
from monitor.desktop.files import NamedFile, reason_of
from monitor.desktop.folder import ExportFolder, NamedPaths
from monitor.desktop.found import PAGE, RESULT
from monitor.desktop.layout import BOM, SHARED, Chat, declared_id, find_chat, list_chats
from monitor.desktop.message import Message, file_fields, message_id, named_files, read_message
from monitor.desktop.mistaken import told_better
from monitor.desktop.pages import Pages, read_pages
from monitor.desktop.scan import Buffer, ByteSpan, broken
from monitor.desktop.shapes import is_text
from monitor.desktop.values import Parsed, read_value
from monitor.errors import (
    ExportChangedError,
    ExportError,
    ExportTooLargeError,
    MediumError,
    MediumMissingError,
    MediumOutsideError,
    MediumUnreadableError,
    NotAnExportError,
)
from monitor.notes import hole_words, listed
from monitor.previews import strip_previews

METHOD = "desktop-json"
PAGES_METHOD = "desktop-html"
MAX_EXPORT_BYTES = 2 << 30
MAPPED_BYTES = 16 << 20
"""A larger file is mapped, not read. LIMIT: if it is cut short on disk or its stick is pulled out
meanwhile, the system ends the process (SIGBUS); nothing that was acknowledged is lost by that."""

_Element: TypeAlias = Callable[[int, ByteSpan, bytes], tuple[int, dict[str, Parsed]]]
"""Reads a message: which it is, where it lies, and its bytes."""
_SEEN_BYTES = 16
_ESCAPED = re.compile(r"\\(?:u00([2-7][0-9a-fA-F])|/)")
_CHUNK = 1 << 20
_CONTIGUOUS = ("_supergroup", "_channel")
"""Chat types that number their messages themselves; elsewhere identifiers are shared with other chats."""

_HOLES: dict[type[MediumError], HoleReason] = {
    MediumOutsideError: HoleReason.OUTSIDE,
    MediumMissingError: HoleReason.MISSING_FILE,
    MediumUnreadableError: HoleReason.REFUSED,
}


def read_export(path: Path, *, chat_id: str | None = None, now: Clock) -> Container:
    """Read one chat of an export whole: everything is checked before this returns.

    Of a full export only the chosen chat's object becomes the container, and its ``name`` ends
    in the byte range and the SHA-256 of the whole file; offsets count from that object.

    Args:
        path: The export folder, or the ``result.json`` in it.
        chat_id: Which chat of a full export; optional where there is one.
        now: Asked once; the time at which every hole was noticed.

    Returns:
        A container. Its ``contents`` are, for each
        message: the observation, holes for what it does not say, its files or their holes; then,
        for channels and supergroups, one hole for each span of missing identifiers; then holes of the
        chat as a whole: only the exporter's own messages, cut off, files that no message names. ``contents``
        and ``rest`` raise ExportChangedError when the file is no longer what was hashed.

    Raises:
        NotAnExportError: Nothing there is such an export.
        BrokenExportError: It is cut off, damaged or ambiguous.
        ExportTooLargeError: It is beyond a limit.
        ChatNotFoundError: Not the chat that was asked for, or several and none was asked for.
    """
    if is_account(path):
        return _read_account(path, chat_id, now)
    if _is_pages(path):
        return _read_pages(path, chat_id, now)
    try:
        folder, name, text, read = _found(path, chat_id)
    except NotAnExportError as error:
        raise told_better(path, RESULT) or error from error.__cause__
    data, chat = text.data, text.chat(read)

    def element(_index: int, span: ByteSpan, raw: bytes) -> tuple[int, dict[str, Parsed]]:
        return _element(data, span) if text.codec is None else _element_of(text.plain(raw))

    survey = _survey(folder, data, chat, element)
    chat = _identified(chat, survey)
    reading = _Reading(folder, text, chat, survey, now())
    whole = chat.start == 0 and chat.end == len(data)
    return Container(
        method=METHOD,
        media_type=text.media_type,
        name=name if whole else f"{name}#bytes={chat.start}-{chat.end - 1}&sha256={_sha256(data)}",
        channel_id=chat.id,
        channel_title=strip_previews(chat.title).value,
        channel_type=chat.type,
        sha256=reading.survey.sha256,
        length=chat.end - chat.start,
        rest=reading.rest,
        contents=reading.contents,
        total=len(chat),
        files=survey.files,
        pictured=_is_pictured(text.text, read),
        alone=whole,
    )


def _is_pages(path: Path) -> bool:
    """Whether HTML pages are given: their first one, or a folder with it and without JSON."""
    if os.path.isfile(path):  # noqa: PTH113 - what may not be looked at is told where it is read
        return path.name == PAGE
    return os.path.isfile(path / PAGE) and not os.path.lexists(path / RESULT)  # noqa: PTH113 - as above


def _read_pages(path: Path, chat_id: str | None, now: Clock) -> Container:
    """The HTML pages of one chat as a container: all pages, one after the other.

    Args:
        chat_id: What chat it is, as whoever brings it says, since no page does.
    """
    folder = _pages_folder(path)
    return _container(path, folder, read_pages(folder, where=str(path)), chat_id, now)


def _pages_folder(path: Path) -> ExportFolder:
    try:
        return ExportFolder(path if path.is_dir() else path.parent)
    except OSError as error:
        raise _not_an_export(path, "not_an_export.another_file", system=_reason(error)) from error


def _read_account(path: Path, chat_id: str | None, now: Clock) -> Container:
    """The HTML pages of one chat of an account; the pages of other chats are not opened."""
    folder = _pages_folder(path)
    if not (chats := account_chats(folder)):
        raise NotAnExportError("not_an_export.html", where=str(path))
    chosen, number = chosen_chat(chats, chat_id)
    try:
        pages = read_pages(folder, where=str(path), within=chosen.within)
    except MediumError as error:
        raise _not_an_export(path, "not_an_export.refused", cause=error) from error
    return _container(path, folder, pages, number, now, chosen)


def _container(
    path: Path, folder: ExportFolder, pages: Pages, chat_id: str | None, now: Clock, of: AccountChat | None = None
) -> Container:
    if not pages.spans:
        raise _not_an_export(path, "not_an_export.empty")
    starts, ends = (array("q", edges) for edges in zip(*((span.start, span.end) for span in pages.spans), strict=True))
    kind, left = (None, False) if of is None else (of.kind, of.own_only)
    chat = Chat(None, kind, pages.title, 0, len(pages.data), starts, ends, left=left, stopped=pages.stopped)
    survey = _survey(folder, pages.data, chat, lambda index, _span, raw: pages.element(index, raw))
    chat = replace(chat, identifier=declared_id(chat_id)) if chat_id else _identified(chat, survey)
    reading = _Reading(folder, pages, chat, survey, now())
    return Container(
        method=PAGES_METHOD,
        media_type=pages.media_type,
        name=f"{pages.within}{PAGE}",
        channel_id=chat.id,
        channel_title=strip_previews(chat.title).value,
        channel_type=kind,
        sha256=survey.sha256,
        length=len(pages.data),
        rest=reading.rest,
        contents=reading.contents,
        total=len(chat),
        files=survey.files,
        pictured=strip_previews(reading.rest().decode("utf-8", "replace")).removed > 0,
        alone=of is None,
    )


@dataclass(frozen=True, slots=True)
class ListedChat:
    """A chat of an export, as whoever brought it chooses among them; nothing of its messages.

    Attributes:
        id: What ``chat_id`` takes.
        type: As the exporter names it.
        private: It is no group and no channel.
        left: The exporter left it, so only his own messages are in it.
    """

    id: str
    title: Value
    type: str | None
    private: bool
    left: bool
    messages: int
    bytes: int


def chats_of(path: Path) -> tuple[ListedChat, ...]:
    """The chats of an export, in its order.

    Args:
        path: The export folder, or the ``result.json`` in it.

    Raises:
        MonitorError: It cannot be read.
    """
    if is_account(path):
        folder = _pages_folder(path)
        return tuple(_listed_pages(folder, each) for each in account_chats(folder))
    folder, name = _locate(path)
    text = _load(path, folder, name)
    return tuple(_listed(text.chat(chat)) for chat in list_chats(text.text))


def _listed(chat: Chat) -> ListedChat:
    title = strip_previews(chat.title).value
    called = chat.id if chat.number is not None else str(title)
    return ListedChat(called, title, chat.type, is_private(chat.type), chat.left, len(chat), chat.end - chat.start)


def _listed_pages(folder: ExportFolder, chat: AccountChat) -> ListedChat:
    """A chat of an account's pages; its size is that of its first page."""
    length = _length(folder, f"{chat.within}{PAGE}")[1] or 0
    title = strip_previews(chat.title).value
    return ListedChat(chat.called, title, chat.kind, is_private(chat.kind), chat.own_only, chat.messages, length)


def is_private(chat_type: str | None) -> bool:
    """Whether a chat of an export, by its type, is no group and no channel."""
    return not (chat_type or "").endswith(SHARED) and chat_type not in SHARED_KINDS


@dataclass(frozen=True, slots=True)
class _Survey:
    """What the first pass over the chat found.

    Attributes:
        seen: 16 bytes of BLAKE2b of each slice, to know it again.
        rest: SHA-256 of the bytes between the slices.
        files: How many of the files that it names are there, or their previews.
        old: Nothing in it is of a version after 2.7.1: no seconds since 1970, and no account with its kind in words.
    """

    sha256: str
    rest: bytes
    seen: bytes
    ids: Sequence[int]
    files: int
    old: bool


@dataclass(frozen=True, slots=True)
class _Reading:
    """One chat of one export, surveyed, and ready to be handed out."""

    folder: ExportFolder
    text: ExportText | Pages
    chat: Chat
    survey: _Survey
    since: datetime

    def rest(self) -> bytes:
        rest = b"".join(piece for gap in _gaps(self.chat) for piece in _pieces(self.text.data, gap))
        if hashlib.sha256(rest).digest() != self.survey.rest:
            raise _changed()
        return rest

    def contents(self) -> Iterator[Observation | Hole]:
        named = NamedPaths()
        for index, span in enumerate(self.chat.spans()):
            raw = self.text.data[span.start : span.end]
            if _seen(raw) != self.survey.seen[index * _SEEN_BYTES : (index + 1) * _SEEN_BYTES]:
                raise _changed()
            plain = self.text.plain(raw)
            named.note(self.text.named_in(plain) if isinstance(self.text, Pages) else plain)
            number, parsed = self.text.element(index, raw) if isinstance(self.text, Pages) else _element_of(plain)
            message = read_message(parsed, number=number, chat=self.chat)
            yield self._observation(message, raw, span.start - self.chat.start)
            digest = message_sha256({**message.fields, "kind": message.kind.value})
            for reason, what in message.holes:
                yield Hole(self.chat.id, reason, self.since, message.id, message.id, what, message_sha256=digest)
            yield from self._files(message, digest)
        yield from self._missing()
        yield from self._of_the_chat(named)

    def _observation(self, message: Message, raw: bytes, offset: int) -> Observation:
        return Observation(
            kind=message.kind,
            channel_id=self.chat.id,
            message_id=message.id,
            posted_at=message.posted_at,
            fields=message.fields,
            raw=raw,
            raw_type=self.text.media_type,
            record=message.record,
            offset=offset,
            unsupported=message.unsupported,
            pictured=message.pictured,
        )

    def _files(self, message: Message, digest: str) -> Iterator[Observation | Hole]:
        """The files of a message, or why there are none; where only the preview is left, the preview.

        A preview always has the same place, after all files, so that no two have one place.
        """
        for place, file in enumerate(message.files):
            reason, length = file.withheld, None
            if reason is None:
                reason, length = _carried(self.folder, file.name)
            if reason is None:
                yield self._file(message, file, digest, place)
            else:
                yield self._hole(reason, message.id, file.said, digest, place)
                yield from self._preview(message, file, digest, len(message.files) + place)
            if length is not None and file.declared_bytes and length != file.declared_bytes:
                what = f"{file.name}: {length} bytes of {file.declared_bytes}"
                yield self._hole(HoleReason.OTHER_SIZE, message.id, what, digest, place)

    def _preview(self, message: Message, file: NamedFile, digest: str, place: int) -> Iterator[Observation | Hole]:
        """What is left of a file that is not there: a picture of it, to be sealed like any other."""
        if _has_preview(self.folder, file):
            yield self._file(message, NamedFile(file.preview), digest, place)

    def _file(self, message: Message, file: NamedFile, digest: str, place: int) -> Observation:
        return Observation(
            kind=Kind.FILE,
            channel_id=self.chat.id,
            message_id=message.id,
            posted_at=message.posted_at,
            fields=file_fields(self.chat, message.id, message.posted_at)
            | {
                "file_name": strip_previews(file.name).value,
                "media_type": strip_previews(file.declared_type).value,
                "position": str(place),
                "message_sha256": digest,
            },
            medium=Medium(file.name, _opener(self.folder, file.name), file.declared_type),
        )

    def _missing(self) -> Iterator[Hole]:
        """One hole for each span of identifiers between the first and the last that is not here."""
        if not (self.chat.type or "").endswith(_CONTIGUOUS):
            return
        # negative ones came from the group that this was before, which shared its numbering
        ids = sorted({number for number in self.survey.ids if number > 0})
        for before, after in pairwise(ids):
            if after - before > 1:
                yield Hole(self.chat.id, HoleReason.GAP, self.since, before + 1, after - 1)

    def _of_the_chat(self, named: NamedPaths) -> Iterator[Hole]:
        """What is missing of the chat as a whole."""
        if self.chat.left:
            what = "left_chats: of a chat that was left, Telegram Desktop exports the exporter's own messages only"
            yield Hole(self.chat.id, HoleReason.OWN_ONLY, self.since, what=what)
        if self.chat.stopped:
            after = self.chat.end - self.chat.ends[-1]
            what = f"the export ends {after} bytes after its last whole message; what came then was never written"
            yield Hole(self.chat.id, HoleReason.CUT_OFF, self.since, what=what)
        of_an_account = isinstance(self.text, Pages) and self.text.within
        if unnamed := named.missing_in(self.folder, whole=self.chat.start == 0 and not of_an_account):
            files = "file is" if len(unnamed) == 1 else "files are"
            what = f"{len(unnamed)} {files} named by no message: {listed(unnamed)}"
            yield Hole(self.chat.id, HoleReason.UNNAMED, self.since, what=what, count=len(unnamed))

    def _hole(self, reason: HoleReason, number: int, what: str, digest: str, place: int) -> Hole:
        words = hole_words(what)
        return Hole(self.chat.id, reason, self.since, number, number, words, position=place, message_sha256=digest)


def _found(path: Path, chat_id: str | None) -> tuple[ExportFolder, str, ExportText, Chat]:
    """The export folder, the name of the JSON file in it and what it holds, and the chat as it is read."""
    folder, name = _locate(path)
    text = _load(path, folder, name)
    try:
        return folder, name, text, find_chat(text.text, chat_id=chat_id)
    except NotAnExportError as error:
        raise _not_an_export(path, "not_an_export.refused", cause=error) from error


def _locate(path: Path) -> tuple[ExportFolder, str]:
    """The export folder and the name of the JSON file in it."""
    try:
        is_folder = stat.S_ISDIR(path.stat().st_mode)
        return (ExportFolder(path), RESULT) if is_folder else (ExportFolder(path.parent), path.name)
    except PermissionError as error:
        raise _not_an_export(path, "not_an_export.not_permitted", system=_reason(error)) from error
    except (OSError, ValueError) as error:
        raise _not_an_export(path, "not_an_export.another_file", system=_reason(error)) from error


def _load(path: Path, folder: ExportFolder, name: str) -> ExportText:
    try:
        with folder.open(name) as file:
            return export_text(_read(file, path), where=str(path))
    except MediumMissingError as error:
        raise _not_an_export(path, "not_an_export.no_result") from error
    except MediumError as error:
        if isinstance(error.__cause__, PermissionError):
            raise _not_an_export(path, "not_an_export.not_permitted", system=_reason(error.__cause__)) from error
        raise _not_an_export(path, "not_an_export.refused", cause=error) from error
    except OSError as error:
        raise _not_an_export(path, "not_an_export.not_read_to_its_end", system=_reason(error)) from error


def _read(file: BinaryIO, path: Path) -> Buffer:
    length = os.fstat(file.fileno()).st_size
    if length == 0:
        raise _not_an_export(path, "not_an_export.empty")
    if length > MAX_EXPORT_BYTES:
        raise ExportTooLargeError("export_too_large.file", where=str(path), limit=MAX_EXPORT_BYTES, length=length)
    if length > MAPPED_BYTES:
        return mmap.mmap(file.fileno(), length, access=mmap.ACCESS_READ)
    return file.read()


def _identified(chat: Chat, survey: _Survey) -> Chat:
    """The chat with its lasting identifier: its number without the kind, or the digest of its bytes."""
    if chat.number is None:
        return replace(chat, identifier=f"export{survey.sha256[:16]}")
    return replace(chat, shifted=survey.old and chat.number >= chat.shift)


def _survey(folder: ExportFolder, data: Buffer, chat: Chat, element: _Element) -> _Survey:
    """Parse and hash every message, and hash what lies between, each byte read once for it."""
    whole, rest = hashlib.sha256(), hashlib.sha256()
    seen, ids, files, old = bytearray(), array("q"), 0, True
    for index, (gap, span) in enumerate(zip(_gaps(chat), chain(chat.spans(), [None]), strict=True)):
        for piece in _pieces(data, gap):
            whole.update(piece)
            rest.update(piece)
        if span is not None:
            raw = data[span.start : span.end]
            whole.update(raw)
            seen += _seen(raw)
            number, parsed = element(index, span, raw)
            ids.append(number)
            files += sum(_is_taken(folder, file) for file in named_files(parsed, chat=chat))
            old = old and not _is_modern(parsed)
    return _Survey(whole.hexdigest(), rest.digest(), bytes(seen), ids, files, old)


def _is_taken(folder: ExportFolder, file: NamedFile) -> bool:
    """Whether a file, or else its preview, is among the contents."""
    return (file.withheld is None and _carried(folder, file.name)[0] is None) or _has_preview(folder, file)


def _has_preview(folder: ExportFolder, file: NamedFile) -> bool:
    return bool(file.preview) and reason_of(file.preview) is None and _carried(folder, file.preview)[0] is None


def _carried(folder: ExportFolder, name: str) -> tuple[HoleReason | None, int | None]:
    """How long a file of a message is, or why it cannot be had."""
    try:
        folder.require_medium(name)
    except MediumError as error:
        return _HOLES[type(error)], None
    return _length(folder, name)


def _length(folder: ExportFolder, name: str) -> tuple[HoleReason | None, int | None]:
    """How long a file is, or why it cannot be had."""
    try:
        return None, folder.length(name)
    except MediumError as error:
        return _HOLES[type(error)], None


def _is_modern(parsed: Mapping[str, Parsed]) -> bool:
    """Whether a message is of version 2.7.2 or later."""
    return "date_unixtime" in parsed or is_text(parsed.get("from_id")) or is_text(parsed.get("actor_id"))


def _is_pictured(data: Buffer, chat: Chat) -> bool:
    """Whether a picture is spelled before or behind the messages; between them stand commas."""
    gaps = (
        (ByteSpan(chat.start, chat.starts[0]), ByteSpan(chat.ends[-1], chat.end)) if len(chat) else tuple(_gaps(chat))
    )
    around = b"".join(piece for gap in gaps for piece in _pieces(data, gap)).removeprefix(BOM)
    try:
        found = strip_previews(read_value(around, ByteSpan(0, len(around))))
    except ExportError:  # cut off, or beyond a limit: as text, with what JSON may escape of Base64
        found = strip_previews(_ESCAPED.sub(_meant, around.decode("utf-8", "replace")))
    return found.removed > found.paths


def _meant(escaped: re.Match[str]) -> str:
    return chr(int(escaped[1], 16)) if escaped[1] else escaped[0][1:]


def _element(data: Buffer, span: ByteSpan) -> tuple[int, dict[str, Parsed]]:
    """An element of ``messages`` with its identifier."""
    parsed = read_value(data, span)
    number = message_id(parsed)
    if number is None or not isinstance(parsed, dict):
        raise broken(data, span.start, "broken_export.not_a_message")
    return number, parsed


def _element_of(plain: bytes) -> tuple[int, dict[str, Parsed]]:
    return _element(plain, ByteSpan(0, len(plain)))


def _gaps(chat: Chat) -> Iterator[ByteSpan]:
    """What lies before, between and after the messages; one more than there are messages."""
    at = chat.start
    for span in chat.spans():
        yield ByteSpan(at, span.start)
        at = span.end
    yield ByteSpan(at, chat.end)


def _pieces(data: Buffer, span: ByteSpan) -> Iterator[bytes]:
    for start in range(span.start, span.end, _CHUNK):
        yield data[start : min(start + _CHUNK, span.end)]


def _sha256(data: Buffer) -> str:
    whole = hashlib.sha256()
    for piece in _pieces(data, ByteSpan(0, len(data))):
        whole.update(piece)
    return whole.hexdigest()


def _seen(raw: bytes) -> bytes:
    return hashlib.blake2b(raw, digest_size=_SEEN_BYTES).digest()


def _opener(folder: ExportFolder, name: str) -> Callable[[], AbstractContextManager[BinaryIO]]:
    @contextmanager
    def opened() -> Iterator[BinaryIO]:
        try:
            folder.require_medium(name)
            with folder.open(name) as file:
                yield file
        except MediumError as error:
            raise _system_error(error) from error

    return opened


def _system_error(error: MediumError) -> OSError:
    """The system's own error, where it refused the file; of a name that leads out, what the system says of a loop."""
    cause = error.__cause__
    return cause if isinstance(cause, OSError) else OSError(errno.ELOOP, os.strerror(errno.ELOOP))


def _reason(error: OSError | ValueError) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or type(error).__name__


def _changed() -> ExportChangedError:
    return ExportChangedError("export_changed.while_read", where=RESULT)


def _not_an_export(path: Path, code: str, **facts: Fact) -> NotAnExportError:
    return NotAnExportError(code, where=str(path), expected=RESULT, **facts)
