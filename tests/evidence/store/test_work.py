"""A task is leased, worked on and ended once: whoever no longer has its lease changes nothing."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from evidence.errors import TaskLostError, UnknownItemError
from evidence.store import database, task, work
from evidence.store.database import open_engine, sqlite_url, writing
from evidence.store.work import LEASE, Lease, Mine, Task, TaskState

AT = datetime(2026, 1, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sa.Connection]:
    engine = open_engine(sqlite_url(tmp_path / "tasks.db"))
    with writing(engine) as connection:
        database.metadata.create_all(connection)
        yield connection
    engine.dispose()


def asked(number: int, *, kind: str = "import", owner: str = "mira", at: datetime = AT) -> Task:
    return Task(f"{number:032x}", kind, TaskState.QUEUED, owner, None, None, b"sealed", None, at)


def add(connection: sa.Connection, number: int = 1, **told: object) -> str:
    return work.add_task(connection, asked(number, **told), subject=f"subject {number}")  # type: ignore[arg-type]


def leased(connection: sa.Connection, now: datetime = AT) -> tuple[Task, Lease]:
    found = work.lease_task(connection, ["import"], now)
    assert found is not None
    return found


def state_of(connection: sa.Connection, number: int = 1) -> TaskState:
    return work.find_task(connection, f"{number:032x}").state


def test_a_task_comes_back_as_it_was_asked_for(connection: sa.Connection) -> None:
    add(connection)
    assert work.find_task(connection, f"{1:032x}") == asked(1)


def test_the_same_is_asked_for_once_until_it_has_ended(connection: sa.Connection) -> None:
    first = add(connection)
    assert work.add_task(connection, asked(2), subject="subject 1") == first
    _task, lease = leased(connection)
    work.end_task(connection, lease, TaskState.DONE, AT)
    assert work.add_task(connection, asked(2), subject="subject 1") != first


def test_the_oldest_comes_first_and_only_of_the_kinds_asked_for(connection: sa.Connection) -> None:
    add(connection, 1, at=AT + SECOND)
    add(connection, 2)
    add(connection, 3, kind="bundle", at=AT - SECOND)
    assert leased(connection, AT + SECOND)[0].task_id == f"{2:032x}"
    assert leased(connection, AT + SECOND)[0].task_id == f"{1:032x}"
    assert work.lease_task(connection, ["import"], AT + SECOND) is None


def test_nobody_else_gets_a_task_until_its_lease_ends(connection: sa.Connection) -> None:
    add(connection)
    _task, first = leased(connection)
    assert work.lease_task(connection, ["import"], AT + LEASE) is None
    _task, second = leased(connection, AT + LEASE + SECOND)
    assert second.fence > first.fence


def test_a_renewed_lease_lasts_longer_and_tells_how_far_the_work_is(connection: sa.Connection) -> None:
    add(connection)
    _task, lease = leased(connection)
    work.renew_lease(connection, lease, AT + LEASE, done=3, total=7)
    assert not work.has_work(connection, ["import"], AT + LEASE + SECOND)
    found = work.find_task(connection, lease.task_id)
    assert (found.done, found.total) == (3, 7)


CHANGES: dict[str, Callable[[sa.Connection, Lease], object]] = {
    "renewed": lambda connection, lease: work.renew_lease(connection, lease, AT, done=1, total=1),
    "given an outcome": lambda connection, lease: work.note_outcome(connection, lease, b"outcome"),
    "let wait": lambda connection, lease: work.await_approval(connection, lease, "ab" * 16),
    "given back": lambda connection, lease: work.give_back(connection, lease, AT),
    "ended": lambda connection, lease: work.end_task(connection, lease, TaskState.DONE, AT),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_whoever_has_the_lease_changes_a_task(
    connection: sa.Connection, change: Callable[[sa.Connection, Lease], object]
) -> None:
    add(connection)
    before = (task_row(connection), leased(connection)[1])
    change(connection, before[1])
    assert task_row(connection) != before[0]


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("how", ["another has it", "cancelled", "ended", "waits"])
def test_whoever_lost_the_lease_changes_nothing(
    connection: sa.Connection, change: Callable[[sa.Connection, Lease], object], how: str
) -> None:
    add(connection)
    _task, lost = leased(connection)
    match how:
        case "another has it":
            leased(connection, AT + LEASE + SECOND)
        case "cancelled":
            assert work.cancel_task(connection, lost.task_id, AT)
        case "ended":
            work.end_task(connection, lost, TaskState.FAILED, AT)
        case _:
            work.await_approval(connection, lost, "ab" * 16)
    before = task_row(connection)
    with pytest.raises(TaskLostError):
        change(connection, lost)
    assert task_row(connection) == before


def task_row(connection: sa.Connection) -> tuple[object, ...]:
    return tuple(connection.execute(sa.select(database.task)).one())


def test_a_task_whose_act_is_in_the_log_cannot_be_cancelled(connection: sa.Connection) -> None:
    add(connection)
    _task, lease = leased(connection)
    work.note_outcome(connection, lease, b"outcome")
    assert not work.cancel_task(connection, lease.task_id, AT)
    assert state_of(connection) is TaskState.RUNNING


def test_an_ended_task_cannot_be_cancelled_and_no_task_twice(connection: sa.Connection) -> None:
    task_id = add(connection)
    assert work.cancel_task(connection, task_id, AT)
    assert not work.cancel_task(connection, task_id, AT)


def test_a_task_given_back_is_not_counted_as_an_attempt_and_comes_later(connection: sa.Connection) -> None:
    add(connection)
    _task, lease = leased(connection)
    work.give_back(connection, lease, AT + SECOND)
    assert not work.has_work(connection, ["import"], AT)
    found, _lease = leased(connection, AT + SECOND)
    assert found.attempts == 0


def test_attempts_are_counted_when_workers_die(connection: sa.Connection) -> None:
    add(connection)
    for died in range(3):
        found, _lease = leased(connection, AT + died * 2 * LEASE)
        assert found.attempts == died


def test_a_waiting_task_ends_once(connection: sa.Connection) -> None:
    add(connection)
    _task, lease = leased(connection)
    work.await_approval(connection, lease, "ab" * 16)
    assert not work.has_work(connection, ["import"], AT + 2 * LEASE)
    work.end_waiting(connection, lease.task_id, TaskState.DONE, AT, b"outcome")
    work.end_waiting(connection, lease.task_id, TaskState.FAILED, AT)
    found = work.find_task(connection, lease.task_id)
    assert (found.state, found.outcome, found.request) == (TaskState.DONE, b"outcome", "ab" * 16)


def test_the_tasks_of_one_owner_are_told_from_the_others(connection: sa.Connection) -> None:
    add(connection, 1)
    add(connection, 2, owner="iva")
    assert [each.task_id for each in work.list_tasks(connection, owner="iva")] == [f"{2:032x}"]
    assert len(work.list_tasks(connection)) == 2


@pytest.mark.parametrize("limit", [1, 2, 3, 5])
@pytest.mark.parametrize("cases", [None, ["case-0"], []])
def test_pages_of_tasks_name_each_task_that_a_key_may_see_once(
    connection: sa.Connection, limit: int, cases: list[str] | None
) -> None:
    for number in range(9):
        row = replace(asked(number, at=AT + (number // 3) * SECOND), case_id=f"case-{number % 2}")
        work.add_task(connection, row, subject=row.task_id)
    add(connection, 20, owner="iva")
    mine, found, after = Mine("mira", ["import"], cases), list[str](), ""
    while page := work.tasks_after(connection, mine, after, limit):
        assert len(page) <= limit
        found += [each.task_id for each in page]
        after = work.task_place(page[-1])
    assert found == [f"{number:032x}" for number in range(9) if cases is None or f"case-{number % 2}" in cases]
    assert work.tasks_after(connection, replace(mine, kinds=["bundle"]), "", limit) == []


def test_old_tasks_are_forgotten_and_notes_of_work_are_not(connection: sa.Connection) -> None:
    add(connection, 1)
    _task, lease = leased(connection)
    work.end_task(connection, lease, TaskState.DONE, AT)
    add(connection, 2)
    task.note_work(connection, kind="fetch", subject="a", due_at=AT)
    assert work.forget_tasks(connection, ended_before=AT) == []
    assert work.forget_tasks(connection, ended_before=AT + SECOND) == [lease.task_id]
    assert [each.task_id for each in work.list_tasks(connection)] == [f"{2:032x}"]
    assert task.is_noted(connection, kind="fetch", subject="a")


def test_notes_of_work_are_no_tasks(connection: sa.Connection) -> None:
    task.note_work(connection, kind="import", subject="a", due_at=AT)
    assert work.list_tasks(connection) == []
    assert not work.has_work(connection, ["import"], AT)
    with pytest.raises(UnknownItemError):
        work.find_task(connection, "0" * 32)
