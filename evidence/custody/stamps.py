"""The time stamps that the log names: each row of ``token`` beside its anchor and the checkpoint that it stamps.

A row proves nothing by itself: whoever can write to the database can add one, or change its numbers. So it counts
only where the entry in its place is an anchor that names the token and the checkpoint by their digests. Every
reader of tokens asks here, but the audit, which reports the rows that do not count.
"""

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from config.errors import Term
from evidence.canonical import sha256_hex
from evidence.log.leaf import parse_leaf
from evidence.store import database
from evidence.store.stored import MOST, stored_bytes
from evidence.times import MAX_SKEW, parse_time

_PAGE = 32


@dataclass(frozen=True, slots=True)
class LoggedStamp:
    """One time stamp that the log names, over a checkpoint.

    Attributes:
        size: How many entries the checkpoint has.
        note: The checkpoint, whole.
        token: What the office signed, DER.
        token_sha256: Its lower hex digest, as later entries name it.
        office: The name by which the settings knew the office.
        gen_time: When the office made the token, by its own clock, cut to milliseconds.
    """

    size: int
    note: bytes
    token: bytes
    token_sha256: str
    office: str
    gen_time: datetime


def newest_first(connection: sa.Connection, *, before: int | None = None) -> Iterator[LoggedStamp]:
    """Every time stamp that the log names, from the newest on; pages are read as they are needed.

    Args:
        before: Only those that were logged before this entry.

    Raises:
        StoreError: A row holds something other than bytes.
        LeafError: An entry in the place of a token cannot be read.
    """
    rows = connection.execute(_pages_back(), {"before": MOST if before is None else before}).all()
    while rows:
        for row in rows:
            yield from _counted(row)
        rows = connection.execute(_pages_back(), {"before": rows[-1].idx}).all()


def over(connection: sa.Connection, index: int) -> Iterator[LoggedStamp]:
    """The time stamps named by the log that cover entry ``index``, from the first that was logged on.

    Raises:
        StoreError: A row holds something other than bytes.
        LeafError: An entry in the place of a token cannot be read.
    """
    token = database.token.c
    page = _page().where(token.size > index).order_by(token.idx)
    rows = connection.execute(page.where(token.idx > index)).all()  # a token is logged behind what it covers
    while rows:
        for row in rows:
            yield from _counted(row)
        rows = connection.execute(page.where(token.idx > rows[-1].idx)).all()


def first_over(connection: sa.Connection, index: int) -> LoggedStamp | None:
    """The time stamp named by the log that covers entry ``index`` with the earliest time; None where none does.

    Offices' clocks differ, and a token may be logged although it is up to ``MAX_SKEW`` older than one before it.

    Raises:
        StoreError: A row holds something other than bytes.
        LeafError: An entry in the place of a token cannot be read.
    """
    earliest: LoggedStamp | None = None
    for stamp in over(connection, index):
        if earliest is not None and stamp.gen_time > earliest.gen_time + MAX_SKEW:
            break
        if earliest is None or stamp.gen_time < earliest.gen_time:
            earliest = stamp
    return earliest


def newest(connection: sa.Connection) -> LoggedStamp | None:
    """The newest time stamp that the log names; None where nothing is stamped.

    Raises:
        StoreError: A row holds something other than bytes.
        LeafError: An entry in the place of a token cannot be read.
    """
    return next(newest_first(connection), None)


def stamped_size(connection: sa.Connection) -> int:
    """How many entries the newest stamped checkpoint of the log covers; 0 where none is stamped.

    Raises:
        StoreError: A row holds something other than bytes.
        LeafError: An entry in the place of a token cannot be read.
    """
    stamp = newest(connection)
    return 0 if stamp is None else stamp.size


def _page() -> sa.Select[Any]:
    """Tokens with the entries in their places and the checkpoints that they stamp."""
    token, event, note = database.token, database.event, database.checkpoint
    joined = token.join(event, event.c.idx == token.c.idx).join(note, note.c.size == token.c.size)
    columns = (token.c.idx, token.c.size, token.c.token, event.c.leaf, note.c.note)
    return sa.select(*columns).select_from(joined).limit(_PAGE)


@functools.cache
def _pages_back() -> sa.Select[Any]:
    """From a place towards the first; built once, since every turn asks for the newest stamp."""
    idx = database.token.c.idx
    return _page().where(idx < sa.bindparam("before")).order_by(idx.desc())


def _counted(row: sa.Row[Any, Any, Any, Any, Any]) -> Iterator[LoggedStamp]:
    where = Term("place.token", index=row.idx)
    leaf = parse_leaf(stored_bytes(row.leaf, where=Term("place.leaf", index=row.idx)))
    token, note = (
        stored_bytes(row.token, where=where),
        stored_bytes(row.note, where=Term("place.checkpoint", size=row.size)),
    )
    digests = {"token_sha256": sha256_hex(token), "checkpoint_sha256": sha256_hex(note)}
    public = leaf.public
    if leaf.type == "anchor" and digests.items() <= public.items():
        gen_time = parse_time(public["gen_time"])
        yield LoggedStamp(row.size, note, token, digests["token_sha256"], public["office"], gen_time)
