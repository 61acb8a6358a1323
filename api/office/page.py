"""A listing, page by page: entries in a stable order, and the key after which the next page begins.

A page is found by the key of the entry before it, never by a count: what is added meanwhile neither
repeats an entry nor skips one.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from config.errors import Explained

T = TypeVar("T")

LIMIT = 500
"""How many entries a page has at most, where nobody says."""


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some entries of a listing.

    Attributes:
        more_after: The key to ask for the next page with; None where this is the last.
        unstamped: Why the look at this page has no time stamp yet; None where it has one or needs none.
    """

    entries: tuple[T, ...]
    more_after: str | None
    unstamped: Explained | None = None


def page_of(found: Sequence[T], *, limit: int, key: Callable[[T], str], unstamped: Explained | None = None) -> Page[T]:
    """The page that a verb gives of what was found; one more than ``limit`` was asked for, to see if there is more."""
    entries = tuple(found[:limit])
    return Page(entries, key(entries[-1]) if len(found) > limit else None, unstamped)


def every_page(ask: Callable[[str | None], Page[T]], first: Page[T] | None = None) -> Iterator[Page[T]]:
    """Every page of a verb's listing, each asked for when it is wanted.

    Args:
        ask: Takes the key after which the page begins, None for the first.
        first: The first page, where it is there already.
    """
    page = ask(None) if first is None else first
    yield page
    while page.more_after is not None:
        page = ask(page.more_after)
        yield page


def every_entry(ask: Callable[[str | None], Page[T]]) -> Iterator[T]:
    """Every entry of all pages of a verb's listing."""
    for page in every_page(ask):
        yield from page.entries
