"""Content sealed to an X.509 certificate: CMS AuthEnvelopedData with AES-256-GCM (RFC 5083, RFC 5084).

The content streams by, so its length is known before. The key that seals it is wrapped for one recipient: RSA by
RSAES-OAEP with SHA-256 (RFC 3560), an elliptic curve by ephemeral ECDH with the X9.63 key derivation (RFC 5753).
``openssl cms -decrypt -inform DER`` opens it.
"""

import secrets
from collections.abc import Iterable, Iterator
from typing import Any, Final

from asn1crypto import algos, cms, core, keys
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import GCM
from cryptography.hazmat.primitives.kdf.x963kdf import X963KDF
from cryptography.hazmat.primitives.keywrap import aes_key_wrap
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from evidence.errors import EnvelopeError, ReleaseError

_AUTH_ENVELOPED: Final = "1.2.840.113549.1.9.16.1.23"
_DATA: Final = "1.2.840.113549.1.7.1"
_AES_256_GCM: Final = "2.16.840.1.101.3.4.1.46"
_STD_DH_SHA256: Final = "1.3.132.1.11.1"
_SEQUENCE, _SET, _INTEGER, _OCTETS = 0x30, 0x31, 0x02, 0x04
_CONTENT, _IMPLICIT_OCTETS = 0xA0, 0x80
_SHORT: Final = 0x80
_KEY_BYTES, _NONCE_BYTES, _TAG_BYTES, _UKM_BYTES = 32, 12, 16, 16
_VERSION: Final = bytes((_INTEGER, 1, 0))


class _SharedInfo(core.Sequence):
    """What the key of an elliptic curve's wrapping is derived with (RFC 5753, section 7.2)."""

    _fields = [  # noqa: RUF012 - asn1crypto changes it in place
        ("keyInfo", algos.AlgorithmIdentifier),
        ("entityUInfo", core.OctetString, {"explicit": 0, "optional": True}),
        ("suppPubInfo", core.OctetString, {"explicit": 2}),
    ]


def seal_cms(source: Iterable[bytes], *, size: int, certificate: x509.Certificate) -> Iterator[bytes]:
    """The bytes of ``source`` as one CMS file in DER, for the holder of a certificate's key.

    Args:
        size: How many bytes ``source`` has.

    Raises:
        ReleaseError: The certificate's key is of a kind to which nothing can be sealed.
        EnvelopeError: ``source`` has another length; what was yielded so far is no file.
    """
    key, nonce = secrets.token_bytes(_KEY_BYTES), secrets.token_bytes(_NONCE_BYTES)
    recipient = _wrapped_for(certificate, key)
    yield from _head(recipient, _gcm(nonce), size)
    sealing, sealed = Cipher(AES256(key), GCM(nonce)).encryptor(), 0
    for piece in source:
        sealed += len(piece)
        yield sealing.update(piece)
    if sealed != size:
        raise EnvelopeError("envelope.another_length", expected=size, found=sealed)
    yield sealing.finalize() + bytes((_OCTETS, _TAG_BYTES)) + sealing.tag


def _head(recipient: bytes, algorithm: bytes, size: int) -> Iterator[bytes]:
    """All that stands before the content; behind it stands only the tag of GCM."""
    before = _oid(_DATA) + algorithm
    content = _prefix(_IMPLICIT_OCTETS, size)
    encrypted = _prefix(_SEQUENCE, len(before) + len(content) + size) + before + content
    start = _VERSION + _prefix(_SET, len(recipient)) + recipient + encrypted
    whole = len(start) + size + len(_VERSION[:2]) + _TAG_BYTES
    data = _prefix(_SEQUENCE, whole)
    explicit = _oid(_AUTH_ENVELOPED) + _prefix(_CONTENT, len(data) + whole)
    yield _prefix(_SEQUENCE, len(explicit) + len(data) + whole) + explicit + data + start


def _gcm(nonce: bytes) -> bytes:
    parameters = bytes((_OCTETS, len(nonce))) + nonce + bytes((_INTEGER, 1, _TAG_BYTES))
    identifier = _oid(_AES_256_GCM) + _prefix(_SEQUENCE, len(parameters)) + parameters
    return _prefix(_SEQUENCE, len(identifier)) + identifier


def _prefix(tag: int, size: int) -> bytes:
    """Tag and length in DER (X.690, sections 8.1.3 and 10.1)."""
    if size < _SHORT:
        return bytes((tag, size))
    length = size.to_bytes(-(-size.bit_length() // 8), "big")
    return bytes((tag, _SHORT | len(length))) + length


def _oid(dotted: str) -> bytes:
    return bytes(core.ObjectIdentifier(dotted).dump())


def _wrapped_for(certificate: x509.Certificate, key: bytes) -> bytes:
    public = certificate.public_key()
    parsed = asn1.Certificate.load(certificate.public_bytes(Encoding.DER))
    named = cms.IssuerAndSerialNumber({"issuer": parsed.issuer, "serial_number": parsed.serial_number})
    match public:
        case rsa.RSAPublicKey():
            return _transported(public, named, key)
        case ec.EllipticCurvePublicKey():
            return _agreed(public, named, key)
        case _:
            raise ReleaseError("release.key_of_no_use", found=type(public).__name__)


def _transported(public: rsa.RSAPublicKey, named: cms.IssuerAndSerialNumber, key: bytes) -> bytes:
    oaep = padding.OAEP(mgf=padding.MGF1(hashes.SHA256()), algorithm=hashes.SHA256(), label=None)
    sha256 = algos.DigestAlgorithm({"algorithm": "sha256"})
    mask = algos.MaskGenAlgorithm({"algorithm": "mgf1", "parameters": sha256})
    parameters = algos.RSAESOAEPParams({"hash_algorithm": sha256, "mask_gen_algorithm": mask})
    told = {
        "version": "v0",
        "rid": cms.RecipientIdentifier({"issuer_and_serial_number": named}),
        "key_encryption_algorithm": {"algorithm": "rsaes_oaep", "parameters": parameters},
        "encrypted_key": public.encrypt(key, oaep),
    }
    return bytes(cms.RecipientInfo(name="ktri", value=cms.KeyTransRecipientInfo(told)).dump())


def _agreed(public: ec.EllipticCurvePublicKey, named: cms.IssuerAndSerialNumber, key: bytes) -> bytes:
    ephemeral, ukm = ec.generate_private_key(public.curve), secrets.token_bytes(_UKM_BYTES)
    wrap = cms.KeyEncryptionAlgorithm({"algorithm": "aes256_wrap"})
    bits = (_KEY_BYTES * 8).to_bytes(4, "big")
    shared: Any = _SharedInfo  # asn1crypto has no types
    info = shared({"keyInfo": {"algorithm": wrap["algorithm"].dotted}, "entityUInfo": ukm, "suppPubInfo": bits})
    kdf = X963KDF(hashes.SHA256(), _KEY_BYTES, info.dump())
    wrapped = aes_key_wrap(kdf.derive(ephemeral.exchange(ec.ECDH(), public)), key)
    spki = ephemeral.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    told = {
        "version": "v3",
        "originator": cms.OriginatorIdentifierOrKey(name="originator_key", value=keys.PublicKeyInfo.load(spki)),
        "ukm": ukm,
        "key_encryption_algorithm": {"algorithm": _STD_DH_SHA256, "parameters": wrap},
        "recipient_encrypted_keys": [
            {
                "rid": cms.KeyAgreementRecipientIdentifier({"issuer_and_serial_number": named}),
                "encrypted_key": wrapped,
            }
        ],
    }
    return bytes(cms.RecipientInfo(name="kari", value=cms.KeyAgreeRecipientInfo(told)).dump())
