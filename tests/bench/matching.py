"""Hashing and searching pictures, beside python-threatexchange and faiss in the same run.

Hashing: the colour photographs of scikit-image as JPEG of 1280x960 and quality 85, from their bytes, in this process
and on one thread; milliseconds of processor time, the tasks one after another in each round, the median of the
pictures. What asks is hashed from a decode at a quarter of the size, upright and mirrored; what is stored exactly, in
eight orientations. The peers are the decode alone, and one hash by python-threatexchange 1.2.17 (``pip install
threatexchange==1.2.17``: its hasher ``pdqhash`` has no wheels, so no lock can hold it). How much of a picture's time is
its decoder depends on the picture, so the least ratio of any is a row too.

Searching: uniform hashes, each query eleven bits from one that is there; wall time, one thread, ours and
``faiss.IndexBinaryFlat`` in turns, within 31 bits. Memory is what the process holds for the index, and its peak.
Starting: as many sealed prints as are said, in their segments, from the key to the first answer. ``load`` is the
machine's. ``python -m tests.bench.matching 1000000`` runs one size.
"""

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import faiss
import numpy as np
from PIL import Image

from evidence.fingerprint.crops import crop_hashes
from evidence.fingerprint.picture import read_picture, read_scaled
from evidence.match.check import PictureQuery
from evidence.match.index import FLAT_ROWS, HashIndex, HashWords
from evidence.match.library import Library
from evidence.match.segments import MAX_FILES, Comparable, IndexedFile, Segment, seal_segment, write_segments
from evidence.seal.recipients import generate_identity
from evidence.store import database
from evidence.store.database import open_engine, sqlite_url, writing
from tests.bench.fingerprint import jpeg
from tests.evidence.match.libraries import prints

ROUNDS = 9
PHOTOGRAPHS = (
    "astronaut.png",
    "chelsea.png",
    "coffee.png",
    "hubble_deep_field.jpg",
    "motorcycle_left.png",
    "retina.jpg",
    "rocket.jpg",
)
QUERIES = 200
RADIUS = 31
HASHING = "hashing"
SIZES = (100_000, 1_000_000, 10_000_000)
STARTED = (100_000, 1_000_000)
WHOLE = (((0, 0), (0, 0)),)
_ADDED = 1_000

Row = dict[str, object]


def run() -> dict[str, object]:
    """Hashing and every size in a process of its own, so that each has one thread and no memory of another counts."""
    rows = [row("load when it began", "", os.getloadavg()[0])]
    for what in (HASHING, *SIZES):
        command = [sys.executable, "-m", "tests.bench.matching", str(what)]
        environment = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
        rows += json.loads(done.stdout)
    return {"rows": rows}


# Hashing


def _hashing() -> list[Row]:
    files = [jpeg(picture) for picture in photographs()]
    each = [_processor_ms(_tasks(data)) for data in files]
    spent = {name: float(np.median([times[name] for times in each])) for name in each[0]}
    peer, name = spent.get("peer"), "python-threatexchange, at least 10 times" if "peer" in spent else "not installed"
    rows = [
        row("a picture that is asked with: decode and hash", "ms", spent["asked"], peer, name),
        row("the same", "ms", spent["asked"], spent["decode"], "the decode alone; at most 1.4 times", over=True),
        row("with all of its crops", "ms", spent["grid"]),
        row("a picture that is stored: every fingerprint", "ms", spent["stored"], peer, name),
        row("bits between the two, mean", "", float(np.mean([_drift(data) for data in files])), 2, "limit", over=True),
    ]
    if peer is not None:
        worst = min(each, key=lambda times: times["peer"] / times["asked"])
        told = f"python-threatexchange, the least of {len(each)} pictures"
        rows.insert(1, row("the same, of one picture", "ms", worst["asked"], worst["peer"], told))
    return rows


def _drift(data: bytes) -> int:
    """In how many bits the hash that asks differs from the one that is stored."""
    exact = read_picture(data).pdq
    if exact is None:
        raise RuntimeError("a picture without a hash")
    upright = crop_hashes(read_scaled(data), WHOLE)[0]
    return (int.from_bytes(upright) ^ int.from_bytes(exact.hashes[0])).bit_count()


def photographs() -> Iterator[Image.Image]:
    """Of 1280x960, from the package."""
    package = importlib.util.find_spec("skimage")
    if package is None or package.origin is None:
        raise RuntimeError("scikit-image is not installed")
    for name in PHOTOGRAPHS:
        with Image.open(Path(package.origin).parent / "data" / name) as opened:
            yield opened.convert("RGB").resize((1280, 960), Image.Resampling.LANCZOS)


def _tasks(data: bytes) -> dict[str, Callable[[], object]]:
    def decode() -> None:
        image = Image.open(BytesIO(data))
        image.draft("L", (320, 240))
        image.load()

    tasks: dict[str, Callable[[], object]] = {
        "asked": lambda: crop_hashes(read_scaled(data), WHOLE),
        "decode": decode,
        "grid": lambda: crop_hashes(read_scaled(data)),
        "stored": lambda: read_picture(data),
    }
    if importlib.util.find_spec("threatexchange"):
        from threatexchange.signal_type.pdq.pdq_hasher import pdq_from_bytes  # noqa: PLC0415 - where it is installed

        tasks["peer"] = lambda: pdq_from_bytes(data)
    return tasks


def _processor_ms(tasks: dict[str, Callable[[], object]]) -> dict[str, float]:
    samples: dict[str, list[float]] = {name: [] for name in tasks}
    for number in range(ROUNDS + 1):
        for name, task in tasks.items():
            began = time.process_time()
            task()
            if number:
                samples[name].append((time.process_time() - began) * 1e3)
    return {name: float(np.median(each)) for name, each in samples.items()}


# Searching


def one_size(size: int) -> list[Row]:
    """Search among so many hashes, and begin with as many sealed ones."""
    faiss.omp_set_num_threads(1)
    source = np.random.default_rng(1)
    before = _memory("VmRSS")
    index = HashIndex()
    peer = faiss.IndexBinaryFlat(256)
    queries = np.empty((QUERIES, 4), np.uint64)
    for at in range(0, size, 100_000):
        hashes = source.integers(0, 1 << 64, (min(100_000, size - at), 4), dtype=np.uint64)
        index.append(hashes, np.arange(at, at + len(hashes), dtype=np.int32))
        if at == 0:
            queries[:] = hashes[:QUERIES] ^ np.array([0b111, 0b11111, 0, 0b111], np.uint64)
    began = time.perf_counter()
    index.search(queries[:1], RADIUS)
    built_s = time.perf_counter() - began
    held, peak = _memory("VmRSS") - before, _memory("VmHWM")
    source = np.random.default_rng(1)
    for at in range(0, size, 100_000):
        hashes = source.integers(0, 1 << 64, (min(100_000, size - at), 4), dtype=np.uint64)
        peer.add(np.ascontiguousarray(hashes.astype(">u8")).view(np.uint8))
    ours, theirs = _searches(index, peer, queries)
    added = _added(index, source, size)
    built_in = _added(index, source, size + _ADDED, FLAT_ROWS + 1)
    name = f"search among {size:,}"
    rows = [
        row(f"{name}, median", "ms", np.median(ours), np.median(theirs), "faiss.IndexBinaryFlat, in turns"),
        row(f"{name}, 99 of 100", "ms", np.quantile(ours, 0.99), np.quantile(theirs, 0.99), "faiss.IndexBinaryFlat"),
        row(f"adding {_ADDED:,} to {size:,}, first search included", "ms", added, 50, "limit, at most", over=True),
        row(f"adding {FLAT_ROWS + 1:,}, which builds them in, first search included", "ms", built_in),
        row(f"building {size:,}", "s", built_s),
        row(f"memory for {size:,}", "GB", held / 1e9, 1.5, "limit, at most", over=True),
        row("its peak, program included", "GB", peak / 1e9),
    ]
    if size in STARTED:
        del index, peer
        limit_s = 2 if size <= STARTED[0] else 10
        rows.append(row(f"from locked to searching {size:,} sealed", "s", started_s(size), limit_s, "limit", over=True))
    return rows


def _searches(index: HashIndex, peer: faiss.IndexBinaryFlat, queries: HashWords) -> tuple[list[float], list[float]]:
    ours, theirs = list[float](), list[float]()
    for number, query in enumerate(np.concatenate([queries[:20], queries])):
        spelled = query.astype(">u8").view(np.uint8).reshape(1, 32)
        began = time.perf_counter()
        found = index.search(query[np.newaxis], RADIUS)
        middle = time.perf_counter()
        _limits, _bits, labels = peer.range_search(spelled, RADIUS + 1)
        ended = time.perf_counter()
        if sorted(found.labels.tolist()) != sorted(labels.tolist()):
            raise RuntimeError("the two do not find the same")
        if number >= 20:  # the first ones warm both up
            ours.append((middle - began) * 1e3)
            theirs.append((ended - middle) * 1e3)
    return ours, theirs


def _added(index: HashIndex, source: np.random.Generator, size: int, count: int = _ADDED) -> float:
    hashes = source.integers(0, 1 << 64, (count, 4), dtype=np.uint64)
    began = time.perf_counter()
    index.append(hashes, np.arange(size, size + count, dtype=np.int32))
    index.search(hashes[:1], RADIUS)
    return (time.perf_counter() - began) * 1e3


# Starting


def started_s(size: int) -> float:
    """Seconds from the key to the first answer, over segments that hold so many pictures."""
    key, source = generate_identity(), np.random.default_rng(2)
    with tempfile.TemporaryDirectory() as folder:
        engine = open_engine(sqlite_url(Path(folder) / "bench.db"))
        database.metadata.create_all(engine)
        for at in range(0, size, MAX_FILES):
            last = min(at + MAX_FILES, size) - 1
            files = [
                IndexedFile(entry, Comparable.YES, source.bytes(32), (source.bytes(32),))
                for entry in range(at, last + 1)
            ]
            with writing(engine) as connection:
                # the rows that a segment is counted against; nothing is read of them
                rows = [{"idx": file.entry, "name": "prints", "body": b""} for file in files]
                connection.execute(database.sealed.insert(), rows)
                write_segments(connection, [seal_segment(Segment(at, last, files), key)])
                connection.execute(database.item.insert(), [_item(file.entry) for file in files])
                connection.execute(database.event.insert(), [{"idx": last, "leaf": b""}])
        query = PictureQuery.of(prints(1))
        began = time.perf_counter()
        library = Library(engine, key)
        library.refresh()
        if library.compare(query).compared != size:
            raise RuntimeError("not everything was compared")
        spent = time.perf_counter() - began
        engine.dispose()
        return spent


def _item(entry: int) -> dict[str, object]:
    place = {"idx": entry, "item_id": f"{entry:032x}", "seen": entry.to_bytes(32), "kind": "file", "mode": "sealed"}
    return place | {"channel_id": "-1001", "message_id": entry, "acquired_at": "2026-01-01T00:00:00.000Z"}


def _memory(name: str) -> int:
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:"))


def row(
    name: str, unit: str, ours: float, peer: float | None = None, peer_name: str | None = None, *, over: bool = False
) -> Row:
    """A row; its ratio is the peer's over ours, or ours over the peer's."""
    ratio = None if peer is None else ours / peer if over else peer / ours
    told = peer_name if peer is not None else None
    return {"name": name, "unit": unit, "ours": float(ours), "peer": peer, "peer_name": told, "ratio": ratio}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.bench.matching", description="Search among one size.")
    parser.add_argument("what", help=f"how many hashes, or {HASHING}")
    chosen = parser.parse_args().what
    print(json.dumps(_hashing() if chosen == HASHING else one_size(int(chosen))))
