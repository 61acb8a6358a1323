"""One verdict: the verifier and ``verify.sh`` say of the tokens of every kind of office what the standards say."""

import os
import subprocess
from collections.abc import Mapping

import pytest
from asn1crypto import pem

from casefiles.verifier.script import verify_script
from evidence.errors import CertificateError, SignedDataError, TokenError
from evidence.stamp.certificate import read_pem
from evidence.stamp.token import verify_token
from tests.evidence.stamp.forge import SHA256
from tests.evidence.stamp.offices import ALLOWED, FORBIDDEN, OfficeToken

# one worker: the script goes through all offices at once, which takes more than a minute
pytestmark = [pytest.mark.outside, pytest.mark.xdist_group("two-verifiers")]
# the script without its last line, which runs it, and then its own check of a token on each folder
DRIVER = """
set +e
for folder in */; do
  (
    set -euo pipefail
    work=$PWD/$folder/work pin=''
    mkdir "$work"
    cp "$folder/roots.pem" "$work"
    split_roots "$work/roots.pem"
    sort_roots
    : >"$work/seal.keys"
    check_token "$folder/token.tst" "$1"
  ) >"$folder/said" 2>&1
  printf '%s\\n' $? >"$folder/code"
done
"""


def roots_pem(office: OfficeToken) -> bytes:
    return b"".join(pem.armor("CERTIFICATE", root) for root in office.roots)


def python_takes(office: OfficeToken) -> bool:
    try:
        verify_token(token=office.token, sha256=SHA256, roots=read_pem(roots_pem(office)))
    except (TokenError, CertificateError, SignedDataError):
        return False
    return True


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, tuple[int, str]]:
    """Exit code and words of the script for each kind, by its place in both lists."""
    at = tmp_path_factory.mktemp("offices")
    kinds = [*ALLOWED, *FORBIDDEN]
    for number, make in enumerate([*ALLOWED.values(), *FORBIDDEN.values()]):
        folder = at / f"{number:03}"
        folder.mkdir()
        office = make()
        (folder / "token.tst").write_bytes(office.token)
        (folder / "roots.pem").write_bytes(roots_pem(office))
    script = verify_script().removesuffix('main "$@"\n') + DRIVER
    (at / "driver.sh").write_text(script)
    command = ["bash", "driver.sh", SHA256.hex()]
    subprocess.run(command, cwd=at, check=True, env={"PATH": os.environ["PATH"]}, timeout=900)
    return {
        kind: (int((at / f"{number:03}" / "code").read_text()), (at / f"{number:03}" / "said").read_text())
        for number, kind in enumerate(kinds)
    }


@pytest.mark.parametrize("kind", ALLOWED)
def test_a_token_that_the_standards_allow_is_taken_by_both(kind: str, said: Mapping[str, tuple[int, str]]) -> None:
    assert python_takes(ALLOWED[kind]())
    assert said[kind] == (0, "2026-05-04 12:00:00 UTC\n")


@pytest.mark.parametrize("kind", FORBIDDEN)
def test_a_token_that_the_standards_forbid_is_refused_by_both(kind: str, said: Mapping[str, tuple[int, str]]) -> None:
    assert not python_takes(FORBIDDEN[kind]())
    code, words = said[kind]
    assert code == 1
    assert words.strip()
    assert "unbound" not in words
    assert "command not found" not in words
