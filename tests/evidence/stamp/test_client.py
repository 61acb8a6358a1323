"""Asking an office: nobody answers, somebody else answers, it refuses, it lies, it answers."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from evidence.errors import StampError, StampRefusedError, StampUnreachableError, TokenError
from evidence.rehearsal.tsa import POLICY, RehearsalOffice
from evidence.stamp import client
from evidence.stamp.client import MAX_REPLY_BYTES, REPLY_TYPE, TimeStampOffice, request_stamp, stamping_client
from evidence.stamp.token import build_query, verify_token
from tests.evidence.stamp.forge import NOW, SHA256, Stamp, authority, granted, stamper

ROOT = authority("Root")
GOOD = Stamp(stamper(ROOT), nonce=77)
Answer = Callable[[socket.socket], None]


def http_answer(body: bytes, *, status: str = "200 OK", kind: str = REPLY_TYPE, more: str = "") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n{more}\r\n".encode() + body


@contextmanager
def listening(answer: bytes | Answer) -> Iterator[tuple[str, list[bytes]]]:
    """A server that keeps what it is sent and answers each connection as told, byte for byte."""
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    connection.settimeout(5)
                    heard.append(read_request(connection))
                    try:
                        connection.sendall(answer) if isinstance(answer, bytes) else answer(connection)
                    except OSError:
                        continue  # the client hung up, which is what some tests want

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}/tsa", heard
        finally:
            server.shutdown(socket.SHUT_RDWR)
    thread.join(5)


def read_request(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(4096)
    head, _, body = data.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0] or b"0")
    while len(body) < length:
        body += connection.recv(4096)
    return head + b"\r\n\r\n" + body


def ask(
    url: str, *, policy: str | None = None, http: httpx.Client | None = None, timeout_s: float = 5
) -> client.Stamped:
    whom = TimeStampOffice("test", url, (ROOT.certificate,), policy)
    with http or httpx.Client(trust_env=False) as using:
        return request_stamp(office=whom, sha256=SHA256, http=using, nonce=77, timeout_s=timeout_s)


def slowly(connection: socket.socket) -> None:
    connection.recv(1)  # says nothing until the client hangs up


def cut_off(connection: socket.socket) -> None:
    connection.sendall(http_answer(granted(GOOD.der()))[:-10])


FAULTS: dict[str, tuple[bytes | Answer, type[StampError]]] = {
    "silence": (slowly, StampUnreachableError),
    "a connection that closes": (b"", StampUnreachableError),
    "an answer that is cut off": (cut_off, StampUnreachableError),
    "no HTTP": (b"+OK ready\r\n\r\n", StampUnreachableError),
    "a server that is down": (http_answer(b"", status="503 Busy"), StampUnreachableError),
    "a server that is asked too often": (http_answer(b"", status="429 Slow down"), StampUnreachableError),
    "a sign-in page": (http_answer(b"<html>", kind="text/html"), StampUnreachableError),
    "a good token under another content type": (
        http_answer(granted(GOOD.der()), kind="application/octet-stream"),
        StampUnreachableError,
    ),
    "no such page": (http_answer(b"", status="404 Not Found"), StampRefusedError),
    "a redirect": (http_answer(b"", status="302 Found", more="Location: http://127.0.0.1:9/\r\n"), StampRefusedError),
    "a refusal": (http_answer(bytes.fromhex("30053003020102")), StampRefusedError),
    "HTML that calls itself a reply": (http_answer(b"<html>no</html>"), TokenError),
    "nothing": (http_answer(b""), TokenError),
    "a huge answer": (http_answer(b"\x30" * (MAX_REPLY_BYTES + 1)), TokenError),
    "a compressed answer": (http_answer(b"\x1f\x8b" + b"x" * 50, more="Content-Encoding: gzip\r\n"), TokenError),
    "another nonce": (http_answer(granted(GOOD.but(nonce=78).der())), TokenError),
    "no nonce": (http_answer(granted(GOOD.but(nonce=None).der())), TokenError),
    "a stamp for other data": (http_answer(granted(GOOD.but(sha256=b"x" * 32).der())), TokenError),
    "a self-made root": (http_answer(granted(Stamp(stamper(authority("Root")), nonce=77).der())), TokenError),
    "bytes after the reply": (http_answer(granted(GOOD.der()) + b"\x00"), TokenError),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_an_office_is_not_believed_that_answers_with(fault: str) -> None:
    answer, error = FAULTS[fault]
    with listening(answer) as (url, _), pytest.raises(StampError) as caught:
        ask(url, timeout_s=0.3 if answer is slowly else 5)
    assert type(caught.value) is error


def test_the_same_server_with_a_good_answer_is_believed() -> None:
    token = GOOD.der()
    with listening(http_answer(granted(token))) as (url, _):
        stamped = ask(url)
    assert (stamped.reply, stamped.token, stamped.info.gen_time) == (granted(token), token, NOW)


def test_nobody_there_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
    with pytest.raises(StampUnreachableError, match="Ask again later"):
        ask(url)


@pytest.mark.parametrize(
    "url", ["http://", "http://x:y/", "ftp://127.0.0.1/", "no address", "http://127.0.0.1:99999999/"]
)
def test_what_is_no_address_is_said(url: str) -> None:
    with pytest.raises(StampError):
        ask(url)


def test_an_answer_in_drops_ends_at_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "MAX_EXCHANGE_S", 0.2)

    def drip(connection: socket.socket) -> None:
        connection.sendall(http_answer(granted(GOOD.der()))[:150])
        for _ in range(200):
            connection.sendall(b"\x00")
            threading.Event().wait(0.02)

    with listening(drip) as (url, _), pytest.raises(StampUnreachableError, match="too long"):
        ask(url)


def test_only_a_digest_and_a_nonce_leave() -> None:
    telling = httpx.Client(
        trust_env=False,
        headers={"User-Agent": "nisisama", "X-Case": "17"},
        cookies={"session": "secret"},
        auth=("office", "secret"),
        follow_redirects=True,
    )
    with listening(http_answer(granted(GOOD.der()), more="Set-Cookie: a=b\r\n")) as (url, heard):
        ask(url, http=telling)
    head, _, body = heard[0].partition(b"\r\n\r\n")
    assert body == build_query(sha256=SHA256, nonce=77)
    first, *headers = head.decode().split("\r\n")
    assert first == "POST /tsa HTTP/1.1"
    assert {line.partition(":")[0].lower() for line in headers} == {"host", "content-type", "content-length", "accept"}


def test_a_redirect_is_not_followed_even_by_a_client_that_would() -> None:
    with listening(http_answer(granted(GOOD.der()))) as (elsewhere, heard_elsewhere):
        answer = http_answer(b"", status="307 Temporary Redirect", more=f"Location: {elsewhere}\r\n")
        following = httpx.Client(trust_env=False, follow_redirects=True)
        with listening(answer) as (url, _), pytest.raises(StampRefusedError):
            ask(url, http=following)
    assert heard_elsewhere == []


def test_a_policy_is_asked_for_and_required() -> None:
    with listening(http_answer(granted(GOOD.der()))) as (url, heard):
        assert ask(url, policy=GOOD.policy).info.policy == GOOD.policy
        with pytest.raises(TokenError, match="another policy"):
            ask(url, policy="1.2.3")
    assert heard[1].endswith(build_query(sha256=SHA256, nonce=77, policy="1.2.3"))


def test_the_rehearsal_office_answers_the_client(tmp_path: Path) -> None:
    ours = RehearsalOffice.create(tmp_path, at=NOW)
    with ours.serving(lambda: NOW) as url, httpx.Client(trust_env=False) as http:
        for policy in (None, POLICY):
            whom = TimeStampOffice("rehearsal", url, (ours.root,), policy)
            stamped = request_stamp(office=whom, sha256=SHA256, http=http, nonce=2**63)
            assert stamped.info.gen_time == NOW
            verify_token(token=stamped.token, sha256=SHA256, roots=[ours.root], nonce=2**63)
        with pytest.raises(StampRefusedError, match="unaccepted_policy"):
            request_stamp(
                office=TimeStampOffice("rehearsal", url, (ours.root,), "1.2.3"),
                sha256=SHA256,
                http=http,
                nonce=1,
            )


@pytest.mark.parametrize(
    ("urls", "reads"),
    [
        (["http://127.0.0.1:7/", "HTTPS://b/"], True),
        (["http://b/"], True),
        (["http://127.0.0.1:7/"], False),
        ([], False),
    ],
)
def test_certificate_authorities_are_not_read_for_offices_of_this_machine_alone(
    urls: list[str], *, reads: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "getproxies", dict)
    asked = list[bool]()
    monkeypatch.setattr(client, "_authorities", lambda: asked.append(True) or httpx.create_ssl_context())
    with stamping_client([TimeStampOffice("x", url, ()) for url in urls]):
        assert bool(asked) is reads
    monkeypatch.setattr(client, "getproxies", lambda: {"http": "https://proxy.example.org"})
    with stamping_client(()):
        assert asked
