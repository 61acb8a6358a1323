from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import sqlalchemy as sa

from evidence.errors import StoreError
from evidence.store import database, move
from evidence.store.database import open_engine, reading, sqlite_url, writing
from evidence.store.migrate import upgrade
from evidence.store.move import copy_rows, count_rows, held, require_empty, rows_sha256
from evidence.store.schema import found_objects
from tests.nonempty import nonempty

LEAVES = 40
FAR = 2**62
ODD = ("ß-first", "Zz", "aa", "ë\u0301")
"""Keys whose order depends on the collation."""


@pytest.fixture
def engines(tmp_path: Path) -> Iterator[tuple[sa.Engine, sa.Engine]]:
    with ExitStack() as stack:
        made = tuple(open_engine(sqlite_url(tmp_path / name)) for name in ("from.db", "to.db"))
        for each in nonempty(made):
            stack.callback(each.dispose)
        fill(made[0])
        yield made[0], made[1]


def fill(engine: sa.Engine) -> None:
    """Rows of every kind of column: long and empty bytes, text in two scripts, nulls, large numbers."""
    upgrade(engine)
    with writing(engine) as connection:
        leaves = [{"idx": at, "leaf": bytes([at]) * (at * 9)} for at in range(LEAVES)]
        connection.execute(sa.insert(database.event), leaves)
        connection.execute(sa.insert(database.token), {"idx": FAR, "size": FAR, "token": b"\0", "reply": b"\xff"})
        connection.execute(sa.insert(database.follower), [{"name": name, "position": 3} for name in ODD])
        rows = [{"channel": name, "idx": 1, "mode": "sealed", "access": "public"} for name in ODD]
        connection.execute(sa.insert(database.channel), rows)


def test_a_copy_holds_what_the_original_holds(engines: tuple[sa.Engine, sa.Engine]) -> None:
    source, target = engines
    heard: list[int] = []
    with writing(source) as old, writing(target) as new:
        copied = copy_rows(old, new, heard.append)
        assert sum(heard) == count_rows(old) == sum(each.rows for each in copied.values())
    with reading(source) as old, reading(target) as new:
        assert held(old) == held(new) == copied
        for table in nonempty(database.metadata.sorted_tables):
            both = (set(each.execute(sa.select(table))) for each in (old, new))
            assert next(both) == next(both)


def test_a_table_is_copied_in_batches(engines: tuple[sa.Engine, sa.Engine], monkeypatch: pytest.MonkeyPatch) -> None:
    source, target = engines
    monkeypatch.setattr(move, "BATCH_ROWS", 16)
    heard: list[int] = []
    with writing(source) as old, writing(target) as new:
        copy_rows(old, new, heard.append)
    assert 1 < max(heard) <= 16
    assert len(heard) > LEAVES // 16


CHANGES = {
    "a changed byte": sa.update(database.event).where(database.event.c.idx == 7).values(leaf=b"x"),
    "a missing row": sa.delete(database.follower).where(database.follower.c.name == ODD[0]),
    "an extra row": sa.insert(database.pin).values(idx=0, lines=b""),
    "empty text for null": sa.update(database.channel).values(report_url=""),
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_changes_on_the_way_is_found(engines: tuple[sa.Engine, sa.Engine], name: str) -> None:
    source, target = engines
    with reading(source) as connection:
        left = [count_rows(connection)]

    def copy_and_change() -> None:
        with writing(source) as old, writing(target) as new:

            def hear(more: int) -> None:
                left[0] -= more
                if not left[0]:
                    new.execute(CHANGES[name])

            copy_rows(old, new, hear)

    with pytest.raises(StoreError) as raised:
        copy_and_change()
    assert raised.value.code == "database_move.differs"
    with reading(target) as connection:
        assert not found_objects(connection)  # none of it was committed


def test_a_database_that_holds_something_is_not_empty(engines: tuple[sa.Engine, sa.Engine]) -> None:
    source, target = engines
    with reading(target) as connection:
        require_empty(connection, None)
    with reading(source) as connection, pytest.raises(StoreError, match="not empty"):
        require_empty(connection, None)


def test_what_a_move_left_is_removed_if_nobody_used_it(engines: tuple[sa.Engine, sa.Engine]) -> None:
    source, target = engines
    with writing(source) as old, writing(target) as new:
        left = rows_sha256(copy_rows(old, new, lambda _more: None))
    with writing(target) as connection:
        connection.execute(sa.insert(database.follower), {"name": "used", "position": 1})
    with writing(target) as connection, pytest.raises(StoreError, match="not empty"):
        require_empty(connection, left)
    with writing(target) as connection:
        connection.execute(sa.delete(database.follower).where(database.follower.c.name == "used"))
        require_empty(connection, left)
        assert not found_objects(connection)


def test_a_value_of_a_type_that_we_never_write_is_not_copied(engines: tuple[sa.Engine, sa.Engine]) -> None:
    source, target = engines
    with writing(source) as connection:
        connection.exec_driver_sql("UPDATE follower SET position = 1.5")
    with pytest.raises(StoreError) as raised, writing(source) as old, writing(target) as new:
        copy_rows(old, new, lambda _more: None)
    assert (raised.value.code, raised.value.found) == ("database_move.odd_value", "float")
