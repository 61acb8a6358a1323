"""``audit`` says what it compared, and ends with its verdict."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.commands import DONE, REFUSED, UNDECIDED, Life, run


def test_an_audit_says_whether_it_has_compared_the_rows_in_clear(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(sqlite3.connect(home / "nisisama.db")) as connection, connection:
        connection.execute("UPDATE item SET posted_at = '2000-01-01T00:00:00.000Z'")
    keyed = run("audit", "--json", home=home)
    assert (keyed.code, keyed.printed["records"], keyed.printed["problems"][0]["id"]) == (
        REFUSED,
        "compared",
        "records.rows",
    )
    monkeypatch.delenv("NISISAMA_PASSPHRASE")
    for level, records in (("3", "not compared: no passphrase"), ("2", "not compared: level 2")):
        keyless = run("audit", "--level", level, "--json", home=home)
        assert (keyless.code, keyless.printed["verdict"], keyless.printed["records"]) == (DONE, "PASSED", records)
        assert run("audit", "--level", level, home=home).out.count(f", level {level}; records {records}.\n") == 1


def test_a_store_that_fails_its_audit_exits_with_one(life: Life, home: Path) -> None:
    thing = next(file for file in (home / "objects").rglob("*") if file.is_file())
    thing.unlink()
    ran = run("audit", "--json", home=home)
    assert (ran.code, ran.printed["ok"], ran.printed["verdict"]) == (REFUSED, False, "FAILED")
    problem = ran.printed["problems"][0]
    assert list(problem) == ["id", "verdict", "where", "expected", "found", "fix", "code", "facts"]
    assert (problem["verdict"], thing.name in problem["where"]) == ("FAILED", True)
    assert thing.name in run("audit", home=home).out
    assert run("audit", "--level", "1", home=home).code == DONE


def test_an_audit_is_clean_against_an_older_checkpoint(life: Life, home: Path) -> None:
    older = home.parent / "older"
    shutil.copy(life.folder / "home.keys" / "log.signed", older)
    run("case", "open", home=home)
    assert run("audit", "--against", older, home=home).code == DONE
    foreign = older.read_text().splitlines()
    older.write_text("\n".join([foreign[0], str(int(foreign[1]) + 1), *foreign[2:], ""]))
    assert run("audit", "--against", older, home=home).code == REFUSED


def test_without_the_keys_folder_an_audit_goes_on_and_says_what_it_left_out(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.move(home.parent / "home.keys", home.parent / "away")
    ran = run("audit", "--json", home=home)
    assert (ran.code, [each["id"] for each in ran.printed["problems"]]) == (UNDECIDED, ["log.signed"])
    assert ran.printed["records"] == "not compared: no keys' folder"
    against = run("audit", "--against", home.parent / "away" / "log.signed", "--json", home=home)
    assert [each["id"] for each in against.printed["problems"]] == ["log.signed"]


def test_an_audit_says_how_to_compare_the_records(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hint = "To compare the records too: --passphrase-file FILE, or NISISAMA_PASSPHRASE.\n"
    assert hint not in run("audit", home=home).out
    monkeypatch.delenv("NISISAMA_PASSPHRASE")
    assert run("audit", home=home).out.endswith(f"records not compared: no passphrase.\n{hint}")
    assert hint not in run("audit", "--level", "2", home=home).out
