"""Items: what is preserved, by place, time and size; never content."""

import re
from dataclasses import asdict
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BeforeValidator, Field

from api.http.caller import ApiCaller, calls_with
from api.http.cursor import PageQuery, after_of, cursor_of
from api.http.model import NEXT_PAGE, AnswerBody, example, links
from api.http.problem import refusals
from api.office.item import Chosen, ItemRow, list_items, show_item
from config.errors import CallError
from evidence.errors import UnknownItemError
from evidence.observation import Kind
from evidence.store.api_key import Scope

router = APIRouter(tags=["items"])
Reader = Annotated[ApiCaller, Depends(calls_with(Scope.CHANNELS))]
_EXAMPLE = {
    "item_id": "7c9e6679f2b34d0a8e1f5a6b3c2d1e0f",
    "channel_id": "1234567890",
    "message_id": 17,
    "kind": "message",
    "posted_at": "2026-11-26T21:04:00.000Z",
    "acquired_at": "2026-11-27T09:30:00.000Z",
    "mode": "metadata_only",
    "sealed_bytes": None,
}


def _require_day(given: object) -> object:
    """Check that a day is written as one: a number would be taken for seconds since 1970."""
    if isinstance(given, str) and not re.fullmatch(r"\d{4}-\d\d-\d\d", given, re.ASCII):
        raise ValueError("a date is written as 2026-11-27")
    return given


Day = Annotated[date, BeforeValidator(_require_day)]
ItemPath = Annotated[str, Path(description="The whole identifier of an item", examples=[_EXAMPLE["item_id"]])]


class ItemsQuery(PageQuery):
    """Which items."""

    channel: str | None = Field(None, max_length=32, description="The channel's number")
    kind: Kind | None = Field(None, description="What was observed")
    first: Day | None = Field(None, alias="from", description="The first day of posting (UTC)")
    last: Day | None = Field(None, alias="to", description="The last day of posting (UTC)")


class ItemBody(AnswerBody):
    """What stands in clear of an item. Digests and texts are told through a case."""

    item_id: str
    channel_id: str
    message_id: int | None
    kind: str
    posted_at: str | None
    acquired_at: str
    mode: str
    sealed_bytes: int | None = Field(description="Length of its ciphertext")


class ItemsBody(AnswerBody):
    """A page of items."""

    model_config = example(items=[_EXAMPLE], next=None)

    items: list[ItemBody]
    next: str | None = Field(description="The cursor of the next page; null on the last")


class HoleBody(AnswerBody):
    """What is missing beside an item."""

    reason: str
    since: str
    received: list[str] = Field(description="The items that are what was missing")
    perhaps: list[str] = Field(description="Items that may be it")


class SameMessageBody(AnswerBody):
    """Another item of the same message: from another source, or another version of it."""

    item_id: str
    kind: str
    acquired_at: str


class OneItemBody(ItemBody):
    """An item, its place in the log, the holes beside it, and the other items of its message."""

    model_config = example(**_EXAMPLE, log_index=21, sealed={"record": "5f" * 32}, holes=[], same_message=[])

    log_index: int
    sealed: dict[str, str] = Field(description="SHA-256 of each ciphertext")
    holes: list[HoleBody]
    same_message: list[SameMessageBody] = Field(
        description="Other versions of its message, or other sources of it; a case says in what they differ"
    )


@router.get(
    "/items",
    summary="List what is preserved",
    responses={
        **refusals(CallError("call.stale_cursor")),
        200: {"links": links(get_item={"item_id": "$response.body#/items/0/item_id"}, get_items=NEXT_PAGE)},
    },
)
def get_items(asked: Annotated[ItemsQuery, Query()], caller: Reader) -> ItemsBody:
    """Items in the order of the log."""
    chosen = Chosen(asked.channel, asked.kind, asked.first, asked.last)
    of = ("items", repr(chosen), caller.key.key_id)
    with caller.office.short_read():
        page = list_items(caller.home, chosen, after=after_of(caller.home.keys, asked.cursor, *of), limit=asked.limit)
    return ItemsBody(items=[_item(row) for row in page.entries], next=cursor_of(caller.home.keys, page.more_after, *of))


@router.get(
    "/items/{item_id}",
    summary="Show an item",
    responses=refusals(
        UnknownItemError("unknown_item.no_such_item", found="0" * 32), UnknownItemError("unknown_item.frozen")
    ),
)
def get_item(item_id: ItemPath, caller: Reader) -> OneItemBody:
    """An item, by its whole identifier."""
    with caller.office.short_read():
        shown = show_item(caller.home, item_id)
    return OneItemBody(
        **_item(shown.item).model_dump(),
        log_index=shown.log_index,
        sealed=dict(shown.sealed),
        holes=[HoleBody(**asdict(hole)) for hole in shown.holes],
        same_message=[SameMessageBody.model_validate(each, from_attributes=True) for each in shown.sources],
    )


def _item(row: ItemRow) -> ItemBody:
    return ItemBody.model_validate(row, from_attributes=True)  # by attribute: half the time of a dictionary
