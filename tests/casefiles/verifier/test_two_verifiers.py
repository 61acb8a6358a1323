"""One verdict: the verifier and ``verify.sh`` say of the tokens of every kind of office what the standards say."""

import os
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest
from _pytest.mark.structures import ParameterSet
from asn1crypto import pem

from casefiles.verifier.script import verify_script
from config.times import told_time
from evidence.errors import CertificateError, SignedDataError, TokenError
from evidence.stamp.certificate import read_pem
from evidence.stamp.token import verify_token
from evidence.times import format_time
from tests.evidence.stamp.forge import SHA256
from tests.evidence.stamp.offices import ALLOWED, FORBIDDEN, OfficeToken

pytestmark = pytest.mark.outside
# after the script without its last line, which runs it: its own check of a token
ONE_TOKEN = """
work=$PWD/work pin=''
mkdir "$work"
cp roots.pem "$work"
split_roots "$work/roots.pem"
sort_roots
: >"$work/seal.keys"
check_token token.tst "$1"
"""


def roots_pem(office: OfficeToken) -> bytes:
    return b"".join(pem.armor("CERTIFICATE", root) for root in office.roots)


def told_by_python(office: OfficeToken) -> str | None:
    """The time by which it says that the token was made; None if it refuses the token."""
    try:
        info = verify_token(token=office.token, sha256=SHA256, roots=read_pem(roots_pem(office)))
    except (TokenError, CertificateError, SignedDataError):
        return None
    return told_time(format_time(info.latest), up=True)


def script_says(office: OfficeToken, folder: Path) -> subprocess.CompletedProcess[str]:
    (folder / "token.tst").write_bytes(office.token)
    (folder / "roots.pem").write_bytes(roots_pem(office))
    (folder / "one.sh").write_text(verify_script().removesuffix('main "$@"\n') + ONE_TOKEN)
    return subprocess.run(
        ["bash", "one.sh", SHA256.hex()], cwd=folder, env={"PATH": os.environ["PATH"]}, timeout=60,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
    )  # fmt: skip


def some(kinds: Iterable[str]) -> list[ParameterSet | str]:
    """Every kind; of eight, each run has one, since the verifier and the page are asked about all of them anyway."""
    return [kind if at % 8 == 0 else pytest.param(kind, marks=pytest.mark.slow) for at, kind in enumerate(kinds)]


@pytest.mark.parametrize("kind", some(ALLOWED))
def test_a_token_that_the_standards_allow_is_taken_by_both(kind: str, tmp_path: Path) -> None:
    office = ALLOWED[kind]()
    said = script_says(office, tmp_path)
    assert (said.returncode, said.stdout) == (0, f"{told_by_python(office)}\n")
    assert said.stdout.startswith("2026-05-04 12:00:0")


@pytest.mark.parametrize("kind", some(FORBIDDEN))
def test_a_token_that_the_standards_forbid_is_refused_by_both(kind: str, tmp_path: Path) -> None:
    office = FORBIDDEN[kind]()
    assert told_by_python(office) is None
    said = script_says(office, tmp_path)
    assert said.returncode == 1
    assert said.stdout.strip()
    assert "unbound" not in said.stdout
    assert "command not found" not in said.stdout
