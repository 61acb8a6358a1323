"""A time has one spelling, and a time without a zone has none."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.errors import CanonicalError
from evidence.times import format_time, parse_time, system_clock


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(CanonicalError, match="without a zone"):
        format_time(datetime(2026, 1, 1))  # noqa: DTZ001 - what is refused


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-01-01T00:00:00Z",
        "2026-01-01T00:00:00.00Z",
        "2026-01-01T00:00:00.0000Z",
        "2026-01-01T00:00:00.000",
        "2026-01-01T00:00:00.000z",
        "2026-01-01T00:00:00.000+00:00",
        "2026-01-01 00:00:00.000Z",
        "2026-1-1T00:00:00.000Z",
        "2026-W01-4T00:00:00.000Z",
        "20260101T000000.000Z",
        "2026-01-01T00:00:00,000Z",
        "2026-01-01T01:00:00.000+01:00",
        "2026-02-30T00:00:00.000Z",
        "2026-01-01T24:00:00.000Z",
        "2026-01-01T00:00:60.000Z",
        "2026-01-01T00:00:00.000Z\n",
        "٢٠٢٦-01-01T00:00:00.000Z",
    ],
)
def test_any_other_spelling_is_refused(text: str) -> None:
    with pytest.raises(CanonicalError):
        parse_time(text)


@given(st.text(max_size=30))
def test_any_text_is_a_time_or_refused(text: str) -> None:
    with pytest.raises(CanonicalError):
        parse_time(text)


@given(st.datetimes(timezones=st.just(UTC)))
def test_what_is_written_is_read_back_to_the_millisecond(moment: datetime) -> None:
    text = format_time(moment)
    assert len(text) == len("YYYY-MM-DDTHH:MM:SS.mmmZ")
    assert parse_time(text) == moment.replace(microsecond=moment.microsecond // 1000 * 1000)


@given(st.datetimes(min_value=datetime(2, 1, 1), max_value=datetime(9998, 1, 1)), st.integers(-1439, 1439))  # noqa: DTZ001 - the zone comes next
def test_every_zone_gives_the_same_text(moment: datetime, minutes: int) -> None:
    here = moment.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    assert format_time(here) == format_time(here.astimezone(UTC))


def test_milliseconds_are_cut_not_rounded() -> None:
    assert format_time(datetime(1999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)) == "1999-12-31T23:59:59.999Z"


def test_the_machines_clock_is_aware_utc() -> None:
    assert system_clock().tzinfo is UTC
