"""CMS signatures (RFC 5652), as time stamps and seals use them.

Pure: no clock, no network, no trust store of its own. A signature and the trust in its
signer are two steps, and the caller takes both: ``verify_signed_data`` says which
certificate's key made the signature, ``evidence.stamp.chain`` leads from that certificate to a root that
the caller got by other means than the file under test.

Beyond RFC 5652, it requires what RFC 3161 and CAdES both ask: one signer, signed attributes, and
the signer's certificate named inside them by its digest. It needs only asn1crypto, cryptography and
the standard library, because the offline verifier carries it.
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from asn1crypto import cms, tsp
from asn1crypto.core import Void

from config.errors import Term
from evidence.errors import CertificateError, SignedDataError
from evidence.stamp.algorithms import DIGESTS, SignatureAlgorithm, read_algorithm, verify_signature
from evidence.stamp.certificate import Certificate, parse_certificate
from evidence.stamp.chain import MAX_CERTIFICATES
from evidence.stamp.der import element, require_der
from evidence.stamp.reading import Asn1, parsing, plain_oid, read_as
from evidence.stamp.revocation import MAX_LISTS

# importing asn1crypto.tsp is what teaches asn1crypto.cms the signing certificate attributes
_SIGNING_CERTIFICATE_FORMS = (tsp.SigningCertificate, tsp.SigningCertificateV2)

ID_DATA = "1.2.840.113549.1.7.1"
ID_SIGNED_DATA = "1.2.840.113549.1.7.2"
ID_TST_INFO = "1.2.840.113549.1.9.16.1.4"

_CONTENT_TYPE = "1.2.840.113549.1.9.3"
_MESSAGE_DIGEST = "1.2.840.113549.1.9.4"
_SIGNING_TIME = "1.2.840.113549.1.9.5"
_SIGNING_CERTIFICATE = "1.2.840.113549.1.9.16.2.12"
_SIGNING_CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.47"
_SIGNATURE_TIME_STAMP = "1.2.840.113549.1.9.16.2.14"
_ALGORITHM_PROTECTION = "1.2.840.113549.1.9.52"


@dataclass(frozen=True, slots=True)
class SignerFacts:
    """What a good CMS signature says. Nothing here is trusted yet: see ``evidence.stamp.chain``.

    Attributes:
        certificate: The one whose key made the signature; the signature covers its digest.
        others: The other certificates, in the order of the file: hints, since no signature covers them.
        signature: The signature value, which a signature time stamp covers.
        signing_time: What the signer claims, aware UTC.
        timestamp_tokens: DER of each signature time-stamp token, not read yet (RFC 3161, appendix A).
        content_type: Dotted; ``ID_DATA`` or ``ID_TST_INFO``.
        content: The signed content, detached or not.
        lists: DER of each revocation list beside it, not read yet: hints, since no signature covers them.
        other_revocation: Whether there is revocation information of another kind.
    """

    certificate: Certificate
    others: tuple[Certificate, ...]
    signature: bytes
    signing_time: datetime | None
    timestamp_tokens: tuple[bytes, ...]
    content_type: str
    content: bytes
    lists: tuple[bytes, ...]
    other_revocation: bool


@dataclass(frozen=True, slots=True)
class _CertificateId:
    """ESSCertID or ESSCertIDv2 (RFC 5035, sections 4 and 5)."""

    algorithm: str
    digest: bytes
    issuer: bytes | None
    serial: int | None


@dataclass(frozen=True, slots=True)
class _Signer:
    """One SignerInfo (RFC 5652, 5.3) as plain values; ``attributes`` is the SET OF that was signed."""

    version: int
    key_identifier: bytes | None
    issuer: bytes | None
    serial: int | None
    digest_oid: str
    algorithm: SignatureAlgorithm
    attributes: bytes
    content_type: str
    message_digest: bytes
    signing_time: datetime | None
    certificate_ids: tuple[_CertificateId, ...]
    protected: tuple[str, str] | None
    signature: bytes
    timestamp_tokens: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class _SignedData:
    """SignedData (RFC 5652, 5.1) as plain values."""

    version: int
    lists: tuple[bytes, ...]
    other_revocation: bool
    digest_oids: tuple[str, ...]
    content_type: str
    content: bytes | None
    certificates: tuple[bytes, ...]
    signer: _Signer


def verify_signed_data(*, signed_data: bytes, content: bytes | None) -> SignerFacts:
    """Check a CMS signature with signed attributes; say whose key made it.

    1. The bytes are DER (but for the order of sets) and hold one SignedData with one signer.
    2. The version numbers and the digest algorithm agree with what is inside (5.1, 5.3).
    3. messageDigest and contentType are those of the content (5.4, 11.1, 11.2).
    4. signingCertificate or signingCertificateV2 names a certificate inside, and so does the
       signer identifier (RFC 5035); cmsAlgorithmProtection, if there, agrees (RFC 6211).
    5. The signature over the signed attributes is good (5.6).

    The caller must still check that the certificate leads to a root (``chain_to_root``), that
    it may sign such content, that it was not revoked, and the time-stamp tokens.

    No signature covers these, so a change goes unnoticed: unsigned attributes, CRLs, certificates
    other than the signer's, and which of its two names RSA with a digest goes by (RFC 3370, 3.2).

    Args:
        signed_data: DER of a ContentInfo.
        content: The detached content, or None if it lies inside.

    Raises:
        SignedDataError: Any of the above does not hold.
    """
    # (1) the outline, then the structure
    parsed = _parse(signed_data)
    signer = parsed.signer
    signed_content = _signed_content(parsed, content)
    # (2) what nothing signs must at least agree
    _require_versions(parsed)
    if parsed.digest_oids != (signer.digest_oid,):
        raise SignedDataError("signed_data.another_digest", expected=signer.digest_oid)
    # (3) what is signed is this content
    _require_same("contentType", parsed.content_type.encode(), signer.content_type.encode())
    _require_same(
        "messageDigest", hashlib.new(signer.algorithm.digest.name, signed_content).digest(), signer.message_digest
    )
    # (4) by the holder of this certificate
    der = _signer_certificate(parsed.certificates, signer)
    if signer.protected is not None and signer.protected != (signer.digest_oid, signer.algorithm.oid):
        raise SignedDataError("signed_data.protection_names_others", found=", ".join(signer.protected))
    certificate = _load(der)
    # (5) with this key
    verify_signature(
        key=certificate.key, algorithm=signer.algorithm, signature=signer.signature, signed=signer.attributes
    )
    return SignerFacts(
        certificate=certificate,
        others=tuple(_load(other) for other in parsed.certificates if other != der),
        signature=signer.signature,
        signing_time=signer.signing_time,
        timestamp_tokens=signer.timestamp_tokens,
        content_type=parsed.content_type,
        content=signed_content,
        lists=parsed.lists,
        other_revocation=parsed.other_revocation,
    )


# --- reading


def _parse(signed_data: bytes) -> _SignedData:
    require_der(signed_data)
    with parsing(Term("what.signature_file")):
        info = read_as(cms.ContentInfo, signed_data)
        if info["content_type"].dotted != ID_SIGNED_DATA:
            raise SignedDataError(
                "signed_data.not_signed_data", expected=ID_SIGNED_DATA, found=info["content_type"].dotted
            )
        data = info["content"]
        version = _version(data)
        encapsulated = _encapsulated(data)
        return _SignedData(
            version=version,
            lists=_lists(data),
            other_revocation=any(crl.name == "other" for crl in data["crls"]),
            digest_oids=tuple(plain_oid(algorithm) for algorithm in data["digest_algorithms"]),
            content_type=encapsulated[0],
            content=encapsulated[1],
            certificates=_certificates(data),
            signer=_signer(_only(data["signer_infos"], "signerInfo")),
        )


def _version(structure: Asn1) -> int:
    return int.from_bytes(structure["version"].contents, "big", signed=True)


def _encapsulated(data: Asn1) -> tuple[str, bytes | None]:
    # parsed again: for version 1, asn1crypto would take PKCS #7's structure instead
    encapsulated = read_as(cms.EncapsulatedContentInfo, data["encap_content_info"].dump())
    content = encapsulated["content"]
    return encapsulated["content_type"].dotted, None if isinstance(content, Void) else bytes(content)


def _certificates(data: Asn1) -> tuple[bytes, ...]:
    choices = data["certificates"]
    if len(choices) > MAX_CERTIFICATES:
        raise SignedDataError("signed_data.too_many_certificates", limit=MAX_CERTIFICATES, found=str(len(choices)))
    if any(choice.name != "certificate" for choice in choices):
        raise SignedDataError("signed_data.not_certificates")
    return tuple(choice.chosen.dump() for choice in choices)


def _lists(data: Asn1) -> tuple[bytes, ...]:
    choices = data["crls"]
    if len(choices) > MAX_LISTS:
        raise SignedDataError("signed_data.too_many_lists", limit=MAX_LISTS, found=str(len(choices)))
    return tuple(choice.chosen.dump() for choice in choices if choice.name == "crl")


def _signer(info: Asn1) -> _Signer:
    raw = info["signed_attrs"]
    if isinstance(raw, Void):
        raise SignedDataError("signed_data.no_signed_attributes")
    attributes = _by_type(raw)
    times = attributes.get(_SIGNING_TIME)
    issuer, serial, key_identifier = _signer_identifier(info["sid"])
    digest_oid = plain_oid(info["digest_algorithm"])
    if digest_oid not in DIGESTS:
        raise SignedDataError("signed_data.digest_not_accepted", found=digest_oid)
    return _Signer(
        version=_version(info),
        key_identifier=key_identifier,
        issuer=issuer,
        serial=serial,
        digest_oid=digest_oid,
        algorithm=read_algorithm(info["signature_algorithm"], digest_oid=digest_oid),
        # the signature covers a SET OF, not the [0] of the file (5.4), in the order received
        attributes=element(0x31, raw.contents),
        content_type=_only(_required(attributes, _CONTENT_TYPE), "contentType").dotted,
        message_digest=bytes(_only(_required(attributes, _MESSAGE_DIGEST), "messageDigest")),
        signing_time=None if times is None else _moment(_only(times, "signingTime")),
        certificate_ids=_certificate_ids(attributes),
        protected=_protected(attributes),
        signature=bytes(info["signature"]),
        timestamp_tokens=_timestamp_tokens(info["unsigned_attrs"]),
    )


def _only(values: Asn1, what: str) -> Asn1:
    if len(values) != 1:
        raise SignedDataError("signed_data.not_one", what=what, found=str(len(values)))
    return values[0]


def _by_type(attributes: Asn1) -> dict[str, Asn1]:
    """Attribute values by dotted type, each type once (RFC 5652, 5.3)."""
    values = {attribute["type"].dotted: attribute["values"] for attribute in attributes}
    if len(values) != len(attributes):
        raise SignedDataError("signed_data.attribute_doubled")
    return values


def _required(attributes: Mapping[str, Asn1], oid: str) -> Asn1:
    if oid not in attributes:
        raise SignedDataError("signed_data.attribute_missing", expected=oid)
    return attributes[oid]


def _moment(time: Asn1) -> datetime:
    moment = time.native
    if not isinstance(moment, datetime) or moment.tzinfo is None:
        raise SignedDataError("signed_data.signing_time_impossible")
    return moment


def _signer_identifier(sid: Asn1) -> tuple[bytes | None, int | None, bytes | None]:
    if sid.name == "subject_key_identifier":
        return None, None, bytes(sid.chosen)
    return sid.chosen["issuer"].dump(), sid.chosen["serial_number"].native, None


def _certificate_ids(attributes: Mapping[str, Asn1]) -> tuple[_CertificateId, ...]:
    """The first identifier of each signing certificate attribute: the signer's own (RFC 5035, 5.4.1)."""
    found = []
    if _SIGNING_CERTIFICATE_V2 in attributes:
        attribute = _only(attributes[_SIGNING_CERTIFICATE_V2], "signingCertificateV2")
        identifier = attribute["certs"][0]
        found.append(_certificate_id(identifier, plain_oid(identifier["hash_algorithm"])))
    if _SIGNING_CERTIFICATE in attributes:
        attribute = _only(attributes[_SIGNING_CERTIFICATE], "signingCertificate")
        found.append(_certificate_id(attribute["certs"][0], None))
    if not found:
        raise SignedDataError("signed_data.signing_certificate_missing")
    return tuple(found)


def _certificate_id(identifier: Asn1, digest_oid: str | None) -> _CertificateId:
    if digest_oid is not None and digest_oid not in DIGESTS:
        raise SignedDataError("signed_data.certificate_digest_not_accepted", found=digest_oid)
    # RFC 2634 fixed SHA-1 for the first form; its weakness is collisions, and forging this needs a second preimage
    algorithm = "sha1" if digest_oid is None else DIGESTS[digest_oid].name
    issuer_serial = identifier["issuer_serial"]
    if isinstance(issuer_serial, Void):
        return _CertificateId(algorithm, bytes(identifier["cert_hash"]), None, None)
    issuer = _only(issuer_serial["issuer"], "issuerSerial.issuer")
    if issuer.name != "directory_name":
        raise SignedDataError("signed_data.issuer_no_name", found=issuer.name)
    return _CertificateId(
        algorithm, bytes(identifier["cert_hash"]), issuer.chosen.untag().dump(), issuer_serial["serial_number"].native
    )


def _protected(attributes: Mapping[str, Asn1]) -> tuple[str, str] | None:
    if _ALGORITHM_PROTECTION not in attributes:
        return None
    protection = _only(attributes[_ALGORITHM_PROTECTION], "cmsAlgorithmProtection")
    if isinstance(protection["signature_algorithm"], Void):
        raise SignedDataError("signed_data.protection_names_none")
    return (
        protection["digest_algorithm"]["algorithm"].dotted,
        protection["signature_algorithm"]["algorithm"].dotted,
    )


def _timestamp_tokens(attributes: Asn1) -> tuple[bytes, ...]:
    return tuple(
        token.dump()
        for attribute in attributes
        if attribute["type"].dotted == _SIGNATURE_TIME_STAMP
        for token in attribute["values"]
    )


# --- checking


def _signed_content(parsed: _SignedData, content: bytes | None) -> bytes:
    if content is not None and parsed.content is not None:
        raise SignedDataError("signed_data.content_twice")
    if parsed.content_type not in (ID_DATA, ID_TST_INFO):
        raise SignedDataError("signed_data.another_content_type", found=parsed.content_type)
    signed = content if content is not None else parsed.content
    if signed is None:
        raise SignedDataError("signed_data.content_missing")
    return signed


def _require_versions(parsed: _SignedData) -> None:
    """RFC 5652, 5.1 and 5.3; attribute certificates were refused earlier."""
    signer_version = 1 if parsed.signer.key_identifier is None else 3
    plain = parsed.content_type == ID_DATA and signer_version == 1
    version = 5 if parsed.other_revocation else 1 if plain else 3
    if (parsed.version, parsed.signer.version) != (version, signer_version):
        raise SignedDataError(
            "signed_data.versions_do_not_fit",
            version=version,
            signer_version=signer_version,
            found=parsed.version,
            signer_found=parsed.signer.version,
        )


def _require_same(what: str, expected: bytes, found: bytes) -> None:
    if not hmac.compare_digest(expected, found):
        raise SignedDataError("signed_data.not_of_the_content", what=what)


def _signer_certificate(certificates: Sequence[bytes], signer: _Signer) -> bytes:
    """DER of the certificate that every signing certificate attribute and the identifier name."""
    if not certificates:
        raise SignedDataError("signed_data.no_certificate")
    named = [der for der in dict.fromkeys(certificates) if all(_names(one, der) for one in signer.certificate_ids)]
    if len(named) != 1:
        raise SignedDataError("signed_data.signing_certificate_not_inside")
    certificate = _load(named[0])
    if signer.key_identifier is not None:
        same = certificate.key_identifier == signer.key_identifier
    else:
        same = _is(certificate, signer.issuer, signer.serial)
    if not same:
        raise SignedDataError("signed_data.signer_is_another")
    return named[0]


def _names(identifier: _CertificateId, der: bytes) -> bool:
    if hashlib.new(identifier.algorithm, der).digest() != identifier.digest:
        return False
    if identifier.issuer is None:
        return True
    return _is(_load(der), identifier.issuer, identifier.serial)


def _is(certificate: Certificate, issuer: bytes | None, serial: int | None) -> bool:
    # byte for byte: no signature covers the signer identifier, and no byte of it may change unnoticed
    return (certificate.issuer, certificate.serial) == (issuer, serial)


def _load(der: bytes) -> Certificate:
    try:
        return parse_certificate(der)
    except CertificateError as error:
        raise SignedDataError("signed_data.certificate_malformed", cause=error) from error
