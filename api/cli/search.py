"""``evidence search``: words in what is preserved, or what one account posted, for a case."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from api.cli.common import (
    actor_option,
    chosen_items,
    chosen_options,
    counted,
    doer,
    open_home,
    passphrase_option,
    unlock,
    warn,
)
from api.cli.output import json_option, say
from api.cli.page import Listing, emit_pages
from api.cli.progress import ProgressLine, progress
from api.home import Home
from config.errors import Term
from config.times import told_time

if TYPE_CHECKING:
    from api.office.page import Page
    from api.office.search import Hit, Quest, Searched
    from casefiles.find import Passage

_LABELS = {
    "text": "text",
    "sender_name": "name shown",
    "forwarded_from": "forwarded, shown as",
    "file_name": "file name",
    "media": "file",
    "links": "link",
    "people": "person named",
    "numbers": "number",
}
_INDENT = " " * 10


@click.command("search")
@click.argument("words", nargs=-1, metavar="WORD...")
@click.option("--case", "case_id", required=True, metavar="CASE", help="The case it is for; the search is logged.")
@click.option("--sender", metavar="ID", help="Only what this account posted, such as user123; needs no WORD.")
@chosen_options
@click.option("--reason", required=True, metavar="TEXT", help="Why; logged, and withheld from bundles.")
@actor_option
@passphrase_option
@json_option
@click.pass_context
def search(
    ctx: click.Context,
    words: tuple[str, ...],
    case_id: str,
    sender: str | None,
    channel: str | None,
    first: str | None,
    last: str | None,
    kind: str | None,
    reason: str,
    actor: str | None,
    passphrase_file: Path | None,
    as_json: bool,
) -> None:
    """Find what is preserved and has every WORD, for the case that --case names.

    An item is found that has all the words, in Latin or Cyrillic letters, with accents or without, inside of
    other words too. Quote words that stand together. The search is logged first, with its words sealed.
    """
    from api.office.search import Quest
    from api.office.short import case_of
    from casefiles.find import require_words

    if words or sender is None:
        require_words(words)
    chosen = chosen_items(channel, first, last, kind)
    home = open_home(ctx)
    case_id = case_of(home, case_id)
    quest = Quest(case_id, doer(actor, home.clock, reason=reason), words, sender, chosen)
    emit_search(home, quest, passphrase_file, as_json=as_json)


def emit_search(home: Home, quest: "Quest", passphrase_file: Path | None, *, as_json: bool) -> None:
    """Search, and print what is found as it is found."""
    from api.office.search import search_items
    from api.office.short import shown_length

    casework = unlock(home, passphrase_file).casework
    with progress(Term("progress.searching"), Term("unit.records")) as bar:
        done = search_items(home, quest, casework, bar)
        bar.total = done.records
        if not done.consented:
            warn(Term("note.no_consent", case=quest.case_id))
        found = _Found(done, bar)
        emit_pages(
            Listing("hits", _entry, _Lines(shown_length(home))),
            found.pages(),
            as_json=as_json,
            more={"case_id": quest.case_id, "records": done.records},
        )
    if not as_json:
        say(f"{found.count} found in {counted(done.records, 'record')}.")


@dataclass(slots=True)
class _Found:
    """What is found, counted as it passes; progress makes room for what is printed."""

    search: "Searched"
    bar: ProgressLine
    count: int = 0

    def pages(self) -> "Iterator[Page[Hit]]":
        from api.office.page import Page

        yield Page((), None, self.search.unstamped)
        for page in self.search.pages:
            self.count += len(page.entries)
            if page.entries:
                self.bar.clear()
            yield page


def _entry(hit: "Hit") -> dict[str, Any]:
    item = hit.item
    place = {"item_id": item.item_id, "channel_id": item.channel_id, "message_id": item.message_id}
    when = {"kind": item.kind, "posted_at": item.posted_at, "acquired_at": item.acquired_at}
    return {**place, **when, "passages": [asdict(passage) for passage in hit.passages]}


@dataclass(frozen=True, slots=True)
class _Lines:
    """What was found, as lines: the place of the item, and below it where the words stand.

    Attributes:
        length: How many characters of an identifier tell it from every other.
    """

    length: int

    def __call__(self, hit: "Hit") -> str:
        item = hit.item
        number = "" if item.message_id is None else f", message {item.message_id}"
        when = told_time(item.posted_at) or "no time is known"
        head = f"{item.item_id[: self.length]}  {item.kind} in channel {item.channel_id}{number}, {when}"
        return "\n".join([head, *(_INDENT + _told(passage) for passage in hit.passages)])


def _told(passage: "Passage") -> str:
    label = _LABELS.get(passage.name, passage.name)
    return f"{label}: {passage.before}[{passage.found}]{passage.after}"
