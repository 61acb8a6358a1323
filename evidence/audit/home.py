"""Audits what surrounds the log: the schema of its database, and what the log pins of its home."""

from collections.abc import Iterable, Mapping

import sqlalchemy as sa

from config.errors import Term
from evidence.audit.log import AuditInput, Place, failed
from evidence.custody.pins import read_pins, unpinned
from evidence.errors import LogError
from evidence.finding import Finding
from evidence.log.note import Checkpoint, open_checkpoint
from evidence.log.schema import PINNED
from evidence.store import database
from evidence.store.schema import differences, one_line


def schema(connection: sa.Connection) -> Iterable[Finding]:
    """A check of the audit: the database has the objects that the program makes, and no other."""
    for difference in differences(connection):
        expected, found = one_line(difference.expected), one_line(difference.found)
        yield failed("database.schema", difference.what, "database.schema.differs", expected=expected, found=found)


def pins(connection: sa.Connection, asked: AuditInput, places: Mapping[int, Place]) -> Iterable[Finding]:
    """A check of the audit: every entry that pins the home has its disclosures, and the home would use what they say.

    Args:
        places: By leaf index, every leaf but anchors.

    Raises:
        LogError: What is pinned cannot be read, or entry 0 is not under the checkpoint that was signed last.
    """
    pinning = {index for index, place in places.items() if place.type in PINNED}
    kept = set(connection.execute(sa.select(database.pin.c.idx)).scalars())
    yield from (
        failed("home.pins", Term("place.pin", index=index), "home.pins.missing") for index in sorted(pinning - kept)
    )
    yield from (
        failed("home.pins", Term("place.pin", index=index), "home.pins.added")
        for index in sorted(kept - pinning, key=str)
    )
    if pinning == kept:
        found = unpinned(read_pins(connection, _signed(asked)), asked.in_use)
        yield from (Finding.of_error("home.pins", error) for error in found)


def _signed(asked: AuditInput) -> Checkpoint | None:
    try:
        return None if asked.signed is None else open_checkpoint(asked.signed, key=asked.key)
    except LogError:
        return None  # reported by log.signed
