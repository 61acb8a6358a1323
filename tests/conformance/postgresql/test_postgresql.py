"""The same home on a PostgreSQL server: Debian's, made for this test, on a socket in its own folder.

A home of SQLite moves over row by row; then the whole way goes on there.
"""

import pwd
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from api.home import DATABASE_FILE, Home
from api.migrate import upgrade
from api.office.audit import run_audit
from casefiles.case import add_items, open_case
from evidence.errors import StoreError
from evidence.finding import Verdict
from evidence.observation import Mode
from evidence.store import database
from evidence.store.database import open_engine, reading, sqlite_url, writing
from monitor.rehearsal.export import write_export
from tests.homes import PASSPHRASE, Office, copy_of, doer, export_of, items_of, new_office, take_in

pytestmark = [pytest.mark.outside, pytest.mark.xdist_group("postgresql")]

ACCOUNT = "postgres"
"""Made by Debian's package; the server refuses to run as root."""


def _programs() -> Path:
    return max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: int(folder.parent.name))


def _as_postgres(*command: str | Path) -> None:
    subprocess.run(["setpriv", "--reuid", ACCOUNT, "--regid", ACCOUNT, "--clear-groups", *command], check=True, cwd="/")


@pytest.fixture(scope="module")
def socket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Folder of a server's socket; it listens nowhere else."""
    folder = Path(subprocess.check_output(["mktemp", "-d"], text=True).strip())  # a socket's path is short
    shutil.chown(folder, pwd.getpwnam(ACCOUNT).pw_uid)
    data, programs = folder / "data", _programs()
    _as_postgres(programs / "initdb", "--pgdata", data, "--auth", "trust", "--encoding", "UTF8", "--no-sync")
    control = (programs / "pg_ctl", "--pgdata", data, "--wait")
    options = f"-c listen_addresses='' -c unix_socket_directories={folder}"
    _as_postgres(*control, "--log", folder / "log", "--options", options, "start")
    yield folder
    _as_postgres(*control, "--mode", "immediate", "stop")
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    return new_office(tmp_path_factory.mktemp("office"), messages=18, photos=2)


@pytest.fixture
def moved(socket: Path, office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    """The office's home with its database on the server."""
    admin = sa.create_engine(_url(socket, "postgres"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(sa.text("DROP DATABASE IF EXISTS office"))
        connection.execute(sa.text("CREATE DATABASE office"))
    admin.dispose()
    here = copy_of(office, tmp_path)
    here.engine.dispose()
    engine = open_engine(_url(socket, "office"))
    upgrade(engine)
    _move(here.path / DATABASE_FILE, engine)
    engine.dispose()
    (here.path / DATABASE_FILE).unlink()
    monkeypatch.setenv("NISISAMA_DATABASE__URL", _url(socket, "office"))
    home = Home.open(here.path)
    yield home
    home.engine.dispose()


def _url(socket: Path, name: str) -> str:
    return f"postgresql+psycopg://{ACCOUNT}@/{name}?host={socket}"


def _move(file: Path, engine: sa.Engine) -> None:
    source = open_engine(sqlite_url(file))
    with reading(source) as old, writing(engine) as new:
        for table in database.metadata.sorted_tables:
            rows = [dict(row) for row in old.execute(sa.select(table)).mappings()]
            if rows:
                new.execute(sa.insert(table), rows)
    source.dispose()


def _audited(home: Home) -> tuple[Verdict, int]:
    done = run_audit(home, level=3, against=None, passphrase=PASSPHRASE, progress=lambda _more: None)
    return done.report.verdict, done.entries


def test_a_home_that_moved_is_audited_as_before(moved: Home, office: Office) -> None:
    assert _audited(moved) == _audited(office.home)
    assert items_of(moved) == items_of(office.home)


def test_damage_on_the_server_is_found(moved: Home) -> None:
    with writing(moved.engine) as connection:
        connection.execute(sa.delete(database.sealed).where(database.sealed.c.idx == 3))
    assert _audited(moved)[0] is Verdict.FAILED


def test_the_whole_way_goes_on_there(moved: Home, tmp_path: Path) -> None:
    more = write_export(tmp_path / "more", seed=8, messages=18, photos=2)
    before = _audited(moved)[1]
    assert take_in(moved, more.folder, Mode.SEALED).counts.messages > 0
    items = [item.item_id for item in items_of(moved)]
    with moved.writing() as writer:
        case_id = open_case(writer.sequencer, doer(moved))
        add_items(moved.engine, writer.sequencer, case_id, items[:3], doer(moved))
    done = export_of(moved, case_id, tmp_path / "case.asice")
    assert done.facts.items == 3
    verdict, entries = _audited(moved)
    assert (verdict, entries > before) == (Verdict.PASSED, True)
    assert take_in(moved, more.folder, Mode.SEALED).counts.messages == 0


def test_a_reader_keeps_its_view_while_somebody_writes(moved: Home) -> None:
    """An audit reads its tables one after the other: it must not see a batch in one of them alone."""
    count = sa.select(sa.func.count()).select_from(database.event)
    with reading(moved.engine) as connection:
        before = connection.execute(count).scalar_one()
        with moved.writing() as writer:
            open_case(writer.sequencer, doer(moved))
        assert connection.execute(count).scalar_one() == before
    with reading(moved.engine) as connection:
        assert connection.execute(count).scalar_one() > before


def test_a_server_that_is_not_there_is_explained(
    office: Office, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    home = copy_of(office, tmp_path)
    monkeypatch.setenv("NISISAMA_DATABASE__URL", _url(tmp_path, "office"))
    with pytest.raises(StoreError):
        Home.open(home.path)
