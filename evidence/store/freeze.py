"""What is frozen because it may show a child: rows, and the condition by which every list leaves it out (invariant 10).

An item is frozen together with whatever is of the same message, and with every message of its album; so is what is
seen of them later, since the condition is asked each time and nothing is noted of each item. A file that a client
brought, or a channel's picture, is of no message and is frozen alone.

# LIMIT: in a private chat and a basic group each account numbers the messages for itself, so another account's message
# of the same number is frozen too. That hides too much and never too little; two persons end it.

The condition needs ids and keyed marks alone, since the collector asks it too and holds no key that opens a record.

It hides something else as well: what a case has whose client took her consent back, until it is destroyed, in whatever
mode it is kept. That is not frozen in the sense of this module: nobody has to decide on it, and the same file elsewhere
stays. When the consent is taken back, the case gives up what another case has too (``api.office.withdrawal``), so
nothing of another is hidden.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

import sqlalchemy as sa

from evidence.errors import AuthorityError, UnknownItemError
from evidence.log.leaf import parse_leaf
from evidence.observation import Kind
from evidence.store import database
from evidence.store.upgrade import same_thing

_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class WaitingFreeze:
    """A freeze that waits for a decision, as rows in clear show it.

    Attributes:
        index: Where in the log it is; ``event_id`` names it there.
        items: The item that was named, and what was of its message and album then.
        places: Channel and message of each; no message where it is of none.
    """

    index: int
    event_id: str
    frozen_at: str
    items: tuple[str, ...]
    places: tuple[tuple[str, int | None], ...]


@lru_cache(maxsize=8)
def not_frozen(item: sa.FromClause = database.item) -> sa.ColumnElement[bool]:
    """A condition of queries: this item is not frozen, nor anything of its message or album, nor its case withdrawn.

    It is made once for each table: SQLAlchemy takes longer to make it than SQLite to answer it.
    """
    return sa.and_(_no_child(item), item.c.item_id.not_in(_withdrawn()))


def _withdrawn() -> sa.CompoundSelect[tuple[str]]:
    """What is in a case whose client took her consent back, and the same things in other modes, which go with it.

    Asked once for a statement, and not of each item.
    """
    held, case = database.case_item.alias("withdrawn_item"), database.case_file.alias("withdrawn_case")
    this, other = database.item.alias("withdrawn_this"), database.item.alias("withdrawn_other")
    closed = sa.and_(case.c.withdrawn_idx.is_not(None), held.c.removed_idx.is_(None))
    of_case = held.c.case_id == case.c.case_id
    itself = sa.select(held.c.item_id).join_from(case, held, of_case).where(closed)
    named = sa.select(other.c.item_id).join_from(case, held, of_case).join(this, this.c.item_id == held.c.item_id)
    return sa.union(itself, named.join(other, same_thing(this, other)).where(closed))


@lru_cache(maxsize=8)
def _no_child(item: sa.FromClause) -> sa.ColumnElement[bool]:
    frozen = database.frozen.alias("frozen_item")
    itself = sa.exists().where(frozen.c.item_id == item.c.item_id, frozen.c.lifted_idx.is_(None))
    return ~sa.and_(_any_frozen(), sa.or_(itself, _at_a_frozen_place(item.c.channel_id, item.c.message_id)))


@lru_cache(maxsize=8)
def no_hole_of_frozen(hole: sa.FromClause = database.hole) -> sa.ColumnElement[bool]:
    """A condition of queries: a hole is about no message that is frozen.

    One about several messages says nothing of any of them.
    """
    here = sa.and_(hole.c.lo == hole.c.hi, _at_a_frozen_place(hole.c.channel_id, hole.c.lo))
    return ~sa.and_(_any_frozen(), hole.c.lo.is_not(None), here)


def is_frozen(connection: sa.Connection, item_id: str) -> bool:
    """Whether an item's row is frozen, by itself or with its message or album."""
    table = database.item
    wanted = sa.select(table.c.idx).where(table.c.item_id == item_id, ~_no_child(table))
    return connection.execute(wanted).first() is not None


def frozen_among(connection: sa.Connection, items: Sequence[str]) -> frozenset[str]:
    """Those of these items whose rows are frozen, by themselves or with their message or album."""
    table, found = database.item, set[str]()
    for first in range(0, len(items), _AT_ONCE):
        named = table.c.item_id.in_(items[first : first + _AT_ONCE])
        found.update(connection.execute(sa.select(table.c.item_id).where(named, ~_no_child(table))).scalars())
    return frozenset(found)


def is_hidden(connection: sa.Connection, item_id: str) -> bool:
    """Whether an item's row is shown nowhere: it is frozen, or the client of its case took her consent back."""
    return connection.execute(_hidden(), {"item": item_id}).first() is not None


@lru_cache(maxsize=1)
def _hidden() -> sa.Select[tuple[int]]:
    table = database.item
    return sa.select(table.c.idx).where(table.c.item_id == sa.bindparam("item"), ~not_frozen())


def require_shown(connection: sa.Connection, item_id: str) -> None:
    """Check that an item's row is not hidden.

    Raises:
        UnknownItemError: It is; why, and nothing of what it is.
    """
    if is_hidden(connection, item_id):
        frozen = is_frozen(connection, item_id)
        raise UnknownItemError("unknown_item.frozen" if frozen else "unknown_item.withdrawn")


def require_not_withdrawn(connection: sa.Connection, case_id: str, items: Sequence[str]) -> None:
    """Check, in a turn, that the rows close neither this case nor one that has one of these items.

    Raises:
        AuthorityError: The client of this case took her consent back.
        UnknownItemError: The client of another case that has one did.
    """
    case = database.case_file.c
    if connection.execute(sa.select(case.withdrawn_idx).where(case.case_id == case_id)).scalar() is not None:
        raise AuthorityError("authority.case_closed", where=case_id)
    if set(connection.execute(_withdrawn()).scalars()).intersection(items):
        raise UnknownItemError("unknown_item.withdrawn")


def is_frozen_message(
    connection: sa.Connection, channel_id: str, message_id: int, *, album: bytes | None = None
) -> bool:
    """Whether, by the rows, anything of a message is frozen, or of its album as far as it is kept.

    Args:
        album: The mark of its album, where the message itself is not kept yet.
    """
    at = _at_a_frozen_place(sa.literal(channel_id), sa.literal(message_id, sa.BigInteger))
    if bool(connection.execute(sa.select(sa.and_(_any_frozen(), at))).scalar()):
        return True
    return album is not None and _is_frozen_album(connection, channel_id, album)


def _is_frozen_album(connection: sa.Connection, channel_id: str, album: bytes) -> bool:
    frozen, item = database.frozen, database.item
    of_album = sa.select(frozen.c.idx).join(item, _at_one_place(frozen, item))
    waits = sa.and_(frozen.c.channel_id == channel_id, frozen.c.lifted_idx.is_(None), item.c.album == album)
    return connection.execute(of_album.where(waits).limit(1)).first() is not None


def of_one_post(connection: sa.Connection, item_id: str) -> list[str]:
    """The rows of one post: an item, whatever is of the same message, and whatever is of its album.

    They are in the order of the log.
    """
    return of_posts(connection, [item_id])


def of_posts(connection: sa.Connection, items: Sequence[str]) -> list[str]:
    """The rows of the posts of these items, as ``of_one_post`` has them: each once, in the order of the log."""
    found = dict[str, int]()
    for first in range(0, len(items), _AT_ONCE):
        found.update(_rows_of_posts(connection, items[first : first + _AT_ONCE]))
    return sorted(found, key=found.__getitem__)


def _rows_of_posts(connection: sa.Connection, items: Sequence[str]) -> dict[str, int]:
    this, other = database.item.alias("this"), database.item.alias("other")
    here, there = database.item.alias("here"), database.item.alias("there")
    named = this.c.item_id.in_(items)
    itself = sa.select(this.c.idx, this.c.item_id).where(named)
    beside = sa.select(other.c.idx, other.c.item_id).where(named, _at_one_place(this, other))
    album = sa.select(other.c.idx, other.c.item_id).where(
        named,
        _at_one_place(this, here),
        there.c.channel_id == here.c.channel_id,
        there.c.album == here.c.album,
        _at_one_place(there, other),
    )
    return {row.item_id: row.idx for row in connection.execute(sa.union(itself, beside, album))}


def frozen_files(connection: sa.Connection) -> frozenset[int]:
    """The log indexes, from the rows, of all files that are frozen."""
    item, frozen = database.item.c, database.frozen.c
    channels = sa.select(frozen.channel_id).where(frozen.lifted_idx.is_(None))
    # within these channels alone: an index leads there, and nothing is read where nothing is frozen
    wanted = sa.select(item.idx).where(item.channel_id.in_(channels), item.kind == Kind.FILE.value)
    return frozenset(connection.execute(wanted.where(~_no_child(database.item))).scalars())


def withdrawn_files(connection: sa.Connection) -> frozenset[int]:
    """The log indexes, from the rows, of the files of cases whose clients took their consent back."""
    item = database.item.c
    wanted = sa.select(item.idx).where(item.kind == Kind.FILE.value, item.item_id.in_(_withdrawn()))
    return frozenset(connection.execute(wanted).scalars())


def lifted_files(connection: sa.Connection) -> frozenset[int]:
    """The log indexes, from the rows, of files of which two persons ended a freeze."""
    item, frozen = database.item.c, database.frozen.c
    wanted = sa.select(item.idx).join_from(database.frozen, database.item, item.item_id == frozen.item_id)
    return frozenset(connection.execute(wanted.where(frozen.lifted_idx.is_not(None))).scalars())


def lifted_among(connection: sa.Connection, first: int, end: int) -> frozenset[int]:
    """The files, from the rows, before entry ``first`` that two persons lifted by entries from there, before ``end``.

    Whatever is of a lifted message or album is among them, also what came later, unless it is frozen still. What was
    frozen when a follower passed it is so met again.
    """
    item, frozen = database.item.c, database.frozen.c
    ended = sa.select(frozen.item_id).where(frozen.lifted_idx >= first, frozen.lifted_idx < end).distinct()
    files = set[int]()
    for named in connection.execute(ended).scalars().all():
        post = item.item_id.in_(of_one_post(connection, named))
        wanted = sa.select(item.idx).where(post, item.idx < first, item.kind == Kind.FILE.value, not_frozen())
        files.update(connection.execute(wanted).scalars())
    return frozenset(files)


def freezes_of(connection: sa.Connection, item_id: str) -> list[int]:
    """The log indexes, from the rows, of the freezes, none of them ended, because of which an item is frozen."""
    table = database.frozen.c
    related = of_one_post(connection, item_id)
    wanted = sa.select(table.idx).where(table.item_id.in_(related), table.lifted_idx.is_(None))
    return list(connection.execute(wanted.distinct().order_by(table.idx)).scalars())


def lifted_since(connection: sa.Connection, index: int) -> bool:
    """Whether a row says that two persons ended a freeze in an entry of the log from this one on."""
    table = database.frozen.c
    return connection.execute(sa.select(table.idx).where(table.lifted_idx >= index).limit(1)).first() is not None


def was_lifted(connection: sa.Connection, item_id: str) -> bool:
    """Whether a row says that two persons ended a freeze of this item before."""
    table = database.frozen.c
    wanted = sa.select(table.idx).where(table.item_id == item_id, table.lifted_idx.is_not(None))
    return connection.execute(wanted).first() is not None


def _any_frozen() -> sa.ColumnElement[bool]:
    """Asked once for a statement: where nothing is frozen, nothing is asked of each item."""
    frozen = database.frozen.alias("any_frozen")
    return sa.exists().where(frozen.c.lifted_idx.is_(None))


def _at_a_frozen_place(channel_id: sa.ColumnElement[str], message_id: sa.ColumnElement[int]) -> sa.ColumnElement[bool]:
    frozen = database.frozen.alias("frozen_place")
    here, there = database.item.alias("of_album"), database.item.alias("of_frozen_album")
    waits = frozen.c.lifted_idx.is_(None)
    message = sa.exists().where(waits, frozen.c.channel_id == channel_id, frozen.c.message_id == message_id)
    # one within the other: every freeze of the channel is asked only for the few items that are of an album
    same_album = sa.exists().where(
        waits, frozen.c.channel_id == here.c.channel_id, _at_one_place(frozen, there), there.c.album == here.c.album
    )
    album = sa.exists().where(
        here.c.channel_id == channel_id, here.c.message_id == message_id, here.c.album.is_not(None), same_album
    )
    return sa.or_(message, album)


def _at_one_place(one: sa.FromClause, other: sa.FromClause) -> sa.ColumnElement[bool]:
    return sa.and_(other.c.channel_id == one.c.channel_id, other.c.message_id == one.c.message_id)


def waiting_freezes(connection: sa.Connection) -> list[WaitingFreeze]:
    """The rows of freezes that wait for a decision, in the order in which they were made."""
    table, event = database.frozen, database.event
    wanted = sa.select(table, event.c.leaf).join_from(table, event, event.c.idx == table.c.idx, isouter=True)
    rows = connection.execute(wanted.where(table.c.lifted_idx.is_(None)).order_by(table.c.idx)).all()
    found = []
    for index, of_one in groupby(rows, key=lambda row: int(row.idx)):
        each = list(of_one)
        items, places = tuple(row.item_id for row in each), tuple((row.channel_id, row.message_id) for row in each)
        event_id = parse_leaf(bytes(each[0].leaf)).event_id
        found.append(WaitingFreeze(index, event_id, each[0].frozen_at, items, places))
    return found


def freezes_among(connection: sa.Connection, items: Sequence[str]) -> list[WaitingFreeze]:
    """The rows of the freezes, none of them ended, because of which these items are frozen, in the order of making."""
    post = frozenset(of_posts(connection, items))
    return [each for each in waiting_freezes(connection) if not post.isdisjoint(each.items)]


def frozen_of_case(connection: sa.Connection, case_id: str) -> frozenset[str]:
    """The items of a case that are frozen, by the rows; for whoever leaves them out, or counts them."""
    held, item = database.case_item.c, database.item
    rows = sa.select(held.item_id).join_from(database.case_item, item, item.c.item_id == held.item_id)
    here = sa.and_(held.case_id == case_id, held.removed_idx.is_(None), ~not_frozen())
    return frozenset(connection.execute(rows.where(here)).scalars())


def freezes_of_case(connection: sa.Connection, case_id: str) -> list[int]:
    """The log indexes, from the rows, of the freezes, none of them ended, that hold items of a case."""
    items = frozen_of_case(connection, case_id)
    return sorted({index for item_id in items for index in freezes_of(connection, item_id)})
