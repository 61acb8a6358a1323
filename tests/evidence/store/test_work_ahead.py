"""What was made ahead is there after a stop; a damaged file is begun anew, and a full disk says so."""

import sqlite3
from pathlib import Path

import pytest

from evidence.errors import StorageFullError
from evidence.store.work_ahead import work_ahead
from tests.nonempty import nonempty

SEED = bytes(range(32))


def test_headers_are_kept_between_programs_and_begun_anew_where_the_file_is_damaged(tmp_path: Path) -> None:
    made = {(7, "record"): ("a" * 64, b"header"), (9, "prints"): ("b" * 64, b"other")}
    with work_ahead(tmp_path, SEED) as ahead:
        ahead.keep(made)
    with work_ahead(tmp_path, SEED) as again:
        assert again.at(0, 9) == made
        assert list(again.at(8, 9)) == [(9, "prints")]
    (tmp_path / "rows").write_bytes(b"no database" * 100)
    with work_ahead(tmp_path, SEED) as anew:
        assert anew.at(0, 9) == {}
        anew.keep(made)


def test_what_was_made_for_another_key_is_made_again(tmp_path: Path) -> None:
    with work_ahead(tmp_path, bytes(32)) as ahead:
        ahead.keep({(7, "record"): ("a" * 64, b"header")})
    with work_ahead(tmp_path, SEED) as ahead:
        assert ahead.at(0, 9) == {}


def test_whatever_byte_of_the_file_is_damaged_no_other_header_is_given(tmp_path: Path) -> None:
    """Each byte of one entry, and one of 41 elsewhere, in two ways."""
    made = {(index, "record"): (f"{index:064x}", bytes([index]) * 40) for index in range(1, 60)}
    with work_ahead(tmp_path, SEED) as ahead:
        ahead.keep(made)
    file = tmp_path / "rows"
    whole = file.read_bytes()
    entry = whole.index(bytes([33]) * 40) - 48  # its header, index, name and digest before
    places = sorted({*range(entry, entry + 48 + 40 + 32), *range(0, len(whole), 41)})
    dropped = 0
    for place in nonempty(places):
        for flip in (0x01, 0x80):
            file.write_bytes(whole[:place] + bytes([whole[place] ^ flip]) + whole[place + 1 :])
            with work_ahead(tmp_path, SEED) as ahead:
                found = ahead.at(0, 99)
                ahead.keep(made)
                assert ahead.at(0, 99) == made
            assert found.items() <= made.items(), place
            dropped += found != made
    assert dropped > len(range(entry, entry + 120))


def test_a_disk_without_room_is_named(tmp_path: Path) -> None:
    def full() -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with pytest.raises(StorageFullError) as raised, work_ahead(tmp_path, SEED):
        full()
    assert str(tmp_path / "rows") in str(raised.value)
