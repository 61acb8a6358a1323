"""Keyed marks by which the program recognises an event, made of its values alone.

    mark = HMAC-SHA256(seen_key, JCS [kind, channel, message, declared by, method, digest, ...])

Whoever holds the key can recognise what he already has, and can read nothing. The digest of a message
covers all that it is and says. The digest of a file covers its bytes and their place among the files of a
post; if the file is so short that its bytes could be guessed, it covers its message too, and that of a link that
somebody brought covers a random number. The part that
distinguishes an edit from a message agrees with one guess in 65,536, so it confirms none. ``part`` is of no
source: whoever declared it, half of it is a place alone, half the identity of a message.

# LIMIT: whoever knows everything else about a message, including its sender and its other words, can
# test guesses at the rest. Of a short message he can guess sender and words together. No mark that a
# later program can make again could prevent it.

Pure: no database, no clock.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from evidence.canonical import Value, jcs, sha256_hex
from evidence.content import message_sha256, post_sha256, said_sha256
from evidence.observation import CAPTURED, OF_A_PART, OF_TIME, HoleReason, Kind

HALF_BYTES = 2
"""``said`` of a message is two halves: which message it is, and what it says. Two that meet by chance
only call an edit a message or a message an edit; ``seen`` alone decides what is kept."""

GUESSABLE_BYTES = 4096
"""A file of at most this length, such as a contact card, is known again only with its message."""

PART_BYTES = 8
"""``part`` has two halves: a place in a message, and what the message said. They are compared within one message."""

ALBUM_BYTES = 8
"""Which messages of a channel are of one album; the mark is compared within the channel alone."""

_MESSAGES = frozenset({Kind.MESSAGE, Kind.EDIT})
_WITH_BYTES = frozenset({Kind.MESSAGE, Kind.EDIT, Kind.SERVICE})
"""What may be kept as it came, so that a hole may say that it was not; a channel's identity does not tell its title."""
_OF_TIME = frozenset(reason.value for reason in OF_TIME)
_OF_A_PART = frozenset(reason.value for reason in OF_A_PART)


@dataclass(frozen=True, slots=True, repr=False)
class SeenKey:
    """The collector's random key, used for nothing else."""

    secret: bytes

    def mark(self, *parts: Value) -> bytes:
        """The 32-byte mark of these values, in this order."""
        return hmac.digest(self.secret, jcs(parts), "sha256")


@dataclass(frozen=True, slots=True)
class Marks:
    """The marks of one observation.

    Attributes:
        seen: What it is known again by.
        said: Of a message, 2 bytes that no edit changes and 2 that an edit does. Of a file, what it is known again
            by where its bytes may not be read: its place in its message, and what its source calls it. Else None.
        part: Which part of its message it is, whoever declared it: its place, and the message's identity. A file
            that is not said to be of a message has only the first half; None for what is not a part.
    """

    seen: bytes
    said: bytes | None = None
    part: bytes | None = None


def observed_marks(key: SeenKey, values: Mapping[str, Any]) -> Marks:
    """The keyed marks of an ``observed`` event, as its row has them; names that are not there count as null."""
    if values["kind"] == Kind.FILE:
        # what the source calls it has a number that nobody can guess; it is never the name that a sender gave
        place = [post_sha256(values), values.get("position"), *(values.get("media") or ())]
        read = [*place[:2], values.get("sha256"), _carrier(values)] if values.get("sha256") else place
        seen, said = (_seen(key, Kind.FILE, values, sha256_hex(jcs(parts))) for parts in (read, place))
        placed = values.get("position") is not None
        return Marks(seen, said, part_mark(key, values, values.get("message_sha256")) if placed else None)
    digest = message_sha256(values)
    if values["kind"] == Kind.LINK:
        digest = sha256_hex(jcs([digest, _random(values)]))
    part = part_mark(key, values, digest) if values["kind"] in _WITH_BYTES else None
    if values["kind"] in _MESSAGES:
        return Marks(_seen(key, Kind.MESSAGE, values, digest), _said(key, values), part)
    if values["kind"] == Kind.CHANNEL:
        facts = [digest, values.get("channel_title"), values.get("channel_type"), _counted(values)]
        digest = sha256_hex(jcs(facts))
    return Marks(_seen(key, values["kind"], values, digest), part=part)


def part_mark(key: SeenKey, values: Mapping[str, Any], message: Value) -> bytes:
    """The keyed mark of a part: of its place, and of the message's identity if that is known."""
    place = [values["channel_id"], values.get("message_id"), values.get("position")]
    halves = [key.mark("part", *place), *([] if message is None else [key.mark("state", message)])]
    return b"".join(half[:PART_BYTES] for half in halves)


def place_mark(key: SeenKey, channel_id: str, message_id: int) -> bytes:
    """The keyed mark of a message's place, whoever declared it and whatever it says."""
    return key.mark("part", channel_id, str(message_id), None)[:PART_BYTES]


def album_mark(key: SeenKey, values: Mapping[str, Any]) -> bytes | None:
    """The keyed mark of the album that an ``observed`` message was posted in; None if it was posted alone.

    Like a place, it says where a message belongs and nothing of what it says.
    """
    albums = (part.get("id") for part in values.get("content") or () if part.get("kind") == "album")
    album = next(albums, None)
    return None if album is None else key.mark("album", values["channel_id"], album)[:ALBUM_BYTES]


def missed_mark(key: SeenKey, values: Mapping[str, Any]) -> bytes | None:
    """The keyed mark of the part that a ``hole`` is in the place of; None if it is in the place of none."""
    part, reason = values.get("position"), values["hole"]
    if reason not in _OF_A_PART or values.get("lo") != values.get("hi") or (part is None and reason != HoleReason.MODE):
        return None
    return part_mark(key, {**values, "message_id": values.get("lo")}, values.get("message_sha256"))


def hole_mark(key: SeenKey, values: Mapping[str, Any]) -> bytes:
    """The keyed mark of a ``hole``: its source, reason, span and message.

    Holes of a time in which nothing was seen differ by both ends in time; those without a message by their container.
    What is missing, in words, is never part of it: that is a file's name.
    """
    facts = [values.get(name) for name in ("hole", "hi", "position", "message_sha256")]
    if values["hole"] in _OF_TIME:
        facts += [values["since"], values.get("until")]
    elif values.get("lo") is None:
        facts += [values.get("container_sha256")]
    return key.mark("hole", values["channel_id"], values.get("lo"), *_source(values), sha256_hex(jcs(facts)))


def _seen(key: SeenKey, kind: str, values: Mapping[str, Any], digest: str) -> bytes:
    return key.mark(str(kind), values["channel_id"], values.get("message_id"), *_source(values), digest)


def _said(key: SeenKey, values: Mapping[str, Any]) -> bytes:
    post, sender = post_sha256(values), values.get("sender_id") or values.get("sender_name")
    halves = key.mark("post", post), key.mark("said", post, sender, said_sha256(values))
    return b"".join(half[:HALF_BYTES] for half in halves)


def _counted(values: Mapping[str, Any]) -> list[Value]:
    """What the messages of a channel counted at a time: the one thing that a snapshot of counters says."""
    return [each for each in values.get("counters") or () if each["kind"] == "counted"]


def _carrier(values: Mapping[str, Any]) -> Value:
    """The message of a file whose bytes could be guessed; the mark of a longer file survives changes of its message.

    One that somebody brought is of no message; its random number stands in the place of one.
    """
    if int(values.get("bytes") or 0) > GUESSABLE_BYTES:
        return None
    return values.get("message_sha256") or _random(values)


def _random(values: Mapping[str, Any]) -> Value:
    """What keeps the mark of something that somebody brought from confirming a guess."""
    return (values.get("acquisition") or {}).get("random")


def _source(values: Mapping[str, Any]) -> tuple[Value, ...]:
    """Who declared it and by what method it was had: another source's copy is another observation.

    Each capture from a channel that nobody registered is a source of its own. So what was destroyed because nobody
    confirmed it keeps neither another capture nor a watch from keeping the post on grounds of its own.
    """
    source = values.get("declared_by"), values.get("method")
    return (*source, values.get("authority")) if source[1] == CAPTURED else source
