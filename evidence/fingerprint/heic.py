"""HEIC pictures, which phones make: HEVC pictures as items of a file (ISO/IEC 23008-12), one or a grid of them.

FFmpeg decodes each of them. Its own reader of such files cannot tell Python how a grid lies, and libheif makes its
decoder start a thread, which the walls refuse; so the few boxes that describe a grid are read here. Like ``picture``,
this runs in the sandboxed worker and, outside tests, nowhere else.

LIMIT: transparency is not looked at, and HDR is not mapped to what a screen shows. A picture that is laid over another,
or kept in another codec, is not read.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

import av
import av.error
import numpy as np

from evidence.fingerprint.pdq import Rgb

MAX_PIXELS: Final = 100_000_000
_HEVC, _GRID = b"hvc1", b"grid"
_FULL_BOX: Final = 4
"""Bytes of version and flags, with which most of these boxes begin."""
_FULL_RANGE, _VIDEO_RANGE = 2, 1
_QUARTERS: Final = 3


def read_heic(data: bytes) -> Rgb:
    """The pixels of a HEIC picture as a viewer shows it: cropped, turned and mirrored as the file says.

    Raises:
        NotImplementedError: It is built in a way that is not read.
        ValueError: It is damaged, or has too many pixels.
        LookupError: A part that it names is not there.
    """
    items = _items(data)
    return items.shown(items.primary)


def heic_exif(data: bytes) -> bytes:
    """The EXIF of a HEIC picture, from its TIFF header on (ISO/IEC 23008-12, A.2.1).

    Raises:
        NotImplementedError, ValueError, LookupError: As ``read_heic``; the last one also where it has none.
    """
    items = _items(data)
    exif = _Bytes(items.content({kind: item for item, kind in items.kinds.items()}[b"Exif"]))
    exif.skip(exif.number(4))
    return exif.data[exif.at :]


def _items(data: bytes) -> "_Items":
    boxes = {box.kind: box for box in _boxes(_Bytes(data))}
    if b"moov" in boxes and b"meta" not in boxes:
        raise NotImplementedError("a sequence without a picture of its own")
    meta = boxes[b"meta"]
    meta.body.skip(_FULL_BOX)
    return _Items.of(data, meta.body)


class _Bytes:
    """Bytes that are read from the front; reading past their end is an error."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def take(self, size: int) -> bytes:
        if size < 0 or self.at + size > len(self.data):
            raise ValueError("a box ends too early")
        self.at += size
        return self.data[self.at - size : self.at]

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size))

    def skip(self, size: int) -> None:
        self.take(size)

    def text(self) -> bytes:
        end = self.data.index(b"\0", self.at)
        return self.take(end + 1 - self.at)[:-1]

    @property
    def is_left(self) -> bool:
        return self.at < len(self.data)


@dataclass(frozen=True, slots=True)
class _Box:
    kind: bytes
    body: _Bytes


def _boxes(source: _Bytes) -> Iterator[_Box]:
    """ISO/IEC 14496-12, 4.2."""
    while source.is_left:
        size, kind = source.number(4), source.take(4)
        if size == 1:
            size = source.number(8) - 8
        yield _Box(kind, _Bytes(source.take(size - 8 if size else len(source.data) - source.at)))


@dataclass(slots=True)
class _Items:
    """What the ``meta`` box of a file says of its items.

    Attributes:
        data: The file.
        primary: The item that is the picture.
        kinds: Of each item.
        places: Of each item, whether it lies in ``idat`` and not in the file, and its parts there: begin and length.
        properties: All that items have, in the order by which ``owned`` counts them from 1.
        owned: The properties of each item, in the order in which they apply.
        parts: The items that one is derived from.
        idat: Small items, such as the sides of a grid.
    """

    data: bytes
    primary: int = -1
    kinds: dict[int, bytes] = field(default_factory=dict)
    places: dict[int, tuple[bool, list[tuple[int, int]]]] = field(default_factory=dict)
    properties: list[_Box] = field(default_factory=list)
    owned: dict[int, list[int]] = field(default_factory=dict)
    parts: dict[int, list[int]] = field(default_factory=dict)
    idat: bytes = b""

    @classmethod
    def of(cls, data: bytes, meta: _Bytes) -> "_Items":
        items = cls(data)
        readers = {
            b"pitm": items._read_primary,
            b"iinf": items._read_kinds,
            b"iloc": items._read_places,
            b"iprp": items._read_properties,
            b"iref": items._read_parts,
            b"idat": items._read_idat,
        }
        for box in _boxes(meta):
            if (read := readers.get(box.kind)) is not None:
                read(box.body)
        return items

    # ISO/IEC 14496-12, 8.11

    def _read_primary(self, box: _Bytes) -> None:
        self.primary = box.number(2 if _version(box) == 0 else 4)

    def _read_idat(self, box: _Bytes) -> None:
        self.idat = box.data

    def _read_kinds(self, box: _Bytes) -> None:
        box.skip(2 if _version(box) == 0 else 4)
        for entry in _boxes(box):
            version = _version(entry.body)
            if entry.kind == b"infe" and version >= 2:  # noqa: PLR2004 - older ones have no kind
                item = entry.body.number(2 if version == 2 else 4)  # noqa: PLR2004
                entry.body.skip(2)
                self.kinds[item] = entry.body.take(4)

    def _read_places(self, box: _Bytes) -> None:
        version = _version(box)
        sizes = box.number(2)
        offset, length, base, index = (sizes >> shift & 0xF for shift in (12, 8, 4, 0))
        index = index if version else 0
        for _item in range(box.number(2 if version < 2 else 4)):  # noqa: PLR2004
            item = box.number(2 if version < 2 else 4)  # noqa: PLR2004
            method = box.number(2) & 0xF if version else 0
            box.skip(2)
            begin, places, parts = box.number(base), [], box.number(2)
            if parts > 1 and not index + offset + length:
                raise ValueError("parts that take no room")
            for _part in range(parts):
                box.skip(index)
                places.append((begin + box.number(offset), box.number(length)))
            if method < 2:  # noqa: PLR2004 - 2 is a part of another item, which is not read
                self.places[item] = method == 1, places

    def _read_parts(self, box: _Bytes) -> None:
        size = 2 if _version(box) == 0 else 4
        for reference in _boxes(box):
            item = reference.body.number(size)
            if reference.kind == b"dimg":
                self.parts[item] = [reference.body.number(size) for _part in range(reference.body.number(2))]

    def _read_properties(self, box: _Bytes) -> None:
        """ISO/IEC 23008-12, 9.3."""
        for part in _boxes(box):
            if part.kind == b"ipco":
                self.properties = list(_boxes(part.body))
            elif part.kind == b"ipma":
                self._read_owned(part.body)

    def _read_owned(self, box: _Bytes) -> None:
        head = box.number(4)
        version, is_wide = head >> 24, head & 1
        for _item in range(box.number(4)):
            item = box.number(2 if version == 0 else 4)
            wide = 2 if is_wide else 1
            mask = 0x7FFF if is_wide else 0x7F
            self.owned[item] = [box.number(wide) & mask for _property in range(box.number(1))]

    # The picture

    def shown(self, item: int) -> Rgb:
        """An item as a viewer shows it."""
        pixels = self._grid(item) if self.kinds[item] == _GRID else self._picture(item)
        for box in self._properties_of(item):
            if (change := _CHANGES.get(box.kind)) is not None:
                pixels = change(pixels, _Bytes(box.body.data))
        return np.ascontiguousarray(pixels)

    def _picture(self, item: int) -> Rgb:
        if self.kinds[item] != _HEVC:
            raise NotImplementedError("a picture in another codec")
        had = {box.kind: box for box in self._properties_of(item)}
        colours = [box.body.data for box in self._properties_of(item) if box.body.data.startswith(b"nclx")]
        return _decoded(had[b"hvcC"].body.data, self.content(item), colours[0] if colours else b"")

    def _grid(self, item: int) -> Rgb:
        """Pictures beside and below one another, row by row (ISO/IEC 23008-12, 6.6.2.3)."""
        box = _Bytes(self.content(item))
        box.skip(1)
        size = 4 if box.number(1) & 1 else 2
        rows, columns = box.number(1) + 1, box.number(1) + 1
        width, height = box.number(size), box.number(size)
        tiles = self.parts[item]
        if not 0 < width * height <= MAX_PIXELS or len(tiles) != rows * columns:
            raise ValueError("a grid that does not fit")
        canvas = np.zeros((height, width, 3), np.uint8)
        high = wide = 0
        for number, tile in enumerate(tiles):
            pixels = self._picture(tile)
            high, wide = (high, wide) if number else pixels.shape[:2]
            covers = (rows - 1) * high < height <= rows * high and (columns - 1) * wide < width <= columns * wide
            if pixels.shape[:2] != (high, wide) or not covers:
                raise ValueError("tiles that do not fit their grid")
            top, left = number // columns * high, number % columns * wide
            place = canvas[top : top + high, left : left + wide]
            place[:] = pixels[: place.shape[0], : place.shape[1]]
        return canvas

    def _properties_of(self, item: int) -> Iterator[_Box]:
        return (self.properties[number - 1] for number in self.owned.get(item, ()) if number)

    def content(self, item: int) -> bytes:
        """The bytes of an item, wherever they lie."""
        is_inside, places = self.places[item]
        source = self.idat if is_inside else self.data
        if sum(length or len(source) for _begin, length in places) > len(source):
            raise ValueError("parts that overlap")
        found = b"".join(source[begin : begin + length] if length else source[begin:] for begin, length in places)
        if len(found) < sum(length for _begin, length in places):
            raise ValueError("an item ends too early")
        return found


def _version(box: _Bytes) -> int:
    version = box.number(1)
    box.skip(_FULL_BOX - 1)
    return version


def _decoded(configuration: bytes, content: bytes, colours: bytes) -> Rgb:
    """One HEVC picture.

    Args:
        configuration: The decoder configuration record (ISO/IEC 14496-15, 8.3.3).
        colours: A ``colr`` box of the type ``nclx``, which overrides what the picture says itself; or nothing.
    """
    context = av.CodecContext.create("hevc", "r")
    if not isinstance(context, av.VideoCodecContext):
        raise NotImplementedError("FFmpeg without HEVC")
    context.thread_count = 1  # none could be started behind the walls
    context.options = {"err_detect": "explode", "max_pixels": str(MAX_PIXELS)}
    context.extradata = configuration
    try:
        frames = [*context.decode(av.Packet(content)), *context.decode(None)]
    except av.error.FFmpegError as error:
        raise ValueError("FFmpeg gave up") from error
    if len(frames) != 1 or frames[0].is_corrupt:
        raise ValueError("no whole picture")
    frame = frames[0]
    if colours:
        box = _Bytes(colours)
        box.skip(8)
        frame.colorspace, frame.color_range = box.number(2), _FULL_RANGE if box.number(1) >> 7 else _VIDEO_RANGE
    return frame.to_ndarray(format="rgb24").astype(np.uint8, copy=False)


# What a viewer does to a picture (ISO/IEC 23008-12, 6.5)


def _turned(pixels: Rgb, box: _Bytes) -> Rgb:
    return np.rot90(pixels, box.number(1) & _QUARTERS)


def _mirrored(pixels: Rgb, box: _Bytes) -> Rgb:
    return pixels[:, ::-1] if box.number(1) & 1 else pixels[::-1]


def _cropped(pixels: Rgb, box: _Bytes) -> Rgb:
    """A clean aperture (ISO/IEC 14496-12, 12.1.4): its size, and how far its middle is from the picture's."""
    width, height, across, down = (Fraction(_signed(box.number(4)), box.number(4)) for _each in range(4))
    high, wide = pixels.shape[:2]
    left, top = round(across + (wide - width) / 2), round(down + (high - height) / 2)
    if left < 0 or top < 0 or not 0 < width <= wide - left or not 0 < height <= high - top:
        raise ValueError("a crop that does not fit")
    return pixels[top : top + round(height), left : left + round(width)]


def _signed(number: int) -> int:
    return number - (1 << 32) if number >> 31 else number


_CHANGES: Final[Mapping[bytes, "Callable[[Rgb, _Bytes], Rgb]"]] = {
    b"clap": _cropped,
    b"imir": _mirrored,
    b"irot": _turned,
}
