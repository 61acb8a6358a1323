"""Clients' statements that they recognise an item: from a file of theirs that stays in memory, or from a question."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, UploadFile, status
from pydantic import Field

from api.http.caller import ApiCaller, calls_with
from api.http.case import CaseId, ItemId, Reason
from api.http.memory import MemoryRoute
from api.http.model import MULTIPART, CallBody, LoggedBody, SpelledDay, example, links, warnings_of
from api.http.problem import WRITES, refusals
from api.office.recognition import RecordedRecognition, recognise_file, recognise_question, recognise_seen, take_back
from casefiles.consent import CHECK
from casefiles.errors import RecognitionError
from casefiles.recognition import ComparedWith, HowAlike, Statement
from config.errors import CallError, Term
from evidence.errors import AuthorityError, NotDecodedError, QuestionError, UnknownItemError
from evidence.store.api_key import Scope

router = APIRouter(tags=["cases"], route_class=MemoryRoute)
Stater = Annotated[ApiCaller, Depends(calls_with(Scope.CHECKS))]
_ITEM, _RECEIPT = "7c9e6679f2b34d0a8e1f5a6b3c2d1e0f", "dukor-sabit-nolaf-zumig-pavok"
_CASE = "case-1f0c5c8e3a52"
_NO_PICTURE = NotDecodedError("not_decoded.refused", found=Term("undecoded.not_a_picture"))
_ANY = (
    UnknownItemError("unknown_item.no_such_case", found="case-000000000000"),
    RecognitionError("recognition.of_another_person"),
    RecognitionError("recognition.in_the_future", found="2026-11-30"),
    CallError("call.locked"),
    *WRITES,
)


class StatedBody(CallBody):
    """What every statement of a client about an item of her case holds."""

    item: ItemId
    person: str = Field(min_length=1, max_length=200, description="Her pseudonym, as in the newest consent")
    language: str = Field(min_length=1, max_length=64, description="The language in which she said it")
    date: SpelledDay = Field(description="The day on which she said it")
    reason: Reason | None = None


class NewRecognitionBody(StatedBody):
    """That a client recognises an item."""

    model_config = example(
        item=_ITEM,
        person="client-1",
        language="sr-Latn",
        date="2026-11-26",
        file="hers.jpg",
        receipt=None,
        words=None,
        reason=None,
    )

    file: UploadFile | None = Field(None, description="A file that she has; compared in memory, and not kept")
    receipt: str | None = Field(None, max_length=200, description="The five words of a question that she sent")
    words: str | None = Field(
        None, max_length=20_000, description="What she said; with neither file nor receipt, how she saw it"
    )


class TakenBackBody(StatedBody):
    """That a client takes back what she stated of an item."""

    model_config = example(item=_ITEM, person="client-1", language="sr-Latn", date="2026-11-27", reason=None)


class RecognisedBody(LoggedBody):
    """What was recorded."""

    model_config = example(item_id=_ITEM, recognition="same_file", means="file", warnings=[])

    item_id: str
    recognition: HowAlike | None = Field(description="How she recognises it; null if she took it back")
    means: ComparedWith | None = Field(description="What of hers it was compared with; null if nothing was")


@router.post(
    "/cases/{case_id}/recognitions",
    status_code=status.HTTP_201_CREATED,
    summary="Record that the client recognises an item",
    responses={
        **refusals(
            *_ANY,
            UnknownItemError("unknown_item.not_in_the_case", found="0" * 32),
            UnknownItemError("unknown_item.no_such_question", found=_RECEIPT),
            AuthorityError("authority.no_consent", scope=CHECK),
            AuthorityError("authority.checked_enough", where=_CASE, limit=20),
            NotDecodedError("not_decoded.nothing_can_be_said", cause=_NO_PICTURE),
            QuestionError("question.withdrawn"),
            RecognitionError("recognition.not_alike"),
            RecognitionError("recognition.no_file"),
            RecognitionError("recognition.nothing_to_compare"),
            RecognitionError("recognition.one_of_two"),
            RecognitionError("recognition.without_words"),
        ),
        201: {"links": links(get_case={"case_id": "$request.path.case_id"})},
    },
)
def post_recognition(
    case_id: CaseId, asked: Annotated[NewRecognitionBody, Form(media_type=MULTIPART)], caller: Stater
) -> RecognisedBody:
    """Compare one file, or one question, with one item of the case; nothing of the file is kept but the answer.

    With neither `file` nor `receipt`, she saw the item where it was posted, and `words` say how she recognises it.
    """
    found, doer, stated = caller.require_case(case_id), caller.doer(asked.reason), _stated(asked, asked.words)
    home, keys = caller.home, caller.office.keyring.keys()
    if asked.file is not None and asked.receipt:
        raise RecognitionError("recognition.one_of_two")
    if asked.file is not None:
        done = recognise_file(home, found, stated, asked.file.file, doer, keys)
    elif asked.receipt:
        done = recognise_question(home, found, stated, asked.receipt, doer, keys)
    else:
        done = recognise_seen(home, found, stated, doer, keys.casework)
    return _told(done)


@router.post(
    "/cases/{case_id}/recognitions/withdraw",
    status_code=status.HTTP_201_CREATED,
    summary="Record that the client takes back what she stated",
    responses={
        **refusals(*_ANY, RecognitionError("recognition.nothing_stated")),
        201: {"links": links(get_case={"case_id": "$request.path.case_id"})},
    },
)
def post_recognition_withdrawal(case_id: CaseId, asked: TakenBackBody, caller: Stater) -> RecognisedBody:
    """Record that she takes back everything that she stated of an item; the statements stay in the log."""
    found, casework = caller.require_case(case_id), caller.office.keyring.casework
    return _told(take_back(caller.home, found, _stated(asked), caller.doer(asked.reason), casework))


def _stated(asked: StatedBody, words: str | None = None) -> Statement:
    return Statement(asked.person, asked.item, asked.date, asked.language, words or None)


def _told(done: RecordedRecognition) -> RecognisedBody:
    stated = done.statement
    return RecognisedBody(
        item_id=stated.item_id, recognition=stated.how, means=stated.means, warnings=warnings_of(done.unstamped)
    )
