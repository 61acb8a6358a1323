"""Canonical bytes: JCS (RFC 8785), unpadded base64url (RFC 4648, section 5) and SHA-256 in hex.

The log's values are strings, null, and arrays and objects of them. Numbers and booleans are
refused: 64-bit identifiers do not survive JSON numbers, and one form per value is the point.
Without numbers, JCS is the standard library's JSON with names in the order of their UTF-16
code units; a test compares it with a full implementation. Standard library only: the offline
verifier carries it.
"""

import binascii
import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from json.encoder import encode_basestring
from typing import Any, TypeAlias

from config.errors import Where
from evidence.errors import CanonicalError

Value: TypeAlias = "str | Sequence[Value] | Mapping[str, Value] | None"
Json: TypeAlias = Any
"""What the standard library's parser returns."""

MAX_VALUES = 500_000
"""In one JSON text: each takes up to fifty times as much memory as it is long. Those of our own have some hundreds."""
_STRINGS = re.compile(rb'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
_OF_32_BYTES = 43
"""Characters that unpadded base64 takes for them."""
_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_STANDARD = bytes.maketrans(b"-_+/=", b"+/...")  # and what only the standard alphabet has, to none of it
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_LAST = (_ALPHABET, _ALPHABET[::16], _ALPHABET[::4])
"""What a text may end with, by its bytes modulo 3: the bits of the last character that no byte needs are zero."""
_FILL = ("", "=", "AA", "A")
"""What makes a text a whole number of quanta, by its characters modulo 4; no text has one over, nor an equals sign."""


def jcs(value: Value) -> bytes:
    """The canonical JSON of ``value``.

    Raises:
        CanonicalError: The value holds a number, a boolean or text that is not Unicode, or is nested too deeply.
    """
    try:
        return _spelled(value).encode("utf-8")
    except (UnicodeEncodeError, RecursionError) as error:
        raise CanonicalError("canonical.cannot_be_written", found=type(error).__name__) from error


def read_jcs(data: bytes, *, where: Where) -> Json:
    """Read canonical JSON; ``where`` names the place in an error.

    Raises:
        CanonicalError: Not JSON, not in its one spelling, or no value of the log.
    """
    value = read_json(data, where=where)
    if jcs(value) != data:
        raise CanonicalError("canonical.not_the_one_spelling", where=where)
    return value


def read_json(data: bytes, *, where: Where) -> Json:
    """Read JSON of which somebody else checks that it is canonical.

    Raises:
        CanonicalError: Not JSON, or of too many values.
    """
    if len(data) > 2 * MAX_VALUES and _count_values(data) > MAX_VALUES:
        raise CanonicalError("canonical.too_many_values", where=where, limit=MAX_VALUES)
    try:
        return json.loads(data.decode("utf-8"))
    # JSON and UTF-8 errors are ValueErrors; the parser recurses over what is nested without end
    except (ValueError, RecursionError) as error:
        raise CanonicalError("canonical.not_json", where=where, found=type(error).__name__) from error


def _count_values(data: bytes) -> int:
    """How many values a JSON text has, about, before it is read; what is no JSON may have any number."""
    if sum(map(data.count, (b",", b"[", b"{"))) > MAX_VALUES:  # nearly never, and strings may have these too
        data = _STRINGS.sub(b"", data)
    return sum(map(data.count, (b",", b"[", b"{")))


def _spelled(value: object) -> str:
    """The one spelling of a value of the log; anything else is refused.

    Piece by piece: the library's encoder passes numbers, and is built anew for each call. It spells each string.
    """
    if isinstance(value, str):
        return encode_basestring(value)
    if value is None:
        return "null"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join([_spelled(inner) for inner in value]) + "]"
    if isinstance(value, (dict, Mapping)):  # a dict first: to ask whether it is a Mapping takes six times as long
        return "{" + ",".join([f"{encode_basestring(name)}:{_spelled(value[name])}" for name in _names(value)]) + "}"
    raise CanonicalError("canonical.not_a_value", found=type(value).__name__)


def _names(value: Mapping[Any, object]) -> list[str]:
    """The names of an object in the order of their UTF-16 code units (RFC 8785, 3.2.3)."""
    try:
        plain = "".join(value).isascii()
    except TypeError as error:
        odd = next(name for name in value if not isinstance(name, str))
        raise CanonicalError("canonical.name_no_string", found=type(odd).__name__) from error
    return sorted(value) if plain else sorted(value, key=lambda name: name.encode("utf-16-be", "surrogatepass"))


def text_value(text: str) -> Value:
    """A text as a canonical value: itself, or ``{"b64": ...}`` when it is not valid Unicode (lone surrogates)."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return {"b64": b64u(text.encode("utf-8", "surrogatepass"))}
    return text


def text_of(value: Value) -> str:
    """The text that ``text_value`` made a canonical value of.

    Raises:
        CanonicalError: It is none.
    """
    match value:
        case str():
            return value
        case {"b64": str(encoded), **more} if not more:
            return from_b64u(encoded).decode("utf-8", "surrogatepass")
        case _:
            raise CanonicalError("canonical.not_a_text", found=type(value).__name__)


def b64u(data: bytes) -> str:
    """Encode bytes as base64url without padding (RFC 4648, section 5)."""
    return binascii.b2a_base64(data, newline=False).translate(_URL_SAFE, b"=").decode("ascii")


def b64u_each(digests: Sequence[bytes]) -> list[str]:
    """``b64u`` of values of 32 bytes each, in one call of the library."""
    # a zero after each makes it eleven times three bytes; it gives the one character that is left out
    text = b64u(b"\0".join([*digests, b""]))
    return [text[at : at + _OF_32_BYTES] for at in range(0, len(text), _OF_32_BYTES + 1)]


def from_b64u(text: str) -> bytes:
    """Decode unpadded base64url.

    Raises:
        CanonicalError: Not base64url, padded, or not the one spelling of these bytes.
    """
    try:
        # binascii itself: base64's own layers cost as much again, and a verifier reads tens of thousands of lines
        padded = text.encode("ascii").translate(_STANDARD) + b"=" * (-len(text) % 4)
        data = binascii.a2b_base64(padded, strict_mode=True)
    except ValueError as error:
        raise CanonicalError("canonical.not_base64url", length=len(text)) from error
    if text and text[-1] not in _LAST[len(data) % 3]:
        raise CanonicalError("canonical.not_the_one_base64url")
    return data


def from_b64u_each(texts: Sequence[str]) -> list[bytes]:
    """``from_b64u`` of each of these texts, in one call of the library.

    Raises:
        CanonicalError: One is not base64url in the one spelling of its bytes; ``from_b64u`` says which.
    """
    try:
        whole = "".join([text + _FILL[len(text) % 4] for text in texts]).encode("ascii").translate(_STANDARD)
        data = binascii.a2b_base64(whole, strict_mode=True)
    except ValueError as error:
        raise CanonicalError("canonical.not_base64url", length=sum(map(len, texts))) from error
    each, at = list[bytes](), 0
    for text in texts:
        length = len(text) * 3 // 4
        if text and text[-1] not in _LAST[length % 3]:
            raise CanonicalError("canonical.not_the_one_base64url")
        each.append(data[at : at + length])
        at += (len(text) + 3) // 4 * 3
    return each


def sha256_hex(data: bytes) -> str:
    """The SHA-256 of ``data`` as the log and bundles spell it, in lower hex."""
    return hashlib.sha256(data).hexdigest()


def sha256_hex_of(chunks: Iterable[bytes]) -> str:
    """The SHA-256 of the bytes that ``chunks`` are in order, in lower hex."""
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(chunk)
    return digest.hexdigest()
