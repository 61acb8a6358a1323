"""Bundles: asked for as a task, then files that never change. No picture is in one, and each download is logged."""

import base64
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Response, status
from pydantic import Field
from starlette.responses import FileResponse

from api.http.caller import ApiCaller, calls_with
from api.http.case import Reason
from api.http.model import CallBody
from api.http.task import AskedBody, accepted
from api.office.handout import HandedFile, hand_out
from api.office.wanted import WantedBundle, ask_for_bundle
from casefiles.bundle.presets import AUDIENCES
from casefiles.format.layout import MIMETYPE_TEXT
from config.words import languages
from evidence.store.api_key import Scope

router = APIRouter(tags=["bundles"])
Exporter = Annotated[ApiCaller, Depends(calls_with(Scope.BUNDLES))]
Condition = Annotated[str | None, Header(description="The ETag that the caller has")]
_UNCHANGED: dict[int | str, dict[str, Any]] = {
    304: {"description": "The caller has it"},
    206: {"description": "A part of it"},
}


class NewBundleBody(CallBody):
    """A bundle to be made."""

    audience: Annotated[
        str, Field(pattern=f"^({'|'.join(AUDIENCES)})$", description="Who receives it", examples=["lawyer"])
    ]
    language: Annotated[
        str, Field(pattern=f"^({'|'.join(languages())})$", description="Of the report", examples=["en"])
    ] = "en"
    reason: Reason
    to: Annotated[
        str | None, Field(min_length=1, max_length=200, description="The approved receiver that it goes to")
    ] = None


@router.post("/cases/{case_id}/bundles", status_code=status.HTTP_202_ACCEPTED, summary="Have a bundle made")
def post_bundle(case_id: str, asked: NewBundleBody, caller: Exporter, response: Response) -> AskedBody:
    """Have a signed bundle of a case made. Without consent or an approved receiver, it waits for a second person."""
    found = caller.require_case(case_id)
    caller.office.keyring.keys()
    wanted = WantedBundle(found, asked.audience, asked.language, asked.to)
    return accepted(caller, ask_for_bundle(caller.home, wanted, caller.doer(asked.reason)), response)


@router.get("/bundles/{bundle_id}/file", response_class=FileResponse, responses=_UNCHANGED, summary="Download a bundle")
def get_bundle_file(bundle_id: str, caller: Exporter, if_none_match: Condition = None) -> Response:
    """The bundle, as it was made. The download is logged before the first byte leaves."""
    return _file(caller, bundle_id, HandedFile.BUNDLE, if_none_match)


@router.get(
    "/bundles/{bundle_id}/letter", response_class=FileResponse, responses=_UNCHANGED, summary="Download its letter"
)
def get_bundle_letter(bundle_id: str, caller: Exporter, if_none_match: Condition = None) -> Response:
    """The covering letter of a bundle; logged as the bundle's download is."""
    return _file(caller, bundle_id, HandedFile.LETTER, if_none_match)


def _file(caller: ApiCaller, bundle_id: str, which: HandedFile, if_none_match: str | None) -> Response:
    handed = hand_out(caller.home, bundle_id, which, caller.key.reaches)
    etag = f'"{handed.sha256}"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache", "Repr-Digest": _digest(handed.sha256)}
    if _matches(if_none_match, etag):
        return Response(status_code=status.HTTP_304_NOT_MODIFIED, headers=headers)
    handed.log(caller.home, caller.doer())
    kind = MIMETYPE_TEXT.decode() if which is HandedFile.BUNDLE else "text/plain; charset=utf-8"
    return FileResponse(handed.file, headers=headers, media_type=kind, filename=handed.name)


def _digest(sha256: str) -> str:
    """``Repr-Digest`` (RFC 9530, 3): a byte sequence of a structured field."""
    return f"sha-256=:{base64.b64encode(bytes.fromhex(sha256)).decode()}:"


def _matches(if_none_match: str | None, etag: str) -> bool:
    """``If-None-Match`` (RFC 9110, 13.1.2), which compares weakly."""
    told = [each.strip().removeprefix("W/") for each in (if_none_match or "").split(",")]
    return etag in told or told == ["*"]
