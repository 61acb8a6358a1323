"""Importing: how fast, whether flat per message and in memory, and what one costs on the disk; photos last.

An export of Telegram Desktop with text messages alone is imported into a new SQLite home by the program's own
import, every batch committed with synchronous=FULL, each size in a process of its own. Rates are messages
per second of wall time and of processor time, from the first byte read to the last time stamp. Bytes are the
growth of the home's folder in blocks of the disk: database, write-ahead log at rest, objects and indexes.

Peers, in the same run: rows of the same sizes written by sqlite3 alone in the same batches, and the same
number of records of the same size sealed by pyrage twice, since a message has two envelopes (X25519, not
post-quantum). Ratios are ours over the peer's; beside a limit, the limit is the peer.

``python -m tests.bench.intake 1000000 --steps`` imports as many, which may take an hour or two, and prints a line
at 10,000 messages, at 100,000, and at each further 100,000: milliseconds of processor time a message since the line
before, and what the process holds in memory. If both stay as they are, an import is flat. ``--form`` imports JSON, HTML
pages or an archive once, and ``--bytes`` says how many bytes the messages have together (``_forms``).
"""

import argparse
import json
import os
import resource
import secrets
import sqlite3
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyrage

from api.office.intake import Heard, Wish, import_export
from evidence.observation import Mode
from tests.bench import _forms, _photos
from tests.homes import doer, new_home, take_in

SMALL, LARGE = 1_000, 10_000
BATCH = 64
FIRST_STEP, STEP = 10_000, 100_000
LIMIT_PER_SECOND = 500
LIMIT_BYTES = 7_000
WORDS = [
    "da",
    "ne",
    "kako",
    "sto",
    "ima",
    "nema",
    "danas",
    "utre",
    "sonce",
    "grad",
    "ulica",
    "broj",
    "vidi",
    "slika",
    "zdravo",
    "prati",
    "link",
    "grupa",
    "kazi",
    "koj",
    "znae",
]

Row = dict[str, object]


def write_texts(folder: Path, count: int) -> None:
    """An export of ``count`` text messages of 3 to 25 words."""
    source = np.random.default_rng(1)
    folder.mkdir()
    with (folder / "result.json").open("w", encoding="utf-8") as file:
        file.write('{\n "name": "Grupa",\n "type": "public_supergroup",\n "id": 1234567890,\n "messages": [\n')
        for number in range(1, count + 1):
            text = " ".join(source.choice(WORDS, size=int(source.integers(3, 26))))
            seconds = 1_700_000_000 + 37 * number
            local = datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None).isoformat()
            message = {"id": number, "type": "message", "date": local, "date_unixtime": str(seconds)}
            message |= {"from": f"Ime {number % 50}"}
            message |= {"from_id": f"user{1_000_000_000 + number % 50}", "reply_to_message_id": max(1, number - 3)}
            message |= {"text": text, "text_entities": [{"type": "plain", "text": text}]}
            file.write(json.dumps(message, indent=1) + (",\n" if number < count else "\n"))
        file.write(" ]\n}")


def on_disk(folder: Path) -> int:
    """Bytes of the disk's blocks that everything below a folder takes."""
    return sum(path.lstat().st_blocks * 512 for path in folder.rglob("*"))


def measure(count: int) -> dict[str, float]:
    """One import, in this process."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        home, _cards = new_home(folder / "home")
        write_texts(folder / "export", count)
        before, resident = on_disk(home.path), peak_bytes()
        wall, processor = time.perf_counter(), time.process_time()
        take_in(home, folder / "export", Mode.METADATA_ONLY)
        wall, processor = time.perf_counter() - wall, time.process_time() - processor
        home.engine.dispose()
        rates = {"wall": count / wall, "processor": count / processor, "memory": float(peak_bytes() - resident)}
        rates |= {"bytes": (on_disk(home.path) - before) / count}
        return rates | split(home.path / "nisisama.db", count)


@dataclass(slots=True)
class Steps:
    """Prints how an import goes on, at its steps."""

    done: int = 0
    before: int = 0
    spent_s: float = 0.0

    def begin(self, _messages: int, _files: int) -> Heard:
        """Nothing of what came before counts: the export was read once."""
        self.spent_s = time.process_time()
        return Heard(durable=self.hear)

    def hear(self, more: int) -> None:
        """Count this many more messages as on disk."""
        due = FIRST_STEP if not self.before else max(STEP, self.before // STEP * STEP + STEP)
        self.done += more
        if self.done >= due:
            now = time.process_time()
            each_ms = 1e3 * (now - self.spent_s) / (self.done - self.before)
            print(f"{self.done:>9,} messages  {each_ms:6.3f} ms each  {resident_bytes() / 1e6:6.0f} MB", flush=True)
            self.before, self.spent_s = self.done, now


def import_in_steps(count: int) -> None:
    """One import, in this process, that prints its steps."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        home, _cards = new_home(folder / "home")
        write_texts(folder / "export", count)
        print(f"{0:>9,} messages                  {resident_bytes() / 1e6:6.0f} MB", flush=True)
        wish = Wish(folder / "export", None, "mila", Mode.METADATA_ONLY, None, doer(home))
        import_export(home, wish, Steps().begin)
        home.engine.dispose()


def resident_bytes() -> int:
    """The memory that this process holds now, but for what is a file's: a large export is mapped, not read."""
    held = (line.split() for line in Path("/proc/self/status").read_text("ascii").splitlines())
    return next(int(words[1]) * 1024 for words in held if words[0] == "RssAnon:")


def split(file: Path, count: int) -> dict[str, float]:
    """Bytes of the database's pages a message, by what lies in them."""
    connection = sqlite3.connect(file)
    rows = connection.execute("SELECT name, sum(pgsize) FROM dbstat GROUP BY name ORDER BY 2 DESC LIMIT 5").fetchall()
    connection.close()
    return {f"table {name}": size / count for name, size in rows}


def peak_bytes() -> int:
    """The most memory that this process ever had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def in_a_process(count: int) -> dict[str, float]:
    """One import in a process of its own, so that no memory of another counts."""
    command = [sys.executable, "-m", "tests.bench.intake", str(count)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    rates: dict[str, float] = json.loads(done.stdout)
    return rates


def sqlite_alone(count: int) -> float:
    """Messages per second when rows of the same sizes are written by sqlite3 and nothing else is done."""
    sizes = (3_165, 1_627, 671, 530, 253)
    with tempfile.TemporaryDirectory() as name:
        connection = sqlite3.connect(Path(name) / "peer.db", isolation_level=None)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("CREATE TABLE row (at INTEGER PRIMARY KEY, body BLOB)")
        began = time.perf_counter()
        for _batch in range(count // BATCH):
            connection.execute("BEGIN IMMEDIATE")
            for size in sizes * BATCH:
                connection.execute("INSERT INTO row (body) VALUES (?)", (os.urandom(size),))
            connection.execute("COMMIT")
        rate = count / (time.perf_counter() - began)
        connection.close()
        return rate


def sealing_alone(count: int) -> float:
    """Messages per second of processor time when pyrage seals two records for each, and nothing else is done."""
    recipient, record = pyrage.x25519.Identity.generate().to_public(), secrets.token_bytes(1_500)
    began = time.process_time()
    for _each in range(2 * count):
        pyrage.encrypt(record, [recipient])
    return count / (time.process_time() - began)


def run() -> dict[str, object]:
    """Import a small and a large export, beside the peers."""
    small, large = in_a_process(SMALL), in_a_process(LARGE)
    rows = [
        row(f"import {LARGE} text messages", "1/s", large["wall"], sqlite_alone(LARGE), "sqlite3, the same rows"),
        row("the same, of processor time", "1/s", large["processor"], sealing_alone(SMALL), "pyrage, sealing alone"),
        row("the same, beside its limit", "1/s", large["wall"], LIMIT_PER_SECOND, "limit, at least"),
        row("processor time a message", "ms", 1e3 / large["processor"], 1e3 / small["processor"], f"of {SMALL}"),
        row("peak memory above an empty import", "MB", large["memory"] / 1e6, small["memory"] / 1e6, f"of {SMALL}"),
        row("disk a text message", "B", large["bytes"], LIMIT_BYTES, "limit, at most"),
    ]
    named = ((name.removeprefix("table "), size) for name, size in large.items() if name.startswith("table "))
    return {
        "rows": rows + [alone(f"of which {name}", "B", size) for name, size in named] + _forms.rows() + _photos.rows()
    }


def row(name: str, unit: str, ours: float, peer: float, peer_name: str) -> Row:
    return {"name": name, "unit": unit, "ours": ours, "peer": peer, "peer_name": peer_name, "ratio": ours / peer}


def alone(name: str, unit: str, ours: float) -> Row:
    return {"name": name, "unit": unit, "ours": ours, "peer": None, "peer_name": None, "ratio": None}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.bench.intake", description="Import text messages once.")
    parser.add_argument("count", type=int, help="how many messages")
    parser.add_argument("--steps", action="store_true", help="print a line at 10,000, 100,000 and each further 100,000")
    parser.add_argument("--form", choices=_forms.FORMS, help="import this form of an export once, and say its memory")
    parser.add_argument("--bytes", type=int, default=0, help="of all messages together, with --form")
    chosen = parser.parse_args()
    if chosen.form:
        print(json.dumps(_forms.import_form(chosen.form, chosen.count, max(chosen.bytes // chosen.count, 80))))
    elif chosen.steps:
        import_in_steps(chosen.count)
    else:
        print(json.dumps(measure(chosen.count)))
