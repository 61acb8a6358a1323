"""Tasks: work that people ask for, taken from the one queue by whoever is free, and done exactly once.

A worker leases a task for a short time and renews its lease as long as it works; if it dies, the lease ends and
another takes the task up. Each lease has a higher fence than the one before, and whatever a task does to the log asks
in the same transaction whether its fence still holds. So a worker that stalled, or whose task was cancelled, commits
nothing. What came of the act is written in that transaction too: whoever takes the task up again only tidies up.

Synchronous and in the database of the home. Rows in clear hold ids, times, states, counts and the name of a key's
owner; what was asked for and what came of it is sealed by the caller.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from evidence.errors import TaskLostError, UnknownItemError
from evidence.store import database
from evidence.times import format_time, parse_time

_table = database.task
LEASE = timedelta(seconds=15)
"""How long a task stays with a worker that no longer renews its lease."""
MOST_ATTEMPTS = 10
"""How often a task may be taken up if its workers die: one that kills its process would be retried for ever."""


class TaskState(StrEnum):
    """How a task stands."""

    QUEUED = "queued"
    RUNNING = "running"
    WAITING = "waiting_for_approval"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


OPEN = (TaskState.QUEUED, TaskState.RUNNING, TaskState.WAITING)
"""States of tasks that have not ended."""


@dataclass(frozen=True, slots=True)
class Task:
    """A task as its row has it.

    Attributes:
        owner: Who asked for it: the owner of a key.
        case_id: The case that it is about; None where it is about none.
        request: Event id of the request that waits for a second person, or that was approved.
        asked: What was asked for, sealed; empty once it is needed no more.
        outcome: What came of it, sealed; None until its act is in the log, or until it failed.
        done, total: How much of the work is done, in a unit of its kind; ``total`` is 0 while it is not known.
    """

    task_id: str
    kind: str
    state: TaskState
    owner: str
    case_id: str | None
    request: str | None
    asked: bytes
    outcome: bytes | None
    asked_at: datetime
    ended_at: datetime | None = None
    done: int = 0
    total: int = 0
    attempts: int = 0


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to work on a task, until another has it."""

    task_id: str
    fence: int


def add_task(connection: sa.Connection, task: Task, *, subject: str) -> str:
    """Add the row of a task; return its id, or that of one not ended of the same kind and subject."""
    same = sa.select(_table.c.id).where(_table.c.kind == task.kind, _table.c.subject == subject)
    found = connection.execute(same).scalar()
    if found is not None:
        return str(found)
    row = {
        "id": task.task_id,
        "kind": task.kind,
        "subject": subject,
        "due_at": format_time(task.asked_at),
        "state": task.state.value,
        "owner": task.owner,
        "asked_at": format_time(task.asked_at),
        "case_id": task.case_id,
        "request": task.request,
        "asked": task.asked,
        "outcome": task.outcome,
        "progress": "0/0",
    }
    connection.execute(sa.insert(_table), row)
    return task.task_id


def find_task(connection: sa.Connection, task_id: str) -> Task:
    """The task of this id, as its row has it.

    Raises:
        UnknownItemError: There is none.
    """
    row = connection.execute(_tasks().where(_table.c.id == task_id)).mappings().one_or_none()
    if row is None:
        raise UnknownItemError("unknown_item.no_such_task", found=task_id[:64])
    return _task(row)


def list_tasks(
    connection: sa.Connection, *, owner: str | None = None, states: Collection[TaskState] = tuple(TaskState)
) -> Sequence[Task]:
    """The rows of tasks in some states, the oldest first; of one owner, or of all."""
    chosen = _tasks().where(_table.c.state.in_([state.value for state in states]))
    if owner is not None:
        chosen = chosen.where(_table.c.owner == owner)
    return [_task(row) for row in connection.execute(chosen.order_by(_table.c.due_at, _table.c.id)).mappings()]


@dataclass(frozen=True, slots=True)
class Mine:
    """The tasks that a key may see.

    Attributes:
        owner: Who asked for them.
        kinds: What they do.
        cases: The cases that they belong to; None for all cases, and for tasks of no case.
    """

    owner: str
    kinds: Collection[str]
    cases: Collection[str] | None = None


def tasks_after(connection: sa.Connection, mine: Mine, after: str, limit: int) -> Sequence[Task]:
    """At most ``limit`` rows of tasks, in the order of asking, from the one behind ``after``.

    Args:
        after: The ``task_place`` of a task; empty to begin with the first.
    """
    columns, (asked_at, _space, task_id) = _table.c, after.partition(" ")
    chosen = _tasks().where(columns.owner == mine.owner, columns.kind.in_(sorted(mine.kinds)))
    chosen = chosen.where(sa.tuple_(columns.asked_at, columns.id) > sa.tuple_(asked_at, task_id))
    if mine.cases is not None:
        chosen = chosen.where(columns.case_id.in_(sorted(mine.cases)))
    chosen = chosen.order_by(columns.asked_at, columns.id).limit(limit)
    return [_task(row) for row in connection.execute(chosen).mappings()]


def task_place(task: Task) -> str:
    """The place of a task's row in the order of asking; it never changes."""
    return f"{format_time(task.asked_at)} {task.task_id}"


def tasks_of_request(connection: sa.Connection, request: str) -> Sequence[Task]:
    """The rows of tasks that wait for a request, or do what it asked for, the oldest first."""
    chosen = _tasks().where(_table.c.request == request).order_by(_table.c.due_at, _table.c.id)
    return [_task(row) for row in connection.execute(chosen).mappings()]


def count_tasks(connection: sa.Connection) -> dict[TaskState, int]:
    """How many rows of tasks there are in each state."""
    counted = sa.select(_table.c.state, sa.func.count()).where(_table.c.state.is_not(None)).group_by(_table.c.state)
    found: dict[str, int] = {row[0]: row[1] for row in connection.execute(counted)}
    return {state: found.get(state.value, 0) for state in TaskState}


def has_work(connection: sa.Connection, kinds: Collection[str], now: datetime) -> bool:
    """Whether there is a row of a task, of some kinds, that nobody works on."""
    free = sa.select(_table.c.id).where(_is_free(now), _table.c.kind.in_(sorted(kinds)))
    return connection.execute(free.limit(1)).first() is not None


def lease_task(connection: sa.Connection, kinds: Collection[str], now: datetime) -> tuple[Task, Lease] | None:
    """Lease the row of the oldest task of some kinds that nobody works on; None where there is none."""
    oldest = _tasks().where(_is_free(now), _table.c.kind.in_(sorted(kinds)))
    row = connection.execute(oldest.order_by(_table.c.due_at, _table.c.id).limit(1)).mappings().one_or_none()
    if row is None:
        return None
    lease = Lease(row["id"], row["fence"] + 1)
    connection.execute(
        sa.update(_table)
        .where(_table.c.id == lease.task_id)
        .values(
            state=TaskState.RUNNING.value,
            fence=lease.fence,
            leased_until=format_time(now + LEASE),
            attempts=_table.c.attempts + 1,
        )
    )
    return _task(row), lease


def renew_lease(connection: sa.Connection, lease: Lease, now: datetime, *, done: int, total: int) -> None:
    """Keep the row of a task for another while, and note how far it has come.

    Raises:
        TaskLostError: Another has it, or it was cancelled.
    """
    _change(connection, lease, leased_until=format_time(now + LEASE), progress=f"{done}/{total}")


def note_outcome(connection: sa.Connection, lease: Lease, outcome: bytes) -> None:
    """Note in a task's row what came of it, in the transaction that logs its act; it is not at its end yet.

    Raises:
        TaskLostError: Another has it, or it was cancelled: nothing may be logged.
    """
    _change(connection, lease, outcome=outcome)


def await_approval(connection: sa.Connection, lease: Lease, request: str) -> None:
    """Let a task's row wait for a second person, in the transaction that logs the request.

    Raises:
        TaskLostError: Another has it, or it was cancelled: nothing may be logged.
    """
    _change(connection, lease, state=TaskState.WAITING.value, leased_until=None, request=request, asked=b"")


def give_back(connection: sa.Connection, lease: Lease, due_at: datetime) -> None:
    """Put a task's row back into the queue: it could not be done now.

    Raises:
        TaskLostError: Another has it, or it was cancelled.
    """
    at = format_time(due_at)
    attempts = _table.c.attempts - 1  # no worker died of it
    _change(connection, lease, state=TaskState.QUEUED.value, leased_until=None, due_at=at, attempts=attempts)


def end_task(
    connection: sa.Connection, lease: Lease, state: TaskState, now: datetime, outcome: bytes | None = None
) -> None:
    """Mark the row of a task as ended.

    Args:
        outcome: Replaces what was noted before; None leaves it.

    Raises:
        TaskLostError: Another has it, or it was cancelled.
    """
    _change(connection, lease, **_ended(state, now, outcome))


def list_waiting(connection: sa.Connection) -> Sequence[Task]:
    """The rows of tasks that wait for a second person, or for what that person approved to be done."""
    states = [TaskState.WAITING.value, TaskState.RUNNING.value]
    waits = sa.and_(_table.c.request.is_not(None), _table.c.leased_until.is_(None), _table.c.state.in_(states))
    return [_task(row) for row in connection.execute(_tasks().where(waits).order_by(_table.c.id)).mappings()]


def move_waiting(connection: sa.Connection, request: str, *, approved: bool) -> None:
    """Let the row of a request's task run because it was approved, or wait again because that failed."""
    before, after = TaskState.WAITING.value, TaskState.RUNNING.value
    if not approved:
        before, after = after, before
    mine = sa.and_(_table.c.request == request, _table.c.leased_until.is_(None), _table.c.state == before)
    connection.execute(sa.update(_table).where(mine).values(state=after))


def end_waiting(
    connection: sa.Connection, task_id: str, state: TaskState, now: datetime, outcome: bytes | None = None
) -> None:
    """Mark a row of ``list_waiting`` as ended, if it still is one."""
    states = [TaskState.WAITING.value, TaskState.RUNNING.value]
    mine = sa.and_(_table.c.id == task_id, _table.c.leased_until.is_(None), _table.c.state.in_(states))
    connection.execute(sa.update(_table).where(mine).values(_ended(state, now, outcome)))


def cancel_task(connection: sa.Connection, task_id: str, now: datetime) -> bool:
    """Cancel, in its row, a task whose act is not in the log; return whether there was one to cancel.

    Whoever works on it can log nothing for it from now on.
    """
    works = sa.and_(_table.c.state == TaskState.RUNNING.value, _table.c.leased_until.is_not(None))
    free = sa.or_(_table.c.state == TaskState.QUEUED.value, works)
    mine = sa.and_(_table.c.id == task_id, free, _table.c.outcome.is_(None))
    values = _ended(TaskState.CANCELLED, now, None) | {"fence": _table.c.fence + 1}
    return connection.execute(sa.update(_table).where(mine).values(values)).rowcount == 1


def fail_queued(connection: sa.Connection, task_id: str, now: datetime, outcome: bytes) -> None:
    """Mark as failed, in its row, a task that nobody works on and whose act is not in the log."""
    mine = sa.and_(_table.c.id == task_id, _table.c.state == TaskState.QUEUED.value, _table.c.outcome.is_(None))
    connection.execute(sa.update(_table).where(mine).values(_ended(TaskState.FAILED, now, outcome)))


def forget_tasks(connection: sa.Connection, *, ended_before: datetime) -> Sequence[str]:
    """Remove the rows of tasks that ended before this time, and return their ids."""
    old = sa.and_(_table.c.state.is_not(None), _table.c.done_at < format_time(ended_before))
    ids = list(connection.execute(sa.select(_table.c.id).where(old)).scalars())
    connection.execute(sa.delete(_table).where(old))
    return ids


def _is_free(now: datetime) -> sa.ColumnElement[bool]:
    at = format_time(now)
    queued = sa.and_(_table.c.state == TaskState.QUEUED.value, _table.c.due_at <= at)
    return sa.or_(queued, sa.and_(_table.c.state == TaskState.RUNNING.value, _table.c.leased_until < at))


def _change(connection: sa.Connection, lease: Lease, **values: object) -> None:
    mine = sa.and_(
        _table.c.id == lease.task_id, _table.c.fence == lease.fence, _table.c.state == TaskState.RUNNING.value
    )
    if connection.execute(sa.update(_table).where(mine).values(values)).rowcount != 1:
        raise TaskLostError("task_lost.another_has_it", where=lease.task_id)


def _ended(state: TaskState, now: datetime, outcome: bytes | None) -> dict[str, Any]:
    """The columns of a task that ended; the same may be asked for again from then on."""
    ended = {
        "state": state.value,
        "done_at": format_time(now),
        "leased_until": None,
        "subject": _table.c.id,
        "asked": b"",
    }
    return ended if outcome is None else ended | {"outcome": outcome}


def _tasks() -> sa.Select[Any]:
    return sa.select(_table).where(_table.c.state.is_not(None))


def _task(row: sa.RowMapping) -> Task:
    done, _slash, total = row["progress"].partition("/")
    return Task(
        row["id"],
        row["kind"],
        TaskState(row["state"]),
        row["owner"],
        row["case_id"],
        row["request"],
        bytes(row["asked"]),
        None if row["outcome"] is None else bytes(row["outcome"]),
        parse_time(row["asked_at"]),
        None if row["done_at"] is None else parse_time(row["done_at"]),
        int(done),
        int(total),
        row["attempts"],
    )
