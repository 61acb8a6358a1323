"""Work is asked for once, held by one, and finished by whoever holds it."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from evidence.errors import StoreError
from evidence.store import database, task
from evidence.store.database import open_engine, reading, sqlite_url, writing

AT = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[sa.Engine]:
    engine = open_engine(sqlite_url(tmp_path / "tasks.db"))
    with writing(engine) as connection:
        database.metadata.create_all(connection)
    yield engine
    engine.dispose()


def ask(engine: sa.Engine, subject: str, due_at: datetime = AT, kind: str = "review") -> None:
    with writing(engine) as connection:
        task.add_task(connection, kind=kind, subject=subject, due_at=due_at)


def lease(engine: sa.Engine, at: datetime = AT, seconds: int = 60) -> task.Task | None:
    with writing(engine) as connection:
        return task.lease(connection, kind="review", at=at, seconds=seconds)


def finish(engine: sa.Engine, held: task.Task, at: datetime = AT) -> None:
    with writing(engine) as connection:
        task.finish_task(connection, held, at=at)


def open_subjects(engine: sa.Engine) -> list[str]:
    with reading(engine) as connection:
        return [each.subject for each in task.open_tasks(connection)]


def test_nothing_asked_is_nothing_to_do(engine: sa.Engine) -> None:
    assert lease(engine) is None
    assert open_subjects(engine) == []


def test_work_of_another_kind_or_of_tomorrow_is_not_taken(engine: sa.Engine) -> None:
    ask(engine, "a", kind="backup")
    ask(engine, "b", AT + HOUR)
    assert lease(engine) is None
    assert lease(engine, AT + HOUR) is not None


def test_a_holder_keeps_others_out_until_the_lease_ends(engine: sa.Engine) -> None:
    ask(engine, "a")
    assert lease(engine, AT, 60) is not None
    assert lease(engine, AT + timedelta(seconds=59)) is None
    assert lease(engine, AT + timedelta(seconds=60)) is not None


def test_whoever_lost_the_lease_cannot_finish(engine: sa.Engine) -> None:
    ask(engine, "a")
    first = lease(engine, AT, 60)
    second = lease(engine, AT + HOUR, 60)
    assert first is not None
    assert second is not None
    assert (first.fence, second.fence, second.attempts) == (1, 2, 2)
    with pytest.raises(StoreError, match="another holder"):
        finish(engine, first)
    finish(engine, second)
    assert open_subjects(engine) == []


def test_what_is_finished_is_not_finished_twice_nor_taken_again(engine: sa.Engine) -> None:
    ask(engine, "a")
    held = lease(engine)
    assert held is not None
    finish(engine, held)
    with pytest.raises(StoreError):
        finish(engine, held)
    assert lease(engine, AT + HOUR) is None


def test_the_same_work_is_asked_for_once(engine: sa.Engine) -> None:
    for due_at in (AT, AT + HOUR):
        ask(engine, "a", due_at)
    ask(engine, "a", kind="backup")
    with reading(engine) as connection:
        assert [(each.kind, each.due_at) for each in task.open_tasks(connection) if each.kind == "review"] == [
            ("review", "2026-01-01T00:00:00.000Z")
        ]


def test_what_has_been_due_longest_comes_first(engine: sa.Engine) -> None:
    for hours, subject in ((2, "b"), (3, "c"), (1, "a")):
        ask(engine, subject, AT + hours * HOUR)
    assert open_subjects(engine) == ["a", "b", "c"]
    taken = [lease(engine, AT + 4 * HOUR) for _ in range(4)]
    assert [each and each.subject for each in taken] == ["a", "b", "c", None]


def test_of_many_that_lease_at_once_each_task_has_one_holder(engine: sa.Engine) -> None:
    for number in range(12):
        ask(engine, f"{number:02}")

    def work(_name: int) -> list[task.Task]:
        done = []
        while held := lease(engine):
            finish(engine, held)
            done.append(held)
        return done

    with ThreadPoolExecutor(3) as pool:
        held = [each for done in pool.map(work, range(3)) for each in done]
    assert sorted((each.subject, each.fence) for each in held) == [(f"{number:02}", 1) for number in range(12)]


def test_work_is_noted_until_it_is_forgotten(engine: sa.Engine) -> None:
    with writing(engine) as connection:
        task.note_work(connection, kind="fetch", subject="a", due_at=AT)
        assert task.is_noted(connection, kind="fetch", subject="a")
        assert not task.is_noted(connection, kind="fetch", subject="b")
        assert not task.is_noted(connection, kind="other", subject="a")
        task.forget_work(connection, kind="fetch", subject="a")
        assert not task.is_noted(connection, kind="fetch", subject="a")
