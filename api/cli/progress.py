"""How far a command has come: one line on standard error, on a terminal alone, with rate and time left.

The line is written over itself, a few times a second. It never tells more than its total: where more comes than was
expected, the total grows. Whoever prints something else clears it first.
"""

import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TextIO

from config.errors import Term

EVERY_S = 0.2
"""How long the line stands at least."""
SURE_AFTER_S = 1.0
"""From when on a rate says something."""
_MINUTE, _HOUR = 60, 3600


class ProgressLine:
    """Hears how many more are done, and says so.

    Args:
        unit: What is counted, in the plural.
        stream: None for nobody to read it.
        clock: Seconds that only go forward.

    Attributes:
        total: How many there will be; None while that is not known.
    """

    def __init__(
        self,
        label: str,
        unit: str,
        total: int | None = None,
        *,
        stream: TextIO | None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.total = total
        self.done = 0
        self._label, self._unit = label, unit
        self._stream, self._clock = stream, clock
        self._began = clock()
        self._drawn_at = float("-inf")
        self._width = 0

    def __call__(self, more: int = 1) -> None:
        """So many more are done."""
        self.done += more
        if self.total is not None:
            self.total = max(self.total, self.done)
        if self._stream is not None and self._clock() - self._drawn_at >= EVERY_S:
            self._draw(self._told())

    def say(self, text: str) -> None:
        """Show this text on the line until something is done or the line is cleared."""
        self._draw(text)

    def clear(self) -> None:
        """Take the line away, so that something else can stand there."""
        if self._width:
            self._draw("")
            self._drawn_at = float("-inf")

    def end(self) -> None:
        """Say how much was done in the end, leave the line where it is, and say no more."""
        if self._stream is None or not self.done:
            return
        self._draw(self._told(ended=True))
        self._stream.write("\n")
        self._width, self._stream = 0, None

    def _draw(self, text: str) -> None:
        if self._stream is None:
            return
        text = text[: shutil.get_terminal_size().columns - 1]
        self._stream.write(f"\r{text.ljust(self._width)}" + ("" if text else "\r"))
        self._stream.flush()
        self._width, self._drawn_at = len(text), self._clock()

    def _told(self, *, ended: bool = False) -> str:
        of = f" of {self.total:,}" if self.total is not None else ""
        told = f"{self._label}: {self.done:,}{of} {self._unit}"
        passed = self._clock() - self._began
        if passed < SURE_AFTER_S or not self.done:
            return told
        rate = self.done / passed
        told += f", {rate:,.0f} a second" if rate >= 1 else f", {rate * _MINUTE:,.0f} a minute"
        if ended or self.total is None:
            return told
        return f"{told}, {told_seconds((self.total - self.done) / rate)} left"


def told_seconds(seconds: float) -> str:
    """How long something takes, in one unit or two, for the progress line."""
    whole = max(0, round(seconds))
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return f"{whole // _MINUTE} min {whole % _MINUTE} s"
    return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE} min"


@contextmanager
def progress(label: Term, unit: Term, total: int | None = None) -> Iterator[ProgressLine]:
    """Progress on standard error where that is a terminal, and nothing elsewhere."""
    told = ProgressLine(str(label), str(unit), total, stream=sys.stderr if sys.stderr.isatty() else None)
    try:
        yield told
    except BaseException:
        told.clear()
        raise
    told.end()


@contextmanager
def wait_told(what: Term) -> Iterator[None]:
    """Say what is being waited for, as long as that lasts, where ``progress`` would show a line."""
    told = ProgressLine("", "", stream=sys.stderr if sys.stderr.isatty() else None)
    told.say(str(what))
    try:
        yield
    finally:
        told.clear()


@contextmanager
def stages() -> Iterator[Callable[[Term, Term], Callable[[int], ProgressLine]]]:
    """Progress of a command in several stages, a line each: what is done, its unit, and then how many there are."""
    with ExitStack() as stack:

        def begin(label: Term, unit: Term, total: int) -> ProgressLine:
            stack.close()  # the stage before has ended
            return stack.enter_context(progress(label, unit, total))

        yield lambda label, unit: partial(begin, label, unit)
