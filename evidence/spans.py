"""Spans of message numbers that were looked at: ascending, apart, both ends inclusive. Pure functions."""

from collections.abc import Iterable, Iterator, Sequence

Spans = tuple[tuple[int, int], ...]


def with_span(spans: Spans, lo: int, hi: int) -> Spans:
    """Spans of numbers and one more, joined where they touch; nothing is added where ``hi`` is below ``lo``."""
    return spans if hi < lo else join_spans((*spans, (lo, hi)))


def join_spans(spans: Iterable[tuple[int, int]]) -> Spans:
    """All spans of numbers, in whatever order they come, joined where they touch."""
    found: list[tuple[int, int]] = []
    for first, last in sorted(spans):
        if found and first <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(found[-1][1], last))
        else:
            found.append((first, last))
    return tuple(found)


def highest_gap(spans: Spans, top: int) -> tuple[int, int] | None:
    """The highest span of numbers between 1 and ``top`` that was not looked at; None when all was."""
    hi = top
    for first, last in reversed(spans):
        if last < hi:
            return last + 1, hi
        hi = min(hi, first - 1)
    return (1, hi) if hi >= 1 else None


def between(spans: Spans, top: int) -> Spans:
    """The spans of numbers from 1 to ``top`` that lie in none of these."""
    left: list[tuple[int, int]] = []
    start = 1
    for first, last in spans:
        if start < first and start <= top:
            left.append((start, min(first - 1, top)))
        start = max(start, last + 1)
    if start <= top:
        left.append((start, top))
    return tuple(left)


def common(some: Spans, others: Spans) -> Spans:
    """The spans of numbers that lie in a span of both."""
    return tuple(
        (max(lo, first), min(hi, last)) for lo, hi in some for first, last in others if lo <= last and first <= hi
    )


def without(spans: Spans, others: Spans) -> Spans:
    """The spans of numbers that lie in a span of the first, and in none of the second."""
    top = max((hi for _lo, hi in spans), default=0)
    return common(spans, between(others, top))


def absent(numbers: Iterable[int], lo: int, hi: int) -> Iterator[tuple[int, int]]:
    """The spans of numbers between ``lo`` and ``hi`` in which no number lies."""
    start = lo
    for number in sorted({number for number in numbers if lo <= number <= hi}):
        if start < number:
            yield start, number - 1
        start = number + 1
    if start <= hi:
        yield start, hi


def read_spans(said: Sequence[Sequence[int]]) -> Spans:
    """The spans of numbers that were kept as JSON, an array of pairs."""
    return tuple((int(lo), int(hi)) for lo, hi in said)
