"""The API's page goes as it is shown: every command of it, word by word, and its program in Python."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.home import Home
from api.office.case import record_consent
from api.office.receiver import add_receiver
from monitor.rehearsal.export import write_export
from tests.contracts.tree import ROOT
from tests.homes import PASSPHRASE, consent_to, doer, new_home
from tests.nonempty import nonempty
from tests.serving import started, zipped

PAGE = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
PROGRAM = [
    sys.executable,
    "-c",
    f"import sys; sys.path.insert(0, {str(ROOT)!r}); from api.cli.main import main; main()",
]
SERVE = "nisisama serve\n"
MARK = "=== after this block ==="


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder with what the page asks for: a home, and an export in an archive."""
    home, _cards = new_home(tmp_path / "nisisama-home")
    add_receiver(home, "Advokati", "lawyer", doer(home))
    home.engine.dispose()
    write_export(tmp_path / "export", seed=9, messages=24, photos=2)
    (tmp_path / "export.zip").write_bytes(zipped(tmp_path / "export"))
    shutil.copy(next((tmp_path / "export" / "photos").iterdir()), tmp_path / "screenshot.png")
    shutil.rmtree(tmp_path / "export")
    return tmp_path


def parts(shown: list[str]) -> Iterator[str]:
    """The commands of the page before and after the server is started."""
    for block in shown:
        yield f"{block}\necho {shlex.quote(MARK)}\n"


@pytest.mark.outside
def test_every_command_of_the_page_works_in_its_order(folder: Path) -> None:
    shown = blocks("sh")
    at = shown.index(SERVE)
    base = os.environ | {"NISISAMA_PASSPHRASE": PASSPHRASE, "HOME": str(folder)}
    program = f'nisisama() {{ {shlex.join(PROGRAM)} "$@"; }}\nset -euo pipefail\n'

    def run(script: str, **more: str) -> str:
        done = subprocess.run(
            ["bash", "-c", program + script], cwd=folder, env=base | more, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, (done.stdout, done.stderr)
        return done.stdout

    keys = re.findall(r"nisi_[0-9a-f]{64}", run("\n".join(shown[:at])))
    process, url = started(folder / "nisisama-home")
    try:
        script = "".join(parts(shown[at + 1 :])) + 'echo "CASE=$CASE"\n'
        told = run(script, URL=url, KEY=keys[0], SECOND=keys[1])
        answers = told.split(MARK)
        assert len(answers) == len(shown) - at
        assert '"answers"' in answers[4]
        assert '"waiting_for_approval"' in answers[5]
        assert '"sha256"' in answers[6]
        assert "PASSED" in answers[8]
        assert answers[9].count('"item_id": "') == 2
        assert "REHEARSAL" in (folder / "case.letter.txt").read_text()
        in_python(folder, url, keys[0], re.findall(r"CASE=(case-[0-9a-f]{12})", told)[0])
    finally:
        process.terminate()
        said = process.communicate(timeout=60)
    assert said[1] == ""


def in_python(folder: Path, url: str, key: str, case: str) -> None:
    """The program of the page, for a case whose client consented."""
    home = Home.open(folder / "nisisama-home")
    record_consent(home, case, consent_to(home, "lawyer"), doer(home))
    home.engine.dispose()
    for program in nonempty(blocks("python")):
        done = subprocess.run(
            [sys.executable, "-c", program],
            cwd=folder,
            env=os.environ | {"URL": url, "KEY": key, "CASE": case},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")
        assert re.search(r"^3 items, [0-9]+ holes, SHA-256 [0-9a-f]{64}$", done.stdout, re.MULTILINE)
    assert (folder / "again.asice").read_bytes()[:2] == b"PK"
