"""A browser finds the fingerprints that the office finds."""

import base64
from pathlib import Path
from typing import Any

import pytest

from api.pages.source import MODULES, linked
from evidence.fingerprint.crops import crop_hashes
from evidence.fingerprint.orientation import Orientation
from evidence.fingerprint.pdq import Pdq
from evidence.fingerprint.picture import Picture, read_picture, read_scaled
from tests.browser import golden
from tests.browser.drive import CHROMIUM, FIREFOX, pairs_of_hashes, play
from tests.nonempty import nonempty

pytestmark = pytest.mark.outside

MOST_APART = 10
"""Bits, where browsers decode or blend a little differently."""
ROUGH = {"odd.jpg": 18}
"""333 by 127 pixels: there is so little of it that colours at half the size, not smoothed, show."""
LIBRARY = linked(*MODULES).replace(
    "})();\n", "globalThis.parts = { canvasIsHonest, readFile, pixelsOf, hashPixels, cropHashes };\n})();\n"
)


def hashed_in(stage: Path, files: dict[str, bytes], **how: object) -> dict[str, Any]:
    blank = stage / "blank.html"
    blank.write_text("<!doctype html><meta charset=utf-8><title>blank</title>")
    given = {name: base64.b64encode(data).decode() for name, data in files.items()}
    told: dict[str, Any] = play(stage, "hashes", library=LIBRARY, blank=blank.as_uri(), files=given, **how)
    return told


def fields(found: Pdq) -> dict[str, str]:
    named = {name.value: made.hex() for name, made in zip(Orientation, found.hashes, strict=True)}
    return {"quality": str(found.quality), **named}


def trims_of(picture: Picture) -> list[dict[str, Any]]:
    names = ("left", "top", "width", "height")
    return [
        {name: str(getattr(each.box, name)) for name in names} | {"pdq": fields(each.pdq)} for each in picture.trimmed
    ]


def ours(data: bytes) -> tuple[dict[str, str], list[dict[str, Any]]]:
    found = read_picture(data)
    assert found.pdq is not None
    return fields(found.pdq), trims_of(found)


@pytest.mark.parametrize("browser", [CHROMIUM, pytest.param(FIREFOX, marks=pytest.mark.slow)])
def test_the_page_makes_the_hashes_of_the_office(browser: str, stage: Path) -> None:
    same, similar = golden.exact(), golden.near()
    told = hashed_in(stage, same | similar, browser=browser)
    assert told[""], "the canvas is honest"
    for name, data in nonempty(same.items()):
        assert (name, told[name]["pdq"], told[name]["trimmed"]) == (name, *ours(data))
    for name, data in nonempty(similar.items()):
        assert max(pairs_of_hashes(told[name]["pdq"], ours(data)[0])) <= MOST_APART, name
    assert any(told[name]["trimmed"] for name in same if name.startswith("framed"))
    turned = golden.exact()["turned-6.jpg"]
    assert told["turned-1.jpg"]["size"] != told["turned-6.jpg"]["size"], "it is shown as it was taken"
    assert ours(turned)[0] != told["turned-1.jpg"]["pdq"], "the comparison can fail"


@pytest.mark.slow
def test_a_canvas_that_a_browser_disturbs_is_found_by_a_known_picture(stage: Path) -> None:
    name, data = "lossless.webp", golden.exact()["lossless.webp"]
    wrong = hashed_in(stage, {name: data}, browser=CHROMIUM, noise=200)
    assert (wrong[""], wrong[name]) == (False, {"refused": "browser"})
    slight = hashed_in(stage, {name: data}, browser=CHROMIUM, noise=0.6)  # one more or one less, here and there
    assert slight[""], "so little noise changes no hash"
    assert max(pairs_of_hashes(slight[name]["pdq"], ours(data)[0])) <= MOST_APART


@pytest.mark.slow
def test_firefox_that_resists_fingerprinting_decodes_jpeg_and_png_without_its_canvas(stage: Path) -> None:
    every = golden.exact() | golden.near()
    files = {name: data for name, data in every.items() if name.endswith((".jpg", ".png"))}
    others = {name: every[name] for name in ("lossy.webp", "true.bmp", "opaque.avif")}
    resists = {"privacy.resistFingerprinting": True}
    told = hashed_in(stage, files | others, browser=FIREFOX, preferences=resists)
    assert not told[""], "the canvas is not honest"
    for name, data in nonempty(files.items()):
        apart = 0 if name.endswith(".png") else ROUGH.get(name, MOST_APART)
        assert max(pairs_of_hashes(told[name]["pdq"], ours(data)[0])) <= apart, name
    assert [told[name] for name in others] == [{"refused": "browser"}] * len(others)


@pytest.mark.parametrize(("browser", "large"), [(CHROMIUM, True), pytest.param(FIREFOX, False, marks=pytest.mark.slow)])
def test_the_page_makes_the_crops_of_the_office(browser: str, *, large: bool, stage: Path) -> None:
    """The office means 8-bit values, the page whole ones, and each decodes a smaller JPEG in its own way."""
    files = {"small.png": golden.small(4)} | ({"large.jpg": golden.exact()["large.jpg"]} if large else {})
    told = hashed_in(stage, files, browser=browser, crops=True)
    for name, data in nonempty(files.items()):
        made, wanted = bytes(told[name]["crops"]), b"".join(crop_hashes(read_scaled(data)))
        assert len(made) == len(wanted)
        apart = [
            (int.from_bytes(made[at : at + 32]) ^ int.from_bytes(wanted[at : at + 32])).bit_count()
            for at in range(0, len(wanted), 32)
        ]
        assert max(apart) <= MOST_APART, name
