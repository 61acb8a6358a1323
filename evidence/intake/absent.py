"""What an export of a chat lacks that an older one has: missing, and nobody knows why.

A message may have been deleted, or the exporter's settings left it out. So it is recorded as a deletion whose reason
is not known, as the watch records what is not there when it asks again: ``missing`` if the export that lacks it is
brought last (``Gone.MISSING``), ``lacked`` if that was brought before the one that has it (``Gone.LACKED``). It is
recorded only

- where the chat numbers its own messages, so that its numbers are the same for everybody;
- within what the export that lacks it spans, by number and by date: a client may export one year, or see a group from
  the day on which he joined;
- of an export that is newer: it goes at least as far as everything that was kept of the chat, or its last message was
  posted after the missing one was kept; brought before, it goes at least as far as the one that has the message;
- of an export of several people, or of a channel's own posts: Telegram Desktop can export "only my messages", and does
  not write that it did.

What an export spans is in the entry of its import, and in clear in ``extent`` (``evidence.store.projection``).

# LIMIT: an export of one topic of a forum cannot be told from one of the forum; what is missing of other topics is
recorded as missing, for a reason that is not known.
"""

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from evidence.canonical import Value
from evidence.observation import EVERYBODY, Gone, Hole, HoleReason, Kind, Observation
from evidence.store import database
from evidence.store.database import reading
from evidence.store.freeze import not_frozen
from evidence.times import format_time

_SHOWN = (Kind.MESSAGE.value, Kind.EDIT.value, Kind.SERVICE.value)
_MANY = 2
_ROWS = 10_000


@dataclass(slots=True)
class _Span:
    """What an export spans, while it passes.

    Attributes:
        numbers: Of its messages, 8 bytes each.
        senders: The first two.
        first, last: When the first and the last message was posted, as far as it says so.
        own: It says that it has the exporter's own messages only.
    """

    numbers: "array[int]" = field(default_factory=lambda: array("q"))
    senders: set[object] = field(default_factory=set)
    first: datetime | None = None
    last: datetime | None = None
    own: bool = False

    def take(self, content: Observation | Hole) -> None:
        if isinstance(content, Hole):
            self.own = self.own or content.reason is HoleReason.OWN_ONLY
            return
        # numbers below zero are of the basic group that this was before: each account has others
        if content.message_id is None or content.message_id <= 0 or content.kind is Kind.FILE:
            return
        self.numbers.append(content.message_id)
        sender = content.fields.get("sender_id") or content.fields.get("sender_name")  # pages have names only
        if len(self.senders) < _MANY and isinstance(sender, str) and content.kind is not Kind.SERVICE:
            self.senders.add(sender)
        if at := content.posted_at:
            self.first, self.last = min(self.first or at, at), max(self.last or at, at)

    def is_of_all(self, channel_id: str) -> bool:
        """Whether it has what others wrote too, or the posts of a channel, which has one sender."""
        return not self.own and (len(self.senders) == _MANY or self.senders == {f"channel{channel_id}"})

    def days(self) -> dict[str, str | None]:
        """When its first and its last message was posted."""
        return {"since": _time(self.first), "until": _time(self.last)}


class Absences:
    """Compares an export with what was brought before it, as it passes.

    Args:
        channel_id: Of its chat.
    """

    def __init__(self, engine: sa.Engine, channel_id: str) -> None:
        self._engine = engine
        self._channel_id = channel_id
        self._span = _Span()

    def passing(self, contents: Iterable[Observation | Hole]) -> Iterator[Observation | Hole]:
        """The contents of the export, then a deletion for each message of an older source that it lacks."""
        span, before = self._span, _newest(self._engine)
        for content in contents:
            span.take(content)
            yield content
        if self._channel_id.isdecimal() and span.numbers and span.is_of_all(self._channel_id):
            for number in _absent(self._engine, self._channel_id, span, before):
                yield Observation(Kind.DELETION, self._channel_id, number, None, {"action": Gone.MISSING.value})

    def extent(self) -> Value:
        """What the export spans, once all of it has passed, as its entry says it; None if it has no numbers."""
        span = self._span
        if not span.numbers:
            return None
        whose = EVERYBODY if self._channel_id.isdecimal() and span.is_of_all(self._channel_id) else "some"
        return {"lo": str(min(span.numbers)), "hi": str(max(span.numbers)), **span.days(), "of": whose}

    def lacked(self, *, kept: bool = True) -> Iterator[Observation]:
        """A deletion for each of its messages that a newer export, which was brought before, lacks.

        Args:
            kept: The messages of this export are kept, and one that was erased is not. For a dry run they are not: it
                counts what was erased too, and does not ask for the days of what the store does not have.
        """
        if self._channel_id.isdecimal() and self._span.numbers:
            for number, by in _lacked(self._engine, self._channel_id, self._span, kept=kept):
                told: dict[str, Value] = {"action": Gone.LACKED.value, "acquisition": {"entry": str(by)}}
                yield Observation(Kind.DELETION, self._channel_id, number, None, told)


def _newest(engine: sa.Engine) -> int:
    """The newest item of the store; what the export itself adds comes after it, and needs no look."""
    with reading(engine) as connection:
        newest = connection.execute(sa.select(sa.func.max(database.item.c.idx))).scalar_one()
    return -1 if newest is None else int(newest)


def _absent(engine: sa.Engine, channel_id: str, span: _Span, before: int) -> list[int]:
    """The numbers of the messages that were kept before, and that the export should have and does not."""
    item, numbers = database.item.c, array("q", sorted(span.numbers))
    lo, hi, days = numbers[0], numbers[-1], span.days()
    first, last = days["since"], days["until"]
    of_chat = sa.and_(item.channel_id == channel_id, item.kind.in_(_SHOWN), item.idx <= before)
    dated = sa.or_(item.posted_at.is_(None), item.posted_at.between(first, last)) if first else sa.true()
    kept = sa.select(item.message_id, sa.func.min(item.acquired_at).label("at")).where(of_chat, not_frozen(), dated)
    kept = kept.where(item.message_id > lo, item.message_id < hi, item.message_id.not_in(_gone(channel_id)))
    highest = sa.select(sa.func.max(item.message_id)).where(of_chat)
    with reading(engine) as connection:
        reaches = hi >= (connection.execute(highest).scalar_one() or 0)
        rows = connection.execution_options(yield_per=_ROWS).execute(kept.group_by(item.message_id))
        later = (row.message_id for row in rows if reaches or (last is not None and row.at < last))
        return sorted(number for number in later if numbers[bisect_left(numbers, number)] != number)


def _lacked(engine: sa.Engine, channel_id: str, span: _Span, *, kept: bool) -> list[tuple[int, int]]:
    """The numbers of the export's messages that an export lacks which was brought before and goes as far, and which.

    It lacks what was first kept after it was taken in. Without ``kept``, what the store does not have counts too.
    """
    numbers = array("q", sorted(set(span.numbers)))
    with reading(engine) as connection:
        extents = _extents(connection, channel_id, numbers[-1])
        if not extents:
            return []
        rows = _first_kept(connection, channel_id, numbers[0], numbers[-1])
        untold = {each for asked in (_gone, _frozen) for each in connection.execute(asked(channel_id)).scalars()}
    found = list[tuple[int, int]]()
    for number in numbers:
        row = rows.get(number)
        if number in untold or (row is None and kept):
            continue
        if by := next((each for each in extents if _lacks(each, number, row)), None):
            found.append((number, by.idx))
    return found


def _extents(connection: sa.Connection, channel_id: str, top: int) -> Sequence[Any]:
    """The exports of everybody's messages that go at least as far as this number, the furthest first.

    Of one that came after something that was erased since, nobody can tell any more what it lacked.
    """
    table, erased = database.extent.c, database.tombstone.c
    earlier = sa.select(erased.idx).where(erased.idx <= table.idx, erased.item_id.is_not(None)).exists()
    wanted = sa.select(database.extent).where(table.channel_id == channel_id, table.hi >= top, ~earlier)
    return connection.execute(wanted.order_by(table.hi.desc(), table.idx.desc())).all()


def _first_kept(connection: sa.Connection, channel_id: str, lo: int, hi: int) -> dict[int, Any]:
    """Where each message of a chat was kept first, and when it was posted, by number."""
    item = database.item.c
    first = sa.select(item.message_id, sa.func.min(item.idx).label("idx"), sa.func.min(item.posted_at).label("at"))
    first = first.where(item.channel_id == channel_id, item.kind.in_(_SHOWN), item.message_id.between(lo, hi))
    rows = connection.execution_options(yield_per=_ROWS).execute(first.group_by(item.message_id))
    return {row.message_id: row for row in rows}


def _lacks(extent: Any, number: int, row: Any) -> bool:  # noqa: ANN401 - rows
    """Whether an export should have had this message, and had not."""
    if not extent.lo < number < extent.hi:
        return False
    if row is None:
        return True
    undated = row.at is None or extent.since is None
    return row.idx > extent.idx and (undated or extent.since <= row.at <= extent.until)


def _gone(channel_id: str) -> sa.Select[int]:
    """The numbers of messages of a chat that a source said to be gone."""
    item = database.item.c
    asked = sa.select(item.message_id).where(item.channel_id == channel_id, item.gone.is_not(None))
    return asked.where(item.message_id.is_not(None))


def _frozen(channel_id: str) -> sa.Select[int]:
    item = database.item.c
    asked = sa.select(item.message_id).where(item.channel_id == channel_id, sa.not_(not_frozen()))
    return asked.where(item.message_id.is_not(None))


def _time(at: datetime | None) -> str | None:
    return None if at is None else format_time(at)
