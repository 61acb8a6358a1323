"""Every transport is told by its first bytes, carries packets of any size, and refuses frames beyond reason."""

import asyncio
import secrets

import pytest
from telethon.network.connection import (
    ConnectionTcpAbridged,
    ConnectionTcpFull,
    ConnectionTcpIntermediate,
    ConnectionTcpObfuscated,
)
from telethon.tl import functions

from monitor.rehearsal.telegram.transports import MAX_PACKET_BYTES, Full, TransportError, read_or_end, recognise
from tests.monitor.rehearsal.telegram.conftest import Reader

TRANSPORTS = [ConnectionTcpFull, ConnectionTcpAbridged, ConnectionTcpIntermediate, ConnectionTcpObfuscated]


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_telethon_speaks_to_the_server(reader: Reader, transport: type) -> None:
    async def ask(client) -> object:  # noqa: ANN001 - Telethon has no types
        return await client(functions.help.GetNearestDcRequest())

    assert reader.ask(ask, connection=transport).nearest_dc == reader.telegram.servers[0].dc


def fed(data: bytes) -> asyncio.StreamReader:
    stream = asyncio.StreamReader()
    stream.feed_data(data)
    stream.feed_eof()
    return stream


@pytest.mark.parametrize("tag", [b"\xef", b"\xee" * 4, b"\xdd" * 4], ids=["abridged", "intermediate", "padded"])
@pytest.mark.parametrize("size", [16, 504, 508, 512, 70_000])
def test_a_packet_comes_back_from_its_frame(tag: bytes, size: int) -> None:
    packet = secrets.token_bytes(size)

    async def there_and_back() -> bytes:
        sender = await recognise(fed(tag + bytes(8)))
        receiver = await recognise(fed(tag + sender.frame(packet)))
        return await receiver.read()

    assert asyncio.run(there_and_back()) == packet


def test_a_frame_with_a_wrong_checksum_is_refused() -> None:
    async def read(frame: bytes) -> bytes | None:
        return await read_or_end(await recognise(fed(frame)))

    async def framed() -> bytes:
        return Full(fed(b"")).frame(bytes(40))

    frame = asyncio.run(framed())
    assert asyncio.run(read(frame)) == bytes(40)
    with pytest.raises(TransportError, match="checksum"):
        asyncio.run(read(frame[:-1] + bytes([frame[-1] ^ 1])))


def test_a_frame_beyond_reason_is_refused_before_it_is_read() -> None:
    async def read() -> bytes:
        return await (await recognise(fed(b"\xee" * 4 + (MAX_PACKET_BYTES + 4).to_bytes(4, "little")))).read()

    with pytest.raises(TransportError, match="at most"):
        asyncio.run(read())


def test_the_end_of_a_connection_is_no_fault() -> None:
    async def read() -> bytes | None:
        return await read_or_end(await recognise(fed(b"\xef" + b"\x04" + bytes(8))))

    assert asyncio.run(read()) is None
