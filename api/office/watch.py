"""The live watch: logs accounts in, runs, and says how it stands."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path

import sqlalchemy as sa

from api.home import Home, Writer
from api.office.channel import Channel, Lowered, every_channel, lower_ended_modes
from api.office.intake import opened_intake
from api.office.probe import Probe, late_to_tell, probes
from api.office.unconfirmed import ask_to_keep, require_waiting
from config import oplog
from config.errors import Explained, SettingsError
from config.link import MessageLink
from config.watchlist import UnregisteredChannel, WatchEntry
from evidence.authority import Doer
from evidence.canonical import text_value
from evidence.custody.event import Draft
from evidence.errors import HomeBusyError
from evidence.fingerprint.decoder import Decoder
from evidence.intake.keep import Intake
from evidence.intake.sight import Provenance
from evidence.log.leaf import parse_leaf
from evidence.observation import Mode
from evidence.store import database, task
from evidence.store.database import reading
from evidence.times import format_time
from monitor.telegram.capture import CaptureAnswer
from monitor.telegram.follow import Following
from monitor.telegram.line import TELEGRAM, DataCentre, Line, Network
from monitor.telegram.login import Asking
from monitor.telegram.login import log_in as sign_in
from monitor.telegram.pace import Pace
from monitor.telegram.session import AccountSession, Sessions
from monitor.telegram.standing import (
    ACCOUNT,
    RegisterChangedError,
    Watched,
)
from monitor.telegram.watch import Loss, Office, Rhythm, Watch

METHOD = "telegram"
STOP_S = 5.0
"""How long the program may still wait for its turn, for a stamp and for a picture, once it is told to stop."""
PER_MINUTE = 60
"""How often one method of Telegram's own servers is asked, unless the settings say otherwise."""


@dataclass(frozen=True, slots=True)
class Ran:
    """What a run kept.

    Attributes:
        media: How many files, by the number of the channel.
        unstamped: Why no time stamp could be had yet.
        ended_by: Why it ended early.
        lowered: The channels of which less is kept because their legal basis ended.
        late: The probes from which no new post had arrived by the end.
    """

    followings: Sequence[Following]
    media: Mapping[int, int]
    unstamped: Explained | None
    ended_by: Explained | None = None
    lowered: Sequence[Lowered] = ()
    late: Sequence[Probe] = ()


def _nothing(*_about: object) -> None:
    """Nobody listens."""


@dataclass(frozen=True, slots=True)
class Listener:
    """What is called while a watch runs.

    Attributes:
        step: Called after each step with the channel that it was about.
        lowered: Called with each channel of which less is kept from now on.
        late: Called once a day with each probe from which no new post arrives.
        waits: Called with the reason why the watch cannot go on now, each time before it tries again.
        clock: Called with how far this machine's clock is ahead of Telegram's, once that is more than a minute.
        refused: Called with a channel and why it could not be read this time, each time.
    """

    step: Callable[[Following], object] = _nothing
    lowered: Callable[[Lowered], object] = _nothing
    late: Callable[[Probe], object] = _nothing
    waits: Callable[[Explained], object] = _nothing
    clock: Callable[[timedelta], object] = _nothing
    refused: Callable[[str, Explained], object] = _nothing


def network_of(home: Home) -> Network:
    """How the office's watch reaches Telegram, as the settings say.

    Raises:
        SettingsError: The office's own api_id is missing, or a server's key cannot be read.
    """
    settings = home.settings.telegram
    where = str(home.path / "nisisama.toml")
    if not settings.api_id or not settings.api_hash:
        raise SettingsError("settings.no_api_id", where=where)
    servers = {each.dc: DataCentre(each.host, each.port, _key(Path(each.public_key_file))) for each in settings.servers}
    return Network(settings.api_id, settings.api_hash, servers or TELEGRAM, proxy=_proxy(settings.proxy, where))


def per_minute_of(home: Home, network: Network) -> int | None:
    """How often the office may ask one method; None for as often as Telegram lets us."""
    return home.settings.telegram.requests_per_minute or (PER_MINUTE if network.servers is TELEGRAM else None)


def _key(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise SettingsError("settings.no_server_key", where=str(file), system=error.strerror or "") from error


def _proxy(text: str, where: str) -> tuple[str, int] | None:
    if not text:
        return None
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal():
        raise SettingsError("settings.not_a_proxy", where=where)
    return host, int(port)


def log_in(
    home: Home,
    name: str,
    phone: str,
    asking: Asking,
    network: Network | None = None,
    sessions: Sessions | None = None,
) -> int:
    """The verb behind ``monitor login``: log an account in, keep its session by the keys, return its user number.

    Args:
        network: A Telegram other than the one that the settings name.
        sessions: Where the session is kept instead.

    Raises:
        AccountError: Number, code or password is wrong, or another process uses the account.
    """
    home.require_keys()
    network, sessions = network or network_of(home), sessions or Sessions(home.keys.path)
    pace = Pace(name, home.clock)
    session = AccountSession(name, min(network.servers, key=_nearest))
    with sessions.locked(name), Line(network, session, sessions.save, home.clock, pace) as line:
        user_id = sign_in(line, network, phone, asking)
    with home.writing() as writer, writer.sequencer.take() as connection:
        task.forget_work(connection, kind=ACCOUNT, subject=name)  # whatever it was before, it is usable now
    return user_id


def _nearest(dc: int) -> int:
    return abs(dc - 2)  # a new account is first asked for at data centre 2, as Telegram's clients do


class Running:
    """A watch on an opened home, from ``opened``."""

    def __init__(
        self, writer: Writer, watch: Watch, lowered: Sequence[Lowered], tell_late: Callable[[], object]
    ) -> None:
        self._writer = writer
        self._lowered = lowered
        self._tell_late = tell_late
        self.watch = watch

    def stop(self) -> None:
        """End in good order within ten seconds, whatever the watch is waiting for; from any thread."""
        self._writer.sequencer.patience.end_within(STOP_S)
        self.watch.stop()

    def once(self) -> Ran:
        """Catch up once, then sign and stamp, even if the watch ended early."""
        ended: Explained | None = None
        try:
            self.watch.once()
        except Explained as error:
            ended = error
        return self._ran(ended)

    def run(self) -> Ran:
        """Watch until it is stopped."""
        ended: Explained | None = None
        try:
            self.watch.run()
        except Explained as error:
            ended = error
        return self._ran(ended)

    def capture(self, link: MessageLink) -> tuple[CaptureAnswer, Explained | None]:
        """Look at one message now, then sign and stamp; also return why no time stamp could be had yet.

        Raises:
            AccountError, UnreachableError: It could not be asked for.
        """
        try:
            found = self.watch.capture(link)
        finally:
            unstamped = self._writer.beat(now=True)
        return found, unstamped

    def _ran(self, ended: Explained | None) -> Ran:
        unstamped = self._writer.beat(now=True)
        self._tell_late()
        late = [each for each in probes(self._writer.home) if each.late]
        return Ran(list(self.watch.followings.values()), self.watch.media, unstamped, ended, self._lowered, late)


@contextmanager
def opened(
    home: Home,
    doer: Doer,
    listener: Listener | None = None,
    *,
    network: Network | None = None,
    sessions: Sessions | None = None,
    only: str | None = None,
) -> Iterator[Running]:
    """The verb behind ``monitor run``, and ``serve``: the watch of a home, ready to run.

    Args:
        network: A Telegram other than the one that the settings name.
        sessions: Accounts other than those that are logged in here.
        only: The one channel of the register to watch, named as it is there.
    """
    network, settings = network or network_of(home), home.settings.telegram
    sessions, hears = sessions or Sessions(home.keys.path), listener or Listener()
    lowered: list[Lowered] = []

    def register() -> list[Watched]:
        for each in lower_ended_modes(writer, doer, today=home.today()):
            oplog.note("mode_lowered", count=len(lowered) + 1)
            lowered.append(each)
            hears.lowered(each)
        watched = _register(home, doer)
        return [each for each in watched if only is None or each.entry.channel == only]

    def say_late() -> None:
        with suppress(HomeBusyError):  # another program keeps the home busy: the next beat says it
            for each in late_to_tell(home, writer):
                oplog.note("probe_late", code="watch.probe_silent" if each.age_s is None else "watch.probe_late")
                hears.late(each)

    def beat() -> None:
        writer.beat()
        say_late()

    with home.writing() as writer:
        office = Office(
            engine=home.engine,
            sequencer=writer.sequencer,
            clock=home.clock,
            intake=lambda: _intake(writer),
            register=register,
            registered=lambda: frozenset(each.channel for each in every_channel(home)),
            require=partial(_require_registered, home),
            allow=lambda asked_by, name, number: ask_to_keep(writer, asked_by or doer, name, number),
            own=Provenance(doer, doer.actor, METHOD, Mode.METADATA_ONLY),
            seen=home.keys.seen_key(),
            beat=beat,
            clock_off=hears.clock,
            refused=hears.refused,
            lost=lambda loss, also: writer.sequencer.append([_lost(doer, loss, home.clock())], also),
        )
        rhythm = Rhythm(
            poll=timedelta(seconds=settings.poll_s),
            beat=timedelta(seconds=settings.beat_s),
            counters=timedelta(hours=settings.counters_h),
            per_minute=per_minute_of(home, network),
        )
        yield Running(writer, Watch(office, sessions, network, rhythm, hears.step, hears.waits), lowered, say_late)


@contextmanager
def _intake(writer: Writer) -> Iterator[Intake]:
    """An intake with a decoder of its own, for one thread."""
    with Decoder(patience=writer.sequencer.patience) as decoder, opened_intake(writer, decoder) as intake:
        yield intake


def _register(home: Home, doer: Doer) -> list[Watched]:
    today, grounds = home.today().isoformat(), _grounds(home)
    return [_watched(channel, doer, today, grounds[channel.channel]) for channel in every_channel(home)]


@dataclass(frozen=True, slots=True)
class _Ground:
    """What allows a channel to be watched as it is.

    Attributes:
        request: Event id of the request that the register's entry followed.
        entry: Event id of that entry, which has the legal basis.
    """

    request: str | None
    entry: str


def _grounds(home: Home) -> dict[str, _Ground]:
    """What allows each channel of the register, by its name."""
    row, logged, request = database.channel, database.event, database.authority
    followed = row.join(logged, logged.c.idx == row.c.idx).outerjoin(request, request.c.acted_idx == row.c.idx)
    asked = sa.select(row.c.channel, logged.c.leaf, request.c.request).select_from(followed)
    with reading(home.engine) as connection:
        return {
            each.channel: _Ground(each.request, parse_leaf(bytes(each.leaf)).event_id)
            for each in connection.execute(asked)
        }


def _watched(channel: Channel, doer: Doer, today: str, ground: _Ground) -> Watched:
    """A channel as it is kept today."""
    entry = WatchEntry(
        channel.channel,
        channel.report_url,
        channel.reported_by,
        None if channel.reported_on is None else date.fromisoformat(channel.reported_on),
        channel.access,
        channel.reported_as,
        channel.follows,
        channel.channel_id,
        rights=channel.rights,
    )
    mode = _mode_today(channel.mode, channel.expires, today)
    provenance = Provenance(
        doer=doer,
        declared_by=doer.actor,
        method=METHOD,
        mode=mode,
        authority=ground.request,
        legal_basis=None if mode is Mode.METADATA_ONLY else ground.entry,
    )
    return Watched(entry, provenance)


def _mode_today(mode: str, expires: str | None, today: str) -> Mode:
    """How much is kept today: only metadata from the day after the legal basis ended, whether that is logged or not."""
    return Mode.METADATA_ONLY if expires is not None and expires < today else Mode(mode)


def _require_registered(home: Home, connection: sa.Connection, watched: Watched) -> None:
    """Check that the register still says about a channel what it said when work was begun.

    Raises:
        RegisterChangedError: The channel was taken off, or is now kept in another mode or on another request.
        AuthorityError: It was never registered, and somebody has answered the request to capture a post of it.
    """
    if isinstance(watched.entry, UnregisteredChannel):
        require_waiting(connection, watched.provenance.authority or "")
        return
    row, request = database.channel, database.authority
    followed = row.outerjoin(request, request.c.acted_idx == row.c.idx)
    asked = sa.select(row.c.mode, row.c.expires, request.c.request).select_from(followed)
    found = connection.execute(asked.where(row.c.channel == watched.entry.channel)).first()
    if found is None:
        raise RegisterChangedError(taken_off=True)
    today = home.today().isoformat() if found.expires else ""
    said = watched.provenance
    if (_mode_today(found.mode, found.expires, today), found.request) != (said.mode, said.authority):
        raise RegisterChangedError(taken_off=False)


def _lost(doer: Doer, loss: Loss, now: datetime) -> Draft:
    freeze = loss.freeze
    values = replace(doer, at=now).values() | {
        "account": loss.account,
        "cause": loss.state.value,
        "since": format_time(freeze.since if freeze else now),
        "until": format_time(freeze.until) if freeze else None,
        "appeal_url": text_value(freeze.appeal_url) if freeze and freeze.appeal_url else None,
    }
    return Draft("account_lost", values)
