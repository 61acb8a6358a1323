"""Gaps of a chat that were closed later: when, and by what, for whoever shows a case or makes a bundle of it.

Which entries closed them is read from rows in clear; how those came, from their records. Such an item may be of no
case: of its record, nothing is told but the time, the method and the digest of its export.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from api.home import Home
from casefiles.case import closings_of, open_events
from casefiles.report.closed import Closing
from evidence.seal.recipients import KeyIdentity
from evidence.store import database
from evidence.store.database import reading
from evidence.store.freeze import not_frozen

_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class ClosedGap:
    """A gap that was open once.

    Attributes:
        lo, hi: The numbers of its first and its last message.
        since: When it was noticed.
    """

    channel_id: str
    lo: int
    hi: int
    since: str
    closing: Closing

    def told(self) -> dict[str, str | None]:
        """The gap as JSON for people and programs."""
        span = {"lo": str(self.lo), "hi": str(self.hi)}
        return {"channel_id": self.channel_id, **span, "since": self.since, **self.closing.told()}


def closed_gaps(home: Home, channels: Sequence[str], casework: KeyIdentity) -> Sequence[ClosedGap]:
    """The gaps of channels that were closed after they had been recorded, in the order of the log."""
    with reading(home.engine) as connection:
        closed = {gap: item for channel in channels for gap, item in closings_of(connection, channel).items()}
        rows = _rows(connection, sorted(closed))
    wanted = sorted(set(closed.values()))
    said = {event.index: event.record.values for event in open_events(home.engine, wanted, casework) if event.record}
    return [
        ClosedGap(row.channel_id, row.lo, row.hi, row.since, _closing(row.idx, closed[row.idx], said[closed[row.idx]]))
        for row in rows
        if closed[row.idx] in said
    ]


def closed_gaps_of_case(home: Home, case_id: str, casework: KeyIdentity) -> Sequence[ClosedGap]:
    """What ``case show`` says of gaps in the channels of a case's items."""
    item, held = database.item, database.case_item
    of_case = sa.select(item.c.channel_id).join(held, held.c.item_id == item.c.item_id).distinct()
    of_case = of_case.where(held.c.case_id == case_id, held.c.removed_idx.is_(None), not_frozen())
    with reading(home.engine) as connection:
        channels = connection.execute(of_case.order_by(item.c.channel_id)).scalars().all()
    return closed_gaps(home, channels, casework)


def _rows(connection: sa.Connection, gaps: Sequence[int]) -> Sequence[Any]:
    hole, found = database.hole, list[Any]()
    wanted = sa.select(hole.c.idx, hole.c.channel_id, hole.c.lo, hole.c.hi, hole.c.since).order_by(hole.c.idx)
    for at in range(0, len(gaps), _AT_ONCE):  # a statement takes no more than so many values
        found += connection.execute(wanted.where(hole.c.idx.in_(gaps[at : at + _AT_ONCE]))).all()
    return found


def _closing(gap: int, entry: int, said: Any) -> Closing:  # noqa: ANN401 - values of a record
    return Closing(gap, entry, said["at"], said["method"], said["container_sha256"])
