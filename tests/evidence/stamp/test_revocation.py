"""Revocation lists: what they say, whose they are, and which are not taken at all."""

from collections.abc import Callable

import pytest
from asn1crypto import crl as asn1_crl
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from evidence.errors import CertificateError, SignedDataError
from evidence.stamp.certificate import Certificate, certificate_of
from evidence.stamp.revocation import (
    MAX_LIST_BYTES,
    RevocationList,
    Revoked,
    addresses_in,
    cannot_be_revoked,
    read_list,
    require_listed,
)
from tests.evidence.stamp.forge import DAY, NOW

KEY = ec.generate_private_key(ec.SECP256R1())
NAME = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Root")])
PLACE = "http://lists.example/root.crl"


def point(address: str = PLACE, **limits: object) -> x509.IssuingDistributionPoint:
    none: dict[str, object] = dict.fromkeys(
        ("only_contains_user_certs", "only_contains_ca_certs", "indirect_crl", "only_contains_attribute_certs"), False
    )
    none |= {"only_some_reasons": None, "relative_name": None, "full_name": None}
    if address:
        none["full_name"] = [x509.UniformResourceIdentifier(address)]
    return x509.IssuingDistributionPoint(**(none | limits))  # type: ignore[arg-type]  # any of its limits


def listing(
    *extensions: tuple[x509.ExtensionType, bool], entry: tuple[x509.ExtensionType, bool] | None = None
) -> bytes:
    """A list of KEY's that revokes certificate 7."""
    builder = x509.CertificateRevocationListBuilder(issuer_name=NAME).last_update(NOW).next_update(NOW + DAY)
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    revoked = x509.RevokedCertificateBuilder().serial_number(7).revocation_date(NOW - DAY)
    if entry:
        revoked = revoked.add_extension(entry[0], critical=entry[1])
    return builder.add_revoked_certificate(revoked.build()).sign(KEY, hashes.SHA256()).public_bytes(Encoding.DER)


def issued(*extensions: x509.ExtensionType, ca: bool = False, usage: bool = True) -> Certificate:
    """A certificate of NAME for KEY."""
    builder = x509.CertificateBuilder().subject_name(NAME).issuer_name(NAME).public_key(KEY.public_key())
    builder = builder.serial_number(7).not_valid_before(NOW - DAY).not_valid_after(NOW + DAY)
    builder = builder.add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    signs = [False, False, False, False, False, True, usage, False, False]
    builder = builder.add_extension(x509.KeyUsage(*signs), critical=True)
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    return certificate_of(builder.sign(KEY, hashes.SHA256()))


def at(*addresses: str) -> x509.CRLDistributionPoints:
    names = [x509.UniformResourceIdentifier(address) for address in addresses]
    return x509.CRLDistributionPoints([x509.DistributionPoint(names, None, None, None)])


def test_a_list_says_what_is_revoked_from_when_and_why() -> None:
    found = read_list(listing(entry=(x509.CRLReason(x509.ReasonFlags.key_compromise), False)))
    assert found.entries == {7: Revoked(NOW - DAY, "key_compromise")}
    assert (found.this_update, found.next_update) == (NOW, NOW + DAY)
    assert "Root" in found.issuer_text
    assert read_list(listing()).entries == {7: Revoked(NOW - DAY, None)}
    assert not cannot_be_revoked(issued())


def test_it_is_of_who_has_its_name_and_key_and_may_sign_lists() -> None:
    found = read_list(listing())
    require_listed(found, by=issued(ca=True))
    with pytest.raises(CertificateError, match="not of this issuer"):
        require_listed(found, by=issued(ca=True, usage=False))
    other = bytearray(listing())
    other[-1] ^= 1
    with pytest.raises(CertificateError, match="not signed by its issuer"):
        require_listed(read_list(bytes(other)), by=issued(ca=True))


def changed(change: Callable[[asn1_crl.CertificateList], None]) -> bytes:
    found = asn1_crl.CertificateList.load(listing())
    change(found)
    return bytes(found.dump(force=True))


def without_end(found: asn1_crl.CertificateList) -> None:
    del found["tbs_cert_list"]["next_update"]


def other_algorithm(found: asn1_crl.CertificateList) -> None:
    found["signature_algorithm"] = {"algorithm": "sha384_ecdsa"}


NOT_TAKEN = (
    (b"", "signed_data.empty"),
    (listing()[:-1], "signed_data."),
    (listing() + b"\0", "signed_data."),
    (b"\x30\x03\x02\x01\x00", "signed_data.malformed"),
    (b"\x30" * (MAX_LIST_BYTES + 1), "signed_data.list_too_long"),
    (changed(other_algorithm), "signed_data.two_signature_algorithms"),
    (changed(without_end), "certificate.list_without_end"),
    (listing((x509.DeltaCRLIndicator(1), True)), "certificate.list_not_whole"),
    (listing((point(indirect_crl=True), True)), "certificate.list_not_whole"),
    (listing((point(only_contains_attribute_certs=True), True)), "certificate.list_not_whole"),
    (
        listing((point(only_some_reasons=frozenset({x509.ReasonFlags.key_compromise})), True)),
        "certificate.list_not_whole",
    ),
    (listing(entry=(x509.CertificateIssuer([x509.DirectoryName(NAME)]), True)), "certificate.list_not_whole"),
)
"""Lists that nobody reads, each with how the code of its error begins."""


@pytest.mark.parametrize(("der", "code"), NOT_TAKEN)
def test_what_is_no_whole_list_of_its_issuers_own_is_not_taken(der: bytes, code: str) -> None:
    with pytest.raises((SignedDataError, CertificateError)) as refused:
        read_list(der)
    assert refused.value.code.startswith(code)


def test_extensions_that_limit_nothing_are_passed_over() -> None:
    above = x509.AuthorityKeyIdentifier.from_issuer_public_key(KEY.public_key())
    found = read_list(
        listing((above, False), (x509.CRLNumber(1), True), entry=(x509.InvalidityDate(NOW.replace(tzinfo=None)), False))
    )
    assert (found.scope, set(found.entries)) == (b"", {7})


def covering(*limits: x509.IssuingDistributionPoint) -> RevocationList:
    return read_list(listing(*((limit, True) for limit in limits)))


def test_a_list_speaks_of_the_certificates_in_its_scope() -> None:
    anywhere, here, elsewhere = (
        issued(),
        issued(at(PLACE, "http://other.example/")),
        issued(at("http://other.example/")),
    )
    assert covering().covers(anywhere)
    assert covering(point()).covers(here)
    assert not covering(point()).covers(elsewhere)
    assert not covering(point()).covers(anywhere)
    assert covering(point("", only_contains_user_certs=True)).covers(anywhere)
    assert not covering(point("", only_contains_ca_certs=True)).covers(anywhere)
    assert covering(point("", only_contains_ca_certs=True)).covers(issued(ca=True))
    assert not covering(point("", only_contains_user_certs=True)).covers(issued(ca=True))


def test_a_certificate_names_places_and_other_kinds_of_names_are_none() -> None:
    assert addresses_in(issued(at(PLACE, "ldap://x.example/y"))) == {PLACE, "ldap://x.example/y"}
    assert addresses_in(issued()) == frozenset()
    relative = x509.DistributionPoint(
        None, x509.RelativeDistinguishedName([x509.NameAttribute(x509.NameOID.COMMON_NAME, "x")]), None, None
    )
    only_issuer = x509.DistributionPoint(None, None, None, [x509.DirectoryName(NAME)])
    named = x509.DistributionPoint([x509.DirectoryName(NAME)], None, None, None)
    assert addresses_in(issued(x509.CRLDistributionPoints([relative, only_issuer, named]))) == frozenset()


def test_no_revocation_available_is_read() -> None:
    said = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.56"), b"\x05\x00")
    assert cannot_be_revoked(issued(said))
