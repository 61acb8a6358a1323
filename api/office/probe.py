"""The daily proof that the watch works: the newest post of a channel of the office's own has arrived.

Somebody posts in it once a day, in Telegram's own client; the program never posts. What arrived is asked of rows in
clear, so that it is known without a key, and while no watch runs.

    task  probe  CHANNEL   when it is told next that nothing arrived
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from api.home import Home, Writer
from api.office.channel import Channel, every_channel
from evidence.observation import Kind
from evidence.store import database, task
from evidence.store.database import reading
from evidence.times import MAX_SKEW, parse_time
from monitor.telegram.standing import Standing, standings

LATE = timedelta(hours=26)
"""How old the newest post may be: one is posted each day, and may come two hours later than the day before."""
TELL_EVERY = timedelta(days=1)
PROBE = "probe"


@dataclass(frozen=True, slots=True)
class Probe:
    """A channel of the office's own, and the newest of its posts that the watch has kept.

    Attributes:
        posted_at: By Telegram's clock; None where none has arrived.
        acquired_at: When it arrived.
        age_s: How old it is, in seconds; None where none has arrived.
        late: Whether it is too old, or none has arrived.
    """

    channel: str
    channel_id: str | None
    posted_at: datetime | None
    acquired_at: datetime | None
    age_s: int | None
    late: bool


def probes(home: Home) -> list[Probe]:
    """Every probe of the register by name, for ``doctor`` and ``monitor status``."""
    registered = [channel for channel in every_channel(home) if channel.is_probe]
    with reading(home.engine) as connection:
        known = standings(connection) if registered else {}
        return [_probe(connection, each, known.get(each.channel, Standing()), home.clock()) for each in registered]


def _probe(connection: sa.Connection, channel: Channel, standing: Standing, now: datetime) -> Probe:
    newest = _newest(connection, standing)
    if newest is None:
        return Probe(channel.channel, channel.channel_id, None, None, None, late=True)
    age = now - newest[0]
    late = age > LATE or age < -MAX_SKEW  # a clock that was set back proves nothing
    return Probe(channel.channel, channel.channel_id, *newest, int(age.total_seconds()), late=late)


def _newest(connection: sa.Connection, standing: Standing) -> tuple[datetime, datetime] | None:
    """When the newest post was posted and arrived, of those whose numbers the watch itself has looked at."""
    item = database.item.c
    mine = sa.and_(item.channel_id == str(standing.channel_id), item.kind == Kind.MESSAGE.value)
    asked = sa.select(item.message_id, item.posted_at, item.acquired_at).where(mine, item.posted_at.is_not(None))
    for row in connection.execute(asked.order_by(item.posted_at.desc())):
        if any(lo <= row.message_id <= hi for lo, hi in standing.spans):  # and not brought by an import
            return parse_time(row.posted_at), parse_time(row.acquired_at)
    return None


def late_to_tell(home: Home, writer: Writer) -> Sequence[Probe]:
    """The late probes that the office was not told of within a day; noted as told now."""
    now, every = home.clock(), probes(home)
    late = {each.channel: each for each in every if each.late}
    with reading(home.engine) as connection:
        told = task.noted(connection, PROBE)
    due = [each for name, each in late.items() if name not in told or told[name].due_at <= now]
    well = told.keys() - late.keys()
    if due or well:
        with writer.sequencer.take() as connection:
            for name in well:
                task.forget_work(connection, kind=PROBE, subject=name)
            for each in due:
                task.note_work(connection, kind=PROBE, subject=each.channel, due_at=now + TELL_EVERY)
    return due
