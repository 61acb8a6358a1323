"""A disk that is full or fails ends an import with an explained error; nothing acknowledged is lost.

strace answers one call, or every call from one position on, with the error. The import goes
through the command line, so what is shown is what a person sees. "Done but reported as failed"
is among it: an fsync that fails after its bytes have reached the file.
"""

import shutil
import subprocess
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import NamedTuple

import pytest

from api.cli.main import main
from api.home import Home
from tests.faults.rig import (
    PASSPHRASE,
    Fault,
    OfficeFolder,
    Reference,
    Rig,
    ask,
    ledger_of,
    loose_objects,
    message,
    prepare,
    problems_of,
    swallowing_errors,
    violations,
)

pytestmark = pytest.mark.outside

REFUSED = 1
FULL, BROKEN = "error=ENOSPC", "error=EIO"
FAULTS = {
    ("pwrite64", FULL, "+"): 37,
    ("pwrite64", BROKEN, "+"): 59,
    ("pwrite64", BROKEN, ""): 61,
    ("write", FULL, ""): 7,
    ("write", BROKEN, ""): 9,
    ("fsync", BROKEN, ""): 13,
    ("fsync", FULL, "+"): 17,
    ("fdatasync", BROKEN, ""): 9,
    ("fdatasync", BROKEN, "+"): 13,
    ("link", FULL, ""): 3,
    ("link", BROKEN, ""): 4,
    ("mkdir", FULL, "+"): 4,
    ("unlink", BROKEN, ""): 7,
    ("unlink", BROKEN, "+"): 9,
    ("rename", FULL, ""): 1,
    ("rename", BROKEN, ""): 1,
    ("openat", FULL, ""): 29,
    ("openat", "error=EMFILE", "+"): 37,
    ("ftruncate", BROKEN, "+"): 1,
}
"""Call, error, and whether it lasts, with the stride that CI walks its positions with."""
_ALSO_ELSEWHERE = frozenset({"openat", "write"})
_NAMES = [f"{name}-{error.partition('=')[2]}{lasting}" for name, error, lasting in FAULTS]


def _require_explained_and_whole(
    fault: tuple[str, str, str], stride: int, prepared: OfficeFolder, reference: Reference, rig: Rig, folder: Path
) -> None:
    name, action, lasting = fault
    broken: dict[int, list[str]] = {}
    met = 0
    for position in count(1, stride):
        office = prepared.copy(folder / "office")
        outcome = rig.run(office, fault=Fault(name, action, f"{position}{lasting}"))
        if not outcome.hit:
            break
        met += 1
        found = violations(office, reference, outcome, rig)
        if outcome.code not in {0, REFUSED} or "Traceback" in outcome.output:
            found.append(f"exit {outcome.code}: {outcome.output}")
        if outcome.code == REFUSED and not _is_explained(outcome.output, name):
            found.append(f"not explained: {outcome.output!r}")
        if found:
            broken[position] = found
    assert broken == {}
    assert met > 0


def _is_explained(output: str, name: str) -> bool:
    """Whether an error is told, with a remedy where the call can only be one upon the store."""
    # not at its beginning: the last write of an import is the one that shows its result
    return "error: " in output and (name in _ALSO_ELSEWHERE or "run it again" in output)


@pytest.mark.every(7)
@pytest.mark.parametrize("fault", FAULTS, ids=_NAMES)
def test_an_error_at_some_calls_is_explained_and_loses_nothing(
    fault: tuple[str, str, str], prepared: OfficeFolder, reference: Reference, rig: Rig, tmp_path: Path
) -> None:
    _require_explained_and_whole(fault, FAULTS[fault], prepared, reference, rig, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS, ids=_NAMES)
def test_an_error_at_every_call_is_explained_and_loses_nothing(
    fault: tuple[str, str, str], prepared: OfficeFolder, reference: Reference, rig: Rig, tmp_path: Path
) -> None:
    _require_explained_and_whole(fault, 1, prepared, reference, rig, tmp_path)


def test_a_program_that_swallows_an_error_is_caught(
    prepared: OfficeFolder, reference: Reference, rig: Rig, tmp_path: Path
) -> None:
    lost = False
    for position in count(1, 7):
        office = prepared.copy(tmp_path / "office")
        outcome = rig.run(office, fault=Fault("pwrite64", BROKEN, f"{position}"), alter=swallowing_errors)
        if lost or not outcome.hit:
            break
        lost = any("acknowledged and lost" in line for line in violations(office, reference, outcome, rig))
    assert lost


class DiskUsage(NamedTuple):
    """What ``shutil.disk_usage`` answers, in bytes."""

    total: int
    used: int
    free: int


def _mount(folder: Path, size: str) -> None:
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=0700", "tmpfs", folder], check=True)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own with hardly more room than an empty home needs; making it needs root."""
    folder = tmp_path / "disk"
    _mount(folder, "1400k")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def test_a_full_disk_stops_an_import_and_more_room_lets_it_complete(
    small_disk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NISISAMA_PASSPHRASE", PASSPHRASE)
    messages = [message(number) for number in range(1, 121)]
    wide = prepare(tmp_path / "office", messages=messages, batch=5)
    shutil.copytree(wide.folder, small_disk / "office")
    tight = OfficeFolder(small_disk / "office")
    command = tight.arguments(wide.folder / "export")

    assert main(command) == REFUSED
    assert "too little room" in capsys.readouterr().err
    assert ask(lambda: _items(tight)) == 0

    # the disk had room when it was asked for, and then another program took it
    with monkeypatch.context() as patch:
        patch.setattr("shutil.disk_usage", lambda _path: DiskUsage(total=1 << 30, used=0, free=1 << 30))
        assert main(command) == REFUSED
    said = capsys.readouterr().err
    kept = ask(lambda: _items(tight))
    assert 0 < kept < len(messages)
    assert said.startswith(f"note: {kept} of {len(messages)} messages are kept")
    assert "\nerror: " in said
    assert "ree space" in said
    assert ask(lambda: problems_of(Home.open(tight.home))[1]) == []

    subprocess.run(["mount", "-o", "remount,size=64m", small_disk], check=True)
    assert main(command) == 0
    assert ask(lambda: problems_of(Home.open(tight.home))) == ["PASSED", []]
    assert ask(lambda: _items(tight)) == len(messages)
    assert ask(lambda: loose_objects(Home.open(tight.home))) == []


def _items(office: OfficeFolder) -> int:
    return sum(entry[0] == "item" for entry in ledger_of(Home.open(office.home)))
