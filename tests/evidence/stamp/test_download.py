"""Fetching a revocation list: nobody answers, somebody else answers, too much comes, it comes."""

import socket

import httpx
import pytest

from evidence.errors import StampError, StampRefusedError, StampUnreachableError
from evidence.stamp import download
from evidence.stamp.download import LIST_TYPE, download_list
from evidence.stamp.revocation import MAX_LIST_BYTES
from tests.evidence.stamp.test_client import Answer, http_answer, listening, slowly


def fetched(address: str, *, timeout_s: float = 5) -> bytes:
    with httpx.Client(trust_env=False, headers={"X-Client": "ours"}, cookies={"a": "b"}) as http:
        return download_list(address=address, http=http, timeout_s=timeout_s)


def test_what_lies_there_comes_as_it_is_and_nothing_of_the_client_leaves() -> None:
    with listening(http_answer(b"list", kind=LIST_TYPE)) as (url, heard):
        assert fetched(url) == b"list"
    (request,) = heard
    assert request.startswith(b"GET /tsa HTTP/1.1\r\n")
    assert {line.partition(b":")[0] for line in request.split(b"\r\n")[1:] if line} == {b"Host", b"Accept"}


FAULTS: dict[str, tuple[bytes | Answer, type[StampError]]] = {
    "silence": (slowly, StampUnreachableError),
    "a connection that closes": (b"", StampUnreachableError),
    "no HTTP": (b"+OK ready\r\n\r\n", StampUnreachableError),
    "no such page": (http_answer(b"", status="404 Not Found"), StampRefusedError),
    "a redirect": (http_answer(b"", status="302 Found", more="Location: http://127.0.0.1:9/\r\n"), StampRefusedError),
    "too much": (http_answer(b"\x30" * (MAX_LIST_BYTES + 1)), StampUnreachableError),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_goes_wrong_is_an_error_of_its_kind(fault: str) -> None:
    answer, error = FAULTS[fault]
    with listening(answer) as (url, _heard), pytest.raises(error):
        fetched(url, timeout_s=0.3)


@pytest.mark.parametrize("address", ["ldap://x.example/y", "file:///etc/passwd", "http://x.example:y/", "x"])
def test_only_an_address_of_http_is_asked(address: str) -> None:
    with pytest.raises(StampRefusedError, match="not an address"):
        fetched(address)


def test_an_answer_that_never_ends_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    def dripping(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nxx")
        slowly(connection)

    monkeypatch.setattr(download, "MAX_EXCHANGE_S", -1.0)
    with listening(dripping) as (url, _heard), pytest.raises(StampUnreachableError, match="too long"):
        fetched(url)
