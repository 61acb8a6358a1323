"""What is preserved, as a person may see it: places, times and digests, never content.

Places and times stand in clear. A digest lies in a sealed record: to show digests is the one look
into records outside of a case. It is logged first, and nothing else leaves the record.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from api.home import Home
from api.office.page import LIMIT, Page, page_of
from casefiles.case import OpenedEvent, open_events
from config.errors import Explained
from evidence.authority import Doer
from evidence.custody.event import Draft
from evidence.custody.sequencer import newest_checkpoint
from evidence.errors import UnknownItemError
from evidence.log.leaf import parse_leaf
from evidence.seal.age import Identity
from evidence.store import database
from evidence.store.database import reading


@dataclass(frozen=True, slots=True)
class DigestLook:
    """Who wants to see digests, and the key that opens them."""

    doer: Doer
    casework: Identity = field(repr=False)


@dataclass(frozen=True, slots=True)
class ItemRow:
    """What stands in clear of an item, and its digest where somebody looked.

    Attributes:
        kind: A ``Kind``, as the row says it.
        posted_at: As values of the log are written, and so is ``acquired_at``.
        sha256: Of a file its content's, of anything else that of its bytes at the source; None where nobody looked.
    """

    item_id: str
    channel_id: str
    message_id: int | None
    kind: str
    posted_at: str | None
    acquired_at: str
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class HoleBeside:
    """A hole at the message of an item."""

    reason: str
    since: str


@dataclass(frozen=True, slots=True)
class ShownItem:
    """An item with its log entry and what lies beside it.

    Attributes:
        after: Digest of the newest token that its leaf names.
        sealed: Digests of what is sealed for it, by name.
        checkpoint: Size of the newest signed checkpoint; None before the first.
        unstamped: Why the look has no time stamp yet; None where it has one or nobody looked.
    """

    item: ItemRow
    log_index: int
    after: str
    mode: str
    sealed: Mapping[str, str]
    holes: tuple[HoleBeside, ...]
    checkpoint: str | None
    unstamped: Explained | None


def list_items(
    home: Home,
    *,
    channel: str | None = None,
    look: DigestLook | None = None,
    after: str | None = None,
    limit: int = LIMIT,
) -> Page[ItemRow]:
    """A page of the items in the order of the log, from the one that follows item ``after``.

    Args:
        channel: Only the items of this channel.
        look: Opens the digests of this page; each page is a look, logged before it is opened.

    Raises:
        UnknownItemError: There is no item ``after``.
        HomeBusyError: The look cannot be logged, since another process writes; nothing was opened.
    """
    table = database.item
    wanted = sa.select(table).order_by(table.c.idx).limit(limit + 1)
    if channel is not None:
        wanted = wanted.where(table.c.channel_id == channel)
    with reading(home.engine) as connection:
        if after is not None:
            wanted = wanted.where(table.c.idx > _row(connection, after).idx)
        page = page_of(connection.execute(wanted).all(), limit=limit, key=lambda row: str(row.item_id))
    digests, unstamped = _digests(home, [row.idx for row in page.entries], look, {"channel": channel})
    items = tuple(_as_item(row, digests.get(row.idx)) for row in page.entries)
    return Page(items, page.more_after, unstamped)


def show_item(home: Home, item_id: str, look: DigestLook | None = None) -> ShownItem:
    """One item: its place, its log entry, what is sealed for it, and the holes beside it.

    Raises:
        UnknownItemError: There is no such item.
        HomeBusyError: The look cannot be logged, since another process writes; nothing was opened.
    """
    event = database.event
    with reading(home.engine) as connection:
        row = _row(connection, item_id)
        leaf = parse_leaf(bytes(connection.execute(sa.select(event.c.leaf).where(event.c.idx == row.idx)).scalar_one()))
        holes = _holes_beside(connection, row)
        note = newest_checkpoint(connection)
    digests, unstamped = _digests(home, [row.idx], look, {"item": item_id})
    return ShownItem(
        item=_as_item(row, digests.get(row.idx)),
        log_index=row.idx,
        after=leaf.after,
        mode=row.mode,
        sealed=leaf.sealed,
        holes=holes,
        checkpoint=None if note is None else note.decode("utf-8").splitlines()[1],
        unstamped=unstamped,
    )


def _row(connection: sa.Connection, item_id: str) -> sa.Row[Any]:
    table = database.item
    row = connection.execute(sa.select(table).where(table.c.item_id == item_id)).one_or_none()
    if row is None:
        raise UnknownItemError("unknown_item.no_such_item", found=item_id[:64])
    return row


def _holes_beside(connection: sa.Connection, item: sa.Row[Any]) -> tuple[HoleBeside, ...]:
    holes = database.hole
    beside = sa.select(holes.c.reason, holes.c.since).where(
        holes.c.channel_id == item.channel_id, holes.c.lo <= item.message_id, holes.c.hi >= item.message_id
    )
    return tuple(HoleBeside(*row) for row in connection.execute(beside.order_by(holes.c.idx)))


def _digests(
    home: Home, indexes: Sequence[int], look: DigestLook | None, asked: Mapping[str, str | None]
) -> tuple[Mapping[int, str | None], Explained | None]:
    """The digests by log index, none without a look; and why the look has no time stamp yet.

    Args:
        asked: What was asked for, by NAME of ``digests_viewed``.
    """
    if look is None or not indexes:
        return {}, None
    values = {**look.doer.values(), **asked, "items": str(len(indexes))}
    unstamped = home.log_look(Draft("digests_viewed", values))
    return {event.index: _digest(event) for event in open_events(home.engine, indexes, look.casework)}, unstamped


def _digest(event: OpenedEvent) -> str | None:
    values = event.record.values if event.record else {}
    known = values.get("sha256") or values.get("raw_sha256")
    return None if known is None else str(known)


def _as_item(row: sa.Row[Any], sha256: str | None) -> ItemRow:
    return ItemRow(row.item_id, row.channel_id, row.message_id, row.kind, row.posted_at, row.acquired_at, sha256)
