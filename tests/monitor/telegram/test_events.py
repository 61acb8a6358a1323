"""Why the watch has a cursor of its own: what Telethon's events lose of the same life of a group.

This guards the reason for the design. If a later Telethon loses nothing here, the design may be reconsidered.
"""

import asyncio
from pathlib import Path

import pytest
from telethon import TelegramClient, events
from telethon.crypto import rsa
from telethon.sessions import MemorySession

from api.office.completeness import completeness_of
from monitor.rehearsal.telegram.rooms import Room
from tests.homes import records_of
from tests.watching import PHONE, Desk, desk

POSTS = 120


class Heard:
    """What Telethon's events told."""

    def __init__(self) -> None:
        self.posted: set[int] = set()
        self.edited: set[int] = set()
        self.deleted: set[int] = set()

    def listen(self, client: TelegramClient) -> None:
        async def new(event: events.NewMessage.Event) -> None:
            self.posted.add(event.message.id)

        async def edited(event: events.MessageEdited.Event) -> None:
            self.edited.add(event.message.id)

        async def deleted(event: events.MessageDeleted.Event) -> None:
            self.deleted.update(event.deleted_ids)

        client.add_event_handler(new, events.NewMessage())
        client.add_event_handler(edited, events.MessageEdited())
        client.add_event_handler(deleted, events.MessageDeleted())


async def through_events(at: Desk, group: Room, away: "list[int]") -> Heard:
    """A client that listens, is away while the group goes on, and catches up as Telethon does."""
    account, world = at.accounts[0], at.telegram.world
    server = at.telegram.servers[0]
    rsa.add_key(server.public_key_file.read_bytes(), old=False)
    TelegramClient._config = None
    session = MemorySession()
    session.set_dc(server.dc, server.host, server.port)
    client = TelegramClient(session, 1, "a", catch_up=True)
    heard = Heard()
    heard.listen(client)
    await client.connect()
    sent = await client.send_code_request(PHONE)
    await client.sign_in(PHONE, world.login_code(account), phone_code_hash=sent.phone_code_hash)
    group.post("heard live")
    await asyncio.sleep(0.3)
    await client.disconnect()
    away += live(group)
    client = TelegramClient(session, 1, "a", catch_up=True)
    heard.listen(client)
    await client.connect()
    await asyncio.sleep(1.5)
    await client.disconnect()
    return heard


def live(group: Room) -> list[int]:
    """Goes on while nobody listens: posts, an edit and a deletion of what was there before."""
    numbers = [group.post(f"away {number}") for number in range(POSTS)]
    group.edit(1, text="edited away")
    group.delete([2])
    return numbers


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
def test_events_lose_what_our_cursor_keeps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with desk(tmp_path, monkeypatch) as at:
        group = at.group(joined=tuple(at.accounts))
        for text in ("one", "two", "three"):
            group.post(text)
        assert at.once().ended_by is None
        group.set_limit(30)
        away: list[int] = []
        heard = asyncio.run(through_events(at, group, away))
        lost = set(away) - heard.posted
        assert len(lost) > POSTS // 2
        assert not heard.edited
        assert not heard.deleted

        assert at.once().ended_by is None
        home = at.home
        records = [record.values for record in records_of(home) if record.type == "observed"]
        kept = {int(each["message_id"]) for each in records if each["kind"] == "message"}
        assert set(away) <= kept
        assert {each["message_id"] for each in records if each["kind"] == "edit"} == {"1"}
        assert {each["message_id"] for each in records if each["kind"] == "deletion"} == {"2"}
        assert completeness_of(home, "grupa").observed[-1][1] == max(away)
        home.engine.dispose()
