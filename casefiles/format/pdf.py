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

MAX_STREAM_BYTES, MAX_UNPACKED_BYTES = 1 << 26, 1 << 29
_HEAD, _TAIL = b"%PDF-1.7\n%\x80\x80\x80\x80\n\n", b"\n%%EOF"
_STREAM, _END = b">>\nstream\n", b"\nendstream\nendobj\n"
_DICTIONARY = re.compile(rb"([1-9][0-9]{0,9}) 0 obj\n<</Length ([0-9]{1,9})([^<>()]*)")
_OPENED = b" 0 obj\n<</Length "
_STRING = re.compile(rb"\((?:[^()\\]|\\.|\((?:[^()\\]|\\.|\((?:[^()\\]|\\.)*\))*\))*\)", re.DOTALL)
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
    Justify K Kids L L2R LBody LI Lang Last Layout Lbl Length LineHeight Link ListNumbering LrTb MCID MCR MarkInfo
    Marked MediaBox Metadata ModDate N Names Next None Nums O OBJR Obj Ordering Outlines OutputCondition
    OutputConditionIdentifier OutputIntent OutputIntents P PDF Padding Page Pages Parent ParentTree
    ParentTreeNextKey Part Pg Placement Prev ProcSet Producer R Range Rect Reference Registry RegistryName Resources
    RlTb RoleMap Root Row RowSpan S Scope Sect Size Solid SpaceAfter SpaceBefore Span Start StartIndent StemV Strong
    StructElem StructParent StructParents StructTreeRoot Subtype Supplement Suspects T TBody TD TFoot TH THead TOC
    TOCI TR Table Tabs Terms Text TextAlign TextDecorationType TextIndent Title ToUnicode Type Type0
    ViewerPreferences W WMode Width WritingMode XML XYZ
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
_INLINE = b"\nBI"


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
    objects, streams = _taken_apart(name, content[len(_HEAD) - 1 : -len(_TAIL)])
    yield b"\n".join(_STRING.findall(objects))
    plain = _STRING.sub(b"", objects)
    _require_names(name, plain)
    # (3) each stream is what one object says it is
    roles, room = _roles(plain), MAX_UNPACKED_BYTES
    for stream in streams:
        unpacked = _unpacked(name, stream)
        room -= len(unpacked)
        if room < 0:
            raise GateError("gate.pages_large", where=name)
        yield from _to_search(name, roles.get(stream.number, b""), stream, unpacked)


def _taken_apart(name: str, content: bytes) -> tuple[bytes, list[_Stream]]:
    parts, streams, at = [], [], 0
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
        parts.append(content[at : found.start()])
        streams.append(_Stream(found[1], found[3], content[data:end]))
        at = end + len(_END)
    parts.append(content[at:])
    return b"\n".join(parts), streams


def _require_names(name: str, plain: bytes) -> None:
    if len(plain.translate(None, delete=_NOT_PLAIN)) != len(plain):
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
    elif _INLINE in unpacked:
        raise GateError("gate.pages_image", where=name)


def _require_outlines(name: str, font: bytes) -> None:
    """Check that a font has the tables of outlines and no other, and nothing beside them."""
    count = int.from_bytes(font[4:6], "big")
    tables = {font[12 + 16 * at : 16 + 16 * at] for at in range(count)}
    if strange := sorted(tables - FONT_TABLES):
        raise GateError("gate.pages_object", where=name, found=ascii(strange[0])[2:-1])
