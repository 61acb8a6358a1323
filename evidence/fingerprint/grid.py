"""The crops whose hashes are asked for beside those of the picture itself: a grid over both of its axes."""

from typing import Final, TypeAlias

AxisCut: TypeAlias = tuple[int, int]
"""How much of an axis is cut off at its beginning and at its end, in steps; negative: how much is added there."""

STEP: Final = 40
"""Steps are a fortieth of the longer side of the two: of what is cropped, or of what it was cropped from."""
_BOTH: Final = 8
_ONE: Final = 12
_WHOLE: Final[AxisCut] = (0, 0)


def grid() -> tuple[tuple[AxisCut, AxisCut], ...]:
    """Every crop of a picture whose hash is asked for, as cuts of the columns and of the rows.

    Up to a fifth of each axis at both ends together; up to three tenths at one end alone; and as much beyond the
    edges as a crop of up to a fifth has lost.
    """
    cuts = [(first, last) for first in range(_BOTH + 1) for last in range(_BOTH + 1 - first)]
    beyond = [(-first, -last) for first, last in cuts]
    far = [cut for much in range(_BOTH + 1, _ONE + 1) for cut in ((much, 0), (0, much))]
    one_sided = [(cut, _WHOLE) for cut in far] + [(_WHOLE, cut) for cut in far]
    crops = [(columns, rows) for columns in cuts for rows in cuts]
    crops += one_sided + [(columns, rows) for columns in beyond for rows in beyond]
    return tuple(dict.fromkeys(crops))


GRID: Final = grid()
