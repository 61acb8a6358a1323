"""The script of faults: each acts on its request, so many times, and is told to the client as it would be."""

import time

import pytest
from telethon.errors import FloodWaitError, TypeNotFoundError
from telethon.tl import functions, types

from monitor.rehearsal.telegram.faults import CutAnswer, Garbage
from monitor.rehearsal.telegram.rooms import Room
from monitor.rehearsal.telegram.serve import LoopbackTelegram
from tests.monitor.rehearsal.telegram.conftest import Reader


def test_a_scripted_error_meets_its_request_and_is_used_up(telegram: LoopbackTelegram, phone: str) -> None:
    faults, account = telegram.faults, telegram.world.add_account(phone)
    faults.fail("messages.getHistory", "FLOOD_WAIT_30", times=2, account=account)
    assert faults.refusal("help.getConfig", account) is None
    assert faults.refusal("messages.getHistory", None) is None
    assert [faults.refusal("messages.getHistory", account) is not None for _ in range(3)] == [True, True, False]


def test_a_flood_wait_is_raised_with_its_seconds(telegram: LoopbackTelegram, reader: Reader, group: Room) -> None:
    telegram.faults.fail("channels.getFullChannel", "FLOOD_WAIT_120")
    with pytest.raises(FloodWaitError) as raised:
        reader.request(functions.channels.GetFullChannelRequest(reader.channel(group)))
    assert raised.value.seconds == 120
    assert reader.request(functions.channels.GetFullChannelRequest(reader.channel(group))).full_chat.id == group.id


def test_spoiling_is_kept_apart_from_errors(telegram: LoopbackTelegram) -> None:
    telegram.faults.cut_connections(after_bytes=7, request="upload.getFile")
    telegram.faults.garbage("upload.getFile", data=b"x")
    assert telegram.faults.refusal("upload.getFile", None) is None
    assert telegram.faults.spoiling("upload.getFile", None) == CutAnswer(7)
    assert telegram.faults.spoiling("upload.getFile", None) == Garbage(b"x", whole_packet=False)
    assert telegram.faults.spoiling("upload.getFile", None) is None


@pytest.mark.parametrize("whole_packet", [False, True])
def test_garbage_is_an_answer_that_cannot_be_read(
    telegram: LoopbackTelegram, reader: Reader, *, whole_packet: bool
) -> None:
    telegram.faults.garbage("help.getNearestDc", whole_packet=whole_packet)

    async def ask(client) -> object:  # noqa: ANN001
        if not whole_packet:
            with pytest.raises(TypeNotFoundError):
                await client(functions.help.GetNearestDcRequest())
        return await client(functions.help.GetConfigRequest())

    assert reader.ask(ask).this_dc == telegram.servers[0].dc


@pytest.mark.parametrize("inside", ["message", "media"])
def test_an_unknown_constructor_stops_a_client_that_decodes_whole_pages(
    telegram: LoopbackTelegram, reader: Reader, group: Room, inside: str
) -> None:
    number = group.post("x")
    telegram.faults.unknown_constructor(group, number, inside=inside)
    asking = functions.channels.GetMessagesRequest(reader.channel(group), [types.InputMessageID(number)])
    with pytest.raises(TypeNotFoundError):
        reader.request(asking)
    telegram.faults.unknown_constructor(group, number, inside=None)
    assert reader.request(asking).messages[0].message == "x"


def test_an_answer_can_be_late(telegram: LoopbackTelegram, reader: Reader) -> None:
    telegram.faults.delay_s("help.getNearestDc", 0.05)
    began = time.monotonic()
    reader.request(functions.help.GetNearestDcRequest())
    assert time.monotonic() - began >= 0.05


@pytest.mark.parametrize("skew_s", [-3600, 3600])
def test_a_client_whose_clock_is_off_is_told_and_goes_on(
    telegram: LoopbackTelegram, reader: Reader, skew_s: int
) -> None:
    telegram.faults.skew_s = skew_s
    config = reader.request(functions.help.GetConfigRequest())
    assert abs(config.date.timestamp() - time.time() - skew_s) < 5  # noqa: TID251 - the test's own clock


def test_a_file_can_claim_more_than_it_sends(telegram: LoopbackTelegram) -> None:
    document = telegram.world.add_document(bytes(5000), size=4 << 30)
    telegram.faults.short_file(document.id)
    assert telegram.world.media._files[document.id].sends == 10


def test_something_can_happen_just_before_an_answer(telegram: LoopbackTelegram, reader: Reader, group: Room) -> None:
    telegram.faults.meanwhile(lambda: group.post("meanwhile"), request="messages.getHistory", after=1)
    peer = types.InputPeerChannel(group.id, reader.channel(group).access_hash)
    asked = functions.messages.GetHistoryRequest(peer, 0, None, 0, 100, 0, 0, 0)
    pages = [[message.message for message in reader.request(asked).messages] for _page in range(3)]
    assert pages[1] == pages[2] == ["meanwhile", *pages[0]]
