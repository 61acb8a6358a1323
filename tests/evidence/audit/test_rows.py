"""Whatever type a damaged database gives back is a finding that names its row; rows in clear are told from no key."""

import json
import re
import shutil
import sqlite3
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import product
from pathlib import Path

import pytest

from api.cli.main import main
from api.home import DATABASE_FILE, Home
from api.office.audit import how_records_compared, run_audit
from api.office.channel import WatchEntry, add_channel, remove_channel
from api.office.hash_list import remove_hash_list
from api.office.hold import HoldWish, place_hold
from casefiles.case import add_items, open_case, remove_items
from casefiles.freeze import FreezeHint, freeze_items
from evidence.audit.run import Audit
from evidence.custody.append import TileRows, tree_size
from evidence.custody.sequencer import newest_checkpoint, newest_token
from evidence.custody.stamps import newest
from evidence.errors import StoreError
from evidence.finding import Verdict
from evidence.observation import Mode
from evidence.store import database
from evidence.store.database import reading
from evidence.store.hold import HoldKind
from tests.erasing import erase_now
from tests.homes import PASSPHRASE, Office, copy_of, doer, items_of, new_office, tell_case
from tests.listing import give_list
from tests.nonempty import nonempty

pytestmark = pytest.mark.repeats

TRUTH = (database.event, database.sealed, database.checkpoint, database.token, database.pin, database.tile)
OTHERS = {
    "text": "'text'",
    "text that is no UTF-8": "CAST(x'ff00fe' AS TEXT)",
    "null": "NULL",
    "huge": "9223372036854775807",
    "negative": "-1",
    "fraction": "1.5",
    "bytes": "x'00'",
}
KEYS = {"event": "idx", "sealed": "idx", "checkpoint": "size", "token": "idx", "pin": "idx", "tile": "level"}
NAMED = re.compile(r"(leaf|checkpoint|token|tile|pin) ")


def audited(home: Home, passphrase: str | None = None, level: int = 3) -> Audit:
    return run_audit(home, level=level, against=None, passphrase=passphrase, progress=lambda _more: None)


@pytest.fixture
def home(office: Office, tmp_path: Path) -> Iterator[Home]:
    home = copy_of(office, tmp_path)
    yield home
    home.engine.dispose()


def change(home: Home, *statements: str) -> None:
    """Change the rows as a flipped bit does: past what the schema allows."""
    connection = sqlite3.connect(home.path / DATABASE_FILE)
    with connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()


def without_rules(home: Home) -> None:
    """Columns without types, keys and NOT NULL, so that each can hold what a flipped bit makes of it."""
    connection = sqlite3.connect(home.path / DATABASE_FILE)
    with connection:
        for table in TRUTH:
            connection.execute(f"ALTER TABLE {table.name} RENAME TO old_{table.name}")
            connection.execute(f"CREATE TABLE {table.name} ({', '.join(column.name for column in table.columns)})")
            connection.execute(f"INSERT INTO {table.name} SELECT * FROM old_{table.name}")
            connection.execute(f"DROP TABLE old_{table.name}")
    connection.close()


@pytest.mark.parametrize("step", [11, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.parametrize("table", [table.name for table in TRUTH])
def test_a_value_of_another_type_is_a_finding_that_names_its_row(home: Home, table: str, step: int) -> None:
    without_rules(home)
    assert {each.id for each in audited(home, PASSPHRASE).report.problems} == {"database.schema"}
    home.engine.dispose()
    clean = (home.path / DATABASE_FILE).read_bytes()
    key = KEYS[table]
    pairs = list(product(database.metadata.tables[table].columns, OTHERS.items()))
    for column, (name, value) in nonempty(pairs[::step]):
        if (column.name, name) == ("cosigned", "null"):
            continue  # as it is
        chosen = f"(SELECT rowid FROM {table} ORDER BY {key} LIMIT 1 OFFSET 0)"
        change(home, f"UPDATE {table} SET {column.name} = {value} WHERE rowid = {chosen}")
        for passphrase in (None, PASSPHRASE):
            failures = [
                each
                for each in audited(home, passphrase).report.problems
                if each.verdict is Verdict.FAILED and each.id != "database.schema"
            ]
            assert any(NAMED.search(each.where) for each in failures), (column.name, name, failures)
        home.engine.dispose()
        for extra in ("-wal", "-shm"):
            (home.path / (DATABASE_FILE + extra)).unlink(missing_ok=True)
        (home.path / DATABASE_FILE).write_bytes(clean)


def test_the_command_prints_one_object_for_a_leaf_that_turned_text(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    change(home, "UPDATE event SET leaf = CAST(leaf AS TEXT) WHERE idx = 3", "UPDATE token SET size = 'many'")
    assert main(["--home", str(home.path), "audit", "--json"]) == 1
    printed = json.loads(capsys.readouterr().out)
    assert printed["verdict"] == "FAILED"
    assert {"leaf 3"} <= {each["where"] for each in printed["problems"]}


def test_readers_of_the_log_name_the_row_that_is_no_bytes(home: Home) -> None:
    change(
        home,
        "UPDATE tile SET hashes = 'text'",
        "UPDATE token SET token = 5",
        "UPDATE checkpoint SET note = 'text'",
        "INSERT INTO event VALUES (9223372036854775807, 'leaf')",
    )
    with reading(home.engine) as connection:
        for read, where in (
            (lambda: TileRows(connection).tile(level=0, n=0), "tile 0/0"),
            (lambda: newest_token(connection), "leaf "),
            (lambda: newest(connection), "token "),
            (lambda: newest_checkpoint(connection), "checkpoint "),
            (lambda: tree_size(connection), "table event"),
        ):
            with pytest.raises(StoreError) as raised:
                read()
            assert raised.value.where.startswith(where)


def test_an_audit_that_could_not_compare_to_the_end_does_not_say_that_it_did(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_arguments: object) -> None:
        raise StoreError("the disk failed")

    monkeypatch.setattr("evidence.audit.store.row_differences", broken)
    done = audited(home, PASSPHRASE)
    assert not done.compared
    assert how_records_compared(home, done, 3) == "not compared to the end: see records.rows"


# What was signed last


def test_a_log_that_was_cut_is_found_though_the_checkpoint_beside_the_key_is_gone(home: Home) -> None:
    change(
        home,
        "DELETE FROM checkpoint WHERE size > (SELECT min(size) FROM checkpoint)",
    )
    home.keys.signed.unlink()
    found = {each.id: each.verdict for each in audited(home, level=1).report.problems}
    assert found["log.signed"] is Verdict.FAILED


def test_the_folder_of_keys_that_is_gone_is_not_taken_for_a_removed_file(home: Home) -> None:
    shutil.rmtree(home.keys.path)
    found = {each.id: each.verdict for each in audited(home, level=1).report.problems}
    assert found["log.signed"] is Verdict.INDETERMINATE


# Rows in clear, without a key


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Office:
    """A home with a row in each table."""
    office = new_office(tmp_path_factory.mktemp("full"))
    home = Home.open(office.home.path)
    entry = WatchEntry("channel", "https://example.org/report", "an office", date(2026, 1, 2), "public")
    add_channel(home, entry, Mode.METADATA_ONLY, None, doer(home))
    items = [item.item_id for item in items_of(home)[:2]]
    with home.writing() as writer:
        case = open_case(writer.sequencer, doer(home))
        add_items(home.engine, writer.sequencer, case, items, doer(home))
        remove_items(home.engine, writer.sequencer, case, items[:1], doer(home))
        add_items(home.engine, writer.sequencer, case, items[:1], doer(home))
        open_case(writer.sequencer, doer(home))
        tell_case(writer.sequencer, doer(home), case, items[1])
        by = doer(home).values()
        freeze_items(home.engine, writer.sequencer, items[:1], hint=FreezeHint.PERSON, what="x", by=by)
    for table in (b"0f" * 16, b"1f" * 16):
        case = give_list(home, table).done.case_id
    remove_hash_list(home, case, doer(home))
    erase_now(home, next(item.item_id for item in items_of(home)[::-1] if item.item_id not in items))
    day = home.clock().date() + timedelta(days=90)
    place_hold(home, HoldWish(HoldKind.LEGAL, day, items=(items[0],)), doer(home))
    home.engine.dispose()
    return office


def test_a_home_with_a_row_in_each_table_passes(full: Office, tmp_path: Path) -> None:
    home = copy_of(full, tmp_path)
    assert not {each.id for each in audited(home).report.problems} - {"log.anchored"}
    with reading(home.engine) as connection:
        assert all(connection.execute(table.select().limit(1)).all() for table in database.PROJECTIONS)
    home.engine.dispose()


def test_a_channel_that_was_removed_or_renewed_is_not_missing(full: Office, tmp_path: Path) -> None:
    home = copy_of(full, tmp_path)
    entry = WatchEntry("channel", "https://example.org/other", "an office", date(2026, 1, 2), "public")
    add_channel(home, entry, Mode.METADATA_ONLY, None, doer(home))
    assert not {each.id for each in audited(home).report.problems} - {"log.anchored"}
    remove_channel(home, "channel", doer(home))
    assert not {each.id for each in audited(home).report.problems} - {"log.anchored"}
    home.engine.dispose()


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM item WHERE idx = (SELECT max(idx) FROM item)",
        "DELETE FROM item",
        "UPDATE item SET idx = 0 WHERE idx = (SELECT max(idx) FROM item)",
        "UPDATE item SET item_id = 'ff' WHERE idx = (SELECT max(idx) FROM item)",
        "UPDATE item SET payload_sha256 = 'ff' WHERE idx = (SELECT max(idx) FROM item)",
        "DELETE FROM hole WHERE idx = (SELECT max(idx) FROM hole)",
        "UPDATE hole SET idx = 0 WHERE idx = (SELECT max(idx) FROM hole)",
        "UPDATE extent SET idx = 0",
        "DELETE FROM authority WHERE idx = (SELECT max(idx) FROM authority)",
        "UPDATE authority SET request = 'ff' WHERE idx = (SELECT max(idx) FROM authority)",
        "UPDATE authority SET approved_idx = NULL",
        "UPDATE authority SET approved_idx = 0",
        "UPDATE authority SET acted_idx = 0",
        "UPDATE authority SET closed_idx = 0",
        "DELETE FROM case_item",
        "DELETE FROM case_item WHERE removed_idx IS NOT NULL",
        "UPDATE case_item SET removed_idx = NULL",
        "UPDATE case_item SET removed_idx = 0",
        "UPDATE case_item SET removed_idx = (SELECT max(removed_idx) FROM case_item)",
        "UPDATE case_item SET idx = removed_idx, removed_idx = idx WHERE removed_idx IS NOT NULL",
        "UPDATE case_item SET removed_idx = 'text' WHERE removed_idx IS NOT NULL",
        "DELETE FROM case_file",
        "DELETE FROM hash_part WHERE removed_idx IS NULL",
        "DELETE FROM hash_part WHERE removed_idx IS NOT NULL",
        "UPDATE hash_part SET idx = 0 WHERE removed_idx IS NULL",
        "UPDATE hash_part SET removed_idx = NULL",
        "UPDATE hash_part SET removed_idx = 0 WHERE removed_idx IS NULL",
        "UPDATE hash_part SET removed_idx = 'text' WHERE removed_idx IS NOT NULL",
        "UPDATE hash_part SET removed_idx = (SELECT max(removed_idx) FROM hash_part)",
        "DELETE FROM alert",
        "UPDATE alert SET idx = 0",
        "UPDATE alert SET dismissed_idx = NULL",
        "UPDATE alert SET dismissed_idx = 0",
        "UPDATE alert SET idx = dismissed_idx, dismissed_idx = idx",
        "DELETE FROM channel",
        (
            "INSERT INTO channel SELECT 'other', idx, mode, access, report_url, reported_by, reported_on, "
            "reported_as, follows, channel_id, expires, rights FROM channel"
        ),
        "UPDATE channel SET idx = 0",
        "INSERT INTO case_file VALUES ('ff', 3, '', NULL, NULL)",
        "INSERT INTO hole SELECT -1, seen, part, channel_id, lo, hi, reason, since, until, capture FROM hole LIMIT 1",
    ],
)
def test_rows_in_clear_that_are_missing_moved_or_added_are_found_without_a_key(
    full: Office, tmp_path: Path, statement: str
) -> None:
    home = copy_of(full, tmp_path)
    change(home, statement)
    assert "rows.places" in {each.id for each in audited(home).report.problems}
    home.engine.dispose()
