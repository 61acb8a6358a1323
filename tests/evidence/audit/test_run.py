"""Every changed byte is found and named."""

import shutil
import sqlite3
from collections import Counter
from pathlib import Path

import pytest
import sqlalchemy as sa

from api.home import DATABASE_FILE, Home
from api.office.audit import run_audit
from config.errors import Explained
from evidence.audit.run import Audit
from evidence.canonical import sha256_hex
from evidence.finding import Verdict
from evidence.log.leaf import parse_leaf
from evidence.store import database
from evidence.store.database import reading
from tests.homes import PASSPHRASE, Office, copy_of

ARTEFACTS = {
    "leaf": ("event", "leaf", "idx", "leaf {key}"),
    "media": ("sealed", "body", "idx", "media of leaf {key}"),
    "media_header": ("sealed", "body", "idx", "media_header of leaf {key}"),
    "prints": ("sealed", "body", "idx", "prints of leaf {key}"),
    "record": ("sealed", "body", "idx", "record of leaf {key}"),
    "checkpoint": ("checkpoint", "note", "size", "checkpoint {key}"),
    "token": ("token", "token", "idx", "token {key}"),
    "reply": ("token", "reply", "idx", "token {key}"),
    "tile": ("tile", "hashes", "level", "tile {key}/0"),
}


PARTS = 8
"""One byte in 53 of the whole file, shared among as many tests, so that they can run beside each other."""


def audited(home: Home, passphrase: str | None = None, against: Path | None = None, level: int = 3) -> Audit:
    return run_audit(
        home, level=level, against=against and against.read_bytes(), passphrase=passphrase, progress=lambda _more: None
    )


def flipped(body: bytes, at: int) -> bytes:
    return body[:at] + bytes([body[at] ^ (1 << (at % 8))]) + body[at + 1 :]


def one_of_each(file: Path) -> dict[str, tuple[int, bytes]]:
    """Key and bytes of one artefact of each kind."""
    chosen: dict[str, tuple[int, bytes]] = {}
    with sqlite3.connect(file) as connection:
        for name, (table, column, key, _where) in ARTEFACTS.items():
            only = f" WHERE name = '{name}'" if table == "sealed" else ""
            row = connection.execute(
                f"SELECT {key}, {column} FROM {table}{only} ORDER BY length({column}), {key} LIMIT 1"
            )
            chosen[name] = row.fetchone()
    connection.close()
    return chosen


def put(file: Path, name: str, key: int, body: bytes) -> None:
    table, column, key_name, _where = ARTEFACTS[name]
    only = f" AND name = '{name}'" if table == "sealed" else ""
    connection = sqlite3.connect(file)
    with connection:
        connection.execute(f"UPDATE {table} SET {column} = ? WHERE {key_name} = ?{only}", (body, key))
    connection.close()


def found_where(home: Home, name: str, key: int) -> bool:
    where = ARTEFACTS[name][3].format(key=key)
    problems = audited(home).report.problems
    return any(problem.verdict is Verdict.FAILED and where in problem.where for problem in problems)


def test_an_untouched_home_passes_with_and_without_keys(office: Office) -> None:
    for passphrase in (None, PASSPHRASE):
        done = audited(office.home, passphrase)
        assert done.report.problems == ()
        assert done.objects == len(list(office.home.objects.addresses())) > 0


def flip_each(office: Office, folder: Path, stride: int) -> Counter[str]:
    home = copy_of(office, folder)
    file = home.path / DATABASE_FILE
    flips: Counter[str] = Counter()
    for name, (key, body) in one_of_each(file).items():
        for at in [*range(0, len(body), stride), len(body) - 1]:
            put(file, name, key, flipped(body, at))
            assert found_where(home, name, key), f"{name} {key}, byte {at} of {len(body)}"
            flips[name] += 1
        put(file, name, key, body)
    assert audited(home).report.problems == ()
    home.engine.dispose()
    return flips


@pytest.mark.repeats
def test_a_flip_in_any_row_is_found_and_named(office: Office, tmp_path: Path) -> None:
    assert set(flip_each(office, tmp_path, stride=211)) == set(ARTEFACTS)


@pytest.mark.slow
def test_every_flip_in_a_row_is_found_and_named(office: Office, tmp_path: Path) -> None:
    print(flip_each(office, tmp_path, stride=1))


def flip_object(office: Office, folder: Path, stride: int) -> int:
    home = copy_of(office, folder)
    address = min(home.objects.addresses(), key=lambda each: home.objects.path(each).stat().st_size)
    file = home.objects.path(address)
    body = file.read_bytes()
    file.chmod(0o600)
    for at in range(0, len(body), stride):
        file.write_bytes(flipped(body, at))
        assert any(address in problem.where for problem in audited(home, level=2).report.problems), at
    file.write_bytes(body)
    assert audited(home).report.problems == ()
    return len(body)


@pytest.mark.repeats
def test_a_flip_in_an_object_is_found_and_named(office: Office, tmp_path: Path) -> None:
    assert flip_object(office, tmp_path, stride=397) > 0


@pytest.mark.slow
def test_every_flip_in_an_object_is_found_and_named(office: Office, tmp_path: Path) -> None:
    assert flip_object(office, tmp_path, stride=1) > 0


def read_by_audit(home: Home) -> list[tuple[str, list[tuple[object, ...]]]]:
    tables = [table for table in database.metadata.sorted_tables if table not in database.WORK]
    with reading(home.engine) as connection:
        return [(table.name, sorted(tuple(row) for row in connection.execute(sa.select(table)))) for table in tables]


def flip_database(office: Office, folder: Path, stride: int, first: int = 0) -> Counter[str]:
    home = copy_of(office, folder)
    file = home.path / DATABASE_FILE
    clean, before = file.read_bytes(), read_by_audit(home)
    home.engine.dispose()
    outcomes: Counter[str] = Counter()
    for at in range(first, len(clean), stride):
        file.write_bytes(flipped(clean, at))
        outcomes[outcome(home.path, before, at)] += 1
        for extra in ("-wal", "-shm"):
            file.with_name(file.name + extra).unlink(missing_ok=True)
    return outcomes


def outcome(path: Path, before: list[tuple[str, list[tuple[object, ...]]]], at: int) -> str:
    try:
        home = Home.open(path)
    except Explained:
        return "found"
    try:
        report = audited(home, PASSPHRASE).report
        if any(problem.id == "database.integrity" for problem in report.problems):
            return "integrity"
        if report.problems:
            return "found"
        assert read_by_audit(home) == before, f"a flip of byte {at} went unseen"
        return "nothing read"
    finally:
        home.engine.dispose()


@pytest.mark.repeats
def test_a_flip_anywhere_in_the_database_file_does_not_go_unseen(office: Office, tmp_path: Path) -> None:
    outcomes = flip_database(office, tmp_path, stride=48_017)
    print(dict(outcomes))
    assert outcomes["found"] > 0


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_flips_all_over_the_database_file_do_not_go_unseen(office: Office, tmp_path: Path, part: int) -> None:
    outcomes = flip_database(office, tmp_path, stride=53 * PARTS, first=53 * part)
    print(f"part {part + 1} of {PARTS}: {dict(outcomes)}")
    assert outcomes["found"] > 0
    assert outcomes["nothing read"] > 0


def change(home: Home, *statements: str) -> None:
    connection = sqlite3.connect(home.path / DATABASE_FILE)
    with connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()


@pytest.mark.parametrize(
    ("statement", "check_id"),
    [
        ("DELETE FROM event WHERE idx = 3", "log.leaves"),
        ("DELETE FROM event WHERE idx = (SELECT max(idx) FROM event)", "log.tiles"),
        ("UPDATE event SET idx = -1 WHERE idx = 3", "log.leaves"),
        ("DELETE FROM sealed WHERE idx = 3 AND name = 'record'", "sealed.rows"),
        ("INSERT INTO sealed VALUES (3, 'prints', x'00')", "sealed.rows"),
        ("INSERT INTO sealed VALUES (999999, 'record', x'00')", "sealed.rows"),
        ("DELETE FROM tile WHERE level = 0 AND n = 0", "log.tiles"),
        ("INSERT INTO tile VALUES (3, 5, x'00')", "log.tiles"),
        ("DELETE FROM token", "log.tokens"),
        ("INSERT INTO token SELECT 2, size, token, reply FROM token LIMIT 1", "log.tokens"),
        ("UPDATE token SET size = size + 1", "log.tokens"),
        ("DELETE FROM checkpoint WHERE size = (SELECT min(size) FROM checkpoint)", "log.tokens"),
        ("UPDATE checkpoint SET size = size + 100000", "log.checkpoints"),
        ("DELETE FROM item WHERE idx = (SELECT min(idx) FROM item)", "records.rows"),
        ("UPDATE item SET message_id = message_id + 1 WHERE idx = (SELECT max(idx) FROM item)", "records.rows"),
        ("UPDATE hole SET reason = 'mode'", "records.rows"),
    ],
)
def test_what_is_removed_added_or_moved_is_found(office: Office, tmp_path: Path, statement: str, check_id: str) -> None:
    home = copy_of(office, tmp_path)
    change(home, statement)
    assert check_id in {problem.id for problem in audited(home, PASSPHRASE).report.problems}
    home.engine.dispose()


def test_two_leaves_that_changed_places_are_found(office: Office, tmp_path: Path) -> None:
    home = copy_of(office, tmp_path)
    change(
        home,
        "UPDATE event SET idx = -1 WHERE idx = 4",
        "UPDATE event SET idx = 4 WHERE idx = 5",
        "UPDATE event SET idx = 5 WHERE idx = -1",
    )
    assert {"log.tiles", "log.checkpoints", "sealed.rows"} <= {each.id for each in audited(home).report.problems}
    home.engine.dispose()


def test_an_older_checkpoint_from_outside_shows_that_entries_were_removed(office: Office, tmp_path: Path) -> None:
    home = copy_of(office, tmp_path)
    outside = tmp_path / "checkpoint"
    shutil.copy(home.keys.signed, outside)
    assert audited(home, against=outside).report.problems == ()
    size = int(outside.read_bytes().splitlines()[1])
    change(home, f"DELETE FROM event WHERE idx >= {size - 1}", f"DELETE FROM checkpoint WHERE size >= {size}")
    assert {"log.against", "log.signed"} <= {problem.id for problem in audited(home, against=outside).report.problems}
    home.engine.dispose()


def test_a_file_from_outside_that_is_no_checkpoint_is_told_with_a_remedy(office: Office, tmp_path: Path) -> None:
    home = copy_of(office, tmp_path)
    outside = tmp_path / "checkpoint"
    outside.write_text("not one\n")
    [problem] = audited(home, against=outside).report.problems
    assert (problem.id, problem.verdict) == ("log.against", Verdict.FAILED)
    assert "not a checkpoint of this log" in problem.found
    assert "Bring a checkpoint" in problem.fix


def checkpoints_of(home: Home) -> dict[str, int]:
    """Size by SHA-256 of every checkpoint's row."""
    with reading(home.engine) as connection:
        return {sha256_hex(bytes(row.note)): row.size for row in connection.execute(sa.select(database.checkpoint))}


def without_checkpoint(home: Home, size: int) -> None:
    with sqlite3.connect(home.path / DATABASE_FILE) as connection:
        connection.execute("DELETE FROM checkpoint WHERE size = ?", (size,))
    connection.close()


def test_the_missing_row_of_any_checkpoint_that_is_known_is_found(office: Office, tmp_path: Path) -> None:
    """Those that an anchor names, and the one that was signed last."""
    with reading(office.home.engine) as connection:
        leaves = connection.execute(sa.select(database.event.c.leaf)).scalars().all()
    anchors = (leaf for leaf in map(parse_leaf, map(bytes, leaves)) if leaf.type == "anchor")
    signed = sha256_hex(office.home.keys.signed.read_bytes())
    known = {leaf.public["checkpoint_sha256"]: "log.checkpoints.no_row" for leaf in anchors}
    known |= {signed: "log.signed.no_row"}
    rows = checkpoints_of(office.home)
    assert len(known) > 2
    for number, (digest, code) in enumerate(known.items()):
        home = copy_of(office, tmp_path / str(number))
        without_checkpoint(home, rows[digest])
        problems = audited(home).report.problems
        assert code in {problem.code for problem in problems}
        only_signed = digest == signed
        assert ({problem.verdict for problem in problems} == {Verdict.INDETERMINATE}) == only_signed
        with home.writing():
            pass
        assert (audited(home).report.problems == ()) == only_signed  # the file beside the key puts its row back
        home.engine.dispose()
