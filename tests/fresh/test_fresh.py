"""What the README begins with, on a machine that is fresh from its installer."""

import json
import shutil
import subprocess
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fresh.machine import TREE, FreshMachine

pytestmark = pytest.mark.outside
"""One group: they share one machine, which takes a minute to make."""

Timings = dict[str, float]


@pytest.fixture(scope="module")
def timings() -> Iterator[Timings]:
    taken: Timings = {}
    yield taken
    print("\n" + "\n".join(f"{seconds:7.1f} s  {what}" for what, seconds in taken.items()))


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory, timings: Timings) -> Iterator[FreshMachine]:
    began = time.monotonic()
    made = FreshMachine.make(tmp_path_factory.mktemp("fresh") / "machine")
    timings["making the machine"] = time.monotonic() - began
    yield made
    shutil.rmtree(made.root)  # half a gigabyte, and no mount in it: those ended with their commands


def timed(timings: Timings, machine: FreshMachine, *command: str, network: bool = True) -> str:
    """Run one of the two commands; return its standard output."""
    began = time.monotonic()
    done = machine.run("python3", f"{TREE}/run.py", *command, network=network)
    timings[f"{' '.join(command)}, {'with' if network else 'without'} network"] = time.monotonic() - began
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return done.stdout


def checked_by_script(machine: FreshMachine, demo: dict[str, str | list[str]], folder: Path) -> str:
    """Check a demo's bundle here, with nothing but bash, OpenSSL and coreutils; return its last line."""
    with zipfile.ZipFile(machine.outside(str(demo["bundle"]))) as bundle:
        bundle.extractall(folder)
    roots = [part for root in demo["trust"] for part in ("--trust", machine.outside(root))]
    done = subprocess.run(["bash", folder / "verify.sh", *roots], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_machine_is_as_bare_as_it_claims(machine: FreshMachine) -> None:
    for missing in ("git", "gcc", "age", "unzip", "curl"):
        assert machine.run("sh", "-c", f"command -v {missing}").returncode != 0
    assert machine.run("python3", "-c", "import ensurepip").returncode != 0
    assert machine.run("python3", "-m", "pip", "install", "click").returncode != 0  # PEP 668
    assert machine.run("id", "-u").stdout == "1000\n"


def test_without_the_network_a_fresh_machine_refuses_in_words(machine: FreshMachine) -> None:
    refused = machine.run("env", "PIP_RETRIES=1", "python3", f"{TREE}/run.py", "demo", network=False)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "Connect this machine" in refused.stderr


def test_once_the_environment_is_made_the_demo_needs_no_network(
    machine: FreshMachine, timings: Timings, tmp_path: Path
) -> None:
    timed(timings, machine, "demo", "--help", network=True)
    demo = json.loads(timed(timings, machine, "demo", "--json", network=False))
    assert demo["verdict"] == "PASSED"
    assert (demo["messages"], demo["media"]) > (0, 0)
    assert "PASSED" in checked_by_script(machine, demo, tmp_path / "checked")


@pytest.mark.slow
def test_the_tests_pass_then_pass_again_without_the_network(machine: FreshMachine, timings: Timings) -> None:
    for network in (True, False):
        assert " passed" in timed(timings, machine, "test", "-q", network=network).splitlines()[-1]
