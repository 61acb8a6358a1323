"""Asks again for what a reply gave only in part: the rest of a rich message, and file references that have expired.

Telegram shows only the beginning of a long rich message, and lets a reference to a file expire after some hours. Both
are asked for again where they came from: a message, a rich message in full, the channel itself, or, for a comment in a
group that the account cannot see, the post. The reference of a story comes with the message that shows it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from telethon.tl import TLRequest, functions, types

from monitor.errors import ChannelError, RequestError, UnknownConstructorError
from monitor.telegram.pictures import AskedWith, File, files_in, is_cut_short
from monitor.telegram.reply import Received
from monitor.telegram.tree import told

Ask = Callable[[TLRequest], Received]


@dataclass(frozen=True, slots=True)
class CommentedPost:
    """A post through which comments are fetched.

    Attributes:
        peer: The ``InputPeerChannel`` of its channel.
    """

    peer: Any
    number: int


def whole_of(ask: Ask, channel: Any, message: Any) -> tuple[Received, Any] | None:  # noqa: ANN401 - of the schema
    """Ask Telegram for a whole message of which only the beginning came; give it with the reply that has it.

    None if the message is whole already, or if Telegram does not give the rest.

    Args:
        channel: The ``InputChannel`` that has the message.

    Raises:
        TelegramError: As for any request; but a refusal of this one is not an error.
    """
    if getattr(message, "rich_message", None) is None or not is_cut_short(told(message)):
        return None
    peer = types.InputPeerChannel(channel.channel_id, channel.access_hash)
    try:
        answer = ask(functions.messages.GetRichMessageRequest(peer, message.id))
    except (RequestError, ChannelError, UnknownConstructorError):
        return None
    whole = _message_in(answer, message.id)
    return None if whole is None else (answer, whole)


def refreshed(ask: Ask, channel: Any, stale: File) -> File | None:  # noqa: ANN401 - an object of the schema
    """Ask Telegram for a fresh reference to a file, where it is now; None if the file or the place is gone.

    Raises:
        TelegramError: As for any request: that a channel is closed, or an answer is garbage, does not say that the file
            is gone. A refusal of this one request does.
    """
    try:
        if stale.asked_with is AskedWith.FULL_CHAT or stale.message_id is None:
            return _same(ask(functions.channels.GetFullChannelRequest(channel)).said.full_chat, stale)
        answer = ask(functions.channels.GetMessagesRequest(channel, [types.InputMessageID(stale.message_id)]))
    except RequestError:
        return None
    message = _message_in(answer, stale.message_id)
    if message is None:
        return None
    # a file found in the rest of a rich message is looked for there, whatever the message says of itself now
    whole = whole_of(ask, channel, message)
    return _same(message, stale) or (None if whole is None else _same(whole[1], stale))


def refreshed_through(ask: Ask, post: CommentedPost, stale: File) -> File | None:
    """Ask Telegram for a fresh reference to a file in a comment, or in the copy of a post below which comments hang.

    Args:
        post: The one through which the message was fetched.
    """
    number = stale.message_id or 0
    asked = (
        functions.messages.GetRepliesRequest(post.peer, post.number, number + 1, None, 0, 1, 0, 0, 0),
        functions.messages.GetDiscussionMessageRequest(post.peer, post.number),
    )
    try:
        found = [_message_in(ask(request), number) for request in asked]
    except RequestError:
        return None
    return next((_same(message, stale) for message in found if message is not None), None)


def _same(carrier: object, stale: File) -> File | None:
    return next((file for file in files_in(told(carrier)) if file.identity == stale.identity), None)


def _message_in(answer: Received, number: int) -> Any:  # noqa: ANN401 - a message, or None
    there = (each for each in answer.said.messages if each.id == number and not isinstance(each, types.MessageEmpty))
    return next(there, None)
