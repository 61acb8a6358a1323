"""axe finds nothing at any step, light and dark, on a phone and on a desk."""

import json
from pathlib import Path
from typing import Any

import pytest

from config.words import page_words
from tests.browser import golden
from tests.browser.drive import CHROMIUM, play
from tests.browser.office import AskedOffice
from tests.nonempty import nonempty

pytestmark = pytest.mark.outside

PHONE, DESK = 390, 1280
ALL = [[PHONE, "light"], [PHONE, "dark"], [DESK, "light"], [DESK, "dark"]]
TWO = [[PHONE, "light"], [DESK, "dark"]]
STEPS = ("about", "age", "minor", "pick", "picked", "send", "wrong", "hand", "text", "file", "state")
WORST = """document.getElementById('step').append(Object.assign(document.createElement('input'), {type: 'text'}));
    document.querySelector('#step p').style.color = 'color-mix(in srgb, var(--ground) 90%, var(--ink))';"""


def every_step(language: str, files: list[str], views: list[list[object]]) -> list[dict[str, Any]]:
    words = page_words(language)

    def looked(name: str) -> dict[str, Any]:
        return {"axe": name, "views": views}

    def click(key: str) -> dict[str, Any]:
        return {"click": words[key]}

    steps = [click("page.language"), looked("about"), click("page.start"), looked("age"), click("page.age.no")]
    steps += [looked("minor"), click("page.back"), click("page.age.yes"), looked("pick")]
    steps += [{"choose": files, "until": len(files)}, looked("picked"), click("page.pick.go"), looked("send")]
    steps += [{"type": "lusab"}, click("page.send.button"), {"wait": words["page.send.shape"]}, looked("wrong")]
    steps += [click("page.send.other"), looked("hand"), click("page.hand.show"), {"wait": words["page.words"]}]
    steps += [looked("text"), click("page.back"), click("page.hand.save"), {"wait": words["page.words"]}]
    return [*steps, looked("file"), click("page.again"), click("page.state"), looked("state")]


@pytest.mark.parametrize(
    ("language", "views"),
    [("en", ALL), *(pytest.param(language, TWO, marks=pytest.mark.slow) for language in ("mk", "sq"))],
)
def test_everybody_can_use_every_step(
    language: str, views: list[list[object]], stage: Path, asked: AskedOffice
) -> None:
    files = [asked.file("a.png", golden.small(1)), asked.file("b.txt", b"no picture")]
    steps = every_step(language, files, views)
    told = play(stage, "walk", browser=CHROMIUM, page=asked.page(post="https://example.org"), steps=steps)
    assert told.keys() >= set(STEPS)
    for name in STEPS:
        for view, found in nonempty(zip(views, told[name], strict=True)):
            assert (name, view, found["broken"]) == (name, view, [])
            assert found["passes"] > 10


def test_axe_finds_a_field_without_a_label_and_words_that_cannot_be_read(stage: Path, asked: AskedOffice) -> None:
    steps = [
        {"click": page_words("en")["page.language"]},
        {"evaluate": WORST, "as": "x"},
        {"axe": "worst", "views": TWO},
    ]
    told = play(stage, "walk", browser=CHROMIUM, page=asked.page(), steps=steps)["worst"]
    for found in nonempty(told):
        assert {"color-contrast", "label"} <= {each.partition(":")[0] for each in found["broken"]}, json.dumps(found)


@pytest.mark.slow
def test_nothing_is_wider_than_a_phone(stage: Path, asked: AskedOffice) -> None:
    wide = {"evaluate": "[document.documentElement.scrollWidth, innerWidth]", "as": "wide"}
    for language in ("mk", "sl", "en"):
        steps = [{"click": page_words(language)["page.language"]}, wide]
        told = play(stage, "walk", browser=CHROMIUM, page=asked.page(), width=320, steps=steps)["wide"]
        assert told[0] <= told[1] == 320
