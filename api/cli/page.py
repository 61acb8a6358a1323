"""Prints a listing page by page, so that a long one does not fill the memory."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Generic, TypeVar

import click

from api.cli.common import warn_unstamped
from api.cli.output import say
from api.office.page import Page
from config.errors import Explained, StoppedError

T = TypeVar("T")


class CutShortError(Exception):
    """A listing broke off or was stopped. Standard output holds the beginning of one JSON object; the error ends it."""


@dataclass(frozen=True, slots=True)
class Listing(Generic[T]):
    """How a listing is printed.

    Attributes:
        name: Of the array in the JSON object.
        entry: An entry as JSON.
        line: An entry for a person, in one line or several.
        nothing: What is said where there are no entries.
        head: A line above the first entry, for a person.
    """

    name: str
    entry: Callable[[T], Mapping[str, Any]]
    line: Callable[[T], str]
    nothing: str = ""
    head: str = ""


def emit_pages(
    listing: Listing[T], pages: Iterable[Page[T]], *, as_json: bool, more: Mapping[str, Any] | None = None
) -> None:
    """Print every page as it comes; the first is asked for before anything is printed.

    Args:
        more: Further members of the JSON object.

    Raises:
        CutShortError: A page after the first failed, and the JSON object is open.
    """
    left = iter(pages)
    warnings: list[dict[str, Any]] = []
    entries = _entries(next(left), left, warnings)
    if as_json:
        _emit_json(listing, entries, more or {}, warnings)
    else:
        _emit_lines(listing, entries)


def _entries(first: Page[T], others: Iterator[Page[T]], warnings: list[dict[str, Any]]) -> Iterator[T]:
    """Every entry; what a page warns of is said, and added to ``warnings``, once."""
    for page in chain([first], others):
        if page.unstamped and page.unstamped.code not in {warning["code"] for warning in warnings}:
            warnings += warn_unstamped(page.unstamped)
        yield from page.entries


def _emit_json(
    listing: Listing[T], entries: Iterator[T], more: Mapping[str, Any], warnings: Sequence[Mapping[str, Any]]
) -> None:
    click.echo(json.dumps({**more, listing.name: []})[: -len("]}")], nl=False)
    before = ""
    try:
        for each in entries:
            click.echo(before + json.dumps(listing.entry(each)), nl=False)
            before = ", "
    except Explained as error:
        click.echo("], ", nl=False)
        raise CutShortError from error
    except KeyboardInterrupt:
        click.echo("], ", nl=False)
        raise CutShortError from StoppedError("stopped.by_hand")
    click.echo(f'], "warnings": {json.dumps(warnings)}}}')


def _emit_lines(listing: Listing[T], entries: Iterator[T]) -> None:
    begun = False
    for each in entries:
        if listing.head and not begun:
            say(listing.head)
        say(listing.line(each))
        begun = True
    if listing.nothing and not begun:
        say(listing.nothing)
