"""The world behind the servers: accounts, senders, rooms and files, under one lock.

Everything in it may be called from any thread. What happens in a room is told at once to whoever listens for the
accounts that have joined it.
"""

import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from threading import RLock

from telethon.tl import types

from monitor.rehearsal.telegram.accounts import Account, Frozen, KeyRing, Sender, Verifier
from monitor.rehearsal.telegram.handshake import Entropy
from monitor.rehearsal.telegram.media import MediaShelf
from monitor.rehearsal.telegram.refusals import FLOOD, NOT_ACCEPTABLE, UNAUTHORIZED
from monitor.rehearsal.telegram.rooms import Community, Event, Room
from monitor.rehearsal.telegram.wire import Tl

Listener = Callable[[Account, Room, Event | None], None]
"""Called for each account that has joined a room, with what happened there; None if the room itself changed."""

_FIRST_ACCOUNT, _FIRST_SENDER, _FIRST_ROOM, _FIRST_CHAT = 7_000_000_001, 7_100_000_001, 1_700_000_001, 4_000_001
_CODE_DIGITS = 5


@dataclass(slots=True, kw_only=True, repr=False)
class World:
    """All that the servers serve.

    Attributes:
        clock: The servers' clock, aware.
        home_dc: Where accounts log in and files lie unless said otherwise.
        first_room: The number of the first channel or supergroup; the others follow.
    """

    clock: Callable[[], datetime]
    entropy: Entropy
    home_dc: int
    first_room: int = _FIRST_ROOM
    lock: RLock = field(default_factory=RLock)
    keys: KeyRing = field(default_factory=KeyRing)
    accounts: list[Account] = field(default_factory=list)
    senders: list[Sender] = field(default_factory=list)
    rooms: dict[int, Room] = field(default_factory=dict)
    chats: dict[int, Room] = field(default_factory=dict)
    communities: dict[int, Community] = field(default_factory=dict)
    listener: Listener | None = None
    exported: dict[tuple[int, bytes], Account] = field(default_factory=dict)
    media: MediaShelf = field(init=False)
    _secret: bytes = field(init=False)
    _box_number: int = 0

    def __post_init__(self) -> None:
        self._secret = self.entropy(32)
        self.media = MediaShelf(secret=self._secret, clock=self.now, home_dc=self.home_dc)

    # who and what there is

    def add_account(self, phone: str, *, password: str | None = None, dc: int | None = None) -> Account:
        """An account that can log in with a code, and with its password if it has one."""
        with self.lock:
            verifier = None if password is None else Verifier.of(password, self.entropy)
            account = Account(_FIRST_ACCOUNT + len(self.accounts), phone, dc or self.home_dc, verifier)
            self.accounts.append(account)
            return account

    def add_person(self, name: str, username: str | None = None) -> Sender:
        """A sender that is no client."""
        with self.lock:
            self.senders.append(Sender(_FIRST_SENDER + len(self.senders), name, username))
            return self.senders[-1]

    def add_channel(
        self,
        title: str,
        *,
        username: str | None = None,
        linked: Room | None = None,
        joined: tuple[Account, ...] = (),
        **fields: object,
    ) -> Room:
        """A supergroup, or with ``broadcast=True`` a channel; ``linked`` joins a channel and its discussion group.

        Args:
            fields: Of ``Room``: ``broadcast``, ``forum``, ``about``, ``noforwards``, ``members``, ``administrators``.
        """
        with self.lock:
            names = [username] if username else []
            number = self.first_room + len(self.rooms)
            room = Room(
                world=self,
                id=number,
                title=title,
                usernames=names,
                created_at=self.now(),
                **fields,  # type: ignore[arg-type]
            )
            room.joined, room.linked = list(joined), linked
            room.invite = sha256(self._secret + struct.pack("<q", number)).hexdigest()[:16]
            if linked is not None:
                linked.linked = room
            self.rooms[number] = room
            return room

    def add_chat(self, title: str, *, members: tuple[Account, ...] = ()) -> Room:
        """A basic group."""
        with self.lock:
            number = _FIRST_CHAT + len(self.chats)
            chat = Room(world=self, id=number, title=title, usernames=[], created_at=self.now(), basic=True)
            chat.joined = list(members)
            self.chats[number] = chat
            return chat

    def add_community(self, title: str, *, about: str = "", rooms: tuple[Room, ...] = ()) -> Community:
        """A community of rooms."""
        with self.lock:
            number = self.first_room + 500_000 + len(self.communities)
            made = Community(id=number, title=title, about=about, created_at=self.now(), rooms=list(rooms))
            for room in rooms:
                room.community = made
            self.communities[number] = made
            return made

    def add_photo(self, data: bytes, **fields: object) -> Tl:
        """A photo to put into messages: ``MediaShelf.add_photo``, with ``dc``, ``size``, ``smaller``, ``inline``."""
        with self.lock:
            return self.media.add_photo(data, **fields)  # type: ignore[arg-type]

    def add_document(self, data: bytes, **fields: object) -> Tl:
        """A document to put into messages: ``MediaShelf.add_document``; ``dc`` may stand for ``dc_id``."""
        if "dc" in fields:
            fields["dc_id"] = fields.pop("dc")
        with self.lock:
            return self.media.add_document(data, **fields)  # type: ignore[arg-type]

    # what happens to it

    def login_code(self, account: Account) -> str:
        """The code that this world sent to an account and that has not been used."""
        if account.code is None:
            raise ValueError("expected a code that was asked for")
        return account.code

    def expire_file_references(self) -> None:
        """Invalidate every file reference that was given out."""
        with self.lock:
            self.media.expire_references()

    def freeze(self, account: Account, since: datetime, until: datetime, appeal_url: str, *, code: int = FLOOD) -> None:
        """Freeze an account: it may look at itself and at the settings, nothing else.

        Args:
            code: Of ``FROZEN_METHOD_INVALID``; clients report 420 and 406.
        """
        account.frozen = Frozen(since, until, appeal_url, code)

    def thaw(self, account: Account) -> None:
        """End what ``freeze``, ``deactivate`` and ``duplicate`` did."""
        account.frozen = account.trouble = None

    def deactivate(self, account: Account) -> None:
        """Ban an account altogether."""
        account.trouble = (UNAUTHORIZED, "USER_DEACTIVATED_BAN")

    def duplicate(self, account: Account) -> None:
        """Act as if the account's keys had been used in two places at once."""
        account.trouble = (NOT_ACCEPTABLE, "AUTH_KEY_DUPLICATED")

    def lose_key(self, account: Account) -> None:
        """Forget the keys of an account; its next packet is answered with -404."""
        with self.lock:
            self.keys.lose(account)

    def migrate(self, chat: Room) -> Room:
        """Turn a basic group into a supergroup, with the service messages that say so."""
        with self.lock:
            room = self.add_channel(chat.title, joined=tuple(chat.joined))
            chat.service(types.MessageActionChatMigrateTo(room.id))
            chat.migrated, room.migrated = room, chat
            room.migrated_from_number = chat.numbers[-1]
            room.service(types.MessageActionChannelMigrateFrom(title=chat.title, chat_id=chat.id))
            return room

    def take_over_username(self, username: str, room: Room) -> None:
        """Give a user name to a room, and take it from the one that has it."""
        with self.lock:
            for each in self.rooms.values():
                each.usernames = [name for name in each.usernames if name.lower() != username.lower()]
            room.usernames.append(username)

    # what rooms and requests ask

    def now(self) -> datetime:
        """The time of the servers, whole seconds, as TL has it."""
        return self.clock().replace(microsecond=0)

    def happened(self, room: Room, event: Event) -> None:
        """Tell those who have joined a room, and are not banned from it."""
        for account in room.joined:
            if self.listener is not None and account not in room.banned:
                self.listener(account, room, event)

    def changed(self, room: Room, accounts: Iterable[Account]) -> None:
        """Tell accounts that a channel itself is no longer what it was to them."""
        for account in accounts:
            if self.listener is not None and not room.basic:
                self.listener(account, room, None)

    def next_box_number(self) -> int:
        """The next number of a message outside channels. LIMIT: all accounts share one box."""
        self._box_number += 1
        return self._box_number

    def hash_for(self, account: Account, kind: str, number: int) -> int:
        """The access hash of a user or room; each account has its own."""
        seed = self._secret + kind.encode() + struct.pack("<qq", account.id, number)
        return int.from_bytes(sha256(seed).digest()[:8], "little", signed=True)

    def named(self, username: str) -> Room | Sender | None:
        """Whoever of this world has that user name."""
        wanted = username.lower()
        for room in self.rooms.values():
            if wanted in (name.lower() for name in room.usernames):
                return room
        return next((each for each in self.senders if (each.username or "").lower() == wanted), None)

    def users(self) -> Iterator[Account | Sender]:
        """All accounts and senders of this world."""
        yield from self.accounts
        yield from self.senders

    def new_code(self) -> str:
        """A login code for an account of this world."""
        return "".join(str(byte % 10) for byte in self.entropy(_CODE_DIGITS))
