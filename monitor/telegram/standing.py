"""How each watched channel stands, and what is still to be fetched: kept beside the log, like all work.

    follower  telegram/CHANNEL_ID            the cursor: Telegram's ``pts`` of the channel
    task      watch   NAME                   how the channel stands (JSON of ``Standing``)
              fetch   CHANNEL_ID/ID/POSITION/MARK
                                             a file that a logged message named and that is not kept yet, with
                                             the register's name for its channel
              rest    ACCOUNT/METHOD         until when Telegram asked not to be asked
              counted CHANNEL_ID/BLOCK       the counters of 100 messages as they were last read (``counters``)
              thread  GROUP_ID/POST          the comments that were last seen on a post (``comments``)
              account NAME                   the account's state at Telegram
              freeze  NAME                   since when and until when it is frozen, and where to appeal
              clock   telegram               by how many seconds our clock is ahead of Telegram's, if that is too much

Rows hold numbers, times and states. They are written in the transaction of the events that they follow, so a
watch that was killed continues where it was; what it asks for twice is already known.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa

from config.watchlist import WatchEntry
from evidence.intake.sight import Provenance
from evidence.observation import HoleReason, Kind, Mode, Observation
from evidence.spans import Spans, read_spans
from evidence.store import database, task
from evidence.store.database import reading
from evidence.store.follow import position_of
from evidence.store.freeze import no_hole_of_frozen, not_frozen
from evidence.store.marks import SeenKey
from evidence.store.projection import Placed
from evidence.times import format_time, parse_time
from monitor.errors import AccountState, ChannelState

WATCH = "watch"
FETCH = "fetch"
REST = "rest"
ACCOUNT = "account"
CLOCK = "clock"
FREEZE = "freeze"
MARK_BYTES = 8
_TELEGRAM = "telegram"
_SAID = (Kind.MESSAGE.value, Kind.EDIT.value, Kind.SERVICE.value)
_TIMES = ("since", "looked_at", "snapshot_at", "round_at", "counted_at", "aged_at")


@dataclass(frozen=True, slots=True)
class Watched:
    """A channel of the register, and how it is kept."""

    entry: WatchEntry
    provenance: Provenance


class RegisterChangedError(Exception):
    """The register no longer says about a channel what work was begun on; the work is begun again.

    Attributes:
        taken_off: The channel is not on the register.
    """

    def __init__(self, *, taken_off: bool) -> None:
        super().__init__()
        self.taken_off = taken_off


Require = Callable[[sa.Connection, Watched], None]
"""Checks that the register still says this about a channel; raises RegisterChangedError."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a channel stands.

    Attributes:
        channel_id: Its number; None before it was found.
        state: What it is to the account.
        since: Since when it has not been ``ok``.
        looked_at: When it was last seen.
        top: The highest message number that was known to exist when the cursor was moved.
        spans: The message numbers that were looked at.
        recheck: Known messages below this number are still to be asked for again; 0 for none.
        mode: How much of it was kept at the last look.
        read_back: Messages below this number whose files a lower mode left are still to be asked for again; 0 for none.
        snapshot_at: When title, names and administrators were last asked for.
        pushed: Whether Telegram pushes news of it, because somebody joined it by hand.
        linked: For a channel, the number of the group in which its posts are commented on.
        counted_at: When the counters of its newest messages were last read.
        aged_at: When the counters of messages of a day's age were last read.
        refused: Why the last request failed, in Telegram's word for it or in our code; empty if it did not, or
            ``state`` or a pause says it.
        round_at: For comments whose group is hidden, when they were last asked for through the posts.
    """

    channel_id: int | None = None
    state: ChannelState = ChannelState.OK
    since: datetime | None = None
    looked_at: datetime | None = None
    top: int = 0
    spans: Spans = ()
    recheck: int = 0
    mode: Mode | None = None
    read_back: int = 0
    snapshot_at: datetime | None = None
    pushed: bool = False
    linked: int | None = None
    round_at: datetime | None = None
    counted_at: datetime | None = None
    aged_at: datetime | None = None
    refused: str = ""

    def text(self) -> str:
        """The form in which the database keeps it."""
        said = asdict(self) | {"state": self.state.value}
        times = {name: _time(said[name]) for name in _TIMES}
        return json.dumps(said | times)


def read_standing(text: str) -> Standing:
    """How a watched channel stands, from the form in which the database keeps it."""
    said = json.loads(text) if text else {}
    times = {name: parse_time(said[name]) for name in _TIMES if said.get(name)}
    return Standing(
        channel_id=said.get("channel_id"),
        state=ChannelState(said.get("state", ChannelState.OK)),
        top=said.get("top", 0),
        spans=read_spans(said.get("spans", ())),
        recheck=said.get("recheck", 0),
        mode=Mode(said["mode"]) if said.get("mode") else None,
        read_back=said.get("read_back", 0),
        pushed=said.get("pushed", False),
        linked=said.get("linked"),
        refused=said.get("refused", ""),
        **times,
    )


@dataclass(frozen=True, slots=True)
class WaitingFile:
    """Where a waiting file belongs.

    Attributes:
        position: Among the files of its message, from 0.
        mark: Made with a key; tells apart two files that had the same place, one after the other.
        entry: What the register calls its channel, or the channel on whose posts its message comments.
    """

    channel_id: int
    message_id: int
    position: int
    mark: str
    entry: str = field(compare=False)

    @property
    def subject(self) -> str:
        """Its name in the database."""
        return f"{self.channel_id}/{self.message_id}/{self.position}/{self.mark}"

    def note(self, connection: sa.Connection, noticed_at: datetime) -> None:
        """Note that a file waits here, in the transaction of the message that names it."""
        task.note_work(connection, kind=FETCH, subject=self.subject, due_at=noticed_at, progress=self.entry)

    def waits(self, connection: sa.Connection) -> bool:
        """Whether it is noted that a file waits here."""
        return task.is_noted(connection, kind=FETCH, subject=self.subject)

    def forget(self, connection: sa.Connection, _placed: Sequence[Placed] = ()) -> None:
        """Note that nothing waits here any longer, in the transaction of the event that says why."""
        task.forget_work(connection, kind=FETCH, subject=self.subject)


def file_place(observation: Observation, channel_id: int, entry: str, seen: SeenKey) -> WaitingFile:
    """The place of an observation's file among those that wait for the watch to fetch them."""
    position = int(str(observation.fields.get("position") or 0))
    identity = observation.medium.identity if observation.medium else ""
    number = observation.message_id or 0
    mark = seen.mark("waiting", str(channel_id), str(number), str(position), identity)
    return WaitingFile(channel_id, number, position, mark[:MARK_BYTES].hex(), entry)


def places_waiting(connection: sa.Connection) -> list[WaitingFile]:
    """Where files wait for the watch to fetch them, the oldest messages of each channel first."""
    places = []
    for subject, noted in task.noted(connection, FETCH).items():
        channel_id, number, position, mark = subject.split("/")
        places.append(WaitingFile(int(channel_id), int(number), int(position), mark, noted.progress))
    return sorted(places, key=lambda each: (each.channel_id, each.message_id, each.position))


def standings(connection: sa.Connection) -> dict[str, Standing]:
    """How each channel stands that the watch ever looked at, by its name in the register."""
    return {name: read_standing(noted.progress) for name, noted in task.noted(connection, WATCH).items()}


def write_standing(connection: sa.Connection, channel: str, standing: Standing, due_at: datetime) -> None:
    """Keep how a watched channel stands."""
    task.note_work(connection, kind=WATCH, subject=channel, due_at=due_at, progress=standing.text())


def note_clock(connection: sa.Connection, now: datetime, ahead: timedelta | None) -> None:
    """Keep how far our clock is ahead of Telegram's; None if they agree."""
    if ahead is None:
        task.forget_work(connection, kind=CLOCK, subject=_TELEGRAM)
    else:
        seconds = str(int(ahead.total_seconds()))
        task.note_work(connection, kind=CLOCK, subject=_TELEGRAM, due_at=now, progress=seconds)


def clock_ahead(connection: sa.Connection) -> tuple[timedelta, datetime] | None:
    """How far our clock was ahead of Telegram's, and when; None if they agreed when the watch last compared them."""
    noted = task.noted(connection, CLOCK).get(_TELEGRAM)
    return None if noted is None else (timedelta(seconds=int(noted.progress)), noted.due_at)


def cursor(connection: sa.Connection, channel_id: int) -> int:
    """The watch's place in a channel: its ``pts`` up to which everything is kept; 0 before the first look."""
    return position_of(connection, _follower(channel_id))


def move_cursor(connection: sa.Connection, channel_id: int, pts: int) -> None:
    """Move the watch's place in a channel: everything up to this ``pts`` is kept."""
    table, name = database.follower, _follower(channel_id)
    connection.execute(sa.delete(table).where(table.c.name == name))
    connection.execute(sa.insert(table), {"name": name, "position": pts})


def known_below(connection: sa.Connection, channel_id: int, below: int, limit: int) -> list[int]:
    """The highest numbers under ``below`` for the watch to ask about again, descending.

    They are kept, not known to be gone, and not frozen.
    """
    item = database.item.c
    mine = item.channel_id == str(channel_id)
    gone = sa.select(item.message_id).where(mine, item.kind == Kind.DELETION.value)
    wanted = sa.select(item.message_id).where(mine, item.message_id < below, item.kind.in_(_SAID), not_frozen())
    wanted = wanted.where(item.message_id.not_in(gone)).distinct().order_by(item.message_id.desc()).limit(limit)
    return list(connection.execute(wanted).scalars())


def left_below(connection: sa.Connection, channel_id: int, below: int, mode: Mode, limit: int) -> list[int]:
    """The highest numbers under ``below`` to fetch again, descending: of messages whose file a lower mode left.

    It left the file, or its bytes.

    What of them was left is asked of each message (``evidence.store.upgrade``); messages that are known to be gone, or
    frozen, are left out.
    """
    item, hole, ranks, of = database.item.c, database.hole.c, list(Mode), str(channel_id)
    lower = [each.value for each in ranks[: ranks.index(mode)]]
    if not lower:
        return []
    gone = sa.select(item.message_id).where(item.channel_id == of, item.kind == Kind.DELETION.value)
    files = sa.select(item.message_id.label("number")).where(
        item.channel_id == of, item.kind == Kind.FILE.value, item.mode.in_(lower), not_frozen()
    )
    parts = sa.select(hole.lo).where(
        hole.channel_id == of, hole.reason == HoleReason.MODE.value, hole.part.is_not(None), no_hole_of_frozen()
    )
    number = sa.union(files, parts).subquery().c.number
    wanted = sa.select(number).where(number < below, number.not_in(gone))
    return list(connection.execute(wanted.order_by(number.desc()).limit(limit)).scalars())


def _follower(channel_id: int) -> str:
    return f"telegram/{channel_id}"


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else format_time(moment)


@dataclass(frozen=True, slots=True)
class Freeze:
    """How long an account is frozen.

    Attributes:
        appeal_url: Where its owner can appeal; empty where Telegram says nothing.
    """

    since: datetime
    until: datetime
    appeal_url: str

    def text(self) -> str:
        """The form in which the database keeps it."""
        said = {"since": format_time(self.since), "until": format_time(self.until), "appeal_url": self.appeal_url}
        return json.dumps(said)


def read_freeze(text: str) -> Freeze:
    """An account's freeze by Telegram, from the form in which the watch keeps it."""
    said = json.loads(text)
    return Freeze(parse_time(said["since"]), parse_time(said["until"]), said["appeal_url"])


def account_states(engine: sa.Engine) -> Mapping[str, AccountState]:
    """The state of each account at Telegram, by name, as the watch noted it, if it noted any."""
    with reading(engine) as connection:
        noted = task.noted(connection, ACCOUNT)
    return {name: AccountState(each.progress) for name, each in noted.items()}


def name_of_comments(channel: str) -> str:
    """The name under which the watch follows the comments on a channel's posts."""
    return f"{channel}/comments"
