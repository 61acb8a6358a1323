"""The types of custody events and the names that each commits to.

Pure data, shared with the offline verifier. Every NAME of a TYPE is always committed, null
where there is nothing to say, so that what is withheld shows. Schemas are looked up by format
and type. From release 1.0 a schema is never edited: a new field is a new format,
``nisisama/event/2``; a new type may be added at any time. docs/format.md is the specification.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from config.errors import Where
from evidence.errors import LeafError, UnknownTypeError

FORMAT = "nisisama/event/1"
MAX_LEAF_BYTES = 65_535
NO_TOKEN = "0" * 64
"""``after`` before the first token."""

SEALED_NAMES = ("hashes", "media", "media_header", "prints", "record", "resealed")


@dataclass(frozen=True, slots=True)
class Schema:
    """The names of one event type.

    Attributes:
        subject: Names whose salts come from the ``subject`` secret, which erasure destroys.
        act: Names whose salts come from the ``act`` secret, which is kept.
        public: Names in clear, in ``public``.
        names: Every NAME that a leaf of this type commits to.
    """

    subject: tuple[str, ...] = ()
    act: tuple[str, ...] = ()
    public: tuple[str, ...] = ()
    names: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        # once, and not for each of a million leaves
        object.__setattr__(self, "names", frozenset((*self.subject, *self.act)))


_ACT = ("actor", "at", "reason", "authority", "approver", "tool")
"""Who did it, when by our clock, why, on whose authority, with what; in every event but an anchor."""
TIERS = ("identical", "match", "review")
"""The NAMEs of ``checked`` that hold what was found, by how alike it is: ``observed`` events of files. In ``alerted``,
the files of the case that the new one is like."""

SCHEMAS: Mapping[str, Schema] = MappingProxyType(
    {
        "log_opened": Schema(
            act=(
                *_ACT,
                "organisation",
                "log_key",
                "office_recipient",
                "casework_recipient",
                "matching_recipient",
                "seal_certificate_sha256",
                "seal_root_sha256",
                "casework_recovery_sha256",
                "matching_recovery_sha256",
                "seal_root_recovery_sha256",
                "rehearsal",
            )
        ),
        "requested": Schema(act=(*_ACT, "what", "target", "order", "proof")),
        "approved": Schema(act=(*_ACT, "request", "proof")),
        "refused": Schema(act=(*_ACT, "request", "proof")),
        "channel_added": Schema(
            subject=(
                "channel",
                "channel_id",
                "report_url",
                "reported_by",
                "reported_on",
                "reported_as",
                "follows",
                "access",
            ),
            act=(*_ACT, "mode", "legal_basis", "review_by", "joined_by", "joined_at", "task"),
        ),
        "probe_added": Schema(subject=("channel", "channel_id", "access"), act=(*_ACT, "mode", "review_by", "rights")),
        "channel_removed": Schema(subject=("channel",), act=_ACT),
        "mode_lowered": Schema(subject=("channel",), act=(*_ACT, "mode")),
        "imported": Schema(
            subject=(
                "source_name",
                "container_sha256",
                "container_bytes",
                "channel_id",
                "channel_title",
                "channel_type",
                "extent",
            ),
            act=(*_ACT, "declared_by", "method", "mode", "legal_basis", "counts", "decoder"),
        ),
        "files_added": Schema(
            subject=("channel_id", "channel_title"), act=(*_ACT, "declared_by", "method", "mode", "items")
        ),
        "observed": Schema(
            subject=(
                "kind",
                "channel_id",
                "channel_title",
                "channel_type",
                "message_id",
                "posted_at",
                "edited_at",
                "sender_id",
                "sender_name",
                "text",
                "entities",
                "links",
                "people",
                "numbers",
                "content",
                "reply_to",
                "forwarded_from",
                "action",
                "counters",
                "media",
                "file_name",
                "media_type",
                "bytes",
                "sha256",
                "position",
                "message_sha256",
                "unknown_sha256",
                "raw_sha256",
                "container_sha256",
                "offset",
            ),
            act=(*_ACT, "declared_by", "method", "mode", "acquisition"),
        ),
        "hole": Schema(
            subject=("channel_id", "lo", "hi", "position", "message_sha256", "container_sha256", "what"),
            act=(*_ACT, "declared_by", "method", "hole", "since", "until"),
        ),
        "case_opened": Schema(act=(*_ACT, "case")),
        "case_item_added": Schema(act=(*_ACT, "case", "item")),
        "case_item_removed": Schema(act=(*_ACT, "case", "item")),
        "case_viewed": Schema(act=(*_ACT, "case")),
        "downloaded": Schema(act=(*_ACT, "case", "bundle_sha256", "what")),
        "digests_viewed": Schema(act=(*_ACT, "channel", "item", "items")),
        "channel_viewed": Schema(act=(*_ACT, "case", "item", "items")),
        "searched": Schema(
            subject=("text", "sender_id"), act=(*_ACT, "case", "channel_id", "kind", "since", "until", "items")
        ),
        "checked": Schema(act=(*_ACT, "case", "compared", "not_compared", "found", *TIERS)),
        "alerted": Schema(act=(*_ACT, "case", "item", *TIERS)),
        "alert_dismissed": Schema(act=(*_ACT, "case", "item")),
        "hashes_added": Schema(
            act=(
                *_ACT,
                "case",
                "source_name",
                "provider",
                "obtained_on",
                "meaning",
                "declared_by",
                "container_sha256",
                "counts",
                "part",
                "parts",
            )
        ),
        "hashes_removed": Schema(act=(*_ACT, "case"), public=("entries",)),
        "consent": Schema(
            subject=("person", "text"),
            act=(*_ACT, "case", "given", "scope", "until", "paper_sha256", "language", "date"),
        ),
        "recognised": Schema(
            subject=("person", "text"),
            act=(*_ACT, "case", "item", "given", "recognition", "means", "language", "date"),
        ),
        "left_out": Schema(act=(*_ACT, "case", "items", "left_items", "text")),
        "exported": Schema(act=(*_ACT, "case", "bundle_sha256", "audience", "receiver", "language", "items")),
        "counter_sealed": Schema(act=(*_ACT, "bundle_sha256")),
        "sheet_made": Schema(act=(*_ACT, "case", "sheet", "sheet_items", "sheet_sha256", "language", "stamped")),
        "receiver_added": Schema(act=(*_ACT, "receiver", "audience")),
        "receiver_removed": Schema(act=(*_ACT, "receiver", "audience")),
        "released": Schema(
            subject=("sha256",),
            act=(*_ACT, "case", "item", "audience", "recipient", "recipient_sha256", "released_sha256"),
        ),
        "frozen": Schema(subject=("what",), act=(*_ACT, "hint", "frozen_items")),
        "unfrozen": Schema(act=(*_ACT, "frozen_items")),
        "held": Schema(act=(*_ACT, "hold", "case", "held_items", "until")),
        "hold_ended": Schema(act=(*_ACT, "holds")),
        "retention_ruled": Schema(act=(*_ACT, "rule")),
        "erased": Schema(act=(*_ACT, "cause", "items", "destroyed", "marks", "backups_until"), public=("entries",)),
        "key_changed": Schema(act=(*_ACT, "key", "old", "new")),
        "drilled": Schema(act=(*_ACT, "set", "backup_at", "opened", "kept")),
        "account_lost": Schema(act=(*_ACT, "account", "cause", "since", "until", "appeal_url")),
        "anchor": Schema(public=("checkpoint_sha256", "gen_time", "office", "reply_sha256", "token_sha256")),
    }
)

PINNED: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "log_opened": SCHEMAS["log_opened"].names.difference(_ACT),
        "key_changed": SCHEMAS["key_changed"].names.difference(_ACT),
        "drilled": frozenset({"at", "set", "backup_at"}),
    }
)
"""Values that the home keeps disclosed, by type: what it must be using. None of them is a secret or about a person."""

_FORMATS: Mapping[str, Mapping[str, Schema]] = MappingProxyType({FORMAT: SCHEMAS})


def schema_of(event_type: str, event_format: str = FORMAT) -> Schema:
    """The schema of an event's type in a format.

    Raises:
        UnknownTypeError: There is no such type here: perhaps a newer program has it.
    """
    try:
        return _FORMATS[event_format][event_type]
    except KeyError as error:
        raise UnknownTypeError(
            "unknown_type.event", event_type=event_type[:40], event_format=event_format[:40]
        ) from error


def require_names(names: frozenset[str], schema: Schema, *, where: Where) -> None:
    """Check that committed names are exactly those of an event type's schema.

    Raises:
        LeafError: One is missing or added.
    """
    if odd := names ^ schema.names:
        found = ", ".join(sorted(odd))
        raise LeafError("leaf.other_committed_names", where=where, found=found)
