"""A cursor is of one listing and one key, and nobody can make one."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.http.cursor import after_of, cursor_of
from config.errors import CallError
from tests.nonempty import nonempty


@given(after=st.text(min_size=1, max_size=80))
def test_a_cursor_comes_back_as_the_place_that_it_was_made_of(after: str) -> None:
    after = after.encode("utf-8", "replace").decode()
    assert after_of(cursor_of(after, "items", "key"), "items", "key") == after
    for other in (("items", "another"), ("cases", "key"), ("items",), ()):
        with pytest.raises(CallError):
            after_of(cursor_of(after, "items", "key"), *other)


def test_the_last_page_has_none_and_the_first_needs_none() -> None:
    assert cursor_of(None, "items") is None
    assert after_of(None, "items") is None


@given(st.text(max_size=60))
def test_what_nobody_made_is_refused(text: str) -> None:
    with pytest.raises(CallError):
        after_of(text, "items")


def test_a_flip_anywhere_is_refused() -> None:
    cursor = cursor_of("a" * 32, "items") or ""
    told = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    for at in nonempty(range(len(told))):
        flipped = bytes([*told[:at], told[at] ^ 1, *told[at + 1 :]])
        with pytest.raises(CallError):
            after_of(base64.urlsafe_b64encode(flipped).decode().rstrip("="), "items")
