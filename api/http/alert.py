"""Alerts: where pictures of cases may have appeared again. They name a place, and never what is there."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from pydantic import Field

from api.http.caller import ApiCaller, calls_with
from api.http.case import CaseId, Reason
from api.http.cursor import PageQuery, after_of, cursor_of
from api.http.model import NEXT_PAGE, AnswerBody, CallBody, LoggedBody, example, links, warnings_of
from api.http.problem import WRITES, refusals
from api.office.alert import alerts_of, dismiss_alert
from casefiles.appearance import Alert
from config.errors import CallError
from evidence.errors import UnknownItemError
from evidence.store.api_key import Scope

router = APIRouter(tags=["alerts"])
Reader = Annotated[ApiCaller, Depends(calls_with(Scope.CASES_READ))]
Writer = Annotated[ApiCaller, Depends(calls_with(Scope.CASES_WRITE))]
_CASE, _ITEM = "case-1f0c5c8e3a52", "7c9e6679f2b34d0a8e1f5a6b3c2d1e0f"
AlertedItem = Annotated[str, Path(description="The file of an alert", pattern=r"^[0-9a-f]{32}$", examples=[_ITEM])]


class AlertsQuery(PageQuery):
    """Which alerts."""

    case: str | None = Field(None, max_length=64, description="Only of this case")
    all: bool = Field(False, description="Also those that were dismissed, or whose file is now in the case")


class AlertBody(AnswerBody):
    """That a picture of a case may have appeared again: the file, and its place."""

    case_id: str
    item_id: str
    channel_id: str
    message_id: int | None
    posted_at: str | None
    raised_at: str
    open: bool = Field(description="false where it was dismissed, or the case has, or had, the file")
    hash_list: bool = Field(description="Whether the case is a list of hashes, which has no client")


class AlertsBody(AnswerBody):
    """A page of alerts."""

    model_config = example(
        alerts=[
            {
                "case_id": _CASE,
                "item_id": _ITEM,
                "channel_id": "1234567890",
                "message_id": 17,
                "posted_at": "2026-11-27T09:29:58.000Z",
                "raised_at": "2026-11-27T09:30:00.000Z",
                "open": True,
                "hash_list": False,
            }
        ],
        next=None,
    )

    alerts: list[AlertBody]
    next: str | None = Field(description="The cursor of the next page; null on the last")


class DismissalBody(CallBody):
    """Why the file of an alert does not belong to the case."""

    model_config = example(reason="She looked: it is another person")

    reason: Reason


class DismissedBody(LoggedBody):
    """An alert that was dismissed."""

    model_config = example(case_id=_CASE, item_id=_ITEM, warnings=[])

    case_id: str
    item_id: str


@router.get(
    "/alerts",
    summary="List alerts",
    responses={
        **refusals(UnknownItemError("unknown_item.no_such_case", found="case-0"), CallError("call.stale_cursor")),
        200: {"links": links(get_case={"case_id": "$response.body#/alerts/0/case_id"}, get_alerts=NEXT_PAGE)},
    },
)
def get_alerts(asked: Annotated[AlertsQuery, Query()], caller: Reader) -> AlertsBody:
    """The alerts of the cases that this key reaches, in the order in which they were raised."""
    cases = caller.key.cases if asked.case is None else [caller.require_case(asked.case)]
    of = ("alerts", asked.case or "", str(asked.all), caller.key.key_id)
    after = after_of(caller.home.keys, asked.cursor, *of)
    page = alerts_of(caller.home, cases=cases, every=asked.all, after=after, limit=asked.limit)
    return AlertsBody(
        alerts=[_listed(each) for each in page.entries], next=cursor_of(caller.home.keys, page.more_after, *of)
    )


@router.post(
    "/cases/{case_id}/alerts/{item_id}/dismiss",
    summary="Dismiss an alert",
    responses=refusals(
        UnknownItemError("unknown_item.no_such_case", found="case-0"),
        UnknownItemError("unknown_item.no_such_alert", where=_CASE, found=_ITEM),
        *WRITES,
    ),
)
def post_dismissal(case_id: CaseId, item_id: AlertedItem, asked: DismissalBody, caller: Writer) -> DismissedBody:
    """Say that the file does not belong to the case; its alert is no longer open."""
    done = dismiss_alert(caller.home, caller.require_case(case_id), item_id, caller.doer(asked.reason))
    return DismissedBody(case_id=done.case_id, item_id=done.item_id, warnings=warnings_of(done.unstamped))


def _listed(alert: Alert) -> AlertBody:
    return AlertBody(
        case_id=alert.case_id,
        item_id=alert.item_id,
        channel_id=alert.channel_id,
        message_id=alert.message_id,
        posted_at=alert.posted_at,
        raised_at=alert.raised_at,
        open=alert.is_open,
        hash_list=alert.is_list,
    )
