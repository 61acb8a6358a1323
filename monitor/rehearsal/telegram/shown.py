"""Users, rooms and updates as one account is shown them: with access hashes of its own."""

from collections.abc import Iterable

from telethon.tl import types

from monitor.rehearsal.telegram.accounts import Account, Sender
from monitor.rehearsal.telegram.posts import Post
from monitor.rehearsal.telegram.rooms import DELETE, NEW, Community, Event, Room
from monitor.rehearsal.telegram.wire import Encoded, Tl
from monitor.rehearsal.telegram.world import World

USER, ROOM = "user", "room"


class View:
    """What one account is shown of a world; the caller holds the world's lock."""

    def __init__(self, world: World, account: Account) -> None:
        self.world = world
        self.account = account

    def user(self, user: Account | Sender) -> Tl:
        """A user, as the server shows it to the account."""
        if isinstance(user, Account):
            own = user is self.account
            return types.User(
                id=user.id,
                is_self=own or None,
                access_hash=self.world.hash_for(self.account, USER, user.id),
                first_name="Rehearsal",
                phone=user.digits if own else None,
            )
        hashed = self.world.hash_for(self.account, USER, user.id)
        return types.User(id=user.id, access_hash=hashed, first_name=user.name, username=user.username)

    def room(self, room: Room) -> Tl:
        """A channel, supergroup or basic group, as the server shows it to the account."""
        if room.basic:
            return self._chat(room)
        if room.removed or self.account in room.banned:
            hashed = self.room_hash(room)
            return types.ChannelForbidden(id=room.id, access_hash=hashed, title=room.title, **_kinds(room))
        return types.Channel(
            id=room.id,
            title=room.title,
            photo=_small(room.photo),
            date=room.created_at,
            restricted=bool(room.restrictions) or None,
            restriction_reason=room.restrictions or None,
            access_hash=self.room_hash(room),
            left=self.account not in room.joined or None,
            forum=room.forum or None,
            noforwards=room.noforwards or None,
            has_link=room.linked is not None or None,
            linked_community_id=room.community.id if room.community else None,
            **self._rights(room),
            **_kinds(room),
            **_named(room),
        )

    def _rights(self, room: Room) -> dict[str, Tl]:
        """What the account may do in a room; the first administrator is the creator."""
        if self.account not in room.administrators:
            return {}
        rights = types.ChatAdminRights(post_messages=True)
        return {"creator": room.administrators[0] is self.account or None, "admin_rights": rights}

    def community(self, community: Community) -> Tl:
        """A community, as the server shows it to the account."""
        hashed = self.world.hash_for(self.account, ROOM, community.id)
        photo = types.ChatPhotoEmpty()
        return types.Community(
            id=community.id,
            title=community.title,
            photo=photo,
            date=community.created_at,
            access_hash=hashed,
            left=True,
        )

    def room_hash(self, room: Room) -> int:
        """The account's access hash of a room."""
        return self.world.hash_for(self.account, ROOM, room.id)

    def messages(self, posts: Iterable[Post]) -> list[Encoded]:
        """Messages as the bytes that the server sends to the account."""
        return [post.encoded(self.world.media.epoch) for post in posts]

    def around(self, room: Room, posts: Iterable[Post]) -> dict[str, list[Tl]]:
        """The chats and users that messages name, as fields of an answer."""
        users: dict[int, None] = {}
        rooms: dict[int, None] = {} if room.basic else {room.id: None}
        for post in posts:
            for peer in post.peers():
                if isinstance(peer, types.PeerUser):
                    users[peer.user_id] = None
                elif isinstance(peer, types.PeerChannel):
                    rooms[peer.channel_id] = None
        known = [self.user(user) for user in self.world.users() if user.id in users]
        chats = [self.room(self.world.rooms[number]) for number in rooms if number in self.world.rooms]
        return {"chats": chats + ([self.room(room)] if room.basic else []), "users": known}

    def update(self, room: Room, event: Event) -> Tl:
        """What is pushed, or found in a difference, for an event of a channel; its messages as they read now."""
        if event.kind == DELETE:
            numbers = list(event.numbers)
            return types.UpdateDeleteChannelMessages(room.id, numbers, event.pts, len(numbers))
        kind = types.UpdateNewChannelMessage if event.kind == NEW else types.UpdateEditChannelMessage
        [message] = self.messages([room.posts[event.numbers[0]]])
        return kind(message, event.pts, 1)

    def box_update(self, room: Room, event: Event) -> Tl:
        """The same for a basic group, counted in the account's box."""
        pts, count = self.account.pts, len(event.numbers)
        if event.kind == DELETE:
            return types.UpdateDeleteMessages(list(event.numbers), pts, count)
        kind = types.UpdateNewMessage if event.kind == NEW else types.UpdateEditMessage
        [message] = self.messages([room.posts[event.numbers[0]]])
        return kind(message, pts, count)

    def pushed(self, room: Room, event: Event | None, update: Tl | None = None) -> bytes:
        """What is pushed for an event, with what it names; for None, that the channel itself has changed."""
        if event is None:
            posts, update = [], types.UpdateChannel(room.id)
        else:
            posts, update = [room.posts[number] for number in event.numbers], update or self.update(room, event)
        return bytes(types.Updates(updates=[update], date=self.world.now(), seq=0, **self.around(room, posts)))

    def _chat(self, room: Room) -> Tl:
        moved = room.migrated
        return types.Chat(
            id=room.id,
            title=room.title,
            photo=types.ChatPhotoEmpty(),
            participants_count=len(room.joined),
            date=room.created_at,
            version=1,
            deactivated=moved is not None or None,
            migrated_to=None if moved is None else types.InputChannel(moved.id, self.room_hash(moved)),
        )


NOTHING_READ = dict.fromkeys(
    (
        "read_inbox_max_id",
        "read_outbox_max_id",
        "unread_count",
        "unread_mentions_count",
        "unread_reactions_count",
        "unread_poll_votes_count",
    ),
    0,
)
"""What a chat or a topic says of the reading of an account that sets no read marks."""


def dialog_of(room: Room) -> Tl:
    """A room of the loopback Telegram as a list of chats has it: its newest message, and its pts."""
    return types.Dialog(
        peer=room.peer,
        top_message=room.numbers[-1] if room.numbers else 0,
        **NOTHING_READ,
        notify_settings=types.PeerNotifySettings(),
        pts=room.pts,
    )


def _kinds(room: Room) -> dict[str, bool | None]:
    return {"broadcast": room.broadcast or None, "megagroup": not room.broadcast or None}


def _small(photo: Tl | None) -> Tl:
    """The picture of a room as it is shown beside its title: with its stripped thumbnail, if it has one."""
    if photo is None:
        return types.ChatPhotoEmpty()
    stripped = next((size.bytes for size in photo.sizes if isinstance(size, types.PhotoStrippedSize)), None)
    return types.ChatPhoto(photo_id=photo.id, dc_id=photo.dc_id, stripped_thumb=stripped)


def _named(room: Room) -> dict[str, object]:
    """One user name goes into ``username``, several into ``usernames``."""
    if len(room.usernames) < 2:  # noqa: PLR2004 - one or several
        return {"username": room.usernames[0] if room.usernames else None}
    names = [
        types.Username(username=name, active=True, editable=index == 0 or None)
        for index, name in enumerate(room.usernames)
    ]
    return {"usernames": names}
