"""Kurigram as a client of the loopback Telegram; run by its own interpreter, which has Kurigram and not this project.

Told on standard input, one JSON object: ``servers`` (number -> host and port), ``modulus``, ``phone``, ``password``,
``username``, ``photo`` (a message's number). It prints JSON lines: what it wants (``code``), and what it found.
"""

import asyncio
import json
import sys

import pyrogram
from pyrogram import raw, types
from pyrogram.connection import Connection
from pyrogram.crypto import rsa
from pyrogram.errors import SessionPasswordNeeded

TOLD = json.loads(sys.stdin.readline())
PUSHES = 3


class ToLoopback(Connection):
    """A connection to the server that stands for a data centre."""

    def __init__(self, dc_id: int, server_address: str, port: int, **rest: object) -> None:
        host, port = TOLD["servers"][str(dc_id)]
        super().__init__(dc_id=dc_id, server_address=host, port=port, **rest)


def say(**what: object) -> None:
    print(json.dumps(what), flush=True)


async def log_in(client: pyrogram.Client) -> int:
    sent = await client.send_phone_number_code(TOLD["phone"])
    say(wants="code")
    try:
        user = await client.sign_in(TOLD["phone"], sent.phone_code_hash, json.loads(sys.stdin.readline()))
    except SessionPasswordNeeded:
        user = await client.check_password(TOLD["password"])
    return user.id


async def main() -> None:
    server = type(rsa.server_public_keys[next(iter(rsa.server_public_keys))])
    rsa.server_public_keys[TOLD["fingerprint"]] = server(TOLD["modulus"], 65537)
    client = pyrogram.Client(
        "rehearsal", api_id=1, api_hash="x", in_memory=True, connection_factory=ToLoopback, fetch_replies=False
    )
    pushed: asyncio.Queue[str] = asyncio.Queue()

    @client.on_raw_update()
    async def note(_client: pyrogram.Client, update: raw.base.Update, _users: dict, _chats: dict) -> None:
        await pushed.put(type(update).__name__)

    await client.connect()
    say(user=await log_in(client))
    await client.initialize()
    await client.invoke(raw.functions.updates.GetState())
    chat = await client.get_chat(TOLD["username"])
    say(history=[[each.id, each.text or each.caption] async for each in client.get_chat_history(chat.id)])
    message: types.Message = await client.get_messages(chat.id, TOLD["photo"])
    picture = await client.download_media(message, in_memory=True)
    say(photo=bytes(picture.getbuffer()).hex())
    say(wants="pushes")
    say(pushes=[await asyncio.wait_for(pushed.get(), 10) for _ in range(PUSHES)])
    await client.terminate()
    await client.disconnect()


asyncio.run(main())
