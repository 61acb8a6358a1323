"""Recognitions over the API: her file is compared in memory, and nothing of it comes back or stays."""

import json

import httpx
import pytest

from api.office.question import keep_question
from evidence.fingerprint.decoder import fingerprints_of
from evidence.match.question import receipt_of
from evidence.store.api_key import Scope
from tests.appearing import agree, case_with, jpeg, photo, post
from tests.asking import ask
from tests.homes import doer, records_of, size_of
from tests.serving import ServedHome

PICTURE = jpeg(photo(31))


@pytest.fixture(scope="module")
def item(served: ServedHome, tmp_path_factory: pytest.TempPathFactory) -> str:
    (posted,) = post(served.home, tmp_path_factory.mktemp("posted") / "export", {5: PICTURE})
    return posted


@pytest.fixture
def case(served: ServedHome, item: str) -> str:
    served.unlock()
    return case_with(served.home, item)


def said(served: ServedHome, item: str, **more: str) -> dict[str, str]:
    return {"item": item, "person": "mila", "language": "sr", "date": served.home.clock().date().isoformat(), **more}


def state(client: httpx.Client, case: str, data: dict[str, str], file: bytes | None = None) -> httpx.Response:
    files = None if file is None else {"file": ("her-name.jpg", file)}
    return client.post(f"/api/v1/cases/{case}/recognitions", data=data, files=files)


def test_her_file_is_compared_and_the_case_shows_what_she_states(served: ServedHome, case: str, item: str) -> None:
    client, before = served.with_key(Scope.CHECKS, Scope.CASES_READ, owner="zana"), size_of(served.home)
    done = state(client, case, said(served, item, reason="she came", words="It is mine."), PICTURE)
    assert (done.status_code, done.json()["recognition"], done.json()["means"]) == (201, "same_file", "file"), done.text
    (record,) = [each for each in records_of(served.home, before) if each.type == "recognised"]
    assert (record.values["actor"], record.values["reason"], record.values["text"]) == (
        "zana",
        "she came",
        "It is mine.",
    )
    (told,) = client.get(f"/api/v1/cases/{case}").json()["statements"]
    assert (told["item_id"], told["recognition"], told["words"], told["recorded_by"]) == (
        item, "same_file", "It is mine.", "zana",
    )  # fmt: skip
    assert "her-name" not in json.dumps([dict(each.values) for each in records_of(served.home, before)])
    back = client.post(f"/api/v1/cases/{case}/recognitions/withdraw", json=said(served, item))
    assert (back.status_code, back.json()["recognition"]) == (201, None)
    assert client.get(f"/api/v1/cases/{case}").json()["statements"] == []
    again = client.post(f"/api/v1/cases/{case}/recognitions/withdraw", json=said(served, item))
    assert (again.status_code, again.json()["code"]) == (409, "recognition.nothing_stated")


def test_a_question_and_her_own_words_are_statements_too(served: ServedHome, case: str, item: str) -> None:
    client, sealed = served.with_key(Scope.CHECKS), ask(served.home, jpeg(photo(31), 40))
    keep_question(served.home, sealed, case, doer(served.home))
    asked = state(client, case, said(served, item, receipt=receipt_of(sealed)))
    assert (asked.json()["recognition"], asked.json()["means"]) == ("very_similar", "question")
    seen = state(client, case, said(served, item, words="I saw it in the group on Monday."))
    assert (seen.json()["recognition"], seen.json()["means"]) == ("seen", None)
    assert state(client, case, said(served, item)).json()["code"] == "recognition.without_words"
    both = state(client, case, said(served, item, receipt=receipt_of(sealed)), PICTURE)
    assert (both.status_code, both.json()["code"]) == (409, "recognition.one_of_two")


@pytest.mark.parametrize(
    ("file", "status", "code"),
    [
        (jpeg(photo(99)), 409, "recognition.not_alike"),
        (b"no picture", 422, "not_decoded.nothing_can_be_said"),
        (b"", 422, "not_decoded.nothing_can_be_said"),
        (bytes(32_100_000), 413, "call.body_too_large"),
    ],
    ids=["another", "text", "empty", "large"],
)
def test_another_file_is_no_statement(
    served: ServedHome, case: str, item: str, file: bytes, status: int, code: str
) -> None:
    before = size_of(served.home)
    refused = state(served.with_key(Scope.CHECKS), case, said(served, item), file)
    assert (refused.status_code, refused.json()["code"]) == (status, code), refused.text
    assert not [each for each in records_of(served.home, before) if each.type == "recognised"]
    assert fingerprints_of(PICTURE)[0].sha256 not in refused.text


def test_a_key_of_another_case_and_a_locked_office_record_nothing(served: ServedHome, case: str, item: str) -> None:
    other = case_with(served.home, item)
    client = served.with_key(Scope.CHECKS, cases=[other])
    assert state(client, case, said(served, item), PICTURE).status_code == 404
    assert state(client, other, said(served, item), PICTURE).status_code == 201
    agree(served.home, other, given=False)
    assert state(client, other, said(served, item), PICTURE).json()["code"] == "authority.consent_withdrawn"
    served.lock()
    assert state(client, other, said(served, item), PICTURE).status_code == 423
    served.unlock()


@pytest.mark.parametrize(
    "change", [{"item": "x"}, {"date": "soon"}, {"date": "0"}, {"more": "1"}, {"person": ""}], ids=str
)
def test_a_form_of_another_shape_is_refused(served: ServedHome, case: str, item: str, change: dict[str, str]) -> None:
    refused = state(served.with_key(Scope.CHECKS), case, said(served, item) | change, PICTURE)
    assert (refused.status_code, refused.json()["code"]) == (422, "call.does_not_fit")
