"""``serve``: a port that another program has is said, with what to do."""

import socket
from pathlib import Path

import pytest

from tests.commands import run
from tests.homes import new_home


def test_a_port_that_is_taken_is_said(tmp_path: Path) -> None:
    home, _cards = new_home(tmp_path / "home")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ran = run("serve", "--port", str(taken.getsockname()[1]), "--json", home=home.path)
    assert ran.error["code"] == "system.port_taken"
    home.engine.dispose()


def test_it_says_where_it_is_and_that_it_has_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home, _cards = new_home(tmp_path / "home")
    monkeypatch.setattr("api.http.server.serve_until_told", lambda _home, port, began: began(port))
    ran = run("serve", "--port", "1234", home=home.path)
    assert ran.out == "Serving at http://127.0.0.1:1234, locked. Ctrl-C ends it.\n"
    assert ran.err == "The server has stopped, and the records are locked.\n"
    home.engine.dispose()


def test_an_address_that_is_not_the_machines_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home, _cards = new_home(tmp_path / "home")
    monkeypatch.setenv("NISISAMA_SERVE__ADDRESS", "192.0.2.1")  # of nobody (RFC 5737)
    ran = run("serve", "--port", "0", "--json", home=home.path)
    assert ran.error["code"] == "system.not_our_address"
    monkeypatch.setattr("api.http.server.serve_until_told", lambda _home, port, began: began(port))
    ran = run("serve", "--port", "1234", home=home.path)
    assert ran.out.startswith("Serving at http://192.0.2.1:1234")
    assert "not encrypted" in ran.err
    home.engine.dispose()
