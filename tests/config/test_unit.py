"""The service that systemd runs is shut in, as systemd itself judges it."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

import config

UNIT = Path(config.__file__).parent / "data" / "nisisama-watch.service"
MOST = 2.0


def test_it_stops_on_sigterm_and_starts_again_only_where_that_helps() -> None:
    lines = UNIT.read_text().splitlines()
    assert {"KillSignal=SIGTERM", "Restart=on-failure", "RestartPreventExitStatus=1 2", "NoNewPrivileges=yes"} <= {
        *lines
    }
    assert any(line.startswith("ExecStart=") and " monitor run" in line for line in lines)


@pytest.mark.outside
@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd here")
@pytest.mark.parametrize(("leave_out", "fits"), [("", True), ("CapabilityBoundingSet=", False), ("Protect", False)])
def test_systemd_finds_it_little_exposed(tmp_path: Path, leave_out: str, *, fits: bool) -> None:
    kept = [line for line in UNIT.read_text().splitlines() if not leave_out or not line.startswith(leave_out)]
    unit = tmp_path / UNIT.name
    unit.write_text("\n".join(kept))
    command = ["systemd-analyze", "security", "--offline=true", "--no-pager", str(unit)]
    said = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    found = re.search(r"Overall exposure level for \S+: ([0-9.]+)", said)
    assert found, said
    assert (float(found[1]) < MOST) is fits, said
