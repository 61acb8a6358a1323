"""The machine's clock against what the log knows of time: whoever writes under a wrong clock logs a wrong time.

Two witnesses: the newest token, whose time comes from outside, and the newest entry, whose time came from a
clock of ours. A clock behind the token is wrong. Between a clock and an entry that is later, a time stamp over
that entry decides: what is stamped was there before, so an entry later than its own stamp has the wrong time.

A clock that runs ahead is found by the stamp too: the entry that it wrote is later than its own stamp. From then
on a time-stamp office is asked what time it is, before anything is written, until a token is later than that entry.

LIMIT: without a key the time of an entry is known only of items, holes and cases. What a clock ahead writes before
its first stamp states a wrong time; the stamp bounds it.
"""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from evidence.custody import stamps
from evidence.errors import StoreError
from evidence.store import database
from evidence.store.stored import MOST
from evidence.times import MAX_SKEW, format_time, parse_time


@dataclass(frozen=True, slots=True)
class KnownTimes:
    """What the log knows of time.

    Attributes:
        stamped_at: Of the newest token; None before the first.
        entry_at: The latest time of our own among the newest entries that no token covers; None where there is none.
        ahead_at: That of the newest entries that it covers, where it is later than the token: the clock was ahead.
    """

    stamped_at: datetime | None
    entry_at: datetime | None
    ahead_at: datetime | None = None


def known_times(connection: sa.Connection) -> KnownTimes:
    """What the log, as it was written so far, knows of time."""
    stamp = stamps.newest(connection)
    if stamp is None:
        return KnownTimes(None, _newest_entry(connection, range(MOST)))
    covered = _newest_entry(connection, range(stamp.size))
    ahead = covered if covered is not None and covered > stamp.gen_time + MAX_SKEW else None
    return KnownTimes(stamp.gen_time, _newest_entry(connection, range(stamp.size, MOST)), ahead)


def _newest_entry(connection: sa.Connection, places: range) -> datetime | None:
    """The latest of the newest rows of each kind; since a kind's times rise, its last row has its latest."""
    here = {"start": places.start, "stop": places.stop}
    found = [parse_time(text) for last in _last_times() for text in connection.execute(last, here).scalars()]
    return max(found, default=None)


@functools.cache
def _last_times() -> Sequence[sa.Select[Any]]:
    """Built once: every writer asks twice before it writes."""
    columns = (database.item.c.acquired_at, database.case_file.c.opened_at)
    start, stop = (sa.bindparam(name, type_=sa.BigInteger) for name in ("start", "stop"))
    return [
        sa.select(column)
        .where(column.table.c.idx >= start, column.table.c.idx < stop)
        .order_by(column.table.c.idx.desc())
        .limit(1)
        for column in columns
    ]


def require_clock(
    now: datetime, known: Callable[[], KnownTimes], stamp: Callable[[], object], ask: Callable[[], datetime | None]
) -> None:
    """Check, before events are written to the log, the clock: not behind what it knows, nor ahead where it was.

    Args:
        known: Reads what the log knows; asked again after a stamp.
        stamp: Has the log time-stamped, if it can; asked only where clock and newest entry disagree.
        ask: What time a time-stamp office says it is, None where none answers; asked only where the newest stamp
            says that the clock was ahead.

    Raises:
        StoreError: The clock is behind the newest token, or behind the newest entry and no time stamp says which of
            the two is wrong; or it is still ahead.
    """
    told = known()
    _require_after_stamp(now, told)
    if told.ahead_at is not None and (error := ahead_of(now, ask())):
        raise error
    if told.entry_at is None or now >= told.entry_at - MAX_SKEW:
        return
    stamp()
    again = known()
    _require_after_stamp(now, again)
    # compared again: another writer may have logged an honest entry after the stamp
    if again.entry_at is not None and now < again.entry_at - MAX_SKEW:
        raise StoreError("store.clock_behind_entry", expected=format_time(again.entry_at), found=format_time(now))


def _require_after_stamp(now: datetime, told: KnownTimes) -> None:
    if told.stamped_at is not None and now < told.stamped_at - MAX_SKEW:
        raise StoreError("store.clock_behind_stamp", expected=format_time(told.stamped_at), found=format_time(now))


def ahead_of(now: datetime, outside: datetime | None) -> StoreError | None:
    """What is wrong with the clock of whoever writes the log: it said ``now`` before an office was asked, if it was."""
    if outside is None or now <= outside + MAX_SKEW:
        return None
    return StoreError("store.clock_ahead_of_stamp", expected=format_time(outside), found=format_time(now))


def today(now: datetime, known: KnownTimes) -> date:
    """The day by which a term ends, as the log knows time: the later of the clock's and the newest token's."""
    return max(now, known.stamped_at or now).date()
