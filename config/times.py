"""How people read a time of the log: to the second, with its zone. The data keep its milliseconds.

One form wherever a person reads: commands, errors, report, letter, verifier; ``verify.sh`` prints the same. A fraction
of a second is cut off. Standard library only.
"""

import re

_TIME = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})T([0-9]{2}:[0-9]{2}:[0-9]{2})\.[0-9]{3}Z")


def told_time(at: str | None) -> str:
    """``2026-03-01T21:14:03.512Z`` as ``2026-03-01 21:14:03 UTC``; nothing for None; any other text as it is."""
    found = _TIME.fullmatch(at) if at else None
    return f"{found[1]} {found[2]} UTC" if found else at or ""
