"""Captures one message that a person names by its link: now, and as the watch would keep it.

If a running watch has the only account, the watch is asked through the database, since Telegram ends a session that
two programs use. What it then keeps names the person who asked. Of a channel that is not registered see
``api.office.unconfirmed``.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from api.home import Home
from api.office.watch import opened
from config.errors import Explained
from config.link import MessageLink
from evidence.authority import Doer
from evidence.store.database import reading
from monitor.errors import AccountError, MessageError
from monitor.telegram.capture import CaptureAnswer, CaptureRequest, Seen, answer_of, ask_for, request_by, withdraw
from monitor.telegram.session import Sessions

WAIT_S = 90.0
"""How long to wait for a running watch: it may itself wait a minute for Telegram."""
_POLL_S = 0.3


@dataclass(frozen=True, slots=True)
class Captured:
    """The outcome of a capture.

    Attributes:
        handed_over: Whether a running watch did it: it fetches the files, and its next beat signs and stamps.
        media: How many files were kept, by the number of the channel.
        unstamped: Why no time stamp could be had yet.
    """

    link: MessageLink
    answer: CaptureAnswer
    handed_over: bool
    media: Mapping[int, int] = field(default_factory=dict)
    unstamped: Explained | None = None

    @property
    def error(self) -> Explained | None:
        """Why the message is not kept as it was asked for; None if it is."""
        return self.answer.error or _not_there(self.answer.seen, self.link)


def _not_there(seen: Seen | None, link: MessageLink) -> Explained | None:
    number = str(link.comment or link.number)
    error = None
    match seen:
        case Seen.GONE:
            error = MessageError("message.gone", found=number)
        case Seen.NEVER_SEEN:
            error = MessageError("message.never_seen", found=number)
        case Seen.NOT_YET:
            error = MessageError("message.not_yet", found=number)
        case Seen.NOT_THERE:
            error = MessageError("message.not_there", found=number)
        case Seen.NOT_KEPT:
            error = MessageError("message.not_kept", found=number)
        case Seen.NO_COMMENTS:
            error = MessageError("message.no_comments", found=number)
        case _:
            pass
    return error


def capture_message(
    home: Home, link: MessageLink, doer: Doer, waiting: Callable[[], object] = lambda: None, *, wait_s: float = WAIT_S
) -> Captured:
    """The verb behind ``capture``: have one message kept, with its album and its newest comments.

    Args:
        waiting: Called once if a running watch is asked.

    Raises:
        AccountError: There is no account, or another process has it and does not answer.
        UnreachableError: Telegram was not reached.
    """
    try:
        with opened(home, doer) as running:
            found, unstamped = running.capture(link)
            return Captured(link, found, False, dict(running.watch.media), unstamped)
    except AccountError as error:
        if error.code != "account.in_use":
            raise
        waiting()
        asked = request_by(doer, link, home.clock(), Sessions(home.keys.path))
        found = _handed_over(home, asked, error, wait_s)
        return Captured(link, found, True)


def _handed_over(home: Home, asked: CaptureRequest, in_use: AccountError, wait_s: float) -> CaptureAnswer:
    """The answer of the watch that has the account.

    Raises:
        AccountError: There is none: what has the account is not a running watch, or the watch cannot go on.
    """
    with home.writing() as writer:
        with writer.sequencer.take() as connection:
            ask_for(connection, asked)
        try:
            found = _answer(home, asked.link, wait_s)
        finally:
            with writer.sequencer.take() as connection:
                withdraw(connection, asked.link)
    if found is None:
        raise in_use
    return found


def _answer(home: Home, link: MessageLink, wait_s: float) -> CaptureAnswer | None:
    """What the watch answers; None if it does not in time."""
    until, found = time.monotonic() + wait_s, None
    while found is None and time.monotonic() < until:
        time.sleep(_POLL_S)
        with reading(home.engine) as connection:
            found = answer_of(connection, link)
    return found
