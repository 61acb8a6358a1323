"""What ``doctor`` finds about what must be kept and what must go: holds that somebody should look at again."""

from collections.abc import Iterator

from api.home import Home
from config.errors import Fact
from evidence.finding import Finding, Verdict
from evidence.store.database import reading
from evidence.store.hold import BINDING, standing_holds
from evidence.times import format_time


def holds(home: Home) -> Iterator[Finding]:
    """A check of ``doctor``: every hold that binds names a day that is still to come; else somebody looks at it."""
    now = format_time(home.clock())
    with reading(home.engine) as connection:
        standing = standing_holds(connection)
    for each in standing:
        facts: dict[str, Fact] = {"subject": each.hold_id, "until": each.until}
        if each.kind.value in BINDING and each.until < now:
            yield Finding("holds", Verdict.INDETERMINATE, "holds.late", facts)
