"""The page sends one thing to one place, and says what became of it in words."""

from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from api.pages.check import SAME_ORIGIN, check_page, check_policy
from config.words import page_words
from tests.browser import golden
from tests.browser.drive import CHROMIUM, FIREFOX, play
from tests.browser.loopback import Recorder, recording
from tests.browser.office import AskedOffice, binary_of, receipt_of
from tests.browser.test_check_page import EN, ENGLISH, NOTHING, beyond_itself, leaked, picture_fields

pytestmark = pytest.mark.outside

QUESTIONS = "/api/v1/questions"
TICKET = "lusab-babad-gutih-tugad-zabin"
TYPED = "ЛУСАБ бабад, gutih Tugad-zabin"
REFUSALS = {"refused": 403, "long": 413, "busy": 429, "failed": 500}
ANSWERS: dict[str, tuple[int, dict[str, str]]] = {
    "answered": (200, {"state": "answered"}),
    "unknown": (404, {}),
    "failed": (500, {}),
}
RECEIVED, TAKEN_BACK = (200, {"state": "received"}), (200, {"state": "withdrawn"})


def to_send(file: str, words: Mapping[str, str] = EN) -> list[dict[str, Any]]:
    steps = [{"click": words[key]} for key in ("page.language", "page.start", "page.age.yes")]
    return [*steps, {"choose": [file], "until": 1}, {"click": words["page.pick.go"]}]


def sent(ticket: str, then: str, words: Mapping[str, str] = EN) -> list[dict[str, Any]]:
    return [{"type": ticket}, {"click": words["page.send.button"]}, {"wait": words[then].split("{")[0]}]


def asked_about(words: str, then: str) -> list[dict[str, Any]]:
    return [{"type": words}, {"click": EN["page.state.button"]}, {"wait": EN[then].split("{")[0]}]


@pytest.mark.parametrize(
    ("browser", "language"), [(CHROMIUM, "mk"), pytest.param(FIREFOX, "en", marks=pytest.mark.slow)]
)
def test_a_file_on_her_stick_sends_one_sealed_question_and_nothing_else(
    browser: str, language: str, stage: Path, asked: AskedOffice
) -> None:
    picture, words = golden.small(3), page_words(language)
    steps = (
        to_send(asked.file("a.png", picture), words) + sent(TYPED, "page.words.received", words) + [{"tell": "sent"}]
    )
    with recording() as server:
        server.answers[QUESTIONS] = [(202, {"state": "received"})]
        told = play(stage, "walk", browser=browser, page=asked.page(post=server.url, days=20), steps=steps)
    day = date.today() + timedelta(days=20)  # noqa: DTZ011 - as her device has it
    written = f"{day.day} {day:%B} {day.year}" if language == "en" else f"{day.day}.{day.month}.{day.year}"
    assert words["page.words.received"].replace("{date}", written) in told["sent"]["text"]
    [body] = server.bodies
    sealed = binary_of(body.pop("sealed"))
    assert body == {"ticket": TICKET}
    [fields] = asked.opened(sealed)["pictures"]
    assert fields.pop("crops")
    assert fields == picture_fields(picture)
    assert receipt_of(sealed) in told["sent"]["text"]
    assert told["sent"]["stored"] == NOTHING
    assert leaked(told["sent"], [fields]) == []
    assert [call for call in server.calls if call[0] != "OPTIONS"] == [("POST", QUESTIONS)]
    assert {call[1] for call in server.calls} == {QUESTIONS}
    assert not {"cookie", "referer", "authorization"} & {name.lower() for name in server.headers[0]}
    beyond = {call for call in beyond_itself(told["requested"]) if not call.endswith("page.html")}
    assert beyond <= {f"POST {server.url}{QUESTIONS}", f"OPTIONS {server.url}{QUESTIONS}"}
    assert f"POST {server.url}{QUESTIONS}" in beyond, "what is sent is seen"


def served_page(server: Recorder, asked: AskedOffice) -> str:
    """The page as ``GET /check`` gives it."""
    facts = asked.facts(post=SAME_ORIGIN)
    server.pages["/check"] = (f"{check_policy(facts)}; frame-ancestors 'none'", check_page(facts))
    return f"{server.url}/check"


def test_each_refusal_has_its_words_and_a_way_to_hand_it_over(stage: Path, asked: AskedOffice) -> None:
    steps = [*to_send(asked.file("a.png", golden.small(3))), {"type": TICKET}]
    for why in REFUSALS:
        steps += [{"click": EN["page.send.button"]}, {"wait": EN[f"page.send.{why}"]}, {"tell": why}]
    steps += [
        {"click": EN["page.send.other"]},
        {"click": EN["page.hand.show"]},
        {"wait": EN["page.words"]},
        {"tell": "handed"},
    ]
    with recording() as server:
        server.answers[QUESTIONS] = [(status, {"title": "not for her"}) for status in REFUSALS.values()]
        told = play(
            stage, "walk", browser=CHROMIUM, page=served_page(server, asked), steps=[*steps, {"tell": "handed"}]
        )
    assert len({body["sealed"] for body in server.bodies}) == 1  # sent again, it is the same question
    for why in REFUSALS:
        assert "not for her" not in told[why]["text"]
    assert asked.opened(binary_of(told["handed"]["area"]))["format"] == "nisisama/question/1"


def test_words_that_are_none_are_told_before_anything_is_sent(stage: Path, asked: AskedOffice) -> None:
    with recording() as server:
        steps = [*to_send(asked.file("a.png", golden.small(3))), *sent("lusab babad", "page.send.shape")]
        play(stage, "walk", browser=CHROMIUM, page=served_page(server, asked), steps=steps)
        assert {call for call in server.calls if call[0] == "POST"} == set()


def test_an_office_that_cannot_be_reached_loses_nothing(stage: Path, asked: AskedOffice) -> None:
    with recording() as server:
        gone = server.url
    steps = [*to_send(asked.file("a.png", golden.small(3))), *sent(TICKET, "page.send.failed")]
    steps += [{"click": EN["page.send.other"]}, {"tell": "hand"}]
    told = play(stage, "walk", browser=CHROMIUM, page=asked.page(post=gone), steps=steps)
    assert EN["page.hand.show"] in told["hand"]["text"]


def test_her_policy_lets_the_page_speak_to_no_other_address(stage: Path, asked: AskedOffice) -> None:
    with recording() as server, recording() as other:
        other.answers["/x"] = [(202, {})]
        call = "fetch('{}/x', {{method: 'POST', body: '{{}}'}}).then(() => 'sent', () => 'refused')"
        steps = [{"evaluate": call.format(other.url), "as": "elsewhere"}]
        told = play(stage, "walk", browser=CHROMIUM, page=asked.page(post=server.url), steps=steps)
        allowed = play(stage, "walk", browser=CHROMIUM, page=asked.page(post=other.url), steps=steps)
    assert (told["elsewhere"], allowed["elsewhere"]) == ("refused", "sent")
    assert [call for call in other.calls if call[0] == "POST"] == [("POST", "/x")]


@pytest.mark.parametrize("browser", [FIREFOX, pytest.param(CHROMIUM, marks=pytest.mark.slow)])
def test_with_her_words_she_asks_for_the_state_and_takes_the_question_back(
    browser: str, stage: Path, asked: AskedOffice
) -> None:
    with recording() as server:
        server.answers = {f"{QUESTIONS}/state": [RECEIVED], f"{QUESTIONS}/withdraw": [TAKEN_BACK]}
        steps = [ENGLISH, {"click": EN["page.state"]}, *asked_about(TYPED, "page.state.received"), {"tell": "received"}]
        steps += [{"click": EN["page.state.withdraw"]}, {"click": EN["page.state.sure"]}]
        steps += [{"wait": EN["page.state.withdrawn"]}, {"tell": "withdrawn"}]
        told = play(stage, "walk", browser=browser, page=served_page(server, asked), steps=steps)
    assert server.bodies == [{"receipt": TICKET}] * 2
    assert [path for method, path in server.calls if method == "POST"] == [
        f"{QUESTIONS}/state",
        f"{QUESTIONS}/withdraw",
    ]
    assert EN["page.state.withdraw"] in told["received"]["text"]
    assert EN["page.state.withdraw"] not in told["withdrawn"]["text"]
    assert told["withdrawn"]["stored"] == NOTHING


def test_an_answer_of_a_person_and_unknown_words_lead_to_whom_to_call(stage: Path, asked: AskedOffice) -> None:
    steps = [ENGLISH, {"click": EN["page.state"]}, {"type": TICKET}]
    for became in ANSWERS:
        steps += [
            {"click": EN["page.state.button"]},
            {"wait": EN[f"page.state.{became}"].split("{")[0]},
            {"tell": became},
        ]
    with recording() as server:
        server.answers[f"{QUESTIONS}/state"] = list(ANSWERS.values())
        told = play(stage, "walk", browser=CHROMIUM, page=served_page(server, asked), steps=steps)
    for became in ANSWERS:
        assert asked.facts().contact in told[became]["text"]


def test_a_page_that_only_hands_over_offers_neither(stage: Path, asked: AskedOffice) -> None:
    steps = [ENGLISH, {"tell": "about"}, *to_send(asked.file("a.png", golden.small(3)))[1:], {"tell": "next"}]
    told = play(stage, "walk", browser=CHROMIUM, page=asked.page(), steps=steps)
    assert EN["page.state"] not in told["about"]["text"]
    assert EN["page.hand"] in told["next"]["text"]


@pytest.mark.parametrize("language", ["mk", "sr-Cyrl"])
def test_her_words_stand_in_the_letters_that_she_reads(language: str, stage: Path, asked: AskedOffice) -> None:
    words = page_words(language)
    steps = [{"click": words["page.language"]}, {"click": words["page.start"]}, {"click": words["page.age.yes"]}]
    steps += [{"choose": [asked.file("a.png", golden.small(3))], "until": 1}, {"click": words["page.pick.go"]}]
    steps += [{"click": words["page.hand.show"]}, {"wait": words["page.words"]}, {"tell": "text"}]
    told = play(stage, "walk", browser=CHROMIUM, page=asked.page(), steps=steps)["text"]
    latin = receipt_of(binary_of(told["area"]))
    cyrillic = latin.translate(str.maketrans("bdfghjklmnprstvzaiou", "бдфгхјклмнпрствзаиоу"))
    assert latin in told["text"]
    assert cyrillic in told["text"]
