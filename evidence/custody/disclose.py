"""Making disclosures and their commitments, the writing half of ``commit``; the verifier does not carry it.

An event commits to each name of its type, and most of them are null. So all of its disclosures are made together:
what is the same for each event is made once, and base64 is written for all names in one call.
"""

import hmac
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from hashlib import sha256

from evidence.canonical import Value, b64u, b64u_each, jcs
from evidence.errors import CommitmentError
from evidence.log.commit import CONTEXT, MAX_DEPTH, SECRET_BYTES, read_disclosure, require_value_name

_NAMES = 1024
_HEAD_CHARACTERS = 60
"""What a disclosure begins with, up to the end of its salt: 45 bytes, which base64 ends with."""


def salts(secret: bytes, names: Iterable[str]) -> list[bytes]:
    """The salt of each name of an event that is built, 32 bytes.

    One secret serves all names of the event that it covers.

    Raises:
        CommitmentError: The secret is not 32 bytes, or this is not a name.
    """
    if len(secret) != SECRET_BYTES:
        raise CommitmentError("commitment.not_a_secret", secret_bytes=SECRET_BYTES, length=len(secret))
    return [hmac.digest(secret, _salted(name), "sha256") for name in names]


def disclose_each(secret: bytes, values: Mapping[str, Value]) -> dict[str, str]:
    """Make the disclosure of each value of an event, salted from the secret that covers its name.

    Raises:
        CanonicalError: Not a value of the log.
        CommitmentError: The secret is not 32 bytes, this is not a name, or a value is nested
            too deeply: what a reader would refuse is not written.
    """
    heads = _heads(salts(secret, values))
    return {
        name: head + (_null(name) if value is None else _tail(head, name, value))
        for head, (name, value) in zip(heads, values.items(), strict=True)
    }


def commit_each(disclosures: Mapping[str, str]) -> dict[str, str]:
    """Make the commitment to each disclosure of an event that is being written, by name."""
    digests = [sha256(disclosure.encode("ascii")).digest() for disclosure in disclosures.values()]
    return dict(zip(disclosures, b64u_each(digests), strict=True))


def _heads(salted: Sequence[bytes]) -> list[str]:
    """What the disclosures with these salts begin with."""
    text = b64u("".join(['["' + salt for salt in b64u_each(salted)]).encode("ascii"))
    return [text[at : at + _HEAD_CHARACTERS] for at in range(0, len(text), _HEAD_CHARACTERS)]


def _tail(head: str, name: str, value: Value) -> str:
    """What a disclosure with this name and value ends with."""
    spelled = jcs(value)
    tail = b64u(b'","%b",%b]' % (name.encode("ascii"), spelled))
    # nothing but too deep a value is more than a reader takes, and reading it costs as much again
    if spelled.count(b"[") + spelled.count(b"{") > MAX_DEPTH:
        read_disclosure(head + tail)
    return tail


@lru_cache(_NAMES)
def _null(name: str) -> str:
    """What every disclosure of null under this name ends with."""
    return b64u(b'","%b",null]' % name.encode("ascii"))


@lru_cache(_NAMES)
def _salted(name: str) -> bytes:
    """What the salt of this name is made of."""
    return CONTEXT + require_value_name(name).encode("ascii")
