"""Freezes: whatever may show a child, frozen at once by whoever sees it, and listed for those who decide."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import Field

from api.http.caller import ApiCaller, calls_with
from api.http.case import Reason
from api.http.cursor import PageQuery, after_of, cursor_of
from api.http.item import ItemPath
from api.http.model import NEXT_PAGE, AnswerBody, CallBody, LoggedBody, example, links, warnings_of
from api.http.problem import WRITES, refusals
from api.office.freeze import ListedFreeze, freeze, list_freezes, require_seen
from config.errors import CallError
from evidence.errors import UnknownItemError
from evidence.store.api_key import Scope

router = APIRouter(tags=["freezes"])
Seer = Annotated[ApiCaller, Depends(calls_with(Scope.CHANNELS, Scope.CASES_READ, Scope.CASES_WRITE, Scope.APPROVE))]
Decider = Annotated[ApiCaller, Depends(calls_with(Scope.APPROVE))]
_ITEM, _FREEZE = "7c9e6679f2b34d0a8e1f5a6b3c2d1e0f", "00112233445566778899aabbccddeeff"


class FreezeBody(CallBody):
    """Why an item may show a child."""

    model_config = example(reason="She looks very young")

    reason: Reason


class FrozenBody(LoggedBody):
    """What was frozen."""

    model_config = example(items=2, warnings=[])

    items: int = Field(description="How many items: this one, its message and its album; 0 if it was frozen before")


class FreezePlaceBody(AnswerBody):
    """A frozen item, and where it stood; nothing of what it is."""

    item_id: str
    channel_id: str
    message_id: int | None


class WaitingFreezeBody(AnswerBody):
    """A freeze that waits for two persons' decision."""

    freeze: str = Field(description="Its identifier in the log")
    frozen_at: str
    late: bool = Field(description="Whether it has waited for more than a day")
    items: list[FreezePlaceBody]
    frozen_by: str | None = Field(description="null for a machine and for a list, and while the office is locked")
    hint: str | None = Field(description="person, machine or list; null while the office is locked")
    what: str | None = Field(description="null while the office is locked")


class FreezesBody(AnswerBody):
    """A page of what is frozen."""

    model_config = example(
        freezes=[
            {
                "freeze": _FREEZE,
                "frozen_at": "2026-11-27T09:30:00.000Z",
                "late": False,
                "items": [{"item_id": _ITEM, "channel_id": "1234567890", "message_id": 17}],
                "frozen_by": "mira",
                "hint": "person",
                "what": "She looks very young",
            }
        ],
        next=None,
    )

    freezes: list[WaitingFreezeBody]
    next: str | None = Field(description="The cursor of the next page; null on the last")


@router.post(
    "/items/{item_id}/freeze",
    summary="Freeze an item",
    responses=refusals(UnknownItemError("unknown_item.no_such_item", found="0" * 32), *WRITES),
)
def post_freeze(item_id: ItemPath, asked: FreezeBody, caller: Seer) -> FrozenBody:
    """Freeze what may show a child, with its message and album, at once. Two persons can end it; no call can."""
    if Scope.CHANNELS not in caller.key.scopes:
        require_seen(caller.home, item_id, caller.key.cases)
    done = freeze(caller.home, [item_id], caller.doer(asked.reason))
    return FrozenBody(items=len(done.items.frozen), warnings=warnings_of(done.unstamped))


@router.get(
    "/freezes",
    summary="List what is frozen",
    responses={
        **refusals(CallError("call.stale_cursor"), CallError("call.only_some_cases")),
        200: {"links": links(get_freezes=NEXT_PAGE)},
    },
)
def get_freezes(asked: Annotated[PageQuery, Query()], caller: Decider) -> FreezesBody:
    """What waits for two persons' decision. While the office is locked, it does not say who froze it or why."""
    caller.require_every_case()
    of = ("freezes", caller.key.key_id)
    casework = caller.office.keyring.casework if caller.office.keyring.is_open else None
    after = after_of(caller.home.keys, asked.cursor, *of)
    page = list_freezes(caller.home, casework, after=after, limit=asked.limit)
    return FreezesBody(
        freezes=[_told(each) for each in page.entries], next=cursor_of(caller.home.keys, page.more_after, *of)
    )


def _told(listed: ListedFreeze) -> WaitingFreezeBody:
    waiting = listed.freeze
    places = [
        FreezePlaceBody(item_id=item, channel_id=channel, message_id=message)
        for item, (channel, message) in zip(waiting.items, waiting.places, strict=True)
    ]
    return WaitingFreezeBody(
        freeze=waiting.event_id,
        frozen_at=waiting.frozen_at,
        late=listed.late,
        items=places,
        frozen_by=listed.by,
        hint=listed.hint,
        what=listed.what,
    )
