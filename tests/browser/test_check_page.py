"""A person goes through the page, from a file on a USB stick, in both browsers."""

import base64
import hashlib
import struct
from pathlib import Path
from typing import Any

import pytest

from config.words import languages, page_words
from evidence.fingerprint.grid import GRID
from evidence.fingerprint.picture import read_picture
from tests.browser import golden
from tests.browser.drive import CHROMIUM, FIREFOX, play
from tests.browser.office import AskedOffice, binary_of, receipt_of
from tests.browser.test_hashes import fields, trims_of
from tests.nonempty import nonempty

pytestmark = pytest.mark.outside

EN = page_words("en")
TO_PICK = [{"click": EN["page.start"]}, {"click": EN["page.age.yes"]}]
ENGLISH = {"click": EN["page.language"]}
NOTHING = [0, 0, 0, 0, ""]
"""Kept in localStorage, sessionStorage, indexedDB, caches and cookies."""


def said(key: str, **values: object) -> str:
    return EN[key].format(**values)


def picture_fields(data: bytes) -> dict[str, Any]:
    found = read_picture(data)
    assert found.pdq is not None
    return {"pdq": fields(found.pdq), "sha256": hashlib.sha256(data).hexdigest(), "trimmed": trims_of(found)}


@pytest.mark.parametrize("browser", [CHROMIUM, pytest.param(FIREFOX, marks=pytest.mark.slow)])
def test_she_hands_over_what_the_office_alone_can_open(browser: str, stage: Path, asked: AskedOffice) -> None:
    first, second = golden.small_framed(), golden.small_turned()
    files = [asked.file("a.png", first), asked.file("b.jpg", second)]
    secret = picture_fields(first)["sha256"]
    steps = [
        ENGLISH,
        *TO_PICK,
        {"choose": files, "until": 2},
        {"tell": "picked"},
        {"click": EN["page.pick.go"]},
        {"tell": "hand"},
        {"click": EN["page.hand.show"]},
        {"wait": EN["page.words"]},
        {"tell": "text"},
        {"click": EN["page.back"]},
        {"click": EN["page.hand.save"]},
        {"wait": said("page.hand.saved", file="question.age")},
        {"tell": "file"},
        {"saved": "question.age"},
        {"evaluate": f"document.body.append({secret!r})", "as": "planted"},
        {"tell": "control"},
    ]
    told = play(stage, "walk", browser=browser, page=asked.page(), steps=steps)
    armor, sealed = told["text"]["area"], base64.b64decode(told["question.age"])
    of_text, of_file = asked.opened(binary_of(armor)), asked.opened(sealed)
    wanted = [picture_fields(first), picture_fields(second)]
    assert wanted[0]["trimmed"]
    assert of_text == {"format": "nisisama/question/1", "pictures": [{"crops": "", **each} for each in wanted]}
    crops = [each.pop("crops") for each in of_file["pictures"]]
    assert [len(base64.urlsafe_b64decode(each + "=" * (-len(each) % 4))) for each in crops] == [2 * 32 * len(GRID)] * 2
    assert of_file["pictures"] == wanted
    assert receipt_of(binary_of(armor)) in told["text"]["text"]
    assert receipt_of(sealed) in told["file"]["text"]
    for step in ("picked", "hand", "text", "file"):
        assert told[step]["stored"] == NOTHING
        assert leaked(told[step], wanted) == []
    assert leaked(told["control"], wanted), "a hash on the page would be found"
    assert beyond_itself(told["requested"]) <= {f"GET {asked.page()}"}
    assert told["troubles"] == []


def beyond_itself(requested: list[str]) -> set[str]:
    """What was asked of a disk or a network: neither the empty icon nor the file that she saves."""
    return {call for call in requested if not call.startswith(("GET data:,", "GET blob:"))}


def leaked(seen: dict[str, Any], pictures: list[dict[str, Any]]) -> list[str]:
    """The hashes that stand somewhere on the page."""
    every = [each["sha256"] for each in pictures] + [value for each in pictures for value in each["pdq"].values()]
    return [each for each in every if len(each) == 64 and each in seen["html"] + seen["fields"]]


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + bytes(4)


def unfit() -> dict[str, bytes]:
    """Files that cannot be compared, by the word that the page has for each."""
    huge = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 40_000, 40_000, 8, 2, 0, 0, 0))
    exact = golden.exact()
    return {
        "huge": huge + bytes(1000),
        "format": b"a letter, renamed to .jpg",
        "format 2": b"x",
        "format 3": bytes(range(256)) * 40_000,
        "format 4": b"",
        "video": b"\0\0\0\x18ftypisom" + bytes(1000),
        "video 2": bytes.fromhex("1a45dfa3") + bytes(1000),
        "damaged": exact["true.png"][:-20],
        "damaged 2": exact["baseline.jpg"][:-1000],
        "damaged 3": exact["palette.gif"][:-1000],
        "damaged 4": exact["lossless.webp"][:-1000],
        "damaged 5": golden.near()["opaque.avif"][:-1000],
        "damaged 6": exact["true.bmp"][:-1000],
        "small": golden.saved(golden.Image.new("RGB", (300, 4), "white"), "PNG"),
        "plain": golden.saved(golden.Image.new("RGB", (300, 200), "white"), "PNG"),
    }


@pytest.mark.parametrize("browser", [CHROMIUM, pytest.param(FIREFOX, marks=pytest.mark.slow)])
def test_she_is_told_at_once_what_cannot_be_compared(browser: str, stage: Path, asked: AskedOffice) -> None:
    files = [asked.file(f"{at}.jpg", data) for at, data in enumerate(unfit().values())]
    good = asked.file("good.png", golden.small(1))
    steps = [ENGLISH, *TO_PICK, {"choose": files, "until": len(files)}, {"tell": "unfit"}]
    steps += [{"choose": [good], "until": len(files) + 1}, {"tell": "good"}]
    told = play(stage, "walk", browser=browser, page=asked.page(), steps=steps)
    for number, why in enumerate(nonempty(unfit()), start=1):
        assert said(f"page.refused.{why.split()[0]}", number=number) in told["unfit"]["text"]
    assert EN["page.pick.go"] not in told["unfit"]["text"]
    assert said("page.pick.ready", number=len(files) + 1) in told["good"]["text"]
    assert EN["page.pick.go"] in told["good"]["text"]
    assert told["good"]["stored"] == NOTHING


def test_a_fourth_picture_is_left_out(stage: Path, asked: AskedOffice) -> None:
    files = [asked.file(f"{at}.png", golden.small(at)) for at in range(1, 5)]
    steps = [ENGLISH, *TO_PICK, {"choose": files, "until": 4}, {"tell": "picked"}]
    told = play(stage, "walk", browser=CHROMIUM, page=asked.page(), steps=steps)["picked"]["text"]
    assert said("page.pick.ready", number=3) in told
    assert EN["page.refused.more"] in told
    assert EN["page.pick.more"] not in told


LIE = """CanvasRenderingContext2D.prototype.getImageData = (left, top, width, height) =>
    new ImageData(crypto.getRandomValues(new Uint8ClampedArray(4 * width * height)), width, height)"""


@pytest.mark.every(2)
@pytest.mark.parametrize(
    ("browser", "script", "preferences"),
    [(CHROMIUM, LIE, {}), (FIREFOX, "0", {"privacy.resistFingerprinting": True})],
)
def test_a_browser_that_changes_pictures_is_told_with_a_way_on(
    browser: str, script: str, preferences: dict[str, bool], stage: Path, asked: AskedOffice
) -> None:
    files = [asked.file("a.avif", golden.near()["opaque.avif"])]
    steps = [ENGLISH, {"evaluate": script, "as": "lie"}, *TO_PICK, {"choose": files, "until": 1}, {"tell": "picked"}]
    told = play(stage, "walk", browser=browser, page=asked.page(), steps=steps, preferences=preferences)["picked"]
    assert EN["page.refused.browser"] in told["text"]
    assert asked.facts().contact in told["text"]
    assert EN["page.pick.go"] not in told["text"]


def test_a_picture_of_somebody_under_18_leads_to_the_hotline_and_is_never_read(stage: Path, asked: AskedOffice) -> None:
    steps = [ENGLISH, {"click": EN["page.start"]}, {"tell": "age"}, {"click": EN["page.age.no"]}, {"tell": "minor"}]
    told = play(stage, "walk", browser=CHROMIUM, page=asked.page(), steps=steps)
    assert asked.facts().hotline in told["minor"]["text"]
    for step in ("age", "minor"):
        assert 'type="file"' not in told[step]["html"]
        assert told[step]["stored"] == NOTHING
    assert asked.facts().hotline not in told["age"]["text"]


def test_without_a_script_every_language_says_what_to_do(stage: Path, asked: AskedOffice) -> None:
    """Chromium alone: Firefox cannot be told over its protocol to run no script."""
    seen, address = {"evaluate": "document.body.innerText", "as": "seen"}, asked.page()
    off = play(stage, "walk", browser=CHROMIUM, page=address, script=False, steps=[seen])["seen"]
    on = play(stage, "walk", browser=CHROMIUM, page=address, steps=[ENGLISH, seen])["seen"]
    for language in languages():
        assert page_words(language)["page.about.script"] in off
    assert asked.facts().contact in off
    assert EN["page.about.script"] not in on
    assert EN["page.start"] in on
    assert f"\n{EN['page.start']}\n" not in off


@pytest.mark.slow
def test_a_link_chooses_the_language_and_so_does_the_browser(stage: Path, asked: AskedOffice) -> None:
    about, page = [{"tell": "about"}], asked.page()
    linked = play(stage, "walk", browser=CHROMIUM, page=f"{page}#sq", steps=about)["about"]["text"]
    derived = play(stage, "walk", browser=CHROMIUM, page=f"{page}#cnr", steps=about)["about"]["text"]
    unknown = play(stage, "walk", browser=CHROMIUM, page=f"{page}#zz", steps=about)["about"]["text"]
    assert page_words("sq")["page.about"] in linked
    assert page_words("sr-Latn")["page.about"] in derived
    assert EN["page.about"] in unknown
