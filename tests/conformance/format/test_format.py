"""A program in Go, written from docs/format.md alone, agrees with the verifier on good and on damaged bundles."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.casefiles import forge
from tests.contracts.tree import ROOT
from tests.damaged.corpus import CORPUS, Damaged

pytestmark = pytest.mark.outside

CLAIMED = (
    "log.key",
    "log.checkpoint",
    "log.checkpoint_stamp",
    "log.form",
    "log.leaves",
    "log.inclusion",
    "log.disclosures",
    "log.stamps",
    "log.consistency",
    "log.order",
    "log.times",
)
SPECIFICATION = ROOT / "docs" / "format.md"


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("format") / "format"
    subprocess.run(
        ["go", "build", "-o", str(file), "."],
        cwd=Path(__file__).parent,
        env=os.environ | {"GOFLAGS": "-mod=mod"},
        check=True,
        timeout=600,
    )
    return file


def check(program: Path, bundle: bytes, folder: Path, *, specification: Path = SPECIFICATION) -> tuple[int, list[str]]:
    file = folder / "bundle.asice"
    file.write_bytes(bundle)
    command = [program, specification, file, str(forge.VKEY)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout.splitlines()


def those(lines: list[str], word: str) -> set[str]:
    return {line.split()[1].rstrip(":") for line in lines if line.startswith(f"{word} ")}


def test_go_passes_a_good_bundle(program: Path, tmp_path: Path) -> None:
    assert check(program, forge.good_bundle(), tmp_path) == (0, [f"ok {name}" for name in CLAIMED])


READABLE = [case for case in CORPUS if not case.fails & {"container.form", "container.members"}]


def test_the_corpus_damages_everything_that_the_program_claims_to_check() -> None:
    assert set().union(*(case.fails for case in READABLE)) >= set(CLAIMED)


@pytest.mark.every(4)
@pytest.mark.parametrize("case", READABLE, ids=[case.name for case in READABLE])
def test_go_and_the_verifier_find_the_same_in_the_log(program: Path, tmp_path: Path, case: Damaged) -> None:
    code, lines = check(program, case.bundle(), tmp_path)
    fails, undecided = case.fails & set(CLAIMED), case.undecided & {"log.leaves"}
    assert those(lines, "FAILED") == fails, lines
    assert those(lines, "UNDECIDED") == undecided, lines
    assert code == (1 if fails else 3 if undecided else 0)


def test_a_type_that_the_page_does_not_list_is_undecided(program: Path, tmp_path: Path) -> None:
    page = tmp_path / "format.md"
    page.write_text(SPECIFICATION.read_text(encoding="utf-8").replace("| `hole` |", "| `cavity` |"), encoding="utf-8")
    code, lines = check(program, forge.good_bundle(), tmp_path, specification=page)
    assert (code, those(lines, "UNDECIDED"), those(lines, "FAILED")) == (3, {"log.leaves"}, set())


def test_a_name_that_the_page_does_not_list_fails(program: Path, tmp_path: Path) -> None:
    page = tmp_path / "format.md"
    page.write_text(SPECIFICATION.read_text(encoding="utf-8").replace("`edited_at` ", "", 1), encoding="utf-8")
    code, lines = check(program, forge.good_bundle(), tmp_path, specification=page)
    assert (code, those(lines, "FAILED")) == (1, {"log.disclosures"})
