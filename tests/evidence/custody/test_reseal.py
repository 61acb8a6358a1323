"""Rows get a new header and keep their payload; what is not what was logged is refused; work ahead is kept."""

from pathlib import Path

import pytest
import sqlalchemy as sa

from evidence.canonical import sha256_hex
from evidence.custody.reseal import KeyChange, count_entries, exchange, reseal_ahead
from evidence.custody.resealed import rows_listed
from evidence.errors import HomeError
from evidence.seal.age import split_file
from evidence.seal.envelopes import open_whole
from evidence.seal.recipients import generate_identity
from evidence.store import database
from evidence.store.database import reading, writing
from evidence.store.work_ahead import work_ahead
from tests.evidence.log.ledger import Ledger, case_opened, new_ledger
from tests.nonempty import nonempty


def records(ledger: Ledger) -> list[bytes]:
    table = database.sealed.c
    with reading(ledger.engine) as connection:
        return [bytes(body) for body in connection.execute(sa.select(table.body).order_by(table.idx)).scalars()]


def test_rows_that_were_made_ahead_and_rows_that_came_since_are_exchanged_alike(tmp_path: Path) -> None:
    ledger, new, heard = new_ledger(tmp_path), generate_identity(), list[int]()
    ledger.sequencer.append([case_opened(each) for each in range(300)])
    change = KeyChange(("record",), ledger.casework, new.recipient)
    before = records(ledger)
    with work_ahead(tmp_path, new.seed) as ahead:
        reseal_ahead(ledger.engine, change, ahead, heard.append)
        assert len(ahead.at(0, 299)) == sum(heard) == count_entries(ledger.engine) == 300
        ledger.sequencer.append([case_opened(300)])
        before += records(ledger)[300:]
        with writing(ledger.engine) as connection:
            listed = exchange(connection, change, ahead)
    assert rows_listed(listed) == 301
    for index, (old, now) in enumerate(nonempty(zip(before, records(ledger), strict=True))):
        assert bytes(split_file(old)[1]) == bytes(split_file(now)[1])
        assert bytes.fromhex(sha256_hex(now)) in listed
        if index % 50 == 0:
            assert open_whole(now, identities=(new,)) == open_whole(old, identities=(ledger.casework,))
    ledger.engine.dispose()


def test_a_row_of_another_key_is_refused_by_its_place(tmp_path: Path) -> None:
    ledger = new_ledger(tmp_path)
    ledger.sequencer.append([case_opened()])
    change = KeyChange(("record",), generate_identity(), generate_identity().recipient)
    with work_ahead(tmp_path, bytes(32)) as ahead, pytest.raises(HomeError, match="does not open with the old key"):
        reseal_ahead(ledger.engine, change, ahead, lambda _done: None)
    ledger.engine.dispose()


def test_a_header_that_was_damaged_since_it_was_made_closes_no_row(tmp_path: Path) -> None:
    ledger, new = new_ledger(tmp_path), generate_identity()
    ledger.sequencer.append([case_opened(each) for each in range(3)])
    change = KeyChange(("record",), ledger.casework, new.recipient)
    with work_ahead(tmp_path, new.seed) as ahead:
        reseal_ahead(ledger.engine, change, ahead, lambda _done: None)
        header = ahead.at(1, 1)[1, "record"][1]
    file = tmp_path / "rows"
    whole = file.read_bytes()
    place = whole.index(header[-16:])  # where the file key is kept
    file.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
    with work_ahead(tmp_path, new.seed) as ahead, writing(ledger.engine) as connection:
        exchange(connection, change, ahead)
    for body in nonempty(records(ledger)):
        assert open_whole(body, identities=(new,))
    ledger.engine.dispose()
