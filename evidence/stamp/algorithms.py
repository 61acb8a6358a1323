"""The one list of signature algorithms: for seals, for time stamps and for the certificates behind both.

    SHA-256, SHA-384 or SHA-512, with RSA of at least 2048 bits (PKCS #1 v1.5, or PSS with one digest
    throughout and a salt of at most 64 bytes) or ECDSA on a named curve of at least 256 bits; Ed25519.

Whatever is not on it is refused: MD5, SHA-1, SHA-224, SHA-3, DSA, Ed448, short keys. ``verify.sh`` has
the same list under OpenSSL's names; a test compares the two. Pure.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from asn1crypto import keys
from asn1crypto.core import Void
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

from config.errors import Term
from evidence.errors import SignedDataError
from evidence.stamp.reading import Asn1, parsing, plain_oid, read_as

MIN_RSA_BITS = 2048
MIN_EC_BITS = 256

DIGESTS: Mapping[str, hashes.HashAlgorithm] = {
    "2.16.840.1.101.3.4.2.1": hashes.SHA256(),
    "2.16.840.1.101.3.4.2.2": hashes.SHA384(),
    "2.16.840.1.101.3.4.2.3": hashes.SHA512(),
}
_OIDS = {digest.name: oid for oid, digest in DIGESTS.items()}
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


@dataclass(frozen=True, slots=True)
class SignatureAlgorithm:
    """A scheme of the list and its digest; whether a key fits it, ``verify_signature`` finds.

    Attributes:
        oid: Dotted.
        digest_oid: Dotted.
        pss_salt_bytes: For RSASSA-PSS alone.
    """

    oid: str
    digest_oid: str
    pss_salt_bytes: int | None = None

    @property
    def digest(self) -> hashes.HashAlgorithm:
        """The digest that is signed."""
        return DIGESTS[self.digest_oid]


def read_algorithm(algorithm: Asn1, *, digest_oid: str | None = None) -> SignatureAlgorithm:
    """Read an AlgorithmIdentifier of a certificate or of CMS.

    Args:
        digest_oid: The digest that goes with it in a SignerInfo; None where the algorithm alone must name it.

    Raises:
        SignedDataError: It is not on the list, or not with this digest.
    """
    oid = str(algorithm["algorithm"].dotted)
    if oid == _RSA_PSS:
        return _read_pss(algorithm["parameters"], digest_oid)
    plain_oid(algorithm)
    named = _RSA_WITH.get(oid) or _ECDSA_WITH.get(oid) or ("sha512" if oid == _ED25519 else None)  # RFC 8419, 3.1
    own = digest_oid if oid == _RSA else _OIDS.get(named or "")
    if digest_oid is None and own is None:
        raise SignedDataError("signed_data.algorithm_not_accepted", found=oid)
    if own not in DIGESTS or digest_oid not in (None, own):
        digest = DIGESTS[digest_oid].name if digest_oid and digest_oid in DIGESTS else str(digest_oid)
        raise SignedDataError("signed_data.algorithm_and_key_do_not_fit", oid=oid, digest=digest)
    return SignatureAlgorithm(oid, str(own))


def verify_signature(*, key: bytes, algorithm: SignatureAlgorithm, signature: bytes, signed: bytes) -> None:
    """Check one signature, of a certificate, a time stamp or a CMS structure, with an algorithm of the list.

    Args:
        key: DER of a SubjectPublicKeyInfo.
        signed: What was signed, not its digest.

    Raises:
        SignedDataError: The key is unreadable, too short or of another algorithm, or the signature is wrong.
    """
    check = _scheme(key, algorithm)
    try:
        check(signature, signed)
    except (InvalidSignature, ValueError, UnsupportedAlgorithm) as error:
        raise SignedDataError("signed_data.wrong_signature", found=type(error).__name__) from error


def _scheme(spki: bytes, algorithm: SignatureAlgorithm) -> Callable[[bytes, bytes], None]:
    oid, digest, salt_bytes = algorithm.oid, algorithm.digest, algorithm.pss_salt_bytes
    match _load(spki):
        case rsa.RSAPublicKey() as key if key.key_size >= MIN_RSA_BITS and _allows(spki, algorithm):
            if salt_bytes is not None:
                pss = padding.PSS(padding.MGF1(digest), salt_bytes)
                return partial(_verify_rsa, key, pss, digest)
            if oid == _RSA or oid in _RSA_WITH:
                return partial(_verify_rsa, key, padding.PKCS1v15(), digest)
        case ec.EllipticCurvePublicKey() as curve_key if curve_key.key_size >= MIN_EC_BITS and oid in _ECDSA_WITH:
            return lambda signature, signed: curve_key.verify(signature, signed, ec.ECDSA(digest))
        case ed25519.Ed25519PublicKey() as edwards_key if oid == _ED25519:
            return edwards_key.verify
        case _:
            pass
    raise SignedDataError("signed_data.algorithm_and_key_do_not_fit", oid=oid, digest=digest.name)


def _verify_rsa(
    key: rsa.RSAPublicKey,
    scheme: padding.AsymmetricPadding,
    digest: hashes.HashAlgorithm,
    signature: bytes,
    signed: bytes,
) -> None:
    key.verify(signature, signed, scheme, digest)


def _load(spki: bytes) -> object:
    try:
        return load_der_public_key(spki)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise SignedDataError("signed_data.signer_key_unreadable") from error


def _allows(spki: bytes, algorithm: SignatureAlgorithm) -> bool:
    """Whether an RSA key that is for PSS alone (RFC 4055, 1.2) may make such a signature; cryptography does not ask."""
    with parsing(Term("what.public_key")):
        own = read_as(keys.PublicKeyInfo, spki)["algorithm"]
        if own["algorithm"].dotted != _RSA_PSS:
            return True
        if isinstance(own["parameters"], Void):
            return algorithm.pss_salt_bytes is not None
        least = _read_pss(own["parameters"], algorithm.digest_oid)
    return algorithm.pss_salt_bytes is not None and algorithm.pss_salt_bytes >= (least.pss_salt_bytes or 0)


def _read_pss(pss: Asn1, digest_oid: str | None) -> SignatureAlgorithm:
    """RSASSA-PSS (RFC 4055, 3.1), whose every digest must be the signer's."""
    if isinstance(pss, Void):
        raise SignedDataError("signed_data.pss_without_parameters")
    generator = pss["mask_gen_algorithm"]
    salt_bytes = pss["salt_length"].native
    own = plain_oid(pss["hash_algorithm"])
    if (
        own not in DIGESTS
        or digest_oid not in (None, own)
        or generator["algorithm"].dotted != _MGF1
        or plain_oid(generator["parameters"]) != own
        or pss["trailer_field"].contents != b"\x01"
        or not 0 <= salt_bytes <= _MAX_SALT_BYTES
    ):
        raise SignedDataError("signed_data.pss_parameters_not_accepted", digest_oid=digest_oid or own)
    return SignatureAlgorithm(_RSA_PSS, own, salt_bytes)
