"""One schema, of one version, on both databases; and the database's own failures are explained."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from config.errors import Explained
from evidence.errors import SchemaVersionError, StorageFullError, StoreError
from evidence.store import database
from evidence.store.database import (
    open_engine,
    open_read_only,
    put,
    reading,
    require_version,
    sqlite_url,
    store_errors,
    writing,
)
from evidence.store.migrate import SCRIPTS, upgrade

TRUTH = (database.event, database.sealed, database.checkpoint, database.token, database.pin)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[sa.Engine]:
    engine = open_engine(sqlite_url(tmp_path / "home of ours? #1.db"))
    yield engine
    engine.dispose()


def require(engine: sa.Engine) -> None:
    with reading(engine) as connection:
        require_version(connection)


# Versions


def test_a_database_of_somebody_else_is_refused(engine: sa.Engine) -> None:
    with pytest.raises(SchemaVersionError, match="not a database of ours"):
        require(engine)


@pytest.mark.parametrize("version", ["0001", "0001j"])
def test_a_home_of_an_older_pre_release_is_refused_as_such(engine: sa.Engine, version: str) -> None:
    upgrade(engine)
    with writing(engine) as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = :v"), {"v": version})
    with pytest.raises(SchemaVersionError, match="older pre-release"):
        require(engine)


@pytest.mark.parametrize("version", ["0000", "0002", "", "9999"])
def test_another_version_is_refused_with_both_named(engine: sa.Engine, version: str) -> None:
    upgrade(engine)
    with writing(engine) as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = :v"), {"v": version})
    with pytest.raises(SchemaVersionError, match="another version") as raised:
        require(engine)
    assert (raised.value.expected, raised.value.found) == (database.SCHEMA_VERSION, version)


def test_a_database_without_its_version_is_refused(engine: sa.Engine) -> None:
    upgrade(engine)
    with writing(engine) as connection:
        connection.execute(sa.text("DELETE FROM alembic_version"))
    with pytest.raises(SchemaVersionError):
        require(engine)


def test_a_schema_that_failed_in_the_middle_is_not_there_at_all(engine: sa.Engine) -> None:
    with writing(engine) as connection:
        connection.execute(sa.text("CREATE TABLE token (a)"))
    with pytest.raises(StoreError):
        upgrade(engine)
    with reading(engine) as connection:
        assert sa.inspect(connection).get_table_names() == ["token"]


def test_the_newest_revision_is_the_version_of_this_program() -> None:
    assert ScriptDirectory(str(SCRIPTS)).get_heads() == [database.SCHEMA_VERSION]
    *_before, last = database._OLDER
    assert ord(database.SCHEMA_VERSION[-1]) == ord(last[-1]) + 1, "a version that was there is none of another program"


def test_the_revisions_give_exactly_the_tables_of_this_program(engine: sa.Engine) -> None:
    for _ in range(2):
        upgrade(engine)
        require(engine)
    with reading(engine) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, database.metadata) == []
        connection.rollback()


def test_the_comparison_would_see_a_missing_index(engine: sa.Engine) -> None:
    upgrade(engine)
    with writing(engine) as connection:
        connection.execute(sa.text("DROP INDEX ix_item_place"))
    with reading(engine) as connection:
        assert compare_metadata(MigrationContext.configure(connection), database.metadata) != []


@pytest.mark.parametrize("table", database.metadata.sorted_tables, ids=lambda table: table.name)
def test_postgresql_can_hold_every_table(table: sa.Table) -> None:
    dialect = postgresql.dialect()
    made = str(CreateTable(table).compile(dialect=dialect))
    assert "BLOB" not in made
    if "idx" in table.c or "size" in table.c:
        assert "BIGINT" in made
        assert "SERIAL" not in made  # a place comes from the log, never from the database
    for index in table.indexes:
        assert len(str(CreateIndex(index).compile(dialect=dialect))) > 0


def test_every_table_is_truth_projection_or_work() -> None:
    classes = [*TRUTH, *database.PROJECTIONS, *database.WORK, *database.SNAPSHOTS, *database.ACCESS]
    assert len(classes) == len(set(classes))
    assert set(classes) == set(database.metadata.sorted_tables)


# Opening


def test_sqlite_is_opened_so_that_a_commit_is_on_the_disk(engine: sa.Engine) -> None:
    pragmas = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1, "trusted_schema": 0}
    with reading(engine) as connection:
        for pragma, value in (pragmas | {"busy_timeout": 30_000, "cell_size_check": 1}).items():
            assert connection.exec_driver_sql(f"PRAGMA {pragma}").scalar_one() == value, pragma


@pytest.mark.parametrize("query", ["", "?keepalives_idle=99"])
def test_another_database_is_opened_with_settings_of_its_own(query: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[dict[str, object]] = []
    create = sa.create_engine
    monkeypatch.setattr(
        "sqlalchemy.create_engine", lambda url, **options: made.append(options) or create(url, **options)
    )
    engine = open_engine(f"postgresql+psycopg://localhost/office{query}")
    assert engine.dialect.name == "postgresql"
    kept_alive = made[0]["connect_args"]
    assert isinstance(kept_alive, dict)
    assert ("keepalives_idle" in kept_alive) == (query == "")  # what the address says holds
    assert kept_alive["keepalives_interval"] == 5


@pytest.mark.parametrize("folder", ["a home? 100%", "\udcff, which is not UTF-8"])
def test_a_database_that_nobody_can_write_to_is_read_and_left_as_it_is(tmp_path: Path, folder: str) -> None:
    file = tmp_path / folder / "nisisama.db"
    file.parent.mkdir()
    writer = open_engine(sqlite_url(file))
    upgrade(writer)
    writer.dispose()
    before = file.read_bytes()
    reader = open_read_only(file)
    with reading(reader) as connection:
        require_version(connection)
    with pytest.raises(StoreError, match="readonly"), reading(reader) as connection:
        connection.execute(sa.insert(database.follower), {"name": "x", "position": 0})
    reader.dispose()
    assert [each.name for each in file.parent.iterdir()] == ["nisisama.db"]
    assert file.read_bytes() == before


def test_a_journal_of_a_database_that_nobody_can_write_to_is_read(tmp_path: Path) -> None:
    writer = open_engine(sqlite_url(tmp_path / "nisisama.db"))
    upgrade(writer)
    with writing(writer) as connection:  # stays in the journal until the writer closes
        connection.execute(sa.insert(database.follower), {"name": "x", "position": 0})
    reader = open_read_only(tmp_path / "nisisama.db")
    with reading(reader) as connection:
        assert connection.execute(sa.select(database.follower.c.name)).scalars().all() == ["x"]
    reader.dispose()
    writer.dispose()


def test_a_file_that_is_no_database_is_told_by_who_reads_it(tmp_path: Path) -> None:
    (tmp_path / "nisisama.db").write_bytes(b"no" * 5000)
    reader = open_read_only(tmp_path / "nisisama.db")
    with pytest.raises(StoreError), reading(reader) as connection:
        require_version(connection)
    reader.dispose()


def test_a_value_that_the_table_has_no_column_for_is_refused(engine: sa.Engine) -> None:
    with writing(engine) as connection:
        database.metadata.create_all(connection)
        put(connection, database.pin, [{"idx": 0, "lines": b""}])
        with pytest.raises(ValueError, match="pin has no column line"):
            put(connection, database.pin, [{"idx": 1, "lines": b"", "line": b"x"}])


def test_a_row_without_its_parent_is_refused(engine: sa.Engine) -> None:
    upgrade(engine)
    with pytest.raises(StoreError, match="FOREIGN KEY"), writing(engine) as connection:
        connection.execute(sa.insert(database.case_item), {"case_id": "a", "item_id": "b", "idx": 1})


def test_reading_is_never_committed_and_sees_one_state(engine: sa.Engine) -> None:
    upgrade(engine)
    table = database.follower
    with reading(engine) as connection:
        connection.execute(sa.insert(table), {"name": "a", "position": 1})
    with reading(engine) as connection:
        assert connection.execute(sa.select(table)).all() == []
        with writing(engine) as writer:
            writer.execute(sa.insert(table), {"name": "b", "position": 1})
        assert connection.execute(sa.select(table)).all() == []
    with reading(engine) as connection:
        assert [row.name for row in connection.execute(sa.select(table))] == ["b"]


def test_what_raised_is_not_committed(engine: sa.Engine) -> None:
    upgrade(engine)
    rows = [{"name": "a", "position": 1}, {"name": "a", "position": 2}]
    with pytest.raises(StoreError, match="UNIQUE"), writing(engine) as connection:
        connection.execute(sa.insert(database.follower), rows)
    with reading(engine) as connection:
        assert connection.execute(sa.select(database.follower)).all() == []


def test_bytes_are_kept_as_they_are(engine: sa.Engine) -> None:
    upgrade(engine)
    bodies = [b"", b"\x00\xff", bytes(range(256))]
    with writing(engine) as connection:
        rows = [{"idx": at, "leaf": body} for at, body in enumerate(bodies)]
        connection.execute(sa.insert(database.event), rows)
    with reading(engine) as connection:
        kept = connection.execute(sa.select(database.event.c.leaf).order_by(database.event.c.idx)).scalars().all()
    assert kept == bodies
    assert {type(body) for body in kept} == {bytes}


# Failures


def test_a_file_that_is_no_database_is_explained(tmp_path: Path) -> None:
    file = tmp_path / "a.db"
    file.write_bytes(b"this is no database" * 100)
    engine = open_engine(sqlite_url(file))
    with pytest.raises(StoreError, match="not a database") as raised:
        require(engine)
    assert "backup" in raised.value.fix
    engine.dispose()


@pytest.mark.parametrize(
    "damage", [b"CREATE TABLE sealed\xce(", b"CREATE TABLE \xceealed (", b"CREATE \xceABLE sealed ("]
)
def test_a_schema_with_a_damaged_name_is_explained(tmp_path: Path, damage: bytes) -> None:
    file = tmp_path / "a.db"
    engine = open_engine(sqlite_url(file))
    upgrade(engine)
    engine.dispose()
    whole = file.read_bytes()
    assert whole.count(b"CREATE TABLE sealed (") == 1
    file.write_bytes(whole.replace(b"CREATE TABLE sealed (", damage))
    with pytest.raises(StoreError, match="the database refused"):
        require(engine)
    engine.dispose()


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://nisi:heim99@db:port/n",
        "nothing://nisi:heim99@db/n",
        "postgresql+nodriver://nisi:heim99@db/n",
        "heim99",
        "",
    ],
)
def test_an_address_that_is_none_is_refused_without_its_words(url: str) -> None:
    with pytest.raises(StoreError, match="cannot be used") as raised:
        open_engine(url)
    error = raised.value
    assert "heim" not in f"{error} {error.__cause__}"
    assert error.__suppress_context__ or error.__cause__


@pytest.mark.parametrize("reason", ["database or disk is full", "disk I/O error"])
def test_a_full_or_failing_disk_is_told_apart(reason: str) -> None:
    with pytest.raises(StorageFullError, match="no space is left"), store_errors("here"):
        raise sa.exc.OperationalError("INSERT", None, Exception(reason))


def test_a_full_disk_in_earnest(engine: sa.Engine) -> None:
    upgrade(engine)

    @sa.event.listens_for(engine, "begin")
    def no_room(connection: sa.Connection) -> None:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")

    with pytest.raises(StorageFullError), writing(engine) as connection:
        connection.execute(sa.insert(database.event), {"idx": 0, "leaf": bytes(100_000)})
    with reading(engine) as connection:
        assert connection.execute(sa.select(database.event)).all() == []


def test_a_locked_database_is_the_stores_error(engine: sa.Engine) -> None:
    with pytest.raises(StoreError, match="database is locked") as raised, store_errors("here"):
        raise sa.exc.OperationalError("INSERT", None, Exception("database is locked"))
    assert not isinstance(raised.value, StorageFullError)
    assert raised.value.where == "here"


def test_a_new_file_has_large_pages_and_an_older_one_keeps_its_own(tmp_path: Path) -> None:
    def pragmas(file: Path) -> tuple[int, int]:
        engine = open_engine(sqlite_url(file))
        with writing(engine) as connection:
            connection.execute(sa.text("CREATE TABLE IF NOT EXISTS any (a)"))
            values = [
                connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
                for name in ("page_size", "wal_autocheckpoint")
            ]
        engine.dispose()
        return values[0], values[0] * values[1]

    with closing(sqlite3.connect(tmp_path / "old.db")) as connection:
        connection.execute("PRAGMA page_size = 4096")
        connection.execute("CREATE TABLE any (a)")
    assert pragmas(tmp_path / "old.db") == (4096, 16 << 20)
    assert pragmas(tmp_path / "new.db") == (database.PAGE_BYTES, 16 << 20)


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (psycopg.OperationalError("failed to resolve host 'nowhere'"), "store.no_connection"),
        (psycopg.errors.TooManyConnections("sorry, too many clients already"), "store.no_connection"),
        (psycopg.errors.DiskFull("could not extend file: No space left on device"), "storage_full.or_disk_failed"),
        (psycopg.errors.SyntaxError("syntax error"), "store.refused"),
    ],
)
def test_what_a_server_lacks_is_no_damage_of_the_home(said: psycopg.Error, code: str) -> None:
    with pytest.raises(Explained) as raised, store_errors("database"):
        raise sa.exc.OperationalError("SELECT", None, said)
    assert raised.value.code == code
