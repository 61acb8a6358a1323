"""Imports: an export of Telegram Desktop is sent as one archive, and taken in as a task."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Response, UploadFile, status
from pydantic import Field

from api.http.caller import ApiCaller, calls_with
from api.http.model import MULTIPART, CallBody, example, links
from api.http.problem import WRITES, refusals
from api.http.task import AskedBody, accepted
from api.office.wanted import WantedImport, ask_for_import
from config.errors import CallError, LegalBasisError
from config.watchlist import MAX_LEGAL_BASIS_BYTES
from evidence.errors import AuthorityError
from evidence.observation import Mode
from evidence.store.api_key import Scope
from monitor.errors import ArchiveError

router = APIRouter(tags=["imports"])
Importer = Annotated[ApiCaller, Depends(calls_with(Scope.IMPORTS))]


class NewImportBody(CallBody):
    """An export that is sent."""

    model_config = example(
        file="export.zip",
        declared_by="client-7",
        mode="metadata_only",
        chat=None,
        legal_basis=None,
        private_chat=False,
    )

    file: UploadFile = Field(description="A ZIP archive of the export's folder")
    declared_by: str = Field(min_length=1, max_length=200, description="Who brought it and says where it comes from")
    mode: Mode = Field(Mode.METADATA_ONLY, description="How much to keep of media")
    chat: str | None = Field(None, max_length=100, description="Which chat of a full export")
    legal_basis: UploadFile | str | None = Field(
        None, description="The file that a mode above metadata_only needs, or its text"
    )
    private_chat: bool = Field(False, description="In an export of a whole account: the chat may be a private one")


@router.post(
    "/imports",
    status_code=status.HTTP_202_ACCEPTED,
    summary="Take in an export",
    responses={
        **refusals(
            ArchiveError("archive.damaged"),
            AuthorityError("authority.needs_legal_basis", where=Mode.SEALED.value),
            LegalBasisError("legal_basis.not_toml", where="basis.toml", system="line 1"),
            CallError("call.only_some_cases"),
            *WRITES,
        ),
        202: {"links": links(get_task={"task_id": "$response.body#/task_id"})},
    },
)
async def post_import(
    asked: Annotated[NewImportBody, Form(media_type=MULTIPART)], caller: Importer, response: Response
) -> AskedBody:
    """Take in an export of Telegram Desktop. A mode above metadata_only waits for a second person."""
    caller.require_every_case()
    wanted = WantedImport(
        asked.file.file,
        asked.declared_by,
        asked.mode,
        asked.chat or None,
        _text(asked.legal_basis),
        asked.private_chat,
    )

    def take() -> str:
        caller.require_open()
        return ask_for_import(caller.home, wanted, caller.doer())

    return accepted(caller, await caller.office.at_length(take), response)


def _text(given: UploadFile | str | None) -> str | None:
    """A legal basis as text; bytes that are none are refused where the basis is read."""
    if given is None or isinstance(given, str):
        return given or None
    return given.file.read(MAX_LEGAL_BASIS_BYTES + 1).decode("utf-8", "replace")
