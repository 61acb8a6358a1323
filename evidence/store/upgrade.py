"""One thing that was kept in several modes: which of its items stands for it.

An export that is imported as ``metadata_only`` and later as ``sealed`` adds an item for each file again, since what is
kept of it is more. Both stay in the log; for people they are one thing, in its highest mode. They are known by their
marks (``evidence.store.marks``): a file that was not read by its place in its message, anything else by all that it is.
"""

import functools
from typing import Any

import sqlalchemy as sa

from evidence.observation import HoleReason, Kind, Mode
from evidence.store import database
from evidence.store.marks import PART_BYTES, Marks

_ASKED_IN_VAIN = frozenset(
    reason.value
    for reason in (
        HoleReason.UNAVAILABLE,
        HoleReason.REFUSED,
        HoleReason.BROKE_OFF,
        HoleReason.TAKEN_OFF,
        HoleReason.PAYWALL,
        HoleReason.SELF_DESTRUCTING,
    )
)
"""Why a file could not be had from its source itself; what an export left out says nothing of that."""
_RANKS = {mode.value: rank for rank, mode in enumerate(Mode)}


@functools.cache  # to build it takes longer than to run it
def stands(item: sa.FromClause = database.item) -> sa.ColumnElement[bool]:
    """A condition of queries: nothing kept of the same thing is of a higher mode, or of the same and later."""
    other = database.item.alias("kept_too")
    higher = sa.or_(_rank(other) > _rank(item), sa.and_(_rank(other) == _rank(item), other.c.idx > item.c.idx))
    same = sa.or_(other.c.seen == item.c.seen, sa.and_(_unread(item), other.c.said == item.c.said))
    return ~sa.exists().where(_at_one_place(item, other), same, higher)


def same_thing(item: sa.FromClause, other: sa.FromClause) -> sa.ColumnElement[bool]:
    """A condition of queries: two different items of which one stands for the other, whichever that is."""
    unread = sa.and_(sa.or_(_unread(item), _unread(other)), other.c.said == item.c.said)
    same = sa.or_(other.c.seen == item.c.seen, unread)
    return sa.and_(_at_one_place(item, other), same, other.c.idx != item.c.idx)


def was_left(connection: sa.Connection, channel_id: str, message_id: int, *, marks: Marks, mode: Mode) -> bool:
    """Whether, by the rows, a message's file was left for a lower mode or a freeze, and not asked for in vain.

    It was kept only in a lower mode, however its message was edited since; or nothing was, because the mode fell while
    it was waited for, or its message was frozen then.

    Args:
        marks: Its own, before it is read (``evidence.store.marks``).
        mode: The mode in which it would be kept now.
    """
    item, hole = database.item.c, database.hole.c
    lower = {each.value for each in Mode if _RANKS[each.value] < _RANKS[mode.value]}
    kept_in = connection.execute(
        sa.select(item.mode).where(
            item.channel_id == channel_id,
            item.message_id == message_id,
            item.kind == Kind.FILE.value,
            item.said == marks.said,
        )
    ).scalars()
    part = marks.part or b""  # a hole of a file that was waited for does not say what its message said
    reasons = connection.execute(
        sa.select(hole.reason).where(
            hole.channel_id == channel_id, hole.lo == message_id, hole.part.in_([part, part[:PART_BYTES]])
        )
    ).scalars()
    modes, missed = set(kept_in), set(reasons)
    left = bool(modes) or not missed.isdisjoint({HoleReason.MODE.value, HoleReason.FROZEN.value})
    return left and bool(lower) and modes <= lower and missed.isdisjoint(_ASKED_IN_VAIN)


def _at_one_place(item: sa.FromClause, other: sa.FromClause) -> sa.ColumnElement[bool]:
    return sa.and_(
        other.c.channel_id == item.c.channel_id, other.c.message_id == item.c.message_id, other.c.kind == item.c.kind
    )


def _unread(item: sa.FromClause) -> sa.ColumnElement[bool]:
    """A file whose bytes were not read: it is known by its place alone, which is its ``said``."""
    return sa.and_(item.c.kind == Kind.FILE.value, item.c.seen == item.c.said)


def _rank(item: sa.FromClause) -> sa.ColumnElement[int]:
    # written out, not bound: as values they were 27 of the 30 that every page of items sent along
    ranks: dict[Any, Any] = {sa.literal_column(f"'{mode}'"): sa.literal_column(str(at)) for mode, at in _RANKS.items()}
    return sa.case(ranks, value=item.c.mode, else_=sa.literal_column("-1"))
