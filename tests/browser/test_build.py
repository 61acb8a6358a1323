"""The bundled sealing is what the locked npm project makes, to the byte."""

import shutil
import subprocess
from pathlib import Path

import pytest

from api.pages.source import BUNDLED, page_part
from tests.contracts.tree import ROOT

pytestmark = pytest.mark.outside

BUILD = ROOT / "api" / "pages" / "build"


def test_whoever_builds_it_again_gets_the_same_bytes(tmp_path: Path) -> None:
    for file in ("package.json", "package-lock.json", "build.mjs"):
        shutil.copy(BUILD / file, tmp_path)
    for command in (["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"], ["node", "build.mjs", "made.js"]):
        subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, timeout=180)
    assert (tmp_path / "made.js").read_text("utf-8") == page_part(BUNDLED)
