"""Items: what is preserved, by place, time and size; never content."""

from dataclasses import asdict
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import Field

from api.http.caller import ApiCaller, calls_with
from api.http.cursor import PageQuery, after_of, cursor_of
from api.http.model import AnswerBody
from api.office.item import Chosen, ItemRow, list_items, show_item
from evidence.observation import Kind
from evidence.store.api_key import Scope

router = APIRouter(tags=["items"])
Reader = Annotated[ApiCaller, Depends(calls_with(Scope.CHANNELS))]


class ItemsQuery(PageQuery):
    """Which items."""

    channel: str | None = Field(None, max_length=32, description="The channel's number")
    kind: Kind | None = None
    first: date | None = Field(None, alias="from", description="The first day of posting (UTC)")
    last: date | None = Field(None, alias="to", description="The last day of posting (UTC)")


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

    items: list[ItemBody]
    next: str | None = Field(description="The cursor of the next page; null on the last")


class HoleBody(AnswerBody):
    """What is missing beside an item."""

    reason: str
    since: str
    received: list[str] = Field(description="The items that are what was missing")
    perhaps: list[str] = Field(description="Items that may be it")


class OneItemBody(ItemBody):
    """An item, its place in the log, and the holes beside it."""

    log_index: int
    sealed: dict[str, str] = Field(description="SHA-256 of each ciphertext")
    holes: list[HoleBody]


@router.get("/items", summary="List what is preserved")
def get_items(asked: Annotated[ItemsQuery, Query()], caller: Reader) -> ItemsBody:
    """Items in the order of the log."""
    chosen = Chosen(asked.channel, asked.kind, asked.first, asked.last)
    of = ("items", repr(chosen), caller.key.key_id)
    page = list_items(caller.home, chosen, after=after_of(asked.cursor, *of), limit=asked.limit)
    return ItemsBody(items=[_item(row) for row in page.entries], next=cursor_of(page.more_after, *of))


@router.get("/items/{item_id}", summary="Show an item")
def get_item(item_id: str, caller: Reader) -> OneItemBody:
    """An item, by its whole identifier."""
    shown = show_item(caller.home, item_id)
    return OneItemBody(
        **_item(shown.item).model_dump(),
        log_index=shown.log_index,
        sealed=dict(shown.sealed),
        holes=[HoleBody(**asdict(hole)) for hole in shown.holes],
    )


def _item(row: ItemRow) -> ItemBody:
    told = asdict(row)
    return ItemBody(**{name: told[name] for name in ItemBody.model_fields})
