"""The names of a bundle's members, in one place: what may be inside, and of what media type.

A member that is on no line here cannot enter a bundle and makes a bundle fail. Names are
ASCII, in one spelling, without a leading dot or dash in any part, so that no file system, shell
or archive program can read one of them in two ways. docs/adr/0006-bundle-container.md.
"""

import re
from collections.abc import Iterable

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
CHECKPOINT = "data/log/checkpoint"
CHECKPOINT_TOKEN = "data/log/checkpoint.tst"  # noqa: S105 - a time-stamp token, no password
LOG_KEY = "data/log/key"

META_INF = "META-INF/"
SEAL_MANIFEST = "META-INF/ASiCManifest001.xml"
SEAL_SIGNATURE = "META-INF/signature001.p7s"
ARCHIVE_MANIFEST = "META-INF/ASiCArchiveManifest.xml"
ARCHIVE_TOKEN = "META-INF/timestamp002.tst"  # noqa: S105 - a time-stamp token, no password

TYPE_TEXT = "text/plain"
TYPE_TOKEN = "application/vnd.etsi.timestamp-token"  # noqa: S105 - a media type
TYPE_SIGNATURE = "application/pkcs7-signature"
TYPE_XML = "text/xml"

MAX_MEMBER_BYTES = 1 << 30
MAX_MEMBERS = 4_000_000
MAX_NAME_BYTES = 120

SCHEMA_NAMES = ("case", "content", "event", "item", "leaf")

_SAFE = re.compile(r"(?:[A-Za-z0-9][A-Za-z0-9._-]*/)*[A-Za-z0-9][A-Za-z0-9._-]*")
_INDEX = r"(?:0|[1-9][0-9]{0,18})"

_ONE_OF_EACH = {
    BAGIT: TYPE_TEXT,
    BAG_INFO: TYPE_TEXT,
    BAG_MANIFEST: TYPE_TEXT,
    README: TYPE_TEXT,
    HOW_TO_VERIFY: TYPE_TEXT,
    VERIFY_SH: TYPE_TEXT,
    CASE: "application/json",
    ITEMS_JSONL: "application/jsonl",
    ITEMS_CSV: "text/csv",
    EVENTS_JSONL: "application/jsonl",
    CHECKPOINT: TYPE_TEXT,
    CHECKPOINT_TOKEN: TYPE_TOKEN,
    LOG_KEY: TYPE_TEXT,
    **{f"data/schema/{name}.schema.json": "application/schema+json" for name in SCHEMA_NAMES},
}
_SEAL_FILES = {
    SEAL_MANIFEST: TYPE_XML,
    SEAL_SIGNATURE: TYPE_SIGNATURE,
    ARCHIVE_MANIFEST: TYPE_XML,
    ARCHIVE_TOKEN: TYPE_TOKEN,
}
_MANY = (
    (rf"data/log/{_INDEX}\.leaf", "application/json"),
    (rf"data/log/{_INDEX}\.tlog-proof", TYPE_TEXT),
    (rf"data/log/{_INDEX}\.disclosures", TYPE_TEXT),
    (r"data/timestamps/[0-9a-f]{64}\.tst", TYPE_TOKEN),
    (r"data/timestamps/[0-9a-f]{64}\.checkpoint", TYPE_TEXT),
    (r"data/certs/[a-z0-9-]{1,64}\.pem", "application/pem-certificate-chain"),
)
_REPORT = (r"data/report\.[a-z]{2}(?:-[A-Z][a-z]{3})?\.txt", TYPE_TEXT)
_PATTERNS = tuple((re.compile(pattern), media_type) for pattern, media_type in (*_MANY, _REPORT))
_IS_REPORT = re.compile(_REPORT[0])

REQUIRED = frozenset({MIMETYPE, *_ONE_OF_EACH, *_SEAL_FILES})


def leaf_name(index: int) -> str:
    """The member that holds leaf ``index``."""
    return f"data/log/{index}.leaf"


def proof_name(index: int) -> str:
    """The member that holds the inclusion proof of leaf ``index``."""
    return f"data/log/{index}.tlog-proof"


def disclosures_name(index: int) -> str:
    """The member that holds the disclosures of leaf ``index``, one a line."""
    return f"data/log/{index}.disclosures"


def stamp_names(token_sha256: str) -> tuple[str, str]:
    """The members that hold a token, by its digest, and the checkpoint that it stamps."""
    return f"data/timestamps/{token_sha256}.tst", f"data/timestamps/{token_sha256}.checkpoint"


def schema_name(name: str) -> str:
    """The member that holds a JSON Schema."""
    return f"data/schema/{name}.schema.json"


def report_name(language: str) -> str:
    """The member that holds the report in this language (BCP 47: ``en``, ``sr-Cyrl``)."""
    return f"data/report.{language}.txt"


def media_type(name: str) -> str:
    """The media type of a member.

    Raises:
        ContainerError: No member of this name may be in a bundle.
    """
    known = _ONE_OF_EACH.get(name) or _SEAL_FILES.get(name)
    if known is None and name == MIMETYPE:
        known = TYPE_TEXT
    if known is None:
        known = next((kind for pattern, kind in _PATTERNS if pattern.fullmatch(name)), None)
    if known is None:
        raise ContainerError("no such member may be in a bundle", where=ascii(name)[:MAX_NAME_BYTES])
    return known


def names_pattern() -> str:
    """Every name that a member may have, as one POSIX extended regular expression."""
    ones = sorted(map(re.escape, REQUIRED))
    many = [pattern.pattern.replace("(?:", "(") for pattern, _ in _PATTERNS]
    return f"^({'|'.join([*ones, *many])})$".replace(r"\-", "-")


def require_safe_name(name: str) -> None:
    """Refuse a name that some system could read in another way.

    Raises:
        ContainerError: Not ASCII letters, digits, dot, dash and underscore between slashes, or too long.
    """
    if len(name) > MAX_NAME_BYTES or not _SAFE.fullmatch(name):
        raise ContainerError(
            "not a safe name",
            where=ascii(name)[:MAX_NAME_BYTES],
            expected="letters, digits, dot, dash, underscore",
        )


def require_members(names: Iterable[str]) -> None:
    """Refuse a set of members that lacks one of those that must be there, or has one that may not.

    Raises:
        ContainerError: A member is missing, unknown, or a leaf lacks its proof or disclosures.
    """
    present = set(names)
    if missing := sorted(REQUIRED - present):
        raise ContainerError("a member is missing", where=missing[0], found=f"{len(missing)} missing")
    if not any(_IS_REPORT.fullmatch(name) for name in present):
        raise ContainerError("a member is missing", where=report_name("en"), expected="a report in some language")
    for name in present:
        media_type(name)
        _require_company(name, present)


_COMPANY = {
    ".leaf": (".tlog-proof", ".disclosures"),
    ".tlog-proof": (".leaf",),
    ".disclosures": (".leaf",),
}


def _require_company(name: str, present: set[str]) -> None:
    """A leaf comes with its proof and disclosures, a token with its checkpoint."""
    stem, dot, suffix = name.rpartition(".")
    wanted = _COMPANY.get(dot + suffix, ())
    if name.startswith("data/timestamps/"):
        wanted = (".checkpoint",) if suffix == "tst" else (".tst",)
    for other in wanted:
        if stem + other not in present:
            raise ContainerError("a member is missing", where=stem + other, expected=f"beside {name}")


def leaf_indexes(names: Iterable[str]) -> list[int]:
    """The leaves among these names, in the order of the log."""
    return sorted(int(name[len("data/log/") : -len(".leaf")]) for name in names if name.endswith(".leaf"))


def is_payload(name: str) -> bool:
    """Whether the bag manifest lists it (RFC 8493, 2.1.3)."""
    return name.startswith(PAYLOAD)


def is_sealed(name: str) -> bool:
    """Whether the seal's manifest lists it: all but the mimetype and the signature files."""
    return name != MIMETYPE and name not in _SEAL_FILES


def is_archived(name: str) -> bool:
    """Whether the archive manifest lists it: all but the mimetype, itself and its own token."""
    return name not in (MIMETYPE, ARCHIVE_MANIFEST, ARCHIVE_TOKEN)
