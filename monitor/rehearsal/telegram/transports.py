"""TCP transports of MTProto: full, abridged, intermediate, padded intermediate; obfuscated forms of all but the first.

A client's first bytes tell which one it speaks (core.telegram.org/mtproto/mtproto-transports). A packet is what one
transport frame holds; nothing here looks into it.
"""

import asyncio
import struct
from typing import Protocol
from zlib import crc32

from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext, algorithms, modes

MAX_PACKET_BYTES = 1 << 21

_ABRIDGED, _INTERMEDIATE, _PADDED = 0xEF, 0xEEEEEEEE, 0xDDDDDDDD
_LONG_FORM = 0x7F
_OBFUSCATED_HEADER_BYTES = 64
_FULL_OVERHEAD = 12


class TransportError(Exception):
    """A frame that no transport would send: a length beyond reason, or a wrong checksum."""


class ByteSource(Protocol):
    """Where bytes come from; at the end of the stream it raises ``asyncio.IncompleteReadError``."""

    async def readexactly(self, n: int, /) -> bytes:
        """Exactly ``n`` bytes."""
        ...


class Transport(Protocol):
    """One direction in, one out; each call continues where the last one ended."""

    async def read(self) -> bytes:
        """The next packet."""
        ...

    def frame(self, packet: bytes) -> bytes:
        """The bytes to send for a packet."""
        ...


async def recognise(reader: ByteSource) -> Transport:
    """The transport that a connection to the loopback Telegram announces by its first bytes."""
    first = await reader.readexactly(1)
    if first[0] == _ABRIDGED:
        return Abridged(reader)
    first += await reader.readexactly(3)
    tag = struct.unpack("<I", first)[0]
    if tag in (_INTERMEDIATE, _PADDED):
        return Intermediate(reader)
    first += await reader.readexactly(4)
    if first[4:] == bytes(4):  # the first sequence number of the full transport; never so when obfuscated
        return Full(_Rest(first, reader))
    return _obfuscated(first + await reader.readexactly(_OBFUSCATED_HEADER_BYTES - len(first)), reader)


class Abridged:
    """The length in words of four bytes: one byte, or 0x7f and three bytes."""

    def __init__(self, reader: ByteSource) -> None:
        self._reader = reader

    async def read(self) -> bytes:
        """The next packet."""
        words = (await self._reader.readexactly(1))[0] & _LONG_FORM
        if words == _LONG_FORM:
            words = int.from_bytes(await self._reader.readexactly(3), "little")
        return await self._reader.readexactly(_reasonable(words * 4))

    def frame(self, packet: bytes) -> bytes:
        """The bytes to send for a packet."""
        words = len(packet) // 4
        length = bytes([words]) if words < _LONG_FORM else bytes([_LONG_FORM]) + words.to_bytes(3, "little")
        return length + packet


class Intermediate:
    """Four bytes of length; whoever reads a packet deals with the padding after it."""

    def __init__(self, reader: ByteSource) -> None:
        self._reader = reader

    async def read(self) -> bytes:
        """The next packet."""
        length = struct.unpack("<I", await self._reader.readexactly(4))[0] & 0x7FFFFFFF
        return await self._reader.readexactly(_reasonable(length))

    def frame(self, packet: bytes) -> bytes:
        """The bytes to send for a packet."""
        return struct.pack("<I", len(packet)) + packet


class Full:
    """Length, sequence number and CRC32 around a packet."""

    def __init__(self, reader: ByteSource) -> None:
        self._reader = reader
        self._sent = 0

    async def read(self) -> bytes:
        """The next packet."""
        head = await self._reader.readexactly(8)
        body = await self._reader.readexactly(_reasonable(struct.unpack_from("<I", head)[0]) - len(head))
        if struct.pack("<I", crc32(head + body[:-4])) != body[-4:]:
            raise TransportError("expected the checksum of the frame, found another")
        return body[:-4]

    def frame(self, packet: bytes) -> bytes:
        """The bytes to send for a packet."""
        data = struct.pack("<II", len(packet) + _FULL_OVERHEAD, self._sent) + packet
        self._sent += 1
        return data + struct.pack("<I", crc32(data))


class _Rest:
    """A reader from which some bytes were already read."""

    def __init__(self, before: bytes, reader: ByteSource) -> None:
        self._before = before
        self._reader = reader

    async def readexactly(self, n: int, /) -> bytes:
        taken, self._before = self._before[:n], self._before[n:]
        return taken + await self._reader.readexactly(n - len(taken)) if len(taken) < n else taken


class _Deciphered:
    """A reader of what an AES-CTR stream hides."""

    def __init__(self, stream: CipherContext, reader: ByteSource) -> None:
        self._stream = stream
        self._reader = reader

    async def readexactly(self, n: int, /) -> bytes:
        return self._stream.update(await self._reader.readexactly(n))


class _Obfuscated:
    """A transport whose frames are hidden by an AES-CTR stream."""

    def __init__(self, inner: Transport, stream: CipherContext) -> None:
        self._inner = inner
        self._stream = stream

    async def read(self) -> bytes:
        return await self._inner.read()

    def frame(self, packet: bytes) -> bytes:
        return self._stream.update(self._inner.frame(packet))


def _obfuscated(header: bytes, reader: ByteSource) -> Transport:
    """The transport named inside an obfuscated header (core.telegram.org/mtproto/mtproto-transports)."""
    backwards = header[55:7:-1]
    theirs = _counter_mode(header[8:40], header[40:56])
    ours = _counter_mode(backwards[:32], backwards[32:48])
    tag = struct.unpack("<I", theirs.update(header)[56:60])[0]
    hidden = _Deciphered(theirs, reader)
    return _Obfuscated(Abridged(hidden) if tag & 0xFF == _ABRIDGED else Intermediate(hidden), ours)


def _counter_mode(key: bytes, counter: bytes) -> CipherContext:
    return Cipher(algorithms.AES(key), modes.CTR(counter)).encryptor()


def _reasonable(length: int) -> int:
    if not _FULL_OVERHEAD <= length <= MAX_PACKET_BYTES:
        raise TransportError(f"expected a frame of at most {MAX_PACKET_BYTES} bytes, found {length}")
    return length


async def read_or_end(transport: Transport) -> bytes | None:
    """The next packet to the loopback Telegram, or None when the client has gone."""
    try:
        return await transport.read()
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
