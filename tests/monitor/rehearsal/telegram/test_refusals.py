"""What a refusal carries is what the client raises."""

import pytest
from telethon.errors import rpc_message_to_error
from telethon.errors.rpcerrorlist import ChannelPrivateError, FloodWaitError
from telethon.tl import types

from monitor.rehearsal.telegram.refusals import FLOOD, RefusedError, bad, private


@pytest.mark.parametrize(
    ("refused", "raised"),
    [(private(), ChannelPrivateError), (RefusedError(FLOOD, "FLOOD_WAIT_30"), FloodWaitError)],
)
def test_a_refusal_is_the_error_of_the_client(refused: RefusedError, raised: type) -> None:
    error = rpc_message_to_error(types.RpcError(refused.code, refused.message), None)
    assert isinstance(error, raised)


def test_a_bad_request_has_the_code_400() -> None:
    assert bad("USERNAME_INVALID").code == 400
