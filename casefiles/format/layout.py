"""The table of a bundle's members: what may be inside, its media type, who writes it, and how it is searched.

A member that is not in this table cannot enter a bundle, and a bundle that has one fails. Names are
ASCII, in one spelling, without a leading dot or dash in any part, so that no file system, shell
or archive program can read one of them in two ways. docs/adr/0006-bundle-container.md.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from casefiles.errors import ContainerError

BUNDLE_SCHEMA = "nisisama/bundle/1"

MIMETYPE = "mimetype"
MIMETYPE_TEXT = b"application/vnd.etsi.asic-e+zip"

BAGIT = "bagit.txt"
BAG_INFO = "bag-info.txt"
BAG_MANIFEST = "manifest-sha256.txt"
README = "README.txt"
HOW_TO_VERIFY = "VERIFY.txt"
VERIFY_SH = "verify.sh"

PAYLOAD = "data/"
CASE = "data/case.json"
ITEMS_JSONL = "data/items.jsonl"
ITEMS_CSV = "data/items.csv"
EVENTS_JSONL = "data/events.jsonl"
CASE_JSONLD = "data/case.jsonld"
ENTRIES = "data/log/entries.jsonl"
STAMPS = "data/log/stamps.jsonl"
CERTIFICATES = "data/certs/"
CHECKPOINT = "data/log/checkpoint"
CHECKPOINT_TOKEN = "data/log/checkpoint.tst"  # noqa: S105 - a time-stamp token, no password
LOG_KEY = "data/log/key"

META_INF = "META-INF/"
SEAL_MANIFEST = f"{META_INF}ASiCManifest001.xml"
SEAL_SIGNATURE = f"{META_INF}signature001.p7s"
ARCHIVE_MANIFEST = f"{META_INF}ASiCArchiveManifest.xml"
ARCHIVE_TOKEN = f"{META_INF}timestamp002.tst"
"""The first archive time stamp; each renewal adds one (``casefiles.format.archive``)."""

TYPE_TEXT = "text/plain"
TYPE_TOKEN = "application/vnd.etsi.timestamp-token"  # noqa: S105 - a media type
TYPE_SIGNATURE = "application/pkcs7-signature"
TYPE_XML = "text/xml"
TYPE_JSON = "application/json"
TYPE_LINES = "application/jsonl"
TYPE_LINKED = "application/ld+json"
TYPE_SCHEMA = "application/schema+json"
TYPE_CERTIFICATES = "application/pem-certificate-chain"
TYPE_TABLE = "text/csv"
TYPE_PAGES = "application/pdf"

MAX_MEMBER_BYTES = 1 << 30
MAX_SMALL_BYTES, MAX_SIGNED_BYTES, MAX_CASE_BYTES, MAX_PAGES_BYTES = 1 << 20, 4 << 20, 16 << 20, 64 << 20
"""Of members that do not grow with the items, of one that is DER, of ``case.json``, and of a volume of the report."""
MAX_LINE_BYTES = 32 << 20
"""Of one line of a member of JSON lines, which is read whole: twice the largest message that an import takes (16 MiB),
so that what was taken in can leave. The longest text of Telegram takes 30 KB."""
MAX_MEMBERS = 1_000
MAX_NAME_BYTES = 120
ITEMS_A_VOLUME = 1_000
"""How many items a volume of the report as PDF has: whoever makes it takes memory for all of it at once."""

SCHEMA_NAMES = ("case", "content", "entry", "event", "item", "leaf", "stamp")

_SAFE = re.compile(r"(?:[A-Za-z0-9][A-Za-z0-9._-]*/)*[A-Za-z0-9][A-Za-z0-9._-]*")


class Search(StrEnum):
    """How a member's content is searched for pictures and prints of them.

    ``der``: bytes, raw and in base64. ``text``: text, in base64. ``fields``: also the names of JSON fields.
    ``entries``: leaves and what their lines disclose, as ``fields``. ``stamps``: tokens as ``der``, the rest as
    ``fields``. ``columns``: also the names of columns. ``pages``: a PDF, each object of which is looked at.
    """

    DER = "der"
    TEXT = "text"
    FIELDS = "fields"
    ENTRIES = "entries"
    STAMPS = "stamps"
    COLUMNS = "columns"
    PAGES = "pages"


class MadeBy(StrEnum):
    """Who writes a member, in this order. Each lists all members written before, but for the mimetype."""

    CONTAINER = "container"
    BUILDER = "builder"
    SEAL = "seal"
    ARCHIVE = "archive"
    COUNTER = "counter"
    RENEWAL = "renewal"


@dataclass(frozen=True, slots=True)
class Member:
    """One line of the table of members.

    Attributes:
        name: Its name, or a regular expression for the names of many.
        max_bytes: How long it may be; what may be longer is read in pieces.
        how_many: ``one``: exactly one. ``some``: at least one. ``any``: any number.
    """

    name: str
    media_type: str
    search: Search = Search.TEXT
    writer: MadeBy = MadeBy.BUILDER
    how_many: Literal["one", "some", "any"] = "one"
    max_bytes: int = MAX_SMALL_BYTES


_FROM_1 = "(?:00[1-9]|0[1-9][0-9]|[1-9][0-9][0-9])"
_FROM_2 = "(?:00[2-9]|0[1-9][0-9]|[1-9][0-9][0-9])"
_FROM_3 = "(?:00[3-9]|0[1-9][0-9]|[1-9][0-9][0-9])"
_PAGES = Member(
    r"data/report\.[a-z]{2}(?:-[A-Z][a-z]{3})?(?:\.[1-9][0-9]{0,2})?\.pdf",
    TYPE_PAGES,
    Search.PAGES,
    how_many="any",
    max_bytes=MAX_PAGES_BYTES,
)
_REPORTS = Member(
    r"data/report\.[a-z]{2}(?:-[A-Z][a-z]{3})?\.txt", TYPE_TEXT, how_many="some", max_bytes=MAX_MEMBER_BYTES
)

MEMBERS = (
    Member(MIMETYPE, TYPE_TEXT, writer=MadeBy.CONTAINER),
    Member(BAGIT, TYPE_TEXT),
    Member(BAG_INFO, TYPE_TEXT),
    Member(BAG_MANIFEST, TYPE_TEXT),
    Member(README, TYPE_TEXT),
    Member(HOW_TO_VERIFY, TYPE_TEXT),
    Member(VERIFY_SH, TYPE_TEXT),
    Member(CASE, TYPE_JSON, Search.FIELDS, max_bytes=MAX_CASE_BYTES),
    Member(ITEMS_JSONL, TYPE_LINES, Search.FIELDS, max_bytes=MAX_MEMBER_BYTES),
    Member(ITEMS_CSV, TYPE_TABLE, Search.COLUMNS, max_bytes=MAX_MEMBER_BYTES),
    Member(EVENTS_JSONL, TYPE_LINES, Search.FIELDS, max_bytes=MAX_MEMBER_BYTES),
    Member(CASE_JSONLD, TYPE_LINKED, Search.FIELDS, max_bytes=MAX_MEMBER_BYTES),
    Member(ENTRIES, TYPE_LINES, Search.ENTRIES, max_bytes=MAX_MEMBER_BYTES),
    Member(STAMPS, TYPE_LINES, Search.STAMPS, max_bytes=MAX_MEMBER_BYTES),
    Member(CHECKPOINT, TYPE_TEXT),
    Member(CHECKPOINT_TOKEN, TYPE_TOKEN, Search.DER, max_bytes=MAX_SIGNED_BYTES),
    Member(LOG_KEY, TYPE_TEXT),
    *(Member(f"data/schema/{name}.schema.json", TYPE_SCHEMA, Search.FIELDS) for name in SCHEMA_NAMES),
    Member(r"data/certs/[0-9a-f]{64}\.pem", TYPE_CERTIFICATES, how_many="any"),
    _REPORTS,
    _PAGES,
    Member(SEAL_MANIFEST, TYPE_XML, writer=MadeBy.SEAL),
    Member(SEAL_SIGNATURE, TYPE_SIGNATURE, Search.DER, writer=MadeBy.SEAL, max_bytes=MAX_SIGNED_BYTES),
    Member(ARCHIVE_MANIFEST, TYPE_XML, writer=MadeBy.ARCHIVE),
    Member(ARCHIVE_TOKEN, TYPE_TOKEN, Search.DER, writer=MadeBy.ARCHIVE, max_bytes=MAX_SIGNED_BYTES),
    Member(rf"META-INF/ASiCManifest{_FROM_2}\.xml", TYPE_XML, writer=MadeBy.COUNTER, how_many="any"),
    Member(
        rf"META-INF/signature{_FROM_2}\.p7s",
        TYPE_SIGNATURE,
        Search.DER,
        writer=MadeBy.COUNTER,
        how_many="any",
        max_bytes=MAX_SIGNED_BYTES,
    ),
    Member(rf"META-INF/ASiCArchiveManifest{_FROM_1}\.xml", TYPE_XML, writer=MadeBy.RENEWAL, how_many="any"),
    Member(
        rf"META-INF/timestamp{_FROM_3}\.tst",
        TYPE_TOKEN,
        Search.DER,
        writer=MadeBy.RENEWAL,
        how_many="any",
        max_bytes=MAX_SIGNED_BYTES,
    ),
)
"""Every member that a bundle may have: what drives its writer, its gate, its verifier and ``verify.sh``."""

_ONES = {member.name: member for member in MEMBERS if member.how_many == "one"}
_PATTERNS = tuple((re.compile(member.name), member) for member in MEMBERS if member.how_many != "one")

REQUIRED = frozenset(_ONES)


def counter_manifest(number: int) -> str:
    """The name of the member that holds what the counter-seal of this number, from 1 on, signs."""
    return f"{META_INF}ASiCManifest{number + 1:03}.xml"


def counter_signature(number: int) -> str:
    """The name of the member that holds the counter-seal of this number, from 1 on."""
    return f"{META_INF}signature{number + 1:03}.p7s"


def kept_manifest(number: int) -> str:
    """The name of the member that holds this archive manifest, from 1 on, once a newer one took its own name."""
    return f"{META_INF}ASiCArchiveManifest{number:03}.xml"


def renewal_token(number: int) -> str:
    """The name of the member that holds the archive time stamp of this renewal, from 1 on."""
    return f"{META_INF}timestamp{number + 2:03}.tst"


_RENEWAL = (kept_manifest, renewal_token)


def schema_name(name: str) -> str:
    """The name of the member that holds a JSON Schema, in a bundle's layout."""
    return f"data/schema/{name}.schema.json"


def report_name(language: str) -> str:
    """The name of the member that holds the report in this language, in a bundle's layout (``en``, ``sr-Cyrl``)."""
    return f"data/report.{language}.txt"


def pages_name(language: str, number: int) -> str:
    """The name of the member that holds a volume of the report as PDF, numbered from 1."""
    return f"data/report.{language}.pdf" if number == 1 else f"data/report.{language}.{number}.pdf"


def pages_names(language: str, items: int) -> list[str]:
    """The names of the members that hold the report as PDF, of a bundle that has so many items."""
    return [pages_name(language, number) for number in range(1, max(1, -(-items // ITEMS_A_VOLUME)) + 1)]


def certificate_name(sha256: str) -> str:
    """The name of the member that holds the certificate of this digest, in a bundle's layout.

    The digest is of its DER, lower hex.
    """
    return f"{CERTIFICATES}{sha256}.pem"


def member_of(name: str) -> Member:
    """The line for a member in the table of a bundle's members.

    Raises:
        ContainerError: No member of this name may be in a bundle.
    """
    found = _ONES.get(name) or next((member for pattern, member in _PATTERNS if pattern.fullmatch(name)), None)
    if found is None:
        raise ContainerError("container.unknown_member", where=ascii(name)[:MAX_NAME_BYTES])
    return found


def media_type(name: str) -> str:
    """The media type of a member, by the table of a bundle's members.

    Raises:
        ContainerError: No member of this name may be in a bundle.
    """
    return member_of(name).media_type


def names_pattern() -> str:
    """Every name that a bundle's member may have, as one POSIX extended regular expression."""
    return f"^{_names(MEMBERS)}$"


def types_pattern() -> str:
    """The names that a bundle's members may have, each with a space and its media type behind it, as a pattern."""
    types = sorted({member.media_type for member in MEMBERS})
    by_type = {each: [member for member in MEMBERS if member.media_type == each] for each in types}
    lines = (f"{_names(members)} {re.escape(each)}" for each, members in by_type.items())
    return f"^({'|'.join(lines)})$".replace(r"\-", "-")


def _names(members: Sequence[Member]) -> str:
    ones = sorted(re.escape(member.name) for member in members if member.how_many == "one")
    many = [member.name.replace("(?:", "(") for member in members if member.how_many != "one"]
    return f"({'|'.join([*ones, *many])})".replace(r"\-", "-")


def require_safe_name(name: str) -> None:
    """A rule of the container's form: no member's name can be read in another way by some system.

    Raises:
        ContainerError: Not ASCII letters, digits, dot, dash and underscore between slashes, or too long.
    """
    if len(name) > MAX_NAME_BYTES or not _SAFE.fullmatch(name):
        raise ContainerError("container.unsafe_name", where=ascii(name)[:MAX_NAME_BYTES])


def require_size(name: str, *, size: int, longest_line: int) -> None:
    """A rule of the bundle's layout: no member is longer than its line in the table says, and none has a longer line.

    Raises:
        ContainerError: It is, or it has; or no member of this name may be in a bundle.
    """
    member = member_of(name)
    if size > member.max_bytes:
        raise ContainerError("container.member_over_limit", where=name, limit=member.max_bytes, found=size)
    if member.media_type == TYPE_LINES and longest_line > MAX_LINE_BYTES:
        raise ContainerError("container.line_over_limit", where=name, limit=MAX_LINE_BYTES)


def require_members(names: Iterable[str]) -> None:
    """A rule of the bundle's layout: every member that must be there is, and none that may not.

    Raises:
        ContainerError: A member is missing or unknown.
    """
    present = set(names)
    if missing := sorted(REQUIRED - present):
        raise ContainerError("container.member_missing", where=missing[0], length=len(missing))
    if _REPORTS not in [member_of(name) for name in present]:
        raise ContainerError("container.report_missing", where=report_name("en"))
    for writer, names_of in ((MadeBy.COUNTER, (counter_manifest, counter_signature)), (MadeBy.RENEWAL, _RENEWAL)):
        _require_series({name for name in present if member_of(name).writer is writer}, of=names_of)


def _require_series(names: AbstractSet[str], *, of: Sequence[Callable[[int], str]]) -> None:
    """Refuse names that are not those of the numbers 1, 2, 3 and so on, each with all its members."""
    count = -(-len(names) // len(of))
    wanted = {name(number) for number in range(1, count + 1) for name in of}
    if missing := sorted(wanted - names):
        raise ContainerError("container.member_missing", where=missing[0], length=len(missing))


def is_payload(name: str) -> bool:
    """Whether the bag manifest lists a member (RFC 8493, 2.1.3)."""
    return name.startswith(PAYLOAD)


def is_report(name: str) -> bool:
    """Whether a member is the report, in whichever language."""
    return member_of(name) is _REPORTS


def is_pages(name: str) -> bool:
    """Whether a member is a volume of a report as PDF, in whichever language."""
    return member_of(name) is _PAGES


def is_certificate(name: str) -> bool:
    """Whether a member is a certificate that the bundle carries for convenience."""
    return name.startswith(CERTIFICATES)


def is_sealed(name: str) -> bool:
    """Whether the seal's manifest lists a member: all but the mimetype and the signature files."""
    return member_of(name).writer is MadeBy.BUILDER


def is_counter_sealed(name: str) -> bool:
    """Whether the manifest of a counter-seal lists a member: what the seal covers, and the seal."""
    return member_of(name).writer in (MadeBy.BUILDER, MadeBy.SEAL)


def is_archived(name: str) -> bool:
    """Whether every archive manifest lists a member: not the mimetype, counter-seals and what stamps add."""
    return member_of(name).writer in (MadeBy.BUILDER, MadeBy.SEAL)
