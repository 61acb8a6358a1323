"""Killed at any moment, the watch loses nothing that it saw and nothing that it kept; the next run completes it."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from api.office.audit import run_audit
from api.office.completeness import completeness_of
from evidence.finding import Verdict
from evidence.store import database, task
from evidence.store.database import reading
from monitor.telegram.standing import FETCH
from tests.commands import ENVIRONMENT
from tests.contracts.tree import ROOT
from tests.homes import PASSPHRASE, items_of
from tests.monitor.telegram.test_truth import Chance, Schedule, kept_of, require_truth
from tests.watching import Desk, desk

PROGRAM = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from api.cli.main import main; sys.exit(main())"


def killed_run(at: Desk, chance: Chance) -> None:
    """A run in a process of its own that is killed when it has kept a little, or a moment later."""
    before, home = _count(at), at.folder / "home"
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "--home", str(home), "monitor", "run", "--once"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=dict(os.environ),
    )
    end = time.monotonic() + 20
    wanted = before + chance.below(120)
    while process.poll() is None and time.monotonic() < end and _count(at) <= wanted:
        time.sleep(0.005)
    time.sleep(chance.below(60) / 1000)
    process.kill()
    process.wait()


def _count(at: Desk) -> int:
    engine = database.open_engine(database.sqlite_url(at.folder / "home" / "nisisama.db"))
    try:
        with reading(engine) as connection:
            return int(connection.exec_driver_sql("SELECT count(*) FROM event").scalar_one())
    finally:
        engine.dispose()


def require_killed(folder: Path, monkeypatch: pytest.MonkeyPatch, seed: int, kills: int) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    with desk(folder, monkeypatch) as at:
        schedule = Schedule(at, seed)
        for _kill in range(kills):
            for _act in range(6):
                schedule.chance.choice([schedule.burst, schedule.picture, schedule.edit, schedule.delete])()
            killed_run(at, schedule.chance)
        schedule.look()
        home = at.home
        truth = {post.number: post for post in schedule.room.truth()}
        require_truth(truth, schedule.seen, kept_of(at, schedule.room), completeness_of(home, "grupa"))
        places = [(item.channel_id, item.message_id, item.kind, item.item_id) for item in items_of(home)]
        assert len(set(places)) == len(places)
        with reading(home.engine) as connection:
            assert not task.noted(connection, FETCH)
        done = run_audit(home, level=3, against=None, passphrase=PASSPHRASE, progress=lambda _more: None)
        assert done.report.verdict is Verdict.PASSED, done.report.problems
        home.engine.dispose()


def test_what_a_killed_watch_saw_is_completed_by_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    require_killed(tmp_path, monkeypatch, 1, 2)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2, 300))
def test_what_a_killed_watch_saw_is_completed_over_many_kills(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    require_killed(tmp_path, monkeypatch, seed, 5)
