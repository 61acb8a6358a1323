"""How the live watch stands, for whoever asks: no program that only asks loads what talks to Telegram."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from api.home import Home
from api.office.channel import Channel, every_channel
from api.office.probe import Probe, probes
from evidence.observation import HoleReason
from evidence.spans import highest_gap
from evidence.store import database, task
from evidence.store.database import reading
from monitor.errors import AccountState, ChannelState
from monitor.telegram.session import Sessions
from monitor.telegram.standing import (
    FETCH,
    FREEZE,
    REST,
    Freeze,
    Standing,
    account_states,
    cursor,
    name_of_comments,
    read_freeze,
    standings,
)

WELL = (AccountState.OK, AccountState.FLOOD)
"""The states of an account that can watch, now or after a pause."""


@dataclass(frozen=True, slots=True)
class AccountStatus:
    """An account, and its state at Telegram.

    Attributes:
        rests_until: Until when Telegram asked for a pause.
        freeze: What the watch or ``monitor login --check`` was told about a freeze that is not over.
    """

    name: str
    state: AccountState
    rests_until: datetime | None
    freeze: Freeze | None = None


@dataclass(frozen=True, slots=True)
class ChannelStatus:
    """How one channel of the register stands.

    Attributes:
        cursor: Telegram's ``pts`` up to which everything is kept.
        expires: The last day of its legal basis, even after that day.
        behind: Whether some message numbers are left that were not looked at.
        waiting: How many of its files wait to be fetched.
        lag_s: Seconds since the last look; None before the first.
        gaps: How many holes in its message numbers are on record.
        floods: How many pauses that Telegram asked for are on record.
        refused: Why the last request about it failed, as Telegram or this program names it; empty if it did not.
    """

    channel: str
    channel_id: str | None
    mode: str
    expires: str | None
    state: ChannelState
    since: datetime | None
    looked_at: datetime | None
    cursor: int
    behind: bool
    waiting: int
    lag_s: int | None
    gaps: int
    floods: int
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Status:
    """How the watch stands.

    Attributes:
        stamped_at: The last proven time.
    """

    accounts: Sequence[AccountStatus]
    channels: Sequence[ChannelStatus]
    stamped_at: datetime | None
    probes: Sequence[Probe] = ()

    @property
    def can_look(self) -> bool:
        """Whether an account is left that can look at the channels."""
        return any(each.state in WELL for each in self.accounts)


def status(home: Home) -> Status:
    """The verb behind ``monitor status``: how the watch stands, whoever runs it."""
    with reading(home.engine) as connection:
        known = standings(connection)
        rests, fetches = task.noted(connection, REST), task.noted(connection, FETCH)
        freezes, holes = task.noted(connection, FREEZE), _holes(connection)
        cursors = {each.channel_id: cursor(connection, each.channel_id) for each in known.values() if each.channel_id}
    states = account_states(home.engine)
    names = Sessions(home.keys.path).names() if home.keys.path.is_dir() else []
    until = {name: [each.due_at for key, each in rests.items() if key.startswith(f"{name}/")] for name in names}
    accounts = [_account(name, states.get(name), until[name], freezes.get(name), home.clock()) for name in names]
    waiting = Counter(subject.partition("/")[0] for subject in fetches)
    channels = [
        _channel_status(name, channel, known.get(name, Standing()), _Counts(cursors, waiting, holes, home.clock()))
        for channel in every_channel(home)
        for name in (channel.channel, name_of_comments(channel.channel))
        if name == channel.channel or name in known
    ]
    return Status(accounts, channels, home.known_times().stamped_at, probes(home))


def _account(
    name: str, state: AccountState | None, rests: Sequence[datetime], frozen: task.Noted | None, now: datetime
) -> AccountStatus:
    until = max((each for each in rests if each > now), default=None)
    freeze = read_freeze(frozen.progress) if frozen is not None and frozen.due_at > now else None
    well = AccountState.OK if until is None else AccountState.FLOOD
    return AccountStatus(name, state or (well if freeze is None else AccountState.FROZEN), until, freeze)


def _holes(connection: sa.Connection) -> Mapping[tuple[str, str], int]:
    """How many holes are on record, by channel and reason."""
    table = database.hole.c
    counted = sa.select(table.channel_id, table.reason, sa.func.count()).group_by(table.channel_id, table.reason)
    return {(channel, reason): int(count) for channel, reason, count in connection.execute(counted)}


@dataclass(frozen=True, slots=True)
class _Counts:
    """What is counted for all channels, and the time of the look."""

    cursors: Mapping[int, int]
    waiting: Mapping[str, int]
    holes: Mapping[tuple[str, str], int]
    now: datetime


def _channel_status(name: str, channel: Channel, standing: Standing, of: _Counts) -> ChannelStatus:
    number = None if standing.channel_id is None else str(standing.channel_id)
    return ChannelStatus(
        channel=name,
        channel_id=number,
        mode=channel.mode,
        expires=channel.expires,
        state=standing.state,
        since=standing.since,
        looked_at=standing.looked_at,
        cursor=of.cursors.get(standing.channel_id or 0, 0),
        behind=highest_gap(standing.spans, standing.top) is not None or bool(standing.recheck),
        waiting=of.waiting.get(number or "", 0),
        lag_s=None if standing.looked_at is None else max(int((of.now - standing.looked_at).total_seconds()), 0),
        gaps=of.holes.get((number or "", HoleReason.GAP.value), 0),
        floods=of.holes.get((number or "", HoleReason.FLOOD.value), 0),
        refused=standing.refused,
    )
