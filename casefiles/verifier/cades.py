"""The organisation's seal: a CAdES signature (ETSI EN 319 122-1) detached over the seal's manifest.

``evidence.stamp.cms`` checks what CMS asks. This module checks what makes it a seal with a proven
time: exactly one signature time-stamp, and a certificate that may seal. Trust is a
separate step. Standard library, cryptography and asn1crypto only.
"""

import hashlib
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from asn1crypto import cms
from asn1crypto.core import Void

from casefiles.errors import BundleSealError, TrustError
from config.errors import Term
from evidence.errors import CertificateError, TokenError
from evidence.stamp.certificate import Certificate
from evidence.stamp.chain import MAX_CERTIFICATES, chain_to_root, is_self_issued, require_issued
from evidence.stamp.cms import SignerFacts, verify_signed_data
from evidence.stamp.reading import parsing, read_as
from evidence.stamp.token import TokenInfo, read_token

DOCUMENT_KINDS = frozenset(
    {
        "1.3.6.1.5.5.7.3.4",  # id-kp-emailProtection
        "1.3.6.1.5.5.7.3.36",  # id-kp-documentSigning, RFC 9336
        "1.3.6.1.4.1.311.10.3.12",  # Microsoft's document signing
        "1.2.840.113583.1.1.5",  # Adobe's authentic documents
    }
)
"""What a seal's certificate may be for, if it says so at all: documents, not servers, programs or time."""

_FINGERPRINT = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Seal:
    """A seal whose mathematics holds; nothing of it is trusted yet."""

    signer: SignerFacts
    time_stamp: bytes


def read_seal(*, signature: bytes, manifest: bytes) -> Seal:
    """As a check of a bundle: check the seal's signature over ``manifest``.

    Args:
        signature: DER of the CMS SignedData, detached.

    Raises:
        SignedDataError: The CMS does not hold, or is over other bytes.
        BundleSealError: It carries no signature time-stamp or several, or its certificate may not seal.
    """
    signer = verify_signed_data(signed_data=signature, content=manifest)
    if len(signer.timestamp_tokens) != 1:
        raise BundleSealError("bundle_seal.not_one_time_stamp", found=len(signer.timestamp_tokens))
    _require_may_seal(signer.certificate)
    return Seal(signer, signer.timestamp_tokens[0])


def read_time_stamp(seal: Seal) -> TokenInfo:
    """As a check of a bundle: read the time-stamp over the seal's signature value (EN 319 122-1, 5.3).

    Raises:
        TokenError: It does not hold, or is over another signature.
    """
    return read_token(seal.time_stamp, sha256=hashlib.sha256(seal.signer.signature).digest())


def root_keys(
    *,
    certificate: Certificate,
    others: Sequence[Certificate],
    roots: Sequence[Certificate],
    at: datetime,
) -> frozenset[bytes]:
    """Which roots given to the verifier a seal's certificate led to at that time: DER of each one's key.

    It is empty where the certificate led to none.

    Each root is asked for by itself, by its key, and across those given roots that another one
    issued. So neither two certificates of one root nor a root and an authority below it count as two.

    Raises:
        CertificateError: Too many certificates to follow.
    """
    paths = _paths(certificate=certificate, others=others, roots=roots, at=at)
    return frozenset(path[-1].key for path in paths)


def on_the_way(
    *,
    certificate: Certificate,
    others: Sequence[Certificate],
    roots: Sequence[Certificate],
    at: datetime,
) -> frozenset[Certificate]:
    """The roots given to the verifier that ``certificate`` leads to or across: what a receiver needs to follow it.

    Raises:
        CertificateError: Too many certificates to follow.
    """
    paths = _paths(certificate=certificate, others=others, roots=roots, at=at)
    return frozenset(one for path in paths for one in path if one in roots)


def _paths(
    *,
    certificate: Certificate,
    others: Sequence[Certificate],
    roots: Sequence[Certificate],
    at: datetime,
) -> list[list[Certificate]]:
    """The chain to each root that there is one to."""
    hints = (*others, *(root for root in roots if not is_self_issued(root)))
    if len(hints) > MAX_CERTIFICATES:
        # not to be taken for "leads nowhere": padding must not hide a root
        raise CertificateError("certificate.too_many_certificates", limit=MAX_CERTIFICATES, found=len(hints))
    paths = []
    for root in roots:
        with suppress(CertificateError):
            paths.append(chain_to_root(certificate=certificate, others=hints, roots=[root], at=at))
    return paths


def require_nothing_beside(token: bytes, info: TokenInfo, *, renewed: bool = False) -> tuple[bytes, ...]:
    """As a check of a bundle: an archive's token, which no manifest can list yet, carries nothing unsigned.

    It has no unsigned attribute, and only the certificates of the chain, each once. No list tells of the first one but
    those in the seal; a renewal, whose office may be another, brings its own.

    Args:
        renewed: Whether it may have revocation lists, not read yet.

    Returns:
        DER of each list.

    Raises:
        SignedDataError: The token is malformed.
        TokenError: Something else is in it.
    """
    with parsing(Term("what.archive_time_stamp")):
        data = read_as(cms.ContentInfo, token)["content"]
        crls, unsigned = data["crls"], data["signer_infos"][0]["unsigned_attrs"]
        others = [one for one in crls if one.name != "crl"]
        lists = tuple(one.chosen.dump() for one in crls if one.name == "crl")
        certificates = len(data["certificates"])
    if not isinstance(unsigned, Void) or others or (not renewed and not isinstance(crls, Void)):
        raise TokenError("token.unsigned_addition")
    path, waiting = [info.certificate], set(info.others)
    for issued in path:
        issuers = [one for one in waiting if has_issued(issued, by=one)]
        path += issuers
        waiting -= set(issuers)
    if waiting:
        raise TokenError("token.strange_certificate", found=waiting.pop().name)
    if certificates != len(path):
        raise TokenError("token.certificate_twice", expected=len(path), found=certificates)
    return lists


def parse_fingerprint(text: str) -> str:
    """Read the fingerprint of a seal that the verifier is given, as a letter or OpenSSL prints a SHA-256.

    It is hex, with spaces or colons.

    Raises:
        TrustError: It is not 64 hex digits.
    """
    digest = re.sub(r"[\s:]", "", text).lower()
    if not _FINGERPRINT.fullmatch(digest):
        raise TrustError("trust.not_a_fingerprint", length=len(digest))
    return digest


def _require_may_seal(certificate: Certificate) -> None:
    """Refuse an authority, a certificate for other things than documents, and a key that does not commit to content.

    EN 319 412-2, 4.3.2, which EN 319 412-3 takes over: a seal's key usage has contentCommitment.
    """
    if certificate.is_authority:
        raise BundleSealError("bundle_seal.by_an_authority")
    if odd := set(certificate.purposes or ()) - DOCUMENT_KINDS:
        raise BundleSealError("bundle_seal.not_for_documents_alone", found=", ".join(sorted(odd)))
    if certificate.usages is None:
        raise BundleSealError("bundle_seal.no_key_usage")
    if "non_repudiation" not in certificate.usages:  # contentCommitment, by its older name
        raise BundleSealError("bundle_seal.no_content_commitment")


def has_issued(certificate: Certificate, *, by: Certificate) -> bool:
    """Whether, for the verifier, ``by`` signed ``certificate`` with an algorithm of the list."""
    try:
        require_issued(certificate, by=by)
    except CertificateError:
        return False
    return True
