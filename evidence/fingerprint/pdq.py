"""PDQ, the 256-bit perceptual hash of Meta's ThreatExchange, in all eight orientations.

Follows the reference (github.com/facebook/ThreatExchange, pdq/cpp/hashing and
pdq/cpp/downscaling): luma, two passes of a box filter along rows and columns, decimation to
64x64, DCT to 16x16, one bit per coefficient above the median. Blur and decimation are
linear, so the two together are one small banded matrix per axis, and the picture is never blurred
as a whole: ``Y -> R Y C^T``. Luma is linear too, so it is taken last, of what the rows' matrix left.

The other seven hashes are those of the picture really turned. The reference derives them from the
first by signs and transposition, which costs a turned picture up to 50 bits (256x256), because
decimation is not symmetric. Each band is therefore read in both directions at once.

Pure functions over numbers: no file, no decoder. Only the exact route: full size, luma from
RGB, no resizing first (which costs up to 10 of the 31 bits by which pictures match).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from evidence.fingerprint.orientation import Orientation

Rgb: TypeAlias = npt.NDArray[np.uint8]
"""Shape (rows, columns, 3)."""
Floats: TypeAlias = npt.NDArray[np.float64]
Singles: TypeAlias = npt.NDArray[np.float32]
Flips: TypeAlias = tuple[bool, bool]
"""Whether the rows, and whether the columns, were read backwards."""

GRID: Final = 64
BITS: Final = 16
MIN_SIDE: Final = 5
"""Smallest side that the reference hashes (MIN_HASHABLE_DIM)."""

_LUMA: Final = np.array([0.299, 0.587, 0.114], dtype=np.float32)
_STRIP_PIXELS: Final = 1 << 17
"""About as many pixels are in memory as numbers at once: half of a second-level cache."""


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
    """One sample of the 64 of an axis, read forwards and backwards: ``weights @ axis[start:][:k]``, shape (2, k).

    Backwards is the sample that stands at the same place, counted from this end, once the axis is flipped: of a
    block of samples, the reference keeps the one right of its middle.
    """

    start: int
    weights: Singles

    @property
    def end(self) -> int:
        """One past the last sample that it reads."""
        return self.start + len(self.weights[0])


def pdq(rows: Callable[[int, int], Rgb], *, width: int, height: int) -> Pdq | None:
    """Hash an upright picture by PDQ.

    Args:
        rows: Gives the rows from the first number up to, and not with, the second. Called from the top down; a
            row may be asked for twice.

    Returns:
        None if a side is shorter than ``MIN_SIDE``: the reference has no hash for it.
    """
    if min(width, height) < MIN_SIDE:
        return None
    down = _shorten(rows, width=width, height=height)
    grids = grids_of(down @ _LUMA)
    return Pdq(hashes_of(grids), _quality(grids[False, False]))


@lru_cache(maxsize=64)
def bands(length: int) -> tuple[Band, ...]:
    """The banded matrix of PDQ that blurs ``length`` samples twice and keeps 64 of them, in both directions.

    At most ``4 * length`` numbers plus rounding; 64 of these matrices are kept.
    """
    window = -(-length // (2 * GRID))
    kept = [_blurred_twice((2 * index + 1) * length // (2 * GRID), length, window) for index in range(GRID)]
    back = [(length - start - len(weights), weights[::-1]) for start, weights in reversed(kept)]
    return tuple(_both(forwards, backwards) for forwards, backwards in zip(kept, back, strict=True))


def _both(*ways: tuple[int, Floats]) -> Band:
    start = min(at for at, _weights in ways)
    end = max(at + len(weights) for at, weights in ways)
    both = np.zeros((2, end - start), dtype=np.float32)
    for row, (at, weights) in zip(both, ways, strict=True):
        row[at - start : at - start + len(weights)] = weights
    both.setflags(write=False)
    return Band(start, both)


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


def _shorten(rows: Callable[[int, int], Rgb], *, width: int, height: int) -> Singles:
    """Blur and decimate the rows of each colour: shape (64, 2, width, 3)."""
    down = np.empty((GRID, 2, width * 3), dtype=np.float32)
    top, strip = 0, np.empty((0, width * 3), dtype=np.uint8)
    most = max(1, _STRIP_PIXELS // width)
    for shortened, band in zip(down, bands(height), strict=True):
        if band.end > top + len(strip):
            top, until = band.start, min(height, max(band.end, band.start + most))
            strip = rows(top, until).reshape(until - top, width * 3)
        samples = strip[band.start - top : band.end - top].astype(np.float32)
        np.matmul(band.weights, samples, out=shortened)
    return down.reshape(GRID, 2, width, 3)


def grids_of(down: Singles) -> dict[Flips, Floats]:
    """A step of PDQ: blur and decimate the columns of what the rows' matrix left.

    Args:
        down: Luma, shape (64, 2, width): the 64 rows, read forwards and backwards.

    Returns:
        The grids of 64x64 of the picture as it is and of its flips.
    """
    width = down.shape[2]
    plane = down.reshape(GRID * 2, width)
    across = np.empty((GRID, GRID * 2, 2))
    for narrowed, band in zip(across, bands(width), strict=True):
        narrowed[:] = plane[:, band.start : band.end] @ band.weights.T
    both = across.reshape(GRID, GRID, 2, 2)  # column, row, rows' direction, columns' direction
    grids = {}
    for rows in (False, True):
        for columns in (False, True):
            grid = both[:, :, int(rows), int(columns)].T
            grids[rows, columns] = grid[:: -1 if rows else 1, :: -1 if columns else 1]
    return grids


def _dct_matrix() -> Floats:
    """Coefficients 1 to 16 of the 64-point DCT-II; the constant one is left out."""
    frequency = np.arange(1, BITS + 1)[:, np.newaxis]
    sample = 2 * np.arange(GRID) + 1
    matrix: Floats = np.sqrt(2.0 / GRID) * np.cos(np.pi / (2 * GRID) * frequency * sample)
    return matrix


DCT: Final = _dct_matrix()


def hashes_of(grids: Mapping[Flips, Floats]) -> tuple[bytes, ...]:
    """The PDQ hashes of all orientations, in their order."""
    return tuple(_hash(grid) for grid in _turned(grids))


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
    flat = (DCT @ grid @ DCT.T).ravel()
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
