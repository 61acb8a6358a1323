"""Which holes of a chat stand for a part that the store has: received at another time, or kept in a higher mode.

Read from unencrypted rows, by marks (``evidence.store.marks``), without a key. ``evidence.completeness`` decides, by
the same rule as for the values that a bundle shows.
"""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from evidence.completeness import Had, Lost, MessagePart, Receipt, receipts
from evidence.observation import OF_A_PART, HoleReason, Kind, Mode
from evidence.store import database
from evidence.store.marks import PART_BYTES


def received_parts(
    connection: sa.Connection, channel_id: str | None, *, message_id: int | None = None
) -> Mapping[int, Receipt]:
    """What the rows say by now about a chat's holes that are in the place of a part, by log index.

    Args:
        message_id: Only the holes of this message; None for all.
    """
    hole, item = database.hole.c, database.item.c
    holes: sa.Select[Any] = sa.select(hole.idx, hole.lo, hole.part, hole.reason).where(
        hole.channel_id == channel_id, hole.part.is_not(None)
    )
    items: sa.Select[Any] = sa.select(item.idx, item.message_id, item.part, item.kind, item.mode).where(
        item.channel_id == channel_id, item.part.is_not(None), item.mode != Mode.METADATA_ONLY.value
    )
    if message_id is not None:
        holes, items = holes.where(hole.lo == message_id), items.where(item.message_id == message_id)
    else:
        numbers = sa.select(hole.lo).where(hole.channel_id == channel_id, hole.part.is_not(None))
        items = items.where(sa.or_(item.message_id.is_(None), item.message_id.in_(numbers)))
    lost = [_lost(row, channel_id or "") for row in connection.execute(holes)]
    if not lost:
        return {}
    return receipts(lost, (_had(row) for row in connection.execute(items)))


def _lost(row: sa.Row[Any], channel_id: str) -> Lost:
    # each account numbers the messages of its private chats; and a hole without a state is in the place of a file
    numbered = row.lo is not None and channel_id.isdecimal()
    return Lost(row.idx, _part(row.lo, row.part, shared=numbered), OF_A_PART[HoleReason(row.reason)])


def _had(row: sa.Row[Any]) -> Had:
    return Had(row.idx, _part(row.message_id, row.part, shared=row.kind == Kind.FILE.value), Mode(row.mode))


def _part(number: int | None, mark: bytes, *, shared: bool) -> MessagePart:
    return MessagePart((number, mark[:PART_BYTES]), mark[PART_BYTES:] or None, shared)
