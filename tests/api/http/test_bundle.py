"""Bundles over the API: asked for, approved, downloaded as files that never change, each download in the log."""

import base64
import hashlib
import io
from typing import Any

import httpx
import pytest

from api.office.case import record_consent
from api.office.receiver import add_receiver
from api.office.verify import verify_bundle
from evidence.store.api_key import Scope
from tests.homes import consent_to, doer, new_case, records_of, size_of
from tests.nonempty import nonempty
from tests.serving import ServedHome

ORDER = {"audience": "court", "reason": "the court asked", "to": "Court"}


@pytest.fixture(scope="module")
def made(served: ServedHome) -> dict[str, Any]:
    """A bundle that one person could have made: its case, and its result."""
    case = new_case(served.home)
    record_consent(served.home, case, consent_to(served.home, "court"), doer(served.home))
    add_receiver(served.home, "Court", "court", doer(served.home))
    served.unlock()
    client = served.with_key(Scope.BUNDLES, owner="mira")
    asked = client.post(f"/api/v1/cases/{case}/bundles", json=ORDER)
    assert asked.status_code == 202, asked.text
    return {"case": case, **served.done(client, asked.json()["task_id"])}


def of(made: dict[str, Any], file: str = "file") -> str:
    return f"/api/v1/bundles/{made['bundle_id']}/{file}"


def test_what_is_downloaded_is_what_was_told_and_verifies(served: ServedHome, made: dict[str, Any]) -> None:
    answer = served.with_key(Scope.BUNDLES).get(of(made))
    assert hashlib.sha256(answer.content).hexdigest() == made["sha256"]
    digest = base64.b64encode(bytes.fromhex(made["sha256"])).decode()
    assert (answer.headers["ETag"], answer.headers["Repr-Digest"]) == (f'"{made["sha256"]}"', f"sha-256=:{digest}:")
    assert answer.headers["Content-Type"] == "application/vnd.etsi.asic-e+zip"
    assert f'filename="{made["case"]}-' in answer.headers["Content-Disposition"]
    assert verify_bundle(io.BytesIO(answer.content), roots=[]).verdict.value == "INDETERMINATE"
    letter = served.with_key(Scope.BUNDLES).get(of(made, "letter"))
    assert made["sha256"] in letter.text.replace("\n", "").replace(" ", "")
    printed = served.with_key(Scope.BUNDLES).get(of(made, "letter.pdf"))
    assert (printed.headers["Content-Type"], printed.content[:8]) == ("application/pdf", b"%PDF-1.7")
    assert f"-{made['bundle_id'][:8]}.asice.letter.pdf" in printed.headers["Content-Disposition"]


def test_a_download_is_logged_with_the_owner_of_the_key_and_a_condition_that_holds_is_not(
    served: ServedHome, made: dict[str, Any]
) -> None:
    client, before = served.with_key(Scope.BUNDLES, owner="zana"), size_of(served.home)
    etag = client.get(of(made)).headers["ETag"]
    for condition in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        unchanged = client.get(of(made), headers={"If-None-Match": condition})
        assert (unchanged.status_code, unchanged.content, unchanged.headers["ETag"]) == (304, b"", etag)
    for file in ("letter", "letter.pdf"):
        client.get(of(made, file))
    logged = [each.values for each in records_of(served.home, before) if each.type == "downloaded"]
    assert [(each["actor"], each["what"]) for each in logged] == [
        ("zana", "bundle"),
        ("zana", "letter"),
        ("zana", "letter_pdf"),
    ]
    assert {each["bundle_sha256"] for each in logged} == {made["sha256"]}
    assert client.get(of(made), headers={"If-None-Match": '"other"'}).status_code == 200


def test_a_download_goes_on_where_it_was_cut(served: ServedHome, made: dict[str, Any]) -> None:
    client = served.with_key(Scope.BUNDLES)
    whole = client.get(of(made))
    etag = whole.headers["ETag"]
    first = client.get(of(made), headers={"Range": "bytes=0-999"})
    rest = client.get(of(made), headers={"Range": "bytes=1000-", "If-Range": etag})
    assert (first.status_code, rest.status_code) == (206, 206)
    assert first.content + rest.content == whole.content
    other = client.get(of(made), headers={"Range": "bytes=1000-", "If-Range": '"another"'})
    assert (other.status_code, other.content) == (200, whole.content)
    behind = client.get(of(made), headers={"Range": "bytes=999999999-", "If-Range": '"another"'})
    assert (behind.status_code, behind.content) == (200, whole.content)
    before = size_of(served.home)
    for none in ("bytes=999999999-", "bytes=-0"):
        beyond = client.get(of(made), headers={"Range": none})
        assert (beyond.status_code, beyond.json()["code"]) == (416, "call.no_such_part")
        assert beyond.headers["Content-Range"] == f"bytes */{made['bytes']}"
    assert size_of(served.home) == before
    for odd in nonempty(("bytes=5-2", "bytes=a-b", "pages=1-2", "bytes=", "bytes=0-1,4-5", "x")):
        answer = client.get(of(made), headers={"Range": odd})
        assert (answer.status_code, answer.content) == (200, whole.content), odd


def test_a_key_that_does_not_reach_the_case_downloads_nothing(served: ServedHome, made: dict[str, Any]) -> None:
    mine = served.with_key(Scope.BUNDLES, cases=[made["case"]])
    assert mine.get(of(made)).status_code == 200
    before = size_of(served.home)
    other = served.with_key(Scope.BUNDLES, cases=[new_case(served.home)])
    refused = [other.get(of(made, file)) for file in ("file", "letter", "letter.pdf")]
    refused += [mine.get(f"/api/v1/bundles/{name}/file") for name in ("0" * 32, "x", "..%2f..%2fseal")]
    for answer in nonempty(refused):
        assert answer.status_code == 404
        assert answer.json()["code"] in {"unknown_item.no_such_bundle", "call.no_such_route"}
    scopeless = served.with_key(Scope.CASES_READ).get(of(made))
    assert (scopeless.status_code, scopeless.json()["code"]) == (403, "call.scope_missing")
    assert "downloaded" not in {each.type for each in records_of(served.home, before)}


def test_a_finished_bundle_is_there_while_the_office_is_locked(served: ServedHome, made: dict[str, Any]) -> None:
    served.lock()
    client = served.with_key(Scope.BUNDLES)
    assert client.get(of(made)).status_code == 200
    locked = client.post(f"/api/v1/cases/{made['case']}/bundles", json=ORDER)
    assert (locked.status_code, locked.json()["code"]) == (423, "call.locked")
    served.unlock()


REFUSED = {
    "no reason": ({"audience": "court"}, 422),
    "another audience": ({"audience": "everybody", "reason": "x"}, 422),
    "another language": ({"audience": "court", "reason": "x", "language": "tlh"}, 422),
    "a blank reason": ({"audience": "court", "reason": "  "}, 403),
    "a field too many": ({"audience": "court", "reason": "x", "out": "x"}, 422),
}


@pytest.mark.parametrize(("order", "status"), REFUSED.values(), ids=REFUSED)
def test_what_does_not_fit_asks_for_nothing(
    served: ServedHome, made: dict[str, Any], order: dict[str, str], status: int
) -> None:
    served.unlock()
    client: httpx.Client = served.with_key(Scope.BUNDLES, owner="nora")
    assert client.post(f"/api/v1/cases/{made['case']}/bundles", json=order).status_code == status
    assert client.get("/api/v1/tasks").json()["tasks"] == []


def test_a_case_without_items_has_no_bundle(served: ServedHome) -> None:
    served.unlock()
    empty = new_case(served.home, [])
    refused = served.with_key(Scope.BUNDLES).post(f"/api/v1/cases/{empty}/bundles", json=ORDER)
    assert (refused.status_code, refused.json()["code"]) == (404, "unknown_item.case_is_empty")
