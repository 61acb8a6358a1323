"""HEIC pictures are what libheif makes of them, however they lie in their file; what is damaged is said to be."""

from contextlib import suppress
from dataclasses import replace
from io import BytesIO

import numpy as np
import pi_heif
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from evidence.errors import NotDecodedError
from evidence.fingerprint.decoded import Decoded
from evidence.fingerprint.decoder import Decoder
from evidence.fingerprint.heic import read_heic
from evidence.fingerprint.pdq import Rgb, pdq
from evidence.fingerprint.picture import read_picture, read_scaled
from tests.evidence.fingerprint.heics import Layout, box, full_box, heic
from tests.evidence.fingerprint.pictures import image
from tests.nonempty import nonempty

PICTURE = image(width=320, height=240)
GRID = Layout(tile=128)
LAYOUTS = {
    "one": Layout(),
    "grid": GRID,
    "turned": replace(GRID, turns=1),
    "turned twice": Layout(turns=2),
    "upside down": Layout(mirror=0),
    "mirrored": replace(GRID, mirror=1),
    "cropped": Layout(crop=(10, 4, 20, 8)),
    "all of it": Layout(tile=128, crop=(10, 4, 20, 8), turns=3, mirror=1, wide=True),
    "wide": Layout(wide=True),
    "inside": Layout(in_idat=True),
    "grid inside, wide": Layout(tile=128, wide=True, in_idat=True),
    "says it itself": Layout(colours=False),
}
ONE = heic(PICTURE)


def others(data: bytes) -> Rgb:
    """What libheif makes of a file."""
    return np.asarray(pi_heif.open_heif(BytesIO(data)).to_pillow().convert("RGB"))


def bits(one: Rgb, other: Rgb) -> int:
    hashes = []
    for pixels in (one, other):
        made = pdq(lambda top, bottom, of=pixels: of[top:bottom], width=pixels.shape[1], height=pixels.shape[0])  # type: ignore[misc]
        assert made is not None
        hashes.append(int.from_bytes(made.hashes[0]))
    return (hashes[0] ^ hashes[1]).bit_count()


@pytest.mark.parametrize("name", LAYOUTS)
def test_the_picture_is_the_one_that_another_reader_shows(name: str) -> None:
    data = heic(PICTURE, LAYOUTS[name])
    ours, theirs = read_heic(data), others(data)
    assert ours.shape == theirs.shape
    assert np.abs(ours.astype(int) - theirs).mean() < 1.5
    assert bits(ours, theirs) <= 4


def test_another_layout_would_be_another_picture() -> None:
    shown = {name: read_heic(heic(PICTURE, layout)) for name, layout in LAYOUTS.items()}
    plain = shown["one"]
    for name in nonempty(("turned twice", "upside down", "mirrored")):
        assert shown[name].shape == plain.shape
        assert bits(shown[name], plain) > 31
    assert shown["cropped"].shape == (228, 290, 3)
    assert np.abs(plain.astype(int) - np.asarray(PICTURE)).mean() < 4


def test_the_prints_are_nearly_those_of_the_same_picture_in_another_kind() -> None:
    with Decoder(workers=1) as decoder:
        found = decoder.decode(heic(PICTURE, replace(GRID, turns=1)))
    assert isinstance(found, Decoded)
    assert (found.media_type, found.width, found.height) == ("image/heic", 240, 320)
    assert "seccomp" in found.sandbox
    turned = np.asarray(PICTURE.transpose(Image.Transpose.ROTATE_90))
    made = pdq(lambda top, bottom: turned[top:bottom], width=240, height=320)
    assert made is not None
    pairs = zip(found.pdq, made.hashes, strict=True)
    assert max((int(ours, 16) ^ int.from_bytes(theirs)).bit_count() for ours, theirs in pairs) <= 10


def test_it_is_asked_with_too() -> None:
    found = read_scaled(heic(PICTURE, replace(GRID, turns=1)))
    assert (found.width, found.height) == (240, 320)


def word(data: bytes) -> str:
    with pytest.raises(NotDecodedError) as refused:
        read_picture(data)
    return refused.value.reason


def test_one_that_is_cut_anywhere_is_said_to_be() -> None:
    step = max(1, len(ONE) // 97)
    for at in nonempty(range(24, len(ONE), step)):
        assert word(ONE[:at]) in {"truncated", "damaged", "unsupported"}, at


def test_what_is_not_read_is_said_to_be() -> None:
    assert word(ONE.replace(b"hvc1", b"av01")) == "unsupported"
    start = ONE[: ONE.index(b"meta") - 4]
    assert word(start + box(b"moov", bytes(8))) == "unsupported"
    assert word(start + box(b"free", bytes(8))) == "damaged"
    assert word(heic(PICTURE, GRID).replace(b"grid", b"iovl")) == "unsupported"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"hvcC", b"free"),
        (b"pitm", b"free"),
        (b"iloc", b"free"),
        (b"ipma", b"free"),
        (b"iref", b"free"),
        (b"infe", b"free"),
    ],
)
def test_a_part_that_is_missing_damages_it(old: bytes, new: bytes) -> None:
    data = heic(PICTURE, GRID)
    assert read_picture(data).pdq is not None
    assert word(data.replace(old, new)) == "damaged"


def test_a_grid_of_too_many_pixels_is_refused_before_it_is_made() -> None:
    data = heic(PICTURE, replace(GRID, wide=True))
    sides = (320).to_bytes(4) + (240).to_bytes(4)
    at = data.rindex(sides)
    assert word(data[:at] + (60_000).to_bytes(4) * 2 + data[at + 8 :]) == "damaged"


def test_parts_without_length_and_parts_that_overlap_are_refused() -> None:
    start = ONE[: ONE.index(b"meta") - 4]
    endless = b"".join(number.to_bytes(2) + bytes(2) + b"\xff\xff" for number in range(0xFFFF))
    places = full_box(b"iloc", 0, bytes(2), (0xFFFF).to_bytes(2), endless)
    assert word(start + full_box(b"meta", 0, full_box(b"pitm", 0, b"\0\1"), places)) == "damaged"
    data = heic(PICTURE, Layout(in_idat=True))
    at = data.index(b"iloc") + 4 + 4 + 2 + 2 + 2 + 2 + 2 + 4 + 2
    length = int.from_bytes(data[at + 4 : at + 8])
    assert length > 1000  # the control: this is where the first part's length lies
    assert word(data[: at + 4] + (3 * length).to_bytes(4) + data[at + 8 :]) == "damaged"


def test_a_grid_of_more_tiles_than_it_takes_is_refused() -> None:
    data = heic(PICTURE, GRID)
    at = data.rindex((320).to_bytes(2) + (240).to_bytes(2))
    assert word(data[:at] + (200).to_bytes(2) + data[at + 2 :]) == "damaged"


@given(st.data())
def test_no_change_of_a_byte_gets_past_the_words(data: st.DataObject) -> None:
    whole = bytearray(data.draw(st.sampled_from([ONE, heic(PICTURE, LAYOUTS["all of it"])])))
    for _change in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(8, min(len(whole), 1200) - 1))] = data.draw(st.integers(0, 255))
    with suppress(NotDecodedError, MemoryError):  # what the worker answers
        read_picture(bytes(whole))
