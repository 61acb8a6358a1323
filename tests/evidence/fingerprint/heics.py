"""HEIC pictures, written box by box: as phones and others lay them out. libx265 codes them."""

import re
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO

import av
import numpy as np
from PIL import Image

_BT601 = 6
_FULL_RANGE = 2
_SETS = (32, 33, 34)
"""Kinds of the units that describe a picture (ITU-T H.265, 7.4.2.2)."""
_LAST_SLICE = 31


@dataclass(frozen=True, slots=True)
class Layout:
    """How a picture lies in its file.

    Attributes:
        tile: Side of a tile of a grid, even; 0 for one picture.
        turns: Quarter turns against the clock that the file asks for.
        mirror: 0 for top with bottom, 1 for left with right, -1 for none.
        crop: Pixels that the file asks to leave out: left, top, right, bottom.
        wide: Numbers of 32 bits instead of 16, and every item told by the later versions of the boxes.
        in_idat: Whether the pictures lie in ``idat`` instead of ``mdat``.
        exif: What its EXIF item holds; none if empty.
        colours: Whether a ``colr`` box says the range and matrix; else only the coded picture does.
    """

    tile: int = 0
    turns: int = 0
    mirror: int = -1
    crop: tuple[int, int, int, int] = (0, 0, 0, 0)
    wide: bool = False
    in_idat: bool = False
    colours: bool = True
    exif: bytes = b""


def box(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return (8 + len(body)).to_bytes(4) + kind + body


def full_box(kind: bytes, version: int, *parts: bytes, flags: int = 0) -> bytes:
    return box(kind, bytes([version]), flags.to_bytes(3), *parts)


@lru_cache(maxsize=64)
def coded(pixels: bytes, width: int, height: int) -> tuple[bytes, bytes]:
    """The decoder configuration record (ISO/IEC 14496-15, 8.3.3) and the coded picture."""
    frame = av.VideoFrame.from_ndarray(np.frombuffer(pixels, np.uint8).reshape(height, width, 3), format="rgb24")
    made = BytesIO()
    with av.open(made, "w", format="hevc") as target:
        stream = target.add_stream("libx265", rate=1, options={"crf": "6", "x265-params": "log-level=none"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.codec_context.colorspace, stream.codec_context.color_range = _BT601, _FULL_RANGE
        full = frame.reformat(format="yuv420p", dst_colorspace=_BT601, dst_color_range=_FULL_RANGE)
        for packet in (*stream.encode(full), *stream.encode(None)):
            target.mux(packet)
    units = [unit for unit in re.split(rb"\x00\x00\x00?\x01", made.getvalue()) if unit]
    sets = [[unit for unit in units if unit[0] >> 1 == kind] for kind in _SETS]
    profile = sets[1][0].replace(b"\0\0\3", b"\0\0")[3:15]
    record = b"\1" + profile + b"\xf0\0\xfc\xfd\xf8\xf8\0\0\x0f" + bytes([len(_SETS)])
    for kind, each in zip(_SETS, sets, strict=True):
        record += bytes([0x80 | kind]) + len(each).to_bytes(2) + b"".join(len(one).to_bytes(2) + one for one in each)
    slices = [unit for unit in units if unit[0] >> 1 <= _LAST_SLICE]
    return record, b"".join(len(unit).to_bytes(4) + unit for unit in slices)


def heic(picture: Image.Image, layout: Layout = Layout()) -> bytes:
    """A picture's file; its ``clap``, ``irot`` and ``imir`` are asked for in this order."""
    tiles = _tiles(picture, layout.tile)
    contents = [coded(tile.tobytes(), *tile.size) for tile in tiles]
    size = 4 if layout.wide else 2
    items = [each for _record, each in contents]
    if layout.tile:
        columns, rows = -(-picture.width // layout.tile), -(-picture.height // layout.tile)
        sides = picture.width.to_bytes(size) + picture.height.to_bytes(size)
        items.append(bytes([0, int(layout.wide), rows - 1, columns - 1]) + sides)
    if layout.exif:
        items.append(layout.exif)
    head = box(b"ftyp", b"heic", bytes(4), b"mif1heic")
    meta = _meta(picture, layout, contents, items, begins=[0] * len(items))
    at = len(head) + len(meta) + 8
    begins = []
    for item in items:
        begins.append(at)
        at += len(item)
    meta = _meta(picture, layout, contents, items, begins)
    return head + meta + box(b"mdat", *([] if layout.in_idat else items))


def _tiles(picture: Image.Image, side: int) -> list[Image.Image]:
    if not side:
        return [picture]
    places = [(left, top) for top in range(0, picture.height, side) for left in range(0, picture.width, side)]
    return [picture.crop((left, top, left + side, top + side)) for left, top in places]


def _meta(
    picture: Image.Image, layout: Layout, contents: list[tuple[bytes, bytes]], items: list[bytes], begins: list[int]
) -> bytes:
    size, primary = 4 if layout.wide else 2, len(items) - bool(layout.exif)
    kinds = [b"hvc1"] * len(contents) + [b"grid"] * bool(layout.tile) + [b"Exif"] * bool(layout.exif)
    entries = [
        full_box(b"infe", 3 if layout.wide else 2, number.to_bytes(size), bytes(2), kind, b"\0")
        for number, kind in enumerate(kinds, 1)
    ]
    parts = [
        full_box(b"hdlr", 0, bytes(4), b"pict", bytes(13)),
        full_box(b"pitm", int(layout.wide), primary.to_bytes(size)),
        full_box(b"iinf", int(layout.wide), len(items).to_bytes(size), *entries),
        _locations(layout, items, begins),
        _properties(picture, layout, contents, primary),
    ]
    if layout.tile:
        tiles = b"".join(number.to_bytes(size) for number in range(1, primary))
        reference = box(b"dimg", primary.to_bytes(size), (primary - 1).to_bytes(2), tiles)
        parts.append(full_box(b"iref", int(layout.wide), reference))
    if layout.in_idat:
        parts.append(box(b"idat", *items))
    return full_box(b"meta", 0, *parts)


def _locations(layout: Layout, items: list[bytes], begins: list[int]) -> bytes:
    """Version 0 can say nothing of ``idat``; of an item the second half is told as a part of its own."""
    version = 2 if layout.wide else 1 if layout.in_idat else 0
    size, told, inside = 4 if layout.wide else 2, b"", 0
    for number, (item, begin) in enumerate(zip(items, begins, strict=True), 1):
        base = inside if layout.in_idat else begin
        half = len(item) // 2
        method = int(layout.in_idat).to_bytes(2) if version else b""
        told += number.to_bytes(size) + method + bytes(2) + base.to_bytes(4) + (2).to_bytes(2)
        told += bytes(4) + half.to_bytes(4) + half.to_bytes(4) + (len(item) - half).to_bytes(4)
        inside += len(item)
    return full_box(b"iloc", version, b"\x44\x40", len(items).to_bytes(size), told)


def _properties(picture: Image.Image, layout: Layout, contents: list[tuple[bytes, bytes]], count: int) -> bytes:
    """The record of each coded picture, then what belongs to the picture that is shown."""
    had = [box(b"hvcC", record) for record, _content in contents]
    owned = [[number] for number in range(1, len(had) + 1)]
    if layout.colours:
        had.append(box(b"colr", b"nclx", (1).to_bytes(2), (13).to_bytes(2), _BT601.to_bytes(2), b"\x80"))
        owned = [[*each, len(had)] for each in owned]
    if layout.tile:
        had.append(full_box(b"ispe", 0, layout.tile.to_bytes(4) * 2))
        owned = [[*each, len(had)] for each in owned]
    shown: list[bytes] = [full_box(b"ispe", 0, picture.width.to_bytes(4), picture.height.to_bytes(4))]
    if any(layout.crop):
        left, top, right, bottom = layout.crop
        width, height = picture.width - left - right, picture.height - top - bottom
        numbers = (width, 1, height, 1, left - right, 2, top - bottom, 2)
        shown.append(box(b"clap", *((number & 0xFFFFFFFF).to_bytes(4) for number in numbers)))
    if layout.turns:
        shown.append(box(b"irot", bytes([layout.turns])))
    if layout.mirror >= 0:
        shown.append(box(b"imir", bytes([layout.mirror])))
    belongs = list(range(len(had) + 1, len(had) + len(shown) + 1))
    had += shown
    if layout.tile:
        owned.append(belongs)
    else:
        owned[-1] += belongs
    wide = 2 if layout.wide else 1
    lines = b"".join(
        number.to_bytes(4 if layout.wide else 2) + bytes([len(each)]) + b"".join(one.to_bytes(wide) for one in each)
        for number, each in enumerate(owned, 1)
    )
    ipma = full_box(b"ipma", int(layout.wide), count.to_bytes(4), lines, flags=int(layout.wide))
    return box(b"iprp", box(b"ipco", *had), ipma)
