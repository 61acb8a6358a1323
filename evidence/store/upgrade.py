"""One thing that was kept in several modes: which of its items stands for it.

An export that is imported as ``metadata_only`` and later as ``sealed`` adds an item for each file again, since what is
kept of it is more. Both stay in the log; for people they are one thing, in its highest mode. They are known by their
marks (``evidence.store.marks``): a file that was not read by its place in its message, anything else by all that it is.
"""

import sqlalchemy as sa

from evidence.observation import HoleReason, Kind, Mode
from evidence.store import database


def stands(item: sa.FromClause = database.item) -> sa.ColumnElement[bool]:
    """Nothing that was kept of the same thing is of a higher mode, or of the same one and later."""
    other = database.item.alias("kept_too")
    higher = sa.or_(_rank(other) > _rank(item), sa.and_(_rank(other) == _rank(item), other.c.idx > item.c.idx))
    same = sa.or_(other.c.seen == item.c.seen, sa.and_(_unread(item), other.c.said == item.c.said))
    return ~sa.exists().where(_at_one_place(item, other), same, higher)


def same_thing(item: sa.FromClause, other: sa.FromClause) -> sa.ColumnElement[bool]:
    """Two different items of which one stands for the other, whichever that is."""
    unread = sa.and_(sa.or_(_unread(item), _unread(other)), other.c.said == item.c.said)
    same = sa.or_(other.c.seen == item.c.seen, unread)
    return sa.and_(_at_one_place(item, other), same, other.c.idx != item.c.idx)


def was_left(connection: sa.Connection, channel_id: str, message_id: int, *, part: bytes, mode: Mode) -> bool:
    """Whether a part of a message was kept only in a lower mode, and for no reason but that mode.

    Args:
        part: Its mark, with the identity of its message (``evidence.store.marks``).
        mode: The mode in which it would be kept now.
    """
    item, hole = database.item.c, database.hole.c
    ranks = list(Mode)
    lower = [each.value for each in ranks[: ranks.index(mode)]]
    items = connection.execute(
        sa.select(item.mode).where(item.channel_id == channel_id, item.message_id == message_id, item.part == part)
    ).scalars()
    holes = connection.execute(
        sa.select(hole.reason).where(hole.channel_id == channel_id, hole.lo == message_id, hole.part == part)
    ).scalars()
    modes = set(items)
    return bool(modes) and modes <= set(lower) and set(holes) <= {HoleReason.MODE.value}


def _at_one_place(item: sa.FromClause, other: sa.FromClause) -> sa.ColumnElement[bool]:
    return sa.and_(
        other.c.channel_id == item.c.channel_id, other.c.message_id == item.c.message_id, other.c.kind == item.c.kind
    )


def _unread(item: sa.FromClause) -> sa.ColumnElement[bool]:
    """A file whose bytes were not read: it is known by its place alone, which is its ``said``."""
    return sa.and_(item.c.kind == Kind.FILE.value, item.c.seen == item.c.said)


def _rank(item: sa.FromClause) -> sa.ColumnElement[int]:
    return sa.case({mode.value: rank for rank, mode in enumerate(Mode)}, value=item.c.mode, else_=-1)
