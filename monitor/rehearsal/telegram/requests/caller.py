"""What every request comes with, and how the room that it names is found."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from telethon.tl import types

from monitor.rehearsal.telegram.accounts import Account, KnownKey
from monitor.rehearsal.telegram.refusals import FORBIDDEN, UNAUTHORIZED, RefusedError, bad, private
from monitor.rehearsal.telegram.rooms import Room
from monitor.rehearsal.telegram.shown import View
from monitor.rehearsal.telegram.wire import Tl
from monitor.rehearsal.telegram.world import World


@dataclass(frozen=True, slots=True)
class Site:
    """A data centre as ``help.getConfig`` names it."""

    dc: int
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, where, and in which world. The world's lock is held while a request is answered."""

    world: World
    key: KnownKey
    dc: int
    sites: tuple[Site, ...]

    @property
    def account(self) -> Account:
        """Whoever is logged in where the request came from.

        Raises:
            RefusedError: Nobody is.
        """
        if self.key.account is None:
            raise RefusedError(UNAUTHORIZED, "AUTH_KEY_UNREGISTERED")
        return self.key.account

    def require_login(self) -> None:
        """Refuse whoever is not logged in."""
        _ = self.account

    @property
    def view(self) -> View:
        """What the account is shown."""
        return View(self.world, self.account)

    def channel(self, given: Tl) -> Room:
        """The channel of an ``InputChannel`` or ``InputPeerChannel``, if the account may read it.

        Raises:
            RefusedError: Unknown, with another account's access hash, or private.
        """
        room = self.channel_unread(given)
        if not room.is_open_to(self.account):
            raise private()
        return room

    def channel_unread(self, given: Tl) -> Room:
        """The same, whether or not the account may read it."""
        room = self.world.rooms.get(getattr(given, "channel_id", 0))
        if room is None or self.view.room_hash(room) != getattr(given, "access_hash", None):
            raise bad("CHANNEL_INVALID")
        return room

    def peer(self, given: Tl) -> Room:
        """The room of an ``InputPeer``, if the account may read it."""
        match given:
            case types.InputPeerChannel():
                return self.channel(given)
            case types.InputPeerChat():
                return self.chat(given.chat_id)
            case _:
                raise bad("PEER_ID_INVALID")

    def chat(self, number: int) -> Room:
        """The basic group of that number, if the account is in it."""
        chat = self.world.chats.get(number)
        if chat is None or self.account not in chat.joined:
            raise bad("CHAT_ID_INVALID") if chat is None else RefusedError(FORBIDDEN, "CHAT_FORBIDDEN")
        return chat


Answer: TypeAlias = Callable[[Caller, Tl], Tl]
Answers: TypeAlias = Mapping[type, Answer]
"""Class of a request -> what answers it."""
