"""What is taken in as a task: an export of Telegram Desktop, sent as one archive, or single files and links."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Response, UploadFile, status
from pydantic import Field

from api.http.caller import ApiCaller, calls_with, require_scope
from api.http.case import Reason
from api.http.form import WholeFormRoute
from api.http.model import MOST_PARTS, MULTIPART, CallBody, example, links
from api.http.problem import WRITES, refusals
from api.http.task import AskedBody, accepted
from api.office.wanted import WantedAddition, WantedImport, ask_for_addition, ask_for_import
from config.errors import CallError, LegalBasisError
from config.watchlist import MAX_LEGAL_BASIS_BYTES
from evidence.errors import AuthorityError, UnknownItemError
from evidence.observation import Mode
from evidence.store.api_key import Scope
from monitor.errors import ArchiveError, BroughtLinkError

router = APIRouter(tags=["imports"], route_class=WholeFormRoute)
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


class NewEvidenceBody(CallBody):
    """Single files and links that are sent."""

    model_config = example(
        file=["screenshot.png"],
        link=["https://t.me/example/12"],
        page=None,
        html=None,
        chat=None,
        declared_by="client-7",
        source="Her telephone",
        case="case-1f0c5c8e3a52",
        reason=None,
    )

    file: list[UploadFile] = Field([], description="Screenshots, pictures, videos, documents; each is kept as it is")
    link: list[str] = Field([], max_length=100, description="Kept as a text; nothing is fetched")
    page: str | None = Field(None, description="Where the page was that `html` is")
    html: UploadFile | None = Field(None, description="A page that a browser saved as one file")
    chat: str | None = Field(None, max_length=100, description="The number of the channel that the page shows")
    declared_by: str = Field(min_length=1, max_length=200, description="Who brought them (a pseudonym)")
    source: str = Field(
        min_length=1, max_length=2000, description="Where they come from, in their words; bundles show it"
    )
    case: str | None = Field(None, max_length=100, description="A case that all of it is added to")
    reason: Reason | None = None


@router.post(
    "/evidence",
    status_code=status.HTTP_202_ACCEPTED,
    summary="Keep single files and links",
    responses={
        **refusals(
            AuthorityError("authority.blank_source"),
            BroughtLinkError("brought_link.no_link", found="-"),
            CallError("call.brings_nothing"),
            CallError("call.no_file_name"),
            CallError("call.only_some_cases"),
            CallError("call.page_and_html"),
            CallError("call.scope_missing", expected=Scope.CASES_WRITE.value),
            CallError("call.too_many_parts", limit=MOST_PARTS),
            UnknownItemError("unknown_item.no_such_case", found="case-000000000000"),
            *WRITES,
        ),
        202: {"links": links(get_task={"task_id": "$response.body#/task_id"})},
    },
)
async def post_evidence(
    asked: Annotated[NewEvidenceBody, Form(media_type=MULTIPART)], caller: Importer, response: Response
) -> AskedBody:
    """Seal single files and links as they are. A second person reviews it within seven days."""
    caller.require_every_case()
    case = asked.case or None
    if case is not None:
        require_scope(caller.key, Scope.CASES_WRITE)
    page = asked.page or None
    if (page is None) != (asked.html is None) or (asked.chat and page is None):
        raise CallError("call.page_and_html")
    files = [*asked.file, *([asked.html] if asked.html is not None else [])]
    sent = [(each.filename or "", each.file) for each in files]
    wanted = WantedAddition(sent, asked.link, asked.declared_by, asked.source, page, asked.chat or None, case)

    def take() -> str:
        caller.require_open()
        return ask_for_addition(caller.home, wanted, caller.doer(asked.reason))

    return accepted(caller, await caller.office.at_length(take), response)


def _text(given: UploadFile | str | None) -> str | None:
    """A legal basis as text; bytes that are none are refused where the basis is read."""
    if given is None or isinstance(given, str):
        return given or None
    return given.file.read(MAX_LEGAL_BASIS_BYTES + 1).decode("utf-8", "replace")
