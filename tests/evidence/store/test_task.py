"""What is noted of work: when it falls due, and how far it has come."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from evidence.store import database, task
from evidence.store.database import open_engine, sqlite_url, writing

AT = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[sa.Engine]:
    engine = open_engine(sqlite_url(tmp_path / "tasks.db"))
    with writing(engine) as connection:
        database.metadata.create_all(connection)
    yield engine
    engine.dispose()


def test_work_is_noted_until_it_is_forgotten(engine: sa.Engine) -> None:
    with writing(engine) as connection:
        task.note_work(connection, kind="fetch", subject="a", due_at=AT)
        assert task.is_noted(connection, kind="fetch", subject="a")
        assert not task.is_noted(connection, kind="fetch", subject="b")
        assert not task.is_noted(connection, kind="other", subject="a")
        task.forget_work(connection, kind="fetch", subject="a")
        assert not task.is_noted(connection, kind="fetch", subject="a")


def test_the_newest_note_counts_and_what_falls_due_first_comes_first(engine: sa.Engine) -> None:
    with writing(engine) as connection:
        for subject, hours, progress in (("b", 2, "half"), ("a", 3, "begun"), ("a", 1, "more")):
            task.note_work(connection, kind="fetch", subject=subject, due_at=AT + hours * HOUR, progress=progress)
        task.note_work(connection, kind="other", subject="c", due_at=AT)
        assert list(task.noted(connection, "fetch").items()) == [
            ("a", task.Noted(AT + HOUR, "more")),
            ("b", task.Noted(AT + 2 * HOUR, "half")),
        ]
