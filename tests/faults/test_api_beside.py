"""While the watch takes in a history, the API and the command line work on the same home, and nobody is told to wait.

On PostgreSQL two processes of the API serve one home. Everything is a process of its own. Each answer and each exit
code is kept: one "busy" among them fails the test.
"""

import json
import os
import signal
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.office.api_key import make_key
from evidence.store.api_key import Scope
from evidence.store.database import reading
from monitor.rehearsal.export import write_export
from tests.commands import DONE, UNDECIDED
from tests.homes import PASSPHRASE, new_case
from tests.nonempty import nonempty
from tests.postgresql import move, new_database
from tests.postgresql import serving as serving_database
from tests.serving import started, zipped
from tests.watching import Desk, desk, item_count, picture, program, require_clean, until

pytestmark = [pytest.mark.outside, pytest.mark.slow]

HISTORY = 12_000
EVERY = 150
"""One message of so many has a picture."""
ROUNDS = 3


@pytest.fixture(params=["sqlite", "postgresql"])
def at(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    with ExitStack() as stack:
        made = stack.enter_context(desk(tmp_path, monkeypatch))
        if request.param == "postgresql":
            url = new_database(stack.enter_context(serving_database()), "office")
            move(made.folder / "home", url)
        yield made


@dataclass
class Calls:
    """What one caller asked for, and how it was answered."""

    client: httpx.Client
    statuses: Counter[int] = field(default_factory=Counter)
    ended: list[dict[str, Any]] = field(default_factory=list)

    def ask(self, method: str, path: str, **more: Any) -> Any:  # noqa: ANN401 - JSON
        answer = self.client.request(method, path, **more)
        self.statuses[answer.status_code] += 1
        return answer.json()

    def round(self, case: str, archive: bytes, number: int) -> None:
        order = {"audience": "court", "reason": f"round {number}"}
        sent = {"file": ("export.zip", archive)}
        tasks = [
            self.ask("POST", f"/cases/{case}/bundles", json=order)["task_id"],
            self.ask("POST", "/imports", files=sent, data={"declared_by": "client"})["task_id"],
        ]
        for _look in range(600):
            self.ask("GET", "/items?limit=50")
            self.ask("GET", f"/cases/{case}?limit=5")
            found = [self.ask("GET", f"/tasks/{each}") for each in tasks]
            if not {each["state"] for each in found} & {"queued", "running"}:
                break
        self.ended += found


@contextmanager
def served(at: Desk, count: int) -> Iterator[list[Calls]]:
    """So many processes of the API, each with a caller."""
    home = at.home
    key = make_key(home, "mira", list(Scope), None, None).secret
    home.engine.dispose()
    processes = [started(at.folder / "home") for _each in range(count)]
    headers = {"Authorization": f"Bearer {key}"}
    callers = [
        Calls(httpx.Client(base_url=f"{url}/api/v1", headers=headers, timeout=120, trust_env=False))
        for _process, url in processes
    ]
    for each in callers:
        each.ask("POST", "/unlock", json={"passphrase": PASSPHRASE})
    yield callers
    for each in callers:
        each.client.close()
    for process, _url in processes:
        process.terminate()
        assert "Traceback" not in process.communicate(timeout=60)[1]
        assert process.returncode == DONE


def test_nobody_is_told_to_wait(at: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NISISAMA_SERVE__PER_MINUTE", "100000")
    group = at.group(joined=tuple(at.accounts))
    for number in range(HISTORY):
        if number % EVERY:
            group.post(f"mesazh {number}")
        else:
            group.post_photo(picture(number), f"foto {number}")
    monitor = program(at, "monitor", "run", "--json")
    until(lambda: item_count(at) > 100, 60)
    home = at.home
    case = new_case(home, first_items(at, 20))
    home.engine.dispose()
    is_shared = home.settings.database.url != ""
    try:
        with served(at, 2 if is_shared else 1) as callers:
            working = [threading.Thread(target=rounds, args=(each, case, tmp_path, at)) for each in callers]
            for each in working:
                each.start()
            codes = commands(at, case, tmp_path)
            for each in working:
                each.join(300)
        assert monitor.poll() is None
    finally:
        monitor.send_signal(signal.SIGTERM)
        _out, err = monitor.communicate(timeout=30)
    assert monitor.returncode == DONE, err
    for each in nonempty(callers):
        assert set(each.statuses) <= {200, 202}, each.statuses
        states = Counter((task["kind"], task["state"]) for task in each.ended)
        assert states == {("bundle", "waiting_for_approval"): ROUNDS, ("import", "done"): ROUNDS}
    assert set(codes) <= {DONE, UNDECIDED}
    require_clean(at)


def rounds(calls: Calls, case: str, folder: Path, at: Desk) -> None:
    for number in range(ROUNDS):
        export = folder / f"export-{id(calls)}-{number}"
        write_export(export, seed=id(calls) % 1000 + number, messages=30, photos=2)
        before = item_count(at)
        calls.round(case, zipped(export), number)
        assert item_count(at) > before


def commands(at: Desk, case: str, folder: Path) -> Sequence[int]:
    """The exit codes of commands, one after the other, in the meantime."""
    export, codes = write_export(folder / "cli", seed=5, messages=40), list[int]()
    for words in (
        ("import", export.folder, "--declared-by", "mila"),
        ("case", "show", case),
        ("evidence", "list", "--kind", "file"),
        ("audit", "--level", "3"),
        ("case", "show", case),
    ):
        process = program(at, *map(os.fspath, words), "--json")
        out, err = process.communicate(timeout=180)
        assert process.returncode in {DONE, UNDECIDED}, (words, out, err)
        assert json.loads(out)
        codes.append(process.returncode)
    return codes


def first_items(at: Desk, count: int) -> list[str]:
    home = at.home
    try:
        with reading(home.engine) as connection:
            asked = f"SELECT item_id FROM item ORDER BY idx LIMIT {count}"
            return [str(row[0]) for row in connection.exec_driver_sql(asked)]
    finally:
        home.engine.dispose()
