"""What ``doctor`` finds of the live watch; it asks the home alone, and contacts nobody.

``watch.modes``: no legal basis has ended, or ends within two weeks.
"""

from collections.abc import Iterable
from datetime import date, timedelta

from api.home import Home
from api.office.channel import every_channel
from config.errors import Fact
from evidence.finding import Finding, Verdict

ENDS_SOON = timedelta(days=14)
"""How long before the last day of a legal basis ``doctor`` warns: counsel needs time to write the next one."""


def modes(home: Home) -> Iterable[Finding]:
    """The legal bases that have ended or end soon."""
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
