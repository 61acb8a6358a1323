"""Tokens of public offices, and tokens that others damaged (README.md says whence)."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509

from config.catalogues import time_stamp_offices
from evidence.errors import CertificateError, StampRefusedError, TokenError
from evidence.stamp.token import read_token, token_of_reply, verify_token

HERE = Path(__file__).parent
REAL, FOREIGN = HERE / "real", HERE / "foreign"
NOTATION = hashlib.sha256(b"notation").digest()
HELLO = hashlib.sha256(b"hello\n").digest()
MICROSOFT = bytes.fromhex("24b787b4819f46f90027e72c1e944e59ebbb4d4c758e056aa309f0527475a4a2")


def shipped_roots(name: str) -> list[x509.Certificate]:
    return [x509.load_pem_x509_certificate(root.pem) for root in time_stamp_offices()[name].roots]


def test_a_token_of_globalsign_leads_to_the_root_that_is_shipped() -> None:
    token = (REAL / "globalsign-2021.p7s").read_bytes()
    info = verify_token(token=token, sha256=NOTATION, roots=shipped_roots("globalsign"))
    assert info.gen_time == datetime(2021, 9, 17, 14, 9, 10, tzinfo=UTC)
    assert info.office == "Globalsign TSA for Advanced - G4"
    assert len(info.others) == 3
    with pytest.raises(CertificateError):
        verify_token(token=token, sha256=NOTATION, roots=shipped_roots("digicert"))


def test_a_whole_reply_of_globalsign_is_read() -> None:
    token = token_of_reply((REAL / "globalsign-2021.tsr").read_bytes())
    verify_token(token=token, sha256=NOTATION, roots=shipped_roots("globalsign"))


@pytest.mark.parametrize(
    ("file", "sha256", "office"),
    [
        ("digicert-2018.tsr", HELLO, "DigiCert SHA2 Timestamp Responder"),
        ("symantec-2018.tsr", HELLO, "Symantec SHA256 TimeStamping Signer - G3"),
    ],
)
def test_replies_of_other_offices_are_read(file: str, sha256: bytes, office: str) -> None:
    token = token_of_reply((REAL / file).read_bytes())
    assert read_token(token, sha256=sha256).office == office
    with pytest.raises(TokenError, match="other data"):
        read_token(token, sha256=NOTATION)


def test_a_token_of_microsoft_is_read() -> None:
    info = read_token((REAL / "microsoft-2024.p7s").read_bytes(), sha256=MICROSOFT)
    assert info.gen_time == datetime(2024, 6, 21, 7, 12, 5, 884000, tzinfo=UTC)


def test_a_real_refusal_is_a_refusal() -> None:
    with pytest.raises(StampRefusedError, match="bad_alg"):
        token_of_reply((REAL / "globalsign-rejection.tsr").read_bytes())


@pytest.mark.parametrize(
    ("file", "why"),
    [("comodo-2018-no-certificate.tsr", "no certificate"), ("globalsign-2018-sha1.tsr", "digest algorithm")],
)
def test_real_tokens_that_prove_too_little_are_refused(file: str, why: str) -> None:
    with pytest.raises(TokenError, match=why):
        read_token(token_of_reply((REAL / file).read_bytes()), sha256=HELLO)


def test_the_foreign_corpus_is_there() -> None:
    assert len(list(FOREIGN.iterdir())) == 17


@pytest.mark.parametrize("file", sorted(path.name for path in FOREIGN.iterdir()))
def test_tokens_that_others_damaged_are_refused(file: str) -> None:
    with pytest.raises(TokenError):
        read_token((FOREIGN / file).read_bytes(), sha256=NOTATION)
