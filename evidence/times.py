"""The one spelling of a time in the log and in bundles: ``YYYY-MM-DDTHH:MM:SS.mmmZ``.

Times are aware UTC; a clock is an argument. Standard library only.
"""

import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

from evidence.errors import CanonicalError

Clock = Callable[[], datetime]
MAX_SKEW = timedelta(minutes=1)
"""How far two right clocks may be apart: those of two time-stamp offices, of two machines, of an office and ours."""


def is_due(last: datetime, every: timedelta, now: datetime) -> bool:
    """Whether what was last done at a time is due again, by the clock; it is, too, where that was set back since."""
    return not timedelta() <= now - last < every


def uptime_s() -> float:
    """The clock of the machine's uptime: seconds since some moment, also asleep; nobody can set it back."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


def system_clock() -> datetime:
    """The machine's clock, aware UTC. Nothing but the composition root names it."""
    return datetime.now(UTC)


def is_ahead(day: date, now: datetime) -> bool:
    """Whether a day has begun nowhere yet, by the clock: east of Greenwich it begins before it does in UTC."""
    return day > now.astimezone(UTC).date() + timedelta(days=1)


def format_time(moment: datetime) -> str:
    """A time as the log spells it: ``moment`` in UTC with milliseconds, cut, not rounded.

    Raises:
        CanonicalError: The time has no zone.
    """
    if moment.tzinfo is None:
        raise CanonicalError("canonical.time_without_zone")
    utc = moment.astimezone(UTC).replace(tzinfo=None)
    return f"{utc.isoformat(timespec='milliseconds')}Z"


def parse_time(text: str) -> datetime:
    """Read a time as the log spells it: ``YYYY-MM-DDTHH:MM:SS.mmmZ``.

    Raises:
        CanonicalError: Any other spelling.
    """
    try:
        moment = datetime.fromisoformat(text).replace(tzinfo=UTC)  # reads more than this; what is written is compared
    except ValueError as error:
        raise CanonicalError("canonical.not_a_time", found=text[:40]) from error
    if format_time(moment) != text:
        raise CanonicalError("canonical.not_the_one_time", expected=format_time(moment), found=text[:40])
    return moment
