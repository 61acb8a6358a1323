"""The stored prints: the one place where they are opened."""

from collections.abc import Iterator

import sqlalchemy as sa

from evidence.fingerprint.prints import Prints
from evidence.seal.age import Identity
from evidence.seal.envelopes import open_whole
from evidence.store import database


def sealed_prints(connection: sa.Connection, matching: Identity, *, after: int = -1) -> Iterator[tuple[int, Prints]]:
    """The fingerprints of every stored file behind an entry, in the order of the log, each with its entry.

    Raises:
        NoMatchingKeyError: The matching key is another home's.
    """
    table = database.sealed
    wanted = sa.select(table.c.idx, table.c.body).where(table.c.name == "prints", table.c.idx > after)
    rows = connection.execution_options(yield_per=256).execute(wanted.order_by(table.c.idx))
    for row in rows:
        yield row.idx, Prints.parse(open_whole(bytes(row.body), identities=(matching,)))
