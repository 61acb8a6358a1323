"""The rehearsal's live watch: a group on this machine's own Telegram, watched by the functions of the commands."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path
from tempfile import TemporaryDirectory

from api.home import Home
from api.office.channel import add_channel, every_channel, remove_channel
from api.office.completeness import Completeness, completeness_of
from api.office.request import done_at_once
from api.office.watch import Ran, log_in, opened
from config.watchlist import watch_entry
from evidence.authority import Act, Doer, require_two
from evidence.errors import HomeError
from evidence.observation import Mode
from evidence.store.database import reading
from monitor.rehearsal.export import rehearsal_jpeg
from monitor.rehearsal.telegram.accounts import Account
from monitor.rehearsal.telegram.rooms import Room
from monitor.rehearsal.telegram.serve import LoopbackTelegram, Server
from monitor.telegram.line import DataCentre, Network
from monitor.telegram.login import Asking
from monitor.telegram.session import Sessions
from monitor.telegram.standing import standings

HANDLE = "square_hexagon_rehearsal"
ACCOUNT = "rehearsal"
PHONE = "+10000000000"
POSTS = 30
DIFFERENCE = 20
"""How many changes this Telegram tells at once; with more, the difference is too long."""


@dataclass(frozen=True, slots=True)
class WatchRehearsed:
    """What the rehearsed watch kept.

    Attributes:
        completeness: What was seen of the group, and what was not.
    """

    channel: str
    messages: int
    edits: int
    deletions: int
    missing: int
    media: int
    completeness: Completeness


def rehearse_watch(home: Home, legal_basis: Path | None, doer: Doer) -> WatchRehearsed:
    """The verb behind ``monitor rehearse``: log in, register a group, watch posts, an edit, a deletion and a gap.

    Args:
        legal_basis: Without one, files are not read.

    Raises:
        HomeError: The home is not one of a rehearsal.
        Explained: A step failed; its error says which and why.
    """
    if not home.settings.office.rehearsal:
        raise HomeError("home.no_rehearsal", where=str(home.path))
    mode = Mode.METADATA_ONLY if legal_basis is None else Mode.SEALED
    if mode is not Mode.METADATA_ONLY:
        require_two(Act.WATCH, doer)
    with _alone(home):
        _clear(home, doer)
        handle = free_handle(home, HANDLE)
        try:
            with (
                TemporaryDirectory(prefix="nisisama-") as work,  # for what ends with the rehearsal
                LoopbackTelegram.running(Path(work), clock=home.clock) as telegram,
            ):
                telegram.world.first_room = max(telegram.world.first_room, 1 + newest_number(home))
                runs = _watch(home, telegram, handle, _Terms(mode, legal_basis, doer, Sessions(Path(work))))
            return _told(home, handle, runs)
        finally:
            _clear(home, doer)


def free_handle(home: Home, handle: str) -> str:
    """A handle for ``monitor rehearse`` that no channel had so far: each rehearsal has a Telegram of its own."""
    with reading(home.engine) as connection:
        names = standings(connection)
    return next(name for name in chain([handle], (f"{handle}_{each}" for each in count(2))) if name not in names)


def newest_number(home: Home) -> int:
    """The highest number of a rehearsed channel that was ever looked at; what is kept must not pass for another's."""
    with reading(home.engine) as connection:
        return max((each.channel_id or 0 for each in standings(connection).values()), default=0)


@contextmanager
def _alone(home: Home) -> Iterator[None]:
    """Keep rehearsals of one home apart: both would take the same name.

    Raises:
        AccountError: Another rehearsal is running.
    """
    with Sessions(home.keys.path).locked(ACCOUNT):
        yield


def _clear(home: Home, doer: Doer) -> None:
    """Take the groups of rehearsals off the register, even of one that was killed: their Telegram is gone."""
    for each in every_channel(home):
        if each.channel.startswith(HANDLE):
            remove_channel(home, each.channel, doer)


@dataclass(frozen=True, slots=True)
class _Terms:
    """How the group is kept, on what basis, who says so, and where the account's session is."""

    mode: Mode
    legal_basis: Path | None
    doer: Doer
    sessions: Sessions


def _watch(home: Home, telegram: LoopbackTelegram, handle: str, terms: _Terms) -> list[Ran]:
    network = Network(1, "rehearsal", {each.dc: _reached(each) for each in telegram.servers})
    account = telegram.world.add_account(PHONE)
    asking = Asking(code=lambda _place: telegram.world.login_code(account), password=lambda: "")
    log_in(home, ACCOUNT, PHONE, asking, network, terms.sessions)
    group = _group(telegram, account, handle)
    entry = watch_entry(
        channel=handle,
        report_url="https://example.org/rehearsal",
        reported_by="Rehearsal",
        reported_on=str(home.clock().date()),
        access="public",
    )
    done_at_once(add_channel(home, entry, terms.mode, terms.legal_basis, terms.doer))
    runs = [_look(home, network, handle, terms)]
    _go_on(group)
    runs.append(_look(home, network, handle, terms))
    return runs


def _reached(server: Server) -> DataCentre:
    return DataCentre(server.host, server.port, server.public_key_file.read_bytes())


def _group(telegram: LoopbackTelegram, account: Account, handle: str) -> Room:
    group = telegram.world.add_channel("Square and hexagon", username=handle, joined=(account,))
    author = telegram.world.add_person("Somebody")
    for number in range(1, 6):
        group.post(f"Rehearsal, message {number}", sender=author)
    group.post_photo(rehearsal_jpeg(7), "A generated picture", sender=author)
    return group


def _go_on(group: Room) -> None:
    """Do things while nobody looks: more posts than a difference tells, an edit, a deletion, and a post nobody saw."""
    group.set_limit(DIFFERENCE)
    group.edit(2, text="Rehearsal, message 2, edited")
    group.delete([3])
    for number in range(POSTS):
        group.post(f"Rehearsal, more of it, {number}")
    group.delete([group.post("posted and deleted before anybody looked")])
    group.post("Rehearsal, the last message")


def _look(home: Home, network: Network, handle: str, terms: _Terms) -> Ran:
    watching = opened(home, terms.doer, network=network, sessions=terms.sessions, only=handle)
    with watching as running:
        ran = running.once()
    if ran.ended_by is not None:
        raise ran.ended_by
    return ran


def _told(home: Home, handle: str, runs: list[Ran]) -> WatchRehearsed:
    mine = [each for ran in runs for each in ran.followings if each.entry.channel == handle]
    counts = [each.counts for each in mine]
    return WatchRehearsed(
        channel=handle,
        messages=sum(each.messages for each in counts),
        edits=sum(each.edits for each in counts),
        deletions=sum(each.deletions for each in counts),
        missing=sum(each.missing for each in counts),
        media=sum(sum(ran.media.values()) for ran in runs),
        completeness=completeness_of(home, handle),
    )
