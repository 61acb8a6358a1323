"""Cases: opened, given items, listed, shown. To show one is a look, logged before its records are opened."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, status
from pydantic import Field

from api.http.caller import ApiCaller, calls_with
from api.http.cursor import PageQuery, after_of, cursor_of
from api.http.model import NEXT_PAGE, AnswerBody, CallBody, LoggedBody, example, links, warnings_of
from api.http.problem import WRITES, refusals
from api.office.case import CaseItem, add_items, list_cases, open_case, require_case, show_case
from api.office.page import page_of
from api.office.witness import ComparedSight
from casefiles.case import CaseRow
from casefiles.consent import Consent
from casefiles.recognition import ComparedWith, HowAlike
from config.errors import CallError
from evidence.errors import UnknownItemError
from evidence.store.api_key import Scope

router = APIRouter(tags=["cases"])
Reader = Annotated[ApiCaller, Depends(calls_with(Scope.CASES_READ))]
Writer = Annotated[ApiCaller, Depends(calls_with(Scope.CASES_WRITE))]

Reason = Annotated[str, Field(min_length=1, max_length=2000, description="Why; logged, and withheld from bundles")]
ItemId = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
MOST_ITEMS = 1000
_CASE, _ITEM, _OPENED = "case-1f0c5c8e3a52", "7c9e6679f2b34d0a8e1f5a6b3c2d1e0f", "2026-11-27T09:30:00.000Z"
CaseId = Annotated[str, Path(description="The whole identifier of a case", examples=[_CASE])]
_NO_SUCH_CASE = UnknownItemError("unknown_item.no_such_case", found="case-000000000000")
_UNCONFIRMED = UnknownItemError("unknown_item.unconfirmed", found="0" * 32, request="0" * 32)
_NO_SUCH_ITEM = UnknownItemError("unknown_item.no_such_item", found="0" * 32)


class NewCaseBody(CallBody):
    """A new case."""

    model_config = example(reason="A client asks whether her pictures appear")

    reason: Reason


class OpenedCaseBody(LoggedBody):
    """A case that was opened."""

    model_config = example(case_id=_CASE, warnings=[])

    case_id: str


class AddItemsBody(CallBody):
    """Items for a case."""

    model_config = example(items=[_ITEM], reason="She recognises herself")

    items: list[ItemId] = Field(min_length=1, max_length=MOST_ITEMS)
    reason: Reason | None = None


class AddedItemsBody(LoggedBody):
    """What adding items did."""

    model_config = example(added=1, items=4, beside=[], warnings=[])

    added: int = Field(description="How many were new to the case")
    items: int = Field(description="How many it has now")
    beside: list[str] = Field(description="What belongs to these items and is not in the case")


class CaseRowBody(AnswerBody):
    """A case in a list."""

    case_id: str
    opened_at: str
    items: int
    hash_list: bool = Field(description="Whether it is a list of hashes, which has no client")


class CasesBody(AnswerBody):
    """A page of cases."""

    model_config = example(cases=[{"case_id": _CASE, "opened_at": _OPENED, "items": 4, "hash_list": False}], next=None)

    cases: list[CaseRowBody]
    next: str | None = Field(description="The cursor of the next page; null on the last")


class ConsentBody(AnswerBody):
    """What the client agreed to, or that she took it back; what she read stays sealed."""

    given: bool = Field(description="false where it was withdrawn")
    scope: list[str] = Field(description="`check`, and the audiences to whom the case may go")
    date: str = Field(description="The day on which she said so")
    until: str | None = Field(description="The last day on which it holds; null where it has no end")
    language: str
    paper_sha256: str | None = Field(description="SHA-256 of the signed form")
    recorded_by: str


class StatementBody(AnswerBody):
    """What the client states of an item, and has not taken back."""

    item_id: str
    recognition: HowAlike = Field(description="How she recognises it")
    means: ComparedWith | None = Field(description="What of hers it was compared with; null if she saw it herself")
    date: str = Field(description="The day on which she said so")
    language: str
    words: str | None = Field(description="Her own words, if somebody wrote them down; no bundle shows them")
    recorded_by: str


class ClosedGapBody(AnswerBody):
    """A gap that was closed later, and by what."""

    channel_id: str
    lo: str = Field(description="The number of its first message")
    hi: str = Field(description="The number of its last message")
    since: str = Field(description="When it was noticed")
    hole: str = Field(description="The log entry of the gap")
    entry: str = Field(description="The log entry of the last item that brought a message of it")
    at: str = Field(description="When that item came")
    method: str | None = Field(description="How it came")
    container_sha256: str | None = Field(description="SHA-256 of the export that it came in; null if it came in none")


class ShownCaseBody(LoggedBody):
    """A case, and a page of its items with what their records say."""

    model_config = example(
        case_id=_CASE,
        opened_at=_OPENED,
        reason="A client asks whether her pictures appear",
        consent={
            "given": True,
            "scope": ["check", "lawyer"],
            "date": "2026-11-26",
            "until": None,
            "language": "en",
            "paper_sha256": None,
            "recorded_by": "mira",
        },
        removed=[],
        alerts=1,
        frozen_items=0,
        statements=[
            {
                "item_id": _ITEM,
                "recognition": "same_file",
                "means": "file",
                "date": "2026-11-26",
                "language": "sr-Latn",
                "words": None,
                "recorded_by": "mira",
            }
        ],
        closed_gaps=[],
        items=[{"item_id": _ITEM, "kind": "message", "channel_id": "1234567890", "message_id": "17", "text": "zdravo"}],
        next=None,
        warnings=[],
    )

    case_id: str
    opened_at: str
    reason: Any
    consent: ConsentBody | None = Field(description="The newest record of it; null where there is none")
    removed: list[str]
    alerts: int = Field(description="How many open alerts it has")
    frozen_items: int = Field(description="How many of its items are frozen; they are not among `items`")
    statements: list[StatementBody] = Field(description="What she states of its items")
    closed_gaps: list[ClosedGapBody] = Field(
        description="Gaps in the channels of its items that were closed later; on the first page alone"
    )
    items: list[dict[str, Any]] = Field(
        description="Each with what its record says, and with `other_sources`: the same message from other sources that"
        " the case has, how it came, and the values in which both say something and not the same"
    )
    next: str | None = Field(description="The cursor of the next page; null on the last")


@router.post(
    "/cases",
    status_code=status.HTTP_201_CREATED,
    summary="Open a case",
    responses={
        **refusals(CallError("call.only_some_cases"), *WRITES),
        201: {"links": links(get_case={"case_id": "$response.body#/case_id"})},
    },
)
def post_case(asked: NewCaseBody, caller: Writer) -> OpenedCaseBody:
    """Open a case; the owner of the key is its opener."""
    caller.require_every_case()
    done = open_case(caller.home, caller.doer(asked.reason))
    return OpenedCaseBody(case_id=done.case_id, warnings=warnings_of(done.unstamped))


@router.get(
    "/cases",
    summary="List cases",
    responses={
        **refusals(CallError("call.stale_cursor")),
        200: {"links": links(get_case={"case_id": "$response.body#/cases/0/case_id"}, get_cases=NEXT_PAGE)},
    },
)
def get_cases(asked: Annotated[PageQuery, Query()], caller: Reader) -> CasesBody:
    """The cases that this key reaches, in the order in which they were opened."""
    of = ("cases", caller.key.key_id)
    after = after_of(caller.home.keys, asked.cursor, *of)
    if caller.key.cases is None:
        page = list_cases(caller.home, after=after, limit=asked.limit)
    else:
        rows = sorted((require_case(caller.home, each) for each in caller.key.cases), key=lambda row: row.index)
        begin = next((at for at, row in enumerate(rows, start=1) if row.case_id == after), 0)
        page = page_of(rows[begin : begin + asked.limit + 1], limit=asked.limit, key=lambda row: row.case_id)
    return CasesBody(
        cases=[_listed(row) for row in page.entries], next=cursor_of(caller.home.keys, page.more_after, *of)
    )


@router.post(
    "/cases/{case_id}/items",
    summary="Add items to a case",
    responses=refusals(_NO_SUCH_CASE, _NO_SUCH_ITEM, _UNCONFIRMED, *WRITES),
)
def post_case_items(case_id: CaseId, asked: AddItemsBody, caller: Writer) -> AddedItemsBody:
    """Add items; those that the case has are not added again."""
    found = caller.require_case(case_id)
    done = add_items(caller.home, found, tuple(dict.fromkeys(asked.items)), caller.doer(asked.reason))
    warnings = warnings_of(done.unstamped)
    return AddedItemsBody(added=done.added, items=done.items, beside=list(done.beside), warnings=warnings)


@router.get(
    "/cases/{case_id}",
    summary="Show a case",
    responses=refusals(_NO_SUCH_CASE, CallError("call.locked"), CallError("call.stale_cursor"), *WRITES),
)
def get_case(case_id: CaseId, asked: Annotated[PageQuery, Query()], caller: Reader) -> ShownCaseBody:
    """A case and a page of its items with their texts and digests; each page is a look, logged first."""
    found = caller.require_case(case_id)
    of = ("case", found, caller.key.key_id)
    after = after_of(caller.home.keys, asked.cursor, *of)
    casework = caller.office.keyring.casework
    shown = show_case(caller.home, found, caller.doer(), casework, after=after, limit=asked.limit)
    return ShownCaseBody(
        case_id=shown.case_id,
        opened_at=shown.opened_at,
        reason=shown.reason,
        consent=None if shown.consent is None else _consent(shown.consent, str(shown.recorded_by)),
        removed=list(shown.removed),
        alerts=shown.alerts,
        frozen_items=shown.frozen,
        statements=[StatementBody(**each.told()) for each in shown.statements],
        closed_gaps=[ClosedGapBody.model_validate(each.told()) for each in shown.closed_gaps],
        items=[_told(each, shown.sources.get(each.item_id, ())) for each in shown.items.entries],
        next=cursor_of(caller.home.keys, shown.items.more_after, *of),
        warnings=warnings_of(shown.items.unstamped),
    )


def _told(item: CaseItem, sources: Sequence[ComparedSight]) -> dict[str, Any]:
    """An item, with the same message from other sources, and in what they differ."""
    return asdict(item) | {"other_sources": [asdict(each) for each in sources]}


def _consent(told: Consent, recorded_by: str) -> ConsentBody:
    return ConsentBody(
        given=told.given,
        scope=list(told.scope),
        date=told.told_on.isoformat(),
        until=None if told.until is None else told.until.isoformat(),
        language=told.language,
        paper_sha256=told.paper_sha256,
        recorded_by=recorded_by,
    )


def _listed(row: CaseRow) -> CaseRowBody:
    return CaseRowBody(case_id=row.case_id, opened_at=row.opened_at, items=row.items, hash_list=row.is_list)
