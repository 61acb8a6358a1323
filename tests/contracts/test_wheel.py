"""The wheel holds every module and every data file of the five packages, and nothing else."""

import subprocess
import sys
import zipfile
from pathlib import Path

from tests.contracts.tree import PACKAGES, ROOT


def test_the_wheel_holds_all_of_the_packages_and_nothing_else(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path], cwd=ROOT, check=True)
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        inside = {name for name in wheel.namelist() if ".dist-info/" not in name}
        licence = next(name for name in wheel.namelist() if name.endswith("licenses/LICENSE"))
        assert wheel.read(licence) == (ROOT / "LICENSE").read_bytes()
    on_disk = {path for package in PACKAGES for path in (ROOT / package).rglob("*") if path.is_file()}
    expected = {path.relative_to(ROOT).as_posix() for path in on_disk if path.suffix != ".pyc"}
    assert inside == expected
    assert {Path(name).suffix for name in inside} > {".py", ".json", ".sh"}
