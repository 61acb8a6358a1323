"""What is preserved, as a person may see it: places, times and digests, never content.

Places and times stand in clear. A digest lies in a sealed record: to show digests is the one look
into records outside of a case. It is logged first, and nothing else leaves the record.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from api.home import Home
from casefiles.case import Opened, open_events
from evidence.authority import Doer
from evidence.custody.event import Draft
from evidence.custody.sequencer import newest_checkpoint
from evidence.errors import StampError, UnknownItemError
from evidence.log.leaf import parse_leaf
from evidence.seal.age import Identity
from evidence.store import database
from evidence.store.database import reading


@dataclass(frozen=True, slots=True)
class Look:
    """Who wants to see digests, and the key that opens them.

    Attributes:
        unstamped: Hears, once the look is logged, why no time stamp could be had yet, or None.
    """

    doer: Doer
    casework: Identity = field(repr=False)
    unstamped: Callable[[StampError | None], object]


def list_items(home: Home, channel: str | None, look: Look | None) -> list[dict[str, Any]]:
    """Every item in the order of the log; ``sha256`` is None where nobody looks.

    Raises:
        HomeBusyError: The look cannot be logged, since another process writes; nothing was opened.
    """
    table = database.item
    wanted = sa.select(table).order_by(table.c.idx)
    if channel is not None:
        wanted = wanted.where(table.c.channel_id == channel)
    with reading(home.engine) as connection:
        rows = connection.execute(wanted).all()
    digests = _digests(home, [row.idx for row in rows], look, {"channel": channel})
    return [_as_item(row, digests.get(row.idx)) for row in rows]


def _digests(
    home: Home, indexes: Sequence[int], look: Look | None, asked: Mapping[str, str | None]
) -> Mapping[int, str | None]:
    """The digests by log index; none without a look.

    Args:
        asked: What was asked for, by NAME of ``digests_viewed``.
    """
    if look is None or not indexes:
        return {}
    with home.writing() as writer:
        told = {**look.doer.values(), **asked, "items": str(len(indexes))}
        writer.sequencer.append([Draft("digests_viewed", told)])
        look.unstamped(writer.beat())
    return {event.index: _digest(event) for event in open_events(home.engine, indexes, look.casework)}


def _digest(event: Opened) -> str | None:
    values = event.record.values if event.record else {}
    known = values.get("sha256") or values.get("raw_sha256")
    return None if known is None else str(known)


def _as_item(row: sa.Row[Any], sha256: str | None) -> dict[str, Any]:
    return {
        "item_id": row.item_id,
        "channel_id": row.channel_id,
        "message_id": row.message_id,
        "kind": row.kind,
        "posted_at": row.posted_at,
        "acquired_at": row.acquired_at,
        "sha256": sha256,
    }


def show_item(home: Home, item_id: str, look: Look | None) -> dict[str, Any]:
    """One item: its place, its log entry, what is sealed for it, and the holes beside it.

    Raises:
        UnknownItemError: There is no such item.
        HomeBusyError: The look cannot be logged, since another process writes; nothing was opened.
    """
    table, holes, event = database.item, database.hole, database.event
    with reading(home.engine) as connection:
        row = connection.execute(sa.select(table).where(table.c.item_id == item_id)).one_or_none()
        if row is None:
            raise UnknownItemError(
                "there is no such item", found=item_id[:64], fix="Look it up: nisisama evidence list"
            )
        leaf = parse_leaf(bytes(connection.execute(sa.select(event.c.leaf).where(event.c.idx == row.idx)).scalar_one()))
        beside = connection.execute(
            sa.select(holes.c.reason, holes.c.since).where(
                holes.c.channel_id == row.channel_id, holes.c.lo <= row.message_id, holes.c.hi >= row.message_id
            )
        ).all()
        note = newest_checkpoint(connection)
    digests = _digests(home, [row.idx], look, {"item": item_id})
    return _as_item(row, digests.get(row.idx)) | {
        "log_index": row.idx,
        "after": leaf.after,
        "mode": row.mode,
        "sealed": dict(leaf.sealed),
        "holes": [{"reason": hole.reason, "since": hole.since} for hole in beside],
        "checkpoint": None if note is None else note.decode("utf-8").splitlines()[1],
    }
