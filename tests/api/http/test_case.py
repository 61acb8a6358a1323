"""Cases over the API: opened, filled, listed, shown; a key for one case learns nothing of any other."""

import pytest

from evidence.store.api_key import Scope
from tests.homes import items_of, new_case, records_of, size_of
from tests.serving import ServedHome


def test_a_case_is_opened_filled_and_shown_by_the_owner_of_the_key(served: ServedHome) -> None:
    served.unlock()
    client = served.with_key(Scope.CASES_READ, Scope.CASES_WRITE, owner="zana")
    before = size_of(served.home)
    opened = client.post("/api/v1/cases", json={"reason": "she came"})
    assert (opened.status_code, opened.json()["warnings"]) == (201, [])
    case_id = opened.json()["case_id"]
    items = [item.item_id for item in items_of(served.home)][:3]
    added = client.post(f"/api/v1/cases/{case_id}/items", json={"items": items}).json()
    assert (added["added"], added["items"]) == (3, 3)
    assert client.post(f"/api/v1/cases/{case_id}/items", json={"items": items}).json()["added"] == 0
    shown = client.get(f"/api/v1/cases/{case_id}", params={"limit": 2}).json()
    assert (shown["reason"], [item["item_id"] for item in shown["items"]]) == ("she came", items[:2])
    rest = client.get(f"/api/v1/cases/{case_id}", params={"limit": 2, "cursor": shown["next"]}).json()
    assert ([item["item_id"] for item in rest["items"]], rest["next"]) == (items[2:], None)
    logged = records_of(served.home, before)
    acts = [each for each in logged if each.type != "anchor"]
    assert [each.type for each in acts].count("case_viewed") == 2
    assert {each.values["actor"] for each in acts} == {"zana"}


def test_a_case_is_not_shown_while_the_office_is_locked_and_no_look_is_logged(served: ServedHome) -> None:
    case_id = new_case(served.home)
    served.lock()
    before = size_of(served.home)
    answer = served.with_key(Scope.CASES_READ).get(f"/api/v1/cases/{case_id}")
    assert (answer.status_code, answer.json()["code"]) == (423, "call.locked")
    assert not [each for each in records_of(served.home, before) if each.type == "case_viewed"]
    served.unlock()
    assert served.with_key(Scope.CASES_READ).get(f"/api/v1/cases/{case_id}").status_code == 200


def test_a_key_for_one_case_learns_nothing_of_another(served: ServedHome) -> None:
    served.unlock()
    mine, other = new_case(served.home), new_case(served.home)
    client = served.with_key(Scope.CASES_READ, Scope.CASES_WRITE, cases=[mine])
    assert [each["case_id"] for each in client.get("/api/v1/cases").json()["cases"]] == [mine]
    assert client.get(f"/api/v1/cases/{mine}").status_code == 200
    item = items_of(served.home)[0].item_id
    for case_id in (other, "case-000000000000", "case-zz", "x" * 200):
        answers = [
            client.get(f"/api/v1/cases/{case_id}"),
            client.post(f"/api/v1/cases/{case_id}/items", json={"items": [item]}),
        ]
        for answer in answers:
            told = answer.json()
            assert (answer.status_code, told["code"]) == (404, "unknown_item.no_such_case")
            assert told["facts"] == {"found": case_id[:64]}
    assert client.post("/api/v1/cases", json={"reason": "another"}).status_code == 403


@pytest.mark.parametrize(
    "body", [{}, {"reason": ""}, {"reason": "x", "more": 1}, {"reason": 5}, {"reason": "x" * 2001}, [], "x", None]
)
def test_a_body_of_another_form_is_refused_and_opens_nothing(served: ServedHome, body: object) -> None:
    before = size_of(served.home)
    answer = served.with_key(Scope.CASES_WRITE).post("/api/v1/cases", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "call.does_not_fit")
    assert size_of(served.home) == before
