"""Reading a leaf of the custody log (docs/format.md): pure, shared with the offline verifier."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from config.errors import Term
from evidence.canonical import read_jcs
from evidence.errors import CanonicalError, LeafError
from evidence.log.schema import MAX_LEAF_BYTES, SEALED_NAMES, schema_of

_ENTRIES = re.compile(r"(?:0|[1-9][0-9]{0,18})(?: (?:0|[1-9][0-9]{0,18}))*", re.ASCII)
_KEYS = frozenset({"after", "commit", "event", "format", "log", "public", "sealed", "type"})
_HEX64 = re.compile(r"[0-9a-f]{64}")
_HEX32 = re.compile(r"[0-9a-f]{32}")
_FORMAT = re.compile(r"nisisama/event/[1-9][0-9]{0,3}")
_TYPE = re.compile(r"[a-z][a-z0-9_]{0,63}")


@dataclass(frozen=True, slots=True)
class Leaf:
    """A leaf, read.

    Attributes:
        after: Lower hex SHA-256 of the newest token that was logged before, or 64 zeros.
        commit: Lower hex digest over the commitments of every NAME; see ``commit``.
        sealed: Lower hex SHA-256 of ciphertexts, by name.
    """

    after: str
    commit: str
    event_id: str
    format: str
    log: str
    public: Mapping[str, str]
    sealed: Mapping[str, str]
    type: str


def parse_leaf(data: bytes) -> Leaf:
    """Read a leaf and check it against its schema.

    Raises:
        LeafError: As ``read_leaf``, or with public names or sealed parts that are not of its type.
        UnknownTypeError: Its form is right, but the type is not known here.
    """
    leaf = read_leaf(data)
    require_type(leaf)
    return leaf


def read_leaf(data: bytes) -> Leaf:
    """Read a leaf of any type, and check what holds for every type.

    Raises:
        LeafError: Too long, not the canonical JSON of exactly the leaf's keys, or a value is in another form.
    """
    if len(data) > MAX_LEAF_BYTES:
        raise LeafError("leaf.too_long", limit=MAX_LEAF_BYTES, found=len(data))
    body = _parse(data)
    _require_keys(body)
    leaf = Leaf(
        after=body["after"],
        commit=body["commit"],
        event_id=body["event"],
        format=body["format"],
        log=body["log"],
        public=body["public"],
        sealed=body["sealed"],
        type=body["type"],
    )
    _require_forms(leaf)
    return leaf


def named_entries(leaf: Leaf) -> frozenset[int]:
    """The entries of which a leaf says in clear that something was destroyed.

    There are none for a type that destroys nothing.

    Raises:
        LeafError: What it names are no entries.
    """
    named = leaf.public.get("entries")
    if named is None:
        return frozenset()
    if not _ENTRIES.fullmatch(named):
        raise LeafError("leaf.not_entries", where=leaf.type)
    return frozenset(map(int, named.split()))


def require_type(leaf: Leaf) -> None:
    """Check what a leaf says in clear against its type; its commitments are checked with what is shown of them.

    Raises:
        LeafError: Its public names or its sealed parts are not those of the schema.
        UnknownTypeError: The type is not known here.
    """
    schema = schema_of(leaf.type, leaf.format)
    if leaf.public.keys() != set(schema.public):
        raise LeafError("leaf.other_public_names", where=leaf.type)
    if ("record" in leaf.sealed) is not bool(schema.names):
        raise LeafError("leaf.record_without_commitment", where=leaf.type)


def _parse(data: bytes) -> dict[str, Any]:
    try:
        body = read_jcs(data, where=Term("what.leaf"))
    except CanonicalError as error:
        raise LeafError("leaf.unreadable", cause=error) from error
    if not isinstance(body, dict):
        raise LeafError("leaf.not_canonical")
    return body


def _require_keys(body: dict[str, Any]) -> None:
    if body.keys() != _KEYS:
        raise LeafError("leaf.other_keys", expected=", ".join(sorted(_KEYS)))
    for name in ("public", "sealed"):
        inner = body[name]
        if not isinstance(inner, dict) or not all(isinstance(value, str) for value in inner.values()):
            raise LeafError("leaf.not_strings", where=name)
    if not all(isinstance(body[name], str) for name in _KEYS - {"public", "sealed"}):
        raise LeafError("leaf.not_a_string")


def _require_forms(leaf: Leaf) -> None:
    if not _FORMAT.fullmatch(leaf.format):
        raise LeafError("leaf.unknown_format", expected=_FORMAT.pattern, found=leaf.format[:40])
    if not all(map(_HEX64.fullmatch, (leaf.after, leaf.commit, *leaf.sealed.values()))):
        raise LeafError("leaf.not_a_digest")
    if not _HEX32.fullmatch(leaf.event_id):
        raise LeafError("leaf.not_an_event_id", found=leaf.event_id[:40])
    if not _TYPE.fullmatch(leaf.type):
        raise LeafError("leaf.not_a_type", expected=_TYPE.pattern, found=leaf.type[:40])
    if not leaf.sealed.keys() <= set(SEALED_NAMES):
        raise LeafError("leaf.unknown_sealed_parts", where=leaf.type, found=", ".join(sorted(leaf.sealed)))
