"""What is sent by hand: heads that two servers could read in two ways, paths that lead around, bodies that break off.

After each, the same server still answers a plain call. No timed assertion: what a slow caller holds up is seen in
that others are answered while he is still sending.
"""

import json
import re
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import cycle
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from api.http.guard import MOST_AT_ONCE
from evidence.store.api_key import Scope
from tests.homes import size_of
from tests.serving import ServedHome, serving

BODY = b'{"reason": "x"}'


@contextmanager
def wire(served: ServedHome) -> Iterator[socket.socket]:
    address = urlsplit(served.url)
    with socket.create_connection((address.hostname or "", address.port or 0), timeout=20) as connection:
        yield connection


QUIET_S = 0.5
"""A server that says nothing for so long waits for more. To close our half at once would end the call unanswered."""


def heard(connection: socket.socket) -> bytes:
    """What comes until the other side closes or waits."""
    had = b""
    connection.settimeout(20)
    with suppress(ConnectionResetError, TimeoutError):
        while part := connection.recv(65_536):
            had += part
            connection.settimeout(QUIET_S)
    return had


def exchanged(served: ServedHome, sent: bytes, path: str = "/", *, waits: bool = False) -> bytes:
    """Everything that comes back, searched for leaks as every other answer is.

    Args:
        waits: The server may rightly wait for more.
    """
    with wire(served) as connection:
        with suppress(ConnectionResetError, BrokenPipeError):
            connection.sendall(sent)
        if waits:
            time.sleep(QUIET_S)
            connection.shutdown(socket.SHUT_WR)
        answer = heard(connection)
    served.secrets.search(answer, [], path)
    return answer


def statuses(answer: bytes) -> list[int]:
    """Of each answer on a connection."""
    return [int(each) for each in re.findall(rb"HTTP/1\.1 (\d{3})", answer)]


def head(served: ServedHome, method: str, path: str, *lines: str, scope: Scope = Scope.CASES_WRITE) -> bytes:
    key = f"Authorization: Bearer {served.secret(scope)}"
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: localhost", key, *lines, "", ""]).encode("latin-1")


JSON = "Content-Type: application/json"
SMUGGLED = b"GET /api/v1/log/key HTTP/1.1\r\nHost: localhost\r\n\r\n"


def test_the_same_call_in_its_plain_form_is_answered(served: ServedHome) -> None:
    """The control of every shape below."""
    sent = head(served, "POST", "/api/v1/cases", JSON, f"Content-Length: {len(BODY)}", "Connection: close") + BODY
    assert statuses(exchanged(served, sent)) == [201]
    chunked = head(served, "POST", "/api/v1/cases", JSON, "Transfer-Encoding: chunked", "Connection: close")
    assert statuses(exchanged(served, chunked + b"f\r\n" + BODY + b"\r\n0\r\n\r\n")) == [201]


@pytest.mark.parametrize(
    ("lines", "body"),
    [
        (("Content-Length: 15", "Content-Length: 60"), BODY + SMUGGLED),
        (("Content-Length: 15, 60",), BODY + SMUGGLED),
        (("Content-Length: +15",), BODY),
        (("Content-Length: 0x0f",), BODY),
        (("Content-Length: -1",), BODY),
        (("Content-Length: 15 60",), BODY),
        (("Content-Length : 15",), BODY),
        (("Transfer-Encoding: chunked", "Transfer-Encoding: identity"), b"0\r\n\r\n" + SMUGGLED),
        (("Transfer-Encoding: xchunked",), b"f\r\n" + BODY + b"\r\n0\r\n\r\n"),
        (("Transfer-Encoding: gzip, chunked",), b"f\r\n" + BODY + b"\r\n0\r\n\r\n"),
        (("Transfer-Encoding : chunked",), b"f\r\n" + BODY + b"\r\n0\r\n\r\n"),
        (("Transfer-Encoding: chunked",), b"-f\r\n" + BODY + b"\r\n0\r\n\r\n"),
        (("Transfer-Encoding: chunked",), b"fffffffffffffffffffffff\r\n" + BODY + b"\r\n0\r\n\r\n"),
        (("Content-Length: 15", " Transfer-Encoding: chunked"), BODY + SMUGGLED),
        (("Content-Length: 15", "X: a\rTransfer-Encoding: chunked"), BODY),
        (("Content-Length: 15", "X: a\x00b"), BODY),
    ],
)
def test_a_head_that_can_be_read_in_two_ways_opens_no_case(
    served: ServedHome, lines: tuple[str, ...], body: bytes
) -> None:
    before = size_of(served.home)
    answer = exchanged(served, head(served, "POST", "/api/v1/cases", JSON, *lines) + body)
    assert set(statuses(answer)) <= {400, 413, 431}
    assert len(statuses(answer)) <= 1  # nothing of the body was taken for a call of its own
    assert size_of(served.home) == before
    assert served.client().get("/livez").status_code == 200


def test_transfer_encoding_beside_content_length_ends_the_connection_with_its_call(served: ServedHome) -> None:
    """RFC 9112, sections 6.1 and 6.3: Transfer-Encoding overrides, and nothing that follows is read as a call."""
    second = head(served, "GET", "/api/v1/log/key", "Connection: close", scope=Scope.CHANNELS)
    chunked = f"{len(BODY):x}\r\n{BODY.decode()}\r\n0\r\n\r\n".encode()
    both = (JSON, "Content-Length: 5", "Transfer-Encoding: chunked")
    told = exchanged(served, head(served, "POST", "/api/v1/cases", *both) + chunked + second)
    assert (statuses(told), b"connection: close" in told.lower()) == ([201], True)
    one = exchanged(
        served, head(served, "POST", "/api/v1/cases", JSON, "Transfer-Encoding: chunked") + chunked + second
    )
    assert statuses(one) == [201, 200]  # the control: of a call that says it once, the connection goes on


@pytest.mark.parametrize("query", ["channel=%00", "channel=1%002"])
def test_a_nul_in_a_query_is_refused(served: ServedHome, query: str) -> None:
    answer = exchanged(served, head(served, "GET", f"/api/v1/items?{query}", "Connection: close", scope=Scope.CHANNELS))
    assert (statuses(answer), b"call.odd_query" in answer) == ([422], True)


def test_what_is_no_call_is_refused_in_the_form_of_every_refusal(served: ServedHome) -> None:
    answer = exchanged(served, b"GET /livez HTTP/1.1\r\nContent-Length: -2\r\n\r\n")
    told, _blank, body = answer.partition(b"\r\n\r\n")
    assert (statuses(answer), json.loads(body)["code"]) == ([400], "call.refused")
    assert json.loads(body)["request_id"].encode() in told
    assert b"application/problem+json" in told
    assert b"Content-Security-Policy".lower() in told.lower()


def test_a_caller_who_reads_nothing_is_closed(tmp_path: Path) -> None:
    with serving(tmp_path, "import api.http.server; api.http.server.READ_WITHIN_S = 0.5") as soon, wire(soon) as silent:
        asks = b"GET /docs HTTP/1.1\r\nHost: localhost\r\n\r\n"
        with suppress(ConnectionResetError, BrokenPipeError, TimeoutError):
            for _call in range(400):
                silent.sendall(asks)
                time.sleep(0.005)
        assert _ends(silent)
        assert soon.client().get("/livez").status_code == 200


def _ends(silent: socket.socket) -> bool:
    """Whether the other side has closed a connection; what it sent before is read."""
    silent.settimeout(20)
    had = 0
    with suppress(ConnectionResetError):
        while part := silent.recv(1 << 16):
            had += len(part)
    return had < 400 * 100_000


PATHS = (
    "/api/v1/../v1/items",
    "/api/v1/./items",
    "//api/v1/items",
    "/api/v1//items",
    "/api/v1/items/",
    "/api/v1/%2e%2e/%2e%2e/api/v1/items",
    "/api/v1/items/..%2f..%2flog%2fkey",
    "/api/v1/problems/../items",
    "/api/v1/problems/..%2fitems",
    "/api/v1/openapi.json/../items",
    "/api/v1/openapi.json%2f..%2fitems",
    "/api%2fv1%2fitems%00",
    "/api/v1/items%00",
    "/api/v1/items;x=1",
    "/api/v1/%69tems%2f",
    "/API/V1/ITEMS",
    "/api/v1/items\\..\\log",
    "/" + "a" * 15_000,
    "/api/v1/items/" + "%41" * 4_000,
)


@pytest.mark.parametrize("path", PATHS, ids=range(len(PATHS)))
def test_a_path_that_leads_around_reaches_nothing_without_a_key(served: ServedHome, path: str) -> None:
    answer = exchanged(served, f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
    assert set(statuses(answer)) <= {400, 401, 404, 429, 431}
    assert b'"items"' not in answer
    assert b"location:" not in answer.lower()
    with_key = head(served, "GET", path, "Connection: close", scope=Scope.CASES_READ)  # a scope that reads no item
    assert set(statuses(exchanged(served, with_key))) <= {400, 403, 404, 431}


def test_a_path_that_is_spelled_otherwise_needs_the_same_key(served: ServedHome) -> None:
    """Percent-encoding of letters is the same address (RFC 3986, section 6.2.2.2), behind the same guard."""
    for path in ("/api/v1/items", "/api/v1/%69tems", "/%61pi/v1/items"):
        bare = exchanged(served, f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        assert set(statuses(bare)) <= {401, 429}
        given = exchanged(served, head(served, "GET", path, "Connection: close", scope=Scope.CHANNELS))
        assert statuses(given) == [200]


@pytest.mark.parametrize("cut", [0, 1, 7, len(BODY) - 1])
def test_a_body_that_breaks_off_opens_no_case(served: ServedHome, cut: int) -> None:
    before = size_of(served.home)
    sent = head(served, "POST", "/api/v1/cases", JSON, f"Content-Length: {len(BODY)}") + BODY[:cut]
    assert [each for each in statuses(exchanged(served, sent, waits=True)) if each < 400] == []
    chunked = head(served, "POST", "/api/v1/cases", JSON, "Transfer-Encoding: chunked") + b"f\r\n" + BODY[:cut]
    assert [each for each in statuses(exchanged(served, chunked, waits=True)) if each < 400] == []
    assert size_of(served.home) == before


def test_others_are_answered_while_callers_are_slow(served: ServedHome) -> None:
    heads = [head(served, "POST", "/api/v1/cases", JSON, f"Content-Length: {len(BODY)}") for _key in range(4)]
    address = urlsplit(served.url)
    many = MOST_AT_ONCE + 20
    slow = [socket.create_connection((address.hostname or "", address.port or 0), timeout=20) for _each in range(many)]
    for begun, each in zip(cycle(heads), slow, strict=False):
        each.sendall(begun + BODY[:1])
    client = served.with_key(Scope.CHANNELS)
    assert [client.get("/api/v1/items", params={"limit": 1}).status_code for _call in range(5)] == [200] * 5
    slow[0].sendall(BODY[1:])  # and it was still waiting for them
    assert b"201" in slow[0].recv(4096)
    for each in slow:
        each.close()


@pytest.mark.every(2)
@pytest.mark.parametrize("begun", [b"", b"GET /livez HT"])
def test_a_connection_without_a_whole_head_is_closed_and_one_with_it_is_not(tmp_path: Path, begun: bytes) -> None:
    """A thousand silent connections would keep everybody out; the control is a body that comes as slowly."""
    with serving(tmp_path, "import api.http.server; api.http.server.HEAD_WITHIN_S = 0.5") as soon, wire(soon) as silent:
        silent.sendall(begun)
        with wire(soon) as slow:
            slow.sendall(head(soon, "POST", "/api/v1/cases", JSON, f"Content-Length: {len(BODY)}"))
            with suppress(ConnectionResetError):
                assert silent.recv(4096) == b""
            slow.sendall(BODY)
            assert b"201" in slow.recv(4096)


def test_a_call_with_a_hundred_headers_more_is_read_and_one_with_too_many_bytes_is_not(served: ServedHome) -> None:
    few = [f"X-{number}: a" for number in range(100)]
    many = [f"X-{number}: {'a' * 2000}" for number in range(200)]  # those of one packet are read whole
    known = "Connection: close"
    assert statuses(exchanged(served, head(served, "GET", "/livez", known, *few))) == [200]
    assert set(statuses(exchanged(served, head(served, "GET", "/livez", known, *many)))) <= {400, 431}


def test_a_browser_on_another_page_gets_no_leave_by_a_preflight(served: ServedHome) -> None:
    asks = (
        "Access-Control-Request-Method: POST",
        "Access-Control-Request-Headers: authorization",
        "Access-Control-Request-Private-Network: true",
        "Connection: close",
    )
    for lines in ((*asks, "Origin: http://localhost"), (*asks, "Sec-Fetch-Site: cross-site"), asks):
        answer = exchanged(served, head(served, "OPTIONS", "/api/v1/cases", *lines))
        assert set(statuses(answer)) <= {403, 405}
        assert b"access-control" not in answer.lower()


@pytest.mark.parametrize(
    "host", ["", "localhost.", "localhost@evil.example", "evil.example#localhost", "[::1].evil", "1"]
)
def test_a_name_that_only_looks_like_ours_reaches_nothing(served: ServedHome, host: str) -> None:
    key = served.secret(Scope.CHANNELS)
    lines = f"Host: {host}\r\nAuthorization: Bearer {key}\r\nX-Forwarded-Host: localhost\r\nConnection: close\r\n\r\n"
    answer = exchanged(served, f"GET /api/v1/log/key HTTP/1.1\r\n{lines}".encode())
    assert set(statuses(answer)) <= {400, 421}
    told = answer.rpartition(b"\r\n\r\n")[2]
    assert host.encode() not in told or len(host) < 2
    if statuses(answer) == [421]:
        assert json.loads(told)["code"] == "call.other_host"
