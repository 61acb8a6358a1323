"""Killed at any system call, an import loses nothing that it acknowledged, and running it again completes it.

strace kills the importing process as it enters the n-th call of one name. Between two calls
nothing outside the process changes, so a kill before every call that writes is also a kill after
every such call. A missing fsync does not show here, since the system itself lives on;
``test_power_cut`` shows it.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from tests.faults.rig import (
    Alteration,
    Fault,
    OfficeFolder,
    Outcome,
    Reference,
    Rig,
    acknowledging_first,
    logging_first,
    settling_first,
    violations,
)

pytestmark = pytest.mark.outside

STRIDES = {
    "pwrite64": 37,
    "openat": 31,
    "write": 7,
    "fsync": 11,
    "fdatasync": 9,
    "link": 3,
    "unlink": 4,
    "mkdir": 4,
    "rename": 1,
    "ftruncate": 1,
}
"""Every call by which an import changes the store, and in which steps CI walks its positions."""


def _kills(
    name: str, *, step: int, prepared: OfficeFolder, rig: Rig, folder: Path, alter: Alteration | None = None
) -> Iterator[tuple[int, OfficeFolder, Outcome]]:
    """Imports killed at the first position of a call, the one ``step`` later, and so on, until there are no more."""
    for position in count(1, step):
        office = prepared.copy(folder / "office")
        outcome = rig.run(office, fault=Fault(name, "signal=SIGKILL", str(position)), alter=alter)
        if not outcome.hit:
            assert outcome.code == 0, outcome.output
            return
        yield position, office, outcome


def _require_no_violation(
    name: str, step: int, prepared: OfficeFolder, reference: Reference, rig: Rig, folder: Path
) -> None:
    broken = {
        position: found
        for position, office, outcome in _kills(name, step=step, prepared=prepared, rig=rig, folder=folder)
        if (found := violations(office, reference, outcome, rig))
    }
    assert broken == {}


@pytest.mark.every(5)
@pytest.mark.parametrize("name", STRIDES)
def test_an_import_killed_at_some_calls_loses_nothing_and_completes(
    name: str, prepared: OfficeFolder, reference: Reference, rig: Rig, tmp_path: Path
) -> None:
    _require_no_violation(name, STRIDES[name], prepared, reference, rig, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", STRIDES)
def test_an_import_killed_at_every_call_loses_nothing_and_completes(
    name: str, prepared: OfficeFolder, reference: Reference, rig: Rig, tmp_path: Path
) -> None:
    _require_no_violation(name, 1, prepared, reference, rig, tmp_path)


@pytest.mark.every(3)
@pytest.mark.parametrize(("name", "step"), [("unlink", 1), ("fsync", 5), ("pwrite64", 23)])
def test_an_import_killed_again_while_it_takes_back_what_was_left_loses_nothing(
    name: str, step: int, prepared: OfficeFolder, reference: Reference, rig: Rig, tmp_path: Path
) -> None:
    once = prepared.copy(tmp_path / "once")
    first = rig.run(once, fault=Fault("fdatasync", "signal=SIGKILL", "5"))
    left = [file for file in (once.objects / "pending").iterdir() if file.stat().st_nlink > 1]
    assert left
    for _position, office, second in _kills(name, step=step, prepared=once, rig=rig, folder=tmp_path):
        acknowledged = max(first.acknowledged, second.acknowledged)
        assert violations(office, reference, replace(second, acknowledged=acknowledged), rig) == []


@pytest.mark.parametrize("name", STRIDES)
def test_every_call_that_is_walked_is_made_by_an_import(
    name: str, prepared: OfficeFolder, rig: Rig, tmp_path: Path
) -> None:
    office = prepared.copy(tmp_path / "office")
    assert rig.run(office, fault=Fault(name, "signal=SIGKILL", "1")).code == -9


@pytest.mark.every(3)
@pytest.mark.parametrize(
    ("wrong", "name"), [(acknowledging_first, "pwrite64"), (logging_first, "link"), (settling_first, "pwrite64")]
)
def test_a_program_with_the_wrong_order_is_caught(
    wrong: Alteration, name: str, prepared: OfficeFolder, reference: Reference, rig: Rig, tmp_path: Path
) -> None:
    said = {
        acknowledging_first: "acknowledged and lost",
        logging_first: "the sealed original of item",
        settling_first: "a leaf that names it",
    }
    kills = _kills(name, step=STRIDES[name], prepared=prepared, rig=rig, folder=tmp_path, alter=wrong)
    found = (violations(office, reference, outcome, rig) for _position, office, outcome in kills)
    assert any(said[wrong] in line for lines in found for line in lines)
