"""What erasure destroys of an item and what it leaves, table by table (invariant 9).

``CLASSES`` has every table of the database; a test fails for one without a place in it. ``destroy_entries`` goes
through it, and is called by the projection of an ``erased`` entry, so the entry and the destruction are one
transaction: nobody can log the one without doing the other. What remains of an erased entry in the database is its
leaf, and its tombstone: keyed marks by which it is known again, so that no later look or import revives it.

What lies outside of the database (objects, the journal's old pages) is destroyed afterwards, by ``evidence.erasure``; a
row of ``task`` says until then that it is still to be done.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from types import MappingProxyType
from typing import Any, TypeVar

import sqlalchemy as sa

from evidence.errors import UnknownItemError
from evidence.observation import Kind
from evidence.store import database
from evidence.store.marks import PART_BYTES
from evidence.store.task import CASE_ENTRIES, forget_work, is_noted, note_work
from evidence.store.upgrade import same_thing

DESTROYED = ("media", "media_header", "prints", "record", "rows", "secrets")
"""What an ``erased`` entry says was destroyed."""
ERASABLE = frozenset({"hole", "observed"})
"""The types of entries that can be erased."""
_PENDING = "erasure"
_AT_ONCE = 500

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Tombstone:
    """What stays of an erased entry: where it was, and keyed marks.

    Attributes:
        item_id: None for a hole.
        seen: What it is known again by, 32 bytes.
        said: Of a file, also what it is known by where its bytes may not be read.
        place: Of a message that may show a child: nothing of this message is fetched again.
    """

    index: int
    item_id: str | None
    seen: bytes
    said: bytes | None = None
    place: bytes | None = None

    def value(self) -> dict[str, str | None]:
        """As an entry has it in ``marks``."""
        marks = {"seen": self.seen, "said": self.said, "place": self.place}
        told = {name: None if mark is None else mark.hex() for name, mark in marks.items()}
        return {"entry": str(self.index), "item": self.item_id, **told}

    @classmethod
    def read(cls, value: Mapping[str, Any]) -> "Tombstone":
        """The one that was written so."""
        seen, said, place = (None if value[name] is None else bytes.fromhex(value[name]) for name in _MARKS)
        return cls(int(value["entry"]), value["item"], seen or b"", said, place)


_MARKS = ("seen", "said", "place")


@dataclass(frozen=True, slots=True)
class Erasing:
    """What is destroyed at once.

    Attributes:
        erased_idx: The entry that says so; None where this log lost it (``evidence.erasure``).
        at: When, by our clock.
    """

    tombstones: Sequence[Tombstone]
    erased_idx: int | None
    at: datetime

    def indexes(self) -> Iterator[list[int]]:
        """The erased entries, some at a time."""
        yield from _parts(each.index for each in self.tombstones)

    def items(self) -> Iterator[list[str]]:
        """The items among them, some at a time."""
        named = (each.item_id for each in self.tombstones if each.item_id is not None)
        yield from _parts(named)


def _parts(values: Iterable[T]) -> Iterator[list[T]]:
    rest = iter(values)
    while part := list(islice(rest, _AT_ONCE)):
        yield part


_Destroy = Callable[[sa.Connection, Erasing], None]


def _at_index(table: sa.Table) -> _Destroy:
    def delete(connection: sa.Connection, erasing: Erasing) -> None:
        for part in erasing.indexes():
            connection.execute(sa.delete(table).where(table.c.idx.in_(part)))

    return delete


def _freezes(connection: sa.Connection, erasing: Erasing) -> None:
    """A freeze of what is erased waits for nothing, and no longer says where it was."""
    table = database.frozen
    for part in erasing.items():
        here = table.c.item_id.in_(part)
        connection.execute(sa.update(table).where(here).values(channel_id="", message_id=None))
        waiting = sa.update(table).where(here, table.c.lifted_idx.is_(None))
        connection.execute(waiting.values(lifted_idx=erasing.erased_idx))


def _segments(connection: sa.Connection, erasing: Erasing) -> None:
    """Whoever holds the matching key puts them back without the erased files (``evidence.match.segments``)."""
    table = database.print_segment.c
    for part in erasing.indexes():
        touched = sa.or_(*(sa.and_(table.first <= index, table.last >= index) for index in part))
        connection.execute(sa.delete(database.print_segment).where(touched))


def _tombstones(connection: sa.Connection, erasing: Erasing) -> None:
    _at_index(database.tombstone)(connection, erasing)  # an erasure that this log had lost is logged now
    rows = [
        {"idx": each.index, "erased_idx": erasing.erased_idx, "item_id": each.item_id}
        | {"seen": each.seen, "said": each.said, "place": each.place}
        for each in erasing.tombstones
    ]
    connection.execute(sa.insert(database.tombstone), rows)


def _work(connection: sa.Connection, erasing: Erasing) -> None:
    """Nothing of an erased message is waited for; and what is still to do outside of the database is noted."""
    item, task = database.item.c, database.task
    for part in erasing.indexes():
        places = sa.select(item.channel_id, item.message_id).where(item.idx.in_(part), item.message_id.is_not(None))
        for row in connection.execute(places.distinct()).all():
            begun = f"{row.channel_id}/{row.message_id}/"
            connection.execute(sa.delete(task).where(task.c.subject >= begun, task.c.subject < begun[:-1] + "0"))
    forget_work(connection, kind=CASE_ENTRIES, subject=CASE_ENTRIES)
    note_work(connection, kind=_PENDING, subject=_PENDING, due_at=erasing.at)


_OF_THE_LOG = "proves the log, and shows neither who nor what"
_RANDOM_NAME = "names an item by its random identifier, so that what a case had can be counted; says nothing of it"

CLASSES: Mapping[str, _Destroy | str] = MappingProxyType(
    {
        # first what has to look at the rows of items
        "task": _work,
        "frozen": _freezes,
        "item": _at_index(database.item),
        "hole": _at_index(database.hole),
        "sealed": _at_index(database.sealed),
        "print_segment": _segments,
        "tombstone": _tombstones,
        "event": "the leaf stays: its commitments cannot be opened once their secrets are destroyed",
        "checkpoint": _OF_THE_LOG,
        "tile": _OF_THE_LOG,
        "token": _OF_THE_LOG,
        "pin": "what the home must use",
        "extent": "which numbers and days an export spans; says nothing of a message",
        "channel": "the register of reported channels; says nothing of a message",
        "case_file": "a case, and when it was opened",
        "case_item": _RANDOM_NAME,
        "alert": _RANDOM_NAME,
        "hold": _RANDOM_NAME,
        "hash_part": "a list of hashes that somebody brought; made of no item",
        "authority": "who waits for whom; what was asked for is in the record of the request",
        "follower": "how far work has come",
        "api_key": "whose programs may call the API",
    }
)
"""What erasure does to each table, in this order, or why nothing of an item is in it."""


def destroy_entries(connection: sa.Connection, erasing: Erasing) -> None:
    """Destroy what the database holds of the erased entries, and leave their tombstones."""
    for destroys in CLASSES.values():
        if not isinstance(destroys, str):
            destroys(connection, erasing)


def still_to_do(connection: sa.Connection) -> bool:
    """Whether a row says that an erasure is unfinished outside of the database."""
    return is_noted(connection, kind=_PENDING, subject=_PENDING)


def all_done(connection: sa.Connection) -> None:
    """Forget the row that says that an erasure is unfinished."""
    forget_work(connection, kind=_PENDING, subject=_PENDING)


# What is erased together


def same_things(connection: sa.Connection, items: Sequence[str]) -> list[str]:
    """These items and, as the rows have them, the same things kept in other modes, in the order of the log.

    For people they are one thing: one that stayed would have the words of the other.
    """
    this, other = database.item.alias("this"), database.item.alias("other")
    found = dict[str, int]()
    for part in _parts(items):
        itself = sa.select(this.c.item_id, this.c.idx).where(this.c.item_id.in_(part))
        same = sa.select(other.c.item_id, other.c.idx).join_from(this, other, same_thing(this, other))
        for rows in (itself, same.where(this.c.item_id.in_(part))):
            found |= {row.item_id: row.idx for row in connection.execute(rows)}
    return sorted(found, key=lambda item_id: found[item_id])


def erased_with(connection: sa.Connection, items: Sequence[str]) -> list[Tombstone]:
    """What the rows say is to be erased with these items, themselves among it, in the order of the log.

    A hole beside a message has the digest of what the message says, and a hole in the place of a file its name. Of what
    was captured from a channel that nobody registered, every hole of that capture at the message goes.
    """
    item, hole, found = database.item.c, database.hole.c, dict[int, Tombstone]()
    for part in _parts(items):
        for row in connection.execute(sa.select(database.item).where(item.item_id.in_(part))).all():
            said = row.said if row.kind == Kind.FILE.value else None
            found[row.idx] = Tombstone(row.idx, row.item_id, bytes(row.seen), said)
            if row.part is None and row.capture is None:
                continue
            here = sa.and_(hole.channel_id == row.channel_id, hole.lo == row.message_id)
            if row.message_id is None:
                here = sa.and_(hole.channel_id == row.channel_id, hole.lo.is_(None))
            here = sa.and_(here, hole.capture.is_not_distinct_from(row.capture))  # each capture is by itself
            for other in connection.execute(sa.select(hole.idx, hole.seen, hole.part).where(here)):
                if row.capture is not None or _is_beside(other.part, row):
                    found[other.idx] = Tombstone(other.idx, None, bytes(other.seen))
    return [found[index] for index in sorted(found)]


def _is_beside(hole: bytes | None, row: sa.Row[Any]) -> bool:
    return hole is not None and _goes_with(bytes(hole), bytes(row.part), row.kind)


def _goes_with(hole: bytes, part: bytes, kind: str) -> bool:
    """Whether a hole is of this part: of a file its place, of a message whatever is of its state."""
    if kind == Kind.FILE.value:
        return hole in (part, part[:PART_BYTES])
    return bool(hole[PART_BYTES:]) and hole[PART_BYTES:] == part[PART_BYTES:]


# What was erased


def erased_among(connection: sa.Connection, items: Iterable[str]) -> frozenset[str]:
    """Those of these items of which a row says that they were erased, and a logged entry that says so."""
    return _erased(connection, items, database.tombstone.c.erased_idx.is_not(None))


def lost_among(connection: sa.Connection, items: Iterable[str]) -> dict[str, Tombstone]:
    """Those of these items that a row says were erased by an entry that this log no longer has."""
    table, found = database.tombstone, dict[str, Tombstone]()
    for part in _parts(items):
        wanted = sa.select(table).where(table.c.item_id.in_(part), table.c.erased_idx.is_(None))
        found |= {row.item_id: _tombstone(row) for row in connection.execute(wanted)}
    return found


def _erased(connection: sa.Connection, items: Iterable[str], *where: sa.ColumnElement[bool]) -> frozenset[str]:
    table, found = database.tombstone.c, set[str]()
    for part in _parts(items):
        wanted = sa.select(table.item_id).where(table.item_id.in_(part), *where)
        found.update(connection.execute(wanted).scalars())
    return frozenset(found)


def is_erased(connection: sa.Connection, item_id: str) -> bool:
    """Whether a row says that this item was erased."""
    return bool(_erased(connection, [item_id]))


def require_not_erased(connection: sa.Connection, items: Iterable[str]) -> None:
    """Check, in the turn, that no row says that one of these items was erased meanwhile.

    Raises:
        UnknownItemError: One was.
    """
    if gone := _erased(connection, items):
        raise UnknownItemError("unknown_item.erased", found=min(gone))


def is_erased_place(connection: sa.Connection, place: bytes) -> bool:
    """Whether a row says that what was erased of a message, whose mark this is, may show a child."""
    table = database.tombstone.c
    return connection.execute(sa.select(table.idx).where(table.place == place).limit(1)).first() is not None


def erasures_of_case(connection: sa.Connection, case_id: str) -> list[int]:
    """The log indexes, from the rows, of the entries by which items of a case were erased."""
    held, table = database.case_item.c, database.tombstone.c
    rows = sa.select(table.erased_idx).join_from(database.case_item, database.tombstone, held.item_id == table.item_id)
    rows = rows.where(held.case_id == case_id, held.removed_idx.is_(None), table.erased_idx.is_not(None))
    return sorted(connection.execute(rows.distinct()).scalars())


def lost_of_case(connection: sa.Connection, case_id: str) -> list[str]:
    """The items of a case that a row says were erased by an entry that this log no longer has."""
    held, table = database.case_item.c, database.tombstone.c
    rows = sa.select(table.item_id).join_from(database.case_item, database.tombstone, held.item_id == table.item_id)
    rows = rows.where(held.case_id == case_id, held.removed_idx.is_(None), table.erased_idx.is_(None))
    return list(connection.execute(rows.order_by(table.idx)).scalars())


def erased_marks(connection: sa.Connection, marks: Iterable[bytes]) -> list[Tombstone]:
    """The tombstones, from the rows, that have one of these marks as ``seen`` or as ``said``."""
    table, found = database.tombstone, dict[int, Tombstone]()
    for part in _parts(marks):
        wanted = sa.select(table).where(sa.or_(table.c.seen.in_(part), table.c.said.in_(part)))
        found |= {row.idx: _tombstone(row) for row in connection.execute(wanted)}
    return list(found.values())


def erased_places(connection: sa.Connection, places: Iterable[bytes]) -> dict[bytes, Tombstone]:
    """The first tombstone, from the rows, at each of these places of messages that may show a child."""
    table, found = database.tombstone, dict[bytes, Tombstone]()
    for part in _parts(places):
        wanted = sa.select(table).where(table.c.place.in_(part)).order_by(table.c.idx)
        for row in connection.execute(wanted):
            found.setdefault(bytes(row.place), _tombstone(row))
    return found


def tombstones(connection: sa.Connection) -> list[Tombstone]:
    """Every tombstone, as the rows have them."""
    return [_tombstone(row) for row in connection.execute(sa.select(database.tombstone).order_by("idx"))]


def newest_erasure(connection: sa.Connection) -> tuple[int, int]:
    """How many tombstones there are, and the newest entry that made one: what is held in memory ends with a change."""
    table = database.tombstone.c
    row = connection.execute(sa.select(sa.func.count(), sa.func.max(table.erased_idx)).select_from(database.tombstone))
    count, newest = row.one()
    return int(count), -1 if newest is None else int(newest)


def _tombstone(row: sa.Row[Any]) -> Tombstone:
    said, place = (None if mark is None else bytes(mark) for mark in (row.said, row.place))
    return Tombstone(row.idx, row.item_id, bytes(row.seen), said, place)
