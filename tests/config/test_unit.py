"""The services that systemd runs are shut in, as systemd itself judges it."""

import re
import subprocess
from pathlib import Path

import pytest

import config

DATA = Path(config.__file__).parent / "data"
UNIT, BACKUP = DATA / "nisisama-watch.service", DATA / "nisisama-backup.service"
MOST = 2.0


def test_it_stops_on_sigterm_and_starts_again_only_where_that_helps() -> None:
    lines = UNIT.read_text().splitlines()
    assert {"KillSignal=SIGTERM", "Restart=on-failure", "RestartPreventExitStatus=1 2", "NoNewPrivileges=yes"} <= {
        *lines
    }
    assert any(line.startswith("ExecStart=") and " monitor run" in line for line in lines)


def test_the_backup_runs_each_night_and_after_a_night_that_was_missed() -> None:
    timer = (DATA / "nisisama-backup.timer").read_text().splitlines()
    assert {"OnCalendar=*-*-* 02:30", "Persistent=true", "WantedBy=timers.target"} <= {*timer}
    lines = BACKUP.read_text().splitlines()
    assert {"Type=oneshot", "PrivateNetwork=yes", "ReadWritePaths=-/media/backup-one -/media/backup-two"} <= {*lines}
    assert any(line.startswith("ExecStart=") and line.endswith(" backup") for line in lines)


@pytest.mark.outside
def test_systemd_takes_the_timer_and_refuses_it_damaged(tmp_path: Path) -> None:
    for right, wrong in (("", ""), ("OnCalendar=*-*-* 02:30", "OnCalendar=at night")):
        text = (DATA / "nisisama-backup.timer").read_text().replace(right, wrong)
        (tmp_path / "nisisama-backup.timer").write_text(text)
        (tmp_path / "nisisama-backup.service").write_text("[Service]\nExecStart=/bin/true\n")
        command = ["systemd-analyze", "verify", "--man=no", str(tmp_path / "nisisama-backup.timer")]
        said = subprocess.run(command, capture_output=True, text=True, check=False)
        assert bool(said.stdout + said.stderr) is bool(right)


@pytest.mark.outside
@pytest.mark.parametrize("file", [UNIT, BACKUP], ids=["watch", "backup"])
@pytest.mark.parametrize(("leave_out", "fits"), [("", True), ("CapabilityBoundingSet=", False), ("Protect", False)])
def test_systemd_finds_it_little_exposed(tmp_path: Path, file: Path, leave_out: str, *, fits: bool) -> None:
    kept = [line for line in file.read_text().splitlines() if not leave_out or not line.startswith(leave_out)]
    unit = tmp_path / file.name
    unit.write_text("\n".join(kept))
    command = ["systemd-analyze", "security", "--offline=true", "--no-pager", str(unit)]
    said = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    found = re.search(r"Overall exposure level for \S+: ([0-9.]+)", said)
    assert found, said
    assert (float(found[1]) < MOST) is fits, said
