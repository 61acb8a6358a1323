"""Her page's three calls need no key, may come from anywhere, and tell what people did; never what was found."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.http.caller import PAGES_PER_MINUTE
from api.http.guard import OF_HER_PAGE
from evidence.match.question import receipt_of
from evidence.proquint import proquints
from evidence.store.api_key import Scope
from tests.appearing import agree, case_with, edits, jpeg, photo, post
from tests.asking import armored, ask
from tests.homes import new_case
from tests.serving import ServedHome

PAGE = {"Origin": "null", "Sec-Fetch-Site": "cross-site"}
"""What a browser says of a page that lies on a stick."""
OF_ONE_CALL = frozenset({"date", "x-request-id"})


@dataclass(frozen=True)
class Her:
    """A client with a ticket, and her question."""

    ticket: str
    case: str
    sealed: bytes

    @property
    def receipt(self) -> str:
        return receipt_of(self.sealed)


@pytest.fixture(scope="module")
def case(served: ServedHome) -> str:
    served.unlock()
    return case_with(served.home)


def her(served: ServedHome, case: str, picture: bytes) -> Her:
    answer = served.with_key(Scope.CHECKS).post(f"/api/v1/cases/{case}/tickets")
    assert answer.status_code == 201, answer.text
    return Her(answer.json()["ticket"], case, ask(served.home, picture))


def send(served: ServedHome, who: Her) -> httpx.Response:
    asked = {"ticket": who.ticket, "sealed": armored(who.sealed)}
    return served.client().post("/api/v1/questions", json=asked, headers=PAGE)


def told(served: ServedHome, receipt: str, what: str = "state") -> httpx.Response:
    return served.client().post(f"/api/v1/questions/{what}", json={"receipt": receipt}, headers=PAGE)


def look(served: ServedHome, case: str, asked: dict[str, str]) -> dict[str, Any]:
    client = served.with_key(Scope.CHECKS)
    answer = client.post(f"/api/v1/cases/{case}/checks", json=asked)
    assert answer.status_code == 202, answer.text
    return dict(served.done(client, answer.json()["task_id"]))


def seen(answer: httpx.Response) -> tuple[int, bytes, list[tuple[str, str]]]:
    """All that her browser gets."""
    return answer.status_code, answer.content, [each for each in answer.headers.items() if each[0] not in OF_ONE_CALL]


def test_a_question_from_the_ticket_to_the_answer(served: ServedHome, case: str) -> None:
    one = her(served, case, jpeg(photo(31)))
    sent = send(served, one)
    assert (sent.status_code, sent.json()) == (202, {"state": "received"})
    assert sent.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in sent.headers
    client = served.with_key(Scope.CHECKS)
    listed = client.get(f"/api/v1/cases/{case}/questions").json()["questions"]
    assert (one.receipt, "received") in {(each["receipt"], each["state"]) for each in listed}
    result = look(served, case, {"receipt": one.receipt})
    assert (result["question"], result["found"], len(result["pictures"])) == (one.receipt, False, 1)
    answered = client.post(f"/api/v1/cases/{case}/questions/{one.receipt}/answered")
    assert answered.json() == {"state": "answered"}
    assert told(served, one.receipt.upper().replace("-", " ")).json() == {"state": "answered"}
    assert told(served, one.receipt, "withdraw").json() == {"state": "withdrawn"}
    gone = client.post(f"/api/v1/cases/{case}/checks", json={"receipt": one.receipt})
    assert (gone.status_code, gone.json()["code"]) == (410, "question.withdrawn")


def test_a_text_that_was_handed_over_is_kept_and_looked_for(served: ServedHome, case: str) -> None:
    sealed = ask(served.home, jpeg(photo(32)))
    result = look(served, case, {"question": "Hello,\r\n" + armored(sealed)})
    assert (result["question"], result["alike"]) == (receipt_of(sealed), 0)
    assert told(served, receipt_of(sealed)).json() == {"state": "received"}


def test_a_key_of_one_case_learns_nothing_of_the_questions_of_others(served: ServedHome, case: str) -> None:
    client, other = served.with_key(Scope.CHECKS, cases=[case]), new_case(served.home)
    agree(served.home, other)
    kept, fresh = (ask(served.home, jpeg(photo(number))) for number in (33, 34))
    assert "alike" in look(served, other, {"question": armored(kept)})
    told_of = []
    for sealed in (kept, fresh):
        answer = client.post(f"/api/v1/cases/{case}/checks", json={"question": armored(sealed)})
        result = dict(served.done(client, answer.json()["task_id"]))
        told_of.append((answer.status_code, sorted(result)))
    assert told_of[0] == told_of[1]
    assert not {"alike", "question"} & set(told_of[0][1])
    listed = client.get(f"/api/v1/cases/{case}/questions").json()["questions"]
    assert not {receipt_of(kept), receipt_of(fresh)} & {each["receipt"] for each in listed}
    receipts = [
        client.post(f"/api/v1/cases/{case}/checks", json={"receipt": receipt_of(each)}) for each in (kept, fresh)
    ]
    assert [each.status_code for each in receipts] == [404, 404]


def test_no_answer_to_her_page_differs_between_found_and_not_found(
    served: ServedHome, case: str, tmp_path: Path
) -> None:
    post(served.home, tmp_path / "posted", {1: edits(photo(41))["all of it"]})
    found, not_found = her(served, case, jpeg(photo(41))), her(served, case, jpeg(photo(42)))
    answers: dict[bool, list[object]] = {True: [], False: []}
    results = {}
    for who, hit in ((found, True), (not_found, False)):
        answers[hit].append(seen(send(served, who)))
        answers[hit].append(seen(told(served, who.receipt)))
        results[hit] = look(served, case, {"receipt": who.receipt})
        answers[hit].append(seen(told(served, who.receipt)))
        served.with_key(Scope.CHECKS).post(f"/api/v1/cases/{case}/questions/{who.receipt}/answered")
        answers[hit].append(seen(told(served, who.receipt)))
    assert answers[True] == answers[False]
    assert (results[True]["found"], results[False]["found"]) == (True, False)  # the control: whoever answers sees it


def test_her_calls_work_while_the_office_is_locked(served: ServedHome, case: str) -> None:
    one = her(served, case, jpeg(photo(33)))
    served.lock()
    assert send(served, one).status_code == 202
    assert told(served, one.receipt).json() == {"state": "received"}
    assert served.with_key(Scope.CHECKS).post(f"/api/v1/cases/{case}/tickets").status_code == 423
    served.unlock()


def test_a_used_a_guessed_and_a_mistyped_ticket_get_one_answer(served: ServedHome, case: str) -> None:
    used = her(served, case, jpeg(photo(34)))
    send(served, used)
    other = Her(used.ticket, case, ask(served.home, jpeg(photo(35))))
    answers = [send(served, Her(each, case, other.sealed)) for each in (used.ticket, proquints(bytes(10)), "x")]
    assert {(each.status_code, each.json()["code"]) for each in answers} == {(403, "question.no_ticket")}
    assert all(each.headers["access-control-allow-origin"] == "*" for each in answers)  # her page can read it
    assert send(served, used).status_code == 202  # the same question again


def test_every_other_call_from_another_page_is_refused(served: ServedHome, case: str) -> None:
    client = served.with_key(Scope.CHECKS)
    for method, path in (("GET", f"/api/v1/cases/{case}/questions"), ("POST", "/api/v1/unlock"), ("GET", "/livez")):
        refused = client.request(method, path, headers=PAGE)
        assert (refused.status_code, refused.json()["code"]) == (403, "call.foreign_origin")
        assert "access-control-allow-origin" not in refused.headers
        assert "access-control-allow-origin" not in client.request("OPTIONS", path, headers=PAGE).headers


@pytest.mark.parametrize("path", OF_HER_PAGE)
def test_a_browser_may_ask_first(served: ServedHome, path: str) -> None:
    asked = {**PAGE, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
    answer = served.client().options(path, headers=asked)
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["access-control-allow-methods"] == "POST"
    assert answer.headers["access-control-allow-headers"] == "content-type"


def test_a_key_of_another_case_sees_and_answers_none(served: ServedHome, case: str) -> None:
    one = her(served, case, jpeg(photo(36)))
    send(served, one)
    other = new_case(served.home, [])
    client = served.with_key(Scope.CHECKS, cases=[other])
    for of, expected in ((case, 404), (other, 404)):
        assert client.post(f"/api/v1/cases/{of}/questions/{one.receipt}/answered").status_code == expected
    assert client.get(f"/api/v1/cases/{case}/questions").status_code == 404
    assert client.get(f"/api/v1/cases/{other}/questions").json() == {"questions": []}
    assert client.post(f"/api/v1/cases/{other}/checks", json={"receipt": one.receipt}).status_code == 404
    reader = served.with_key(Scope.CASES_READ)
    assert reader.get(f"/api/v1/cases/{case}/questions").status_code == 403
    assert told(served, one.receipt).json() == {"state": "received"}


def test_no_ticket_without_consent(served: ServedHome) -> None:
    served.unlock()
    case = case_with(served.home)
    agree(served.home, case, given=False)
    assert served.with_key(Scope.CHECKS).post(f"/api/v1/cases/{case}/tickets").status_code == 403


@pytest.mark.parametrize("asked", [{}, {"receipt": "x", "question": "y"}, {"prints": {}, "receipt": "x"}], ids=len)
def test_what_to_look_for_is_given_once(served: ServedHome, case: str, asked: dict[str, object]) -> None:
    refused = served.with_key(Scope.CHECKS).post(f"/api/v1/cases/{case}/checks", json=asked)
    assert (refused.status_code, refused.json()["code"]) == (422, "question.one_of_three")


def test_ten_megabytes_are_refused_while_they_come(served: ServedHome) -> None:
    sent = served.client().post("/api/v1/questions", json={"ticket": "x", "sealed": "y" * 10_000_000}, headers=PAGE)
    assert sent.status_code == 413
    assert sent.headers["access-control-allow-origin"] == "*"


def test_an_address_that_asks_too_often_waits(served: ServedHome) -> None:
    receipt = proquints(bytes(10))
    answers = [told(served, receipt) for _call in range(PAGES_PER_MINUTE + 1)]
    assert {each.status_code for each in answers} <= {404, 429}
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["Retry-After"]) > 0
