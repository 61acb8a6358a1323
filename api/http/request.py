"""Requests: what one person asked for and a second one approves, refuses or reviews (DESIGN.md, invariant 7)."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query
from pydantic import Field

from api.http.caller import ApiCaller, calls_with
from api.http.case import Reason
from api.http.cursor import PageQuery, after_of, cursor_of
from api.http.model import NEXT_PAGE, AnswerBody, CallBody, LoggedBody, example, links, warnings_of
from api.http.problem import WRITES, refusals
from api.office.approval import Means, Wait, approve, refuse, waiting
from api.office.request import find_request
from api.office.wanted import ask_for_act
from config.errors import CallError
from evidence.authority import Act, Request
from evidence.errors import AuthorityError, UnknownItemError
from evidence.store.api_key import Scope

router = APIRouter(tags=["requests"])
Approver = Annotated[ApiCaller, Depends(calls_with(Scope.APPROVE))]
_REQUEST = "00112233445566778899aabbccddeeff"
RequestId = Annotated[str, Path(description="The whole identifier of a request", examples=[_REQUEST])]
_MAY_REFUSE = refusals(
    UnknownItemError("unknown_item.no_such_request", found="0" * 32),
    AuthorityError("authority.answered", where=_REQUEST),
    AuthorityError("authority.names_too_like"),
    CallError("call.locked"),
    *WRITES,
)


class AnswerRequestBody(CallBody):
    """A second person's answer."""

    model_config = example(reason="I looked at the case")

    reason: Reason | None = None


class RefuseRequestBody(CallBody):
    """A refusal, or one's own request taken back."""

    model_config = example(reason="The client has not decided yet")

    reason: Reason


class RequestBody(AnswerBody):
    """A request that waits."""

    request_id: str
    what: str | None
    stage: str = Field(
        description="request: to be approved. lapsed: too old to be approved. unfinished: approved and not done. "
        "review: done, to be reviewed. late: its review is overdue"
    )
    due_at: str | None
    target: str | None
    requested_by: str | None
    reason: str | None
    order: dict[str, Any] = Field(description="All that was asked for; empty for a review")
    items: list[str] = Field(description="What a capture kept, to be looked at first; empty for any other act")


class RequestsBody(AnswerBody):
    """What waits for a second person."""

    model_config = example(
        requests=[
            {
                "request_id": _REQUEST,
                "what": "export",
                "stage": "request",
                "due_at": "2026-12-04T09:30:00.000Z",
                "target": "case-1f0c5c8e3a52 for lawyer",
                "requested_by": "mira",
                "reason": "For the complaint",
                "order": {"case": "case-1f0c5c8e3a52", "audience": "lawyer", "items": "3"},
                "items": [],
            }
        ],
        next=None,
    )

    requests: list[RequestBody]
    next: str | None = Field(description="The cursor of the next page; null on the last")


class AnsweredBody(LoggedBody):
    """A request that was answered."""

    model_config = example(request_id=_REQUEST, what="export", task_id="5f0c7d3e9a1b4c2d8e6f70112233aabb", warnings=[])

    request_id: str
    what: str
    task_id: str | None = Field(description="The task that does what was approved; null for a review or a refusal")


@router.get(
    "/requests",
    summary="List what waits for a second person",
    responses={
        **refusals(CallError("call.stale_cursor"), CallError("call.locked")),
        200: {"links": links(get_requests=NEXT_PAGE)},
    },
)
def get_requests(asked: Annotated[PageQuery, Query()], caller: Approver) -> RequestsBody:
    """What waits for an approval or a review, by the time that it is due."""
    of = ("requests", caller.key.key_id)
    page = waiting(
        caller.home,
        caller.office.keyring.casework,
        after=after_of(caller.home.keys, asked.cursor, *of),
        limit=asked.limit,
        cases=caller.key.cases,
        sees=lambda wait: wait.asked is not None and _sees(caller, wait.asked),
    )
    return RequestsBody(
        requests=[_told(wait) for wait in page.entries], next=cursor_of(caller.home.keys, page.more_after, *of)
    )


@router.post("/requests/{request_id}/approve", summary="Approve what waits", responses=_MAY_REFUSE)
def post_approve(request_id: RequestId, asked: AnswerRequestBody, caller: Approver) -> AnsweredBody:
    """Approve what another asked for, and have it done; or record that you reviewed what another did."""
    casework = caller.office.keyring.casework
    found = _found(caller, request_id)
    doer = caller.doer(asked.reason)
    if found.review is not None and (not found.order or found.act is Act.CAPTURE):
        done = approve(caller.home, found, doer, Means(casework))
        return _answered(found, None, warnings_of(done.unstamped))
    task_id = ask_for_act(caller.home, found, doer, casework, _case_of(found))
    caller.office.wake()
    return _answered(found, task_id, [])


@router.post("/requests/{request_id}/refuse", summary="Refuse what waits", responses=_MAY_REFUSE)
def post_refuse(request_id: RequestId, asked: RefuseRequestBody, caller: Approver) -> AnsweredBody:
    """Refuse what another asked for, or take back your own request. Nothing of it is done."""
    found = _found(caller, request_id)
    done = refuse(caller.home, found, caller.doer(asked.reason))
    caller.office.wake()
    return _answered(found, None, warnings_of(done.unstamped))


def _found(caller: ApiCaller, request_id: str) -> Request:
    found = find_request(caller.home, request_id, caller.office.keyring.casework)
    if not _sees(caller, found):
        raise UnknownItemError("unknown_item.no_such_request", found=request_id[:64])
    return found


def _sees(caller: ApiCaller, asked: Request) -> bool:
    return caller.key.cases is None or caller.key.reaches(_case_of(asked) or "")


def _case_of(asked: Request) -> str | None:
    """The case that a request is about: what was done at once names it in its target alone."""
    if asked.act is not Act.EXPORT:
        return None
    return asked.text("case") if asked.order else asked.target.partition(" ")[0]


def _answered(found: Request, task_id: str | None, warnings: list[dict[str, Any]]) -> AnsweredBody:
    return AnsweredBody(request_id=found.request, what=found.act.value, task_id=task_id, warnings=warnings)


def _told(wait: Wait) -> RequestBody:
    asked = wait.asked
    return RequestBody(
        request_id=wait.request,
        what=wait.what,
        stage=wait.stage.value,
        due_at=wait.due_at,
        target=asked and asked.target,
        requested_by=asked and asked.by.actor,
        reason=asked and asked.by.reason,
        items=list(wait.items),
        order={} if asked is None else {name: value for name, value in asked.order.items() if name not in _INSIDE},
    )


_INSIDE = frozenset({"path", "out"})
"""Names of an order that say where something lies on the office's machine."""
