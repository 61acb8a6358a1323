"""The key exchange: ``req_pq_multi``, RSA, Diffie-Hellman (core.telegram.org/mtproto/auth_key).

One ``Exchange`` per connection. It accepts the plain RSA form, which Telethon and Pyrogram send, and RSA_PAD, which
newer clients send. The prime is the one that Telegram publishes, so that clients accept it without testing it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha1, sha256
from pathlib import Path
from typing import Self

import cryptg
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from telethon.tl import functions, types

from monitor.rehearsal.telegram.wire import Tl, read_object, string

Entropy = Callable[[int], bytes]
"""Gives this many random bytes."""

PRIME = bytes.fromhex(
    "c71caeb9c6b1c9048e6c522f70f13f73980d40238e3e21c14934d037563d930f48198a0aa7c14058229493d22530f4dbfa336f6e0ac92513"
    "9543aed44cce7c3720fd51f69458705ac68cd4fe6b6b13abdc9746512969328454f18faf8c595f642477fe96bb2a941d5bcd1d4ac8cc4988"
    "0708fa9b378e3c4f3a9060bee67cf9a4a4a695811051907e162753b56b0f6b410dba74d8a84b2a14b3144e0ef1284754fd17ed950d5965b4"
    "b9dd46582db1178d169c6bc465b0d6ff9ca3928fef5b9ae4e418fc15e83ebea0f87fa9ff5eed70050ded2849f47bf959d956850ce929851f"
    "0d8115f635b105ee2e4e15d04b2454bf6f4fadf034b10403119cd8e3b92fcc5b"
)
GENERATOR = 3
KEY_BYTES = 256

_PQ = bytes.fromhex("17ed48941a08f981")  # the documentation's example: 494C553B times 53911073
_SHA1_BYTES = 20


class HandshakeError(Exception):
    """A client that does not follow the exchange. The connection ends."""


@dataclass(frozen=True, slots=True)
class AgreedKey:
    """What an exchange ends with: the key that both sides know, and the first salt."""

    key: bytes
    salt: int

    @property
    def number(self) -> int:
        """``auth_key_id``, signed."""
        return key_number(self.key)


@dataclass(frozen=True, slots=True)
class ServerKey:
    """The RSA key of a data centre, 2048 bits, made for one run."""

    private: rsa.RSAPrivateKey

    @classmethod
    def create(cls) -> Self:
        """A new key of the rehearsal's server."""
        return cls(rsa.generate_private_key(public_exponent=65537, key_size=2048))

    @property
    def fingerprint(self) -> int:
        """The low 64 bits of the SHA-1 of modulus and exponent as TL strings."""
        public = self.private.public_key().public_numbers()
        return int.from_bytes(_sha1(_tl_number(public.n) + _tl_number(public.e))[-8:], "little", signed=True)

    def write_public(self, path: Path) -> None:
        """Write the public key as PEM of PKCS #1, as Telegram's clients read it."""
        encoding, form = serialization.Encoding.PEM, serialization.PublicFormat.PKCS1
        path.write_bytes(self.private.public_key().public_bytes(encoding, form))

    def power(self, block: bytes) -> bytes:
        """RSA without padding: the block to the private exponent, 256 bytes."""
        numbers = self.private.private_numbers()
        number = int.from_bytes(block, "big")
        return pow(number, numbers.d, numbers.public_numbers.n).to_bytes(KEY_BYTES, "big")


class Exchange:
    """One exchange: three requests, in order."""

    def __init__(self, server_key: ServerKey, entropy: Entropy, server_time: Callable[[], int]) -> None:
        self._server_key = server_key
        self._entropy = entropy
        self._server_time = server_time
        self._nonces: tuple[int, int, int] = (0, 0, 0)
        self._secret = 0
        self.agreed: AgreedKey | None = None

    def answer(self, request: Tl) -> Tl:
        """The answer to the next request; after the last one, ``agreed`` is set.

        Raises:
            HandshakeError: A request out of order, another nonce, or data that does not decrypt.
        """
        match request:
            case functions.ReqPqRequest() | functions.ReqPqMultiRequest():
                return self._begin(request.nonce)
            case functions.ReqDHParamsRequest():
                self._require_nonces(request)
                return self._offer(request)
            case functions.SetClientDHParamsRequest():
                self._require_nonces(request)
                return self._agree(request.encrypted_data)
            case _:
                raise HandshakeError(f"expected a key exchange, found {type(request).__name__}")

    def _begin(self, nonce: int) -> Tl:
        server_nonce = int.from_bytes(self._entropy(16), "little", signed=True)
        self._nonces = (nonce, server_nonce, 0)
        return types.ResPQ(nonce, server_nonce, _PQ, [self._server_key.fingerprint])

    def _offer(self, request: Tl) -> Tl:
        inner = read_object(_opened(self._server_key, request.encrypted_data))
        if inner.nonce != self._nonces[0] or inner.pq != _PQ:
            raise HandshakeError("expected the nonce and product of this exchange")
        self._nonces = (*self._nonces[:2], inner.new_nonce)
        self._secret = int.from_bytes(self._entropy(KEY_BYTES), "big")
        ours = pow(GENERATOR, self._secret, int.from_bytes(PRIME, "big")).to_bytes(KEY_BYTES, "big")
        offer = bytes(types.ServerDHInnerData(*self._nonces[:2], GENERATOR, PRIME, ours, self._server_time()))
        plain = _sha1(offer) + offer
        sealed = cryptg.encrypt_ige(plain + self._entropy(-len(plain) % 16), *self._temporary())
        return types.ServerDHParamsOk(*self._nonces[:2], sealed)

    def _agree(self, encrypted: bytes) -> Tl:
        plain = cryptg.decrypt_ige(encrypted, *self._temporary())
        inner = read_object(plain[_SHA1_BYTES:])
        theirs, prime = int.from_bytes(inner.g_b, "big"), int.from_bytes(PRIME, "big")
        if not 1 < theirs < prime - 1 or inner.nonce != self._nonces[0]:
            raise HandshakeError("expected g_b between 1 and the prime, and the nonce of this exchange")
        key = pow(theirs, self._secret, prime).to_bytes(KEY_BYTES, "big")
        new, server = self._long_bytes(2), self._long_bytes(1)
        salt = bytes(a ^ b for a, b in zip(new[:8], server[:8], strict=True))
        self.agreed = AgreedKey(key, int.from_bytes(salt, "little", signed=True))
        proof = _sha1(new + b"\x01" + _sha1(key)[:8])[4:]
        return types.DhGenOk(*self._nonces[:2], int.from_bytes(proof, "little", signed=True))

    def _require_nonces(self, request: Tl) -> None:
        if (request.nonce, request.server_nonce) != self._nonces[:2]:
            raise HandshakeError("expected the nonces of this exchange")

    def _long_bytes(self, which: int) -> bytes:
        return self._nonces[which].to_bytes((16, 16, 32)[which], "little", signed=True)

    def _temporary(self) -> tuple[bytes, bytes]:
        new, server = self._long_bytes(2), self._long_bytes(1)
        first, second, third = _sha1(new + server), _sha1(server + new), _sha1(new + new)
        return first + second[:12], second[12:] + third + new[:4]


def key_number(key: bytes) -> int:
    """As the loopback Telegram agrees it: ``auth_key_id`` of a key, signed, the low 64 bits of its SHA-1."""
    return int.from_bytes(_sha1(key)[-8:], "little", signed=True)


def _opened(server_key: ServerKey, block: bytes) -> bytes:
    """The inner data of a block encrypted to the server: the plain form, or else RSA_PAD."""
    plain = server_key.power(block)
    data = plain[1 + _SHA1_BYTES :]
    if plain[0] == 0 and _begins_with(data, plain[1 : 1 + _SHA1_BYTES]):
        return data
    masked, sealed = plain[:32], plain[32:]
    temporary = bytes(a ^ b for a, b in zip(masked, sha256(sealed).digest(), strict=True))
    opened = cryptg.decrypt_ige(sealed, temporary, bytes(32))
    data = opened[191::-1]
    if sha256(temporary + data).digest() != opened[192:]:
        raise HandshakeError("expected data encrypted to the server's public key")
    return data


def _begins_with(data: bytes, digest: bytes) -> bool:
    """Whether some prefix of the data has that SHA-1; what follows it is random."""
    return any(_sha1(data[:length]) == digest for length in range(len(data), 3, -1))


def _sha1(data: bytes) -> bytes:
    """The hash on which the exchange was built; nothing of ours rests on it."""
    return sha1(data, usedforsecurity=False).digest()


def _tl_number(number: int) -> bytes:
    return string(number.to_bytes((number.bit_length() + 7) // 8, "big"))
