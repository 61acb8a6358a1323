"""The server says where it is, ends in good order, and forgets the keys."""

import signal
import socket
from pathlib import Path

import httpx
import pytest
import uvicorn

from api.http.server import _tending, office_of, serve_until_told
from tests.homes import PASSPHRASE, new_home
from tests.serving import started


def test_it_ends_in_good_order_when_told(tmp_path: Path) -> None:
    home, _cards = new_home(tmp_path / "home")
    for told in (signal.SIGTERM, signal.SIGINT):
        process, url = started(home.path)
        assert httpx.get(f"{url}/livez", trust_env=False).status_code == 200
        process.send_signal(told)
        _out, err = process.communicate(timeout=30)
        assert (process.returncode, err) == (0, "")
    home.engine.dispose()


def test_the_keys_are_forgotten_at_the_end(tmp_path: Path) -> None:
    home, _cards = new_home(tmp_path / "home")
    office = office_of(home)
    with _tending(office):
        office.keyring.unlock(PASSPHRASE)
        assert office.keyring.is_open
    assert not office.keyring.is_open
    home.engine.dispose()


def test_a_signal_as_soon_as_it_says_where_it_is_ends_it(tmp_path: Path) -> None:
    home, _cards = new_home(tmp_path / "home")
    for _time in range(3):
        process, _url = started(home.path)
        process.send_signal(signal.SIGTERM)
        _out, err = process.communicate(timeout=30)
        assert (process.returncode, err) == (0, "")
    home.engine.dispose()


def test_an_answer_does_not_wait_for_an_acknowledgement(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nagle's algorithm holds the body back until the head is acknowledged: 40 ms on a connection that is kept."""
    home, _cards = new_home(tmp_path / "home")
    found = list[int]()

    def look(_server: object, sockets: list[socket.socket]) -> None:
        found.append(sockets[0].getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))

    monkeypatch.setattr(uvicorn.Server, "run", look)
    serve_until_told(home, 0, lambda _port: None)
    with socket.create_server(("127.0.0.1", 0)) as plain:
        assert plain.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 0
    assert found[0] != 0
    home.engine.dispose()
