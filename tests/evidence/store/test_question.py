"""Questions are rows of the table of work that no worker takes, and that end by themselves."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from evidence.store import database, work
from evidence.store.database import open_engine, sqlite_url, writing
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

NOW = datetime(2026, 11, 27, tzinfo=UTC)
HER = StoredQuestion(
    "ab" * 16, "mark", QuestionState.RECEIVED, "mira", "case-1", b"sealed", NOW, NOW + timedelta(days=30)
)


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sa.Connection]:
    engine = open_engine(sqlite_url(tmp_path / "rows.db"))
    database.metadata.create_all(engine)
    with writing(engine) as connection:
        yield connection
    engine.dispose()


def test_a_question_is_found_by_its_mark_until_it_expires(connection: sa.Connection) -> None:
    add_question(connection, HER)
    assert question_marked(connection, "mark", NOW) == HER
    assert question_marked(connection, "other", NOW) is None
    before, after = HER.expires_at - timedelta(seconds=1), HER.expires_at
    assert question_marked(connection, "mark", before) == HER
    assert question_marked(connection, "mark", after) is None
    assert (list_questions(connection, before), list_questions(connection, after)) == ([HER], [])
    assert (forget_questions(connection, before), forget_questions(connection, after)) == (0, 1)
    assert connection.execute(sa.select(database.task)).all() == []


def test_what_stands_is_written_over_and_what_was_asked_is_destroyed(connection: sa.Connection) -> None:
    add_question(connection, HER)
    answered = replace(HER, state=QuestionState.ANSWERED, mark="another")
    put_question(connection, answered)
    assert question_marked(connection, "another", NOW) == answered
    withdraw_question(connection, answered)
    gone = question_marked(connection, "another", NOW)
    assert gone == replace(answered, state=QuestionState.WITHDRAWN, asked=b"")


def test_questions_of_one_case_come_in_their_order(connection: sa.Connection) -> None:
    for at, case in enumerate(["case-1", "case-2", "case-1"]):
        asked_at = NOW - timedelta(hours=at)
        add_question(connection, replace(HER, question_id=f"{at:032x}", mark=str(at), case_id=case, asked_at=asked_at))
    assert [each.mark for each in list_questions(connection, NOW)] == ["2", "1", "0"]
    assert [each.mark for each in list_questions(connection, NOW, "case-1")] == ["2", "0"]


def test_no_worker_sees_one(connection: sa.Connection) -> None:
    add_question(connection, HER)
    assert work.list_tasks(connection) == []
    assert work.lease_task(connection, ["question"], NOW + timedelta(days=1)) is None
    assert sum(work.count_tasks(connection).values()) == 0
    assert work.forget_tasks(connection, ended_before=NOW + timedelta(days=99)) == []
