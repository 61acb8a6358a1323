"""Reads a list of hashes as hotlines and exchanges hand it out: a table of text, one hash or more a line.

What is read is any of these, with ``,`` ``;`` tabs or spaces between the cells, with or without a header, in UTF-8 or
UTF-16, hashes as hex of either case or as base64:

    a column that says the kind, and one with the hash   ThreatExchange: ``collab,signal_type,signal_str,...``
    a column for each kind, named after it               ``md5,sha1,photodna,pdq``
    a column with the hash alone, beside others          Hasher-Matcher-Actioner: ``HASH,id,time,tags``
    the kind, a space, and the hash                      python-threatexchange's signal file

A hash of 64 hex digits without a kind may be a SHA-256 or a PDQ, so whoever brings the list says which. Kinds that
the program knows and cannot compute are counted by name, all others together. A line that is none of this is told by
its number. Nothing of the text is ever quoted, neither by a message nor by a count: where columns are swapped, a kind
is a hash. Pure but for what it reads; memory is that of the hashes.
"""

import binascii
import csv
import hashlib
import io
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import BinaryIO, Final

import numpy as np

from config.errors import Term
from evidence.errors import HashListError
from evidence.fingerprint.unspoken import Unspoken
from evidence.match.check import MIN_QUALITY

MOST_HASHES: Final = 10_000_000
"""Of a list; a longer one comes in parts. Python holds about a gigabyte for so many."""
MOST_LINE: Final = 1 << 20
"""Characters; a line with a TMK hash has 350,000."""
_TOLD_LINES: Final = 10
_HEAR_EVERY: Final = 10_000
_MOST_NAMES: Final = 40
"""How many kinds a list may name that nobody knows; what has more is no column of kinds."""
_MOST_COLUMNS: Final = 100


class HashKind(StrEnum):
    """A kind of hash that is compared."""

    MD5 = "md5"
    SHA256 = "sha256"
    PDQ = "pdq"

    @property
    def size(self) -> int:
        """Bytes of one hash."""
        return 16 if self is HashKind.MD5 else 32


_COMPARED: Final = frozenset(kind.value for kind in HashKind)
TOO_PLAIN: Final = "too_plain"
"""Counts PDQ hashes of pictures with too little structure, where the list says their quality."""
EMPTY_FILE: Final = "empty_file"
"""Counts digests of a file without a byte: each empty file would be found."""
OTHER_KIND: Final = "other"
"""Counts hashes of every kind that nobody here knows."""

_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {name: kind.value for kind in HashKind for name in (kind, f"image{kind}", f"photo{kind}", f"video{kind}")}
    | dict.fromkeys(("photodna", "pdna", "imagephotodna"), "photodna")
    | dict.fromkeys(("tmk", "tmkpdqf", "videotmk", "videotmkpdqf"), "tmk")
    | dict.fromkeys(("vpdq", "videovpdq"), "vpdq")
    | {"sha1": "sha1", "sha512": "sha512", "pdqocr": "pdq_ocr"}
)
"""Kinds as ThreatExchange (``HASH_PDQ``), python-threatexchange (``pdq``, ``video_md5``), StopNCII (``ImagePDQ``) and
NCMEC (``pdna``) spell them, in small letters and digits alone and without ``hash``."""
_NOT_IN_HEADERS: Final[Mapping[str, str]] = MappingProxyType(
    {"neural": "neuralhash", "ssim": "ssim", "ssdeep": "ssdeep", "tlsh": "tlsh"}
)
"""More kinds, spelled alike, that a line alone may name."""
_KIND_COLUMNS: Final = frozenset({"type", "kind", "signaltype", "indicatortype", "fingerprinttype", "algorithm"})
_VALUE_COLUMNS: Final = frozenset(
    {"", "value", "signal", "signalstr", "signalvalue", "indicator", "indicatorvalue", "fingerprint", "digest"}
)
"""As headers name them, spelled like ``_NAMES``: ``hash`` and ``hashValue`` are here ``""`` and ``value``."""
_QUALITY_COLUMNS: Final = frozenset({"quality", "pdqquality", "signalquality"})
_OF_SIZE: Final[Mapping[int, str]] = MappingProxyType({16: "md5", 20: "sha1", 64: "sha512", 144: "photodna"})
"""What a hash without a kind is, by its bytes."""
_HEX: Final = re.compile(r"(?:[0-9A-Fa-f]{2})+", re.ASCII)
_CODE: Final = re.compile(r"[a-z][a-z0-9]{0,39}", re.ASCII)
_OF_NOTHING: Final = frozenset({hashlib.md5(b"", usedforsecurity=False).digest(), hashlib.sha256(b"").digest()})
_HEX_SIZES: Final = frozenset({16, 20, 32, 64})
_BASE64_SIZES: Final = frozenset({16, 20, 32, 64, 144})

Hear = Callable[[int], object]
"""Is told how many more lines were read."""


class ReadHashes(Unspoken):
    """What a list holds, each hash once.

    Attributes:
        file_sha256: Of the file, lower hex.
        hashes: By kind, one behind the other, ascending.
        twice: How many were there more than once.
        not_compared: How many hashes are not compared, by the kind or ``TOO_PLAIN`` or ``EMPTY_FILE``.
        lines: How many lines held something.
        bad_lines: How many of them were left out.
    """

    __slots__ = ("bad_lines", "file_sha256", "hashes", "lines", "not_compared", "twice")

    file_sha256: str
    hashes: Mapping[HashKind, bytes]
    twice: int
    not_compared: Mapping[str, int]
    lines: int
    bad_lines: int

    def __init__(self, found: "_Found", file_sha256: str) -> None:
        """Sort what was found, and leave out what is there twice."""
        once = {kind: _once(bytes_, kind.size) for kind, bytes_ in found.hashes.items() if bytes_}
        before = sum(len(bytes_) // kind.size for kind, bytes_ in found.hashes.items())
        self._fill(
            file_sha256=file_sha256,
            hashes=MappingProxyType(once),
            twice=before - sum(len(bytes_) // kind.size for kind, bytes_ in once.items()),
            not_compared=MappingProxyType(dict(sorted(found.others.items()))),
            lines=found.lines,
            bad_lines=len(found.bad) + found.bad_more,
        )

    def counts(self) -> dict[str, int]:
        """How many hashes of each kind are compared."""
        return {kind.value: len(bytes_) // kind.size for kind, bytes_ in self.hashes.items()}


@dataclass(slots=True)
class _Found:
    """What was read so far; ``bad`` has the numbers of the first bad lines, ``unknown`` kinds that nobody may see."""

    hashes: dict[HashKind, bytearray] = field(default_factory=lambda: {kind: bytearray() for kind in HashKind})
    others: Counter[str] = field(default_factory=Counter)
    unknown: set[str] = field(default_factory=set)
    lines: int = 0
    total: int = 0
    bad: list[int] = field(default_factory=list)
    bad_more: int = 0

    def add(self, kind: str, value: bytes) -> None:
        if kind not in _COMPARED:
            self.others[kind] += 1
            return
        if value in _OF_NOTHING:
            self.others[EMPTY_FILE] += 1
            return
        self.total += 1
        if self.total > MOST_HASHES:
            raise HashListError("hash_list.too_many", limit=MOST_HASHES)
        self.hashes[HashKind(kind)] += value

    def add_bad(self, number: int) -> None:
        if len(self.bad) < _TOLD_LINES:
            self.bad.append(number)
        else:
            self.bad_more += 1


@dataclass(frozen=True, slots=True)
class _Columns:
    """Where a line has what.

    Attributes:
        values: Each column with hashes, and their kind where the header names it.
        kind: The column that says the kind.
        quality: The column that says the quality of a PDQ.
    """

    values: tuple[tuple[int, str | None], ...]
    kind: int | None = None
    quality: int | None = None


class _BadLineError(Exception):
    """A line holds no hash where it should."""


def read_hashes(
    source: BinaryIO, *, kind: HashKind | None = None, skip_bad_lines: bool = False, hear: Hear = lambda _lines: None
) -> ReadHashes:
    """Read a list of hashes from its beginning to its end, as a file has it.

    Args:
        kind: What 64 hex digits are where the list does not say it.
        skip_bad_lines: Leave out what is no hash, and count it, instead of refusing the whole list.

    Raises:
        HashListError: The list is no table of hashes, has bad lines or too many hashes, or does not say of which
            kind they are.
    """
    hashing = _Hashing(source)
    found = _Found()
    columns: _Columns | None = None
    delimiter: str | None = None
    heard = number = 0
    for number, line in enumerate(_lines(hashing), start=1):
        if number - heard == _HEAR_EVERY:
            hear(number - heard)
            heard = number
        if not (text := line.strip()) or text.startswith("#"):
            continue
        try:
            delimiter = _delimiter_of(text) if columns is None else delimiter
            cells = _cells_of(text, delimiter)
            if columns is None:
                columns, is_header = _columns_of(cells, number)
                if is_header:
                    continue
            _take(found, columns, cells, kind, number)
        except _BadLineError:
            found.add_bad(number)
        found.lines += 1
    hear(number - heard)
    _require_some(found, skip_bad_lines=skip_bad_lines)
    return ReadHashes(found, hashing.digest.hexdigest())


def _require_some(found: _Found, *, skip_bad_lines: bool) -> None:
    if found.bad and not skip_bad_lines:
        told = ", ".join(map(str, found.bad)) + (", ..." if found.bad_more else "")
        raise HashListError("hash_list.bad_lines", lines=told, count=len(found.bad) + found.bad_more)
    if not found.total:
        if not found.others:
            raise HashListError("hash_list.no_hash")
        raise HashListError("hash_list.nothing_to_compare", kinds=", ".join(sorted(found.others)))


class _Hashing(io.RawIOBase):
    """A source, and the digest of what was read of it."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self.digest = hashlib.sha256()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "memoryview[int]") -> int:  # type: ignore[override]
        piece = self._source.read(len(buffer))
        self.digest.update(piece)
        buffer[: len(piece)] = piece
        return len(piece)


def _lines(source: io.RawIOBase) -> Iterator[str]:
    """The lines of a text in UTF-8 or UTF-16; what is neither in some place is no hash there.

    Raises:
        HashListError: A line has no end.
    """
    buffered = io.BufferedReader(source, 1 << 18)
    text = io.TextIOWrapper(buffered, _encoding_of(buffered.peek(4)[:4]), errors="replace", newline=None)
    number = 0
    while line := text.readline(MOST_LINE):
        number += 1
        if len(line) == MOST_LINE and not line.endswith("\n"):
            raise HashListError("hash_list.no_table", where=Term("place.line", number=number))
        yield line
    text.detach()


def _encoding_of(first: bytes) -> str:
    if first.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    if first[1::2] == b"\0\0":
        return "utf-16-le"
    if first[::2] == b"\0\0":
        return "utf-16-be"
    return "utf-8-sig"


def _delimiter_of(line: str) -> str | None:
    """What stands between the cells of a line; None for spaces."""
    if "\t" in line:
        return "\t"
    counted = {each: line.count(each) for each in ",;"}
    best = max(counted, key=lambda each: counted[each])
    return best if counted[best] else None


def _cells_of(line: str, delimiter: str | None) -> list[str]:
    """The cells of one line; no quotation goes on in the next."""
    if '"' in line:
        try:
            (cells,) = csv.reader([line], delimiter=delimiter or " ", strict=True)
        except (csv.Error, ValueError):
            raise _BadLineError from None
    else:
        cells = line.split(delimiter)
    return [cell.strip() for cell in cells]


def _spelled(name: str) -> str:
    """The name of a column or a kind, in small letters and digits alone, without ``hash`` before or behind it."""
    plain = re.sub(r"[^a-z0-9]", "", name.lower())
    return plain.removeprefix("hash").removesuffix("hash")


def _kind_named(name: str) -> str | None:
    """The kind that a cell names; None if it names none."""
    return _NAMES.get(_spelled(name))


def _columns_of(cells: Sequence[str], number: int) -> tuple[_Columns, bool]:
    """Where the lines of a list have what, as its first line shows it, and whether that line is a header.

    Raises:
        HashListError: It has too many cells, or it holds no hash and names no column with hashes.
    """
    if len(cells) > _MOST_COLUMNS:
        raise HashListError("hash_list.no_table", where=Term("place.line", number=number))
    values = [at for at, cell in enumerate(cells) if _decoded(cell)]
    if not values:
        return _named_columns(cells, number), True
    kind = next((at for at, cell in enumerate(cells) if at not in values and _kind_named(cell)), None)
    return _Columns(tuple((at, None) for at in (values[:1] if kind is not None else values)), kind), False


def _named_columns(cells: Sequence[str], number: int) -> _Columns:
    """What a header says.

    Raises:
        HashListError: It names no column with hashes.
    """
    names = [_spelled(cell) for cell in cells]
    kinds = [(at, _NAMES[name]) for at, name in enumerate(names) if name in _NAMES]
    quality = next((at for at, name in enumerate(names) if name in _QUALITY_COLUMNS), None)
    if kinds:
        return _Columns(tuple(kinds), None, quality)
    values = [at for at, (name, cell) in enumerate(zip(names, cells, strict=True)) if cell and name in _VALUE_COLUMNS]
    if not values:
        raise HashListError("hash_list.no_column", where=Term("place.line", number=number))
    kind = next((at for at, name in enumerate(names) if name in _KIND_COLUMNS), None)
    return _Columns(((values[0], None),), kind, quality)


def _take(found: _Found, columns: _Columns, cells: Sequence[str], kind: HashKind | None, number: int) -> None:
    """Add the hashes of a line, or none of them.

    Raises:
        _BadLineError: One is malformed, or there is none.
        HashListError: Nobody says of which kind it is, or there are too many.
    """
    said = None if columns.kind is None else _said_kind(found, _cell(cells, columns.kind))
    plain = _is_plain(cells, columns)
    spelled = [(named or said, cell) for at, named in columns.values if (cell := _cell(cells, at))]
    read = [_read_hash(cell, expected, kind, number) for expected, cell in spelled]
    if not read:
        raise _BadLineError
    for each, value in read:
        if plain and each == HashKind.PDQ:
            found.others[TOO_PLAIN] += 1
        else:
            found.add(each, value)


def _read_hash(cell: str, expected: str | None, kind: HashKind | None, number: int) -> tuple[str, bytes]:
    """The kind of a hash and its bytes; none of a kind that is not compared.

    Raises:
        _BadLineError: It is none of the kind that the list says.
        HashListError: Nobody says of which kind it is.
    """
    if expected is not None and expected not in _COMPARED:
        return expected, b""
    value = _decoded(cell)
    if value is None:
        raise _BadLineError
    found = expected or _kind_of(value, kind, number)
    if found in _COMPARED and len(value) != HashKind(found).size:
        raise _BadLineError
    return found, value


def _cell(cells: Sequence[str], at: int) -> str:
    return cells[at] if at < len(cells) else ""


def _said_kind(found: _Found, cell: str) -> str:
    """The kind that a line says; ``OTHER_KIND`` for one that nobody here knows.

    Raises:
        _BadLineError: It says none.
    """
    spelled = _spelled(cell)
    if kind := _NAMES.get(spelled) or _NOT_IN_HEADERS.get(spelled):
        return kind
    if not _CODE.fullmatch(spelled) or _decoded(cell):
        raise _BadLineError
    if len(found.unknown) >= _MOST_NAMES and spelled not in found.unknown:
        raise _BadLineError
    found.unknown.add(spelled)
    return OTHER_KIND


def _kind_of(value: bytes, kind: HashKind | None, number: int) -> str:
    """The kind of a hash that the list does not say.

    Raises:
        HashListError: It may be of two.
    """
    if known := _OF_SIZE.get(len(value)):
        return known
    if kind is None:
        raise HashListError("hash_list.kind_unclear", where=Term("place.line", number=number))
    return kind.value


def _is_plain(cells: Sequence[str], columns: _Columns) -> bool:
    """Whether the list says that the picture has too little structure.

    Raises:
        _BadLineError: What stands in the column of the quality is none.
    """
    if columns.quality is None or not (cell := _cell(cells, columns.quality)):
        return False
    if not re.fullmatch(r"[0-9]{1,3}(?:\.0+)?", cell, re.ASCII) or not 0 <= float(cell) <= 100:  # noqa: PLR2004 - percent
        raise _BadLineError
    return float(cell) < MIN_QUALITY


def _decoded(cell: str) -> bytes | None:
    """The bytes that a cell spells, as hex or as base64, if they can be those of a hash."""
    if _HEX.fullmatch(cell):
        value = bytes.fromhex(cell)
        if len(value) in _HEX_SIZES:
            return value
    try:
        value = binascii.a2b_base64(cell, strict_mode=True)
    except (binascii.Error, ValueError):
        return None
    return value if len(value) in _BASE64_SIZES else None


def _once(joined: bytearray, size: int) -> bytes:
    """Hashes of ``size`` bytes each, ascending, each once."""
    return np.unique(np.frombuffer(joined, np.dtype(f"V{size}"))).tobytes()
