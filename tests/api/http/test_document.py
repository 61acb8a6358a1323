"""The document is made once, and what a route does not know in its query is refused."""

from typing import cast

import pytest

from api.errors import OURS
from api.http.app import routes
from api.http.caller import ServedOffice
from api.http.document import scopes_of
from api.http.problem import MEDIA_TYPE
from config.errors import Term
from evidence.store.api_key import Scope
from tests.contracts.openapi import document, operations, resolved
from tests.serving import ServedHome


def test_the_document_is_the_same_for_every_call() -> None:
    assert document() is document()
    scopes = {scope for _name, operation in operations() for scope in scopes_of(operation)}
    assert scopes <= set(Scope)
    assert Scope.ADMIN in scopes


@pytest.mark.parametrize(
    "path",
    [
        "/livez",
        "/readyz",
        "/api/v1/problems/call.locked",
        "/api/v1/log/key",
        "/api/v1/items",
        f"/api/v1/items/{'0' * 32}",
    ],
)
def test_a_parameter_that_no_route_knows_is_refused_and_not_repeated(served: ServedHome, path: str) -> None:
    client = served.with_key(Scope.CHANNELS)
    assert client.get(path).status_code in (200, 404)
    answer = client.get(path, params={"her_name": "1"})
    assert (answer.status_code, answer.json()["code"]) == (422, "call.does_not_fit")
    assert "her_name" not in answer.text


def test_a_parameter_that_comes_twice_is_refused(served: ServedHome) -> None:
    client = served.with_key(Scope.CHANNELS)
    assert client.get("/api/v1/items?limit=1").status_code == 200
    answer = client.get("/api/v1/items?limit=1&limit=2")
    assert (answer.status_code, answer.json()["code"]) == (422, "call.does_not_fit")


def test_of_every_form_the_parts_are_known_that_may_come_once() -> None:
    api = routes(cast(ServedOffice, None))
    single = {name: api.single_parts_of(name) for name in ("post_import", "post_evidence", "post_verify", "post_case")}
    assert {name: "file" in parts for name, parts in single.items()} == {
        "post_import": True,
        "post_evidence": False,
        "post_verify": True,
        "post_case": False,
    }
    assert {"html", "page", "declared_by"} <= single["post_evidence"]
    assert "trust" not in single["post_verify"]
    assert single["post_case"] == frozenset()


@pytest.mark.parametrize(
    ("path", "methods"),
    [("/api/v1/cases", "GET, POST"), ("/api/v1/cases/x", "GET"), ("/livez", "GET"), ("/docs", "GET")],
)
def test_another_method_is_told_every_one_that_the_address_takes(served: ServedHome, path: str, methods: str) -> None:
    answer = served.with_key(Scope.CHANNELS).delete(path)
    assert (answer.status_code, answer.headers["allow"]) == (405, methods)


def test_whoever_is_refused_is_not_sent_to_the_office_for_what_they_can_mend() -> None:
    told = {
        code: resolved(refused)["value"]["detail"]
        for _name, operation in operations()
        for answer in operation["responses"].values()
        for code, refused in resolved(answer).get("content", {}).get(MEDIA_TYPE, {}).get("examples", {}).items()
        if resolved(refused)["value"]["status"] < OURS
    }
    assert {"recognition.without_words", "hash_list.bad_lines", "unknown_item.frozen"} <= told.keys()
    assert [code for code, detail in told.items() if str(Term("remedy.at_the_office")) in detail] == []
