"""Pages follow the key of the entry before them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.office.page import Page, every_entry, every_page, page_of


def ask_of(keys: list[str], limit: int, asked: list[str | None]) -> object:
    def ask(after: str | None) -> Page[str]:
        asked.append(after)
        left = [key for key in keys if after is None or key > after]
        return page_of(left[: limit + 1], limit=limit, key=str)

    return ask


@given(st.sets(st.text("abc", min_size=1, max_size=4)), st.integers(1, 5))
def test_pages_of_any_length_hold_every_entry_once(keys: set[str], limit: int) -> None:
    asked: list[str | None] = []
    ask = ask_of(sorted(keys), limit, asked)
    assert callable(ask)
    pages = list(every_page(ask))
    assert [key for page in pages for key in page.entries] == sorted(keys)
    assert [page.more_after for page in pages] == [*asked[1:], None]
    assert len(pages) == max(1, -(-len(keys) // limit))
    assert list(every_entry(ask)) == sorted(keys)


def test_a_page_is_asked_for_when_it_is_wanted() -> None:
    asked: list[str | None] = []
    ask = ask_of(["a", "b", "c"], 1, asked)
    assert callable(ask)
    entries = every_entry(ask)
    assert (next(entries), asked) == ("a", [None])
    assert (next(entries), asked) == ("b", [None, "a"])


def test_a_first_page_that_is_there_is_not_asked_for_again() -> None:
    asked: list[str | None] = []
    ask = ask_of(["a", "b"], 1, asked)
    assert callable(ask)
    pages = list(every_page(ask, Page(("a",), "a")))
    assert [page.entries for page in pages] == [("a",), ("b",)]
    assert asked == ["a"]


@pytest.mark.parametrize("found", [[], ["a"], ["a", "b"]])
def test_the_last_page_has_nothing_after_it(found: list[str]) -> None:
    assert page_of(found, limit=2, key=str) == Page(tuple(found), None)
