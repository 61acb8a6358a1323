"""The live watch: how fast it reads a history, how soon it keeps what is pushed, and whether its memory is flat.

The loopback Telegram runs in a process of its own, and so does each reader. Peers, on the same server in the same run:
Telethon's client that iterates over the same history and keeps nothing, and one that downloads the same pictures.
Ratios are ours over the peer's; a rate of ours counts messages that are sealed, logged and on the disk. The latency is
from the moment at which a post, an edit or a deletion happened to the commit of its event.

``python -m tests.bench.watch SECONDS MESSAGES PICTURES`` serves a group with so many messages, for other programs.
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
from pathlib import Path
from typing import Any

from telethon import TelegramClient
from telethon.crypto import rsa
from telethon.sessions import MemorySession

from api.home import Home
from api.office import watch
from api.office.channel import add_channel
from config.watchlist import watch_entry
from evidence.observation import Mode
from evidence.store.database import reading
from monitor.rehearsal.telegram.serve import LoopbackTelegram
from monitor.telegram.line import DataCentre, Network
from monitor.telegram.login import Asking
from tests.homes import doer, items_of, legal_basis, new_home
from tests.watching import picture

Row = dict[str, object]

TEXTS = 20_000
MANY = 200_000
PICTURES = 2_000
EVENTS = 100
LIMIT_RATIO, LIMIT_LATENCY_S, LIMIT_MEMORY = 0.5, 2.0, 1.2
PHONES = ("+38160000001", "+38160000002")


# the server's process


def serve(messages: int, pictures: int) -> None:
    """Serve until standard input ends; each line there is an act, and the time at which it was done is answered."""
    with tempfile.TemporaryDirectory() as name, LoopbackTelegram.running(Path(name)) as telegram:
        world = telegram.world
        accounts = tuple(world.add_account(phone) for phone in PHONES)
        group = world.add_channel("Bench", username="bench_group", joined=accounts)
        author = world.add_person("Author")
        every = messages // pictures if pictures else 0
        for number in range(messages):
            if every and number % every == 0:
                group.post_photo(picture(number), f"picture {number}", sender=author)
            else:
                group.post(f"message {number} of a history that somebody reads", sender=author)
        servers = [(each.dc, each.host, each.port, each.public_key_file.read_text()) for each in telegram.servers]
        print(json.dumps(servers), flush=True)
        for line in sys.stdin:
            act, _, argument = line.strip().partition(" ")
            at = time.time()  # noqa: TID251 - two processes compare the same clock
            match act:
                case "code":
                    print(json.dumps(world.login_code(accounts[int(argument)])), flush=True)
                case "post":
                    print(json.dumps([group.post("news"), at]), flush=True)
                case "edit":
                    group.edit(int(argument), text=f"edited {at}")
                    print(json.dumps(at), flush=True)
                case "delete":
                    group.delete([int(argument)])
                    print(json.dumps(at), flush=True)


class Served:
    """The server's process, asked by lines."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self.servers: list[tuple[int, str, int, str]] = self._answer()

    def ask(self, line: str) -> Any:  # noqa: ANN401 - JSON
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> Any:  # noqa: ANN401 - JSON
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())

    @property
    def network(self) -> Network:
        servers = {dc: DataCentre(host, port, key.encode()) for dc, host, port, key in self.servers}
        return Network(1, "a", servers)


@contextmanager
def served(messages: int, pictures: int = 0) -> Iterator[Served]:
    command = [sys.executable, "-m", "tests.bench.watch", "serve", str(messages), str(pictures)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield Served(process)
        assert process.stdin is not None
        process.stdin.close()


# the readers


@contextmanager
def watching_home(server: Served, mode: Mode) -> Iterator[Home]:
    """A new home whose account is logged in and whose register has the group."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        home, _cards = new_home(folder / "home")
        asking = Asking(code=lambda _place: server.ask("code 0"), password=lambda: "")
        watch.log_in(home, "watch", PHONES[0], asking, server.network)
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


def ours(server: Served, mode: Mode) -> tuple[float, int]:
    """Seconds until a run has caught up, and the most memory that this process had."""
    with watching_home(server, mode) as home:
        began = time.perf_counter()
        with watch.opened(home, doer(home), network=server.network) as running:
            ran = running.once()
        assert ran.ended_by is None, ran.ended_by
        return time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def telethon(server: Served, messages: int, *, files: bool) -> float:
    """Seconds in which Telethon's client reads the same, and keeps nothing."""

    async def read() -> float:
        dc, host, port, key = server.servers[0]
        rsa.add_key(key.encode(), old=False)
        TelegramClient._config = None
        session = MemorySession()
        session.set_dc(dc, host, port)
        client = TelegramClient(session, 1, "a", receive_updates=False)
        await client.connect()
        sent = await client.send_code_request(PHONES[1])
        await client.sign_in(PHONES[1], server.ask("code 1"), phone_code_hash=sent.phone_code_hash)
        began, count = time.perf_counter(), 0
        async for message in client.iter_messages("bench_group", wait_time=0):
            count += 1
            if files and message.photo:
                await client.download_media(message, file=bytes)
        seconds = time.perf_counter() - began
        assert count == messages
        await client.disconnect()
        return seconds

    return asyncio.run(read())


def latencies(server: Served) -> list[float]:
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

        with watch.opened(home, doer(home), network=server.network) as running:
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


def read(messages: int, pictures: int) -> dict[str, float]:
    with served(messages, pictures) as server:
        bare = telethon(server, messages, files=bool(pictures))
        seconds, memory = ours(server, Mode.SEALED if pictures else Mode.METADATA_ONLY)
    return {"ours": messages / seconds, "peer": messages / bare, "memory": memory}


def run() -> dict[str, object]:
    """Read histories of texts and of pictures, hear what is pushed, and read a long history for its memory."""
    small, large = in_a_process("read", TEXTS, 0), in_a_process("read", MANY, 0)
    pictures = in_a_process("read", TEXTS, PICTURES)
    heard = in_a_process("hear")
    return {
        "rows": [
            row(f"read a history of {TEXTS}", "1/s", small["ours"], small["peer"], "Telethon, keeping nothing"),
            row(
                f"the same with {PICTURES} pictures", "1/s", pictures["ours"], pictures["peer"], "Telethon, downloading"
            ),
            row("from an act to its event, median", "s", heard["median"], LIMIT_LATENCY_S, "limit, at most"),
            row("from an act to its event, 99 of 100", "s", heard["p99"], LIMIT_LATENCY_S, "limit, at most"),
            row(f"memory after {MANY}", "MB", large["memory"] / 1e6, small["memory"] / 1e6, f"after {TEXTS}"),
        ]
    }


def row(name: str, unit: str, ours: float, peer: float, peer_name: str) -> Row:
    return {"name": name, "unit": unit, "ours": ours, "peer": peer, "peer_name": peer_name, "ratio": ours / peer}


def main(what: str, *numbers: str) -> None:
    """What a process of a measurement does."""
    match what:
        case "serve":
            serve(*map(int, numbers))
        case "read":
            sys.stdout.write(json.dumps(read(*map(int, numbers))))
        case "hear":
            with served(5) as server:
                found = latencies(server)
            cut = statistics.quantiles(found, n=100)
            sys.stdout.write(json.dumps({"median": statistics.median(found), "p99": cut[-1], "of": len(found)}))


if __name__ == "__main__":
    os.environ.setdefault("NISISAMA_KEYS__PASSPHRASE_LOG_N", "10")
    main(*sys.argv[1:])
