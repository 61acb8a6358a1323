"""Which holes are still holes: they all stay in the log, and what arrived at another time may fill them.

A gap is a span of message numbers that an import did not have. It is closed when each of its messages is
known by now, and when some are and later gaps of the same chat say what is left.

A part is a file of a message, or the message as it came, that was not received or not kept. An item is that part if
it comes from the same place in the same message, and the message said the same: file and hole carry its identity. If
the message read differently, nobody can tell: it may have been edited to show another file, or another source may put
it in other words. Pure functions.

# LIMIT: an edit that exchanges a picture and changes nothing that the source says of the message keeps its identity.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from evidence.observation import Mode


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
    """The holes of one chat that are gaps and not closed, in the order of the log.

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


@dataclass(frozen=True, slots=True)
class FirstSight:
    """The first item of a chat that shows a message.

    Attributes:
        number: The message's.
        idx: The item's place in the log; None if it may not be named.
    """

    number: int
    idx: int | None


def closings(gaps: Sequence[Gap], known: Sequence[FirstSight]) -> Mapping[int, int]:
    """By what the gaps of one chat were closed that are, by log index: the last item that brought a message of one.

    A gap that had been closed before it was recorded is left out: its source had one, and the store never did.

    Args:
        gaps: In the order of the log.
        known: Ascending by number, each number once.
    """
    numbers = [each.number for each in known]
    still = {gap.idx for gap in open_gaps(gaps, numbers)}
    last = {gap.idx: _last_of(gap, numbers, known) for gap in gaps if gap.idx not in still}
    return {gap: idx for gap, idx in last.items() if idx > gap}


def _last_of(gap: Gap, numbers: Sequence[int], known: Sequence[FirstSight]) -> int:
    within = known[bisect_left(numbers, gap.lo) : bisect_right(numbers, gap.hi)]
    return max((each.idx for each in within if each.idx is not None), default=-1)


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


@dataclass(frozen=True, slots=True)
class MessagePart:
    """A part of what a source showed.

    Attributes:
        place: The chat, the message, and the place among its files; the message itself has no such place.
        state: What the message said; None if that is not known.
        shared: It is a file, and its message has this number for everybody: in another state, it is perhaps the same.
    """

    place: Hashable
    state: Hashable | None
    shared: bool


@dataclass(frozen=True, slots=True)
class Lost:
    """A hole of the log in the place of a part.

    Attributes:
        idx: Its place in the log.
        least: The lowest mode in which an item has what is missing.
    """

    idx: int
    part: MessagePart
    least: Mode


@dataclass(frozen=True, slots=True)
class Had:
    """An item that is a part."""

    idx: int
    part: MessagePart
    mode: Mode


@dataclass(frozen=True, slots=True)
class Receipt:
    """Which items have what a hole misses, by log index, in the order of the log.

    Attributes:
        same: They are what was missing.
        perhaps: They come from the same place in the message, as it read at another time or to another source; empty
            if there are any that are the same.
    """

    same: tuple[int, ...] = ()
    perhaps: tuple[int, ...] = ()


NOT_RECEIVED = Receipt()

_RANK = {mode: rank for rank, mode in enumerate(Mode)}


def receipts(lost: Iterable[Lost], had: Iterable[Had]) -> Mapping[int, Receipt]:
    """Which holes are still holes: what arrived for each at another time, by log index.

    A hole that no item fits is left out.
    """
    at: dict[Hashable, list[Had]] = defaultdict(list)
    for item in had:
        at[item.part.place].append(item)
    found = ((hole.idx, _receipt(hole, at.get(hole.part.place, ()))) for hole in lost)
    return {idx: receipt for idx, receipt in found if receipt.same or receipt.perhaps}


def _receipt(hole: Lost, here: Iterable[Had]) -> Receipt:
    enough = [item for item in here if _RANK[item.mode] >= _RANK[hole.least]]
    state = hole.part.state
    same = sorted(item.idx for item in enough if state is not None and item.part.state == state)
    if same or not hole.part.shared:
        return Receipt(same=tuple(same))
    return Receipt(perhaps=tuple(sorted(item.idx for item in enough if item.part.shared)))
