"""Where the values of a JSON file begin and end, in bytes (RFC 8259).

A message is evidence as the bytes that Telegram Desktop wrote, and a JSON parser gives no
byte offsets. The scanner walks the structure around the messages strictly and steps over
each value by its brackets and quotes alone; what it steps over must then parse as exactly
one JSON value (``monitor.desktop.values``), which proves the step right.

Iterative and linear: no recursion, no copy of the file, one look at each byte.
"""

import json
import mmap
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NoReturn, TypeAlias

from config.errors import Fact, Term
from monitor.errors import BrokenExportError, CutOffExportError, ExportTooLargeError

Buffer: TypeAlias = bytes | mmap.mmap

MAX_DEPTH = 160
"""Containers inside one value; json.loads recurses once for each. Telegram Desktop nests 4 for each level of a
list in a rich message, and Telegram allows 16 levels: 74, or twice that should it count lists and items as one."""

MAX_NAME_BYTES = 1 << 20
"""Of one member name of the walked structure, so that none fills the memory; the longest that Telegram Desktop
writes has 36."""

_SPACE = re.compile(rb"[ \t\n\r]*")
_MARK = re.compile(rb'\\.|["\[\]{}]', re.DOTALL)
_SCALAR = re.compile(rb"true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_STEP = {b"{": 1, b"[": 1, b"}": -1, b"]": -1}
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class ByteSpan:
    """The bytes ``start`` to ``end``, exclusive, from the beginning of the file."""

    start: int
    end: int


def place(data: Buffer, offset: int) -> Term:
    """Line and column of a byte offset in an export's file, both from 1.

    A column is a character, as editors count.
    """
    line, line_start = 1, 0
    for start in range(0, offset, _CHUNK):
        chunk = data[start : min(start + _CHUNK, offset)]
        line += chunk.count(b"\n")
        last = chunk.rfind(b"\n")
        line_start = start + last + 1 if last >= 0 else line_start
    column = len(data[line_start:offset].decode("utf-8", "replace")) + 1
    return Term("place.line_and_column", line=line, column=column)


def broken(data: Buffer, offset: int, code: str, *, found: Fact = "", **facts: Fact) -> BrokenExportError:
    """The error for damage to an export at a byte offset, never quoting what stands there."""
    error = BrokenExportError(code, where=place(data, offset), found=found, **facts)
    return CutOffExportError("cut_off_export.here", cause=error) if offset >= len(data) else error


class Scanner:
    """A position in a JSON file that moves forward over whole values.

    ``members`` and ``elements`` yield before each value; whoever iterates must take that
    value, by ``value`` or by walking into it.
    """

    def __init__(self, data: Buffer, *, start: int = 0) -> None:
        self._data = data
        self._at = start

    @property
    def at(self) -> int:
        """Byte offset of the next token, or of the end of the file."""
        return self._skip_space()

    @property
    def end(self) -> int:
        """Byte offset where the token that was taken last ends."""
        return self._at

    def members(self) -> Iterator[str]:
        """Walk an object: yields each name, with the position before its value.

        Raises:
            BrokenExportError: Not an object, or not strictly JSON between its members.
        """
        self._expect(b"{")
        if self._accept(b"}"):
            return
        while True:
            yield self._name()
            if self._accept(b"}"):
                return
            self._expect(b",")

    def elements(self) -> Iterator[None]:
        """Walk an array: yields before each element.

        Raises:
            BrokenExportError: Not an array, or not strictly JSON between its elements.
        """
        self._expect(b"[")
        if self._accept(b"]"):
            return
        while True:
            yield
            if self._accept(b"]"):
                return
            self._expect(b",")

    def value(self) -> ByteSpan:
        """Step over one value, whatever it is.

        Raises:
            BrokenExportError: No value begins here, or it is not closed.
            ExportTooLargeError: It nests deeper than ``MAX_DEPTH``.
        """
        start = self._skip_space()
        if self._data[start : start + 1] in (b'"', b"{", b"["):
            self._at = self._closing(start)
        else:
            scalar = _SCALAR.match(self._data, start)
            if scalar is None:
                self._refuse(start, Term("json.value"))
            self._at = scalar.end()
        return ByteSpan(start, self._at)

    def finish(self) -> None:
        """Check that nothing but white space follows.

        Raises:
            BrokenExportError: Something does.
        """
        if self._skip_space() != len(self._data):
            self._refuse(self._at, Term("json.end"), found=Term("json.more"))

    def _closing(self, start: int) -> int:
        """Where the string, array or object that begins at ``start`` ends."""
        depth = 0
        quoted = False
        for mark in _MARK.finditer(self._data, start):
            token = mark[0]
            if token == b'"':
                quoted = not quoted
            elif not quoted:
                if token not in _STEP:
                    self._refuse(mark.start(), Term("json.value"), found=Term("json.backslash"))
                depth += _STEP[token]
            if depth == 0 and not quoted:
                return mark.end()
            if depth > MAX_DEPTH:
                self._refuse_depth(mark.start())
        raise broken(self._data, len(self._data), "broken_export.not_closed")

    def _name(self) -> str:
        start = self._skip_space()
        if self._data[start : start + 1] != b'"':
            self._refuse(start, Term("json.name"))
        span = self.value()
        self._expect(b":")
        if span.end - span.start > MAX_NAME_BYTES:
            self._refuse(start, Term("json.short_name", limit=MAX_NAME_BYTES), found=span.end - span.start)
        try:
            return str(json.loads(self._data[span.start : span.end].decode("utf-8")))
        except ValueError as error:
            raise broken(self._data, start, "broken_export.name_no_string") from error

    def _skip_space(self) -> int:
        space = _SPACE.match(self._data, self._at)
        self._at = space.end() if space else self._at
        return self._at

    def _accept(self, token: bytes) -> bool:
        start = self._skip_space()
        if self._data[start : start + 1] != token:
            return False
        self._at = start + 1
        return True

    def _expect(self, token: bytes) -> None:
        if not self._accept(token):
            self._refuse(self._at, token.decode("ascii"))

    def _refuse(self, offset: int, expected: Fact, *, found: Fact = "") -> NoReturn:
        raise broken(self._data, offset, "broken_export.not_json", found=found, expected=expected)

    def _refuse_depth(self, offset: int) -> NoReturn:
        raise ExportTooLargeError("export_too_large.nested_too_deep", place=place(self._data, offset), limit=MAX_DEPTH)
