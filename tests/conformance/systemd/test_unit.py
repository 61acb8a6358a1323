"""The unit that the documentation shows is one that systemd takes without a word."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.contracts.tree import ROOT

pytestmark = pytest.mark.outside


def unit() -> str:
    found = re.search(r"```ini\n(\[Unit\].*?)```", (ROOT / "docs" / "operations.md").read_text("utf-8"), re.DOTALL)
    assert found is not None
    return found[1]


def said_of(text: str, folder: Path) -> tuple[int, str]:
    """What systemd says of a unit; the program that it names must exist, so another one stands in."""
    file = folder / "nisisama.service"
    file.write_text(text.replace("/opt/nisisama/.venv/bin/nisisama", sys.executable), encoding="utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", file],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_systemd_takes_the_unit_and_refuses_it_damaged(tmp_path: Path) -> None:
    assert said_of(unit(), tmp_path) == (0, "")
    for right, wrong in (("ProtectSystem=strict", "ProtectSystem=strictly"), ("KillSignal=SIGTERM", "KillSignal=X")):
        assert right in unit()
        assert "nisisama.service" in said_of(unit().replace(right, wrong), tmp_path)[1]
