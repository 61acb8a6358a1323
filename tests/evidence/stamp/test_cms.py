"""CMS signatures: the faults first, then every form that an honest signer uses."""

import hashlib
from dataclasses import replace
from datetime import UTC

import pytest
from asn1crypto import cms, core
from asn1crypto import x509 as asn1_x509
from asn1crypto.util import extended_datetime
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.errors import SignedDataError
from evidence.stamp.certificate import certificate_of
from evidence.stamp.chain import MAX_CERTIFICATES
from evidence.stamp.cms import ID_DATA, verify_signed_data
from evidence.stamp.der import element
from tests.evidence.stamp.forge import DATA, NOW, Plan, Stamp, altered, authority, rsa_key, stamper

ROOT = authority("Root")
SIGNER = Plan("Signer", issuer=ROOT).make()
OTHER = Plan("Other", issuer=ROOT).make()
GOOD = Stamp(SIGNER, content_type="data")
NUMBERED = Plan("Numbered", issuer=ROOT, serial=0x123456789ABCDEF0).make()
RSA = Plan("RSA signer", issuer=ROOT, key=rsa_key()).make()


def detached(stamp: Stamp) -> bytes:
    return stamp.der(DATA, detached=True)


def algorithm_protection(digest: str, signature: str) -> dict[str, object]:
    value = {"digest_algorithm": {"algorithm": digest}, "signature_algorithm": {"algorithm": signature}}
    return {"type": "cms_algorithm_protection", "values": [value]}


def half_protection() -> dict[str, object]:
    value = {"digest_algorithm": {"algorithm": "sha256"}, "mac_algorithm": {"algorithm": "sha256"}}
    return {"type": "cms_algorithm_protection", "values": [value]}


def addressed() -> dict[str, object]:
    attribute = GOOD.certificate_attribute("v2")
    attribute["values"][0]["certs"][0]["issuer_serial"]["issuer"] = [asn1_x509.GeneralName("dns_name", "example.org")]
    return attribute


YEAR_ZERO = cms.Time("generalized_time", core.GeneralizedTime(extended_datetime(0, 1, 1, tzinfo=UTC)))
POINT = SIGNER.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
KEYLESS = altered(SIGNER, POINT, POINT[:-1] + bytes((POINT[-1] ^ 1,)))

FAULTS = {
    "no signed attributes": (GOOD.but(without=["signed_attrs"]), "no signed attributes"),
    "no messageDigest": (GOOD.but(without=["message_digest"]), "1.9.4"),
    "no contentType": (GOOD.but(without=["content_type"]), "1.9.3"),
    "no signing certificate attribute": (GOOD.but(ess=()), "signingCertificate"),
    "a messageDigest of other content": (
        GOOD.but(message_digest=hashlib.sha256(b"other").digest()),
        "messageDigest is not",
    ),
    "a contentType of other content": (GOOD.but(content_type_attribute="tst_info"), "contentType is not"),
    "an attribute twice": (GOOD.but(extra_attributes=[{"type": "message_digest", "values": [b"x" * 32]}]), "twice"),
    "two values of an attribute": (
        GOOD.but(extra_attributes=[{"type": "signing_time", "values": [cms.Time({"utc_time": NOW})] * 2}]),
        "not one signingTime",
    ),
    "a signature by another key": (GOOD.but(signing_key=OTHER.key), "signature is wrong"),
    "the attribute naming another certificate that is there": (
        GOOD.but(ess_of=OTHER, certificates=(SIGNER, OTHER)),
        "identifier names another",
    ),
    "the attribute naming a certificate that is not there": (GOOD.but(ess_of=OTHER), "names no certificate"),
    "two attributes naming two certificates": (
        GOOD.but(extra_attributes=[GOOD.but(ess_of=OTHER).certificate_attribute("v1")], certificates=(SIGNER, OTHER)),
        "names no certificate",
    ),
    "a certificate digest below SHA-256 in version 2": (
        GOOD.but(ess_digest="sha1"),
        "not accepted in signingCertificateV2",
    ),
    "no certificates": (GOOD.but(certificates=()), "no certificate inside"),
    "SHA-1": (GOOD.but(digest="sha1"), "digest algorithm not accepted"),
    "no signer": (GOOD.but(signers=0), "not one signerInfo"),
    "two signers": (GOOD.but(signers=2), "not one signerInfo"),
    "a digest algorithm that is not the signer's": (GOOD.but(digest_algorithms=["sha384"]), "not the signer's"),
    "more digest algorithms than signers": (GOOD.but(digest_algorithms=["sha256", "sha384"]), "not the signer's"),
    "a version that does not fit": (GOOD.but(version="v3"), "version numbers"),
    "a signature algorithm of another digest": (GOOD.but(scheme="sha384_ecdsa"), "do not fit"),
    "a signature algorithm of another key": (GOOD.but(scheme="sha256_rsa"), "do not fit"),
    "an RSA scheme of another digest": (Stamp(RSA, content_type="data", scheme="sha512_rsa"), "do not fit"),
    "PSS with another digest": (
        Stamp(RSA, content_type="data", scheme="rsassa_pss", pss_digest="sha512"),
        "RSASSA-PSS",
    ),
    "PSS without parameters": (Stamp(RSA, content_type="data", scheme="rsassa_pss", pss_salt=-1), "RSASSA-PSS"),
    "PSS with a salt too long": (Stamp(RSA, content_type="data", scheme="rsassa_pss", pss_salt=65), "RSASSA-PSS"),
    "a short RSA key": (Stamp(Plan("Short", issuer=ROOT, key=rsa_key(1024)).make(), content_type="data"), "do not fit"),
    "a short elliptic key": (
        Stamp(Plan("Short", issuer=ROOT, key=ec.generate_private_key(ec.SECP224R1())).make(), content_type="data"),
        "do not fit",
    ),
    "Ed25519 without SHA-512": (
        Stamp(Plan("Edwards", issuer=ROOT, key=ed25519.Ed25519PrivateKey.generate()).make(), content_type="data"),
        "do not fit",
    ),
    "algorithm protection that names others": (
        GOOD.but(extra_attributes=[algorithm_protection("sha384", "sha384_ecdsa")]),
        "cmsAlgorithmProtection",
    ),
    "algorithm protection that names no signature algorithm": (
        GOOD.but(extra_attributes=[half_protection()]),
        "names no signature algorithm",
    ),
    "a signing time before our era": (
        GOOD.but(extra_attributes=[{"type": "signing_time", "values": [YEAR_ZERO]}]),
        "no time of this era",
    ),
    "a signing certificate whose issuer is no name": (GOOD.but(ess=(), extra_attributes=[addressed()]), "not a name"),
    "a key that is no key": (GOOD.but(signer=KEYLESS), "key cannot be read"),
    "more certificates than anyone needs": (GOOD.but(certificates=(SIGNER,) * (MAX_CERTIFICATES + 1)), "too many"),
    "a content type that nobody signs here": (GOOD.but(content_type="enveloped_data", version="v3"), "content type"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_signature_is_refused_with(fault: str) -> None:
    stamp, why = FAULTS[fault]
    with pytest.raises(SignedDataError, match=why):
        verify_signed_data(signed_data=detached(stamp), content=DATA)


def test_the_same_maker_without_a_fault_is_accepted() -> None:
    facts = verify_signed_data(signed_data=detached(GOOD), content=DATA)
    assert facts.certificate == certificate_of(SIGNER.certificate)
    assert (facts.content_type, facts.content) == (ID_DATA, DATA)
    assert facts.others == ()
    assert facts.signing_time is None
    assert facts.timestamp_tokens == ()


EDWARDS = Plan("Edwards", issuer=ROOT, key=ed25519.Ed25519PrivateKey.generate()).make()
FORMS = {
    **{f"RSA PKCS #1, {name}": Stamp(RSA, digest=name) for name in ("sha256", "sha384", "sha512")},
    "RSA with the digest in its name": Stamp(RSA, scheme="sha256_rsa"),
    **{f"RSA PSS, {name}": Stamp(RSA, digest=name, scheme="rsassa_pss") for name in ("sha256", "sha384", "sha512")},
    "RSA PSS without salt": Stamp(RSA, scheme="rsassa_pss", pss_salt=0),
    **{
        f"{curve.name}, {name}": Stamp(Plan("C", issuer=ROOT, key=ec.generate_private_key(curve)).make(), digest=name)
        for curve, name in [
            (ec.SECP256R1(), "sha256"),
            (ec.SECP384R1(), "sha384"),
            (ec.SECP521R1(), "sha512"),
            (ec.BrainpoolP256R1(), "sha256"),
        ]
    },
    "Ed25519": Stamp(EDWARDS, digest="sha512"),
    "signing certificate version 1": Stamp(SIGNER, ess=("v1",)),
    "both versions": Stamp(SIGNER, ess=("v1", "v2")),
    "version 2 with SHA-512": Stamp(SIGNER, ess_digest="sha512"),
    "no issuer in the signing certificate": Stamp(SIGNER, ess_issuer=False),
    "named by key identifier": Stamp(SIGNER, key_identifier=True),
    "algorithm protection": Stamp(SIGNER, extra_attributes=[algorithm_protection("sha256", "sha256_ecdsa")]),
    "other certificates": Stamp(SIGNER, certificates=(ROOT, SIGNER, OTHER)),
    "a certificate twice": Stamp(SIGNER, certificates=(SIGNER, SIGNER)),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_an_honest_signer_is_accepted(form: str) -> None:
    verify_signed_data(signed_data=FORMS[form].but(content_type="data").der(DATA, detached=True), content=DATA)
    assert verify_signed_data(signed_data=FORMS[form].der(), content=None).content == FORMS[form].content()


def test_other_certificates_come_back_in_the_order_of_the_file() -> None:
    facts = verify_signed_data(signed_data=FORMS["other certificates"].der(), content=None)
    assert set(facts.others) == {certificate_of(ROOT.certificate), certificate_of(OTHER.certificate)}


def test_unsorted_certificates_are_accepted_and_nothing_is_rewritten() -> None:
    sorted_der = Stamp(SIGNER, certificates=(ROOT, SIGNER)).der()
    first, second = sorted([ROOT.der, SIGNER.der])
    unsorted_der = sorted_der.replace(first + second, second + first)
    assert unsorted_der != sorted_der
    facts = verify_signed_data(signed_data=unsorted_der, content=None)
    assert facts.certificate == certificate_of(SIGNER.certificate)


def test_content_is_either_inside_or_beside_the_signature() -> None:
    inside = GOOD.der(DATA)
    assert verify_signed_data(signed_data=inside, content=None).content == DATA
    with pytest.raises(SignedDataError, match="both"):
        verify_signed_data(signed_data=inside, content=DATA)
    with pytest.raises(SignedDataError, match="missing"):
        verify_signed_data(signed_data=detached(GOOD), content=None)


@given(st.binary(max_size=64))
@settings(max_examples=25)
def test_no_other_content_fits(content: bytes) -> None:
    if content != DATA:
        with pytest.raises(SignedDataError, match="messageDigest"):
            verify_signed_data(signed_data=detached(GOOD), content=content)


def test_the_signing_time_is_the_signers_claim() -> None:
    claim = {"type": "signing_time", "values": [cms.Time({"utc_time": NOW})]}
    facts = verify_signed_data(signed_data=detached(GOOD.but(extra_attributes=[claim])), content=DATA)
    assert facts.signing_time == NOW


def test_signature_time_stamps_come_out_byte_for_byte() -> None:
    tokens = [Stamp(stamper(ROOT)).der(), Stamp(stamper(ROOT)).der()]
    carried = [{"type": "signature_time_stamp_token", "values": [cms.ContentInfo.load(token)]} for token in tokens]
    facts = verify_signed_data(signed_data=detached(GOOD.but(unsigned=carried)), content=DATA)
    assert sorted(facts.timestamp_tokens) == sorted(tokens)


def test_a_signer_identifier_of_another_certificate_is_refused() -> None:
    # same key in two certificates, so that only the identifier tells them apart
    twin = Plan("Twin", issuer=ROOT, key=SIGNER.key).make()
    mixed = GOOD.but(signer=twin, ess_of=SIGNER, certificates=(SIGNER, twin))
    with pytest.raises(SignedDataError, match="identifier"):
        verify_signed_data(signed_data=detached(mixed), content=DATA)


def test_issuer_and_serial_beside_a_certificate_digest_must_agree() -> None:
    der = detached(GOOD)
    facts = verify_signed_data(signed_data=der, content=DATA)
    assert facts.certificate == certificate_of(SIGNER.certificate)
    attribute = GOOD.certificate_attribute("v2")
    attribute["values"][0]["certs"][0]["issuer_serial"]["serial_number"] += 1
    wrong = GOOD.but(ess=(), extra_attributes=[attribute])
    with pytest.raises(SignedDataError, match="signing certificate"):
        verify_signed_data(signed_data=detached(wrong), content=DATA)


def test_attributes_in_an_order_that_is_not_der_verify_as_they_were_signed() -> None:
    # OpenSSL verifies over the order received; so do we, and a swap after signing is noticed
    der = detached(GOOD)
    signed = cms.ContentInfo.load(der)["content"]["signer_infos"][0]["signed_attrs"]
    parts = [attribute.dump() for attribute in signed]
    assert b"".join(parts) in der
    with pytest.raises(SignedDataError, match="signature is wrong"):
        verify_signed_data(signed_data=der.replace(b"".join(parts), b"".join(reversed(parts))), content=DATA)


def test_a_serial_number_that_is_not_positive_is_refused() -> None:
    # cryptography warns of it, and loads it
    der = detached(GOOD.but(certificates=(SIGNER, NUMBERED)))
    assert verify_signed_data(signed_data=der, content=DATA).others == (certificate_of(NUMBERED.certificate),)
    number = core.Integer(NUMBERED.certificate.serial_number).dump()
    negative = core.Integer(-NUMBERED.certificate.serial_number).dump()
    assert len(number) == len(negative)
    with pytest.raises(SignedDataError, match="not positive"):
        verify_signed_data(signed_data=der.replace(number, negative), content=DATA)


def test_something_else_than_certificates_among_the_certificates_is_refused() -> None:
    other = element(0xA3, core.ObjectIdentifier("1.2.3").dump() + core.Null().dump())
    data = cms.ContentInfo.load(detached(GOOD))["content"]
    certificates = b"".join(sorted([SIGNER.der, other]))
    fields = [data[name].dump() for name in ("version", "digest_algorithms", "encap_content_info")]
    whole = element(0x30, b"".join([*fields, element(0xA0, certificates), data["signer_infos"].dump()]))
    info = element(0x30, core.ObjectIdentifier("1.2.840.113549.1.7.2").dump() + element(0xA0, whole))
    with pytest.raises(SignedDataError, match="something else"):
        verify_signed_data(signed_data=info, content=DATA)


def test_what_is_not_signed_data_is_refused() -> None:
    data = cms.ContentInfo({"content_type": "data", "content": b"x"}).dump()
    with pytest.raises(SignedDataError, match="not SignedData"):
        verify_signed_data(signed_data=data, content=DATA)


@given(st.binary(max_size=300))
def test_random_bytes_raise_the_one_error(data: bytes) -> None:
    with pytest.raises(SignedDataError):
        verify_signed_data(signed_data=data, content=DATA)


WHOLE = GOOD.but(certificates=(SIGNER, ROOT)).der(DATA)


@given(st.integers(0, len(WHOLE) - 1), st.binary(max_size=12), st.integers(0, 12))
def test_bytes_put_in_or_taken_out_raise_the_one_error(at: int, instead: bytes, taken: int) -> None:
    spoiled = WHOLE[:at] + instead + WHOLE[at + taken :]
    try:
        facts = verify_signed_data(signed_data=spoiled, content=None)
    except SignedDataError:
        return
    # only the certificate that is not the signer's may differ
    assert replace(facts, others=()) == replace(verify_signed_data(signed_data=WHOLE, content=None), others=())
