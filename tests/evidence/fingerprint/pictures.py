"""Generated pictures, and the same picture in every shape that a decoder must see through."""

from functools import lru_cache
from io import BytesIO

import numpy as np
import numpy.typing as npt
from PIL import Image

Rgb = npt.NDArray[np.uint8]


@lru_cache(maxsize=16)
def scene(*, width: int, height: int, seed: int = 1) -> Rgb:
    """Sky, ground and discs with soft edges, and grain: structure at every scale, nobody in it."""
    source = np.random.default_rng(seed)
    shapes = Image.fromarray(_shapes(source, width=min(width, 96), height=min(height, 96)))
    planes = np.asarray(shapes.resize((width, height), Image.Resampling.BICUBIC)).astype(np.float32)
    grain = source.normal(0, 3, (height, width, 1)).astype(np.float32)
    made = np.clip(planes + grain, 0, 255).astype(np.uint8)
    made.setflags(write=False)
    return made


def _shapes(source: np.random.Generator, *, width: int, height: int) -> Rgb:
    row, column = np.mgrid[0:height, 0:width].astype(np.float64)
    planes = np.stack([row / height * 120, column / width * 90, (row + column) / (height + width) * 100], axis=-1)
    for _ in range(24):
        middle_row, middle_column = source.uniform(0, height), source.uniform(0, width)
        radius = source.uniform(0.04, 0.3) * min(width, height) + 1
        distance = np.hypot(row - middle_row, (column - middle_column) * source.uniform(0.5, 2.0))
        cover = 1 / (1 + np.exp(np.clip((distance - radius) / (radius / 12 + 0.5), -30, 30)))
        planes = planes * (1 - cover[..., np.newaxis]) + cover[..., np.newaxis] * source.uniform(0, 255, 3)
    return np.clip(planes, 0, 255).astype(np.uint8)


def image(*, width: int = 320, height: int = 240, seed: int = 1) -> Image.Image:
    return Image.fromarray(scene(width=width, height=height, seed=seed))


def bordered(
    picture: Image.Image, *, left: int, top: int, right: int, bottom: int, colour: str = "black"
) -> Image.Image:
    made = Image.new("RGB", (left + picture.width + right, top + picture.height + bottom), colour)
    made.paste(picture, (left, top))
    return made


def encoded(picture: Image.Image, kind: str, **options: object) -> bytes:
    target = BytesIO()
    picture.save(target, kind, **options)
    return target.getvalue()


def turned_by_exif(picture: Image.Image, orientation: int, kind: str = "PNG") -> bytes:
    """The upright ``picture``, stored turned, with the EXIF tag that turns it back."""
    undo = {
        1: None,
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }[orientation]
    stored = picture if undo is None else picture.transpose(undo)
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encoded(stored, kind, exif=exif.tobytes())
