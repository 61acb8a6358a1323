"""The organisation's seal: a CAdES signature (ETSI EN 319 122-1) detached over the seal's manifest.

What CMS asks is checked by ``evidence.stamp.cms``; here stands what makes it a seal with a
proven time: exactly one signature time-stamp, and a certificate that may seal. Trust is a
separate step. Standard library, cryptography and asn1crypto only.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import ExtendedKeyUsageOID

from casefiles.errors import BundleSealError
from evidence.stamp.cms import SignerFacts, chain_to_root, extensions_of, verify_signed_data
from evidence.stamp.token import TokenInfo, read_token


@dataclass(frozen=True, slots=True)
class Seal:
    """A seal whose mathematics holds; nothing of it is trusted yet."""

    signer: SignerFacts
    time_stamp: bytes


def read_seal(*, signature: bytes, manifest: bytes) -> Seal:
    """Check the signature over ``manifest``.

    Args:
        signature: DER of the CMS SignedData, detached.

    Raises:
        SignedDataError: The CMS does not hold, or is over other bytes.
        BundleSealError: It carries no signature time-stamp or several, or its certificate may not seal.
    """
    signer = verify_signed_data(signed_data=signature, content=manifest)
    if len(signer.timestamp_tokens) != 1:
        found = f"{len(signer.timestamp_tokens)}"
        raise BundleSealError("the seal has not one signature time-stamp", expected="1", found=found)
    _require_may_seal(signer.certificate)
    return Seal(signer, signer.timestamp_tokens[0])


def read_time_stamp(seal: Seal) -> TokenInfo:
    """The seal's signature time-stamp: a token over the signature value (EN 319 122-1, 5.3).

    Raises:
        TokenError: It does not hold, or is over another signature.
    """
    return read_token(seal.time_stamp, sha256=hashlib.sha256(seal.signer.signature).digest())


def require_sealed_by(seal: Seal, *, roots: Sequence[x509.Certificate], at: datetime) -> None:
    """Check that the seal's certificate led to a root at the time that its time-stamp proves.

    Raises:
        CertificateError: No such chain, or it was not valid then.
    """
    chain_to_root(certificate=seal.signer.certificate, others=seal.signer.others, roots=roots, at=at)


def fingerprint(certificate: x509.Certificate) -> str:
    """Lower hex SHA-256 of a certificate: what the covering letter prints."""
    return certificate.fingerprint(hashes.SHA256()).hex()


def _require_may_seal(certificate: x509.Certificate) -> None:
    """Refuse an authority, a time-stamp unit, and a key that is not for signatures (EN 319 412-3, 4.3)."""
    values = [extension.value for extension in extensions_of(certificate)]
    for value in values:
        if isinstance(value, x509.BasicConstraints) and value.ca:
            raise BundleSealError("the seal is by an authority's own certificate", expected="CA:FALSE")
        if isinstance(value, x509.ExtendedKeyUsage) and ExtendedKeyUsageOID.TIME_STAMPING in value:
            raise BundleSealError("the seal is by a time-stamp unit's certificate")
        if isinstance(value, x509.KeyUsage) and not (value.digital_signature or value.content_commitment):
            raise BundleSealError("the seal's certificate is not for signatures", expected="digitalSignature")
    if not any(isinstance(value, x509.KeyUsage) for value in values):
        raise BundleSealError("the seal's certificate does not say what it is for", expected="key usage")
