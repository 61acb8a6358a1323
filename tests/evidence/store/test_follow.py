"""A follower's position is kept when its work is done, and not before."""

import fcntl
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import sqlalchemy as sa

from evidence.custody.turn import Turn
from evidence.errors import HomeBusyError, StampUnreachableError
from evidence.store import database, follow
from evidence.store.database import open_engine, reading, sqlite_url, writing


@dataclass
class Walker:
    """Goes on by as many leaves as it is told to."""

    steps: list[int]
    name: str = "walker"
    began: list[int] = field(default_factory=list)

    def advance(self, position: int) -> int:
        self.began.append(position)
        if not self.steps:
            raise StampUnreachableError("not today")
        return position + self.steps.pop(0)


@pytest.fixture
def turn(tmp_path: Path) -> Iterator[Turn]:
    engine = open_engine(sqlite_url(tmp_path / "follow.db"))
    with writing(engine) as connection:
        database.metadata.create_all(connection)
    yield Turn(engine, tmp_path / "lock", wait_s=0.05)
    engine.dispose()


def position(turn: Turn, name: str = "walker") -> int:
    with reading(turn.engine) as connection:
        return follow.position_of(connection, name)


def test_what_failed_is_begun_again_at_the_same_place(turn: Turn) -> None:
    walker = Walker([3])
    follow.catch_up(turn.engine, walker, turn.take)
    with pytest.raises(StampUnreachableError):
        follow.catch_up(turn.engine, walker, turn.take)
    assert position(turn) == 3
    walker.steps.append(2)
    assert follow.catch_up(turn.engine, walker, turn.take) == 5
    assert walker.began == [0, 3, 3]


def test_a_follower_begins_at_the_first_leaf(turn: Turn) -> None:
    assert position(turn) == 0


def test_standing_still_writes_nothing(turn: Turn) -> None:
    assert follow.catch_up(turn.engine, Walker([0]), turn.take) == 0
    with reading(turn.engine) as connection:
        assert connection.execute(sa.select(database.follower)).all() == []


def test_each_follower_has_its_own_position(turn: Turn) -> None:
    follow.catch_up(turn.engine, Walker([2]), turn.take)
    follow.catch_up(turn.engine, Walker([7], "runner"), turn.take)
    follow.catch_up(turn.engine, Walker([1]), turn.take)
    assert (position(turn), position(turn, "runner")) == (3, 7)


def test_of_two_that_run_at_once_the_slower_puts_nothing_back(turn: Turn) -> None:
    follow.catch_up(turn.engine, Walker([3]), turn.take)

    class Slow(Walker):
        def advance(self, position: int) -> int:
            follow.catch_up(turn.engine, Walker([9]), turn.take)
            return super().advance(position)

    assert follow.catch_up(turn.engine, Slow([2]), turn.take) == 5
    assert position(turn) == 12


def test_a_position_is_written_in_the_turn(turn: Turn) -> None:
    with turn.lock.open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(HomeBusyError):
            follow.catch_up(turn.engine, Walker([3]), turn.take)
    assert position(turn) == 0
    assert follow.catch_up(turn.engine, Walker([3]), turn.take) == position(turn) == 3
