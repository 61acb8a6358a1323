"""Certificate chains (RFC 5280, section 6): from a certificate to a root that the caller got by other means.

Pure: no clock, no network, no trust store of its own. It does not check revocation: whoever holds CRLs or OCSP
answers checks them separately.
"""

from collections.abc import Sequence
from datetime import datetime

from asn1crypto import algos

from config.errors import Term
from evidence.errors import CertificateError, SignedDataError
from evidence.stamp.algorithms import read_algorithm, verify_signature
from evidence.stamp.certificate import AnyCertificate, Certificate, certificate_of, certificates_of
from evidence.stamp.names import canonical, names_of, require_permitted
from evidence.stamp.reading import parsing, read_as
from evidence.times import format_time

MAX_CERTIFICATES = 64
MAX_PATH = 8

# Extensions that this module applies, or that limit nothing it does: basic constraints, key usage, extended key usage,
# subject alternative names, certificate policies, name constraints. Any other critical one makes it refuse the
# chain (RFC 5280, 4.2). verify.sh has them under OpenSSL's names.
KNOWN_EXTENSIONS = frozenset({"2.5.29.19", "2.5.29.15", "2.5.29.37", "2.5.29.17", "2.5.29.32", "2.5.29.30"})


def chain_to_root(
    *,
    certificate: AnyCertificate,
    others: Sequence[AnyCertificate],
    roots: Sequence[AnyCertificate],
    at: datetime,
) -> list[Certificate]:
    """The shortest chain from ``certificate`` to one of ``roots``, valid throughout at ``at``.

    Every issuer is a CA that may sign certificates, keeps its path length, and may name what is below it. No
    certificate of the chain carries a critical extension that is not understood, and none but a root is signed with
    an algorithm that is not on the list. A root is trusted because it is this very certificate, and must be
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
    first, trusted = certificate_of(certificate), certificates_of(roots)
    candidates = (*trusted, *certificates_of(others))
    _require_usable(first, at)
    nearest: CertificateError | None = None
    paths, seen = [[first]], {first}
    # Breadth first, each certificate once: the shortest path to an issuer is also the one that
    # its path length allows most, and hostile cross-signing cannot make the search explode.
    while paths:
        path = paths.pop(0)
        if path[-1] in trusted:
            return path
        for issuer in candidates:
            if issuer in seen or len(path) == MAX_PATH or not _names_issuer(path[-1], issuer):
                continue
            try:
                _require_issuer(issuer, path, at)
            except CertificateError as error:
                nearest = nearest or error
                continue
            seen.add(issuer)
            paths.append([*path, issuer])
    raise nearest or CertificateError("certificate.no_trusted_root", where=first.name, issuer=first.issuer_text)


def require_issued(issued: Certificate, *, by: Certificate) -> None:
    """Check a link of a certificate chain: ``by`` signed ``issued``, with an algorithm of the list.

    Raises:
        CertificateError: It did not.
    """
    if not _names_issuer(issued, by):
        raise CertificateError("certificate.not_signed_by_issuer", where=issued.name, expected=by.name)
    try:
        with parsing(Term("what.signature_algorithm")):
            algorithm = read_algorithm(read_as(algos.SignedDigestAlgorithm, issued.algorithm))
    except SignedDataError as error:
        raise CertificateError("certificate.algorithm_not_accepted", where=issued.name, cause=error) from error
    try:
        verify_signature(key=by.key, algorithm=algorithm, signature=issued.signature, signed=issued.tbs)
    except SignedDataError as error:
        raise CertificateError("certificate.not_signed_by_issuer", where=issued.name, expected=by.name) from error


def is_self_issued(certificate: Certificate) -> bool:
    """Whether issuer and subject of a certificate are one name."""
    return certificate.subject == certificate.issuer or canonical(certificate.subject) == canonical(certificate.issuer)


def _names_issuer(issued: Certificate, issuer: Certificate) -> bool:
    same = issuer.subject == issued.issuer or canonical(issuer.subject) == canonical(issued.issuer)
    return same and issued.may_be_issued_by(issuer)


def _require_issuer(issuer: Certificate, path: Sequence[Certificate], at: datetime) -> None:
    require_issued(path[-1], by=issuer)
    _require_usable(issuer, at)
    _require_authority(issuer, path)
    _require_names_allowed(issuer, path)


def _require_usable(certificate: Certificate, at: datetime) -> None:
    """Valid at ``at``, and nothing critical in it that this module does not understand."""
    if not certificate.not_before <= at <= certificate.not_after:
        raise CertificateError(
            "certificate.not_valid_then",
            where=certificate.name,
            not_valid_before_utc=f"{certificate.not_before:%Y-%m-%d}",
            not_valid_after_utc=f"{certificate.not_after:%Y-%m-%d}",
            found=format_time(at),
        )
    for oid, extension in certificate.extensions.items():
        if extension.critical and oid not in KNOWN_EXTENSIONS:
            raise CertificateError("certificate.unknown_critical_extension", where=certificate.name, found=oid)


def _require_authority(issuer: Certificate, path: Sequence[Certificate]) -> None:
    if issuer.is_authority is None or issuer.usages is None:
        raise CertificateError("certificate.no_basic_constraints", where=issuer.name)
    if not issuer.is_authority or "key_cert_sign" not in issuer.usages:
        raise CertificateError("certificate.no_authority", where=issuer.name)
    # RFC 5280, 4.2.1.9: intermediates below, not counting those that an issuer issued to itself
    below, most = sum(not is_self_issued(one) for one in path[1:]), issuer.path_length
    if most is not None and below > most:
        raise CertificateError("certificate.chain_too_long", where=issuer.name, expected=str(most), found=str(below))


def _require_names_allowed(issuer: Certificate, path: Sequence[Certificate]) -> None:
    constraints = issuer.name_constraints
    if constraints is None:
        return
    # RFC 5280, 6.1.3 (b): an authority that an issuer issued to itself is not looked at
    named = [path[0], *(one for one in path[1:] if not is_self_issued(one))]
    try:
        with parsing(Term("what.name_constraints")):
            for one in named:
                require_permitted(names_of(one.subject, one.alternatives), constraints, where=one.name, by=issuer.name)
    except SignedDataError as error:
        raise CertificateError("certificate.extensions_malformed", where=issuer.name) from error
