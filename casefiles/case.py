"""Cases: a case is opened, items are added to it, and records are read only through a case."""

import functools
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from config.errors import Term
from evidence.authority import Doer
from evidence.completeness import FirstSight, Gap, closings, open_gaps
from evidence.custody.event import Draft, Prepared, Record, read_record
from evidence.custody.sequencer import Sequencer
from evidence.errors import EvidenceError, LeafError, NoMatchingKeyError, ObjectMissingError, UnknownItemError
from evidence.log.leaf import Leaf, parse_leaf
from evidence.observation import OF_A_CHANNEL, HoleReason, Kind
from evidence.seal.age import Identity
from evidence.seal.envelopes import open_whole
from evidence.store import database
from evidence.store.captured import confirmed, require_confirmed
from evidence.store.database import reading
from evidence.store.erase import require_not_erased
from evidence.store.freeze import frozen_among, no_hole_of_frozen, not_frozen, require_not_withdrawn, require_shown
from evidence.store.payload import lost_parts
from evidence.store.stored import stored_bytes

_AT_ONCE = 256
"""Records that are fetched by one question to the database."""
_HELD = database.case_item.c.removed_idx.is_(None)
"""Of a row of ``case_item``: the item is in the case now."""
_SAW_THE_MESSAGE = (Kind.MESSAGE.value, Kind.EDIT.value, Kind.SERVICE.value)


@dataclass(frozen=True, slots=True)
class OpenedEvent:
    """An event whose record was opened.

    Attributes:
        data: The leaf's bytes.
        record: None for an event without a record (an anchor).
    """

    index: int
    data: bytes
    leaf: Leaf
    record: Record | None


@dataclass(frozen=True, slots=True)
class CaseRow:
    """A case as its rows in clear show it.

    Attributes:
        index: Where in the log it was opened.
        items: How many items it has; none that is frozen.
        is_list: Whether it is a list of hashes (``casefiles.hash_list``), also one that was removed.
    """

    case_id: str
    opened_at: str
    items: int
    index: int
    is_list: bool


@dataclass(frozen=True, slots=True)
class HeldItem:
    """An item of a case, and where in the log it is."""

    item_id: str
    index: int


def open_case(sequencer: Sequencer, doer: Doer) -> str:
    """Open a case and return its identifier, ``case-`` and 12 hex digits."""
    opening = case_drafted(doer)
    sequencer.append([opening])
    return str(opening.values["case"])


def case_drafted(doer: Doer) -> Draft:
    """The entry by which a case is opened, with a new identifier."""
    return Draft("case_opened", doer.values() | {"case": f"case-{secrets.token_hex(6)}"})


def add_items(engine: sa.Engine, sequencer: Sequencer, case_id: str, items: Sequence[str], doer: Doer) -> int:
    """Add items to a case and return how many were new to it.

    Raises:
        UnknownItemError: There is no such case, or it is a list of hashes.
        UnknownItemError: One of the items does not exist, is frozen, or was captured and nobody confirmed it; none was
            added.
    """
    require_client(engine, case_id)
    require_items(engine, items)
    require_not_frozen(engine, items)
    wanted = list(dict.fromkeys(items))
    drafts = [Draft("case_item_added", doer.values() | {"case": case_id, "item": item}) for item in wanted]
    prepared = dict(zip(wanted, sequencer.prepare(drafts), strict=True))

    def fresh(connection: sa.Connection) -> list[Prepared]:
        require_not_erased(connection, wanted)  # also while the entries were sealed
        require_not_withdrawn(connection, case_id, wanted)
        if frozen_among(connection, wanted):
            raise UnknownItemError("unknown_item.frozen")
        require_confirmed(connection, wanted)
        held = held_items(connection, case_id)
        return [event for item, event in prepared.items() if item not in held]

    return len(sequencer.turn(fresh))


def remove_items(engine: sa.Engine, sequencer: Sequencer, case_id: str, items: Sequence[str], doer: Doer) -> int:
    """Remove items from a case, and destroy nothing: they stay preserved, and can be added again. Returns how many.

    Raises:
        UnknownItemError: There is no such case.
        UnknownItemError: One of the items is not in it, or is frozen; none was removed.
    """
    require_case(engine, case_id)
    with reading(engine) as connection:
        require_not_erased(connection, items)
    require_not_frozen(engine, items)
    wanted = list(dict.fromkeys(items))
    drafts = [Draft("case_item_removed", doer.values() | {"case": case_id, "item": item}) for item in wanted]
    prepared = sequencer.prepare(drafts)

    def held(connection: sa.Connection) -> list[Prepared]:
        require_not_erased(connection, wanted)
        for item in wanted:  # hidden while the entry was sealed: taken out of a case that was closed, it would be shown
            require_shown(connection, item)
        if missing := set(wanted) - held_items(connection, case_id):
            raise UnknownItemError("unknown_item.not_in_the_case", where=case_id, found=min(missing)[:64])
        return prepared

    return len(sequencer.turn(held))


def held_items(connection: sa.Connection, case_id: str) -> frozenset[str]:
    """The items that a case has now."""
    table = database.case_item
    held = sa.select(table.c.item_id).where(table.c.case_id == case_id, _HELD)
    return frozenset(connection.execute(held).scalars())


def removed_items(engine: sa.Engine, case_id: str) -> Sequence[str]:
    """The items that were removed from a case and not added again, in the order in which they were removed."""
    table, item = database.case_item, database.item
    gone = sa.select(table.c.item_id).join(item, item.c.item_id == table.c.item_id)
    gone = gone.where(table.c.case_id == case_id, table.c.removed_idx.is_not(None), not_frozen())
    with reading(engine) as connection:
        held = held_items(connection, case_id)
        every = connection.execute(gone.order_by(table.c.removed_idx)).scalars()
        return [item for item in dict.fromkeys(every) if item not in held]


def require_items(engine: sa.Engine, items: Sequence[str]) -> None:
    """Check that every item exists that a case should have.

    Raises:
        UnknownItemError: The first that does not, or that was erased.
    """
    table = database.item
    with reading(engine) as connection:
        require_not_erased(connection, items)
        for item in items:
            if connection.execute(sa.select(table.c.idx).where(table.c.item_id == item)).first() is None:
                raise UnknownItemError("unknown_item.no_such_item", found=item[:64])


def require_not_frozen(engine: sa.Engine, items: Sequence[str]) -> None:
    """Check that no item of these, which a case should show, is frozen.

    Raises:
        UnknownItemError: One is; which, and what it is, is not said.
    """
    with reading(engine) as connection:
        for item in items:
            require_shown(connection, item)


def require_case(engine: sa.Engine, case_id: str) -> CaseRow:
    """Check that there is a case of this identifier.

    Raises:
        UnknownItemError: There is no such case.
    """
    with reading(engine) as connection:
        row = connection.execute(_case(), {"id": case_id}).one_or_none()
    if row is None:
        raise UnknownItemError("unknown_item.no_such_case", found=case_id[:64])
    return CaseRow(*row)


def require_client(engine: sa.Engine, case_id: str) -> None:
    """Check that a case has a client, and is no list of hashes.

    Raises:
        UnknownItemError: There is no such case, or it is a list.
    """
    if require_case(engine, case_id).is_list:
        raise UnknownItemError("unknown_item.case_is_a_list", where=case_id)


def case_items(
    engine: sa.Engine, case_id: str, *, after: str | None = None, limit: int | None = None
) -> Sequence[HeldItem]:
    """The items of a case in the order of the log, ``limit`` at most, from the one that follows item ``after``.

    Raises:
        UnknownItemError: There is no such case, or no such item.
    """
    require_case(engine, case_id)
    table, item = database.case_item, database.item
    held = sa.select(item.c.item_id, item.c.idx).join(table, table.c.item_id == item.c.item_id)
    held = held.where(table.c.case_id == case_id, _HELD, not_frozen())
    if after is not None:
        require_items(engine, [after])
        held = held.where(item.c.idx > sa.select(item.c.idx).where(item.c.item_id == after).scalar_subquery())
    with reading(engine) as connection:
        return [HeldItem(*row) for row in connection.execute(held.order_by(item.c.idx).limit(limit))]


def require_whole(engine: sa.Engine, case_id: str, require: Callable[[str], object]) -> None:
    """Check that every sealed part of the case's items is there, or that the case holds the same again, whole.

    Args:
        require: Raises ObjectMissingError where no object lies at an address.

    Raises:
        ObjectMissingError: Names the first item that lost one.
    """
    item, held = database.item, database.case_item
    of_case = sa.select(item).join(held, held.c.item_id == item.c.item_id)
    of_case = of_case.where(held.c.case_id == case_id, _HELD, not_frozen())
    with reading(engine) as connection:
        rows = connection.execute(of_case.order_by(item.c.idx)).all()
        lost = lost_parts(connection, rows, require)
    again = {row.seen for row in rows if row.idx not in lost}
    for row in rows:
        if row.idx in lost and row.seen not in again:
            message = "-" if row.message_id is None else row.message_id
            raise ObjectMissingError(
                "object_missing.part_of_item",
                item=row.item_id,
                channel=row.channel_id,
                message=message,
                part=lost[row.idx],
            )


def list_cases(engine: sa.Engine, *, after: str | None = None, limit: int | None = None) -> Sequence[CaseRow]:
    """Cases in the order in which they were opened, ``limit`` at most, from the one that follows case ``after``.

    Raises:
        UnknownItemError: There is no such case.
    """
    wanted = _cases()
    if after is not None:
        wanted = wanted.where(database.case_file.c.idx > require_case(engine, after).index)
    with reading(engine) as connection:
        return [CaseRow(*row) for row in connection.execute(wanted.limit(limit))]


@functools.cache
def _cases() -> sa.Select[Any]:
    case, held, item = database.case_file, database.case_item, database.item
    of_list = sa.exists().where(database.hash_part.c.case_id == case.c.case_id)
    rows = sa.select(case.c.case_id, case.c.opened_at, sa.func.count(item.c.item_id), case.c.idx, of_list)
    return (
        rows.join(held, sa.and_(held.c.case_id == case.c.case_id, _HELD), isouter=True)
        .join(item, sa.and_(item.c.item_id == held.c.item_id, not_frozen()), isouter=True)
        .group_by(case.c.case_id)
        .order_by(case.c.idx)
    )


@functools.cache
def _case() -> sa.Select[Any]:
    return _cases().where(database.case_file.c.case_id == sa.bindparam("id"))


def open_events(engine: sa.Engine, indexes: Sequence[int], casework: Identity) -> Iterator[OpenedEvent]:
    """Read the events at these indexes for a case, and open their records.

    Raises:
        NoMatchingKeyError: The casework key is another home's, or a record's header was changed.
        LeafError: A record is missing, damaged or not of its leaf.
    """
    event, sealed = database.event, database.sealed
    wanted = sa.select(event.c.idx, event.c.leaf, sealed.c.body).join(
        sealed, sa.and_(sealed.c.idx == event.c.idx, sealed.c.name == "record"), isouter=True
    )
    with reading(engine) as connection:
        for first in range(0, len(indexes), _AT_ONCE):
            part = indexes[first : first + _AT_ONCE]
            rows = {row.idx: row for row in connection.execute(wanted.where(event.c.idx.in_(part)))}
            for index in part:
                yield _open_event(index, rows.get(index), casework)


def _open_event(index: int, row: sa.Row[Any, Any, Any] | None, casework: Identity) -> OpenedEvent:
    where = Term("place.row", name="record", index=index)
    if row is None:
        raise LeafError("leaf.record_missing", where=where)
    leaf = parse_leaf(bytes(row.leaf))
    return OpenedEvent(index, bytes(row.leaf), leaf, _open_record(leaf, row.body, casework, where=where))


def _open_record(leaf: Leaf, body: object, casework: Identity, *, where: Term) -> Record | None:
    if "record" not in leaf.sealed:
        return None
    if body is None:
        raise LeafError("leaf.record_missing", where=where)
    try:
        sealed = stored_bytes(body, where=where)
        return read_record(open_whole(sealed, identities=(casework,)), leaf)
    except NoMatchingKeyError as error:
        raise NoMatchingKeyError("no_matching_key.record_of_another_key", cause=error, where=where) from error
    except EvidenceError as error:
        raise LeafError("leaf.record_unreadable", cause=error, where=where) from error


def authority_indexes(engine: sa.Engine, events: Sequence[OpenedEvent]) -> Sequence[int]:
    """Log indexes of the requests and approvals that these events of a case name as their authority."""
    table = database.authority
    named = {event.record.values["authority"] for event in events if event.record} - {None}
    with reading(engine) as connection:
        rows = connection.execute(sa.select(table.c.idx, table.c.approved_idx).where(table.c.request.in_(named))).all()
    return sorted(index for row in rows for index in row if index is not None)


def case_event_indexes(engine: sa.Engine, case_id: str) -> Sequence[int]:
    """Log indexes of every event about a case's items: the items, their holes, the case's own acts.

    Holes count where they are at the messages of the items, belong to a whole channel of theirs, or are of
    messages that nobody saw: a gap beside an item says that something may be missing there. A gap in one source is left
    out if another had brought its messages before. Of an item that was removed, its adding and removing count, and the
    item does not; of one that is frozen, its adding counts, and neither it nor what is missing of it does.
    """
    items, held, holes = database.item, database.case_item, database.hole
    opened = sa.select(database.case_file.c.idx).where(database.case_file.c.case_id == case_id)
    added = sa.select(held.c.idx).where(held.c.case_id == case_id)
    removed = sa.select(held.c.removed_idx).where(held.c.case_id == case_id, held.c.removed_idx.is_not(None))
    of_case = sa.select(items.c.idx, items.c.channel_id, items.c.message_id)
    of_case = of_case.join(held, held.c.item_id == items.c.item_id)
    of_case = of_case.where(held.c.case_id == case_id, _HELD, not_frozen())
    places = of_case.subquery()
    at_a_message = sa.and_(holes.c.lo <= places.c.message_id, holes.c.hi >= places.c.message_id)
    of_the_channel = sa.or_(holes.c.lo.is_(None), holes.c.reason.in_(sorted(OF_A_CHANNEL)))
    unseen = sa.select(holes.c.idx).join(
        places, sa.and_(holes.c.channel_id == places.c.channel_id, sa.or_(at_a_message, of_the_channel))
    )
    unseen = unseen.where(no_hole_of_frozen(), confirmed(holes))
    every = sa.union(opened, added, removed, sa.select(places.c.idx), unseen)
    with reading(engine) as connection:
        channels = connection.execute(sa.select(places.c.channel_id).distinct()).scalars().all()
        never = {idx for channel in channels for idx in _never_open(connection, channel)}
        return sorted(set(connection.execute(every).scalars()) - never)


def _never_open(connection: sa.Connection, channel_id: str) -> set[int]:
    """Log indexes of the gaps of a channel that no bundle tells: they were closed before they were recorded.

    Or only what is frozen closed them.
    """
    gaps, known = _gaps_of(connection, channel_id)
    still = open_gaps(gaps, [each.number for each in known])
    return {gap.idx for gap in gaps} - {gap.idx for gap in still} - closings(gaps, known).keys()


def closings_of(connection: sa.Connection, channel_id: str) -> Mapping[int, int]:
    """Which gaps of a channel were closed after they were recorded, and by which item: log index -> log index."""
    return closings(*_gaps_of(connection, channel_id))


def _gaps_of(connection: sa.Connection, channel_id: str) -> tuple[Sequence[Gap], Sequence[FirstSight]]:
    """The gaps of a channel, and its messages with the first item that shows each.

    Only an item that shows the message closes a gap; a deletion says that it is gone, and not what it was. One that is
    frozen, or of a capture that nobody confirmed, closes a gap, and is never named as what did.
    """
    item, hole = database.item.c, database.hole.c
    of_gaps = sa.select(hole.idx, hole.lo, hole.hi).where(
        hole.channel_id == channel_id, hole.reason == HoleReason.GAP.value, hole.lo.is_not(None)
    )
    gaps = [Gap(*row) for row in connection.execute(of_gaps.order_by(hole.idx))]
    if not gaps:
        return (), ()
    lo, hi = min(gap.lo for gap in gaps), max(gap.hi for gap in gaps)
    shown = sa.func.min(sa.case((sa.and_(not_frozen(), confirmed()), item.idx)))
    numbers = sa.select(item.message_id, shown).where(
        item.channel_id == channel_id, item.message_id.between(lo, hi), item.kind.in_(_SAW_THE_MESSAGE)
    )
    rows = connection.execute(numbers.group_by(item.message_id).order_by(item.message_id))
    return gaps, [FirstSight(*row) for row in rows]
