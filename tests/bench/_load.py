"""Callers at a fixed rate, slow callers, and servers to compare ours with: what measurements of the API share."""

import asyncio
import gc
import math
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import cycle, islice
from urllib.parse import urlsplit

import httpx

from tests.serving import ServedHome

RATE, CALLS, SLOW, SLOW_KEYS, READERS = 100, 400, 120, 6, 20
BEFORE_S = 3.0
PEER = """
import sys, uvicorn
from starlette.applications import Starlette
from starlette.responses import FileResponse, Response
from starlette.routing import Route
what = sys.argv[2]
body = b'[' + b'1' * (int(what) - 2) + b']' if what.isdecimal() else None
async def answer(request): return FileResponse(what) if body is None else Response(body, media_type='application/json')
uvicorn.run(Starlette(routes=[Route('/', answer)]), port=int(sys.argv[1]), log_level='critical', access_log=False)
"""
Row = dict[str, object]
Times = list[float]


def bench_client(served: ServedHome, owner: str = "mira") -> httpx.Client:
    """A client with a key of its own, without the search for leaks, which takes time."""
    client = served.with_key(owner=owner)
    client.event_hooks = {}
    return client


async def open_loop(url: str, paths: Sequence[str], headers: httpx.Headers | None = None) -> Times:
    """Seconds of each call from when it should have begun; without end where it was refused as one too many."""
    found = Times()
    limits = httpx.Limits(max_connections=64, max_keepalive_connections=16)
    async with httpx.AsyncClient(base_url=url, headers=headers, limits=limits, trust_env=False, timeout=60) as to:
        begin = time.perf_counter() + 0.2

        async def call(due: float, path: str) -> None:
            await asyncio.sleep(max(due - time.perf_counter(), 0))
            answer = await to.get(path)
            if answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
                found.append(math.inf)
                return
            answer.raise_for_status()
            found.append(time.perf_counter() - due)

        paced = enumerate(islice(cycle(paths), CALLS))
        with _uncollected():
            await asyncio.gather(*(call(begin + number / RATE, path) for number, path in paced))
    return found


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without full garbage collections of this process: each held all calls up for 0.1 s, as if the server did."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def timed(client: httpx.Client, path: str) -> float:
    """Seconds of one call, including reading its answer."""
    began = time.perf_counter()
    client.get(path).raise_for_status()
    return time.perf_counter() - began


@contextmanager
def silent(served: ServedHome) -> Iterator[None]:
    """Meanwhile, hold connections open on which nothing is said."""
    wires = [_wire(served) for _each in range(SLOW)]
    try:
        yield
    finally:
        for each in wires:
            each.close()


@contextmanager
def slow_readers(served: ServedHome, path: str) -> Iterator[None]:
    """Meanwhile, ask for a file that no buffer between holds whole, and read none of it."""
    secret = served.secret(owner="slow reader")
    wires = [_wire(served, buffer=4096) for _each in range(READERS)]
    for each in wires:
        each.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {secret}\r\n\r\n".encode())
    for each in wires:
        each.recv(1, socket.MSG_PEEK)  # its answer has begun
    try:
        yield
    finally:
        for each in wires:
            each.close()


def _wire(served: ServedHome, buffer: int | None = None) -> socket.socket:
    address, wire = urlsplit(served.url), socket.socket()
    if buffer is not None:
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    wire.connect((address.hostname or "", address.port or 0))
    return wire


@contextmanager
def slow_callers(served: ServedHome, *, before_s: float = BEFORE_S) -> Iterator[None]:
    """Meanwhile, send bodies at one byte a second.

    Args:
        before_s: How long they have been there when the block begins; 0: they come as it begins.
    """
    ended = threading.Event()
    head = "POST /api/v1/cases HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 900\r\n"
    keys = [
        served.secret(owner=f"slow {number}") for number in range(SLOW_KEYS)
    ]  # one key has no more than 20 calls at a time
    wires = [_wire(served) for _each in range(SLOW)]

    def drip() -> None:
        while not ended.wait(1):
            for each in wires:
                with suppress(OSError):  # the server answered, for instance that it has too many calls
                    each.send(b"x")

    for number, each in enumerate(wires):
        each.sendall(f"{head}Authorization: Bearer {keys[number % len(keys)]}\r\n\r\n".encode())
    thread = threading.Thread(target=drip)
    thread.start()
    time.sleep(before_s)
    try:
        yield
    finally:
        ended.set()
        thread.join()
        for each in wires:
            each.close()


@contextmanager
def peer(what: object) -> Iterator[str]:
    """The address at which uvicorn and Starlette answer with this many bytes from memory, or with a file."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen([sys.executable, "-c", PEER, str(port), str(what)])
    url = f"http://127.0.0.1:{port}/"
    for _try in range(200):
        try:
            httpx.get(url, trust_env=False)
            break
        except httpx.ConnectError:
            time.sleep(0.05)
    try:
        yield url
    finally:
        process.terminate()
        process.wait()


def at_share(times: Times, share: int) -> float:
    """Milliseconds within which so many of 100 were answered (the nearest rank)."""
    return 1e3 * sorted(times)[math.ceil(share / 100 * len(times)) - 1]


def row(name: str, ours: Times, other: Times, peer_name: str, *, at: int = 95) -> Row:
    """A row of a measurement in milliseconds."""
    mine, theirs = at_share(ours, at), at_share(other, at)
    return {"name": name, "unit": "ms", "ours": mine, "peer": theirs, "peer_name": peer_name, "ratio": mine / theirs}
