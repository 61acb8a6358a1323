r"""The hashes of lists, sealed and in memory: what a file is compared with beside the pictures of cases.

A list lies in parts of at most 10,000 hashes of one kind, each sealed to the matching key like the prints of a file,
as the ``prints`` of the entry that added it. What is sealed of a part:

    "nisisama/hashes/1 " | kind: md5, sha256 or pdq | "\n" | the hashes, 16 or 32 bytes each, ascending, each once

A list has one hash of a picture and a file has eight, so a turned or mirrored copy is found like any other. Digests
are found by their first 8 bytes in a sorted column; PDQ hashes as everywhere (``evidence.match.index``). Which hash it
was that a file is like is told to nobody. Not for several threads at once.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from evidence.errors import HashListError
from evidence.fingerprint.unspoken import Unspoken
from evidence.match.check import MATCH_BITS, REVIEW_BITS, PictureQuery, Tier
from evidence.match.hash_csv import HashKind, ReadHashes
from evidence.match.index import HashIndex, hash_words

MAX_PART: Final = 10_000
"""Hashes of a part."""
_MAGIC: Final = b"nisisama/hashes/1 "
_WORD_BYTES: Final = 8


class HashPart(Unspoken):
    """A part of a list.

    Attributes:
        hashes: One behind the other, ascending, each once.
    """

    __slots__ = ("hashes", "kind")

    kind: HashKind
    hashes: bytes

    def __init__(self, kind: HashKind, hashes: bytes) -> None:
        """Take hashes of one kind.

        Raises:
            HashListError: They are none, too many, or not in their order.
        """
        count, rest = divmod(len(hashes), kind.size)
        rows = np.frombuffer(hashes[: count * kind.size], np.dtype(f"V{kind.size}"))
        if rest or not 0 < count <= MAX_PART or np.unique(rows).tobytes() != hashes:
            raise HashListError("hash_list.part_malformed")
        self._fill(kind=kind, hashes=hashes)

    def __len__(self) -> int:
        return len(self.hashes) // self.kind.size

    @classmethod
    def parse(cls, plain: bytes) -> "HashPart":
        """The part that was sealed.

        Raises:
            HashListError: It is none.
        """
        head, _, hashes = plain.partition(b"\n")
        kinds = [kind for kind in HashKind if head == _MAGIC + kind.value.encode("ascii")]
        if not kinds:
            raise HashListError("hash_list.part_malformed")
        return cls(kinds[0], hashes)

    def part_bytes(self) -> bytes:
        """What is sealed of this part, for the envelope of its entry and nothing else."""
        return _MAGIC + self.kind.value.encode("ascii") + b"\n" + self.hashes


def hash_parts(read: ReadHashes) -> Sequence[HashPart]:
    """A list of hashes, in the parts in which it is sealed; the same list gives the same parts."""
    return [
        HashPart(kind, hashes[at : at + MAX_PART * kind.size])
        for kind, hashes in read.hashes.items()
        for at in range(0, len(hashes), MAX_PART * kind.size)
    ]


class ListedHashes:
    """The hashes of several lists, each known by a number."""

    def __init__(self) -> None:
        self._pdq = HashIndex()
        self._digests: dict[HashKind, dict[int, _Digests]] = defaultdict(dict)

    def take(self, number: int, parts: Sequence[HashPart]) -> None:
        """Compare with a list from now on, too."""
        for part in parts:
            if part.kind is HashKind.PDQ:
                self._pdq.append(hash_words(part.hashes), np.full(len(part), number, np.int32))
        for kind in (HashKind.MD5, HashKind.SHA256):
            if joined := b"".join(part.hashes for part in parts if part.kind is kind):
                self._digests[kind][number] = _Digests(joined, kind.size)

    def drop(self, number: int) -> None:
        """Compare no more with a list: its hashes are overwritten."""
        self._pdq.delete(np.array([number], np.int32))
        for lists in self._digests.values():
            if number in lists:
                lists.pop(number).overwrite()

    def tiers(self, asked: PictureQuery, numbers: Collection[int]) -> dict[int, Tier]:
        """Which of these lists have a hash like those of a file, by how alike it is."""
        tiers = dict[int, Tier]()
        for kind, digest in ((HashKind.SHA256, asked.sha256), (HashKind.MD5, asked.md5)):
            found = (number for number, digests in self._digests[kind].items() if digest and digest in digests)
            tiers |= dict.fromkeys((number for number in found if number in numbers), Tier.IDENTICAL)
        for number, bits in self._near(asked):
            if number in numbers and number not in tiers:
                tiers[number] = Tier.MATCH if bits <= MATCH_BITS else Tier.REVIEW
        return tiers

    def _near(self, asked: PictureQuery) -> Iterator[tuple[int, int]]:
        """The lists that have a PDQ within a tier, and the fewest bits in which one differs."""
        best = dict[int, int]()
        if len(self._pdq):
            found = self._pdq.search(hash_words(b"".join(asked.hashes)), REVIEW_BITS)
            for number, bits in zip(found.labels.tolist(), found.bits.tolist(), strict=True):
                best[number] = min(bits, best.get(number, bits))
        yield from best.items()


class CommonHashes:
    """Counts how many hashes of a list other lists have too.

    Attributes:
        count: So far; a hash that several have counts once.
    """

    def __init__(self, read: ReadHashes) -> None:
        self._sorted = {kind: _Digests(hashes, kind.size) for kind, hashes in read.hashes.items()}
        self._common = {kind: np.zeros(len(each), np.bool_) for kind, each in self._sorted.items()}

    def compare(self, part: HashPart) -> None:
        """Compare with a part of another list."""
        if part.kind in self._sorted:
            self._common[part.kind][self._sorted[part.kind].places(part.hashes)] = True

    @property
    def count(self) -> int:
        """How many are common."""
        return sum(int(common.sum()) for common in self._common.values())


class _Digests:
    """Sorted digests of one size."""

    def __init__(self, joined: bytes, size: int) -> None:
        self._columns = size // _WORD_BYTES
        self._rows = self._words(joined)
        self._first = self._rows[:, 0].copy()

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, digest: bytes) -> bool:
        return bool(len(self.places(digest)))

    def places(self, joined: bytes) -> npt.NDArray[np.intp]:
        """Where these digests are, those that are there."""
        wanted = self._words(joined)
        begins = np.searchsorted(self._first, wanted[:, 0], "left")
        ends = np.searchsorted(self._first, wanted[:, 0], "right")
        found = [
            begin + np.flatnonzero((self._rows[begin:end] == row).all(axis=1))
            for begin, end, row in zip(begins, ends, wanted, strict=True)
            if end > begin
        ]
        return np.concatenate([np.empty(0, np.intp), *found])

    def overwrite(self) -> None:
        self._rows[:] = 0
        self._first[:] = 0

    def _words(self, joined: bytes) -> npt.NDArray[np.uint64]:
        words: npt.NDArray[np.uint64] = np.frombuffer(joined, ">u8").astype(np.uint64)
        return words.reshape(-1, self._columns)
