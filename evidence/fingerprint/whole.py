"""What kind of picture or video a file claims to be, and whether a picture's container reaches its end.

A decoder may turn a picture that was cut off in the middle into a plausible one, grey below the cut
or grey all over, without any error. Its fingerprint would then be that of a picture nobody ever saw.
So this module first walks each container to its end marker.

LIMIT: if an encoder never wrote the end marker, the picture is refused although viewers show it. A
JPEG that was cut and given a new end marker is hashed as viewers show it, grey below the cut.
Standard library only; runs inside the sandbox.
"""

import re
from collections.abc import Callable, Iterator
from typing import Final

from config.errors import Term
from evidence.errors import NotDecodedError

_MAGIC: Final = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"BM", "image/bmp"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
)
_OTHER_PICTURES: Final = (
    b"II+\0",
    b"MM\0+",
    b"8BPS",
    b"\0\0\0\x0cjP  ",
    b"\xffO\xffQ",
    b"\0\0\0\x0cJXL ",
    b"\xff\x0a",
    b"\0\0\1\0",
)
"""BigTIFF, Photoshop, JPEG 2000 twice, JPEG XL twice, icon."""
_VIDEOS: Final = ((b"\x1aE\xdf\xa3", "video/webm"), (b"FLV\x01", "video/x-flv"), (b"\0\0\x01\xba", "video/mpeg"))
_ISO_BOXES: Final = frozenset({b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot"})
"""With one of these a file of ISO/IEC 14496-12, or of QuickTime, begins."""
_HEIC_BRANDS: Final = frozenset({b"heic", b"heix", b"heim", b"heis"})
_HEIF_BRANDS: Final = frozenset({*_HEIC_BRANDS, b"hevc", b"hevx", b"mif1", b"msf1"})
_AVIF_BRANDS: Final = frozenset({b"avif", b"avis"})
# a marker in entropy-coded data: an 0xFF that is not stuffed, a restart or a fill byte
_JPEG_MARKER: Final = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_JPEG_EOI: Final = 0xD9
_GIF_IMAGE: Final = 0x2C
_GIF_EXTENSION: Final = 0x21
_GIF_TRAILER: Final = 0x3B


def sniff_media_type(data: bytes) -> str:
    """The media type of a file to be decoded, as its first bytes show it.

    Raises:
        NotDecodedError: ``not_a_picture``, or ``unsupported`` for a picture of another kind.
    """
    for magic, kind in _MAGIC:
        if data.startswith(magic):
            return kind
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    brands = _brands(data)
    if brands & _AVIF_BRANDS:
        return "image/avif"
    if brands & _HEIC_BRANDS:
        return "image/heic"
    if data.startswith(_OTHER_PICTURES) or brands & _HEIF_BRANDS:
        raise NotDecodedError("not_decoded.kind", found=Term("undecoded.unsupported"))
    raise NotDecodedError("not_decoded.no_picture", found=Term("undecoded.not_a_picture"))


def sniff_video(data: bytes) -> str | None:
    """The media type of a video to be decoded, by the file's first bytes; None where they show none that is read."""
    for magic, kind in _VIDEOS:
        if data.startswith(magic):
            return kind
    if data[:4] == b"RIFF" and data[8:12] == b"AVI ":
        return "video/x-msvideo"
    return "video/mp4" if data[4:8] in _ISO_BOXES and not _brands(data) & (_HEIF_BRANDS | _AVIF_BRANDS) else None


def require_end(kind: str, data: bytes) -> None:
    """Check that the container of a picture to be decoded reaches its end; like viewers, ignore what follows.

    Args:
        kind: What ``sniff_media_type`` said.

    Raises:
        NotDecodedError: ``truncated``.
    """
    walk = _WALKS.get(kind)
    if walk is None:
        # BMP and TIFF are headers and rows: their decoder counts them itself
        return
    try:
        walk(data)
    except IndexError as error:
        raise NotDecodedError("not_decoded.cut_short", found=Term("undecoded.truncated")) from error


def _brands(data: bytes) -> frozenset[bytes]:
    """The brands of an ISO base media file (ISO/IEC 14496-12, 4.3), if it is one."""
    if data[4:8] != b"ftyp":
        return frozenset()
    end = min(int.from_bytes(data[:4]), 256)
    return frozenset({data[8:12]} | {data[at : at + 4] for at in range(16, end, 4)})


def _number(data: bytes, at: int, size: int, order: str = "big") -> int:
    _require(data, at + size)
    return int.from_bytes(data[at : at + size], "little" if order == "little" else "big")


def _require(data: bytes, length: int) -> None:
    if len(data) < length:
        raise IndexError(length)


def _walk_jpeg(data: bytes) -> None:
    """Segment by segment to EOI (ITU-T T.81, B.1.1)."""
    at = 2
    while True:
        found = _JPEG_MARKER.search(data, at)
        if found is None:
            raise IndexError(at)
        marker, at = data[found.end() - 1], found.end()
        if marker == _JPEG_EOI:
            return
        # after a scan's header comes entropy-coded data, which the search steps over
        at += _number(data, at, 2)


def _walk_png(data: bytes) -> None:
    """Chunk by chunk to IEND (W3C PNG, 5.3)."""
    at = 8
    while True:
        length, name = _number(data, at, 4), data[at + 4 : at + 8]
        at += 12 + length
        _require(data, at)
        if name == b"IEND":
            return


def _walk_gif(data: bytes) -> None:
    """Block by block to the trailer (GIF89a specification, appendix A)."""
    at = 13 + _colour_table(data, 10)
    while True:
        block = data[at]
        if block == _GIF_TRAILER:
            return
        if block == _GIF_IMAGE:
            at = _after_sub_blocks(data, at + 11 + _colour_table(data, at + 9))
        elif block == _GIF_EXTENSION:
            at = _after_sub_blocks(data, at + 2)
        else:
            # viewers stop at a byte that begins no block
            return


def _colour_table(data: bytes, at: int) -> int:
    """Size in bytes of the colour table that the packed field at ``at`` announces."""
    packed = data[at]
    return 3 << ((packed & 7) + 1) if packed & 0x80 else 0


def _after_sub_blocks(data: bytes, at: int) -> int:
    while size := data[at]:
        at += 1 + size
    return at + 1


def _walk_webp(data: bytes) -> None:
    """The RIFF size covers the file (RFC 9649, section 2.4)."""
    _require(data, 8 + _number(data, 4, 4, "little"))


def _walk_boxes(data: bytes) -> None:
    """Box by box to the last byte (ISO/IEC 14496-12, 4.2); a size of 0 means up to the end."""
    for at, size in _boxes(data):
        _require(data, at + size)


def _boxes(data: bytes) -> Iterator[tuple[int, int]]:
    at = 0
    while at < len(data):
        size = _number(data, at, 4)
        if size == 1:
            size = _number(data, at + 8, 8)
        if size == 0:
            return
        yield at, max(size, 8)
        at += max(size, 8)


_WALKS: Final[dict[str, Callable[[bytes], None]]] = {
    "image/jpeg": _walk_jpeg,
    "image/png": _walk_png,
    "image/gif": _walk_gif,
    "image/webp": _walk_webp,
    "image/avif": _walk_boxes,
    "image/heic": _walk_boxes,
}
