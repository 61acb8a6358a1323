"""She can leave at once, and what she did is gone from the page."""

from pathlib import Path
from typing import Any

import pytest

from tests.browser import golden
from tests.browser.drive import CHROMIUM, FIREFOX, play
from tests.browser.loopback import recording
from tests.browser.office import AskedOffice
from tests.browser.test_check_page import EN, ENGLISH, TO_PICK

pytestmark = pytest.mark.outside

TITLE = {"evaluate": "document.title", "as": "title"}
WAYS: dict[str, dict[str, Any]] = {
    "button": {"click": EN["page.exit"]},
    "shift": {"press": ["Shift", "Shift", "Shift"]},
    "escape": {"press": ["Escape", "Escape", "Escape"]},
}


@pytest.mark.parametrize(
    ("browser", "ways"),
    [(CHROMIUM, (*WAYS,)), *(pytest.param(FIREFOX, (way,), marks=pytest.mark.slow) for way in ("button", "escape"))],
)
def test_each_way_out_puts_another_site_in_the_place_of_the_page(
    browser: str, ways: tuple[str, ...], stage: Path, asked: AskedOffice
) -> None:
    """``until`` and ``back`` fail if the browser is anywhere else."""
    with recording() as server:
        page, before, leave = asked.page(leave=f"{server.url}/weather"), f"{server.url}/before", f"{server.url}/weather"
        steps: list[dict[str, Any]] = []
        for way in ways:
            steps += [{"goto": page}, ENGLISH, *TO_PICK, WAYS[way], {"until": leave}, TITLE, {"back": before}]
        told = play(stage, "walk", browser=browser, page=before, steps=steps)
    assert told["title"] == "elsewhere"
    assert [path for _method, path in server.calls].count("/weather") == len(ways)


def test_a_way_back_would_be_found(stage: Path, asked: AskedOffice) -> None:
    """A plain link, as without a script, leaves the page in the history."""
    with recording() as server:
        page, leave = asked.page(leave=f"{server.url}/weather"), f"{server.url}/weather"
        follow = {"evaluate": f"location.assign({leave!r})", "as": "x"}
        steps = [{"goto": page}, follow, {"until": leave}, {"back": page}]
        assert play(stage, "walk", browser=CHROMIUM, page=f"{server.url}/before", steps=steps)["address"] == page


def test_two_presses_or_one_of_each_stay(stage: Path, asked: AskedOffice) -> None:
    with recording() as server:
        page = asked.page(leave=f"{server.url}/weather")
        keys = ["Shift", "Shift", "a", "Shift", "Escape", "Shift", "Escape"]
        steps = [ENGLISH, {"click": EN["page.start"]}, {"press": keys}, {"tell": "age"}]
        told = play(stage, "walk", browser=CHROMIUM, page=page, steps=steps)
    assert EN["page.age"] in told["age"]["text"]
    assert told["address"] == page


def test_the_page_is_empty_at_once_even_if_the_other_site_never_answers(stage: Path, asked: AskedOffice) -> None:
    """The exit leads to an address where nobody listens; a script sees what is left before the page goes."""
    left = """(() => { document.querySelector('#step .leave').click();
        return [document.title, document.body.children.length, document.body.innerText]; })()"""
    file = asked.file("a.png", golden.small(2))
    steps = [ENGLISH, *TO_PICK, {"choose": [file], "until": 1}, {"evaluate": left, "as": "left"}]
    told = play(stage, "walk", browser=CHROMIUM, page=asked.page(leave="http://127.0.0.1:9/"), steps=steps)
    assert told["left"] == ["", 0, ""]


def test_reloading_the_page_begins_anew(stage: Path, asked: AskedOffice) -> None:
    page = asked.page()
    file = asked.file("a.png", golden.small(2))
    steps = [
        ENGLISH,
        *TO_PICK,
        {"choose": [file], "until": 1},
        {"tell": "picked"},
        {"goto": page},
        ENGLISH,
        {"tell": "again"},
    ]
    told = play(stage, "walk", browser=CHROMIUM, page=page, steps=steps)
    assert EN["page.pick.go"] in told["picked"]["text"]
    assert EN["page.about"] in told["again"]["text"]


def test_a_browser_without_what_the_code_needs_is_told_so(stage: Path, asked: AskedOffice) -> None:
    lacks = {"evaluate": "delete globalThis.createImageBitmap", "as": "lacks"}
    told = play(stage, "walk", browser=CHROMIUM, page=asked.page(), steps=[lacks, ENGLISH, {"tell": "about"}])["about"]
    has = play(stage, "walk", browser=CHROMIUM, page=asked.page(), steps=[ENGLISH, {"tell": "about"}])["about"]
    assert (EN["page.old"] in told["text"], EN["page.start"] in told["text"]) == (True, False)
    assert (EN["page.old"] in has["text"], EN["page.start"] in has["text"]) == (False, True)
