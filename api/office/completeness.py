"""What was seen of a channel and what was not: numbers, reasons, times. Read from unencrypted rows, without a key."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from api.home import Home
from config.link import shown_link
from config.watchlist import plain_channel
from evidence.completeness import NOT_RECEIVED, Gap, open_gaps
from evidence.errors import UnknownItemError
from evidence.observation import KEPT_FROM_US, OF_TIME, Gone, HoleReason, Kind
from evidence.spans import Spans, absent, between, common, join_spans, without
from evidence.store import database
from evidence.store.database import reading
from evidence.store.received import received_parts
from evidence.times import parse_time
from monitor.errors import ChannelState
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
        perhaps_received: The store has a file from the same place in the message; the entries do not show whether it is
            what was missing.
    """

    reason: HoleReason
    lo: int | None
    hi: int | None
    since: datetime
    until: datetime | None
    perhaps_received: bool = False


@dataclass(frozen=True, slots=True)
class Completeness:
    """What was seen of one channel.

    Attributes:
        channel_id: Its number; None if it is registered and its number is not known.
        observed: Spans of numbers whose messages are kept.
        holes: Spans of numbers that are recorded as missing, whoever found that.
        empty: The parts of the holes that the watch looked at: nothing could be seen there.
        hidden: Spans of numbers that the group hides from the account that looked, kept before or not: nobody can say
            whether they are empty, or what became of them since.
        not_received: Spans of numbers at which nobody looked, and which no import has.
        ahead: Spans of numbers that exist and that the watch has yet to look at.
        gaps: Every hole of the channel, by number and by time, except those of what the store has by now.
        deleted: Spans of numbers whose messages Telegram said were deleted.
        missing: Spans of numbers whose messages were kept and were not there when they were asked for again, or are not
            in a newer export, except those that Telegram said were deleted; why is not known.
        never_kept: The parts of ``deleted`` of which nothing was ever kept.
        kept_from_us: Spans of numbers whose messages have something that Telegram keeps from us.
        state: What the channel is to the account, if the watch looked for it.
        unseen_since: Since when Telegram has not shown it; None if it does, or if nobody looked for it.
        registered: Whether it is in the register now; comments (``NAME/comments``) are if their channel is.
    """

    channel_id: str | None
    channel: str | None
    observed: Spans
    holes: Spans
    empty: Spans
    hidden: Spans
    not_received: Spans
    ahead: Spans
    gaps: Sequence[Missed]
    deleted: Spans
    missing: Spans
    never_kept: Spans
    kept_from_us: Spans
    first_look: datetime | None
    last_look: datetime | None
    state: ChannelState
    unseen_since: datetime | None
    registered: bool


def completeness_of(home: Home, channel: str) -> Completeness:
    """The verb behind ``evidence completeness``: what was seen of a channel, by its registered name or its number.

    Raises:
        UnknownItemError: Nothing of it is kept, and it is not registered.
    """
    name = plain_channel(channel)
    with reading(home.engine) as connection:
        known, registered = standings(connection), _registered(connection)
        standing, channel_id = _meant(known, registered, name)
        numbers = _numbers(connection, channel_id)
        holes = _holes(connection, channel_id)
        first, last = _looks(connection, channel_id)
        deleted = _gone(connection, channel_id, Gone.TOLD)
        asked_again = _gone(connection, channel_id, Gone.MISSING, Gone.LACKED)
    watched = name in known.keys() | registered.keys() or name in registered.values()
    watched = watched or any(str(each.channel_id) == name for each in known.values())
    if not numbers and not holes and not watched:
        raise UnknownItemError("unknown_item.no_such_channel_seen", found=shown_link(channel))
    gaps = [Gap(idx, each.lo, each.hi) for idx, each in holes if each.reason is HoleReason.GAP and each.lo and each.hi]
    still = {gap.idx for gap in open_gaps(gaps, numbers)}
    shown = [each for idx, each in holes if each.reason is not HoleReason.GAP or idx in still]
    missing, ahead = _missing(gaps, still, numbers), _ahead(standing)
    looked_at, shown_as = _looked_at(known, channel_id), _name(known, registered, channel_id, name)
    hidden = _hidden(each for _idx, each in holes)
    return Completeness(
        channel_id=channel_id,
        channel=shown_as,
        observed=_runs(numbers),
        holes=missing,
        empty=without(common(missing, looked_at), hidden),
        hidden=hidden,
        not_received=_not_received(_runs(numbers), missing, looked_at, ahead),
        ahead=ahead,
        gaps=_closed(shown),
        deleted=_runs(deleted),
        missing=_runs(sorted(set(asked_again).difference(deleted))),
        never_kept=_runs(sorted(set(deleted).difference(numbers))),
        kept_from_us=_kept_from_us(shown),
        first_look=first,
        last_look=max(filter(None, (last, standing.looked_at)), default=None),
        state=standing.state,
        unseen_since=standing.since,
        registered=(shown_as or name).partition("/")[0] in registered
        or (channel_id is not None and channel_id in registered.values()),
    )


def _registered(connection: sa.Connection) -> dict[str, str | None]:
    """The number of every registered channel, by its name; a name made of digits is the number."""
    rows = connection.execute(sa.select(database.channel.c.channel, database.channel.c.channel_id))
    return {row.channel: row.channel if row.channel.isdecimal() else row.channel_id for row in rows}


def _meant(
    known: Mapping[str, Standing], registered: Mapping[str, str | None], name: str
) -> tuple[Standing, str | None]:
    """How the channel stands, and its number; None if the register does not know that either."""
    if name in known or name in registered:
        standing = known.get(name, Standing())
        named = name if name.isdecimal() else registered.get(name)
        return standing, named if standing.channel_id is None else str(standing.channel_id)
    return next(((each, name) for each in known.values() if str(each.channel_id) == name), (Standing(), name))


def _name(
    known: Mapping[str, Standing], registered: Mapping[str, str | None], channel_id: str | None, name: str
) -> str | None:
    if name in known or name in registered:
        return name
    return next((name for name, each in known.items() if str(each.channel_id) == channel_id), None)


def _looked_at(known: Mapping[str, Standing], channel_id: str | None) -> Spans:
    """The numbers that the watch looked at, under whatever name the channel was registered."""
    mine = (each for each in known.values() if each.channel_id is not None and str(each.channel_id) == channel_id)
    return join_spans(span for each in mine for span in each.spans)


def _hidden(holes: Iterable[Missed]) -> Spans:
    """The numbers that the group hides, or hid at any time, from the account that looked."""
    mine = (each for each in holes if each.reason is HoleReason.HIDDEN)
    return join_spans((each.lo, each.hi) for each in mine if each.lo is not None and each.hi is not None)


def _not_received(observed: Spans, missing: Spans, looked_at: Spans, ahead: Spans) -> Spans:
    """The numbers up to the highest that are neither kept, nor looked at by the watch, nor still ahead of it."""
    top = max((hi for spans in (observed, missing, looked_at, ahead) for _lo, hi in spans), default=0)
    return between(join_spans((*observed, *looked_at, *ahead)), top)


def _numbers(connection: sa.Connection, channel_id: str | None) -> list[int]:
    item = database.item.c
    asked = sa.select(item.message_id).where(item.channel_id == channel_id, item.kind.in_(_SAID))
    asked = asked.where(item.message_id.is_not(None)).distinct().order_by(item.message_id)
    return list(connection.execute(asked).scalars())


def _gone(connection: sa.Connection, channel_id: str | None, *how: Gone) -> list[int]:
    """The numbers of the messages that are known in one of these ways to be gone."""
    item = database.item.c
    asked = sa.select(item.message_id).distinct().order_by(item.message_id)
    asked = asked.where(item.channel_id == channel_id, item.gone.in_([each.value for each in how]))
    return list(connection.execute(asked.where(item.message_id.is_not(None))).scalars())


def _kept_from_us(holes: Iterable[Missed]) -> Spans:
    kept = (each for each in holes if each.reason in KEPT_FROM_US)
    return join_spans((each.lo, each.hi) for each in kept if each.lo is not None and each.hi is not None)


def _holes(connection: sa.Connection, channel_id: str | None) -> list[tuple[int, Missed]]:
    """The holes of a channel with their log indexes, except those of a part that the store has."""
    table = database.hole
    rows = connection.execute(sa.select(table).where(table.c.channel_id == channel_id).order_by(table.c.idx))
    received = received_parts(connection, channel_id)
    return [
        (
            row.idx,
            Missed(
                HoleReason(row.reason),
                row.lo,
                row.hi,
                parse_time(row.since),
                None if row.until is None else parse_time(row.until),
                perhaps_received=row.idx in received,
            ),
        )
        for row in rows
        if not received.get(row.idx, NOT_RECEIVED).same
    ]


def _looks(connection: sa.Connection, channel_id: str | None) -> tuple[datetime | None, datetime | None]:
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


def _missing(gaps: Iterable[Gap], still: set[int], numbers: Sequence[int]) -> Spans:
    """The numbers of the gaps that are still open, without those that are known by now."""
    return join_spans(span for gap in gaps if gap.idx in still for span in absent(numbers, gap.lo, gap.hi))


def _ahead(standing: Standing) -> Spans:
    return between(standing.spans, standing.top)


def _closed(holes: Sequence[Missed]) -> list[Missed]:
    """Each hole once: a hole in time that has ended also stands for its beginning."""
    ended = {(each.reason, each.since) for each in holes if each.until is not None}
    return [
        each
        for each in holes
        if each.reason.value not in _TIMES or each.until is not None or (each.reason, each.since) not in ended
    ]
