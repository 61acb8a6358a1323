"""How people read a time of the log: to the second, with its zone. The data keep its milliseconds.

One form wherever a person reads: commands, errors, report, letter, verifier; ``verify.sh`` prints the same. A fraction
of a second is cut off, except in a bound from above: "in the log by", "not later than", the end of what was not seen.
Such a time is told as the next second, so that nobody reads a time by which it was not yet true. The end of something
that holds (a certificate, a consent, time to answer) is cut off: it holds at least until then. Standard library only.
"""

import functools
import re
from contextlib import suppress
from datetime import datetime, timedelta

_TIME = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})T([0-9]{2}:[0-9]{2}:[0-9]{2})\.[0-9]{3}Z")


def told_time(at: str | None, *, up: bool = False) -> str:
    """A time of the log in words for people: ``2026-03-01T21:14:03.512Z`` as ``2026-03-01 21:14:03 UTC``.

    Nothing for None; any other text as it is.

    Args:
        up: The time is a bound from above; with a fraction of a second it is told as the next second, ``21:14:04``.
    """
    found = _TIME.fullmatch(at) if at else None
    if at and found and up and not at.endswith(".000Z"):
        return _next_second(at)
    return f"{found[1]} {found[2]} UTC" if found else at or ""


@functools.lru_cache(64)  # thousands of items were in the log by the same few times
def _next_second(at: str) -> str:
    """The first whole second after a time; the time as it is where no second comes after it."""
    with suppress(ValueError, OverflowError):
        after = datetime.fromisoformat(at).replace(microsecond=0) + timedelta(seconds=1)
        return f"{after.replace(tzinfo=None).isoformat(' ')} UTC"
    return at
