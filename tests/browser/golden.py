"""Pictures in every form that a browser and the office both decode."""

import functools
import importlib.util
import struct
import zlib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from tests.evidence.fingerprint.pictures import scene

REFERENCE = Path(__file__).parents[2].parent / "shared" / "data" / "pdq"
_ORIENTATION = 0x0112


@functools.cache
def exact() -> dict[str, bytes]:
    """Those whose hashes are the same to the bit, in every browser."""
    return dict(_published()) | dict(_photographs()) | dict(_forms()) | dict(_turned()) | dict(_bordered())


@functools.cache
def near() -> dict[str, bytes]:
    """Those that browsers decode or blend a little differently: 16 bits, transparency, AVIF."""
    picture = Image.fromarray(scene(width=640, height=480, seed=11))
    clear = picture.copy()
    clear.putalpha(Image.fromarray(np.tile(np.linspace(0, 255, 640, dtype=np.uint8), (480, 1))))
    deep = Image.fromarray(np.asarray(picture.convert("L")).astype(np.uint16) * 257)
    return {
        "alpha.png": saved(clear, "PNG"),
        "alpha.webp": saved(clear, "WEBP", lossless=True),
        "opaque.avif": saved(picture, "AVIF", quality=80),
        "sixteen.png": saved(deep, "PNG"),
        "sixteen-coloured.png": coloured_16(np.asarray(picture)),
        "see-through.gif": saved(clear.convert("P"), "GIF", transparency=0),
    }


def small(seed: int) -> bytes:
    """A picture with structure whose crops take little time."""
    return saved(Image.fromarray(scene(width=160, height=120, seed=seed)), "PNG")


def small_framed() -> bytes:
    """The same with a border."""
    framed = Image.new("RGB", (220, 180), "black")
    framed.paste(Image.fromarray(scene(width=160, height=120, seed=5)), (30, 30))
    return saved(framed, "PNG")


def small_turned() -> bytes:
    """The same as a phone that was held on its side stores it."""
    exif = Image.Exif()
    exif[_ORIENTATION] = 6
    return saved(Image.fromarray(scene(width=200, height=140, seed=9)), "JPEG", exif=exif)


def saved(picture: Image.Image, form: str, **how: object) -> bytes:
    """A picture as a file."""
    file = BytesIO()
    picture.save(file, form, **how)
    return file.getvalue()


def coloured_16(rgb: np.ndarray) -> bytes:  # type: ignore[type-arg]
    """A PNG of 16 bits a colour, which Pillow reads and does not write."""

    deep = (rgb.astype(">u2") * 257).astype(">u2")
    lines = b"".join(b"\0" + line.tobytes() for line in deep)
    return _png(struct.pack(">IIBBBBB", rgb.shape[1], rgb.shape[0], 16, 2, 0, 0, 0), lines)


def interlaced(rgb: np.ndarray) -> bytes:  # type: ignore[type-arg]
    """A PNG in the seven passes of Adam7, which Pillow reads and does not write."""
    passes = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
    parts = [rgb[top::down, left::right] for left, top, right, down in passes]
    lines = b"".join(b"\0" + line.tobytes() for part in parts for line in part)
    return _png(struct.pack(">IIBBBBB", rgb.shape[1], rgb.shape[0], 8, 2, 0, 0, 1), lines)


def _png(head: bytes, lines: bytes) -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    parts = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


def _published() -> Iterator[tuple[str, bytes]]:
    return ((file.name, file.read_bytes()) for file in sorted(REFERENCE.rglob("*.jpg")))


def _photographs() -> Iterator[tuple[str, bytes]]:
    package = importlib.util.find_spec("skimage")
    assert package is not None
    assert package.origin is not None
    data = Path(package.origin).parent / "data"
    for name in ("astronaut.png", "chelsea.png", "coffee.png", "camera.png", "rocket.jpg", "hubble_deep_field.jpg"):
        yield name, (data / name).read_bytes()


def _forms() -> Iterator[tuple[str, bytes]]:
    picture = Image.fromarray(scene(width=1000, height=700, seed=7))
    jpeg = {"quality": 85}
    yield "baseline.jpg", saved(picture, "JPEG", **jpeg)
    yield "progressive.jpg", saved(picture, "JPEG", progressive=True, **jpeg)
    yield "full-colour.jpg", saved(picture, "JPEG", subsampling=0, **jpeg)
    yield "inks.jpg", saved(picture.convert("CMYK"), "JPEG", **jpeg)
    yield "gray.jpg", saved(picture.convert("L"), "JPEG", **jpeg)
    yield "large.jpg", saved(picture.resize((4000, 3000), Image.Resampling.BICUBIC), "JPEG", **jpeg)
    yield "odd.jpg", saved(picture.crop((0, 0, 333, 127)), "JPEG", **jpeg)
    yield "true.png", saved(picture, "PNG")
    yield "interlaced.png", interlaced(np.asarray(picture))
    yield "gray.png", saved(picture.convert("L"), "PNG")
    yield "palette.png", saved(picture.convert("P"), "PNG")
    yield "two.png", saved(picture.convert("1"), "PNG")
    yield "palette.gif", saved(picture.convert("P"), "GIF")
    yield "true.bmp", saved(picture, "BMP")
    yield "lossy.webp", saved(picture, "WEBP", quality=80)
    yield "lossless.webp", saved(picture, "WEBP", lossless=True)


def _turned() -> Iterator[tuple[str, bytes]]:
    picture = Image.fromarray(scene(width=640, height=400, seed=9))
    for turn in range(1, 9):
        exif = Image.Exif()
        exif[_ORIENTATION] = turn
        yield f"turned-{turn}.jpg", saved(picture, "JPEG", exif=exif)


def _bordered() -> Iterator[tuple[str, bytes]]:
    picture = Image.fromarray(scene(width=600, height=400, seed=5))
    for name, colour, by in (("black", "black", (0, 90)), ("white", "white", (70, 0)), ("blue", "#224488", (40, 55))):
        framed = Image.new("RGB", (600 + 2 * by[0], 400 + 2 * by[1]), colour)
        framed.paste(picture, by)
        yield f"framed-{name}.png", saved(framed, "PNG")
        yield f"framed-{name}.jpg", saved(framed, "JPEG", quality=80)
    phone = Image.new("RGB", (600, 1000), "black")
    phone.paste(picture, (0, 300))
    phone.paste(Image.new("RGB", (40, 20), "white"), (20, 14))
    yield "screenshot.png", saved(phone, "PNG")
