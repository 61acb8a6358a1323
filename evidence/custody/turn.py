"""The turn: whoever writes to a home waits for its lock, for one commit at a time.

Whoever had it goes behind those who wait: one of them holds the lock of who is next, and only that one waits for
the turn itself. Nobody holds it while sealing, hashing, fetching or stamping, so an import, a watch and every
command share one home. The lock is flock(2) on a file: the system frees it when its holder dies.
It keeps apart the processes and threads of one machine; the database keeps writers apart too
(``evidence.store.database.writing``), which on PostgreSQL holds between machines.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa

from config import oplog
from evidence.patience import Patience
from evidence.store.database import WAIT_S, busy, writing

NOTED_S = 0.1
"""A shorter wait for the turn is not worth a line in the operational log."""
_POLL_S = 0.004
_NEXT_POLL_S = 0.001
_NEXT = ".next"
"""Ends the name of the file whose holder has the turn next: whoever just had it cannot take it again before."""


@dataclass(frozen=True, slots=True)
class Turn:
    """The right to write to one home.

    Attributes:
        lock: File that is locked while somebody has the turn.
        wait_s: How long to wait for others, in seconds.
        patience: Ends every wait early, once somebody ends it.
    """

    engine: sa.Engine
    lock: Path
    wait_s: float = WAIT_S
    patience: Patience = field(default_factory=Patience)

    @contextmanager
    def take(self) -> Iterator[sa.Connection]:
        """Wait for the turn, and write in one transaction: committed, and on disk, when the block ends.

        A thread that has the turn must not ask for it again: it would wait for itself.

        Raises:
            HomeBusyError: Others had it for all of ``wait_s`` seconds.
        """
        began = time.monotonic()
        with _opened(self.lock) as handle:
            with _opened(self.lock.with_name(self.lock.name + _NEXT)) as door:
                for each, poll_s in ((door, _POLL_S), (handle, _NEXT_POLL_S)):
                    _wait(
                        each,
                        self.lock.parent,
                        until=began + self.wait_s,
                        poll_s=poll_s,
                        wait_s=self.wait_s,
                        patience=self.patience,
                    )
            waited_s = time.monotonic() - began
            with writing(self.engine, self.patience) as connection:
                yield connection
        if waited_s > NOTED_S:
            oplog.note("turn_waited", duration_s=waited_s)


@contextmanager
def _opened(lock: Path) -> Iterator[int]:
    handle = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        yield handle
    finally:
        os.close(handle)  # and so unlock: nobody else has this description


def _wait(handle: int, home: Path, *, until: float, poll_s: float, wait_s: float, patience: Patience) -> None:
    """Wait for a lock ``until`` a time of the monotonic clock, where ``wait_s`` seconds are over, or patience is."""
    # asked again and again: flock(2) that sleeps can be given a time limit by a signal only, and threads have none
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= patience.until(until):
                oplog.note("lock_busy", duration_s=wait_s)
                raise busy(str(home), wait_s) from None
            time.sleep(poll_s)
        else:
            return
