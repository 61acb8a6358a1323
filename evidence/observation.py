"""Observation and Hole: what a source saw once, and what it did not see.

A source yields these and knows nothing of sealing or of the log; intake takes them and
knows nothing of Telegram. What a source says again, in the same words, is no new observation.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import BinaryIO

from evidence.canonical import Value


class Kind(StrEnum):
    """What was seen (the ``kind`` of ``evidence list``)."""

    MESSAGE = "message"
    EDIT = "edit"
    DELETION = "deletion"
    SERVICE = "service"
    CHANNEL = "channel"
    FILE = "file"
    LINK = "link"


class Gone(StrEnum):
    """How it is known that a message is gone: the ``action`` of a deletion."""

    TOLD = "told"
    """The source said that it was deleted."""
    MISSING = "missing"
    """It was not there when it was asked for again; why is not known."""
    LACKED = "lacked"
    """An export that goes at least as far, and was brought before, does not have it; why is not known."""


CAPTURED = "capture"
"""The method by which a post of a channel that nobody registered was had, and the act that a second person confirms."""
EVERYBODY = "everybody"
"""Whose messages an export has, if it is to have all that lies within its extent; else ``some``."""


class Mode(StrEnum):
    """How much of a medium is kept."""

    METADATA_ONLY = "metadata_only"
    HASH_ONLY = "hash_only"
    SEALED = "sealed"


class HoleReason(StrEnum):
    """Why something is not there."""

    GAP = "gap"
    MISSING_FILE = "missing_file"
    NOT_INCLUDED = "not_included"
    TOO_LARGE = "too_large"
    UNAVAILABLE = "unavailable"
    UNKNOWN_REASON = "unknown_reason"
    REFUSED = "refused"
    BROKE_OFF = "broke_off"
    OUTSIDE = "outside_the_export"
    OTHER_SIZE = "other_size"
    NOT_DECODED = "not_decoded"
    UNSUPPORTED = "unsupported"
    NOT_EXPORTED = "not_exported"
    UNKNOWN = "unknown"
    UNREAD = "unread"
    BAD_DATE = "bad_date"
    DATES_DIFFER = "dates_differ"
    SAYS_NOTHING = "says_nothing"
    CUT_OFF = "cut_off"
    OWN_ONLY = "own_messages_only"
    UNNAMED = "unnamed_files"
    MODE = "mode"
    TAKEN_OFF = "taken_off"
    PAYWALL = "paywall"
    SELF_DESTRUCTING = "self_destructing"
    FROZEN = "frozen"
    HIDDEN = "hidden_history"
    BAN = "ban"
    CHANNEL_GONE = "channel_gone"
    DIFFERENCE_TOO_LONG = "difference_too_long"
    DIFFERENCE_UNREAD = "difference_unread"
    DOWNTIME = "downtime"
    FLOOD = "flood"


OF_A_CHANNEL = frozenset(
    {
        HoleReason.GAP,
        HoleReason.HIDDEN,
        HoleReason.BAN,
        HoleReason.CHANNEL_GONE,
        HoleReason.DIFFERENCE_TOO_LONG,
        HoleReason.DIFFERENCE_UNREAD,
        HoleReason.DOWNTIME,
        HoleReason.FLOOD,
        HoleReason.CUT_OFF,
        HoleReason.OWN_ONLY,
        HoleReason.UNNAMED,
    }
)
"""What was not seen of a channel, rather than of a message that was."""
OF_TIME = frozenset(
    {
        HoleReason.BAN,
        HoleReason.CHANNEL_GONE,
        HoleReason.DIFFERENCE_TOO_LONG,
        HoleReason.DIFFERENCE_UNREAD,
        HoleReason.DOWNTIME,
        HoleReason.FLOOD,
    }
)
"""When nothing was seen: its two ends in time tell one such hole from another."""
KEPT_FROM_US = frozenset({HoleReason.PAYWALL, HoleReason.SELF_DESTRUCTING})
"""The source has it and keeps it from us: it shows it only to whoever pays, or only once."""
OF_A_PART: Mapping[HoleReason, Mode] = MappingProxyType(
    {
        HoleReason.MISSING_FILE: Mode.HASH_ONLY,
        HoleReason.NOT_INCLUDED: Mode.HASH_ONLY,
        HoleReason.TOO_LARGE: Mode.HASH_ONLY,
        HoleReason.UNAVAILABLE: Mode.HASH_ONLY,
        HoleReason.UNKNOWN_REASON: Mode.HASH_ONLY,
        HoleReason.REFUSED: Mode.HASH_ONLY,
        HoleReason.BROKE_OFF: Mode.HASH_ONLY,
        HoleReason.OUTSIDE: Mode.HASH_ONLY,
        HoleReason.NOT_EXPORTED: Mode.HASH_ONLY,
        HoleReason.TAKEN_OFF: Mode.HASH_ONLY,
        HoleReason.PAYWALL: Mode.HASH_ONLY,
        HoleReason.SELF_DESTRUCTING: Mode.HASH_ONLY,
        HoleReason.FROZEN: Mode.HASH_ONLY,
        HoleReason.MODE: Mode.SEALED,
    }
)
"""A part of what was seen was not received, or not kept: the lowest mode in which an item has what was missing. A file
that was not there is there once it was read; one that the mode does not keep, once it is sealed."""


@dataclass(frozen=True, slots=True)
class Hole:
    """Something that was not seen, with its reason.

    Attributes:
        lo: First message identifier of the span; None when no message is concerned.
        hi: Last message identifier of the span, inclusive.
        what: What is missing, in words or as a file name; goes into the sealed record only.
        since: When it began or was noticed, aware UTC.
        until: When it ended; None while it is open, or where it has no end.
        position: Its place among what its message names, from 0; None when it is about no such thing.
        message_sha256: Identity digest of the message that it is about, if there is one.
        count: How many things are missing.
    """

    channel_id: str
    reason: HoleReason
    since: datetime
    lo: int | None = None
    hi: int | None = None
    what: str = ""
    until: datetime | None = None
    position: int | None = None
    message_sha256: str | None = None
    count: int = 1


@dataclass(frozen=True, slots=True)
class Medium:
    """A file that belongs to a message, or that a client brought: a stream, which may be a download.

    Attributes:
        name: Its name at the source; sealed, never in clear.
        open: Opens the bytes; called again only where the reply that shows it cannot be kept whole after all.
            It and what it gives may raise OSError: then the file is a hole.
        declared_type: Media type the source claims, if any.
        identity: What its source calls it, where that tells two files apart; never in clear.
    """

    name: str
    open: Callable[[], AbstractContextManager[BinaryIO]]
    declared_type: str | None = None
    identity: str = ""


@dataclass(frozen=True, slots=True)
class Observation:
    """What a source saw once.

    Attributes:
        kind: Never Kind.EDIT: whether a message is one, the store alone knows.
        channel_id: Decimal; the bare identifier that Telegram Desktop writes (no ``-100``).
            For files and links that somebody brought, ``local`` and 16 hex, random for each time.
        message_id: Decimal; None for a channel, a loose file or a link.
        posted_at: When the source says that it was posted, aware UTC.
        fields: Disclosable values by NAME of the ``observed`` schema: ``text``, ``sender_id``
            and so on. Names left out are null. For a file also ``position`` and ``message_sha256``.
        raw: The bytes as received (export fragment, TL); sealed to the office key, because
            they can embed thumbnails. None when there are none.
        raw_type: Media type of ``raw``.
        record: The parsed record after ``strip_previews``; sealed to the casework key.
        offset: Where ``raw`` begins in its container; None outside a container.
        medium: The file itself, for Kind.FILE and for nothing else.
        unsupported: The source itself could not say what this is.
        pictured: ``raw`` embeds a picture or a thumbnail; then ``metadata_only`` does not keep it.
    """

    kind: Kind
    channel_id: str
    message_id: int | None
    posted_at: datetime | None
    fields: Mapping[str, Value] = field(default_factory=dict)
    raw: bytes | None = None
    raw_type: str = "application/octet-stream"
    record: Value = None
    offset: int | None = None
    medium: Medium | None = None
    unsupported: bool = False
    pictured: bool = False

    def __post_init__(self) -> None:
        if self.kind is Kind.EDIT or (self.kind is Kind.FILE) != (self.medium is not None):
            raise ValueError(f"an observation of kind {self.kind} cannot be built so")

    @property
    def gone(self) -> Gone | None:
        """Of a deletion, how it is known."""
        return Gone(str(self.fields["action"])) if self.kind is Kind.DELETION else None


@dataclass(frozen=True, slots=True)
class Container:
    """One export, page or reply, read whole before anything is acknowledged.

    Attributes:
        method: How it was had: ``desktop-json``.
        name: File name at the source; sealed.
        sha256: Of the untouched bytes, hex.
        rest: All bytes that lie in no observation's ``raw``, in order; filling the gaps
            between the slices at their offsets gives the container back.
        contents: Observations and holes in the order of the container; may be iterated once.
        channel_title: A value of the log, without a picture.
        media_type: Of the container, and of ``rest``.
        total: How many messages of every kind there are.
        files: How many of ``contents`` are files, when it was read.
        pictured: ``rest`` embeds a picture or a thumbnail; then no mode below ``sealed`` keeps it.
        alone: It is a file of its own, and was not cut out of one that has other chats too.
    """

    method: str
    media_type: str
    name: str
    channel_id: str
    channel_title: Value
    channel_type: str | None
    sha256: str
    length: int
    rest: Callable[[], bytes]
    contents: Callable[[], Iterator[Observation | Hole]]
    total: int
    files: int = 0
    pictured: bool = False
    alone: bool = True


@dataclass(frozen=True, slots=True)
class Reply:
    """What a live source answered once, as it was received.

    Attributes:
        name: The request that it answers; a name of the source's interface, and nothing about anybody.
        body: The untouched bytes; offsets of observations count in them.
        media_type: Of the body.
        again: It was asked for about messages that are known; kept whole, it would hold their bytes once more.
    """

    name: str
    channel_id: str
    body: bytes = field(repr=False)
    media_type: str
    again: bool = False
