"""Recipients and identities: whom a home seals to, and who opens envelopes (c2sp.org/age, "Native recipient types").

``mlkem768x25519`` is the default: X-Wing, so that what is sealed today stays sealed when
quantum computers come. ``X25519`` exists for receivers with an older age. Both identities
are 32 bytes, which is what the cards hold. An object never shows its secret: ask for
``secret_string()`` or ``seed`` by name.
"""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from config.errors import Fact
from evidence.errors import EnvelopeError, HomeError, KeyTextError
from evidence.seal import bech32
from evidence.seal.age import WRAPPED_FILE_KEY_BYTES, Company, Identity, Recipient, Stanza, b64, derive, from_b64

__all__ = [
    "ROLES",
    "SEED_BYTES",
    "HybridIdentity",
    "HybridRecipient",
    "Identity",
    "KeyIdentity",
    "KeyRecipient",
    "Recipient",
    "Recipients",
    "X25519Identity",
    "X25519Recipient",
    "generate_identity",
    "parse_identity",
    "parse_recipient",
    "read_recipients",
]

SEED_BYTES = 32
ROLES = ("office", "casework", "matching")
"""The roles whose recipients a home has, each in ``HOME/recipients/ROLE.txt``."""

_X25519_TYPE = "X25519"
_X25519_BYTES = 32
_X25519_INFO = b"age-encryption.org/v1/X25519"
_X25519_PREFIX, _X25519_SECRET_PREFIX = "age", "AGE-SECRET-KEY-"
_ZERO_NONCE = bytes(12)  # each wrapping key is used once

_HYBRID_TYPE = "mlkem768x25519"
_HYBRID_INFO = b"age-encryption.org/mlkem768x25519"
_HYBRID_PREFIX, _HYBRID_SECRET_PREFIX = "age1pq", "AGE-SECRET-KEY-PQ-"
_MLKEM_PUBLIC_BYTES = 1184
_MLKEM_SEED_BYTES = 64
_HYBRID_PUBLIC_BYTES = _MLKEM_PUBLIC_BYTES + _X25519_BYTES
_MLKEM_SHARE_BYTES = 1088
_HYBRID_SHARE_BYTES = _MLKEM_SHARE_BYTES + _X25519_BYTES
_HYBRID = hpke.Suite(hpke.KEM.MLKEM768_X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.CHACHA20_POLY1305)


@dataclass(frozen=True, slots=True, repr=False)
class X25519Recipient:
    """A classical public key, ``age1...``.

    Attributes:
        public: 32 bytes, little endian (RFC 7748).
    """

    public: bytes

    def __post_init__(self) -> None:
        _require_length(self.public, _X25519_BYTES)

    @property
    def company(self) -> Company:
        """It shares a header only with recipients of its own kind."""
        return Company.CLASSICAL

    def wrap(self, file_key: bytes) -> Stanza:
        """Wrap a file key of 16 bytes under a fresh ephemeral key.

        Raises:
            KeyTextError: The public key is a point of low order, which no honest program makes.
        """
        ephemeral = X25519PrivateKey.generate()
        share = ephemeral.public_key().public_bytes_raw()
        try:
            shared = ephemeral.exchange(X25519PublicKey.from_public_bytes(self.public))
        except ValueError as error:
            raise KeyTextError("key_text.unusable_recipient") from error
        key = derive(shared, salt=share + self.public, info=_X25519_INFO)
        body = ChaCha20Poly1305(key).encrypt(_ZERO_NONCE, file_key, None)
        return Stanza((_X25519_TYPE, b64(share)), body)

    def __str__(self) -> str:
        return bech32.encode(_X25519_PREFIX, self.public)

    __repr__ = __str__


@dataclass(frozen=True, slots=True, repr=False)
class X25519Identity:
    """A classical private key, ``AGE-SECRET-KEY-1...``.

    Attributes:
        seed: The secret scalar, 32 bytes.
    """

    seed: bytes

    def __post_init__(self) -> None:
        _require_length(self.seed, SEED_BYTES)

    @property
    def recipient(self) -> X25519Recipient:
        """The public half of this key."""
        return X25519Recipient(X25519PrivateKey.from_private_bytes(self.seed).public_key().public_bytes_raw())

    def secret_string(self) -> str:
        """The secret, as age writes it; for a key file or a card, never for a log."""
        return bech32.encode(_X25519_SECRET_PREFIX, self.seed)

    def unwrap(self, stanzas: Sequence[Stanza]) -> bytes | None:
        """The file key, or None if no stanza is for this key.

        Raises:
            EnvelopeError: An X25519 stanza is malformed, or its share is of low order.
        """
        private, public = X25519PrivateKey.from_private_bytes(self.seed), self.recipient.public
        for stanza in stanzas:
            if stanza.type != _X25519_TYPE:
                continue
            share = _read_share(stanza, size=_X25519_BYTES)
            key = derive(_exchange(private, share), salt=share + public, info=_X25519_INFO)
            try:
                return ChaCha20Poly1305(key).decrypt(_ZERO_NONCE, stanza.body, None)
            except InvalidTag:
                continue  # for another recipient: a stanza does not say whom it is for
        return None

    def __repr__(self) -> str:
        return f"X25519Identity of {self.recipient}"


@dataclass(frozen=True, slots=True, repr=False)
class HybridRecipient:
    """A post-quantum public key, ``age1pq1...`` (X-Wing: ML-KEM-768 and X25519).

    Attributes:
        public: 1216 bytes: the ML-KEM-768 encapsulation key, then the X25519 point.
    """

    public: bytes
    _key: hpke.MLKEM768X25519PublicKey = field(init=False, compare=False)

    def __post_init__(self) -> None:
        _require_length(self.public, _HYBRID_PUBLIC_BYTES)
        try:
            key = hpke.MLKEM768X25519PublicKey(
                MLKEM768PublicKey.from_public_bytes(self.public[:_MLKEM_PUBLIC_BYTES]),
                X25519PublicKey.from_public_bytes(self.public[_MLKEM_PUBLIC_BYTES:]),
            )
        except ValueError as error:
            raise KeyTextError("key_text.unusable_recipient") from error
        object.__setattr__(self, "_key", key)

    @property
    def company(self) -> Company:
        """It shares a header only with recipients of its own kind."""
        return Company.POST_QUANTUM

    def wrap(self, file_key: bytes) -> Stanza:
        """Wrap a file key of 16 bytes by HPKE SealBase (RFC 9180, section 6.1).

        Raises:
            KeyTextError: The X25519 half is a point of low order, which no honest program makes.
        """
        try:
            sealed = _HYBRID.encrypt(file_key, self._key, info=_HYBRID_INFO)
        except ValueError as error:
            raise KeyTextError("key_text.unusable_recipient") from error
        return Stanza((_HYBRID_TYPE, b64(sealed[:_HYBRID_SHARE_BYTES])), sealed[_HYBRID_SHARE_BYTES:])

    def __str__(self) -> str:
        return bech32.encode(_HYBRID_PREFIX, self.public)

    def __repr__(self) -> str:
        return f"{str(self)[:24]}..."


@dataclass(frozen=True, slots=True, repr=False)
class HybridIdentity:
    """A post-quantum private key, ``AGE-SECRET-KEY-PQ-1...``.

    Attributes:
        seed: 32 bytes; both halves are expanded from it by SHAKE-256 (filippo.io/hpke-pq).
    """

    seed: bytes
    _mlkem: MLKEM768PrivateKey = field(init=False, compare=False)
    _x25519: X25519PrivateKey = field(init=False, compare=False)

    def __post_init__(self) -> None:
        _require_length(self.seed, SEED_BYTES)
        # expanded once: it costs as much as an unwrapping, and thousands of records follow
        expanded = hashlib.shake_256(self.seed).digest(_MLKEM_SEED_BYTES + _X25519_BYTES)
        object.__setattr__(self, "_mlkem", MLKEM768PrivateKey.from_seed_bytes(expanded[:_MLKEM_SEED_BYTES]))
        object.__setattr__(self, "_x25519", X25519PrivateKey.from_private_bytes(expanded[_MLKEM_SEED_BYTES:]))

    @property
    def recipient(self) -> HybridRecipient:
        """The public half of this key."""
        mlkem, x25519 = self._mlkem.public_key(), self._x25519.public_key()
        return HybridRecipient(mlkem.public_bytes_raw() + x25519.public_bytes_raw())

    def secret_string(self) -> str:
        """The secret, as age writes it; for a key file or a card, never for a log."""
        return bech32.encode(_HYBRID_SECRET_PREFIX, self.seed)

    def unwrap(self, stanzas: Sequence[Stanza]) -> bytes | None:
        """The file key, or None if no stanza is for this key.

        Raises:
            EnvelopeError: A stanza of this type is malformed, or its X25519 share is of low order.
        """
        key = hpke.MLKEM768X25519PrivateKey(self._mlkem, self._x25519)
        for stanza in stanzas:
            if stanza.type != _HYBRID_TYPE:
                continue
            share = _read_share(stanza, size=_HYBRID_SHARE_BYTES)
            # RFC 9180, section 7.1.4 aborts here; the library answers as for a stanza of another key
            _exchange(self._x25519, share[_MLKEM_SHARE_BYTES:])
            try:
                return _HYBRID.decrypt(share + stanza.body, key, info=_HYBRID_INFO)
            except InvalidTag:
                continue  # for another recipient: a stanza does not say whom it is for
        return None

    def __repr__(self) -> str:
        return f"HybridIdentity of {self.recipient!r}"


KeyRecipient: TypeAlias = X25519Recipient | HybridRecipient
KeyIdentity: TypeAlias = X25519Identity | HybridIdentity


def generate_identity() -> HybridIdentity:
    """A new post-quantum identity of age from the system's randomness."""
    return HybridIdentity(secrets.token_bytes(SEED_BYTES))


def parse_recipient(text: str) -> KeyRecipient:
    """Read a recipient of age: ``age1...`` or ``age1pq1...``.

    Raises:
        KeyTextError: The text is mistyped, or of a kind that this program does not write to.
    """
    prefix, public = bech32.decode(text)
    match prefix:
        case "age":
            return X25519Recipient(public)
        case "age1pq":
            return HybridRecipient(public)
        case _:
            raise KeyTextError("key_text.not_a_recipient")


def parse_identity(text: str) -> KeyIdentity:
    """Read an identity of age: ``AGE-SECRET-KEY-1...`` or ``AGE-SECRET-KEY-PQ-1...``.

    Raises:
        KeyTextError: The text is mistyped or of another kind; the message never holds it.
    """
    prefix, seed = bech32.decode(text)
    match prefix:
        case "AGE-SECRET-KEY-":
            return X25519Identity(seed)
        case "AGE-SECRET-KEY-PQ-":
            return HybridIdentity(seed)
        case _:
            raise KeyTextError("key_text.not_an_identity")


@dataclass(frozen=True, slots=True)
class Recipients:
    """Whom a home seals to: each of its three recipients, by its role."""

    office: Recipient
    casework: Recipient
    matching: Recipient


def read_recipients(home: Path) -> Recipients:
    """Read the age recipients that a home seals to.

    Raises:
        HomeError: A recipient's file is missing.
        KeyTextError: A recipient is mistyped.
    """
    try:
        return Recipients(
            **{
                role: parse_recipient((home / "recipients" / f"{role}.txt").read_text("ascii").strip())
                for role in ROLES
            }
        )
    except (FileNotFoundError, UnicodeDecodeError) as error:
        raise HomeError("home.recipient_missing", where=str(home / "recipients")) from error


def _require_length(key: bytes, size: int) -> None:
    if len(key) != size:
        raise KeyTextError("key_text.wrong_length", size=size, found=len(key))


def _read_share(stanza: Stanza, *, size: int) -> bytes:
    match stanza.arguments:
        case (_, argument):
            share = from_b64(argument)
        case _:
            raise _malformed("envelope.recipient_arguments")
    # the length is checked before decrypting, against partitioning oracles
    if len(share) != size or len(stanza.body) != WRAPPED_FILE_KEY_BYTES:
        raise _malformed("envelope.recipient_share_or_body_length")
    return share


def _exchange(private: X25519PrivateKey, share: bytes) -> bytes:
    try:
        return private.exchange(X25519PublicKey.from_public_bytes(share))
    except ValueError as error:
        raise _malformed("envelope.recipient_share_of_low_order") from error


def _malformed(code: str, **facts: Fact) -> EnvelopeError:
    return EnvelopeError(code, **facts)
