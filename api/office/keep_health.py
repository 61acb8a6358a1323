"""What ``doctor`` finds about what must be kept and what must go.

Holds that somebody looks at again, closed cases that are still to be emptied, captures that a second person has to
confirm, and what no case has claimed in time.
"""

from collections.abc import Iterator
from datetime import timedelta

from api.home import Home
from api.office.retention import count_soon, is_rule_changed, is_ruled, unconfirmed
from casefiles.withdrawal import closed_cases
from config.errors import Fact
from evidence.finding import Finding, Verdict
from evidence.store.database import reading
from evidence.store.hold import BINDING, standing_holds
from evidence.times import format_time

CONFIRM_SOON = timedelta(hours=24)
"""How long before the end of an unconfirmed capture ``doctor`` warns: somebody else has to come in."""
SOON = timedelta(hours=6)
"""How long before the destruction of a closed case is due ``doctor`` warns."""


def holds(home: Home) -> Iterator[Finding]:
    """A check of ``doctor``: every hold that binds names a day that is still to come; else somebody looks at it."""
    now = format_time(home.clock())
    with reading(home.engine) as connection:
        standing = standing_holds(connection)
    for each in standing:
        facts: dict[str, Fact] = {"subject": each.hold_id, "until": each.until}
        if each.kind.value in BINDING and each.until < now:
            yield Finding("holds", Verdict.INDETERMINATE, "holds.late", facts)


def withdrawals(home: Home) -> Iterator[Finding]:
    """A check of ``doctor``: a day after a client took her consent back, nothing of her case is left to destroy."""
    now = home.clock()
    with reading(home.engine) as connection:
        closed = closed_cases(connection)
    for each in closed:
        facts: dict[str, Fact] = {"subject": each.case_id, "due_at": format_time(each.due_at), "count": len(each.goes)}
        if each.goes and now > each.due_at:
            yield Finding("withdrawals", Verdict.FAILED, "withdrawals.late", facts)
        elif each.goes and now > each.due_at - SOON:
            yield Finding("withdrawals", Verdict.INDETERMINATE, "withdrawals.soon", facts)
        elif each.goes:
            yield Finding("withdrawals", Verdict.PASSED, "withdrawals.waiting", facts)


def captures(home: Home) -> Iterator[Finding]:
    """A check of ``doctor``: what one person captured is confirmed by a second, or destroyed once its time is over."""
    now = home.clock()
    waiting, late = unconfirmed(home)
    for each in waiting:
        facts: dict[str, Fact] = {"subject": each.request, "due_at": each.until, "count": each.items}
        if each.request in late or each.until < format_time(now):
            yield Finding("captures", Verdict.FAILED, "captures.late", facts)
        elif each.until < format_time(now + CONFIRM_SOON):
            yield Finding("captures", Verdict.INDETERMINATE, "captures.soon", facts)
        else:
            yield Finding("captures", Verdict.PASSED, "captures.waiting", facts)


def retention_due(home: Home) -> Iterator[Finding]:
    """A check of ``doctor``: what is due by the retention rule is destroyed; what will be is told in time."""
    due, soon = count_soon(home)
    facts: dict[str, Fact] = {"count": due, "days": home.settings.retention.notice_days}
    if is_rule_changed(home):
        yield Finding("retention", Verdict.INDETERMINATE, "retention.changed", facts)
    elif due and is_ruled(home):
        yield Finding("retention", Verdict.INDETERMINATE, "retention.due", facts)
    elif due:
        yield Finding("retention", Verdict.INDETERMINATE, "retention.not_ruled", facts)
    if soon:
        yield Finding("retention", Verdict.PASSED, "retention.notice", facts | {"count": soon})
