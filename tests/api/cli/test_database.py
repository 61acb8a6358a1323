"""How ``database move`` refuses; tests/conformance/postgresql/test_moving.py covers the server."""

from pathlib import Path

import pytest

from tests.commands import REFUSED, USAGE, run


def test_a_password_is_never_repeated(home: Path, me: None) -> None:
    ran = run("database", "move", "postgresql://me:secret@host/db", "--json", home=home)
    assert (ran.code, ran.error["code"]) == (REFUSED, "database_move.password")
    assert "~/.pgpass" in ran.error["fix"]
    assert "secret" not in ran.out + ran.err + (home / "nisisama.log").read_text()


def test_an_unreachable_server_is_reported_with_what_to_check(home: Path, me: None, tmp_path: Path) -> None:
    error = run("database", "move", f"postgresql://me@/office?host={tmp_path}", "--json", home=home).error
    assert (error["code"], "Is the server running?" in error["fix"]) == ("store.no_connection", True)


@pytest.mark.parametrize("words", [("database",), ("database", "move"), ("database", "remove")])
def test_a_call_without_an_address_is_a_usage_error(home: Path, words: tuple[str, ...]) -> None:
    assert run(*words, home=home).code == USAGE


def test_init_with_the_variable_set_says_to_move_afterwards(
    me: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NISISAMA_DATABASE__URL", "postgresql://me@host/db")
    error = run("init", "--org", "Office", "--json", home=tmp_path / "new").error
    assert (error["code"], "nisisama database move URL" in error["fix"]) == ("settings.init_makes_sqlite", True)
    assert not (tmp_path / "new").exists()
