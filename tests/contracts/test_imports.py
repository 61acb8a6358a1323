"""Imports run one way, and the edges that the contracts speak of are really there."""

import sys
from pathlib import Path

import grimp
import pytest
from importlinter.cli import lint_imports

from tests.contracts.tree import PACKAGES, ROOT

EXPECTED_EDGES = (
    ("api.cli.main", "api.errors"),
    ("api.office.rehearsal", "monitor.rehearsal.export"),
    ("api.office.bundle", "casefiles.bundle.sign"),
    ("api.home", "config.settings"),
    ("api.home", "evidence.custody.sequencer"),
    ("api.office.intake", "evidence.intake.keep"),
    ("api.office.intake", "monitor.desktop.json"),
    ("casefiles.case", "evidence.custody.sequencer"),
    ("casefiles.errors", "config.errors"),
    ("casefiles.verifier.checks", "evidence.log.merkle"),
    ("casefiles.verifier.checks", "evidence.stamp.token"),
    ("evidence.errors", "config.errors"),
    ("evidence.intake.keep", "evidence.custody.sequencer"),
    ("evidence.custody.append", "evidence.log.merkle"),
    ("evidence.log.proof", "evidence.log.note"),
    ("evidence.stamp.token", "evidence.stamp.cms"),
    ("evidence.unseal", "evidence.seal.cards"),
    ("monitor.desktop.json", "evidence.observation"),
    ("monitor.errors", "config.errors"),
)
VERIFIER_MAY_USE = {"asn1crypto", "cryptography"}


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph(*PACKAGES, include_external_packages=True, cache_dir=None)


def test_every_contract_on_imports_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    code = lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True)
    assert code == 0, capsys.readouterr().out


def test_a_broken_contract_would_be_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    contract = tmp_path / "contract.toml"
    contract.write_text(
        '[tool.importlinter]\nroot_packages = ["api", "evidence"]\n'
        '[[tool.importlinter.contracts]]\nname = "upside down"\ntype = "layers"\nlayers = ["evidence", "api"]\n'
    )
    assert lint_imports(config_filename=str(contract), no_cache=True) == 1
    assert "upside down" in capsys.readouterr().out


@pytest.mark.parametrize(("importer", "imported"), EXPECTED_EDGES)
def test_the_edges_are_there_so_that_no_contract_holds_by_emptiness(
    graph: grimp.ImportGraph, importer: str, imported: str
) -> None:
    assert graph.direct_import_exists(importer=importer, imported=imported)


def test_the_verifier_stands_on_the_standard_library_and_two_packages(graph: grimp.ImportGraph) -> None:
    reached = {name.partition(".")[0] for name in graph.find_upstream_modules("casefiles.verifier", as_package=True)}
    foreign = reached - sys.stdlib_module_names - set(PACKAGES)
    assert foreign == VERIFIER_MAY_USE  # equal, not within: they are really reached, so the search works
