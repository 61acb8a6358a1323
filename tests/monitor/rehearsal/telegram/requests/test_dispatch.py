"""Wrappers, frozen and banned accounts, and what is answered without a login."""

import pytest
from telethon.errors import AuthKeyUnregisteredError, FrozenMethodInvalidError, UserDeactivatedBanError
from telethon.tl import functions, types

from monitor.rehearsal.telegram.accounts import KnownKey
from monitor.rehearsal.telegram.handshake import AgreedKey
from monitor.rehearsal.telegram.refusals import RefusedError
from monitor.rehearsal.telegram.requests.caller import Caller
from monitor.rehearsal.telegram.requests.dispatch import ANSWERS, FROZEN, answer_request, unwrap
from monitor.rehearsal.telegram.serve import LoopbackTelegram
from tests.monitor.rehearsal.telegram.peers import connected, run

INNER = functions.help.GetConfigRequest()


def test_wrappers_are_taken_off_and_heard() -> None:
    begun = functions.InitConnectionRequest(1, "", "", "", "", "", "", INNER)
    unwrapped = unwrap(functions.InvokeWithLayerRequest(229, functions.InvokeWithoutUpdatesRequest(begun)))
    assert (unwrapped.request, unwrapped.layer, unwrapped.updates) == (INNER, 229, False)
    assert unwrap(INNER).updates


def test_nothing_that_changes_anything_is_answered() -> None:
    names = {kind.__name__ for kind in ANSWERS}
    assert "GetHistoryRequest" in names
    changing = ("Join", "Invite", "Send", "Delete", "Edit", "Read", "Set", "Update")
    allowed = {"SendCodeRequest", "CheckChatInviteRequest"}
    assert {name for name in names if name.startswith(changing)} <= allowed


def test_whoever_is_not_logged_in_is_told_so(telegram: LoopbackTelegram) -> None:
    async def ask() -> None:
        async with connected(telegram) as client:
            await client(functions.help.GetNearestDcRequest())
            for request in (
                functions.updates.GetStateRequest(),
                functions.upload.GetFileRequest(types.InputPhotoFileLocation(1, 1, b"", "y"), 0, 4096),
            ):
                with pytest.raises(AuthKeyUnregisteredError):
                    await client(request)

    run(ask())


def test_a_frozen_account_may_look_at_itself_alone(newcomer) -> None:  # noqa: ANN001
    cold = newcomer()
    now = cold.telegram.world.now()
    cold.telegram.world.freeze(cold.account, now, now, "https://example.org/appeal")
    cold.request(functions.users.GetUsersRequest([types.InputUserSelf()]))
    with pytest.raises(FrozenMethodInvalidError) as refused:
        cold.request(functions.contacts.ResolveUsernameRequest("weather"))
    assert refused.value.code == 420
    cold.telegram.world.freeze(cold.account, now, now, "https://example.org/appeal", code=406)
    caller = Caller(cold.telegram.world, KnownKey(AgreedKey(bytes(256), 0), 2, cold.account), 2, ())
    with pytest.raises(RefusedError, match=FROZEN) as sent:  # Telethon shows 420 whatever code was sent
        answer_request(caller, functions.contacts.ResolveUsernameRequest("weather"), cold.telegram.faults)
    assert sent.value.code == 406


def test_a_banned_account_is_refused_everything_but_the_settings(newcomer) -> None:  # noqa: ANN001
    banned = newcomer()
    banned.telegram.world.deactivate(banned.account)
    banned.request(functions.help.GetConfigRequest())
    with pytest.raises(UserDeactivatedBanError):
        banned.request(functions.updates.GetStateRequest())
