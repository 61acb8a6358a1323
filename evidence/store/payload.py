"""Reads a sealed payload: a small one lies in the row ``media`` of its leaf, a larger one is an object.

It also finds lost parts: sealed parts that the row in clear of an item or a hole promises and that are gone.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from config.errors import Term
from evidence.errors import ObjectMissingError
from evidence.objects.port import Objects
from evidence.observation import Kind, Mode
from evidence.store import database
from evidence.store.stored import stored_bytes

ROW_BYTES = 8192
"""What holds no more than this lies in a row. A file of 900 bytes costs 4.1 KB of disk and 3.7 ms, its row
1.6 KB and 0.07 ms; from 8 KB on a row takes no less space than a file, and only makes the database larger."""


def read_payload(connection: sa.Connection, objects: Objects, *, index: int, address: str) -> Iterator[bytes]:
    """The ciphertext of a payload in chunks, from its row or an object; nothing here checks its address.

    Args:
        index: Of the leaf.
        address: ``sealed.media`` of the leaf.

    Raises:
        ObjectMissingError: It lies in no row and is no object.
        StoreError: The row holds no bytes.
    """
    table = database.sealed
    body = sa.select(table.c.body).where(table.c.idx == index, table.c.name == "media")
    row = connection.execute(body).one_or_none()
    if row is None:
        yield from objects.read(address)
    else:
        yield stored_bytes(row.body, where=Term("place.row", name="media", index=index))


def lost_parts(
    connection: sa.Connection, rows: Sequence[sa.Row[Any]], require: Callable[[str], object]
) -> Mapping[int, str]:
    """By log index, the first sealed part of each of these rows that is not there any more.

    Only an audit checks that a part that is there still hashes to its leaf.

    Args:
        rows: Of ``item`` or of ``hole``.
        require: Raises ObjectMissingError where no object lies at an address.
    """
    table = database.sealed.c
    names: dict[int, set[str]] = {row.idx: set() for row in rows}
    kept = sa.select(table.idx, table.name).where(table.idx.in_(list(names)))
    for idx, name in connection.execute(kept):
        names[idx].add(name)
    lost = ((row.idx, _lost_part(row, names[row.idx], require)) for row in rows)
    return {index: part for index, part in lost if part}


def _lost_part(row: sa.Row[Any], names: set[str], require: Callable[[str], object]) -> str:
    for part in _promised(row):
        if part not in names and not (part == "media" and _lies(row.payload_sha256, require)):
            return part
    return ""


def _promised(row: sa.Row[Any]) -> Iterator[str]:
    yield "record"
    if not hasattr(row, "payload_sha256"):
        return
    if row.payload_sha256 is not None:
        yield from ("media_header", "media")
    if row.kind == Kind.FILE and row.mode != Mode.METADATA_ONLY:
        yield "prints"


def _lies(address: str, require: Callable[[str], object]) -> bool:
    try:
        require(address)
    except ObjectMissingError:
        return False
    return True
