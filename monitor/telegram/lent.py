"""A line that a running watch lends: it asks Telegram for a command that cannot have the account.

Telegram ends a session that two programs use, so a command that wants to know what a channel is hands its request to
the watch through the home's database, and the watch hands back the answer as it came. Only requests that look at an
account or a channel are taken, and each passes the same list as the watch's own. What is asked and answered is sealed
with the key beside the sessions: an invitation, or the title of a group, must not reach a thief of the home.

    task  lends  ACCOUNT            a watch is on line with this account, and answers
          asks   ACCOUNT/REQUEST    a sealed request; afterwards its sealed answer
"""

import json
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import datetime, timedelta
from typing import Any, Protocol

import sqlalchemy as sa
from telethon.extensions import BinaryReader
from telethon.tl import TLRequest, functions, types

from config.errors import facts_as_json
from evidence.canonical import b64u, from_b64u
from evidence.custody.sequencer import Sequencer
from evidence.errors import CanonicalError, HomeBusyError
from evidence.store import task
from evidence.store.database import reading
from evidence.times import Clock, is_due, parse_time
from monitor.errors import (
    AccountError,
    ChannelError,
    ChannelState,
    FloodError,
    NotAllowedError,
    RequestError,
    TelegramError,
    UnknownConstructorError,
)
from monitor.telegram.allowed import method_of
from monitor.telegram.line import Line
from monitor.telegram.reply import NOT_TL, Body, Received, read_reply
from monitor.telegram.session import AccountSession, Sessions

LENDS = "lends"
ASKS = "asks"
WAIT_S = 30.0
"""How long to wait for an answer: the watch may be waiting for Telegram itself."""
ASKED, _ANSWERED = "?", "!"
"""How the progress of a request begins, and how it does once it is answered; no seal of one passes for the other."""
_POLL_S = 0.2
_KEPT_FOR = timedelta(seconds=60)
"""How long a request waits, and an answer waits to be collected."""
_LENT = frozenset(
    {
        "contacts.ResolveUsername",
        "channels.GetFullChannel",
        "messages.CheckChatInvite",
        "help.GetAppConfig",
        "users.GetUsers",
    }
)
"""What a watch asks for others: what an account or a channel is. It looks in its list of chats for itself alone."""


class Asks(Protocol):
    """Whatever asks Telegram for an account: its line, or one that a watch lends."""

    def ask(self, request: TLRequest) -> Received:
        """Ask Telegram, and read what it answers.

        Raises:
            TelegramError: As ``Line.ask``.
        """
        ...


class LentLine:
    """The line of the running watch that has an account.

    Args:
        turn: Gives a connection to write with.
        wait_s: How long to wait for each answer.
    """

    def __init__(
        self,
        engine: sa.Engine,
        turn: Callable[[], AbstractContextManager[sa.Connection]],
        sessions: Sessions,
        name: str,
        clock: Clock,
        wait_s: float = WAIT_S,
    ) -> None:
        self._engine, self._turn, self._sessions = engine, turn, sessions
        self._name, self._clock, self._wait_s = name, clock, wait_s

    def ask(self, request: TLRequest) -> Received:
        """Have the watch ask, and read what Telegram answered.

        Raises:
            AccountError: The watch asks this for nobody, or no answer came: it ended, or cannot go on.
            ChannelError, FloodError, RequestError: As Telegram refused it.
            UnknownConstructorError: The answer cannot be read.
        """
        if method_of(request) not in _LENT:
            raise AccountError("account.in_use", found=self._name)
        subject = f"{self._name}/{secrets.token_hex(8)}"
        self._note(subject, bytes(request))
        try:
            said = self._answer(subject)
        finally:
            with self._turn() as connection:
                task.forget_work(connection, kind=ASKS, subject=subject)
        if "error" in said:
            raise _error(said["error"])
        return read_reply(request, Body(from_b64u(said["body"])))

    def _note(self, subject: str, asked: bytes) -> None:
        sealed = ASKED + b64u(self._sessions.seal(asked, ASKED + subject))
        with self._turn() as connection:
            task.note_work(connection, kind=ASKS, subject=subject, due_at=self._clock(), progress=sealed)

    def _answer(self, subject: str) -> Mapping[str, Any]:
        until = time.monotonic() + self._wait_s
        while time.monotonic() < until:
            time.sleep(_POLL_S)
            with reading(self._engine) as connection:
                noted = task.noted(connection, ASKS).get(subject)
            if noted is not None and noted.progress.startswith(_ANSWERED):
                with suppress(ValueError):  # it was changed: then there is no answer
                    text = self._sessions.unseal(from_b64u(noted.progress[1:]), _ANSWERED + subject)
                    said: dict[str, Any] = json.loads(text)
                    return said
        raise AccountError("account.in_use", found=self._name)


def is_lent(engine: sa.Engine, name: str) -> bool:
    """Whether a watch said that it is on line with this account; it may have been killed since."""
    with reading(engine) as connection:
        return task.is_noted(connection, kind=LENDS, subject=name)


@contextmanager
def lending(sequencer: Sequencer, name: str, clock: Clock) -> Iterator[None]:
    """Say that a running watch answers others with this account, for as long as the block runs."""
    with sequencer.take() as connection:
        task.note_work(connection, kind=LENDS, subject=name, due_at=clock())
    try:
        yield
    finally:
        with suppress(HomeBusyError), sequencer.take() as connection:
            task.forget_work(connection, kind=LENDS, subject=name)


class Lender:
    """Answers what other processes ask for with an account; one for each line of a watch."""

    def __init__(
        self,
        engine: sa.Engine,
        sequencer: Sequencer,
        sessions: Sessions,
        clock: Clock,
        line: Line,
        session: AccountSession,
    ) -> None:
        self._engine, self._sequencer, self._sessions = engine, sequencer, sessions
        self._clock, self._line, self._session = clock, line, session

    def answer_all(self) -> None:
        """Answer each request that waits; drop what nobody waits for any more.

        Raises:
            AccountError, UnreachableError, StoppedError: The watch itself cannot go on.
        """
        now = self._clock()
        with reading(self._engine) as connection:
            noted = task.noted(connection, ASKS)
        for subject, each in noted.items():
            if is_due(each.due_at, _KEPT_FOR, now):
                with self._sequencer.take() as connection:
                    task.forget_work(connection, kind=ASKS, subject=subject)
            elif subject.startswith(f"{self._session.name}/") and each.progress.startswith(ASKED):
                self._answer(subject, each.progress[1:], now)

    def _answer(self, subject: str, sealed: str, now: datetime) -> None:
        said = json.dumps(self._said(subject, sealed)).encode()
        progress = _ANSWERED + b64u(self._sessions.seal(said, _ANSWERED + subject))
        with self._sequencer.take() as connection:
            if task.is_noted(connection, kind=ASKS, subject=subject):  # whoever asked may have gone
                task.note_work(connection, kind=ASKS, subject=subject, due_at=now, progress=progress)

    def _said(self, subject: str, sealed: str) -> Mapping[str, object]:
        try:
            request = _request(lambda: self._sessions.unseal(from_b64u(sealed), ASKED + subject))
            body = self._line.ask_raw(request)
        except (ChannelError, FloodError, NotAllowedError, RequestError) as error:
            return {"error": _told(error)}
        with suppress(UnknownConstructorError):  # whoever asked is told
            self._meet(request, read_reply(request, body).said)
        return {"body": b64u(body.data)}

    def _meet(self, request: TLRequest, said: object) -> None:
        """Keep what it takes to ask for the channel that was asked for, and for none beside it."""
        before = dict(self._session.channels)
        for channel in _asked_for(request, said):
            with suppress(ChannelError):  # whoever asked is told
                self._session.meet(channel)
        if self._session.channels != before:
            self._sessions.save(self._session)


def _asked_for(request: TLRequest, said: Any) -> list[types.Channel]:  # noqa: ANN401 - an object of the schema
    """The channel that a request asked for, if its answer has it."""
    match request, said:
        case functions.contacts.ResolveUsernameRequest(), types.contacts.ResolvedPeer(peer=types.PeerChannel()):
            number, chats = said.peer.channel_id, said.chats
        case functions.channels.GetFullChannelRequest(channel=types.InputChannel()), types.messages.ChatFull():
            number, chats = request.channel.channel_id, said.chats
        case functions.messages.CheckChatInviteRequest(), types.ChatInviteAlready():
            number, chats = said.chat.id, [said.chat]
        case _:
            return []
    return [each for each in chats if isinstance(each, types.Channel) and each.id == number]


def _request(unseal: Callable[[], bytes]) -> TLRequest:
    """The request that another process wants to be asked.

    Raises:
        NotAllowedError: A watch does not ask for this for others, or it is no request.
    """
    try:
        request = BinaryReader(unseal()).tgread_object()
    except (CanonicalError, *NOT_TL) as error:
        raise NotAllowedError("not_allowed.request", found=type(error).__name__) from error
    if not isinstance(request, TLRequest) or method_of(request) not in _LENT:
        raise NotAllowedError("not_allowed.request", found=type(request).__name__)
    return request


def _told(error: TelegramError) -> Mapping[str, object]:
    state = error.state.value if isinstance(error, ChannelError) else None
    return {"kind": type(error).__name__, "code": error.code, "facts": facts_as_json(error.facts), "state": state}


def _error(said: Mapping[str, Any]) -> TelegramError:
    """The error that a watch told, from the form in which the database kept it."""
    facts = {name: str(value) for name, value in said["facts"].items()}
    match said["kind"]:
        case "ChannelError":
            return ChannelError.unseen(ChannelState(said["state"]), facts.get("system", ""))
        case "FloodError":
            return FloodError.of(facts["method"], parse_time(facts["until"]))
        case "NotAllowedError":
            return NotAllowedError("not_allowed.request", found=facts.get("found", ""))
        case _:
            return RequestError("request.refused", method=facts.get("method", ""), system=facts.get("system", ""))
