"""Nobody writes under a clock that is behind what the log knows, and a time stamp says which of two is wrong."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from api.home import Home
from api.office.case import open_case
from api.office.health import clock_check
from evidence.custody.clock import KnownTimes, require_clock, today
from evidence.errors import StoreError
from evidence.rehearsal.tsa import RehearsalOffice
from evidence.times import MAX_SKEW, system_clock
from tests.homes import doer, new_home, size_of

NOW = datetime(2026, 5, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def require(*told: KnownTimes, outside: datetime | None = None) -> int:
    """How often a stamp was asked for; what is known is read in turn."""
    answers, stamps = iter(told), list[int]()
    require_clock(NOW, lambda: next(answers), lambda: stamps.append(1), lambda: outside)
    return len(stamps)


@pytest.mark.parametrize(
    "known", [KnownTimes(None, None), KnownTimes(NOW + MAX_SKEW, None), KnownTimes(NOW - HOUR, NOW + MAX_SKEW)]
)
def test_a_clock_that_agrees_needs_no_stamp(known: KnownTimes) -> None:
    assert require(known) == 0


def test_a_clock_behind_the_newest_stamp_is_wrong() -> None:
    with pytest.raises(StoreError, match="clock is wrong") as raised:
        require(KnownTimes(NOW + MAX_SKEW + timedelta(milliseconds=1), None))
    assert "Set the clock" in raised.value.fix


def test_between_clock_and_entry_a_stamp_decides() -> None:
    ahead = KnownTimes(NOW - HOUR, NOW + HOUR)
    assert require(ahead, KnownTimes(NOW, None)) == 1  # stamped now: the entry had the wrong time
    with pytest.raises(StoreError) as raised:
        require(ahead, KnownTimes(NOW + HOUR, None))  # stamped an hour later: the clock is behind
    assert raised.value.code == "store.clock_behind_stamp"
    with pytest.raises(StoreError) as raised:
        require(ahead, ahead)  # no stamp could be had
    assert raised.value.code == "store.clock_behind_entry"
    assert "Compare the clock" in raised.value.fix


def test_an_entry_that_another_writer_logged_after_the_stamp_is_no_fault() -> None:
    assert require(KnownTimes(NOW - HOUR, NOW + HOUR), KnownTimes(NOW, NOW + MAX_SKEW)) == 1
    with pytest.raises(StoreError) as raised:
        require(KnownTimes(NOW - HOUR, NOW + HOUR), KnownTimes(NOW, NOW + 2 * HOUR))
    assert raised.value.facts["expected"] == "2026-05-01T02:00:00.000Z"


AHEAD = KnownTimes(NOW - HOUR, None, NOW)


def test_a_clock_that_was_ahead_and_still_is_is_wrong() -> None:
    require(AHEAD, outside=NOW - MAX_SKEW)
    with pytest.raises(StoreError, match="clock is wrong") as raised:
        require(AHEAD, outside=NOW - MAX_SKEW - timedelta(milliseconds=1))
    assert raised.value.code == "store.clock_ahead_of_stamp"
    require(AHEAD, outside=None)  # no office answers: nobody can tell
    require(KnownTimes(NOW - HOUR, None), outside=NOW - HOUR)  # it never was: nobody is asked


def test_a_term_ends_by_the_later_of_clock_and_stamp() -> None:
    assert today(NOW, KnownTimes(None, None)) == today(NOW, KnownTimes(NOW - 30 * HOUR, None)) == date(2026, 5, 1)
    assert today(NOW, KnownTimes(NOW + 30 * HOUR, None)) == date(2026, 5, 2)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    home, _cards = new_home(tmp_path / "home")
    yield home
    home.engine.dispose()


def test_a_command_that_writes_refuses_a_clock_that_went_back(home: Home) -> None:
    open_case(home, doer(home))
    before = size_of(home)
    home.clock = lambda: system_clock() - HOUR
    with pytest.raises(StoreError):
        open_case(home, doer(home))
    assert size_of(home) == before


def test_a_command_that_writes_refuses_a_clock_that_a_stamp_found_ahead(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    serving = RehearsalOffice.serving
    monkeypatch.setattr(RehearsalOffice, "serving", lambda office, _clock: serving(office, system_clock))
    monkeypatch.setenv("NISISAMA_LOG__BEAT_S", "1")
    home = Home(home.path)
    home.clock = lambda: system_clock() + 48 * HOUR
    first = open_case(home, doer(home))
    assert first.unstamped is not None
    assert first.unstamped.code == "store.clock_ahead_of_stamp"
    before = size_of(home)
    with pytest.raises(StoreError, match="ahead of the time"):
        open_case(home, doer(home))
    assert size_of(home) == before
    with pytest.raises(StoreError, match="ahead of the time"):
        clock_check(home)
    home.clock = system_clock
    assert open_case(home, doer(home)).case_id
    home.engine.dispose()


def test_where_no_office_answers_nobody_can_say_that_a_clock_is_ahead(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert abs((home.time_outside() or NOW) - system_clock()) < MAX_SKEW
    monkeypatch.setenv("NISISAMA_STAMP__OFFICES", "[]")
    assert Home(home.path).time_outside() is None


def test_an_entry_that_a_wrong_clock_made_does_not_lock_the_home(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NISISAMA_STAMP__OFFICES", "[]")
    offline = Home(home.path)
    offline.clock = lambda: system_clock() + 48 * HOUR
    open_case(offline, doer(offline))
    offline.clock = system_clock
    before = size_of(home)
    with pytest.raises(StoreError, match="newest entry"):
        open_case(offline, doer(offline))
    assert size_of(home) == before
    offline.engine.dispose()
    monkeypatch.delenv("NISISAMA_STAMP__OFFICES")
    assert open_case(home, doer(home)).case_id  # the time stamp says that the entry is wrong
