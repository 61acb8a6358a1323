"""The requests that may be sent: read-only ones, and those for logging in.

The account never joins, posts, reacts, marks as read or asks for members. So each request is checked against
this list where it is sent (``monitor.telegram.line``); one that is not on the list is a fault of the program.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from telethon.tl import TLRequest, functions, types

from monitor.errors import NotAllowedError

Condition = Callable[[Any], bool]
_CHATS = 100
"""The most chats that one list may have."""


def _always(_request: TLRequest) -> bool:
    return True


def _is_the_latest_chats(request: Any) -> bool:  # noqa: ANN401 - messages.GetDialogs
    """Whether it asks for one page of a folder's latest chats, and nothing before them."""
    begins = isinstance(request.offset_peer, types.InputPeerEmpty)
    begins = begins and not (request.offset_id or request.offset_date or request.hash)
    return begins and 0 < request.limit <= _CHATS and request.folder_id in (0, 1) and not request.exclude_pinned


ALLOWED: Mapping[str, Condition] = MappingProxyType(
    {
        # a connection, and an account's own login
        "Ping": _always,
        "help.GetConfig": _always,
        "help.GetAppConfig": _always,
        "auth.SendCode": _always,
        "auth.SignIn": _always,
        "account.GetPassword": _always,
        "auth.CheckPassword": _always,
        "auth.ExportAuthorization": _always,
        "auth.ImportAuthorization": _always,
        "users.GetUsers": lambda request: all(isinstance(each, types.InputUserSelf) for each in request.id),
        "updates.GetState": _always,
        # which of the registered channels it has joined
        "messages.GetDialogs": _is_the_latest_chats,
        # what anybody may see of a channel
        "contacts.ResolveUsername": lambda request: request.referer is None,
        "messages.CheckChatInvite": _always,
        "channels.GetChannels": _always,
        "channels.GetFullChannel": _always,
        "channels.GetParticipants": lambda request: isinstance(request.filter, types.ChannelParticipantsAdmins),
        "channels.GetMessages": _always,
        "messages.GetHistory": _always,
        "messages.GetReplies": _always,
        "messages.GetDiscussionMessage": _always,
        "messages.GetForumTopics": lambda request: request.q is None,
        "messages.GetMessagesReactions": _always,
        "messages.GetMessagesViews": lambda request: request.increment is False,
        "messages.GetPollResults": _always,
        "messages.GetRichMessage": _always,
        "updates.GetChannelDifference": _always,
        "upload.GetFile": _always,
    }
)
"""By their names in Telegram's schema, each with the condition that the request itself must meet."""

_WRAPPERS = (functions.InvokeWithLayerRequest, functions.InitConnectionRequest, functions.InvokeWithoutUpdatesRequest)


def method_of(request: TLRequest) -> str:
    """The method that a request to Telegram calls, inside whatever wraps it: ``messages.GetHistory``."""
    while isinstance(request, _WRAPPERS):
        request = request.query
    kind = type(request)
    area = kind.__module__.rpartition(".")[2]
    name = kind.__name__.removesuffix("Request")
    return name if area == "functions" else f"{area}.{name}"


def require_allowed(request: TLRequest) -> None:
    """Check that the watch may send a request to Telegram.

    Raises:
        NotAllowedError: It is not on the list, or asks for more than the list allows.
    """
    method = method_of(request)
    while isinstance(request, _WRAPPERS):
        request = request.query
    if method not in ALLOWED or not ALLOWED[method](request):
        raise NotAllowedError("not_allowed.request", found=method)
