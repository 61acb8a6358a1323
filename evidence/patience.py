"""How long whoever works may still wait for others: as long as each wait allows, until somebody asks it to end.

A program that runs for weeks waits in many places: for its turn, for a database that another program has locked, for
a time-stamp office, for the decoder of a picture. Told to stop, it has a few seconds for all of them together. Every
wait of this kind asks here when it is over, so each must be made of short ones.
"""

import queue
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from config.errors import StoppedError

T = TypeVar("T")

SLICE_S = 0.2
"""For how long a wait may sleep before it asks again whether it is over."""


class Patience:
    """The patience of one program; any thread may ask it, and any may end it."""

    def __init__(self) -> None:
        self._ends_at: float | None = None

    def end_within(self, seconds: float) -> None:
        """Let every wait, those that are to come too, be over in so many seconds; the first who asks decides."""
        if self._ends_at is None:
            self._ends_at = time.monotonic() + seconds

    def until(self, moment: float) -> float:
        """When a wait is over that would end at ``moment`` of the monotonic clock: then, or earlier."""
        return moment if self._ends_at is None else min(moment, self._ends_at)

    @property
    def is_over(self) -> bool:
        """Whether nobody may wait any more."""
        return self._ends_at is not None and time.monotonic() >= self._ends_at

    def wait_for(self, work: Callable[[], T]) -> T:
        """What ``work`` returns or raises; it goes on in a thread that nobody waits for where patience ends first.

        Args:
            work: Waits for somebody else, and changes nothing that others see.

        Raises:
            StoppedError: Patience ended first.
        """
        outcome: queue.SimpleQueue[tuple[T, None] | tuple[None, BaseException]] = queue.SimpleQueue()

        def run() -> None:
            try:
                outcome.put((work(), None))
            except BaseException as error:  # noqa: BLE001 - raised again by whoever waits
                outcome.put((None, error))

        threading.Thread(target=run, name="waits", daemon=True).start()
        while not self.is_over:
            try:
                result, error = outcome.get(timeout=SLICE_S)
            except queue.Empty:
                continue
            if error is not None:
                raise error
            return result  # type: ignore[return-value]
        raise StoppedError("stopped.by_hand")
