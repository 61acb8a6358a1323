"""How fast Telegram is asked: a budget for each method, and the pauses that Telegram asked for.

Both outlive the program. The budget is the generic cell rate algorithm (ITU-T I.371, annex A.1.1): one time for each
method, at which the budget would be full again. A pause ends at its own time, even if the program starts again.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa

from evidence.store import task
from evidence.times import Clock
from monitor.errors import FloodError
from monitor.telegram.standing import REST

BUDGET = "budget"
PATIENCE_S = 60.0
"""The longest pause, in seconds, that is waited out; a longer one is reported."""
_UNMETERED = frozenset({"upload.GetFile", "Ping"})


@dataclass(slots=True)
class Pace:
    """The pace of one account.

    Attributes:
        per_minute: How often one method may be asked; None for as often as Telegram lets us.
        burst: How many requests may come at once, after a long time without any.
        rests: Until when a method must not be asked.
        lengths: How long each of these pauses was when Telegram asked for it.
        keep: Writes the pace at once; called when Telegram asks for a pause.
    """

    account: str
    clock: Clock
    per_minute: int | None = None
    burst: int = 30
    rests: dict[str, datetime] = field(default_factory=dict)
    lengths: dict[str, timedelta] = field(default_factory=dict)
    full_at: dict[str, datetime] = field(default_factory=dict)
    keep: Callable[[], object] = lambda: None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def read(cls, connection: sa.Connection, account: str, clock: Clock, per_minute: int | None) -> "Pace":
        """The pace as it was left."""
        mine = f"{account}/"
        rests, budget = task.noted(connection, REST), task.noted(connection, BUDGET)
        return cls(
            account,
            clock,
            per_minute,
            rests={key.removeprefix(mine): each.due_at for key, each in rests.items() if key.startswith(mine)},
            lengths={
                key.removeprefix(mine): timedelta(seconds=float(each.progress))
                for key, each in rests.items()
                if key.startswith(mine) and each.progress
            },
            full_at={key.removeprefix(mine): each.due_at for key, each in budget.items() if key.startswith(mine)},
        )

    def write(self, connection: sa.Connection) -> None:
        """Write it, in the caller's transaction."""
        now = self.clock()
        with self._lock:
            for kind, times in ((REST, self.rests), (BUDGET, self.full_at)):
                for method, at in list(times.items()):
                    subject = f"{self.account}/{method}"
                    if at > now:
                        length = self.lengths.get(method) if kind == REST else None
                        progress = str(length.total_seconds()) if length else ""
                        task.note_work(connection, kind=kind, subject=subject, due_at=at, progress=progress)
                    else:
                        task.forget_work(connection, kind=kind, subject=subject)
                        del times[method]

    def rest(self, method: str, until: datetime) -> None:
        """Note a pause for which Telegram asked."""
        if until >= self.rests.get(method, until):
            self.rests[method], self.lengths[method] = until, until - self.clock()

    def until(self, method: str) -> datetime | None:
        """Until when a method rests: never longer than Telegram asked for, however far the clock was set back since."""
        until, length = self.rests.get(method), self.lengths.get(method)
        if until is not None and length is not None:
            until = self.rests[method] = min(until, self.clock() + length)
        return until

    def longest_rest(self) -> tuple[str, datetime] | None:
        """The method that rests longest, and until when; None if all may be asked within the program's patience."""
        soon = self.clock() + timedelta(seconds=PATIENCE_S)
        rests = [(self.until(method) or soon, method) for method in self.rests]
        late = [each for each in rests if each[0] > soon]
        return (max(late)[1], max(late)[0]) if late else None

    def require_rested(self, method: str) -> None:
        """Check that no long pause forbids asking.

        Raises:
            FloodError: One does.
        """
        until = self.until(method)
        if until is not None and until > self.clock() + timedelta(seconds=PATIENCE_S):
            raise FloodError.of(method, until)

    def wait_for(self, method: str, wait: Callable[[float], object]) -> None:
        """Wait until a method may be asked, and count the request."""
        with self._lock:
            now = self.clock()
            at = max(self.until(method) or now, now)
            if self.per_minute is not None and method not in _UNMETERED:
                each = timedelta(minutes=1) / self.per_minute
                # no more than the whole budget can be used up: a clock that was set back leaves times that are too late
                full_at = min(max(self.full_at.get(method, now), now), now + each * self.burst)
                at = max(at, full_at - each * (self.burst - 1))
                self.full_at[method] = max(full_at, at) + each
        if at > now:
            wait((at - now).total_seconds())
