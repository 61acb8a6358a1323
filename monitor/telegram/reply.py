"""A reply as it was received: the bytes of the RPC body, what they say, and where each message lies in them.

The body is taken before Telethon reads it, because writing an object again gives other bytes. TL does not say how
long an object is, so the places are noted while the body is read.
"""

import struct
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from telethon.errors import TypeNotFoundError
from telethon.extensions import BinaryReader
from telethon.tl import TLRequest, types

from monitor.errors import UnknownConstructorError
from monitor.telegram.allowed import method_of

_MESSAGES = (types.Message, types.MessageService, types.MessageEmpty)
_DIRECTLY_BELOW = 2
# its constructor, one or two words of flags, and then its number (layer 229)
_NUMBER_AT = {
    types.Message.CONSTRUCTOR_ID: 12,
    types.MessageService.CONSTRUCTOR_ID: 8,
    types.MessageEmpty.CONSTRUCTOR_ID: 8,
}
NOT_TL = (
    TypeNotFoundError,
    AttributeError,
    BufferError,
    IndexError,
    KeyError,
    MemoryError,
    OverflowError,
    RuntimeError,
    TypeError,
    ValueError,
    struct.error,
)
"""What reading TL raises where it is of another layer, ends early, or holds what no field takes: Telethon has an error
of its own for the first alone."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """Where the bytes of a message lie in the body: ``start`` to ``end``, exclusive."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Body:
    """The body of an answer.

    Attributes:
        data: As received, after MTProto's own decompression.
        told_at: When Telegram sent it, by its own clock.
    """

    data: bytes
    told_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class AnsweredRequest:
    """What was asked, such as ``messages.GetHistory``, and when Telegram answered, by its own clock."""

    method: str
    told_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Received:
    """What came back.

    Attributes:
        by: What was asked, and when it was answered.
        body: As received, after MTProto's own decompression.
        said: The object that the body is.
        spans: The place of each message, by the ``id()`` of its object in ``said``.
    """

    by: AnsweredRequest
    body: bytes
    said: Any
    spans: dict[int, _Piece]

    @property
    def method(self) -> str:
        """What was asked."""
        return self.by.method

    def raw(self, message: object) -> tuple[int, bytes]:
        """Where a message of ``said`` begins in the body, and its bytes."""
        span = self.spans[id(message)]
        return span.start, self.body[span.start : span.end]


class _Noting(BinaryReader):  # type: ignore[misc]
    def __init__(self, body: bytes) -> None:
        super().__init__(body)
        self.spans: dict[int, _Piece] = {}

    def tgread_object(self) -> Any:  # noqa: ANN401 - any object of the schema
        start = self.position
        read = super().tgread_object()
        if isinstance(read, _MESSAGES):
            self.spans[id(read)] = _Piece(start, self.position)
        return read


class _Below(_Noting):
    """Keeps the messages directly below the object that is read, as far as it can be read.

    Attributes:
        first: Where the first object below it begins; None if there is none.
    """

    def __init__(self, body: bytes) -> None:
        super().__init__(body)
        self.messages: list[Any] = []
        self.first: int | None = None
        self._depth = 0

    def tgread_object(self) -> Any:  # noqa: ANN401 - any object of the schema
        self._depth += 1
        if self._depth == _DIRECTLY_BELOW and self.first is None:
            self.first = self.position
        read = super().tgread_object()
        self._depth -= 1
        if self._depth == 1 and isinstance(read, _MESSAGES):
            self.messages.append(read)
        return read


def messages_before(request: TLRequest, body: Body) -> Received:
    """The messages of Telegram's reply that can be read only up to some place; ``said`` is a list of them.

    A reply lists its messages before the chats and accounts that they mention. So a chat or account that cannot be
    read leaves every message before it whole.
    """
    reader = _Below(body.data)
    with suppress(*NOT_TL):
        request.read_result(reader)
    return Received(AnsweredRequest(method_of(request), body.told_at), body.data, reader.messages, reader.spans)


def first_number(request: TLRequest, body: Body) -> int | None:
    """The number of the first message of a reply of Telegram's that cannot be read; None if this layer knows none.

    The number comes before anything in a message that can be unknown.
    """
    reader = _Below(body.data)
    with suppress(*NOT_TL):
        request.read_result(reader)
    if reader.first is None:
        return None
    begins = body.data[reader.first :]
    at = _NUMBER_AT.get(int.from_bytes(begins[:4], "little"))
    if at is None or len(begins) < at + 4:
        return None
    return int.from_bytes(begins[at : at + 4], "little", signed=True)


def read_reply(request: TLRequest, body: Body) -> Received:
    """Read the RPC body that Telegram sent as the answer to a request.

    Raises:
        UnknownConstructorError: Something in it is of another layer, or it is not TL at all.
    """
    reader = _Noting(body.data)
    try:
        said = request.read_result(reader)
    except TypeNotFoundError as error:
        raise UnknownConstructorError(
            "unknown_constructor.found", number=f"{error.invalid_constructor_id:08x}"
        ) from error
    except NOT_TL as error:
        raise UnknownConstructorError("unknown_constructor.not_tl", system=type(error).__name__) from error
    return Received(AnsweredRequest(method_of(request), body.told_at), body.data, said, reader.spans)
