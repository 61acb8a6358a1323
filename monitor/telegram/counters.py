"""What messages counted at a time: views, forwards, replies, reactions and votes, read again at intervals of their own.

A message brings its counters when it is first seen. They then change by themselves, and a look keeps no new message
for that. So the messages of the last days are read again by number, a block of 100 at a time, and once more when they
are a day old. One observation of the channel gives the counters that have changed since they were last read; if none
has changed, nothing is kept. It does not tell who reacted or voted.

    task  counted  CHANNEL_ID/BLOCK   a keyed mark of each message's counters as they were last read (JSON)
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from evidence.canonical import jcs, sha256_hex
from evidence.content import Content, Part, join_content, split_content
from evidence.observation import Kind, Observation
from evidence.store import database, task
from evidence.store.marks import SeenKey
from evidence.times import format_time, is_due
from monitor.telegram.standing import MARK_BYTES, known_below

COUNTED = "counted"
BLOCK = 100
"""For how many numbers one request reads the counters."""
WINDOW = timedelta(days=7)
"""How long after posting the counters of a message are read."""
ONCE_MORE = timedelta(days=1)
"""After this age they are read once, whatever the interval."""
LOOK_EVERY = timedelta(minutes=30)
"""How often messages of that age are looked for."""
_SAID = (Kind.MESSAGE, Kind.SERVICE)


def span_due(
    now: datetime, *, counted_at: datetime | None, aged_at: datetime | None, every: timedelta
) -> tuple[datetime, datetime] | None:
    """Between which times messages were posted whose counters the watch must read; None if none is due.

    Args:
        counted_at: When those of the whole window were last read; None for never, and then none are due yet.
        aged_at: When those of a day's age were last looked for.
        every: The interval; zero for never.
    """
    if not every or counted_at is None:
        return None
    if is_due(counted_at, every, now):
        return now - WINDOW, now
    last = max(counted_at, aged_at or counted_at)
    return (last - ONCE_MORE, now - ONCE_MORE) if is_due(last, LOOK_EVERY, now) else None


def blocks_between(connection: sa.Connection, channel_id: int, since: datetime, until: datetime) -> list[int]:
    """The blocks of numbers, for the watch to read counters of, with messages from between two times.

    The newest come first.
    """
    item = database.item.c
    posted = sa.and_(item.posted_at > format_time(since), item.posted_at <= format_time(until))
    wanted = sa.select(item.message_id).where(item.channel_id == str(channel_id), item.message_id.is_not(None), posted)
    numbers = connection.execute(wanted.distinct()).scalars()
    return sorted({number // BLOCK for number in numbers}, reverse=True)


def numbers_in(connection: sa.Connection, channel_id: int, block: int) -> list[int]:
    """The messages of a block whose counters the watch reads, descending: kept, and not known to be gone."""
    known = known_below(connection, channel_id, (block + 1) * BLOCK, BLOCK)
    return [number for number in known if number >= block * BLOCK]


@dataclass(frozen=True, slots=True)
class CountedBlock:
    """What the messages of one block counted at a time.

    Attributes:
        parts: One for each message whose counters have changed.
        marks: One for every message.
    """

    parts: tuple[Part, ...]
    marks: Mapping[str, str]

    def observation(self, channel_id: str) -> Observation | None:
        """The snapshot of counters; None if nothing has changed."""
        if not self.parts:
            return None
        fields = split_content(Content(None, (), (), self.parts))
        return Observation(Kind.CHANNEL, channel_id, None, None, {"channel_id": channel_id, **fields})


def counts_of(messages: Sequence[Observation], before: Mapping[str, str], at: datetime, seen: SeenKey) -> CountedBlock:
    """What Telegram counted for messages of one channel, compared with the marks of the last reading."""
    said = {str(each.message_id): _counted(each) for each in messages if each.kind in _SAID}
    marks = {
        str(each.message_id): _mark(seen, each, said[str(each.message_id)]) for each in messages if each.kind in _SAID
    }
    parts = [
        Part("counted", {"message_id": number, "at": format_time(at), **fields})
        for number, fields in said.items()
        if marks[number] != before.get(number)
    ]
    return CountedBlock(tuple(parts), marks)


def read_marks(connection: sa.Connection, channel_id: int, block: int) -> Mapping[str, str]:
    """The marks of a block's counters as the watch last read them."""
    noted = task.noted(connection, COUNTED).get(_subject(channel_id, block))
    return json.loads(noted.progress) if noted is not None and noted.progress else {}


def write_marks(connection: sa.Connection, channel_id: int, block: int, marks: Mapping[str, str], at: datetime) -> None:
    """Keep the marks of a block's counters with their observation; forget those that are past the window."""
    subject = _subject(channel_id, block)
    task.note_work(connection, kind=COUNTED, subject=subject, due_at=at + WINDOW, progress=json.dumps(dict(marks)))
    for other, each in task.noted(connection, COUNTED).items():
        if each.due_at < at:
            task.forget_work(connection, kind=COUNTED, subject=other)


def _subject(channel_id: int, block: int) -> str:
    return f"{channel_id}/{block}"


def _mark(seen: SeenKey, message: Observation, fields: Mapping[str, Any]) -> str:
    """A keyed mark of what a message counted, which nobody finds out by trying every number."""
    number = str(message.message_id)
    written = split_content(Content(None, (), (), (Part("counted", {"message_id": number, **fields}),)))
    return seen.mark("counted", message.channel_id, number, sha256_hex(jcs(written["counters"])))[:MARK_BYTES].hex()


def _counted(message: Observation) -> dict[str, Any]:
    """The fields of ``counted`` that a message has, from its own counters."""
    counters = join_content(message.fields).counters
    found: dict[str, Any] = {}
    reactions: list[Part] = []
    for part in counters if isinstance(counters, tuple) else ():
        if part.kind in ("views", "forwards", "replies") and "count" in part.fields:
            found[part.kind] = part.fields["count"]
        elif part.kind == "reaction":
            reactions.append(_without(part, "recent"))
        elif part.kind == "votes":
            found |= _votes(part)
    return found | ({"reactions": tuple(reactions)} if reactions else {})


def _votes(part: Part) -> dict[str, Any]:
    answers = part.fields.get("answers")
    found = {to: part.fields[name] for name, to in (("total", "voters"), ("closed", "closed")) if name in part.fields}
    if isinstance(answers, tuple):
        found["answers"] = tuple(_without(each, "people") for each in answers if isinstance(each, Part))
    return found


def _without(part: Part, *names: str) -> Part:
    return Part(part.kind, {name: value for name, value in part.fields.items() if name not in names})
