"""The eight ways to turn a picture are eight different pictures, in the order in which their hashes are kept."""

import numpy as np

from evidence.fingerprint.orientation import Orientation


def test_the_order_is_the_one_in_which_hashes_are_kept() -> None:
    assert [each.value for each in Orientation] == [
        "upright", "rotate_90", "rotate_180", "rotate_270", "upside_down", "mirrored", "transposed", "transversed",
    ]  # fmt: skip


def test_a_picture_without_symmetry_has_eight_ways_to_lie() -> None:
    picture = np.arange(4).reshape(2, 2)
    turned = [np.rot90(picture, quarter) for quarter in range(4)]
    assert len({each.tobytes() for each in [*turned, *map(np.fliplr, turned)]}) == len(Orientation)
