"""The custody log as others read it: its tiles, its entries, a proof of one, and what is known of an entry's time.

Everything is told as far as the newest signed checkpoint covers it (C2SP tlog-tiles): what no signature covers yet may
still be lost. Tiles and entries below a checkpoint never change, so a reader may keep them for ever.
"""

import hashlib
from dataclasses import dataclass
from itertools import zip_longest

import sqlalchemy as sa

from api.home import Home
from config.errors import Term
from evidence.custody.append import TileRows
from evidence.custody.sequencer import newest_checkpoint
from evidence.custody.stamps import LoggedStamp, first_over, newest_first
from evidence.errors import LeafError, NoteError, UnknownItemError
from evidence.log.leaf import Leaf, read_leaf
from evidence.log.merkle import HASH_BYTES
from evidence.log.note import open_checkpoint, parse_decimal
from evidence.log.place import TilePlace
from evidence.log.proof import TlogProof
from evidence.log.tiles import TILE, inclusion_path
from evidence.stamp.token import read_token
from evidence.store import database
from evidence.store.database import reading
from evidence.store.stored import MOST, stored_bytes
from evidence.times import format_time

_EVENT_ID_BYTES = 32
_EVENT_ID_AT = len('{"after":"') + 64 + len('","commit":"') + 64 + len('","event":"') + 1
"""Where the identifier begins in every leaf, counted from 1: all that stands before it has one length."""


@dataclass(frozen=True, slots=True)
class ProvenIn:
    """The time stamp that proves the earliest time at which an entry was in the log.

    Attributes:
        at: genTime, rounded up to the millisecond: the entry was in the log before it.
        office: The name by which the settings knew the time-stamp office.
        size: Of the checkpoint that it stamps.
        token_sha256: Lower hex.
    """

    at: str
    office: str
    size: int
    token_sha256: str


@dataclass(frozen=True, slots=True)
class EntryTime:
    """Between which proven times an entry was made and logged. It says nothing of when the recorded thing happened.

    Attributes:
        type: What was logged, as the entry says it in clear.
        after: Lower hex SHA-256 of the newest token that the entry names; 64 zeros before the first.
        made_after: genTime of that token, cut to the millisecond; None before the first.
        logged_by: None until a time stamp covers it.
        is_signed: Whether the newest checkpoint covers it.
    """

    event_id: str
    index: int
    type: str
    after: str
    made_after: str | None
    logged_by: ProvenIn | None
    is_signed: bool


@dataclass(frozen=True, slots=True)
class _Signed:
    """The newest checkpoint; an empty log where there is none."""

    note: bytes = b""
    size: int = 0


def hash_tile(home: Home, level: int, place: TilePlace) -> bytes:
    """What the office tells outsiders of its log: the hashes of a tile, as many as asked for, 32 bytes each.

    Raises:
        UnknownItemError: The tree of the newest checkpoint has no such tile, or fewer hashes in it.
        TileError: The database has lost it.
    """
    with reading(home.engine) as connection:
        _require_within(place, _signed(home, connection).size >> 8 * level)
        return TileRows(connection).tile(level=level, n=place.n)[: place.width * HASH_BYTES]


def entry_bundle(home: Home, place: TilePlace) -> bytes:
    """What the office tells outsiders of its log: entries under one tile of level 0.

    Each is behind its length as 16 bits, big-endian (tlog-tiles, "Log entries").

    Raises:
        UnknownItemError: The newest checkpoint does not cover them all.
        LeafError: The database has lost one.
    """
    table, first = database.event.c, place.n * TILE
    with reading(home.engine) as connection:
        _require_within(place, _signed(home, connection).size)
        wanted = sa.select(table.idx, table.leaf).where(table.idx >= first, table.idx < first + place.width)
        rows = connection.execute(wanted.order_by(table.idx)).all()
    for index, found in zip_longest(range(first, first + place.width), (row.idx for row in rows)):
        if found != index:
            raise LeafError("leaf.missing", index=index, found=found)
    leaves = (stored_bytes(row.leaf, where=Term("place.leaf", index=row.idx)) for row in rows)
    return b"".join(len(leaf).to_bytes(2, "big") + leaf for leaf in leaves)


def prove_entry(home: Home, name: str) -> bytes:
    """What the office tells outsiders of its log: the proof of one entry, as a file (C2SP tlog-proof).

    It is under the newest checkpoint.

    Args:
        name: Its index, or its identifier of 32 hex digits.

    Raises:
        UnknownItemError: There is none, or no checkpoint covers it yet.
    """
    with reading(home.engine) as connection:
        signed, index = _signed(home, connection), _index_of(connection, name)
        if index is None or index >= signed.size:
            raise UnknownItemError("unknown_item.no_such_entry", found=ascii(name)[:64])
        path = inclusion_path(TileRows(connection), index=index, size=signed.size)
    return TlogProof(index, tuple(path), signed.note).encode()


def entry_time(home: Home, name: str) -> EntryTime:
    """What the office tells outsiders of its log: between which proven times one entry was made.

    Args:
        name: Its index, or its identifier of 32 hex digits.

    Raises:
        UnknownItemError: There is no such entry.
        TokenError: The token that covers it cannot be read.
    """
    with reading(home.engine) as connection:
        index = _index_of(connection, name)
        leaf = None if index is None else _leaf(connection, index)
        if index is None or leaf is None:
            raise UnknownItemError("unknown_item.no_such_entry", found=ascii(name)[:64])
        before = (each for each in newest_first(connection, before=index) if each.token_sha256 == leaf.after)
        made_after, stamp = next(before, None), first_over(connection, index)
        return EntryTime(
            event_id=leaf.event_id,
            index=index,
            type=leaf.type,
            after=leaf.after,
            made_after=None if made_after is None else format_time(made_after.gen_time),
            logged_by=None if stamp is None else _proven(stamp),
            is_signed=index < _signed(home, connection).size,
        )


def _proven(stamp: LoggedStamp) -> ProvenIn:
    latest = read_token(stamp.token, sha256=hashlib.sha256(stamp.note).digest()).latest
    return ProvenIn(format_time(latest), stamp.office, stamp.size, stamp.token_sha256)


def _signed(home: Home, connection: sa.Connection) -> _Signed:
    note = newest_checkpoint(connection)
    return _Signed() if note is None else _Signed(note, open_checkpoint(note, key=home.verifier_key).size)


def _require_within(place: TilePlace, count: int) -> None:
    if place.n * TILE + place.width > count:
        raise UnknownItemError("unknown_item.no_such_tile", found=f"{place.n}, {place.width}")


def _index_of(connection: sa.Connection, name: str) -> int | None:
    """The index that is meant; an identifier that no item has is looked for in every entry."""
    if len(name) != _EVENT_ID_BYTES:
        try:
            index = parse_decimal(name)
        except NoteError:
            return None
        return index if index <= MOST else None
    item, event = database.item.c, database.event.c
    found = connection.execute(sa.select(item.idx).where(item.item_id == name)).scalar()
    if found is not None or not name.isascii():
        return found
    said = sa.func.substr(event.leaf, _EVENT_ID_AT, _EVENT_ID_BYTES) == name.encode()
    return connection.execute(sa.select(event.idx).where(said)).scalar()


def _leaf(connection: sa.Connection, index: int) -> Leaf | None:
    table = database.event.c
    leaf = connection.execute(sa.select(table.leaf).where(table.idx == index)).scalar()
    return None if leaf is None else read_leaf(stored_bytes(leaf, where=Term("place.leaf", index=index)))
