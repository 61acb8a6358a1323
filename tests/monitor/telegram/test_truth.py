"""What the watch keeps, compared with the server's own truth over random schedules (``schedules``, ``truth``).

Some schedules run in the plain suite. The slow suite runs 2,000, half of them wider ones, or those that the environment
names:

    SCHEDULES=500 pytest -m slow tests/monitor/telegram/test_truth.py          the first 500
    SCHEDULES=100000:100500 pytest -m slow tests/monitor/telegram/test_truth.py the first 500 wider ones
    SCHEDULES=4000:6000 pytest -m slow -s tests/monitor/telegram/test_truth.py  seeds 4000 to 5999, with progress

When a failing seed is mended, add it to FAILED with what it found.
"""

import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from telethon.tl import types

from evidence.observation import Hole, HoleReason, Observation
from monitor.telegram.follow import Following
from monitor.telegram.standing import move_cursor
from tests.monitor.telegram.schedules import WIDER, Schedule, Stage, staged
from tests.monitor.telegram.truth import require_truth

STEPS = 25
MANY = (*range(1000), *range(WIDER, WIDER + 1000))
SAMPLE = (14, 23, 100_004)
FAILED: Mapping[int, str] = {
    9010: "one answer of garbage to the question for the newest message made holes of numbers that nobody had posted",
    100_032: "a newest message that could not be read was passed over where the one below it was deleted",
    100_173: "a picture that was exchanged while the mode kept no pictures was neither kept nor a hole",
    100_241: "the mend of that: a text that was edited made a file that nobody read a second one",
    101_119: "the mode was raised, and a picture that it had left stayed so, since the text was edited before",
    101_241: "a message that no client can read is kept again, with its bytes, when the mode allows them",
    101_710: "two answers of garbage in a row stood as a message that cannot be read",
    2079: "a watched channel without a message was unknown to the completeness report by its number",
}


def require_schedule(stage: Stage, seed: int) -> None:
    schedule = Schedule(stage, seed)
    schedule.play(STEPS)
    require_truth(schedule)
    shutil.rmtree(schedule.desk.folder)


@pytest.mark.repeats
def test_what_is_kept_is_the_truth(tmp_path: Path) -> None:
    with staged(tmp_path) as stage:
        for seed in SAMPLE:
            require_schedule(stage, seed)


@pytest.mark.slow
def test_what_is_kept_is_the_truth_over_many_schedules(tmp_path: Path) -> None:
    first, _, end = os.environ.get("SCHEDULES", "").rpartition(":")
    seeds = range(int(first or 0), int(end)) if end else MANY
    with staged(tmp_path) as stage:
        failed = dict(_failed(stage, [*FAILED, *seeds]))
    assert not failed


def _failed(stage: Stage, seeds: Sequence[int]) -> Iterator[tuple[int, str]]:
    for done, seed in enumerate(seeds, start=1):
        try:
            require_schedule(stage, seed)
        except AssertionError as error:
            yield seed, str(error).splitlines()[0]
        if done % 50 == 0:
            sys.stderr.write(f"{done} of {len(seeds)} schedules, seed {seed}\n")


# The truth can be missed: a watch with a fault is caught


def drops_edits(patch: pytest.MonkeyPatch) -> None:
    update = Following._update

    def without_edits(self: Following, answer: Any, told: Any, peers: Any) -> list[Observation | Hole]:  # noqa: ANN401
        return [] if isinstance(told, types.UpdateEditChannelMessage) else update(self, answer, told, peers)

    patch.setattr(Following, "_update", without_edits)


def drops_deletions(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("monitor.telegram.follow._deleted", lambda _update: ())


def moves_its_cursor_first(patch: pytest.MonkeyPatch) -> None:
    take = Following._take

    def first(self: Following, answer: Any, contents: Any, standing: Any, pts: Any, *more: Any) -> None:  # noqa: ANN401
        if pts is not None:
            with self._way.sequencer.take() as connection:
                move_cursor(connection, self._number, pts)
        take(self, answer, contents, standing, pts, *more)

    patch.setattr(Following, "_take", first)


def tells_no_downtime(patch: pytest.MonkeyPatch) -> None:
    since = Following._since_last_look
    patch.setattr(
        Following,
        "_since_last_look",
        lambda self: [hole for hole in since(self) if hole.reason is not HoleReason.DOWNTIME],
    )


def forgets_files_that_wait(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("monitor.telegram.watch.Watch._unfetched", lambda _watch: {})


FAULTS: Mapping[Callable[[pytest.MonkeyPatch], None], Sequence[int]] = {
    drops_edits: range(8),
    drops_deletions: range(8),
    moves_its_cursor_first: range(200),
    tells_no_downtime: range(8),
    forgets_files_that_wait: range(200),
}


def require_caught(folder: Path, patch: pytest.MonkeyPatch, fault: Callable[[pytest.MonkeyPatch], None]) -> None:
    with staged(folder) as stage:
        fault(patch)
        assert next(_failed(stage, FAULTS[fault]), None) is not None


@pytest.mark.repeats
def test_a_watch_that_drops_edits_is_caught(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    require_caught(tmp_path, monkeypatch, drops_edits)


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
def test_a_watch_with_a_fault_is_caught(
    fault: Callable[[pytest.MonkeyPatch], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    require_caught(tmp_path, monkeypatch, fault)
