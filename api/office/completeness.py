"""What was seen of a channel and what was not: numbers, reasons, times. Read from rows in clear; no key is needed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from api.home import Home
from config.watchlist import plain_channel
from evidence.completeness import Gap, open_gaps
from evidence.errors import UnknownItemError
from evidence.observation import OF_TIME, HoleReason, Kind
from evidence.spans import Spans, absent, highest_gap, with_span
from evidence.store import database
from evidence.store.database import reading
from evidence.times import parse_time
from monitor.telegram.standing import Standing, standings

_SAID = (Kind.MESSAGE.value, Kind.EDIT.value, Kind.SERVICE.value)
_TIMES = frozenset(reason.value for reason in OF_TIME)


@dataclass(frozen=True, slots=True)
class Missed:
    """Something of a channel that was not seen.

    Attributes:
        lo: First message number; None for a time in which nothing was seen.
        since: When the hole was noticed, or when the time began.
        until: When the time ended; None while it lasts.
    """

    reason: HoleReason
    lo: int | None
    hi: int | None
    since: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Completeness:
    """What was seen of one channel.

    Attributes:
        observed: Spans of numbers whose messages are kept.
        holes: Spans of numbers that were looked at and held nothing that could be seen.
        ahead: Spans of numbers that exist and were not looked at yet.
        gaps: Every hole of the channel, by number and by time.
        deleted: How many messages are known to be gone.
    """

    channel_id: str
    channel: str | None
    observed: Spans
    holes: Spans
    ahead: Spans
    gaps: Sequence[Missed]
    deleted: int
    first_look: datetime | None
    last_look: datetime | None


def completeness_of(home: Home, channel: str) -> Completeness:
    """What was seen of a channel, named as the register names it, or by its number.

    Raises:
        UnknownItemError: Nothing of it is kept, and it is not watched.
    """
    name = plain_channel(channel)
    with reading(home.engine) as connection:
        known = standings(connection)
        standing, channel_id = _meant(known, name)
        numbers = _numbers(connection, channel_id)
        holes = _holes(connection, channel_id)
        first, last = _looks(connection, channel_id)
        deleted = _deleted(connection, channel_id)
    watched = name in known or any(str(each.channel_id) == name for each in known.values())
    if not numbers and not holes and not watched:
        raise UnknownItemError("unknown_item.no_such_channel_seen", found=channel[:64])
    gaps = [Gap(idx, each.lo, each.hi) for idx, each in holes if each.reason is HoleReason.GAP and each.lo and each.hi]
    still = {gap.idx for gap in open_gaps(gaps, numbers)}
    shown = [each for idx, each in holes if each.reason is not HoleReason.GAP or idx in still]
    empty = _empty(gaps, still, numbers)
    return Completeness(
        channel_id=channel_id,
        channel=next((name for name, each in known.items() if str(each.channel_id) == channel_id), None),
        observed=_runs(numbers),
        holes=empty,
        ahead=_ahead(standing),
        gaps=_closed(shown),
        deleted=deleted,
        first_look=first,
        last_look=max(filter(None, (last, standing.looked_at)), default=None),
    )


def _meant(known: dict[str, Standing], name: str) -> tuple[Standing, str]:
    if name in known:
        standing = known[name]
        return standing, str(standing.channel_id or name)
    return next(((each, name) for each in known.values() if str(each.channel_id) == name), (Standing(), name))


def _numbers(connection: sa.Connection, channel_id: str) -> list[int]:
    item = database.item.c
    asked = sa.select(item.message_id).where(item.channel_id == channel_id, item.kind.in_(_SAID))
    asked = asked.where(item.message_id.is_not(None)).distinct().order_by(item.message_id)
    return list(connection.execute(asked).scalars())


def _deleted(connection: sa.Connection, channel_id: str) -> int:
    item = database.item.c
    asked = sa.select(sa.func.count(sa.distinct(item.message_id)))
    asked = asked.where(item.channel_id == channel_id, item.kind == Kind.DELETION.value)
    return int(connection.execute(asked).scalar_one())


def _holes(connection: sa.Connection, channel_id: str) -> list[tuple[int, Missed]]:
    table = database.hole
    rows = connection.execute(sa.select(table).where(table.c.channel_id == channel_id).order_by(table.c.idx))
    return [
        (
            row.idx,
            Missed(
                HoleReason(row.reason),
                row.lo,
                row.hi,
                parse_time(row.since),
                None if row.until is None else parse_time(row.until),
            ),
        )
        for row in rows
    ]


def _looks(connection: sa.Connection, channel_id: str) -> tuple[datetime | None, datetime | None]:
    at = database.item.c.acquired_at
    asked = sa.select(sa.func.min(at), sa.func.max(at)).where(database.item.c.channel_id == channel_id)
    first, last = connection.execute(asked).one()
    return (None if first is None else parse_time(first)), (None if last is None else parse_time(last))


def _runs(numbers: Sequence[int]) -> Spans:
    runs: list[tuple[int, int]] = []
    for number in numbers:
        if runs and runs[-1][1] + 1 == number:
            runs[-1] = (runs[-1][0], number)
        else:
            runs.append((number, number))
    return tuple(runs)


def _empty(gaps: Iterable[Gap], still: set[int], numbers: Sequence[int]) -> Spans:
    """The numbers of the gaps that are still open, without those that are known by now."""
    found: Spans = ()
    for gap in gaps:
        if gap.idx in still:
            for lo, hi in absent(numbers, gap.lo, gap.hi):
                found = with_span(found, lo, hi)
    return found


def _ahead(standing: Standing) -> Spans:
    left: Spans = ()
    spans = standing.spans
    while gap := highest_gap(spans, standing.top):
        left, spans = with_span(left, *gap), with_span(spans, *gap)
    return left


def _closed(holes: Sequence[Missed]) -> list[Missed]:
    """Each hole once: one of time that has ended stands for its beginning too."""
    ended = {(each.reason, each.since) for each in holes if each.until is not None}
    return [
        each
        for each in holes
        if each.reason.value not in _TIMES or each.until is not None or (each.reason, each.since) not in ended
    ]
