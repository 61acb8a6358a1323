"""The pictures that are kept, in memory, while the matching key is open: what a picture is compared with.

Begun from the sealed segments, and from the sealed prints of whatever came after them. It follows the log: ``refresh``
takes in what is new. Of what was kept in several modes only what stands is compared (``evidence.store.upgrade``).
Nothing is compared that is frozen (``evidence.store.freeze``), or is the same file as one that is, byte for byte.

Not for several threads at once. Nothing here writes.
"""

import resource
from collections.abc import Callable, Iterator, Sequence

import sqlalchemy as sa

from config.errors import StoppedError
from evidence.match.check import CheckResult, Match, NotCompared, PictureQuery, Tier
from evidence.match.pictures import Alike, Pictures, indexed_file
from evidence.match.segments import MAX_FILES, IndexedFile, SealedSegment, Segment, read_segments, seal_segment
from evidence.match.stored import sealed_prints
from evidence.observation import Kind
from evidence.seal.recipients import KeyIdentity
from evidence.store import database
from evidence.store.database import reading
from evidence.store.erase import newest_erasure
from evidence.store.freeze import frozen_files, lifted_files, withdrawn_files
from evidence.store.upgrade import same_thing, stands

_AT_ONCE = 256
SAVE_FILES = 500
"""So many files that no segment has yet are worth one: to open the prints of each takes a millisecond."""


class Library:
    """What is compared, of one store.

    Args:
        matching: Opens the prints.

    Attributes:
        end: How many entries of the log were taken in.
        copies: Entries of files that are the same as a frozen one and are not frozen themselves; whoever writes
            freezes them (``casefiles.freeze``).
    """

    def __init__(self, engine: sa.Engine, matching: KeyIdentity) -> None:
        _forbid_core_files()
        self._engine = engine
        self._matching = matching
        self._erased = (0, -1)
        self._forget()

    def _forget(self) -> None:
        self.end = 0
        self.copies: tuple[int, ...] = ()
        self._frozen = frozenset[int]()
        self._left_out = 0
        self._pictures = Pictures()
        self._unsaved: list[IndexedFile] = []
        self._last: Segment | None = None

    def refresh(self, stopped: Callable[[], bool] = lambda: False) -> None:
        """Take in what was logged since.

        Args:
            stopped: Asked before each of the prints is opened.

        Raises:
            NoMatchingKeyError: The matching key is another home's.
            StoppedError: ``stopped`` said so.
        """
        with reading(self._engine) as connection:
            frozen, erased = frozen_files(connection), newest_erasure(connection)
            hidden = frozen | withdrawn_files(connection)
            # what was dropped from the index comes back only with a new one; and what was erased stays in none
            if erased != self._erased or not self._frozen <= hidden:
                self._forget()
                self._erased = erased
            begun_at = self.end
            if not begun_at:
                saved = list(read_segments(connection, self._matching))
                self._pictures.take(saved)
                if saved:
                    self._last, self.end = saved[-1], saved[-1].last + 1
            new = list[IndexedFile]()
            for entry, prints in sealed_prints(connection, self._matching, after=self.end - 1, is_ours=self.end > 0):
                if stopped():
                    raise StoppedError("stopped.by_hand")
                new.append(indexed_file(entry, prints))
            newest = connection.execute(sa.select(sa.func.max(database.event.c.idx))).scalar_one()
            end = max(self.end, 0 if newest is None else int(newest) + 1)
            self._pictures.take([Segment(self.end, end - 1, new)])
            self._unsaved += new
            self.end = end
            self._drop(connection, begun_at)
            self._drop_frozen(connection, frozen, hidden)

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
            last = part[-1].entry if files else self.end - 1
            self._last = Segment(first, last, part)
            sealed.append(seal_segment(self._last, self._matching))
            first = last + 1
        self._unsaved = []
        return tuple(sealed)

    def tiers(self, asked: PictureQuery) -> dict[int, Tier]:
        """What is like a picture, by entry."""
        return self._pictures.tiers(asked)

    def compare(self, asked: PictureQuery) -> CheckResult:
        """What is like a picture, by item, and how many were compared."""
        alike = self._pictures.compare(asked)
        frozen = {NotCompared.FROZEN: self._left_out} if self._left_out else {}
        return CheckResult(alike.compared, {**alike.not_compared, **frozen}, tuple(self._matches(alike)))

    def _matches(self, alike: Alike) -> Iterator[Match]:
        with reading(self._engine) as connection:
            for entry, tier in alike.tiers.items():
                item = sa.select(database.item.c.item_id).where(database.item.c.idx == entry)
                if found := connection.execute(item).scalar():  # none where it was erased just now
                    yield Match(found, tier)

    def _drop(self, connection: sa.Connection, begun_at: int) -> None:
        """Compare no more with what does not stand, because the same was kept in a higher mode."""
        new, old = database.item, database.item.alias("older")
        fallen = sa.select(new.c.idx).where(new.c.idx >= begun_at, new.c.kind == Kind.FILE.value, ~stands())
        fell = list(connection.execute(fallen).scalars())
        if begun_at:
            replaced = sa.select(old.c.idx).where(new.c.idx >= begun_at, same_thing(new, old), ~stands(old))
            fell += connection.execute(replaced).scalars()
        self._pictures.drop(fell)

    def _drop_frozen(self, connection: sa.Connection, frozen: frozenset[int], hidden: frozenset[int]) -> None:
        """Compare no more with what is hidden, nor with a copy of a frozen file that two persons have not looked at."""
        copies = self._pictures.same_files(frozen) - frozen
        self.copies = tuple(sorted(copies - lifted_files(connection)))
        self._pictures.drop([*hidden, *self.copies])
        self._frozen = hidden
        self._left_out = _standing(connection, sorted({*hidden, *self.copies}))


def _standing(connection: sa.Connection, entries: Sequence[int]) -> int:
    """How many of these entries' items stand."""
    counted = sa.select(sa.func.count()).select_from(database.item).where(stands())
    parts = (entries[first : first + _AT_ONCE] for first in range(0, len(entries), _AT_ONCE))
    return sum(connection.execute(counted.where(database.item.c.idx.in_(part))).scalar_one() for part in parts)


def _forbid_core_files() -> None:
    """From now on this process leaves no image of its memory on the disk if it crashes: fingerprints lie in it."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, hard))
