"""A home with many items, made in seconds: some are imported, the others are leaves and rows that lie there ready.

A ready item has a leaf that names the digest of its sealed record, a row, and the record of another whose last bytes
are random: the log, its tiles and every digest hold, and an audit without the passphrase is clean. Only what is
imported can be opened.
"""

import hashlib
import json
import secrets
from collections.abc import Iterator, Sequence
from pathlib import Path

import sqlalchemy as sa

from api.home import Home
from evidence.custody.append import append, tree_size
from evidence.custody.event import Prepared
from evidence.custody.sequencer import newest_token
from evidence.log.schema import NO_TOKEN
from evidence.store import database
from evidence.store.database import reading, writing
from tests.homes import items_of, new_office

_BATCH = 2000
_OTHERS = 64
"""So many bytes at the end of each record differ."""


def home_of_many(folder: Path, *, items: int, imported: int, photos: int = 0) -> tuple[Home, list[str]]:
    """A rehearsal home of so many items, and those of its messages that were imported, in the order of the log."""
    home = new_office(folder, messages=imported, photos=photos).home
    real = [item.item_id for item in items_of(home) if item.kind == "message"]
    fill(home, real[0], items - len(real))
    return home, real


def fill(home: Home, like: str, count: int) -> None:
    """Add so many ready items that look like this one, and have them signed and stamped."""
    item = database.item
    with reading(home.engine) as connection:
        row = dict(connection.execute(sa.select(item).where(item.c.item_id == like)).one()._mapping)
        leaf = bytes(connection.execute(sa.select(database.event.c.leaf).where(_at(row["idx"]))).scalar_one())
        sealed = database.sealed.c
        body = connection.execute(
            sa.select(sealed.body).where(sealed.idx == row["idx"], sealed.name == "record")
        ).scalar_one()
    for first in range(0, count, _BATCH):
        ready = list(_ready(json.loads(leaf), bytes(body)[:-_OTHERS], min(_BATCH, count - first)))
        with writing(home.engine) as connection:
            begins = tree_size(connection)
            append(connection, ready, after=newest_token(connection))
            connection.execute(sa.insert(item), list(_rows(row, begins, ready)))
    with home.writing() as writer:
        writer.beat(now=True)


def _at(index: int) -> sa.ColumnElement[bool]:
    return database.event.c.idx == index


def _ready(leaf: dict[str, object], begins: bytes, count: int) -> Iterator[Prepared]:
    for _ in range(count):
        body, event_id = begins + secrets.token_bytes(_OTHERS), secrets.token_hex(16)
        told = leaf | {"after": NO_TOKEN, "event": event_id, "sealed": {"record": hashlib.sha256(body).hexdigest()}}
        whole = json.dumps(told, sort_keys=True, separators=(",", ":")).encode()
        tail = whole[whole.index(NO_TOKEN.encode()) + len(NO_TOKEN) :]
        yield Prepared(event_id, "observed", {}, {"record": body}, None, tail)


def _rows(row: dict[str, object], begins: int, ready: Sequence[Prepared]) -> Iterator[dict[str, object]]:
    for index, each in enumerate(ready, start=begins):
        fresh = {"seen": secrets.token_bytes(32), "said": secrets.token_bytes(32), "part": secrets.token_bytes(16)}
        place = {"idx": index, "item_id": each.event_id, "message_id": 1_000_000 + index, "payload_sha256": None}
        yield row | fresh | place
