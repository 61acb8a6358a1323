"""The stored prints: what a picture is compared with, and the one place where they are opened."""

from collections.abc import Iterator

import sqlalchemy as sa

from evidence.fingerprint.prints import Prints
from evidence.seal.age import Identity
from evidence.seal.envelopes import open_whole
from evidence.store import database
from evidence.store.database import reading
from evidence.store.upgrade import stands


def stored_prints(engine: sa.Engine, matching: Identity) -> Iterator[tuple[str, Prints]]:
    """Every stored file's fingerprints, by item; for what was kept in several modes, only the highest.

    Raises:
        NoMatchingKeyError: The matching key is another home's.
    """
    item, sealed = database.item, database.sealed
    both = (
        sa.select(item.c.item_id, sealed.c.body)
        .join(sealed, sa.and_(sealed.c.idx == item.c.idx, sealed.c.name == "prints"))
        .where(stands())
        .order_by(item.c.idx)
    )
    with reading(engine) as connection:
        for row in connection.execution_options(yield_per=256).execute(both):
            yield row.item_id, Prints.parse(open_whole(bytes(row.body), identities=(matching,)))
