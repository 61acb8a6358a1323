"""Looks a channel up with an account of the office, before it is registered; only reads, and joins nothing."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import TypeVar

from api.home import Home
from api.office.channel import is_registered_as_public
from api.office.watch import network_of, per_minute_of
from config.errors import Explained, SettingsError
from config.watchlist import Joined, WatchEntry, invite_of, named_channel, probe_entry
from evidence.store.database import reading
from evidence.times import format_time
from monitor.errors import (
    AccountError,
    AccountState,
    ChannelError,
    ChannelState,
    FloodError,
    ResolveError,
    UnreachableError,
)
from monitor.telegram.lent import Asks, LentLine, is_lent
from monitor.telegram.line import Line, Network
from monitor.telegram.pace import Pace
from monitor.telegram.resolve import FoundChannel, Invitation, look_at_invitation, resolve_name, resolve_number
from monitor.telegram.session import AccountSession, Sessions
from monitor.telegram.standing import account_states

T = TypeVar("T")

_FOR_ALL = frozenset(
    {
        "resolve.no_such_name",
        "resolve.a_person",
        "resolve.a_bot",
        "resolve.a_small_group",
        "resolve.invitation_over",
    }
)
"""What one account is told holds for every other."""


@dataclass(frozen=True, slots=True)
class Membership:
    """A named person who joined a group by hand, and the written task on which that was done."""

    by: str | None
    task: str | None


@dataclass(frozen=True, slots=True)
class LookedUp:
    """What was found out about a channel.

    Attributes:
        found: None if nothing was looked up.
        why_not: Why nothing was looked up.
    """

    found: FoundChannel | None
    why_not: Explained | None = None


@contextmanager
def on_line(home: Home, name: str) -> Iterator[tuple[Asks, AccountSession]]:
    """One account of the office, ready to ask Telegram for a verb; what it learns is kept, and so is its pace.

    If a running watch has the account, the watch asks.

    Raises:
        AccountError: There is no such account, or a process that is not a watch uses it.
        FloodError: Telegram asked for a pause that is not over.
    """
    network, sessions = network_of(home), Sessions(home.keys.path)
    if name not in sessions.names():
        raise AccountError("account.not_logged_in", found=name)
    with ExitStack() as stack:
        try:
            stack.enter_context(sessions.locked(name))
        except AccountError as error:
            if error.code != "account.in_use" or not is_lent(home.engine, name):
                raise
            turn = stack.enter_context(home.writing()).sequencer.take
            yield LentLine(home.engine, turn, sessions, name, home.clock), sessions.read(name)
            return
        yield stack.enter_context(_own_line(home, name, network, sessions))


@contextmanager
def _own_line(home: Home, name: str, network: Network, sessions: Sessions) -> Iterator[tuple[Line, AccountSession]]:
    """A line of this process's own, with an account that no other process has."""
    session = sessions.read(name)
    with reading(home.engine) as connection:
        pace = Pace.read(connection, name, home.clock, per_minute_of(home, network))
    if rest := pace.longest_rest():
        raise FloodError.of(*rest)
    with Line(network, session, sessions.save, home.clock, pace) as line:
        try:
            yield line, session
        finally:
            sessions.save(session)
            with home.writing() as writer, writer.sequencer.take() as connection:
                pace.write(connection)


def well_accounts(home: Home) -> list[str]:
    """The office's accounts that are logged in and not lost, if it has an application to ask with."""
    if not home.keys.path.is_dir() or not home.settings.telegram.api_id:
        return []
    states = account_states(home.engine)
    names = Sessions(home.keys.path).names()
    return [name for name in names if states.get(name, AccountState.OK) is AccountState.OK]


def look_up(
    home: Home, channel: str, entry_of: Callable[[str], WatchEntry], member: Membership
) -> tuple[WatchEntry, LookedUp]:
    """What ``watch add`` looks up first: a channel's entry, with what Telegram shows if an account can ask.

    Args:
        channel: As a person names it: a name, a number or an invitation.
        entry_of: Makes the entry of a channel from its name or number.

    Raises:
        ChannelError: The channel cannot be seen.
        ResolveError: Nobody has this name; it is a person or a bot, a number that the account has never met, an
            invitation that is over or to a group that nobody has joined, a number that no account could look at now,
            or a group without a public name and nothing says who joined it and under what task.
        AccountError: It is an invitation, and there is no account to ask with.
        SettingsError: Of access by invitation, who joined, and under what task, only a part was given; or it is an
            invitation, accounts are logged in, and the office's own api_id is missing.
    """
    if invite := invite_of(channel):
        found = _behind(_ask_first(home, lambda line, session: _look_at(line, session, invite)), member)
        entry = entry_of(str(found.channel_id))
        if entry.access != "invite":
            raise ResolveError("resolve.nobody_named", title=found.title, members=_count(found.members))
        return _entry(entry, LookedUp(found), member)
    entry = entry_of(channel)
    if len({bool(member.by), bool(member.task), entry.access == "invite"}) > 1:
        raise SettingsError("settings.joined_in_part")
    try:
        found = _ask_first(home, lambda line, session: _resolve(line, session, entry))
    except (AccountError, FloodError, SettingsError, UnreachableError) as error:
        # a user name is itself public; a number may belong to a closed group
        asked = entry.number is not None and entry.access != "invite" and error.code != "account.none_logged_in"
        if asked and not is_registered_as_public(home, entry):
            raise ResolveError("resolve.number_not_seen", found=str(entry.number), cause=error) from error
        return _entry(entry, LookedUp(None, error), member)
    if not found.usernames and entry.access != "invite":
        raise ResolveError("resolve.nobody_named", title=found.title, members=_count(found.members))
    return _entry(entry, LookedUp(found), member)


def look_up_probe(home: Home, channel: str) -> tuple[WatchEntry, LookedUp]:
    """What ``watch add --probe`` looks up first: that an account of the office runs the channel, as Telegram shows.

    Raises:
        ChannelError: As for ``look_up``.
        ResolveError: As for ``look_up``; or no account of the office runs it, or it is a group, in which others post.
        AccountError, FloodError, UnreachableError: No account could ask.
        SettingsError: It is not a user name, a number or an invitation; or accounts are logged in, and the office's
            own api_id is missing.
    """
    name = None if invite_of(channel) else named_channel(channel)
    found = _ask_first(home, lambda line, session: _own(line, session, channel, name))
    entry = probe_entry(
        channel=name or str(found.channel_id),
        channel_id=str(found.channel_id),
        access="public" if found.usernames else "invite",
        rights=str(found.rights),
    )
    return entry, LookedUp(found)


def _own(line: Asks, session: AccountSession, channel: str, name: str | None) -> FoundChannel:
    """A channel that this account runs.

    Args:
        name: Its name or number; None if ``channel`` is an invitation.
    """
    if name is None:
        shown = _look_at(line, session, str(invite_of(channel)))
        if shown.leads_to is None:
            raise ResolveError("resolve.not_ours", found=shown.title)
        found = shown.leads_to
    elif name.lstrip("-").isdecimal():
        found = resolve_number(line, session, int(name.lstrip("-")))
    else:
        found = resolve_name(line, session, name)
    if found.rights != "creator":  # if the account is only an administrator, others may post there
        raise ResolveError("resolve.not_ours", found=found.title)
    if found.kind != "channel":
        raise ResolveError("resolve.probe_is_a_group", found=found.title)
    return found


def _look_at(line: Asks, session: AccountSession, invite: str) -> Invitation:
    """What an invitation shows; it is not followed.

    Raises:
        ResolveError: It leads nowhere, or to a small group.
    """
    try:
        return look_at_invitation(line, session, invite)
    except ChannelError as error:
        if error.state is not ChannelState.GONE:
            raise
        raise ResolveError("resolve.invitation_over") from error


def _behind(shown: Invitation, member: Membership) -> FoundChannel:
    if shown.leads_to is None:
        raise ResolveError("resolve.not_a_member", title=shown.title, members=_count(shown.members))
    if not member.by or not member.task:
        raise ResolveError("resolve.nobody_named", title=shown.title, members=_count(shown.members))
    return shown.leads_to


def _resolve(line: Asks, session: AccountSession, entry: WatchEntry) -> FoundChannel:
    if entry.number is not None:
        return resolve_number(line, session, int(entry.number))
    return resolve_name(line, session, entry.channel)


def _entry(entry: WatchEntry, looked_up: LookedUp, member: Membership) -> tuple[WatchEntry, LookedUp]:
    found = looked_up.found
    joined = None
    if entry.access == "invite" and member.by and member.task:
        at = None if found is None or found.joined_at is None else format_time(found.joined_at)
        joined = Joined(member.by, at, member.task)
    number = None if found is None else str(found.channel_id)
    return replace(entry, channel_id=number, joined=joined), looked_up


def _count(members: int | None) -> str:
    return "?" if members is None else str(members)


def _require_application(home: Home) -> None:
    """Accounts that are logged in need the office's own application to ask with.

    Raises:
        SettingsError: They lack it.
    """
    if not home.settings.telegram.api_id and home.keys.path.is_dir() and Sessions(home.keys.path).names():
        network_of(home)


def _ask_first(home: Home, ask: Callable[[Asks, AccountSession], T]) -> T:
    """Ask one usable account after the other, until one sees what is asked for.

    Raises:
        AccountError, FloodError: An account that could not ask might have seen it.
        ChannelError, ResolveError: Each account that is left was refused; raises what the first one raised.
        SettingsError: Accounts are logged in, and the office's own api_id is missing.
    """
    _require_application(home)
    busy: Explained | None = None
    refused: Explained | None = None
    unseen: T | None = None
    for name in well_accounts(home):
        try:
            with on_line(home, name) as (line, session):
                answer = ask(line, session)
        except (AccountError, FloodError) as failed:
            busy = busy or failed
        except (ChannelError, ResolveError) as failed:
            if failed.code in _FOR_ALL:
                raise
            refused = refused or failed
        else:
            if not isinstance(answer, Invitation) or answer.leads_to is not None:
                return answer
            unseen = unseen or answer
    if unseen is not None and busy is None:
        return unseen
    raise busy or refused or AccountError("account.none_logged_in")
