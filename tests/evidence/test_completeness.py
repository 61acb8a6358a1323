"""Which gaps are still gaps once later imports have filled them, and which parts are there all the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.completeness import FirstSight, Gap, Had, Lost, MessagePart, Receipt, closings, open_gaps, receipts
from evidence.observation import Mode


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


def test_a_gap_was_closed_by_the_last_item_that_brought_a_message_of_it() -> None:
    known = [FirstSight(4, 1), FirstSight(5, 9), FirstSight(6, 7), FirstSight(8, None)]
    assert closings([Gap(3, 5, 6), Gap(4, 6, 6), Gap(8, 6, 6), Gap(10, 4, 5)], known) == {3: 9, 4: 7}
    assert closings([Gap(3, 5, 7)], known) == {}
    # what was left is a gap of its own
    assert closings([Gap(3, 5, 7), Gap(11, 7, 7)], known) == {3: 9}
    # what may not be named closes a gap in silence
    assert closings([Gap(3, 8, 8)], known) == {}


def test_a_part_is_received_in_the_same_state_and_perhaps_in_another() -> None:
    lost = Lost(3, MessagePart("place", "one", shared=True), Mode.HASH_ONLY)
    same, other = (
        Had(5, MessagePart("place", "one", shared=True), Mode.SEALED),
        MessagePart("place", "two", shared=True),
    )
    assert receipts([lost], [same, Had(9, other, Mode.SEALED)]) == {3: Receipt(same=(5,))}
    assert receipts([lost], [Had(9, other, Mode.SEALED), Had(7, other, Mode.HASH_ONLY)]) == {3: Receipt(perhaps=(7, 9))}
    assert receipts([lost], [Had(9, MessagePart("elsewhere", "one", shared=True), Mode.SEALED)]) == {}
    assert receipts([lost], []) == {}


@pytest.mark.parametrize("least", [Mode.HASH_ONLY, Mode.SEALED])
@pytest.mark.parametrize("mode", Mode)
def test_a_mode_that_does_not_have_it_is_no_receipt(least: Mode, mode: Mode) -> None:
    part = MessagePart("place", "one", shared=True)
    enough = list(Mode).index(mode) >= list(Mode).index(least)
    assert bool(receipts([Lost(1, part, least)], [Had(2, part, mode)])) is enough


def test_where_an_account_numbers_the_messages_another_state_is_perhaps_another_message() -> None:
    lost = Lost(1, MessagePart("place", "one", shared=False), Mode.HASH_ONLY)
    assert receipts([lost], [Had(2, MessagePart("place", "two", shared=True), Mode.SEALED)]) == {}
    unknown = Lost(1, MessagePart("place", None, shared=False), Mode.HASH_ONLY)
    assert receipts([unknown], [Had(2, MessagePart("place", None, shared=True), Mode.SEALED)]) == {}
