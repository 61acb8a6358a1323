"""What was made ahead is there after a stop; a damaged file is begun anew, and a full disk says so."""

import sqlite3
from pathlib import Path

import pytest

from evidence.errors import StorageFullError
from evidence.store.work_ahead import work_ahead


def test_headers_are_kept_between_programs_and_begun_anew_where_the_file_is_damaged(tmp_path: Path) -> None:
    made = {(7, "record"): ("a" * 64, b"header"), (9, "prints"): ("b" * 64, b"other")}
    with work_ahead(tmp_path) as ahead:
        ahead.keep(made)
    with work_ahead(tmp_path) as again:
        assert again.at(0, 9) == made
        assert list(again.at(8, 9)) == [(9, "prints")]
    (tmp_path / "rows").write_bytes(b"no database" * 100)
    with work_ahead(tmp_path) as anew:
        assert anew.at(0, 9) == {}
        anew.keep(made)


def test_a_disk_without_room_is_named(tmp_path: Path) -> None:
    def full() -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with pytest.raises(StorageFullError) as raised, work_ahead(tmp_path):
        full()
    assert str(tmp_path / "rows") in str(raised.value)
