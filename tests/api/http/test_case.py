"""Cases over the API: opened, filled, listed, shown; a key for one case learns nothing of any other."""

from dataclasses import replace

import pytest

from api.http.case import ClosedGapBody
from api.office.case import record_consent
from api.office.gap import ClosedGap
from casefiles.report.closed import Closing
from evidence.store.api_key import Scope
from tests.commands import run
from tests.homes import PASSPHRASE, consent_to, doer, items_of, new_case, records_of, size_of
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


def test_a_case_shows_the_newest_consent_as_the_command_does(
    served: ServedHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    served.unlock()
    case_id, client = new_case(served.home, []), served.with_key(Scope.CASES_READ)
    assert client.get(f"/api/v1/cases/{case_id}").json()["consent"] is None
    record_consent(served.home, case_id, consent_to(served.home, "check", "court"), doer(served.home))
    told = client.get(f"/api/v1/cases/{case_id}").json()["consent"]
    today = served.home.clock().date().isoformat()
    assert told == {
        "given": True,
        "scope": ["check", "court"],
        "date": today,
        "until": None,
        "language": "en",
        "paper_sha256": None,
        "recorded_by": "ann",
    }
    monkeypatch.setenv("NISISAMA_PASSPHRASE", PASSPHRASE)
    shown = run("case", "show", case_id, "--by", "ann", "--json", home=served.home.path)
    assert shown.printed["consent"] == told
    withdrawn = consent_to(served.home, given=False)
    record_consent(served.home, case_id, withdrawn, replace(doer(served.home), actor="zana"))
    told = client.get(f"/api/v1/cases/{case_id}").json()["consent"]
    assert (told["given"], told["scope"], told["recorded_by"]) == (False, [], "zana")


def test_numbers_of_messages_have_the_forms_that_the_page_says(served: ServedHome) -> None:
    served.unlock()
    item = next(each for each in items_of(served.home) if each.kind == "message")
    client = served.with_key(Scope.CASES_READ, Scope.CHANNELS)
    case_id = new_case(served.home, [item.item_id])
    (of_record,) = client.get(f"/api/v1/cases/{case_id}").json()["items"]
    of_row = client.get(f"/api/v1/items/{item.item_id}").json()
    assert (of_row["message_id"], of_record["message_id"]) == (item.message_id, str(item.message_id))


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


def test_a_gap_that_was_closed_is_told_with_what_closed_it() -> None:
    gap = ClosedGap("7", 5, 9, "2026-11-20T09:00:00.000Z", Closing(3, 8, "2026-11-21T09:00:00.000Z", "telegram", None))
    told = ClosedGapBody.model_validate(gap.told()).model_dump()
    assert (told["lo"], told["hi"], told["hole"], told["entry"]) == ("5", "9", "3", "8")
    assert (told["method"], told["container_sha256"]) == ("telegram", None)
