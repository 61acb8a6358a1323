"""Which requests are answered, to whom, and what stands in the way: wrappers, faults, frozen and lost accounts."""

from dataclasses import dataclass

from telethon.tl import functions

from monitor.rehearsal.telegram.accounts import Account, KnownKey
from monitor.rehearsal.telegram.faults import Faults
from monitor.rehearsal.telegram.refusals import RefusedError, bad
from monitor.rehearsal.telegram.requests import counters, difference, files, history, login, rooms, settings
from monitor.rehearsal.telegram.requests.caller import Answers, Caller
from monitor.rehearsal.telegram.wire import Tl, method_name

ANSWERS: Answers = {
    **login.ANSWERS,
    **settings.ANSWERS,
    **difference.ANSWERS,
    **history.ANSWERS,
    **rooms.ANSWERS,
    **counters.ANSWERS,
    **files.ANSWERS,
}
NOT_SUPPORTED = "METHOD_NOT_SUPPORTED"
FROZEN = "FROZEN_METHOD_INVALID"

_FOR_FROZEN = {
    "help.getConfig",
    "help.getAppConfig",
    "help.getNearestDc",
    "users.getUsers",
    "updates.getState",
    "updates.getDifference",
    "account.getPassword",
    "auth.logOut",
}
_DUPLICATED = "AUTH_KEY_DUPLICATED"
_FOR_ANYBODY = {"help.getConfig", "help.getNearestDc"}


@dataclass(frozen=True, slots=True)
class Unwrapped:
    """A request without its wrappers, and what they said.

    Attributes:
        layer: Of ``invokeWithLayer``; 0 without it.
        updates: False inside ``invokeWithoutUpdates``.
    """

    request: Tl
    layer: int
    updates: bool


def unwrap(request: Tl) -> Unwrapped:
    """As the loopback server, take off ``invokeWithLayer``, ``initConnection`` and the like from a request."""
    layer, updates = 0, True
    while True:
        match request:
            case functions.InvokeWithLayerRequest():
                layer = request.layer
            case functions.InvokeWithoutUpdatesRequest():
                updates = False
            case (
                functions.InitConnectionRequest()
                | functions.InvokeAfterMsgRequest()
                | functions.InvokeAfterMsgsRequest()
            ):
                pass
            case _:
                return Unwrapped(request, layer, updates)
        request = request.query


def answer_request(caller: Caller, request: Tl, faults: Faults) -> Tl:
    """The loopback server's answer: the result of a request, or what stands in the way of one.

    Raises:
        RefusedError: It is refused; a request that nobody answers is METHOD_NOT_SUPPORTED.
    """
    name = method_name(request)
    _require_able(caller.key.account, name)
    refusal = faults.refusal(name, caller.key.account)
    if refusal is not None:
        raise refusal
    answers = ANSWERS.get(type(request))
    if answers is None:
        raise bad(NOT_SUPPORTED)
    with caller.world.lock:
        return answers(caller, request)


def is_awake_after(key: KnownKey, unwrapped: Unwrapped) -> bool:
    """Whether a request asks the loopback server for updates as well: somebody logged in, at home, not by wrapping."""
    return unwrapped.updates and key.account is not None and not key.guest


def _require_able(account: Account | None, name: str) -> None:
    if account is None:
        return
    if account.trouble is not None and (account.trouble[1] == _DUPLICATED or name not in _FOR_ANYBODY):
        raise RefusedError(*account.trouble)
    if account.frozen is not None and name not in _FOR_FROZEN:
        raise RefusedError(account.frozen.code, FROZEN)
