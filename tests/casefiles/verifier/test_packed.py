"""The verifier runs as one file, which holds what it imports and nothing else, and has the same bytes each time."""

import hashlib
import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import grimp
import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from casefiles.format import layout
from casefiles.format.zip import container_bytes
from casefiles.verifier.packed import DATA, MODULES, PROGRAM_NAME, program_sha256, verifier_program
from evidence.finding import Verdict
from tests.casefiles import forge
from tests.contracts.tree import ROOT
from tests.nonempty import nonempty


def closure() -> set[str]:
    graph = grimp.build_graph("casefiles", "evidence", "config")
    return {"casefiles.verifier.__main__"} | graph.find_upstream_modules("casefiles.verifier.__main__")


def test_it_holds_what_the_verifier_imports_and_nothing_else() -> None:
    packages = {module.rpartition(".")[0] for module in MODULES} | {module.partition(".")[0] for module in MODULES}
    assert set(MODULES) == closure() - packages
    assert len(set(MODULES)) == len(MODULES)


def test_every_file_in_it_is_that_of_the_program() -> None:
    with zipfile.ZipFile(io.BytesIO(verifier_program())) as packed:
        names = packed.namelist()
        assert names == sorted(names)
        for name in nonempty(set(names) - {"__main__.py"}):
            assert packed.read(name) == (ROOT / name).read_bytes()
    assert {path for path in DATA if path.endswith(".json")} < set(names)
    assert "casefiles/format/schemas/item.schema.json" in names


def test_it_is_made_the_same_again_and_its_digest_is_that_of_its_bytes() -> None:
    first = verifier_program()
    verifier_program.cache_clear()
    assert verifier_program() == first
    assert program_sha256() == hashlib.sha256(first).hexdigest()
    assert first.startswith(b"#!/usr/bin/env python3\nPK")


@pytest.mark.parametrize(("text", "verdict", "code"), [(b"", Verdict.PASSED, 0), (b"!", Verdict.FAILED, 1)])
def test_it_runs_without_the_rest_of_the_program(text: bytes, verdict: Verdict, code: int, tmp_path: Path) -> None:
    members = forge.good_members()
    bundle, roots = tmp_path / "bundle.asice", tmp_path / "roots.pem"
    bundle.write_bytes(container_bytes(members | {layout.README: members[layout.README] + text}))
    roots.write_bytes(b"".join(root.public_bytes(Encoding.PEM) for root in forge.roots()))
    (tmp_path / PROGRAM_NAME).write_bytes(verifier_program())
    command = [sys.executable, "-I", PROGRAM_NAME, bundle, "--trust", roots, "--json"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
    assert (json.loads(done.stdout)["verdict"], done.returncode) == (verdict, code), done.stderr


@pytest.mark.parametrize("language", ["mk", "sr-Latn"])
def test_it_has_the_words_of_every_language(language: str, tmp_path: Path) -> None:
    bundle, roots = tmp_path / "bundle.asice", tmp_path / "roots.pem"
    bundle.write_bytes(forge.build(forge.changed(forge.small_contents(), language=language))[0])
    roots.write_bytes(b"".join(root.public_bytes(Encoding.PEM) for root in forge.roots()))
    (tmp_path / PROGRAM_NAME).write_bytes(verifier_program())
    command = [sys.executable, "-I", PROGRAM_NAME, bundle, "--trust", roots, "--json"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
    told = {check["id"]: check["verdict"] for check in json.loads(done.stdout)["checks"]}
    assert (told["content.texts"], done.returncode) == ("PASSED", 0), done.stderr
