"""Columns fit, a value is shortened only on a terminal, and sizes and times are told in plain words."""

import io
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.cli.table import Column, Table, for_this_terminal, shortened, told_size, width_of
from tests.commands import Terminal

COLUMNS = (Column("NAME", 6), Column("N", 4, right=True), Column("END", 3))


def test_a_row_stands_below_its_titles() -> None:
    table = Table(COLUMNS, cut=True)
    assert table.head() == "NAME       N  END"
    assert table.line(["ana", "7", "x"]) == "ana        7  x"
    assert (
        table.line(["\u0408\u043e\u0432\u0430\u043d\u0430 \u041f.", "12345", ""])
        == "\u0408\u043e\u0432\u0430\u043d\u2026  123\u2026"
    )


def test_what_goes_into_a_pipe_is_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    row = ["a long name", "123456789", "whole"]
    for out, shown in (
        (io.StringIO(), "a long name  123456789  whole"),
        (Terminal(), "a lon\u2026  123\u2026  wh\u2026"),
    ):
        monkeypatch.setattr("sys.stdout", out)
        assert for_this_terminal(*COLUMNS).line(row) == shown


@given(st.text(), st.integers(1, 30))
def test_a_shortened_text_fits_and_begins_as_the_whole(text: str, width: int) -> None:
    shown = shortened(text, width)
    assert width_of(shown) <= max(width, 1)
    assert shown == text or (shown.endswith("\u2026") and text.startswith(shown[:-1]))
    assert (shown == text) is (width_of(text) <= width)


def test_an_accent_takes_no_column_and_a_wide_letter_two() -> None:
    assert width_of(unicodedata.normalize("NFD", "\u0161a")) == 2
    assert width_of("\u6f22\U0001f600") == 4


@pytest.mark.parametrize(
    ("length", "told"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 KB"),
        (48_213, "48.2 KB"),
        (999_949, "999.9 KB"),
        (999_950, "1.0 MB"),
        (1_500_000_000, "1.5 GB"),
        (5 * 10**15, "5000.0 TB"),
    ],
)
def test_a_size_is_told_in_the_unit_that_suits_it(length: int, told: str) -> None:
    assert told_size(length) == told
