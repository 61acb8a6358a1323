"""One slice of an export as Python values, with nothing lost on the way.

Numbers keep the spelling of the file (``1e999``, ``-0`` and 64-bit identifiers do not survive
a float), and a name that stands twice in one object is refused, because two readers could
understand the message differently. One repetition is the exporter's own and is kept whole:
``text`` of a message that carries a gift or web data (tdesktop issue 28781) becomes
``{"repeated": [first, second]}``.
"""

import hashlib
import json
from collections.abc import Iterable
from typing import TypeAlias

from config.errors import Term
from monitor.desktop.repair import repaired
from monitor.desktop.scan import Buffer, ByteSpan, broken, place
from monitor.errors import BrokenExportError, ExportTooLargeError

MAX_VALUE_BYTES = 16 << 20
"""Of one message or header value. Telegram's own texts end at 4,096 characters; polls and buttons add kilobytes."""

MAX_NAME_CHARACTERS = 128
"""Of one member name inside a message; a longer one is no name of Telegram Desktop's, and may hide a picture."""

Parsed: TypeAlias = "str | bool | list[Parsed] | dict[str, Parsed] | None"
"""What a slice holds; a number is a ``JsonNumber``, which is a ``str``."""

REPEATABLE = "text"
ODD_NAME = "odd_name_"
"""Before the SHA-256 of a member name that is too long, or not valid Unicode."""


class JsonNumber(str):
    """A JSON number as the file spells it."""

    __slots__ = ()


class _RefusedError(ValueError):
    """JSON that the standard library accepts and that is no evidence; becomes a BrokenExportError."""

    def __init__(self, why: Term) -> None:
        super().__init__(why.code)
        self.why = why


def read_value(data: Buffer, span: ByteSpan) -> Parsed:
    """Parse the bytes of an export's ``span`` as exactly one JSON value.

    Raises:
        BrokenExportError: Not one JSON value, not UTF-8, or a name that is repeated, too long or
            not valid Unicode; ``where`` says line and column.
        ExportTooLargeError: More than ``MAX_VALUE_BYTES``.
    """
    if span.end - span.start > MAX_VALUE_BYTES:
        raise ExportTooLargeError(
            "export_too_large.message", place=place(data, span.start), limit=MAX_VALUE_BYTES, end=span.end - span.start
        )
    raw = data[span.start : span.end]
    try:
        return _parse(raw)
    except ValueError as error:
        copy = repaired(raw)
        if copy == raw:
            raise _placed(data, span, error) from error
    try:
        return _parse(copy)
    except ValueError as error:
        # positions in the repaired copy are not those of the file: name the message instead
        raise broken(data, span.start, "broken_export.message_unreadable", reason=_reason(error)) from error


def read_value_of_text(text: str) -> Parsed:
    """JSON that stands in a string of the export, as strictly read as the export itself.

    Raises:
        BrokenExportError, ExportTooLargeError: As ``read_value``.
    """
    raw = text.encode("utf-8", "surrogatepass")
    try:
        return read_value(raw, ByteSpan(0, len(raw)))
    except RecursionError as error:
        raise broken(raw, 0, "broken_export.nests_without_end") from error


def _parse(raw: bytes) -> Parsed:
    parsed: Parsed = json.loads(
        raw.decode("utf-8"),
        parse_int=JsonNumber,
        parse_float=JsonNumber,
        parse_constant=_refuse_constant,
        object_pairs_hook=_object,
    )
    return parsed


def _placed(data: Buffer, span: ByteSpan, error: ValueError) -> BrokenExportError:
    match error:
        case json.JSONDecodeError():
            offset = span.start + len(error.doc[: error.pos].encode("utf-8"))
        case UnicodeDecodeError():
            offset = span.start + error.start
        case _:
            offset = span.start
    return broken(data, offset, "broken_export.unreadable", reason=_reason(error))


def _reason(error: ValueError) -> Term:
    match error:
        case _RefusedError():
            return error.why
        case UnicodeDecodeError():
            return Term("json.not_utf_8")
        case json.JSONDecodeError():
            return Term("json.refused", system=error.msg)
        case _:
            return Term("json.refused", system=str(error))


def _refuse_constant(name: str) -> Parsed:
    raise _RefusedError(Term("json.not_a_number", name=name))


def _object(members: Iterable[tuple[str, Parsed]]) -> dict[str, Parsed]:
    result: dict[str, Parsed] = {}
    repeated: list[Parsed] = []
    for given, found in members:
        name, value = _named(given, found)
        if name not in result:
            result[name] = value
        elif name == REPEATABLE:
            repeated.append(value)
        else:
            raise _RefusedError(Term("json.name_twice"))
    if repeated:
        result[REPEATABLE] = {"repeated": [result[REPEATABLE], *repeated]}
    return result


def _named(name: str, value: Parsed) -> tuple[str, Parsed]:
    """A member as the program may carry it: a name that nobody writes stands beside its value, as a text.

    There it is stripped like any other text, and its member is one that nobody knows.
    """
    if len(name) <= MAX_NAME_CHARACTERS and is_unicode(name):
        return name, value
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{ODD_NAME}{digest}", {"name": name, "value": value}


def is_unicode(text: str) -> bool:
    """Whether a text of an export has no half of a surrogate pair alone."""
    return text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)
