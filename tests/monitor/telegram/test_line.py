"""The line asks through a proxy where settings name one, contacts no other server, and notices when it ends."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from monitor.errors import FloodError
from monitor.telegram.line import Line
from monitor.telegram.pace import Pace
from tests.watching import Desk, desk


@dataclass
class Proxy:
    """A SOCKS5 proxy on loopback (RFC 1928, no authentication), and whom it was asked to reach."""

    port: int
    reached: list[tuple[str, int]] = field(default_factory=list)


@contextmanager
def socks5() -> Iterator[Proxy]:
    listening = socket.create_server(("127.0.0.1", 0))
    proxy = Proxy(listening.getsockname()[1])

    def pump(source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(1 << 16):
                target.sendall(data)
        for each in (source, target):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def serve(client: socket.socket) -> None:
        with client:
            methods = client.recv(2)[1]
            client.recv(methods)
            client.sendall(b"\x05\x00")
            _version, _command, _reserved, kind = client.recv(4)
            host = socket.inet_ntoa(client.recv(4)) if kind == 1 else client.recv(client.recv(1)[0]).decode()
            port = int.from_bytes(client.recv(2), "big")
            proxy.reached.append((host, port))
            with socket.create_connection((host, port)) as server:
                client.sendall(b"\x05\x00\x00\x01" + bytes(6))
                back = threading.Thread(target=pump, args=(server, client), daemon=True)
                back.start()
                pump(client, server)
                back.join(timeout=5)

    def accept() -> None:
        with suppress(OSError):
            while True:
                client, _address = listening.accept()
                threading.Thread(target=serve, args=(client,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield proxy
    finally:
        listening.close()


@pytest.fixture
def at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    with desk(tmp_path, monkeypatch) as made:
        yield made


def test_a_proxy_carries_everything(at: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    group = at.group()
    group.post("një")
    with socks5() as proxy:
        monkeypatch.setenv("NISISAMA_TELEGRAM__PROXY", f"127.0.0.1:{proxy.port}")
        ran = at.once()
        assert ran.ended_by is None, ran.ended_by
        assert ran.followings[0].counts.messages == 1
        assert set(proxy.reached) <= {(each.host, each.port) for each in at.telegram.servers}
        assert proxy.reached


def test_a_proxy_that_is_not_there_is_told_and_nothing_goes_past_it(at: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    at.group()
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    monkeypatch.setenv("NISISAMA_TELEGRAM__PROXY", f"127.0.0.1:{port}")
    before = len(at.telegram.calls)
    ended = at.once().ended_by
    assert ended is not None
    assert ended.code == "unreachable.no_connection"
    assert len(at.telegram.calls) == before


def test_a_pause_that_is_over_when_it_is_told_is_told_all_the_same(at: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    at.group()
    write = Pace.write

    def late(pace: Pace, connection: sa.Connection) -> None:
        at.clock.pass_by(seconds=5)  # another writer had the turn
        write(pace, connection)

    monkeypatch.setattr(Pace, "write", late)
    monkeypatch.setattr("monitor.telegram.line._PAUSES", 1)
    at.telegram.faults.fail("channels.getFullChannel", "FLOOD_WAIT_2", times=1)
    assert isinstance(at.once().ended_by, FloodError)


def test_a_connection_that_ends_behind_an_answer_is_noticed_by_the_next_request(
    at: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = at.group()
    group.post("një")
    late: list[object] = []
    answer = Line._answer

    async def noting(line: Line, sender: Any, request: Any) -> bytes:  # noqa: ANN401 - Telethon's
        try:
            return await answer(line, sender, request)
        except TimeoutError:
            late.append(request)
            raise

    monkeypatch.setattr(Line, "_answer", noting)
    at.telegram.faults.cut_connections(after_bytes=100_000, times=2)
    assert at.once().ended_by is None
    assert not late, "nobody answers on a connection that has ended"
