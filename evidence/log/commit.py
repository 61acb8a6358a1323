"""Commitments to single values, in the form of SD-JWT disclosures (RFC 9901).

    salt       = HMAC-SHA256(secret, "nisisama/salt/1" | newline | NAME)
    disclosure = base64url(JCS [base64url(salt), NAME, value])
    commitment = base64url(SHA-256(ASCII disclosure))
    commit     = HEX(SHA-256(JCS {NAME: commitment, ...}))

A leaf carries ``commit``, one digest over the commitments of every name of its type. Whoever
shows values hands over one line for each name: its disclosure, or the name and the commitment
that withholds the value. A disclosure reveals one value and nothing of the others; without the
secret a commitment cannot be guessed at. To verify is to hash strings: no value is canonicalised
again, so no two programs can disagree on the bytes. Standard library only, shared with the
offline verifier; ``disclose`` makes them.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from config.errors import Term
from evidence.canonical import b64u, b64u_each, from_b64u, from_b64u_each, sha256_hex
from evidence.errors import CanonicalError, CommitmentError

SECRET_BYTES = 32
"""Length of an event's secrets and of each salt."""

MAX_DEPTH = 16
"""Arrays and objects inside one another in a value, at most."""

CONTEXT = b"nisisama/salt/1\n"
"""Of the salts, in front of the name."""
_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
_32_BYTES = r"[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]"  # the last two bits are unused, and zero
_COMMITMENT = re.compile(_32_BYTES)
_STRING = r'"([^"\\\x00-\x1f]*)"'  # of JSON, without an escape
_PLAIN = re.compile(rf'\["{_32_BYTES}","({_NAME.pattern})",(?:null|{_STRING})\]'.encode("ascii"))
_PARTS = 3


@dataclass(frozen=True, slots=True)
class Shown:
    """What was handed over of a leaf's values, proven against the leaf.

    Attributes:
        values: By NAME, those disclosed.
        withheld: The other NAMEs that the leaf commits to, sorted.
    """

    values: Mapping[str, Any]
    withheld: tuple[str, ...]

    @property
    def names(self) -> frozenset[str]:
        """Every NAME that the leaf commits to."""
        return frozenset(self.values).union(self.withheld)


def commitment(disclosure: str) -> str:
    """The commitment to a disclosure, 43 characters; it stands in its place where the value is withheld.

    Raises:
        CommitmentError: The disclosure is not ASCII.
    """
    if not disclosure.isascii():
        raise CommitmentError("commitment.disclosure_not_ascii")
    return b64u(hashlib.sha256(disclosure.encode("ascii")).digest())


def read_disclosure(disclosure: str) -> tuple[str, Any]:
    """The name and value in a disclosure, which proves nothing until its commitment is found.

    Raises:
        CommitmentError: Not base64url, not JSON in UTF-8, a name twice in one object, not
            ``[salt, name, value]``, a salt of other than 32 bytes, or a value that holds a
            number, a boolean, text that is not Unicode, or more than 16 levels.
    """
    return _read_disclosed(_from_b64u(disclosure))


def _read_disclosed(data: bytes) -> tuple[str, Any]:
    if plain := _PLAIN.fullmatch(data):  # nearly every value of a message: what the lines below would say
        return plain[1].decode("ascii"), None if plain[2] is None else _text(plain[2])
    parts = _load(data)
    if not (isinstance(parts, list) and len(parts) == _PARTS):
        raise CommitmentError("commitment.not_a_disclosure")
    salt_text, name, value = parts
    if not (isinstance(salt_text, str) and _COMMITMENT.fullmatch(salt_text)):  # 32 bytes as well
        raise CommitmentError("commitment.not_a_salt", secret_bytes=SECRET_BYTES)
    _require_value(value)
    return require_value_name(name), value


def commit_digest(commitments: Mapping[str, str]) -> str:
    """The digest that a leaf carries of the commitments to all its names: 64 lower hex characters."""
    # their JCS: a name and a commitment have no character that JSON escapes
    listed = ",".join([f'"{name}":"{commitments[name]}"' for name in sorted(commitments)])
    return sha256_hex(f"{{{listed}}}".encode("ascii"))


def withheld_line(name: str, commitment_: str) -> str:
    """The line that withholds the value of ``name`` of a leaf."""
    return f"{name} {commitment_}"


def open_commitments(commit: str, lines: Iterable[str]) -> Shown:
    """Check the lines that show a leaf against the digest that it carries, and read them.

    The inclusion of the leaf that ``commit`` comes from was verified before. The caller compares
    the names with the schema of the leaf's type.

    Args:
        commit: The leaf's ``commit``.
        lines: One for each NAME, in the order of the names: a disclosure, or NAME, a space and a commitment.

    Raises:
        CommitmentError: A line is malformed, out of order or names what another names, or together
            they do not hash to ``commit``.
    """
    commitments: dict[str, str] = {}
    values: dict[str, Any] = {}
    lines = tuple(lines)
    disclosed = _decoded([line for line in lines if " " not in line])
    digests = list[bytes]()
    before = ""
    for line in lines:
        # (1) a line withholds or discloses
        name, space, stands = line.partition(" ")
        if space:
            _require_commitment(require_value_name(name), stands)
        else:
            name, value = _read_disclosed(next(disclosed))
            values[name] = value
            digests.append(hashlib.sha256(line.encode("ascii")).digest())  # ASCII, or it would not have been read
        # (2) each name once, in one order
        if name <= before:
            raise CommitmentError("commitment.name_doubled_or_unordered", found=name)
        commitments[name], before = stands, name
    # (3) the commitments of what is disclosed are spelled together, in one call of the library
    commitments.update(zip(values, b64u_each(digests), strict=True))
    # (4) all of them together are what the leaf commits to
    if commit_digest(commitments) != commit:
        raise CommitmentError("commitment.does_not_hash_to_leaf", expected=commit, found=commit_digest(commitments))
    return Shown(values, tuple(name for name in commitments if name not in values))


def _require_commitment(name: str, text: str) -> None:
    if not _COMMITMENT.fullmatch(text):
        raise CommitmentError("commitment.not_a_commitment", where=name)


def _load(data: bytes) -> object:
    text = _text(data)
    try:
        return _DECODER.decode(text)
    # the parser recurses over what is nested without end
    except (ValueError, RecursionError) as error:
        raise CommitmentError("commitment.disclosure_not_json", length=len(data)) from error


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise CommitmentError("commitment.disclosure_not_json", length=len(data)) from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = dict(pairs)
    if len(names) != len(pairs):
        raise CommitmentError("commitment.name_doubled")
    return names


_DECODER = json.JSONDecoder(object_pairs_hook=_object)


def _require_value(value: object, depth: int = 0) -> None:
    if depth == MAX_DEPTH and isinstance(value, list | dict):
        raise CommitmentError("commitment.nested_too_deep", limit=MAX_DEPTH)
    match value:
        case None:
            return
        case str():
            _require_unicode(value)
        case list():
            for inner in value:
                _require_value(inner, depth + 1)
        case dict():
            for name, inner in value.items():
                _require_unicode(name)
                _require_value(inner, depth + 1)
        case _:
            raise CommitmentError("commitment.not_a_value", found=type(value).__name__)


def _require_unicode(text: str) -> None:
    # JSON can escape half of a surrogate pair, which is no character
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise CommitmentError("commitment.text_not_unicode") from error


def require_value_name(name: object) -> str:
    """The name of a value that a leaf commits to, if it is one.

    Raises:
        CommitmentError: It is none.
    """
    if not (isinstance(name, str) and _NAME.fullmatch(name)):
        raise CommitmentError("commitment.not_a_name", expected=_NAME.pattern)
    return name


def _decoded(disclosures: Sequence[str]) -> Iterator[bytes]:
    try:
        return iter(from_b64u_each(disclosures))
    except CanonicalError:  # of one by one, the first fault of any kind is reported
        return map(_from_b64u, disclosures)


def _from_b64u(disclosure: str) -> bytes:
    try:
        return from_b64u(disclosure)
    except CanonicalError as error:
        what = Term("what.disclosure")
        raise CommitmentError("commitment.not_base64url", what=what, cause=error, length=len(disclosure)) from error
