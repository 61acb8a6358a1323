"""The stored prints: the one place where they are opened."""

from collections.abc import Iterable, Iterator

import sqlalchemy as sa

from evidence.fingerprint.prints import Prints
from evidence.seal.age import Identity
from evidence.seal.envelopes import open_whole
from evidence.store import database

_AT_ONCE = 256
_table = database.sealed
_idx = _table.c.idx


def sealed_prints(
    connection: sa.Connection, matching: Identity, *, after: int = -1, before: int | None = None
) -> Iterator[tuple[int, Prints]]:
    """The fingerprints of every stored file behind an entry, in the order of the log, each with its entry.

    Args:
        before: Only of entries before this one.

    Raises:
        NoMatchingKeyError: The matching key is another home's.
    """
    span = [_idx > after] if before is None else [_idx > after, _idx < before]
    yield from _opened(connection, matching, *span)


def prints_of(connection: sa.Connection, matching: Identity, entries: Iterable[int]) -> Iterator[tuple[int, Prints]]:
    """The fingerprints of some entries, those that have any, in the order of the log.

    Raises:
        NoMatchingKeyError: The matching key is another home's.
    """
    wanted = sorted(entries)
    for first in range(0, len(wanted), _AT_ONCE):
        yield from _opened(connection, matching, _idx.in_(wanted[first : first + _AT_ONCE]))


def _opened(
    connection: sa.Connection, matching: Identity, *where: sa.ColumnElement[bool]
) -> Iterator[tuple[int, Prints]]:
    wanted = sa.select(_idx, _table.c.body).where(_table.c.name == "prints", *where)
    for row in connection.execution_options(yield_per=_AT_ONCE).execute(wanted.order_by(_idx)):
        yield row.idx, Prints.parse(open_whole(bytes(row.body), identities=(matching,)))
