"""The grid covers what it says."""

from evidence.fingerprint.grid import GRID, STEP


def test_crops_of_a_fifth_at_both_ends_and_of_three_tenths_at_one_are_there() -> None:
    fifth, far = STEP // 5, 3 * STEP // 10
    assert ((fifth // 2, fifth // 2), (0, fifth)) in GRID
    assert ((0, far), (0, 0)) in GRID
    assert ((0, 0), (far, 0)) in GRID
    assert ((-fifth, 0), (0, -fifth)) in GRID
    assert ((far, 0), (1, 0)) not in GRID
