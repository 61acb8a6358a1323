"""Alerts: a picture of a case may have appeared again. Found while the keys are open, listed and dismissed without."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import TypeAlias

import sqlalchemy as sa

from api import TOOL
from api.home import Home
from api.office.case import require_case
from api.office.opened import OpenOffice
from api.office.page import LIMIT, Page, page_of
from casefiles.appearance import FOLLOWER, Alert, Alerting, Appearances, list_alerts
from casefiles.case import require_not_frozen
from casefiles.hash_list import HashLists, ListWatch
from config.errors import Explained
from evidence.authority import Doer, require_reason
from evidence.custody.event import Draft, Prepared
from evidence.custody.sequencer import Sequencer
from evidence.errors import UnknownItemError
from evidence.store import database
from evidence.store.database import reading
from evidence.store.follow import catch_up, position_of

LookProgress: TypeAlias = Callable[[int], Callable[[int], object]]


@dataclass(frozen=True, slots=True)
class LookedOut:
    """What the verb ``alerts look`` did.

    Attributes:
        entries: How many entries of the log were looked at.
        raised: How many alerts were raised.
        unstamped: Why no time stamp could be had yet.
    """

    entries: int
    raised: int
    unstamped: Explained | None


@dataclass(frozen=True, slots=True)
class Dismissed:
    """An alert that a person dismissed; ``unstamped`` says why no time stamp could be had yet."""

    case_id: str
    item_id: str
    unstamped: Explained | None


@dataclass(slots=True)
class Lookout:
    """Looks for new appearances of the pictures of cases, again and again, while the same keys are open."""

    home: Home
    office: OpenOffice
    _seen: Appearances = field(init=False)
    _lists: HashLists = field(init=False)

    def __post_init__(self) -> None:
        self._seen = Appearances(self.home.engine, self.office.keys, self.home.today)
        self._lists = HashLists(self.home.engine, self.office.keys)

    def look(
        self, begin: LookProgress = lambda _total: lambda _done: None, stopped: Callable[[], bool] = lambda: False
    ) -> LookedOut:
        """Look at what was logged since the last look, and raise what it gives.

        Args:
            begin: Told how many entries there are to look at; what it returns is told of each part that is done.
            stopped: Whether to stop; the next look goes on there.

        Raises:
            StoppedError: It had to, before the library was whole.
        """
        position, size = self._left()
        self._lists.refresh()
        if position >= size and not self._lists.behind(size):
            return LookedOut(0, 0, None)
        first = min([position, *self._lists.positions()])  # what several lists and cases looked at is one entry
        hear, done, raised = begin(size - position + self._lists.behind(size)), 0, 0
        with self.home.writing() as writer:
            writer.require_current(casework=self.office.keys.casework, matching=self.office.keys.matching)
            while not stopped():
                more, told = self._look_once(writer.sequencer, stopped)
                if not more:
                    break
                hear(more)
                done, raised = done + more, raised + told
            entries = min(done, self._left()[1] - first)
            return LookedOut(entries, raised, writer.beat() if raised else None)

    def _look_once(self, sequencer: Sequencer, stopped: Callable[[], bool]) -> tuple[int, int]:
        """Look at what is new, first with the lists that know all else, and at some of what a new list has not seen.

        Returns:
            How many entries were looked at, and how many alerts that raised.
        """
        position, size = self._left()
        self._lists.refresh()
        watch = ListWatch(self._lists, sequencer, TOOL, self.home.clock)
        looked = raised = 0
        while not stopped() and (more := watch.step(size, least=position)):
            looked += more
        if position < size:
            with self.office.library.refreshed(stopped) as library:
                follower = Alerting(self._seen, library, sequencer, TOOL, self.home.clock)
                looked += catch_up(self.home.engine, follower, sequencer.take) - position
                raised = follower.raised
        looked += watch.step(size)
        return looked, raised + watch.raised

    def _left(self) -> tuple[int, int]:
        """How far the alerts of cases have come, and how many entries there are."""
        with reading(self.home.engine) as connection:
            size = 1 + (connection.execute(sa.select(sa.func.max(database.event.c.idx))).scalar() or 0)
            return position_of(connection, FOLLOWER), size


def alerts_of(
    home: Home,
    *,
    cases: Collection[str] | None = None,
    every: bool = False,
    after: str | None = None,
    limit: int = LIMIT,
) -> Page[Alert]:
    """A page of alerts, for command and route: in the order in which they were raised, from the one behind ``after``.

    Args:
        cases: Only of these; None for all.
        every: Also those that were dismissed, or whose file a case has now.

    Raises:
        UnknownItemError: There is no such case.
    """
    for case in cases or ():
        require_case(home, case)
    begin = -1 if after is None else int(after)
    with reading(home.engine) as connection:
        found = list_alerts(connection, cases=cases, every=every, after=begin, limit=limit + 1)
    return page_of(found, limit=limit, key=lambda alert: str(alert.index))


def dismiss_alert(home: Home, case_id: str, item_id: str, doer: Doer) -> Dismissed:
    """The verb behind ``alerts dismiss``: log that a person looked and the file does not belong to the case.

    The alert is no longer open.

    Raises:
        UnknownItemError: There is no such case, or no open alert of this file in it, or the file is frozen.
        AuthorityError: There is no reason.
    """
    require_reason(doer, act="dismiss")
    require_case(home, case_id)
    with reading(home.engine) as connection:
        _require_open(connection, case_id, item_id)  # first: of another case, not even a freeze is told
    require_not_frozen(home.engine, [item_id])
    with home.writing() as writer:
        prepared = writer.sequencer.prepare(
            [Draft("alert_dismissed", doer.values() | {"case": case_id, "item": item_id})]
        )

        def choose(connection: sa.Connection) -> list[Prepared]:
            _require_open(connection, case_id, item_id)
            return prepared

        writer.sequencer.turn(choose)
        return Dismissed(case_id, item_id, writer.beat())


def _require_open(connection: sa.Connection, case_id: str, item_id: str) -> None:
    """Check that a case has an open alert of a file.

    Raises:
        UnknownItemError: It has none.
    """
    table = database.alert.c
    here = sa.select(table.idx).where(table.case_id == case_id, table.item_id == item_id)
    if connection.execute(here.where(table.dismissed_idx.is_(None))).first() is None:
        raise UnknownItemError("unknown_item.no_such_alert", where=case_id, found=item_id[:64])
