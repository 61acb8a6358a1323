"""Questions that women ask about pictures: tickets to send one, what was sent, how it stands, its withdrawal.

Nobody but a person answers. What is told of a question here depends on what people did with it, and never on what was
found. A question is sealed to the matching key by whoever asks; at rest it is sealed once more, for its row.
"""

import hmac
import secrets
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import BinaryIO

import sqlalchemy as sa

from api.home import Home
from api.office.check import (
    AskedPictures,
    Checked,
    check_pictures,
    log_size,
    require_checkable,
    require_checkable_still,
)
from api.office.opened import OpenOffice
from api.office.request import NOTHING_BESIDE, Inside
from api.office.task import forget_expired, taken
from casefiles.consent import CHECK, require_consent
from config.errors import Term
from evidence.authority import Doer
from evidence.canonical import jcs
from evidence.errors import EnvelopeError, ProquintError, QuestionError, StoreError, UnknownItemError
from evidence.keys import Unlocked
from evidence.match.question import MOST_SEALED_BYTES, Question, are_alike, open_question, receipt_of, require_sealed
from evidence.proquint import WORDS, proquints, read_proquints
from evidence.seal.age import Identity
from evidence.seal.armor import age_file_in, unarmored
from evidence.seal.beside import open_beside, seal_beside
from evidence.seal.recipients import KeyIdentity
from evidence.store.database import reading
from evidence.store.freeze import require_not_withdrawn
from evidence.store.question import (
    QuestionState,
    StoredQuestion,
    add_question,
    forget_questions,
    list_questions,
    put_question,
    question_marked,
    withdraw_question,
)

KEPT = timedelta(days=30)
"""How long a question is kept at most."""
TICKET_HOLDS = timedelta(days=14)
_ID_BYTES = 16
MOST_TEXT = 2 * MOST_SEALED_BYTES
"""Characters of a sealed question as text; base64 and line ends take less."""
_PLACE = "nisisama/question/1"


@dataclass(frozen=True, slots=True)
class Ticket:
    """Words with which one question may be sent, for a case."""

    words: str
    case_id: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class KeptQuestion:
    """A question that is kept, or a ticket that nobody used yet.

    Attributes:
        receipt: None of a ticket, once the question was withdrawn, and where somebody changed the row.
        asked_at: When it came; of a ticket, when it was issued.
    """

    receipt: str | None
    state: QuestionState
    case_id: str
    owner: str
    asked_at: datetime
    expires_at: datetime


def issue_ticket(home: Home, case_id: str, doer: Doer, casework: KeyIdentity) -> Ticket:
    """The verb behind ``question ticket``: make one for a client whose case it is; its words are told once.

    Raises:
        UnknownItemError: There is no such case.
        AuthorityError: No consent is recorded, or it was withdrawn, has ended or is not to this.
    """
    since = log_size(home)
    require_consent(require_checkable(home, case_id, casework), scope=CHECK, today=home.today())
    drawn, now = secrets.token_bytes(2 * WORDS), home.clock()
    mark = _mark(home, "ticket", drawn)
    ticket = StoredQuestion(_new_id(), mark, QuestionState.TICKET, doer.actor, case_id, b"", now, now + TICKET_HOLDS)
    with taken(home) as connection:
        require_checkable_still(connection, home, case_id, casework, since)
        forget_questions(connection, now)
        add_question(connection, ticket)
    return Ticket(proquints(drawn), case_id, ticket.expires_at)


def take_question(home: Home, ticket: str, text: str) -> QuestionState:
    """The verb behind ``POST /questions``: keep a question that was sent with a ticket.

    Sent again, it is kept once, and the ticket is used once.

    Args:
        ticket: The words, in either script.
        text: The sealed question, as age's armor.

    Returns:
        How it stands: as received, unless it was sent before.

    Raises:
        QuestionError: The ticket is unknown, was used or has expired; or what was sent is no sealed question.
    """
    sealed = sealed_in(text)
    now, receipt = home.clock(), _receipt_mark(home, receipt_of(sealed))
    try:
        mark = _mark(home, "ticket", read_proquints(ticket))
    except ProquintError as error:
        raise QuestionError("question.no_ticket") from error
    with reading(home.engine) as connection:  # first: whoever guesses takes no turn from anybody
        _require_sendable(connection, receipt, mark, now)
    with taken(home) as connection:
        sent, found = _require_sendable(connection, receipt, mark, now)
        if sent is not None:  # its answer was lost on the way
            return sent.state
        put_question(connection, _received(home, replace(found, mark=receipt, asked_at=now), sealed))
    return QuestionState.RECEIVED


def _require_sendable(
    connection: sa.Connection, receipt: str, ticket: str, now: datetime
) -> tuple[StoredQuestion | None, StoredQuestion]:
    """The question itself, if it was sent before, and the row of its ticket.

    Raises:
        QuestionError: There is neither.
    """
    sent = question_marked(connection, receipt, now)
    found = sent or question_marked(connection, ticket, now)
    if found is None:
        raise QuestionError("question.no_ticket")
    return sent, found


def keep_question(home: Home, sealed: bytes, case_id: str, doer: Doer) -> None:
    """Keep a question that ``check`` was handed, as if it had been sent; one that is there already stays as it is.

    Raises:
        QuestionError: It was withdrawn, or belongs to another case.
        AuthorityError: The client of the case took her consent back.
    """
    now, mark = home.clock(), _receipt_mark(home, receipt_of(sealed))
    question = StoredQuestion(_new_id(), mark, QuestionState.RECEIVED, doer.actor, case_id, b"", now, now)
    with taken(home) as connection:
        require_not_withdrawn(connection, case_id, [])
        forget_questions(connection, now)
        there = question_marked(connection, mark, now)
        if there is None:
            add_question(connection, _received(home, question, sealed))
        elif there.state is QuestionState.WITHDRAWN:
            raise QuestionError("question.withdrawn")
        elif there.case_id != case_id:
            raise QuestionError("question.of_another_case")


def question_in(home: Home, file: BinaryIO, case_id: str, doer: Doer, keys: Unlocked) -> str | None:
    """The receipt of the question in a file that ``check`` was given, which is kept; None where it holds none.

    Args:
        file: Read from its beginning; where it holds no question, it stands there again.

    Raises:
        QuestionError: It holds a part of one, a damaged one, or one for another office: nothing was kept.
        UnknownItemError, AuthorityError: As ``require_checkable``.
    """
    data = file.read(MOST_TEXT + 1)
    file.seek(0)
    try:
        sealed = age_file_in(data)
    except EnvelopeError as error:
        raise QuestionError("question.no_age_file", cause=error) from error
    if sealed is None:
        return None
    require_checkable(home, case_id, keys.casework)
    open_question(sealed, keys.matching)
    keep_question(home, sealed, case_id, doer)
    return receipt_of(sealed)


def sealed_in(text: str) -> bytes:
    """The sealed question in a text that ``check`` was given.

    Raises:
        QuestionError: There is none, or it is damaged or too long.
    """
    try:
        sealed = unarmored(text)
    except EnvelopeError as error:
        raise QuestionError("question.no_age_file", cause=error) from error
    require_sealed(sealed)
    return sealed


def question_state(home: Home, receipt: str) -> QuestionState:
    """The verb that tells her page how a question stands.

    Raises:
        UnknownItemError: There is none of this receipt, or it has expired.
    """
    return _of_receipt(home, receipt).state


def answer_question(home: Home, receipt: str) -> None:
    """The verb behind ``question answered``: note that a person answered a question.

    Raises:
        UnknownItemError: There is none of this receipt, or it has expired.
        QuestionError: It was withdrawn.
    """
    found = _of_receipt(home, receipt)
    with taken(home) as connection:
        now = question_marked(connection, found.mark, home.clock())
        if now is None or now.state is QuestionState.WITHDRAWN:
            raise QuestionError("question.withdrawn")
        put_question(connection, replace(now, state=QuestionState.ANSWERED))


def destroy_question(home: Home, receipt: str) -> None:
    """The verb behind ``question withdraw``: destroy a question because whoever asked it says so.

    That it was withdrawn is told until it would have expired.

    Raises:
        UnknownItemError: There is none of this receipt, or it has expired.
    """
    found = _of_receipt(home, receipt)
    with taken(home) as connection:
        withdraw_question(connection, found)


def kept_questions(home: Home, case_id: str | None = None) -> Sequence[KeptQuestion]:
    """The verb behind ``question list``: what is kept, the oldest first; of one case, or of all.

    What has expired is removed before.
    """
    forget_expired(home)
    with reading(home.engine) as connection:
        rows = list_questions(connection, home.clock(), case_id)
    return [
        KeptQuestion(_receipt_in(home, row), row.state, row.case_id, row.owner, row.asked_at, row.expires_at)
        for row in rows
    ]


def _receipt_in(home: Home, row: StoredQuestion) -> str | None:
    try:
        return receipt_of(_opened(home, row)) if row.asked else None
    except StoreError:
        return None


def sealed_questions(home: Home) -> Iterator[bytes]:
    """Every question that an office keeps, as it was sent; a row that somebody changed is left out."""
    with reading(home.engine) as connection:
        rows = list_questions(connection, home.clock())
    for row in rows:
        with suppress(StoreError):
            if row.asked:
                yield _opened(home, row)


def sealed_question(home: Home, receipt: str, case_id: str) -> bytes:
    """The question that a verb was given by its receipt, as it was sent, if it belongs to this case.

    Raises:
        StoreError: Somebody changed its row.
        UnknownItemError: There is none of this receipt in this case, or it has expired.
        QuestionError: It was withdrawn.
    """
    found = require_of_case(home, receipt, case_id)
    if not found.asked:
        raise QuestionError("question.withdrawn")
    return _opened(home, found)


def require_of_case(home: Home, receipt: str, case_id: str) -> StoredQuestion:
    """The question that a call names by its receipt, as its row has it, if it belongs to this case.

    Raises:
        UnknownItemError: There is none of this receipt in this case, or it has expired.
    """
    found = _of_receipt(home, receipt)
    if found.case_id != case_id:
        raise _unknown(receipt)
    return found


def check_question(
    home: Home, receipt: str, case_id: str, doer: Doer, office: OpenOffice, inside: Inside = NOTHING_BESIDE
) -> Checked:
    """The verb ``check`` for a question: look for its pictures in the store, and for variants in other questions.

    Raises:
        UnknownItemError: There is none of this receipt in this case, or it has expired.
        QuestionError: It was withdrawn, was sealed to another office, is damaged, or malformed.
        Explained: As ``check_pictures``.
    """
    sealed = sealed_question(home, receipt, case_id)
    asked = open_question(sealed, office.keys.matching)
    others = (each for each in sealed_questions(home) if each != sealed)
    alike = sum(_is_variant(asked, each, office.keys.matching) for each in others)

    def require_asked(connection: sa.Connection) -> None:
        now = question_marked(connection, _receipt_mark(home, receipt), home.clock())
        if now is None or now.state is QuestionState.WITHDRAWN:  # while it was compared
            raise QuestionError("question.withdrawn")

    wanted = AskedPictures(asked.pictures, receipt_of(sealed), alike, require_asked)
    return check_pictures(home, wanted, case_id, doer, office, inside)


def _is_variant(asked: Question, sealed: bytes, matching: Identity) -> bool:
    try:
        other = open_question(sealed, matching)
    except QuestionError:
        return False
    return any(are_alike(one, its) for one in asked.pictures for its in other.pictures)


def _of_receipt(home: Home, receipt: str) -> StoredQuestion:
    try:
        mark = _receipt_mark(home, receipt)
    except ProquintError as error:
        raise _unknown(receipt) from error
    with reading(home.engine) as connection:
        found = question_marked(connection, mark, home.clock())
    if found is None:
        raise _unknown(receipt)
    return found


def _unknown(receipt: str) -> UnknownItemError:
    return UnknownItemError("unknown_item.no_such_question", found=receipt[:64])


def _receipt_mark(home: Home, receipt: str) -> str:
    return _mark(home, "receipt", read_proquints(receipt))


def _mark(home: Home, what: str, words: bytes) -> str:
    return hmac.digest(home.keys.task_secret(), jcs([_PLACE, what, words.hex()]), "sha256").hex()


def _received(home: Home, question: StoredQuestion, sealed: bytes) -> StoredQuestion:
    asked = seal_beside(home.keys.task_secret(), sealed, place=_place(question))
    return replace(question, state=QuestionState.RECEIVED, asked=asked, expires_at=question.asked_at + KEPT)


def _opened(home: Home, question: StoredQuestion) -> bytes:
    """What was sent.

    Raises:
        StoreError: Somebody changed the row.
    """
    try:
        return open_beside(home.keys.task_secret(), question.asked, place=_place(question))
    except ValueError:
        raise StoreError("store.question_changed", where=Term("place.question", name=question.question_id)) from None


def _place(question: StoredQuestion) -> str:
    return jcs([_PLACE, question.question_id, question.case_id]).decode()


def _new_id() -> str:
    return secrets.token_hex(_ID_BYTES)
