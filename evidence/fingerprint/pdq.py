"""PDQ, the 256-bit perceptual hash of Meta's ThreatExchange, in all eight orientations.

Follows the reference (github.com/facebook/ThreatExchange, pdq/cpp/hashing and
pdq/cpp/downscaling): luma, two passes of a box filter along rows and columns, decimation to
64x64, DCT to 16x16, one bit per coefficient above the median. Blur and decimation are
linear, so the two together are one small banded matrix per axis, and the picture is never blurred
as a whole: luma comes in strips of rows, and 64x64 numbers remain.

The other seven hashes are those of the picture really turned. The reference derives them from the
first by signs and transposition, which costs a turned picture up to 50 bits (256x256), because
decimation is not symmetric. Reading the small matrices backwards costs nothing.

Pure functions over numbers: no file, no decoder. Only the exact route: full size, luma from
RGB, no resizing first (which costs up to 10 of the 31 bits by which pictures match).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from evidence.fingerprint.orientation import Orientation

Floats: TypeAlias = npt.NDArray[np.float64]
Flips: TypeAlias = tuple[bool, bool]
"""Whether the rows, and whether the columns, were read backwards."""

GRID: Final = 64
BITS: Final = 16
MIN_SIDE: Final = 5
"""Smallest side that the reference hashes (MIN_HASHABLE_DIM)."""

_LUMA: Final = np.array([0.299, 0.587, 0.114], dtype=np.float32)


@dataclass(frozen=True, slots=True, repr=False)
class Pdq:
    """Eight hashes and how much structure they rest on.

    Attributes:
        hashes: 32 bytes each, in the order of ``Orientation``; the first is upright.
        quality: 0 to 100; below 50 the reference calls a hash unfit for matching.
    """

    hashes: tuple[bytes, ...]
    quality: int


@dataclass(frozen=True, slots=True)
class Band:
    """Blur and decimation of one axis: output ``i`` is ``weights[i] @ axis[starts[i]:][:k]``."""

    starts: tuple[int, ...]
    weights: npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Rotation:
    """What brings stored pixels upright: flips of the stored axes, then perhaps a transposition."""

    flip_rows: bool
    flip_columns: bool
    transpose: bool


# EXIF 2.32, tag 0x0112
TURNS: Final = {
    1: Rotation(False, False, False),
    2: Rotation(False, True, False),
    3: Rotation(True, True, False),
    4: Rotation(True, False, False),
    5: Rotation(False, False, True),
    6: Rotation(True, False, True),
    7: Rotation(True, True, True),
    8: Rotation(False, True, True),
}


def pdq(strips: Iterable[npt.NDArray[np.uint8]], *, width: int, height: int, exif_orientation: int = 1) -> Pdq | None:
    """Hash a picture given as strips of rows, top to bottom.

    Args:
        strips: Arrays of shape (rows, width, 3), RGB; their rows add up to ``height``.
        width: Columns as stored, before the orientation is applied.
        height: Rows as stored.
        exif_orientation: 1 to 8; the hashes are those of the upright picture and its turns.

    Returns:
        None if a side is shorter than ``MIN_SIDE``: the reference has no hash for it.
    """
    if min(width, height) < MIN_SIDE:
        return None
    columns = [band(width, flipped=flipped) for flipped in (False, True)]
    narrowed = [[_narrow(luma, each) for each in columns] for luma in map(_luma, strips)]
    across = [np.concatenate(column) for column in zip(*narrowed, strict=True)]
    grids = _of_upright(
        {
            (rows, column): _shorten(across[column], band(height, flipped=rows))
            for rows in (False, True)
            for column in (False, True)
        },
        TURNS[exif_orientation],
    )
    return Pdq(tuple(_hash(grid) for grid in _turned(grids)), _quality(grids[False, False]))


@lru_cache(maxsize=64)
def band(length: int, *, flipped: bool) -> Band:
    """The banded matrix that blurs ``length`` samples twice and keeps 64 of them.

    At most ``2 * length`` numbers plus rounding; 64 of these matrices are kept.

    Args:
        flipped: Read the samples backwards. That differs from reversing the output: of a block
            of samples, the reference keeps the one right of its middle.
    """
    window = -(-length // (2 * GRID))
    rows = [_blurred_twice((2 * index + 1) * length // (2 * GRID), length, window) for index in range(GRID)]
    width = max(len(weights) for _, weights in rows)
    # rows cut short at an edge are moved inwards and padded with zeros
    starts = [min(start, length - width) for start, _ in rows]
    weights = np.zeros((GRID, width), dtype=np.float32)
    for index, (start, values) in enumerate(rows):
        offset = start - starts[index]
        weights[index, offset : offset + len(values)] = values
    if flipped:
        starts = [length - start - width for start in starts]
        weights = np.ascontiguousarray(weights[:, ::-1])
    weights.setflags(write=False)
    return Band(tuple(starts), weights)


def _window(position: int, length: int, window: int) -> tuple[int, int]:
    """The first sample that the box filter averages at ``position``, and one past the last."""
    right = window // 2 + 1
    return max(0, position - (window - right)), min(length, position + right)


def _blurred_twice(position: int, length: int, window: int) -> tuple[int, Floats]:
    """The first sample and the weights that two passes of the box filter leave at ``position``."""
    outer_lo, outer_hi = _window(position, length, window)
    lo = _window(outer_lo, length, window)[0]
    hi = _window(outer_hi - 1, length, window)[1]
    weights = np.zeros(hi - lo)
    for inner in range(outer_lo, outer_hi):
        inner_lo, inner_hi = _window(inner, length, window)
        weights[inner_lo - lo : inner_hi - lo] += 1.0 / ((outer_hi - outer_lo) * (inner_hi - inner_lo))
    return lo, weights


def _luma(strip: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    luma: npt.NDArray[np.float32] = strip.astype(np.float32) @ _LUMA
    return luma


def _narrow(luma: npt.NDArray[np.float32], columns: Band) -> npt.NDArray[np.float32]:
    """Blur and decimate the columns of some rows: shape (rows, 64)."""
    width = columns.weights.shape[1]
    narrowed = np.empty((len(luma), GRID), dtype=np.float32)
    for index, start in enumerate(columns.starts):
        narrowed[:, index] = luma[:, start : start + width] @ columns.weights[index]
    return narrowed


def _shorten(across: npt.NDArray[np.float32], rows: Band) -> Floats:
    """Blur and decimate the rows of a (height, 64) plane: shape (64, 64)."""
    height = rows.weights.shape[1]
    grid = np.empty((GRID, GRID))
    for index, start in enumerate(rows.starts):
        grid[index] = rows.weights[index].astype(np.float64) @ across[start : start + height]
    return grid


def _dct_matrix() -> Floats:
    """Coefficients 1 to 16 of the 64-point DCT-II; the constant one is left out."""
    frequency = np.arange(1, BITS + 1)[:, np.newaxis]
    sample = 2 * np.arange(GRID) + 1
    matrix: Floats = np.sqrt(2.0 / GRID) * np.cos(np.pi / (2 * GRID) * frequency * sample)
    return matrix


_DCT: Final = _dct_matrix()


def _of_upright(stored: Mapping[Flips, Floats], turn: Rotation) -> dict[Flips, Floats]:
    """The grids of the upright picture's flips, from those of the picture as stored."""
    upright = {}
    for rows, columns in stored:
        # if the picture lies on its side, flipping the upright rows flips the stored columns
        of_rows, of_columns = (columns, rows) if turn.transpose else (rows, columns)
        grid = stored[of_rows != turn.flip_rows, of_columns != turn.flip_columns]
        upright[rows, columns] = grid.T if turn.transpose else grid
    return upright


def _turned(grids: Mapping[Flips, Floats]) -> tuple[Floats, ...]:
    """The grids of all orientations, in the order of ``Orientation``."""
    turned = {
        Orientation.UPRIGHT: grids[False, False],
        Orientation.ROTATE_90: grids[False, True].T,
        Orientation.ROTATE_180: grids[True, True],
        Orientation.ROTATE_270: grids[True, False].T,
        Orientation.UPSIDE_DOWN: grids[True, False],
        Orientation.MIRRORED: grids[False, True],
        Orientation.TRANSPOSED: grids[False, False].T,
        Orientation.TRANSVERSED: grids[True, True].T,
    }
    return tuple(turned[orientation] for orientation in Orientation)


def _hash(grid: Floats) -> bytes:
    """One bit per coefficient above the median; the reference writes the last row first."""
    flat = (_DCT @ grid @ _DCT.T).ravel()
    # Torben's median of an even count is the lower of the middle two
    middle = flat.size // 2 - 1
    return np.packbits(flat[::-1] > np.partition(flat, middle)[middle]).tobytes()


def _quality(grid: Floats) -> int:
    """The reference's image-domain metric: whole percents of gradient, summed; 0 to 100."""
    plane = grid.astype(np.float32)
    total = 0
    for axis in (0, 1):
        percents = np.trunc(np.diff(plane, axis=axis) * np.float32(100) / np.float32(255))
        total += int(np.abs(percents).sum())
    return min(total // 90, 100)
