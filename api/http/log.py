"""The custody log, for whoever compares it with what he holds: the newest checkpoint and the log's key."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.responses import PlainTextResponse

from api.http.caller import ApiCaller, calls_with
from api.http.problem import refusals
from evidence.custody.sequencer import newest_checkpoint
from evidence.errors import UnknownItemError
from evidence.store.api_key import Scope
from evidence.store.database import reading

router = APIRouter(tags=["log"])
_KEY = "office/0a1b2c3d+5e6f7a8b+ASNFZ4mrze8BI0VniavN7wEjRWeJq83vASNFZ4mrze8B\n"
_CHECKPOINT = "office/0a1b2c3d\n42\nASNFZ4mrze8BI0VniavN7wEjRWeJq83vASNFZ4mrze8=\n\n\u2014 office/0a1b2c3d AAAA\n"


def _shown(text: str) -> dict[str, Any]:
    return {"content": {"text/plain": {"example": text}}}


Reader = Annotated[ApiCaller, Depends(calls_with(Scope.CHANNELS))]


@router.get(
    "/log/checkpoint",
    response_class=PlainTextResponse,
    summary="The newest checkpoint",
    responses={**refusals(UnknownItemError("unknown_item.no_checkpoint")), 200: _shown(_CHECKPOINT)},
)
def get_checkpoint(caller: Reader) -> PlainTextResponse:
    """The newest signed checkpoint, as C2SP tlog-checkpoint writes it."""
    with reading(caller.home.engine) as connection:
        note = newest_checkpoint(connection)
    if note is None:
        raise UnknownItemError("unknown_item.no_checkpoint")
    return PlainTextResponse(note)


@router.get("/log/key", response_class=PlainTextResponse, summary="The log's key", responses={200: _shown(_KEY)})
def get_log_key(caller: Reader) -> PlainTextResponse:
    """The public key of the log, as C2SP signed-note writes a verifier key."""
    return PlainTextResponse(f"{caller.home.verifier_key}\n")
