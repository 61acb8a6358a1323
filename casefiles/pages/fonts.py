"""The fonts of the pages, which characters they have, and how a stranger's text is made safe for a page.

The fonts are files beside this module, so that what they cover can be read: a typesetter that meets a character
without a glyph refuses the whole document, or draws a box that says nothing. Here such a character is shown as its
number, ``[U+1F40D]``, and counted; so is what turns the direction of a line or cannot be seen. A heap of accents is
cut and a text that would fill a book is shortened; both are counted too. A run without a space may be broken. The
exact text is in the data: the pages are a drawing of it. Standard library only.
"""

import functools
import importlib.resources
import re
import struct
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field

from casefiles.report.lines import PLACELESS

FACES = tuple(f"{name}.ttf" for name in ("NotoSans-Bold", "NotoSans-Regular", "NotoSerif-Bold", "NotoSerif-Regular"))
"""Any of these may set a text of a stranger; digests and keys alone are in ``MONO``."""
MONO = "NotoSansMono-Regular.ttf"
MAX_LINES, MAX_CHARACTERS, MAX_LINE = 60, 4_000, 1_000
"""The limits of a posted text on a page, and of a text on one line."""
_MAX_MARKS = 3
_LAST = 0xFFFE
"""The last code point; the one behind it ends the table."""
_UNBROKEN = 32
"""Characters of a run without a space that are set in one piece; a line of a page has room for more."""
_BREAK, _CUT = "\u200b", "\u2026"
_HEAP = re.compile(
    f"((?:[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]){{{_MAX_MARKS}}})"
    "[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]+"
)
_LONG = re.compile(rf"[^\s{_BREAK}]{{{_UNBROKEN + 1},}}")


def font_bytes(name: str) -> bytes:
    """A font file of the PDF, or the licence beside them."""
    return importlib.resources.files("casefiles.pages").joinpath("fonts", name).read_bytes()


def read_coverage(font: bytes) -> frozenset[int]:
    """The code points up to U+FFFF for which a font has a glyph (OpenType, ``cmap``, format 4).

    Raises:
        ValueError: It has no such table.
    """
    count = struct.unpack_from(">H", font, 4)[0]
    tables = {tag: at for tag, _, at, _ in struct.iter_unpack(">4sIII", font[12 : 12 + 16 * count])}
    cmap = tables[b"cmap"]
    subtables = struct.unpack_from(">H", font, cmap + 2)[0]
    for _, _, offset in struct.iter_unpack(">HHI", font[cmap + 4 : cmap + 4 + 8 * subtables]):
        if struct.unpack_from(">H", font, cmap + offset)[0] == 4:  # noqa: PLR2004 - the format's number
            return frozenset(_segments(font, cmap + offset))
    raise ValueError("the font has no character map of format 4")


def _segments(font: bytes, at: int) -> Iterator[int]:
    twice = struct.unpack_from(">H", font, at + 6)[0]
    starts = at + 16 + twice
    rows = [
        struct.unpack_from(f">{twice // 2}H", font, place)
        for place in (at + 14, *range(starts, starts + 3 * twice, twice))
    ]
    for number, (last, first, delta, offset) in enumerate(zip(*rows, strict=True)):
        for code in range(first, min(last, _LAST) + 1):
            glyph = code
            if offset:
                place = starts + 2 * twice + 2 * number + offset + 2 * (code - first)
                glyph = struct.unpack_from(">H", font, place)[0]
            if glyph and (glyph + delta) & 0xFFFF:
                yield code


@functools.cache
def coverage() -> frozenset[int]:
    """The code points that every font of the PDF has."""
    return frozenset.intersection(*(read_coverage(font_bytes(name)) for name in FACES))


@functools.cache
def _unset() -> re.Pattern[str]:
    """Runs of characters that are shown as their numbers: those without a glyph, and those without a place."""
    spans: list[list[int]] = []
    for code in sorted(coverage()):
        if spans and spans[-1][1] == code - 1:
            spans[-1][1] = code
        else:
            spans.append([code, code])
    covered = "".join(f"\\U{lo:08x}-\\U{hi:08x}" for lo, hi in spans)
    return re.compile(f"(?:[^{covered}]|{PLACELESS}|[\u200c\u200d\ufe00-\ufe0f])+")


@dataclass(slots=True)
class Tamer:
    """Makes texts safe for a page, and counts what it changed.

    Attributes:
        longest: How many characters of a text on one line are shown.
        replaced: Characters that are shown as their numbers.
        cut: Marks that were left out of a heap of them.
        shortened: Texts of which not all is shown.
    """

    longest: int = MAX_LINE
    replaced: int = 0
    cut: int = 0
    shortened: int = 0
    _lines: dict[str, str] = field(default_factory=dict)

    def line(self, text: str) -> str:
        """A text on one line."""
        if text not in self._lines or self._changes(text):
            self._lines[text] = self._tamed(self._short(text, self.longest))
        return self._lines[text]

    def lines(self, text: str) -> str:
        """A text as posted, its lines kept."""
        lines = text.split("\n", MAX_LINES)
        short = "\n".join(lines[:MAX_LINES])
        if len(lines) > MAX_LINES:
            self.shortened += len(short) <= MAX_CHARACTERS
            short += f" {_CUT}"
        short = self._short(short, MAX_CHARACTERS)
        return "\n".join(map(self._tamed, short.split("\n")))

    def _changes(self, text: str) -> bool:
        """Whether taming a text counts something, so that it is counted each time that it is shown."""
        return self._lines[text] != text

    def _short(self, text: str, most: int) -> str:
        if len(text) <= most:
            return text
        self.shortened += 1
        return f"{text[:most]} {_CUT}"

    def _tamed(self, text: str) -> str:
        if text.isascii() and text.isprintable() and len(text) <= _UNBROKEN:
            return text  # nearly every label, number and name
        text = unicodedata.normalize("NFC", text)
        text = _HEAP.sub(self._without_heap, text)
        text = _unset().sub(self._numbered, text)
        return _LONG.sub(_breakable, text)

    def _without_heap(self, found: re.Match[str]) -> str:
        self.cut += len(found[0]) - _MAX_MARKS
        return found[1] + _CUT

    def _numbered(self, found: re.Match[str]) -> str:
        self.replaced += len(found[0])
        return f"[{' '.join(f'U+{ord(character):04X}' for character in found[0])}]"


def _breakable(found: re.Match[str]) -> str:
    """A run without a space, with places where a line may end."""
    run = found[0]
    return _BREAK.join(run[at : at + _UNBROKEN] for at in range(0, len(run), _UNBROKEN))
