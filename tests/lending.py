"""Decoding processes that outlive their decoder, so that each test does not start its own.

A process takes 0.4 s of processor time to start, most of what a small import costs. It is the real one, with its
walls; only who ends it differs. Tests of the decoder itself take ``own_decoders`` and get none that was used before.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from evidence.fingerprint.decoder import RECYCLE_AFTER, Decoder, _Worker

MOST = 4
"""Idle processes that are kept."""


class LentDecoders:
    """Idle processes of one test process; a child that it forks has none of them."""

    def __init__(self) -> None:
        self._idle: list[_Worker] = []
        self._owner = os.getpid()
        self._are_lent = True

    @contextmanager
    def withheld(self) -> Iterator[None]:
        """Let every decoder start and end processes of its own."""
        before, self._are_lent = self._are_lent, False
        try:
            yield
        finally:
            self._are_lent = before

    def take(self) -> _Worker | None:
        """A process that is idle and alive."""
        while self._is_here() and self._idle:
            worker = self._idle.pop()
            if worker.answered < RECYCLE_AFTER and worker._process.poll() is None:
                return worker
            worker.end()
        return None

    def give_back(self, workers: list[_Worker]) -> None:
        """Keep a decoder's idle processes that have greeted, as far as there is room; the others are left to it."""
        while self._is_here() and workers and len(self._idle) < MOST:
            worker = workers.pop()
            if worker.sandbox:
                self._idle.append(worker)
            else:
                worker.end()

    def end(self) -> None:
        while self._idle:
            self._idle.pop().end()

    def _is_here(self) -> bool:
        return self._are_lent and os.getpid() == self._owner


@contextmanager
def lending() -> Iterator[LentDecoders]:
    """Have every decoder of this process take its processes from here, until the block ends."""
    lent, take, close = LentDecoders(), Decoder._take, Decoder.close

    def lent_or_own(self: Decoder) -> _Worker:
        if self._idle or (worker := lent.take()) is None:
            return take(self)
        worker._patience = self._patience
        self.walls = worker.sandbox
        return worker

    def close_but_keep(self: Decoder) -> None:
        if self._threads is not None:
            self._threads.shutdown()
            self._threads = None
        lent.give_back(self._idle)
        close(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Decoder, "_take", lent_or_own)
        patch.setattr(Decoder, "close", close_but_keep)
        yield lent
    lent.end()
