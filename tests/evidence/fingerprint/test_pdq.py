"""PDQ against a slow, plainly right reading of the reference, its own vectors and turned pictures."""

import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from evidence.fingerprint import pdq as pdq_module
from evidence.fingerprint.orientation import Orientation
from evidence.fingerprint.pdq import Pdq, bands, pdq
from tests.evidence.fingerprint.pictures import Rgb, scene
from tests.nonempty import nonempty

REFERENCE = Path(__file__).parents[3].parent / "shared" / "data" / "pdq"

TURN_PIXELS = {
    Orientation.UPRIGHT: lambda rgb: rgb,
    Orientation.ROTATE_90: lambda rgb: np.rot90(rgb, 1),
    Orientation.ROTATE_180: lambda rgb: np.rot90(rgb, 2),
    Orientation.ROTATE_270: lambda rgb: np.rot90(rgb, 3),
    Orientation.UPSIDE_DOWN: np.flipud,
    Orientation.MIRRORED: np.fliplr,
    Orientation.TRANSPOSED: lambda rgb: rgb.transpose(1, 0, 2),
    Orientation.TRANSVERSED: lambda rgb: np.rot90(rgb, 2).transpose(1, 0, 2),
}


def hashed(rgb: Rgb) -> Pdq:
    found = pdq(rows_of(rgb), width=rgb.shape[1], height=rgb.shape[0])
    assert found is not None
    return found


def rows_of(rgb: Rgb) -> Callable[[int, int], Rgb]:
    return lambda top, bottom: rgb[top:bottom]


def bits(one: bytes, other: bytes) -> int:
    return (int.from_bytes(one) ^ int.from_bytes(other)).bit_count()


# --- the reference, line by line and slowly ---


def slow_box(samples: list[float], window: int) -> list[float]:
    """The reference's running sum in its four phases."""
    half = (window + 2) // 2
    output = []
    total, count, left, right = 0.0, 0, 0, 0
    for _ in range(half - 1):
        total, count, right = total + samples[right], count + 1, right + 1
    for _ in range(window - half + 1):
        total, count, right = total + samples[right], count + 1, right + 1
        output.append(total / count)
    for _ in range(len(samples) - window):
        total, left, right = total + samples[right] - samples[left], left + 1, right + 1
        output.append(total / count)
    for _ in range(half - 1):
        total, count, left = total - samples[left], count - 1, left + 1
        output.append(total / count)
    return output


def slow_grid(rgb: Rgb) -> list[list[float]]:
    height, width = rgb.shape[:2]
    plane = [[0.299 * int(r) + 0.587 * int(g) + 0.114 * int(b) for r, g, b in row] for row in rgb]
    for _ in range(2):
        plane = [slow_box(row, (width + 127) // 128) for row in plane]
        columns = [slow_box(list(column), (height + 127) // 128) for column in zip(*plane, strict=True)]
        plane = [list(row) for row in zip(*columns, strict=True)]
    return [[plane[int((i + 0.5) * height / 64)][int((j + 0.5) * width / 64)] for j in range(64)] for i in range(64)]


def slow_pdq(rgb: Rgb) -> tuple[bytes, int]:
    grid = slow_grid(rgb)
    gradients = [grid[i][j] - grid[i + 1][j] for i in range(63) for j in range(64)]
    gradients += [grid[i][j] - grid[i][j + 1] for i in range(64) for j in range(63)]
    quality = min(100, sum(abs(int(each * 100 / 255)) for each in gradients) // 90)
    basis = [
        [math.sqrt(2 / 64) * math.cos(math.pi / 128 * (i + 1) * (2 * j + 1)) for j in range(64)] for i in range(16)
    ]
    half = [[sum(basis[i][k] * grid[k][j] for k in range(64)) for j in range(64)] for i in range(16)]
    flat = [sum(half[i][k] * basis[j][k] for k in range(64)) for i in range(16) for j in range(16)]
    median = sorted(flat)[127]
    return sum(1 << index for index, value in enumerate(flat) if value > median).to_bytes(32), quality


@settings(max_examples=15, deadline=None)
@given(width=st.integers(33, 300), height=st.integers(33, 300), seed=st.integers(0, 2**32 - 1))
def test_the_banded_matrices_give_the_bits_of_the_slow_reference(width: int, height: int, seed: int) -> None:
    rgb = scene(width=width, height=height, seed=seed)
    slow_hash, slow_quality = slow_pdq(rgb)
    found = hashed(rgb)
    # none in 1,200 tries; one coefficient may lie within rounding of the median
    assert bits(found.hashes[0], slow_hash) <= 1
    # one whole percent may be rounded the other way in single precision
    assert abs(found.quality - slow_quality) <= 1


@pytest.mark.parametrize(("width", "height"), [(5, 5), (8, 113), (113, 8), (6, 7), (16, 92)])
def test_only_coefficients_that_are_zero_differ_in_the_tiniest_pictures(width: int, height: int) -> None:
    # eight samples repeated eight times have no frequency 16: there the sign is rounding, in both
    rgb = scene(width=width, height=height)
    assert bits(hashed(rgb).hashes[0], slow_pdq(rgb)[0]) <= 32


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("length", [5, 63, 64, 65, 127, 128, 129, 255, 256, 257, 1000, 1279, 1280, 4097])
def test_a_band_is_the_slow_filter_of_each_unit_sample(length: int, backwards: bool) -> None:  # noqa: FBT001 - pytest's
    dense = np.zeros((64, length))
    for index, band in enumerate(bands(length)):
        dense[index, band.start : band.end] = band.weights[int(backwards)]
    if backwards:  # the samples of a flipped axis, counted from its own beginning
        dense = dense[::-1, ::-1]
    window = (length + 127) // 128
    for sample in {0, 1, window, length // 3, length // 2, length - 2, length - 1}:
        unit = [0.0] * length
        unit[sample] = 1.0
        blurred = slow_box(slow_box(unit, window), window)
        expected = [blurred[int((i + 0.5) * length / 64)] for i in range(64)]
        np.testing.assert_allclose(dense[:, sample], expected, atol=1e-6)
    np.testing.assert_allclose(dense.sum(axis=1), 1.0, atol=1e-5)


def test_bands_stay_small_and_few() -> None:
    assert sum(band.weights.nbytes for band in bands(65_535)) < 1_200_000
    assert bands.cache_info().maxsize == 64


def test_a_band_cannot_be_changed_by_one_who_used_it() -> None:
    with pytest.raises(ValueError, match="read-only"):
        bands(640)[0].weights[0, 0] = 1.0


@pytest.mark.parametrize(("width", "height"), [(640, 480), (480, 640), (333, 217), (64, 64), (1280, 960)])
def test_hashes_of_orientations_are_those_of_the_turned_picture(width: int, height: int) -> None:
    rgb = scene(width=width, height=height)
    found = hashed(rgb)
    for index, orientation in enumerate(Orientation):
        turned = hashed(np.ascontiguousarray(TURN_PIXELS[orientation](rgb)))
        assert bits(found.hashes[index], turned.hashes[0]) == 0, orientation


def test_the_orientations_are_told_apart() -> None:
    found = hashed(scene(width=640, height=480))
    distances = [bits(one, other) for i, one in enumerate(found.hashes) for other in found.hashes[:i]]
    assert min(distances) > 60


@given(pixels=st.integers(1, 200_000))
@settings(max_examples=15, deadline=None)
def test_it_does_not_matter_how_many_rows_are_asked_for_at_once(pixels: int) -> None:
    rgb = scene(width=320, height=240)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pdq_module, "_STRIP_PIXELS", pixels)
        few = hashed(rgb)
    assert few == hashed(rgb)


def test_rows_are_asked_for_from_the_top_down_and_never_all_at_once() -> None:
    rgb = scene(width=1280, height=960)
    asked: list[tuple[int, int]] = []

    def rows(top: int, bottom: int) -> Rgb:
        asked.append((top, bottom))
        return rgb[top:bottom]

    pdq(rows, width=1280, height=960)
    assert asked == sorted(asked)
    assert max(bottom - top for top, bottom in asked) < 200


@pytest.mark.parametrize(("width", "height"), [(4, 400), (400, 4), (1, 1)])
def test_a_side_shorter_than_five_has_no_hash(width: int, height: int) -> None:
    assert pdq(rows_of(np.zeros((height, width, 3), np.uint8)), width=width, height=height) is None


def test_a_picture_of_one_colour_has_quality_zero() -> None:
    assert hashed(np.full((100, 100, 3), 130, dtype=np.uint8)).quality == 0


def test_a_hash_has_as_many_ones_as_zeros() -> None:
    for value in nonempty(hashed(scene(width=500, height=400)).hashes):
        assert int.from_bytes(value).bit_count() == 128


def test_a_pdq_does_not_show_its_bits() -> None:
    found = hashed(scene(width=64, height=64))
    assert found.hashes[0].hex() not in f"{found} {found!r}"


# --- the reference's own vectors ---

# the largest distance that was measured to each set; the exact route must hit the last
MEASURED = {"py_test": 12, "wasm_csv": 8, "pytx_examples": 0}


def _distances(reference_set: str) -> dict[str, int]:
    found = {}
    for name, sets in json.loads((REFERENCE / "refs.json").read_text()).items():
        if reference_set in sets:
            file = REFERENCE / Path(name).parent.name / Path(name).name
            file = file if file.exists() else REFERENCE / Path(name).name
            with Image.open(file) as opened:
                rgb = np.asarray(opened.convert("RGB"))
            found[name] = bits(hashed(rgb).hashes[0], bytes.fromhex(sets[reference_set]))
    return found


@pytest.mark.outside
@pytest.mark.parametrize("reference_set", MEASURED)
def test_the_distance_to_each_reference_set_is_as_measured(reference_set: str) -> None:
    distances = _distances(reference_set)
    assert len(distances) >= 7
    assert max(distances.values()) == MEASURED[reference_set], distances
