"""Bundles: asked for as a task, then files that never change. No picture is in one, and each download is logged."""

import base64
import re
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Path, Response, status
from pydantic import Field
from starlette.responses import FileResponse, MalformedRangeHeader, RangeNotSatisfiable

from api.http.caller import ApiCaller, calls_with
from api.http.case import CaseId, Reason
from api.http.immutable import has_tag
from api.http.model import CallBody, example, links
from api.http.problem import WRITES, refusals
from api.http.task import AskedBody, accepted
from api.office.handout import HandedFile, hand_out
from api.office.wanted import WantedBundle, ask_for_bundle
from casefiles.bundle.presets import AUDIENCES
from casefiles.format.layout import MIMETYPE_TEXT
from config.errors import CallError
from config.words import languages
from evidence.authority import Act
from evidence.errors import AuthorityError, ObjectMissingError, UnknownItemError
from evidence.store.api_key import Scope

router = APIRouter(tags=["bundles"])
Exporter = Annotated[ApiCaller, Depends(calls_with(Scope.BUNDLES))]
Condition = Annotated[str | None, Header(description="The ETag that the caller has")]
Part = Annotated[str | None, Header(alias="Range", description="Which part of the file, such as bytes=1000-")]
Same = Annotated[str | None, Header(description="The ETag of the file of which the part is wanted")]
_FIRST, _NOTHING = re.compile(r"bytes=([0-9]{1,18})-[0-9]*", re.ASCII), re.compile(r"bytes=-0+", re.ASCII)
_BUNDLE = "5f0c7d3e9a1b4c2d8e6f70112233aabb"
_TYPES = {
    HandedFile.BUNDLE: MIMETYPE_TEXT.decode(),
    HandedFile.LETTER: "text/plain",
    HandedFile.LETTER_PDF: "application/pdf",
}
BundleId = Annotated[str, Path(description="The whole identifier of a bundle", examples=[_BUNDLE])]
_NO_SUCH_BUNDLE = UnknownItemError("unknown_item.no_such_bundle", found="0" * 32)


def _file_answers(media_type: str, example: str) -> dict[int | str, dict[str, Any]]:
    """What a route answers that hands out a file (RFC 9110, 13 and 14)."""
    content = {media_type: {"schema": {"type": "string", "format": "binary"}, "example": example}}
    return {
        **refusals(_NO_SUCH_BUNDLE, CallError("call.no_such_part", limit=281250), *WRITES),
        200: {"description": "The file", "content": content},
        206: {"description": "A part of it", "content": content},
        304: {"description": "The caller has it", "content": {}},
    }


class DownloadResponse(FileResponse):
    """A file of which one part may be asked for; what is no such question gets the whole (RFC 9110, 14.2)."""

    max_ranges = 1
    chunk_size = 1 << 20  # a thread reads each chunk; with the framework's 64 KB, threads cost more than the reading

    @classmethod
    def _parse_range_header(cls, http_range: str, file_size: int) -> list[tuple[int, int]]:
        try:
            return super()._parse_range_header(http_range, file_size)
        except MalformedRangeHeader:
            return []
        except RangeNotSatisfiable as error:
            raise CallError("call.no_such_part", limit=file_size) from error


class NewBundleBody(CallBody):
    """A bundle to be made."""

    model_config = example(audience="lawyer", language="en", reason="For the complaint", to="Advokati")

    audience: Annotated[str, Field(pattern=f"^({'|'.join(AUDIENCES)})$", description="Who receives it")]
    language: Annotated[str, Field(pattern=f"^({'|'.join(languages())})$", description="Of the report")] = "en"
    reason: Reason
    to: Annotated[
        str | None, Field(min_length=1, max_length=200, description="The approved receiver that it goes to")
    ] = None


@router.post(
    "/cases/{case_id}/bundles",
    status_code=status.HTTP_202_ACCEPTED,
    summary="Have a bundle made",
    responses={
        **refusals(
            UnknownItemError("unknown_item.no_such_case", found="case-000000000000"),
            UnknownItemError("unknown_item.case_is_empty", where="case-1f0c5c8e3a52"),
            AuthorityError("authority.needs_reason", where=Act.EXPORT.value),
            ObjectMissingError("object_missing.not_there", address="0a" * 32),
            CallError("call.locked"),
            *WRITES,
        ),
        202: {"links": links(get_task={"task_id": "$response.body#/task_id"})},
    },
)
def post_bundle(case_id: CaseId, asked: NewBundleBody, caller: Exporter, response: Response) -> AskedBody:
    """Have a signed bundle of a case made. Without consent or an approved receiver, it waits for a second person."""
    found = caller.require_case(case_id)
    caller.office.keyring.keys()
    wanted = WantedBundle(found, asked.audience, asked.language, asked.to)
    return accepted(caller, ask_for_bundle(caller.home, wanted, caller.doer(asked.reason)), response)


@router.get(
    "/bundles/{bundle_id}/file",
    response_class=FileResponse,
    responses=_file_answers(_TYPES[HandedFile.BUNDLE], "PK..."),
    summary="Download a bundle",
)
def get_bundle_file(
    bundle_id: BundleId, caller: Exporter, if_none_match: Condition = None, part: Part = None, if_range: Same = None
) -> Response:
    """The bundle, as it was made. The download is logged before the first byte leaves."""
    return _file(caller, bundle_id, HandedFile.BUNDLE, if_none_match, (part, if_range))


@router.get(
    "/bundles/{bundle_id}/letter",
    response_class=FileResponse,
    responses=_file_answers(_TYPES[HandedFile.LETTER], "Letter to go with a bundle"),
    summary="Download a bundle's letter",
)
def get_bundle_letter(
    bundle_id: BundleId, caller: Exporter, if_none_match: Condition = None, part: Part = None, if_range: Same = None
) -> Response:
    """The covering letter of a bundle as a text; logged as the bundle's download is."""
    return _file(caller, bundle_id, HandedFile.LETTER, if_none_match, (part, if_range))


@router.get(
    "/bundles/{bundle_id}/letter.pdf",
    response_class=FileResponse,
    responses=_file_answers(_TYPES[HandedFile.LETTER_PDF], "%PDF-1.7..."),
    summary="Download a bundle's letter as PDF",
)
def get_bundle_letter_pdf(
    bundle_id: BundleId, caller: Exporter, if_none_match: Condition = None, part: Part = None, if_range: Same = None
) -> Response:
    """The covering letter of a bundle as PDF, to print; logged likewise. Not found where only the text was made."""
    return _file(caller, bundle_id, HandedFile.LETTER_PDF, if_none_match, (part, if_range))


def _require_part(asked: str | None, length: int, *, is_same: bool) -> None:
    """Check, before a download is logged, that there is such a part of the file.

    Args:
        is_same: Whether the part is wanted of this file; else all of it is sent (RFC 9110, 13.1.5).

    Raises:
        CallError: It begins behind the end, or has no bytes.
    """
    found = _FIRST.fullmatch(asked or "")
    is_there = not _NOTHING.fullmatch(asked or "") and not (found and int(found[1]) >= length)
    if is_same and not is_there:
        raise CallError("call.no_such_part", limit=length)


def _file(
    caller: ApiCaller,
    bundle_id: str,
    which: HandedFile,
    if_none_match: str | None,
    part: tuple[str | None, str | None],
) -> Response:
    handed = hand_out(caller.home, bundle_id, which, caller.key.reaches)
    etag = f'"{handed.sha256}"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache", "Repr-Digest": _digest(handed.sha256)}
    if has_tag(if_none_match or "", etag):
        return Response(status_code=status.HTTP_304_NOT_MODIFIED, headers=headers)
    asked, of = part
    _require_part(asked, handed.file.stat().st_size, is_same=of in (None, etag))
    handed.log(caller.home, caller.doer())
    return DownloadResponse(handed.file, headers=headers, media_type=_TYPES[which], filename=handed.name)


def _digest(sha256: str) -> str:
    """``Repr-Digest`` (RFC 9530, 3): a byte sequence of a structured field."""
    return f"sha-256=:{base64.b64encode(bytes.fromhex(sha256)).decode()}:"
