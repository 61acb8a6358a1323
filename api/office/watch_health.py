"""What ``doctor`` finds of the live watch; it asks the home alone, and contacts nobody.

``watch.accounts``: an account is there that can watch.  ``watch.channels``: every registered channel is seen and
read, and was looked at within a day.  ``watch.modes``: no legal basis has ended, or ends within two weeks.
``watch.probe``: of each probe, a post of the last 26 hours has arrived.  ``watch.clock``: this machine's clock agreed
with Telegram's when the watch last compared them.
"""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta

from api.home import Home
from api.office.channel import every_channel
from api.office.probe import LATE, Probe, probes
from api.office.watch_status import WELL, ChannelStatus, status
from config.errors import Fact
from evidence.finding import Finding, Verdict
from evidence.store.database import reading
from evidence.times import format_time
from monitor.errors import ChannelState
from monitor.telegram.standing import clock_ahead

ENDS_SOON = timedelta(days=14)
"""How long before the last day of a legal basis ``doctor`` warns: counsel needs time to write the next one."""
LONG_AGO_S = 86_400
"""How long a channel may go without a look, in seconds."""
_HOURS = int(LATE.total_seconds()) // 3600


def accounts(home: Home) -> Iterator[Finding]:
    """A check of ``doctor``: no account is lost, and there is one where the watch is used."""
    stands = status(home)
    if not stands.accounts:
        channels = len(stands.channels)
        if channels:
            yield Finding("watch.accounts", Verdict.PASSED, "watch.no_account", {"count": channels})
        else:
            yield Finding("watch.accounts", Verdict.PASSED, "watch.not_used")
        return
    someone = stands.can_look
    for each in stands.accounts:
        if each.state not in WELL:
            facts: dict[str, Fact] = {"account": each.name, "state": each.state.value}
            verdict = Verdict.INDETERMINATE if someone else Verdict.FAILED
            yield Finding("watch.accounts", verdict, "watch.account_lost", facts)


def channels(home: Home) -> Iterator[Finding]:
    """A check of ``doctor``: the accounts see every channel, and have looked at each not long ago."""
    stands = status(home)
    if stands.can_look:
        for each in stands.channels:
            yield from _of_channel(each)
    elif stands.accounts:
        yield from map(_unwatched, stands.channels)


def _unwatched(channel: ChannelStatus) -> Finding:
    """A channel that no account is left to look at: nobody knows what it is to Telegram."""
    facts: dict[str, Fact] = {"channel": channel.channel}
    facts["since"] = "?" if channel.looked_at is None else format_time(channel.looked_at)
    return Finding("watch.channels", Verdict.INDETERMINATE, "watch.nobody_looks", facts)


def _of_channel(channel: ChannelStatus) -> Iterator[Finding]:
    facts: dict[str, Fact] = {"channel": channel.channel}
    if channel.state in (ChannelState.PRIVATE, ChannelState.GONE):
        since = "?" if channel.since is None else format_time(channel.since)
        facts |= {"state": channel.state.value, "since": since}
        yield Finding("watch.channels", Verdict.INDETERMINATE, "watch.channel_unseen", facts)
    elif channel.refused:
        facts["system"] = channel.refused
        yield Finding("watch.channels", Verdict.INDETERMINATE, "watch.channel_refused", facts)
    elif channel.lag_s is None:
        yield Finding("watch.channels", Verdict.INDETERMINATE, "watch.never_looked_at", facts)
    elif channel.lag_s > LONG_AGO_S:
        facts["hours"] = channel.lag_s // 3600
        yield Finding("watch.channels", Verdict.INDETERMINATE, "watch.not_looked_at", facts)
    elif channel.behind:
        yield Finding("watch.channels", Verdict.PASSED, "watch.behind", facts)


def modes(home: Home) -> Iterable[Finding]:
    """A check of ``doctor``: no legal basis has ended or ends soon."""
    today = home.today()
    for channel in every_channel(home):
        if channel.expires is None:
            continue
        left = date.fromisoformat(channel.expires) - today
        facts: dict[str, Fact] = {"channel": channel.channel, "ends": channel.expires}
        if left < timedelta():
            yield Finding("watch.modes", Verdict.INDETERMINATE, "watch.mode_ended", facts)
        elif left <= ENDS_SOON:
            yield Finding("watch.modes", Verdict.INDETERMINATE, "watch.mode_ends_soon", {**facts, "days": left.days})


def clocks(home: Home) -> Iterator[Finding]:
    """A check of ``doctor``: this machine's clock is within a minute of Telegram's."""
    with reading(home.engine) as connection:
        found = clock_ahead(connection)
    if found is not None:
        ahead, at = found
        facts: dict[str, Fact] = {"seconds": abs(int(ahead.total_seconds())), "at": format_time(at)}
        if ahead > timedelta():
            yield Finding("watch.clock", Verdict.INDETERMINATE, "watch.clock_ahead", facts)
        else:
            yield Finding("watch.clock", Verdict.INDETERMINATE, "watch.clock_behind", facts)


def probed(home: Home) -> Iterable[Finding]:
    """A check of ``doctor``: of each probe, whether its newest post has arrived, whoever watches."""
    return map(_of_probe, probes(home))


def _of_probe(probe: Probe) -> Finding:
    facts: dict[str, Fact] = {"channel": probe.channel}
    if probe.posted_at is None or probe.acquired_at is None:
        return Finding("watch.probe", Verdict.FAILED, "watch.probe_silent", {**facts, "hours": _HOURS})
    facts |= {"posted_at": format_time(probe.posted_at)}
    if probe.late:
        return Finding("watch.probe", Verdict.FAILED, "watch.probe_late", {**facts, "hours": _HOURS})
    facts |= {"acquired_at": format_time(probe.acquired_at)}
    return Finding("watch.probe", Verdict.PASSED, "watch.probe_arrived", facts)
