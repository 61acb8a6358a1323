"""Somebody who can write to the home, and has no key, changes one thing: the audit or the next opening names it.

Every file, every table and column, every class of schema object; removed, added, changed, swapped with another
home's or another row's, put back to an older state. What stays unnoticed is listed here with its reason, and
docs/threats.md says the same. The control of each class: untouched, nothing is named.
"""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from api.home import DATABASE_FILE, Home
from api.office.audit import run_audit
from api.office.case import list_cases, show_case
from api.office.channel import add_channel, remove_channel
from api.office.freeze import freeze
from api.office.hash_list import remove_hash_list
from api.office.health import check_health
from api.office.hold import HoldWish, end_holds, place_hold
from api.office.item import DigestLook, list_items
from config.errors import Explained
from config.watchlist import WatchEntry
from evidence.canonical import sha256_hex
from evidence.custody.append import _grow
from evidence.errors import CheckpointError
from evidence.finding import Verdict
from evidence.observation import Mode
from evidence.store import database
from evidence.store.database import writing
from evidence.store.hold import HoldKind
from evidence.times import system_clock
from tests.contracts.tree import ROOT
from tests.erasing import erase_now
from tests.homes import (
    PASSPHRASE,
    Office,
    copy_of,
    doer,
    export_of,
    items_of,
    new_case,
    new_home,
    new_office,
    records_of,
    size_of,
    tell_case,
)
from tests.listing import give_list
from tests.nonempty import nonempty

pytestmark = pytest.mark.repeats

SEED = 20261125
OUT_OF_REACH = {
    "nisisama.log": "the operational log is no evidence",
    "lock": "an empty file that is locked",
    "beat": "a hint when a time stamp was last asked for",
    "backup": "a hint of when and where the newest backups were made",
    "nisisama.toml": "limits of work, which time-stamp offices are asked, and where the rows are",
    "trust/time-stamp-": "a root that is gone is handed out again from the catalogue",
    "revocation/": "they cannot make one. A bundle names each certificate for which it has none",
    "follower": "how far work has come; it is done again",
    "api_key": "one that was revoked can be put back from an older copy",
    "print_segment": "what somebody else wrote, or put back from before an erasure, is left aside and made again",
    "task": "how far work has come; it is done again",
    "checkpoint: a row removed": "a checkpoint that no time stamp is for",
    "added": "a file that no command reads",
}
"""Beginning of what is changed -> why nobody notices it; the words stand in docs/threats.md."""


@dataclass(frozen=True)
class Change:
    """One thing that a writer without keys does."""

    what: str
    make: Callable[[Home], object]


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    """A home with a row in each table, and the database and settings as they were some commands ago."""
    folder = tmp_path_factory.mktemp("whole")
    office = new_office(folder)
    home = Home.open(office.home.path)
    for name in ("kept", "removed"):
        entry = WatchEntry(name, "https://example.org/report", "an office", date(2026, 1, 2), "public")
        add_channel(home, entry, Mode.METADATA_ONLY, None, doer(home, approver=None))
    remove_channel(home, "removed", doer(home))
    home.engine.dispose()
    with closing(sqlite3.connect(home.path / DATABASE_FILE)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copyfile(home.path / DATABASE_FILE, folder / "older.db")
    case = new_case(home, [item.item_id for item in items_of(home)[:2]])
    with home.writing() as writer:
        tell_case(writer.sequencer, doer(home), case, items_of(home)[3].item_id)
    remove_hash_list(home, give_list(home, b"0f" * 16).done.case_id, doer(home))
    give_list(home, b"1f" * 16)
    export_of(home, case, folder / "case.asice")
    freeze(home, [items_of(home)[5].item_id], doer(home, approver=None))
    erase_now(home, *(item.item_id for item in items_of(home)[6:9]))
    day = home.clock().date() + timedelta(days=90)
    place_hold(home, HoldWish(HoldKind.LEGAL, day, case), doer(home))
    ended = place_hold(home, HoldWish(HoldKind.RENEWAL, day, items=(items_of(home)[0].item_id,)), doer(home))
    end_holds(home, [ended.hold_id], doer(home))
    list_items(home, look=DigestLook(doer(home), home.keys.unlock(PASSPHRASE).casework))
    (home.path / "nisisama.log.lock").touch()
    home.engine.dispose()
    other, _cards = new_home(folder / "other")
    other.engine.dispose()
    return office


@pytest.fixture
def home(office: Office, tmp_path: Path) -> Iterator[Home]:
    home = copy_of(office, tmp_path)
    home.engine.dispose()
    yield home
    home.engine.dispose()


@pytest.fixture(autouse=True)
def _decoder_at_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.office.health.decoder", lambda: None)


def named(path: Path) -> str:
    """What names the change: the check, or the code of the refusal; empty where nothing does."""
    try:
        home = Home.open(path)
    except Explained as error:
        return error.code
    try:
        told = run_audit(home, level=3, against=None, passphrase=PASSPHRASE, progress=lambda _more: None)
        for finding in told.report.problems:
            return finding.id
        with home.writing():
            pass
        for finding in check_health(path, system_clock).problems:
            if finding.verdict is Verdict.FAILED:
                return finding.id
    except Explained as error:
        return error.code
    finally:
        home.engine.dispose()
    return ""


def unnoticed(office: Office, folder: Path, changes: Iterator[Change]) -> list[str]:
    """Every change that nothing names and nothing excuses; each is made on a home as it was."""
    missed = []
    for number, change in enumerate(changes):
        (folder / str(number)).mkdir(parents=True)
        home = copy_of(office, folder / str(number))
        home.engine.dispose()
        change.make(home)
        if not named(home.path) and not any(change.what.startswith(what) for what in OUT_OF_REACH):
            missed.append(change.what)
        shutil.rmtree(folder / str(number))
    return missed


@pytest.mark.slow
def test_a_home_that_nobody_touched_is_named_nowhere(home: Home) -> None:
    """CONTROL of every class: what is named is the change."""
    assert named(home.path) == ""


def test_without_the_check_of_its_class_a_change_stays_unnoticed(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CONTROL of every class: the generator can fail."""
    other = office.home.path.with_name("other")
    stranger = (other / "recipients/office.txt").read_bytes()
    swap = Change("a recipient", lambda home: _put(home.path / "recipients/office.txt", stranger))
    trigger = Change("a trigger", lambda home: run(home, SCHEMA[0]))
    row = Change("a hole removed", lambda home: run(home, "DELETE FROM hole"))
    blinds = {
        swap: ["evidence.audit.home.unpinned", "api.home.unpinned"],
        trigger: ["evidence.store.schema.differences", "evidence.audit.home.differences"],
        row: ["evidence.audit.run.row_places", "evidence.audit.store.row_differences"],
    }
    for number, (change, checks) in enumerate(nonempty(blinds.items())):
        with monkeypatch.context() as blind:
            for check in checks:
                blind.setattr(check, lambda *_told: iter(()))
            assert unnoticed(office, tmp_path / str(number), iter([change])) == [change.what]
        assert unnoticed(office, tmp_path / f"{number} seen", iter([change])) == []


# Files


def flipped(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    _put(file, bytes(data))


def _put(file: Path, data: bytes) -> None:
    file.chmod(0o600)
    file.write_bytes(data)


def file_changes(office: Office) -> Iterator[Change]:
    """Every file but the database: removed, emptied, a bit of it changed, and that of another home."""
    other = office.home.path.with_name("other")
    for file in sorted(office.home.path.rglob("*")):
        name = file.relative_to(office.home.path)
        if not file.is_file() or name.name.startswith(DATABASE_FILE):
            continue
        yield Change(f"{name} removed", lambda home, name=name: (home.path / name).unlink())
        if file.stat().st_size:
            yield Change(f"{name} emptied", lambda home, name=name: _put(home.path / name, b""))
            yield Change(f"{name} changed", lambda home, name=name: flipped(home.path / name))
        if (other / name).is_file():
            yield Change(
                f"{name} of another home", lambda home, name=name: _put(home.path / name, (other / name).read_bytes())
            )
    for folder in ("", "recipients", "recovery", "trust", "objects", "objects/pending"):
        yield Change(
            f"{'' if folder.startswith('objects') else 'added '}a file in {folder}",
            lambda home, folder=folder: (home.path / folder / "stranger").write_bytes(b"x"),
        )
    yield Change(
        "trust: a root of one's own",
        lambda home: shutil.copyfile(other / "trust/seal-root.pem", home.path / "trust/stranger.pem"),
    )


@pytest.mark.slow
def test_every_file_that_is_removed_changed_swapped_or_added_is_named(office: Office, tmp_path: Path) -> None:
    assert unnoticed(office, tmp_path, file_changes(office)) == []


# Rows


def run(home: Home, *statements: str) -> None:
    """Run statements as whoever can write to the database: past foreign keys and checks."""
    with closing(sqlite3.connect(home.path / DATABASE_FILE)) as connection, connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        for statement in statements:
            connection.execute(statement)


def _other_value(column: sa.Column[object]) -> str:
    """Another value of the column's type, in SQL."""
    name = column.name
    if isinstance(column.type, sa.LargeBinary):
        return f"CASE WHEN {name} IS NULL THEN x'00' ELSE CAST({name} AS BLOB) || x'00' END"
    if isinstance(column.type, sa.Integer):
        return f"coalesce({name}, 0) + 1000"
    return f"CASE WHEN {name} IS NULL THEN 'x' ELSE 'x' || substr({name}, 2) END"


def row_changes(tables: list[sa.Table]) -> Iterator[Change]:
    """Each row class of each table: one removed, all removed, one added; and each column: changed, or swapped."""
    for table in tables:
        name, columns = table.name, [column.name for column in table.columns]
        key = next(iter(table.primary_key))
        for end in ("ASC", "DESC"):
            one = f"rowid = (SELECT rowid FROM {name} ORDER BY {key.name} {end} LIMIT 1)"
            yield Change(
                f"{name}: a row removed, {end}", lambda home, n=name, o=one: run(home, f"DELETE FROM {n} WHERE {o}")
            )
            for column in table.columns:
                statement = f"UPDATE {name} SET {column.name} = {_other_value(column)} WHERE {one}"
                yield Change(f"{name}.{column.name} changed, {end}", lambda home, s=statement: run(home, s))
        yield Change(f"{name}: all rows removed", lambda home, n=name: run(home, f"DELETE FROM {n}"))
        added = ", ".join(
            _other_value(each) if each.primary_key or each.unique else each.name for each in table.columns
        )
        statement = f"INSERT INTO {name} SELECT {added} FROM {name} ORDER BY {key.name} DESC LIMIT 1"
        yield Change(f"{name}: a row added", lambda home, s=statement: run(home, s))
        for column in table.columns:
            if not column.primary_key and not column.unique and len(columns) > 1:
                yield Change(f"{name}.{column.name} swapped", lambda home, n=name, c=column.name: _swap(home, n, c))


def _swap(home: Home, table: str, column: str) -> None:
    """Two rows exchange a value that is not the same."""
    with closing(sqlite3.connect(home.path / DATABASE_FILE)) as connection, connection:
        rows = connection.execute(f"SELECT rowid, {column} FROM {table} ORDER BY rowid").fetchall()
        one = rows[0] if rows else (0, None)
        two = next((row for row in rows if row[1] != one[1]), None)
        if two is None:  # nothing to exchange: a row of its own kind stands elsewhere
            connection.execute(f"UPDATE {table} SET {column} = 'x'")
            return
        connection.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (two[1], one[0]))
        connection.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (one[1], two[0]))


TABLES = database.metadata.sorted_tables


@pytest.mark.slow
@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_row_and_column_that_is_removed_added_changed_or_swapped_is_named(
    table: sa.Table, office: Office, tmp_path: Path
) -> None:
    assert unnoticed(office, tmp_path, row_changes([table])) == []


def test_one_change_of_each_table_is_named(office: Office, tmp_path: Path) -> None:
    """The same, a few of all, drawn anew by nobody: the seed is fixed."""
    each = [list(row_changes([table])) for table in TABLES]
    chosen = [changes[int(sha256_hex(f"{SEED} {changes[0].what}".encode()), 16) % len(changes)] for changes in each]
    assert unnoticed(office, tmp_path, iter(chosen)) == []


# The schema

SCHEMA = [
    "CREATE TRIGGER t BEFORE INSERT ON event BEGIN SELECT RAISE(IGNORE); END",
    "CREATE TRIGGER t AFTER INSERT ON sealed BEGIN DELETE FROM sealed WHERE idx = new.idx; END",
    "CREATE TRIGGER t AFTER UPDATE ON authority BEGIN UPDATE authority SET approved_idx = NULL; END",
    "CREATE VIEW v AS SELECT * FROM item",
    "CREATE TABLE t (a)",
    "CREATE INDEX i ON item (mode)",
    "DROP INDEX ix_item_place",
    "DROP TABLE task",
    "ALTER TABLE item ADD COLUMN more TEXT DEFAULT 'x'",
    "ALTER TABLE hole RENAME COLUMN until TO ended",
    "UPDATE alembic_version SET version_num = '0000'",
    "INSERT INTO alembic_version VALUES ('0000')",
    "DELETE FROM alembic_version",
]


def test_every_foreign_missing_or_changed_object_of_the_schema_is_named(office: Office, tmp_path: Path) -> None:
    changes = (Change(statement, lambda home, s=statement: run(home, s)) for statement in SCHEMA)
    assert unnoticed(office, tmp_path, changes) == []


# Put back, and cut


def put_back(home: Home, older: Path) -> None:
    for name in ("-wal", "-shm"):
        (home.path / f"{DATABASE_FILE}{name}").unlink(missing_ok=True)
    shutil.copyfile(older, home.path / DATABASE_FILE)


def cut(home: Home, keep: int) -> None:
    """Cut the log behind its first entries, and make the hashes of the tree anew by the program's own functions."""
    with writing(home.engine) as connection:
        for table in (database.event, database.sealed, database.token, database.pin):
            connection.execute(sa.delete(table).where(table.c.idx >= keep))
        connection.execute(sa.delete(database.checkpoint).where(database.checkpoint.c.size > keep))
        leaves = connection.execute(sa.select(database.event.c.leaf).order_by(database.event.c.idx)).scalars().all()
        connection.execute(sa.delete(database.tile))
        _grow(connection, 0, [bytes(leaf) for leaf in leaves])
    home.engine.dispose()


def looked(home: Home) -> None:
    """Two looks, which nothing but their own entries tells of; signed by the end of the command, stamped by none."""
    fresh = Home.open(home.path)
    look = DigestLook(doer(fresh), fresh.keys.unlock(PASSPHRASE).casework)
    list_items(fresh, look=look, limit=1)
    show_case(fresh, list_cases(fresh).entries[0].case_id, look.doer, look.casework)
    fresh.engine.dispose()


def test_looks_that_are_cut_off_with_the_tree_made_anew_are_named(home: Home) -> None:
    before = size_of(home)
    looked(home)
    assert [record.type for record in records_of(home, before)] == ["digests_viewed", "case_viewed"]
    assert named(home.path) == ""
    cut(home, before)
    fresh = Home.open(home.path)
    told = run_audit(fresh, level=1, against=None, passphrase=None, progress=lambda _more: None).report
    assert "log.signed" in {each.id for each in told.problems if each.verdict is Verdict.FAILED}
    fresh.engine.dispose()
    with pytest.raises(CheckpointError, match="behind"), Home.open(home.path).writing():
        pass


def test_a_database_put_back_is_named(office: Office, tmp_path: Path) -> None:
    older = office.home.path.with_name("older.db")
    assert unnoticed(office, tmp_path, iter([Change("put back", lambda home: put_back(home, older))])) == []


# What stays out of reach


def test_what_nobody_notices_is_said_with_its_reason() -> None:
    threats = " ".join((ROOT / "docs" / "threats.md").read_text(encoding="utf-8").split())
    assert [reason for reason in OUT_OF_REACH.values() if reason not in threats] == []
