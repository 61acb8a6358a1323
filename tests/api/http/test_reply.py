"""Replies that a case lacks: shown as a look, and left out by whoever says why; nothing of what they say is told."""

import pytest

from evidence.store.api_key import Scope
from tests.homes import items_of, new_case, records_of, size_of
from tests.serving import ServedHome

BOTH = (Scope.CASES_READ, Scope.CASES_WRITE)


@pytest.fixture
def answered(served: ServedHome) -> str:
    """A case that holds one message, which another answers."""
    served.unlock()
    client = served.with_key(*BOTH)
    for item in items_of(served.home):
        case = new_case(served.home, [item.item_id])
        if item.kind == "message" and client.get(f"/api/v1/cases/{case}/replies").json()["replies"]:
            return case
    raise AssertionError("no message of the export is answered")


def test_replies_are_shown_as_a_look_and_left_out_once_with_the_reason_logged(
    served: ServedHome, answered: str
) -> None:
    client = served.with_key(*BOTH, owner="zana")
    before = size_of(served.home)
    told = client.get(f"/api/v1/cases/{answered}/replies").json()
    assert [set(reply) for reply in told["replies"]] == [{"item_id", "channel_id", "message_id", "answers"}]
    left = client.post(f"/api/v1/cases/{answered}/replies/leave-out", json={"reason": "of another person"}).json()
    assert left == told
    assert client.get(f"/api/v1/cases/{answered}/replies").json()["replies"] == []
    again = client.post(f"/api/v1/cases/{answered}/replies/leave-out", json={"reason": "once more"}).json()
    assert again == {"replies": [], "warnings": []}
    acts = [each for each in records_of(served.home, before) if each.type != "anchor"]
    assert [each.type for each in acts] == [
        *("case_viewed", "case_viewed", "left_out"),
        *("case_viewed", "case_viewed"),
    ]
    assert {each.values["actor"] for each in acts} == {"zana"}
    assert (acts[2].values["text"], acts[2].values["left_items"]) == (
        "of another person",
        [reply["item_id"] for reply in told["replies"]],
    )


def test_a_blank_reason_and_a_locked_office_leave_nothing_out(served: ServedHome, answered: str) -> None:
    client = served.with_key(*BOTH)
    at, before = f"/api/v1/cases/{answered}/replies", size_of(served.home)
    assert client.post(f"{at}/leave-out", json={"reason": " "}).json()["code"] == "authority.blank_reason"
    served.lock()
    for answer in (client.get(at), client.post(f"{at}/leave-out", json={"reason": "of another person"})):
        assert (answer.status_code, answer.json()["code"]) == (423, "call.locked")
    assert size_of(served.home) == before
