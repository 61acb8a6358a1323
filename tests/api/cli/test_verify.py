"""``verify`` ends with the code of what it found, and imports no more than that takes."""

import json
import subprocess
import sys
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding

from tests.casefiles import forge
from tests.commands import DONE, REFUSED, UNDECIDED, USAGE, Life, run
from tests.contracts.tree import PACKAGES

MAY_IMPORT = {"asn1crypto", "cffi", "click", "cryptography"}
"""Packages of others; cryptography's compiled part brings cffi's."""
PROGRAM = """
import json, sys
from api.cli.main import main
before = set(sys.modules)
code = main(sys.argv[1:])
json.dump([code, sorted(sys.modules)], sys.stderr)
"""


def test_a_missing_and_a_false_token_are_told_apart_by_their_codes(life: Life, home: Path) -> None:
    assert run("verify", life.bundle).code == UNDECIDED  # roots never come from the bundle
    damaged = home.parent / "damaged.asice"
    damaged.write_bytes(life.bundle.read_bytes()[:-1])
    ran = run("verify", damaged, *life.trust(), "--json")
    assert (ran.code, ran.printed["verdict"]) == (REFUSED, "FAILED")
    other = "prova/00c0ffee+00000000+AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    assert run("verify", life.bundle, "--log", other, "--json").code == USAGE


def test_verify_imports_nothing_that_opens_a_home(tmp_path: Path) -> None:
    bundle, root = tmp_path / "bundle.asice", tmp_path / "root.pem"
    bundle.write_bytes(forge.good_bundle())
    root.write_bytes(b"".join(each.public_bytes(Encoding.PEM) for each in forge.roots()))
    command = [sys.executable, "-c", PROGRAM, "verify", bundle, "--trust", root]
    code, names = json.loads(subprocess.run(command, capture_output=True, check=True).stderr)
    assert code == DONE
    packages = {name.partition(".")[0] for name in names} - sys.stdlib_module_names
    ours = {name for name in names if name.partition(".")[0] in PACKAGES}
    assert not {name for name in packages if not name.startswith("_")} - MAY_IMPORT - set(PACKAGES)
    assert "casefiles.verifier.checks" in ours
    assert not {name for name in ours if name.startswith(("api.home", "config.settings", "evidence.store", "monitor"))}
