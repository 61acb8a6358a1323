"""A small payload lies in a row, a larger one is an object, and both are read alike."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from evidence.store import database
from evidence.store.database import reading
from evidence.store.payload import ROW_BYTES, read_payload
from tests.evidence.intake.live import Live, file_of, live, message
from tests.opening import open_media

LATER = "2026-01-01T10:00:00.000Z"
LATER_STILL = "2026-01-01T11:00:00.000Z"


@pytest.fixture
def source(tmp_path: Path) -> Iterator[Live]:
    with live(tmp_path) as ready:
        yield ready
    ready.ledger.engine.dispose()


def test_what_a_row_takes_is_no_object_and_what_it_does_not_is_one(source: Live) -> None:
    contents = {0: os.urandom(ROW_BYTES), 2: os.urandom(ROW_BYTES + 1)}
    for index, content in contents.items():
        source.keep(file_of(message(index), content))  # and a hole beside it: these bytes are no picture
    with reading(source.ledger.engine) as connection:
        table = database.sealed
        assert connection.execute(sa.select(table.c.idx).where(table.c.name == "media")).scalars().all() == [0]
        headers = dict(
            connection.execute(sa.select(table.c.idx, table.c.body).where(table.c.name == "media_header")).all()
        )
        for index, content in contents.items():
            address = source.ledger.leaves()[index].sealed["media"]
            payload = list(read_payload(connection, source.objects, index=index, address=address))
            assert hashlib.sha256(b"".join(payload)).hexdigest() == address
            pieces: list[bytes] = []
            open_media(headers[index], payload, identities=[source.office], sink=pieces.append)
            assert b"".join(pieces) == content
    assert list(source.objects.addresses()) == [source.ledger.leaves()[2].sealed["media"]]
