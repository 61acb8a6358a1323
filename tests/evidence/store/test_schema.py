"""Whatever somebody adds to a database, takes from it or changes in it is named, object by object."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from evidence.errors import StoreError
from evidence.store import database
from evidence.store.database import reading
from evidence.store.migrate import upgrade
from evidence.store.schema import differences, require_own_schema

FOREIGN = {
    "a trigger that swallows entries": (
        "CREATE TRIGGER t BEFORE INSERT ON event BEGIN SELECT RAISE(IGNORE); END",
        "trigger t",
    ),
    "a trigger that takes them away": (
        "CREATE TRIGGER t AFTER INSERT ON sealed BEGIN DELETE FROM sealed WHERE idx = new.idx; END",
        "trigger t",
    ),
    "a view": ("CREATE VIEW v AS SELECT * FROM item", "view v"),
    "a table": ("CREATE TABLE t (a)", "table t"),
    "a virtual table": ("CREATE VIRTUAL TABLE t USING fts5(a)", "table t"),
    "an index": ("CREATE INDEX i ON item (mode)", "index i"),
    "a unique index": ("CREATE UNIQUE INDEX i ON item (mode)", "index i"),
    "an index that is gone": ("DROP INDEX ix_item_place", "index ix_item_place"),
    "a table that is gone": ("DROP TABLE task", "table task"),
    "a column": ("ALTER TABLE event ADD COLUMN more TEXT", "table event"),
    "a generated column": ("ALTER TABLE event ADD COLUMN more TEXT AS (leaf)", "table event"),
    "a column with a default": ("ALTER TABLE item ADD COLUMN more TEXT DEFAULT 'x'", "table item"),
    "a renamed column": ("ALTER TABLE hole RENAME COLUMN until TO ended", "table hole"),
    "statistics": ("ANALYZE", "table sqlite_stat1"),
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "home.db"
    engine = database.open_engine(database.sqlite_url(file))
    upgrade(engine)
    engine.dispose()
    return file


@pytest.fixture
def engine(file: Path) -> Iterator[sa.Engine]:
    engine = database.open_engine(database.sqlite_url(file))
    yield engine
    engine.dispose()


def test_what_the_migrations_make_is_what_is_expected(engine: sa.Engine) -> None:
    with reading(engine) as connection:
        assert list(differences(connection)) == []
        require_own_schema(connection)


@pytest.mark.parametrize("name", FOREIGN)
def test_a_foreign_missing_or_changed_object_is_named(name: str, file: Path, engine: sa.Engine) -> None:
    statement, named = FOREIGN[name]
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(statement)
    with reading(engine) as connection:
        assert named in {each.what for each in differences(connection)}
        with pytest.raises(StoreError) as raised:
            require_own_schema(connection)
    assert raised.value.where
    assert raised.value.expected != raised.value.found


def test_an_object_written_past_the_statements_is_named_too(file: Path, engine: sa.Engine) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("UPDATE sqlite_master SET sql = replace(sql, 'NOT NULL', '') WHERE name = 'token'")
    with reading(engine) as connection:
        assert [each.what for each in differences(connection)] == ["table token"]
