"""Checks: whether pictures like one are in the store, asked with a fingerprint and never with the picture."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response, status
from pydantic import Field

from api.http.caller import ApiCaller, calls_with
from api.http.case import CaseId, Reason
from api.http.model import CallBody, example, links
from api.http.problem import WRITES, refusals
from api.http.task import AskedBody, accepted
from api.office.wanted import ask_for_check
from config.errors import CallError
from evidence.errors import PrintsError, UnknownItemError
from evidence.fingerprint.prints import Prints
from evidence.store.api_key import Scope

router = APIRouter(tags=["checks"])
Checker = Annotated[ApiCaller, Depends(calls_with(Scope.CHECKS))]


class NewCheckBody(CallBody):
    """A picture's fingerprint to look for."""

    model_config = example(
        prints={"format": "nisisama/prints/1", "sha256": "0a" * 32, "pdq": None}, reason="She asks whether it is there"
    )

    prints: dict[str, Any] = Field(description="`nisisama/prints/1`, as the format document has it")
    reason: Reason | None = None


@router.post(
    "/cases/{case_id}/checks",
    status_code=status.HTTP_202_ACCEPTED,
    summary="Look for a picture",
    responses={
        **refusals(
            UnknownItemError("unknown_item.no_such_case", found="case-000000000000"),
            PrintsError("prints.other_fields", expected="nisisama/prints/1"),
            CallError("call.locked"),
            *WRITES,
        ),
        202: {"links": links(get_task={"task_id": "$response.body#/task_id"})},
    },
)
def post_check(case_id: CaseId, asked: NewCheckBody, caller: Checker, response: Response) -> AskedBody:
    """Compare a fingerprint with every stored picture, for a case; logged before there is an answer."""
    found = caller.require_case(case_id)
    casework = caller.office.keyring.casework
    task_id = ask_for_check(caller.home, found, Prints(asked.prints), caller.doer(asked.reason), casework)
    return accepted(caller, task_id, response)
