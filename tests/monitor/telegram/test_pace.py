"""Telegram is asked no faster than the budget, and never before a pause is over; both outlive the program."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from evidence.store import database
from monitor.errors import FloodError
from monitor.telegram.pace import Pace

BEGAN = datetime(2026, 11, 26, tzinfo=UTC)
METHOD = "messages.GetHistory"


class Hands:
    """A clock that stands still except while something waits."""

    def __init__(self) -> None:
        self.now = BEGAN

    def __call__(self) -> datetime:
        return self.now

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[sa.Engine]:
    engine = database.open_engine(database.sqlite_url(tmp_path / "home.db"))
    database.metadata.create_all(engine)
    yield engine
    engine.dispose()


@given(st.lists(st.floats(min_value=0, max_value=5), min_size=1, max_size=60), st.integers(1, 120), st.integers(1, 40))
def test_no_minute_has_more_requests_than_the_budget(idle: list[float], per_minute: int, burst: int) -> None:
    clock = Hands()
    pace = Pace("watch", clock, per_minute, burst)
    asked = []
    for seconds in idle:
        clock.wait(seconds)
        pace.wait_for(METHOD, clock.wait)
        asked.append(clock.now)
    for start in asked:
        in_a_minute = [at for at in asked if start <= at < start + timedelta(minutes=1)]
        assert len(in_a_minute) <= per_minute + burst


def test_a_burst_waits_for_nothing_and_what_comes_after_does() -> None:
    clock = Hands()
    pace = Pace("watch", clock, per_minute=60, burst=30)
    for _ in range(30):
        pace.wait_for(METHOD, clock.wait)
    assert clock.now == BEGAN
    pace.wait_for(METHOD, clock.wait)
    assert clock.now == BEGAN + timedelta(seconds=1)


def test_without_a_budget_nobody_waits() -> None:
    clock = Hands()
    pace = Pace("watch", clock)
    for _ in range(1000):
        pace.wait_for(METHOD, clock.wait)
    assert clock.now == BEGAN


def test_budget_and_pauses_outlive_the_program(engine: sa.Engine) -> None:
    clock = Hands()
    pace = Pace("watch", clock, per_minute=60)
    for _ in range(40):
        pace.wait_for(METHOD, clock.wait)
    pace.rest(METHOD, clock.now + timedelta(hours=1))
    with database.writing(engine) as connection:
        pace.write(connection)
    with database.reading(engine) as connection:
        again = Pace.read(connection, "watch", clock, 60)
        other = Pace.read(connection, "second", clock, 60)
    assert (again.rests, again.full_at) == (pace.rests, pace.full_at)
    assert (other.rests, other.full_at) == ({}, {})
    with pytest.raises(FloodError):
        again.require_rested(METHOD)
    other.require_rested(METHOD)
    clock.wait(3601)
    again.require_rested(METHOD)
    assert again.longest_rest() is None


def test_a_clock_that_is_set_back_makes_no_pause_longer_than_was_asked_for(engine: sa.Engine) -> None:
    clock = Hands()
    pace = Pace("watch", clock)
    pace.rest(METHOD, clock.now + timedelta(hours=1))
    pace.rest(METHOD, clock.now + timedelta(seconds=5))
    with database.writing(engine) as connection:
        pace.write(connection)
    with database.reading(engine) as connection:
        again = Pace.read(connection, "watch", clock, None)
    clock.now -= timedelta(days=3650)
    for each in (pace, again):
        with pytest.raises(FloodError) as raised:
            each.require_rested(METHOD)
        assert raised.value.until == clock.now + timedelta(hours=1)
    clock.wait(3601)
    pace.require_rested(METHOD)
    again.require_rested(METHOD)


def test_a_short_pause_is_waited_for() -> None:
    clock = Hands()
    pace = Pace("watch", clock)
    pace.rest(METHOD, clock.now + timedelta(seconds=30))
    pace.require_rested(METHOD)
    pace.wait_for(METHOD, clock.wait)
    assert clock.now == BEGAN + timedelta(seconds=30)
