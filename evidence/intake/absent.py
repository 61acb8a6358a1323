"""What an older source showed of a chat and a newer export of it does not: missing, and nobody knows why.

A message may have been deleted, or the exporter's settings left it out. So it is recorded as a deletion of which only
``missing`` is known (``Gone.MISSING``), as the watch records what is not there when it asks again. It is recorded only

- where the chat numbers its own messages, so that its numbers are the same for everybody;
- within what the export spans, by number and by date: a client may export one year, or see a group from the day on
  which he joined;
- of an export that is newer: it goes at least as far as everything that was kept of the chat, or its last message was
  posted after the missing one was kept;
- of an export of several people, or of a channel's own posts: Telegram Desktop can export "only my messages", and does
  not write that it did.

# LIMIT: an export of one topic of a forum cannot be told from one of the forum; what is missing of other topics is
recorded as missing, for a reason that is not known.
"""

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa

from evidence.observation import Gone, Hole, HoleReason, Kind, Observation
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


def with_absent(
    engine: sa.Engine, channel_id: str, contents: Iterable[Observation | Hole]
) -> Iterator[Observation | Hole]:
    """The contents of an export, then a deletion for each message of an older source that it lacks."""
    span, before = _Span(), _newest(engine)
    for content in contents:
        span.take(content)
        yield content
    if channel_id.isdecimal() and span.numbers and span.is_of_all(channel_id):
        for number in _absent(engine, channel_id, span, before):
            yield Observation(Kind.DELETION, channel_id, number, None, {"action": Gone.MISSING.value})


def _newest(engine: sa.Engine) -> int:
    """The newest item of the store; what the export itself adds comes after it, and needs no look."""
    with reading(engine) as connection:
        newest = connection.execute(sa.select(sa.func.max(database.item.c.idx))).scalar_one()
    return -1 if newest is None else int(newest)


def _absent(engine: sa.Engine, channel_id: str, span: _Span, before: int) -> list[int]:
    """The numbers of the messages that were kept before, and that the export should have and does not."""
    item, numbers = database.item.c, array("q", sorted(span.numbers))
    lo, hi = numbers[0], numbers[-1]
    first, last = (None if at is None else format_time(at) for at in (span.first, span.last))
    of_chat = sa.and_(item.channel_id == channel_id, item.kind.in_(_SHOWN), item.idx <= before)
    dated = sa.or_(item.posted_at.is_(None), item.posted_at.between(first, last)) if first else sa.true()
    gone = sa.select(item.message_id).where(
        item.channel_id == channel_id, item.gone.is_not(None), item.message_id.is_not(None)
    )
    kept = sa.select(item.message_id, sa.func.min(item.acquired_at).label("at")).where(of_chat, not_frozen(), dated)
    kept = kept.where(item.message_id > lo, item.message_id < hi, item.message_id.not_in(gone))
    highest = sa.select(sa.func.max(item.message_id)).where(of_chat)
    with reading(engine) as connection:
        reaches = hi >= (connection.execute(highest).scalar_one() or 0)
        rows = connection.execution_options(yield_per=_ROWS).execute(kept.group_by(item.message_id))
        later = (row.message_id for row in rows if reaches or (last is not None and row.at < last))
        return sorted(number for number in later if numbers[bisect_left(numbers, number)] != number)
