"""Who is there: accounts that log in, senders that never do, and the keys of their sessions.

A password is kept as an SRP verifier (core.telegram.org/api/srp), as Telegram keeps it.
"""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime

from telethon.tl import types

from monitor.rehearsal.telegram.handshake import GENERATOR, KEY_BYTES, PRIME, AgreedKey, Entropy
from monitor.rehearsal.telegram.wire import Tl

_P = int.from_bytes(PRIME, "big")
_PADDED_GENERATOR = GENERATOR.to_bytes(KEY_BYTES, "big")
_ROUNDS = 100_000


@dataclass(slots=True)
class Verifier:
    """What the server knows about a password, and the question of the current attempt."""

    algorithm: Tl
    value: int
    secret: int = 0
    number: int = 0

    @classmethod
    def of(cls, password: str, entropy: Entropy) -> "Verifier":
        """The verifier of a password, with new salts."""
        first, second = entropy(16), entropy(16)
        inner = _salted(second, _salted(first, password.encode()))
        stretched = hashlib.pbkdf2_hmac("sha512", inner, first, _ROUNDS)
        x = int.from_bytes(_salted(second, stretched), "big")
        name = types.PasswordKdfAlgoSHA256SHA256PBKDF2HMACSHA512iter100000SHA256ModPow
        return cls(name(first, second, GENERATOR, PRIME), pow(GENERATOR, x, _P))

    def question(self, entropy: Entropy) -> tuple[bytes, int]:
        """A new B, and the number of this attempt."""
        self.secret = int.from_bytes(entropy(KEY_BYTES), "big")
        self.number = int.from_bytes(entropy(7), "big")
        return self._ours(), self.number

    def accepts(self, answer: Tl) -> bool:
        """Whether an ``inputCheckPasswordSRP`` proves that the password is known."""
        theirs = int.from_bytes(answer.A, "big")
        if not 1 < theirs < _P - 1 or answer.srp_id != self.number:
            return False
        mixed = int.from_bytes(_digest(answer.A.rjust(KEY_BYTES, b"\0"), self._ours()), "big")
        shared = pow(theirs * pow(self.value, mixed, _P), self.secret, _P)
        parameters = bytes(a ^ b for a, b in zip(_digest(PRIME), _digest(_PADDED_GENERATOR), strict=True))
        salts = _digest(self.algorithm.salt1), _digest(self.algorithm.salt2)
        key = _digest(shared.to_bytes(KEY_BYTES, "big"))
        return bool(_digest(parameters, *salts, answer.A.rjust(KEY_BYTES, b"\0"), self._ours(), key) == answer.M1)

    def _ours(self) -> bytes:
        k = int.from_bytes(_digest(PRIME, _PADDED_GENERATOR), "big")
        return ((k * self.value + pow(GENERATOR, self.secret, _P)) % _P).to_bytes(KEY_BYTES, "big")


def _digest(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def _salted(salt: bytes, data: bytes) -> bytes:
    return _digest(salt, data, salt)


@dataclass(frozen=True, slots=True)
class Sender:
    """Somebody who posts and is no client of this server."""

    id: int
    name: str
    username: str | None = None


@dataclass(frozen=True, slots=True)
class Frozen:
    """Since when and until when an account is frozen, where its holder may appeal, and the code of its errors."""

    since: datetime
    until: datetime
    appeal_url: str
    code: int


@dataclass(slots=True, eq=False)
class Account:
    """An account of the loopback Telegram, which logs in.

    Attributes:
        phone: With its plus sign.
        dc: Its home; elsewhere it has only what it carries over.
        code: The login code that was sent and not yet used.
        trouble: Code and name of the error with which every request of the account is answered.
    """

    id: int
    phone: str
    dc: int
    verifier: Verifier | None = None
    code: str | None = None
    code_hash: str = ""
    frozen: Frozen | None = None
    trouble: tuple[int, str] | None = None
    pts: int = 1
    log: list[tuple[int, Tl]] = field(default_factory=list)

    @property
    def digits(self) -> str:
        """The number as TL has it: only digits."""
        return self.phone.removeprefix("+")


@dataclass(slots=True, eq=False)
class KnownKey:
    """An authorisation key, the data centre where it was agreed, and whose it is.

    Attributes:
        guest: The authorisation was brought from another data centre; no updates come here.
        half: The code was right, but the password is still needed.
    """

    agreed: AgreedKey
    dc: int
    account: Account | None = None
    guest: bool = False
    half: Account | None = None


@dataclass(slots=True)
class KeyRing:
    """All keys that the servers know; one that is lost is answered with -404."""

    _keys: dict[int, KnownKey] = field(default_factory=dict)

    def add(self, agreed: AgreedKey, *, dc: int) -> None:
        """Remember a key that was agreed at a data centre."""
        self._keys[agreed.number] = KnownKey(agreed, dc)

    def find(self, number: int, *, dc: int) -> KnownKey | None:
        """The key of that number that was agreed at that data centre of the rehearsal."""
        key = self._keys.get(number)
        return key if key is not None and key.dc == dc else None

    def lose(self, account: Account) -> None:
        """Forget every key of an account."""
        self._keys = {number: key for number, key in self._keys.items() if key.account is not account}
