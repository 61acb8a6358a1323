"""TL objects as bytes: read with Telethon's generated classes, written by them, or kept as they were written.

What is served again and again is serialised once: ``Encoded`` holds the bytes and takes the place of a TL object.
"""

import gzip
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from telethon.extensions import BinaryReader
from telethon.tl import alltlobjects

Tl: TypeAlias = Any
"""A TL object of Telethon's, which has no types, or an ``Encoded``."""

LAYER: int = alltlobjects.LAYER
GZIP_PACKED = 0x3072CFA1
NOBODY_KNOWS = 0x0BADC0DE
"""A constructor of no layer."""

_VECTOR = 0x1CB5C415
_GZIP_FROM = 512


@dataclass(frozen=True, slots=True)
class Encoded:
    """A TL object that is already bytes; Telethon's classes take it for one of theirs."""

    data: bytes

    def __bytes__(self) -> bytes:
        return self.data

    def _bytes(self) -> bytes:
        return self.data


def unknown(size: int = 20, *, constructor: int = NOBODY_KNOWS) -> Encoded:
    """What the loopback Telegram sends as a constructor that no client knows, with ``size`` bytes of fields."""
    return Encoded(struct.pack("<I", constructor) + bytes(range(1, 1 + size)))


def vector(objects: Sequence[Tl]) -> Encoded:
    """A bare ``Vector t``, as the loopback Telegram answers some requests with it."""
    return Encoded(struct.pack("<Ii", _VECTOR, len(objects)) + b"".join(bytes(each) for each in objects))


def read_object(data: bytes) -> Tl:
    """The one TL object that ``data``, as the loopback Telegram received it, begins with; what follows is padding.

    Raises:
        telethon.errors.TypeNotFoundError: No constructor of this layer.
    """
    if data[:4] == struct.pack("<I", GZIP_PACKED):
        data = gzip.decompress(BinaryReader(data[4:]).tgread_bytes())
    return BinaryReader(data).tgread_object()


def packed(data: bytes) -> bytes:
    """``data`` as ``gzip_packed`` where that is smaller, as the loopback Telegram sends its answers."""
    if len(data) < _GZIP_FROM:
        return data
    small = gzip.compress(data, compresslevel=1, mtime=0)
    return struct.pack("<I", GZIP_PACKED) + string(small) if len(small) < len(data) else data


def string(data: bytes) -> bytes:
    """``data`` as the TL string that the loopback Telegram sends: length, itself, and zeros to a multiple of four."""
    if len(data) < 254:  # noqa: PLR2004 - the length of TL's short form
        return bytes([len(data)]) + data + bytes(-(len(data) + 1) % 4)
    return b"\xfe" + len(data).to_bytes(3, "little") + data + bytes(-len(data) % 4)


def method_name(request: Tl) -> str:
    """What the schema calls a request to the loopback Telegram: ``messages.getHistory``.

    Two classes may share a name, but not this one.
    """
    kind = type(request)
    name = kind.__name__.removesuffix("Request")
    place = kind.__module__.removeprefix("telethon.tl.functions").removeprefix(".")
    return ".".join(filter(None, (place, name[0].lower() + name[1:])))
