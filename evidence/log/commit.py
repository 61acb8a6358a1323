"""Commitments to single values, in the form of SD-JWT disclosures (RFC 9901).

    salt       = HMAC-SHA256(secret, "nisisama/salt/1" | newline | NAME)
    disclosure = base64url(JCS [base64url(salt), NAME, value])
    commitment = base64url(SHA-256(ASCII disclosure))

A leaf carries the commitment of every name of its type. Handing over a disclosure reveals one
value and nothing of the others; without the secret a commitment cannot be guessed at. To
verify is to hash a string: nothing is canonicalised again, so no two programs can disagree on
the bytes. Standard library only, shared with the offline verifier; ``disclose`` makes them.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from evidence.canonical import b64u, from_b64u
from evidence.errors import CanonicalError, CommitmentError

SECRET_BYTES = 32
"""Length of an event's secrets and of each salt."""

MAX_DEPTH = 16
"""Arrays and objects inside one another in a value, at most."""

_CONTEXT = b"nisisama/salt/1\n"
_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
_PARTS = 3


def salt(secret: bytes, name: str) -> bytes:
    """The salt of one name, 32 bytes. One secret serves all names of an event that it covers.

    Raises:
        CommitmentError: The secret is not 32 bytes, or this is not a name.
    """
    if len(secret) != SECRET_BYTES:
        raise CommitmentError("not an event secret", expected=f"{SECRET_BYTES} bytes", found=f"{len(secret)} bytes")
    return hmac.digest(secret, _CONTEXT + _require_name(name).encode("ascii"), "sha256")


def commitment(disclosure: str) -> str:
    """What a leaf carries for this disclosure: 43 characters.

    Raises:
        CommitmentError: The disclosure is not ASCII.
    """
    if not disclosure.isascii():
        raise CommitmentError("a disclosure is not ASCII")
    return b64u(hashlib.sha256(disclosure.encode("ascii")).digest())


def read_disclosure(disclosure: str) -> tuple[str, Any]:
    """The name and value in a disclosure, which proves nothing until its commitment is found.

    Raises:
        CommitmentError: Not base64url, not JSON in UTF-8, a name twice in one object, not
            ``[salt, name, value]``, a salt of other than 32 bytes, or a value that holds a
            number, a boolean, text that is not Unicode, or more than 16 levels.
    """
    parts = _load(_from_b64u(disclosure, what="a disclosure"))
    if not (isinstance(parts, list) and len(parts) == _PARTS):
        raise CommitmentError("not a disclosure", expected="an array of salt, name and value")
    salt_text, name, value = parts
    if not isinstance(salt_text, str) or len(_from_b64u(salt_text, what="a salt")) != SECRET_BYTES:
        raise CommitmentError("not a salt", expected=f"{SECRET_BYTES} bytes in base64url")
    _require_value(value)
    return _require_name(name), value


def open_commitments(commit: Mapping[str, str], disclosures: Iterable[str]) -> dict[str, Any]:
    """The values that these disclosures reveal of a leaf, by name.

    The inclusion of the leaf that ``commit`` comes from was verified before.

    Raises:
        CommitmentError: A disclosure is malformed, names what the leaf does not commit to, names
            it a second time, or does not hash to what stands there.
    """
    opened: dict[str, Any] = {}
    for disclosure in disclosures:
        name, value = read_disclosure(disclosure)
        if name not in commit:
            raise CommitmentError("a disclosure of a name that the leaf does not have", found=name)
        if name in opened:
            raise CommitmentError("a second disclosure of one name", found=name)
        if commit[name] != commitment(disclosure):
            raise CommitmentError(
                "a disclosure does not hash to its commitment",
                where=name,
                expected=commit[name],
                found=commitment(disclosure),
            )
        opened[name] = value
    return opened


def _load(data: bytes) -> object:
    try:
        return json.loads(data.decode("utf-8"), object_pairs_hook=_object)
    # JSON and UTF-8 errors are ValueErrors; the parser recurses over what is nested without end
    except (ValueError, RecursionError) as error:
        raise CommitmentError("a disclosure is not JSON", found=f"{len(data)} bytes") from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = dict(pairs)
    if len(names) != len(pairs):
        raise CommitmentError("a name stands twice in one object")
    return names


def _require_value(value: object, depth: int = 0) -> None:
    if depth == MAX_DEPTH and isinstance(value, list | dict):
        raise CommitmentError("a value is nested too deeply", expected=f"at most {MAX_DEPTH} levels")
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
            raise CommitmentError(
                "not a value of the log", expected="string, null, array or object", found=type(value).__name__
            )


def _require_unicode(text: str) -> None:
    # JSON can escape half of a surrogate pair, which is no character
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise CommitmentError("a text is not Unicode", expected='{"b64": ...} for such bytes') from error


def _require_name(name: object) -> str:
    if not (isinstance(name, str) and _NAME.fullmatch(name)):
        raise CommitmentError("not a name", expected=_NAME.pattern)
    return name


def _from_b64u(text: str, *, what: str) -> bytes:
    try:
        return from_b64u(text)
    except CanonicalError as error:
        raise CommitmentError(
            f"{what} is not base64url", where=error.message, found=f"{len(text)} characters"
        ) from error
