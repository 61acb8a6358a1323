"""Telethon as the peer of the loopback servers: a client that is told of one server and trusts its key."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeAlias, TypeVar

from telethon import TelegramClient
from telethon.crypto import rsa
from telethon.errors import SessionPasswordNeededError
from telethon.network.connection import ConnectionTcpFull
from telethon.sessions import MemorySession
from telethon.tl import types

from monitor.rehearsal.telegram.accounts import Account
from monitor.rehearsal.telegram.rooms import Room
from monitor.rehearsal.telegram.serve import LoopbackTelegram

T = TypeVar("T")
Tl: TypeAlias = Any
"""Something of Telethon's, which has no types."""
WAIT_S = 5.0


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a client in a loop of its own; nothing here may take long."""
    return asyncio.run(asyncio.wait_for(coroutine, 10))


def client_of(telegram: LoopbackTelegram, session: MemorySession | None = None, **options: Tl) -> TelegramClient:
    server = telegram.servers[0]
    TelegramClient._config = None  # Telethon keeps the data centres of the last server in the class
    rsa.add_key(server.public_key_file.read_bytes(), old=False)
    if session is None:
        session = MemorySession()
        session.set_dc(server.dc, server.host, server.port)
    chosen = {"connection": ConnectionTcpFull, "retry_delay": 0.01, "connection_retries": 3, **options}
    return TelegramClient(session, 1, "rehearsal", **chosen)


@asynccontextmanager
async def connected(
    telegram: LoopbackTelegram, session: MemorySession | None = None, **options: Tl
) -> AsyncIterator[TelegramClient]:
    client = client_of(telegram, session, **options)
    await client.connect()
    try:
        yield client
    finally:
        await client.disconnect()


async def log_in(client: TelegramClient, telegram: LoopbackTelegram, account: Account, password: str = "") -> None:
    await client.send_code_request(account.phone)
    try:
        await client.sign_in(account.phone, telegram.world.login_code(account))
    except SessionPasswordNeededError:
        await client.sign_in(password=password)


@asynccontextmanager
async def logged_in(telegram: LoopbackTelegram, account: Account, **options: Tl) -> AsyncIterator[TelegramClient]:
    async with connected(telegram, **options) as client:
        await log_in(client, telegram, account)
        yield client


def session_of(telegram: LoopbackTelegram, account: Account) -> MemorySession:
    """The session of an account after one login, to connect again without another."""

    async def once() -> MemorySession:
        async with logged_in(telegram, account) as client:
            kept: MemorySession = client.session
            return kept

    return run(once())


def input_of(telegram: LoopbackTelegram, account: Account, room: Room) -> types.InputChannel:
    return types.InputChannel(room.id, telegram.world.hash_for(account, "room", room.id))


def peer_of(telegram: LoopbackTelegram, account: Account, room: Room) -> types.InputPeerChannel:
    return types.InputPeerChannel(room.id, telegram.world.hash_for(account, "room", room.id))


async def until(condition: Callable[[], object]) -> None:
    """Wait for something that a push brings."""

    async def poll() -> None:
        while not condition():  # noqa: ASYNC110 - the other side is a thread
            await asyncio.sleep(0.005)

    await asyncio.wait_for(poll(), WAIT_S)


Asking = Callable[[TelegramClient], Awaitable[T]]
