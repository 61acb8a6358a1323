"""Appending to the custody log: ready leaves beside pymerkle's SQLite tree, and whole events.

Ready leaves go through ``evidence.custody.append.append`` in batches of 1000, each batch one
committed transaction with synchronous=FULL, into a database with the store's own settings and
tables. pymerkle gets the same leaves in the same batches into its SqliteTree, which commits with
SQLite's defaults (a rollback journal, synchronous=FULL). Whole events are drafts of a message:
values, commitments, a record sealed to a post-quantum recipient, leaf, row and tiles; their peer is the
sealing of the same record alone. Ratios are ours over the peer's: above 1, ours is faster. Beside the limit that we
set, the limit is the peer: once for wall time, and once for processor time of the one process, since wall time on a
shared machine measures the neighbours and its disk.
"""

import secrets
import statistics
import tempfile
import time
from pathlib import Path

import pymerkle

from evidence.custody.append import append
from evidence.custody.event import Draft, Prepared, prepare
from evidence.log.schema import NO_TOKEN
from evidence.seal.envelopes import seal_whole
from evidence.seal.recipients import generate_identity
from evidence.store import database
from evidence.store.database import open_engine, sqlite_url, writing

LEAVES = 50_000
LIMIT_PER_SECOND = 50_000
BATCH = 1000
EVENTS = 2000
ROUNDS = 3
ORIGIN = "bench/00000000"

Row = dict[str, object]


def ready_entries(count: int) -> list[Prepared]:
    """Leaves of the size of an ``observed`` event, made once, different in their event id."""
    model = prepare(Draft("observed"), origin=ORIGIN, casework=generate_identity().recipient)
    event_id = model.event_id.encode()
    return [
        Prepared(each, model.type, {}, {}, None, model.tail.replace(event_id, each.encode()))
        for each in (secrets.token_hex(16) for _ in range(count))
    ]


def append_ours(entries: list[Prepared], folder: Path) -> tuple[float, float]:
    """Leaves per second of wall time and of processor time, commits and fsyncs included."""
    engine = open_engine(sqlite_url(folder / "ours.db"))
    database.metadata.create_all(engine)
    began, spent = time.perf_counter(), time.process_time()
    for first in range(0, len(entries), BATCH):
        with writing(engine) as connection:
            append(connection, entries[first : first + BATCH], after=NO_TOKEN)
    rates = len(entries) / (time.perf_counter() - began), len(entries) / (time.process_time() - spent)
    engine.dispose()
    return rates


def append_peer(entries: list[Prepared], folder: Path) -> float:
    """The same leaves into pymerkle's SqliteTree."""
    tree = pymerkle.SqliteTree(str(folder / "peer.db"))
    began = time.perf_counter()
    for first in range(0, len(entries), BATCH):
        tree.append_entries([entry.leaf(NO_TOKEN) for entry in entries[first : first + BATCH]])
    rate = len(entries) / (time.perf_counter() - began)
    tree.close()
    return rate


def whole_events(folder: Path) -> tuple[float, float]:
    """Whole events per second, and records sealed per second."""
    engine = open_engine(sqlite_url(folder / "events.db"))
    database.metadata.create_all(engine)
    casework = generate_identity().recipient
    drafts = [Draft("observed", {"text": f"message {number}", "message_id": str(number)}) for number in range(EVENTS)]
    began = time.perf_counter()
    for first in range(0, EVENTS, BATCH):
        entries = [prepare(each, origin=ORIGIN, casework=casework) for each in drafts[first : first + BATCH]]
        with writing(engine) as connection:
            append(connection, entries, after=NO_TOKEN)
    ours = EVENTS / (time.perf_counter() - began)
    engine.dispose()
    record = secrets.token_bytes(2000)
    began = time.perf_counter()
    for _each in drafts:
        seal_whole(record, recipients=(casework,))
    return ours, EVENTS / (time.perf_counter() - began)


def run() -> dict[str, object]:
    """Median rates of interleaved rounds."""
    entries = ready_entries(LEAVES)
    ours, spent, peer, events, seals = [], [], [], [], []
    for _round in range(ROUNDS):
        with tempfile.TemporaryDirectory() as name:
            appended = append_ours(entries, Path(name))
            ours.append(appended[0])
            spent.append(appended[1])
            peer.append(append_peer(entries, Path(name)))
            rates = whole_events(Path(name))
            events.append(rates[0])
            seals.append(rates[1])
    limit = [float(LIMIT_PER_SECOND)]
    return {
        "rows": [
            row(
                f"append ready leaves of {len(entries[0].leaf(NO_TOKEN))} bytes, {BATCH} a commit, FULL",
                ours,
                peer,
                "pymerkle SqliteTree",
            ),
            row("the same, beside its limit", ours, limit, "limit, at least"),
            row("the same, of processor time", spent, limit, "limit, at least"),
            row("whole events (commit, seal, log)", events, seals, "sealing the record alone"),
        ]
    }


def row(name: str, ours: list[float], peer: list[float], peer_name: str) -> Row:
    mine, other = statistics.median(ours), statistics.median(peer)
    return {"name": name, "unit": "1/s", "ours": mine, "peer": other, "peer_name": peer_name, "ratio": mine / other}
