"""Lists of hashes over the API: sent by a key of the office, compared by the served office itself, never told."""

import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from evidence.store.api_key import Scope
from tests.appearing import edits, jpeg, photo, post
from tests.homes import new_case
from tests.listing import md5_hex, pdq_of, rows_of
from tests.serving import ServedHome

PICTURE = photo(seed=501)
SAID = {
    "name": "known pictures",
    "provider": "Hotline",
    "obtained_on": "2020-01-02",
    "meaning": "shared_without_consent",
    "declared_by": "mila",
    "reason": "the hotline asks",
}


def send(served: ServedHome, table: bytes, **said: str) -> httpx.Response:
    client = served.with_key(Scope.ADMIN)
    return client.post("/api/v1/hash-lists", data={**SAID, **said}, files={"file": ("list.csv", table)})


def listed(served: ServedHome) -> dict[str, dict[str, Any]]:
    answer = served.with_key(Scope.ADMIN).get("/api/v1/hash-lists")
    assert answer.status_code == 200, answer.text
    return {each["case_id"]: each for each in answer.json()["lists"]}


def test_a_list_that_is_sent_tells_what_is_like_it_until_it_is_removed(served: ServedHome, tmp_path: Path) -> None:
    served.unlock()
    (item,) = post(served.home, tmp_path / "first", {1: edits(PICTURE)["mirrored"]})
    sent = send(served, rows_of(pdq=[jpeg(PICTURE)]))
    assert (sent.status_code, sent.json()["added"], sent.json()["known"]) == (201, 1, False), sent.text
    case = sent.json()["case_id"]
    assert listed(served)[case]["counts"] == {"pdq": 1, "twice": 0, "bad_lines": 0}
    assert send(served, rows_of(pdq=[jpeg(PICTURE)])).json()["known"] is True
    reader = served.with_key(Scope.CASES_READ, cases=[case])
    for _look in range(100):
        found = reader.get("/api/v1/alerts", params={"case": case}).json()["alerts"]
        if found:
            break
        time.sleep(0.1)
    assert [each["item_id"] for each in found] == [item]
    answers = [sent.text, str(listed(served)), str(found)]
    assert not [text for text in answers if pdq_of(jpeg(PICTURE))[:16] in text]
    client = served.with_key(Scope.ADMIN)
    gone = client.post(f"/api/v1/hash-lists/{case}/remove", json={"reason": "taken back"})
    assert (gone.status_code, gone.json()["case_id"]) == (200, case)
    assert case not in listed(served)
    assert client.post(f"/api/v1/hash-lists/{case}/remove", json={"reason": "x"}).status_code == 404


@pytest.mark.parametrize(
    ("table", "said", "code"),
    [
        (b"md5\nzz", {}, "hash_list.bad_lines"),
        (b"0f" * 32, {}, "hash_list.kind_unclear"),
        (b"PK\x03\x04", {}, "hash_list.no_column"),
        (b"0f" * 16, {"obtained_on": "9999-12-31"}, "hash_list.in_the_future"),
    ],
)
def test_a_list_that_cannot_be_added_is_refused_with_its_code(
    served: ServedHome, table: bytes, said: dict[str, str], code: str
) -> None:
    served.unlock()
    answer = send(served, table, **said)
    assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text


@pytest.mark.parametrize("day", ["1732665600", "2020-1-2", "20200102", "2020-02-30"])
def test_the_day_of_a_list_is_spelled_out(served: ServedHome, day: str) -> None:
    served.unlock()
    answer = send(served, md5_hex(b"day").encode(), obtained_on=day)
    assert answer.status_code == 422, answer.text
    assert send(served, md5_hex(b"day").encode()).status_code == 201


def test_a_kind_and_bad_lines_can_be_said(served: ServedHome) -> None:
    served.unlock()
    answer = send(served, b"3f" * 32 + b"\nzz", kind="sha256", skip_bad_lines="true")
    assert answer.json()["counts"] == {"sha256": 1, "twice": 0, "bad_lines": 1}, answer.text


def test_only_a_key_of_the_office_reaches_lists(served: ServedHome) -> None:
    served.unlock()
    case = send(served, md5_hex(b"reach").encode()).json()["case_id"]
    for client in (
        served.with_key(Scope.CASES_READ, Scope.CASES_WRITE, Scope.CHECKS),
        served.with_key(Scope.ADMIN, cases=[new_case(served.home, [])]),
    ):
        assert client.get("/api/v1/hash-lists").status_code == 403
        assert client.post(f"/api/v1/hash-lists/{case}/remove", json={"reason": "x"}).status_code == 403
        sent = client.post("/api/v1/hash-lists", data=SAID, files={"file": ("list.csv", b"0e" * 16)})
        assert sent.status_code == 403
    assert case in listed(served)
