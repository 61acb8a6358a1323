"""Lines of columns for a person: as wide as a terminal of 80, longer values shortened with an ellipsis.

What goes into a pipe or a file is never shortened.
"""

import sys
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

WIDTH = 80
_GAP = "  "
_CUT = "\N{HORIZONTAL ELLIPSIS}"
_UNITS = ("B", "KB", "MB", "GB", "TB")
_STEP = 1000


@dataclass(frozen=True, slots=True)
class Column:
    """A column.

    Attributes:
        width: In columns of a terminal.
        right: Its values stand at its right edge, as numbers do.
    """

    title: str
    width: int
    right: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Columns beside each other.

    Attributes:
        cut: Shorten what does not fit.
    """

    columns: tuple[Column, ...]
    cut: bool

    def head(self) -> str:
        """The titles of a printed table."""
        return self.line([column.title for column in self.columns])

    def line(self, cells: Sequence[str]) -> str:
        """One row of a printed table."""
        both = zip(self.columns, cells, strict=True)
        return _GAP.join(self._cell(column, cell) for column, cell in both).rstrip()

    def _cell(self, column: Column, text: str) -> str:
        shown = shortened(text, column.width) if self.cut else text
        space = " " * (column.width - width_of(shown))
        return space + shown if column.right else shown + space


def for_this_terminal(*columns: Column) -> Table:
    """A table that is shortened where standard output is a terminal."""
    return Table(columns, cut=sys.stdout.isatty())


def shortened(text: str, width: int) -> str:
    """``text`` in a column, or as much of its beginning as fits, with an ellipsis."""
    if width_of(text) <= width:
        return text
    return "".join(_fitting(text, width - 1)) + _CUT


def _fitting(text: str, width: int) -> Iterator[str]:
    for character in text:
        width -= width_of(character)
        if width < 0:
            return
        yield character


def width_of(text: str) -> int:
    """How many columns of a terminal this text needs."""
    return sum(_width(character) for character in text)


def _width(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def told_size(length: int) -> str:
    """A length in bytes, in the unit that suits it, for a printed line."""
    size, units = float(length), list(_UNITS)
    while round(size, 1) >= _STEP and len(units) > 1:
        size, units = size / _STEP, units[1:]
    return f"{length} B" if units[0] == "B" else f"{size:.1f} {units[0]}"
