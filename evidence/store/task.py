"""The one queue: work that people asked for or that falls due, and how far it has come.

Synchronous and in the database of the home. What is done is forgotten here: its event says that it was done. Work that
several may take, and that has states, is in the same table (``evidence.store.work``).
"""

import secrets
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from evidence.store import database
from evidence.times import format_time, parse_time

_table = database.task

CASE_ENTRIES = "case_entries"
"""The kind of work under which ``casefiles.case_entries`` keeps its snapshot."""


@dataclass(frozen=True, slots=True)
class Noted:
    """What is noted of work that goes on: how a channel stands, until when a method rests.

    Attributes:
        progress: Holds ids, times, sizes, states, codes and names of the register, and nothing of what anybody said.
    """

    due_at: datetime
    progress: str


def note_work(connection: sa.Connection, *, kind: str, subject: str, due_at: datetime, progress: str = "") -> None:
    """Note in a row when work falls due next, and how far it has come; in place of what was noted before."""
    row = {"kind": kind, "subject": subject, "due_at": format_time(due_at), "progress": progress}
    mine = sa.and_(_table.c.kind == kind, _table.c.subject == subject)
    if connection.execute(sa.update(_table).where(mine).values(row)).rowcount == 0:
        connection.execute(sa.insert(_table), row | {"id": secrets.token_hex(16)})


def noted(connection: sa.Connection, kind: str) -> dict[str, Noted]:
    """What the rows note of each subject of a kind of work, by the time at which it falls due."""
    rows = connection.execute(sa.select(_table).where(_table.c.kind == kind).order_by(_table.c.due_at))
    return {row.subject: Noted(parse_time(row.due_at), row.progress or "") for row in rows}


def is_noted(connection: sa.Connection, *, kind: str, subject: str) -> bool:
    """Whether any row notes this work."""
    mine = sa.select(_table.c.id).where(_table.c.kind == kind, _table.c.subject == subject)
    return connection.execute(mine).first() is not None


def forget_work(connection: sa.Connection, *, kind: str, subject: str) -> None:
    """Remove the row of work that is done, and whose event says so."""
    connection.execute(sa.delete(_table).where(_table.c.kind == kind, _table.c.subject == subject))
