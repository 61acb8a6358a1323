"""The turn: whoever writes to a home waits for its lock, for one commit at a time.

Nobody holds it while sealing, hashing, fetching or stamping, so an import, a watch and every
command share one home. The lock is flock(2) on a file: the system frees it when its holder dies.
It keeps apart the processes and threads of one machine; the database keeps writers apart too
(``evidence.store.database.writing``), which on PostgreSQL holds between machines.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from config import oplog
from evidence.store.database import WAIT_S, busy, writing

NOTED_S = 0.1
"""A shorter wait for the turn is not worth a line in the operational log."""
_POLL_S = 0.004


@dataclass(frozen=True, slots=True)
class Turn:
    """The right to write to one home.

    Attributes:
        lock: File that is locked while somebody has the turn.
        wait_s: How long to wait for others, in seconds.
    """

    engine: sa.Engine
    lock: Path
    wait_s: float = WAIT_S

    @contextmanager
    def take(self) -> Iterator[sa.Connection]:
        """Wait for the turn, and write in one transaction: committed, and on disk, when the block ends.

        A thread that has the turn must not ask for it again: it would wait for itself.

        Raises:
            HomeBusyError: Others had it for all of ``wait_s`` seconds.
        """
        handle = os.open(self.lock, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            waited_s = _wait(handle, self.lock.parent, self.wait_s)
            with writing(self.engine) as connection:
                yield connection
        finally:
            os.close(handle)  # and so unlock: nobody else has this description
        if waited_s > NOTED_S:
            oplog.note("turn_waited", duration_s=waited_s)


def _wait(handle: int, home: Path, wait_s: float) -> float:
    """Wait for the lock, and say for how many seconds."""
    # asked again and again: flock(2) that sleeps can be given a time limit by a signal only, and threads have none
    began = time.monotonic()
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= began + wait_s:
                oplog.note("lock_busy", duration_s=wait_s)
                raise busy(str(home), wait_s) from None
            time.sleep(_POLL_S)
        else:
            return time.monotonic() - began
