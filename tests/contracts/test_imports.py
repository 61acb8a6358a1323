"""Imports run one way, and the edges that the contracts speak of are really there."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import grimp
import pytest
from importlinter.cli import lint_imports

from tests.contracts.tree import PACKAGES, ROOT
from tests.nonempty import nonempty

EXPECTED_EDGES = (
    ("api.cli.main", "api.errors"),
    ("api.office.rehearsal", "monitor.rehearsal.export"),
    ("api.office.bundle", "casefiles.bundle.sign"),
    ("api.cli.verify", "api.office.verify"),
    ("api.office.verify", "casefiles.verifier.checks"),
    ("api.home", "config.settings"),
    ("api.home", "evidence.custody.sequencer"),
    ("api.office.intake", "evidence.intake.keep"),
    ("api.office.intake", "monitor.desktop.json"),
    ("casefiles.case", "evidence.custody.sequencer"),
    ("casefiles.errors", "config.errors"),
    ("casefiles.bundle.members", "casefiles.verifier.texts"),
    ("casefiles.report.data", "casefiles.format.records"),
    ("casefiles.report.text", "config.words"),
    ("casefiles.verifier.checks", "evidence.log.merkle"),
    ("casefiles.verifier.checks", "evidence.stamp.token"),
    ("casefiles.verifier.texts", "casefiles.report.data"),
    ("casefiles.verifier.texts", "casefiles.report.text"),
    ("evidence.errors", "config.errors"),
    ("evidence.intake.keep", "evidence.custody.sequencer"),
    ("evidence.custody.append", "evidence.log.merkle"),
    ("evidence.log.proof", "evidence.log.note"),
    ("evidence.stamp.token", "evidence.stamp.cms"),
    ("evidence.unseal", "evidence.seal.cards"),
    ("api.offline.media", "evidence.unseal"),
    ("api.cli.release", "api.offline.release"),
    ("monitor.desktop.json", "evidence.observation"),
    ("monitor.errors", "config.errors"),
)
_LAYERS = "Imports run one way: config <- evidence <- monitor | casefiles <- api"
_LOG = "The custody log's formats know no database, clock, network or settings"
_VERIFIER = "The verifier needs the standard library, cryptography and asn1crypto only"
_VERIFY = "Whoever verifies a bundle waits for nothing that opens a home"
_REPORT = "The report is data and words alone, for a verifier to render"
_REPORT_ITSELF = "The report itself uses no cryptography"
_TELETHON = "Telethon stays with the collector and the loopback server"
_COLLECTOR = "The collector knows nothing of what opens records, nor of the rehearsal"
_MEDIA = "Nothing that serves or collects reaches what opens media"
_MEDIA_COMMANDS = "Nothing that serves reaches the commands that open media"
VIOLATIONS = (
    (_LAYERS, "config/words.py", "import evidence.times"),
    (_LAYERS, "evidence/times.py", "import casefiles.errors"),
    (_LAYERS, "monitor/errors.py", "import casefiles.errors"),
    (_LAYERS, "casefiles/errors.py", "import monitor.errors"),
    (_LAYERS, "monitor/errors.py", "import api.errors"),
    (_LOG, "evidence/log/merkle.py", "import sqlalchemy"),
    (_LOG, "evidence/log/schema.py", "import evidence.store.stored"),
    (_LOG, "evidence/log/note.py", "import config.settings"),
    (_VERIFIER, "casefiles/format/zip.py", "import pydantic"),
    (_VERIFIER, "casefiles/verifier/cades.py", "import evidence.seal.age"),
    (_VERIFIER, "evidence/stamp/der.py", "import httpx"),  # reached by way of another module
    (_VERIFY, "api/cli/output.py", "import api.home"),
    (_VERIFY, "api/cli/verify.py", "import api.cli.common"),  # by way of which it waited for a database
    (_VERIFY, "api/office/verify.py", "import config.settings"),
    (_REPORT, "casefiles/report/data.py", "import sqlalchemy"),
    (_REPORT, "casefiles/report/text.py", "import casefiles.verifier.report"),
    (_REPORT, "config/words.py", "import config.settings"),
    (_REPORT, "casefiles/format/records.py", "import evidence.store.stored"),  # which the report reaches
    (_REPORT_ITSELF, "casefiles/report/data.py", "import cryptography"),
    (_REPORT_ITSELF, "casefiles/report/lines.py", "import secrets"),
    (_MEDIA, "api/home.py", "import evidence.unseal"),
    (_MEDIA, "api/http/item.py", "import api.offline.release"),
    (_MEDIA, "api/office/approval.py", "import api.offline.media"),
    (_MEDIA_COMMANDS, "api/cli/serve.py", "import api.cli.release"),
    (_MEDIA_COMMANDS, "api/http/item.py", "import api.cli.release"),
    (_MEDIA, "api/cli/release.py", "import evidence.unseal"),  # past the folder that may
    (_MEDIA, "evidence/intake/keep.py", "import evidence.unseal"),  # which monitor would reach
    (_TELETHON, "monitor/desktop/json.py", "import telethon"),
    (_TELETHON, "api/home.py", "import cryptg"),
    (_COLLECTOR, "monitor/telegram/ctr.py", "import monitor.rehearsal.export"),
    (_COLLECTOR, "monitor/telegram/ctr.py", "import evidence.seal.passphrase"),
    ("No circle of imports", "evidence/log/leaf.py", "import evidence.log.proof\nimport evidence.custody.event"),
    ("No circle of imports", "casefiles/format/layout.py", "import casefiles.format.zip"),
)
"""For each contract: a module, and an import that it must not have."""
VERIFIER_MAY_USE = {"asn1crypto", "cryptography"}


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph(*PACKAGES, include_external_packages=True, cache_dir=None)


def test_every_contract_on_imports_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    code = lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True)
    assert code == 0, capsys.readouterr().out


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the product's source, to be broken."""
    copy = tmp_path_factory.mktemp("broken")
    for package in PACKAGES:
        shutil.copytree(ROOT / package, copy / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", copy)
    return copy


def contracts() -> list[str]:
    """The names of all contracts."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    return [contract["name"] for contract in project["tool"]["importlinter"]["contracts"]]


def test_the_contract_on_media_names_everything_but_the_folder_that_opens_them() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    (contract,) = (each for each in project["tool"]["importlinter"]["contracts"] if each["name"] == _MEDIA)
    below = {f"api.{each.stem}" for each in (ROOT / "api").iterdir() if not each.name.startswith("_")}
    assert {*contract["source_modules"]} == {*below, "casefiles", "monitor"} - {"api.offline"}


def test_each_contract_has_its_violations() -> None:
    assert {contract for contract, _file, _line in VIOLATIONS} == set(contracts())


def marks_of(violation: tuple[str, str, str]) -> tuple[pytest.MarkDecorator, ...]:
    """Of each contract, one is plain; of the one on media, all."""
    first = next(each for each in VIOLATIONS if each[0] == violation[0])
    return () if violation == first or violation[0] == _MEDIA else (pytest.mark.slow,)


@pytest.mark.parametrize(
    ("contract", "file", "line"), [pytest.param(*each, marks=marks_of(each)) for each in VIOLATIONS]
)
def test_a_broken_contract_is_found(tree: Path, contract: str, file: str, line: str) -> None:
    target = tree / file
    whole = target.read_text()
    target.write_text(f"{whole}\n{line}\n")
    try:
        broken = lint(tree)
    finally:
        target.write_text(whole)
    assert f"{contract} BROKEN" in broken


def test_an_unbroken_copy_keeps_every_contract(tree: Path) -> None:
    said = lint(tree)
    assert [contract for contract in nonempty(contracts()) if f"{contract} KEPT" not in said] == []


def lint(tree: Path) -> str:
    """What the linter says of the packages in ``tree``."""
    code = (
        "import sys; sys.path.insert(0, '.'); from importlinter.cli import lint_imports; "
        "sys.exit(lint_imports(config_filename='pyproject.toml', no_cache=True))"
    )
    done = subprocess.run([sys.executable, "-I", "-c", code], cwd=tree, capture_output=True, text=True, check=False)
    return done.stdout


@pytest.mark.parametrize(("importer", "imported"), EXPECTED_EDGES)
def test_the_edges_are_there_so_that_no_contract_holds_by_emptiness(
    graph: grimp.ImportGraph, importer: str, imported: str
) -> None:
    assert graph.direct_import_exists(importer=importer, imported=imported)


def test_the_verifier_stands_on_the_standard_library_and_two_packages(graph: grimp.ImportGraph) -> None:
    reached = {name.partition(".")[0] for name in graph.find_upstream_modules("casefiles.verifier", as_package=True)}
    foreign = reached - sys.stdlib_module_names - set(PACKAGES)
    assert foreign == VERIFIER_MAY_USE  # equal, not within: they are really reached, so the search works
