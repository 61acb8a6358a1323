"""Holds: what must be kept although somebody wants it gone, and what a person keeps for longer than usual.

A hold is of items, or of all that a case has while it lasts; what is taken out of the case meanwhile stays held, since
one person can do that. A legal hold and one for the police stand in the way of every erasure until two persons end
them; no day ends them, and on the day that they name somebody looks at them again. A renewal keeps unclaimed items from
the retention rule, and ends by itself with its day.

Rows in clear say what is held and until when; who holds it, and why, is sealed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby

import sqlalchemy as sa

from evidence.errors import AuthorityError
from evidence.store import database
from evidence.store.freeze import freezes_of

_AT_ONCE = 500


class HoldKind(StrEnum):
    """Why something is held."""

    LEGAL = "legal"
    POLICE = "police"
    RENEWAL = "renewal"


BINDING = (HoldKind.LEGAL.value, HoldKind.POLICE.value)
"""The kinds that stand in the way of an erasure."""


@dataclass(frozen=True, slots=True)
class StandingHold:
    """A hold that nobody has ended, as rows in clear show it.

    Attributes:
        index: Where in the log it is; ``hold_id`` names it there.
        case_id: Of whose case everything is held; None for a hold of items.
        items: Empty for a hold of a case.
        until: When somebody looks at it again; of a renewal, when it ends.
    """

    index: int
    hold_id: str
    kind: HoldKind
    case_id: str | None
    items: tuple[str, ...]
    until: str


def standing_holds(connection: sa.Connection) -> list[StandingHold]:
    """The rows of holds that nobody has ended, in the order in which they were made."""
    table = database.hold
    rows = connection.execute(sa.select(table).where(table.c.ended_idx.is_(None)).order_by(table.c.idx)).all()
    found = []
    for index, of_one in groupby(rows, key=lambda row: int(row.idx)):
        each = list(of_one)
        items = tuple(row.item_id for row in each if row.item_id)
        found.append(
            StandingHold(index, each[0].hold_id, HoldKind(each[0].kind), each[0].case_id, items, each[0].until)
        )
    return found


def ended_by(connection: sa.Connection, index: int) -> set[str]:
    """The holds that an entry of the log ended, by the rows."""
    table = database.hold.c
    return set(connection.execute(sa.select(table.hold_id).where(table.ended_idx == index)).scalars())


def binding_holds(connection: sa.Connection, items: Sequence[str]) -> dict[str, str]:
    """Which of these items may not be erased, by the rows, each with the hold that says so."""
    return dict(_binding(connection, items))


def _binding(connection: sa.Connection, items: Sequence[str]) -> Iterator[tuple[str, str]]:
    hold, held = database.hold, database.case_item
    stands = sa.and_(hold.c.ended_idx.is_(None), hold.c.kind.in_(BINDING))
    if connection.execute(sa.select(hold.c.idx).where(stands).limit(1)).first() is None:
        return
    by_case = sa.select(held.c.item_id, hold.c.hold_id).join_from(hold, held, _of_case(hold)).where(stands)
    for first in range(0, len(items), _AT_ONCE):
        part = items[first : first + _AT_ONCE]
        itself = sa.select(hold.c.item_id, hold.c.hold_id).where(stands, hold.c.item_id.in_(part))
        for row in connection.execute(itself.union(by_case.where(held.c.item_id.in_(part)))):
            yield row.item_id, row.hold_id


def _of_case(hold: sa.FromClause) -> sa.ColumnElement[bool]:
    """What a hold of a case is of: what the case has, and what one person took out of it since the hold was placed."""
    held = database.case_item.c
    left = sa.or_(held.removed_idx.is_(None), held.removed_idx > hold.c.idx)
    return sa.and_(held.case_id == hold.c.case_id, left)


def require_not_held(connection: sa.Connection, items: Sequence[str]) -> None:
    """Check that no row of a hold stands in the way of erasing these items.

    Raises:
        AuthorityError: One does; the first item is named, with the hold, whose reason ``hold --list`` shows.
    """
    for item, hold_id in sorted(binding_holds(connection, items).items()):
        raise AuthorityError("authority.held", where=item, found=hold_id)


def held_since_frozen(connection: sa.Connection, items: Sequence[str]) -> frozenset[str]:
    """Which of these frozen items were held for the police by name, by the rows, after they were frozen.

    A hold that ended is one too. What came to a frozen post later is frozen by its place, without a row of its own.
    """
    hold, found = database.hold.c, set[str]()
    for first in range(0, len(items), _AT_ONCE):
        part = sa.and_(hold.item_id.in_(items[first : first + _AT_ONCE]), hold.kind == HoldKind.POLICE.value)
        last = sa.select(hold.item_id, sa.func.max(hold.idx).label("idx")).where(part).group_by(hold.item_id)
        for row in connection.execute(last).all():
            if any(index < row.idx for index in freezes_of(connection, row.item_id)):
                found.add(row.item_id)
    return frozenset(found)


def held_freezes(connection: sa.Connection) -> frozenset[int]:
    """The places in the log, by the rows, of freezes of which all is held for the police by name since: decided."""
    hold, frozen, item = database.hold.c, database.frozen.c, database.item.c
    held = sa.exists().where(
        hold.kind == HoldKind.POLICE.value,
        hold.ended_idx.is_(None),
        hold.item_id == frozen.item_id,
        hold.idx > frozen.idx,
    )
    there = sa.exists().where(item.item_id == frozen.item_id)
    waits = sa.select(frozen.idx, sa.func.count(), sa.func.sum(sa.case((held, 1), else_=0)))
    rows = waits.where(frozen.lifted_idx.is_(None), there).group_by(frozen.idx)
    return frozenset(int(index) for index, count, decided in connection.execute(rows) if count == decided)


def not_held(item: sa.FromClause, *, now: str | None) -> sa.ColumnElement[bool]:
    """A condition of queries: no hold keeps this item, by name or with its case, and no renewal does at this time.

    Args:
        now: None where no renewal counts.
    """
    hold, held = database.hold.alias("kept"), database.case_item
    binds = hold.c.kind.in_(BINDING)
    lasts = sa.and_(hold.c.ended_idx.is_(None), binds if now is None else sa.or_(binds, hold.c.until >= now))
    by_name = sa.exists().where(hold.c.item_id == item.c.item_id, lasts)
    by_case = sa.select(held.c.item_id).join_from(hold, held, _of_case(hold)).where(lasts)  # asked once
    return sa.and_(~by_name, item.c.item_id.not_in(by_case))
