"""Pictures in memory, by entry, and which of them are like one that is asked about.

The whole store is compared like this (``evidence.match.library``), and so are the pictures of cases
(``casefiles.appearance``). Not for several threads at once. Pure numbers: no key, no database, no disk.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evidence.fingerprint.prints import Prints
from evidence.match.check import MATCH_BITS, MIN_QUALITY, REVIEW_BITS, NotCompared, PictureQuery, Tier
from evidence.match.index import HashIndex, hash_words
from evidence.match.segments import Comparable, IndexedFile, Segment

_WHY = {Comparable.NO_PICTURE: NotCompared.NO_PICTURE, Comparable.TOO_PLAIN: NotCompared.TOO_PLAIN}


@dataclass(frozen=True, slots=True)
class Alike:
    """What is like a picture.

    Attributes:
        tiers: By entry, in the order of the log.
        compared: Files that were really compared.
        not_compared: How many were not, for each reason.
    """

    tiers: Mapping[int, Tier]
    compared: int
    not_compared: Mapping[NotCompared, int]


class Pictures:
    """What is compared of some files."""

    def __init__(self) -> None:
        self._index = HashIndex()
        self._entries = np.empty(0, np.int64)
        self._states = np.empty(0, np.uint8)
        self._digests = hash_words(b"")
        self._standing = np.empty(0, np.bool_)

    def take(self, segments: Sequence[Segment]) -> None:
        """Compare with these files from now on, too; they come in the order of their entries."""
        before = len(self._entries)
        self._entries = np.concatenate([self._entries, *(segment.entries for segment in segments)])
        self._states = np.concatenate([self._states, *(segment.states for segment in segments)])
        self._digests = np.concatenate([self._digests, *(hash_words(segment.sha256) for segment in segments)])
        self._standing = np.concatenate([self._standing, np.ones(len(self._entries) - before, np.bool_)])
        for segment in segments:
            self._index.append(hash_words(segment.hashes), (segment.owners + before).astype(np.int32))
            before += len(segment.entries)

    def drop(self, entries: Sequence[int]) -> None:
        """Compare no more with the files of these entries."""
        files = np.flatnonzero(np.isin(self._entries, np.array(entries, np.int64)) & self._standing)
        self._standing[files] = False
        if len(files):
            self._index.delete(files.astype(np.int32))

    def same_files(self, entries: Collection[int]) -> frozenset[int]:
        """The entries of files that are compared and are, byte for byte, a file of these entries, compared or not."""
        here = np.flatnonzero(np.isin(self._entries, np.array(sorted(entries), np.int64)))
        found = {int(self._entries[file]) for each in here for file in self._same(self._digests[each])}
        return frozenset(found)

    def tiers(self, asked: PictureQuery) -> dict[int, Tier]:
        """What is like a picture in one of its eight orientations, with or without its border, or like a crop of it.

        Returns:
            By entry, in the order of the log.
        """
        tiers = dict.fromkeys(self._identical(asked.sha256).tolist(), Tier.IDENTICAL)
        for file, tier in self._near(asked):
            tiers.setdefault(file, tier)
        return {int(self._entries[file]): tiers[file] for file in sorted(tiers)}

    def compare(self, asked: PictureQuery) -> Alike:
        """What is like a picture, and how many files were compared with it, and not."""
        identical = self._identical(asked.sha256)
        counts = np.bincount(self._states[self._standing], minlength=len(Comparable))
        counts -= np.bincount(self._states[identical], minlength=len(Comparable))
        left = {state: int(counts[state]) for state in Comparable if counts[state]}
        if asked.hashes:
            compared = len(identical) + left.pop(Comparable.YES, 0)
            not_compared = {_WHY[state]: number for state, number in left.items()}
        else:
            compared = len(identical)
            not_compared = {NotCompared.ASKED_TOO_PLAIN: sum(left.values())} if left else {}
        return Alike(self.tiers(asked), compared, not_compared)

    def _near(self, asked: PictureQuery) -> Iterator[tuple[int, Tier]]:
        """The files that have a hash within a tier, the nearer tier first."""
        best: dict[int, int] = {}
        for hashes, radius in ((asked.hashes, REVIEW_BITS), (asked.crops, MATCH_BITS)):
            found = self._index.search(hash_words(b"".join(hashes)), radius)
            for file, bits in zip(found.labels.tolist(), found.bits.tolist(), strict=True):
                best[file] = min(bits, best.get(file, bits))
        for file, bits in best.items():
            yield file, Tier.MATCH if bits <= MATCH_BITS else Tier.REVIEW

    def _identical(self, sha256: bytes) -> npt.NDArray[np.intp]:
        (wanted,) = hash_words(sha256)
        return self._same(wanted)

    def _same(self, wanted: npt.NDArray[np.uint64]) -> npt.NDArray[np.intp]:
        """The places of the files with a digest that are compared."""
        found = np.flatnonzero(self._digests[:, 0] == wanted[0])
        same: npt.NDArray[np.intp] = found[(self._digests[found] == wanted).all(axis=1) & self._standing[found]]
        return same


def indexed_file(entry: int, prints: Prints) -> IndexedFile:
    """What is compared with a picture, of the file of an entry."""
    hashes = tuple(each[0] for each in prints.pdq_for_matching(min_quality=MIN_QUALITY))
    if hashes:
        state = Comparable.YES
    else:
        state = Comparable.TOO_PLAIN if prints.pdq_for_matching(min_quality=0) else Comparable.NO_PICTURE
    return IndexedFile(entry, state, bytes.fromhex(prints.sha256), hashes)
