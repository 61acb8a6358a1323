"""Certificates (RFC 5280, 4), read by what they say.

cryptography refuses to load a certificate that has a sign too many in a PrintableString, and
well-known offices have such ones; so certificates are read with asn1crypto, and cryptography does
the mathematics. A certificate is its bytes: two are equal if those are. Pure.
"""

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import TypeAlias

from asn1crypto import pem
from asn1crypto import x509 as asn1_x509
from asn1crypto.core import Boolean, ObjectIdentifier, OctetString, Sequence, SequenceOf, Void
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from config.errors import Term
from evidence.errors import CertificateError, SignedDataError
from evidence.stamp.names import GeneralName, common_name, general_name, name_text
from evidence.stamp.reading import Asn1, parsing, read_as

_UNARMOR: Asn1 = pem.unarmor
_BASIC_CONSTRAINTS = "2.5.29.19"
_KEY_USAGE = "2.5.29.15"
_EXTENDED_KEY_USAGE = "2.5.29.37"
_NAME_CONSTRAINTS = "2.5.29.30"
_SUBJECT_ALT_NAME = "2.5.29.17"
_SUBJECT_KEY_IDENTIFIER = "2.5.29.14"
_AUTHORITY_KEY_IDENTIFIER = "2.5.29.35"
_DISTRIBUTION_POINTS = "2.5.29.31"


@dataclass(frozen=True, slots=True)
class Extension:
    """One extension; ``value`` is what lies in its OCTET STRING."""

    critical: bool
    value: bytes


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate as plain values; nothing of it is trusted yet.

    Attributes:
        der: All of it.
        subject: DER of the Name; likewise ``issuer``.
        serial: Positive.
        not_before: Aware UTC; likewise ``not_after``, both inclusive.
        key: DER of the SubjectPublicKeyInfo.
        tbs: The part that the issuer signed.
        algorithm: DER of the issuer's signature algorithm.
        signature: The issuer's.
        extensions: By dotted name.
    """

    der: bytes
    subject: bytes = field(compare=False, repr=False)
    issuer: bytes = field(compare=False, repr=False)
    serial: int = field(compare=False)
    not_before: datetime = field(compare=False)
    not_after: datetime = field(compare=False)
    key: bytes = field(compare=False, repr=False)
    tbs: bytes = field(compare=False, repr=False)
    algorithm: bytes = field(compare=False, repr=False)
    signature: bytes = field(compare=False, repr=False)
    extensions: dict[str, Extension] = field(compare=False, repr=False)

    @property
    def name(self) -> str:
        """The subject's common name, or the whole name if it has none."""
        return common_name(self.subject) or name_text(self.subject)

    @property
    def issuer_text(self) -> str:
        """The issuer's name for people."""
        return name_text(self.issuer)

    @property
    def is_authority(self) -> bool | None:
        """What basicConstraints says of it; None where there are none."""
        value = self._value(_BASIC_CONSTRAINTS, asn1_x509.BasicConstraints)
        return None if value is None else bool(value["ca"].native)

    @property
    def path_length(self) -> int | None:
        """How many authorities may stand below it; None for any number."""
        value = self._value(_BASIC_CONSTRAINTS, asn1_x509.BasicConstraints)
        length = None if value is None else value["path_len_constraint"].native
        return None if length is None else int(length)

    @property
    def usages(self) -> frozenset[str] | None:
        """What the key may do, as asn1crypto names it; None where no key usage says so."""
        value = self._value(_KEY_USAGE, asn1_x509.KeyUsage)
        return None if value is None else frozenset(value.native)

    @property
    def purposes(self) -> tuple[str, ...] | None:
        """Dotted extended key usages; None where there are none."""
        value = self._value(_EXTENDED_KEY_USAGE, asn1_x509.ExtKeyUsageSyntax)
        return None if value is None else tuple(one.dotted for one in value)

    @property
    def purposes_critical(self) -> bool:
        """Whether the extended key usage is critical."""
        there = self.extensions.get(_EXTENDED_KEY_USAGE)
        return there is not None and there.critical

    @property
    def alternatives(self) -> tuple[GeneralName, ...]:
        """The names of the SubjectAltName extension."""
        value = self._value(_SUBJECT_ALT_NAME, asn1_x509.GeneralNames)
        with self._reading():
            return () if value is None else tuple(general_name(one) for one in value)

    @property
    def name_constraints(self) -> Asn1:
        """What names an authority may issue for, as asn1crypto reads it; None where it may any."""
        return self._value(_NAME_CONSTRAINTS, asn1_x509.NameConstraints)

    @property
    def distribution_points(self) -> Asn1:
        """Where revocation lists of its issuer are to be had, as asn1crypto reads it; empty where it does not say."""
        return self._value(_DISTRIBUTION_POINTS, asn1_x509.CRLDistributionPoints) or ()

    @property
    def key_identifier(self) -> bytes | None:
        """The subject key identifier."""
        value = self._value(_SUBJECT_KEY_IDENTIFIER, OctetString)
        return None if value is None else bytes(value)

    def may_be_issued_by(self, other: "Certificate") -> bool:
        """Whether the authority key identifier, as far as there is one, is of ``other`` (RFC 5280, 4.2.1.1)."""
        value = self._value(_AUTHORITY_KEY_IDENTIFIER, asn1_x509.AuthorityKeyIdentifier)
        if value is None:
            return True
        with self._reading():
            key, serial = value["key_identifier"], value["authority_cert_serial_number"]
            wrong_key = not isinstance(key, Void) and other.key_identifier not in (None, bytes(key))
            return not wrong_key and (isinstance(serial, Void) or serial.native == other.serial)

    def _value(self, oid: str, kind: Asn1) -> Asn1:
        there = self.extensions.get(oid)
        if there is None:
            return None
        with self._reading():
            value = read_as(kind, there.value)
            _ = value.native  # asn1crypto reads fields late, and what is malformed inside must show here
            return value

    def _reading(self) -> "_ExtensionErrors":
        return _ExtensionErrors(self)


class _ExtensionErrors:
    """Turns what is raised about a malformed extension into our error."""

    def __init__(self, certificate: Certificate) -> None:
        self._certificate = certificate

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, ValueError | TypeError | LookupError | OverflowError | AttributeError):
            raise CertificateError("certificate.extensions_malformed", where=self._certificate.name) from error


class _PlainExtension(Sequence):
    """An extension whose value is not looked into: asn1crypto's own reads it at once."""

    _fields = [  # noqa: RUF012 - asn1crypto's form
        ("extn_id", ObjectIdentifier),
        ("critical", Boolean, {"default": False}),
        ("extn_value", OctetString),
    ]


class _PlainExtensions(SequenceOf):
    _child_spec = _PlainExtension


_ALL: Asn1 = _PlainExtensions

AnyCertificate: TypeAlias = Certificate | x509.Certificate
"""Ours, or as cryptography makes and reads them."""


@lru_cache(maxsize=512)
def parse_certificate(der: bytes) -> Certificate:
    """Read one certificate (RFC 5280, 4).

    Raises:
        SignedDataError: It is malformed, or its serial number is not positive (RFC 5280, 4.1.2.2).
        CertificateError: An extension is there twice.
    """
    with parsing(Term("what.certificate")):
        whole = read_as(asn1_x509.Certificate, der)
        tbs = whole["tbs_certificate"]
        if tbs["signature"].dump() != whole["signature_algorithm"].dump():
            raise SignedDataError("signed_data.two_signature_algorithms")
        if tbs["serial_number"].native <= 0:
            raise SignedDataError("signed_data.serial_not_positive")
        extensions = () if isinstance(tbs["extensions"], Void) else _ALL.load(tbs["extensions"].untag().dump())
        made = Certificate(
            der=der,
            subject=tbs["subject"].dump(),
            issuer=tbs["issuer"].dump(),
            serial=tbs["serial_number"].native,
            not_before=_moment(tbs["validity"]["not_before"]),
            not_after=_moment(tbs["validity"]["not_after"]),
            key=tbs["subject_public_key_info"].dump(),
            tbs=tbs.dump(),
            algorithm=whole["signature_algorithm"].dump(),
            signature=bytes(whole["signature_value"]),
            extensions={
                one["extn_id"].dotted: Extension(bool(one["critical"].native), bytes(one["extn_value"]))
                for one in extensions
            },
        )
        _ = made.name, made.issuer_text  # every certificate needs names that can be read
        if len(made.extensions) != len(extensions):
            raise CertificateError("certificate.extensions_malformed", where=made.name)
        return made


def certificate_of(given: AnyCertificate) -> Certificate:
    """A certificate of another library as plain values."""
    return given if isinstance(given, Certificate) else parse_certificate(given.public_bytes(Encoding.DER))


def certificates_of(given: Iterable[AnyCertificate]) -> tuple[Certificate, ...]:
    """Certificates of another library as plain values, in their order."""
    return tuple(map(certificate_of, given))


def fingerprint(certificate: AnyCertificate) -> str:
    """Lower hex SHA-256 of a certificate, by which people compare it."""
    return hashlib.sha256(certificate_of(certificate).der).hexdigest()


def read_pem(data: bytes) -> tuple[Certificate, ...]:
    """Every certificate of a PEM file, in its order; what else is in it is passed over.

    Raises:
        SignedDataError: There is none, or one is malformed.
    """
    with parsing(Term("what.pem_file")):
        ders = [der for kind, _, der in _UNARMOR(data, multiple=True) if kind == "CERTIFICATE"]
    if not ders:
        raise SignedDataError("signed_data.not_pem")
    return tuple(map(parse_certificate, ders))


def encode_pem(certificate: Certificate) -> bytes:
    """The one PEM file of a certificate (RFC 7468): lines of 64 characters, nothing beside."""
    body = base64.b64encode(certificate.der).decode("ascii")
    lines = [body[at : at + 64] for at in range(0, len(body), 64)]
    return "\n".join(["-----BEGIN CERTIFICATE-----", *lines, "-----END CERTIFICATE-----", ""]).encode("ascii")


def _moment(time: Asn1) -> datetime:
    moment = time.native
    if not isinstance(moment, datetime) or moment.tzinfo is None:
        raise ValueError("not a time of this era")
    return moment
