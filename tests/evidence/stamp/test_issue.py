"""Certificates that an office makes for itself are read by another program as they were meant."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from evidence.stamp.issue import Issuer

AT = datetime(2026, 1, 2, tzinfo=UTC)


def name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


ISSUER = Issuer(name("root"), ec.generate_private_key(ec.SECP256R1()))
ROOT = ISSUER.root(at=AT, years=2, usage=("key_cert_sign",))
KEY = ec.generate_private_key(ec.SECP256R1()).public_key()
PURPOSE = ExtendedKeyUsageOID.TIME_STAMPING
LEAF = ISSUER.issue(name("office"), KEY, at=AT, years=1, usage=("digital_signature",), purpose=PURPOSE)


def test_a_root_signs_itself_and_allows_no_issuer_below() -> None:
    ROOT.verify_directly_issued_by(ROOT)
    basic = ROOT.extensions.get_extension_for_class(x509.BasicConstraints)
    assert (basic.critical, basic.value.ca, basic.value.path_length) == (True, True, 0)


def test_what_it_issues_issues_nothing_and_is_for_one_purpose() -> None:
    LEAF.verify_directly_issued_by(ROOT)
    basic = LEAF.extensions.get_extension_for_class(x509.BasicConstraints)
    purpose = LEAF.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    assert (basic.critical, basic.value.ca) == (True, False)
    assert (purpose.critical, list(purpose.value)) == (True, [PURPOSE])
    plain = ISSUER.issue(name("seal"), KEY, at=AT, years=1, usage=("digital_signature",))
    with pytest.raises(x509.ExtensionNotFound):
        plain.extensions.get_extension_for_class(x509.ExtendedKeyUsage)


@pytest.mark.parametrize(("certificate", "uses"), [(ROOT, {"key_cert_sign"}), (LEAF, {"digital_signature"})])
def test_uses_that_were_not_named_are_denied(certificate: x509.Certificate, uses: set[str]) -> None:
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage)
    allowed = {each for each in ("digital_signature", "content_commitment", "key_cert_sign", "crl_sign")
               if getattr(usage.value, each)}  # fmt: skip
    assert (usage.critical, allowed) == (True, uses)


def test_it_is_valid_from_a_day_before_for_its_years() -> None:
    assert LEAF.not_valid_before_utc == AT - timedelta(days=1)
    assert LEAF.not_valid_after_utc == AT + timedelta(days=365.25)
    assert LEAF.serial_number != ROOT.serial_number


def test_another_key_with_the_same_name_did_not_issue_it() -> None:
    other = Issuer(name("root"), ec.generate_private_key(ec.SECP256R1())).root(at=AT, years=2, usage=("key_cert_sign",))
    with pytest.raises(InvalidSignature):
        LEAF.verify_directly_issued_by(other)
    verifier = PolicyBuilder().store(Store([other])).time(AT).build_client_verifier()
    with pytest.raises(VerificationError):
        verifier.verify(LEAF, [])
