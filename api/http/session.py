"""``unlock`` and ``lock``: for everybody with a key of the right scope, until nobody has read a record for a while."""

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import Field, SecretStr

from api.http.caller import ApiCaller, calls_with
from api.http.model import AnswerBody, CallBody, example
from api.http.problem import refusals
from evidence.errors import PassphraseError
from evidence.store.api_key import Scope

router = APIRouter(tags=["session"])


class UnlockBody(CallBody):
    """The office's passphrase."""

    model_config = example(passphrase="an invented passphrase")  # noqa: S106 - nobody's

    passphrase: SecretStr = Field(min_length=1, max_length=1024)


class LockBody(AnswerBody):
    """Whether records can be read."""

    model_config = example(locked=False, locks_after_s=900.0)

    locked: bool
    locks_after_s: float = Field(description="Seconds without use after which the office locks itself")


Admin = Annotated[ApiCaller, Depends(calls_with(Scope.ADMIN))]


@router.post(
    "/unlock",
    summary="Open the office's records",
    responses=refusals(PassphraseError("passphrase.does_not_open")),
)
def post_unlock(asked: UnlockBody, caller: Admin) -> LockBody:
    """Open the casework and matching keys for every key of the right scope."""
    caller.office.keyring.unlock(asked.passphrase.get_secret_value())
    return _locked(caller)


@router.post("/lock", summary="Lock the office's records")
def post_lock(caller: Admin) -> LockBody:
    """Forget the keys."""
    caller.office.keyring.lock()
    return _locked(caller)


def _locked(caller: ApiCaller) -> LockBody:
    keyring = caller.office.keyring
    return LockBody(locked=not keyring.is_open, locks_after_s=keyring.idle_s)
