"""Posts that one person captured from channels that nobody registered, as the rows tell it.

A capture is a request: what was kept under it waits for a second person, and is destroyed if nobody confirms it in
time. The rows of its items name the request (``item.capture``). Until it is confirmed, an item of it is in no case and
in no bundle. A refusal ends the request, and what was kept under it is due for destruction; the retention run refuses
what nobody answered in time. One person cannot keep it longer: only a decision of two on what is frozen does.

Time stamps say whether the time is over: a clock that was set forward ends nothing early, and one that was wrong
when the request was made keeps nothing longer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from evidence.errors import UnknownItemError
from evidence.observation import CAPTURED
from evidence.store import database
from evidence.store.freeze import not_frozen
from evidence.times import format_time

_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class WaitingCapture:
    """A capture that nobody has confirmed or refused.

    Attributes:
        index: Where in the log the request is.
        until: By when a second person has to confirm it, as values of the log are written.
        items: How many items that were kept under it are still there.
    """

    request: str
    index: int
    until: str
    items: int


@dataclass(frozen=True, slots=True)
class CapturedPost:
    """A message that was captured before, by a request that nobody refused.

    Attributes:
        until: None once it is confirmed.
    """

    request: str
    until: str | None


def confirmed(table: sa.FromClause = database.item) -> sa.ColumnElement[bool]:
    """A condition of queries: this item, or hole, is of no capture, or of one that a second person confirmed."""
    asked = database.authority.alias("of_capture")
    agreed = sa.select(asked.c.request).where(asked.c.what == CAPTURED, asked.c.approved_idx.is_not(None))
    return sa.or_(table.c.capture.is_(None), table.c.capture.in_(agreed))


def ended(table: sa.FromClause = database.item) -> sa.ColumnElement[bool]:
    """A condition of queries: this item is of a capture that was refused, and that nobody confirmed."""
    asked = database.authority.alias("of_ended_capture")
    closed = sa.and_(asked.c.closed_idx.is_not(None), asked.c.approved_idx.is_(None))
    return table.c.capture.in_(sa.select(asked.c.request).where(asked.c.what == CAPTURED, closed))


def require_confirmed(connection: sa.Connection, items: Sequence[str]) -> None:
    """Check, by the rows, that none of these items, frozen or not, is of a capture that nobody else has confirmed.

    Raises:
        UnknownItemError: One is.
    """
    item = database.item
    for first in range(0, len(items), _AT_ONCE):
        named = item.c.item_id.in_(items[first : first + _AT_ONCE])
        rows = sa.select(item.c.item_id, item.c.capture).where(named, ~confirmed()).limit(1)
        if (row := connection.execute(rows).first()) is not None:
            raise UnknownItemError("unknown_item.unconfirmed", found=row.item_id, request=row.capture)


def waiting_captures(connection: sa.Connection) -> list[WaitingCapture]:
    """The captures, by the rows, that nobody has confirmed or refused, in the order in which they are due."""
    asked, item = database.authority.c, database.item.c
    there = sa.select(sa.func.count()).where(item.capture == asked.request).scalar_subquery()
    rows = sa.select(asked.request, asked.idx, asked.due_at, there.label("items"))
    open_ones = rows.where(asked.what == CAPTURED, asked.approved_idx.is_(None), asked.closed_idx.is_(None))
    found = connection.execute(open_ones.order_by(asked.due_at, asked.idx))
    return [WaitingCapture(row.request, row.idx, row.due_at or "", row.items) for row in found]


def items_captured(connection: sa.Connection, request: str) -> list[str]:
    """The items, by the rows, that were kept under a request to capture, except those that are frozen."""
    item = database.item.c
    rows = sa.select(item.item_id).where(item.capture == request, not_frozen()).order_by(item.idx)
    return list(connection.execute(rows).scalars())


def captured_at(connection: sa.Connection, channel_id: str, message_id: int) -> CapturedPost | None:
    """What the rows know of an earlier capture of a message: one that is confirmed, or else one that still waits."""
    item, asked = database.item, database.authority
    of_capture = item.join(asked, asked.c.request == item.c.capture)
    rows = sa.select(asked.c.request, asked.c.due_at, asked.c.approved_idx).select_from(of_capture)
    here = rows.where(item.c.channel_id == channel_id, item.c.message_id == message_id)
    stands = here.where(sa.or_(asked.c.approved_idx.is_not(None), asked.c.closed_idx.is_(None)))
    row = connection.execute(stands.order_by(asked.c.approved_idx.is_(None), asked.c.idx).limit(1)).first()
    if row is None:
        return None
    return CapturedPost(row.request, None if row.approved_idx is not None else row.due_at)


def overdue_captures(connection: sa.Connection, now: datetime, covered: int) -> list[WaitingCapture]:
    """The captures whose time is over: by what their row says, or by a time stamp that covers the request.

    Args:
        now: The time of the newest time stamp, or our clock's if that is behind it.
        covered: How many entries have been in the log, by a time stamp, for as long as an unconfirmed capture is kept.
    """
    late = format_time(now)
    return [each for each in waiting_captures(connection) if each.until <= late or each.index < covered]


def require_captured(connection: sa.Connection, request: str) -> None:
    """Check, in the turn that confirms a capture, that something of it is there, frozen or not.

    Raises:
        UnknownItemError: Nothing was kept, or all of it was erased.
    """
    item = database.item.c
    if connection.execute(sa.select(item.idx).where(item.capture == request).limit(1)).first() is None:
        raise UnknownItemError("unknown_item.capture_kept_nothing", found=request)
