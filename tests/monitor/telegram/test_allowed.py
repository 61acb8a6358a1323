"""Nothing leaves that does more than read."""

import inspect
from datetime import UTC, datetime

import pytest
from telethon.tl import TLRequest, functions, types

from monitor.errors import NotAllowedError
from monitor.telegram.allowed import ALLOWED, method_of, require_allowed
from tests.nonempty import nonempty

MODULES = [functions, *(module for _name, module in inspect.getmembers(functions, inspect.ismodule))]
REQUESTS = {
    method_of(kind.__new__(kind)): kind
    for module in MODULES
    for _name, kind in inspect.getmembers(module, inspect.isclass)
    if issubclass(kind, TLRequest) and kind is not TLRequest and kind.__module__.startswith("telethon.tl.functions")
    if not kind.__name__.startswith(("InvokeW", "InitConnection"))
}
"""Every request of the pinned layer, by the method that it calls."""
CHANNEL = types.InputChannel(1, 2)
PEER = types.InputPeerChannel(1, 2)
NOWHERE = types.InputPeerEmpty()


def test_the_layer_has_every_request_that_may_leave() -> None:
    assert set(ALLOWED) <= set(REQUESTS)
    assert len(REQUESTS) > 700


def test_no_other_request_of_the_layer_may_leave() -> None:
    for method in nonempty(sorted(set(REQUESTS) - set(ALLOWED))):
        with pytest.raises(NotAllowedError):
            require_allowed(REQUESTS[method].__new__(REQUESTS[method]))


@pytest.mark.parametrize(
    "request_",
    [
        functions.channels.GetParticipantsRequest(CHANNEL, types.ChannelParticipantsRecent(), 0, 200, 0),
        functions.channels.GetParticipantsRequest(CHANNEL, types.ChannelParticipantsSearch("a"), 0, 200, 0),
        functions.messages.GetMessagesViewsRequest(PEER, [1], increment=True),
        functions.contacts.ResolveUsernameRequest("name", referer="code"),
        functions.users.GetUsersRequest([types.InputUser(1, 2)]),
        functions.messages.GetForumTopicsRequest(PEER, None, 0, 0, 100, q="words"),
        functions.messages.GetDialogsRequest(None, 0, NOWHERE, 101, 0, folder_id=0),
        functions.messages.GetDialogsRequest(None, 0, NOWHERE, 0, 0, folder_id=0),
        functions.messages.GetDialogsRequest(None, 0, NOWHERE, 100, 0),
        functions.messages.GetDialogsRequest(None, 0, NOWHERE, 100, 0, folder_id=2),
        functions.messages.GetDialogsRequest(None, 0, NOWHERE, 100, 7, folder_id=1),
        functions.messages.GetDialogsRequest(None, 9, NOWHERE, 100, 0, folder_id=1),
        functions.messages.GetDialogsRequest(None, 0, PEER, 100, 0, folder_id=1),
        functions.messages.GetDialogsRequest(datetime(2026, 1, 1, tzinfo=UTC), 0, NOWHERE, 100, 0, folder_id=1),
        functions.messages.GetDialogsRequest(None, 0, NOWHERE, 100, 0, exclude_pinned=True, folder_id=0),
    ],
)
@pytest.mark.parametrize("wrapped", [False, True])
def test_an_allowed_method_may_not_ask_for_more(request_: TLRequest, wrapped: bool) -> None:  # noqa: FBT001 - a parameter
    asked = functions.InvokeWithoutUpdatesRequest(request_) if wrapped else request_
    with pytest.raises(NotAllowedError):
        require_allowed(asked)


@pytest.mark.parametrize(
    "request_",
    [
        functions.channels.GetParticipantsRequest(CHANNEL, types.ChannelParticipantsAdmins(), 0, 200, 0),
        functions.messages.GetMessagesViewsRequest(PEER, [1], increment=False),
        functions.contacts.ResolveUsernameRequest("name"),
        functions.users.GetUsersRequest([types.InputUserSelf()]),
        functions.messages.GetDialogsRequest(None, 0, NOWHERE, 100, 0, folder_id=0),
        functions.messages.GetDialogsRequest(None, 0, NOWHERE, 1, 0, folder_id=1),
    ],
)
def test_what_only_reads_may_leave(request_: TLRequest) -> None:
    require_allowed(request_)
