"""Every byte of a token matters: flip each, and either it is noticed or its place is listed here."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from config.catalogues import time_stamp_offices
from evidence.errors import CertificateError, TokenError
from evidence.rehearsal.tsa import RehearsalOffice
from evidence.stamp.cms import verify_signed_data
from evidence.stamp.token import build_query, token_of_reply, verify_token
from tests.evidence.stamp.forge import NOW, SHA256, Stamp, authority, rsa_key, stamper

REAL = Path(__file__).parent / "real"


def unnoticed(
    token: bytes, roots: list[x509.Certificate], sha256: bytes, changes: Iterator[tuple[int, int]]
) -> set[int]:
    """Places at which some change is not noticed; any error but ours comes through."""
    verify_token(token=token, sha256=sha256, roots=roots)
    places = set()
    for at, change in changes:
        spoiled = bytearray(token)
        spoiled[at] ^= change
        try:
            verify_token(token=bytes(spoiled), sha256=sha256, roots=roots)
        except (TokenError, CertificateError):
            continue
        places.add(at)
    return places


def one_bit_each(token: bytes) -> Iterator[tuple[int, int]]:
    return ((at, 1 << at % 8) for at in range(len(token)))


def every_bit(token: bytes) -> Iterator[tuple[int, int]]:
    return ((at, 1 << bit) for at in range(len(token)) for bit in range(8))


def rehearsal_token(directory: Path) -> tuple[bytes, list[x509.Certificate]]:
    made = RehearsalOffice.create(directory, at=NOW)
    return token_of_reply(made.stamp_reply(build_query(sha256=SHA256, nonce=9), NOW)), [made.root]


ROOT = authority("Root")
RSA = stamper(ROOT, key=rsa_key())


def test_no_byte_of_our_own_token_can_change_unnoticed(tmp_path: Path) -> None:
    token, roots = rehearsal_token(tmp_path)
    assert unnoticed(token, roots, SHA256, one_bit_each(token)) == set()


@pytest.mark.slow
def test_no_bit_of_our_own_token_can_change_unnoticed(tmp_path: Path) -> None:
    token, roots = rehearsal_token(tmp_path)
    assert unnoticed(token, roots, SHA256, every_bit(token)) == set()


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["rsassa_pkcs1v15", "sha256_rsa", "rsassa_pss"])
def test_no_bit_of_an_rsa_token_can_change_unnoticed(scheme: str) -> None:
    token = Stamp(RSA, scheme=scheme, ess=("v1", "v2")).der()
    assert unnoticed(token, [ROOT.certificate], SHA256, every_bit(token)) == set()


@pytest.mark.slow
def test_no_other_value_in_the_unsigned_outline_goes_unnoticed_but_the_two_names_of_one_scheme() -> None:
    # what no signature covers: all but the certificate, the TSTInfo, the signed attributes and the signature
    stamp = Stamp(RSA)
    token = stamp.der()
    covered: set[int] = set()
    facts = verify_signed_data(signed_data=token, content=None)
    for part in (RSA.der, facts.content, stamp.attributes(facts.content).contents, facts.signature):
        start = token.index(part)
        covered |= set(range(start, start + len(part)))
    changes = ((at, change) for at in range(len(token)) if at not in covered for change in range(1, 256))
    places = unnoticed(token, [ROOT.certificate], SHA256, changes)
    # RFC 3370, 3.2 gives RSA with SHA-256 two names, 1.2.840.113549.1.1.1 and .11: the same check either way
    assert places == {token.rindex(bytes.fromhex("2a864886f70d010101")) + 8}


def outside_others(token: bytes, places: set[int]) -> set[int]:
    """Those of ``places`` that lie outside the certificates other than the signer's."""
    for other in verify_signed_data(signed_data=token, content=None).others:
        der = other.public_bytes(Encoding.DER)
        start = token.index(der)
        places = places - set(range(start, start + len(der)))
    return places


def globalsign() -> tuple[bytes, list[x509.Certificate], bytes]:
    roots = [x509.load_pem_x509_certificate(root.pem) for root in time_stamp_offices()["globalsign"].roots]
    return (REAL / "globalsign-2021.p7s").read_bytes(), roots, hashlib.sha256(b"notation").digest()


@pytest.mark.slow
def test_in_a_real_token_only_certificates_off_the_chain_can_change_unnoticed() -> None:
    token, roots, sha256 = globalsign()
    places = unnoticed(token, roots, sha256, one_bit_each(token))
    # control: this office sends its root and a cross-certificate along, which no chain uses
    assert places
    assert outside_others(token, places) == set()
