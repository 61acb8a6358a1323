"""What an event is known again by: keyed marks, made of its values alone.

    mark = HMAC-SHA256(seen_key, JCS [kind, channel, message, declared by, method, digest, ...])

Whoever holds the key can know again what he already has, and read nothing. The digest of a message
is that of all it says, the digest of a file that of its bytes and of the message that carries it: a
mark is never of a name, a number or a short text alone, which a thief of the key could guess.

# LIMIT: whoever knows everything else of a message, its sender and its other words among it, can
# test guesses at the rest. No mark that a later program can make again could keep him from it.

Pure: no database, no clock.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from evidence.canonical import Value, jcs, sha256_hex
from evidence.content import message_sha256, post_sha256, said_sha256
from evidence.observation import OF_TIME, Kind

HALF_BYTES = 16
"""``said`` of a message is two halves: which message it is, and what it says."""

_MESSAGES = frozenset({Kind.MESSAGE, Kind.EDIT})
_OF_TIME = frozenset(reason.value for reason in OF_TIME)


@dataclass(frozen=True, slots=True, repr=False)
class SeenKey:
    """The collector's random key, used for nothing else."""

    secret: bytes

    def mark(self, *told: Value) -> bytes:
        """The 32-byte mark of these values, in this order."""
        return hmac.digest(self.secret, jcs(told), "sha256")


@dataclass(frozen=True, slots=True)
class Marks:
    """The marks of one observation.

    Attributes:
        seen: What it is known again by.
        said: Of a message, 16 bytes that no edit changes and 16 that an edit does. Of a file, what it is
            known again by where its bytes may not be read: its place in its message. Else None.
    """

    seen: bytes
    said: bytes | None = None


def observed_marks(key: SeenKey, values: Mapping[str, Any]) -> Marks:
    """The marks of an ``observed`` event; names that are not there count as null."""
    if values["kind"] == Kind.FILE:
        digest = _file_digest(values, values.get("sha256"))
        return Marks(_seen(key, Kind.FILE, values, digest), _seen(key, Kind.FILE, values, _file_digest(values, None)))
    digest = message_sha256(values)
    if values["kind"] in _MESSAGES:
        return Marks(_seen(key, Kind.MESSAGE, values, digest), _said(key, values))
    if values["kind"] == Kind.CHANNEL:
        digest = sha256_hex(jcs([digest, values.get("channel_title"), values.get("channel_type")]))
    return Marks(_seen(key, values["kind"], values, digest))


def hole_mark(key: SeenKey, values: Mapping[str, Any]) -> bytes:
    """The mark of a ``hole``: its source, reason, span and message.

    When nothing was seen, both ends in time tell one from another; where no message does, its container does.
    Never what is missing, in words: that is a file's name.
    """
    told = [values.get(name) for name in ("hole", "hi", "position", "message_sha256")]
    if values["hole"] in _OF_TIME:
        told += [values["since"], values.get("until")]
    elif values.get("lo") is None:
        told += [values.get("container_sha256")]
    return key.mark("hole", values["channel_id"], values.get("lo"), *_source(values), sha256_hex(jcs(told)))


def _seen(key: SeenKey, kind: str, values: Mapping[str, Any], digest: str) -> bytes:
    return key.mark(str(kind), values["channel_id"], values.get("message_id"), *_source(values), digest)


def _said(key: SeenKey, values: Mapping[str, Any]) -> bytes:
    which, what = key.mark("post", post_sha256(values)), key.mark("said", post_sha256(values), said_sha256(values))
    return which[:HALF_BYTES] + what[:HALF_BYTES]


def _file_digest(values: Mapping[str, Any], sha256: str | None) -> str:
    return sha256_hex(jcs([sha256, values.get("message_sha256"), values.get("position")]))


def _source(values: Mapping[str, Any]) -> tuple[Value, Value]:
    """Who declared it and by what method it was had: another source's copy is another observation."""
    return values.get("declared_by"), values.get("method")
