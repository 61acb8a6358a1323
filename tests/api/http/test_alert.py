"""Alerts over the API: raised by the served office itself while it is unlocked, listed and dismissed by keys."""

import time
from pathlib import Path
from typing import Any

import pytest

from evidence.store.api_key import Scope
from tests.appearing import case_with, edits, jpeg, photo, post
from tests.homes import new_case
from tests.serving import ServedHome


@pytest.fixture(scope="module")
def told(served: ServedHome, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, list[str]]:
    """A case whose picture was posted again, edited; in that order."""
    folder = tmp_path_factory.mktemp("told")
    served.unlock()
    (original,) = post(served.home, folder / "first", {1: jpeg(photo(seed=77))})
    case = case_with(served.home, original)
    again = edits(photo(seed=77))
    return case, post(served.home, folder / "again", {2: again["all of it"], 3: again["turned"]})


def listed(served: ServedHome, case: str, **asked: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - parameters of a call
    answer = served.with_key(Scope.CASES_READ).get("/api/v1/alerts", params={"case": case, **asked})
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["alerts"]
    return found


def awaited(served: ServedHome, case: str, count: int) -> list[dict[str, Any]]:
    for _look in range(100):
        if len(found := listed(served, case)) >= count:
            return found
        time.sleep(0.1)
    raise AssertionError("nobody told the case")


def test_the_served_office_tells_a_case_by_itself(served: ServedHome, told: tuple[str, list[str]]) -> None:
    case, again = told
    found = awaited(served, case, len(again))
    assert [(each["item_id"], each["message_id"], each["open"]) for each in found] == [
        (again[0], 2, True),
        (again[1], 3, True),
    ]
    assert not {"tier", "match", "sha256", "like"} & set(found[0])
    shown = served.with_key(Scope.CASES_READ).get(f"/api/v1/cases/{case}").json()
    assert shown["alerts"] == len(again)


def test_pages_of_alerts_follow_one_another(served: ServedHome, told: tuple[str, list[str]]) -> None:
    case, again = told
    awaited(served, case, len(again))
    client = served.with_key(Scope.CASES_READ)
    first = client.get("/api/v1/alerts", params={"case": case, "limit": 1}).json()
    second = client.get("/api/v1/alerts", params={"case": case, "limit": 1, "cursor": first["next"]}).json()
    assert [each["item_id"] for page in (first, second) for each in page["alerts"]] == again
    assert second["next"] is None
    assert client.get("/api/v1/alerts", params={"cursor": first["next"]}).status_code == 422


def test_a_key_of_another_case_sees_none_and_dismisses_none(served: ServedHome, told: tuple[str, list[str]]) -> None:
    case, again = told
    awaited(served, case, len(again))
    other = served.with_key(Scope.CASES_READ, Scope.CASES_WRITE, cases=[new_case(served.home, [])])
    assert other.get("/api/v1/alerts").json()["alerts"] == []
    assert other.get("/api/v1/alerts", params={"case": case}).status_code == 404
    path = f"/api/v1/cases/{case}/alerts/{again[0]}/dismiss"
    assert other.post(path, json={"reason": "x"}).status_code == 404
    reader = served.with_key(Scope.CASES_READ)
    assert reader.post(path, json={"reason": "x"}).status_code == 403
    assert len(listed(served, case)) == len(again)


def test_a_dismissed_alert_is_listed_only_on_demand(served: ServedHome, told: tuple[str, list[str]]) -> None:
    case, again = told
    awaited(served, case, len(again))
    writer = served.with_key(Scope.CASES_WRITE)
    path = f"/api/v1/cases/{case}/alerts/{again[1]}/dismiss"
    assert writer.post(path, json={}).status_code == 422
    done = writer.post(path, json={"reason": "another person"})
    assert (done.status_code, done.json()["item_id"]) == (200, again[1])
    assert writer.post(path, json={"reason": "another person"}).status_code == 404
    assert [each["item_id"] for each in listed(served, case)] == again[:1]
    assert [each["open"] for each in listed(served, case, all=True)] == [True, False]


def test_while_it_is_locked_nobody_is_told(served: ServedHome, tmp_path: Path) -> None:
    served.lock()
    items = post(served.home, tmp_path / "locked", {1: jpeg(photo(seed=99)), 2: edits(photo(seed=99))["mirrored"]})
    case = case_with(served.home, items[0])
    time.sleep(1.5)
    assert listed(served, case) == []
    served.unlock()
    assert [each["item_id"] for each in awaited(served, case, 1)] == items[1:]
