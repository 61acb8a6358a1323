"""The signature of a seal, made by pyHanko: CAdES with its time stamp (ETSI EN 319 122-1).

A module of its own, since pyHanko takes a fifth of a second to load, and most commands seal nothing.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime

from asn1crypto import cms, keys
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pyhanko.sign.ades.api import CAdESSignedAttrSpec, GenericCommitment
from pyhanko.sign.signers import SimpleSigner
from pyhanko.sign.signers.pdf_cms import PdfCMSSignedAttributes
from pyhanko.sign.timestamps import TimeStamper
from pyhanko_certvalidator import registry

from casefiles.errors import BundleError
from evidence.stamp.encoding import mend_asn1crypto
from evidence.stamp.reading import Asn1

mend_asn1crypto()
# asn1crypto and parts of pyHanko have no types
_CERTIFICATE: Asn1 = asn1_x509.Certificate
_PRIVATE_KEY: Asn1 = keys.PrivateKeyInfo
_CONTENT_INFO: Asn1 = cms.ContentInfo
_STORE: Asn1 = registry.SimpleCertificateStore
_KINDS: tuple[Asn1, ...] = (cms.CMSAttributeType, asn1_x509.ExtensionId)

# pyHanko adds kinds of attributes and extensions; whoever looked one up by name before would not find these
for _kind in _KINDS:
    _kind._reverse_map = {name: number for number, name in _kind._map.items()}  # noqa: SLF001


def signature_over(
    manifest: bytes,
    chain: Sequence[x509.Certificate],
    key: ec.EllipticCurvePrivateKey,
    *,
    stamp: Callable[[bytes], bytes],
    at: datetime,
) -> bytes:
    """DER of a CAdES signature, detached over ``manifest``, with its signature time-stamp (B-T).

    Args:
        chain: The certificate of ``key``, then its issuers from its own up.
        stamp: SHA-256 in, DER of a time-stamp token over it out.
        at: What the signature claims as its time, aware.

    Raises:
        StampError: No time-stamp could be had.
    """
    signer = SimpleSigner(
        signing_cert=_asn1(chain[0]),
        signing_key=_PRIVATE_KEY.load(key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())),
        cert_registry=_STORE.from_certs(map(_asn1, chain[1:])),
    )
    claims = PdfCMSSignedAttributes(
        signing_time=at.replace(microsecond=0),
        cades_signed_attrs=CAdESSignedAttrSpec(commitment_type=GenericCommitment.PROOF_OF_CREATION.asn1),
    )

    async def sealed() -> bytes:
        signed: Asn1 = await signer.async_sign_general_data(
            manifest, "sha256", use_cades=True, timestamper=_Stamper(stamp), signed_attr_settings=claims
        )
        return bytes(signed.dump())

    return asyncio.run(sealed())


class _Stamper(TimeStamper):
    """pyHanko's time-stamper over a function that has the time-stamp office, the network and the checks."""

    def __init__(self, stamp: Callable[[bytes], bytes]) -> None:
        # a time-stamp office's answer is checked by whoever asks it; no nonce is made here
        initialise: Asn1 = super().__init__
        initialise(include_nonce=False)
        self._stamp = stamp

    async def async_timestamp(self, message_digest: bytes, md_algorithm: str) -> Asn1:
        """A token over a SHA-256."""
        if md_algorithm != "sha256":
            raise BundleError("bundle.stamp_over_another_digest", found=md_algorithm)
        return _CONTENT_INFO.load(self._stamp(message_digest))


def _asn1(certificate: x509.Certificate) -> Asn1:
    return _CERTIFICATE.load(certificate.public_bytes(Encoding.DER))
