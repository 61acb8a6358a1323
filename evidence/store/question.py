"""Questions about pictures, and the tickets by which they may be sent: rows of the one table of work, without a state.

A ticket becomes the question that is sent with it, so it can be used once. A row is known by a mark: of the ticket's
words, and then of the receipt's, made with a secret that lies beside the home. Rows in clear hold ids, times, the case,
who issued the ticket, and how the question stands.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from evidence.store import database
from evidence.times import format_time, parse_time

KIND = "question"
_table = database.task


class QuestionState(StrEnum):
    """How a question stands."""

    TICKET = "ticket"
    """Nobody used it yet."""
    RECEIVED = "received"
    ANSWERED = "answered"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class StoredQuestion:
    """A question or a ticket as its row has it.

    Attributes:
        mark: Of its ticket or its receipt.
        owner: Who issued the ticket, or kept what was handed over.
        asked: What was sent, sealed; empty for a ticket, and once it was withdrawn.
        expires_at: When the row is removed.
    """

    question_id: str
    mark: str
    state: QuestionState
    owner: str
    case_id: str
    asked: bytes
    asked_at: datetime
    expires_at: datetime


def add_question(connection: sa.Connection, question: StoredQuestion) -> None:
    """Add the row of a ticket, or of a question that was handed over."""
    connection.execute(sa.insert(_table), {"id": question.question_id, "kind": KIND, **_columns(question)})


def put_question(connection: sa.Connection, question: StoredQuestion) -> None:
    """Write into the row of a question how it stands now."""
    mine = sa.and_(_table.c.kind == KIND, _table.c.id == question.question_id)
    connection.execute(sa.update(_table).where(mine).values(_columns(question)))


def question_marked(connection: sa.Connection, mark: str, now: datetime) -> StoredQuestion | None:
    """The row of the question or ticket of a mark; None where there is none, or it has expired."""
    row = connection.execute(_questions(now).where(_table.c.subject == mark)).mappings().one_or_none()
    return None if row is None else _read(row)


def list_questions(connection: sa.Connection, now: datetime, case_id: str | None = None) -> Sequence[StoredQuestion]:
    """The rows of the questions and tickets that have not expired, the oldest first; of one case, or of all."""
    chosen = _questions(now)
    if case_id is not None:
        chosen = chosen.where(_table.c.case_id == case_id)
    return [_read(row) for row in connection.execute(chosen.order_by(_table.c.asked_at, _table.c.id)).mappings()]


def withdraw_question(connection: sa.Connection, question: StoredQuestion) -> None:
    """Destroy what was asked, in the row of a question."""
    put_question(connection, replace(question, state=QuestionState.WITHDRAWN, asked=b""))


def end_questions(connection: sa.Connection, case_id: str) -> None:
    """Destroy what was asked in a case, in the rows of its questions, and remove its tickets."""
    mine = sa.and_(_table.c.kind == KIND, _table.c.case_id == case_id)
    ticket = _table.c.progress == QuestionState.TICKET.value
    connection.execute(sa.delete(_table).where(mine, ticket))
    ended = sa.update(_table).where(mine, ~ticket)
    connection.execute(ended.values(progress=QuestionState.WITHDRAWN.value, asked=b""))


def forget_questions(connection: sa.Connection, now: datetime) -> int:
    """Remove the rows of questions and tickets that have expired; return how many."""
    return connection.execute(sa.delete(_table).where(_expired(now))).rowcount


def has_expired_questions(connection: sa.Connection, now: datetime) -> bool:
    """Whether there are rows of questions or tickets that have expired."""
    return connection.execute(sa.select(_table.c.id).where(_expired(now)).limit(1)).first() is not None


def _expired(now: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(_table.c.kind == KIND, _table.c.due_at <= format_time(now))


def _questions(now: datetime) -> sa.Select[Any]:
    return sa.select(_table).where(_table.c.kind == KIND, _table.c.due_at > format_time(now))


def _columns(question: StoredQuestion) -> dict[str, object]:
    return {
        "subject": question.mark,
        "progress": question.state.value,
        "owner": question.owner,
        "case_id": question.case_id,
        "asked": question.asked,
        "asked_at": format_time(question.asked_at),
        "due_at": format_time(question.expires_at),
    }


def _read(row: sa.RowMapping) -> StoredQuestion:
    return StoredQuestion(
        row["id"],
        row["subject"],
        QuestionState(row["progress"]),
        row["owner"],
        row["case_id"],
        bytes(row["asked"] or b""),
        parse_time(row["asked_at"]),
        parse_time(row["due_at"]),
    )
