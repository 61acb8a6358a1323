"""Roots and proofs of a million-entry log, beside pymerkle, in one run.

Ours reads tiles, from a dict or from SQLite rows. pymerkle keeps every leaf: its InmemoryTree
is compared at 100,000 entries, its SqliteTree at the full million. Growing is compared with
the same number of bare SHA-256 calls, the least that any tree must pay. Ratios are the peer's
time over ours: above 1, ours is faster. Samples of both sides alternate. pymerkle remembers
subtree roots between calls, ours nothing: its first call at a size is in its p99.

Times are processor time of the one thread, because wall time on a shared machine measures the
neighbours; the database is in the page cache.
"""

import hashlib
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pymerkle

from evidence.errors import TileError
from evidence.log.merkle import leaf_hash
from evidence.log.tiles import Tiles, consistency_path, grow, inclusion_path, tree_root

ENTRIES = 1_000_000
ENTRIES_IN_MEMORY = 100_000
BATCH = 1000
SAMPLES = 300
SAMPLES_OF_SLOW_PEER = 30
_STRIDE = 7_919  # a prime: samples fall all over the tree

Row = dict[str, object]
Timed = Callable[[int], object]


class TilesInMemory:
    """Tiles in a dict."""

    def __init__(self) -> None:
        self.kept: dict[tuple[int, int], bytes] = {}

    def tile(self, *, level: int, n: int) -> bytes:
        """The tile, as ``Tiles`` says."""
        try:
            return self.kept[level, n]
        except KeyError as error:
            raise TileError("no such tile") from error


class TilesInSqlite:
    """Tiles as rows, like the store's own."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        connection.execute("CREATE TABLE tile (level INTEGER, n INTEGER, hashes BLOB, PRIMARY KEY (level, n))")

    def add(self, tiles: dict[tuple[int, int], bytes]) -> None:
        """Write all of them in one transaction."""
        with self._connection:
            self._connection.executemany(
                "INSERT INTO tile VALUES (?, ?, ?)", ((level, n, hashes) for (level, n), hashes in tiles.items())
            )

    def tile(self, *, level: int, n: int) -> bytes:
        """The tile, as ``Tiles`` says."""
        row = self._connection.execute("SELECT hashes FROM tile WHERE level = ? AND n = ?", (level, n)).fetchone()
        if row is None:
            raise TileError("no such tile")
        hashes: bytes = row[0]
        return hashes


def run() -> dict[str, object]:
    """Build the trees, time them, and return the rows."""
    entries = [b"%d" % number for number in range(ENTRIES)]
    in_memory = TilesInMemory()
    rows = [_growing(in_memory, [leaf_hash(entry) for entry in entries])]
    foreign = pymerkle.InmemoryTree(algorithm="sha256")
    foreign.append_entries(entries[:ENTRIES_IN_MEMORY])
    rows += _compare(in_memory, foreign, size=ENTRIES_IN_MEMORY, kept="in memory", peer_samples=SAMPLES)
    with _databases() as (connection, foreign_file):
        in_sqlite = TilesInSqlite(connection)
        in_sqlite.add(in_memory.kept)
        with pymerkle.SqliteTree(str(foreign_file)) as foreign:
            foreign.append_entries(entries)
            rows += _compare(in_sqlite, foreign, size=ENTRIES, kept="in SQLite", peer_samples=SAMPLES_OF_SLOW_PEER)
    rows += _alone(in_memory)
    return {"rows": rows}


@contextmanager
def _databases() -> Iterator[tuple[sqlite3.Connection, Path]]:
    with tempfile.TemporaryDirectory() as folder, closing(sqlite3.connect(Path(folder) / "tiles.db")) as connection:
        yield connection, Path(folder) / "pymerkle.db"


def _growing(tiles: TilesInMemory, leaves: list[bytes]) -> Row:
    ours, bare = [], []
    for size in range(0, len(leaves), BATCH):
        batch = leaves[size : size + BATCH]
        started = time.thread_time()
        tiles.kept |= grow(tiles, size=size, leaf_hashes=batch)
        ours.append(time.thread_time() - started)
        started = time.thread_time()
        for leaf in batch:
            hashlib.sha256(b"\x01" + leaf + leaf).digest()
        bare.append(time.thread_time() - started)
    name = f"growing by {BATCH} entries up to {len(leaves):,}, median"
    return _row(name, _median(ours), _median(bare), f"{BATCH} bare SHA-256")


def _compare(tiles: Tiles, foreign: pymerkle.BaseMerkleTree, *, size: int, kept: str, peer_samples: int) -> list[Row]:
    peer_name = f"pymerkle {type(foreign).__name__}"
    assert tree_root(tiles, size=size) == foreign.get_root(size)
    rows = []
    for what, ours, theirs in _operations(tiles, foreign, size):
        our_times, their_times = _alternate(ours, theirs, size, peer_samples)
        name = f"{what} at {size:,} entries {kept}"
        rows.append(_row(f"{name}, median", _median(our_times), _median(their_times), peer_name))
        rows.append(_row(f"{name}, p99", _p99(our_times), _p99(their_times), peer_name))
    return rows


def _operations(tiles: Tiles, foreign: pymerkle.BaseMerkleTree, size: int) -> list[tuple[str, Timed, Timed]]:
    # pymerkle counts entries from 1
    return [
        ("root", lambda _: tree_root(tiles, size=size), lambda _: foreign.get_root(size)),
        (
            "inclusion path",
            lambda index: inclusion_path(tiles, index=index, size=size),
            lambda index: foreign.prove_inclusion(index + 1, size),
        ),
        (
            "consistency path",
            lambda index: consistency_path(tiles, old_size=index + 1, new_size=size),
            lambda index: foreign.prove_consistency(index + 1, size),
        ),
    ]


def _alternate(ours: Timed, theirs: Timed, size: int, peer_samples: int) -> tuple[list[float], list[float]]:
    our_times, their_times = [], []
    for number in range(SAMPLES):
        index = number * _STRIDE % size
        our_times.append(_seconds(ours, index))
        if number < peer_samples:
            their_times.append(_seconds(theirs, index))
    return our_times, their_times


def _alone(tiles: Tiles) -> list[Row]:
    """The million entries with tiles in memory, where no peer can follow: beside the limit of 2 ms that we set."""
    rows = []
    for what, prove in (
        ("inclusion path", lambda index: inclusion_path(tiles, index=index, size=ENTRIES)),
        ("consistency path", lambda index: consistency_path(tiles, old_size=index + 1, new_size=ENTRIES)),
    ):
        times = [_seconds(prove, number * _STRIDE % ENTRIES) for number in range(SAMPLES)]
        name = f"{what} at {ENTRIES:,} entries in memory"
        rows.append(_row(f"{name}, median", _median(times), 0.002, "limit"))
        rows.append(_row(f"{name}, p99", _p99(times), 0.002, "limit"))
    return rows


def _seconds(work: Timed, index: int) -> float:
    started = time.thread_time()
    work(index)
    return time.thread_time() - started


def _median(times: list[float]) -> float:
    return statistics.median(times)


def _p99(times: list[float]) -> float:
    return sorted(times)[(len(times) * 99 - 1) // 100]


def _row(name: str, ours_s: float, peer_s: float, peer_name: str) -> Row:
    return {
        "name": name,
        "unit": "ms",
        "ours": round(ours_s * 1000, 3),
        "peer": round(peer_s * 1000, 3),
        "peer_name": peer_name,
        "ratio": round(peer_s / ours_s, 2),
    }
