"""An import that loses its power at any call loses nothing that it acknowledged, and running it again completes it.

One real import is recorded. Wherever the power may go, a home is made of what the disk is bound to
hold by then: of what was still on its way nothing, or any part of it. See ``tests.faults.power``.
"""

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

import evidence.objects.pending
from api.home import Home
from config import oplog
from evidence.objects.port import Sink
from evidence.store import database
from tests.faults.power import ACKNOWLEDGED, Call, Choice, Disk, Recording, calls
from tests.faults.rig import (
    PASSPHRASE,
    Alteration,
    OfficeFolder,
    Outcome,
    Reference,
    Rig,
    Shared,
    _honest,
    ask,
    problems_of,
    violations,
)

pytestmark = pytest.mark.outside

OPLOG = f"home/{oplog.FILE}"
"""No evidence: nothing rests on it, and nobody brings it to the disk."""
BARRIERS = frozenset({"fsync", "fdatasync", "access"})


@dataclass(frozen=True, slots=True)
class Recorded:
    """What one import did to the disk, call by call."""

    before: OfficeFolder
    after: OfficeFolder
    calls: tuple[Call, ...]


def marking(shared: Shared) -> None:
    """The program as it is; its acknowledgements stand in the trace."""
    acknowledge = shared.acknowledge

    def marked() -> None:
        os.access(ACKNOWLEDGED, os.F_OK)
        acknowledge()

    shared.acknowledge = marked
    _honest(shared)


def record(prepared: OfficeFolder, rig: Rig, folder: Path, alter: Alteration = marking) -> Recorded:
    folder.mkdir(exist_ok=True)
    before, after = prepared.copy(folder / "before"), prepared.copy(folder / "after")
    outcome = rig.run(after, fault=Recording(), alter=alter)
    assert outcome.code == 0, outcome.output
    return Recorded(before, after, tuple(calls((after.folder / "strace.txt").read_text())))


@pytest.fixture(scope="module")
def recorded(prepared: OfficeFolder, rig: Rig, tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    return record(prepared, rig, tmp_path_factory.mktemp("recorded"))


def disk_of(recorded: Recorded) -> Disk:
    """The disk as it was before the import, under the paths of the import."""
    folder = recorded.after.folder
    shutil.rmtree(folder)
    recorded.before.copy(folder)
    return Disk(folder, (recorded.after.home, recorded.after.keys), leave=(OPLOG,))


def power_cuts(
    recorded: Recorded, folder: Path, choose: Callable[[int], Choice], *, at: frozenset[int]
) -> Iterator[tuple[int, OfficeFolder, Outcome]]:
    """What is left where the power goes just after each of these calls."""
    disk, acknowledged, place = disk_of(recorded), 0, folder / "office"
    for position, call in enumerate(recorded.calls):
        if call.name == "access":
            acknowledged += ACKNOWLEDGED in call.arguments[0]
        else:
            disk.play(call)
        if position in at:
            shutil.rmtree(place, ignore_errors=True)
            disk.lose_power(place, choose(position))
            yield position, OfficeFolder(place), Outcome(-9, acknowledged, hit=True, output="")


def nothing(_position: int) -> Choice:
    """Nothing that was on its way has arrived."""
    return lambda _number: False


def some(seed: int) -> Callable[[int], Choice]:
    """Of what was on its way any part has arrived, the later without the earlier too."""
    return lambda position: lambda number: hashlib.sha256(f"{seed} {position} {number}".encode()).digest()[0] < 128


def broken_by(
    recorded: Recorded,
    reference: Reference,
    rig: Rig,
    folder: Path,
    *,
    choose: Callable[[int], Choice] = nothing,
    step: int = 1,
    barriers: bool = True,
) -> dict[int, list[str]]:
    """What is broken where the power goes at each ``step``-th call, or at each that something rests on."""
    wanted = [at for at, call in enumerate(recorded.calls) if not barriers or call.name in BARRIERS][::step]
    cuts = power_cuts(recorded, folder, choose, at=frozenset(wanted))
    return {at: found for at, office, outcome in cuts if (found := violations(office, reference, outcome, rig))}


def contents(office: OfficeFolder) -> dict[str, bytes]:
    files = [file for part in (office.home, office.keys) for file in part.rglob("*") if file.is_file()]
    return {
        str(file.relative_to(office.folder)): file.read_bytes()
        for file in files
        if file.suffix != ".db-shm" and file.name != oplog.FILE
    }


def test_the_disk_that_is_played_back_is_the_one_that_was_written(recorded: Recorded, tmp_path: Path) -> None:
    real = contents(recorded.after)
    everything = len(recorded.calls) - 1
    cuts = power_cuts(recorded, tmp_path, lambda _position: lambda _number: True, at=frozenset({everything}))
    _position, office, outcome = next(cuts)
    assert contents(office) == real
    assert outcome.acknowledged > 1
    assert contents(recorded.before) != real


@pytest.mark.slow
def test_where_nothing_on_its_way_arrives_nothing_acknowledged_is_lost(
    recorded: Recorded, reference: Reference, rig: Rig, tmp_path: Path
) -> None:
    assert broken_by(recorded, reference, rig, tmp_path, step=11) == {}


@pytest.mark.slow
def test_where_nothing_on_its_way_arrives_nothing_acknowledged_is_lost_at_any_call(
    recorded: Recorded, reference: Reference, rig: Rig, tmp_path: Path
) -> None:
    assert broken_by(recorded, reference, rig, tmp_path) == {}


def test_where_a_part_of_what_is_on_its_way_arrives_nothing_acknowledged_is_lost(
    recorded: Recorded, reference: Reference, rig: Rig, tmp_path: Path
) -> None:
    assert broken_by(recorded, reference, rig, tmp_path, choose=some(1), step=97, barriers=False) == {}


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_where_a_part_of_what_is_on_its_way_arrives_nothing_acknowledged_is_lost_at_any_call(
    recorded: Recorded, reference: Reference, rig: Rig, tmp_path: Path, seed: int
) -> None:
    assert broken_by(recorded, reference, rig, tmp_path, choose=some(seed), barriers=False) == {}


@pytest.mark.parametrize("step", [173, pytest.param(47, marks=pytest.mark.slow)])
def test_the_power_goes_again_while_what_was_left_is_taken_back(
    recorded: Recorded, reference: Reference, rig: Rig, tmp_path: Path, step: int
) -> None:
    last_link = max(at for at, call in enumerate(recorded.calls) if call.name == "link")
    everything = power_cuts(recorded, tmp_path, lambda _position: lambda _number: True, at=frozenset({last_link}))
    _position, once, first = next(everything)
    assert any((once.objects / "pending").glob("*/*"))
    again = record(once, rig, tmp_path / "again")
    for choose in (nothing, some(5)):
        wanted = frozenset(range(0, len(again.calls), step))
        for _position, office, second in power_cuts(again, tmp_path, choose, at=wanted):
            acknowledged = max(first.acknowledged, second.acknowledged)
            assert violations(office, reference, replace(second, acknowledged=acknowledged), rig) == []


# Other commands


class Founding(OfficeFolder):
    """A folder in which an office is made; only its passphrase is there."""

    def arguments(self, export: Path | None = None) -> list[str]:
        """The command line of ``init``."""
        made = ("init", "--org", "Office", "--rehearsal", "--by", "ann", "--cards", str(self.folder / "cards"))
        return ["--home", str(self.home), *made, "--passphrase-file", str(self.folder / "passphrase")]


def test_an_office_that_was_made_is_there_after_a_power_cut(
    rig: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NISISAMA_KEYS__PASSPHRASE_LOG_N", "10")
    office = Founding(tmp_path / "made")
    office.folder.mkdir()
    (office.folder / "passphrase").write_text(PASSPHRASE)
    (office.folder / "passphrase").chmod(0o600)
    disk = Disk(office.folder, (office.folder,), leave=("strace.txt", "output.txt", OPLOG))
    outcome = rig.run(office, fault=Recording())
    assert outcome.code == 0, outcome.output
    for call in calls((office.folder / "strace.txt").read_text()):
        if call.name != "access":
            disk.play(call)
    disk.lose_power(tmp_path / "left", nothing(0))
    left = OfficeFolder(tmp_path / "left")
    assert ask(lambda: problems_of(Home.open(left.home))) == ["PASSED", []]
    assert {file.name: file.read_text() for file in (left.folder / "cards").iterdir()} == {
        file.name: file.read_text() for file in (office.folder / "cards").iterdir()
    }


# Controls: what a missing or late fsync looks like


def addressing_first(shared: Shared) -> None:
    """CONTROL: the addresses reach the disk before the unfinished names."""
    marking(shared)
    sync_directory, late = evidence.objects.pending.sync_directory, []

    def later(directory: Path) -> None:
        if "pending" in {directory.name, directory.parent.name}:
            late.append(directory)
            return
        sync_directory(directory)
        while late and len(directory.name) == 2:
            sync_directory(late.pop())

    evidence.objects.pending.sync_directory = later


def forgetting_folders(shared: Shared) -> None:
    """CONTROL: an object's bytes reach the disk, its address does not."""
    marking(shared)
    evidence.objects.pending.sync_directory = lambda _directory: None


def forgetting_bytes(shared: Shared) -> None:
    """CONTROL: an object's address reaches the disk, its bytes do not."""
    marking(shared)

    def careless(draft: Path, fill: Callable[[Sink], str]) -> str:
        with draft.open("xb") as sink:
            return fill(sink.write)

    evidence.objects.pending._write = careless


def acknowledging_from_memory(shared: Shared) -> None:
    """CONTROL: a transaction is acknowledged before its journal is on the disk."""
    marking(shared)
    connect = database._sqlite_connect

    def hasty(connection: Any, record: object) -> None:  # noqa: ANN401 - the driver's connection
        connect(connection, record)
        connection.execute("PRAGMA synchronous=NORMAL")

    database._sqlite_connect = hasty


@pytest.mark.every(4)
@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (addressing_first, "a leaf that names it"),
        (forgetting_folders, "the sealed original of item"),
        (forgetting_bytes, "objects.bytes"),
        (acknowledging_from_memory, "acknowledged and lost"),
    ],
)
def test_a_program_that_is_careless_with_the_disk_is_caught(
    wrong: Alteration, said: str, prepared: OfficeFolder, reference: Reference, rig: Rig, tmp_path: Path
) -> None:
    careless = record(prepared, rig, tmp_path / "careless", wrong)
    wanted = frozenset(at for at, call in enumerate(careless.calls) if call.name in BARRIERS)
    cuts = power_cuts(careless, tmp_path, nothing, at=wanted)
    assert any(
        said in line for _at, office, acknowledged in cuts for line in violations(office, reference, acknowledged, rig)
    )
