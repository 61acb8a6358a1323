"""A client takes her consent back: her case is closed at once, what it has is destroyed, and she gets an answer.

One person records it, and from that moment nothing of the case is listed, shown, compared or exported, anywhere
(``evidence.store.freeze``). What another case has too is taken out of hers and stays with the other. A second person
approves the destruction, which is due within a day. What a hold keeps, or what may show a child, waits: a hold for its
end, the other for its own decision. Called again, the verb asks for whatever is left.

The answer says what was destroyed, what was handed over before and to whom, and until when a backup may hold it. It is
made of the log's own records; making it is logged as a look at the case.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from api.home import Home
from api.office.case import record_consent
from api.office.erase import Erased, ErasureCause, ErasureWish, erase_items
from api.office.hold import hold_reasons
from api.office.release import RELEASED
from api.office.request import Waiting
from api.office.sheet import held_files, name_file, pdf_beside, require_sheet_file
from casefiles.case import open_events, require_client
from casefiles.consent import Consent, consent_of
from casefiles.errors import PagesError
from casefiles.paper.answer import answer_pages
from casefiles.sheet.answer import Destroyed, GivenOut, HandedOver, WithdrawalAnswer, answer_text
from casefiles.withdrawal import ClosedCase, closed_case
from config.errors import Explained
from config.words import load_words
from evidence.authority import Doer, require_reason
from evidence.canonical import Value, text_of
from evidence.custody.event import Draft
from evidence.errors import AuthorityError
from evidence.keys import Unlocked
from evidence.seal.recipients import KeyIdentity
from evidence.store.database import reading
from evidence.store.erase import erasures_of_case
from evidence.store.reviews import types_of
from evidence.times import format_time


@dataclass(frozen=True, slots=True)
class WithdrawalWish:
    """What a client said when she took her consent back.

    Attributes:
        person: Her pseudonym.
        language: In which she said it.
    """

    case_id: str
    person: str
    told_on: date
    language: str


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """What taking the consent back did.

    Attributes:
        closed: How far the end of the case had come before the erasure.
        erasure: The request that waits for a second person, or what two persons erased; None if nothing goes.
        unstamped: Why no time stamp could be had yet.
    """

    closed: ClosedCase
    erasure: Waiting | Erased | None
    unstamped: Explained | None


@dataclass(frozen=True, slots=True)
class WrittenAnswer:
    """The answer to the client, which was written.

    Attributes:
        pdf: The same answer as PDF; None where it could not be made, and ``unprinted`` says why.
        unstamped: Why no time stamp could be had yet.
    """

    out: Path
    answer: WithdrawalAnswer
    pdf: Path | None
    unprinted: PagesError | None
    unstamped: Explained | None


def withdraw_case(home: Home, wish: WithdrawalWish, doer: Doer, keys: Unlocked | None) -> Withdrawn:
    """The verb behind ``case withdraw``: close a case, and ask for the destruction of what it has.

    Args:
        keys: Needed if a second person is named, who then agrees at once.

    Raises:
        UnknownItemError: There is no such case, or it is a list of hashes.
        AuthorityError: There is no reason, both persons are one, or the day lies in the future.
    """
    require_client(home.engine, wish.case_id)
    require_reason(doer, act="withdraw")
    unstamped = None
    with reading(home.engine) as connection:
        closed = closed_case(connection, wish.case_id)
    if closed is None:
        told = Consent(wish.person, False, (), wish.told_on, None, wish.language, None, None)
        unstamped = record_consent(home, wish.case_id, told, doer).unstamped
        closed = _closed(home, wish.case_id)
    if not closed.goes:
        return Withdrawn(closed, None, unstamped)
    gone = ErasureWish(closed.goes, ErasureCause.WITHDRAWN, wish.case_id)
    erasure = erase_items(home, gone, doer, keys, closed=True)
    return Withdrawn(closed, erasure, erasure.unstamped)


def _closed(home: Home, case_id: str) -> ClosedCase:
    with reading(home.engine) as connection:
        closed = closed_case(connection, case_id)
    if closed is None:
        raise AuthorityError("authority.case_not_closed", where=case_id)
    return closed


def write_answer(
    home: Home, case_id: str, language: str, out: Path, doer: Doer, casework: KeyIdentity
) -> WrittenAnswer:
    """The verb behind ``case answer``: write what a client is told who took her consent back, as text and as PDF.

    Args:
        out: The text; the PDF lies beside it.

    Raises:
        UnknownItemError: There is no such case, or it is a list of hashes.
        AuthorityError: Its client did not take her consent back.
        HomeError: The file has a name that is taken or of another kind, or there is no such folder.
        StorageFullError: No space for the file.
    """
    require_client(home.engine, case_id)
    require_sheet_file(out)
    closed = _closed(home, case_id)
    with home.writing() as writer:
        writer.sequencer.append([Draft("case_viewed", doer.values() | {"case": case_id})])
        answer, words = _answer(home, closed, doer, casework), load_words(language)
        files, unprinted = {out: answer_text(words, answer).encode("utf-8")}, None
        try:
            files[pdf_beside(out)] = answer_pages(words, answer)
        except PagesError as why:
            unprinted = why
        with held_files(files) as parts:
            for name, part in parts.items():
                name_file(part, name)
        return WrittenAnswer(out, answer, None if unprinted else pdf_beside(out), unprinted, writer.beat())


def _answer(home: Home, closed: ClosedCase, doer: Doer, casework: KeyIdentity) -> WithdrawalAnswer:
    (opening,) = open_events(home.engine, [0], casework)
    told = consent_of(home.engine, closed.case_id, casework)
    with reading(home.engine) as connection:
        erasures = erasures_of_case(connection, closed.case_id)
    opened = open_events(home.engine, erasures, casework)
    return WithdrawalAnswer(
        rehearsal=opening.record is None or opening.record.values["rehearsal"] != "no",
        organisation=home.settings.office.organisation,
        case_id=closed.case_id,
        made_at=format_time(doer.at),
        withdrawn_on=closed.since.date().isoformat() if told is None else told.told_on.isoformat(),
        destroyed=[_destroyed(each.record.values) for each in opened if each.record],
        left=len(closed.goes),
        held=len(closed.held),
        reasons=hold_reasons(home, casework, list(closed.held.values())),
        frozen=len(closed.frozen),
        handed_over=[_handed_over(values) for values in _of_case(home, closed.case_id, "exported", casework)],
        given_out=_given_out(home, closed.case_id, casework),
        sheets=[text_of(values["at"]) for values in _of_case(home, closed.case_id, "sheet_made", casework)],
    )


def _destroyed(values: Mapping[str, Value]) -> Destroyed:
    until = values["backups_until"]
    return Destroyed(text_of(values["at"]), int(text_of(values["items"])), None if until is None else text_of(until))


def _handed_over(values: Mapping[str, Value]) -> HandedOver:
    receiver = values["receiver"]
    told = text_of(values["at"]), text_of(values["audience"]), None if receiver is None else text_of(receiver)
    return HandedOver(*told, text_of(values["items"]))


def _given_out(home: Home, case_id: str, casework: KeyIdentity) -> list[GivenOut]:
    """What was released of a case: an entry for each file, those of one request together."""
    found = dict[str, GivenOut]()
    for values in _of_case(home, case_id, RELEASED, casework):
        at, recipient, request = (text_of(values[name]) for name in ("at", "recipient", "authority"))
        before = found.get(request, GivenOut(at, recipient, 0))
        found[request] = replace(before, files=before.files + 1)
    return list(found.values())


def _of_case(home: Home, case_id: str, event_type: str, casework: KeyIdentity) -> Iterator[Mapping[str, Value]]:
    """What the records of this type say that speak of the case, in the order of the log."""
    with reading(home.engine) as connection:
        indexes = tuple(types_of(connection, [event_type]))
    for event in open_events(home.engine, indexes, casework):
        if event.record is not None and event.record.values["case"] == case_id:
            yield event.record.values
