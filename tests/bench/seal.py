"""How fast a large medium is sealed and opened, beside pyrage's streaming in the same run.

Both sides read pieces of at most 1 MiB from memory and write to a sink that keeps nothing, so
that no disk is measured. The rounds are interleaved; each speed is the median of its rounds.
Seconds are processor time: both sides run in one thread and wait for nothing, and the time on
the wall of a shared machine measures the neighbours.
"""

import hashlib
import io
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median

import pyrage

from evidence.seal.age import Recipient, new_file_key, open_header, seal_header
from evidence.seal.envelopes import seal_media
from evidence.seal.recipients import X25519Identity, generate_identity
from evidence.seal.stream import open_payload, seal_payload
from tests.opening import open_media

MEBIBYTES = 500
ROUNDS = 3
PIECE_BYTES = 1 << 20

Work = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Sink:
    """A file that keeps nothing."""

    update: Callable[[bytes], object] = len

    def write(self, data: bytes) -> int:
        self.update(data)
        return len(data)

    def flush(self) -> None:
        """Nothing waits."""


@dataclass(frozen=True, slots=True)
class Bench:
    """The work of both sides over the same bytes.

    Attributes:
        content: What is sealed.
        sealed: The same as a whole age file for ``identity``.
        header_bytes: Where its payload begins.
    """

    content: bytes
    sealed: bytes
    header_bytes: int
    identity: X25519Identity
    theirs: pyrage.x25519.Identity

    def pieces(self) -> Iterator[bytes]:
        view = memoryview(self.content)
        return (bytes(view[start : start + PIECE_BYTES]) for start in range(0, len(view), PIECE_BYTES))

    def payload(self) -> Iterator[memoryview]:
        view = memoryview(self.sealed)
        return (view[start : start + PIECE_BYTES] for start in range(self.header_bytes, len(view), PIECE_BYTES))

    def seal_file(self, recipient: Recipient) -> None:
        file_key, sink = new_file_key(), Sink()
        sink.write(seal_header(file_key, recipients=[recipient]))
        for piece in seal_payload(file_key, self.pieces()):
            sink.write(piece)

    def seal_medium(self, recipient: Recipient) -> None:
        seal_media(self.pieces(), manifest=lambda: b"{}", recipients=[recipient], sink=Sink().write)

    def seal_theirs(self, sink: Sink) -> None:
        pyrage.encrypt_io(io.BytesIO(self.content), sink, [self.theirs.to_public()])

    def open_file(self) -> None:
        sink = Sink()
        file_key = open_header(self.sealed[: self.header_bytes], identities=[self.identity])
        for piece in open_payload(file_key, self.payload()):
            sink.write(piece)

    def open_medium(self) -> None:
        header = self.sealed[: self.header_bytes]
        open_media(header, self.payload(), identities=[self.identity], sink=Sink().write)

    def open_theirs(self, sink: Sink) -> None:
        pyrage.decrypt_io(io.BytesIO(self.sealed), sink, [self.theirs])


def prepare() -> Bench:
    identity, content, payload = X25519Identity(os.urandom(32)), os.urandom(MEBIBYTES << 20), bytearray()
    seal = seal_media([content], manifest=lambda: b"{}", recipients=[identity.recipient], sink=payload.extend)
    theirs = pyrage.x25519.Identity.from_str(identity.secret_string())
    return Bench(content, seal.header + payload, len(seal.header), identity, theirs)


def speeds(works: dict[str, Work]) -> dict[str, float]:
    """Megabytes of content per processor second of each work, the median of interleaved rounds."""
    seconds: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(ROUNDS):
        for name, work in works.items():
            started = time.process_time()
            work()
            seconds[name].append(time.process_time() - started)
    return {name: (MEBIBYTES << 20) / 1e6 / median(spent) for name, spent in seconds.items()}


def run() -> dict[str, object]:
    """Seal and open 500 MiB, ours and pyrage's in turn."""
    bench, hybrid = prepare(), generate_identity()
    works: dict[str, Work] = {
        "age file, X25519": lambda: bench.seal_file(bench.identity.recipient),
        "age file, post-quantum": lambda: bench.seal_file(hybrid.recipient),
        "pyrage encrypt_io": lambda: bench.seal_theirs(Sink()),
        "media envelope": lambda: bench.seal_medium(hybrid.recipient),
        "pyrage encrypt_io and SHA-256": lambda: bench.seal_theirs(Sink(hashlib.sha256().update)),
        "open age file": bench.open_file,
        "pyrage decrypt_io": lambda: bench.open_theirs(Sink()),
        "open media envelope": bench.open_medium,
        "pyrage decrypt_io and SHA-256": lambda: bench.open_theirs(Sink(hashlib.sha256().update)),
    }
    pairs = (
        ("age file, X25519", "pyrage encrypt_io"),
        ("age file, post-quantum", "pyrage encrypt_io"),
        ("media envelope", "pyrage encrypt_io and SHA-256"),
        ("open age file", "pyrage decrypt_io"),
        ("open media envelope", "pyrage decrypt_io and SHA-256"),
    )
    speed = speeds(works)
    return {"rows": [row(speed, name=name, peer_name=peer) for name, peer in pairs]}


def row(speed: dict[str, float], *, name: str, peer_name: str) -> dict[str, object]:
    ours, peer = speed[name], speed[peer_name]
    return {
        "name": f"{name}, {MEBIBYTES} MiB",
        "unit": "MB/s",
        "ours": round(ours),
        "peer": round(peer),
        "peer_name": peer_name,
        "ratio": round(ours / peer, 2),
    }
