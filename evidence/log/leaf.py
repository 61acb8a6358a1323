"""Reading a leaf of the custody log (docs/format.md): pure, shared with the offline verifier."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from evidence.canonical import read_jcs
from evidence.errors import CanonicalError, LeafError
from evidence.log.schema import FORMAT, MAX_LEAF_BYTES, SEALED_NAMES, schema_of

_KEYS = frozenset({"after", "commit", "event", "format", "log", "public", "sealed", "type"})
_HEX64 = re.compile(r"[0-9a-f]{64}")
_HEX32 = re.compile(r"[0-9a-f]{32}")
_B64U_256 = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class Leaf:
    """A leaf of a known type, with exactly the names of its schema.

    Attributes:
        after: Lower hex SHA-256 of the newest token that was logged before, or 64 zeros.
        sealed: Lower hex SHA-256 of ciphertexts, by name.
    """

    after: str
    commit: Mapping[str, str]
    event_id: str
    log: str
    public: Mapping[str, str]
    sealed: Mapping[str, str]
    type: str


def parse_leaf(data: bytes) -> Leaf:
    """Read a leaf and check it against its schema.

    Raises:
        LeafError: Too long, not the canonical JSON of exactly the leaf's keys, of an unknown format or type,
            or with names other than the schema's.
    """
    if len(data) > MAX_LEAF_BYTES:
        raise LeafError("the leaf is too long", expected=f"at most {MAX_LEAF_BYTES} bytes", found=f"{len(data)}")
    body = _parse(data)
    _require_keys(body)
    leaf = Leaf(body["after"], body["commit"], body["event"], body["log"], body["public"], body["sealed"], body["type"])
    _require_forms(leaf)
    _require_schema(leaf)
    return leaf


def _parse(data: bytes) -> dict[str, Any]:
    try:
        body = read_jcs(data, where="leaf")
    except CanonicalError as error:
        raise LeafError("the leaf is not canonical", expected="JCS of an object", found=error.message) from error
    if not isinstance(body, dict):
        raise LeafError("the leaf is not canonical", expected="JCS of an object")
    return body


def _require_keys(body: dict[str, Any]) -> None:
    if body.keys() != _KEYS:
        raise LeafError("the leaf's keys are others", expected=", ".join(sorted(_KEYS)))
    if body["format"] != FORMAT:
        raise LeafError("unknown format of a leaf", expected=FORMAT, found=str(body["format"])[:40])
    for name in ("commit", "public", "sealed"):
        inner = body[name]
        if not isinstance(inner, dict) or not all(isinstance(value, str) for value in inner.values()):
            raise LeafError("not an object of strings", where=name)
    if not all(isinstance(body[name], str) for name in ("after", "event", "log", "type")):
        raise LeafError("not a string", where="after, event, log or type")


def _require_forms(leaf: Leaf) -> None:
    if not _HEX64.fullmatch(leaf.after) or not all(map(_HEX64.fullmatch, leaf.sealed.values())):
        raise LeafError("not a SHA-256", where="after or sealed", expected="64 lower hex characters")
    if not _HEX32.fullmatch(leaf.event_id):
        raise LeafError("not an event id", expected="32 lower hex characters", found=leaf.event_id[:40])
    if not all(map(_B64U_256.fullmatch, leaf.commit.values())):
        raise LeafError("not a commitment", expected="43 base64url characters")


def _require_schema(leaf: Leaf) -> None:
    schema = schema_of(leaf.type)
    if leaf.commit.keys() != {*schema.subject, *schema.act}:
        raise LeafError("the committed names are not those of the schema", where=leaf.type)
    if leaf.public.keys() != set(schema.public):
        raise LeafError("the public names are not those of the schema", where=leaf.type)
    if ("record" in leaf.sealed) is not bool(schema.subject or schema.act):
        raise LeafError("a leaf seals a record exactly when it commits to something", where=leaf.type)
    if not leaf.sealed.keys() <= set(SEALED_NAMES):
        raise LeafError("unknown sealed parts", where=leaf.type, found=", ".join(sorted(leaf.sealed)))
