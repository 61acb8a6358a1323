"""Connections: what reached the servers, lost and duplicated keys, cuts, and requests that nobody knows."""

import struct

import pytest
from telethon.errors import AuthKeyDuplicatedError, AuthKeyNotFound, RPCError
from telethon.tl import functions, types

from monitor.rehearsal.telegram.rooms import Room
from monitor.rehearsal.telegram.serve import LoopbackTelegram
from tests.monitor.rehearsal.telegram.conftest import Reader


def calls_of(telegram: LoopbackTelegram, phone: str) -> list[str]:
    return [call.name for call in telegram.calls if call.account_phone == phone]


def test_every_request_is_remembered_without_its_wrappers(reader: Reader, group: Room) -> None:
    before = len(reader.telegram.calls)
    reader.request(functions.channels.GetChannelsRequest([reader.channel(group)]))
    calls = reader.telegram.calls[before:]
    assert [call.name for call in calls][-1] == "channels.getChannels"
    assert calls[-1].request.id[0].channel_id == group.id
    assert {call.account_phone for call in calls} == {reader.account.phone}


def test_a_request_that_the_server_does_not_know_is_refused_and_remembered(reader: Reader, group: Room) -> None:
    with pytest.raises(RPCError, match="METHOD_NOT_SUPPORTED") as refused:
        reader.request(functions.channels.JoinChannelRequest(reader.channel(group)))
    assert refused.value.code == 400
    assert reader.telegram.calls[-1].name == "channels.joinChannel"


class FromTheFuture(functions.help.GetConfigRequest):
    """A request of a layer that is not there yet."""

    def _bytes(self) -> bytes:
        return struct.pack("<I", 0x0BADC0DE)


def test_a_request_of_another_layer_is_refused_and_remembered(reader: Reader) -> None:
    with pytest.raises(RPCError, match="INPUT_METHOD_INVALID_195936478"):
        reader.request(FromTheFuture())
    assert reader.telegram.calls[-1].name == "0badc0de"


def test_a_connection_that_is_cut_in_an_answer_is_taken_up_again(telegram: LoopbackTelegram, reader: Reader) -> None:
    before = len(telegram.calls)
    telegram.faults.cut_connections(after_bytes=20, request="help.getNearestDc", times=2)
    assert reader.request(functions.help.GetNearestDcRequest()).this_dc == telegram.servers[0].dc
    assert [call.name for call in telegram.calls[before:]].count("help.getNearestDc") == 3


def test_a_lost_key_is_answered_with_minus_404(newcomer) -> None:  # noqa: ANN001
    lost = newcomer()
    lost.telegram.world.lose_key(lost.account)
    with pytest.raises(AuthKeyNotFound):
        lost.request(functions.help.GetNearestDcRequest())


def test_a_key_that_was_used_twice_is_refused(newcomer) -> None:  # noqa: ANN001
    twice = newcomer()
    twice.telegram.world.duplicate(twice.account)
    with pytest.raises(AuthKeyDuplicatedError):
        twice.request(functions.help.GetNearestDcRequest())


def test_service_messages_are_answered_beside_requests(reader: Reader) -> None:
    async def ask(client) -> tuple[object, object]:  # noqa: ANN001
        pong = await client._sender.send(functions.PingRequest(77))
        salts = await client._sender.send(functions.GetFutureSaltsRequest(1))
        return pong, salts

    pong, salts = reader.ask(ask)
    assert pong.ping_id == 77
    assert isinstance(salts, types.FutureSalts)
