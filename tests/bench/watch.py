"""The live watch: how fast it reads a history, how soon it keeps what is pushed, and whether its memory is flat.

The history is that of a busy group (``tests.bench._group``). Peers, on the same server in the same run: Telethon's
client that iterates over the same history and keeps nothing, and one that downloads the same pictures. Ratios are ours
over the peer's; a rate of ours counts messages that are sealed, logged and on the disk. The loopback Telegram runs in a
process of its own; in the rows that say so it runs in a thread of the reader's process, and its work counts for both.
Both ask as fast as the server answers, but for the row that says so: there each keeps the pace that it keeps towards
Telegram, ours ``PER_MINUTE`` requests, Telethon's client its default of one second from request to request.
Processor time is that of the reader's process and of those that it started. The latency is from the moment at which a
post, an edit or a deletion happened to the commit of its event.

``python -m tests.bench.watch serve MESSAGES PICTURES`` serves such a group, for other programs; ``read``,
``read-with-server`` and ``read-at-pace`` take one reading.
"""

import asyncio
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from telethon import TelegramClient
from telethon.crypto import rsa
from telethon.sessions import MemorySession

from api.home import Home
from api.office import watch
from api.office.channel import add_channel
from api.office.watch import PER_MINUTE
from config.watchlist import watch_entry
from evidence.observation import Mode
from evidence.store.database import reading
from monitor.rehearsal.telegram.serve import LoopbackTelegram
from monitor.telegram.line import DataCentre, Network
from monitor.telegram.login import Asking
from tests.bench._group import History
from tests.homes import doer, items_of, legal_basis, new_home

Row = dict[str, object]

TEXTS = 20_000
MANY = 200_000
PICTURES = 2_000
EVENTS = 100
PHOTOS = 0.05
"""The share of messages with a photo in a history of texts."""
LIMIT_RATIO, LIMIT_LATENCY_S, LIMIT_MEMORY = 0.5, 2.0, 1.2
PHONES = ("+38160000001", "+38160000002")


# the server's process


Servers = list[tuple[int, str, int, str]]
"""Of each data centre: number, host, port and public key."""


class Serving:
    """A group on a loopback Telegram in this process, asked by lines."""

    def __init__(self, telegram: LoopbackTelegram, messages: int, pictures: int) -> None:
        self._world = world = telegram.world
        self._accounts = tuple(world.add_account(phone) for phone in PHONES)
        self._group = world.add_channel("Bench", username="bench_group", joined=self._accounts)
        history = History(world, self._group, pictures / messages if pictures else PHOTOS, fetched=bool(pictures))
        for number in range(1, messages + 1):
            history.post(number)
        self.servers: Servers = [
            (each.dc, each.host, each.port, each.public_key_file.read_text()) for each in telegram.servers
        ]

    def ask(self, line: str) -> Any:  # noqa: ANN401 - JSON
        """Do an act; what is answered is the time at which it was done."""
        act, _, argument = line.strip().partition(" ")
        at = time.time()  # noqa: TID251 - two processes compare the same clock
        match act:
            case "code":
                return self._world.login_code(self._accounts[int(argument)])
            case "post":
                return [self._group.post("news"), at]
            case "edit":
                self._group.edit(int(argument), text=f"edited {at}")
            case "delete":
                self._group.delete([int(argument)])
        return at


@contextmanager
def serving(messages: int, pictures: int = 0) -> Iterator[Serving]:
    with tempfile.TemporaryDirectory() as name, LoopbackTelegram.running(Path(name)) as telegram:
        yield Serving(telegram, messages, pictures)


def serve(messages: int, pictures: int) -> None:
    """Serve until standard input ends; each line there is an act."""
    with serving(messages, pictures) as server:
        print(json.dumps(server.servers), flush=True)
        for line in sys.stdin:
            print(json.dumps(server.ask(line)), flush=True)


class Served:
    """The server's process, asked by lines."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self.servers: Servers = self._answer()

    def ask(self, line: str) -> Any:  # noqa: ANN401 - JSON
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> Any:  # noqa: ANN401 - JSON
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())


Server = Serving | Served


def network_of(server: Server) -> Network:
    """How a server is reached."""
    return Network(1, "a", {dc: DataCentre(host, port, key.encode()) for dc, host, port, key in server.servers})


@contextmanager
def served(messages: int, pictures: int = 0) -> Iterator[Served]:
    command = [sys.executable, "-m", "tests.bench.watch", "serve", str(messages), str(pictures)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield Served(process)
        assert process.stdin is not None
        process.stdin.close()


# the readers


@contextmanager
def watching_home(server: Server, mode: Mode) -> Iterator[Home]:
    """A new home whose account is logged in and whose register has the group."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        home, _cards = new_home(folder / "home")
        asking = Asking(code=lambda _place: server.ask("code 0"), password=lambda: "")
        watch.log_in(home, "watch", PHONES[0], asking, network_of(server))
        entry = watch_entry(
            channel="@bench_group",
            report_url="https://e.org",
            reported_by="X",
            reported_on="2026-01-01",
            access="public",
        )
        add_channel(home, entry, mode, legal_basis(folder) if mode is not Mode.METADATA_ONLY else None, doer(home))
        yield home
        home.engine.dispose()


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds of wall time, and of processor time of this process and of its children that have ended."""

    wall: float
    processor: float

    @classmethod
    def now(cls) -> "Spent":
        times = os.times()
        return cls(time.perf_counter(), times.user + times.system + times.children_user + times.children_system)

    def since(self, began: "Spent") -> "Spent":
        return Spent(self.wall - began.wall, self.processor - began.processor)


def ours(server: Server, mode: Mode) -> tuple[Spent, int]:
    """What it takes until a run has caught up, and the most memory that this process had."""
    with watching_home(server, mode) as home:
        began = Spent.now()
        with watch.opened(home, doer(home), network=network_of(server)) as running:
            ran = running.once()
        assert ran.ended_by is None, ran.ended_by
        return Spent.now().since(began), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def telethon(server: Server, messages: int, *, files: bool, wait_s: int | None = 0) -> Spent:
    """What it takes Telethon's client to read the same, and keep nothing; with None it waits as long as by default."""

    async def read() -> Spent:
        dc, host, port, key = server.servers[0]
        rsa.add_key(key.encode(), old=False)
        TelegramClient._config = None
        session = MemorySession()
        session.set_dc(dc, host, port)
        client = TelegramClient(session, 1, "a", receive_updates=False)
        await client.connect()
        sent = await client.send_code_request(PHONES[1])
        await client.sign_in(PHONES[1], server.ask("code 1"), phone_code_hash=sent.phone_code_hash)
        began, count = Spent.now(), 0
        async for message in client.iter_messages("bench_group", wait_time=wait_s):
            count += 1
            if files and message.photo:
                await client.download_media(message, file=bytes)
        spent = Spent.now().since(began)
        assert count == messages
        await client.disconnect()
        return spent

    return asyncio.run(read())


def latencies(server: Server) -> list[float]:
    """Seconds from each act in a joined group to the commit of its event."""
    found: list[float] = []
    with watching_home(server, Mode.METADATA_ONLY) as home:

        def count() -> int:
            with reading(home.engine) as connection:
                return int(connection.exec_driver_sql("SELECT count(*) FROM item").scalar_one())

        def until(more_than: int, since: float) -> None:
            while count() <= more_than:
                time.sleep(0.002)
            found.append(time.time() - since)  # noqa: TID251 - two processes compare the same clock

        with watch.opened(home, doer(home), network=network_of(server)) as running:
            thread = threading.Thread(target=running.run)
            thread.start()
            while not any(item.kind == "message" for item in items_of(home)):
                time.sleep(0.05)
            time.sleep(1)
            for _each in range(EVENTS // 4):
                before = count()
                number, at = server.ask("post")
                until(before, at)
                before = count()
                until(before, server.ask(f"edit {number}"))
                before = count()
                until(before, server.ask(f"delete {number}"))
            running.watch.stop()
            thread.join()
    return found


def in_a_process(what: str, *arguments: int) -> dict[str, float]:
    """One reading in a process of its own, so that no memory of another counts."""
    command = [sys.executable, "-m", "tests.bench.watch", what, *map(str, arguments)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    measured: dict[str, float] = json.loads(done.stdout)
    return measured


def read(server: Server, messages: int, pictures: int, *, wait_s: int | None = 0) -> dict[str, float]:
    bare = telethon(server, messages, files=bool(pictures), wait_s=wait_s)
    spent, memory = ours(server, Mode.SEALED if pictures else Mode.METADATA_ONLY)
    rates = {"ours": messages / spent.wall, "peer": messages / bare.wall, "memory": float(memory)}
    return rates | {"ours_processor": messages / spent.processor, "peer_processor": messages / bare.processor}


def run() -> dict[str, object]:
    """Read histories of texts and of pictures, hear what is pushed, and read a long history for its memory."""
    small, large = in_a_process("read", TEXTS, 0), in_a_process("read", MANY, 0)
    together = in_a_process("read-with-server", TEXTS, 0)
    at_pace = in_a_process("read-at-pace", TEXTS, 0)
    pictures = in_a_process("read", TEXTS, PICTURES)
    pictures_at_pace = in_a_process("read-at-pace", TEXTS, PICTURES)
    heard = in_a_process("hear")
    of_texts, of_pictures = f"read a history of {TEXTS}", f"the same with {PICTURES} pictures"
    return {
        "rows": [
            *read_rows(of_texts, small, "Telethon, keeping nothing"),
            *read_rows(f"{of_texts}, with the server in its process", together, "Telethon, keeping nothing"),
            read_rows(f"{of_texts}, each at its pace towards Telegram", at_pace, "Telethon, keeping nothing")[0],
            *read_rows(of_pictures, pictures, "Telethon, downloading"),
            read_rows(f"{of_pictures}, each at its pace", pictures_at_pace, "Telethon, downloading")[0],
            row("from an act to its event, median", "s", heard["median"], LIMIT_LATENCY_S, "limit, at most"),
            row("from an act to its event, 99 of 100", "s", heard["p99"], LIMIT_LATENCY_S, "limit, at most"),
            row(f"memory after {MANY}", "MB", large["memory"] / 1e6, small["memory"] / 1e6, f"after {TEXTS}"),
        ]
    }


def read_rows(name: str, rates: dict[str, float], peer_name: str) -> list[Row]:
    return [
        row(name, "1/s", rates["ours"], rates["peer"], peer_name),
        row(f"{name}, by processor time", "1/s", rates["ours_processor"], rates["peer_processor"], peer_name),
    ]


def row(name: str, unit: str, ours: float, peer: float, peer_name: str) -> Row:
    return {"name": name, "unit": unit, "ours": ours, "peer": peer, "peer_name": peer_name, "ratio": ours / peer}


def main(what: str, *numbers: str) -> None:
    """What a process of a measurement does."""
    match what:
        case "serve":
            serve(*map(int, numbers))
        case "read" | "read-with-server":
            messages, pictures = map(int, numbers)
            with (served if what == "read" else serving)(messages, pictures) as server:
                sys.stdout.write(json.dumps(read(server, messages, pictures)))
        case "read-at-pace":
            os.environ["NISISAMA_TELEGRAM__REQUESTS_PER_MINUTE"] = str(PER_MINUTE)
            messages, pictures = map(int, numbers)
            with served(messages, pictures) as server:
                sys.stdout.write(json.dumps(read(server, messages, pictures, wait_s=None)))
        case "hear":
            with served(5) as server:
                found = latencies(server)
            cut = statistics.quantiles(found, n=100)
            sys.stdout.write(json.dumps({"median": statistics.median(found), "p99": cut[-1], "of": len(found)}))


if __name__ == "__main__":
    os.environ.setdefault("NISISAMA_KEYS__PASSPHRASE_LOG_N", "10")
    main(*sys.argv[1:])
