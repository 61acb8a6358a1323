"""The hash of a crop is near that of the cropped picture; that of the extended one near what it was cropped from."""

from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from evidence.fingerprint.crops import Scaled, crop_hashes
from evidence.fingerprint.grid import GRID, STEP, AxisCut
from evidence.fingerprint.orientation import Orientation
from evidence.fingerprint.pdq import Pdq, Rgb, pdq
from evidence.fingerprint.picture import read_scaled
from tests.evidence.fingerprint.pictures import encoded, image, turned_by_exif

WHOLE: tuple[AxisCut, AxisCut] = ((0, 0), (0, 0))
PICTURE = image(width=960, height=720)
MIRRORED = list(Orientation).index(Orientation.MIRRORED)


def hashed(picture: Image.Image) -> Pdq:
    rgb: Rgb = np.asarray(picture)
    found = pdq(lambda top, bottom: rgb[top:bottom], width=picture.width, height=picture.height)
    assert found is not None
    return found


def bits(one: bytes, other: bytes) -> int:
    return (int.from_bytes(one) ^ int.from_bytes(other)).bit_count()


def cropped(picture: Image.Image, crop: tuple[AxisCut, AxisCut]) -> Image.Image:
    (left, right), (top, bottom) = crop
    width, height = picture.size
    box = (width * left // STEP, height * top // STEP, width - width * right // STEP, height - height * bottom // STEP)
    return picture.crop(box)


@pytest.mark.parametrize("crop", [WHOLE, ((4, 0), (2, 3)), ((0, 0), (8, 0)), ((12, 0), (0, 0)), ((3, 5), (8, 0))])
def test_a_crop_of_the_scaled_picture_hashes_nearly_as_the_cropped_one(crop: tuple[AxisCut, AxisCut]) -> None:
    upright, mirrored = crop_hashes(read_scaled(encoded(PICTURE, "PNG")), (crop,))
    exact = hashed(cropped(PICTURE, crop))
    assert bits(upright, exact.hashes[0]) <= 8
    assert bits(mirrored, exact.hashes[MIRRORED]) <= 8


@pytest.mark.parametrize("size", [(333, 217), (240, 960), (1280, 960), (5, 5), (63, 700)])
def test_at_full_size_the_hash_is_the_exact_one(size: tuple[int, int]) -> None:
    picture = image(width=size[0], height=size[1])
    rgb = np.asarray(picture).astype(np.float32)
    luma = rgb @ np.array([0.299, 0.587, 0.114], np.float32)
    upright, mirrored = crop_hashes(Scaled(luma, 1, *size), (WHOLE,))
    exact = hashed(picture)
    assert bits(upright, exact.hashes[0]) <= (32 if min(size) < 64 else 1)
    assert bits(mirrored, exact.hashes[MIRRORED]) <= (32 if min(size) < 64 else 1)


@pytest.mark.parametrize("crop", [((1, 0), (0, 0)), ((1, 0), (0, 1)), ((2, 0), (1, 0))])
def test_the_extended_part_is_nearer_to_the_whole_than_the_part_itself(crop: tuple[AxisCut, AxisCut]) -> None:
    (left, right), (top, bottom) = crop
    beyond = ((-left, -right), (-top, -bottom))
    assert beyond in GRID
    exact = hashed(PICTURE).hashes[0]
    extended, part = crop_hashes(read_scaled(encoded(cropped(PICTURE, crop), "PNG")), (beyond, WHOLE))[:2]
    assert bits(extended, exact) < bits(part, exact)


def test_the_grid_has_each_crop_once_and_the_whole_picture_among_them() -> None:
    assert len(GRID) == len(set(GRID)) == 45 * 45 + 16 + 45 * 45 - 1
    assert WHOLE in GRID
    for columns, rows in GRID:
        assert abs(sum(columns)) <= 12
        assert abs(sum(rows)) <= 12


def test_every_crop_has_an_upright_and_a_mirrored_hash() -> None:
    found = crop_hashes(read_scaled(encoded(image(width=320, height=240), "JPEG")))
    assert len(found) == 2 * len(GRID)
    assert {len(each) for each in found} == {32}
    assert all(int.from_bytes(each).bit_count() == 128 for each in found)


@pytest.mark.parametrize("size", [(5, 5), (6, 300), (300, 6), (1, 1)])
def test_the_tiniest_picture_has_as_many_hashes(size: tuple[int, int]) -> None:
    if min(size) >= 5:
        found = crop_hashes(read_scaled(encoded(image(width=size[0], height=size[1]), "PNG")))
        assert len(found) == 2 * len(GRID)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_scaled_picture_is_upright(orientation: int) -> None:
    upright = read_scaled(encoded(PICTURE, "PNG"))
    found = read_scaled(turned_by_exif(PICTURE, orientation))
    assert (found.width, found.height, found.scale) == (960, 720, 2)
    np.testing.assert_array_equal(found.luma, upright.luma)


MODES: dict[str, Callable[[Image.Image], bytes]] = {
    "jpeg": lambda picture: encoded(picture, "JPEG", quality=95),
    "progressive": lambda picture: encoded(picture, "JPEG", quality=95, progressive=True),
    "cmyk": lambda picture: encoded(picture.convert("CMYK"), "JPEG", quality=95),
    "gray": lambda picture: encoded(picture.convert("L"), "JPEG", quality=95),
    "palette": lambda picture: encoded(picture.convert("P"), "PNG"),
    "webp": lambda picture: encoded(picture, "WEBP"),
}


@pytest.mark.parametrize("mode", MODES)
def test_the_scaled_picture_is_what_a_viewer_shows(mode: str) -> None:
    (found, _mirrored) = crop_hashes(read_scaled(MODES[mode](PICTURE)), (WHOLE,))
    assert bits(found, hashed(PICTURE).hashes[0]) <= (16 if mode == "palette" else 8)
