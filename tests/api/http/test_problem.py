"""Every problem_answer has one form, and a type that can be looked up."""

import pytest

from api.errors import CALL_STATUS, HTTP_STATUS, http_status, problem_of
from api.http.problem import MEDIA_TYPE
from config.errors import LANGUAGE, CallError, catalogue
from evidence.errors import HomeBusyError, UnknownItemError
from evidence.store.api_key import Scope
from tests.serving import ServedHome

CALLS = {
    "no route": ("GET", "/nothing", 404),
    "another method": ("DELETE", "/api/v1/items", 405),
    "no key": ("GET", "/api/v1/items", 401),
    "no such item": ("GET", "/api/v1/items/x", 404),
    "a field too many": ("GET", "/api/v1/items?more=1", 422),
}


@pytest.mark.parametrize("what", CALLS)
def test_a_refusal_of_every_layer_is_a_problem_whose_type_is_explained(served: ServedHome, what: str) -> None:
    method, path, status = CALLS[what]
    client = served.client() if what == "no key" else served.with_key(Scope.CHANNELS)
    answer = client.request(method, path)
    told = answer.json()
    if answer.status_code == 429:
        assert int(answer.headers["retry-after"]) >= 1
        return
    assert (answer.status_code, answer.headers["content-type"]) == (status, MEDIA_TYPE)
    assert told["status"] == status
    assert (answer.headers.get("allow") is not None) == (status == 405)
    assert told["title"] in told["detail"]
    assert client.get(told["type"]).json()["code"] == told["code"]


def test_every_refused_call_has_words_and_a_status() -> None:
    codes = {code for code in catalogue(LANGUAGE) if code.startswith("call.")}
    assert codes == CALL_STATUS.keys()
    assert set(CALL_STATUS.values()) | set(HTTP_STATUS.values()) < set(range(400, 600))


def test_an_error_takes_the_status_of_its_nearest_class() -> None:
    assert http_status(UnknownItemError("unknown_item.no_such_item", found="x")) == 404
    assert http_status(HomeBusyError("home.busy", where="x", seconds=30)) == 503
    problem = problem_of(CallError("call.locked"))
    assert (problem["status"], problem["type"]) == (423, "/api/v1/problems/call.locked")


def test_what_is_wrong_at_the_offices_machine_is_told_without_its_paths(served: ServedHome) -> None:
    key = served.home.keys.path / "casework.age"
    key.chmod(0o644)
    answer = served.with_key(Scope.ADMIN).post("/api/v1/unlock", json={"passphrase": "x"})
    key.chmod(0o600)
    assert answer.status_code == 500
    assert answer.json()["code"] == "secret_file.not_private"
    assert answer.json()["facts"] == {}
    assert str(served.home.path.parent) not in answer.text


def test_a_field_too_many_is_not_repeated(served: ServedHome) -> None:
    answer = served.with_key(Scope.CASES_WRITE).post("/api/v1/cases", json={"reason": "x", "her name is Ana": 1})
    assert answer.status_code == 422
    assert "Ana" not in answer.text


@pytest.mark.parametrize(
    ("query", "said"),
    [("limit=100000", "200"), ("kind=photo", "'message'"), ("from=yesterday", "date"), ("more=1", "not permitted")],
)
def test_what_does_not_fit_is_told_with_what_would(served: ServedHome, query: str, said: str) -> None:
    told = served.with_key(Scope.CHANNELS).get(f"/api/v1/items?{query}").json()
    assert (told["status"], told["code"]) == (422, "call.does_not_fit")
    assert said in told["detail"]
