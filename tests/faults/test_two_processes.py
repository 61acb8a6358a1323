"""Any number of processes write and read at once: writers take turns, and readers are never told of damage.

The audit is raced on purpose: while it reads the log another import commits, and the other way
round. The last test races them freely, with more than one core's worth of luck.
"""

import os
import signal
import time
from collections.abc import Iterator
from multiprocessing.context import ForkProcess
from pathlib import Path

import pytest

from api.cli.main import main
from api.home import Home
from api.office.audit import run_audit
from evidence.finding import Verdict
from evidence.intake.keep import Intake
from evidence.objects.local import LocalObjects
from tests.faults.rig import (
    FEW,
    FORK,
    PASSPHRASE,
    TIMEOUT_S,
    OfficeFolder,
    ask,
    message,
    prepare,
    problems_of,
    write_messages,
)

DONE, REFUSED = 0, 1
MANY = tuple(message(number) for number in range(1, 31))


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> OfficeFolder:
    monkeypatch.setenv("NISISAMA_PASSPHRASE", PASSPHRASE)
    return prepare(tmp_path / "office", messages=FEW, batch=2)


def _failed(office: OfficeFolder) -> list[str]:
    failed: list[str] = ask(lambda: problems_of(Home.open(office.home))[1])
    return failed


@pytest.fixture
def held(office: OfficeFolder) -> Iterator[ForkProcess]:
    """An import that stops itself after its first acknowledged batch, until SIGCONT."""
    child = FORK.Process(target=_import_and_stop, args=(office,))
    child.start()
    assert child.pid is not None
    os.waitid(os.P_PID, child.pid, os.WSTOPPED | os.WNOWAIT)
    yield child
    child.kill()
    child.join()


def _import_and_stop(office: OfficeFolder) -> None:
    take = Intake.take_container

    def stopping(self, container, provenance, hear, *more):  # noqa: ANN001, ANN002, ANN202 - the signature of Intake.take_container
        def stopped(count: int) -> None:
            Intake.take_container = take
            hear(count)
            if not stops:
                stops.append(count)
                os.kill(os.getpid(), signal.SIGSTOP)

        stops: list[int] = []
        return take(self, container, provenance, stopped, *more)

    Intake.take_container = stopping
    os._exit(main(office.arguments()))


def test_others_write_and_read_while_an_import_is_at_work(held: ForkProcess, office: OfficeFolder) -> None:
    home = ["--home", str(office.home)]
    reads = [*home, "evidence", "list", "--by", "caseworker"]  # the passphrase unlocks it, and the look is logged
    for command in (office.arguments(), [*home, "case", "open", "--by", "caseworker"], reads):
        assert main(command) == DONE
    assert main([*home, "audit"]) == DONE

    os.kill(held.pid or 0, signal.SIGCONT)
    held.join(TIMEOUT_S)
    assert held.exitcode == DONE
    assert main(office.arguments()) == DONE
    assert _failed(office) == []


def test_a_killed_writer_holds_nobody_up(held: ForkProcess, office: OfficeFolder) -> None:
    held.kill()
    held.join()
    assert main(office.arguments()) == DONE
    assert _failed(office) == []


def test_an_import_between_two_looks_of_an_audit_is_no_damage(office: OfficeFolder) -> None:
    write_messages(office.folder / "more", [message(number) for number in range(10, 15)])
    assert main(office.arguments()) == DONE
    between: list[int] = []

    def importing(_more: int) -> None:
        if not between:
            between.append(main(office.arguments(office.folder / "more")))

    home = Home.open(office.home)
    report = run_audit(home, level=3, against=None, passphrase=PASSPHRASE, progress=importing).report
    assert between == [DONE]
    assert [finding for finding in report.findings if finding.verdict is Verdict.FAILED] == []


def test_an_import_while_an_audit_lists_the_objects_is_no_damage(
    office: OfficeFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_messages(office.folder / "more", [message(number) for number in range(10, 15)])
    assert main(office.arguments()) == DONE
    listing = LocalObjects.addresses

    def importing(self: LocalObjects) -> Iterator[str]:
        listed = list(listing(self))
        assert main(office.arguments(office.folder / "more")) == DONE
        return iter(listed)

    monkeypatch.setattr(LocalObjects, "addresses", importing)
    home = Home.open(office.home)
    report = run_audit(home, level=3, against=None, passphrase=PASSPHRASE, progress=lambda _more: None).report
    assert [finding for finding in report.findings if finding.verdict is Verdict.FAILED] == []


@pytest.mark.slow
def test_audits_that_race_an_import_find_no_damage(office: OfficeFolder) -> None:
    write_messages(office.folder / "many", MANY)
    child = FORK.Process(target=lambda: os._exit(main(office.arguments(office.folder / "many"))))
    child.start()
    deadline = time.monotonic() + TIMEOUT_S
    audits = 0
    while child.is_alive() and time.monotonic() < deadline:
        assert _failed(office) == []
        audits += 1
    child.join()
    assert child.exitcode == DONE
    assert audits > 1
    assert _failed(office) == []
