"""The verifier as whoever receives a bundle starts it: ``python -m casefiles.verifier``."""

import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from casefiles.errors import TrustError
from casefiles.format import layout
from casefiles.format.zip import container_bytes
from casefiles.verifier.__main__ import load_held, load_roots
from tests.casefiles import forge

TREE = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("text", "trusting", "ends_with", "code"),
    [
        (b"", True, "verdict: PASSED (REHEARSAL, NOT FOR COURT)\n", 0),
        (b"another text\n", True, "verdict: FAILED (REHEARSAL, NOT FOR COURT)\n", 1),
        (b"", False, "verdict: INDETERMINATE (REHEARSAL, NOT FOR COURT)\n", 3),
    ],
)
def test_the_program_ends_with_the_verdict_and_its_code(
    tmp_path: Path, text: bytes, *, trusting: bool, ends_with: str, code: int
) -> None:
    members = forge.good_members()
    (tmp_path / "bundle.asice").write_bytes(container_bytes(members | {layout.README: members[layout.README] + text}))
    (tmp_path / "roots.pem").write_bytes(b"".join(root.public_bytes(Encoding.PEM) for root in forge.roots()))
    trust = ["--trust", tmp_path / "roots.pem"] if trusting else []
    command = [sys.executable, "-m", "casefiles.verifier", tmp_path / "bundle.asice", *trust]
    done = subprocess.run(command, cwd=TREE, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (code, "")
    assert done.stdout.endswith(ends_with)


def test_the_program_says_what_is_wrong_with_its_arguments_and_ends_with_2(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "casefiles.verifier", tmp_path / "absent.asice"]
    done = subprocess.run(command, cwd=TREE, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "absent.asice" in done.stderr


def test_what_somebody_holds_is_read_and_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    (tmp_path / "bundle.asice").write_bytes(container_bytes(forge.good_members()))
    assert load_held(tmp_path / "bundle.asice")
    with pytest.raises(TrustError) as raised:
        load_held(tmp_path / "absent.asice")
    assert raised.value.code == "trust.nothing_to_compare"


def test_a_bundle_given_as_a_root_is_told_from_a_file_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "bundle.asice").write_bytes(container_bytes(forge.good_members()))
    (tmp_path / "notes.txt").write_text("no certificate")
    for name, code in (("bundle.asice", "trust.bundle_given"), ("notes.txt", "trust.not_pem")):
        with pytest.raises(TrustError) as raised:
            load_roots([tmp_path / name])
        assert raised.value.code == code
