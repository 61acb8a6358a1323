"""The two files of a bundle that hold log entries and earlier stamped checkpoints, one canonical JSON object a line.

``entries.jsonl`` shows entries: the leaf as it was logged, a line for each NAME, and the path to the final
checkpoint. ``stamps.jsonl`` has the checkpoints before the final one whose tokens the entries need, each with its
token and the path that proves it a beginning of the final one. There are two files, however many items: readers
that we did not write refuse a container of more than a thousand members. docs/format.md describes both.

This module checks the form alone: nothing is proven until the caller checks it. Standard library only.
"""

import base64
import binascii
import itertools
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from casefiles.errors import RecordsError
from casefiles.format.kept import lines_of, sliced
from casefiles.format.layout import ENTRIES, STAMPS
from evidence.canonical import Json, jcs, read_jcs, sha256_hex
from evidence.errors import CanonicalError, NoteError
from evidence.log.note import MAX_SIZE, parse_decimal, parse_hash

HELD_BYTES, HELD_VALUES = 1 << 24, 200_000
"""How long entries may be that are held once they are read, and how many texts they may have: a text of two letters
takes thirteen times as much memory as it is long."""


@dataclass(frozen=True, slots=True)
class ShownEntry:
    """One entry of the log, with what is disclosed of it.

    Attributes:
        index: Its place in the log, from 0.
        leaf: The leaf, byte for byte.
        lines: One for each NAME of its type, in their order: a disclosure, or the commitment of a withheld value.
        path: Sibling hashes from the leaf up to the final checkpoint's root, 32 bytes each.
    """

    index: int
    leaf: bytes
    lines: tuple[str, ...]
    path: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class EarlierStamp:
    """A token over a checkpoint before the final one.

    Attributes:
        token: DER of the time-stamp token.
        checkpoint: The checkpoint file that it stamps, byte for byte.
        consistency: Hashes that prove the final checkpoint's tree to begin with this one's, 32 bytes each.
    """

    token: bytes
    checkpoint: bytes
    consistency: tuple[bytes, ...]

    @property
    def token_sha256(self) -> str:
        """Lower hex SHA-256 of the token, by which leaves name it."""
        return sha256_hex(self.token)

    @property
    def size(self) -> int:
        """The number of entries that the checkpoint states; nobody has checked it yet.

        Raises:
            RecordsError: It states no number.
        """
        try:
            return parse_decimal(self.checkpoint.split(b"\n", 2)[1].decode("ascii"))
        except (IndexError, UnicodeDecodeError, NoteError) as error:
            raise RecordsError("records.checkpoint_without_size", where=STAMPS) from error


class ReadEntries:
    """The entries of a bundle's ``entries.jsonl``, in the order of the log: checked once, and held only if few.

    Tens of thousands with all that they show take more memory than anything else in a bundle. Each time somebody asks,
    their lines are read again. They are the same bytes, so their form is not checked a second time.

    Args:
        pieces: Gives the member from its beginning, the same bytes each time.
        size: How many bytes that is.

    Raises:
        RecordsError: A line is not the canonical JSON of an entry, or out of order.
    """

    def __init__(self, pieces: Callable[[], Iterable[bytes]], *, size: int) -> None:
        self._pieces = pieces
        self._held: list[ShownEntry] | None = []
        room, order = HELD_VALUES if size <= HELD_BYTES else 0, list[tuple[int, str]]()
        for line, where in _lines(pieces(), ENTRIES):
            entry = _read_entry(line, where)
            order.append((entry.index, ""))
            room -= 1 + len(entry.lines) + len(entry.path)
            if room < 0:
                self._held = None
            if self._held is not None:
                self._held.append(entry)
        _require_ascending(order, where=ENTRIES)
        self._count = len(order)

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[ShownEntry]:
        if self._held is not None:
            return iter(self._held)
        return (_read_checked(line) for line, _ in _lines(self._pieces(), ENTRIES))


def encode_entries(entries: Iterable[ShownEntry]) -> bytes:
    """The form of ``entries.jsonl`` in a bundle: these entries in the order of the log."""
    return b"".join(entry_lines(entries))


def entry_lines(entries: Iterable[ShownEntry]) -> Iterator[bytes]:
    """The lines of ``entries.jsonl`` in a bundle, with their ends: these entries in the order of the log."""
    return map(_entry_line, sorted(entries, key=lambda entry: entry.index))


def encode_stamps(stamps: Iterable[EarlierStamp]) -> bytes:
    """The form of ``stamps.jsonl`` in a bundle: these stamps by the size of the checkpoint.

    Two of one size are by the token's digest.
    """
    return b"".join(map(_stamp_line, sorted(stamps, key=_stamp_order)))


def read_entries(data: bytes) -> list[ShownEntry]:
    """Read the form of a bundle's ``entries.jsonl``.

    Raises:
        RecordsError: A line is not the canonical JSON of an entry, or out of order.
    """
    entries = [_read_entry(line, where) for line, where in _lines(sliced(data), ENTRIES)]
    _require_ascending([(entry.index, "") for entry in entries], where=ENTRIES)
    return entries


def read_stamps(pieces: Iterable[bytes]) -> list[EarlierStamp]:
    """Read the form of a bundle's ``stamps.jsonl``, which comes in pieces.

    Raises:
        RecordsError: A line is not the canonical JSON of a stamp, or out of order.
    """
    stamps = [read_stamp(line, where=where) for line, where in _lines(pieces, STAMPS)]
    _require_ascending(list(map(_stamp_order, stamps)), where=STAMPS)
    return stamps


def _entry_line(entry: ShownEntry) -> bytes:
    return _line(
        {
            "disclosures": entry.lines,
            "index": str(entry.index),
            "leaf": entry.leaf.decode("utf-8"),
            "path": [_base64(sibling) for sibling in entry.path],
        }
    )


def _stamp_line(stamp: EarlierStamp) -> bytes:
    return _line(
        {
            "checkpoint": stamp.checkpoint.decode("utf-8"),
            "consistency": [_base64(node) for node in stamp.consistency],
            "token": _base64(stamp.token),
        }
    )


def _line(value: Json) -> bytes:
    return jcs(value) + b"\n"


def _stamp_order(stamp: EarlierStamp) -> tuple[int, str]:
    return stamp.size, stamp.token_sha256


def _lines(pieces: Iterable[bytes], member: str) -> Iterator[tuple[bytes, str]]:
    line = None
    for number, after in enumerate(lines_of(pieces)):
        if line is not None:
            yield line, f"{member}:{number}"
        line = after
    if line:
        raise RecordsError("records.last_line_open", where=member)


def _read_checked(line: bytes) -> ShownEntry:
    """An entry of a line that ``_read_entry`` took."""
    row = json.loads(line)
    path = tuple(map(binascii.a2b_base64, row["path"]))
    return ShownEntry(int(row["index"]), row["leaf"].encode("utf-8"), tuple(row["disclosures"]), path)


def _read_entry(line: bytes, where: str) -> ShownEntry:
    row = _read_row(line, where, texts=("index", "leaf"), arrays=("disclosures", "path"))
    return ShownEntry(
        index=_decimal(row["index"], where),
        leaf=row["leaf"].encode("utf-8"),
        lines=tuple(row["disclosures"]),
        path=_hashes(row["path"], where),
    )


def read_stamp(line: bytes, *, where: str) -> EarlierStamp:
    """Read one line of a bundle's ``stamps.jsonl``, without its end; ``where`` names it in an error.

    Raises:
        RecordsError: It is not the canonical JSON of a stamp.
    """
    row = _read_row(line, where, texts=("checkpoint", "token"), arrays=("consistency",))
    return EarlierStamp(
        token=_from_base64(row["token"], where),
        checkpoint=row["checkpoint"].encode("utf-8"),
        consistency=_hashes(row["consistency"], where),
    )


def _read_row(line: bytes, where: str, *, texts: Sequence[str], arrays: Sequence[str]) -> dict[str, Json]:
    """An object of exactly these names: strings, and arrays of strings."""
    try:
        row = read_jcs(line, where=where)
    except CanonicalError as error:
        raise RecordsError("records.not_a_log_line", where=where, cause=error) from error
    if not isinstance(row, dict) or row.keys() != {*texts, *arrays}:
        raise RecordsError("records.other_log_names", where=where, expected=", ".join(sorted((*texts, *arrays))))
    strings = [row[name] for name in texts]
    for name in arrays:
        strings += row[name] if isinstance(row[name], list) else [None]
    if not all(isinstance(text, str) for text in strings):
        raise RecordsError("records.log_line_not_strings", where=where)
    return row


def _decimal(text: str, where: str) -> int:
    try:
        number = parse_decimal(text)
    except NoteError as error:
        raise RecordsError("records.log_line_malformed", where=where, cause=error) from error
    if number > MAX_SIZE:
        raise RecordsError("records.index_out_of_range", where=where, limit=MAX_SIZE, found=text)
    return number


def _hashes(texts: Iterable[str], where: str) -> tuple[bytes, ...]:
    try:
        return tuple(map(parse_hash, texts))
    except NoteError as error:
        raise RecordsError("records.log_line_malformed", where=where, cause=error) from error


def _from_base64(text: str, where: str) -> bytes:
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except ValueError as error:
        raise RecordsError("records.token_not_base64", where=where) from error
    if not data or _base64(data) != text:
        raise RecordsError("records.token_not_base64", where=where)
    return data


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _require_ascending(order: Sequence[tuple[int, str]], *, where: str) -> None:
    for number, (one, other) in enumerate(itertools.pairwise(order), start=2):
        if one >= other:
            raise RecordsError("records.log_lines_unordered", member=where, number=number)
