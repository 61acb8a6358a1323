"""The custody log, for whoever compares it with a copy of their own: static tiles (C2SP tlog-tiles), proofs, times.

Checkpoint, key and hash tiles tell nothing of what was logged. Entries, proofs and times do, of the whole office: a
key for some cases alone does not get them.
"""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request
from pydantic import Field
from starlette.responses import PlainTextResponse, Response

from api.http.caller import ApiCaller, calls_with
from api.http.immutable import immutable_answer
from api.http.model import AnswerBody, example
from api.http.problem import refusals
from api.office.log import entry_bundle, entry_time, hash_tile, prove_entry
from config.errors import CallError, Explained
from evidence.custody.sequencer import newest_checkpoint
from evidence.errors import TileError, UnknownItemError
from evidence.log.place import TilePlace, read_level, read_place
from evidence.store.api_key import Scope
from evidence.store.database import reading

router = APIRouter(tags=["log"])
_KEY = "office/0a1b2c3d+5e6f7a8b+ASNFZ4mrze8BI0VniavN7wEjRWeJq83vASNFZ4mrze8B\n"
_CHECKPOINT = "office/0a1b2c3d\n42\nASNFZ4mrze8BI0VniavN7wEjRWeJq83vASNFZ4mrze8=\n\n\u2014 office/0a1b2c3d AAAA\n"

_PROOF = f"c2sp.org/tlog-proof@v1\nindex 7\nASNFZ4mrze8BI0VniavN7wEjRWeJq83vASNFZ4mrze8=\n\n{_CHECKPOINT}"


def _shown(text: str) -> dict[str, Any]:
    return {"description": "A text", "content": {"text/plain": {"example": text}}}


Reader = Annotated[ApiCaller, Depends(calls_with(Scope.CHANNELS))]
_TILE = UnknownItemError("unknown_item.no_such_tile", found="x001")
_ENTRY = UnknownItemError("unknown_item.no_such_entry", found="7")
_SOME_CASES = CallError("call.only_some_cases")
Level = Annotated[str, Path(description="Level of the tile, from 0", examples=["0"])]
Place = Annotated[
    str,
    Path(
        description="`N` or `N.p/W`, N in groups of three digits, as C2SP tlog-tiles writes it", examples=["x001/234"]
    ),
]
Entry = Annotated[str, Path(description="Its index, or its 32 hex digits", examples=["7"])]


def _bytes(*refused: Explained) -> dict[int | str, dict[str, Any]]:
    content = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}, "example": "..."}}
    unchanged = {"description": "The caller has it", "content": {}}
    return {**refusals(_TILE, *refused), 200: {"description": "Bytes", "content": content}, 304: unchanged}


class ProvenInBody(AnswerBody):
    """The time stamp that proves the earliest time at which an entry was in the log."""

    at: str = Field(description="Time of the token, rounded up")
    office: str = Field(description="The time-stamp office, as the settings name it")
    size: int = Field(description="How many entries the stamped checkpoint has")
    token_sha256: str


class EntryTimeBody(AnswerBody):
    """The proven times between which an entry was made and logged; none proves when the recorded thing happened."""

    model_config = example(
        event_id="7c9e6679f2b34d0a8e1f5a6b3c2d1e0f",
        index=7,
        type="observed",
        after="0a" * 32,
        made_after="2026-11-27T09:30:00.000Z",
        logged_by={
            "at": "2026-11-27T09:31:00.000Z",
            "office": "an office",
            "size": 9,
            "token_sha256": "0b" * 32,
        },
        is_signed=True,
    )

    event_id: str
    index: int
    type: str
    after: str = Field(description="SHA-256 of the newest token that the entry names; zeros before the first")
    made_after: str | None = Field(description="Time of that token; null before the first")
    logged_by: ProvenInBody | None = Field(description="null until a time stamp covers it")
    is_signed: bool = Field(description="Whether the newest checkpoint covers it")


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


@router.get(
    "/log/tile/entries/{place:path}",
    response_class=Response,
    responses=_bytes(_SOME_CASES),
    summary="Entries of the log",
)
def get_entry_bundle(place: Place, request: Request, caller: Reader) -> Response:
    """Entries as C2SP tlog-tiles bundles them: each behind its length as 16 bits, big-endian."""
    caller.require_every_case()
    return immutable_answer(request, entry_bundle(caller.home, _read(place)))


@router.get("/log/tile/{level}/{place:path}", response_class=Response, responses=_bytes(), summary="Hashes of the log")
def get_hash_tile(level: Level, place: Place, request: Request, caller: Reader) -> Response:
    """A tile of the tree, whole or its first W hashes (C2SP tlog-tiles)."""
    return immutable_answer(request, hash_tile(caller.home, _level(level), _read(place)))


@router.get(
    "/log/proof/{entry}",
    response_class=PlainTextResponse,
    responses={**refusals(_ENTRY, _SOME_CASES), 200: _shown(_PROOF)},
    summary="The proof of an entry",
)
def get_proof(entry: Entry, caller: Reader) -> PlainTextResponse:
    """The proof that an entry is under the newest checkpoint, as a file (C2SP tlog-proof)."""
    caller.require_every_case()
    return PlainTextResponse(prove_entry(caller.home, entry))


@router.get(
    "/log/timeline/{entry}",
    responses=refusals(_ENTRY, _SOME_CASES),
    summary="What is known of an entry's time",
)
def get_timeline(entry: Entry, caller: Reader) -> EntryTimeBody:
    """The proven time after which an entry was made, and the one before which it was in the log."""
    caller.require_every_case()
    return EntryTimeBody(**asdict(entry_time(caller.home, entry)))


def _read(place: str) -> TilePlace:
    try:
        return read_place(place)
    except TileError as error:
        raise _no_such_tile(place) from error


def _level(text: str) -> int:
    try:
        return read_level(text)
    except TileError as error:
        raise _no_such_tile(text) from error


def _no_such_tile(text: str) -> UnknownItemError:
    return UnknownItemError("unknown_item.no_such_tile", found=ascii(text)[:64])
