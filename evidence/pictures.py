"""What a picture or video looks like, in bytes and inside Base64: one table for all who look.

``monitor.previews`` takes out of a record what is found here, and the last gate before a
bundle refuses what is found here, so that no message can be taken in and then never leave.
A match on few bytes counts only when the bytes after it fit the format, because digests and
signatures are random. Each ``fits`` is monotone: more bytes never make a picture none.

# LIMIT: formats without a marked beginning (raw camera frames, TGA with a palette or an
# identifier), hexadecimal and other spellings, and what is encrypted, are not known.
Standard library only.
"""

import base64
import binascii
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

_WINDOW = 4096
_TO_STANDARD = bytes.maketrans(b"-_", b"+/")
_SMALL = b"abcdefghijklmnopqrstuvwxyz0123456789"
_BASE64_RUN = re.compile(rb"[A-Za-z0-9+/]+")
_LINES = re.compile(rb"[A-Za-z0-9+/]*(?:(?<=[A-Za-z0-9+/]{16})\r?\n[A-Za-z0-9+/]+)*={0,2}")
_JPEG_HEAD = 6
_JPEG_STARTS = {0xDB, *range(0xC0, 0xC4), *range(0xE0, 0xF0), 0xFE}
_DQT = 0xDB
_DQT_HEADS = (b"\0\x43\0", b"\0\x84\0", b"\0\xc5\0")  # one, two or three tables of 8-bit values
_JPEG_NAMES = (b"JFIF", b"JFXX", b"Exif", b"http", b"ICC_", b"MPF\0", b"Adob", b"Duck")
_BRANDS = re.compile(rb"(?:avif|avis|heic|heix|hevc|mif1|msf1|isom|iso[2-9]|mp4[12]|M4[AV] |qt  |3g[p2]\w|dash|crx )")
_DIB_SIZES = (12, 40, 52, 56, 64, 108, 124)
_GIF_SCREEN = 13
_GIF_BLOCKS = re.compile(rb"!(?:\xf9\x04|\xfe|\xff\x0b|\x01\x0c)|,")
_WEBP_CHUNKS = re.compile(rb"VP8(?:X\x0a\0\0\0|L.{4}/|\x20.{4}.{3}\x9d\x01\x2a)", re.DOTALL)
_PORTABLE = re.compile(rb"\s+(?:#[^\n]{0,200}\n\s*)?[1-9][0-9]{0,4}\s+[1-9][0-9]{0,4}\s+(?:[1-9][0-9]{0,4}\s)?")
_PCX_HEAD = 66
_PCX_PLANES = (1, 3, 4)
_TGA_HEAD = 18
_TGA_DEPTHS = (8, 15, 16, 24, 32)
_ICON_ENTRY = 22
_ICON_MAX = 64


def _always(_: bytes) -> bool:
    return True


def _jpeg(data: bytes) -> bool:
    """SOI, then a segment whose identifier is known or after which another marker stands (ITU-T T.81, B.1)."""
    if len(data) < _JPEG_HEAD or data[3] not in _JPEG_STARTS:
        return False
    after = 4 + int.from_bytes(data[4:_JPEG_HEAD], "big")
    tables = data[3] == _DQT and data[4:7] in _DQT_HEADS
    return tables or data[6:10] in _JPEG_NAMES or (after > _JPEG_HEAD and data[after : after + 1] == b"\xff")


def _gif(data: bytes) -> bool:
    """A screen of some size with square pixels, or with a block after its colour table (GIF89a, 18 to 26)."""
    if len(data) < _GIF_SCREEN or not any(data[6:8]) or not any(data[8:10]):
        return False
    if data[12] == 0:
        return True
    colours = 3 << ((data[10] & 7) + 1) if data[10] & 0x80 else 0
    return _GIF_BLOCKS.match(data, _GIF_SCREEN + colours) is not None


def _png(data: bytes) -> bool:
    return data[12:16] in (b"IHDR", b"CgBI")


def _riff(data: bytes) -> bool:
    return data[8:16] == b"AVI LIST" or (data[8:12] == b"WEBP" and _WEBP_CHUNKS.match(data, 12) is not None)


def _base_media(data: bytes) -> bool:
    return _BRANDS.match(data, 4) is not None


def _matroska(data: bytes) -> bool:
    return b"webm" in data[:64] or b"matroska" in data[:64]


def _bitmap(data: bytes) -> bool:
    return data[6:10] == b"\0\0\0\0" and int.from_bytes(data[14:18], "little") in _DIB_SIZES


def _portable(data: bytes) -> bool:
    """Netpbm's plain header: width and height in decimal."""
    return _PORTABLE.match(data, 2) is not None


def _pcx(data: bytes) -> bool:
    if len(data) < _PCX_HEAD or data[3] not in {1, 2, 4, 8}:
        return False
    left, top, right, bottom = (int.from_bytes(data[at : at + 2], "little") for at in range(4, 12, 2))
    return left <= right and top <= bottom and data[64] == 0 and data[65] in _PCX_PLANES


def _tga(data: bytes) -> bool:
    return len(data) >= _TGA_HEAD and any(data[12:14]) and any(data[14:16]) and data[16] in _TGA_DEPTHS


def _icon(data: bytes) -> bool:
    """The first entry's picture stands after the entries."""
    count = int.from_bytes(data[4:6], "little")
    entries_end = 6 + 16 * count
    return (
        1 <= count <= _ICON_MAX
        and len(data) >= _ICON_ENTRY
        and data[9] == 0
        and entries_end <= int.from_bytes(data[18:22], "little") <= _WINDOW
    )


@dataclass(frozen=True, slots=True)
class Format:
    """A format by its first bytes.

    Attributes:
        fits: Whether the bytes from the opening on are more than a chance match.
        window: How many bytes ``fits`` reads at most.
        anywhere: Whether the opening is long enough to be looked for at every byte of binary data.
    """

    name: str
    opening: bytes
    fits: Callable[[bytes], bool]
    window: int = 128
    anywhere: bool = True


FORMATS: tuple[Format, ...] = (
    Format("JPEG", b"\xff\xd8\xff", _jpeg, _WINDOW),
    Format("PNG", b"\x89PNG\r\n\x1a\n", _png),
    Format("GIF", b"GIF87a", _gif, 1024),
    Format("GIF", b"GIF89a", _gif, 1024),
    Format("WebP or AVI", b"RIFF", _riff),
    Format("MP4, QuickTime, HEIF or AVIF", b"ftyp", _base_media),
    Format("WebM or Matroska", b"\x1a\x45\xdf\xa3", _matroska),
    Format("TIFF", b"II*\0\x08\0\0\0", _always),
    Format("TIFF", b"MM\0*\0\0\0\x08", _always),
    Format("JPEG XL", b"\0\0\0\x0cJXL \r\n\x87\n", _always),
    Format("JPEG 2000", b"\0\0\0\x0cjP  \r\n\x87\n", _always),
    Format("JPEG 2000", b"\xff\x4f\xff\x51\0", _always),
    Format("BMP", b"BM", _bitmap, anywhere=False),
    *(Format("PNM", b"P%d" % kind, _portable, 256, anywhere=False) for kind in range(1, 7)),
    *(Format("PCX", b"\n%c\1" % version, _pcx) for version in (0, 2, 3, 5)),
    *(Format("TGA", b"\0\0%c\0\0\0\0\0" % kind, _tga) for kind in (2, 3, 10, 11)),
    *(Format("ICO", b"\0\0%c\0" % kind, _icon) for kind in (1, 2)),
)


@dataclass(frozen=True, slots=True)
class Found:
    """A picture, and at which byte of what was searched its first certain character or byte stands."""

    name: str
    at: int


@dataclass(frozen=True, slots=True)
class _Spelling:
    """How an opening looks inside Base64 when it begins 0, 1 or 2 bytes into a quantum.

    Attributes:
        before: The characters before ``pattern`` in that quantum; the last may carry bits of the opening.
        pattern: The characters that the opening alone decides.
    """

    format: Format
    alignment: int
    before: bytes
    pattern: bytes

    @property
    def tail(self) -> bytes:
        """``pattern`` without the small letters and digits at its beginning: words and digests are full of these."""
        return self.pattern.lstrip(_SMALL)


def _spellings(form: Format) -> Iterator[_Spelling]:
    for alignment in range(3):
        first, last = -(-alignment * 8 // 6), (alignment + len(form.opening)) * 8 // 6
        characters = base64.b64encode(b"\0" * alignment + form.opening + b"\0\0")
        yield _Spelling(form, alignment, characters[:first], characters[first:last])


def _any_of(patterns: Iterable[bytes]) -> bytes:
    """A regular expression for the shortest of these patterns at a place: what begins alike is compared once."""
    rests = defaultdict[bytes, set[bytes]](set)
    for pattern in patterns:
        rests[pattern[:1]].add(pattern[1:])
    branches = (re.escape(first) + (b"" if b"" in rest else _any_of(rest)) for first, rest in rests.items())
    return b"(?:" + b"|".join(branches) + b")"


_SPELLINGS = tuple(spelling for form in FORMATS for spelling in _spellings(form))
_TAILS = re.compile(_any_of(spelling.tail for spelling in _SPELLINGS))
"""One search of a text: to look for each tail by itself, or for whole patterns, costs several times as much."""
_WITH_TAIL = {
    tail: [spelling for spelling in _SPELLINGS if spelling.tail.startswith(tail)]
    for tail in {spelling.tail for spelling in _SPELLINGS}
}
"""The spellings whose tail is, or goes on from, one that was found."""


def find_raw(data: bytes) -> Iterator[Found]:
    """Pictures by their first bytes in binary data: at its beginning, and anywhere if the opening is long enough."""
    for form in FORMATS:
        at = data.find(form.opening) if form.anywhere else 0 if data.startswith(form.opening) else -1
        while at >= 0:
            if form.fits(data[at : at + form.window]):
                yield Found(form.name, at)
            at = data.find(form.opening, at + 1) if form.anywhere else -1


def find_encoded(text: bytes) -> Iterator[Found]:
    """Pictures in runs of Base64, standard or URL-safe, wherever they begin in a quantum."""
    standard = text.translate(_TO_STANDARD)
    for at, spelling in _candidates(standard):
        if _stands(standard, spelling, at, start=0, runs=_BASE64_RUN):
            yield Found(spelling.format.name, at)


def encoded_spans(text: bytes) -> Iterator[tuple[int, int]]:
    """Where each run of Base64 with a picture in it begins and ends, in order, wrapped lines included.

    What lies before, between and after the spans, each taken for itself, has none for ``find_encoded``.
    """
    standard = text.translate(_TO_STANDARD)
    done = 0
    for at, spelling in _candidates(standard):
        if at >= done and _stands(standard, spelling, at, start=done, runs=_LINES):
            start, done = _run_start(standard, at, done), _run_end(standard, at)
            yield start, done


def _candidates(text: bytes) -> Iterator[tuple[int, _Spelling]]:
    """Where the pattern of a spelling stands, and of which, in the order of the tails."""
    found = _TAILS.search(text)
    while found:
        for spelling in _WITH_TAIL[found[0]]:
            at = found.start() + len(spelling.tail) - len(spelling.pattern)
            if at >= 0 and text.startswith(spelling.pattern, at):
                yield at, spelling
        found = _TAILS.search(text, found.start() + 1)


def _stands(text: bytes, spelling: _Spelling, at: int, *, start: int, runs: re.Pattern[bytes]) -> bool:
    """Whether the picture of a spelling is at ``at``, in what begins at ``start``.

    A character that carries bits of the opening and is not there is taken for the right one: what
    stands before a text changes when it is quoted, escaped or cut.
    """
    form, lead = spelling.format, len(spelling.before)
    mixed = text[at - 1 : at] if at > start and lead else b""
    before = spelling.before
    if _BASE64_RUN.match(mixed):
        before = before[:-1] + mixed
    run = runs.match(text, at, at + form.window * 3 // 2 + 8)  # with room for ends of lines
    data = _decode(before + b"".join(run[0].split()).rstrip(b"="))[spelling.alignment :] if run else b""
    return data.startswith(form.opening) and form.fits(data)


def _run_end(text: bytes, at: int) -> int:
    """The end of a run and of the lines that it is wrapped into, each of 16 characters or more but the last."""
    found = _LINES.match(text, at)
    return found.end() if found else at


def _run_start(text: bytes, at: int, start: int) -> int:
    while at > start and _BASE64_RUN.match(text, at - 1, at):
        at -= 1
    return at


def _decode(run: bytes) -> bytes:
    """The bytes of the whole quanta of a Base64 run, and of the last if it is whole without padding."""
    cut = run[: len(run) - (len(run) % 4 == 1)]
    try:
        return base64.b64decode(cut + b"=" * (-len(cut) % 4))
    except binascii.Error:
        return b""
