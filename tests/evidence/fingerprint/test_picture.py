"""What a viewer shows is what is fingerprinted, whatever the file format makes of it.

These run the decoder in this process, on pictures made here; hostile files go to the worker.
"""

from collections.abc import Callable
from io import BytesIO

import imagehash
import numpy as np
import pytest
from PIL import Image

from evidence.errors import NotDecodedError
from evidence.fingerprint.pdq import Rgb, pdq
from evidence.fingerprint.picture import Picture, read_picture
from evidence.fingerprint.trim import Box
from tests.evidence.fingerprint.pictures import bordered, encoded, image, turned_by_exif

UPRIGHT = image(width=320, height=240)


def distance(one: Picture, other: Picture) -> int:
    assert one.pdq is not None
    assert other.pdq is not None
    return (int.from_bytes(one.pdq.hashes[0]) ^ int.from_bytes(other.pdq.hashes[0])).bit_count()


def rows_of(rgb: Rgb) -> Callable[[int, int], Rgb]:
    return lambda top, bottom: rgb[top:bottom]


def reference(picture: Image.Image) -> Picture:
    return read_picture(encoded(picture, "PNG"))


def test_a_lossless_file_has_the_hash_of_its_pixels() -> None:
    found = reference(UPRIGHT)
    assert found.pdq == pdq(rows_of(np.asarray(UPRIGHT)), width=320, height=240)
    assert found.phash == str(imagehash.phash(UPRIGHT))
    assert (found.width, found.height, found.animated) == (320, 240, False)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_an_exif_turned_picture_is_the_upright_one(kind: str, orientation: int) -> None:
    found = read_picture(turned_by_exif(UPRIGHT, orientation, kind))
    assert (found.width, found.height) == (320, 240)
    if kind == "PNG":
        assert distance(found, reference(UPRIGHT)) == 0
        assert found.phash == reference(UPRIGHT).phash
    # lossy coding of a turned picture is not the turned coding of the picture
    assert distance(found, read_picture(encoded(UPRIGHT, kind))) <= 16


def test_the_control_an_ignored_orientation_is_another_picture() -> None:
    assert distance(reference(UPRIGHT.transpose(Image.Transpose.ROTATE_90)), reference(UPRIGHT)) > 60


@pytest.mark.parametrize("value", [0, 9, 65_535])
def test_an_orientation_out_of_range_is_ignored_as_viewers_do(value: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = value
    assert distance(read_picture(encoded(UPRIGHT, "PNG", exif=exif.tobytes())), reference(UPRIGHT)) == 0


def test_malformed_exif_is_ignored_as_viewers_do() -> None:
    found = read_picture(encoded(UPRIGHT, "PNG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff"))
    assert distance(found, reference(UPRIGHT)) == 0


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGBA", "1"])
def test_every_mode_of_png_is_the_picture_as_rgb(mode: str) -> None:
    converted = UPRIGHT.convert(mode)
    assert distance(read_picture(encoded(converted, "PNG")), reference(converted.convert("RGB"))) == 0


def test_a_cmyk_jpeg_is_the_rgb_picture() -> None:
    found = read_picture(encoded(UPRIGHT.convert("CMYK"), "JPEG", quality=95))
    assert distance(found, reference(UPRIGHT)) <= 4


def test_sixteen_bit_gray_keeps_its_high_byte() -> None:
    gray = UPRIGHT.convert("L")
    deep = Image.fromarray(np.asarray(gray).astype(np.uint16) * 257)
    found = read_picture(encoded(deep, "PNG"))
    assert distance(found, reference(gray)) == 0
    assert found.pdq is not None
    assert found.pdq.quality > 50


def test_transparency_lies_over_white() -> None:
    hole = np.zeros((240, 320), dtype=np.uint8)
    hole[60:180, 80:240] = 255
    over_white = Image.composite(UPRIGHT, Image.new("RGB", UPRIGHT.size, "white"), Image.fromarray(hole))
    transparent = UPRIGHT.copy()
    transparent.putalpha(Image.fromarray(hole))
    assert distance(read_picture(encoded(transparent, "PNG")), reference(over_white)) == 0
    # what lies hidden under the transparency is not what anyone saw
    assert distance(read_picture(encoded(transparent, "PNG")), reference(UPRIGHT)) > 31


def test_a_palette_with_a_transparent_colour_lies_over_white() -> None:
    palette = UPRIGHT.quantize(16)
    data = encoded(palette, "PNG", transparency=0)
    with Image.open(BytesIO(data)) as opened:
        seen = opened.convert("RGBA")
    over_white = Image.alpha_composite(Image.new("RGBA", seen.size, "white"), seen).convert("RGB")
    assert distance(read_picture(data), reference(over_white)) == 0


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "AVIF", "TIFF"])
def test_of_an_animation_the_first_frame_is_hashed_and_the_rest_noted(kind: str) -> None:
    frames = [image(width=160, height=120, seed=seed) for seed in (1, 2, 3)]
    data = encoded(frames[0], kind, save_all=True, append_images=frames[1:], duration=100)
    found = read_picture(data)
    assert found.animated
    near, *far = [distance(found, reference(frame)) for frame in frames]
    assert near <= 31
    assert min(far) > 60
    assert not read_picture(encoded(frames[0], kind)).animated


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "AVIF", "BMP", "TIFF"])
def test_every_format_of_telegram_is_near_its_lossless_original(kind: str) -> None:
    found = read_picture(encoded(UPRIGHT, kind))
    assert found.media_type == f"image/{kind.lower()}"
    assert distance(found, reference(UPRIGHT)) <= 16


def test_a_progressive_jpeg_is_the_baseline_one() -> None:
    baseline = read_picture(encoded(UPRIGHT, "JPEG", quality=85))
    progressive = read_picture(encoded(UPRIGHT, "JPEG", quality=85, progressive=True))
    assert distance(progressive, baseline) <= 2


def test_a_picture_is_cut_into_strips_without_a_seam() -> None:
    large = UPRIGHT.resize((1400, 1100))
    assert reference(large).pdq == pdq(rows_of(np.asarray(large)), width=1400, height=1100)


def test_the_picture_inside_a_border_is_hashed_as_if_it_were_alone() -> None:
    found = reference(bordered(UPRIGHT, left=40, top=30, right=8, bottom=30))
    (trimmed,) = found.trimmed
    assert trimmed.box == Box(40, 30, 360, 270)
    assert trimmed.pdq == reference(UPRIGHT).pdq
    assert found.pdq != trimmed.pdq


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_border_is_that_of_the_upright_picture(orientation: int) -> None:
    framed = bordered(UPRIGHT, left=40, top=30, right=8, bottom=20)
    assert read_picture(turned_by_exif(framed, orientation)).trimmed == reference(framed).trimmed


def test_a_border_of_transparency_is_one_of_white() -> None:
    framed = Image.new("RGBA", (400, 300), (0, 0, 0, 0))
    framed.paste(UPRIGHT, (40, 30))
    assert reference(framed).trimmed[0].box == Box(40, 30, 360, 270)


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "tiff_deflate", "packbits"])
def test_every_lossless_tiff_is_the_picture(compression: str) -> None:
    assert distance(read_picture(encoded(UPRIGHT, "TIFF", compression=compression)), reference(UPRIGHT)) == 0


@pytest.mark.parametrize("size", [(1, 1), (4, 300), (300, 4)])
def test_a_picture_too_small_for_pdq_still_has_a_phash(size: tuple[int, int]) -> None:
    found = reference(Image.new("RGB", size, "teal"))
    assert found.pdq is None
    assert len(found.phash) == 16


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"", "not_a_picture"),
        (b"\0" * 4096, "not_a_picture"),
        ("дневник".encode(), "not_a_picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not_a_picture"),
        (b"%PDF-1.7", "not_a_picture"),
        (b"\0\0\0\x20ftypisom\0\0\2\0isomiso2avc1mp41", "not_a_picture"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "damaged"),
        (b"\0\0\0\x18ftypmif1\0\0\0\0mif1miaf", "unsupported"),
        (b"II*\0\x08\0\0\0", "damaged"),
        (b"II+\0\x08\0\0\0", "unsupported"),
        (b"\xff\x0a", "unsupported"),
        (b"\xff\xd8\xff", "truncated"),
        (b"\x89PNG\r\n\x1a\n", "truncated"),
        (b"GIF89a", "truncated"),
        (b"RIFF\xff\0\0\0WEBPVP8 ", "truncated"),
    ],
)
def test_what_is_not_a_whole_picture_has_its_word(data: bytes, word: str) -> None:
    with pytest.raises(NotDecodedError) as caught:
        read_picture(data)
    assert caught.value.reason == word


def test_an_error_says_nothing_of_the_content() -> None:
    with pytest.raises(NotDecodedError) as caught:
        read_picture(b"GIF89a private words")
    assert "private" not in f"{caught.value}"
