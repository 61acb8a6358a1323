"""The box inside a border, against the rule as it is written: pixel by pixel, with integers alone."""

import statistics
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from evidence.fingerprint.pdq import Rgb
from evidence.fingerprint.trim import LOOSE, STRICT, Box, trims
from tests.evidence.fingerprint.pictures import bordered, image
from tests.nonempty import nonempty


def found_in(picture: Image.Image) -> tuple[Box, ...]:
    rgb = np.asarray(picture)
    return trims(pixels_of(rgb), width=picture.width, height=picture.height)


def pixels_of(rgb: Rgb) -> Callable[[Box], Rgb]:
    return lambda box: rgb[box.top : box.bottom, box.left : box.right]


# --- docs/format.md, line by line and slowly ---


def slow_trims(rgb: Rgb) -> list[Box]:
    plane = [[(77 * int(r) + 150 * int(g) + 29 * int(b)) // 256 for r, g, b in row] for row in rgb]
    height, width = len(plane), len(plane[0])
    kept: list[Box] = []
    for share in (98, 60):
        left, top, right, bottom = slow_box(plane, share)
        gone = 100 * (width - (right - left)) >= width or 100 * (height - (bottom - top)) >= height
        if gone and Box(left, top, right, bottom) not in kept:
            kept.append(Box(left, top, right, bottom))
    return kept


def slow_box(plane: list[list[int]], share: int) -> tuple[int, int, int, int]:
    height, width = len(plane), len(plane[0])
    left, top, right, bottom = 0, 0, width, height
    for _ in range(3):
        before = (left, top, right, bottom)
        rows = [row[left:right] for row in plane[top:bottom]]
        top += slow_border(rows, 45 * height // 100 - top, share)
        rows = [row[left:right] for row in plane[top:bottom]][::-1]
        bottom -= slow_border(rows, 45 * height // 100 - (height - bottom), share)
        columns = [list(column) for column in zip(*plane[top:bottom], strict=True)]
        left += slow_border(columns[left:right], 45 * width // 100 - left, share)
        right -= slow_border(columns[left:right][::-1], 45 * width // 100 - (width - right), share)
        if (left, top, right, bottom) == before:
            break
    return left, top, right, bottom


def slow_border(lines: list[list[int]], most: int, share: int) -> int:
    middle, cut = statistics.median_low(lines[0]), 0
    for number, line in enumerate(lines[: max(most, 0)]):
        near = sum(abs(value - middle) <= 12 for value in line)
        if 100 * near >= (share if number else 97) * len(line):
            cut = number + 1
        elif number == 0 or number - cut >= 2:
            break
    return cut


SHADES = st.sampled_from([0, 5, 13, 20, 26, 128, 200, 255])


@st.composite
def framed(draw: st.DrawFn) -> Rgb:
    """Frames within frames, with lines and dots on them."""
    height, width = draw(st.integers(5, 48)), draw(st.integers(5, 48))
    rgb = np.full((height, width, 3), draw(SHADES), dtype=np.uint8)
    for _ in range(draw(st.integers(0, 3))):
        top, left = draw(st.integers(0, height // 2)), draw(st.integers(0, width // 2))
        rgb[top : height - draw(st.integers(0, height // 2)), left : width - draw(st.integers(0, width // 2))] = draw(
            SHADES
        )
    source = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    if draw(st.booleans()):
        box = tuple(sorted(source.integers(0, (height, width), (2, 2)).tolist()))
        (top, left), (bottom, right) = box
        part = rgb[top : bottom + 1, min(left, right) : max(left, right) + 1]
        part[:] = source.integers(0, 256, part.shape)
    for _ in range(draw(st.integers(0, 8))):
        rgb[int(source.integers(height)), int(source.integers(width))] = source.integers(0, 256, 3)
    return rgb


@given(framed())
def test_the_box_is_that_of_the_written_rule(rgb: Rgb) -> None:
    assert list(trims(pixels_of(rgb), width=rgb.shape[1], height=rgb.shape[0])) == slow_trims(rgb)


@pytest.mark.parametrize("colour", ["black", "white", "grey", "navy"])
@pytest.mark.parametrize(
    ("left", "top", "right", "bottom"), [(0, 60, 0, 60), (90, 0, 90, 0), (20, 30, 40, 50), (0, 0, 0, 15), (7, 0, 0, 0)]
)
def test_the_border_of_one_colour_is_found_to_the_pixel(
    left: int, top: int, right: int, bottom: int, colour: str
) -> None:
    framed = bordered(image(), left=left, top=top, right=right, bottom=bottom, colour=colour)
    assert found_in(framed)[0] == Box(left, top, left + 320, top + 240)


def test_a_picture_without_a_border_has_no_box() -> None:
    found = [found_in(image(seed=seed)) for seed in range(1, 9)]
    assert nonempty([each for each in found if not each])


def test_the_loose_box_passes_the_words_of_a_screenshot_and_the_strict_one_does_not() -> None:
    shot = bordered(image(), left=0, top=120, right=0, bottom=90, colour="white")
    ImageDraw.Draw(shot).rectangle((20, 20, 90, 60), fill="black")
    strict, loose = found_in(shot)
    assert strict.top < 25
    assert loose == Box(0, 120, 320, 360)


def test_no_more_than_the_most_of_a_side_is_cut_off() -> None:
    assert found_in(Image.new("RGB", (200, 100))) == (Box(90, 45, 110, 55),)


@pytest.mark.parametrize("size", [(1, 1), (1, 400), (2, 2), (3, 1)])
def test_a_picture_of_hardly_a_pixel_is_left_alone(size: tuple[int, int]) -> None:
    for box in found_in(Image.new("RGB", size)):
        assert box.width >= 1
        assert box.height >= 1
    assert STRICT > LOOSE
