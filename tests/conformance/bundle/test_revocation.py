"""The revocation lists in a seal, before OpenSSL and pyHanko: both check them, and both want them if they are asked."""

import asyncio
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from asn1crypto import cms
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.sign.validation.generic_cms import async_validate_detached_cms
from pyhanko_certvalidator import ValidationContext

from casefiles.format import layout
from tests.casefiles import forge

pytestmark = pytest.mark.outside
AT = forge.START + timedelta(days=1, minutes=2)


def sealed(*lists: bytes) -> dict[str, bytes]:
    return forge.members_of(forge.reseal(forge.good_members(), listed=lists))


def revoked() -> bytes:
    seal = forge.sealer()
    return forge.Listing(seal.chain[0], revoked={seal.certificate.serial_number: forge.START}).der()


def openssl(members: dict[str, bytes], folder: Path) -> tuple[int, str]:
    (folder / "seal.p7s").write_bytes(members[layout.SEAL_SIGNATURE])
    (folder / "list.xml").write_bytes(members[layout.SEAL_MANIFEST])
    (folder / "roots.pem").write_bytes(b"".join(root.public_bytes(Encoding.PEM) for root in forge.roots()))
    options = f"-attime {int(AT.timestamp())} -purpose any -crl_check -CAfile roots.pem -out checked"
    command = f"openssl cms -verify -binary -inform DER -content list.xml -in seal.p7s {options}"
    done = subprocess.run(command.split(), cwd=folder, capture_output=True, text=True, check=False, timeout=60)
    return done.returncode, done.stderr


def test_openssl_takes_a_seal_by_the_list_in_it_and_no_other(tmp_path: Path) -> None:
    assert openssl(forge.good_members(), tmp_path)[0] == 0
    code, said = openssl(sealed(), tmp_path)
    assert code != 0
    assert "unable to get certificate CRL" in said
    code, said = openssl(sealed(revoked()), tmp_path)
    assert code != 0
    assert "certificate revoked" in said


def test_openssl_asks_no_list_when_a_certificate_was_revoked_so_verify_sh_leaves_this_check(tmp_path: Path) -> None:
    # good when it sealed, and for us PASSED: the script would have to read dates out of lists to say so
    serial = forge.sealer().certificate.serial_number
    later = forge.Listing(forge.sealer().chain[0], revoked={serial: AT + timedelta(days=30)}).der()
    code, said = openssl(sealed(later, forge.Listing(forge.stamp_office().root).der()), tmp_path)
    assert code != 0
    assert "certificate revoked" in said


def pyhanko(members: dict[str, bytes]) -> tuple[bool, bool]:
    """Whether the seal is trusted, and whether pyHanko calls it revoked."""
    signed = cms.ContentInfo.load(members[layout.SEAL_SIGNATURE])["content"]
    context = ValidationContext(
        trust_roots=[asn1_x509.Certificate.load(root.public_bytes(Encoding.DER)) for root in forge.roots()],
        crls=[choice.chosen for choice in signed["crls"]] if signed["crls"].native else [],
        revocation_mode="require",
        moment=AT,
        allow_fetching=False,
    )
    said = asyncio.run(
        async_validate_detached_cms(members[layout.SEAL_MANIFEST], signed, signer_validation_context=context)
    )
    assert said.intact
    assert said.valid
    return said.trusted, said.revoked


def test_pyhanko_takes_a_seal_by_the_list_in_it_and_no_other() -> None:
    assert pyhanko(forge.good_members()) == (True, False)
    assert pyhanko(sealed()) == (False, False)
    assert pyhanko(sealed(revoked())) == (False, True)
