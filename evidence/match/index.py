"""Exact range search over 256-bit hashes, in memory: every hash within a radius, and no other.

A few hashes are compared one by one, as columns of numbers. More are found by multi-index hashing (Norouzi, Punjani
and Fleet, "Fast Exact Search in Hamming Space with Multi-Index Hashing", 2014, section 2): a hash is cut into ``m``
slots; if two hashes differ in at most ``m q + a`` bits, then one of the first ``a + 1`` slots differs in at most ``q``
bits, or one of the others in at most ``q - 1``. So it is enough to look up those few spellings of each slot, and to
compare what they lead to. New hashes lie in a tail that is compared one by one, until it is long enough to be built in:
into a small part first, since building takes a second a million, and nobody can search meanwhile.

Not for several threads at once. Pure numbers: no key, no database, no disk.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations, pairwise
from math import comb
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

BITS: Final = 256
_WORD: Final = 64
_WORDS: Final = BITS // _WORD

HashWords: TypeAlias = npt.NDArray[np.uint64]
"""Hashes, shape (number, 4): 64 bits a word, the first bits in the first word."""
Labels: TypeAlias = npt.NDArray[np.int32]
_Numbers: TypeAlias = npt.NDArray[np.intp]

FLAT_ROWS: Final = 1 << 16
"""So many hashes are compared one by one, in a fifth of a millisecond: about what looking them up would take."""
LARGE_ROWS: Final = 1 << 22
"""From here on one slot fewer: its tables take 340 MB more, and fewer rows are compared."""
_SMALL_SHARE: Final = 8
"""Once the small part is longer than this share of the large one, both are built as one."""
_PROBES_A_ROW: Final = 1 / 16
"""More spellings than this share of the hashes take longer than to compare every one."""
_CHUNK: Final = 1 << 15


def hash_words(hashes: bytes) -> HashWords:
    """Hashes for the index, 32 bytes each, one behind the other, as words."""
    return np.frombuffer(hashes, dtype=">u8").astype(np.uint64).reshape(-1, _WORDS)


@dataclass(frozen=True, slots=True, repr=False)
class Neighbours:
    """What lies within the radius, in no order.

    Attributes:
        labels: Those that were given with the hashes; the same label may be there several times.
        bits: In how many bits each differs.
    """

    labels: Labels
    bits: npt.NDArray[np.uint8]


class HashIndex:
    """Hashes with their labels: a large and a small part that are built, and a tail of new ones."""

    def __init__(self) -> None:
        self._large, self._small, self._tail = _nothing(), _nothing(), _Rows()

    def __len__(self) -> int:
        return sum(part.alive for part in self._parts)

    @property
    def _parts(self) -> "tuple[_Slots, _Slots, _Rows]":
        return self._large, self._small, self._tail

    def append(self, hashes: HashWords, labels: Labels) -> None:
        """Add hashes; a label may have several.

        Args:
            labels: One for each hash, not negative.
        """
        self._tail.append(hashes, labels)

    def delete(self, labels: Labels) -> None:
        """Forget all hashes of these labels: they are overwritten, and never found again."""
        for part in self._parts:
            part.delete(labels)

    def search(self, hashes: HashWords, radius: int) -> Neighbours:
        """Every hash that differs from one of these in at most ``radius`` bits; once for each that is so near."""
        self._build()
        return _together([part.search(hashes, radius) for part in self._parts if part.alive])

    def _build(self) -> None:
        """Build the tail in, once it is long."""
        if self._tail.alive <= FLAT_ROWS:
            return
        rows = [part.living() for part in (self._small, self._tail)]
        self._small, self._tail = _nothing(), _Rows()
        if sum(len(labels) for _columns, labels in rows) > self._large.alive // _SMALL_SHARE:
            rows.insert(0, self._large.living())
            self._large = _nothing()
            self._large = _joined(rows)
        else:
            self._small = _joined(rows)


DEAD: Final = -1
"""The label of what was deleted."""


class _Rows:
    """Hashes in columns, compared one by one; grows by doubling."""

    def __init__(self) -> None:
        self._columns = np.zeros((_WORDS, 1024), np.uint64)
        self._labels = np.full(1024, DEAD, np.int32)
        self._count = self.alive = 0

    def append(self, hashes: HashWords, labels: Labels) -> None:
        count = self._count + len(hashes)
        if count > len(self._labels):
            room = max(count, 2 * len(self._labels)) - len(self._labels)
            self._columns = np.concatenate([self._columns, np.zeros((_WORDS, room), np.uint64)], axis=1)
            self._labels = np.concatenate([self._labels, np.full(room, DEAD, np.int32)])
        self._columns[:, self._count : count] = hashes.T
        self._labels[self._count : count] = labels
        self._count, self.alive = count, self.alive + len(hashes)

    def delete(self, labels: Labels) -> None:
        self.alive -= _erase(self._columns, self._labels, labels)

    def living(self) -> tuple[HashWords, Labels]:
        return _living(self._columns[:, : self._count], self._labels[: self._count])

    def search(self, hashes: HashWords, radius: int) -> Neighbours:
        return _search_all(self._columns[:, : self._count], self._labels, hashes, radius)


@dataclass(slots=True, repr=False)
class _Slots:
    """Hashes that are found by their slots.

    Attributes:
        cuts: Where the slots begin and end, in bits.
        firsts: Where the row numbers of each spelling of each slot begin in ``order``.
        order: Row numbers, sorted by the spelling of each slot.
        offsets: Where each slot begins in ``firsts``.
    """

    columns: HashWords
    labels: Labels
    alive: int
    cuts: tuple[int, ...]
    firsts: npt.NDArray[np.uint32]
    order: npt.NDArray[np.uint32]
    offsets: _Numbers

    @classmethod
    def of(cls, columns: HashWords, labels: Labels) -> "_Slots":
        cuts = _cuts(len(labels))
        sizes = [(1 << (end - begin)) + 1 for begin, end in pairwise(cuts)]
        offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.intp)
        firsts = np.zeros(int(offsets[-1]), np.uint32)
        order = np.empty(len(labels) * len(sizes), np.uint32)
        made = cls(columns, labels, len(labels), cuts, firsts, order, offsets)
        for slot in range(len(sizes)):
            made._sort(slot)
        return made

    def _sort(self, slot: int) -> None:
        """Sort the rows by one slot; its places in ``order`` follow those of the slot before."""
        rows, begin = len(self.labels), slot * len(self.labels)
        both = (_spelling(self.columns, self.cuts, slot) << np.uint64(32)) | np.arange(rows, dtype=np.uint64)
        both.sort()
        self.order[begin : begin + rows] = both.astype(np.uint32)  # the lower half
        both >>= np.uint64(32)
        firsts = self.firsts[self.offsets[slot] : self.offsets[slot + 1]]
        edges = np.flatnonzero(both[1:] != both[:-1]) + 1
        if rows:
            begins = np.concatenate([[0], edges])
            firsts[both[begins].astype(np.intp) + 1] = np.diff(np.concatenate([begins, [rows]]))
        firsts[0] = begin
        np.cumsum(firsts, out=firsts, dtype=np.uint32)

    def delete(self, labels: Labels) -> None:
        self.alive -= _erase(self.columns, self.labels, labels)

    def living(self) -> tuple[HashWords, Labels]:
        return _living(self.columns, self.labels)

    def search(self, hashes: HashWords, radius: int) -> Neighbours:
        if _probes(self.cuts, radius) > len(self.labels) * _PROBES_A_ROW:
            return _search_all(self.columns, self.labels, hashes, radius)
        return _together([self._look_up(each, radius) for each in hashes])

    def _look_up(self, hash_: HashWords, radius: int) -> Neighbours:
        masks, slots = _masks(self.cuts, radius)
        places = _spellings(hash_, self.cuts)[slots] ^ masks
        places += self.offsets[slots]
        begins, ends = self.firsts[places], self.firsts[places + 1]
        some = np.flatnonzero(ends > begins)
        rows = self.order[_ranges(begins[some].astype(np.intp), ends[some].astype(np.intp))]
        bits = _bits(self.columns[:, rows], hash_)
        near = bits <= radius
        near[near] = self.labels[rows[near]] != DEAD
        once, first = np.unique(rows[near], return_index=True)
        return Neighbours(self.labels[once], bits[near][first])


def _nothing() -> _Slots:
    return _Slots.of(np.empty((_WORDS, 0), np.uint64), np.empty(0, np.int32))


def _joined(rows: "list[tuple[HashWords, Labels]]") -> _Slots:
    """One part of several; ``rows`` is emptied before it is built, so that its memory serves again."""
    columns = np.concatenate([columns for columns, _labels in rows], axis=1)
    labels = np.concatenate([labels for _columns, labels in rows])
    rows.clear()
    return _Slots.of(columns, labels)


def _cuts(rows: int) -> tuple[int, ...]:
    """Where the slots of so many hashes begin and end: of few, smaller slots have smaller tables."""
    return _cuts_of(11 if rows >= LARGE_ROWS else 12 if rows >= FLAT_ROWS else 32)


def _cuts_of(slots: int) -> tuple[int, ...]:
    least, longer = divmod(BITS, slots)
    return tuple(slot * least + min(slot, longer) for slot in range(slots + 1))


@lru_cache(maxsize=16)
def _nears(cuts: tuple[int, ...], radius: int) -> tuple[tuple[int, int], ...]:
    """Of each slot its size, and in how many bits it may differ: -1 where it need not be looked up."""
    most, further = divmod(radius, len(cuts) - 1)
    sizes = (end - begin for begin, end in pairwise(cuts))
    return tuple((size, most if slot <= further else most - 1) for slot, size in enumerate(sizes))


@lru_cache(maxsize=16)
def _probes(cuts: tuple[int, ...], radius: int) -> int:
    """How many spellings are looked up."""
    return sum(comb(size, bits) for size, near in _nears(cuts, radius) for bits in range(near + 1))


@lru_cache(maxsize=4)
def _masks(cuts: tuple[int, ...], radius: int) -> tuple[_Numbers, _Numbers]:
    """What to flip in a slot to get each spelling that is looked up, and which slot that is."""
    masks, slots = list[int](), list[int]()
    for slot, (size, near) in enumerate(_nears(cuts, radius)):
        chosen = (bits for count in range(near + 1) for bits in combinations(range(size), count))
        flips = [sum(1 << bit for bit in bits) for bits in chosen]
        masks += flips
        slots += [slot] * len(flips)
    return np.array(masks, np.intp), np.array(slots, np.intp)


def _spelling(columns: HashWords, cuts: tuple[int, ...], slot: int) -> HashWords:
    """The bits of one slot of each hash, as a number."""
    begin, end = cuts[slot], cuts[slot + 1]
    word, at = divmod(begin, _WORD)
    size = end - begin
    part = columns[word] << np.uint64(at)
    if at + size > _WORD:
        part = part | (columns[word + 1] >> np.uint64(_WORD - at))
    spelled: HashWords = part >> np.uint64(_WORD - size)
    return spelled


def _spellings(hash_: HashWords, cuts: tuple[int, ...]) -> _Numbers:
    """Each slot of one hash, as a number."""
    whole = int.from_bytes(hash_.astype(">u8").tobytes())
    return np.array([whole >> (BITS - end) & ((1 << (end - begin)) - 1) for begin, end in pairwise(cuts)], np.intp)


def _ranges(begins: _Numbers, ends: _Numbers) -> _Numbers:
    """All numbers from each beginning up to its end."""
    sizes = ends - begins
    total = int(sizes.sum())
    steps = np.repeat(begins - np.concatenate([[0], np.cumsum(sizes)[:-1]]), sizes) if total else np.empty(0, np.intp)
    return steps + np.arange(total)


def _bits(columns: HashWords, hash_: HashWords) -> npt.NDArray[np.uint8]:
    """In how many bits each hash differs; 255 stands for 256 too, which no byte holds and no radius reaches."""
    different = np.bitwise_count(columns[0] ^ hash_[0])
    for column, word in zip(columns[1:3], hash_[1:3], strict=True):
        different += np.bitwise_count(column ^ word)
    np.minimum(different, 255 - _WORD, out=different)
    different += np.bitwise_count(columns[3] ^ hash_[3])
    bits: npt.NDArray[np.uint8] = different
    return bits


def _search_all(columns: HashWords, labels: Labels, hashes: HashWords, radius: int) -> Neighbours:
    """Compare each with each: many hashes at once where there are few rows."""
    found = list[Neighbours]()
    for at in range(0, columns.shape[1], _CHUNK):
        part = columns[:, np.newaxis, at : at + _CHUNK]
        of_part = labels[at : at + part.shape[2]]
        together = _CHUNK // part.shape[2]
        for first in range(0, len(hashes), together):
            bits = _bits(part, hashes[first : first + together].T[:, :, np.newaxis]).ravel()
            near = np.flatnonzero(bits <= radius)
            if len(near):
                found_labels = of_part[near % len(of_part)]
                alive = found_labels != DEAD
                found.append(Neighbours(found_labels[alive], bits[near][alive]))
    return _together(found)


def _together(parts: Sequence[Neighbours]) -> Neighbours:
    labels, bits = [np.empty(0, np.int32)], [np.empty(0, np.uint8)]
    labels += [part.labels for part in parts]
    bits += [part.bits for part in parts]
    return Neighbours(np.concatenate(labels), np.concatenate(bits))


def _erase(columns: HashWords, labels: Labels, gone: Labels) -> int:
    """Overwrite the hashes of labels; how many there were."""
    rows = np.flatnonzero(np.isin(labels, gone) & (labels != DEAD))
    columns[:, rows] = 0
    labels[rows] = DEAD
    return len(rows)


def _living(columns: HashWords, labels: Labels) -> tuple[HashWords, Labels]:
    alive = labels != DEAD
    return columns[:, alive], labels[alive]
