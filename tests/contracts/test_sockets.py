"""No test reaches beyond this machine, by whatever call."""

import socket
from collections.abc import Callable

import pytest

ELSEWHERE = ("192.0.2.1", 9)  # TEST-NET-1 (RFC 5737): nobody's


@pytest.mark.parametrize(
    "reach",
    [
        lambda datagrams: datagrams.sendto(b"", ELSEWHERE),
        lambda datagrams: datagrams.connect(ELSEWHERE),
        lambda _: socket.create_connection(ELSEWHERE, timeout=1),
        lambda _: socket.getaddrinfo("example.invalid", 443),
        lambda _: socket.gethostbyname("example.invalid"),
    ],
)
def test_the_network_is_closed(reach: Callable[[socket.socket], object]) -> None:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams,
        pytest.raises(Exception, match="a test reaches for") as refused,
    ):
        reach(datagrams)
    assert not isinstance(refused.value, OSError)  # nothing may take it for a network that fails


def test_loopback_is_open() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()[:2]) as client:
        assert client.getpeername() == server.getsockname()
