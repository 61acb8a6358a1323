"""Which gaps are still gaps once later imports have filled them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.completeness import Gap, open_gaps


def numbered(*spans: tuple[int, int]) -> list[Gap]:
    return [Gap(place, lo, hi) for place, (lo, hi) in enumerate(spans)]


@pytest.mark.parametrize(
    ("spans", "known", "still"),
    [
        ([], [1, 2], []),
        ([(2, 9)], [1, 10], [0]),
        ([(2, 9)], list(range(1, 11)), []),
        ([(2, 9)], [1, 2, 3, 4, 5, 6, 7, 8, 10], [0]),
        # a later import has message 5, and says what it did not have
        ([(2, 9), (2, 4), (6, 9)], [1, 5, 10], [1, 2]),
        ([(2, 9), (2, 4)], [1, 5, 10], [0, 1]),
        # what came before does not say what is left now
        ([(2, 4), (6, 9), (2, 9)], [1, 5, 10], [0, 1, 2]),
        # nothing of it is known: both imports lacked it, and both say so
        ([(2, 9), (2, 9)], [1, 10], [0, 1]),
        ([(5, 5), (7, 7)], [5], [1]),
    ],
)
def test_a_gap_is_closed_by_its_messages_or_by_later_gaps_about_the_rest(
    spans: list[tuple[int, int]], known: list[int], still: list[int]
) -> None:
    assert [gap.idx for gap in open_gaps(numbered(*spans), known)] == still


spans = st.tuples(st.integers(1, 30), st.integers(0, 12)).map(lambda pair: (pair[0], sum(pair)))


@given(st.lists(spans, max_size=8), st.sets(st.integers(1, 45)))
def test_no_gap_is_closed_while_one_of_its_messages_is_accounted_for_nowhere(
    listed: list[tuple[int, int]], known: set[int]
) -> None:
    gaps = numbered(*listed)
    still = open_gaps(gaps, sorted(known))
    for gap in gaps:
        here = set(range(gap.lo, gap.hi + 1))
        later = {number for other in gaps[gap.idx + 1 :] for number in range(other.lo, other.hi + 1)}
        untouched = not here & known
        assert (gap in still) == (untouched or not here - known <= later)
