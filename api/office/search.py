"""Looks for words, or for what one account posted, in the records: for one case, logged before any is opened.

Raw records are reached only through a case (invariant 11), and a search opens many that are of no case yet. So it names
the case that it is for, and why; a client who withdrew her consent has nothing looked for; and the log holds, sealed,
what was looked for and in how many records, before the first is opened. The answer is where the words stand, never a
picture.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import sqlalchemy as sa

from api.home import Home
from api.office.item import EVERYTHING, NOTHING, Chosen, ItemRow, item_rows
from api.office.page import Page
from casefiles.case import OpenedEvent, open_events, require_case
from casefiles.consent import CHECK, consent_of, require_consent
from casefiles.find import Passage, find, require_words
from config.errors import Explained
from evidence.authority import Doer, require_reason
from evidence.canonical import text_value
from evidence.custody.event import Draft
from evidence.seal.recipients import KeyIdentity
from evidence.store import database
from evidence.store.database import reading

AT_ONCE = 100
"""How many records are opened before what was found in them is told."""


@dataclass(frozen=True, slots=True)
class Quest:
    """What is looked for.

    Attributes:
        words: As they were typed; an item has all of them.
        sender: Only what this account posted, as the log writes its number: ``user123``, or digits alone.
    """

    case_id: str
    doer: Doer
    words: tuple[str, ...] = ()
    sender: str | None = None
    chosen: Chosen = EVERYTHING


@dataclass(frozen=True, slots=True)
class Hit:
    """An item in which the words stand, and where; no passage where only a sender was looked for."""

    item: ItemRow
    passages: tuple[Passage, ...]


@dataclass(frozen=True, slots=True)
class Searched:
    """A search that was logged.

    Attributes:
        records: How many are opened.
        pages: What was found, as it is found; each is asked for once.
        unstamped: Why the search has no time stamp yet.
        consented: Whether the case has a record of the client's consent.
    """

    records: int
    pages: Iterator[Page[Hit]]
    unstamped: Explained | None
    consented: bool


def search_items(home: Home, quest: Quest, casework: KeyIdentity, opened: Callable[[int], object]) -> Searched:
    """The verb behind ``evidence search``: log a search, and give what is found as the records are opened.

    Args:
        opened: Hears how many more records were opened.

    Raises:
        UnknownItemError: There is no such case.
        AuthorityError: There is no reason, or the client's consent was withdrawn, has ended or is not to this.
        SearchError: A word is too short, or nothing is looked for.
        HomeBusyError: It cannot be logged, since others write; nothing was opened.
    """
    require_case(home.engine, quest.case_id)
    require_reason(quest.doer, act="search")
    words = require_words(quest.words) if quest.words or quest.sender is None else ()
    consent = consent_of(home.engine, quest.case_id, casework)
    if consent is not None:
        require_consent(consent, scope=CHECK, today=home.today())
    count, last = _extent(home, quest.chosen)
    unstamped = _log(home, quest, count) if count else None
    pages = _pages(home, quest, words, casework, last, opened)
    return Searched(count, pages, unstamped, consent is not None)


def _extent(home: Home, chosen: Chosen) -> tuple[int, int]:
    """How many items are meant, and the last of them: what comes later is not opened."""
    table = database.item.c
    counted = sa.select(sa.func.count(), sa.func.max(table.idx)).where(*chosen.conditions())
    with reading(home.engine) as connection:
        count, last = connection.execute(counted).one()
    return count, NOTHING if last is None else last


def _log(home: Home, quest: Quest, count: int) -> Explained | None:
    chosen = quest.chosen
    values = quest.doer.values() | {
        "case": quest.case_id,
        "text": text_value("\n".join(quest.words)) if quest.words else None,
        "sender_id": None if quest.sender is None else text_value(quest.sender),
        "channel_id": chosen.channel,
        "kind": None if chosen.kind is None else chosen.kind.value,
        "since": None if chosen.first is None else f"{chosen.first.isoformat()}T00:00:00.000Z",
        "until": None if chosen.last is None else f"{chosen.last.isoformat()}T23:59:59.999Z",
        "items": str(count),
    }
    return home.log_look(Draft("searched", values))


def _pages(
    home: Home, quest: Quest, words: tuple[str, ...], casework: KeyIdentity, last: int, opened: Callable[[int], object]
) -> Iterator[Page[Hit]]:
    after = NOTHING
    while rows := item_rows(home, quest.chosen, after=after, last=last, limit=AT_ONCE):
        items = dict(rows)
        events = open_events(home.engine, list(items), casework)
        hits = [_hit(items[event.index], event, quest, words) for event in events]
        after = max(items)
        opened(len(items))
        yield Page(tuple(hit for hit in hits if hit), None)


def _hit(item: ItemRow, event: OpenedEvent, quest: Quest, words: tuple[str, ...]) -> Hit | None:
    values = event.record.values if event.record else {}
    if quest.sender is not None and not _is_of(values.get("sender_id"), quest.sender):
        return None
    passages = find(words, values) if words else ()
    return Hit(item, passages) if passages or not words else None


def _is_of(sender_id: object, wanted: str) -> bool:
    """Whether a sender is meant: by the whole identifier, or by its digits."""
    if not isinstance(sender_id, str):
        return False
    return wanted in (sender_id, sender_id.lstrip("abcdefghijklmnopqrstuvwxyz"))
