"""What a test goes through and must not be empty."""

from collections.abc import Iterable, Iterator
from typing import TypeVar

Each = TypeVar("Each")


def nonempty(things: Iterable[Each]) -> Iterator[Each]:
    """Each of them, one at a time; an assertion fails at the end if there was none."""
    seen = 0
    for seen, each in enumerate(things, start=1):  # noqa: B007 - counted for the assertion
        yield each
    assert seen, "there is nothing to look at, so nothing was tested"
