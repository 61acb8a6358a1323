"""What pyHanko is given to sign a seal with."""

import asyncio
import subprocess
import sys

import pytest

from casefiles.bundle.signer import _Stamper
from casefiles.errors import BundleError
from tests.casefiles import forge
from tests.contracts.tree import ROOT


def test_a_seal_is_stamped_over_sha_256_or_not_at_all() -> None:
    with pytest.raises(BundleError, match="sha256"):
        asyncio.run(_Stamper(forge.stamping(forge.START)).async_timestamp(bytes(64), "sha512"))


def in_a_process(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_whoever_seals_nothing_does_not_wait_for_pyhanko() -> None:
    told = "print('pyhanko' in sys.modules, 'casefiles.bundle.sign' in sys.modules)"
    assert in_a_process(f"import sys; import api.http.server; {told}") == "False True"


@pytest.mark.parametrize("kind", ["cms.CMSAttributeType('signing_time')", "x509.ExtensionId('key_usage')"])
def test_what_was_looked_up_by_name_before_hinders_no_seal(kind: str) -> None:
    before = f"from asn1crypto import cms, tsp, x509; {kind}"
    seal = "from tests.casefiles import forge; print(len(forge.good_bundle()) > 0)"
    assert in_a_process(f"{before}; {seal}") == "True"
