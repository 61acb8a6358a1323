r"""What a picture or video looks like, in bytes and inside Base64: one table for all who look.

``monitor.previews`` takes out of a record what is found here, and the last gate before a
bundle refuses what is found here, so that no message can be taken in and then never leave.
A match on few bytes counts only when the bytes after it fit the format, because digests and
signatures are random. Each ``fits`` is monotone: more bytes never make a picture none.

Base64 is read as whoever decodes it would: escapes of JSON, at any depth, and of URLs and HTML are resolved first
(PHP writes ``\/`` for each slash), and lines that it is wrapped into are one run.

# LIMIT: formats without a marked beginning (raw camera frames, TGA with a palette or an
# identifier), hexadecimal and other spellings, lines under 16 characters, and what is encrypted, are not known.
Standard library only.
"""

import base64
import binascii
import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

MOST_SPELLED = 1 << 16
"""Bytes of a text that the opening of one picture can take, with all its escapes and ends of lines."""
_WINDOW = 4096
_TO_STANDARD = bytes.maketrans(b"-_\r", b"+/\n")
_SHORT_TAIL = 2
_SMALL = b"abcdefghijklmnopqrstuvwxyz0123456789"
_BASE64_RUN = re.compile(rb"[A-Za-z0-9+/]+")
_PADDED_RUN = re.compile(rb"[A-Za-z0-9+/]*={0,2}")
_LINE = rb"[A-Za-z0-9+/]{16}"
"""What stands before the end of a line that is part of a run: less is words."""
_ENDS = re.compile(rb"\n(?:(?<=" + _LINE + rb"\n)|(?<=" + _LINE + rb"=\n))[ \t\n]*+(?=[A-Za-z0-9+/])")
"""An end of a line inside a run. It looks back only from where a line ends."""
_ESCAPES: Sequence[tuple[bytes, re.Pattern[bytes]]] = (
    # each with what it begins with; a run of backslashes begins at its first, so that none is looked at twice
    (
        b"\\",
        re.compile(rb"\\(?<!\\\\)\\*+(?:(?P<itself>[/\n\t])|(?P<short>[nrt])|(?:u00|x)(?P<hex>[0-7][0-9A-Fa-f]))"),
    ),
    (b"%", re.compile(rb"%(?:25)*+(?P<hex>[0-7][0-9A-Fa-f])")),
    (
        b"&",
        re.compile(
            rb"&(?:amp;)*+(?:#[Xx]0*+(?P<hex>[0-9A-Fa-f]{1,2})|#0*+(?P<number>[0-9]{1,3})|(?P<name>sol|plus|NewLine));"
        ),
    ),
)
_RESOLVED = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_\n\r\t"
"""What an escape must stand for to be resolved: nothing else makes a run longer."""
_MEANT = {
    **{("itself", each): each for each in (b"/", b"\n", b"\t")},
    **{("short", short): meant for short, meant in ((b"n", b"\n"), (b"r", b"\n"), (b"t", b"\t"))},
    **{("name", name): meant for name, meant in ((b"sol", b"/"), (b"plus", b"+"), (b"NewLine", b"\n"))},
    **{
        (kind, (form % ord(each)).encode()): each.encode().translate(_TO_STANDARD)
        for each in _RESOLVED
        for kind, form in (("hex", "%02x"), ("hex", "%02X"), ("hex", "%x"), ("hex", "%X"), ("number", "%d"))
    },
}
"""What escapes stand for, by the group of their pattern and what is in it."""
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


def _any_of(patterns: Mapping[bytes, bytes]) -> bytes:
    """A regular expression for the shortest of these patterns at a place: what begins alike is compared once.

    Args:
        patterns: To each, what must hold at its end: another regular expression, which takes nothing.
    """
    rests = defaultdict[bytes, dict[bytes, bytes]](dict)
    for pattern, guard in patterns.items():
        rests[pattern[:1]][pattern[1:]] = guard
    branches = (re.escape(first) + _any_rest(rest) for first, rest in rests.items())
    return b"(?:" + b"|".join(branches) + b")"


def _any_rest(rest: Mapping[bytes, bytes]) -> bytes:
    guard = rest.get(b"")
    longer = {pattern: guard for pattern, guard in rest.items() if pattern}
    if guard is None:
        return _any_of(longer)
    return guard if not guard or not longer else b"(?:" + guard + b"|" + _any_of(longer) + b")"


def _guard_of(spelling: _Spelling) -> bytes:
    """A tail of two characters stands everywhere in a long run of one: then what is before it is compared at once."""
    is_short = len(spelling.tail) <= _SHORT_TAIL and spelling.tail != spelling.pattern
    return b"(?<=" + re.escape(spelling.pattern) + b")" if is_short else b""


_SPELLINGS = tuple(spelling for form in FORMATS for spelling in _spellings(form))
_TAILS = re.compile(_any_of({spelling.tail: _guard_of(spelling) for spelling in _SPELLINGS}))
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
    """Pictures in runs of Base64, standard or URL-safe, escaped or wrapped, wherever they begin in a quantum."""
    plain = _plain(text)
    for at, spelling in _candidates(plain.text):
        if _stands(plain.text, spelling, at, start=0, runs=_BASE64_RUN):
            yield Found(spelling.format.name, plain.place(at))


def encoded_spans(text: bytes) -> Iterator[tuple[int, int]]:
    """Where each run of Base64 with a picture in it begins and ends, in order, wrapped lines included.

    What lies before, between and after the spans, each taken for itself, has none for ``find_encoded``.
    """
    plain = _plain(text)
    done = 0
    for at, spelling in _candidates(plain.text):
        if at >= done and _stands(plain.text, spelling, at, start=done, runs=_PADDED_RUN):
            start, done = _run_start(plain.text, at, done), _run_end(plain.text, at)
            yield plain.place(start), plain.place(done)


@dataclass(frozen=True, slots=True)
class _Places:
    """Where each byte lies in the text of which some parts were replaced.

    Attributes:
        begins: Where the new text goes on behind each part that was replaced, ascending; the first is its beginning.
        places: Where that lies in the text before.
    """

    begins: Sequence[int]
    places: Sequence[int]

    def before(self, at: int) -> int:
        part = bisect_right(self.begins, at) - 1
        return self.places[part] + at - self.begins[part]


@dataclass(frozen=True, slots=True)
class _Plain:
    """A text in the standard alphabet, its escapes resolved and then its wrapped lines joined."""

    text: bytes
    resolved: _Places
    joined: _Places

    def place(self, at: int) -> int:
        """Where byte ``at`` lies in the text that was given."""
        return self.resolved.before(self.joined.before(at))


def _plain(given: bytes) -> _Plain:
    standard = given.translate(_TO_STANDARD)
    text, resolved = _replaced(standard, _resolved(standard))
    text, joined = _replaced(text, _joints(text))
    return _Plain(text, resolved, joined)


def _replaced(text: bytes, cuts: Iterable[tuple[int, int, bytes]]) -> tuple[bytes, _Places]:
    """The text with other bytes from each place to the next; ``cuts`` in order, none across another."""
    parts, begins, places, done, length = list[bytes](), [0], [0], 0, 0
    for start, end, instead in cuts:
        parts += (text[done:start], instead)
        length += start - done + len(instead)
        begins.append(length)
        places.append(end)
        done = end
    return (b"".join([*parts, text[done:]]) if parts else text), _Places(begins, places)


def _resolved(text: bytes) -> Sequence[tuple[int, int, bytes]]:
    """What each escape in a text stands for, where that makes a run of Base64 go on, and from where to where it is."""
    cuts = list[tuple[int, int, bytes]]()
    for begin, escape in _ESCAPES:
        if begin in text:
            cuts += (
                (match.start(), match.end(), meant)
                for match in escape.finditer(text)
                if (meant := _MEANT.get((kind := str(match.lastgroup), match[kind])))  # one group always takes part
            )
    return sorted(cuts)


def _joints(text: bytes) -> Iterator[tuple[int, int, bytes]]:
    """The ends of lines inside runs of Base64, with quoted-printable's soft break before and what indents after."""
    for match in _ENDS.finditer(text):
        yield match.start() - text.endswith(b"=", 0, match.start()), match.end(), b""


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
    run = runs.match(text, at, at + form.window * 3 // 2 + 8)
    data = _decode(before + run[0].rstrip(b"="))[spelling.alignment :] if run else b""
    return data.startswith(form.opening) and form.fits(data)


def _run_end(text: bytes, at: int) -> int:
    """The end of a run, with its padding."""
    found = _PADDED_RUN.match(text, at)
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
