"""What others wrote of the verifier's page is what the locked npm project makes, to the byte."""

import shutil
import subprocess
from pathlib import Path

import pytest

from casefiles.verifier.html.tables import PACKAGE
from config.page.script import BUNDLED, part_of
from tests.contracts.tree import ROOT

pytestmark = pytest.mark.outside

BUILD = ROOT / "casefiles" / "verifier" / "html" / "build"


def test_whoever_builds_it_again_gets_the_same_bytes(tmp_path: Path) -> None:
    for file in ("package.json", "package-lock.json", "build.mjs"):
        shutil.copy(BUILD / file, tmp_path)
    for command in (["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"], ["node", "build.mjs", "made.js"]):
        subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, timeout=180)
    assert (tmp_path / "made.js").read_text("utf-8") == part_of(PACKAGE, BUNDLED)
