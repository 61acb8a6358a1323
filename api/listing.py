"""What is preserved, as a person may see it: places, times and digests, never content."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from api.home import Home
from casefiles.case import open_events
from evidence import database
from evidence.database import reading
from evidence.errors import UnknownItemError
from evidence.log.leaf import parse_leaf
from evidence.log.sequencer import newest_checkpoint
from evidence.seal.age import Identity


def list_items(home: Home, channel: str | None, casework: Identity | None) -> list[dict[str, Any]]:
    """Every item in the order of the log; ``sha256`` is None while the casework key is locked."""
    table = database.item
    wanted = sa.select(table).order_by(table.c.idx)
    if channel is not None:
        wanted = wanted.where(table.c.channel_id == channel)
    with reading(home.engine) as connection:
        rows = connection.execute(wanted).all()
    digests = _digests(home, [row.idx for row in rows], casework) if casework else {}
    return [_as_item(row, digests.get(row.idx)) for row in rows]


def _digests(home: Home, indexes: Sequence[int], casework: Identity) -> Mapping[int, str | None]:
    digests: dict[int, str | None] = {}
    for event in open_events(home.engine, indexes, casework):
        values = event.record.values if event.record else {}
        known = values.get("sha256") or values.get("raw_sha256")
        digests[event.index] = None if known is None else str(known)
    return digests


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


def show_item(home: Home, item_id: str, casework: Identity | None) -> dict[str, Any]:
    """One item: its place, its log entry, what is sealed for it, and the holes beside it.

    Raises:
        UnknownItemError: There is no such item.
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
    digest = _digests(home, [row.idx], casework).get(row.idx) if casework else None
    return _as_item(row, digest) | {
        "log_index": row.idx,
        "after": leaf.after,
        "mode": row.mode,
        "sealed": dict(leaf.sealed),
        "holes": [{"reason": hole.reason, "since": hole.since} for hole in beside],
        "checkpoint": None if note is None else note.decode("utf-8").splitlines()[1],
    }
