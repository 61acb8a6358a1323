"""What the server is set to, and what a machine that is gone holds up: a server of its own for each."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import sqlalchemy as sa

from api.home import Home
from api.office.case import open_case
from evidence.errors import StoreError
from evidence.patience import Patience
from evidence.store import database
from evidence.store.database import open_engine, reading, writing
from tests.homes import Office, copy_of, doer, new_office, size_of
from tests.postgresql import move, new_database, serving, url_of

pytestmark = pytest.mark.outside


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    return new_office(tmp_path_factory.mktemp("office"), messages=16)


@pytest.fixture(scope="module")
def lax() -> Iterator[Path]:
    """A server that acknowledges before anything is on the disk."""
    with serving("synchronous_commit=off") as folder:
        yield folder


def moved(office: Office, folder: Path, server: Path) -> Home:
    home = copy_of(office, folder)
    home.engine.dispose()
    url = new_database(server, "office")
    move(home.path, url)
    return Home.open(home.path)


def shown(engine: sa.Engine, name: str) -> str:
    with reading(engine) as connection:
        return str(connection.exec_driver_sql(f"SHOW {name}").scalar_one())


def test_a_server_that_acknowledges_early_does_not_do_so_for_us(lax: Path) -> None:
    plain = sa.create_engine(url_of(lax, "postgres"))
    assert shown(plain, "synchronous_commit") == "off"
    engine = open_engine(url_of(lax, "postgres"))
    with writing(engine) as connection:
        assert connection.exec_driver_sql("SHOW synchronous_commit").scalar_one() == "on"
    with suppress(ZeroDivisionError), writing(engine):
        raise ZeroDivisionError
    assert shown(engine, "synchronous_commit") == "on"  # also after a transaction that went back
    for each in (plain, engine):
        each.dispose()


def test_what_is_more_than_we_need_stays(lax: Path) -> None:
    stricter = sa.make_url(url_of(lax, "postgres")).update_query_dict({"options": "-c synchronous_commit=remote_apply"})
    engine = open_engine(stricter.render_as_string(hide_password=False))
    assert shown(engine, "synchronous_commit") == "remote_apply"
    engine.dispose()


@pytest.mark.parametrize("setting", ["fsync", "full_page_writes"])
def test_a_server_that_may_lose_what_it_committed_is_refused(
    office: Office, setting: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(f"{setting}=off") as folder:
        home = copy_of(office, tmp_path)
        monkeypatch.setenv("NISISAMA_DATABASE__URL", new_database(folder, "office"))
        with pytest.raises(StoreError) as raised:
            Home.open(home.path)
        assert (raised.value.code, raised.value.expected) == ("store.server_loses", f"{setting} = on")
        home.engine.dispose()


def test_a_machine_that_fell_silent_inside_its_turn_loses_it(
    office: Office, lax: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A holder that asks nothing more, as one whose network is gone; the control has no limit."""
    home = moved(office, tmp_path, lax)
    before = size_of(home)
    for silent_s, freed in ((1, True), (0, False)):  # 0: none
        monkeypatch.setattr(database, "SILENT_S", silent_s)
        silent = (
            open_engine(str(home.settings.database.url)).connect().execution_options(isolation_level="READ COMMITTED")
        )
        silent.begin()
        database._take_writers_lock(silent, Patience())
        monkeypatch.setattr(database, "WAIT_S", 5 if freed else 1)
        if freed:
            open_case(home, doer(home))
            with pytest.raises(sa.exc.DBAPIError):
                silent.exec_driver_sql("SELECT 1")
            assert size_of(home) > before
        else:
            with pytest.raises(StoreError, match="kept writing"), writing(home.engine):
                pass
        silent.invalidate()
        silent.close()
    home.engine.dispose()


def test_who_waits_longer_than_a_holder_may_be_silent_is_not_ended(lax: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "SILENT_S", 0.5)
    engine, waited = open_engine(new_database(lax, "waiting")), []

    def wait() -> None:
        with writing(engine) as connection:
            waited.append(connection.exec_driver_sql("SELECT 1").scalar_one())

    with writing(engine) as connection:
        thread = threading.Thread(target=wait)
        thread.start()
        for _ in range(12):  # a holder that is at work
            time.sleep(0.1)
            connection.exec_driver_sql("SELECT 1")
        assert waited == []
    thread.join()
    assert waited == [1]
    engine.dispose()


def test_a_reader_may_be_silent_for_as_long_as_it_likes(lax: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An audit hashes every object between two questions."""
    monkeypatch.setattr(database, "SILENT_S", 0.2)
    engine = open_engine(new_database(lax, "reading"))
    with writing(engine):
        pass
    with reading(engine) as connection:
        time.sleep(0.6)
        assert connection.exec_driver_sql("SHOW idle_in_transaction_session_timeout").scalar_one() == "0"
    engine.dispose()


def test_both_ends_notice_that_the_other_is_gone(unused_port: int) -> None:
    with serving("listen_addresses=127.0.0.1", f"port={unused_port}") as folder:
        url = f"postgresql+psycopg://postgres@127.0.0.1:{unused_port}/postgres"
        engine = open_engine(url)
        for name, value in {
            "tcp_keepalives_idle": "10",
            "tcp_keepalives_interval": "5",
            "tcp_keepalives_count": "3",
            "tcp_user_timeout": "30000",
        }.items():
            assert shown(engine, name) == value, folder
        with engine.connect() as connection:
            parameters = connection.connection.driver_connection.info.get_parameters()  # type: ignore[union-attr]
        assert {name: parameters[name] for name in parameters if name.startswith(("keepalives_", "tcp_"))} == {
            "keepalives_idle": "10",
            "keepalives_interval": "5",
            "keepalives_count": "3",
            "tcp_user_timeout": "30000",
        }
        engine.dispose()


@pytest.fixture
def unused_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
