"""Who may call: with a key that opens something, of the right scope, and not too often."""

import asyncio
import re
import socket
import threading
import time
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest
from anyio import to_thread

from api.home import Home
from api.http.caller import LONG_AT_ONCE, TURN_WAITED_S, WRONG_PER_MINUTE, Limits
from api.http.guard import OF_HER_PAGE
from api.http.server import office_of
from api.office.api_key import find_key, make_key, revoke_key
from config.errors import CallError
from evidence.custody.turn import Turn
from evidence.store.api_key import Scope
from tests.homes import new_case, new_home
from tests.serving import ServedHome
from tests.watching import until

ROUTES = {
    ("GET", "/api/v1/items"): Scope.CHANNELS,
    ("GET", f"/api/v1/items/{'0' * 32}"): Scope.CHANNELS,
    ("GET", "/api/v1/channels"): Scope.CHANNELS,
    ("GET", "/api/v1/channels/x/completeness"): Scope.CHANNELS,
    ("GET", "/api/v1/log/checkpoint"): Scope.CHANNELS,
    ("GET", "/api/v1/log/key"): Scope.CHANNELS,
    ("GET", "/api/v1/log/proof/0"): Scope.CHANNELS,
    ("GET", "/api/v1/log/tile/0/000"): Scope.CHANNELS,
    ("GET", "/api/v1/log/tile/entries/000"): Scope.CHANNELS,
    ("GET", "/api/v1/log/timeline/0"): Scope.CHANNELS,
    ("GET", "/api/v1/cases"): Scope.CASES_READ,
    ("GET", "/api/v1/cases/case-000000000000"): Scope.CASES_READ,
    ("POST", "/api/v1/cases"): Scope.CASES_WRITE,
    ("POST", "/api/v1/cases/case-000000000000/items"): Scope.CASES_WRITE,
    ("GET", "/api/v1/cases/case-000000000000/replies"): Scope.CASES_READ,
    ("POST", "/api/v1/cases/case-000000000000/replies/leave-out"): Scope.CASES_WRITE,
    ("POST", "/api/v1/verify"): Scope.CASES_READ,
    ("POST", "/api/v1/imports"): Scope.IMPORTS,
    ("POST", "/api/v1/evidence"): Scope.IMPORTS,
    ("POST", "/api/v1/cases/case-000000000000/bundles"): Scope.BUNDLES,
    ("GET", f"/api/v1/bundles/{'0' * 32}/file"): Scope.BUNDLES,
    ("GET", f"/api/v1/bundles/{'0' * 32}/letter"): Scope.BUNDLES,
    ("GET", f"/api/v1/bundles/{'0' * 32}/letter.pdf"): Scope.BUNDLES,
    ("POST", "/api/v1/cases/case-000000000000/checks"): Scope.CHECKS,
    ("POST", "/api/v1/cases/case-000000000000/recognitions"): Scope.CHECKS,
    ("POST", "/api/v1/cases/case-000000000000/recognitions/withdraw"): Scope.CHECKS,
    ("POST", "/api/v1/cases/case-000000000000/tickets"): Scope.CHECKS,
    ("GET", "/api/v1/cases/case-000000000000/questions"): Scope.CHECKS,
    ("POST", "/api/v1/cases/case-000000000000/questions/x/answered"): Scope.CHECKS,
    ("GET", "/api/v1/alerts"): Scope.CASES_READ,
    ("POST", f"/api/v1/cases/case-000000000000/alerts/{'0' * 32}/dismiss"): Scope.CASES_WRITE,
    ("GET", "/api/v1/freezes"): Scope.APPROVE,
    ("GET", "/api/v1/hash-lists"): Scope.ADMIN,
    ("POST", "/api/v1/hash-lists"): Scope.ADMIN,
    ("POST", "/api/v1/hash-lists/case-000000000000/remove"): Scope.ADMIN,
    ("GET", "/api/v1/requests"): Scope.APPROVE,
    ("POST", f"/api/v1/requests/{'0' * 32}/approve"): Scope.APPROVE,
    ("POST", f"/api/v1/requests/{'0' * 32}/refuse"): Scope.APPROVE,
    ("POST", "/api/v1/unlock"): Scope.ADMIN,
    ("POST", "/api/v1/lock"): Scope.ADMIN,
}
OPEN = {"/livez", "/readyz", "/metrics", "/api/v1/problems/{code}", *OF_HER_PAGE}
OF_ANY_SCOPE = {"/api/v1/tasks", "/api/v1/tasks/{task_id}", "/api/v1/tasks/{task_id}/cancel"}
"""Tasks are shown to whoever asked for them: tests/api/http/test_task.py."""
OF_SEVERAL_SCOPES = {"/api/v1/items/{item_id}/freeze"}
"""Whoever may see an item may freeze it: tests/api/http/test_freeze.py."""


def test_every_route_that_the_document_has_is_tried_here(served: ServedHome) -> None:
    paths = served.client().get("/api/v1/openapi.json").json()["paths"]
    tried = paths.keys() - OPEN - OF_ANY_SCOPE - OF_SEVERAL_SCOPES
    documented = {(method.upper(), path) for path in tried for method in paths[path]}
    shapes = {f"{{{name}_id}}": "0" * 32 for name in ("item", "bundle", "request")}
    shapes |= {
        "{case_id}": "case-000000000000",
        "{channel}": "x",
        "{level}": "0",
        "{place}": "000",
        "{entry}": "0",
        "{receipt}": "x",
    }
    asked = {(method, re.sub(r"\{\w+\}", lambda name: shapes[name[0]], path)) for method, path in documented}
    assert asked == ROUTES.keys()


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_a_route_takes_no_key_but_one_of_its_scope(served: ServedHome, method: str, path: str) -> None:
    scope = ROUTES[method, path]
    bare = served.client().request(method, path)
    assert bare.status_code in (401, 429)
    others = [each for each in Scope if each is not scope]
    answer = served.with_key(*others).request(method, path)
    assert (answer.status_code, answer.json()["code"]) == (403, "call.scope_missing")
    right = served.with_key(scope).request(method, path)
    assert right.status_code not in (401, 403)


def test_a_key_opens_nothing_once_it_is_revoked(served: ServedHome) -> None:
    secret = served.secret(Scope.CHANNELS)
    client = served.client(secret)
    assert client.get("/api/v1/items").status_code == 200
    key = find_key(served.home, secret)
    assert key is not None
    revoke_key(served.home, key.key_id)
    answer = client.get("/api/v1/items")
    assert (answer.status_code, answer.json()["code"]) in {(401, "call.wrong_key"), (429, "call.too_many")}


def used_at(served: ServedHome, secret: str) -> datetime | None:
    key = find_key(served.home, secret)
    assert key is not None
    return key.used_at


def test_the_last_use_is_noted_and_no_call_waits_for_it(served: ServedHome) -> None:
    secret = served.secret(Scope.CHANNELS, Scope.ADMIN)
    served.unlock()
    with Turn(served.home.engine, served.home.path / "lock").take():  # nobody can write
        assert served.client(secret).get("/api/v1/items", params={"limit": 1}).status_code == 200
        assert served.client(secret).post("/api/v1/lock").json()["locked"] is True
        assert used_at(served, secret) is None
    until(lambda: used_at(served, secret) is not None, 60)


def test_a_call_without_a_key_is_refused_before_its_body_is_read(served: ServedHome) -> None:
    address, had = urlsplit(served.url), b""
    head = "POST /api/v1/verify HTTP/1.1\r\nHost: localhost\r\nContent-Length: 300000000\r\n\r\n"
    with socket.create_connection((address.hostname or "", address.port or 0), timeout=20) as wire:
        wire.sendall(head.encode())  # and nothing of the body
        while b"request_id" not in had:
            had += (part := wire.recv(65_536))
            assert part
    assert had.split(b" ")[1] in (b"401", b"429")


def test_a_key_for_some_cases_lists_them_as_they_were_opened_page_by_page(served: ServedHome) -> None:
    cases = [new_case(served.home, []) for _case in range(5)]
    client, found, cursor = served.with_key(Scope.CASES_READ, cases=cases[::-1]), list[str](), None
    while True:
        page = client.get("/api/v1/cases", params={"limit": 2} | ({"cursor": cursor} if cursor else {})).json()
        found += [each["case_id"] for each in page["cases"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert found == cases
    assert client.get("/api/v1/cases", params={"cursor": "zzz"}).json()["code"] == "call.stale_cursor"


def test_short_reads_follow_one_another_and_a_long_one_keeps_nobody(home: Home) -> None:
    office, together = office_of(home), 0

    def read() -> None:
        nonlocal together
        with office.short_read():
            assert office._reads.locked()
            together += 1

    with office.short_read():
        began = time.monotonic()
        threads = [threading.Thread(target=read) for _each in range(3)]
        for each in threads:
            each.start()
        for each in threads:
            each.join(10)
        assert together == 3
        assert time.monotonic() - began >= TURN_WAITED_S
    assert not office._reads.locked()


def test_whoever_waits_for_what_takes_long_holds_no_thread(home: Home) -> None:
    office, ended, begun = office_of(home), threading.Event(), list[int]()

    def long() -> None:
        begun.append(1)
        ended.wait(20)

    async def act() -> int:
        waiting = [asyncio.ensure_future(office.at_length(long)) for _call in range(60)]  # more than there are threads
        await asyncio.sleep(0.3)
        others = [await to_thread.run_sync(lambda: 1) for _call in range(3)]
        taken = len(begun)
        ended.set()
        await asyncio.gather(*waiting)
        return taken + sum(others)

    assert asyncio.run(act()) == LONG_AT_ONCE + 3
    assert len(begun) == 60


def test_a_key_and_an_address_have_limits_of_their_own() -> None:
    limits = Limits(3)
    for _call in range(3):
        limits.take("key", "one")
    with pytest.raises(CallError) as refused:
        limits.take("key", "one")
    assert refused.value.code == "call.too_many"
    assert 1 <= int(str(refused.value.facts["seconds"])) <= 60
    limits.take("key", "two")
    for _call in range(WRONG_PER_MINUTE):
        limits.wrong_key("127.0.0.1")
    with pytest.raises(CallError):
        limits.wrong_key("127.0.0.1")
    limits.wrong_key("127.0.0.2")


def test_a_minute_later_a_key_may_call_again_and_nothing_of_it_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    now, limits = 100.0, Limits(2)
    monkeypatch.setattr("api.http.caller.time", SimpleNamespace(monotonic=lambda: now))
    limits.take("key", "one")
    now = 130.0
    limits.take("key", "one")
    limits.take("key", "two")
    now = 160.0  # the first call of the minute is over, and the second is not
    limits.take("key", "one")
    with pytest.raises(CallError) as refused:
        limits.take("key", "one")
    assert refused.value.facts["seconds"] == 30
    now = 190.0
    limits.take("key", "three")
    assert list(limits._calls) == [("key", "one"), ("key", "three")]  # the second key is forgotten


def test_an_expired_key_opens_nothing(tmp_path: Path) -> None:
    home, _cards = new_home(tmp_path / "home")
    made = make_key(home, "mira", [Scope.CHANNELS], None, home.clock() + timedelta(hours=1))
    assert find_key(home, made.secret) is not None
    clock = home.clock
    home.clock = lambda: clock() + timedelta(hours=2)
    assert find_key(home, made.secret) is None
    assert office_of(home).keyring.is_open is False
    home.engine.dispose()
