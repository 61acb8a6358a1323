"""Seals rows again to another key: each gets a new age header and keeps its payload.

Most of the work is done ahead, outside the turn, and kept in a folder beside the keys, so a program that was stopped
continues where it was. ``exchange`` then puts all rows in their places in the one transaction that logs the change,
so at every moment one key opens all of them. What was added since the work ahead is sealed again inside the turn.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import sqlalchemy as sa

from config.errors import Term
from evidence.canonical import sha256_hex
from evidence.custody.append import tree_size
from evidence.custody.resealed import Resealed, read_resealed, resealed_list
from evidence.errors import EnvelopeError, HomeError, NoMatchingKeyError
from evidence.log.leaf import parse_leaf
from evidence.seal.age import Identity, Recipient, split_file
from evidence.seal.envelopes import rewrap
from evidence.store import database
from evidence.store.database import put, reading
from evidence.store.stored import stored_bytes
from evidence.store.work_ahead import WorkAhead

SEALED_TO: Mapping[str, tuple[str, ...]] = MappingProxyType({"casework": ("record",), "matching": ("hashes", "prints")})
"""By role, the names of the rows that are sealed to its key."""
_SPAN = 256
"""How many entries are looked at in one view."""
Hear = Callable[[int], object]


@dataclass(frozen=True, slots=True)
class KeyChange:
    """The old key and the new one.

    Attributes:
        names: Of the rows that are sealed to this key.
    """

    names: tuple[str, ...]
    old: Identity
    new: Recipient


def reseal_ahead(engine: sa.Engine, change: KeyChange, ahead: WorkAhead, hear: Hear) -> None:
    """Make the new header of every row that has none yet.

    Args:
        hear: Told the number of entries that were looked at since.

    Raises:
        HomeError: A row is not what was logged, or does not open.
    """
    with reading(engine) as connection:
        size, resealed = tree_size(connection), read_resealed(connection)
    for first in range(0, size, _SPAN):
        last = min(first + _SPAN, size) - 1
        with reading(engine) as connection:
            rows = _rows(connection, change.names, first, last, resealed)
        done = ahead.at(first, last)
        todo = [row for row in rows if done.get(row.place, ("", b""))[0] != row.sha256]
        if todo:
            ahead.keep({row.place: (row.sha256, row.new_header(change)) for row in todo})
        hear(last + 1 - first)


def count_entries(engine: sa.Engine) -> int:
    """How many entries there are to look at."""
    with reading(engine) as connection:
        return tree_size(connection)


def exchange(connection: sa.Connection, change: KeyChange, ahead: WorkAhead) -> bytes:
    """In the turn, put every row in its place, sealed again, and return the list for the log.

    Raises:
        HomeError: A row is not what was logged, or does not open.
    """
    resealed, digests = read_resealed(connection), dict[tuple[int, str], bytes]()
    table = database.sealed
    for first in range(0, size := tree_size(connection), _SPAN):
        last = min(first + _SPAN, size) - 1
        made, fresh = ahead.at(first, last), list[dict[str, object]]()
        for row in _rows(connection, change.names, first, last, resealed):
            before, header = made.get(row.place, ("", b""))
            body = row.under(header if before == row.sha256 else row.new_header(change))
            digests[row.place] = bytes.fromhex(sha256_hex(body))
            fresh.append({"idx": row.place[0], "name": row.place[1], "body": body})
        here = table.c.idx.between(first, last), table.c.name.in_(change.names)
        connection.execute(sa.delete(table).where(*here))
        put(connection, table, fresh)
    return resealed_list(digests)


@dataclass(frozen=True, slots=True)
class _Row:
    """A sealed row that is what was logged.

    Attributes:
        place: Log index and name.
    """

    place: tuple[int, str]
    body: bytes
    sha256: str

    def new_header(self, change: KeyChange) -> bytes:
        try:
            return rewrap(split_file(self.body)[0], identities=(change.old,), recipients=(change.new,))
        except (EnvelopeError, NoMatchingKeyError) as error:
            raise HomeError("home.sealed_row_closed", where=self._where()) from error

    def under(self, header: bytes) -> bytes:
        """The row with another header."""
        return header + split_file(self.body)[1]

    def _where(self) -> Term:
        return Term("place.row", name=self.place[1], index=str(self.place[0]))


def _rows(connection: sa.Connection, names: Sequence[str], first: int, last: int, resealed: Resealed) -> Sequence[_Row]:
    sealed, event = database.sealed.c, database.event.c
    chosen = sa.select(sealed.idx, sealed.name, sealed.body, event.leaf).join(
        database.event, event.idx == sealed.idx, isouter=True
    )
    chosen = chosen.where(sealed.idx.between(first, last), sealed.name.in_(names)).order_by(sealed.idx, sealed.name)
    found = list[_Row]()
    for index, name, body, data in connection.execute(chosen):
        where = Term("place.row", name=name, index=str(index))
        leaf, kept = parse_leaf(stored_bytes(data, where=where)), stored_bytes(body, where=where)
        digest = sha256_hex(kept)
        # damage must not be logged as right from now on
        if resealed.expected(index, name, leaf) != digest:
            raise HomeError("home.sealed_row_changed", where=where)
        found.append(_Row((index, name), kept, digest))
    return found
