"""Which gaps are still gaps: the holes of the log stay, and what came later may fill them.

A gap is a span of message numbers that an import did not have. It is closed when each of its messages is
known by now, and when some are and later gaps of the same chat say what is left. Pure functions.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Gap:
    """A hole of the log: the messages ``lo`` to ``hi``, inclusive.

    Attributes:
        idx: Its place in the log.
    """

    idx: int
    lo: int
    hi: int


def open_gaps(gaps: Sequence[Gap], known: Sequence[int]) -> list[Gap]:
    """The gaps of one chat that are not closed, in the order of the log.

    Args:
        gaps: In the order of the log.
        known: The numbers of the messages that are known, ascending, each once.
    """
    later, still = _Union(), list[Gap]()
    for gap in reversed(gaps):
        pieces = list(_left_of(gap, known))
        if pieces == [(gap.lo, gap.hi)] or not all(later.covers(*piece) for piece in pieces):
            still.append(gap)
        later.add(gap.lo, gap.hi)
    return still[::-1]


def _left_of(gap: Gap, known: Sequence[int]) -> Iterator[tuple[int, int]]:
    """The spans of a gap that no known message is in."""
    start = gap.lo
    for number in known[bisect_left(known, gap.lo) : bisect_right(known, gap.hi)]:
        if start < number:
            yield start, number - 1
        start = number + 1
    if start <= gap.hi:
        yield start, gap.hi


class _Union:
    """Spans, joined where they touch."""

    def __init__(self) -> None:
        self._los: list[int] = []
        self._his: list[int] = []

    def add(self, lo: int, hi: int) -> None:
        first, last = bisect_left(self._his, lo - 1), bisect_right(self._los, hi + 1)
        if first < last:
            lo, hi = min(lo, self._los[first]), max(hi, self._his[last - 1])
        self._los[first:last], self._his[first:last] = [lo], [hi]

    def covers(self, lo: int, hi: int) -> bool:
        place = bisect_right(self._los, lo) - 1
        return place >= 0 and hi <= self._his[place]
