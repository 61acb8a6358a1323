"""How long the API takes to answer, by how many items a home has, beside a server that does nothing.

The real program serves a home on loopback, in a process of its own. Calls begin at fixed times, 100 a second, however
long those before take, and count from when they should have begun. A page of /items has 100 entries; each call
asks for another page, so /items/ID for another item. A case of 100 items is shown one call after the other:
each opens its records and logs the look. Rows beyond the first thousand are copies in the database alone.

The peer is uvicorn with Starlette, which answers the same number of bytes from memory. Slow callers send a body of
one byte a second on 50 connections meanwhile.
"""

import asyncio
import json
import os
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import cycle, islice
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from tests.homes import PASSPHRASE, items_of, new_case
from tests.serving import ServedHome, serving

REAL, FEW, MANY = 1_000, 10_000, 100_000
RATE, CALLS, CASES, SLOW, PAGES = 100, 400, 8, 50, 40
COPIED = 10_000_000
"""Where copies begin in the order of the log: no entry of the home comes near."""
PEER = """
import sys, uvicorn
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route
body = b'[' + b'1' * (int(sys.argv[2]) - 2) + b']'
async def answer(request): return Response(body, media_type='application/json')
uvicorn.run(Starlette(routes=[Route('/', answer)]), port=int(sys.argv[1]), log_level='critical', access_log=False)
"""
Row = dict[str, object]
Times = list[float]


def run() -> dict[str, object]:
    """Milliseconds of each call, at half, 95 and 99 of 100, and what stands beside them."""
    os.environ["NISISAMA_SERVE__PER_MINUTE"] = "100000"
    few, many = measured(FEW), measured(MANY)
    rows = [row for name in ("list", "show", "case") for row in compared(name, few[name], many[name], many["peer"])]
    rows.append(row("list of 100 items, p95, beside 50 slow callers", many["slow"], many["list"], "without them"))
    rows.append(row("time to unlock", many["unlock"], few["unlock"], f"of {FEW} items", at=0))
    return {"rows": rows}


def measured(items: int) -> dict[str, Times]:
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder), messages=REAL) as served:
        real = [each.item_id for each in items_of(served.home)]
        case_id = new_case(served.home, real[:100])
        multiply(served.home.path / "nisisama.db", items)
        began = time.perf_counter()
        served.unlock(PASSPHRASE)
        found = {"unlock": [time.perf_counter() - began]}
        pages, shown = pages_of(served), [f"/api/v1/items/{each}" for each in real]
        found["list"] = asyncio.run(open_loop(served, pages))
        found["show"] = asyncio.run(open_loop(served, shown))
        with slow_callers(served):
            found["slow"] = asyncio.run(open_loop(served, pages))
        client = served.with_key()
        found["case"] = [timed(client, f"/api/v1/cases/{case_id}") for _call in range(CASES)]
        size = len(client.get(pages[0]).content)
        with peer(size) as url:
            found["peer"] = asyncio.run(open_loop(served, [url]))
        return found


def multiply(database: Path, items: int) -> None:
    """Copy the rows of items and of what is sealed for them until there are so many."""
    connection = sqlite3.connect(database)
    columns = [each[1] for each in connection.execute("PRAGMA table_info(item)")]
    fresh = {"idx": "idx + {0}", "item_id": "lower(hex(randomblob(16)))", "seen": "randomblob(32)"}
    fresh |= {"message_id": "message_id + {0}"}
    chosen = ", ".join(fresh.get(each, each) for each in columns)
    had = connection.execute("SELECT count(*) FROM item").fetchone()[0]
    for turn in range((items - had) // had + 1):
        start = COPIED + turn * 100_000
        connection.execute(f"INSERT INTO item SELECT {chosen.format(start)} FROM item WHERE idx < {COPIED}")
        connection.execute(f"INSERT INTO sealed SELECT idx + {start}, name, body FROM sealed WHERE idx < {COPIED}")
    connection.commit()
    connection.close()


def pages_of(served: ServedHome) -> list[str]:
    """Addresses of pages throughout the list. A cursor is of one key."""
    client, pages, after = bench_client(served), ["/api/v1/items?limit=100"], None
    while True:
        page = client.get("/api/v1/items", params={"limit": 200} | ({"cursor": after} if after else {})).json()
        after = page["next"]
        if after is None:
            break
        pages.append(f"/api/v1/items?limit=100&cursor={after}")
    return pages[:-1][:: max(1, len(pages) // PAGES)]


def bench_client(served: ServedHome) -> httpx.Client:
    """The one client whose key every call of the load has, without the search for leaks, which takes its time."""
    client = served.with_key()
    client.event_hooks = {}
    served.clients.insert(0, client)
    return client


async def open_loop(served: ServedHome, paths: Sequence[str]) -> Times:
    """Seconds of each call from when it should have begun."""
    headers, found = served.clients[0].headers, Times()
    limits = httpx.Limits(max_connections=64, max_keepalive_connections=16)
    async with httpx.AsyncClient(
        base_url=served.url, headers=headers, limits=limits, trust_env=False, timeout=60
    ) as to:
        begin = time.perf_counter() + 0.2

        async def call(due: float, path: str) -> None:
            await asyncio.sleep(max(due - time.perf_counter(), 0))
            (await to.get(path)).raise_for_status()
            found.append(time.perf_counter() - due)

        paced = enumerate(islice(cycle(paths), CALLS))
        await asyncio.gather(*(call(begin + number / RATE, path) for number, path in paced))
    return found


def timed(client: httpx.Client, path: str) -> float:
    began = time.perf_counter()
    client.get(path).raise_for_status()
    return time.perf_counter() - began


@contextmanager
def slow_callers(served: ServedHome) -> Iterator[None]:
    address, ended = urlsplit(served.url), threading.Event()
    head = "POST /api/v1/cases HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 900\r\n"
    keys = [served.secret(owner=f"slow {number}") for number in range(2)]  # one key has no more than 40 calls at a time
    wires = [socket.create_connection((address.hostname or "", address.port or 0)) for _each in range(SLOW)]

    def drip() -> None:
        while not ended.wait(1):
            for each in wires:
                with suppress(OSError):  # the server answered, for instance that it has too many calls
                    each.send(b"x")

    for number, each in enumerate(wires):
        each.sendall(f"{head}Authorization: Bearer {keys[number % len(keys)]}\r\n\r\n".encode())
    thread = threading.Thread(target=drip)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        for each in wires:
            each.close()


@contextmanager
def peer(size: int) -> Iterator[str]:
    """Where the peer answers so many bytes."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen([sys.executable, "-c", PEER, str(port), str(size)])
    url = f"http://127.0.0.1:{port}/"
    for _try in range(200):
        try:
            httpx.get(url, trust_env=False)
            break
        except httpx.ConnectError:
            time.sleep(0.05)
    yield url
    process.terminate()
    process.wait()


def at_share(times: Times, share: int) -> float:
    """Milliseconds within which so many of 100 were answered; of one alone, its own."""
    return 1e3 * (times[0] if len(times) == 1 else statistics.quantiles(times, n=100, method="inclusive")[share - 1])


def row(name: str, ours: Times, other: Times, peer_name: str, *, at: int = 95) -> Row:
    mine, theirs = at_share(ours, at), at_share(other, at)
    return {"name": name, "unit": "ms", "ours": mine, "peer": theirs, "peer_name": peer_name, "ratio": mine / theirs}


NAMES = {"list": "list of 100 items", "show": "an item", "case": "a case of 100 items, unlocked"}


def compared(name: str, few: Times, many: Times, nothing: Times) -> Iterator[Row]:
    for share in (50, 95, 99):
        yield row(f"{NAMES[name]}, p{share}, of {MANY} items", many, few, f"of {FEW}", at=share)
    if name == "list":
        for share in (50, 95, 99):
            yield row(f"{NAMES[name]}, p{share}", many, nothing, "uvicorn and Starlette, the same bytes", at=share)


if __name__ == "__main__":
    print(json.dumps(run(), indent=1))
