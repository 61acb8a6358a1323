"""Replies to messages of a case that are not in it: told, and left out of its bundles for a reason."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import Field

from api.home import Home
from api.http.caller import ApiCaller, calls_with
from api.http.case import CaseId, ItemId
from api.http.model import AnswerBody, CallBody, LoggedBody, example, warnings_of
from api.http.problem import WRITES, refusals
from api.office.left_out import Replies, leave_out, show_replies
from config.errors import CallError
from evidence.authority import Doer
from evidence.errors import UnknownItemError
from evidence.seal.recipients import KeyIdentity
from evidence.store.api_key import Scope

router = APIRouter(tags=["cases"])
_ITEM = "7c9e6679f2b34d0a8e1f5a6b3c2d1e0f"
_REFUSED = (
    UnknownItemError("unknown_item.no_such_case", found="case-000000000000"),
    UnknownItemError("unknown_item.case_is_a_list", where="case-000000000000"),
    CallError("call.locked"),
)


class LeaveOutBody(CallBody):
    """Why replies stay out of a case's bundles."""

    model_config = example(reason="They speak of another person")

    reason: str = Field(
        min_length=1, max_length=2000, description="Why; logged, and in the report for all who may read words"
    )


class ReplyBody(AnswerBody):
    """A reply that is not in the case, without what it says."""

    item_id: ItemId
    channel_id: str
    message_id: int
    answers: int = Field(description="The number of the message of the case")


class RepliesBody(LoggedBody):
    """The replies that a case lacks."""

    model_config = example(
        replies=[{"item_id": _ITEM, "channel_id": "1234567890", "message_id": 18, "answers": 17}], warnings=[]
    )

    replies: list[ReplyBody]


def _asked_of(
    caller: ApiCaller, case_id: str, doer: Doer, verb: Callable[[Home, str, Doer, KeyIdentity], Replies]
) -> RepliesBody:
    found = verb(caller.home, caller.require_case(case_id), doer, caller.office.keyring.casework)
    replies = [ReplyBody(**asdict(each)) for each in found.replies]
    return RepliesBody(replies=replies, warnings=warnings_of(found.unstamped))


@router.get("/cases/{case_id}/replies", summary="Show the replies a case lacks", responses=refusals(*_REFUSED, *WRITES))
async def get_case_replies(
    case_id: CaseId, caller: Annotated[ApiCaller, Depends(calls_with(Scope.CASES_READ))]
) -> RepliesBody:
    """Direct replies to messages of the case that are neither in it nor left out; until then, no bundle is made.

    It is a look at the case, logged first. The search opens up to 500 records behind each message of the case.
    """
    return await caller.office.at_length(lambda: _asked_of(caller, case_id, caller.doer(), show_replies))


@router.post(
    "/cases/{case_id}/replies/leave-out",
    summary="Leave replies out of a case's bundles",
    responses=refusals(*_REFUSED, *WRITES),
)
async def post_case_left_out(
    case_id: CaseId, asked: LeaveOutBody, caller: Annotated[ApiCaller, Depends(calls_with(Scope.CASES_WRITE))]
) -> RepliesBody:
    """Leave out all that the case lacks at this moment, and return them; the log keeps them and the reason."""
    return await caller.office.at_length(lambda: _asked_of(caller, case_id, caller.doer(asked.reason), leave_out))
