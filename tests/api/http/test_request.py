"""Requests over the API: another person approves, refuses or reviews; nobody their own, and none of another case."""

from typing import Any

import httpx
import pytest

from api.home import Home
from api.office import approval
from api.office.case import record_consent
from api.office.intake import opened_intake
from api.office.receiver import add_receiver
from api.office.retention import agree_to_rule
from api.office.unconfirmed import ask_to_keep
from evidence.authority import Doer, Request
from evidence.fingerprint.decoder import Decoder
from evidence.observation import Kind, Observation
from evidence.store.api_key import Scope
from tests.homes import PASSPHRASE, consent_to, doer, new_case, records_of
from tests.serving import ServedHome, listed

BODY = {"audience": "court", "reason": "the court asked"}


def waiting(served: ServedHome, client: httpx.Client, case: str) -> dict[str, str]:
    asked = client.post(f"/api/v1/cases/{case}/bundles", json=BODY)
    task = served.ended(client, asked.json()["task_id"])
    assert task["state"] == "waiting_for_approval"
    return task


def test_another_person_approves_and_the_first_one_gets_the_bundle(served: ServedHome) -> None:
    served.unlock()
    mira, iva, case = served.with_key(owner="mira"), served.with_key(owner="iva"), new_case(served.home)
    task = waiting(served, mira, case)
    (listed,) = [
        each for each in iva.get("/api/v1/requests").json()["requests"] if each["request_id"] == task["request_id"]
    ]
    assert (listed["what"], listed["stage"], listed["requested_by"]) == ("export", "request", "mira")
    assert listed["order"]["case"] == case
    assert "out" not in listed["order"]
    own = mira.post(f"/api/v1/requests/{task['request_id']}/approve", json={"reason": "mine"})
    assert (own.status_code, own.json()["code"]) == (403, "authority.names_too_like")
    approved = iva.post(f"/api/v1/requests/{task['request_id']}/approve", json={"reason": "seen"})
    assert approved.status_code == 200, approved.text
    served.done(iva, approved.json()["task_id"])
    result = served.done(mira, task["task_id"])
    assert mira.get(f"/api/v1/bundles/{result['bundle_id']}/file").status_code == 200
    again = iva.post(f"/api/v1/requests/{task['request_id']}/approve", json={"reason": "again"})
    assert (again.status_code, again.json()["code"]) == (409, "authority.answered")


def test_a_refused_request_fails_its_task(served: ServedHome) -> None:
    served.unlock()
    mira, iva = served.with_key(owner="mira"), served.with_key(Scope.APPROVE, owner="iva")
    task = waiting(served, mira, new_case(served.home))
    refused = iva.post(f"/api/v1/requests/{task['request_id']}/refuse", json={"reason": "not this"})
    assert (refused.status_code, refused.json()["task_id"]) == (200, None)
    for _look in range(100):
        if (ended := served.ended(mira, task["task_id"]))["state"] == "failed":
            break
    assert (ended["state"], ended["problem"]["code"]) == ("failed", "authority.refused")


def test_a_key_for_one_case_neither_sees_nor_answers_the_requests_of_another(served: ServedHome) -> None:
    served.unlock()
    mine, other = new_case(served.home), new_case(served.home)
    task = waiting(served, served.with_key(owner="mira"), other)
    one = served.with_key(Scope.APPROVE, owner="iva", cases=[mine])
    assert task["request_id"] not in one.get("/api/v1/requests").text
    for answer in ("approve", "refuse"):
        told = one.post(f"/api/v1/requests/{task['request_id']}/{answer}", json={"reason": "x"})
        unknown = one.post(f"/api/v1/requests/{'0' * 32}/{answer}", json={"reason": "x"})
        assert (told.status_code, told.json()["code"]) == (404, "unknown_item.no_such_request")
        assert told.json().keys() == unknown.json().keys()
    reaching = served.with_key(Scope.APPROVE, owner="iva", cases=[other])
    assert task["request_id"] in reaching.get("/api/v1/requests").text


def test_a_cursor_of_requests_leads_through_those_that_the_key_reaches(served: ServedHome) -> None:
    served.unlock()
    mine, other, mira = new_case(served.home), new_case(served.home), served.with_key(owner="mira")
    asked = {case: waiting(served, mira, case)["request_id"] for case in (mine, other)}
    every, one = (served.with_key(Scope.APPROVE, owner="iva", cases=cases) for cases in (None, [mine]))
    found = listed(every, "requests", "request_id", limit=1)
    assert found == listed(every, "requests", "request_id", limit=200)
    assert set(asked.values()) <= set(found)
    assert len(set(found)) == len(found)
    assert listed(one, "requests", "request_id", limit=1) == [asked[mine]]


def test_no_record_of_another_case_is_opened_for_a_key_of_one(
    served: ServedHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    """How long an answer takes would tell how many requests there are; the control is a key for every case."""
    served.unlock()
    mine, other, mira = new_case(served.home), new_case(served.home), served.with_key(owner="mira")
    asked = {case: waiting(served, mira, case)["request_id"] for case in (mine, other)}
    casework, opened = served.home.keys.unlock(PASSPHRASE).casework, list[int]()
    opens = approval.request_at

    def counted(home: Home, index: int, *rest: Any) -> Request:  # noqa: ANN401 - passed on
        opened.append(index)
        return opens(home, index, *rest)

    monkeypatch.setattr(approval, "request_at", counted)
    assert [each.request for each in approval.waiting(served.home, casework, cases=[mine]).entries] == [asked[mine]]
    assert len(opened) == 1
    every = approval.waiting(served.home, casework).entries
    assert {*asked.values()} <= {each.request for each in every}
    assert len(opened) == 1 + len(every)


def test_what_one_person_did_is_reviewed_by_another(served: ServedHome) -> None:
    served.unlock()
    case = new_case(served.home)
    record_consent(served.home, case, consent_to(served.home, "lawyer"), doer(served.home))
    add_receiver(served.home, "Lawyer", "lawyer", doer(served.home))
    mira, iva = served.with_key(owner="mira"), served.with_key(Scope.APPROVE, owner="iva")
    order = {"audience": "lawyer", "reason": "she asked", "to": "Lawyer"}
    served.done(mira, mira.post(f"/api/v1/cases/{case}/bundles", json=order).json()["task_id"])
    (review,) = [each for each in iva.get("/api/v1/requests").json()["requests"] if case in (each["target"] or "")]
    assert review["stage"] == "review"
    done = iva.post(f"/api/v1/requests/{review['request_id']}/approve", json={"reason": "looked at it"})
    assert (done.status_code, done.json()["task_id"]) == (200, None)
    assert [each.type for each in records_of(served.home) if each.type != "anchor"][-1] == "approved"
    assert review["request_id"] not in iva.get("/api/v1/requests").text


@pytest.mark.parametrize("answer", ["approve", "refuse"])
def test_a_locked_office_answers_no_request(served: ServedHome, answer: str) -> None:
    served.lock()
    told = served.with_key(Scope.APPROVE).post(f"/api/v1/requests/{'0' * 32}/{answer}", json={"reason": "x"})
    assert (told.status_code, told.json()["code"]) == (423, "call.locked")
    served.unlock()


def test_another_person_sees_what_a_capture_kept_and_confirms_it_without_a_task(served: ServedHome) -> None:
    served.unlock()
    home = served.home
    agree_to_rule(home, doer(home))
    mira, iva = served.with_key(owner="mira"), served.with_key(owner="iva")
    with home.writing() as writer, Decoder() as decoder, opened_intake(writer, decoder) as intake:
        by = Doer("mira", "nisisama/test", home.clock(), reason="she brought the link")
        kept_as = ask_to_keep(writer, by, "kanali", 77)
        fields = {"text": "fjale", "content": [], "channel_type": "channel"}
        intake.keep_batch([Observation(Kind.MESSAGE, "77", 5, home.clock(), fields)], kept_as)
    place = f"/api/v1/requests/{kept_as.authority}"
    every = iva.get("/api/v1/requests").json()["requests"]
    listed = next(each for each in every if each["request_id"] == kept_as.authority)
    assert (listed["request_id"], listed["what"], listed["order"].keys()) == (kept_as.authority, "capture", {"until"})
    (item,) = listed["items"]
    assert iva.get(f"/api/v1/items/{item}").status_code == 200  # shown as others are
    case = new_case(home, [])
    refused = mira.post(f"/api/v1/cases/{case}/items", json={"items": [item], "reason": "x"})
    assert refused.json()["code"] == "unknown_item.unconfirmed"
    assert mira.post(f"{place}/approve", json={"reason": "mine"}).status_code == 403
    approved = iva.post(f"{place}/approve", json={"reason": "seen"})
    assert (approved.status_code, approved.json()["task_id"]) == (200, None), approved.text
    assert iva.post(f"{place}/approve", json={"reason": "again"}).json()["code"] == "authority.answered"
    added = mira.post(f"/api/v1/cases/{case}/items", json={"items": [item], "reason": "x"})
    assert added.status_code in (200, 201), added.text
