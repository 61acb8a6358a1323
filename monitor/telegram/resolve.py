"""What a channel is, before anybody watches it: asked of Telegram by its name, its number, or an invitation.

An invitation is looked at and never followed: the program does not join. It leads to a channel only if a person has
joined by hand with this account.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from telethon.tl import TLRequest, functions, types

from evidence.times import Clock, is_due
from monitor.errors import ChannelError, ChannelState, RequestError, ResolveError, UnknownConstructorError
from monitor.telegram.lent import Asks
from monitor.telegram.reply import Received
from monitor.telegram.session import AccountSession

FOLDERS = (0, 1)
"""Where an account lists its chats: the folder that it sees first, and the archive."""
MEET_EVERY = timedelta(hours=1)
"""How often an account that was never shown a channel checks whether it has joined it meanwhile."""
UNREAD_AGAIN = timedelta(minutes=5)
"""How long after a list that could not be read it is asked for again."""
_DIALOGS = 100


@dataclass(frozen=True, slots=True)
class FoundChannel:
    """What Telegram shows of a channel.

    Attributes:
        kind: ``channel`` or ``group``.
        members: None if Telegram does not say.
        created_at: None for one that the account has joined: Telegram then gives the time of joining instead.
        joined_at: When the account joined; None if it has not.
        rights: ``creator`` or ``administrator``, if the account is that; None if it is neither.
    """

    channel_id: int
    access_hash: int = field(repr=False)
    title: str
    kind: str
    usernames: tuple[str, ...]
    members: int | None
    created_at: datetime | None
    joined_at: datetime | None
    rights: str | None = None


@dataclass(frozen=True, slots=True)
class Invitation:
    """What an invitation shows.

    Attributes:
        members: None if Telegram does not say.
        leads_to: The channel, if the account is a member of it.
    """

    title: str
    members: int | None
    leads_to: FoundChannel | None


def resolve_name(line: Asks, session: AccountSession, name: str) -> FoundChannel:
    """The channel that has a user name, asked of Telegram.

    Raises:
        ChannelError: The channel cannot be seen.
        ResolveError: Nobody has this name, or it is the name of a person or a bot.
    """
    try:
        said = line.ask(functions.contacts.ResolveUsernameRequest(name)).said
    except ChannelError as error:
        if error.state is not ChannelState.GONE:
            raise
        raise ResolveError("resolve.no_such_name", found=f"@{name}") from error
    channel = next((chat for chat in said.chats if isinstance(chat, types.Channel)), None)
    if channel is None or not isinstance(said.peer, types.PeerChannel):
        bot = any(getattr(user, "bot", False) for user in said.users)
        raise ResolveError("resolve.a_bot" if bot else "resolve.a_person", found=f"@{name}")
    session.meet(channel)
    return _in_full(line, session, channel.id)


def resolve_number(line: Asks, session: AccountSession, number: int) -> FoundChannel:
    """The channel that has a number, asked of Telegram.

    Raises:
        ChannelError: It cannot be seen.
        ResolveError: The account has never met it, and Telegram shows nobody a channel by its number alone.
    """
    if number not in session.channels:
        meet(line.ask, session, frozenset({number}))
    if number not in session.channels:
        raise ResolveError("resolve.never_met", found=str(number))
    return _in_full(line, session, number)


def meet(ask: Callable[[TLRequest], Received], session: AccountSession, wanted: frozenset[int]) -> None:
    """Keep what it takes to ask Telegram for the wanted channels that the account has joined.

    Nothing else of the account's chats is kept. LIMIT: of each folder, only the latest chats are listed.

    Raises:
        RequestError, UnknownConstructorError: A folder could not be read, and a wanted channel is not in the other.
        TelegramError: As ``Line.ask``.
    """
    unread: RequestError | UnknownConstructorError | None = None
    for folder in FOLDERS:
        if not wanted - session.channels.keys():
            return
        nowhere = types.InputPeerEmpty()
        asked = functions.messages.GetDialogsRequest(None, 0, nowhere, _DIALOGS, 0, folder_id=folder)
        try:
            said = ask(asked).said
        except (RequestError, UnknownConstructorError) as error:
            unread = error
            continue
        for chat in said.chats:
            if isinstance(chat, types.Channel) and chat.id in wanted and not chat.left:
                with suppress(ChannelError):  # it was shown only in part
                    session.meet(chat)
    if unread is not None and wanted - session.channels.keys():
        raise unread


class Chats:
    """An account's own list of its chats, in which it finds the channels that a person has joined with it.

    The list is read at most once an hour, for all channels that are wanted then.

    Args:
        wanted: The numbers of the channels that the account may have joined and has not met.
    """

    def __init__(
        self,
        session: AccountSession,
        save: Callable[[AccountSession], None],
        clock: Clock,
        wanted: Callable[[], frozenset[int]],
    ) -> None:
        self._session, self._save, self._clock, self._wanted = session, save, clock, wanted
        self._looked_for: frozenset[int] = frozenset()
        self._read_at: datetime | None = None
        self._pause = MEET_EVERY
        self._unread: RequestError | UnknownConstructorError | None = None

    def look_for(self, ask: Callable[[TLRequest], Received], number: int) -> None:
        """Look for a channel, unless the list was read for it a short time ago.

        Raises:
            RequestError, UnknownConstructorError: The list could not be read: nobody knows what it holds.
            TelegramError: As ``Line.ask``.
        """
        now = self._clock()
        read_at = self._read_at
        if number not in self._looked_for or read_at is None or is_due(read_at, self._pause, now):
            self._read(ask, self._wanted() | {number}, now)
        if self._unread is not None and number not in self._session.channels:
            raise self._unread

    def _read(self, ask: Callable[[TLRequest], Received], wanted: frozenset[int], now: datetime) -> None:
        self._unread, self._pause = None, MEET_EVERY
        try:
            meet(ask, self._session, wanted)
        except (RequestError, UnknownConstructorError) as error:
            self._unread, self._pause = error, UNREAD_AGAIN
        self._looked_for, self._read_at = wanted, now
        self._save(self._session)


def look_at_invitation(line: Asks, session: AccountSession, invite: str) -> Invitation:
    """What Telegram shows of an invitation, which is not followed.

    Args:
        invite: What follows ``t.me/+``.

    Raises:
        ChannelError: It has expired, or never was one.
        ResolveError: It is to a small group, which has no number of its own.
    """
    said = line.ask(functions.messages.CheckChatInviteRequest(invite)).said
    if not isinstance(said, types.ChatInviteAlready):
        chat = getattr(said, "chat", None)
        title = str(getattr(said, "title", None) or getattr(chat, "title", ""))
        members = getattr(said, "participants_count", None) or getattr(chat, "participants_count", None)
        return Invitation(title, members, None)
    if not isinstance(said.chat, types.Channel):
        raise ResolveError("resolve.a_small_group", found=type(said.chat).__name__)
    session.meet(said.chat)
    found = _in_full(line, session, said.chat.id)
    return Invitation(found.title, found.members, found)


def _in_full(line: Asks, session: AccountSession, number: int) -> FoundChannel:
    peer = types.InputChannel(number, session.channels[number])
    said = line.ask(functions.channels.GetFullChannelRequest(peer)).said
    channel: Any = next(chat for chat in said.chats if chat.id == number)
    names = [channel.username, *(each.username for each in channel.usernames or () if each.active)]
    return FoundChannel(
        channel_id=number,
        access_hash=session.channels[number],
        title=channel.title,
        kind="channel" if channel.broadcast else "group",
        usernames=tuple(dict.fromkeys(name for name in names if name)),
        members=said.full_chat.participants_count or channel.participants_count,
        created_at=channel.date if channel.left else None,
        joined_at=None if channel.left else channel.date,
        rights=_rights(channel),
    )


def _rights(channel: Any) -> str | None:  # noqa: ANN401 - an object of the schema
    if channel.creator:
        return "creator"
    return "administrator" if channel.admin_rights else None
