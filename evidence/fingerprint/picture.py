"""From a file's bytes to its fingerprints: Pillow decodes (HEIC: ``heic``), ``pdq`` and ``phash`` compute.

This is the only module that lets a decoder touch what somebody else made. It runs in the sandboxed
worker (``evidence.fingerprint.worker``) and, outside tests, nowhere else. It loads only the plugins
named here, by class: nothing searches a registry, imports or opens a file.

The fingerprints are those of the picture as a viewer shows it: turned upright by its EXIF
orientation, first frame of an animation, transparency over white, CMYK, palette and 16-bit
gray as RGB. Like the reference, it does not apply embedded colour profiles.
"""

import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import Final

import numpy as np
from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageFile,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from config.errors import Term
from evidence.errors import NotDecodedError
from evidence.fingerprint.crops import Scaled
from evidence.fingerprint.heic import read_heic
from evidence.fingerprint.pdq import Pdq, Rgb, pdq
from evidence.fingerprint.phash import phash
from evidence.fingerprint.trim import Box, trims
from evidence.fingerprint.whole import require_end, sniff_media_type

MAX_PIXELS: Final = 100_000_000
MAX_SIDE: Final = 65_535
_EXIF_ORIENTATION: Final = 0x0112
_STRIP_PIXELS: Final = 1 << 20
_WHITE: Final = (255, 255, 255, 255)
_TO_EIGHT_BITS: Final = 1 / 256

# Pillow refuses at twice this number, before it allocates for later frames and WebP canvases
Image.MAX_IMAGE_PIXELS = MAX_PIXELS // 2
ImageFile.LOAD_TRUNCATED_IMAGES = False
# a thread could not be started inside the sandbox
AvifImagePlugin.DEFAULT_MAX_THREADS = 1

_PLUGINS: Final[dict[str, type[ImageFile.ImageFile]]] = {
    "image/avif": AvifImagePlugin.AvifImageFile,
    "image/bmp": BmpImagePlugin.BmpImageFile,
    "image/gif": GifImagePlugin.GifImageFile,
    "image/jpeg": JpegImagePlugin.JpegImageFile,
    "image/png": PngImagePlugin.PngImageFile,
    "image/tiff": TiffImagePlugin.TiffImageFile,
    "image/webp": WebPImagePlugin.WebPImageFile,
}
MALFORMED: Final = (
    ArithmeticError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
)
"""What Pillow's parsers and codecs let through when a file is malformed."""

_LEAST_SIDE: Final = 240
"""Of the shorter side, in pixels, of a picture whose crops are hashed."""
_ON_ITS_SIDE: Final = 5
"""From this EXIF orientation on, columns are stored as rows."""
_TURNED: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True, slots=True, repr=False)
class Trimmed:
    """The part of a picture inside its border."""

    box: Box
    pdq: Pdq


@dataclass(frozen=True, slots=True, repr=False)
class Picture:
    """What was computed, all of it from the upright picture.

    Attributes:
        pdq: None if a side is shorter than 5 pixels.
        trimmed: Empty if there is no border.
        animated: Whether there are more frames than the first.
    """

    media_type: str
    width: int
    height: int
    animated: bool
    pdq: Pdq | None
    trimmed: tuple[Trimmed, ...]
    phash: str


def read_picture(data: bytes) -> Picture:
    """Decode a picture file once, in full, and compute its fingerprints.

    Raises:
        NotDecodedError: ``not_a_picture``, ``unsupported``, ``too_many_pixels``, ``truncated``
            or ``damaged``.
        MemoryError: The picture needs more than this process may have.
    """
    kind = sniff_media_type(data)
    require_end(kind, data)
    with warnings.catch_warnings():
        # Pillow warns of oddities that viewers ignore; nobody reads a worker's warnings
        warnings.simplefilter("ignore")
        upright, animated = _upright(kind, data)

    def pixels(box: Box) -> Rgb:
        return np.asarray(upright.crop((box.left, box.top, box.right, box.bottom)))

    def hashed(box: Box) -> Pdq | None:
        def rows(top: int, bottom: int) -> Rgb:
            return pixels(Box(box.left, box.top + top, box.right, box.top + bottom))

        return pdq(rows, width=box.width, height=box.height)

    width, height = upright.size
    inside = ((box, hashed(box)) for box in trims(pixels, width=width, height=height))
    trimmed = tuple(Trimmed(box, found) for box, found in inside if found)
    whole = hashed(Box(0, 0, width, height))
    return Picture(kind, width, height, animated, whole, trimmed, phash(upright.convert("L")))


def read_scaled(data: bytes) -> Scaled:
    """Decode a picture no larger than its crops are hashed from: a JPEG is scaled while it is decoded.

    Raises:
        NotDecodedError: As ``read_picture``.
        MemoryError: The picture needs more than this process may have.
    """
    kind = sniff_media_type(data)
    require_end(kind, data)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        image, stored = _decode_scaled(kind, data)
    turn = _exif_orientation(image)
    if turn not in _TURNED:
        return stored
    luma = np.asarray(Image.fromarray(stored.luma).transpose(_TURNED[turn]))
    sides = (stored.height, stored.width) if turn >= _ON_ITS_SIDE else (stored.width, stored.height)
    return Scaled(luma, stored.scale, *sides)


def _upright(kind: str, data: bytes) -> tuple[Image.Image, bool]:
    """The picture as a viewer shows it, mode RGB, and whether there are more frames."""
    image, animated = _decode(kind, data)
    turn = _exif_orientation(image)
    shown = _to_rgb(image)
    return (shown.transpose(_TURNED[turn]) if turn in _TURNED else shown), animated


def opened_picture(kind: str, data: bytes) -> Image.Image:
    """A picture file opened, its size checked; its pixels may be decoded later.

    Args:
        kind: What ``evidence.fingerprint.whole.sniff_media_type`` said.

    Raises:
        NotDecodedError: ``too_many_pixels`` or ``damaged``; and whatever Pillow lets through.
    """
    image = Image.fromarray(read_heic(data)) if kind == "image/heic" else _PLUGINS[kind](BytesIO(data))
    _require_size(*image.size)
    return image


def _decode(kind: str, data: bytes) -> tuple[Image.Image, bool]:
    """The first frame, with its pixels loaded, and whether there are more."""
    with _refusals():
        image = opened_picture(kind, data)
        # before load: this parses a GIF up to its second frame
        animated = bool(getattr(image, "is_animated", False))
        image.load()
    return image, animated


def _decode_scaled(kind: str, data: bytes) -> tuple[Image.Image, Scaled]:
    """The first frame, and its brightness by blocks, both as they are stored."""
    with _refusals():
        image = opened_picture(kind, data)
        width, height = image.size
        scale = _scale_of(width, height)
        image.draft("L", (width // scale, height // scale))  # of what is no JPEG, this changes nothing
        image.load()
    gray = image if image.mode == "L" and not image.has_transparency_data else _to_rgb(image).convert("L")
    if image.size == (width, height):
        gray = gray.reduce(scale)
    return image, Scaled(np.asarray(gray).astype(np.float32), scale, width, height)


def _scale_of(width: int, height: int) -> int:
    """The largest scale of a JPEG decoder that leaves enough of the shorter side."""
    return next(scale for scale in (8, 4, 2, 1) if min(width, height) >= scale * _LEAST_SIDE or scale == 1)


@contextmanager
def _refusals() -> Iterator[None]:
    """Turn what a decoder raises into a word.

    Raises:
        NotDecodedError: As ``read_picture``.
    """
    try:
        yield
    except Image.DecompressionBombError as error:
        raise NotDecodedError("not_decoded.too_many_pixels_in_file", found=Term("undecoded.too_many_pixels")) from error
    except NotImplementedError as error:
        raise NotDecodedError("not_decoded.feature", found=Term("undecoded.unsupported")) from error
    except MALFORMED as error:
        found = Term("undecoded.truncated" if "truncated" in str(error) else "undecoded.damaged")
        raise NotDecodedError("not_decoded.decoder_gave_up", found=found) from error


def _require_size(width: int, height: int) -> None:
    if min(width, height) < 1:
        raise NotDecodedError("not_decoded.no_pixels", found=Term("undecoded.damaged"))
    if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE:
        raise NotDecodedError("not_decoded.too_many_pixels", limit=MAX_PIXELS, found=Term("undecoded.too_many_pixels"))


def _exif_orientation(image: Image.Image) -> int:
    """1 to 8; a viewer shows a picture whose EXIF is malformed or out of range as it is stored."""
    try:
        turn = image.getexif().get(_EXIF_ORIENTATION)
    except MALFORMED:
        return 1
    return turn if turn in _TURNED else 1


def _to_rgb(image: Image.Image) -> Image.Image:
    """Whatever the mode, RGB of 8 bits, strip by strip: a large picture is never in memory three times."""
    if image.mode == "RGB" and not image.has_transparency_data:
        return image
    shown = Image.new("RGB", image.size)
    rows = max(1, _STRIP_PIXELS // image.width)
    for top in range(0, image.height, rows):
        strip = image.crop((0, top, image.width, min(top + rows, image.height)))
        shown.paste(_strip_to_rgb(strip), (0, top))
    return shown


def _strip_to_rgb(strip: Image.Image) -> Image.Image:
    """16-bit gray keeps its high byte, transparency lies over white."""
    if strip.mode.startswith("I"):
        strip = strip.point(lambda value: value * _TO_EIGHT_BITS)
        return strip.convert("L").convert("RGB")
    if strip.has_transparency_data:
        seen = strip.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", seen.size, _WHITE), seen).convert("RGB")
    return strip.convert("RGB")
