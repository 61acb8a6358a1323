"""What is preserved, as a person may see it: places, times, sizes and digests, never content.

Places, times and the sizes of ciphertexts stand in clear. Digests, and what kind of file a file is, lie in a sealed
record, and so does what a channel says of itself: to show them is the one look into records outside of a case. It is
logged first, and nothing else leaves the record. Which other channels may be a channel's kin is computed for a case.
"""

import functools
import mimetypes
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from api.home import Home
from api.office.page import LIMIT, Page, page_of
from api.office.witness import OtherSight, is_same_message, other_sources
from casefiles.case import OpenedEvent, open_events, require_case
from casefiles.lineage import Hint, SaidOfItself, hints_of, said_of_itself
from config.errors import Explained
from evidence.authority import Doer, require_reason
from evidence.completeness import NOT_RECEIVED
from evidence.custody.event import Draft
from evidence.errors import UnknownItemError
from evidence.log.leaf import parse_leaf
from evidence.observation import Kind
from evidence.seal.recipients import KeyIdentity
from evidence.store import database
from evidence.store.database import glancing, reading
from evidence.store.freeze import no_hole_of_frozen, not_frozen, require_shown
from evidence.store.received import received_parts
from evidence.store.stored import MOST
from evidence.store.upgrade import same_thing, stands


@dataclass(frozen=True, slots=True)
class DigestLook:
    """Who wants to see digests, and the key that opens them.

    Attributes:
        kin_for: The case for which a channel is compared with the others; None where it is not.
    """

    doer: Doer
    casework: KeyIdentity = field(repr=False)
    kin_for: str | None = None


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which items are meant, by what stands in clear of them; None leaves nothing out.

    Attributes:
        first: The first day of posting, of UTC; what has no time of posting is then left out.
        last: The last day of it.
    """

    channel: str | None = None
    kind: Kind | None = None
    first: date | None = None
    last: date | None = None

    def conditions(self) -> list[sa.ColumnElement[bool]]:
        """What a row of ``item`` must be: not frozen, and of one thing that was kept in several modes the highest."""
        table = database.item.c
        found: list[sa.ColumnElement[bool]] = [stands(), not_frozen()]
        if self.channel is not None:
            found.append(table.channel_id == self.channel)
        if self.kind is not None:
            found.append(table.kind == self.kind.value)
        # times of the log compare as they are written
        if self.first is not None:
            found.append(table.posted_at >= self.first.isoformat())
        if self.last is not None:
            found.append(table.posted_at < _after(self.last))
        return found


def _after(day: date) -> str:
    """What is greater than every time of this day, and of no later one."""
    return "9999-12-32" if day == date.max else (day + timedelta(days=1)).isoformat()


EVERYTHING = Chosen()
NOTHING = -1
"""Before the first log index."""


@dataclass(frozen=True, slots=True)
class LookedAt:
    """What a record says of its item that is not its content.

    Attributes:
        sha256: Of a file its content's, of anything else that of its bytes at the source; None where nobody read it.
        media_type: Of a file, as its source names it; else by its name.
        bytes: Of a file.
        characters: Of the text of anything else.
    """

    sha256: str | None = None
    media_type: str | None = None
    bytes: int | None = None
    characters: int | None = None


@dataclass(frozen=True, slots=True)
class ItemRow:
    """What stands in clear of an item, and what a look showed.

    Attributes:
        kind: A ``Kind``, as the row says it.
        posted_at: As values of the log are written, and so is ``acquired_at``.
        mode: A ``Mode``, as the row says it.
        sealed_bytes: Of the ciphertext of its file or of its bytes at the source, a little more than of what is in it;
            None where none is kept or it is gone.
        seen: None where nobody looked.
    """

    item_id: str
    channel_id: str
    message_id: int | None
    kind: str
    posted_at: str | None
    acquired_at: str
    mode: str
    sealed_bytes: int | None = None
    seen: LookedAt | None = None


@dataclass(frozen=True, slots=True)
class HoleBeside:
    """A hole at the message of an item.

    Attributes:
        received: The items that are what was missing.
        perhaps: Items from the same place in the message; the entries do not show whether they are that.
    """

    reason: str
    since: str
    received: tuple[str, ...] = ()
    perhaps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ShownItem:
    """An item with its log entry and what lies beside it.

    Attributes:
        after: Digest of the newest token that its leaf names.
        sealed: Digests of what is sealed for it, by name.
        others: Items of the same thing, as other imports kept it, in the order of the log.
        sources: Items of the same message from other sources or of other words, in the order of the log.
        checkpoint: Size of the newest signed checkpoint; None before the first.
        unstamped: Why the look has no time stamp yet; None where it has one or nobody looked.
        said: Of a channel, what it says of itself; None without a look, and where the item has counters alone.
        kin: Which other channels may be its kin; None where nobody asked.
        titles: The newest title of each channel that a look showed, by what ``kin`` names.
    """

    item: ItemRow
    log_index: int
    after: str
    sealed: Mapping[str, str]
    holes: tuple[HoleBeside, ...]
    others: tuple[ItemRow, ...]
    checkpoint: str | None
    unstamped: Explained | None
    said: SaidOfItself | None = None
    kin: Sequence[Hint] | None = None
    titles: Mapping[str, str] = field(default_factory=dict)
    sources: Sequence[OtherSight] = ()


def list_items(
    home: Home,
    chosen: Chosen = EVERYTHING,
    *,
    look: DigestLook | None = None,
    after: str | None = None,
    limit: int = LIMIT,
) -> Page[ItemRow]:
    """The verb behind ``evidence list``: a page of items in the order of the log, from the one after ``after``.

    Args:
        look: Opens the records of this page; each page is a look, logged before it is opened.

    Raises:
        UnknownItemError: There is no item ``after``.
        HomeBusyError: The look cannot be logged, since another process writes; nothing was opened.
    """
    rows = item_rows(home, chosen, after=NOTHING if after is None else after, limit=limit + 1)
    if after is not None and not rows:
        _require_item(home, after)
    page = page_of(rows, limit=limit, key=lambda row: row[1].item_id)
    seen, unstamped = _look(home, [index for index, _ in page.entries], look, {"channel": chosen.channel})
    items = tuple(replace(item, seen=seen[index]) if index in seen else item for index, item in page.entries)
    return Page(items, page.more_after, unstamped)


def item_rows(
    home: Home, chosen: Chosen, *, after: int | str, limit: int, last: int = MOST
) -> Sequence[tuple[int, ItemRow]]:
    """Items as ``evidence list`` shows them, ``limit`` at most, from the log index behind ``after`` up to ``last``.

    Args:
        after: A log index, or an item; nothing comes after an item that does not exist.
    """
    bounds = {"after": after, "last": last, "most": limit}
    with glancing(home.engine) as connection:
        rows = connection.execute(_page_statement(chosen, isinstance(after, str)), bounds).all()
    return [(row.idx, _as_item(home, row)) for row in rows]


@functools.lru_cache(maxsize=64)  # to build it takes longer than to run it
def _page_statement(chosen: Chosen, after_item: bool) -> sa.Select[Any]:  # noqa: FBT001 - a cached function's own
    """Select the rows of a page; takes ``after``, ``last`` and ``most``."""
    table, before = database.item, database.item.alias("before")
    after: sa.ColumnElement[int] = sa.bindparam("after", type_=sa.BigInteger)
    if after_item:
        after = sa.select(before.c.idx).where(before.c.item_id == sa.bindparam("after")).scalar_subquery()
    bounds = (table.c.idx > after, table.c.idx <= sa.bindparam("last"))
    wanted = _with_lengths(table).where(*chosen.conditions(), *bounds).order_by(table.c.idx)
    return wanted.limit(sa.bindparam("most", type_=sa.Integer))


def _require_item(home: Home, item_id: str) -> None:
    table = database.item.c
    with glancing(home.engine) as connection:
        if connection.execute(sa.select(table.idx).where(table.item_id == item_id)).first() is None:
            raise _no_such_item(item_id)


def show_item(home: Home, item_id: str, look: DigestLook | None = None) -> ShownItem:
    """The verb behind ``evidence show``: one item's place, log entry, what is sealed for it, and the holes beside it.

    Raises:
        UnknownItemError: There is no such item or case, the item is frozen, or kin is asked for of what is no channel.
        AuthorityError: Kin is asked for without a reason.
        HomeBusyError: The look cannot be logged, since another process writes; nothing was opened.
    """
    with glancing(home.engine) as connection:
        row = connection.execute(_item_statement(), {"item": item_id}).one_or_none()
    if row is None:
        raise _no_such_item(item_id)
    if row.is_frozen:
        with reading(home.engine) as connection:
            require_shown(connection, item_id)
    leaf = parse_leaf(bytes(row.leaf))
    holes, others = _beside(home, row)
    sources: Sequence[OtherSight] = ()
    if row.has_sources:
        with reading(home.engine) as connection:
            sources = other_sources(connection, [item_id]).get(item_id, ())
    told = _Told({}, None)
    if look is not None and row.kind == Kind.CHANNEL.value:
        told = _look_at_channel(home, row, look)
    else:
        _require_no_kin(look, row.kind)
        told = _Told(*_look(home, [row.idx], look, {"item": item_id}))
    return ShownItem(
        item=replace(_as_item(home, row), seen=told.seen.get(row.idx)),
        log_index=row.idx,
        after=leaf.after,
        sealed=leaf.sealed,
        holes=holes,
        others=tuple(_as_item(home, other) for other in others),
        checkpoint=None if row.signed_size is None else str(row.signed_size),
        unstamped=told.unstamped,
        said=told.said,
        kin=told.kin,
        titles=told.titles,
        sources=sources,
    )


def _no_such_item(item_id: str) -> UnknownItemError:
    return UnknownItemError("unknown_item.no_such_item", found=item_id[:64])


@functools.cache
def _item_statement() -> sa.Select[Any]:
    """Select all that most items need, in one statement: each more is a wait for the server.

    That is the row of the item ``item`` with its leaf, whether it is frozen, whether anything lies beside it, and the
    size of the newest signed checkpoint.
    """
    table, event, other, hole = database.item, database.event, database.item.alias("other"), database.hole
    size = database.checkpoint.c.size
    wanted = _with_lengths(table).add_columns(
        event.c.leaf,
        (~not_frozen()).label("is_frozen"),
        sa.exists().where(_is_at(hole, table.c.channel_id, table.c.message_id)).label("has_holes"),
        sa.exists().where(same_thing(table, other)).label("has_others"),
        sa.exists().where(is_same_message(table, other)).label("has_sources"),
        sa.select(size).order_by(size.desc()).limit(1).scalar_subquery().label("signed_size"),
    )
    placed = wanted.join_from(table, event, event.c.idx == table.c.idx)
    return placed.where(table.c.item_id == sa.bindparam("item"))


def _beside(home: Home, item: sa.Row[Any]) -> tuple[tuple[HoleBeside, ...], Sequence[sa.Row[Any]]]:
    """The holes beside an item, and the rows of the same thing as other imports kept it."""
    if not (item.has_holes or item.has_others):
        return (), ()
    with reading(home.engine) as connection:
        return _holes_beside(connection, item), connection.execute(_same_statement(), {"at": item.idx}).all()


@functools.cache
def _same_statement() -> sa.Select[Any]:
    """Select the rows of the same thing as the item in the log's entry ``at``."""
    this, other = database.item.alias("this"), database.item.alias("other")
    pairs = _with_lengths(other).join_from(other, this, same_thing(this, other))
    return pairs.where(this.c.idx == sa.bindparam("at"), not_frozen(other)).order_by(other.c.idx)


def _with_lengths(item: sa.FromClause) -> sa.Select[Any]:
    """Select items, each with ``kept``: the length of its sealed payload in bytes, if that is in a row of its own.

    Asked for each item by itself: with a join, PostgreSQL reads every sealed payload before the page, too.
    """
    kept = database.sealed.c
    length = sa.select(sa.func.length(kept.body)).where(kept.idx == item.c.idx, kept.name == "media")
    return sa.select(*(item.c[name] for name in _SHOWN), length.correlate(item).scalar_subquery().label("kept"))


_SHOWN = (
    "idx",
    "item_id",
    "channel_id",
    "message_id",
    "kind",
    "posted_at",
    "acquired_at",
    "mode",
    "payload_sha256",
)
"""What of an item's row people may see."""


def _holes_beside(connection: sa.Connection, item: sa.Row[Any]) -> tuple[HoleBeside, ...]:
    table = database.item.c
    at = {"channel": item.channel_id, "message": item.message_id}
    rows = connection.execute(_holes_statement(), at).all()
    if not rows:
        return ()
    received = received_parts(connection, item.channel_id, message_id=item.message_id)
    indexes = {idx for receipt in received.values() for idx in (*receipt.same, *receipt.perhaps)}
    chosen = connection.execute(sa.select(table.idx, table.item_id).where(table.idx.in_(indexes), not_frozen()))
    named = {row.idx: row.item_id for row in chosen}
    receipts = [received.get(row.idx, NOT_RECEIVED) for row in rows]
    return tuple(
        HoleBeside(
            row.reason,
            row.since,
            received=tuple(named[idx] for idx in receipt.same if idx in named),
            perhaps=tuple(named[idx] for idx in receipt.perhaps if idx in named),
        )
        for row, receipt in zip(rows, receipts, strict=True)
    )


@functools.cache
def _holes_statement() -> sa.Select[Any]:
    """Select the holes at the message ``message`` of ``channel``."""
    hole = database.hole
    here = _is_at(hole, sa.bindparam("channel"), sa.bindparam("message", type_=sa.BigInteger))
    return sa.select(hole.c.idx, hole.c.reason, hole.c.since).where(here, no_hole_of_frozen()).order_by(hole.c.idx)


def _is_at(
    hole: sa.FromClause, channel: sa.ColumnElement[str], message: sa.ColumnElement[int]
) -> sa.ColumnElement[bool]:
    """A hole is at this message; none is where there is no message, as of a channel and what it shows beside them."""
    return sa.and_(hole.c.channel_id == channel, hole.c.lo <= message, hole.c.hi >= message)


def _look(
    home: Home, indexes: Sequence[int], look: DigestLook | None, asked: Mapping[str, str | None]
) -> tuple[Mapping[int, LookedAt], Explained | None]:
    """What records say of their items, by log index, none without a look; and why the look has no time stamp yet.

    Args:
        asked: What was asked for, by NAME of ``digests_viewed``.
    """
    if look is None or not indexes:
        return {}, None
    values = {**look.doer.values(), **asked, "items": str(len(indexes))}
    unstamped = home.log_look(Draft("digests_viewed", values))
    return {event.index: _looked_at(event) for event in open_events(home.engine, indexes, look.casework)}, unstamped


@dataclass(frozen=True, slots=True)
class _Told:
    """What a look at one item showed."""

    seen: Mapping[int, LookedAt]
    unstamped: Explained | None
    said: SaidOfItself | None = None
    kin: Sequence[Hint] | None = None
    titles: Mapping[str, str] = field(default_factory=dict)


def _require_no_kin(look: DigestLook | None, kind: str) -> None:
    if look is not None and look.kin_for is not None:
        raise UnknownItemError("unknown_item.not_a_channel", found=kind)


def _look_at_channel(home: Home, row: sa.Row[Any], look: DigestLook) -> _Told:
    """What a channel says of itself, and for a case, what the other channels say that share something with it."""
    indexes = [row.idx]
    if look.kin_for is not None:
        require_case(home.engine, look.kin_for)
        _require_of_the_case(home, row.channel_id, look.kin_for)
        require_reason(look.doer, act="lineage")
        indexes = _snapshots(home)
    values = {**look.doer.values(), "case": look.kin_for, "item": row.item_id, "items": str(len(indexes))}
    unstamped = home.log_look(Draft("channel_viewed", values))
    said: dict[int, tuple[str, SaidOfItself]] = {}
    seen: dict[int, LookedAt] = {}
    for event in open_events(home.engine, indexes, look.casework):
        record = event.record.values if event.record else {}
        itself = said_of_itself(record) if record else None
        if itself is not None:
            said[event.index] = _person(str(record["channel_id"])), itself
        if event.index == row.idx:
            seen = {row.idx: _looked_at(event)}
    mine = said.get(row.idx)
    kin = None if look.kin_for is None else hints_of(_person(row.channel_id), said.values())
    titles = {name: each.title for name, each in said.values() if each.title is not None}
    return _Told(seen, unstamped, None if mine is None else mine[1], kin, titles)


def _require_of_the_case(home: Home, channel_id: str, case_id: str) -> None:
    """Check that the case is about the channel: links are computed inside a case, and not of another's.

    Raises:
        UnknownItemError: The case holds nothing of it.
    """
    held, item = database.case_item.c, database.item.c
    asked = sa.select(held.idx).join_from(database.case_item, database.item, held.item_id == item.item_id)
    asked = asked.where(
        held.case_id == case_id, held.removed_idx.is_(None), item.channel_id == channel_id, not_frozen()
    ).limit(1)
    with reading(home.engine) as connection:
        if connection.execute(asked).first() is None:
            raise UnknownItemError("unknown_item.channel_not_in_the_case", found=channel_id)


def _snapshots(home: Home) -> list[int]:
    """Every item of kind ``channel``: rows do not tell those apart that only say what messages counted."""
    item = database.item.c
    with reading(home.engine) as connection:
        asked = sa.select(item.idx).where(item.kind == Kind.CHANNEL.value, not_frozen()).order_by(item.idx)
        return list(connection.execute(asked).scalars())


def _person(channel_id: str) -> str:
    """A channel as people are named: a channel's or supergroup's own number is bare."""
    return f"channel{channel_id}" if channel_id.isdecimal() else channel_id


def _looked_at(event: OpenedEvent) -> LookedAt:
    values = event.record.values if event.record else {}
    known, media_type, length, text = (values.get(name) for name in ("sha256", "media_type", "bytes", "text"))
    if media_type is None and isinstance(name := values.get("file_name"), str):
        media_type = mimetypes.guess_type(name)[0]
    is_file = values.get("kind") == Kind.FILE
    return LookedAt(
        sha256=None if (digest := known or values.get("raw_sha256")) is None else str(digest),
        media_type=media_type if isinstance(media_type, str) else None,
        bytes=int(length) if isinstance(length, str) else None,
        characters=None if is_file else len(text) if isinstance(text, str) else 0,
    )


def _as_item(home: Home, row: sa.Row[Any]) -> ItemRow:
    kept = row.kept
    if kept is None and row.payload_sha256 is not None:
        kept = home.objects.size(row.payload_sha256) or None
    return ItemRow(
        row.item_id, row.channel_id, row.message_id, row.kind, row.posted_at, row.acquired_at, row.mode, kept
    )
