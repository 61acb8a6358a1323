"""How long the API takes to answer, by how many items a home has, beside a server that does nothing.

The real program serves a home on loopback, in a process of its own. Calls begin at fixed times, 100 a second, however
long those before take, and count from when they should have begun. A page of /items has 100 entries; each call
asks for another page, so /items/ID for another item. A case of 100 items is shown one call after the other:
each opens its records and logs the look. Rows beyond the first thousand are copies in the database alone.

The peer is uvicorn with Starlette, which answers the same number of bytes from memory. Beside them, slow
callers send bodies at one byte a second on 120 connections, more than the calls that are worked on at once: once they
are there, and while they come, all within a moment. So do 120 connections on which nothing is said, and 20 readers of
a bundle who read nothing.

A bundle of a thousand items is asked for, approved and waited for; the peer is the command line, which does the same.
Then it is downloaded; the peer is that server, which hands out the same file. Each of our downloads is logged and
signed first.
"""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import httpx
import sqlalchemy as sa
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from api.home import Home
from evidence.rekey import fresh_files
from evidence.seal.passphrase import DEFAULT_LOG_N
from tests.bench._load import Row, Times, bench_client, open_loop, peer, row, silent, slow_callers, slow_readers, timed
from tests.contracts.tree import ROOT
from tests.homes import PASSPHRASE, items_of, new_case
from tests.postgresql import new_database
from tests.postgresql import serving as serving_database
from tests.serving import ServedHome, serving

REAL, FEW, MANY = 1_000, 10_000, 100_000
CASES, PAGES, BUNDLES, DOWNLOADS = 8, 40, 3, 12
COPIED = 10_000_000
"""Where copies begin in the order of the log: no entry of the home comes near."""
RANDOM = {
    "sqlite": {"item_id": "lower(hex(randomblob(16)))", "seen": "randomblob(32)"},
    "postgresql": {
        "item_id": "replace(gen_random_uuid()::text, '-', '')",
        "seen": "sha256(gen_random_uuid()::text::bytea)",
    },
}
"""What makes a copy another item, by database."""
IDLE_S = 60
"""The shortest idle time that the setting allows."""


def run() -> dict[str, object]:
    """Milliseconds of each call, at half, 95 and 99 of 100, and what they are compared with."""
    os.environ |= {"NISISAMA_SERVE__PER_MINUTE": "100000", "NISISAMA_SERVE__IDLE_MINUTES": "1"}
    rows = list(of_database("SQLite", None))
    with serving_database() as socket:
        rows += of_database("PostgreSQL", lambda: new_database(socket, "bench"))
    return {"rows": rows}


def of_database(name: str, address: Callable[[], str] | None) -> Iterator[Row]:
    few, many = measured(FEW, address), measured(MANY, address)
    for each in of_answers(few, many):
        yield each | {"name": f"{name}: {each['name']}"}


def of_answers(few: dict[str, Times], many: dict[str, Times]) -> Iterator[Row]:
    for name, said in (("list", "a page of 100 items"), ("show", "an item"), ("case", "a case of 100 items, unlocked")):
        for share in (50, 95, 99):
            yield row(f"{said}, p{share}, of {MANY:,}", many[name], few[name], f"of {FEW:,}", at=share)
    for share in (50, 95, 99):
        yield row(f"a page, p{share}", many["list"], many["peer"], "uvicorn and Starlette, the same bytes", at=share)
    for name, said in (
        ("slow", "beside 120 slow callers"),
        ("coming", "while 120 slow callers come"),
        ("silent", "beside 120 silent connections"),
    ):
        yield row(f"a page, p95, {said}", many[name], many["list"], "without them")
    yield row(f"a page, p95, beside 20 slow readers, of {FEW:,}", few["readers"], few["list"], "without them")
    yield row("to unlock", many["unlock"], many["scrypt"], "scrypt alone, for both keys", at=50)
    yield row("to lock after a minute of idleness", many["idle"], [IDLE_S], "the setting", at=50)
    yield row("a bundle of 1,000 items", few["bundle"], few["command"], "case export", at=50)
    yield row("to download it", few["download"], few["plain"], "uvicorn and Starlette, the same file", at=50)


def measured(items: int, address: Callable[[], str] | None) -> dict[str, Times]:
    """Seconds of each call, by what was asked."""
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(Path(folder), messages=REAL, url=address and address()) as served,
    ):
        real = [each.item_id for each in islice(items_of(served.home), REAL)]
        small, whole = new_case(served.home, real[:100]), new_case(served.home, real)
        client, found = bench_client(served), {}
        if items == MANY:
            strengthen(served.home)
            found["scrypt"] = [scrypt_alone()]
        found["unlock"] = [unlocking(served)]
        if items == FEW:
            bundle_id = ordered(client, bench_client(served, owner="bo"), whole)
            found |= bundles(served, client, whole)
        multiply(served.home, items)
        pages = pages_of(client)
        found["list"] = asyncio.run(open_loop(served.url, pages, client.headers))
        shown = [f"/api/v1/items/{each}" for each in real]
        found["show"] = asyncio.run(open_loop(served.url, shown, client.headers))
        beside = {
            "slow": slow_callers(served),
            "coming": slow_callers(served, before_s=0),
            "silent": silent(served),
        }
        if items == FEW:
            beside["readers"] = slow_readers(served, f"/api/v1/bundles/{bundle_id}/file")
        for name, others in beside.items():
            with others:
                found[name] = asyncio.run(open_loop(served.url, pages, client.headers))
        found["case"] = [timed(client, f"/api/v1/cases/{small}") for _call in range(CASES)]
        if items == MANY:
            found["idle"] = [locking(client)]
        with peer(len(client.get(pages[0]).content)) as url:
            found["peer"] = asyncio.run(open_loop(url, ["/"]))
        return found


def multiply(home: Home, items: int) -> None:
    """Copy the rows of items, and of what is sealed for them, until there are this many items."""
    with home.engine.begin() as connection:
        columns = [each["name"] for each in sa.inspect(connection).get_columns("item")]
        fresh = {"idx": "idx + {0}", "message_id": "message_id + {0}"} | RANDOM[home.engine.dialect.name]
        chosen = ", ".join(fresh.get(each, each) for each in columns)
        had = connection.execute(sa.text("SELECT count(*) FROM item")).scalar_one()
        for turn in range((items - had) // had + 1):
            start = COPIED + turn * 100_000
            copies = (
                f"item ({', '.join(columns)}) SELECT {chosen.format(start)} FROM item",
                f"sealed (idx, name, body) SELECT idx + {start}, name, body FROM sealed",
            )
            for each in copies:
                connection.execute(sa.text(f"INSERT INTO {each} WHERE idx < {COPIED}"))
    if home.engine.dialect.name == "postgresql":  # in SQLite it makes a table, for which the home is refused
        settled(home.engine)


def settled(engine: sa.Engine) -> None:
    """Have the server do at once what it does by itself within minutes after so many rows came at one time."""
    with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        for each in ("VACUUM ANALYZE", "CHECKPOINT"):
            connection.execute(sa.text(each))


def strengthen(home: Home) -> None:
    """Put the keys under the passphrase with the work factor of a real home; tests have a small one."""
    files = fresh_files(home.keys.unlock(PASSPHRASE), passphrase=PASSPHRASE, log_n=DEFAULT_LOG_N)
    for name, sealed in files.items():
        (home.keys.path / name).write_bytes(sealed)


def scrypt_alone() -> float:
    began = time.perf_counter()
    for _key in range(2):
        Scrypt(salt=bytes(16), length=32, n=1 << DEFAULT_LOG_N, r=8, p=1).derive(PASSPHRASE.encode())
    return time.perf_counter() - began


def unlocking(served: ServedHome) -> float:
    began = time.perf_counter()
    served.unlock(PASSPHRASE)
    return time.perf_counter() - began


def locking(client: httpx.Client) -> float:
    """Seconds from the last call that used the keys until the office says that it is locked."""
    began = time.perf_counter()
    while not client.get("/readyz").json()["locked"]:
        time.sleep(0.2)
    return time.perf_counter() - began


def pages_of(client: httpx.Client) -> list[str]:
    """Addresses of pages throughout the list. A cursor belongs to one key."""
    pages, after = ["/api/v1/items?limit=100"], None
    while True:
        page = client.get("/api/v1/items", params={"limit": 200} | ({"cursor": after} if after else {})).json()
        after = page["next"]
        if after is None:
            break
        pages.append(f"/api/v1/items?limit=100&cursor={after}")
    return pages[:-1][:: max(1, len(pages) // PAGES)]


def bundles(served: ServedHome, client: httpx.Client, case_id: str) -> dict[str, Times]:
    """A bundle by the command line and through the API in turns, then its downloads beside the peer's."""
    found: dict[str, Times] = {"command": [], "bundle": [], "download": [], "plain": []}
    second = bench_client(served, owner="bo")
    for number in range(BUNDLES):
        began = time.perf_counter()
        export(served.home.path, case_id, served.home.path.parent / f"{number}.asice")
        found["command"].append(time.perf_counter() - began)
        began = time.perf_counter()
        bundle_id = ordered(client, second, case_id)
        found["bundle"].append(time.perf_counter() - began)
    with peer(served.home.path / "bundles" / f"{bundle_id}.asice") as url, httpx.Client(trust_env=False) as plain:
        for _turn in range(DOWNLOADS):
            found["download"].append(timed(client, f"/api/v1/bundles/{bundle_id}/file"))
            found["plain"].append(timed(plain, url))
    return found


def export(home: Path, case_id: str, out: Path) -> None:
    said = "--for lawyer --lang en --by mira --approved-by bo --reason bench --json"
    subprocess.run(
        [sys.executable, "-m", "api.cli.main", "--home", home, "case", "export", case_id, "--out", out, *said.split()],
        cwd=ROOT,
        env=os.environ | {"NISISAMA_PASSPHRASE": PASSPHRASE},
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def ordered(client: httpx.Client, second: httpx.Client, case_id: str) -> str:
    """A bundle that was asked for, approved by a second person, and made."""
    asked = {"audience": "lawyer", "language": "en", "reason": "a bench"}
    task_id: str = client.post(f"/api/v1/cases/{case_id}/bundles", json=asked).json()["task_id"]
    approved = False
    while (task := client.get(f"/api/v1/tasks/{task_id}").json())["state"] != "done":
        if task["state"] == "waiting_for_approval" and not approved:
            second.post(f"/api/v1/requests/{task['request_id']}/approve", json={"reason": "a bench"}).raise_for_status()
            approved = True
        time.sleep(0.02)
    return task_id
