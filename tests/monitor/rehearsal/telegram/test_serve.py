"""The data centres as a client meets them: pushes to who joined, files from elsewhere, an end without remains."""

import asyncio
import socket
import threading
from pathlib import Path

import pytest
from telethon import events
from telethon.tl import types

from monitor.rehearsal.telegram.serve import HOST, LoopbackTelegram
from tests.monitor.rehearsal.telegram.conftest import Reader
from tests.monitor.rehearsal.telegram.peers import connected, run, until


def test_servers_stand_on_loopback_and_nothing_is_left_of_them(tmp_path: Path) -> None:
    before = threading.active_count()
    with LoopbackTelegram.running(tmp_path, dcs=(1, 3, 5)) as telegram:
        assert [(server.dc, server.host) for server in telegram.servers] == [(1, HOST), (3, HOST), (5, HOST)]
        assert all(
            server.public_key_file.read_text().startswith("-----BEGIN RSA PUBLIC") for server in telegram.servers
        )
        held = socket.create_connection((HOST, telegram.servers[0].port), timeout=5)
    with held:
        assert held.recv(1) == b""
    assert threading.active_count() == before
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((HOST, telegram.servers[0].port))


def test_those_who_joined_are_pushed_new_messages_edits_and_deletions(
    telegram: LoopbackTelegram, reader: Reader
) -> None:
    joined = telegram.world.add_channel("Joined", joined=(reader.account,))
    elsewhere = telegram.world.add_channel("Elsewhere", username="elsewhere_public")
    seen: list[tuple[str, int | None]] = []

    async def note(event: events.common.EventCommon) -> None:
        seen.append((type(event).__qualname__.partition(".")[0], event.chat_id))

    async def watch() -> None:
        async with connected(telegram, reader.session) as client:
            for kind in (events.NewMessage, events.MessageEdited, events.MessageDeleted):
                client.add_event_handler(note, kind())
            await client.get_me()
            elsewhere.post("nobody hears")
            number = joined.post("heard")
            joined.edit(number, text="heard again")
            joined.delete([number])
            await until(lambda: len(seen) == 3)
            telegram.faults.withhold_pushes(True)
            joined.post("lost")
            telegram.faults.withhold_pushes(False)
            joined.post("heard")
            await until(lambda: len(seen) >= 4)

    run(watch())
    expected = [("NewMessage", 1), ("MessageEdited", 1), ("MessageDeleted", 1), ("NewMessage", 1)]
    assert [name for name, _ in seen[:4]] == [name for name, _ in expected]
    assert {chat for _, chat in seen} == {int(f"-100{joined.id}")}


def test_a_ban_is_pushed_to_whom_it_meets(telegram: LoopbackTelegram, reader: Reader) -> None:
    joined = telegram.world.add_channel("Joined", joined=(reader.account,))
    seen: list[object] = []

    async def note(update: object) -> None:
        seen.append(update)

    async def watch() -> None:
        async with connected(telegram, reader.session) as client:
            client.add_event_handler(note, events.Raw(types.UpdateChannel))
            await client.get_me()
            joined.ban(reader.account)
            await until(lambda: seen)

    run(watch())
    assert [update.channel_id for update in seen] == [joined.id]


def test_a_file_comes_from_the_data_centre_where_it_lies(telegram: LoopbackTelegram, reader: Reader) -> None:
    group = telegram.world.add_channel("Files", username="files_elsewhere")
    data = b"\xff\xd8" + bytes(range(256)) * 300
    photo = telegram.world.add_photo(data, dc=4)
    number = group.post(media=types.MessageMediaPhoto(photo=photo))

    async def fetch(client) -> bytes:  # noqa: ANN001
        message = await client.get_messages(reader.peer(group), ids=number)
        return b"".join([part async for part in client.iter_download(message.media)])

    assert reader.ask(fetch) == data
    assert "auth.importAuthorization" in [call.name for call in telegram.calls if call.dc == 4]


def test_many_threads_post_while_a_client_reads(telegram: LoopbackTelegram, reader: Reader) -> None:
    group = telegram.world.add_channel("Busy", username="busy_group")

    async def read(client) -> int:  # noqa: ANN001
        writing = [asyncio.to_thread(lambda: [group.post("x") for _ in range(50)]) for _ in range(4)]
        reading = client.get_messages(reader.peer(group), limit=10)
        await asyncio.gather(*writing, reading)
        return len(await client.get_messages(reader.peer(group), limit=None, wait_time=0))

    assert reader.ask(read) == 200
    assert group.numbers == list(range(1, 201))
