"""Tasks over the API: shown to whoever asked, listed, cancelled; another's are not there."""

import httpx
import pytest

from evidence.store.api_key import Scope
from monitor.rehearsal.export import write_export
from tests.homes import new_case
from tests.serving import ServedHome, listed, zipped


def import_into(client: httpx.Client, archive: bytes, **more: str) -> httpx.Response:
    data = {"declared_by": "client", **more}
    return client.post("/api/v1/imports", files={"file": ("export.zip", archive)}, data=data)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("export")
    write_export(folder, seed=11, messages=20, photos=1)
    return zipped(folder)


def test_a_task_is_begun_at_once_and_shown_until_it_is_done(served: ServedHome, archive: bytes) -> None:
    client = served.with_key(Scope.IMPORTS)
    asked = import_into(client, archive)
    assert asked.status_code == 202
    assert asked.headers["Location"] == f"/api/v1/tasks/{asked.json()['task_id']}"
    result = served.done(client, asked.json()["task_id"])
    assert result["audited"]["level"] == 2
    shown = client.get(asked.headers["Location"]).json()
    assert (shown["kind"], shown["progress"]["done"]) == ("import", shown["progress"]["total"])
    assert shown["ended_at"] >= shown["asked_at"]


def test_a_task_is_there_for_its_owner_alone(served: ServedHome, archive: bytes) -> None:
    task_id = import_into(served.with_key(Scope.IMPORTS, owner="zana"), archive).json()["task_id"]
    same_person, lacks_scope = served.with_key(Scope.IMPORTS, owner="zana"), served.with_key(Scope.CHECKS, owner="zana")
    other, nobody = served.with_key(owner="mira"), served.with_key(owner="mira")
    assert served.ended(same_person, task_id)["state"] == "done"
    assert task_id in [each["task_id"] for each in same_person.get("/api/v1/tasks").json()["tasks"]]
    refused = [client.get(f"/api/v1/tasks/{task_id}") for client in (other, lacks_scope)]
    unknown = nobody.get(f"/api/v1/tasks/{'0' * 32}")
    assert {each.status_code for each in (*refused, unknown)} == {404}
    assert {each.json()["code"] for each in (*refused, unknown)} == {"unknown_item.no_such_task"}
    assert task_id not in other.get("/api/v1/tasks").text
    assert other.post(f"/api/v1/tasks/{task_id}/cancel").status_code == 404


def test_a_cursor_of_tasks_leads_through_all_of_them(served: ServedHome, archive: bytes) -> None:
    client = served.with_key(Scope.IMPORTS, owner="drita")
    asked = [import_into(client, archive, declared_by=f"client {number}").json()["task_id"] for number in range(3)]
    assert listed(client, "tasks", "task_id", limit=1) == listed(client, "tasks", "task_id", limit=200) == asked
    page = client.get("/api/v1/tasks", params={"limit": 1}).json()
    of_another = served.with_key(Scope.IMPORTS, owner="drita").get("/api/v1/tasks", params={"cursor": page["next"]})
    assert of_another.json()["code"] == "call.stale_cursor"


def test_a_key_for_one_case_sees_the_tasks_of_that_case_alone(served: ServedHome) -> None:
    served.unlock()
    mine, other = new_case(served.home), new_case(served.home)
    every, one = served.with_key(owner="dita"), served.with_key(owner="dita", cases=[mine])
    asked = {
        case: every.post(f"/api/v1/cases/{case}/bundles", json={"audience": "court", "reason": "asked"}).json()
        for case in (mine, other)
    }
    assert one.get(f"/api/v1/tasks/{asked[mine]['task_id']}").status_code == 200
    assert one.get(f"/api/v1/tasks/{asked[other]['task_id']}").status_code == 404
    assert [each["case_id"] for each in one.get("/api/v1/tasks").json()["tasks"]] == [mine]


def test_a_waiting_task_is_cancelled_and_its_request_taken_back(served: ServedHome) -> None:
    served.unlock()
    client, case = served.with_key(), new_case(served.home)
    asked = client.post(f"/api/v1/cases/{case}/bundles", json={"audience": "court", "reason": "asked"}).json()
    assert served.ended(client, asked["task_id"])["state"] == "waiting_for_approval"
    cancelled = client.post(f"/api/v1/tasks/{asked['task_id']}/cancel", json={"reason": "not needed"})
    assert (cancelled.status_code, cancelled.json()["state"]) == (200, "cancelled")
    again = client.post(f"/api/v1/tasks/{asked['task_id']}/cancel")
    assert (again.status_code, again.json()["code"]) == (409, "authority.task_ended")
    assert case not in client.get("/api/v1/requests").text
