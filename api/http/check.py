"""Checks: whether pictures like one are in the store, asked with a fingerprint and never with the picture."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response, status
from pydantic import Field

from api.http.caller import ApiCaller, calls_with
from api.http.case import CaseId, Reason
from api.http.model import CallBody, example, links
from api.http.problem import WRITES, refusals
from api.http.task import AskedBody, accepted
from api.office.check import require_checkable
from api.office.question import MOST_TEXT, keep_question, sealed_in, sealed_question
from api.office.wanted import ask_for_check
from config.errors import CallError
from evidence.authority import Doer
from evidence.errors import EnvelopeError, PrintsError, QuestionError, UnknownItemError
from evidence.fingerprint.prints import Prints
from evidence.match.question import MOST_SEALED_BYTES, question_of, receipt_of, seal_question
from evidence.store.api_key import Scope

router = APIRouter(tags=["checks"])
Checker = Annotated[ApiCaller, Depends(calls_with(Scope.CHECKS))]


class NewCheckBody(CallBody):
    """A picture's fingerprint to look for."""

    model_config = example(
        prints={"format": "nisisama/prints/1", "sha256": "0a" * 32, "pdq": None},
        question=None,
        receipt=None,
        reason="She asks whether it is there",
    )

    prints: dict[str, Any] | None = Field(None, description="`nisisama/prints/1`, as the format document has it")
    question: str | None = Field(None, max_length=MOST_TEXT, description="What her page made, as text")
    receipt: str | None = Field(None, max_length=200, description="The five words of a question that is kept")
    reason: Reason | None = None


@router.post(
    "/cases/{case_id}/checks",
    status_code=status.HTTP_202_ACCEPTED,
    summary="Look for a picture",
    responses={
        **refusals(
            UnknownItemError("unknown_item.no_such_case", found="case-000000000000"),
            UnknownItemError("unknown_item.no_such_question", found="dukor-sabit-nolaf-zumig-pavok"),
            PrintsError("prints.other_fields", expected="nisisama/prints/1"),
            QuestionError("question.one_of_three"),
            QuestionError("question.no_age_file", cause=EnvelopeError("envelope.no_mac_line")),
            QuestionError("question.too_long", limit=MOST_SEALED_BYTES),
            QuestionError("question.withdrawn"),
            QuestionError("question.of_another_case"),
            CallError("call.locked"),
            *WRITES,
        ),
        202: {"links": links(get_task={"task_id": "$response.body#/task_id"})},
    },
)
def post_check(case_id: CaseId, asked: NewCheckBody, caller: Checker, response: Response) -> AskedBody:
    """Compare a fingerprint with every stored picture, for a case; logged before there is an answer.

    Exactly one of `prints`, `question` and `receipt` is given.
    """
    found, doer = caller.require_case(case_id), caller.doer(asked.reason)
    casework = caller.office.keyring.casework
    require_checkable(caller.home, found, casework)
    task_id = ask_for_check(caller.home, found, _asked(caller, asked, found, doer), doer, casework)
    return accepted(caller, task_id, response)


def _asked(caller: ApiCaller, asked: NewCheckBody, case_id: str, doer: Doer) -> dict[str, str]:
    home = caller.home
    match asked.prints, asked.question, asked.receipt:
        case dict() as prints, None, None:
            return {"sealed": seal_question(question_of(Prints(prints)), home.recipients.matching).hex()}
        case None, str() as text, None:
            sealed = sealed_in(text)
            if caller.key.cases is not None:  # whether it can be kept would tell what other cases have
                return {"sealed": sealed.hex()}
            keep_question(home, sealed, case_id, doer)
            return {"receipt": receipt_of(sealed)}
        case None, None, str() as receipt:
            sealed_question(home, receipt, case_id)
            return {"receipt": receipt}
        case _:
            raise QuestionError("question.one_of_three")
