"""A new database has the tables that the program reads and writes, and is of its version."""

from pathlib import Path

import pytest
import sqlalchemy as sa

from evidence.errors import SchemaVersionError
from evidence.store import database
from evidence.store.database import reading, require_version
from evidence.store.migrate import upgrade


def test_the_migrations_make_the_tables_of_the_program_and_no_others(tmp_path: Path) -> None:
    migrated, declared = (database.open_engine(database.sqlite_url(tmp_path / name)) for name in ("one", "other"))
    upgrade(migrated)
    database.metadata.create_all(declared)
    one, other = sa.inspect(migrated), sa.inspect(declared)
    assert sorted(one.get_table_names()) == sorted([*other.get_table_names(), "alembic_version"])
    for table in other.get_table_names():
        columns = [
            [
                (each["name"], str(each["type"]), each["nullable"], each["primary_key"])
                for each in both.get_columns(table)
            ]
            for both in (one, other)
        ]
        assert columns[0] == columns[1], table
        indexes = [
            {(each["name"], tuple(each["column_names"]), each["unique"]) for each in both.get_indexes(table)}
            for both in (one, other)
        ]
        assert indexes[0] == indexes[1], table
    for engine in (migrated, declared):
        engine.dispose()


def test_a_database_is_of_this_version_once_it_is_upgraded_and_stays_so(tmp_path: Path) -> None:
    engine = database.open_engine(database.sqlite_url(tmp_path / "home.db"))
    with reading(engine) as connection, pytest.raises(SchemaVersionError):
        require_version(connection)
    for _ in range(2):
        upgrade(engine)
        with reading(engine) as connection:
            require_version(connection)
    engine.dispose()
