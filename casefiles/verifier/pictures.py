"""Finds pictures, video and prints of pictures in a member: the last gate, and a check.

The writer refuses to build a bundle that this finds anything in, and the verifier looks again.
Looked for: the opening bytes of picture and video formats anywhere in a member, as they are or
inside base64 (any alphabet, any alignment); text members that are not text; and names of JSON
fields and columns that could only hold a thumbnail or a perceptual hash. A match on few bytes
counts only when the bytes after it fit the format, because digests and signatures are random.

# LIMIT: this guards against mistakes of ours. Who sets out to hide a picture can (split,
# encrypted, as numbers); against that stands that a bundle holds only what the builder puts in.
Standard library only.
"""

import base64
import binascii
import re
from collections.abc import Callable, Iterator

from casefiles.errors import GateError
from casefiles.verifier.layout import TYPE_SIGNATURE, TYPE_TOKEN, media_type

_WINDOW = 4096
_TO_STANDARD = bytes.maketrans(b"-_", b"+/")
_CONTROLS = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_BASE64_RUN = re.compile(rb"[A-Za-z0-9+/]+")
_PRINT_NAMES = rb"pdq\w*|[apdw]_?hash|photodna|perceptual\w*|fingerprints?|thumbs?|thumbnails?|stripped\w*|preview"
_PRINT = rb"(?:\w*_)?(?:" + _PRINT_NAMES + rb")(?:_\w*)?"
_JSON_FIELD = re.compile(rb'"(' + _PRINT + rb')"\s*:', re.IGNORECASE)
_CSV_COLUMN = re.compile(rb'(?:^|,)"?(' + _PRINT + rb')"?(?:,|$)', re.IGNORECASE)
_JPEG_HEAD = 6
_JPEG_STARTS = {0xDB, *range(0xC0, 0xC4), *range(0xE0, 0xF0), 0xFE}
_DQT = 0xDB
_DQT_HEADS = (b"\0\x43\0", b"\0\x84\0", b"\0\xc5\0")  # one, two or three tables of 8-bit values
_JPEG_NAMES = (b"JFIF", b"JFXX", b"Exif", b"http", b"ICC_", b"MPF\0", b"Adob", b"Duck")
_BRANDS = re.compile(rb"(?:avif|avis|heic|heix|hevc|mif1|msf1|isom|iso[2-9]|mp4[12]|M4[AV] |qt  |3g[p2]\w|dash|crx )")
_DIB_SIZES = (12, 40, 52, 56, 64, 108, 124)


def _jpeg(data: bytes) -> bool:
    """SOI, then a segment whose identifier is known or after which another marker stands (ITU-T T.81, B.1)."""
    if len(data) < _JPEG_HEAD or data[3] not in _JPEG_STARTS:
        return False
    after = 4 + int.from_bytes(data[4:_JPEG_HEAD], "big")
    tables = data[3] == _DQT and data[4:7] in _DQT_HEADS
    return tables or data[6:10] in _JPEG_NAMES or (after > _JPEG_HEAD and data[after : after + 1] == b"\xff")


def _always(_: bytes) -> bool:
    return True


def _riff(data: bytes) -> bool:
    return data[8:12] in (b"WEBP", b"AVI ")


def _base_media(data: bytes) -> bool:
    return _BRANDS.match(data, 4) is not None


def _matroska(data: bytes) -> bool:
    return b"webm" in data[:64] or b"matroska" in data[:64]


def _bitmap(data: bytes) -> bool:
    return data[6:10] == b"\0\0\0\0" and int.from_bytes(data[14:18], "little") in _DIB_SIZES


_FORMATS: tuple[tuple[str, bytes, Callable[[bytes], bool]], ...] = (
    ("JPEG", b"\xff\xd8\xff", _jpeg),
    ("PNG", b"\x89PNG\r\n\x1a\n", _always),
    ("GIF", b"GIF87a", _always),
    ("GIF", b"GIF89a", _always),
    ("WebP or AVI", b"RIFF", _riff),
    ("MP4, QuickTime, HEIF or AVIF", b"ftyp", _base_media),
    ("WebM or Matroska", b"\x1a\x45\xdf\xa3", _matroska),
    ("TIFF", b"II*\0\x08\0\0\0", _always),
    ("TIFF", b"MM\0*\0\0\0\x08", _always),
    ("JPEG XL", b"\0\0\0\x0cJXL \r\n\x87\n", _always),
    ("JPEG 2000", b"\0\0\0\x0cjP  \r\n\x87\n", _always),
)
_BITMAP = ("BMP", b"BM", _bitmap)


def require_no_picture(name: str, content: bytes) -> None:
    """Refuse a member that holds a picture, video, thumbnail or perceptual hash.

    Args:
        name: The member's name, which says how its content is to be read.

    Raises:
        GateError: Something was found; says what and where, never the bytes.
        ContainerError: No such member may be in a bundle.
    """
    kind = media_type(name)
    if kind not in (TYPE_TOKEN, TYPE_SIGNATURE):
        _require_text(name, content)
    for readable in (content, *_decoded(name, content)):
        _require_no_opening(name, readable)
        _require_no_base64(name, readable)
        _require_no_print_field(name, readable)


def _require_text(name: str, content: bytes) -> None:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise GateError("a text member is not text", where=name, expected="UTF-8") from error
    if _CONTROLS.search(content):
        raise GateError("a text member has control characters", where=name)


def _decoded(name: str, content: bytes) -> Iterator[bytes]:
    """What the disclosures in a member say, as text."""
    if name.endswith(".disclosures"):
        yield b"\n".join(_decode(line.translate(_TO_STANDARD)) for line in content.split(b"\n"))


def _require_no_opening(name: str, content: bytes) -> None:
    if content[:2] == _BITMAP[1] and _BITMAP[2](content):
        raise GateError("a picture", where=name, found=_BITMAP[0])
    for format_name, opening, fits in _FORMATS:
        at = content.find(opening)
        while at >= 0:
            if fits(content[at : at + _WINDOW]):
                raise GateError("a picture or video", where=name, found=f"{format_name} at byte {at}")
            at = content.find(opening, at + 1)


def _require_no_base64(name: str, content: bytes) -> None:
    text = content.translate(_TO_STANDARD)
    for format_name, alignment, lead, pattern, fits in _ENCODED:
        at = text.find(pattern)
        while at >= 0:
            run = _BASE64_RUN.match(text, at - lead, at - lead + _WINDOW) if at >= lead else None
            if run and fits(_decode(run[0])[alignment:]):
                raise GateError("a picture or video in base64", where=name, found=f"{format_name} at byte {at}")
            at = text.find(pattern, at + 1)


def _require_no_print_field(name: str, content: bytes) -> None:
    """A JSON field or CSV column by its name; words in a text are none. Our JSON escapes no letter of a name."""
    field = _JSON_FIELD.search(content)
    if not field and name.endswith(".csv"):
        field = _CSV_COLUMN.search(content.split(b"\r\n", 1)[0])
    if field:
        raise GateError("a field that could hold a print of a picture", where=name, found=ascii(field[1])[2:80])


def _decode(run: bytes) -> bytes:
    """The bytes of the whole quanta of a base64 run, and of the last if it is whole without padding."""
    cut = run[: len(run) - (len(run) % 4 == 1)]
    try:
        return base64.b64decode(cut + b"=" * (-len(cut) % 4))
    except binascii.Error:
        return b""


def _encodings(opening: bytes) -> Iterator[tuple[int, int, bytes]]:
    """How ``opening`` looks inside base64 when it begins 0, 1 or 2 bytes into a quantum.

    Yields:
        The bytes before it, the characters before the first that it alone decides, and those characters.
    """
    for alignment in range(3):
        first, last = -(-alignment * 8 // 6), (alignment + len(opening)) * 8 // 6
        yield alignment, first, base64.b64encode(b"\0" * alignment + opening + b"\0\0")[first:last]


def _opened(opening: bytes, fits: Callable[[bytes], bool]) -> Callable[[bytes], bool]:
    return lambda data: data.startswith(opening) and fits(data)


_ENCODED = tuple(
    (format_name, alignment, lead, pattern, _opened(opening, fits))
    for format_name, opening, fits in _FORMATS
    for alignment, lead, pattern in _encodings(opening)
)
