"""The only module that inserts custody events: leaves, their sealed rows and the tiles, in one transaction."""

from collections.abc import Sequence

import sqlalchemy as sa

from config.errors import Term
from evidence.custody.event import Prepared
from evidence.errors import TileError
from evidence.log.merkle import leaf_hash
from evidence.log.tiles import grow
from evidence.store import database
from evidence.store.database import put
from evidence.store.stored import stored_bytes, stored_int

# built once: to build a statement and to look whether it is known takes longer than to run it
_TILE = sa.select(database.tile.c.hashes).where(
    database.tile.c.level == sa.bindparam("level"), database.tile.c.n == sa.bindparam("n")
)
_DROP = sa.delete(database.tile).where(
    database.tile.c.level == sa.bindparam("in_level"), database.tile.c.n == sa.bindparam("at_n")
)
_NEWEST = sa.select(sa.func.max(database.event.c.idx))


class TileRows:
    """The tiles of one database; see ``evidence.log.tiles.Tiles``."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def tile(self, *, level: int, n: int) -> bytes:
        """The hashes of tile (``level``, ``n``) as the database keeps them.

        Raises:
            TileError: No such tile is kept.
            StoreError: The row holds something other than bytes.
        """
        hashes = self._connection.execute(_TILE, {"level": level, "n": n}).scalar_one_or_none()
        if hashes is None:
            raise TileError("tile.missing", level=level, n=n)
        return stored_bytes(hashes, where=Term("place.tile", level=level, n=n))


def tree_size(connection: sa.Connection) -> int:
    """How many leaves the log has, as whoever appends to it counts them.

    Raises:
        StoreError: The newest index is not a number.
    """
    newest = connection.execute(_NEWEST).scalar()
    return 0 if newest is None else stored_int(newest, where=Term("place.table", name="event")) + 1


def append(connection: sa.Connection, events: Sequence[Prepared], *, after: str) -> int:
    """Append events to the log behind the token ``after``, in this transaction; return the index of the first.

    The caller holds the turn; the primary key refuses a second writer all the same.
    """
    first = tree_size(connection)
    if not events:
        return first
    leaves = [event.leaf(after) for event in events]
    rows = [
        {"idx": idx, "name": name, "body": body}
        for idx, event in enumerate(events, start=first)
        for name, body in sorted(event.sealed.items())
    ]
    pins = [{"idx": idx, "lines": event.pin} for idx, event in enumerate(events, start=first) if event.pin is not None]
    put(connection, database.event, [{"idx": idx, "leaf": leaf} for idx, leaf in enumerate(leaves, start=first)])
    put(connection, database.sealed, rows)
    put(connection, database.pin, pins)
    _grow(connection, first, leaves)
    return first


def _grow(connection: sa.Connection, size: int, leaves: Sequence[bytes]) -> None:
    changed = grow(TileRows(connection), size=size, leaf_hashes=[leaf_hash(leaf) for leaf in leaves])
    connection.execute(_DROP, [{"in_level": level, "at_n": n} for level, n in changed])
    rows = [{"level": level, "n": n, "hashes": hashes} for (level, n), hashes in changed.items()]
    put(connection, database.tile, rows)
