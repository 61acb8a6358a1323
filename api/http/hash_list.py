"""Lists of hashes: sent, listed, removed. No answer contains one of their hashes."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Form, UploadFile, status
from pydantic import Field

from api.http.caller import ApiCaller, calls_with
from api.http.case import CaseId, Reason
from api.http.form import WholeFormRoute
from api.http.model import MULTIPART, AnswerBody, CallBody, LoggedBody, SpelledDay, example, warnings_of
from api.http.problem import WRITES, refusals
from api.office.hash_list import add_hash_list, hash_lists, remove_hash_list, require_provenance
from casefiles.hash_list import DeclaredList, HashList, ListProvenance, Meaning
from config.errors import CallError
from evidence.errors import HashListError, UnknownItemError
from evidence.match.hash_csv import HashKind, read_hashes
from evidence.store.api_key import Scope

router = APIRouter(tags=["hash lists"], route_class=WholeFormRoute)
Keeper = Annotated[ApiCaller, Depends(calls_with(Scope.ADMIN))]
_CASE, _AT = "case-1f0c5c8e3a52", "2026-11-27T09:30:00.000Z"
_COUNTS = {"md5": 1200, "pdq": 800, "not_photodna": 1200, "twice": 3, "bad_lines": 0}
_COUNTED = "By kind, how many are compared; as `not_KIND`, how many are not; also `twice` and `bad_lines`"


class NewListBody(CallBody):
    """A list that is sent."""

    model_config = example(
        file="list.csv",
        name="known pictures",
        provider="Hotline",
        obtained_on="2026-11-27",
        meaning="shared_without_consent",
        declared_by="mira",
        kind=None,
        skip_bad_lines=False,
        reason="The hotline asks us to look for these",
    )

    file: UploadFile = Field(description="A table of text, such as CSV, with MD5, SHA-256 or PDQ hashes")
    name: str = Field(min_length=1, max_length=200, description="What the list is called")
    provider: str = Field(min_length=1, max_length=200, description="The organisation that gave it")
    obtained_on: SpelledDay = Field(description="The day on which it came")
    meaning: Meaning = Field(description="What it lists")
    declared_by: str = Field(min_length=1, max_length=200, description="Who says where it came from")
    kind: HashKind | None = Field(None, description="What hashes of 64 digits are, if the list does not say")
    skip_bad_lines: bool = Field(False, description="Leave out lines in which no hash can be read, and count them")
    reason: Reason


class AddedListBody(LoggedBody):
    """What adding a list did."""

    model_config = example(case_id=_CASE, added=2000, counts=_COUNTS, common=0, known=False, warnings=[])

    case_id: str = Field(description="The case as which the list is kept; its alerts name what is found")
    added: int = Field(description="How many hashes were added")
    counts: dict[str, int] = Field(description=_COUNTED)
    common: int = Field(description="How many of them other lists have too")
    known: bool = Field(description="true if the same file was added before; then nothing was added")


class HashListBody(AnswerBody):
    """A list, and where it came from."""

    case_id: str
    name: str
    provider: str
    obtained_on: date
    meaning: Meaning
    declared_by: str
    added_at: str
    added_by: str
    file_sha256: str
    counts: dict[str, int] = Field(description=_COUNTED)
    whole: bool = Field(description="false if adding it was cut short: then it is not compared, and can be sent again")


class HashListsBody(AnswerBody):
    """Every list that was added and not removed."""

    model_config = example(
        lists=[
            {
                "case_id": _CASE,
                "name": "known pictures",
                "provider": "Hotline",
                "obtained_on": "2026-11-27",
                "meaning": "shared_without_consent",
                "declared_by": "mira",
                "added_at": _AT,
                "added_by": "mira",
                "file_sha256": "0a" * 32,
                "counts": _COUNTS,
                "whole": True,
            }
        ]
    )

    lists: list[HashListBody]


class ListRemovalBody(CallBody):
    """Why a list is removed."""

    model_config = example(reason="The hotline took it back")

    reason: Reason


class RemovedListBody(LoggedBody):
    """A list that was removed."""

    model_config = example(case_id=_CASE, warnings=[])

    case_id: str


@router.post(
    "/hash-lists",
    status_code=status.HTTP_201_CREATED,
    summary="Add a list of hashes",
    responses=refusals(
        HashListError("hash_list.bad_lines", lines="3, 17", count=2),
        HashListError("hash_list.kind_unclear"),
        HashListError("hash_list.changed_meanwhile"),
        CallError("call.only_some_cases"),
        CallError("call.locked"),
        *WRITES,
    ),
)
async def post_hash_list(asked: Annotated[NewListBody, Form(media_type=MULTIPART)], caller: Keeper) -> AddedListBody:
    """Add a list as a case of its own. While the office is unlocked, it is compared with everything that is kept."""
    caller.require_every_case()
    return await caller.office.at_length(lambda: _added(asked, caller))


def _added(asked: NewListBody, caller: ApiCaller) -> AddedListBody:
    doer = caller.doer(asked.reason)
    said = ListProvenance(asked.name, asked.provider, asked.obtained_on, asked.meaning, asked.declared_by)
    require_provenance(caller.home, said, doer)
    keys = caller.office.keyring.keys()
    read = read_hashes(asked.file.file, kind=asked.kind, skip_bad_lines=asked.skip_bad_lines)
    added = add_hash_list(caller.home, DeclaredList(read, said), doer, keys)
    done = added.done
    return AddedListBody(
        case_id=done.case_id,
        added=done.added,
        counts=dict(done.counts),
        common=done.common,
        known=done.known,
        warnings=warnings_of(added.unstamped),
    )


@router.get(
    "/hash-lists",
    summary="List the lists of hashes",
    responses=refusals(CallError("call.only_some_cases"), CallError("call.locked")),
)
def get_hash_lists(caller: Keeper) -> HashListsBody:
    """Every list, where it came from and how many hashes it holds."""
    caller.require_every_case()
    return HashListsBody(lists=[_listed(each) for each in hash_lists(caller.home, caller.office.keyring.casework)])


@router.post(
    "/hash-lists/{case_id}/remove",
    summary="Remove a list of hashes",
    responses=refusals(
        UnknownItemError("unknown_item.no_such_hash_list", found="case-000000000000"),
        CallError("call.only_some_cases"),
        *WRITES,
    ),
)
def post_hash_list_removal(case_id: CaseId, asked: ListRemovalBody, caller: Keeper) -> RemovedListBody:
    """End a list and destroy its hashes; its case and the alerts that it raised stay."""
    caller.require_every_case()
    done = remove_hash_list(caller.home, caller.require_case(case_id), caller.doer(asked.reason))
    return RemovedListBody(case_id=done.case_id, warnings=warnings_of(done.unstamped))


def _listed(each: HashList) -> HashListBody:
    said = each.provenance
    return HashListBody(
        case_id=each.case_id,
        name=said.name,
        provider=said.provider,
        obtained_on=said.obtained_on,
        meaning=said.meaning,
        declared_by=said.declared_by,
        added_at=each.added_at,
        added_by=each.added_by,
        file_sha256=each.file_sha256,
        counts=dict(each.counts),
        whole=each.is_whole,
    )
