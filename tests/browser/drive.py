"""Starts scenarios in real browsers: Debian's chromium and firefox-esr, driven by puppeteer-core."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
CHROMIUM, FIREFOX = "chromium", "firefox"


def installed(folder: Path) -> Path:
    """Install what the lock file pins, beside the scenarios."""
    for file in (*HERE.glob("*.mjs"), *HERE.glob("package*.json")):
        shutil.copy(file, folder)
    install = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
    subprocess.run(install, cwd=folder, check=True, capture_output=True, timeout=180)
    return folder


def play(folder: Path, scenario: str, **arguments: object) -> Any:  # noqa: ANN401 - what a scenario tells
    """Run a scenario to its end and return what it tells."""
    given = folder / f"{scenario}.json"
    given.write_text(json.dumps(arguments), "utf-8")
    done = subprocess.run(
        ["node", "browser.mjs", scenario, given],
        cwd=folder,
        capture_output=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()[-3000:]
    return json.loads(done.stdout)


def bits_between(one: str, other: str) -> int:
    """How many bits two hashes in hex differ by."""
    return (int(one, 16) ^ int(other, 16)).bit_count()


def pairs_of_hashes(one: dict[str, str], other: dict[str, str]) -> Iterator[int]:
    """The distance of each of eight hashes."""
    assert one.keys() == other.keys()
    return (bits_between(one[name], other[name]) for name in one if name != "quality")
