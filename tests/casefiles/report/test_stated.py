"""A statement stands until the client takes back that one, or her consent."""

from collections.abc import Sequence

import pytest

from casefiles.report.stated import standing

Told = Sequence[tuple[int, str, dict[str, str]]]
MINE: Told = [(4, "recognised", {"item": "a", "given": "yes"})]
OTHER: Told = [(5, "recognised", {"item": "b", "given": "yes"})]
BACK: Told = [(6, "recognised", {"item": "a", "given": "no"})]
ENDED: Told = [(7, "consent", {"given": "no"})]
HIDDEN: Told = [(7, "consent", {})]
AGREED: Told = [(8, "consent", {"given": "yes"})]
AGAIN: Told = [(9, "recognised", {"item": "a", "given": "yes"})]


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ([], {}),
        ([*MINE, *OTHER], {"a": [4], "b": [5]}),
        ([*MINE, *AGREED], {"a": [4]}),
        ([*MINE, *AGAIN], {"a": [4, 9]}),
        ([*MINE, *OTHER, *BACK], {"b": [5]}),
        ([*MINE, *BACK, *AGAIN], {"a": [9]}),
        ([*MINE, *OTHER, *ENDED], {}),
        ([*MINE, *ENDED, *AGREED], {}),
        ([*MINE, *HIDDEN, *AGREED], {}),
        ([*MINE, *BACK, *BACK, *AGAIN], {"a": [9]}),
        ([*MINE, *ENDED, *AGREED, *AGAIN], {"a": [9]}),
        ([(4, "recognised", {"item": "a"})], {}),
        ([(4, "recognised", {"given": "yes"})], {}),
    ],
)
def test_what_was_taken_back_stands_no_more(told: Told, expected: dict[str, list[int]]) -> None:
    assert standing(told) == expected
