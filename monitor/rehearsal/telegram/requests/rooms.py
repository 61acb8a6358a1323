"""Rooms that are asked for: by number, by name, by invitation, in full, and who administers them."""

import re

from telethon.tl import functions, types

from monitor.rehearsal.telegram.accounts import Account, Sender
from monitor.rehearsal.telegram.refusals import bad, private
from monitor.rehearsal.telegram.requests.caller import Answers, Caller
from monitor.rehearsal.telegram.rooms import Community, Room
from monitor.rehearsal.telegram.shown import ROOM, dialog_of
from monitor.rehearsal.telegram.wire import Tl

_USERNAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{3,31}")


def get_channels(caller: Caller, request: Tl) -> Tl:
    """The loopback server's answer: channels by number.

    One that bans the account is forbidden, and one that is private is refused.
    """
    return types.messages.Chats([_known(caller, each) for each in request.id])


def get_full_channel(caller: Caller, request: Tl) -> Tl:
    """The loopback server's answer: everything about one channel, or about a community."""
    community = _community(caller, request.channel)
    if community is not None:
        return _full_community(caller, community)
    room = caller.channel(request.channel)
    beside = [each for each in (room.linked, room.migrated) if each is not None]
    chats = [caller.view.room(each) for each in (room, *beside)]
    if room.community is not None:
        chats.append(caller.view.community(room.community))
    return types.messages.ChatFull(full_chat=_full(caller, room), chats=chats, users=[])


def get_full_chat(caller: Caller, request: Tl) -> Tl:
    """The loopback server's answer: everything about a basic group but who is in it."""
    chat = caller.chat(request.chat_id)
    hidden = types.ChatParticipantsForbidden(chat.id)
    settings = types.PeerNotifySettings()
    full = types.ChatFull(id=chat.id, about=chat.about, participants=hidden, notify_settings=settings)
    chats = [caller.view.room(each) for each in (chat, chat.migrated) if each is not None]
    return types.messages.ChatFull(full_chat=full, chats=chats, users=[])


def get_participants(caller: Caller, request: Tl) -> Tl:
    """The loopback server's answer: the administrators of a supergroup.

    Those of a channel are shown to administrators alone, as members are.
    """
    room = caller.channel(request.channel)
    if room.broadcast or not isinstance(request.filter, types.ChannelParticipantsAdmins):
        raise bad("CHAT_ADMIN_REQUIRED")
    shown = [_administrator(each, first=index == 0) for index, each in enumerate(room.administrators)]
    page = shown[request.offset : request.offset + request.limit]
    users = [caller.view.user(each) for each in room.administrators]
    return types.channels.ChannelParticipants(count=len(shown), participants=page, chats=[], users=users)


def resolve_username(caller: Caller, request: Tl) -> Tl:
    """The loopback server's answer: whoever has a user name."""
    if not _USERNAME.fullmatch(request.username):
        raise bad("USERNAME_INVALID")
    match caller.world.named(request.username):
        case Room() as room:
            return types.contacts.ResolvedPeer(peer=room.peer, chats=[caller.view.room(room)], users=[])
        case Sender() as sender:
            return types.contacts.ResolvedPeer(types.PeerUser(sender.id), chats=[], users=[caller.view.user(sender)])
        case _:
            raise bad("USERNAME_NOT_OCCUPIED")


def check_chat_invite(caller: Caller, request: Tl) -> Tl:
    """The loopback server's answer: what an invitation shows before anybody follows it."""
    room = next((each for each in caller.world.rooms.values() if each.invite == request.hash), None)
    if room is None or room.removed:
        raise bad("INVITE_HASH_EXPIRED")
    if caller.account in room.joined and caller.account not in room.banned:
        return types.ChatInviteAlready(caller.view.room(room))
    return types.ChatInvite(
        title=room.title,
        photo=room.photo or types.PhotoEmpty(0),
        participants_count=room.members or len(room.joined),
        color=0,
        channel=True,
        broadcast=room.broadcast or None,
        megagroup=not room.broadcast or None,
        public=bool(room.usernames) or None,
        about=room.about or None,
    )


def get_dialogs(caller: Caller, request: Tl) -> Tl:
    """The loopback server's answer: the channels that the account has joined.

    LIMIT: all are in its first folder, and on one page.
    """
    mine = [room for room in caller.world.rooms.values() if caller.account in room.joined and not request.folder_id]
    shown = [room for room in mine if room.is_open_to(caller.account)]
    posts = [room.posts[room.numbers[-1]] for room in shown if room.numbers]
    return types.messages.Dialogs(
        dialogs=[dialog_of(room) for room in shown],
        messages=caller.view.messages(posts),
        chats=[caller.view.room(room) for room in shown],
        users=[],
    )


def _known(caller: Caller, given: Tl) -> Tl:
    community = _community(caller, given)
    if community is not None:
        return caller.view.community(community)
    room = caller.channel_unread(given)
    if not room.is_open_to(caller.account) and caller.account not in room.banned:
        raise private()
    return caller.view.room(room)


def _community(caller: Caller, given: Tl) -> Community | None:
    community = caller.world.communities.get(getattr(given, "channel_id", 0))
    if community is not None and given.access_hash != caller.world.hash_for(caller.account, ROOM, community.id):
        raise bad("CHANNEL_INVALID")
    return community


def _full(caller: Caller, room: Room) -> Tl:
    moved = room.migrated
    return types.ChannelFull(
        id=room.id,
        about=room.about,
        read_inbox_max_id=0,
        read_outbox_max_id=0,
        unread_count=0,
        chat_photo=room.photo or types.PhotoEmpty(0),
        notify_settings=types.PeerNotifySettings(),
        bot_info=[],
        pts=room.pts,
        participants_count=room.members or len(room.joined),
        admins_count=len(room.administrators) or None,
        linked_chat_id=room.linked.id if room.linked else None,
        migrated_from_chat_id=moved.id if moved else None,
        migrated_from_max_id=room.migrated_from_number,
        available_min_id=room.hidden_from(caller.account) or None,
    )


def _full_community(caller: Caller, community: Community) -> Tl:
    peers = [types.CommunityPeer(peer=room.peer, visible=True) for room in community.rooms]
    photo = types.PhotoEmpty(0)
    full = types.CommunityFull(id=community.id, about=community.about, chat_photo=photo, linked_peers=peers)
    chats = [caller.view.community(community), *(caller.view.room(room) for room in community.rooms)]
    return types.messages.ChatFull(full_chat=full, chats=chats, users=[])


def _administrator(who: Account | Sender, *, first: bool) -> Tl:
    rights = types.ChatAdminRights(delete_messages=True, ban_users=True, add_admins=first or None)
    if first:
        return types.ChannelParticipantCreator(user_id=who.id, admin_rights=rights)
    return types.ChannelParticipantAdmin(user_id=who.id, promoted_by=who.id, date=None, admin_rights=rights)


ANSWERS: Answers = {
    functions.channels.GetChannelsRequest: get_channels,
    functions.channels.GetFullChannelRequest: get_full_channel,
    functions.messages.GetFullChatRequest: get_full_chat,
    functions.channels.GetParticipantsRequest: get_participants,
    functions.contacts.ResolveUsernameRequest: resolve_username,
    functions.messages.CheckChatInviteRequest: check_chat_invite,
    functions.messages.GetDialogsRequest: get_dialogs,
}
