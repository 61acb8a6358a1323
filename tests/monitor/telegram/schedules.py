"""Random lives of watched channels: one generator, whose seed decides everything in a schedule.

A ``Stage`` keeps one loopback Telegram and one home of each office ready; a schedule plays on a copy of that home and
in an empty world. It plays the acts of people (posts, pictures, albums, edits, other pictures, deletions, comments), of
Telegram (floods, cuts, garbage, expired references, differences that are too long, channels that close and open again,
accounts that are frozen, banned, duplicated or without a key), and of the office's own machine: looks (``monitor run
--once``), looks that are killed, a watch that runs while people go on, time that passes, accounts that come back. From
seed WIDER on, there are also titles, topics, names that other channels take over, hidden histories, constructors that
no client knows, and modes that change.
People and Telegram act between two looks, and just before a request of a look is answered. Only what a running watch
meets at which moment is not decided by the seed.

A look that is killed is a forked child that sends itself SIGKILL just before or after a drawn system call, commit or
request, so nothing of it runs afterwards; the same seed kills at the same place. Left out for speed, since other tests
have it: time stamps, the decoder's process (each picture was decoded once before), and waiting (a pause moves the
clock).
"""

import os
import shutil
import signal
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from hashlib import sha256
from itertools import takewhile
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pytest
import sqlalchemy as sa
from sqlalchemy.util import LRUCache
from telethon.tl import types

from api.home import Home, Writer
from api.office import watch
from api.office.account import check_account
from api.office.channel import add_channel
from config.errors import Explained
from config.watchlist import watch_entry
from evidence.errors import NotDecodedError
from evidence.fingerprint.decoded import Decoded
from evidence.fingerprint.decoder import Decoder
from evidence.observation import Mode
from evidence.spans import highest_gap
from evidence.store.database import reading
from monitor.errors import AccountState, TelegramError
from monitor.rehearsal.telegram.accounts import Account, KnownKey
from monitor.rehearsal.telegram.posts import INSIDE
from monitor.rehearsal.telegram.rooms import Room
from monitor.rehearsal.telegram.serve import LoopbackTelegram
from monitor.telegram import line as line_module
from monitor.telegram import watch as watch_module
from monitor.telegram.line import Line
from monitor.telegram.standing import account_states, cursor, places_waiting, standings
from tests.commands import ENVIRONMENT
from tests.homes import LEGAL_BASIS, doer, new_home
from tests.watching import PHONE, Desk, Time, picture, tell_settings

T = TypeVar("T")

PICTURES = 8
NAMES = ("eins", "zwei")


class Chance:
    """A source of choices that a seed decides."""

    def __init__(self, seed: int) -> None:
        self._source = np.random.default_rng(seed)

    def below(self, end: int) -> int:
        return int(self._source.integers(end))

    def choice(self, of: Sequence[T]) -> T:
        return of[self.below(len(of))]

    def one_in(self, many: int) -> bool:
        return self.below(many) == 0

    def steps(self) -> int:
        """A number from 0 up: often a small one, rarely a thousand."""
        return int(2 ** (self._source.random() * 9)) - 1


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel of an office's register.

    Attributes:
        comments: A channel whose posts are commented on in a linked group.
        forum: A group with topics.
    """

    username: str
    mode: Mode
    comments: bool = False
    forum: bool = False


@dataclass(frozen=True, slots=True)
class WatchPlan:
    """How many accounts an office has, and what it watches."""

    accounts: int
    channels: tuple[Channel, ...]


GROUP = Channel("grupa", Mode.SEALED)
OFFICES = (
    WatchPlan(1, (GROUP,)),
    WatchPlan(2, (GROUP,)),
    WatchPlan(1, (Channel("podaci", Mode.METADATA_ONLY),)),
    WatchPlan(2, (GROUP, Channel("otisak", Mode.HASH_ONLY))),
    WatchPlan(1, (Channel("kanal", Mode.SEALED, comments=True),)),
)
WIDER_OFFICES = (*OFFICES, WatchPlan(2, (Channel("tema", Mode.SEALED, forum=True),)))
WIDER = 100_000
"""From this seed on, channels also get titles and topics, lose their names to others, and are kept in other modes.
Lower seeds play what they always played, so that one that ever failed still plays what failed."""


# The stage


class Decoded1(Decoder):
    """Decodes each picture once, whoever asks, so that no look has a process of its own for it."""

    answers: Mapping[bytes, Decoded | NotDecodedError] = {}

    def decode(self, data: bytes) -> Decoded:
        answer = self.answers[data]
        self.walls = "as in the stage"
        if isinstance(answer, NotDecodedError):
            raise answer
        return answer


@dataclass(slots=True)
class Stage:
    """What all schedules share: a loopback Telegram, and the homes of offices before their first look."""

    folder: Path
    telegram: LoopbackTelegram
    clock: Time
    accounts: Sequence[Account]
    files: Sequence[bytes]
    _homes: dict[WatchPlan, Path] = field(default_factory=dict)
    _keys: dict[int, KnownKey] = field(default_factory=dict)

    def desk(self, office: WatchPlan, seed: int) -> Desk:
        """A fresh home of an office, in an empty world."""
        self._empty()
        if office not in self._homes:
            self._homes[office] = self._open(office)
            self._keys |= self.telegram.world.keys._keys
        folder = self.folder / f"schedule-{seed}"
        for name in ("home", "home.keys"):
            shutil.copytree(self._homes[office] / name, folder / name)
        return Desk(folder, self.telegram, self.clock, list(self.accounts[: office.accounts]))

    @property
    def basis(self) -> Path:
        file = self.folder / "basis.toml"
        if not file.exists():
            file.write_text(LEGAL_BASIS.format(expires=date.today() + timedelta(days=300)))  # noqa: DTZ011 - in a test
        return file

    def _empty(self) -> None:
        world = self.telegram.world
        self.telegram.faults.clear()
        for rooms in (world.rooms, world.chats, world.communities):
            rooms.clear()
        for account in self.accounts:
            world.thaw(account)
        world.keys._keys = dict(self._keys)
        self.clock.ahead = timedelta()

    def _open(self, office: WatchPlan) -> Path:
        folder = self.folder / f"office-{len(self._homes)}"
        folder.mkdir()
        home, _cards = new_home(folder / "home")
        for channel in office.channels:
            register(home, channel.username, channel.mode, self.basis)
        home.engine.dispose()
        at = Desk(folder, self.telegram, self.clock)
        for name, account in zip(NAMES[: office.accounts], self.accounts, strict=False):
            log_in(at, name, account)
        return folder


def register(home: Home, username: str, mode: Mode, basis: Path) -> None:
    report = {"report_url": "https://e.org/r", "reported_by": "X", "reported_on": "2026-01-01"}
    entry = watch_entry(channel=f"@{username}", access="public", **report)
    add_channel(home, entry, mode, None if mode is Mode.METADATA_ONLY else basis, doer(home))


def log_in(at: Desk, name: str, account: Account) -> None:
    home = at.home
    asking = watch.Asking(code=lambda _place: at.telegram.world.login_code(account), password=lambda: "")
    watch.log_in(home, name, account.phone, asking)
    home.engine.dispose()


@contextmanager
def staged(folder: Path) -> Iterator[Stage]:
    """A stage below a folder, and whatever makes schedules fast."""
    clock = Time()
    files = [picture(number) for number in range(PICTURES)] + [b"no picture" * 900]
    with pytest.MonkeyPatch.context() as patch, LoopbackTelegram.running(folder, clock=clock) as telegram:
        for name, value in ENVIRONMENT.items():
            patch.setenv(name, value)
        tell_settings(telegram, patch)
        with Decoder() as decoder:
            Decoded1.answers = {data: _decoded(decoder, data) for data in files}
        patch.setattr(watch, "Decoder", Decoded1)
        patch.setattr(Writer, "stamp", lambda writer, **_how: writer.sequencer.sign())
        patch.setattr(Line, "wait", lambda _line, seconds: clock.pass_by(seconds=seconds))
        patch.setattr(line_module, "_PAUSES_S", (0.0, 0.0, 0.0))
        patch.setattr(watch_module, "IDLE_S", 0.02)
        patch.setattr(watch_module, "_BACK_OFF_S", (0.02,))
        accounts = [telegram.world.add_account(f"{PHONE[:-1]}{number}") for number in range(len(NAMES))]
        with _compiled_once(patch):
            yield Stage(folder, telegram, clock, accounts, files)


@contextmanager
def _compiled_once(patch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let all engines share what they have compiled: each look opens one, and much of its time goes there."""
    shared = LRUCache[Any, Any](2000)

    def share(connection: sa.Connection) -> None:
        connection.engine._compiled_cache = shared

    dialect = type(sa.create_engine("sqlite://").dialect)
    patch.setattr(dialect, "__eq__", lambda one, other: type(one) is type(other), raising=False)
    patch.setattr(dialect, "__hash__", lambda _dialect: hash("sqlite"), raising=False)
    sa.event.listen(sa.Engine, "engine_connect", share)
    try:
        yield
    finally:
        sa.event.remove(sa.Engine, "engine_connect", share)


def _decoded(decoder: Decoder, data: bytes) -> Decoded | NotDecodedError:
    try:
        return decoder.decode(data)
    except NotDecodedError as error:
        return error


# What was there


@dataclass(frozen=True, slots=True)
class Present:
    """A message as it stood at some moment: its words, and the digest of its file."""

    text: str
    digest: str | None


@dataclass(slots=True)
class RoomLife:
    """One room, what happened to it, and what of it was visible at the looks.

    Attributes:
        digests: Of every file that a message ever had.
        closed: When it was closed to the accounts, and until when.
        looks: When a look began and ended that must have seen it.
        seen: Every state of every message that was there, unchanged, from the beginning of such a look to its end.
        last: What was there at the last of them.
        titles: Every title that it had.
        renamed_by: The number of the message that says so of the last; 0 if it has its first.
        hidden: Messages up to this number are hidden from the accounts.
        unreadable: The messages that hold a constructor that no client knows.
        modes: Every mode in which it was kept.
    """

    room: Room
    name: str
    mode: Mode
    digests: dict[int, list[str | None]] = field(default_factory=dict)
    closed: list[tuple[datetime, datetime | None]] = field(default_factory=list)
    looks: list[tuple[datetime, datetime]] = field(default_factory=list)
    seen: dict[int, set[Present]] = field(default_factory=lambda: defaultdict(set))
    last: dict[int, Present] = field(default_factory=dict)

    titles: list[str] = field(default_factory=list)
    renamed_by: int = 0
    hidden: int = 0
    unreadable: set[int] = field(default_factory=set)
    modes: list[Mode] = field(default_factory=list)

    @property
    def numbers(self) -> list[int]:
        return self.room.numbers

    @property
    def texts(self) -> list[int]:
        """The numbers of what can be edited."""
        return [each for each in self.numbers if isinstance(self.room.posts[each].described, types.Message)]

    @property
    def is_taken(self) -> bool:
        """Whether another channel has its name."""
        return self.room.linked is None and not self.room.usernames

    @property
    def is_closed(self) -> bool:
        return bool(self.closed) and self.closed[-1][1] is None

    def was_closed(self, since: datetime, until: datetime) -> bool:
        """Whether it was closed at some time between two moments."""
        return any(begun <= until and (ended is None or ended >= since) for begun, ended in self.closed)

    @property
    def unseen(self) -> set[int]:
        """The numbers of what the accounts cannot see or cannot read."""
        return self.unreadable | set(range(1, self.hidden + 1))

    def present(self) -> dict[int, Present]:
        unseen = self.unseen
        return {
            post.number: Present(post.versions[-1].text, self.digests.get(post.number, [None])[-1])
            for post in self.room.truth()
            if post.deleted_at is None and post.number not in unseen
        }


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the watch: when, and how it ended.

    Attributes:
        ended_by: The code of the error; empty where it caught up, None where it was killed, ``live`` where it was
            stopped.
    """

    began: datetime
    ended: datetime
    ended_by: str | None


class Schedule:
    """One random life of an office and its channels; the seed decides all of it."""

    def __init__(self, stage: Stage, seed: int) -> None:
        self.chance, self._stage = Chance(seed), stage
        self.wider = seed >= WIDER
        self.office = self.chance.choice(WIDER_OFFICES if self.wider else OFFICES)
        self.desk = stage.desk(self.office, seed)
        self.clock, self.telegram = stage.clock, stage.telegram
        self.lives = [life for channel in self.office.channels for life in self._rooms(channel)]
        self.runs: list[Run] = []
        self.floods: list[datetime] = []
        self.troubles: list[tuple[str, AccountState]] = []
        self.troubled_at: list[datetime] = []
        self.losses: list[tuple[str, str]] = []
        self.keyless: list[Account] = []
        self.files_spoiled = False
        self.garbage = 0
        self.texts = 0
        self.strangers: list[Room] = []
        self.told: list[str] = []

    def _rooms(self, channel: Channel) -> Iterator[RoomLife]:
        world, joined = self.telegram.world, tuple(self.desk.accounts) if self.chance.one_in(2) else ()
        fields: dict[str, object] = {"broadcast": channel.comments, "forum": channel.forum}
        room = world.add_channel(channel.username, username=channel.username, joined=joined, **fields)  # type: ignore[arg-type]
        room.set_limit(self.chance.choice([1000, 1000, 30]))
        yield RoomLife(room, channel.username, channel.mode, titles=[room.title], modes=[channel.mode])
        if channel.comments:
            group = world.add_channel("razgovor", linked=room, joined=joined)
            room.linked = group
            name = f"{channel.username}/comments"
            yield RoomLife(group, name, channel.mode, titles=[group.title], modes=[channel.mode])

    def play(self, steps: int) -> None:
        """Live through this many acts, and end with a look that nothing disturbs."""
        acts = [self.people] * 14 + [self.disturb] * 3 + [self.expire, self.close, self.reopen, self.reopen]
        acts += [self.wait] * 2 + [self.trouble] + [self.recover] * 3 + [self.meanwhile] * 2
        acts += [self.look] * 3 + [self.kill] * 2 + [self.live]
        acts += [self.take_name, self.hide, self.change_mode, self.change_mode] if self.wider else []
        for _step in range(steps):
            self._do(self.chance.choice(acts))
        self.settle()

    def settle(self) -> None:
        """End whatever disturbs, and look."""
        self.telegram.faults.clear()
        for life in self.lives:
            self._reopen(life)
        self.expire()
        self.clock.pass_by(hours=2)  # whatever pause Telegram asked for is over
        for account in self.desk.accounts:
            self._recover(account)
        self._do(self.look)

    def _do(self, act: Callable[[], object]) -> None:
        self.told.append(act.__name__)
        act()

    # What people do

    def people(self) -> None:
        life = self.chance.choice(self.lives)
        acts = [self._post] * 6 + [self._edit] * 3 + [self._delete] * 3 + [self._picture] * 3
        acts += [self._album, self._other_picture, self._burst]
        acts += [self._rename, self._topic, self._topic, self._garble] if self.wider else []
        act = self.chance.choice(acts)
        act(life)

    def _rename(self, life: RoomLife) -> None:
        life.titles.append(self._text())
        life.renamed_by = life.room.rename(life.titles[-1])

    def _topic(self, life: RoomLife) -> None:
        topics = [number for number in life.room.topics if life.room.is_there(number)]
        if topics and not self.chance.one_in(3):
            life.room.post(self._text(), topic=self.chance.choice(topics))
        elif life.room.forum:
            life.room.add_topic(self._text())

    def _garble(self, life: RoomLife) -> None:
        """Let a message, new or known, hold what no client can read."""
        room = life.room
        if room.linked is not None:
            return
        with self.telegram.world.lock:
            new = not life.texts or self.chance.one_in(2)
            number = room.post(self._text()) if new else self.chance.choice(life.texts)
            self.telegram.faults.unknown_constructor(room, number, inside=self.chance.choice(INSIDE))
            life.unreadable.add(number)

    def _text(self) -> str:
        self.texts += 1
        return f"poruka {self.texts}"

    def _post(self, life: RoomLife) -> None:
        room = life.room
        if room.broadcast and room.linked is not None and self.chance.one_in(2) and room.numbers:
            with suppress(ValueError):  # the copy of that post is gone
                room.comment(self.chance.choice(room.numbers), self._text())
                return
        if room.numbers and self.chance.one_in(5):
            room.post(self._text(), reply_to=self.chance.choice(room.numbers))
        else:
            room.post(self._text())

    def _burst(self, life: RoomLife) -> None:
        for _each in range(self.chance.choice([5, 40, 40, 120])):
            life.room.post(self._text())

    def _media(self) -> tuple[types.TypeMessageMedia, str]:
        data = self.chance.choice(self._stage.files)
        world, digest = self.telegram.world, sha256(data).hexdigest()
        dc = self.chance.choice([2, 2, 4])
        if data.startswith(b"\xff\xd8") and not self.chance.one_in(4):
            return types.MessageMediaPhoto(photo=world.add_photo(data, dc=dc)), digest
        document = world.add_document(data, file_name="a.bin", mime_type="application/octet-stream", dc=dc)
        return types.MessageMediaDocument(document=document), digest

    def _picture(self, life: RoomLife, **fields: object) -> None:
        media, digest = self._media()
        with self.telegram.world.lock:
            number = life.room.post(self._text(), media=media, **fields)  # type: ignore[arg-type]
            self._note_files(life, number, digest)

    def _note_files(self, life: RoomLife, number: int, digest: str | None) -> None:
        life.digests.setdefault(number, []).append(digest)
        if life.room.broadcast and life.room.linked is not None:
            copied = next(each for each in self.lives if each.room is life.room.linked)
            with suppress(ValueError):
                copied.digests.setdefault(life.room.discussion_of(number), []).append(digest)

    def _album(self, life: RoomLife) -> None:
        group = 1 + self.chance.below(1 << 40)
        for _each in range(2 + self.chance.below(3)):
            self._picture(life, album=group)

    def _edit(self, life: RoomLife) -> None:
        if life.texts:
            life.room.edit(self.chance.choice(life.texts), text=self._text())

    def _other_picture(self, life: RoomLife) -> None:
        with_file = [number for number in life.numbers if life.digests.get(number)]
        if with_file:
            number = self.chance.choice(with_file)
            media, digest = self._media()
            with self.telegram.world.lock:
                life.room.edit(number, text=self._text(), media=media)
                life.digests[number].append(digest)

    def _delete(self, life: RoomLife) -> None:
        if life.numbers:
            life.room.delete({self.chance.choice(life.numbers) for _each in range(self.chance.choice([1, 1, 1, 10]))})

    # What Telegram does

    def disturb(self) -> None:
        faults = self.telegram.faults
        request = self.chance.choice(
            [
                "messages.getHistory",
                "updates.getChannelDifference",
                "channels.getMessages",
                "channels.getFullChannel",
                "upload.getFile",
                "*",
            ]
        )
        kind = self.chance.choice(["pause", "pause", "long pause", "trouble", "cut", "cut", "garbage"])
        match kind:
            case "pause":
                faults.fail(request, "FLOOD_WAIT_7", code=420, times=1)
            case "long pause":
                faults.fail(request, "FLOOD_WAIT_3600", code=420, times=1)
                self.floods.append(self.clock())
            case "trouble":
                faults.fail(request, "RPC_CALL_FAIL", code=500, times=1)
            case "cut":
                faults.cut_connections(after_bytes=self.chance.below(2000), request=request, times=1)
            case "garbage":
                faults.garbage(request, times=1, data=b"\x01\x02\x03\x04")
                self.garbage += request in ("messages.getHistory", "channels.getMessages", "*")
                self.files_spoiled |= request in ("upload.getFile", "*")

    def expire(self) -> None:
        self.telegram.world.expire_file_references()

    def close(self) -> None:
        """Close a room: ban the accounts, or take its name away, which closes it to those who have not joined."""
        life = self.chance.choice(
            [each for each in self.lives if each.room.usernames or each.room.linked is None] or self.lives
        )
        if life.is_closed:
            return
        life.closed.append((self.clock(), None))
        for account in self.desk.accounts:
            life.room.ban(account)

    def take_name(self) -> None:
        """Give the name of a known room to another one, which closes it to those who have not joined."""
        life = self.chance.choice(self.lives)
        if life.is_closed or life.is_taken or life.room.linked is not None or not life.looks:
            return
        if not life.room.joined:
            life.closed.append((self.clock(), None))
        stranger = self.telegram.world.add_channel("Tjetër")
        self.telegram.world.take_over_username(life.name, stranger)
        stranger.post(self._text())
        self.strangers.append(stranger)

    def hide(self) -> None:
        """Hide the history of a group from the accounts, as from those who join later."""
        life = self.chance.choice(self.lives)
        if life.room.linked is None and life.numbers:
            life.hidden = max(life.hidden, self.chance.choice(life.numbers))
            for account in self.desk.accounts:
                life.room.hide_history(account, life.hidden)

    def reopen(self) -> None:
        self._reopen(self.chance.choice(self.lives))

    def _reopen(self, life: RoomLife) -> None:
        if life.is_taken:
            self.telegram.world.take_over_username(life.name, life.room)
        if life.is_closed:
            for account in list(life.room.banned):
                life.room.unban(account)
            life.closed[-1] = (life.closed[-1][0], self.clock())

    def trouble(self) -> None:
        """Take an account away."""
        account, world = self.chance.choice(self.desk.accounts), self.telegram.world
        if self._is_troubled(account):
            return
        now = self.clock()
        kind = self.chance.choice(["freeze", "ban", "duplicate", "lose"])
        match kind:
            case "freeze":
                world.freeze(
                    account, now, now + timedelta(days=3), "https://e.org", code=self.chance.choice([420, 406])
                )
                state = AccountState.FROZEN
            case "ban":
                world.deactivate(account)
                state = AccountState.BANNED
            case "duplicate":
                world.duplicate(account)
                state = AccountState.DUPLICATED
            case _:
                world.lose_key(account)
                self.keyless.append(account)
                state = AccountState.KEY_LOST
        self.troubles.append((self._name(account), state))
        self.troubled_at.append(now)

    def _is_troubled(self, account: Account) -> bool:
        return account.frozen is not None or account.trouble is not None or account in self.keyless

    def _name(self, account: Account) -> str:
        return NAMES[self.desk.accounts.index(account)]

    def recover(self) -> None:
        self._recover(self.chance.choice(self.desk.accounts))

    def _recover(self, account: Account) -> None:
        """Whoever holds an account gets it back, and the office tells its home so."""
        self.telegram.world.thaw(account)
        home = self.desk.home
        try:
            if account in self.keyless:
                log_in(self.desk, self._name(account), account)
                self.keyless.remove(account)
            elif self._name(account) in account_states(home.engine):
                check_account(home, self._name(account))
        except TelegramError as error:
            self.told.append(error.code)
        finally:
            home.engine.dispose()

    # What the office does

    def change_mode(self) -> None:
        """Keep less of a channel, or more again."""
        channel = self.chance.choice(self.office.channels)
        mode = self.chance.choice(list(Mode))
        home = self.desk.home
        register(home, channel.username, mode, self._stage.basis)
        home.engine.dispose()
        for life in self.lives:
            if life.name.partition("/")[0] == channel.username:
                life.mode = mode
                life.modes.append(mode)

    def wait(self) -> None:
        self.clock.pass_by(minutes=self.chance.choice([1, 10, 200, 500]))

    def meanwhile(self) -> None:
        """Let something happen within the next look, just before a request is answered."""
        acts = [self.people] * 4 + [self.disturb, self.expire, self.close, self.reopen, self.trouble]
        act, chance = self.chance.choice(acts), Chance(self.chance.below(1 << 30))
        request = self.chance.choice(
            ["*", "*", "messages.getHistory", "updates.getChannelDifference", "upload.getFile"]
        )
        self.telegram.faults.meanwhile(
            lambda: self._at_once(chance, act), request=request, after=self.chance.steps() % 32
        )

    def look(self) -> None:
        self._run(lambda: _code(self.desk.once().ended_by))

    def kill(self) -> None:
        """A look in a process of its own that kills itself at a drawn place, if it gets that far."""
        steps, before = self.chance.steps(), self.chance.one_in(2)

        def killed() -> str | None:
            ended_by = in_child(lambda: _code(self.desk.once().ended_by), steps, before=before)
            self.clock.pass_by(minutes=1)  # the child's own clock ran on through its pauses
            return ended_by

        self._run(killed)

    def live(self) -> None:
        """A watch that runs while people and Telegram go on; what it sees of each moment is chance."""
        began, worker, looker = self.clock(), self.desk.home, self.desk.home
        outcome: list[watch.Ran] = []
        self.telegram.faults.withhold_pushes(self.chance.one_in(3))
        with watch.opened(worker, doer(worker)) as running:
            thread = threading.Thread(target=lambda: outcome.append(running.run()))
            thread.start()
            for _act in range(self.chance.below(8)):
                self._at_once(self.chance, self.chance.choice([self.people, self.people, self.disturb, self.expire]))
            self.clock.pass_by(minutes=2)  # the watch now asks about a channel that nobody has joined
            now = self.clock()
            self._wait_for(looker, now)
            before = [life.present() for life in self.lives]
            caught_up = [self._is_caught_up(looker, life, now) for life in self.lives]
            running.watch.stop()
            thread.join()
        ended = self.clock()
        for home in (worker, looker):
            home.engine.dispose()
        self.telegram.faults.withhold_pushes(withheld=False)
        self.runs.append(Run(began, ended, "live"))
        self.told.append(f"{caught_up}")
        for life, was, whole in zip(self.lives, before, caught_up, strict=True):
            if whole and not life.was_closed(began, ended) and not self._is_unseen_group(life, began, ended):
                self._seen(life, was, began, ended)

    def _wait_for(self, looker: Home, since: datetime) -> None:
        """Wait until the watch has caught up, but only a moment: it may rest."""
        for _moment in range(50):
            if all(life.is_closed or self._is_caught_up(looker, life, since) for life in self.lives):
                return
            time.sleep(0.02)

    def _is_caught_up(self, looker: Home, life: RoomLife, since: datetime) -> bool:
        """Whether the watch says that it has looked, seen all that there is, and has every file of it."""
        with reading(looker.engine) as connection:
            standing = standings(connection).get(life.name)
            if standing is None or standing.channel_id is None or (standing.looked_at or since) <= since:
                return False
            left = [each.message_id for each in places_waiting(connection) if each.channel_id == standing.channel_id]
            waits = set(left) - life.unseen
            behind = standing.recheck or highest_gap(standing.spans, standing.top)
            return not (behind or waits) and cursor(connection, standing.channel_id) == life.room.pts

    def _at_once(self, chance: Chance, act: Callable[[], object]) -> None:
        """Do something with choices of its own, between two answers of the server."""
        with self.telegram.world.lock:
            before, self.chance = self.chance, chance
            try:
                act()
            finally:
                self.chance = before

    def _lost_before(self) -> list[tuple[str, str]]:
        """The lost accounts before the first usable one, and what they are: a look goes on with the usable one."""
        latest = dict(self.troubles)
        well = [not self._is_troubled(account) for account in self.desk.accounts]
        lost = list(takewhile(lambda each: not each[0], zip(well, NAMES, strict=False)))
        return [(name, latest[name].value) for _well, name in lost]

    def _run(self, run: Callable[[], str | None]) -> None:
        lost_before = self._lost_before()
        began, before = self.clock(), [life.present() for life in self.lives]
        ended_by = run()
        ended = self.clock()
        self.runs.append(Run(began, ended, ended_by))
        self.told.append(f"{self.runs[-1].ended_by}")
        if ended_by == "":
            self.losses += lost_before
        for life, was, whole in zip(self.lives, before, self._caught_up(ended_by, began), strict=True):
            if whole and not life.was_closed(began, ended) and not self._is_unseen_group(life, began, ended):
                self._seen(life, was, began, ended)

    def _caught_up(self, ended_by: str | None, began: datetime) -> list[bool]:
        """Which rooms a run has seen whole; where a message could not be read, those that lack nothing else."""
        if not (ended_by or "").startswith("unknown_constructor."):
            return [ended_by == "" for _life in self.lives]
        home = self.desk.home
        try:
            return [self._is_caught_up(home, life, began) for life in self.lives]
        finally:
            home.engine.dispose()

    def _is_unseen_group(self, life: RoomLife, began: datetime, ended: datetime) -> bool:
        """Whether a group is known only by its channel, which was closed."""
        return not life.room.usernames and any(each.was_closed(began, ended) for each in self.lives)

    def _seen(self, life: RoomLife, was: Mapping[int, Present], began: datetime, ended: datetime) -> None:
        life.looks.append((began, ended))
        life.last = life.present()
        for number, present in was.items():
            if life.last.get(number) == present:
                life.seen[number].add(present)


def _code(error: Explained | None) -> str:
    return "" if error is None else error.code


# A process that kills itself


def in_child(work: Callable[[], str], steps: int, *, before: bool) -> str | None:
    """Do some work in a forked child that kills itself at call number ``steps`` of those that change something.

    Returns:
        What the work gave; None if the child was killed.
    """
    reading, writing = os.pipe()
    child = os.fork()  # nobody asks the server now, so its thread holds no lock that the child would wait for
    if child == 0:
        os.close(reading)
        try:
            kill_after(steps, before=before)
            os.write(writing, work().encode() + b".")
        finally:
            os._exit(0)
    os.close(writing)
    said = b""
    while part := os.read(reading, 1000):
        said += part
    os.close(reading)
    os.waitpid(child, 0)
    return said[:-1].decode() if said.endswith(b".") else None


def kill_after(steps: int, *, before: bool) -> None:
    """Let this process be killed just before, or just after, call ``steps`` that changes a disk or asks Telegram."""
    left, lock = [steps], threading.Lock()

    def count() -> None:
        with lock:
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    def counted(call: Callable[..., T]) -> Callable[..., T]:
        def wrapped(*arguments: object, **named: object) -> T:
            if before:
                count()
            done = call(*arguments, **named)
            if not before:
                count()
            return done

        return wrapped

    for name in ("fsync", "link", "replace", "rename", "unlink", "remove"):
        setattr(os, name, counted(getattr(os, name)))
    Line.ask_raw = counted(Line.ask_raw)  # type: ignore[method-assign]
    dialect = type(sa.create_engine("sqlite://").dialect)
    dialect.do_commit = counted(dialect.do_commit)  # type: ignore[method-assign]
