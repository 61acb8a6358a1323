"""The members of a container that stay in a file: each is read when it is asked for, and none is held.

A bundle of ten thousand items has 150 MB and more. Whoever makes or verifies it needs a member at a time, and most
need a piece of it. But a file can change between two readings. So each piece's digest is taken when it is first read
or written, and what is read again is compared with it before anybody sees it: a reader meets the first bytes or an
error. After one error nothing more is read, so a change that a reader passed over, and that was taken back, is met by
the next. The file is opened once and never by its name again. Standard library only.
"""

import hashlib
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from casefiles.errors import ContainerError

PIECE_BYTES = 1 << 20


class SoughtFile(Protocol):
    """A file that can be read anywhere."""

    def seek(self, offset: int, /) -> int:
        """Go to a byte, counted from the first."""
        ...

    def read(self, size: int, /) -> bytes:
        """The next ``size`` bytes of a file that members stay in, or fewer at its end."""
        ...


class GrowingFile(SoughtFile, Protocol):
    """A file that grows at its end and can be read anywhere."""

    def write(self, data: bytes, /) -> int:
        """Write all of ``data`` behind the members that are there."""
        ...


@dataclass(frozen=True, slots=True)
class KeptMember:
    """Where a member's bytes are, and what they were when they were first read or written.

    Attributes:
        lines: How many ends of lines it has.
        longest_line: How long its longest line is; of those under ``PIECE_BYTES`` perhaps less.
        pieces: SHA-256 of each ``PIECE_BYTES`` of it, and of the rest.
    """

    offset: int
    size: int
    crc: int
    sha256: bytes
    lines: int
    longest_line: int
    pieces: Sequence[bytes]


class PieceDigests:
    """Takes the digests of one member, which comes in pieces of any length.

    Args:
        offset: Where its first byte is.
    """

    def __init__(self, offset: int) -> None:
        self._offset = offset
        self._size = self._crc = self._lines = self._line = self._longest = 0
        self._whole, self._piece, self._room = hashlib.sha256(), hashlib.sha256(), PIECE_BYTES
        self._pieces: list[bytes] = []

    def take(self, data: bytes) -> None:
        """Take the next bytes."""
        self._size += len(data)
        self._crc = zlib.crc32(data, self._crc)
        self._take_lines(data)
        self._whole.update(data)
        at, rest = 0, memoryview(data)
        while len(rest) - at >= self._room:
            self._piece.update(rest[at : at + self._room])
            at += self._room
            self._end_piece()
        self._piece.update(rest[at:])
        self._room -= len(rest) - at

    def taken(self) -> KeptMember:
        """What came in; nothing may come after it."""
        if self._room < PIECE_BYTES:
            self._end_piece()
        longest, pieces = max(self._longest, self._line), tuple(self._pieces)
        return KeptMember(self._offset, self._size, self._crc, self._whole.digest(), self._lines, longest, pieces)

    def _take_lines(self, data: bytes) -> None:
        if ends := data.count(b"\n"):
            # what begins and ends in these bytes is not longer than they are
            self._lines += ends
            self._longest = max(self._longest, self._line + data.index(b"\n"))
            self._line = len(data) - 1 - data.rindex(b"\n")
        else:
            self._line += len(data)

    def _end_piece(self) -> None:
        self._pieces.append(self._piece.digest())
        self._piece, self._room = hashlib.sha256(), PIECE_BYTES


class KeptMembers(Mapping[str, bytes]):
    """Members in a file, by name, in the order in which they came.

    Args:
        file: Stays open for as long as anybody asks for a member.
        kept: Where they are in it; none yet where they are to be made.
    """

    def __init__(self, file: SoughtFile, kept: Mapping[str, KeptMember]) -> None:
        self._file = file
        self._kept = dict(kept)
        self._changed: str | None = None

    def __getitem__(self, name: str) -> bytes:
        return b"".join(self.pieces(name))

    def __contains__(self, name: object) -> bool:
        return name in self._kept  # without reading it

    def __iter__(self) -> Iterator[str]:
        return iter(self._kept)

    def __len__(self) -> int:
        return len(self._kept)

    def place(self, name: str) -> KeptMember:
        """Where a kept member is, and what is known of it without reading it."""
        return self._kept[name]

    def pieces(self, name: str) -> Iterator[bytes]:
        """A kept member piece by piece, each the one that was there at first.

        Raises:
            ContainerError: It is another now, or a member that was read before it was another then.
        """
        kept = self._kept[name]
        for number, digest in enumerate(kept.pieces):
            begins = number * PIECE_BYTES
            self._file.seek(kept.offset + begins)  # somebody else may have read elsewhere meanwhile
            piece = self._file.read(min(PIECE_BYTES, kept.size - begins))
            if self._changed is None and hashlib.sha256(piece).digest() != digest:
                self._changed = name
            if self._changed is not None:
                raise ContainerError("container.changed_meanwhile", where=self._changed)
            yield piece


class MadeMembers(KeptMembers):
    """Members that are being made, kept one behind the other.

    Args:
        file: Empty.
    """

    def __init__(self, file: GrowingFile) -> None:
        super().__init__(file, {})
        self._growing, self._end = file, 0

    def __setitem__(self, name: str, content: bytes) -> None:
        self.add(name, (content,))

    def add(self, name: str, pieces: Iterable[bytes]) -> None:
        """Keep a member that is made piece by piece."""
        intake = PieceDigests(self._end)
        for piece in in_pieces(pieces):
            intake.take(piece)
            self._growing.write(piece)
            self._end += len(piece)
        self._kept[name] = intake.taken()


def in_pieces(parts: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes of a member in pieces that are worth writing: short parts together, long ones as they are."""
    waiting, length = list[bytes](), 0
    for part in parts:
        waiting.append(part)
        length += len(part)
        if length >= PIECE_BYTES:
            yield b"".join(waiting)
            waiting, length = [], 0
    if waiting:
        yield b"".join(waiting)


def keep(members: "dict[str, bytes] | MadeMembers", name: str, pieces: Iterable[bytes]) -> None:
    """Put a member that is made piece by piece among others, wherever these are kept."""
    if isinstance(members, MadeMembers):
        members.add(name, pieces)
    else:
        members[name] = b"".join(pieces)


def pieces_of(members: Mapping[str, bytes], name: str) -> Iterator[bytes]:
    """A member piece by piece, wherever the members are kept."""
    return members.pieces(name) if isinstance(members, KeptMembers) else sliced(members[name])


def sliced(content: bytes) -> Iterator[bytes]:
    """The bytes of a member that is held, in pieces like those of one that is kept."""
    return (content[at : at + PIECE_BYTES] for at in range(0, len(content), PIECE_BYTES))


def lines_of(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The lines of a member that comes in pieces, without their ends; the last is what lies behind the last end.

    No more is held than one piece and one line.
    """
    begun = list[bytes]()
    for piece in pieces:
        lines = piece.split(b"\n")
        rest = lines.pop()
        for line in lines:
            yield b"".join([*begun, line]) if begun else line
            begun = []
        if rest:
            begun.append(rest)
    yield b"".join(begun)


def length_of(members: Mapping[str, bytes], name: str) -> int:
    """How many bytes a member has, kept in a file or not."""
    return members.place(name).size if isinstance(members, KeptMembers) else len(members[name])


def count_lines(members: Mapping[str, bytes], name: str) -> int:
    """How many ends of lines a member has, kept in a file or not."""
    return members.place(name).lines if isinstance(members, KeptMembers) else members[name].count(b"\n")


def longest_line(members: Mapping[str, bytes], name: str) -> int:
    """How long the longest line of a member is, kept in a file or not; of those under a mebibyte perhaps less."""
    if isinstance(members, KeptMembers):
        return members.place(name).longest_line
    intake = PieceDigests(0)
    for piece in sliced(members[name]):
        intake.take(piece)
    return intake.taken().longest_line


def sha256_of(members: Mapping[str, bytes], name: str) -> bytes:
    """The SHA-256 of a member, kept in a file or not."""
    return members.place(name).sha256 if isinstance(members, KeptMembers) else hashlib.sha256(members[name]).digest()
