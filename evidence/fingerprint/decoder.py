"""The parent's side of decoding: a few warm workers, and never a decoder in this process.

A picture may come from the very people whom the evidence is about, and decoders have bugs.
So bytes go through a pipe to the sandboxed ``evidence.fingerprint.worker``, and a few hundred
bytes come back, which ``Decoded`` reads with suspicion. If a worker dies, hangs or talks nonsense,
it is killed and replaced, and only that one picture is not decoded.

LIMIT: a picture that takes over its worker can lie about itself and about the pictures that
follow, until the worker is replaced after ``RECYCLE_AFTER``; it can do nothing else. POSIX only.
"""

import hashlib
import json
import os
import selectors
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from threading import BoundedSemaphore, Lock
from types import TracebackType
from typing import Final, Protocol, Self, TypeVar

from config.errors import StoppedError, Term
from evidence.errors import NotDecodedError, PrintsError
from evidence.fingerprint.decoded import (
    HASH_BYTES,
    Decoded,
    DecodedCrops,
    DecodedVideo,
    read_decoded,
    read_decoded_claims,
)
from evidence.fingerprint.grid import GRID
from evidence.fingerprint.prints import Prints
from evidence.patience import SLICE_S, Patience

MAX_BYTES: Final = 64 * 2**20
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

WORKERS: Final = 2
"""Processes of one decoder: of an office PC with two cores, none is idle while pictures come in."""
RECYCLE_AFTER: Final = 200
"""Pictures per worker: limits how many a taken-over worker can lie about, its leaks and its processor time."""

REQUEST_HEADER: Final = 9
REPLY_HEADER: Final = 4
MAX_REPLY: Final = 32_768
MAX_CROPS_REPLY: Final = 4 * HASH_BYTES * len(GRID) + 64
"""Each crop upright and mirrored, in hex."""

_TERMS: Final = {
    "not_a_picture": "undecoded.not_a_picture",
    "unsupported": "undecoded.unsupported",
    "truncated": "undecoded.truncated",
    "damaged": "undecoded.damaged",
    "too_many_pixels": "undecoded.too_many_pixels",
}
_MAX_SANDBOX: Final = 300
_CHUNK: Final = 1 << 20
_ATTEMPTS: Final = 2
_ROOT: Final = Path(__file__).parents[2]
_COMMAND: Final = (sys.executable, "-P", "-s", "-m", "evidence.fingerprint.worker")
# one thread each: a thread started before the walls stand would stay outside some of them
_ENVIRONMENT: Final = {
    "PYTHONPATH": str(_ROOT),
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    # glibc would give the memory of each picture back and take it anew: of 30 ms a picture, 12
    "MALLOC_TRIM_THRESHOLD_": str(1 << 28),
    "MALLOC_MMAP_THRESHOLD_": str(1 << 25),
}


class WantedOfFile(Enum):
    """What a worker is asked for, as it is told."""

    PRINTS = b"p"
    CROPS = b"c"
    CLAIMS = b"s"


@dataclass(frozen=True, slots=True, repr=False)
class FileSeen:
    """What a file showed that was to be decoded.

    Attributes:
        decoded: None where it could not be.
        reason: Why it could not be decoded, in one word, as ``Decoder.decode`` raises it; else empty.
        claims: What the file says of itself; empty where it was not asked.
    """

    decoded: Decoded | DecodedVideo | None
    reason: str = ""
    claims: Mapping[str, str] = field(default_factory=dict)


class _WorkerDiedError(Exception):
    """The worker ended, or said what no honest worker would say."""


class _WorkerLateError(Exception):
    """The worker did not answer in time."""


class Decoder:
    """Decodes pictures in sandboxed processes of its own, each one picture at a time.

    A context manager; a worker starts with the first picture that finds none idle, and ends with the context.
    Any thread may ask.

    Args:
        workers: As many pictures are decoded at once at most.
        timeout_s: For one picture.
        start_timeout_s: For starting a worker, on a busy machine.
        patience: Ends the wait for a worker early, once somebody ends it.
    """

    def __init__(
        self,
        *,
        workers: int = WORKERS,
        timeout_s: float = 60.0,
        start_timeout_s: float = 60.0,
        patience: Patience | None = None,
    ) -> None:
        self._patience = patience or Patience()
        self._workers = workers
        self._timeout_s = timeout_s
        self._start_timeout_s = start_timeout_s
        self._idle: list[_Worker] = []
        self.walls: str | None = None
        """The walls around the newest worker, and those that the kernel lacks; None before the first picture."""
        self._lock = Lock()
        self._seats = BoundedSemaphore(workers)
        self._begun = BoundedSemaphore(workers)
        self._threads: ThreadPoolExecutor | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Wait for what was begun, and end the workers; the next picture starts another."""
        if self._threads is not None:
            self._threads.shutdown()
            self._threads = None
        while self._idle:
            self._idle.pop().end()

    def begin(self, data: bytes, *, claims: bool = False) -> "Future[FileSeen]":
        """Decode a picture or video while the caller goes on; for one thread.

        Waits while as many as there are workers are begun: more would hold their pictures in memory.

        Args:
            claims: Read also what the file says of itself.

        Returns:
            What was seen; raises StoppedError as ``decode``.
        """
        if self._threads is None:
            self._threads = ThreadPoolExecutor(self._workers, thread_name_prefix="decodes")
        self._begun.acquire()
        future = self._threads.submit(self.see, data, claims=claims)
        future.add_done_callback(lambda _done: self._begun.release())
        return future

    def see(self, data: bytes, *, claims: bool = False) -> FileSeen:
        """What can be seen of a file, decoded or not; as ``begin``, in the caller's own thread.

        Raises:
            StoppedError: As ``decode``.
        """
        try:
            decoded, reason = self.decode(data), ""
        except NotDecodedError as error:
            decoded, reason = None, error.reason
        # a file that cannot be decoded may still say of itself when it was made
        return FileSeen(decoded, reason, self.claims(data) if claims and reason != "not_a_picture" else {})

    def decode(self, data: bytes) -> Decoded | DecodedVideo:
        """The fingerprints of a picture, or of key frames of a video, given as the bytes of its file.

        If a worker dies, another one tries the picture once more, so that no picture is blamed
        for another's damage or for a kill from outside.

        Raises:
            NotDecodedError: ``reason`` is one word: ``not_a_picture``, ``unsupported`` (a kind of
                picture that is not decoded), ``truncated``, ``damaged``, ``too_many_pixels``
                (also: too much memory), ``too_large`` (more than ``MAX_BYTES``), ``timeout``
                or ``worker_died``.
            StoppedError: Patience ended: nothing is known of the picture.
        """
        return self._decode(data, WantedOfFile.PRINTS, read_decoded)

    def crops(self, data: bytes) -> DecodedCrops:
        """The hashes of a picture's crops (``evidence.fingerprint.crops``), for whoever asks with it.

        Raises:
            NotDecodedError, StoppedError: As ``decode``.
        """
        return self._decode(data, WantedOfFile.CROPS, DecodedCrops.of_reply)

    def claims(self, data: bytes) -> Mapping[str, str]:
        """What a picture or video says of itself (``CLAIMS``), whether or not it can be decoded.

        Empty where it says nothing, or nothing that could be read.

        Raises:
            StoppedError: As ``decode``.
        """
        try:
            return self._decode(data, WantedOfFile.CLAIMS, read_decoded_claims)
        except NotDecodedError:
            return {}

    def _decode(self, data: bytes, wanted: WantedOfFile, read: "Read[T]") -> T:
        if len(data) > MAX_BYTES:
            raise NotDecodedError("not_decoded.file_too_large", limit=MAX_BYTES, found=Term("undecoded.too_large"))
        with self._seats:
            for _ in range(_ATTEMPTS):
                try:
                    return self._ask(data, wanted, read)
                except _WorkerDiedError:
                    continue
                except _WorkerLateError as error:
                    raise NotDecodedError("not_decoded.took_too_long", found=Term("undecoded.timeout")) from error
        raise NotDecodedError("not_decoded.decoder_ended", attempts=_ATTEMPTS, found=Term("undecoded.worker_died"))

    def _ask(self, data: bytes, wanted: WantedOfFile, read: "Read[T]") -> T:
        with self._worker() as worker:
            reply = worker.exchange(data, wanted, timeout_s=self._timeout_s)
            if isinstance(reply, dict) and reply.keys() == {"not_decoded"} and reply["not_decoded"] in _TERMS:
                raise NotDecodedError("not_decoded.refused", found=Term(_TERMS[reply["not_decoded"]]))
            try:
                return read(reply, sandbox=worker.sandbox)
            except PrintsError as error:
                raise _WorkerDiedError from error

    @contextmanager
    def _worker(self) -> "Iterator[_Worker]":
        """A worker for one exchange; one that gave no answer is ended."""
        worker = self._take()
        answered = False
        try:
            if not worker.sandbox:
                worker.greet(timeout_s=self._start_timeout_s)
                self.walls = worker.sandbox
            yield worker
            answered = True
        except NotDecodedError:
            answered = True
            raise
        finally:
            if answered:
                with self._lock:
                    self._idle.append(worker)
            else:
                worker.end()

    def _take(self) -> "_Worker":
        with self._lock:
            worker = self._idle.pop() if self._idle else None
        if worker is not None and worker.answered >= RECYCLE_AFTER:
            worker.end()
            worker = None
        return worker or _Worker(self._patience)


class _Worker:
    """One process and its two pipes."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        requests, self._to_worker = os.pipe()
        self._from_worker, replies = os.pipe()
        try:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module, no argument from outside
                _COMMAND, stdin=requests, stdout=replies, stderr=subprocess.DEVNULL, cwd="/", env=_ENVIRONMENT
            )
        except OSError as error:
            os.close(self._to_worker)
            os.close(self._from_worker)
            raise _WorkerDiedError from error
        finally:
            os.close(requests)
            os.close(replies)
        os.set_blocking(self._to_worker, False)
        os.set_blocking(self._from_worker, False)
        self.pid = self._process.pid
        self.sandbox = ""
        self.answered = 0

    def greet(self, *, timeout_s: float) -> None:
        """Wait until the walls stand.

        Raises:
            _WorkerDiedError: It ended or said something else.
            _WorkerLateError: It said nothing in time.
        """
        hello = self._converse([], MAX_REPLY, timeout_s=timeout_s)
        sandbox = hello.get("sandbox") if isinstance(hello, dict) else None
        if not isinstance(sandbox, str) or len(sandbox) > _MAX_SANDBOX:
            raise _WorkerDiedError
        self.sandbox = sandbox

    def exchange(self, data: bytes, wanted: WantedOfFile, *, timeout_s: float) -> object:
        """Send a file, return the answer as parsed JSON.

        Raises:
            _WorkerDiedError: It ended, or its answer is not one framed JSON value.
            _WorkerLateError: No whole answer in time.
        """
        self.answered += 1
        most = MAX_CROPS_REPLY if wanted is WantedOfFile.CROPS else MAX_REPLY
        return self._converse([wanted.value + len(data).to_bytes(REQUEST_HEADER - 1), data], most, timeout_s=timeout_s)

    def end(self) -> None:
        """Kill it: it holds nothing that could be lost."""
        self._process.kill()
        self._process.wait()
        os.close(self._to_worker)
        os.close(self._from_worker)

    def _converse(self, parts: list[bytes], most: int, *, timeout_s: float) -> object:
        """Send all parts and receive one answer, in the order in which the pipes are ready."""
        deadline = time.monotonic() + timeout_s
        outgoing = [memoryview(part) for part in parts if part]
        incoming = bytearray()
        with selectors.DefaultSelector() as selector:
            selector.register(self._from_worker, selectors.EVENT_READ)
            if outgoing:
                selector.register(self._to_worker, selectors.EVENT_WRITE)
            while (answer := _answer(incoming, most)) is None:
                for key, _ in _ready_or_late(selector, deadline, self._patience):
                    if key.fd == self._from_worker:
                        incoming += self._receive()
                    elif not self._send(outgoing):
                        selector.unregister(key.fd)
        return _parse(answer)

    def _receive(self) -> bytes:
        received = os.read(self._from_worker, _CHUNK)
        if not received:
            raise _WorkerDiedError
        return received

    def _send(self, outgoing: list[memoryview]) -> list[memoryview]:
        """Send what the pipe takes; what is left stays in ``outgoing``."""
        try:
            sent = os.write(self._to_worker, outgoing[0][:_CHUNK])
        except BrokenPipeError as error:
            raise _WorkerDiedError from error
        outgoing[0] = outgoing[0][sent:]
        if not outgoing[0]:
            outgoing.pop(0)
        return outgoing


def _ready_or_late(
    selector: selectors.BaseSelector, deadline: float, patience: Patience
) -> list[tuple[selectors.SelectorKey, int]]:
    while (remaining := deadline - time.monotonic()) > 0:
        if ready := selector.select(min(remaining, SLICE_S)):
            return ready
        if patience.is_over:
            raise StoppedError("stopped.by_hand")
    raise _WorkerLateError


def _answer(incoming: bytearray, most: int) -> bytes | None:
    """The one framed answer, or None while it is incomplete; never more than one."""
    if len(incoming) < REPLY_HEADER:
        return None
    body = incoming[REPLY_HEADER:]
    length = int.from_bytes(incoming[:REPLY_HEADER])
    if length > most or len(body) > length:
        raise _WorkerDiedError
    return bytes(body) if len(body) == length else None


def _parse(answer: bytes) -> object:
    try:
        return json.loads(answer)
    except (ValueError, RecursionError) as error:
        raise _WorkerDiedError from error


class Read(Protocol[T_co]):
    """Reads a reply with suspicion; raises PrintsError."""

    def __call__(self, reply: object, *, sandbox: str) -> T_co:
        """What an honest worker said behind these walls."""
        ...


def fingerprints_of(data: bytes) -> tuple[Prints, DecodedCrops]:
    """The fingerprints of a picture or video that somebody brings to ask with, and those of a picture's crops.

    Raises:
        NotDecodedError: It cannot be decoded.
    """
    sha256, md5 = hashlib.sha256(data).hexdigest(), hashlib.md5(data, usedforsecurity=False).hexdigest()
    with Decoder() as decoder:
        try:
            decoded = decoder.decode(data)
            crops = decoder.crops(data) if isinstance(decoded, Decoded) else DecodedCrops.none()
            return Prints.of_file(sha256=sha256, md5=md5, picture=decoded), crops
        except NotDecodedError as error:
            raise NotDecodedError("not_decoded.nothing_can_be_said", cause=error) from error
