"""What is due for destruction because no case has claimed it, as the rows tell it.

An item is due so many days after it was kept, unless a case has it, a hold or a renewal keeps it, or it is hidden for a
decision of its own. Texts of bystanders are due sooner: messages of a registered channel beside which no file is, and
none is known to be missing. What one person captured from a channel that nobody registered is due once its request is
refused (``evidence.store.captured``); no case has it, and of holds only one keeps it that two persons decided.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from evidence.errors import AuthorityError
from evidence.observation import Kind
from evidence.store import database
from evidence.store.captured import ended
from evidence.store.freeze import not_frozen
from evidence.store.hold import not_held
from evidence.times import format_time

_AT_ONCE = 500
_TEXTS = (Kind.MESSAGE.value, Kind.EDIT.value, Kind.SERVICE.value)


@dataclass(frozen=True, slots=True)
class RetentionTerms:
    """For how many days what no case has is kept.

    Attributes:
        bystander_days: Of a watch's texts with no picture beside them.
        released_from: What a case gave up in an entry of the log from this one on is not due; None for any.
    """

    unclaimed_days: int
    bystander_days: int
    released_from: int | None = None


def due_items(
    connection: sa.Connection, terms: RetentionTerms, now: datetime, *, after: int = -1, limit: int
) -> list[tuple[int, str]]:
    """The items, by the rows, that are due at a time: index and item, in the order of the log, behind ``after``."""
    item = database.item
    wanted = sa.select(item.c.idx, item.c.item_id).where(item.c.idx > after, _is_due(terms, now))
    rows = connection.execute(wanted.order_by(item.c.idx).limit(limit))
    return [(int(row.idx), str(row.item_id)) for row in rows]


def require_due(connection: sa.Connection, terms: RetentionTerms, now: datetime, items: Sequence[str]) -> None:
    """Check that all of these items are due at a time, by the rows.

    Raises:
        AuthorityError: One is not: of what goes together, one is younger, or somebody keeps it.
    """
    item, due = database.item.c, set[str]()
    for first in range(0, len(items), _AT_ONCE):
        named = item.item_id.in_(items[first : first + _AT_ONCE])
        due.update(connection.execute(sa.select(item.item_id).where(named, _is_due(terms, now))).scalars())
    if not due.issuperset(items):
        raise AuthorityError("authority.erase_changed")


def count_due(connection: sa.Connection, terms: RetentionTerms, now: datetime) -> int:
    """How many items are due at a time, by the rows."""
    counted = sa.select(sa.func.count()).select_from(database.item).where(_is_due(terms, now))
    return int(connection.execute(counted).scalar_one())


def _is_due(terms: RetentionTerms, now: datetime) -> sa.ColumnElement[bool]:
    item, held = database.item, database.case_item
    claims: sa.ColumnElement[bool] = held.c.removed_idx.is_(None)
    if terms.released_from is not None:
        claims = sa.or_(claims, held.c.removed_idx >= terms.released_from)
    claimed = sa.select(held.c.item_id).where(claims)
    old = item.c.acquired_at < format_time(now - timedelta(days=terms.unclaimed_days))
    beside = sa.and_(item.c.acquired_at < format_time(now - timedelta(days=terms.bystander_days)), _is_bystanders(item))
    kept = not_held(item, now=format_time(now))
    timely = sa.and_(sa.or_(old, beside), item.c.item_id.not_in(claimed), kept)
    refused = sa.and_(ended(item), not_held(item, now=None))
    return sa.and_(sa.or_(timely, refused), not_frozen())


def _is_bystanders(item: sa.Table) -> sa.ColumnElement[bool]:
    """A text of a registered channel, with no file beside it, no album, and no file that is known to be missing."""
    other, hole, channel = item.alias("beside"), database.hole, database.channel
    here = sa.and_(other.c.channel_id == item.c.channel_id, other.c.message_id == item.c.message_id)
    pictured = sa.exists().where(here, other.c.kind == Kind.FILE.value)
    there = sa.and_(hole.c.channel_id == item.c.channel_id, hole.c.lo == item.c.message_id)
    missing = sa.exists().where(there, hole.c.part.is_not(None))
    watched = sa.exists().where(channel.c.channel_id == item.c.channel_id)
    of_a_watch = sa.and_(item.c.capture.is_(None), watched)  # a person asked for what was captured
    return sa.and_(item.c.kind.in_(_TEXTS), item.c.album.is_(None), of_a_watch, ~pictured, ~missing)
