"""Replies to messages of a case that are not in it: one of them may say that it is not she.

Whoever picks the exhibits decides what a court sees. So a direct reply to a message of the case belongs beside it, or a
person says why not: the entry ``left_out`` names these replies, sealed, and says how many there are, and why.
LIMIT: only replies that name the message in the same chat and are at most ``REACH`` numbers behind a message of the
case. Each record has to be opened to see what it answers, and a channel can have a million.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from casefiles.case import open_events
from casefiles.case_entries import events_of_case
from evidence.authority import Doer
from evidence.canonical import text_value
from evidence.custody.event import Draft
from evidence.observation import Kind
from evidence.seal.recipients import KeyIdentity
from evidence.store import database
from evidence.store.captured import confirmed
from evidence.store.database import reading
from evidence.store.freeze import not_frozen
from evidence.store.upgrade import stands

LEFT_OUT = "left_out"
"""The type of the entry by which a person leaves replies out."""
REACH = 500
"""How many numbers behind a message a reply is looked for."""
_ANSWERS = (Kind.MESSAGE.value, Kind.EDIT.value)


@dataclass(frozen=True, slots=True)
class AnsweringItem:
    """A preserved message that answers one of the case, and is not in the case.

    Attributes:
        message_id: Its number; ``answers`` is the number of the message of the case.
    """

    item_id: str
    channel_id: str
    message_id: int
    answers: int


def replies_beside(engine: sa.Engine, case_id: str, casework: KeyIdentity) -> Sequence[AnsweringItem]:
    """The direct replies to messages of a case that are not in it, and that nobody left out for a reason.

    Frozen replies are not among them. If a reply was edited, its first item stands for all.

    Raises:
        LeafError: A record is missing, damaged or not of its leaf.
    """
    decided = _decided(engine, case_id, casework)
    with reading(engine) as connection:
        numbers = _numbers(connection, case_id)
        rows = [row for channel, those in numbers.items() for row in _near(connection, channel, those)]
    beside = dict[tuple[str, int], AnsweringItem]()
    opened = open_events(engine, [row.idx for row in rows], casework)
    passed = _passed(rows, decided)
    for row, event in zip(rows, opened, strict=True):
        place = (str(row.channel_id), int(row.message_id))
        answered = event.record.values.get("reply_to") if event.record else None
        if isinstance(answered, str) and int(answered) in numbers[place[0]] and place not in passed:
            beside.setdefault(place, AnsweringItem(row.item_id, *place, int(answered)))
    return tuple(beside.values())


def left_out_drafted(case_id: str, replies: Sequence[AnsweringItem], doer: Doer) -> Draft:
    """The entry that leaves out replies beside a case, for the doer's reason.

    The reason is for the reader of a bundle.
    """
    values = {"case": case_id, "items": str(len(replies)), "left_items": [reply.item_id for reply in replies]}
    return Draft(LEFT_OUT, doer.values() | values | {"text": text_value(doer.reason or "")})


def _decided(engine: sa.Engine, case_id: str, casework: KeyIdentity) -> Mapping[str, int]:
    """The items that were left out for a reason, each with the place in the log of the newest entry that says so."""
    found = dict[str, int]()
    for event, record in events_of_case(engine, case_id, [LEFT_OUT], casework):
        named = record.values["left_items"]
        found |= {item: event.index for item in named if isinstance(item, str)} if isinstance(named, list) else {}
    return found


def _passed(rows: Sequence[sa.Row[Any, Any, Any, Any]], decided: Mapping[str, int]) -> frozenset[tuple[str, int]]:
    """The places of replies that were left out, unless one was edited since: nobody has seen what it says now."""
    newest, until = dict[tuple[str, int], int](), dict[tuple[str, int], int]()
    for row in rows:
        place = (row.channel_id, row.message_id)
        newest[place] = max(newest.get(place, -1), row.idx)
        until[place] = max(until.get(place, -1), decided.get(row.item_id, -1))
    return frozenset(place for place, index in newest.items() if index < until[place])


def _numbers(connection: sa.Connection, case_id: str) -> Mapping[str, frozenset[int]]:
    """The numbers of the messages of a case, by channel."""
    item, held, found = database.item, database.case_item, defaultdict[str, set[int]](set)
    places = sa.select(item.c.channel_id, item.c.message_id).join(held, held.c.item_id == item.c.item_id)
    places = places.where(held.c.case_id == case_id, held.c.removed_idx.is_(None), not_frozen())
    for row in connection.execute(places.where(item.c.message_id.is_not(None)).distinct()):
        found[row.channel_id].add(row.message_id)
    return {channel: frozenset(numbers) for channel, numbers in found.items()}


def _near(connection: sa.Connection, channel: str, numbers: frozenset[int]) -> Iterator[sa.Row[Any, Any, Any, Any]]:
    """The messages of a channel that may answer one of these, and are not among these, in the order of the log."""
    table = database.item.c
    rows = sa.select(table.idx, table.item_id, table.channel_id, table.message_id).where(
        table.channel_id == channel, table.kind.in_(_ANSWERS), stands(), not_frozen(), confirmed()
    )
    for lo, hi in _spans(numbers):
        for row in connection.execute(rows.where(table.message_id.between(lo, hi)).order_by(table.idx)):
            if row.message_id not in numbers:
                yield row


def _spans(numbers: frozenset[int]) -> Iterator[tuple[int, int]]:
    """The numbers within reach behind these, in spans that do not overlap."""
    lo = hi = None
    for number in sorted(numbers):
        if lo is None or hi is None or number > hi:
            if lo is not None and hi is not None:
                yield lo, hi
            lo = number + 1
        hi = number + REACH
    if lo is not None and hi is not None:
        yield lo, hi
