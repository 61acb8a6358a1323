"""CMS signatures (RFC 5652) and the certificate chains behind them (RFC 5280, section 6).

Pure: no clock, no network, no trust store of its own. A signature and the trust in its
signer are two steps, and the caller takes both: ``verify_signed_data`` says which
certificate's key made the signature, ``chain_to_root`` leads from that certificate to a root that
the caller got by other means than the file under test. Neither checks revocation: whoever holds
CRLs or OCSP answers checks them separately.

Beyond RFC 5652, it requires what RFC 3161 and CAdES both ask: one signer, signed attributes, and
the signer's certificate named inside them by its digest. It needs only asn1crypto, cryptography and
the standard library, because the offline verifier carries it.
"""

import hashlib
import hmac
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from asn1crypto import cms, tsp
from asn1crypto import x509 as asn1_x509
from asn1crypto.core import Null, Void
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.utils import CryptographyDeprecationWarning

from evidence.errors import CertificateError, SignedDataError
from evidence.stamp.der import element, require_der

# importing asn1crypto.tsp is what teaches asn1crypto.cms the signing certificate attributes
_SIGNING_CERTIFICATE_FORMS = (tsp.SigningCertificate, tsp.SigningCertificateV2)

Asn1: TypeAlias = Any  # a value of asn1crypto, which has no types

ID_DATA = "1.2.840.113549.1.7.1"
ID_SIGNED_DATA = "1.2.840.113549.1.7.2"
ID_TST_INFO = "1.2.840.113549.1.9.16.1.4"

MAX_CERTIFICATES = 64
MAX_PATH = 8
MIN_RSA_BITS = 2048
MIN_EC_BITS = 256

_CONTENT_TYPE = "1.2.840.113549.1.9.3"
_MESSAGE_DIGEST = "1.2.840.113549.1.9.4"
_SIGNING_TIME = "1.2.840.113549.1.9.5"
_SIGNING_CERTIFICATE = "1.2.840.113549.1.9.16.2.12"
_SIGNING_CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.47"
_SIGNATURE_TIME_STAMP = "1.2.840.113549.1.9.16.2.14"
_ALGORITHM_PROTECTION = "1.2.840.113549.1.9.52"

_DIGESTS: Mapping[str, hashes.HashAlgorithm] = {
    "2.16.840.1.101.3.4.2.1": hashes.SHA256(),
    "2.16.840.1.101.3.4.2.2": hashes.SHA384(),
    "2.16.840.1.101.3.4.2.3": hashes.SHA512(),
}
_RSA = "1.2.840.113549.1.1.1"  # the digest is the SignerInfo's own (RFC 3370, 3.2)
_RSA_PSS = "1.2.840.113549.1.1.10"
_MGF1 = "1.2.840.113549.1.1.8"
_ED25519 = "1.3.101.112"
_RSA_WITH = {
    "1.2.840.113549.1.1.11": "sha256",
    "1.2.840.113549.1.1.12": "sha384",
    "1.2.840.113549.1.1.13": "sha512",
}
_ECDSA_WITH = {
    "1.2.840.10045.4.3.2": "sha256",
    "1.2.840.10045.4.3.3": "sha384",
    "1.2.840.10045.4.3.4": "sha512",
}
_MAX_SALT_BYTES = 64

# Extensions that this module applies, or that limit nothing it does. Any other critical one, such
# as name constraints, makes it refuse the chain (RFC 5280, 4.2).
_KNOWN_EXTENSIONS = frozenset(
    {
        x509.BasicConstraints.oid,
        x509.KeyUsage.oid,
        x509.ExtendedKeyUsage.oid,
        x509.SubjectAlternativeName.oid,
        x509.CertificatePolicies.oid,
    }
)


@dataclass(frozen=True, slots=True)
class SignerFacts:
    """What a good CMS signature says. Nothing here is trusted yet: see ``chain_to_root``.

    Attributes:
        certificate: The one whose key made the signature; the signature covers its digest.
        others: The other certificates, in the order of the file: hints, since no signature covers them.
        signature: The signature value, which a signature time stamp covers.
        signing_time: What the signer claims, aware UTC.
        timestamp_tokens: DER of each signature time-stamp token, not read yet (RFC 3161, appendix A).
        content_type: Dotted; ``ID_DATA`` or ``ID_TST_INFO``.
        content: The signed content, detached or not.
    """

    certificate: x509.Certificate
    others: tuple[x509.Certificate, ...]
    signature: bytes
    signing_time: datetime | None
    timestamp_tokens: tuple[bytes, ...]
    content_type: str
    content: bytes


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
    digest: hashes.HashAlgorithm
    digest_oid: str
    algorithm: str
    pss_salt_bytes: int | None
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
    _require_same("messageDigest", hashlib.new(signer.digest.name, signed_content).digest(), signer.message_digest)
    # (4) by the holder of this certificate
    der = _signer_certificate(parsed.certificates, signer)
    if signer.protected is not None and signer.protected != (signer.digest_oid, signer.algorithm):
        raise SignedDataError("signed_data.protection_names_others", found=", ".join(signer.protected))
    certificate = load_certificate(der)
    # (5) with this key
    _verify_signature(signer, certificate)
    return SignerFacts(
        certificate=certificate,
        others=tuple(load_certificate(other) for other in parsed.certificates if other != der),
        signature=signer.signature,
        signing_time=signer.signing_time,
        timestamp_tokens=signer.timestamp_tokens,
        content_type=parsed.content_type,
        content=signed_content,
    )


def read_as(kind: Asn1, der: bytes) -> Asn1:
    """Read all of ``der`` as an asn1crypto type; it parses its fields on access, inside ``parsing``."""
    return kind.load(der, strict=True)


@contextmanager
def parsing(what: str) -> Iterator[None]:
    """Turn what the ASN.1 libraries raise about malformed bytes into our error.

    Raises:
        SignedDataError: The bytes read inside do not fit their structure.
    """
    try:
        yield
    except (ValueError, TypeError, LookupError, OverflowError, x509.InvalidVersion) as error:
        reason = str(error).strip().partition("\n")[0][:120]
        raise SignedDataError("signed_data.malformed", what=what, found=reason or type(error).__name__) from error


def plain_oid(algorithm: Asn1) -> str:
    """The dotted name of an algorithm that takes no parameters.

    Raises:
        SignedDataError: It has parameters other than NULL.
    """
    if not isinstance(algorithm["parameters"], Void | Null):
        raise SignedDataError("signed_data.parameters_not_taken")
    return str(algorithm["algorithm"].dotted)


def load_certificate(der: bytes) -> x509.Certificate:
    """Read one certificate.

    Raises:
        SignedDataError: It is malformed, or its serial number is not positive (RFC 5280, 4.1.2.2).
    """
    with parsing("a certificate"):
        # checked first, because cryptography only warns of it
        if read_as(asn1_x509.Certificate, der).serial_number <= 0:
            raise SignedDataError("signed_data.serial_not_positive")
        certificate = x509.load_der_x509_certificate(der)
        _ = certificate.subject, certificate.issuer  # cryptography reads these late, and every certificate needs them
        return certificate


# --- reading


def _parse(signed_data: bytes) -> _SignedData:
    require_der(signed_data)
    with parsing("the signature file"):
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
            other_revocation=any(crl.name == "other" for crl in data["crls"]),
            digest_oids=tuple(plain_oid(algorithm) for algorithm in data["digest_algorithms"]),
            content_type=encapsulated[0],
            content=encapsulated[1],
            certificates=_certificates(data),
            signer=_signer(_only(data["signer_infos"], "signer")),
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


def _signer(info: Asn1) -> _Signer:
    raw = info["signed_attrs"]
    if isinstance(raw, Void):
        raise SignedDataError("signed_data.no_signed_attributes")
    attributes = _by_type(raw)
    times = attributes.get(_SIGNING_TIME)
    issuer, serial, key_identifier = _signer_identifier(info["sid"])
    digest_oid = plain_oid(info["digest_algorithm"])
    if digest_oid not in _DIGESTS:
        raise SignedDataError("signed_data.digest_not_accepted", found=digest_oid)
    algorithm, pss_salt_bytes = _signature_algorithm(info["signature_algorithm"], digest_oid)
    return _Signer(
        version=_version(info),
        key_identifier=key_identifier,
        issuer=issuer,
        serial=serial,
        digest=_DIGESTS[digest_oid],
        digest_oid=digest_oid,
        algorithm=algorithm,
        pss_salt_bytes=pss_salt_bytes,
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
    if digest_oid is not None and digest_oid not in _DIGESTS:
        raise SignedDataError("signed_data.certificate_digest_not_accepted", found=digest_oid)
    # RFC 2634 fixed SHA-1 for the first form; its weakness is collisions, and forging this needs a second preimage
    algorithm = "sha1" if digest_oid is None else _DIGESTS[digest_oid].name
    issuer_serial = identifier["issuer_serial"]
    if isinstance(issuer_serial, Void):
        return _CertificateId(algorithm, bytes(identifier["cert_hash"]), None, None)
    issuer = _only(issuer_serial["issuer"], "issuer of the signing certificate")
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


def _signature_algorithm(algorithm: Asn1, digest_oid: str) -> tuple[str, int | None]:
    """Dotted name, and the salt length for PSS, whose every digest must be the signer's."""
    oid = algorithm["algorithm"].dotted
    if oid != _RSA_PSS:
        return plain_oid(algorithm), None
    pss = algorithm["parameters"]
    if isinstance(pss, Void):
        raise SignedDataError("signed_data.pss_without_parameters")
    generator = pss["mask_gen_algorithm"]
    salt_bytes = pss["salt_length"].native
    if (
        plain_oid(pss["hash_algorithm"]) != digest_oid
        or generator["algorithm"].dotted != _MGF1
        or plain_oid(generator["parameters"]) != digest_oid
        or pss["trailer_field"].contents != b"\x01"
        or not 0 <= salt_bytes <= _MAX_SALT_BYTES
    ):
        raise SignedDataError("signed_data.pss_parameters_not_accepted", digest_oid=digest_oid)
    return oid, salt_bytes


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
    with parsing("the signer's certificate"):
        certificate = read_as(asn1_x509.Certificate, named[0])
        if signer.key_identifier is not None:
            same = certificate.key_identifier == signer.key_identifier
        else:
            same = (certificate.issuer.dump(), certificate.serial_number) == (signer.issuer, signer.serial)
    if not same:
        raise SignedDataError("signed_data.signer_is_another")
    return named[0]


def _names(identifier: _CertificateId, der: bytes) -> bool:
    if hashlib.new(identifier.algorithm, der).digest() != identifier.digest:
        return False
    if identifier.issuer is None:
        return True
    with parsing("a certificate"):
        certificate = read_as(asn1_x509.Certificate, der)
        return (certificate.issuer.dump(), certificate.serial_number) == (identifier.issuer, identifier.serial)


def _verify_signature(signer: _Signer, certificate: x509.Certificate) -> None:
    key = _public_key(certificate)
    try:
        _scheme(signer, key)()
    except (InvalidSignature, ValueError, UnsupportedAlgorithm) as error:
        raise SignedDataError("signed_data.wrong_signature", found=type(error).__name__) from error


def _scheme(signer: _Signer, key: object) -> Callable[[], None]:
    """The check of this signature with this key, ready to run.

    Raises:
        SignedDataError: Key and algorithm do not fit, or the key is too short.
    """
    signature, signed, digest, oid = signer.signature, signer.attributes, signer.digest, signer.algorithm
    match key:
        case rsa.RSAPublicKey() if key.key_size >= MIN_RSA_BITS:
            if signer.pss_salt_bytes is not None:
                pss = padding.PSS(padding.MGF1(digest), signer.pss_salt_bytes)
                return lambda: key.verify(signature, signed, pss, digest)
            if oid == _RSA or _RSA_WITH.get(oid) == digest.name:
                return lambda: key.verify(signature, signed, padding.PKCS1v15(), digest)
        case ec.EllipticCurvePublicKey() if key.key_size >= MIN_EC_BITS and _ECDSA_WITH.get(oid) == digest.name:
            return lambda: key.verify(signature, signed, ec.ECDSA(digest))
        case ed25519.Ed25519PublicKey() if oid == _ED25519 and digest.name == "sha512":  # RFC 8419, 3.1
            return lambda: key.verify(signature, signed)
        case _:
            pass
    raise SignedDataError("signed_data.algorithm_and_key_do_not_fit", oid=oid, digest=digest.name)


def _public_key(certificate: x509.Certificate) -> object:
    try:
        return certificate.public_key()
    except (ValueError, UnsupportedAlgorithm) as error:
        raise SignedDataError("signed_data.signer_key_unreadable") from error


# --- chains


def chain_to_root(
    *,
    certificate: x509.Certificate,
    others: Sequence[x509.Certificate],
    roots: Sequence[x509.Certificate],
    at: datetime,
) -> list[x509.Certificate]:
    """The shortest chain from ``certificate`` to one of ``roots``, valid throughout at ``at``.

    Every issuer is a CA that may sign certificates and keeps its path length. No certificate of
    the chain carries a critical extension that is not understood, and none but a root is signed
    with a digest below SHA-256. A root is trusted because it is this very certificate, and must be
    valid too. A ``certificate`` that is itself a root is a chain of one.

    The caller must still check revocation, and what the certificate may be used for.

    Args:
        certificate: Where the chain begins.
        others: Hints in any order, at most ``MAX_CERTIFICATES``; those that do not help are skipped.
        roots: They come from outside the file under test.
        at: Aware.

    Returns:
        From ``certificate`` to the root.

    Raises:
        CertificateError: There is no such chain; the error says what stopped the nearest one.
    """
    if len(others) > MAX_CERTIFICATES:
        raise CertificateError("certificate.too_many_certificates", limit=MAX_CERTIFICATES, found=str(len(others)))
    _require_usable(certificate, at)
    nearest: CertificateError | None = None
    paths, seen = [[certificate]], {certificate}
    # Breadth first, each certificate once: the shortest path to an issuer is also the one that
    # its path length allows most, and hostile cross-signing cannot make the search explode.
    while paths:
        path = paths.pop(0)
        if path[-1] in roots:
            return path
        for issuer in (*roots, *others):
            if issuer in seen or len(path) == MAX_PATH or issuer.subject != path[-1].issuer:
                continue
            try:
                _require_issuer(issuer, path, at)
            except CertificateError as error:
                nearest = nearest or error
                continue
            seen.add(issuer)
            paths.append([*path, issuer])
    raise nearest or CertificateError(
        "certificate.no_trusted_root", where=name_of(certificate), issuer=certificate.issuer.rfc4514_string()
    )


def name_of(certificate: x509.Certificate) -> str:
    """The subject's common name, or the whole name if it has none."""
    names = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return str(names[0].value) if names else certificate.subject.rfc4514_string()


def _require_issuer(issuer: x509.Certificate, path: Sequence[x509.Certificate], at: datetime) -> None:
    issued = path[-1]
    _require_strong(issued)
    try:
        issued.verify_directly_issued_by(issuer)
    except (InvalidSignature, ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise CertificateError(
            "certificate.not_signed_by_issuer", where=name_of(issued), expected=name_of(issuer)
        ) from error
    _require_usable(issuer, at)
    _require_authority(issuer, path)


def _require_strong(certificate: x509.Certificate) -> None:
    try:
        digest = certificate.signature_hash_algorithm
    except UnsupportedAlgorithm as error:
        raise CertificateError("certificate.unknown_algorithm", where=name_of(certificate)) from error
    if digest is not None and digest.digest_size < hashes.SHA256.digest_size:
        raise CertificateError("certificate.weak_digest", where=name_of(certificate), found=digest.name)


def _require_usable(certificate: x509.Certificate, at: datetime) -> None:
    """Valid at ``at``, and nothing critical in it that this module does not understand."""
    if not certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc:
        raise CertificateError(
            "certificate.not_valid_then",
            where=name_of(certificate),
            not_valid_before_utc=f"{certificate.not_valid_before_utc:%Y-%m-%d}",
            not_valid_after_utc=f"{certificate.not_valid_after_utc:%Y-%m-%d}",
            found=f"{at:%Y-%m-%d %H:%M:%S}",
        )
    for extension in extensions_of(certificate):
        if extension.critical and extension.oid not in _KNOWN_EXTENSIONS:
            raise CertificateError(
                "certificate.unknown_critical_extension", where=name_of(certificate), found=extension.oid.dotted_string
            )


def extensions_of(certificate: x509.Certificate) -> x509.Extensions:
    """The certificate's extensions.

    Raises:
        CertificateError: They are malformed or occur twice.
    """
    try:
        return certificate.extensions
    # cryptography only warns of some malformed extensions; here the warning counts as an error
    except (
        ValueError,
        x509.DuplicateExtension,
        x509.UnsupportedGeneralNameType,
        CryptographyDeprecationWarning,
    ) as error:
        raise CertificateError("certificate.extensions_malformed", where=name_of(certificate)) from error


def _require_authority(issuer: x509.Certificate, path: Sequence[x509.Certificate]) -> None:
    extensions = extensions_of(issuer)
    try:
        constraints = extensions.get_extension_for_class(x509.BasicConstraints).value
        usage = extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound as error:
        raise CertificateError("certificate.no_basic_constraints", where=name_of(issuer)) from error
    if not (constraints.ca and usage.key_cert_sign):
        raise CertificateError("certificate.no_authority", where=name_of(issuer))
    # RFC 5280, 4.2.1.9: intermediates below, not counting those that an issuer issued to itself
    below = sum(one.subject != one.issuer for one in path[1:])
    if constraints.path_length is not None and below > constraints.path_length:
        raise CertificateError(
            "certificate.chain_too_long", where=name_of(issuer), expected=str(constraints.path_length), found=str(below)
        )
