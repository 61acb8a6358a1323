from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.times import told_time
from evidence.times import format_time, parse_time


def test_a_person_reads_a_time_to_the_second_with_its_zone() -> None:
    assert told_time("2026-03-01T21:14:03.512Z") == "2026-03-01 21:14:03 UTC"
    assert told_time(None) == told_time("") == ""


@pytest.mark.parametrize(
    ("at", "told"),
    [
        ("2026-03-01T21:14:03.000Z", "2026-03-01 21:14:03 UTC"),
        ("2026-03-01T21:14:03.001Z", "2026-03-01 21:14:04 UTC"),
        ("2026-12-31T23:59:59.999Z", "2027-01-01 00:00:00 UTC"),
        ("9999-12-31T23:59:59.000Z", "9999-12-31 23:59:59 UTC"),
        ("9999-12-31T23:59:59.500Z", "9999-12-31T23:59:59.500Z"),  # no second that a time can name comes after it
        ("2026-03-01T25:00:00.001Z", "2026-03-01T25:00:00.001Z"),
    ],
)
def test_a_bound_from_above_is_told_as_the_next_second(at: str, told: str) -> None:
    assert told_time(at, up=True) == told
    assert told_time(None, up=True) == told_time("", up=True) == ""


@given(st.datetimes(timezones=st.just(UTC), max_value=datetime(9999, 12, 31, 23, 59, 59)))  # noqa: DTZ001 - its zone stands beside
def test_a_bound_from_above_is_never_told_earlier_and_one_from_below_never_later(moment: datetime) -> None:
    at = format_time(moment)
    cut, up = (told(told_time(at, up=up)) for up in (False, True))
    assert cut <= parse_time(at) <= up
    assert up - cut <= timedelta(seconds=1)
    assert (cut == up) == (at.endswith(".000Z"))


def told(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d %H:%M:%S UTC").replace(tzinfo=UTC)


@given(st.datetimes(timezones=st.just(UTC)))
def test_every_time_of_the_log_is_told_in_one_form(moment: datetime) -> None:
    assert told_time(format_time(moment)) == f"{moment:%Y}".zfill(4) + f"-{moment:%m-%d %H:%M:%S} UTC"


@pytest.mark.parametrize("text", ["?", "2026-03-01", "2026-03-01T21:14:03Z", "at 2026-03-01T21:14:03.512Z", "T3"])
def test_what_is_no_time_of_the_log_is_told_as_it_is(text: str) -> None:
    assert told_time(text) == told_time(text, up=True) == text
