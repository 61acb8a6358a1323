"""``verify``: a bundle is sent, and its findings come back. Nothing of it is kept."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, File, UploadFile
from pydantic import Field

from api.http.caller import ApiCaller, calls_with
from api.http.form import WholeFormRoute
from api.http.model import AnswerBody, example
from api.http.problem import refusals
from api.office.verify import verify_bundle
from casefiles.errors import TrustError
from casefiles.verifier.report import as_json
from evidence.errors import CertificateError, SignedDataError
from evidence.stamp.certificate import AnyCertificate, read_pem
from evidence.store.api_key import Scope

router = APIRouter(tags=["verify"], route_class=WholeFormRoute)
Reader = Annotated[ApiCaller, Depends(calls_with(Scope.CASES_READ))]
MOST_ROOT_BYTES = 1_000_000
_SENT = {"file": "case.asice", "trust": ["root.pem"]}
"""As a form shows files: by their names."""


class CheckBody(AnswerBody):
    """A check that was made."""

    id: str
    verdict: str
    detail: str
    code: str
    facts: dict[str, Any]


class VerdictBody(AnswerBody):
    """What the offline verifier finds."""

    model_config = example(
        verdict="INDETERMINATE",
        rehearsal=False,
        proven=[],
        checks=[
            {
                "id": "container",
                "verdict": "PASSED",
                "detail": "the file is a container as its form says",
                "code": "",
                "facts": {},
            }
        ],
    )

    verdict: str = Field(description="PASSED, INDETERMINATE or FAILED (ETSI EN 319 102-1)")
    rehearsal: bool = Field(description="Whether the bundle is of a rehearsal, and not for court")
    proven: list[dict[str, Any]] = Field(description="The times that trusted time stamps prove")
    checks: list[CheckBody]


@router.post(
    "/verify",
    summary="Check a bundle",
    responses=refusals(TrustError("trust.not_pem")),
    openapi_extra={"requestBody": {"content": {"multipart/form-data": {"example": _SENT}}}},
)
async def post_verify(
    caller: Reader,
    file: Annotated[UploadFile, File(description="The bundle")],
    trust: Annotated[list[UploadFile], File(default_factory=list, description="PEM files of the roots that you trust")],
) -> VerdictBody:
    """Check a bundle against the roots that come with the call; without any it is INDETERMINATE at best."""

    def check() -> VerdictBody:
        roots = [root for each in trust for root in _roots(each)]
        return VerdictBody(**as_json(verify_bundle(file.file, roots=roots)))

    return await caller.office.at_length(check)


def _roots(file: UploadFile) -> tuple[AnyCertificate, ...]:
    try:
        return read_pem(file.file.read(MOST_ROOT_BYTES))
    except (SignedDataError, CertificateError) as error:
        raise TrustError("trust.not_pem", where=(file.filename or "")[:64]) from error
