"""How the room of a request is found, and who may read it."""

import pytest
from telethon.errors import ChannelInvalidError, ChannelPrivateError, PeerIdInvalidError
from telethon.tl import functions, types

from monitor.rehearsal.telegram.rooms import Room
from tests.monitor.rehearsal.telegram.conftest import Reader


def history(peer: object) -> functions.messages.GetHistoryRequest:
    return functions.messages.GetHistoryRequest(peer, 0, None, 0, 10, 0, 0, 0)


def test_another_access_hash_is_invalid(reader: Reader, group: Room) -> None:
    peer = reader.peer(group)
    reader.request(history(peer))
    with pytest.raises(ChannelInvalidError):
        reader.request(history(types.InputPeerChannel(group.id, peer.access_hash + 1)))


def test_what_is_private_banned_or_removed_is_private(reader: Reader, group: Room) -> None:
    reader.request(history(reader.peer(group)))
    group.ban(reader.account)
    with pytest.raises(ChannelPrivateError):
        reader.request(history(reader.peer(group)))
    group.unban(reader.account)
    names = list(group.usernames)
    group.set_usernames()
    with pytest.raises(ChannelPrivateError):
        reader.request(history(reader.peer(group)))
    group.admit(reader.account)
    reader.request(history(reader.peer(group)))
    group.set_usernames(*names)
    group.remove()
    with pytest.raises(ChannelPrivateError):
        reader.request(history(reader.peer(group)))


def test_a_peer_that_is_no_room_is_refused(reader: Reader) -> None:
    with pytest.raises(PeerIdInvalidError):
        reader.request(history(types.InputPeerSelf()))


def test_the_discussion_group_of_a_public_channel_is_open(reader: Reader) -> None:
    world = reader.telegram.world
    discussion = world.add_channel("Discussion")
    world.add_channel("Channel", username="with_discussion", broadcast=True, linked=discussion)
    assert reader.request(history(reader.peer(discussion))).messages == []
