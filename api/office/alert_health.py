"""What ``doctor`` finds about alerts: whether somebody looks for them, and whether the mail about them is sent.

It opens nothing, so it cannot know whether a client agrees: where there is a case, it asks that somebody look.
"""

from collections.abc import Iterator
from datetime import timedelta

import sqlalchemy as sa

from api.home import Home
from api.office.mail import FOLLOWER as MAIL
from api.office.mail import mail_password
from casefiles.appearance import FOLLOWER, list_alerts
from casefiles.hash_list import list_follower
from config.errors import ConfigError
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
    """Checks of ``doctor``: kept pictures are soon compared with every case and list, and mail tells of every alert."""
    item, since = database.item.c, format_time(home.clock() - LONG_AGO)
    with reading(home.engine) as connection:
        new = sa.and_(item.idx >= position_of(connection, FOLLOWER), item.kind == Kind.FILE.value, not_frozen())
        waits = sa.select(sa.func.count(), sa.func.min(item.acquired_at)).where(new, item.acquired_at < since)
        count, oldest = connection.execute(waits).one()
        has_case = connection.execute(sa.select(database.case_file.c.case_id).limit(1)).first() is not None
        lists = list(_lists_behind(connection, since))
        untold = list_alerts(connection, after=position_of(connection, MAIL) - 1)
    if count and has_case:
        yield Finding("alerts", Verdict.INDETERMINATE, "alerts.behind", {"count": count, "since": oldest})
    if lists:
        yield Finding("alerts", Verdict.INDETERMINATE, "alerts.list_behind", {"count": len(lists), "since": min(lists)})
    if home.settings.mail.host and any(alert.raised_at < since for alert in untold):
        yield Finding("alerts", Verdict.INDETERMINATE, "alerts.not_mailed", {"count": len(untold)})
    if home.settings.mail.host and home.settings.mail.user:
        try:
            mail_password(home)
        except ConfigError as error:
            yield Finding.of_error("alerts", error)


def _lists_behind(connection: sa.Connection, since: str) -> Iterator[str]:
    """When the oldest picture came that a list was not compared with, for each list that was there since then.

    Also for one of which parts are missing or damaged: none of it is compared.
    """
    part, item, case = database.hash_part, database.item.c, database.case_file
    standing = sa.select(part.c.case_id).join_from(part, case, case.c.case_id == part.c.case_id)
    standing = standing.where(part.c.removed_idx.is_(None), case.c.opened_at < since).distinct()
    for case_id in connection.execute(standing).scalars().all():
        new = sa.and_(item.idx >= position_of(connection, list_follower(case_id)), item.kind == Kind.FILE.value)
        oldest = connection.execute(sa.select(sa.func.min(item.acquired_at)).where(new, not_frozen())).scalar()
        if oldest is not None and oldest < since:
            yield oldest
