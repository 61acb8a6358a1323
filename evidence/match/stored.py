"""The stored prints: the one place where they are opened."""

from collections.abc import Iterable, Iterator

import sqlalchemy as sa

from config.errors import Term
from evidence.errors import EnvelopeError, NoMatchingKeyError, PrintsError, StoreError
from evidence.fingerprint.prints import Prints
from evidence.seal.age import Identity
from evidence.seal.envelopes import open_whole
from evidence.store import database
from evidence.store.stored import stored_bytes

_AT_ONCE = 256
_WHERE = Term("place.table", name="sealed")
_table = database.sealed
_idx = _table.c.idx


def sealed_prints(
    connection: sa.Connection,
    matching: Identity,
    *,
    after: int = -1,
    before: int | None = None,
    is_ours: bool = False,
) -> Iterator[tuple[int, Prints]]:
    """The stored fingerprints to compare with, opened, of every file behind an entry.

    They come in the order of the log, each with its entry.

    What is damaged, or was sealed to another key, is left out: whoever may only add entries stops no comparison.

    Args:
        before: Only of entries before this one.
        is_ours: The key has opened prints of this home.

    Raises:
        NoMatchingKeyError: The matching key is another home's: it opens the first prints of all as little.
    """
    span = [_idx > after] if before is None else [_idx > after, _idx < before]
    yield from _opened(connection, matching, *span, is_ours=is_ours)


def prints_of(connection: sa.Connection, matching: Identity, entries: Iterable[int]) -> Iterator[tuple[int, Prints]]:
    """The stored fingerprints to compare with, opened, of some entries that have any, in the order of the log.

    What is damaged is left out.

    Raises:
        NoMatchingKeyError: The matching key is another home's.
    """
    wanted = sorted(entries)
    for first in range(0, len(wanted), _AT_ONCE):
        yield from _opened(connection, matching, _idx.in_(wanted[first : first + _AT_ONCE]), is_ours=False)


def _opened(
    connection: sa.Connection, matching: Identity, *where: sa.ColumnElement[bool], is_ours: bool
) -> Iterator[tuple[int, Prints]]:
    wanted = sa.select(_idx, _table.c.body).where(_table.c.name == "prints", *where)
    for row in connection.execution_options(yield_per=_AT_ONCE).execute(wanted.order_by(_idx)):
        try:
            prints = Prints.parse(open_whole(stored_bytes(row.body, where=_WHERE), identities=(matching,)))
        except NoMatchingKeyError:
            if not is_ours:
                raise
        except (EnvelopeError, PrintsError, StoreError):
            continue
        else:
            is_ours = True
            yield row.idx, prints
