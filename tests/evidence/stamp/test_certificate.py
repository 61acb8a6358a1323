"""Certificates are read by what they say; what cannot be read is refused by the one error."""

from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from evidence.errors import CertificateError, SignedDataError
from evidence.stamp.certificate import Certificate, certificate_of, parse_certificate, read_pem
from tests.evidence.stamp.forge import NOW, Plan, altered, authority, stamper
from tests.evidence.stamp.offices import UNIT, directory, with_name

ROOT = authority("Root", path_length=3)
LEAF = stamper(ROOT)
SUBJECT_KEY, KEY_USAGE = bytes.fromhex("0603551d0e"), bytes.fromhex("0603551d0f")


def test_it_says_what_cryptography_says() -> None:
    for holder in (ROOT, LEAF):
        ours, theirs = parse_certificate(holder.der), holder.certificate
        assert ours.serial == theirs.serial_number
        assert (ours.not_before, ours.not_after) == (theirs.not_valid_before_utc, theirs.not_valid_after_utc)
        assert ours.tbs == theirs.tbs_certificate_bytes
        assert ours.signature == theirs.signature
        assert ours.issuer_text == theirs.issuer.rfc4514_string()
        assert set(ours.extensions) == {extension.oid.dotted_string for extension in theirs.extensions}
    root, leaf = certificate_of(ROOT.certificate), certificate_of(LEAF.certificate)
    assert (root.is_authority, root.path_length, root.usages) == (True, 3, {"digital_signature", "key_cert_sign"})
    assert (leaf.is_authority, leaf.path_length, leaf.usages) == (False, None, {"digital_signature"})
    assert (leaf.purposes, leaf.purposes_critical) == (("1.3.6.1.5.5.7.3.8",), True)
    assert root.key_identifier is not None
    assert leaf.may_be_issued_by(root)


def test_a_certificate_is_its_bytes() -> None:
    assert certificate_of(LEAF.certificate) == parse_certificate(LEAF.der)
    assert len({certificate_of(LEAF.certificate), parse_certificate(LEAF.der)}) == 1
    assert parse_certificate(LEAF.der) != parse_certificate(ROOT.der)


def test_a_sign_too_many_in_a_printable_string_is_read() -> None:
    odd = with_name(UNIT, ROOT, directory("Unit_2026", "printable_string"))
    with pytest.raises(ValueError, match="PrintableString"):
        x509.load_der_x509_certificate(odd.der)
    assert parse_certificate(odd.der).name == "Unit_2026"


def test_another_key_identifier_is_not_the_issuers() -> None:
    stranger = authority("Root")
    key = x509.AuthorityKeyIdentifier.from_issuer_public_key(ROOT.key.public_key())
    leaf = certificate_of(stamper(ROOT, extra=((key, False),)).certificate)
    assert leaf.may_be_issued_by(certificate_of(ROOT.certificate))
    assert not leaf.may_be_issued_by(certificate_of(stranger.certificate))


def test_an_extension_that_is_there_twice_is_refused() -> None:
    with pytest.raises(CertificateError, match="malformed"):
        parse_certificate(altered(LEAF, SUBJECT_KEY, KEY_USAGE).der)


def test_a_pem_file_gives_its_certificates_in_order_and_one_without_any_is_refused() -> None:
    pem = b"".join(holder.certificate.public_bytes(Encoding.PEM) for holder in (LEAF, ROOT))
    assert read_pem(b"a comment\n" + pem) == (parse_certificate(LEAF.der), parse_certificate(ROOT.der))
    for bad in (b"", b"nothing\n", pem[:200]):
        with pytest.raises(SignedDataError):
            read_pem(bad)


@given(st.integers(0, len(LEAF.der) - 1), st.binary(max_size=8), st.integers(0, 8))
def test_damaged_bytes_raise_only_our_errors(at: int, instead: bytes, taken: int) -> None:
    try:
        one: Certificate = parse_certificate(LEAF.der[:at] + instead + LEAF.der[at + taken :])
        _ = (one.is_authority, one.path_length, one.usages, one.purposes, one.alternatives, one.name_constraints,
             one.key_identifier, one.may_be_issued_by(one))  # fmt: skip
    except (SignedDataError, CertificateError):
        return


def test_every_certificate_of_the_offices_that_we_ship_is_read() -> None:
    files = sorted((Path(__file__).parents[3] / "config" / "data").rglob("*.pem"))
    assert files
    for file in files:
        assert all(one.not_before < NOW for one in read_pem(file.read_bytes()))
    assert Plan("x").make()
