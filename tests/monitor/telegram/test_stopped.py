"""Told to end, the watch ends within ten seconds in good order, whatever it waits for at that moment."""

import json
import os
import secrets
import signal
import socket
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from api.home import LOCK_FILE
from evidence.custody.turn import Turn
from tests.watching import Desk, desk, kinds, picture, program, require_clean

WITHIN_S = 10.0


@pytest.fixture
def at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    with desk(tmp_path, monkeypatch) as made:
        yield made


@contextmanager
def watching(at: Desk, more: Mapping[str, str] | None = None) -> Iterator[subprocess.Popen[str]]:
    """``monitor run`` in a process of its own."""
    process = program(at, "monitor", "run", more=more)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def require_ended(process: subprocess.Popen[str], by: signal.Signals = signal.SIGTERM) -> None:
    process.send_signal(by)
    began = time.monotonic()
    _out, told = process.communicate(timeout=40)
    assert time.monotonic() - began < WITHIN_S
    assert process.returncode == 0, told


def wait(holds: Callable[[], object]) -> None:
    """Wait until something holds, and leave the processor to what this waits for."""
    end = time.monotonic() + 120
    while not holds():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.1)


def kept(at: Desk, kind: str, count: int) -> None:
    home = at.home
    wait(lambda: kinds(home)[kind] == count)
    home.engine.dispose()


def asked(at: Desk, name: str) -> None:
    wait(lambda: any(call.name == name for call in at.telegram.calls))


def looked(at: Desk) -> None:
    asked(at, "updates.getChannelDifference")
    time.sleep(0.5)


def complete(at: Desk, **counts: int) -> None:
    """The next run makes up for what this one could not keep."""
    at.telegram.faults.clear()
    assert at.once().ended_by is None
    home = at.home
    assert {kind: kinds(home)[kind] for kind in counts} == counts
    home.engine.dispose()
    require_clean(at)


@contextmanager
def silent() -> Iterator[tuple[int, Callable[[], int]]]:
    """A server that accepts every connection and says nothing; its port, and how many came."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setblocking(False)
    held: list[socket.socket] = []

    def come() -> int:
        while True:
            try:
                held.append(listener.accept()[0])
            except BlockingIOError:
                return len(held)

    with listener:
        yield listener.getsockname()[1], come
    for each in held:
        each.close()


def test_while_another_program_keeps_the_turn(at: Desk) -> None:
    group = at.group(joined=tuple(at.accounts))
    at.telegram.faults.delay_s("upload.getFile", 1.0)
    with watching(at) as process:
        looked(at)
        group.post_photo(picture(1), "foto")
        kept(at, "message", 1)
        home = at.home
        with Turn(home.engine, home.path / LOCK_FILE).take():
            group.post("dy")
            time.sleep(1.5)  # both threads wait: one with the file, one with the message
            require_ended(process)
        home.engine.dispose()
    complete(at, message=2, file=1)


@pytest.mark.slow
def test_while_another_program_locks_the_database(at: Desk) -> None:
    group = at.group(joined=tuple(at.accounts))
    with watching(at) as process:
        looked(at)
        other = sqlite3.connect(at.folder / "home" / "nisisama.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        group.post("një")
        time.sleep(1.0)
        require_ended(process)
        other.close()
    complete(at, message=1)


@pytest.mark.slow
def test_while_a_decoder_hangs(at: Desk) -> None:
    group = at.group(joined=tuple(at.accounts))
    with watching(at) as process:
        looked(at)
        group.post_photo(picture(1), "foto")
        kept(at, "file", 1)
        workers = [
            int(each)
            for task in Path(f"/proc/{process.pid}/task").iterdir()
            for each in (task / "children").read_text().split()
        ]
        assert workers
        for worker in workers:
            os.kill(worker, signal.SIGSTOP)
        group.post_photo(picture(2), "foto")
        kept(at, "message", 2)
        time.sleep(1.0)
        require_ended(process)
    complete(at, message=2, file=2)


@pytest.mark.slow
def test_while_a_time_stamp_office_says_nothing(at: Desk) -> None:
    group = at.group(joined=tuple(at.accounts))
    with silent() as (port, come):
        more = {"http_proxy": f"http://127.0.0.1:{port}", "no_proxy": "", "NISISAMA_TELEGRAM__BEAT_S": "1"}
        more |= {"NISISAMA_STAMP__TIMEOUT_S": "60", "NISISAMA_LOG__BEAT_S": "1"}
        with watching(at, more) as process:
            looked(at)
            group.post("një")
            wait(come)
            require_ended(process)
    complete(at, message=1)


@pytest.mark.slow
def test_while_telegram_wants_a_pause(at: Desk) -> None:
    group = at.group(joined=tuple(at.accounts))
    with watching(at) as process:
        looked(at)
        at.telegram.faults.fail("updates.getChannelDifference", "FLOOD_WAIT_50", times=1)
        group.post("një")
        time.sleep(1.0)
        require_ended(process)
    at.clock.pass_by(minutes=2)
    complete(at, message=1)


@pytest.mark.slow
def test_while_telegram_accepts_and_says_nothing(at: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    at.group()
    server = at.telegram.servers[0]
    with silent() as (port, come):
        said = [
            {"dc": each.dc, "host": "127.0.0.1", "port": port, "public_key_file": str(server.public_key_file)}
            for each in at.telegram.servers
        ]
        with watching(at, {"NISISAMA_TELEGRAM__SERVERS": json.dumps(said)}) as process:
            wait(come)
            require_ended(process)
    complete(at, message=0)


@pytest.mark.every(2)
@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT])
def test_while_a_file_comes(at: Desk, by: signal.Signals) -> None:
    group = at.group(joined=tuple(at.accounts))
    group.post_document(secrets.token_bytes(4 << 20), "film.mp4", "video/mp4")
    at.telegram.faults.delay_s("upload.getFile", 25)
    with watching(at) as process:
        asked(at, "upload.getFile")
        require_ended(process, by)
    complete(at, message=1, file=1)
