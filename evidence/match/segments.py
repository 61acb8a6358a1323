r"""Sealed snapshots of what the index holds, so that it starts in seconds: opening every print takes a millisecond.

A segment holds what is compared of a run of entries. It is sealed to the matching key like the prints that it repeats,
and anybody can seal to that key, so it also carries a code that only a holder of the matching key can make. It is no
truth: one that is missing, damaged, forged or does not fit the prints in the store is left aside and made again.

Erasure of an item takes it out of its segment, which is sealed again under a new file key. What is sealed (numbers
little-endian, a column after the other):

    "nisisama/segment/1\n" | code, 32 bytes: HMAC-SHA256 of the SHA-256 of all that follows; its key is HMAC-SHA256 of
    the first line, keyed with the 32 bytes of the matching identity
    u64 first entry | u64 last entry | u32 files | u32 hashes
    of each file: u64 entry | then of each u8 state | then of each SHA-256, 32 bytes
    of each hash: u32 number of its file, from 0 | then of each PDQ, 32 bytes
"""

import hashlib
import hmac
import struct
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import IntEnum
from itertools import accumulate, pairwise
from typing import Final

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from config.errors import Term
from evidence.errors import EnvelopeError, NoMatchingKeyError, StoreError
from evidence.fingerprint.unspoken import Unspoken
from evidence.seal.envelopes import open_whole, seal_whole
from evidence.seal.recipients import KeyIdentity
from evidence.store import database
from evidence.store.stored import stored_bytes

MAX_FILES: Final = 10_000
"""Sealed again as a whole, for each erasure: 10,000 take a few hundredths of a second."""

_MAGIC: Final = b"nisisama/segment/1\n"
_CODE_BYTES: Final = 32
_HASH_BYTES: Final = 32
_COUNTS: Final = struct.Struct("<QQII")


class Comparable(IntEnum):
    """Whether a stored file can be compared."""

    YES = 0
    NO_PICTURE = 1
    TOO_PLAIN = 2


class Segment(Unspoken):
    """What is compared of a run of entries.

    Attributes:
        first: The first entry of the run.
        last: Its last; the files lie between them.
        entries: The entry of each file, ascending.
        states: A ``Comparable`` for each file.
        sha256: Of each file, 32 bytes.
        owners: For each hash, the number of its file.
        hashes: 32 bytes each.
    """

    __slots__ = ("entries", "first", "hashes", "last", "owners", "sha256", "states")

    first: int
    last: int
    entries: npt.NDArray[np.int64]
    states: npt.NDArray[np.uint8]
    sha256: bytes
    owners: npt.NDArray[np.int32]
    hashes: bytes

    def __init__(self, first: int, last: int, files: Sequence["IndexedFile"]) -> None:
        """Gather files, in the order of their entries."""
        self._fill(
            first=first,
            last=last,
            entries=np.array([file.entry for file in files], np.int64),
            states=np.array([file.state for file in files], np.uint8),
            sha256=b"".join(file.sha256 for file in files),
            owners=np.repeat(np.arange(len(files), dtype=np.int32), [len(file.hashes) for file in files]),
            hashes=b"".join(each for file in files for each in file.hashes),
        )

    @classmethod
    def parse(cls, content: bytes) -> "Segment":
        """The segment that was written like this."""
        first, last, files, hashes = _COUNTS.unpack_from(content)
        sizes = (8 * files, files, _HASH_BYTES * files, 4 * hashes, _HASH_BYTES * hashes)
        ends = list(accumulate(sizes, initial=_COUNTS.size))
        entries, states, sha256, owners, hashed = (content[begin:end] for begin, end in pairwise(ends))
        segment = cls(first, last, ())
        segment._fill(
            entries=np.frombuffer(entries, "<u8").astype(np.int64),
            states=np.frombuffer(states, np.uint8),
            sha256=sha256,
            owners=np.frombuffer(owners, "<u4").astype(np.int32),
            hashes=hashed,
        )
        return segment

    def files(self) -> "Iterator[IndexedFile]":
        """Its files, one by one."""
        edges = np.searchsorted(self.owners, np.arange(len(self.entries) + 1))
        for number, (entry, state) in enumerate(zip(self.entries.tolist(), self.states.tolist(), strict=True)):
            begin, end = int(edges[number]), int(edges[number + 1])
            hashes = tuple(_piece(self.hashes, at) for at in range(begin, end))
            yield IndexedFile(entry, Comparable(state), _piece(self.sha256, number), hashes)


@dataclass(frozen=True, slots=True, repr=False)
class IndexedFile:
    """What is compared of one file.

    Attributes:
        hashes: The upright PDQ of the picture and of each trim, those of enough quality.
    """

    entry: int
    state: Comparable
    sha256: bytes
    hashes: tuple[bytes, ...]


def read_segments(connection: sa.Connection, matching: KeyIdentity) -> Iterator[Segment]:
    """The sealed snapshots of the index that are whole and follow one another from entry 0; the rest is left aside."""
    expected = 0
    table = database.print_segment
    for row in connection.execute(sa.select(table).order_by(table.c.first)):
        where = Term("place.row", name=table.name, index=row.first)
        try:
            segment = open_segment(stored_bytes(row.body, where=where), matching)
        except (StoreError, EnvelopeError, NoMatchingKeyError):
            return
        if (
            segment.first != expected
            or segment.last != row.last
            or not _fits(connection, segment.first, segment.last, len(segment.entries))
        ):
            return
        yield segment
        expected = segment.last + 1


@dataclass(frozen=True, slots=True, repr=False)
class SealedSegment:
    """A segment that is ready to be kept."""

    first: int
    last: int
    files: int
    body: bytes


def write_segments(connection: sa.Connection, segments: Sequence[SealedSegment]) -> None:
    """Keep sealed snapshots of the index, in place of those that touch their runs or come behind them.

    One that no longer fits is left, with those behind it: what was erased since it was made must not come back.
    """
    table = database.print_segment
    for segment in segments:
        if not _fits(connection, segment.first, segment.last, segment.files):
            return
        connection.execute(sa.delete(table).where(table.c.last >= segment.first))
        row = {"first": segment.first, "last": segment.last, "body": segment.body}
        connection.execute(sa.insert(table), row)


def without_entries(
    connection: sa.Connection, entries: Collection[int], matching: KeyIdentity
) -> Sequence[SealedSegment]:
    """The index's snapshots that have erased entries, without them, sealed again under new file keys; for ``erase``.

    Erasure takes the old ones away. One that cannot be opened is not among these: it is made again.
    """
    table, found = database.print_segment, list[SealedSegment]()
    erased = sorted(entries)
    for row in connection.execute(sa.select(table).order_by(table.c.first)):
        if bisect_left(erased, row.first) == bisect_right(erased, row.last):
            continue
        with suppress(EnvelopeError, NoMatchingKeyError):
            segment = open_segment(bytes(row.body), matching)
            left = [file for file in segment.files() if file.entry not in entries]
            found.append(seal_segment(Segment(segment.first, segment.last, left), matching))
    return found


def put_back(connection: sa.Connection, segments: Iterable[SealedSegment]) -> None:
    """Keep snapshots in whose runs entries were erased, in the same transaction."""
    for each in segments:
        row = {"first": each.first, "last": each.last, "body": each.body}
        connection.execute(sa.insert(database.print_segment), row)


def seal_segment(segment: Segment, matching: KeyIdentity) -> SealedSegment:
    """A sealed snapshot of the index as it is kept."""
    content = b"".join(
        (
            _COUNTS.pack(segment.first, segment.last, len(segment.entries), len(segment.owners)),
            segment.entries.astype("<u8").tobytes(),
            segment.states.tobytes(),
            segment.sha256,
            segment.owners.astype("<u4").tobytes(),
            segment.hashes,
        )
    )
    body = seal_whole(_MAGIC + _code(content, matching) + content, recipients=(matching.recipient,))
    return SealedSegment(segment.first, segment.last, len(segment.entries), body)


def open_segment(sealed: bytes, matching: KeyIdentity) -> Segment:
    """What a sealed snapshot of the index holds.

    Raises:
        EnvelopeError: It is damaged, or nobody with the matching key made it.
        NoMatchingKeyError: It was sealed to another key.
    """
    plain = open_whole(sealed, identities=(matching,))
    code, content = plain[len(_MAGIC) :][:_CODE_BYTES], plain[len(_MAGIC) + _CODE_BYTES :]
    if not plain.startswith(_MAGIC) or not hmac.compare_digest(code, _code(content, matching)):
        raise EnvelopeError("envelope.segment_of_nobody")
    return Segment.parse(content)


def _code(content: bytes, matching: KeyIdentity) -> bytes:
    key = hmac.digest(matching.seed, _MAGIC, "sha256")
    return hmac.digest(key, hashlib.sha256(content).digest(), "sha256")


def _fits(connection: sa.Connection, first: int, last: int, files: int) -> bool:
    """Whether the store has prints for exactly so many entries of a run: none was added or erased since."""
    table = database.sealed.c
    here = sa.and_(table.name == "prints", table.idx.between(first, last))
    counted = connection.execute(sa.select(sa.func.count()).select_from(database.sealed).where(here)).scalar_one()
    return int(counted) == files


def _piece(joined: bytes, number: int) -> bytes:
    return joined[_HASH_BYTES * number : _HASH_BYTES * (number + 1)]
