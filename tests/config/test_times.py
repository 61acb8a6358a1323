from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.times import told_time
from evidence.times import format_time


def test_a_person_reads_a_time_to_the_second_with_its_zone() -> None:
    assert told_time("2026-03-01T21:14:03.512Z") == "2026-03-01 21:14:03 UTC"
    assert told_time(None) == told_time("") == ""


@given(st.datetimes(timezones=st.just(UTC)))
def test_every_time_of_the_log_is_told_in_one_form(moment: datetime) -> None:
    assert told_time(format_time(moment)) == f"{moment:%Y}".zfill(4) + f"-{moment:%m-%d %H:%M:%S} UTC"


@pytest.mark.parametrize("text", ["?", "2026-03-01", "2026-03-01T21:14:03Z", "at 2026-03-01T21:14:03.512Z", "T3"])
def test_what_is_no_time_of_the_log_is_told_as_it_is(text: str) -> None:
    assert told_time(text) == text
