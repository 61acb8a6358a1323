"""Spans of message numbers that were looked at: ascending, apart, both ends inclusive. Pure functions."""

from collections.abc import Iterable, Iterator, Sequence

Spans = tuple[tuple[int, int], ...]


def with_span(spans: Spans, lo: int, hi: int) -> Spans:
    """The spans and one more, joined where they touch; nothing is added where ``hi`` is below ``lo``."""
    if hi < lo:
        return spans
    joined: list[tuple[int, int]] = []
    for first, last in sorted((*spans, (lo, hi))):
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(joined[-1][1], last))
        else:
            joined.append((first, last))
    return tuple(joined)


def highest_gap(spans: Spans, top: int) -> tuple[int, int] | None:
    """The highest span between 1 and ``top`` that was not looked at; None when all was."""
    hi = top
    for first, last in reversed(spans):
        if last < hi:
            return last + 1, hi
        hi = min(hi, first - 1)
    return (1, hi) if hi >= 1 else None


def absent(numbers: Iterable[int], lo: int, hi: int) -> Iterator[tuple[int, int]]:
    """The spans between ``lo`` and ``hi`` in which no number lies."""
    start = lo
    for number in sorted({number for number in numbers if lo <= number <= hi}):
        if start < number:
            yield start, number - 1
        start = number + 1
    if start <= hi:
        yield start, hi


def read_spans(said: Sequence[Sequence[int]]) -> Spans:
    """Spans as JSON has them."""
    return tuple((int(lo), int(hi)) for lo, hi in said)
