"""Checks the store against the log, and the log against older checkpoints (levels 1 to 3; no secret key needed).

1. ``database.schema``: the database has the objects that the program makes, and no other.
   ``database.integrity``: its own check of its pages.
2. ``log.leaves``: every leaf parses, is of this log, in its place, and names the newest token before it.
3. ``log.tiles``: the tiles are those of the leaves; nothing is missing and nothing is added.
4. ``log.checkpoints``: every checkpoint is signed by the log key and has the root of the leaves. None that an
   anchor names is missing.
5. ``log.tokens``: every anchor's token and reply are the logged ones, and the token is for its checkpoint.
   Sizes and times of the anchors never go back, but for what the clocks of two time-stamp offices may differ.
6. ``log.anchored``: the newest checkpoint with news that was due is stamped; without a token it is undecided,
   never fine. What is newer than the beat is only mentioned.
7. ``log.signed`` and ``log.against``: the log holds the checkpoint that was signed last, or one from outside.
   Without the keys' folder nobody knows which was signed last, so ``log.signed`` is undecided. It is undecided
   too where only the row of that checkpoint is missing.
   ``home.pins``: the home would use what entry 0, and each change of a key, says.
8. Level 2, ``sealed.rows`` and ``objects.bytes``: every ciphertext is there and hashes to its leaf.
9. Level 3, ``sealed.headers``: every envelope has a readable header. ``rows.places``: every row in
   clear stands at a leaf of its type, and none is missing. With the casework key, ``records.rows``:
   every record opens its leaf's commitments and the rows in clear follow from it.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial

import sqlalchemy as sa

from config.errors import Term
from evidence.audit import home
from evidence.audit.log import BYTES_LEVEL, HEADERS_LEVEL, AuditInput, LogAudit
from evidence.audit.rows import Erasures, lost_erasures, row_places
from evidence.audit.store import DestroyedParts, StoreAudit
from evidence.finding import Finding, Report, run_check
from evidence.store.database import store_errors

_Check = tuple[str, Callable[[], Iterable[Finding] | None]]


@dataclass(frozen=True, slots=True)
class Audit:
    """The outcome.

    Attributes:
        compared: Whether every record was opened, or found broken, and every row in clear compared with them.
    """

    entries: int
    objects: int
    report: Report
    compared: bool


def audit(audit_input: AuditInput, progress: Callable[[int], object] = lambda _done: None) -> Audit:
    """Run the audit of a home: every check of the level; ``progress`` hears the number of leaves read since.

    Damage is in the report, and is not raised.
    """
    # before the view of the database: what is settled by now is logged in it, even while another process writes
    present = frozenset(audit_input.objects.addresses()) if audit_input.level >= BYTES_LEVEL else frozenset()
    with audit_input.engine.connect() as connection, _any_text(connection):
        connection.begin()  # one view for every check; never committed
        log = LogAudit(connection, audit_input, progress)
        findings = _run(_log_checks(connection, log, audit_input))
        removed, erased = log.removed_hashes(), log.erased_entries()
        lost = lost_erasures(connection, log.places, erased)
        gone = DestroyedParts(removed, frozenset({*erased, *lost}))
        with closing(
            StoreAudit(connection, audit_input, media=log.media, size=log.size, present=present, gone=gone)
        ) as store:
            places = partial(row_places, connection, log.places, Erasures(erased, lost, audit_input.graves))
            findings += _run(_store_checks(store, audit_input, places))
    return Audit(log.size, len(present), Report(tuple(findings)), store.compared)


@contextmanager
def _any_text(connection: sa.Connection) -> Iterator[None]:
    """Have text that is not UTF-8 escaped, so that a check can name its row; the driver would refuse it."""
    if connection.dialect.name != "sqlite":
        yield
        return
    driver = connection.connection.driver_connection
    if not isinstance(driver, sqlite3.Connection):
        raise TypeError("SQLite is spoken to by another driver than sqlite3")
    driver.text_factory = partial(str, encoding="utf-8", errors="backslashreplace")
    try:
        yield
    finally:
        driver.text_factory = str


def _run(checks: Iterable[_Check]) -> list[Finding]:
    return [finding for check_id, check in checks for finding in run_check(check_id, partial(_guarded, check))]


def _guarded(check: Callable[[], Iterable[Finding] | None]) -> Iterator[Finding]:
    """Make a check, and report trouble with the database as a finding like any other."""
    with store_errors(Term("place.database")):
        yield from check() or ()


def _log_checks(connection: sa.Connection, log: LogAudit, audit_input: AuditInput) -> Iterable[_Check]:
    yield "database.schema", partial(home.schema, connection)  # (1)
    yield "database.integrity", log.integrity
    yield "log.leaves", log.leaves  # (2)
    yield "log.tiles", log.tiles  # (3)
    yield "log.checkpoints", log.checkpoints  # (4)
    yield "log.tokens", log.tokens  # (5)
    yield "log.anchored", log.anchored  # (6)
    yield "log.signed", log.signed  # (7)
    if audit_input.against:
        yield "log.against", log.against
    yield "home.pins", partial(home.pins, connection, audit_input, log.places)


def _store_checks(
    store: StoreAudit, audit_input: AuditInput, places: Callable[[], Iterable[Finding]]
) -> Iterable[_Check]:
    if audit_input.level >= BYTES_LEVEL:  # (8)
        yield "sealed.rows", store.rows
        yield "objects.bytes", store.objects
    if audit_input.level >= HEADERS_LEVEL:  # (9)
        yield "sealed.headers", store.headers
        yield "rows.places", places
        if audit_input.reader:
            yield "records.rows", store.records
