"""Killed at any system call, or out of room, an erasure is done or not begun, and the next command finishes it.

strace stops the command as it enters the n-th call of one name, as in ``test_killed_anywhere``. Whatever it left, the
audit is clean once another command has written, and no byte of an item that is erased is in any file.
"""

import contextlib
import os
import shutil
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import NoReturn

import pytest

from api.cli.main import main
from api.home import Home
from api.office.audit import run_audit
from api.office.item import list_items
from api.office.page import every_entry
from tests.erasing import ErasedTraces, canaries_of
from tests.faults.rig import FORK, PASSPHRASE, Fault, Gate, OfficeFolder, Rig, exit_code

pytestmark = pytest.mark.outside

STRIDES = {"pwrite64": 5, "fdatasync": 2, "fsync": 3, "openat": 23, "unlink": 1, "rename": 1, "ftruncate": 1}
"""Every call by which an erasure changes the store, and in which steps its positions are walked."""
FULL = {"pwrite64": 7, "write": 5, "fsync": 4}
WIDER = pytest.mark.parametrize("wider", [4, pytest.param(1, marks=pytest.mark.slow)])
"""How many times as wide the steps are in every run."""


@pytest.fixture(autouse=True)
def _spoken_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NISISAMA_PASSPHRASE", PASSPHRASE)
    monkeypatch.setenv("NISISAMA_KEYS__PASSPHRASE_LOG_N", "10")


@pytest.fixture(scope="module")
def filled(prepared: OfficeFolder, rig: Rig, tmp_path_factory: pytest.TempPathFactory) -> OfficeFolder:
    """An office that took its export in."""
    office = prepared.copy(tmp_path_factory.mktemp("filled") / "office")
    assert rig.run(office).code == 0
    return office


def items_in(office: OfficeFolder) -> list[str]:
    home = Home.open(office.home)
    try:
        return [each.item_id for each in every_entry(lambda after: list_items(home, look=None, after=after))]
    finally:
        home.engine.dispose()


def erasing(office: OfficeFolder, items: list[str]) -> list[str]:
    why = ("--cause", "mistake", "--reason", "not hers", "--by", "ann", "--approved-by", "bo", "--json")
    return ["--home", str(office.home), "erase", *items, *why]


def run_stopped(office: OfficeFolder, arguments: list[str], fault: Fault | None) -> tuple[int, bool, str]:
    """Run a command in a child, with this fault: its exit code, whether it met the fault, and what it said."""
    record, output = office.folder / "strace.txt", office.folder / "output.txt"
    gate = Gate()
    code = exit_code(FORK.Process(target=_command, args=(arguments, gate, output)), gate, fault, record)
    met = code < 0 or (fault is not None and "(INJECTED)" in record.read_text())
    return code, met, output.read_text()


def _command(arguments: list[str], gate: Gate, output: Path) -> NoReturn:
    code = 70
    with output.open("w") as sink, contextlib.redirect_stdout(sink), contextlib.redirect_stderr(sink):
        gate.stand()
        try:
            code = main(arguments)
        finally:
            os._exit(code)


def walked(
    office: OfficeFolder, folder: Path, items: list[str], name: str, *, action: str, step: int
) -> Iterator[tuple[int, OfficeFolder, int, str]]:
    for position in count(1, step):
        copy = office.copy(folder / "office")
        code, met, said = run_stopped(copy, erasing(copy, items), Fault(name, action, str(position)))
        if not met:
            assert code == 0, said
            return
        yield position, copy, code, said


def faults_left(office: OfficeFolder, items: list[str], canaries: ErasedTraces) -> list[str]:
    """What is wrong once another command has written."""
    home = Home.open(office.home)
    try:
        with home.writing():
            pass
        left = set(items).intersection(each.item_id for each in every_entry(lambda a: list_items(home, after=a)))
        problems = [f"{each.id} {each.code}" for each in audited(home)]
        if left not in (set(), set(items)):
            problems.append("some of the items are erased")
        found = canaries.in_files(office.home, office.keys)
        if left and found != canaries.raw.keys():
            problems.append("something of an item that is listed is gone")
        if not left and found:
            problems.append(f"of erased items there is left: {sorted(found)}")
    finally:
        home.engine.dispose()
    code, _met, said = run_stopped(office, erasing(office, items), None)
    if code != (0 if left else 1) or (not left and "unknown_item.erased" not in said):
        problems.append(f"again: {code} {said[:200]}")
    return problems


def audited(home: Home) -> list:  # type: ignore[type-arg]
    done = run_audit(home, level=3, against=None, passphrase=PASSPHRASE, progress=lambda _read: None)
    return [each for each in done.report.problems if each.id != "log.anchored"]


@pytest.fixture
def named(filled: OfficeFolder) -> tuple[list[str], ErasedTraces]:
    """Two items, and all that is of them."""
    home = Home.open(filled.home)
    items = items_in(filled)[:2]
    canaries = canaries_of(home, items, {})
    home.engine.dispose()
    assert canaries.in_files(filled.home) == canaries.raw.keys()
    return items, canaries


@WIDER
@pytest.mark.every(3)
@pytest.mark.parametrize("name", STRIDES)
def test_an_erasure_killed_at_some_calls_is_done_or_not_begun(
    name: str, wider: int, filled: OfficeFolder, named: tuple[list[str], ErasedTraces], tmp_path: Path
) -> None:
    items, canaries = named
    kills = walked(filled, tmp_path, items, name, action="signal=SIGKILL", step=STRIDES[name] * wider)
    broken = {position: found for position, copy, *_rest in kills if (found := faults_left(copy, items, canaries))}
    assert broken == {}


@WIDER
@pytest.mark.every(3)
@pytest.mark.parametrize("name", FULL)
def test_an_erasure_without_room_says_so_and_is_done_or_not_begun(
    name: str, wider: int, filled: OfficeFolder, named: tuple[list[str], ErasedTraces], tmp_path: Path
) -> None:
    items, canaries = named
    broken = dict[int, object]()
    step = FULL[name] * wider
    for position, copy, code, said in walked(filled, tmp_path, items, name, action="error=ENOSPC", step=step):
        if code not in (0, 1) or (code == 1 and '"code"' not in said):
            broken[position] = (code, said[-300:])
        elif found := faults_left(copy, items, canaries):
            broken[position] = found
    assert broken == {}


def test_every_call_that_is_walked_is_made_by_an_erasure(
    filled: OfficeFolder, named: tuple[list[str], ErasedTraces], tmp_path: Path
) -> None:
    for name in STRIDES:
        copy = filled.copy(tmp_path / "office")
        code, _met, _said = run_stopped(copy, erasing(copy, named[0]), Fault(name, "signal=SIGKILL", "1"))
        assert code == -9, name


def test_an_erasure_that_leaves_the_note_out_is_caught(
    filled: OfficeFolder, named: tuple[list[str], ErasedTraces], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: what is left after the commit stays where nobody notes it."""
    items, canaries = named
    copy = filled.copy(tmp_path / "office")
    with monkeypatch.context() as wrong:
        wrong.setattr("evidence.store.erase.note_work", lambda *_args, **_more: None)
        assert run_stopped(copy, erasing(copy, items), None)[0] == 0
    assert faults_left(copy, items, canaries)
    shutil.rmtree(copy.folder)
