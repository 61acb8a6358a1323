"""Canonical JSON (RFC 8785) of strings, null, arrays and objects: all that a bundle's tables hold.

Without numbers, JCS is the standard library's JSON with the names in UTF-16 order. The log's
own writer uses another program; a test compares the two. Standard library only.
"""

import json
from collections.abc import Mapping
from typing import Any, TypeAlias

from casefiles.errors import RecordsError

Json: TypeAlias = Any  # what the standard library's parser returns


def jcs(value: Json) -> bytes:
    """The canonical bytes of ``value``.

    Raises:
        RecordsError: It holds a number, a boolean, or text that is not Unicode.
    """
    try:
        return json.dumps(_ordered(value), ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    except UnicodeEncodeError as error:
        raise RecordsError("a text is not Unicode") from error


def read_jcs(data: bytes, *, where: str) -> Json:
    """Read canonical JSON.

    Raises:
        RecordsError: Not JSON, or not in its one spelling.
    """
    try:
        value = json.loads(data.decode("utf-8"))
        canonical = jcs(value)
    # JSON and UTF-8 errors are ValueErrors; the parser recurses over what is nested without end
    except (ValueError, RecursionError) as error:
        raise RecordsError("not JSON", where=where) from error
    if canonical != data:
        raise RecordsError("not in its one spelling", where=where, expected="JCS (RFC 8785)")
    return value


def _ordered(value: Json) -> Json:
    match value:
        case None | str():
            return value
        case Mapping():
            return {name: _ordered(value[name]) for name in sorted(value, key=_utf16)}
        case list() | tuple():
            return [_ordered(inner) for inner in value]
        case _:
            raise RecordsError("not a value of the log", found=type(value).__name__)


def _utf16(name: str) -> bytes:
    return name.encode("utf-16-be", "surrogatepass")
