"""What stands before the routes: names of the server, pages of others, bodies that are too long or too slow."""

import asyncio
import socket
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import pytest

from api.http import bodies
from api.http.app import BODY_BYTES
from api.http.guard import (
    HEADERS,
    MOST_AT_ONCE,
    MOST_OF_AN_ADDRESS,
    MOST_OF_HER_PAGE,
    OF_HER_PAGE,
    BodyLimit,
    Guard,
    host_of,
)
from evidence.errors import StorageFullError
from evidence.store.api_key import Scope
from tests.serving import ServedHome


@pytest.mark.parametrize(
    ("header", "host"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("127.0.0.1:8437", "127.0.0.1"),
        ("LOCALHOST:1", "localhost"),
        ("[::1]", "::1"),
        ("[::1]:80", "::1"),
        ("", None),
        ("evil.example:80:80", None),
        ("localhost\n", None),
        ("localhost/", None),
        ("user@localhost", None),
        (" localhost", None),
    ],
)
def test_a_host_header_is_read_whole_or_not_at_all(header: str, host: str | None) -> None:
    assert host_of(header) == host


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "192.0.2.1"])
def test_a_name_that_is_not_ours_reaches_no_route(served: ServedHome, host: str) -> None:
    client = served.with_key(Scope.CHANNELS)
    answer = client.get("/api/v1/items", headers={"Host": host})
    assert (answer.status_code, answer.json()["code"]) == (421, "call.other_host")
    assert client.get("/api/v1/items", headers={"Host": "localhost:1"}).status_code == 200


@pytest.mark.parametrize("origin", ["null", "http://evil.example", "http://127.0.0.1:8437"])
def test_a_page_in_a_browser_reaches_no_route(served: ServedHome, origin: str) -> None:
    client = served.with_key(Scope.CHANNELS)
    for method in ("GET", "POST", "OPTIONS"):
        answer = client.request(method, "/api/v1/items", headers={"Origin": origin})
        assert (answer.status_code, answer.json()["code"]) == (403, "call.foreign_origin")
        assert "access-control-allow-origin" not in answer.headers


def test_a_picture_on_another_page_asks_for_nothing(served: ServedHome) -> None:
    for site, status in (("cross-site", 403), ("same-site", 403), ("none", 200), ("same-origin", 200)):
        assert served.client().get("/readyz", headers={"Sec-Fetch-Site": site}).status_code == status


def test_a_path_with_a_control_character_is_no_path_of_ours(served: ServedHome) -> None:
    client = served.with_key(Scope.CHANNELS)
    for path in ("/livez", "/api/v1/items", "/api/v1/log/tile/0/000.p/1"):
        assert client.get(path).status_code == 200
        for character in ("%00", "%0a", "%0d%0a", "%7f"):
            answer = client.get(path + character)
            assert (answer.status_code, answer.json()["code"]) == (404, "call.no_such_route")


def test_every_answer_has_a_name_and_the_headers(served: ServedHome) -> None:
    client = served.with_key(Scope.CHANNELS)
    names = set()
    for path in ("/livez", "/api/v1/items", "/api/v1/nothing", "/api/v1/items?x=1"):
        answer = client.get(path)
        assert HEADERS.items() <= {name.title(): value for name, value in answer.headers.items()}.items()
        assert "server" not in answer.headers
        names.add(answer.headers["x-request-id"])
        if answer.status_code >= 400:
            assert answer.json()["request_id"] == answer.headers["x-request-id"]
    assert len(names) == 4


def test_a_body_that_is_too_long_is_refused_however_it_comes(served: ServedHome) -> None:
    client = served.with_key(Scope.CASES_WRITE)

    def parts() -> Any:  # noqa: ANN401 - a body in parts
        for _part in range(BODY_BYTES // 50_000 + 2):
            yield b"x" * 50_000

    for body in (b"x" * (BODY_BYTES + 1), parts()):
        answer = client.post("/api/v1/cases", content=body, headers={"Content-Type": "application/json"})
        assert (answer.status_code, answer.json()["code"]) == (413, "call.body_too_large")
    assert client.post("/api/v1/cases", content=b"x" * 1000).status_code == 415


def test_a_body_that_does_not_arrive_ends_and_keeps_nobody_waiting(
    served: ServedHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "BODY_WITHIN_S", 0.05)
    sent = list[dict[str, Any]]()

    async def reads(_scope: Any, receive: Any, _send: Any) -> None:  # noqa: ANN401 - ASGI
        while (await receive()).get("more_body"):
            pass

    async def never() -> dict[str, Any]:
        await asyncio.sleep(60)
        return {}

    async def keep(message: Any) -> None:  # noqa: ANN401 - ASGI
        sent.append(message)

    scope = {"type": "http", "path": "/", "headers": [(b"host", b"localhost")], "method": "POST", "query_string": b""}
    asyncio.run(
        Guard(reads, {"localhost"}, (BodyLimit("", 10),), lambda *_given: None, lambda _from: None, _nobody)(
            scope, never, keep
        )
    )
    assert sent[0]["status"] == 408
    assert b"call.body_too_slow" in sent[1]["body"]


@pytest.mark.parametrize(("length", "answers"), [("0", [429]), ("1", [])])
def test_only_calls_whose_body_has_arrived_take_places(length: str, answers: list[int]) -> None:
    """Of 101 calls that nobody answers, the last is refused; if none has sent a byte yet, none is refused."""
    found = list[int]()

    async def never_ends(_scope: Any, receive: Any, _send: Any) -> None:  # noqa: ANN401 - ASGI
        await receive()
        await asyncio.sleep(60)

    async def body() -> dict[str, Any]:
        return {"type": "http.request"} if length == "0" else await asyncio.sleep(60, {})

    async def keep(message: Any) -> None:  # noqa: ANN401 - ASGI
        found.extend([message["status"]] if "status" in message else [])

    asyncio.run(
        _calls_at_once(
            Guard(never_ends, {"localhost"}, (BodyLimit("", 10),), _nobody, lambda _from: None, _nobody),
            length,
            body,
            keep,
        )
    )
    assert found == answers


def test_slow_senders_of_her_page_take_no_more_than_the_places_of_their_address() -> None:
    counted = list[str]()
    guard = Guard(_reads_on, {"localhost"}, (BodyLimit("", 10),), _nobody, counted.append, _nobody)

    async def act() -> list[int]:
        slow = [asyncio.ensure_future(_sent(guard, "10.0.0.1", 60)) for _call in range(MOST_OF_AN_ADDRESS)]
        await asyncio.sleep(0.1)
        found = [await _sent(guard, "10.0.0.1", 0), await _sent(guard, "10.0.0.2", 0)]
        for each in slow:
            each.cancel()
        await asyncio.gather(*slow, return_exceptions=True)
        return [*found, await _sent(guard, "10.0.0.1", 0)]

    assert asyncio.run(act()) == [429, 200, 200]  # the last is the control: once they are gone, there is room
    assert counted.count("10.0.0.1") == MOST_OF_AN_ADDRESS + 2  # each before a byte of its body was read


def test_slow_senders_from_everywhere_leave_keys_their_places() -> None:
    guard = Guard(_reads_on, {"localhost"}, (BodyLimit("", 10),), _nobody, lambda _from: None, _nobody)

    async def act() -> list[int]:
        slow = [asyncio.ensure_future(_sent(guard, f"10.0.0.{at}", 60)) for at in range(MOST_OF_HER_PAGE)]
        await asyncio.sleep(0.1)
        found = [await _sent(guard, "10.1.0.1", 0), await _sent(guard, "10.1.0.1", 0, path="/livez")]
        for each in slow:
            each.cancel()
        await asyncio.gather(*slow, return_exceptions=True)
        return found

    assert asyncio.run(act()) == [429, 200]


@pytest.mark.parametrize(("told", "status", "read"), [(b"11", 413, 0), (b"10", 200, 1)])
def test_a_body_that_says_it_is_too_long_is_refused_before_any_of_it_is_asked_for(
    told: bytes, status: int, read: int
) -> None:
    asked, found = list[int](), list[int]()

    async def body() -> dict[str, Any]:
        asked.append(1)
        return {"type": "http.request"}

    async def keep(message: Any) -> None:  # noqa: ANN401 - ASGI
        found.extend([message["status"]] if "status" in message else [])

    guard = Guard(_reads_on, {"localhost"}, (BodyLimit("", 10),), _nobody, _nobody, _nobody)
    headers = [(b"host", b"localhost"), (b"content-length", told)]
    scope = {"type": "http", "path": "/", "headers": headers, "method": "POST", "query_string": b""}
    asyncio.run(guard(scope, body, keep))
    assert (found, len(asked)) == ([status], read)


def test_a_body_that_says_nothing_of_its_length_ends_once_the_disk_has_no_room_for_more() -> None:
    part, asked, sent = b"x" * (1 << 20), list[int](), list[int]()

    def require_room() -> None:
        asked.append(len(sent))
        if len(asked) == 3:
            raise StorageFullError("storage_full.no_space")

    async def body() -> dict[str, Any]:
        sent.append(1)
        return {"type": "http.request", "body": part, "more_body": len(sent) < 100}

    found = list[int]()

    async def keep(message: Any) -> None:  # noqa: ANN401 - ASGI
        found.extend([message["status"]] if "status" in message else [])

    limits = (BodyLimit("", 1 << 30),)
    scope = {"type": "http", "path": "/", "headers": [(b"host", b"localhost"), (b"transfer-encoding", b"chunked")]}
    scope |= {"method": "POST", "query_string": b""}
    asyncio.run(Guard(_reads_on, {"localhost"}, limits, _nobody, _nobody, require_room)(dict(scope), body, keep))
    assert (found, asked) == ([507], [16, 32, 48])
    found.clear(), asked.clear(), sent.clear()
    asyncio.run(Guard(_reads_on, {"localhost"}, limits, _nobody, _nobody, _nobody)(dict(scope), body, keep))
    assert (found, len(sent)) == ([200], 100)  # the control


async def _reads_on(_scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - ASGI
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": []})


async def _sent(guard: Guard, address: str, wait_s: float, path: str = OF_HER_PAGE[0]) -> int:
    """The status of one call whose body takes so long."""
    found = list[int]()

    async def body() -> dict[str, Any]:
        await asyncio.sleep(wait_s)
        return {"type": "http.request"}

    async def keep(message: Any) -> None:  # noqa: ANN401 - ASGI
        found.extend([message["status"]] if "status" in message else [])

    headers = [(b"host", b"localhost"), (b"content-length", b"1")]
    scope = {
        "type": "http",
        "path": path,
        "headers": headers,
        "method": "POST",
        "client": (address, 1),
        "query_string": b"",
    }
    await guard(scope, body, keep)
    return found[0]


def _nobody(*_given: object) -> None:
    return None


async def _calls_at_once(guard: Guard, length: str, body: Any, keep: Any) -> None:  # noqa: ANN401 - ASGI
    headers = [(b"host", b"localhost"), (b"content-length", length.encode())]
    scope = {"type": "http", "path": "/", "headers": headers, "method": "POST", "query_string": b""}
    waiting = [asyncio.ensure_future(guard(dict(scope), body, keep)) for _call in range(MOST_AT_ONCE + 1)]
    await asyncio.wait(waiting, timeout=0.5)
    for each in waiting:
        each.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


@pytest.mark.parametrize(
    "shape",
    [
        (
            b"POST /api/v1/cases HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"0\r\n\r\n"
        ),
        b"POST /api/v1/cases HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
        b"GET /api/v1/items HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n",
        b"GET /api/v1/items HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",
        b"GET http://evil.example/api/v1/items HTTP/1.1\r\nHost: evil.example\r\n\r\n",
        b"\x16\x03\x01\x00\x00",
    ],
)
def test_a_call_that_two_servers_could_read_in_two_ways_gets_no_answer_of_a_route(
    served: ServedHome, shape: bytes
) -> None:
    address = urlsplit(served.url)
    with socket.create_connection((address.hostname or "", address.port or 0), timeout=20) as wire:
        wire.sendall(shape)  # without closing our half: uvicorn then ends a call without an answer
        wire.settimeout(1)
        answer = b""
        with suppress(ConnectionResetError, TimeoutError):
            while part := wire.recv(65_536):
                answer += part
    status = answer.split(b" ")[1:2]
    assert status in ([], [b"400"], [b"401"], [b"421"], [b"429"], [b"431"])
    assert b'"items"' not in answer
