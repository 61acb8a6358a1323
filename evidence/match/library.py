"""The pictures that are kept, in memory, while the matching key is open: what a picture is compared with.

Begun from the sealed segments, and from the sealed prints of whatever came after them. It follows the log: ``refresh``
takes in what is new. Of what was kept in several modes only what stands is compared (``evidence.store.upgrade``).

Not for several threads at once. Nothing here writes.
"""

import resource
from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from evidence.fingerprint.prints import Prints
from evidence.match.check import (
    MATCH_BITS,
    MIN_QUALITY,
    REVIEW_BITS,
    CheckResult,
    Match,
    NotCompared,
    PictureQuery,
    Tier,
)
from evidence.match.index import HashIndex, hash_words
from evidence.match.segments import (
    MAX_FILES,
    Comparable,
    IndexedFile,
    SealedSegment,
    Segment,
    read_segments,
    seal_segment,
)
from evidence.match.stored import sealed_prints
from evidence.observation import Kind
from evidence.seal.recipients import KeyIdentity
from evidence.store import database
from evidence.store.database import reading
from evidence.store.upgrade import same_thing, stands

SAVE_FILES = 500
"""So many files that no segment has yet are worth one: to open the prints of each takes a millisecond."""
_WHY = {Comparable.NO_PICTURE: NotCompared.NO_PICTURE, Comparable.TOO_PLAIN: NotCompared.TOO_PLAIN}


class Library:
    """What is compared, of one store.

    Args:
        matching: Opens the prints.
    """

    def __init__(self, engine: sa.Engine, matching: KeyIdentity) -> None:
        _forbid_core_files()
        self._engine = engine
        self._matching = matching
        self._index = HashIndex()
        self._entries = np.empty(0, np.int64)
        self._states = np.empty(0, np.uint8)
        self._digests = hash_words(b"")
        self._standing = np.empty(0, np.bool_)
        self._end = 0
        self._unsaved: list[IndexedFile] = []
        self._last: Segment | None = None

    def refresh(self) -> None:
        """Take in what was logged since.

        Raises:
            NoMatchingKeyError: The matching key is another home's.
        """
        with reading(self._engine) as connection:
            begun_at = self._end
            if not begun_at:
                saved = list(read_segments(connection, self._matching))
                self._take(saved)
                if saved:
                    self._last, self._end = saved[-1], saved[-1].last + 1
            new = [_indexed_file(entry, prints) for entry, prints in self._new(connection)]
            newest = connection.execute(sa.select(sa.func.max(database.event.c.idx))).scalar_one()
            end = max(self._end, 0 if newest is None else int(newest) + 1)
            self._take([Segment(self._end, end - 1, new)])
            self._unsaved += new
            self._end = end
            self._drop(connection, begun_at)

    def unsaved(self) -> tuple[SealedSegment, ...]:
        """Segments of what none has yet, once it is enough, for ``write_segments``; they are given once."""
        if len(self._unsaved) < SAVE_FILES:
            return ()
        sealed = []
        joined = self._last is not None and len(self._last.entries) + len(self._unsaved) <= MAX_FILES
        files = [*(self._last.files() if joined and self._last else ()), *self._unsaved]
        first = 0 if self._last is None else self._last.first if joined else self._last.last + 1
        while files:
            part, files = files[:MAX_FILES], files[MAX_FILES:]
            last = part[-1].entry if files else self._end - 1
            self._last = Segment(first, last, part)
            sealed.append(seal_segment(self._last, self._matching))
            first = last + 1
        self._unsaved = []
        return tuple(sealed)

    def compare(self, asked: PictureQuery) -> CheckResult:
        """Look for a picture in its eight orientations, with and without its border, and for its crops."""
        identical = self._identical(asked.sha256)
        left = Counter(self._states[self._standing].tolist())
        left.subtract(self._states[identical].tolist())
        tiers = dict.fromkeys(identical.tolist(), Tier.IDENTICAL)
        if asked.hashes:
            compared = len(identical) + left.pop(Comparable.YES, 0)
            not_compared = {_WHY[Comparable(state)]: number for state, number in left.items() if number}
            for file, tier in self._near(asked):
                tiers.setdefault(file, tier)
        else:
            compared, rest = len(identical), sum(left.values())
            not_compared = {NotCompared.ASKED_TOO_PLAIN: rest} if rest else {}
        return CheckResult(compared, not_compared, tuple(self._matches(tiers)))

    def _near(self, asked: PictureQuery) -> Iterator[tuple[int, Tier]]:
        """The files that have a hash within a tier, the nearer tier first."""
        best: dict[int, int] = {}
        for hashes, radius in ((asked.hashes, REVIEW_BITS), (asked.crops, MATCH_BITS)):
            for each in hash_words(b"".join(hashes)):
                found = self._index.search(each, radius)
                for file, bits in zip(found.labels.tolist(), found.bits.tolist(), strict=True):
                    best[file] = min(bits, best.get(file, bits))
        for file, bits in best.items():
            yield file, Tier.MATCH if bits <= MATCH_BITS else Tier.REVIEW

    def _matches(self, tiers: dict[int, Tier]) -> Iterator[Match]:
        with reading(self._engine) as connection:
            for file in sorted(tiers):
                table = database.item.c
                item = sa.select(table.item_id).where(table.idx == int(self._entries[file]))
                yield Match(connection.execute(item).scalar_one(), tiers[file])

    def _identical(self, sha256: bytes) -> npt.NDArray[np.intp]:
        (wanted,) = hash_words(sha256)
        found = np.flatnonzero(self._digests[:, 0] == wanted[0])
        same: npt.NDArray[np.intp] = found[(self._digests[found] == wanted).all(axis=1) & self._standing[found]]
        return same

    def _new(self, connection: sa.Connection) -> Iterator[tuple[int, Prints]]:
        return sealed_prints(connection, self._matching, after=self._end - 1)

    def _take(self, segments: Sequence[Segment]) -> None:
        before = len(self._entries)
        self._entries = np.concatenate([self._entries, *(segment.entries for segment in segments)])
        self._states = np.concatenate([self._states, *(segment.states for segment in segments)])
        self._digests = np.concatenate([self._digests, *(hash_words(segment.sha256) for segment in segments)])
        self._standing = np.concatenate([self._standing, np.ones(len(self._entries) - before, np.bool_)])
        for segment in segments:
            self._index.append(hash_words(segment.hashes), (segment.owners + before).astype(np.int32))
            before += len(segment.entries)

    def _drop(self, connection: sa.Connection, begun_at: int) -> None:
        """Compare no more with what does not stand, because the same was kept in a higher mode."""
        new, old = database.item, database.item.alias("older")
        fallen = sa.select(new.c.idx).where(new.c.idx >= begun_at, new.c.kind == Kind.FILE.value, ~stands())
        fell = list(connection.execute(fallen).scalars())
        if begun_at:
            replaced = sa.select(old.c.idx).where(new.c.idx >= begun_at, same_thing(new, old), ~stands(old))
            fell += connection.execute(replaced).scalars()
        entries = np.array(fell, np.int64)
        files = np.flatnonzero(np.isin(self._entries, entries) & self._standing)
        self._standing[files] = False
        if len(files):
            self._index.delete(files.astype(np.int32))


def _forbid_core_files() -> None:
    """From now on this process leaves no image of its memory on the disk if it crashes: fingerprints lie in it."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, hard))


def _indexed_file(entry: int, prints: Prints) -> IndexedFile:
    hashes = tuple(each[0] for each in prints.pdq_for_matching(min_quality=MIN_QUALITY))
    if hashes:
        state = Comparable.YES
    else:
        state = Comparable.TOO_PLAIN if prints.pdq_for_matching(min_quality=0) else Comparable.NO_PICTURE
    return IndexedFile(entry, state, bytes.fromhex(prints.sha256), hashes)
