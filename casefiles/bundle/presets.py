"""Who receives a bundle, and what is withheld from them, by the kind of information in a value and not name by name.

Every NAME of every type carries one kind of information, and a preset withholds kinds. Whoever adds a NAME
to a schema gives it a kind once; it is then withheld wherever that kind is. A NAME without a kind
stops an export. A withheld value stays committed to, so its disclosure can be handed over later.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from evidence.content import NAMES as SAID_IN_A_MESSAGE
from evidence.log.schema import SCHEMAS, schema_of


class Tells(StrEnum):
    """The kind of information that a value gives its reader.

    ``house``: who we are and how we watch, which the accused reads too; a court asks for it.
    ``said``: what people wrote, and who they are. ``trace``: digests, lengths and places of that,
    on which a guess at it could be tested. ``plain``: what, where and when.
    """

    HOUSE = "house"
    SAID = "said"
    TRACE = "trace"
    PLAIN = "plain"


_NAMES: Mapping[Tells, frozenset[str]] = MappingProxyType(
    {
        # reasons are free words of the house: the bundle's own stands in its description
        Tells.HOUSE: frozenset(
            {
                "account",
                "acquisition",
                "actor",
                "appeal_url",
                "approver",
                "backup_at",
                "declared_by",
                "held_items",
                "hold",
                "holds",
                "joined_at",
                "joined_by",
                "kept",
                "left_items",
                "legal_basis",
                "meaning",
                "obtained_on",
                "opened",
                "order",
                "person",
                "provider",
                "reason",
                "receiver",
                "rights",
                "rule",
                "set",
                "target",
                "task",
            }
        ),
        Tells.SAID: frozenset(
            {
                "action",
                "channel_title",
                "channel_type",
                "file_name",
                "forwarded_from",
                "media",
                "media_type",
                "sender_id",
                "sender_name",
            }
        ).union(SAID_IN_A_MESSAGE),
        Tells.TRACE: frozenset(
            {
                "container_bytes",
                "container_sha256",
                "extent",
                "message_sha256",
                "offset",
                "position",
                "raw_sha256",
                "source_name",
                "unknown_sha256",
            }
        ),
        Tells.PLAIN: frozenset(
            {
                "access",
                "at",
                "audience",
                "authority",
                "backups_until",
                "bundle_sha256",
                "bytes",
                "case",
                "casework_recipient",
                "casework_recovery_sha256",
                "cause",
                "channel",
                "channel_id",
                "compared",
                "counts",
                "date",
                "decoder",
                "destroyed",
                "edited_at",
                "follows",
                "found",
                "frozen_items",
                "given",
                "hi",
                "hint",
                "hole",
                "identical",
                "item",
                "items",
                "key",
                "kind",
                "language",
                "lo",
                "log_key",
                "marks",
                "match",
                "matching_recipient",
                "matching_recovery_sha256",
                "means",
                "message_id",
                "method",
                "mode",
                "new",
                "not_compared",
                "office_recipient",
                "old",
                "organisation",
                "paper_sha256",
                "part",
                "parts",
                "posted_at",
                "proof",
                "recipient",
                "recipient_sha256",
                "recognition",
                "rehearsal",
                "released_sha256",
                "reply_to",
                "report_url",
                "reported_as",
                "reported_by",
                "reported_on",
                "request",
                "review",
                "review_by",
                "scope",
                "seal_certificate_sha256",
                "seal_root_recovery_sha256",
                "seal_root_sha256",
                "sha256",
                "sheet",
                "sheet_items",
                "sheet_sha256",
                "since",
                "stamped",
                "tool",
                "until",
                "what",
            }
        ),
    }
)
_OF_A_TYPE: Mapping[tuple[str, str], Tells] = MappingProxyType(
    # elsewhere the kind of an act; here what is missing, or what was seen, in words
    # and what a client signed or said, which can name her, and what was looked for, which can too
    {
        ("hole", "what"): Tells.SAID,
        # who thinks that it may show a child, and why, is for the police and not for whoever gets a bundle
        ("frozen", "what"): Tells.HOUSE,
        ("frozen", "hint"): Tells.HOUSE,
        ("erased", "marks"): Tells.HOUSE,
        ("consent", "text"): Tells.HOUSE,
        ("recognised", "text"): Tells.HOUSE,
        ("searched", "text"): Tells.HOUSE,
        ("searched", "sender_id"): Tells.HOUSE,
    }
)
_TELLS = MappingProxyType({name: tells for tells, names in _NAMES.items() for name in names})

PRESETS: Mapping[str, frozenset[Tells]] = MappingProxyType(
    {
        "court": frozenset({Tells.HOUSE}),
        "lawyer": frozenset({Tells.HOUSE}),
        "partner": frozenset({Tells.HOUSE, Tells.SAID, Tells.TRACE}),
        "prosecutor": frozenset({Tells.HOUSE}),
    }
)
"""What is withheld from each audience."""

AUDIENCES = tuple(PRESETS)


def tells(event_type: str, name: str) -> Tells:
    """The kind of information in the value of a NAME, by which a bundle's presets withhold it."""
    return _OF_A_TYPE.get((event_type, name)) or _TELLS[name]


def withheld(audience: str, event_type: str) -> frozenset[str]:
    """The NAMEs of a type that a bundle withholds from an audience.

    Raises:
        LeafError: There is no such type.
    """
    names = schema_of(event_type).names
    return frozenset(name for name in names if tells(event_type, name) in PRESETS[audience])


def shown_to(audience: str) -> Mapping[Tells, bool]:
    """Whether a bundle shows an audience each kind of information, those that are shown first."""
    hidden = PRESETS[audience]
    return {kind: kind not in hidden for kind in sorted(Tells, key=lambda kind: (kind in hidden, kind))}


def names_that_tell(kind: Tells) -> tuple[str, ...]:
    """The NAMEs that a bundle's presets withhold as one kind of information.

    One that carries it in a single type of entry has that before it.
    """
    every = ((each, name) for each, schema in SCHEMAS.items() for name in schema.names if tells(each, name) is kind)
    return tuple(sorted({f"{each}.{name}" if (each, name) in _OF_A_TYPE else name for each, name in every}))
