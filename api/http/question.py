"""Questions about pictures: three calls of her page, which need no key, and those of whoever answers her.

Her page may lie on a stick or stand at another address, so its calls alone may come from any page (CORS); they bring no
credentials, and what they get depends on what people did and never on what was found.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, status
from pydantic import Field

from api.http.caller import ApiCaller, ServedOffice, calls_with
from api.http.case import CaseId
from api.http.model import AnswerBody, CallBody, example
from api.http.problem import WRITES, refusals
from api.office.case import require_case
from api.office.question import (
    MOST_TEXT,
    answer_question,
    destroy_question,
    issue_ticket,
    kept_questions,
    question_state,
    require_of_case,
    take_question,
)
from config.errors import CallError
from evidence.errors import AuthorityError, EnvelopeError, QuestionError, UnknownItemError
from evidence.match.question import MOST_SEALED_BYTES
from evidence.seal.armor import BEGIN, END
from evidence.store.api_key import Scope
from evidence.store.question import QuestionState
from evidence.times import format_time

router = APIRouter(tags=["questions"])
Answerer = Annotated[ApiCaller, Depends(calls_with(Scope.CHECKS))]
_TICKET, _RECEIPT = "bapok-lusab-tovin-gidaf-mukol", "dukor-sabit-nolaf-zumig-pavok"
_CASE, _AT = "case-1f0c5c8e3a52", "2026-11-27T09:30:00.000Z"
Words = Annotated[str, Field(min_length=1, max_length=200, description="Five words, in Latin or Cyrillic letters")]
_NO_SUCH = UnknownItemError("unknown_item.no_such_question", found=_RECEIPT)
_NO_CASE = UnknownItemError("unknown_item.no_such_case", found="case-000000000000")


class SentQuestionBody(CallBody):
    """What her page sends."""

    model_config = example(ticket=_TICKET, sealed=f"{BEGIN}\nYWdlLWVuY3J5cHRpb24ub3JnL3YxCg==\n{END}\n")

    ticket: Words
    sealed: str = Field(max_length=MOST_TEXT, description="The sealed question, as age's ASCII armor")


class ReceiptBody(CallBody):
    """Which question."""

    model_config = example(receipt=_RECEIPT)

    receipt: Words


class QuestionStateBody(AnswerBody):
    """How a question stands: a person answers it, and no machine."""

    model_config = example(state="received")

    state: QuestionState


class TicketBody(AnswerBody):
    """Words with which one question may be sent. They are told once."""

    model_config = example(ticket=_TICKET, case_id=_CASE, expires_at=_AT)

    ticket: str
    case_id: str
    expires_at: str


class KeptQuestionBody(AnswerBody):
    """A question of a case, or a ticket that nobody used yet."""

    receipt: str | None = Field(description="null for a ticket, and for a withdrawn question")
    state: QuestionState
    asked_at: str = Field(description="When it came; of a ticket, when it was issued")
    expires_at: str


class KeptQuestionsBody(AnswerBody):
    """The questions of a case."""

    model_config = example(questions=[{"receipt": _RECEIPT, "state": "received", "asked_at": _AT, "expires_at": _AT}])

    questions: list[KeptQuestionBody]


def _office(request: Request) -> ServedOffice:
    """The office, for a page that has no key: how often an address may ask, the guard counts."""
    office: ServedOffice = request.app.state.office
    return office


Page = Annotated[ServedOffice, Depends(_office)]


@router.post(
    "/questions",
    status_code=status.HTTP_202_ACCEPTED,
    summary="Send a question",
    responses=refusals(
        QuestionError("question.no_ticket"),
        QuestionError("question.no_age_file", cause=EnvelopeError("envelope.no_mac_line")),
        QuestionError("question.too_long", limit=MOST_SEALED_BYTES),
        *WRITES,
    ),
)
def post_question(asked: SentQuestionBody, office: Page) -> QuestionStateBody:
    """Keep what her page sealed; a ticket works once, and sending the same question again changes nothing."""
    return QuestionStateBody(state=take_question(office.home, asked.ticket, asked.sealed))


@router.post("/questions/state", summary="Ask how a question stands", responses=refusals(_NO_SUCH))
def post_question_state(asked: ReceiptBody, office: Page) -> QuestionStateBody:
    """Received, answered by a person, or withdrawn."""
    return QuestionStateBody(state=question_state(office.home, asked.receipt))


@router.post("/questions/withdraw", summary="Withdraw a question", responses=refusals(_NO_SUCH, *WRITES))
def post_question_withdrawal(asked: ReceiptBody, office: Page) -> QuestionStateBody:
    """Destroy a question; whoever has its receipt may."""
    destroy_question(office.home, asked.receipt)
    return QuestionStateBody(state=QuestionState.WITHDRAWN)


# Whoever answers


@router.post(
    "/cases/{case_id}/tickets",
    status_code=status.HTTP_201_CREATED,
    summary="Issue a ticket",
    responses=refusals(
        _NO_CASE,
        CallError("call.locked"),
        AuthorityError("authority.consent_withdrawn", found="2026-11-26"),
        *WRITES,
    ),
)
def post_ticket(case_id: CaseId, caller: Answerer) -> TicketBody:
    """Words for a client of this case, with which she may send one question within 14 days."""
    found, casework = caller.require_case(case_id), caller.office.keyring.casework
    ticket = issue_ticket(caller.home, found, caller.doer(), casework)
    return TicketBody(ticket=ticket.words, case_id=found, expires_at=format_time(ticket.expires_at))


@router.get("/cases/{case_id}/questions", summary="List the questions of a case", responses=refusals(_NO_CASE))
def get_questions(case_id: CaseId, caller: Answerer) -> KeptQuestionsBody:
    """What came for a case and how it stands, the oldest first; nothing of what was asked."""
    found = require_case(caller.home, caller.require_case(case_id)).case_id
    return KeptQuestionsBody(
        questions=[
            KeptQuestionBody(
                receipt=each.receipt,
                state=each.state,
                asked_at=format_time(each.asked_at),
                expires_at=format_time(each.expires_at),
            )
            for each in kept_questions(caller.home, found)
        ]
    )


@router.post(
    "/cases/{case_id}/questions/{receipt}/answered",
    summary="Note that a question was answered",
    responses=refusals(_NO_CASE, _NO_SUCH, QuestionError("question.withdrawn"), *WRITES),
)
def post_answered(
    case_id: CaseId,
    receipt: Annotated[str, Path(max_length=200, description="The five words of a question", examples=[_RECEIPT])],
    caller: Answerer,
) -> QuestionStateBody:
    """Note that a person has spoken with her: her page then says that her question was answered, and not how."""
    found = caller.require_case(case_id)
    require_of_case(caller.home, receipt, found)
    answer_question(caller.home, receipt)
    return QuestionStateBody(state=QuestionState.ANSWERED)
