"""Channels: the register of publicly reported groups, what was seen of each, and how the watch stands."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from pydantic import Field

from api.http.caller import ApiCaller, calls_with
from api.http.cursor import PageQuery, after_of, cursor_of
from api.http.model import NEXT_PAGE, AnswerBody, example, links
from api.http.problem import refusals
from api.office.channel import list_channels
from api.office.completeness import completeness_of
from config.errors import CallError
from evidence.errors import UnknownItemError
from evidence.store.api_key import Scope
from evidence.times import format_time

router = APIRouter(tags=["channels"])
Reader = Annotated[ApiCaller, Depends(calls_with(Scope.CHANNELS))]
_FIRST = {"channel": "$response.body#/channels/0/channel"}
ChannelName = Annotated[str, Path(description="Its number, or as the register names it", examples=["1234567890"])]


class ChannelBody(AnswerBody):
    """An entry of the register."""

    channel: str
    channel_id: str | None
    mode: str
    access: str
    report_url: str | None
    reported_by: str | None
    reported_on: str | None
    reported_as: str | None
    follows: str | None
    expires: str | None


class ChannelsBody(AnswerBody):
    """A page of the register."""

    model_config = example(
        channels=[
            {
                "channel": "reported_group",
                "channel_id": "1234567890",
                "mode": "metadata_only",
                "access": "public",
                "report_url": "https://example.org/report",
                "reported_by": "An organisation",
                "reported_on": "2026-11-20",
                "reported_as": None,
                "follows": None,
                "expires": None,
            }
        ],
        next=None,
    )

    channels: list[ChannelBody]
    next: str | None = Field(description="The cursor of the next page; null on the last")


class MissedBody(AnswerBody):
    """What was not seen."""

    reason: str
    lo: int | None
    hi: int | None
    since: str
    until: str | None


class CompletenessBody(AnswerBody):
    """What was seen of a channel, and what was not."""

    model_config = example(
        channel_id="1234567890",
        observed=[[1, 40], [44, 90]],
        holes=[[41, 43]],
        deleted=[],
        missing=[[41, 43]],
        gaps=[
            {"reason": "gap", "lo": 41, "hi": 43, "since": "2026-11-27T09:30:00.000Z", "until": None},
        ],
    )

    channel_id: str | None
    observed: list[tuple[int, int]]
    holes: list[tuple[int, int]]
    deleted: list[tuple[int, int]]
    missing: list[tuple[int, int]]
    gaps: list[MissedBody]


@router.get(
    "/channels",
    summary="List the register",
    responses={
        **refusals(CallError("call.stale_cursor")),
        200: {"links": links(get_completeness=_FIRST, get_register=NEXT_PAGE)},
    },
)
def get_register(asked: Annotated[PageQuery, Query()], caller: Reader) -> ChannelsBody:
    """The publicly reported channels that this office registered."""
    of = ("channels", caller.key.key_id)
    with caller.office.short_read():
        page = list_channels(caller.home, after=after_of(caller.home.keys, asked.cursor, *of), limit=asked.limit)
    told = [{name: getattr(row, name) for name in ChannelBody.model_fields} for row in page.entries]
    return ChannelsBody(
        channels=[ChannelBody(**each) for each in told], next=cursor_of(caller.home.keys, page.more_after, *of)
    )


@router.get(
    "/channels/{channel}/completeness",
    summary="What was seen of a channel",
    responses=refusals(UnknownItemError("unknown_item.no_such_channel_seen", found="1")),
)
def get_completeness(channel: ChannelName, caller: Reader) -> CompletenessBody:
    """Spans of message numbers that were seen, and every hole with its reason and both ends."""
    found = completeness_of(caller.home, channel)
    gaps = [
        {**asdict(each), "since": format_time(each.since), "until": each.until and format_time(each.until)}
        for each in found.gaps
    ]
    return CompletenessBody(
        channel_id=found.channel_id,
        observed=list(found.observed),
        holes=list(found.holes),
        deleted=list(found.deleted),
        missing=list(found.missing),
        gaps=[MissedBody(**{name: each[name] for name in MissedBody.model_fields}) for each in gaps],
    )
