"""pyHanko, written by others, validates the tokens that we make and refuses what we refuse."""

import asyncio
import hashlib
from datetime import timedelta
from pathlib import Path

import pytest
from asn1crypto import cms
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.sign.validation.generic_cms import validate_tst_signed_data
from pyhanko.sign.validation.status import TimestampSignatureStatus
from pyhanko_certvalidator import ValidationContext

from evidence.rehearsal.tsa import RehearsalOffice
from evidence.stamp.token import build_query, token_of_reply
from tests.evidence.stamp.forge import NOW, SHA256, Stamp, authority, rsa_key, stamper


def pyhanko(token: bytes, root: bytes, sha256: bytes = SHA256) -> TimestampSignatureStatus:
    context = ValidationContext(
        trust_roots=[asn1_x509.Certificate.load(root)], moment=NOW, allow_fetching=False, best_signature_time=NOW
    )
    signed_data = cms.ContentInfo.load(token)["content"]
    found = asyncio.run(validate_tst_signed_data(signed_data, context, lambda algorithm: sha256))
    return TimestampSignatureStatus(**found)


def test_pyhanko_trusts_the_token_of_our_office(tmp_path: Path) -> None:
    ours = RehearsalOffice.create(tmp_path, at=NOW)
    token = token_of_reply(ours.stamp_reply(build_query(sha256=SHA256, nonce=1), NOW))
    status = pyhanko(token, ours.root.public_bytes(Encoding.DER))
    assert (status.valid, status.intact, status.trusted) == (True, True, True)
    assert status.timestamp == NOW
    # controls: another root, other data
    assert not pyhanko(token, authority("Root").der).trusted
    assert not pyhanko(token, ours.root.public_bytes(Encoding.DER), hashlib.sha256(b"other").digest()).intact


@pytest.mark.parametrize("scheme", ["rsassa_pkcs1v15", "rsassa_pss"])
def test_pyhanko_trusts_the_tokens_that_these_tests_forge_honestly(scheme: str) -> None:
    root = authority("Root")
    signer = stamper(root, key=rsa_key())
    status = pyhanko(Stamp(signer, scheme=scheme, gen_time=NOW + timedelta(milliseconds=5)).der(), root.der)
    assert (status.valid, status.trusted) == (True, True)
