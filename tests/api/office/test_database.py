"""What is decided before a server is contacted; tests/conformance/postgresql/test_moving.py covers the server."""

from contextlib import nullcontext
from pathlib import Path

import pytest

from api.home import DATABASE_FILE, SETTINGS_FILE, Home
from api.office.database import MOVING_FILE, move_rows, old_database
from config.errors import SettingsError
from evidence.errors import HomeError, StoreError
from tests.homes import doer, new_case

SERVER = "postgresql://office@db.example.org/office"


def moved(home: Home, url: str) -> object:
    return move_rows(home, url, lambda _rows: nullcontext(lambda _more: None))


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("postgresql://me:secret@host/db", "database_move.password"),
        ("postgresql://me@host/db?password=secret", "database_move.password"),
        ("sqlite:///other.db", "database_move.not_postgresql"),
        ("mysql://me@host/db", "database_move.not_postgresql"),
        ("db.example.org", "store.not_an_address"),
        ("", "store.not_an_address"),
    ],
)
def test_what_is_not_the_address_of_a_server_is_refused_and_never_quoted(home: Home, url: str, code: str) -> None:
    with pytest.raises(StoreError) as raised:
        moved(home, url)
    assert raised.value.code == code
    assert "secret" not in str(raised.value)


def test_a_variable_that_would_override_the_settings_is_named(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("nisisama_database__url", SERVER)
    with pytest.raises(SettingsError) as raised:
        moved(home, SERVER)
    assert (raised.value.code, raised.value.where) == ("settings.variable_overrides", "nisisama_database__url")


def test_a_setting_in_another_form_is_not_changed(home: Home) -> None:
    file = home.path / SETTINGS_FILE
    file.write_text(f'database.url = ""\n{file.read_text()}')
    with pytest.raises(SettingsError) as raised:
        moved(Home.open(home.path), SERVER)
    assert raised.value.code == "settings.not_changed_here"


def test_a_home_whose_settings_name_another_database_writes_nothing_more(home: Home) -> None:
    file = home.path / SETTINGS_FILE
    said = file.read_text()
    file.write_text(f"{said}\n# a remark\n")
    new_case(home, [])  # CONTROL: another change of the settings stops nobody
    file.write_text(f'{said}\n[database]\nurl = "{SERVER}"\n')
    for work in (lambda: new_case(home, []), home.known_times):
        with pytest.raises(HomeError) as raised:
            work()
        assert raised.value.code == "home.moved"
    file.write_text(said)
    assert doer(home)
    new_case(home, [])


def test_settings_that_can_no_longer_be_read_stop_a_writer_too(home: Home) -> None:
    (home.path / SETTINGS_FILE).write_text("[database\n")
    with pytest.raises(SettingsError):
        new_case(home, [])
    (home.path / SETTINGS_FILE).unlink()
    with pytest.raises(SettingsError):
        new_case(home, [])


def test_a_file_that_is_gone_is_not_created_again(home: Home, tmp_path: Path) -> None:
    home.engine.dispose()
    (home.path / DATABASE_FILE).rename(tmp_path / "elsewhere.db")
    with pytest.raises(StoreError):
        home.known_times()
    assert not (home.path / DATABASE_FILE).exists()


def test_a_home_on_sqlite_has_no_old_database(home: Home) -> None:
    assert old_database(home) is None
    assert not (home.path / MOVING_FILE).exists()
