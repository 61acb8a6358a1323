"""The whole way with nothing invented: her page on a stick, the served office, ``check`` twice, the answer she sees."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from api.office.check_page import check_facts
from api.pages.check import check_page
from config.words import page_words
from evidence.store.api_key import Scope
from tests.appearing import brighter, case_with, framed, jpeg, photo, post
from tests.browser.drive import CHROMIUM, FIREFOX, play
from tests.browser.test_check_page import EN, ENGLISH, NOTHING, beyond_itself
from tests.browser.test_sending import QUESTIONS, asked_about, sent, to_send
from tests.commands import ENVIRONMENT, run
from tests.serving import ServedHome, serving

pytestmark = pytest.mark.outside


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedHome]:
    with serving(tmp_path_factory.mktemp("served")) as served:
        served.unlock()
        yield served


def hers(seed: int) -> bytes:
    """Her own copy: not the file that was posted, but smaller, darker, turned to the side and saved again."""
    small = photo(seed).resize((417, 313), Image.Resampling.LANCZOS)
    return jpeg(brighter(small).transpose(Image.Transpose.ROTATE_270), 77)


@pytest.mark.parametrize(
    ("browser", "language", "posted"),
    [(CHROMIUM, "sq", True), pytest.param(FIREFOX, "en", False, marks=pytest.mark.slow)],
)
def test_from_her_picture_to_the_answer(
    served: ServedHome, stage: Path, tmp_path: Path, browser: str, language: str, *, posted: bool
) -> None:
    seed = 300 + posted
    if posted:
        edited = framed(photo(seed).transpose(Image.Transpose.FLIP_LEFT_RIGHT))
        (item,) = post(served.home, tmp_path / "posted", {seed: jpeg(edited, 55)})
    case, words = case_with(served.home), page_words(language)
    ticket = served.with_key(Scope.CHECKS).post(f"/api/v1/cases/{case}/tickets").json()["ticket"]
    page, picture = tmp_path / "page.html", tmp_path / "hers.jpg"
    page.write_text(check_page(check_facts(served.home, served.url)), "utf-8")
    picture.write_bytes(hers(seed))
    steps = [*to_send(str(picture), words), *sent(ticket, "page.words.received", words), {"tell": "sent"}]
    told = play(stage, "walk", browser=browser, page=page.as_uri(), steps=steps)
    beyond = {call for call in beyond_itself(told["requested"]) if not call.endswith("page.html")}
    assert {call for call in beyond if call.startswith("POST")} == {f"POST {served.url}{QUESTIONS}"}
    assert beyond <= {f"POST {served.url}{QUESTIONS}", f"OPTIONS {served.url}{QUESTIONS}"}
    assert told["sent"]["stored"] == NOTHING
    (receipt,) = set(re.findall(r"\b(?:[a-z]{5}-){4}[a-z]{5}\b", told["sent"]["text"]))

    ran = commanded("check", receipt, "--case", case, "--json", home=served.home.path)
    client = served.with_key(Scope.CHECKS)
    asked = client.post(f"/api/v1/cases/{case}/checks", json={"receipt": receipt})
    result = served.done(client, asked.json()["task_id"])
    for found in (ran, result):
        assert found["question"] == receipt
        assert [match["item_id"] for match in found["matches"]] == ([item] if posted else [])

    state = [ENGLISH, {"click": EN["page.state"]}]
    received = play(
        stage, "walk", browser=browser, page=page.as_uri(), steps=[*state, *asked_about(receipt, "page.state.received")]
    )
    commanded("question", "answered", receipt, "--json", home=served.home.path)
    answered = play(
        stage, "walk", browser=browser, page=page.as_uri(), steps=[*state, *asked_about(receipt, "page.state.answered")]
    )
    for seen in (received, answered):
        assert {call for call in beyond_itself(seen["requested"]) if call.startswith("POST")} == {
            f"POST {served.url}{QUESTIONS}/state"
        }


def commanded(*words: str, home: Path) -> dict[str, object]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in ENVIRONMENT.items():
            patch.setenv(name, value)
        printed: dict[str, object] = run(*words, home=home).printed
    return printed
