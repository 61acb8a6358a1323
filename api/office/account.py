"""Checks what an account of the office may see, channel by channel; it reads, and changes nothing at Telegram."""

from collections.abc import Sequence
from dataclasses import dataclass

from api.home import Home
from api.office.channel import Channel, every_channel
from api.office.lookup import on_line
from evidence.store import task
from evidence.store.database import reading
from monitor.errors import AccountError, AccountState, ChannelError, ChannelState, FloodError, ResolveError
from monitor.telegram.account import look_at_account
from monitor.telegram.lent import Asks
from monitor.telegram.resolve import FoundChannel, resolve_name, resolve_number
from monitor.telegram.session import AccountSession
from monitor.telegram.standing import ACCOUNT, FREEZE, Freeze, Standing, standings


@dataclass(frozen=True, slots=True)
class SeenChannel:
    """What a registered channel is to the account.

    Attributes:
        joined: Whether the account has joined it, so that its news are pushed; None where it is not seen.
    """

    channel: str
    state: ChannelState
    joined: bool | None


@dataclass(frozen=True, slots=True)
class CheckedAccount:
    """What an account is, and what it may see.

    Attributes:
        channels: Empty where the account itself is not well.
    """

    name: str
    state: AccountState
    freeze: Freeze | None
    channels: Sequence[SeenChannel]

    @property
    def is_well(self) -> bool:
        """Whether it is well, and sees every registered channel."""
        return self.state is AccountState.OK and all(each.state is ChannelState.OK for each in self.channels)


def check_account(home: Home, name: str) -> CheckedAccount:
    """The verb behind ``monitor login --check``: ask Telegram what an account is and may see.

    Since when and until when the account is frozen is kept.

    Raises:
        AccountError: There is no such account, or another process uses it.
        FloodError: Telegram asked for a pause that is not over.
        UnreachableError: Telegram was not reached.
    """
    with reading(home.engine) as connection:
        known = standings(connection)
    with on_line(home, name) as (line, session):
        state, freeze = look_at_account(line)
        well = state is AccountState.OK
        channels = list(every_channel(home)) if well else []
        seen = [_seen(line, session, each, known.get(each.channel, Standing())) for each in channels]
    _keep(home, name, state, freeze)
    return CheckedAccount(name, state, freeze, seen)


def _seen(line: Asks, session: AccountSession, channel: Channel, standing: Standing) -> SeenChannel:
    try:
        found = _found(line, session, channel, standing)
    except ChannelError as error:
        return SeenChannel(channel.channel, error.state, None)
    except ResolveError as error:
        state = ChannelState.PRIVATE if error.code == "resolve.never_met" else ChannelState.GONE
        return SeenChannel(channel.channel, state, None)
    except FloodError:
        return SeenChannel(channel.channel, ChannelState.FLOOD, None)
    except AccountError as error:
        if error.code != "account.in_use":
            raise
        return SeenChannel(channel.channel, standing.state, None)  # the running watch alone reads the list of chats
    return SeenChannel(channel.channel, ChannelState.OK, found.joined_at is not None)


def _found(line: Asks, session: AccountSession, channel: Channel, standing: Standing) -> FoundChannel:
    number = standing.channel_id or int(channel.channel_id or 0)
    if number in session.channels or channel.channel.isdecimal():
        return resolve_number(line, session, number or int(channel.channel))
    found = resolve_name(line, session, channel.channel)
    if number and found.channel_id != number:
        raise ChannelError.unseen(ChannelState.GONE, "USERNAME_TAKEN_OVER")
    return found


def _keep(home: Home, name: str, state: AccountState, freeze: Freeze | None) -> None:
    """Keep what was told of a freeze; an account that is well again may watch again."""
    with home.writing() as writer, writer.sequencer.take() as connection:
        if freeze is None:
            task.forget_work(connection, kind=FREEZE, subject=name)
        else:
            task.note_work(connection, kind=FREEZE, subject=name, due_at=freeze.until, progress=freeze.text())
        if state is AccountState.OK:
            task.forget_work(connection, kind=ACCOUNT, subject=name)
