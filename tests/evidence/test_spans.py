"""Spans of message numbers, beside a slow and plainly right reference: a set of numbers."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from evidence.spans import absent, between, common, highest_gap, join_spans, read_spans, with_span, without

NUMBERS = st.integers(min_value=1, max_value=40)
PAIRS = st.lists(st.tuples(NUMBERS, NUMBERS), max_size=8)


def numbers_of(pairs: list[tuple[int, int]]) -> set[int]:
    return {number for lo, hi in pairs for number in range(lo, hi + 1)}


@given(PAIRS)
def test_spans_hold_what_was_added_and_lie_apart_in_order(pairs: list[tuple[int, int]]) -> None:
    spans: tuple[tuple[int, int], ...] = ()
    for lo, hi in pairs:
        spans = with_span(spans, lo, hi)
    assert numbers_of(list(spans)) == numbers_of(pairs)
    assert all(before[1] + 1 < after[0] for before, after in pairwise(spans))
    assert read_spans([list(span) for span in spans]) == spans


@given(PAIRS, NUMBERS)
def test_the_highest_gap_is_what_is_left_below_the_top(pairs: list[tuple[int, int]], top: int) -> None:
    spans: tuple[tuple[int, int], ...] = ()
    for lo, hi in pairs:
        spans = with_span(spans, lo, hi)
    left = set(range(1, top + 1)) - numbers_of(pairs)
    gap = highest_gap(spans, top)
    if not left:
        assert gap is None
        return
    assert gap is not None
    lo, hi = gap
    assert hi == max(left)
    assert set(range(lo, hi + 1)) <= left
    assert lo == 1 or lo - 1 not in left


@given(PAIRS, PAIRS, NUMBERS)
def test_what_lies_between_and_what_is_common_are_those_of_sets(
    pairs: list[tuple[int, int]], others: list[tuple[int, int]], top: int
) -> None:
    some, more = (
        join_spans((lo, hi) for lo, hi in pairs if lo <= hi),
        join_spans((lo, hi) for lo, hi in others if lo <= hi),
    )
    left = between(some, top)
    assert numbers_of(list(left)) == set(range(1, top + 1)) - numbers_of(pairs)
    assert join_spans(left) == left
    assert numbers_of(list(common(some, more))) == numbers_of(pairs) & numbers_of(others)
    assert join_spans(common(some, more)) == common(some, more)
    assert numbers_of(list(without(some, more))) == numbers_of(pairs) - numbers_of(others)


@given(st.lists(NUMBERS), NUMBERS, NUMBERS)
def test_what_is_absent_and_what_is_there_make_up_the_span(numbers: list[int], lo: int, hi: int) -> None:
    found = numbers_of(list(absent(numbers, lo, hi)))
    assert found == set(range(lo, hi + 1)) - set(numbers)
