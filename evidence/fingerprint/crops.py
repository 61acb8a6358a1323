"""PDQ hashes of the crops of one picture, for whoever asks with it.

A stored picture may be a crop of the one that is looked for, or the other way round, and a PDQ does not survive a crop
of more than a few percent. So the question is multiplied, not the store: every crop of a grid is hashed, and so is the
picture extended beyond its edges, which stands for the picture that it was cropped from.

Here the picture is a scaled one: its samples are means of ``scale`` by ``scale`` pixels, and the matrix of blur and
decimation that belongs to the full size is folded onto them. That costs one or two bits, which a question can afford,
and makes thousands of crops cheap: each axis has a few dozen matrices, whose products with the picture are shared.

Pure numbers: no file, no decoder.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from evidence.fingerprint.grid import GRID, STEP, AxisCut
from evidence.fingerprint.pdq import BITS, DCT, MIN_SIDE, Singles, bands


@dataclass(frozen=True, slots=True, repr=False)
class Scaled:
    """A picture whose pixels are means of blocks.

    Attributes:
        luma: Shape (rows, columns), 0 to 255; the last row and column may stand for part of a block.
        scale: Side of a block.
        width: Of the full picture, in pixels.
        height: The same.
    """

    luma: Singles
    scale: int
    width: int
    height: int


def crop_hashes(picture: Scaled, crops: tuple[tuple[AxisCut, AxisCut], ...] = GRID) -> tuple[bytes, ...]:
    """The PDQ hashes of a picture's crops, each upright and mirrored: 32 bytes, first all that are upright."""
    columns, rows = (sorted({crop[axis] for crop in crops}) for axis in (0, 1))
    across = np.concatenate([_matrix(picture.width, picture.scale, cut) for cut in columns])
    down = np.concatenate([_matrix(picture.height, picture.scale, cut)[:BITS] for cut in rows])
    made = down @ (picture.luma @ across.T)
    each = made.reshape(len(rows), BITS, len(columns), 2, BITS).transpose(3, 0, 2, 1, 4)
    at_rows = [rows.index(crop[1]) for crop in crops]
    at_columns = [columns.index(crop[0]) for crop in crops]
    chosen = each[:, at_rows, at_columns].reshape(2 * len(crops), BITS * BITS)
    middle = BITS * BITS // 2 - 1
    medians = np.partition(chosen, middle, axis=1)[:, middle : middle + 1]
    packed = np.packbits(chosen[:, ::-1] > medians, axis=1)
    return tuple(row.tobytes() for row in packed)


@lru_cache(maxsize=256)
def _matrix(length: int, scale: int, cut: AxisCut) -> Singles:
    """Crop, blur, decimation and cosine transform of an axis, folded: shape (32, samples), forwards then backwards."""
    begin, end = _bounds(length, cut)
    samples = -(-length // scale)
    matrix = np.zeros((2, len(bands(end - begin)), samples), np.float32)
    for index, band in enumerate(bands(end - begin)):
        pixels = np.clip(np.arange(begin + band.start, begin + band.end), 0, length - 1) // scale
        first = int(pixels[0])
        for way in (0, 1):
            folded = np.bincount(pixels - first, weights=band.weights[way])
            matrix[way, index, first : first + len(folded)] = folded
    both = np.stack([matrix[0], matrix[1, ::-1]])
    made: Singles = (DCT.astype(np.float32) @ both).reshape(2 * BITS, samples)
    made.setflags(write=False)
    return made


def _bounds(length: int, cut: AxisCut) -> tuple[int, int]:
    """The first pixel of a crop and one past its last; beyond the picture where it is extended."""
    first, last = cut
    if first >= 0 and last >= 0:
        begin, end = length * first // STEP, length - length * last // STEP
        return (begin, end) if end - begin >= MIN_SIDE else (0, length)
    whole = length * STEP // (STEP + first + last)
    begin = whole * first // STEP
    return begin, begin + whole
