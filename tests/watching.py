"""A home that watches the loopback Telegram; what tests of the live watch share."""

import io
import os
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from PIL import Image

from api.home import Home
from api.office import watch
from api.office.audit import run_audit
from api.office.channel import add_channel
from api.office.lookup import Membership, look_up
from api.office.practice import variables_of
from api.office.watch import Ran
from config.watchlist import WatchEntry, watch_entry
from evidence.finding import Verdict
from evidence.observation import Mode
from evidence.store.database import reading
from evidence.times import system_clock
from monitor.rehearsal.telegram.accounts import Account
from monitor.rehearsal.telegram.handshake import ServerKey
from monitor.rehearsal.telegram.rooms import Room
from monitor.rehearsal.telegram.serve import LoopbackTelegram
from monitor.telegram.login import Asking
from tests.commands import ENVIRONMENT
from tests.forking import ForkedProgram
from tests.homes import PASSPHRASE, doer, items_of, legal_basis, new_home, records_of

PHONE = "+38160000001"


def picture(seed: int, size: tuple[int, int] = (240, 160)) -> bytes:
    """A harmless picture of this width and height: coloured noise, another for each seed."""
    pixels = np.random.default_rng(seed).integers(0, 255, (40, 60, 3), dtype=np.uint8)
    target = io.BytesIO()
    Image.fromarray(pixels).resize(size).save(target, "JPEG", quality=80)
    return target.getvalue()


def tell_settings(telegram: LoopbackTelegram, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every home know of a loopback Telegram, for one test."""
    for name, value in variables_of(telegram.servers).items():
        monkeypatch.setenv(name, value)


@dataclass(slots=True)
class Time:
    """The clock of the office and of Telegram; it runs, and can be set ahead."""

    ahead: timedelta = timedelta()
    _lock: threading.Lock = field(default_factory=threading.Lock)  # or a reading would undo what passes meanwhile

    def __call__(self) -> datetime:
        with self._lock:
            self.ahead += timedelta(microseconds=50)  # no two readings agree, on a fast machine either
            return system_clock() + self.ahead

    def pass_by(self, **span: float) -> None:
        with self._lock:
            self.ahead += timedelta(**span)


@dataclass(slots=True)
class Desk:
    """An office that watches: its home, and the Telegram that it sees."""

    folder: Path
    telegram: LoopbackTelegram
    clock: "Time"
    accounts: list[Account] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)

    @property
    def home(self) -> Home:
        """The home, opened anew as every command does."""
        return Home.open(self.folder / "home", self.clock)

    def log_in(self, name: str = "watch", phone: str = PHONE) -> Account:
        account = self.telegram.world.add_account(phone)
        self.accounts.append(account)
        asking = Asking(code=lambda _place: self._code(account), password=lambda: "")
        home = self.home
        watch.log_in(home, name, phone, asking)
        home.engine.dispose()
        return account

    def _code(self, account: Account) -> str:
        self.codes.append(self.telegram.world.login_code(account))
        return self.codes[-1]

    def register(self, channel: str, mode: Mode = Mode.SEALED) -> None:
        entry = watch_entry(
            channel=channel, report_url="https://e.org/r", reported_by="X", reported_on="2026-01-01", access="public"
        )
        home = self.home
        basis = None if mode is Mode.METADATA_ONLY else legal_basis(self.folder)
        add_channel(home, entry, mode, basis, doer(home))
        home.engine.dispose()

    def register_joined(self, room: Room) -> None:
        """Register a group by invitation that an account has joined."""
        home = self.home
        report = {"report_url": "https://e.org/r", "reported_by": "X", "reported_on": "2026-01-01"}

        def entry_of(name: str) -> WatchEntry:
            return watch_entry(channel=name, access="invite", **report)

        entry, _found = look_up(home, f"t.me/+{room.invite}", entry_of, Membership("mila", "Task 7"))
        add_channel(home, entry, Mode.METADATA_ONLY, None, doer(home))
        home.engine.dispose()

    def group(self, title: str = "Grupa", username: str = "grupa", mode: Mode = Mode.SEALED, **about: object) -> Room:
        """A public group of Telegram's that the office watches."""
        room = self.telegram.world.add_channel(title, username=username, **about)  # type: ignore[arg-type]
        self.register(f"@{username}", mode)
        return room

    def once(self) -> Ran:
        """Catch up as ``monitor run --once`` does."""
        home = self.home
        try:
            with watch.opened(home, doer(home)) as running:
                return running.once()
        finally:
            home.engine.dispose()


def brief_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a pause of more than a second be one that is waited for by the clock.

    So that the clock need not pass by more than the 30 s from which on Telethon drops what a server says.
    """
    monkeypatch.setattr("monitor.telegram.pace.PATIENCE_S", 1.0)


@cache
def _one_server_key() -> ServerKey:
    """To make one takes a tenth of a second; nothing that is tested here depends on the server's key."""
    return ServerKey(rsa.generate_private_key(public_exponent=65537, key_size=2048))


@contextmanager
def desk(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """A new home with an account that is logged in."""
    folder.mkdir(exist_ok=True)
    clock = Time()
    monkeypatch.setattr(ServerKey, "create", _one_server_key)
    with LoopbackTelegram.running(folder, clock=clock) as telegram:
        tell_settings(telegram, monkeypatch)
        for name, value in ENVIRONMENT.items():
            monkeypatch.setenv(name, value)
        home, _cards = new_home(folder / "home")
        home.engine.dispose()
        made = Desk(folder, telegram, clock)
        made.log_in()
        yield made


def program(at: Desk, *arguments: str, more: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
    """The program as a process of its own, at the home that watches."""
    return ForkedProgram(["--home", at.folder / "home", *arguments], environment={**os.environ, **(more or {})})


@contextmanager
def running(at: Desk) -> Iterator[Home]:
    """``monitor run`` in a thread; gives a home of its own to look at what it keeps."""
    worker, looker = at.home, at.home
    outcome: list[Ran] = []
    with watch.opened(worker, doer(worker)) as run:
        thread = threading.Thread(target=lambda: outcome.append(run.run()))
        thread.start()
        try:
            yield looker
        finally:
            run.watch.stop()
            thread.join(timeout=10)
            looker.engine.dispose()
    worker.engine.dispose()
    assert not thread.is_alive(), "it did not stop within ten seconds"
    assert outcome
    assert outcome[0].ended_by is None, outcome[0].ended_by


def until(holds: Callable[[], object], timeout_s: float = 40.0) -> None:
    """Wait until something holds: on a busy machine too, and for less than the minute between two looks."""
    end = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.02)


def item_count(at: Desk) -> int:
    """How many items there are by now: a row for each, so that it can be asked often."""
    home = at.home
    try:
        with reading(home.engine) as connection:
            return int(connection.exec_driver_sql("SELECT count(*) FROM item").scalar_one())
    finally:
        home.engine.dispose()


def kinds(home: Home) -> Counter[str]:
    return Counter(item.kind for item in items_of(home))


def observed(at: Desk, kind: str) -> list[dict[str, object]]:
    home = at.home
    found = [dict(record.values) for record in records_of(home) if record.values.get("kind") == kind]
    home.engine.dispose()
    return found


def require_clean(at: Desk) -> None:
    home = at.home
    done = run_audit(home, level=3, against=None, passphrase=PASSPHRASE, progress=lambda _more: None)
    home.engine.dispose()
    assert done.report.verdict is Verdict.PASSED, done.report.problems
