"""A beat is due once nobody has asked for a stamp within it, and a clock that went back does not put it off."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from evidence.custody.beat import BEAT_FILE, Beat

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def beat_at(folder: Path, after_s: float = 0) -> Beat:
    return Beat(folder / BEAT_FILE, lambda: NOW + timedelta(seconds=after_s))


def test_a_beat_that_nobody_noted_is_due(tmp_path: Path) -> None:
    assert beat_at(tmp_path).is_due(60)
    assert beat_at(tmp_path).asked_size() is None


@pytest.mark.parametrize(("after_s", "due"), [(0, False), (59, False), (60, True), (-1, True)])
def test_it_is_due_when_its_time_is_over_or_the_clock_went_back(tmp_path: Path, after_s: float, *, due: bool) -> None:
    beat_at(tmp_path).begin()
    assert beat_at(tmp_path, after_s).is_due(60) is due
    assert beat_at(tmp_path).asked_size() is None  # it was asked for, and nobody knows yet over what


def test_the_size_never_shrinks_and_a_damaged_one_is_none(tmp_path: Path) -> None:
    beat = beat_at(tmp_path)
    for size, told in ((5, 5), (3, 5), (8, 8)):
        beat.end(size)
        assert beat.asked_size() == told
    beat.file.write_text("damaged")
    assert beat.asked_size() is None
