"""Canonical bytes: JCS (RFC 8785) and unpadded base64url (RFC 4648, section 5).

The log's values are strings, null, and arrays and objects of them. Numbers and booleans are
refused: 64-bit identifiers do not survive JSON numbers, and one form per value is the point.
"""

import base64
from collections.abc import Mapping, Sequence
from typing import TypeAlias

import rfc8785

from evidence.errors import CanonicalError

Value: TypeAlias = "str | Sequence[Value] | Mapping[str, Value] | None"


def jcs(value: Value) -> bytes:
    """The canonical JSON of ``value``.

    Raises:
        CanonicalError: The value holds a number, a boolean or text that is not Unicode, or is nested too deeply.
    """
    try:
        require_value(value)
        return rfc8785.dumps(_plain(value))
    except (rfc8785.CanonicalizationError, UnicodeEncodeError, RecursionError) as error:
        raise CanonicalError("a value cannot be written canonically", found=type(error).__name__) from error


def require_value(value: object) -> None:
    """Refuse anything but strings, null, and arrays and objects of them.

    Raises:
        CanonicalError: Something else is inside.
    """
    match value:
        case None | str():
            return
        case Mapping():
            for name, inner in value.items():
                if not isinstance(name, str):
                    raise CanonicalError("a name is not a string", found=type(name).__name__)
                require_value(inner)
        case list() | tuple():
            for inner in value:
                require_value(inner)
        case _:
            raise CanonicalError(
                "not a value of the log", expected="string, null, array or object", found=type(value).__name__
            )


def _plain(value: Value) -> Value:
    """The same value of dicts and lists, the only containers that rfc8785 knows."""
    match value:
        case None | str():
            return value
        case Mapping():
            return {name: _plain(inner) for name, inner in value.items()}
        case _:
            return [_plain(inner) for inner in value]


def text_value(text: str) -> Value:
    """A text as a value: itself, or ``{"b64": ...}`` when it is not valid Unicode (lone surrogates)."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return {"b64": b64u(text.encode("utf-8", "surrogatepass"))}
    return text


def b64u(data: bytes) -> str:
    """Base64url without padding (RFC 4648, section 5)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def from_b64u(text: str) -> bytes:
    """Read unpadded base64url.

    Raises:
        CanonicalError: Not base64url, padded, or not the one spelling of these bytes.
    """
    try:
        data = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError as error:
        raise CanonicalError("not base64url", found=f"{len(text)} characters") from error
    if b64u(data) != text:
        raise CanonicalError("not the one base64url spelling of its bytes")
    return data
