"""An error explains itself in one line."""

import pytest

from config.errors import Explained


@pytest.mark.parametrize(
    ("told", "text"),
    [
        ({}, "broken"),
        ({"where": "leaf 1"}, "leaf 1: broken"),
        ({"expected": "a"}, "broken (expected a)"),
        ({"found": "b"}, "broken (found b)"),
        ({"expected": "a", "found": "b", "fix": "Do c"}, "broken (expected a, found b). Do c"),
    ],
)
def test_an_error_says_what_was_expected_what_was_found_and_what_to_do(told: dict[str, str], text: str) -> None:
    assert str(Explained("broken", **told)) == text
