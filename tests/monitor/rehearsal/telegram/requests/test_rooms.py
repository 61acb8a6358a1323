"""Rooms by name, by invitation and in full; administrators where they may be seen."""

import pytest
from telethon.errors import (
    ChatAdminRequiredError,
    InviteHashExpiredError,
    UsernameInvalidError,
    UsernameNotOccupiedError,
)
from telethon.tl import functions, types

from monitor.rehearsal.telegram.rooms import Room
from tests.monitor.rehearsal.telegram.conftest import Reader


def test_a_name_leads_to_its_room_with_the_accounts_own_hash(reader: Reader, group: Room) -> None:
    found = reader.request(functions.contacts.ResolveUsernameRequest(group.usernames[0]))
    assert found.chats[0].access_hash == reader.channel(group).access_hash
    with pytest.raises(UsernameNotOccupiedError):
        reader.request(functions.contacts.ResolveUsernameRequest("nobody_has_this"))
    with pytest.raises(UsernameInvalidError):
        reader.request(functions.contacts.ResolveUsernameRequest("1x"))


def test_a_room_in_full_has_what_it_is_linked_to(reader: Reader) -> None:
    world = reader.telegram.world
    discussion = world.add_channel("Discussion")
    channel = world.add_channel(
        "Channel", username="channel_in_full", broadcast=True, linked=discussion, about="weather", members=42
    )
    community = world.add_community("Skies", about="all of them", rooms=(channel, discussion))
    full = reader.request(functions.channels.GetFullChannelRequest(reader.channel(channel)))
    assert (full.full_chat.about, full.full_chat.participants_count, full.full_chat.pts) == ("weather", 42, channel.pts)
    assert full.full_chat.linked_chat_id == discussion.id
    shown = next(chat for chat in full.chats if isinstance(chat, types.Community))
    assert (shown.id, full.chats[0].linked_community_id) == (community.id, community.id)
    whole = reader.request(functions.channels.GetFullChannelRequest(types.InputChannel(shown.id, shown.access_hash)))
    assert [peer.peer.channel_id for peer in whole.full_chat.linked_peers] == [channel.id, discussion.id]


def test_a_supergroup_says_where_it_came_from(newcomer) -> None:  # noqa: ANN001
    member = newcomer()
    chat = member.telegram.world.add_chat("Small", members=(member.account,))
    room = member.telegram.world.migrate(chat)
    full = member.request(functions.channels.GetFullChannelRequest(member.channel(room))).full_chat
    assert (full.migrated_from_chat_id, full.migrated_from_max_id) == (chat.id, chat.numbers[-1])
    old = member.request(functions.messages.GetFullChatRequest(chat.id))
    assert old.chats[0].migrated_to.channel_id == room.id


def test_a_banned_channel_is_forbidden(reader: Reader, group: Room) -> None:
    group.ban(reader.account)
    [shown] = reader.request(functions.channels.GetChannelsRequest([reader.channel(group)])).chats
    assert isinstance(shown, types.ChannelForbidden)


def test_only_administrators_of_a_supergroup_are_listed(reader: Reader, group: Room) -> None:
    owner, helper = reader.telegram.world.add_person("Owner"), reader.telegram.world.add_person("Deputy")
    group.administrators = [owner, helper]
    admins = types.ChannelParticipantsAdmins()
    listed = reader.request(functions.channels.GetParticipantsRequest(reader.channel(group), admins, 0, 100, 0))
    assert [each.user_id for each in listed.participants] == [owner.id, helper.id]
    with pytest.raises(ChatAdminRequiredError):
        reader.request(
            functions.channels.GetParticipantsRequest(
                reader.channel(group), types.ChannelParticipantsRecent(), 0, 100, 0
            )
        )
    channel = reader.telegram.world.add_channel("Channel", username="hides_its_owner", broadcast=True)
    with pytest.raises(ChatAdminRequiredError):
        reader.request(functions.channels.GetParticipantsRequest(reader.channel(channel), admins, 0, 100, 0))


def test_an_invitation_shows_a_preview_and_nothing_is_joined(reader: Reader) -> None:
    room = reader.telegram.world.add_channel("Hidden", about="by invitation", members=7)
    preview = reader.request(functions.messages.CheckChatInviteRequest(room.invite))
    assert (preview.title, preview.about, preview.participants_count) == ("Hidden", "by invitation", 7)
    assert reader.account not in room.joined
    room.admit(reader.account)
    assert reader.request(functions.messages.CheckChatInviteRequest(room.invite)).chat.id == room.id
    for folder, there in ((0, True), (1, False)):
        listed = reader.request(
            functions.messages.GetDialogsRequest(None, 0, types.InputPeerEmpty(), 100, 0, folder_id=folder)
        )
        assert (room.id in [chat.id for chat in listed.chats]) is there
        assert len(listed.dialogs) == len(listed.chats)
    with pytest.raises(InviteHashExpiredError):
        reader.request(functions.messages.CheckChatInviteRequest("0" * 16))
