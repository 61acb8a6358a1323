"""The one queue: work that people asked for or that falls due (lease, fence, attempts, progress).

Synchronous and in the database of the home; whoever takes a task holds a lease and a fence
number, and a finished task is kept as a row with ``done_at``.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from evidence.errors import StoreError
from evidence.store import database
from evidence.times import format_time, parse_time

_table = database.task


@dataclass(frozen=True, slots=True)
class Task:
    """One piece of work.

    Attributes:
        fence: Grows with each lease; a holder with an older fence may not finish the task.
    """

    id: str
    kind: str
    subject: str
    due_at: str
    fence: int
    attempts: int


def add_task(connection: sa.Connection, *, kind: str, subject: str, due_at: datetime) -> None:
    """Ask for a task once: the same kind and subject again changes nothing."""
    known = sa.select(_table.c.id).where(_table.c.kind == kind, _table.c.subject == subject)
    if connection.execute(known).first() is None:
        row = {"id": secrets.token_hex(16), "kind": kind, "subject": subject, "due_at": format_time(due_at)}
        connection.execute(sa.insert(_table), row)


@dataclass(frozen=True, slots=True)
class Noted:
    """What is noted of work that goes on: how a channel stands, until when a method rests.

    Attributes:
        progress: Holds ids, times, sizes, states, codes and names of the register, and nothing of what anybody said.
    """

    due_at: datetime
    progress: str


def note_work(connection: sa.Connection, *, kind: str, subject: str, due_at: datetime, progress: str = "") -> None:
    """Note when work falls due next, and how far it has come; in place of what was noted before."""
    row = {"kind": kind, "subject": subject, "due_at": format_time(due_at), "progress": progress}
    mine = sa.and_(_table.c.kind == kind, _table.c.subject == subject)
    if connection.execute(sa.update(_table).where(mine).values(row)).rowcount == 0:
        connection.execute(sa.insert(_table), row | {"id": secrets.token_hex(16)})


def noted(connection: sa.Connection, kind: str) -> dict[str, Noted]:
    """What is noted of each subject of a kind, by the time at which it falls due."""
    rows = connection.execute(sa.select(_table).where(_table.c.kind == kind).order_by(_table.c.due_at))
    return {row.subject: Noted(parse_time(row.due_at), row.progress or "") for row in rows}


def is_noted(connection: sa.Connection, *, kind: str, subject: str) -> bool:
    """Whether anything is noted about this work."""
    mine = sa.select(_table.c.id).where(_table.c.kind == kind, _table.c.subject == subject)
    return connection.execute(mine).first() is not None


def forget_work(connection: sa.Connection, *, kind: str, subject: str) -> None:
    """Remove what was noted: the work is done, and its event says so."""
    connection.execute(sa.delete(_table).where(_table.c.kind == kind, _table.c.subject == subject))


def open_tasks(connection: sa.Connection) -> Sequence[Task]:
    """The tasks that are not done yet, by the time that they fall due."""
    rows = connection.execute(sa.select(_table).where(_table.c.done_at.is_(None)).order_by(_table.c.due_at))
    return [_task(row) for row in rows]


def lease(connection: sa.Connection, *, kind: str, at: datetime, seconds: int) -> Task | None:
    """Take the task of this kind that has been due longest and that nobody holds, or None."""
    now = format_time(at)
    free = sa.or_(_table.c.leased_until.is_(None), _table.c.leased_until <= now)
    due = sa.select(_table).where(_table.c.kind == kind, _table.c.done_at.is_(None), _table.c.due_at <= now, free)
    row = connection.execute(due.order_by(_table.c.due_at).limit(1)).first()
    if row is None:
        return None
    connection.execute(
        sa.update(_table)
        .where(_table.c.id == row.id)
        .values(
            leased_until=format_time(at + timedelta(seconds=seconds)),
            fence=_table.c.fence + 1,
            attempts=_table.c.attempts + 1,
        )
    )
    return _task(connection.execute(sa.select(_table).where(_table.c.id == row.id)).one())


def finish_task(connection: sa.Connection, held: Task, *, at: datetime) -> None:
    """Mark a leased task as done.

    Raises:
        StoreError: Another holder took it in the meantime.
    """
    done = connection.execute(
        sa.update(_table)
        .where(_table.c.id == held.id, _table.c.fence == held.fence, _table.c.done_at.is_(None))
        .values(done_at=format_time(at), leased_until=None)
    )
    if done.rowcount != 1:
        raise StoreError("store.task_taken", kind=held.kind)


def _task(row: sa.Row[tuple[object, ...]]) -> Task:
    return Task(row.id, row.kind, row.subject, row.due_at, row.fence, row.attempts)
