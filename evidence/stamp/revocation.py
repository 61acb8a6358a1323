"""Certificate revocation lists (RFC 5280, section 5): read by what they say, and checked under their issuer.

Pure: no clock, no network. What a list means for a certificate at a time is for the caller to say, who knows what
the certificate was used for. Only whole lists of an issuer's own certificates are taken, with an end: no delta, no
list on behalf of others, none that is limited to some reasons.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

from asn1crypto import algos, crl
from asn1crypto import x509 as asn1_x509
from asn1crypto.core import Void

from config.errors import Term
from evidence.errors import CertificateError, SignedDataError
from evidence.stamp.algorithms import read_algorithm, verify_signature
from evidence.stamp.certificate import Certificate
from evidence.stamp.der import require_der
from evidence.stamp.names import canonical, name_text
from evidence.stamp.reading import Asn1, parsing, read_as

MAX_LIST_BYTES = 256 * 1024
MAX_LISTS = 64

_AUTHORITY_KEY_IDENTIFIER = "2.5.29.35"
_CRL_NUMBER = "2.5.29.20"
_DISTRIBUTION_POINT = "2.5.29.28"
_NO_REVOCATION = "2.5.29.56"
_LIMITS = ("indirect_crl", "only_contains_attribute_certs")


@dataclass(frozen=True, slots=True)
class Revoked:
    """An entry of a list.

    Attributes:
        reason: As asn1crypto names it (RFC 5280, 5.3.1); None where the entry gives none.
    """

    at: datetime
    reason: str | None


@dataclass(frozen=True, slots=True)
class RevocationList:
    """A list as plain values; nothing of it is trusted yet. Two are equal if their bytes are.

    Attributes:
        issuer: DER of the Name.
        this_update: When it was made, aware UTC; ``next_update`` is its end.
        entries: What is revoked, by serial number.
        scope: DER of its issuing distribution point, empty where it is for every certificate of its issuer.
    """

    der: bytes
    issuer: bytes = field(compare=False, repr=False)
    this_update: datetime = field(compare=False)
    next_update: datetime = field(compare=False)
    entries: Mapping[int, Revoked] = field(compare=False, repr=False)
    scope: bytes = field(compare=False, repr=False)
    tbs: bytes = field(compare=False, repr=False)
    algorithm: bytes = field(compare=False, repr=False)
    signature: bytes = field(compare=False, repr=False)

    @property
    def issuer_text(self) -> str:
        """The issuer's name for people."""
        return name_text(self.issuer)

    def names(self, issuer: Certificate) -> bool:
        """Whether the list says that it is of ``issuer``."""
        return canonical(self.issuer) == canonical(issuer.subject)

    def covers(self, certificate: Certificate) -> bool:
        """Whether the list speaks of ``certificate``, which its issuer issued (RFC 5280, 5.2.5 and 6.3.3 (b))."""
        if not self.scope:
            return True
        point = read_as(crl.IssuingDistributionPoint, self.scope)
        if point["only_contains_ca_certs" if not certificate.is_authority else "only_contains_user_certs"].native:
            return False
        named = _locations(point["distribution_point"])
        return not named or not named.isdisjoint(addresses_in(certificate))


@lru_cache(maxsize=128)
def read_list(der: bytes) -> RevocationList:
    """Read one revocation list.

    Raises:
        SignedDataError: It is not DER, is malformed, or is too long.
        CertificateError: It is no whole list, or has no end.
    """
    if len(der) > MAX_LIST_BYTES:
        raise SignedDataError("signed_data.list_too_long", limit=MAX_LIST_BYTES, found=len(der))
    require_der(der)
    with parsing(Term("what.revocation_list")):
        whole = read_as(crl.CertificateList, der)
        tbs = whole["tbs_cert_list"]
        if tbs["signature"].dump() != whole["signature_algorithm"].dump():
            raise SignedDataError("signed_data.two_signature_algorithms")
        issuer = tbs["issuer"].dump()
        scope = _scope(tbs["crl_extensions"], where=name_text(issuer))
        if isinstance(tbs["next_update"], Void):
            raise CertificateError("certificate.list_without_end", where=name_text(issuer))
        return RevocationList(
            der=der,
            issuer=issuer,
            this_update=tbs["this_update"].native,
            next_update=tbs["next_update"].native,
            entries=dict(_entries(tbs["revoked_certificates"], where=name_text(issuer))),
            scope=scope,
            tbs=tbs.dump(),
            algorithm=whole["signature_algorithm"].dump(),
            signature=bytes(whole["signature"]),
        )


def require_listed(found: RevocationList, *, by: Certificate) -> None:
    """Check that ``by`` made the revocation list: by name, right to sign, key, and an algorithm of the list.

    Raises:
        CertificateError: It did not.
    """
    if not found.names(by) or "crl_sign" not in (by.usages or ()):
        raise CertificateError("certificate.list_of_no_issuer", where=found.issuer_text)
    try:
        with parsing(Term("what.signature_algorithm")):
            algorithm = read_algorithm(read_as(algos.SignedDigestAlgorithm, found.algorithm))
        verify_signature(key=by.key, algorithm=algorithm, signature=found.signature, signed=found.tbs)
    except SignedDataError as error:
        raise CertificateError("certificate.list_not_signed", where=found.issuer_text, cause=error) from error


def cannot_be_revoked(certificate: Certificate) -> bool:
    """Whether a certificate says that nobody will ever tell of its revocation (noRevAvail, RFC 9608)."""
    return _NO_REVOCATION in certificate.extensions


def addresses_in(certificate: Certificate) -> frozenset[str]:
    """Where a certificate says that revocation lists of its issuer are to be had (RFC 5280, 4.2.1.13).

    Raises:
        CertificateError: The extension is malformed.
    """
    return frozenset(name for point in certificate.distribution_points for name in _locations(point))


def _locations(point: Asn1) -> frozenset[str]:
    """The addresses of a DistributionPointName, or of a DistributionPoint that has one."""
    if isinstance(point, asn1_x509.DistributionPoint):
        point = point["distribution_point"]
    if isinstance(point, Void) or point.name != "full_name":
        return frozenset()
    return frozenset(str(name.native) for name in point.chosen if name.name == "uniform_resource_identifier")


def _scope(extensions: Asn1, *, where: str) -> bytes:
    scope = b""
    for extension in extensions if not isinstance(extensions, Void) else ():
        oid = extension["extn_id"].dotted
        if oid == _DISTRIBUTION_POINT:
            scope = bytes(extension["extn_value"])
            point = read_as(crl.IssuingDistributionPoint, scope)
            if any(point[name].native for name in _LIMITS) or not isinstance(point["only_some_reasons"], Void):
                raise CertificateError("certificate.list_not_whole", where=where, found=oid)
        elif extension["critical"].native and oid not in (_AUTHORITY_KEY_IDENTIFIER, _CRL_NUMBER):
            raise CertificateError("certificate.list_not_whole", where=where, found=oid)
    return scope


def _entries(listed: Asn1, *, where: str) -> Iterable[tuple[int, Revoked]]:
    for entry in listed if not isinstance(listed, Void) else ():
        reason = None
        for extension in entry["crl_entry_extensions"] if not isinstance(entry["crl_entry_extensions"], Void) else ():
            if extension["extn_id"].native == "crl_reason":
                reason = str(extension["extn_value"].parsed.native)
            elif extension["critical"].native:
                raise CertificateError("certificate.list_not_whole", where=where, found=extension["extn_id"].dotted)
        yield entry["user_certificate"].native, Revoked(entry["revocation_date"].native, reason)
