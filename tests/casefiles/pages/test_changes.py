"""What changed is marked, and both texts can be read from what is marked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casefiles.pages.blocks import Marked
from casefiles.pages.changes import MOST_COMPARED, marked_lines


def read(lines: list[list[Marked]], without: str) -> str:
    return "\n".join("".join(run.text for run in line if run.mark != without) for line in lines)


WORDY = st.text(alphabet="ab \n", max_size=40)


@given(WORDY, WORDY)
def test_both_texts_can_be_read_but_for_lines_that_only_one_has(old: str, new: str) -> None:
    lines = marked_lines(old, new)
    assert read(lines, "gone").replace("\n", "") == new.replace("\n", "")
    assert read(lines, "new").replace("\n", "") == old.replace("\n", "")
    assert all(run.text for line in lines for run in line)


@pytest.mark.parametrize(
    ("old", "new", "marked"),
    [
        ("one two three", "one 2 three", [("one ", ""), ("two", "gone"), ("2", "new"), (" three", "")]),
        ("one two", "one two three", [("one two", ""), (" three", "new")]),
        ("a b c d", "a x y d", [("a ", ""), ("b c", "gone"), ("x y", "new"), (" d", "")]),
        ("same", "same", [("same", "")]),
        ("gone", "", [("gone", "gone")]),
    ],
)
def test_words_are_what_is_compared(old: str, new: str, marked: list[tuple[str, str]]) -> None:
    (line,) = marked_lines(old, new)
    assert [(run.text, run.mark) for run in line] == marked


def test_lines_stay_lines() -> None:
    lines = marked_lines("one\ntwo", "one\ntwo three\nfour")
    assert [[(run.text, run.mark) for run in line] for line in lines] == [
        [("one", "")],
        [("two", ""), (" three", "new")],
        [("four", "new")],
    ]


def test_long_texts_are_not_compared_word_by_word() -> None:
    old, new = ("x y " * MOST_COMPARED + "a", "y x " * MOST_COMPARED + "b")
    (line,) = marked_lines(old, new)
    assert [run.mark for run in line] == ["gone", "new"]
