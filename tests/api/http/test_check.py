"""Checks over the API: a fingerprint is asked about, and no fingerprint comes back."""

import json

import pytest

from evidence.fingerprint.decoder import fingerprints_of
from evidence.store.api_key import Scope
from monitor.rehearsal.export import write_export
from tests.homes import legal_basis, new_case, records_of, size_of
from tests.serving import ServedHome, zipped


@pytest.fixture(scope="module")
def picture(served: ServedHome, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A picture that is in the store: its export was taken in through the API."""
    folder = tmp_path_factory.mktemp("pictured")
    write_export(folder / "export", seed=41, messages=20, photos=2)
    served.unlock()
    client, second = served.with_key(Scope.IMPORTS), served.with_key(Scope.APPROVE, owner="iva")
    asked = client.post(
        "/api/v1/imports",
        files={"file": ("x.zip", zipped(folder / "export")), "legal_basis": legal_basis(folder).read_bytes()},
        data={"declared_by": "client", "mode": "hash_only"},
    )
    task = served.ended(client, asked.json()["task_id"])
    served.done(second, second.post(f"/api/v1/requests/{task['request_id']}/approve", json={}).json()["task_id"])
    return next(iter(sorted((folder / "export").rglob("*.jpg")))).read_bytes()


def test_a_picture_that_is_there_is_found_and_the_check_is_logged(served: ServedHome, picture: bytes) -> None:
    served.unlock()
    client, case, before = served.with_key(Scope.CHECKS, owner="zana"), new_case(served.home), size_of(served.home)
    prints = json.loads(fingerprints_of(picture)[0].sealing_bytes())
    asked = client.post(f"/api/v1/cases/{case}/checks", json={"prints": prints, "reason": "she asks"})
    assert asked.status_code == 202, asked.text
    result = served.done(client, asked.json()["task_id"])
    assert (result["found"], result["matches"][0]["tier"]) == (True, "match")
    assert prints["phash"] not in json.dumps(result)
    (checked,) = [each for each in records_of(served.home, before) if each.type == "checked"]
    assert (checked.values["actor"], checked.values["reason"], checked.values["case"]) == ("zana", "she asks", case)


@pytest.mark.parametrize("prints", [{}, {"format": "nisisama/prints/1"}, {"format": "other", "pdq": "ff"}], ids=len)
def test_what_is_no_fingerprint_is_refused(served: ServedHome, prints: dict[str, str]) -> None:
    served.unlock()
    refused = served.with_key(Scope.CHECKS).post(
        f"/api/v1/cases/{new_case(served.home)}/checks", json={"prints": prints}
    )
    assert (refused.status_code, refused.json()["code"].partition(".")[0]) == (422, "prints")


def test_another_case_and_a_locked_office_are_refused(served: ServedHome, picture: bytes) -> None:
    served.unlock()
    case, prints = new_case(served.home), json.loads(fingerprints_of(picture)[0].sealing_bytes())
    client = served.with_key(Scope.CHECKS, cases=[case])
    assert client.post("/api/v1/cases/case-000000000000/checks", json={"prints": prints}).status_code == 404
    served.lock()
    assert client.post(f"/api/v1/cases/{case}/checks", json={"prints": prints}).status_code == 423
    served.unlock()
