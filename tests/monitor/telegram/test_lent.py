"""A watch asks for others what a look needs and nothing else, and what it says is sealed."""

import json
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
from telethon.tl import TLObject, TLRequest, functions, types

from api.home import Home, Writer
from evidence.canonical import b64u, from_b64u
from evidence.store import task
from evidence.store.database import reading
from monitor.errors import (
    AccountError,
    ChannelError,
    ChannelState,
    FloodError,
    RequestError,
    TelegramError,
)
from monitor.telegram.lent import ASKS, Lender, LentLine, is_lent, lending
from monitor.telegram.reply import Body
from monitor.telegram.session import AccountSession, Sessions
from tests.homes import new_home
from tests.watching import Time

NAMED = functions.contacts.ResolveUsernameRequest("grupa")
CHANNEL = types.Channel(
    id=17, title="Titulli", photo=types.ChatPhotoEmpty(), date=None, access_hash=99, usernames=None, broadcast=True
)
FOUND = types.contacts.ResolvedPeer(types.PeerChannel(17), [CHANNEL], [])


@dataclass
class Telegram:
    """Answers every request alike."""

    answer: bytes | TelegramError
    asked: list[TLRequest] = field(default_factory=list)

    def ask_raw(self, request: TLRequest) -> Body:
        self.asked.append(request)
        if isinstance(self.answer, TelegramError):
            raise self.answer
        return Body(self.answer)


@dataclass
class Both:
    """A watch that lends its line, and a command that asks through it."""

    home: Home
    writer: Writer
    clock: Time
    session: AccountSession

    @property
    def sessions(self) -> Sessions:
        return Sessions(self.home.keys.path)

    def lender(self, line: Telegram) -> Lender:
        of = self.home
        return Lender(of.engine, self.writer.sequencer, self.sessions, self.clock, line, self.session)  # type: ignore[arg-type]

    def line(self, wait_s: float = 10.0) -> LentLine:
        turn = self.writer.sequencer.take
        return LentLine(self.home.engine, turn, self.sessions, "watch", self.clock, wait_s)

    def ask(self, request: TLRequest, telegram: Telegram) -> object:
        """Ask while a watch answers."""
        lender, done = self.lender(telegram), threading.Event()

        def watch() -> None:
            while not done.wait(0.02):
                lender.answer_all()

        thread = threading.Thread(target=watch)
        thread.start()
        try:
            return self.line().ask(request).said
        finally:
            done.set()
            thread.join()

    def noted(self) -> dict[str, task.Noted]:
        with reading(self.home.engine) as connection:
            return task.noted(connection, ASKS)


@pytest.fixture
def both(tmp_path: Path) -> Iterator[Both]:
    clock = Time()
    made, _cards = new_home(tmp_path / "home")
    made.engine.dispose()
    home = Home.open(tmp_path / "home", clock)
    session = AccountSession("watch", user_id=7)
    with home.writing() as writer:
        Sessions(home.keys.path).save(session)
        yield Both(home, writer, clock, session)
    home.engine.dispose()


def test_an_answer_comes_as_telegram_gave_it_and_the_watch_learns_the_channel(both: Both) -> None:
    said = both.ask(NAMED, Telegram(bytes(FOUND)))
    assert bytes(said) == bytes(FOUND)  # type: ignore[call-overload]
    assert both.session.channels == both.sessions.read("watch").channels == {17: 99}
    assert both.noted() == {}


OTHER = types.Channel(id=18, title="Tjetër", photo=types.ChatPhotoEmpty(), date=None, access_hash=98)


@pytest.mark.parametrize(
    ("request_", "answer", "met"),
    [
        (NAMED, types.contacts.ResolvedPeer(types.PeerChannel(17), [OTHER, CHANNEL], []), {17: 99}),
        (NAMED, types.contacts.ResolvedPeer(types.PeerUser(17), [OTHER, CHANNEL], []), {}),
        (functions.messages.CheckChatInviteRequest("abc"), types.ChatInviteAlready(CHANNEL), {17: 99}),
        (
            functions.messages.CheckChatInviteRequest("abc"),
            types.ChatInvitePeek(CHANNEL, datetime(2026, 1, 1, tzinfo=UTC)),
            {},
        ),
    ],
)
def test_the_watch_learns_only_the_channel_that_was_asked_for(
    both: Both, request_: TLRequest, answer: TLObject, met: dict[int, int]
) -> None:
    both.ask(request_, Telegram(bytes(answer)))
    assert both.session.channels == met


def test_a_channel_without_an_access_hash_is_told_and_not_kept(both: Both) -> None:
    bare = types.Channel(id=17, title="Titulli", photo=types.ChatPhotoEmpty(), date=None)
    said = both.ask(NAMED, Telegram(bytes(types.contacts.ResolvedPeer(types.PeerChannel(17), [bare], []))))
    with pytest.raises(ChannelError):
        both.session.meet(said.chats[0])  # type: ignore[attr-defined]
    assert both.session.channels == {}


@pytest.mark.parametrize(
    "error",
    [
        ChannelError.unseen(ChannelState.GONE, "USERNAME_NOT_OCCUPIED"),
        ChannelError.unseen(ChannelState.PRIVATE, "CHANNEL_PRIVATE"),
        FloodError.of("contacts.ResolveUsername", Time()()),
        RequestError("request.refused", method="contacts.ResolveUsername", system="WHATEVER"),
    ],
)
def test_a_refusal_comes_as_telegram_gave_it(both: Both, error: TelegramError) -> None:
    with pytest.raises(type(error)) as raised:
        both.ask(NAMED, Telegram(error))
    assert (raised.value.code, str(raised.value)) == (error.code, str(error))
    if isinstance(error, ChannelError):
        assert raised.value.state is error.state  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "request_",
    [
        functions.messages.GetHistoryRequest(types.InputPeerSelf(), 0, None, 0, 1, 0, 0, 0),
        functions.channels.JoinChannelRequest(types.InputChannel(1, 2)),
    ],
)
def test_a_watch_asks_nothing_for_others_but_what_a_look_needs(both: Both, request_: TLRequest) -> None:
    telegram = Telegram(bytes(FOUND))
    with pytest.raises(AccountError, match="another process"):
        both.line().ask(request_)
    subject = "watch/0"  # written by a process that does not heed that
    sealed = "?" + b64u(both.sessions.seal(bytes(request_), f"?{subject}"))
    with both.writer.sequencer.take() as connection:
        task.note_work(connection, kind=ASKS, subject=subject, due_at=both.clock(), progress=sealed)
    both.lender(telegram).answer_all()
    answer = both.sessions.unseal(from_b64u(both.noted()[subject].progress[1:]), f"!{subject}")
    assert (json.loads(answer)["error"]["kind"], telegram.asked) == ("NotAllowedError", [])


def test_what_is_asked_and_said_is_sealed_for_its_place(both: Both) -> None:
    def ask() -> None:
        with suppress(AccountError):  # nobody answers
            both.line(1.5).ask(NAMED)

    asking = threading.Thread(target=ask)
    asking.start()
    while not both.noted():
        pass
    (subject, asked), *_more = both.noted().items()
    assert b"grupa" not in asked.progress.encode()
    with both.writer.sequencer.take() as connection:  # a request in the place of another, and one that nobody sealed
        task.note_work(connection, kind=ASKS, subject="watch/00", due_at=both.clock(), progress=asked.progress)
        task.note_work(connection, kind=ASKS, subject="watch/01", due_at=both.clock(), progress="?x")
        task.note_work(connection, kind=ASKS, subject=subject, due_at=both.clock(), progress="!" + asked.progress[1:])
    telegram = Telegram(bytes(FOUND))
    both.lender(telegram).answer_all()
    assert telegram.asked == []
    asking.join()
    assert not [each for each in both.noted() if each == subject]


def test_what_nobody_waits_for_is_dropped_and_not_asked(both: Both) -> None:
    with pytest.raises(AccountError) as raised:
        both.line(0.0).ask(NAMED)
    assert (raised.value.code, both.noted()) == ("account.in_use", {})
    for progress in ("?x", "!x"):
        with both.writer.sequencer.take() as connection:
            task.note_work(connection, kind=ASKS, subject=f"watch/{progress}", due_at=both.clock(), progress=progress)
    telegram = Telegram(bytes(FOUND))
    both.clock.pass_by(minutes=2)
    both.lender(telegram).answer_all()
    assert (both.noted(), telegram.asked) == ({}, [])


def test_an_account_is_lent_for_as_long_as_the_watch_is_on_line(both: Both) -> None:
    assert not is_lent(both.home.engine, "watch")
    with lending(both.writer.sequencer, "watch", both.clock):
        assert is_lent(both.home.engine, "watch")
    assert not is_lent(both.home.engine, "watch")
