"""The locks hold hashes, no address, and what pyproject.toml pins."""

import re
import tomllib
from pathlib import Path

import pytest

from tests.contracts.tree import ROOT
from tests.nonempty import nonempty

RUN = ROOT / "requirements" / "run.lock"
DEV = ROOT / "requirements" / "dev.lock"
ADDRESS = re.compile(r"https?://|file:|--(extra-)?index-url|--find-links| @ ")
PIN = re.compile(r"^([a-z0-9._-]+)==(\S+)", re.MULTILINE)


def pins(lock: Path) -> dict[str, str]:
    return dict(PIN.findall(lock.read_text()))


def declared(*, tests: bool) -> list[str]:
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text())
    group = pyproject["dependency-groups"]["dev"] if tests else []
    return [*pyproject["project"]["dependencies"], *group]


@pytest.mark.parametrize("lock", [RUN, DEV])
def test_a_lock_holds_no_address(lock: Path) -> None:
    assert ADDRESS.search(lock.read_text()) is None


@pytest.mark.parametrize("line", ["x @ https://h/x.whl", "--index-url h", "--extra-index-url h", "-f file:///x"])
def test_an_address_would_be_found(line: str) -> None:
    assert ADDRESS.search(line)


@pytest.mark.parametrize("lock", [RUN, DEV])
def test_every_pin_has_hashes_and_one_version(lock: Path) -> None:
    entries = re.split(r"\n(?=\S)", lock.read_text().strip())
    assert all(PIN.match(entry) and "--hash=sha256:" in entry for entry in entries)
    assert len(entries) == len(pins(lock))


def test_the_lock_of_the_tests_holds_all_that_the_program_needs() -> None:
    run, dev = RUN.read_text(), DEV.read_text()
    assert all(entry in dev for entry in re.split(r"\n(?=\S)", run.strip()))
    assert set(pins(DEV)) > set(pins(RUN))


@pytest.mark.parametrize(("lock", "tests"), [(RUN, False), (DEV, True)])
def test_pyproject_pins_exactly_what_the_lock_holds(lock: Path, tests: bool) -> None:  # noqa: FBT001 - a parameter
    for requirement in nonempty(declared(tests=tests)):
        name, _, version = requirement.partition("==")
        assert pins(lock).get(name) == version, requirement
