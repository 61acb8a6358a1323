"""Where a picture lies inside a plain border: letterboxes, frames, the bars of a screenshot.

A picture that is posted with a border, or whose border was cut off, has another PDQ. So the part inside the
border is hashed too. Whoever asks trims in JavaScript, so the rule is one of integers alone, and both find the same
box to the pixel. docs/format.md, "Trimmed pictures", is the specification.

Two boxes are looked for. ``STRICT`` follows a border of one colour; ``LOOSE`` also passes lines on which something
lies, such as the clock of a screenshot.
LIMIT: a background that is a blurred copy of the picture is no border for this rule.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

Plane: TypeAlias = npt.NDArray[np.uint8]

STRICT: Final = 98
LOOSE: Final = 60
"""How many percent of a line must be near the border's brightness, for the border to go on."""
FIRST: Final = 97
"""The same of the outermost line, for there to be a border at all."""
NEAR: Final = 12
GAP: Final = 2
"""As many lines in a row may be anything, if the border goes on behind them."""
MOST: Final = 45
"""As many percent of a side are cut off one end at most."""
ROUNDS: Final = 3
_BLOCK: Final = 64


@dataclass(frozen=True, slots=True)
class Box:
    """A part of a picture, in pixels; right and bottom are one past the last."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        """In pixels."""
        return self.right - self.left

    @property
    def height(self) -> int:
        """In pixels."""
        return self.bottom - self.top


Pixels: TypeAlias = Callable[[Box], Plane]
"""Gives the RGB of a box, shape (rows, columns, 3)."""


def trims(pixels: Pixels, *, width: int, height: int) -> tuple[Box, ...]:
    """The boxes inside a picture's border: none, one, or the strict and the loose one."""
    whole = Box(0, 0, width, height)
    found: list[Box] = []
    for share in (STRICT, LOOSE):
        box = _trimmed(pixels, whole, share)
        if _is_smaller(box, whole) and box not in found:
            found.append(box)
    return tuple(found)


def _is_smaller(box: Box, whole: Box) -> bool:
    """Whether a hundredth of a side is gone: less does not change a hash enough."""
    return 100 * (whole.width - box.width) >= whole.width or 100 * (whole.height - box.height) >= whole.height


def _trimmed(pixels: Pixels, whole: Box, share: int) -> Box:
    box = whole
    for _ in range(ROUNDS):
        before = box
        most = MOST * whole.height // 100
        box = Box(box.left, box.top + _border(pixels, box, "top", most - box.top, share), box.right, box.bottom)
        cut = _border(pixels, box, "bottom", most - (whole.bottom - box.bottom), share)
        box = Box(box.left, box.top, box.right, box.bottom - cut)
        most = MOST * whole.width // 100
        box = Box(box.left + _border(pixels, box, "left", most - box.left, share), box.top, box.right, box.bottom)
        cut = _border(pixels, box, "right", most - (whole.right - box.right), share)
        box = Box(box.left, box.top, box.right - cut, box.bottom)
        if box == before:
            break
    return box


def _border(pixels: Pixels, box: Box, side: str, most: int, share: int) -> int:
    """How many lines of a side of ``box`` are border, at most ``most``."""
    cut, line, middle = 0, 0, 0
    for block in _blocks(pixels, box, side, most):
        if not line:
            middle = int(np.sort(block[0])[(block.shape[1] - 1) // 2])
        near = (np.abs(block.astype(np.int16) - middle) <= NEAR).sum(axis=1)
        for count in near:
            if 100 * int(count) >= (share if line else FIRST) * block.shape[1]:
                cut = line + 1
            elif line - cut >= GAP or not line:
                return cut
            line += 1
    return cut


def _blocks(pixels: Pixels, box: Box, side: str, most: int) -> Iterator[Plane]:
    """The brightness of lines from the edge inwards: the first one alone, then many at once."""
    at = 0
    while at < most:
        until = min(at + (_BLOCK if at else 1), most)
        yield _luma(pixels, box, side, at, until)
        at = until


def _luma(pixels: Pixels, box: Box, side: str, at: int, until: int) -> Plane:
    if side == "top":
        part = Box(box.left, box.top + at, box.right, box.top + until)
    elif side == "bottom":
        part = Box(box.left, box.bottom - until, box.right, box.bottom - at)
    elif side == "left":
        part = Box(box.left + at, box.top, box.left + until, box.bottom)
    else:
        part = Box(box.right - until, box.top, box.right - at, box.bottom)
    rgb = pixels(part).astype(np.uint16)
    plane = ((77 * rgb[..., 0] + 150 * rgb[..., 1] + 29 * rgb[..., 2]) >> 8).astype(np.uint8)
    lines = plane if side in ("top", "bottom") else plane.T
    return lines[::-1] if side in ("bottom", "right") else lines
