"""What ``doctor`` finds about alerts: whether somebody looks for them, and whether the mail about them is sent.

It opens nothing, so it cannot know whether a client agrees: where there is a case, it asks that somebody look.
"""

from collections.abc import Iterator
from datetime import timedelta

import sqlalchemy as sa

from api.home import Home
from api.office.mail import FOLLOWER as MAIL
from casefiles.appearance import FOLLOWER, list_alerts
from evidence.finding import Finding, Verdict
from evidence.observation import Kind
from evidence.store import database
from evidence.store.database import reading
from evidence.store.follow import position_of
from evidence.store.freeze import not_frozen
from evidence.times import format_time

LONG_AGO = timedelta(days=1)
"""How long a picture may be kept, or an alert be open, before ``doctor`` says that nobody was told."""


def lookout(home: Home) -> Iterator[Finding]:
    """Pictures that were kept for a day and compared with no case, and alerts for which the mail was not sent."""
    item, since = database.item.c, format_time(home.clock() - LONG_AGO)
    with reading(home.engine) as connection:
        new = sa.and_(item.idx >= position_of(connection, FOLLOWER), item.kind == Kind.FILE.value, not_frozen())
        waits = sa.select(sa.func.count(), sa.func.min(item.acquired_at)).where(new, item.acquired_at < since)
        count, oldest = connection.execute(waits).one()
        has_case = connection.execute(sa.select(database.case_file.c.case_id).limit(1)).first() is not None
        untold = list_alerts(connection, after=position_of(connection, MAIL) - 1)
    if count and has_case:
        yield Finding("alerts", Verdict.INDETERMINATE, "alerts.behind", {"count": count, "since": oldest})
    if home.settings.mail.host and any(alert.raised_at < since for alert in untold):
        yield Finding("alerts", Verdict.INDETERMINATE, "alerts.not_mailed", {"count": len(untold)})
