"""Events go in at the end, in one transaction, and the tiles are those of the leaves."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from evidence.custody.append import TileRows, append, tree_size
from evidence.custody.event import Draft, Prepared, prepare
from evidence.errors import StoreError, TileError
from evidence.log.merkle import leaf_hash
from evidence.log.schema import NO_TOKEN
from evidence.log.tiles import tree_root
from evidence.store import database
from evidence.store.database import reading, writing
from tests.evidence.log.ledger import CASEWORK, ORIGIN, Ledger, case_opened, new_ledger
from tests.evidence.log.reference import mth

ANCHOR = Draft(
    "anchor", public=dict.fromkeys(("checkpoint_sha256", "gen_time", "office", "reply_sha256", "token_sha256"), "x")
)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    ledger = new_ledger(tmp_path)
    yield ledger
    ledger.engine.dispose()


def entry(draft: Draft) -> Prepared:
    return prepare(draft, origin=ORIGIN, casework=CASEWORK.recipient)


def count(engine: sa.Engine, table: sa.Table) -> int:
    with reading(engine) as connection:
        return int(connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())


def test_a_missing_tile_is_named(ledger: Ledger) -> None:
    with reading(ledger.engine) as connection, pytest.raises(TileError, match="missing") as raised:
        TileRows(connection).tile(level=0, n=7)
    assert raised.value.where == "tile 0/7"


def test_nothing_of_a_failed_append_is_left(ledger: Ledger) -> None:
    with ledger.engine.connect() as connection, connection.begin() as transaction:
        append(connection, [entry(case_opened())], after=NO_TOKEN)
        transaction.rollback()
    assert [count(ledger.engine, table) for table in (database.event, database.sealed, database.tile)] == [0, 0, 0]


def test_a_sealed_row_in_the_way_stops_the_whole_transaction(ledger: Ledger) -> None:
    with writing(ledger.engine) as connection:
        connection.execute(sa.insert(database.sealed), {"idx": 1, "name": "record", "body": b"x"})
    with pytest.raises(StoreError), writing(ledger.engine) as connection:
        append(connection, [entry(case_opened(1)), entry(case_opened(2))], after=NO_TOKEN)
    assert count(ledger.engine, database.event) == 0


def test_appending_nothing_changes_nothing(ledger: Ledger) -> None:
    with writing(ledger.engine) as connection:
        assert append(connection, [], after=NO_TOKEN) == 0
        assert append(connection, [entry(ANCHOR)], after=NO_TOKEN) == 0
        assert append(connection, [], after=NO_TOKEN) == 1
    assert count(ledger.engine, database.event) == 1


def test_an_event_without_ciphertexts_has_no_sealed_row(ledger: Ledger) -> None:
    with writing(ledger.engine) as connection:
        append(connection, [entry(ANCHOR)], after=NO_TOKEN)
    assert count(ledger.engine, database.sealed) == 0


@pytest.mark.parametrize("sizes", [(1, 1, 1), (255, 1, 1), (300, 300)])
def test_the_tiles_have_the_root_of_the_leaves(ledger: Ledger, sizes: tuple[int, ...]) -> None:
    leaves: list[bytes] = []
    for size in sizes:
        entries = [entry(ANCHOR) for _ in range(size)]
        with writing(ledger.engine) as connection:
            assert append(connection, entries, after=NO_TOKEN) == len(leaves)
            leaves += [each.leaf(NO_TOKEN) for each in entries]
            assert tree_size(connection) == len(leaves)
            assert tree_root(TileRows(connection), size=len(leaves)) == mth([leaf_hash(leaf) for leaf in leaves])
    with reading(ledger.engine) as connection:
        kept = connection.execute(sa.select(database.event).order_by(database.event.c.idx)).all()
    assert [(row.idx, bytes(row.leaf)) for row in kept] == list(enumerate(leaves))


SWALLOWING = [
    "CREATE TRIGGER t BEFORE INSERT ON {table} BEGIN SELECT RAISE(IGNORE); END",
    "CREATE TRIGGER t AFTER INSERT ON {table} BEGIN DELETE FROM {table} WHERE rowid = new.rowid; END",
    "CREATE TRIGGER t AFTER INSERT ON {table} BEGIN UPDATE {table} SET {column} = x'00' WHERE rowid = new.rowid; END",
]


@pytest.mark.parametrize(
    ("table", "column"), [("event", "leaf"), ("sealed", "body"), ("pin", "lines"), ("tile", "hashes")]
)
@pytest.mark.parametrize("statement", SWALLOWING)
def test_a_row_that_a_trigger_takes_away_or_changes_is_not_acknowledged(
    ledger: Ledger, statement: str, table: str, column: str
) -> None:
    opening = Draft("log_opened", {"actor": "ann", "tool": "nisisama/0"})
    with writing(ledger.engine) as connection:
        connection.exec_driver_sql(statement.format(table=table, column=column))
    with pytest.raises(StoreError, match="does not hold it") as raised, writing(ledger.engine) as connection:
        append(connection, [entry(opening)], after=NO_TOKEN)
    assert raised.value.where.startswith(f"{table} 0")
    assert count(ledger.engine, database.event) == 0
