"""A follower's position is kept when its work is done, and not before."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import sqlalchemy as sa

from evidence.errors import StampUnreachableError
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
def engine(tmp_path: Path) -> Iterator[sa.Engine]:
    engine = open_engine(sqlite_url(tmp_path / "follow.db"))
    with writing(engine) as connection:
        database.metadata.create_all(connection)
    yield engine
    engine.dispose()


def position(engine: sa.Engine, name: str = "walker") -> int:
    with reading(engine) as connection:
        return follow.position_of(connection, name)


def test_what_failed_is_begun_again_at_the_same_place(engine: sa.Engine) -> None:
    walker = Walker([3])
    follow.run(engine, walker)
    with pytest.raises(StampUnreachableError):
        follow.run(engine, walker)
    assert position(engine) == 3
    walker.steps.append(2)
    assert follow.run(engine, walker) == 5
    assert walker.began == [0, 3, 3]


def test_a_follower_begins_at_the_first_leaf(engine: sa.Engine) -> None:
    assert position(engine) == 0


def test_standing_still_writes_nothing(engine: sa.Engine) -> None:
    assert follow.run(engine, Walker([0])) == 0
    with reading(engine) as connection:
        assert connection.execute(sa.select(database.follower)).all() == []


def test_each_follower_has_its_own_position(engine: sa.Engine) -> None:
    follow.run(engine, Walker([2]))
    follow.run(engine, Walker([7], "runner"))
    follow.run(engine, Walker([1]))
    assert (position(engine), position(engine, "runner")) == (3, 7)


def test_of_two_that_run_at_once_the_slower_puts_nothing_back(engine: sa.Engine) -> None:
    follow.run(engine, Walker([3]))

    class Slow(Walker):
        def advance(self, position: int) -> int:
            follow.run(engine, Walker([9]))
            return super().advance(position)

    assert follow.run(engine, Slow([2])) == 5
    assert position(engine) == 12
