"""A case whose client took her consent back, as the rows tell it: since when, and what of it is still there.

From that moment nothing of the case is shown (``evidence.store.freeze``), and within a day nothing of it is left but
what a hold keeps, and what may show a child and waits for a decision of its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from casefiles.case import held_items
from evidence.errors import AuthorityError
from evidence.store import database
from evidence.store.database import reading
from evidence.store.erase import same_things
from evidence.store.freeze import frozen_among
from evidence.store.hold import binding_holds
from evidence.times import parse_time

WITHIN = timedelta(days=1)
"""Within what time everything is destroyed that nothing keeps."""


@dataclass(frozen=True, slots=True)
class ClosedCase:
    """A case whose client took her consent back.

    Attributes:
        since: When that was recorded.
        goes: The items that are still to be destroyed.
        held: Those that holds keep, each with its hold.
        frozen: Those that may show a child.
    """

    case_id: str
    since: datetime
    goes: tuple[str, ...]
    held: Mapping[str, str]
    frozen: frozenset[str]

    @property
    def due_at(self) -> datetime:
        """By when nothing is left that nothing keeps."""
        return self.since + WITHIN


def closed_case(connection: sa.Connection, case_id: str) -> ClosedCase | None:
    """How far the end of a case has come; None where its client did not take her consent back."""
    table, item = database.case_file.c, database.item.c
    since = connection.execute(sa.select(table.withdrawn_at).where(table.case_id == case_id)).scalar()
    if since is None:
        return None
    mine = held_items(connection, case_id)
    left = list(connection.execute(sa.select(item.item_id).where(item.item_id.in_(mine)).order_by(item.idx)).scalars())
    held = binding_holds(connection, left)
    frozen = frozen_among(connection, left)
    goes = tuple(each for each in left if each not in held and each not in frozen)
    return ClosedCase(case_id, parse_time(since), goes, held, frozen)


def closed_cases(connection: sa.Connection) -> list[ClosedCase]:
    """Every case whose client took her consent back, by the rows, in the order in which they were opened."""
    table = database.case_file.c
    named = sa.select(table.case_id).where(table.withdrawn_idx.is_not(None)).order_by(table.idx)
    found = (closed_case(connection, case_id) for case_id in connection.execute(named).scalars().all())
    return [each for each in found if each is not None]


def require_not_closed(engine: sa.Engine, case_id: str) -> None:
    """Check that no row says that the client of a case took her consent back.

    Raises:
        AuthorityError: One does, and since when.
    """
    table = database.case_file.c
    with reading(engine) as connection:
        since = connection.execute(sa.select(table.withdrawn_at).where(table.case_id == case_id)).scalar()
    if since is not None:
        raise AuthorityError("authority.consent_withdrawn", found=str(since)[:10])


def shared_items(connection: sa.Connection, case_id: str) -> list[str]:
    """The items of a case that another has too, in this mode or another: they stay, in the other."""
    table, mine = database.case_item.c, held_items(connection, case_id)
    others = sa.select(table.item_id).where(table.case_id != case_id, table.removed_idx.is_(None))
    theirs = frozenset(connection.execute(others).scalars())
    return sorted(each for each in mine if theirs.intersection({each, *same_things(connection, [each])}))
