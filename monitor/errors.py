"""The errors of the monitor package.

MonitorError
├── ExportError             a Telegram Desktop export cannot be read
│   ├── NotAnExportError    nothing here that Telegram Desktop writes as JSON
│   ├── BrokenExportError   damaged or ambiguous; says line and column
│   │   └── CutOffExportError   ends too early, before anything in it is whole
│   ├── ExportTooLargeError beyond a stated limit
│   ├── ArchiveError        an archive is damaged, or says something else than it holds
│   └── ExportChangedError  the file changed while it was being read
├── ChatNotFoundError       the export does not hold the chat that was asked for
├── BroughtFileError        a file that somebody brings cannot be read
├── BroughtLinkError        what somebody brings as a link is none
├── MediumError             a file that an export names cannot be had
│   ├── MediumOutsideError  not a regular file inside the export folder
│   ├── MediumMissingError  not there
│   └── MediumUnreadableError  there, and the system refuses it
└── TelegramError           Telegram cannot be asked, or does not give what was asked for
    ├── UnreachableError    no connection, or no answer in time
    ├── FloodError          it asks for a pause
    ├── AccountError        the account is not logged in, or is no longer what it was
    ├── ChannelError        the channel cannot be seen
    ├── MessageError        a message that was asked for is not there
    ├── RequestError        it refuses for another reason
    ├── ResolveError        what was named is no channel that could be watched
    ├── NotAllowedError     the program wanted to ask what it may not
    └── UnknownConstructorError  the answer holds what this program cannot read

A message never quotes what stands in an export or a channel: texts, names and paths are personal.
"""

from datetime import datetime
from enum import StrEnum

from config.errors import Explained
from evidence.times import format_time


class MonitorError(Explained):
    """A source cannot be read as it is."""


class ExportError(MonitorError):
    """A Telegram Desktop export cannot be read."""


class NotAnExportError(ExportError):
    """Nothing here is a JSON export of Telegram Desktop."""


class BrokenExportError(ExportError):
    """The JSON is damaged or ambiguous; ``where`` names line and column."""


class CutOffExportError(BrokenExportError):
    """The file ends too early: nothing whole is left in it, or what was asked for is not."""


class ExportTooLargeError(ExportError):
    """The export, or one message of it, is beyond a stated limit."""


class ArchiveError(ExportError):
    """An archive is damaged, or what it says of itself is not so."""


class ExportChangedError(ExportError):
    """The file changed between two readings; nothing from the second was used."""


class ChatNotFoundError(MonitorError):
    """The export does not hold the chat that was asked for, or holds several and none was named."""


class BroughtFileError(MonitorError):
    """A file that somebody brings is not there, is none, or is refused; nothing was kept."""


class BroughtLinkError(MonitorError):
    """What somebody brings as a link leads neither to the web nor to Telegram; nothing was kept."""


class MediumError(MonitorError):
    """A file that an export names cannot be had; the hole that is recorded says why."""


class MediumOutsideError(MediumError):
    """The name leads out of the export folder, or to something that is not a regular file."""


class MediumMissingError(MediumError):
    """No file of this name is in the export folder."""


class MediumUnreadableError(MediumError):
    """The file is there and the system refuses to hand it over."""


class TelegramError(MonitorError):
    """Telegram cannot be asked, or does not give what was asked for."""


class UnreachableError(TelegramError):
    """There is no connection, or no answer came in time."""


class FloodError(TelegramError):
    """Telegram asks for a pause.

    Attributes:
        until: When it ends, aware UTC.
    """

    until: datetime

    @classmethod
    def of(cls, method: str, until: datetime) -> "FloodError":
        """The error that a method must not be asked before a time."""
        error = cls("flood.wait", method=method, until=format_time(until))
        error.until = until
        return error


class AccountState(StrEnum):
    """What an account is to Telegram."""

    OK = "ok"
    FLOOD = "flood"
    FROZEN = "frozen"
    BANNED = "banned"
    DUPLICATED = "duplicated"
    KEY_LOST = "key_lost"


class AccountError(TelegramError):
    """The account is not logged in, or is no longer what it was.

    Attributes:
        state: What it is now, where Telegram said so.
    """

    state: AccountState | None = None

    @classmethod
    def lost(cls, state: AccountState, name: str) -> "AccountError":
        """The error of an account that Telegram has taken away, by the name of Telegram's error."""
        match state:
            case AccountState.FROZEN:
                error = cls("account.frozen", system=name)
            case AccountState.DUPLICATED:
                error = cls("account.duplicated", system=name)
            case AccountState.KEY_LOST:
                error = cls("account.key_lost", system=name)
            case _:
                error = cls("account.banned", system=name)
        error.state = state
        return error


class ChannelState(StrEnum):
    """What a channel is to an account."""

    OK = "ok"
    PRIVATE = "private"
    GONE = "gone"
    FLOOD = "flood"


class ChannelError(TelegramError):
    """The channel cannot be seen.

    Attributes:
        state: Why.
    """

    state = ChannelState.GONE

    @classmethod
    def unseen(cls, state: ChannelState, name: str) -> "ChannelError":
        """The error of a channel that Telegram does not show, by the name of Telegram's error."""
        error = cls("channel.gone", system=name)
        if state is ChannelState.PRIVATE:
            error = cls("channel.private", system=name)
        error.state = state
        return error


class RequestError(TelegramError):
    """Telegram refuses for another reason."""

    @property
    def name(self) -> str:
        """Of its error: ``FILE_REFERENCE_EXPIRED``."""
        return str(self.facts.get("system", ""))


class MessageError(TelegramError):
    """A message that was asked for is not there; what is on record of it, its code says."""


class ResolveError(TelegramError):
    """What was named is no channel that could be watched, or not yet."""


class NotAllowedError(TelegramError):
    """The program wanted to ask what it may not: a fault of the program."""


class UnknownConstructorError(TelegramError):
    """The answer holds what this program cannot read."""
