"""Reads the pages of a report strictly, and refuses whatever could hold a picture, a file or a program.

The only PDF that may be in a bundle is one in the form that the typesetter writes: one revision, plain objects, one
table at its end, streams that are packed by Deflate or not at all. Its names are on a list. Each stream is unpacked
and must be what a page, a font, a profile or the description is made of. So there is no image object, no inline
image, no font that draws its letters by pictures or programs (Type 3, colour tables), no attachment, action or script.
The usual tools look for image objects alone, and a colour font hides pictures from them.

# LIMIT: this guards against mistakes of ours. A drawing can be made of lines, and a font of ours be cut to other
letters; whoever has the typesetter makes the pages again and compares them. Standard library only.
"""

import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from casefiles.errors import GateError

MAX_STREAM_BYTES, MAX_UNPACKED_BYTES, MAX_SEARCHED_BYTES = 1 << 22, 1 << 27, 1 << 20
"""Of one stream, of all, and of those that are searched for pictures, which takes much longer than to unpack them."""
_HEAD, _TAIL = b"%PDF-1.7\n%\x80\x80\x80\x80\n\n", b"\n%%EOF"
_STREAM, _END = b">>\nstream\n", b"\nendstream\nendobj\n"
_DICTIONARY = re.compile(rb"([1-9][0-9]{0,9}) 0 obj\n<</Length ([0-9]{1,9})([^<>()]*)")
_OPENED = b" 0 obj\n<</Length "
_MARKS = re.compile(rb"\\.|[()\\]", re.DOTALL)
_STRING = rb"\((?:[^()\\]++|\\.)*+\)"
"""A literal string that has no parentheses inside but escaped ones, as nearly all have."""
_STRINGS = re.compile(_STRING, re.DOTALL)
_SIMPLE = re.compile(rb"(?:[^()\\]++|" + _STRING + rb")*+", re.DOTALL)
_DRAWN = re.compile(rb"(?:[^()\\%]++|\((?:[^()\\\n]++|\\[^\n])*+\))*+")
"""A drawing with such strings, in one line each, and no comment beside them."""
_PRINTABLE = bytes(range(0x20, 0x7F))
_TABLE = re.compile(rb"xref\n0 ([1-9][0-9]{0,9})\n0000000000 65535 f\r\n((?:[0-9]{10} 00000 n\r\n)*)trailer\n<<")
"""The one table of a PDF (ISO 32000-1, 7.5.4): where each object begins."""
_ENTRY_BYTES = 20
_OBJECT = re.compile(rb"^([1-9][0-9]{0,9}) 0 obj\n", re.MULTILINE)
_NOT_PLAIN = bytes(set(range(0x100)) - {0x0A, 0x0D, *range(0x20, 0x7F)} | set(b"#%()"))
"""What the objects may not have outside their strings: another spelling of a name, a comment, an open string."""
_NAME = re.compile(rb"/[^\s()<>\[\]{}/%]*")
_OWN_NAME = re.compile(rb"/(?:[cf][0-9]{1,4}|[A-Z]{6}\+Noto[A-Za-z]+-(?:Bold|Regular)(?:-Identity-H)?)")
PAGE_NAMES = frozenset(
    b"/" + name
    for name in b"""
    A ActualText Alt Annot Annots Artifact Ascent Author BBox BackgroundColor BaseFont Block Border BorderColor
    BorderStyle BorderThickness Both C CIDFontType2 CIDSet CIDSystemInfo CIDToGIDMap CMap CapHeight Caption Catalog
    Center ClassMap ColSpan Color ColorSpace Column Contents Count CreationDate Creator DW Datetime Decimal
    DescendantFonts Descent Dest DestOutputProfile Direction DisplayDocTitle Div Document Em Encoding End EndIndent
    F Figure Filter First Fit Flags FlateDecode Font FontBBox FontDescriptor FontFile2 FontName GTS_PDFA1 H1 H2 H3
    H4 H5 H6 Headers Height ICCBased ID IDTree Identity Identity-H ImageB ImageC Index Info Inline ItalicAngle
    Justify K Kids L L2R LBody LI Lang Last Layout Lbl Length LineHeight LineThrough Link ListNumbering LrTb MCID
    MCR MarkInfo Marked MediaBox Metadata ModDate N Names Next None Nums O OBJR Obj Ordering Outlines
    OutputCondition OutputConditionIdentifier OutputIntent OutputIntents P PDF Padding Page Pages Parent ParentTree
    ParentTreeNextKey Part Pg Placement Prev ProcSet Producer R Range Rect Reference Registry RegistryName Resources
    RlTb RoleMap Root Row RowSpan S Scope Sect Size Solid SpaceAfter SpaceBefore Span Start StartIndent StemV Strong
    StructElem StructParent StructParents StructTreeRoot Subtype Supplement Suspects T TBody TD TFoot TH THead TOC
    TOCI TR Table Tabs Terms Text TextAlign TextDecorationThickness TextDecorationType TextIndent Title ToUnicode
    Type Type0 Underline ViewerPreferences W WMode Width WritingMode XML XYZ
    """.split()
)
_FLATE = b"/Filter/FlateDecode"
STREAM_ROLES = {
    b"Contents": _FLATE,
    b"FontFile2": _FLATE,
    b"CIDSet": _FLATE,
    b"ToUnicode": b"/Type/CMap/Filter/FlateDecode/WMode 0",
    b"DestOutputProfile": b"/N 3/Range[0 1 0 1 0 1]/Filter/FlateDecode",
    b"ICCBased": b"/N 1/Range[0 1]/Filter/FlateDecode",
    b"Metadata": b"/Type/Metadata/Subtype/XML",
}
"""By the name that refers to a stream: what its dictionary says beside its length."""
FONT_TABLES = frozenset(b"cvt |fpgm|glyf|head|hhea|hmtx|loca|maxp|name|post|prep".split(b"|"))
"""The tables of a font that draws its letters by outlines (OpenType)."""
_INLINE = re.compile(rb"BI(?<![A-Za-z0-9]BI)(?![A-Za-z0-9])")
"""The operator that begins an inline image (ISO 32000-1, 8.9.7). It begins with its letters: that is quick to find."""


@dataclass(frozen=True, slots=True)
class _Stream:
    """A stream as it lies in the file."""

    number: bytes
    kind: bytes
    packed: bytes


def parts_of_pages(name: str, content: bytes) -> Iterator[bytes]:
    """What a PDF in a bundle holds beside its drawing, to be searched for pictures.

    Anything but pages of the one form is refused.

    Raises:
        GateError: Says which rule does not hold, never the bytes.
    """
    # (1) one revision, nothing before or behind it
    if not content.startswith(_HEAD) or not content.endswith(_TAIL) or content.count(b"startxref\n") != 1:
        raise GateError("gate.pages_form", where=name)
    # (2) objects without their streams and strings: every name is on the list
    objects, streams, begins = _taken_apart(name, content[: -len(_TAIL)])
    plain, strings = _without_strings(name, objects)
    yield strings
    _require_names(name, plain)
    # (3) the table leads to these objects, and nowhere into a string or a stream
    _require_table(name, content, begins)
    # (4) each stream is what one object says it is
    roles, room, searched = _roles(plain), MAX_UNPACKED_BYTES, MAX_SEARCHED_BYTES
    for stream in streams:
        unpacked = _unpacked(name, stream)
        room -= len(unpacked)
        for part in _to_search(name, roles.get(stream.number, b""), stream, unpacked):
            searched -= len(part)
            if searched < 0:
                raise GateError("gate.pages_large", where=name)
            yield part
        if room < 0:
            raise GateError("gate.pages_large", where=name)


def _taken_apart(name: str, content: bytes) -> tuple[bytes, list[_Stream], dict[int, bytes]]:
    """The objects without their streams, the streams, and where each object begins, by its number."""
    parts, streams, begins, at = list[bytes](), list[_Stream](), dict[int, bytes](), len(_HEAD) - 1

    def plain(end: int) -> None:
        part = content[at:end]
        begins.update({at + found.start(): found[1] for found in _OBJECT.finditer(part)})
        parts.append(part)

    while (begin := content.find(_STREAM, at)) >= 0:
        opened = content.rfind(_OPENED, at, begin)
        line = max(at, content.rfind(b"\n", at, max(opened, at)) + 1)
        found = _DICTIONARY.fullmatch(content, line, begin)
        if found is None:
            raise GateError("gate.pages_form", where=name)
        data = begin + len(_STREAM)
        end = data + int(found[2])
        if content[end : end + len(_END)] != _END:
            raise GateError("gate.pages_form", where=name)
        plain(found.start())
        begins[found.start()] = found[1]
        streams.append(_Stream(found[1], found[3], content[data:end]))
        at = end + len(_END)
    plain(len(content))
    return b"\n".join(parts), streams, begins


def _without_strings(name: str, content: bytes) -> tuple[bytes, bytes]:
    """What is beside the literal strings (ISO 32000-1, 7.3.4.2), and the strings, which have printable ASCII alone."""
    if _SIMPLE.fullmatch(content):  # else the search for strings could look at one part again and again
        plain, strings = _STRINGS.split(content), _STRINGS.findall(content)
    else:
        plain, strings = _without_nested(name, content)
    joined = b"".join(strings)
    if joined.translate(None, delete=_PRINTABLE):
        raise GateError("gate.pages_form", where=name)
    return b" ".join(plain), joined


def _without_nested(name: str, content: bytes) -> tuple[list[bytes], list[bytes]]:
    """The same parts of objects or a drawing, of which strings have parentheses inside, or which are not in form."""
    plain, strings, at, begun, depth = list[bytes](), list[bytes](), 0, 0, 0
    for mark in _MARKS.finditer(content):
        if mark[0] == b"(":
            if not depth:
                plain.append(content[at : mark.start()])
                begun = mark.start()
            depth += 1
        elif not depth:
            raise GateError("gate.pages_form", where=name)
        elif mark[0] == b")":
            depth -= 1
            if not depth:
                at = mark.end()
                strings.append(content[begun:at])
    plain.append(content[at:])
    if depth:
        raise GateError("gate.pages_form", where=name)
    return plain, strings


def _require_table(name: str, content: bytes, begins: Mapping[int, bytes]) -> None:
    """Check that the one table has a place for each object, where it begins, and no other table follows."""
    told = content[content.rindex(b"startxref\n") + len(b"startxref\n") : -len(_TAIL)]
    table = _TABLE.match(content, int(told)) if told.isdigit() and len(told) <= _ENTRY_BYTES else None
    if table is None or b"/Prev" in content[table.end() :]:
        raise GateError("gate.pages_form", where=name)
    entries = table[2]
    places = [int(entries[at : at + 10]) for at in range(0, len(entries), _ENTRY_BYTES)]
    numbers = list(map(begins.get, places))
    wanted = [b"%d" % number for number in range(1, int(table[1]))]
    if numbers != wanted or set(places) != begins.keys():
        raise GateError("gate.pages_form", where=name)


def _require_names(name: str, plain: bytes) -> None:
    if len(plain.translate(None, delete=_NOT_PLAIN)) != len(plain) or b"stream" in plain:
        raise GateError("gate.pages_form", where=name)
    for found in set(_NAME.findall(plain)) - PAGE_NAMES:
        if not _OWN_NAME.fullmatch(found):
            raise GateError("gate.pages_object", where=name, found=ascii(found)[2:-1][:80])


def _roles(plain: bytes) -> Mapping[bytes, bytes]:
    """By the number of an object, the one name that refers to it as to a stream; two names give none."""
    roles: dict[bytes, bytes] = {}
    for role in STREAM_ROLES:
        for found in re.finditer(rb"/" + role + rb" ([1-9][0-9]{0,9}) 0 R", plain):
            roles[found[1]] = role if roles.get(found[1], role) == role else b""
    return roles


def _unpacked(name: str, stream: _Stream) -> bytes:
    if _FLATE not in stream.kind:
        return stream.packed
    packer = zlib.decompressobj()
    try:
        unpacked = packer.decompress(stream.packed, MAX_STREAM_BYTES)
    except zlib.error as error:
        raise GateError("gate.pages_form", where=name) from error
    if packer.unconsumed_tail:
        raise GateError("gate.pages_large", where=name)
    if packer.unused_data or not packer.eof:
        raise GateError("gate.pages_form", where=name)
    return unpacked


def _to_search(name: str, role: bytes, stream: _Stream, unpacked: bytes) -> Iterator[bytes]:
    if STREAM_ROLES.get(role) != stream.kind:
        raise GateError("gate.pages_object", where=name, found=ascii(role or stream.kind)[2:-1][:80])
    if role == b"FontFile2":
        _require_outlines(name, unpacked)
    elif role != b"Contents":
        yield unpacked
    else:
        _require_drawing(name, unpacked)


def _require_drawing(name: str, content: bytes) -> None:
    """Check that what is drawn on a page is lines and letters: no inline image, no comment, nothing unprintable."""
    if content.translate(None, delete=_PRINTABLE + b"\n"):
        raise GateError("gate.pages_form", where=name)
    # nearly always, and much quicker to see: beside an operator between strings stands the same here, or a parenthesis
    if not _INLINE.search(content) and (b"%" not in content or _DRAWN.fullmatch(content)):
        return
    plain, _strings = _without_strings(name, content)
    if b"%" in plain:
        raise GateError("gate.pages_form", where=name)
    if _INLINE.search(plain):
        raise GateError("gate.pages_image", where=name)


def _require_outlines(name: str, font: bytes) -> None:
    """Check that a font has the tables of outlines and no other, one behind the other, and nothing beside them."""
    last = end = 12 + 16 * int.from_bytes(font[4:6], "big")
    if last > len(font):
        raise GateError("gate.pages_form", where=name)
    for at in range(12, last, 16):
        table = font[at : at + 4]
        begin, length = (int.from_bytes(font[at + by : at + by + 4], "big") for by in (8, 12))
        if table not in FONT_TABLES:
            raise GateError("gate.pages_object", where=name, found=ascii(table)[2:-1])
        if begin != end:
            raise GateError("gate.pages_form", where=name)
        end += (length + 3) & ~3
    if end != len(font):
        raise GateError("gate.pages_form", where=name)
