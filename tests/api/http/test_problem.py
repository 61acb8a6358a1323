"""Every problem_answer has one form, and a type that can be looked up."""

import pytest
from starlette.requests import Request

from api.errors import _REMEDIES, CALL_STATUS, HTTP_STATUS, OPTION, http_status, problem_of
from api.http.problem import MEDIA_TYPE, problem_answer
from config.errors import LANGUAGE, CallError, catalogue
from evidence.errors import HomeBusyError, UnknownItemError
from evidence.store.api_key import Scope
from tests.nonempty import nonempty
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


@pytest.mark.parametrize("content_type", [None, "text/plain", "application/x-www-form-urlencoded", "application", ""])
def test_a_body_that_is_not_sent_as_json_is_told_so(served: ServedHome, content_type: str | None) -> None:
    client, body = served.with_key(Scope.CASES_WRITE), b'{"reason": 5}'
    headers = {} if content_type is None else {"Content-Type": content_type}
    answer = client.post("/api/v1/cases", content=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (415, "call.not_json")
    assert "Content-Type: application/json" in answer.json()["detail"]
    for right in ("application/json", "Application/JSON; charset=utf-8", "application/vnd.x+json"):
        answer = client.post("/api/v1/cases", content=body, headers={"Content-Type": right})
        assert (answer.status_code, answer.json()["code"]) == (422, "call.does_not_fit")


def test_a_key_without_the_word_before_it_is_told_so(served: ServedHome) -> None:
    secret = served.secret(Scope.CHANNELS)
    assert served.client(secret).get("/api/v1/items").status_code == 200
    for header in (secret, f"Basic {secret}", f"Key {secret}"):
        answer = served.client().get("/api/v1/items", headers={"Authorization": header})
        if answer.status_code != 429:  # other tests bring wrong keys from this address too
            assert (answer.status_code, answer.json()["code"]) == (401, "call.no_bearer")
            assert answer.headers["www-authenticate"] == "Bearer"
            assert secret not in answer.text


@pytest.mark.parametrize("path", ["/api/v1/items/", "/api/v1/cases/", "/livez/", "/api/v1/openapi.json/"])
def test_a_slash_too_many_is_no_route_and_leads_nowhere(served: ServedHome, path: str) -> None:
    client = served.with_key(Scope.CHANNELS, Scope.CASES_READ)
    assert client.get(path.rstrip("/")).status_code == 200
    answer = client.get(path)
    assert (answer.status_code, answer.json()["code"]) == (404, "call.no_such_route")
    assert "location" not in answer.headers


def test_too_many_passphrases_are_told_apart_from_too_many_calls() -> None:
    request = Request({"type": "http", "nisisama.request_id": "ab", "headers": []})
    for code, said in (("call.too_many_passphrases", "wrong passphrases"), ("call.too_many", "too many calls")):
        answer = problem_answer(request, CallError(code, seconds=30))
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "30")
        assert said in bytes(answer.body).decode()


def test_no_remedy_is_a_command_that_a_caller_does_not_have() -> None:
    """Every error that says what to do by a command; those of the API itself ask the office to run it."""
    with_command = [code for code, parts in catalogue(LANGUAGE).items() if "nisisama " in parts.get("fix", "")]
    facts = dict.fromkeys(("found", "where", "expected", "case", "least", "candidates", "audience", "request"), "x")
    for code in nonempty([each for each in with_command if each.startswith("unknown_item.")]):
        told = problem_of(UnknownItemError(code, **facts))
        assert "nisisama " not in told["detail"]
        assert "nisisama " in UnknownItemError(code, **facts).fix
        assert ("/api/v1/" in told["detail"]) == (code in _REMEDIES)
    for code in nonempty([each for each in with_command if each.startswith("call.")]):
        assert "office" in catalogue(LANGUAGE)[code]["fix"]
    with_option = [code for code, parts in catalogue(LANGUAGE).items() if OPTION.search(parts.get("fix", ""))]
    assert _REMEDIES.keys() <= {*with_command, *with_option}


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
