"""Foreign programs, installed once a session from the pinned lock file; a missing program is a failure."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

HERE = Path(__file__).parent
FILES = ("package.json", "package-lock.json", "foreign.mjs")
Foreign = Callable[..., bytes]


@pytest.fixture(scope="session")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> Foreign:
    """Runs one command of foreign.mjs: ``foreign("encrypt", recipient, given=plaintext)``."""
    home = tmp_path_factory.mktemp("node")
    for name in FILES:
        shutil.copy(HERE / name, home)
    install = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
    subprocess.run(install, cwd=home, check=True, capture_output=True, timeout=180)

    def run(*arguments: str, given: bytes = b"") -> bytes:
        command = ["node", "foreign.mjs", *arguments]
        return subprocess.run(command, cwd=home, input=given, check=True, capture_output=True, timeout=60).stdout

    return run
