"""The container: a ZIP file in exactly one form (ETSI EN 319 162-1, 4.4; PKWARE APPNOTE 6.3).

    mimetype first, then every other member in the order of its name's bytes; all STORED;
    no data descriptors, extra fields or comments; flags 0; one fixed date; nothing before,
    between or after. ZIP64 records only where the numbers do not fit without them.

The writer and the verifier share this module. The reader walks the file from its first
byte and compares each header with the one that ``write_container`` would write: what is read
is therefore what every other ZIP program sees, and there is no second way to read it. Standard
library only; ``zipfile`` is not used, because its bytes differ between versions of Python.
"""

import io
import itertools
import struct
import zlib
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from casefiles.errors import ContainerError
from casefiles.format.kept import PIECE_BYTES, KeptMembers, PieceDigests, SoughtFile
from casefiles.format.layout import (
    MAX_MEMBER_BYTES,
    MAX_MEMBERS,
    MAX_NAME_BYTES,
    MIMETYPE,
    MIMETYPE_TEXT,
    require_safe_name,
)
from config.errors import Term

_LOCAL = struct.Struct("<4sHHHHHIIIHH")
_CENTRAL = struct.Struct("<4sHHHHHHIIIHHHHHII")
_ZIP64_EXTRA = struct.Struct("<HHQ")
_ZIP64_END = struct.Struct("<4sQHHIIQQQQ")
_ZIP64_LOCATOR = struct.Struct("<4sIQI")
_END = struct.Struct("<4sHHHHIIH")

_LOCAL_MARK, _CENTRAL_MARK = b"PK\x03\x04", b"PK\x01\x02"
_SHOWN = 8  # as many first bytes as any kind of file is known by
_MADE_BY_UNIX = 3 << 8
_PLAIN, _ZIP64 = 10, 45
_DATE = 0x0021  # 1 January 1980, the first day that the format has
_MODE_0644 = 0o100644 << 16
_LIMIT_16, _LIMIT_32 = 0xFFFF, 0xFFFFFFFF


class ByteSink(Protocol):
    """Where a container is written: every byte, in order."""

    def write(self, data: bytes, /) -> int:
        """Write all of ``data``."""
        ...


class ContainerSource(Protocol):
    """Where a container is read: the next bytes, as many as were asked for; fewer at the end alone."""

    def read(self, size: int, /) -> bytes:
        """The next ``size`` bytes."""
        ...


@dataclass(frozen=True, slots=True)
class _Placed:
    """A member and where its local header begins."""

    name: bytes
    crc: int
    size: int
    offset: int


_FIRST = _Placed(MIMETYPE.encode("ascii"), zlib.crc32(MIMETYPE_TEXT), len(MIMETYPE_TEXT), 0)


class _Source:
    """A file that is read once, such as a pipe, which has no size and cannot go back.

    Attributes:
        taken: Bytes read so far.
    """

    def __init__(self, file: ContainerSource) -> None:
        self._file = file
        self.taken = 0

    def read(self, size: int) -> bytes:
        """The next ``size`` bytes, or fewer at the end."""
        data = self._file.read(size)
        self.taken += len(data)
        return data


def order_key(name: str) -> tuple[bool, str]:
    """Sorts a container's members into their one order; for ASCII that of characters is that of bytes."""
    return name != MIMETYPE, name


def write_container(members: Sequence[tuple[str, bytes]], out: ByteSink) -> None:
    """Write the one ZIP container of these members, in whatever order they come.

    Raises:
        ContainerError: A name is unsafe, doubled or differs from another only in case, the
            mimetype is missing or another, or a member is too large.
    """
    _require_names([name for name, _ in members])
    _require_mimetype(next((content for name, content in members if name == MIMETYPE), None))
    ordered = sorted(members, key=lambda member: order_key(member[0]))
    for piece in _container((name, zlib.crc32(content), len(content), [content]) for name, content in ordered):
        out.write(piece)


def kept_container(members: KeptMembers) -> Iterator[bytes]:
    """The bytes of the one ZIP container of members that are kept in a file, piece by piece; as ``write_container``.

    Raises:
        ContainerError: See ``write_container``; or a member is another than the one that was kept.
    """
    _require_names(list(members))
    _require_mimetype(members.get(MIMETYPE))
    placed = ((name, members.place(name)) for name in sorted(members, key=order_key))
    return _container((name, kept.crc, kept.size, members.pieces(name)) for name, kept in placed)


def _container(members: Iterable[tuple[str, int, int, Iterable[bytes]]]) -> Iterator[bytes]:
    """A container's bytes, of members in their order: name, CRC, size and content of each."""
    placed: list[_Placed] = []
    offset = 0
    for name, crc, size, content in members:
        member = _Placed(name.encode("ascii"), crc, size, offset)
        header = _local_header(member)
        yield header
        yield from content
        placed.append(member)
        offset += len(header) + size
    yield from _directory(placed, offset)


def read_container(file: ContainerSource) -> dict[str, bytes]:
    """The members of a ZIP container that is in its one form, in their order; all of them are held.

    Args:
        file: At its beginning. It is read once, and need not be seekable.

    Raises:
        ContainerError: As ``open_container``.
    """
    return {name: b"".join(pieces) for name, _, pieces in _walked(file)}


def open_container(file: SoughtFile) -> KeptMembers:
    """The members of a ZIP container that is in its one form, in their order; they stay in the file.

    Steps: (1) the mimetype is the first; (2) each further local header is the one that would be
    written for this name and these bytes; (3) names are safe, unique and in their order;
    (4) the directory is the one for these members, and the file ends with it.

    Args:
        file: At its beginning. It stays open for as long as anybody asks for a member; one that has changed by then
            is refused.

    Raises:
        ContainerError: Another kind of file, a bundle that is cut short, or any other form,
            however slight the difference.
    """
    kept = {}
    for name, offset, pieces in _walked(file):
        intake = PieceDigests(offset)
        for piece in pieces:
            intake.take(piece)
        kept[name] = intake.taken()
    return KeptMembers(file, kept)


def _walked(file: ContainerSource) -> Iterator[tuple[str, int, Iterator[bytes]]]:
    """Each member of a container: its name, where its content begins, and the content, which must be read at once.

    Nothing of it counts until the last was read and the walk has ended.
    """
    source = _Source(file)
    # (1) the mimetype
    _require_begins(source)
    yield MIMETYPE, source.taken - len(MIMETYPE_TEXT), iter((MIMETYPE_TEXT,))
    names: set[str] = {MIMETYPE}
    placed: list[_Placed] = [_FIRST]
    while (mark := source.read(4)) == _LOCAL_MARK:
        # (2) the local header
        member = _read_header(source, mark, source.taken - 4)
        name = member.name.decode("ascii", "surrogateescape")
        yield name, source.taken, _content(source, member)
        # (3) its name
        _require_after(name, names, placed)
        names.add(name)
        placed.append(member)
    _require_names(list(names))
    # (4) the directory
    _require_rest(source, mark, _directory(placed, source.taken - len(mark)))


def container_bytes(members: Mapping[str, bytes]) -> bytes:
    """The ZIP container of these members, in memory."""
    out = io.BytesIO()
    write_container(list(members.items()), out)
    return out.getvalue()


def _local_header(member: _Placed) -> bytes:
    numbers = (_PLAIN, 0, 0, 0, _DATE, member.crc, member.size, member.size, len(member.name), 0)
    return _LOCAL.pack(_LOCAL_MARK, *numbers) + member.name


def _central_header(member: _Placed) -> bytes:
    far = member.offset >= _LIMIT_32
    extra = _ZIP64_EXTRA.pack(1, 8, member.offset) if far else b""
    version = _ZIP64 if far else _PLAIN
    header = _CENTRAL.pack(
        _CENTRAL_MARK,
        _MADE_BY_UNIX | version,
        version,
        0,
        0,
        0,
        _DATE,
        member.crc,
        member.size,
        member.size,
        len(member.name),
        len(extra),
        0,
        0,
        0,
        _MODE_0644,
        _LIMIT_32 if far else member.offset,
    )
    return header + member.name + extra


def _directory(placed: Sequence[_Placed], offset: int) -> Iterator[bytes]:
    """The central directory that begins at ``offset``, and the end records (APPNOTE 4.3.12 to 4.3.16)."""
    size = 0
    for member in placed:
        header = _central_header(member)
        size += len(header)
        yield header
    count = len(placed)
    if count >= _LIMIT_16 or size >= _LIMIT_32 or offset >= _LIMIT_32:
        yield _ZIP64_END.pack(
            b"PK\x06\x06", _ZIP64_END.size - 12, _MADE_BY_UNIX | _ZIP64, _ZIP64, 0, 0, count, count, size, offset
        )
        yield _ZIP64_LOCATOR.pack(b"PK\x06\x07", 0, offset + size, 1)
    few = min(count, _LIMIT_16)
    yield _END.pack(b"PK\x05\x06", 0, 0, few, few, min(size, _LIMIT_32), min(offset, _LIMIT_32), 0)


def _require_begins(source: _Source) -> None:
    """Read the first member, which shows whether this is another kind of file or a damaged bundle."""
    wanted = _local_header(_FIRST) + MIMETYPE_TEXT
    begun = source.read(len(wanted))
    if begun == wanted:
        return
    if begun and wanted.startswith(begun):
        raise _cut_short(source)
    raise ContainerError(
        "container.no_bundle", mimetype=MIMETYPE, mimetype_text=MIMETYPE_TEXT.decode("ascii"), found=_kind_of(begun)
    )


def _kind_of(begun: bytes) -> Term:
    if not begun:
        return Term("what.empty_file")
    if begun.startswith(_LOCAL_MARK):
        return Term("what.other_zip")
    return Term("what.file_of_bytes", begun=begun[:_SHOWN].hex(" "))


def _cut_short(source: _Source) -> ContainerError:
    """The file, read to its end, ends before the bundle does; or a length in it is another."""
    return ContainerError("container.cut_short", taken=source.taken)


def _read_header(source: _Source, mark: bytes, offset: int) -> _Placed:
    header = mark + source.read(_LOCAL.size - 4)
    if len(header) != _LOCAL.size:
        raise _cut_short(source)
    *_, crc, _, size, name_length, _ = _LOCAL.unpack(header)
    if size > MAX_MEMBER_BYTES or name_length > MAX_NAME_BYTES:
        raise ContainerError("container.member_too_large", offset=offset, limit=MAX_MEMBER_BYTES)
    member = _Placed(source.read(name_length), crc, size, offset)
    if len(member.name) != name_length:
        raise _cut_short(source)
    if header + member.name != _local_header(member):
        raise ContainerError("container.another_header", offset=offset)
    return member


def _content(source: _Source, member: _Placed) -> Iterator[bytes]:
    crc, missing = 0, member.size
    while missing:
        piece = source.read(min(missing, PIECE_BYTES))
        if not piece:
            raise _cut_short(source)
        crc = zlib.crc32(piece, crc)
        missing -= len(piece)
        yield piece
    if crc != member.crc:
        raise ContainerError("container.member_changed", where=ascii(member.name)[2:-1])


def _require_after(name: str, members: Container[str], placed: Sequence[_Placed]) -> None:
    require_safe_name(name)
    if name in members:
        raise ContainerError("container.member_doubled", where=name)
    if placed and order_key(name) < order_key(placed[-1].name.decode("ascii")):
        raise ContainerError("container.members_unordered", where=name)
    if len(placed) >= MAX_MEMBERS:
        raise ContainerError("container.too_many_members", limit=MAX_MEMBERS)


def _require_mimetype(content: bytes | None) -> None:
    if content != MIMETYPE_TEXT:
        raise ContainerError("container.another_mimetype", expected=MIMETYPE_TEXT.decode("ascii"))


def _require_names(names: Sequence[str]) -> None:
    for name in names:
        require_safe_name(name)
    folded = sorted(name.lower() for name in names)
    for before, after in itertools.pairwise(folded):
        # on the file systems of most offices these two would be one file
        if before == after:
            raise ContainerError("container.one_name_two_members", where=after)


def _require_rest(source: _Source, begun: bytes, pieces: Iterable[bytes]) -> None:
    """The rest of the file, of which ``begun`` was read, is exactly ``pieces``."""
    waiting = begun
    for piece in pieces:
        found = waiting + source.read(len(piece) - len(waiting))
        waiting = b""
        if len(found) < len(piece):
            raise _cut_short(source)
        if found != piece:
            raise ContainerError("container.another_directory")
    if source.read(1):
        raise ContainerError("container.bytes_after_end")
