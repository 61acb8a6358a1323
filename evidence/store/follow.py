"""Followers: idempotent functions with a durable position in the log.

A follower may run again over the same part, and then changes nothing. Its position is written only after
its work is done. Two processes may run one at the same time; the position is then that of whichever ends
first, and the other's work is done again.
"""

from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from typing import Protocol

import sqlalchemy as sa

from evidence.store import database
from evidence.store.database import reading

Take = Callable[[], AbstractContextManager[sa.Connection]]
"""Takes the turn, as ``evidence.custody.turn.Turn.take`` does."""


class Follower(Protocol):
    """Something that keeps up with the log."""

    @property
    def name(self) -> str:
        """The name under which the follower's position is kept."""

    def advance(self, position: int) -> int:
        """Work on from ``position``, the number of leaves that are done, and return the new one."""


def position_of(connection: sa.Connection, name: str) -> int:
    """How far a follower has come, by its row; 0 when it never ran."""
    table = database.follower
    found = connection.execute(sa.select(table.c.position).where(table.c.name == name)).scalar_one_or_none()
    return 0 if found is None else int(found)


def catch_up(engine: sa.Engine, follower: Follower, take: Take) -> int:
    """Let a follower catch up with the log, and return its new position.

    Raises:
        HomeBusyError: Its work is done, and others kept writing so that its position stayed: the next run does the
            work again.
    """
    with reading(engine) as connection:
        before = position_of(connection, follower.name)
    after = follower.advance(before)
    if after != before:
        with take() as connection:
            _move(connection, follower.name, before, after)
    return after


def move_together(connection: sa.Connection, names: Collection[str], before: int, after: int) -> None:
    """Note, inside a turn, that followers which were at one position have come to another."""
    for name in names:
        _move(connection, name, before, after)


def _move(connection: sa.Connection, name: str, before: int, after: int) -> None:
    table = database.follower
    if position_of(connection, name) == before:  # else another process was quicker, and may be further
        connection.execute(sa.delete(table).where(table.c.name == name))
        connection.execute(sa.insert(table), {"name": name, "position": after})
