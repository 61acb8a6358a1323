"""The life of a case: opened, given items, listed, shown. The one way to records, and looking is logged first."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from itertools import pairwise

import sqlalchemy as sa

from api.home import Home, Writer
from api.office.beside import beside
from api.office.gap import ClosedGap, closed_gaps_of_case
from api.office.look import look_at_case
from api.office.page import LIMIT, Page, page_of
from api.office.task import remove_bundles
from api.office.witness import ComparedSight, compared_sources
from casefiles import case as cases
from casefiles.appearance import list_alerts
from casefiles.case import CaseRow, OpenedEvent, open_events
from casefiles.consent import Consent, recorded_consent
from casefiles.recognition import RecordedStatement, statements_of
from casefiles.withdrawal import shared_items
from config.errors import Explained
from evidence.authority import Doer, require_reason
from evidence.canonical import Value
from evidence.custody.event import Draft, Prepared
from evidence.errors import AuthorityError, UnknownItemError
from evidence.names import require_name
from evidence.observation import OF_A_CHANNEL, Kind
from evidence.seal.recipients import KeyIdentity
from evidence.store import database
from evidence.store.database import reading
from evidence.store.freeze import frozen_of_case, not_frozen, require_not_withdrawn
from evidence.store.projection import Placed
from evidence.store.question import end_questions
from evidence.store.upgrade import stands
from evidence.times import is_ahead

_MESSAGES = (Kind.MESSAGE.value, Kind.EDIT.value, Kind.SERVICE.value)


@dataclass(frozen=True, slots=True)
class OpenedCase:
    """A case that was opened; ``unstamped`` says why no time stamp could be had yet."""

    case_id: str
    unstamped: Explained | None


@dataclass(frozen=True, slots=True)
class Consented:
    """A consent or its withdrawal that was logged; ``unstamped`` says why no time stamp could be had yet."""

    case_id: str
    consent: Consent
    unstamped: Explained | None


@dataclass(frozen=True, slots=True)
class AddedItems:
    """What adding items to a case did.

    Attributes:
        added: How many were new to it.
        items: How many it has now.
        beside: What is not in it and belongs to what was named: a picture's message, a message's pictures.
        unstamped: Why no time stamp could be had yet.
    """

    case_id: str
    added: int
    items: int
    beside: tuple[str, ...]
    unstamped: Explained | None


@dataclass(frozen=True, slots=True)
class RemovedItems:
    """What removing items from a case did.

    Attributes:
        removed: How many.
        items: How many it has now.
        unstamped: Why no time stamp could be had yet.
    """

    case_id: str
    removed: int
    items: int
    unstamped: Explained | None


@dataclass(frozen=True, slots=True)
class CaseItem:
    """An item with what its record says, by NAME of ``observed``; what was not said is None."""

    item_id: str
    kind: Value
    channel_id: Value
    channel_title: Value
    channel_type: Value
    message_id: Value
    posted_at: Value
    edited_at: Value
    sender_id: Value
    sender_name: Value
    text: Value
    entities: Value
    links: Value
    people: Value
    numbers: Value
    content: Value
    reply_to: Value
    forwarded_from: Value
    action: Value
    counters: Value
    media: Value
    file_name: Value
    position: Value
    media_type: Value
    bytes: Value
    sha256: Value
    at: Value


_SHOWN = tuple(each.name for each in fields(CaseItem) if each.name != "item_id")


@dataclass(frozen=True, slots=True)
class ShownCase:
    """A case, why it was opened, its consent or the withdrawal of it, what was removed, and a page of its items.

    Attributes:
        recorded_by: Who recorded the consent or the withdrawal.
        alerts: How many alerts of it are open (``api.office.alert``).
        frozen: How many of its items are frozen; nothing else is told of them.
        is_list: Whether it is a list of hashes.
        sources: For items of the page whose message the case has from another source too, what that is.
        closed_gaps: Gaps in the channels of its items that were closed later; on its first page alone.
        statements: What the client states of items that it has now and that are not frozen, as far as it stands.
    """

    case_id: str
    opened_at: str
    reason: Value
    consent: Consent | None
    removed: tuple[str, ...]
    items: Page[CaseItem]
    recorded_by: str | None = None
    alerts: int = 0
    frozen: int = 0
    statements: Sequence[RecordedStatement] = ()
    is_list: bool = False
    sources: Mapping[str, Sequence[ComparedSight]] = field(default_factory=dict)
    closed_gaps: Sequence[ClosedGap] = ()


def open_case(home: Home, doer: Doer) -> OpenedCase:
    """The verb behind ``case open``: open a case for a client who consented."""
    with home.writing() as writer:
        case_id = cases.open_case(writer.sequencer, doer)
        return OpenedCase(case_id, writer.beat())


def record_consent(home: Home, case_id: str, consent: Consent, doer: Doer) -> Consented:
    """The verb behind ``case consent``: log what a client agreed to, or that she withdrew it; the newest counts.

    A withdrawal closes the case: nothing of it is shown any more, and what another case has too is taken out of it
    (``api.office.withdrawal`` has what follows). What was asked in it, and its tickets, are destroyed in the same turn.
    It also removes the bundles of the case that wait to be downloaded; none is logged behind it.

    Raises:
        UnknownItemError: There is no such case, or it is a list of hashes.
        AuthorityError: The consent lies in the future, neither its words nor its paper are there, or nobody is named.
    """
    cases.require_client(home.engine, case_id)
    _require_told(consent, home)
    with home.writing() as writer:
        if not consent.given:
            remove_bundles(home, case_id)  # before it is logged: who is killed right behind that leaves none
        told = Draft("consent", doer.values() | consent.values(case_id))
        if consent.given:
            writer.sequencer.append([told])
        else:
            _close(home, writer, case_id, told, doer)
            remove_bundles(home, case_id)  # and those that were logged in between
        return Consented(case_id, consent, writer.beat())


def _close(home: Home, writer: Writer, case_id: str, told: Draft, doer: Doer) -> None:
    """Log that the client took her consent back, and in the same turn take out of her case what another has too."""
    logged = False
    while not logged:  # again only if another case took or gave up one of them while the entries were sealed
        with reading(home.engine) as connection:
            shared = shared_items(connection, case_id)
        removed = [Draft("case_item_removed", doer.values() | {"case": case_id, "item": item}) for item in shared]
        prepared = writer.sequencer.prepare([told, *removed])

        def choose(
            connection: sa.Connection, shared: Sequence[str] = shared, prepared: list[Prepared] = prepared
        ) -> list[Prepared]:
            return prepared if shared_items(connection, case_id) == shared else []

        def end(connection: sa.Connection, placed: Sequence[Placed]) -> None:
            if placed:
                end_questions(connection, case_id)

        logged = bool(writer.sequencer.turn(choose, end))


def _require_told(consent: Consent, home: Home) -> None:
    require_name(consent.person)
    if is_ahead(consent.told_on, home.clock()):
        raise AuthorityError("authority.consent_in_the_future", found=consent.told_on.isoformat())
    if consent.given and consent.text is None and consent.paper_sha256 is None:
        raise AuthorityError("authority.consent_without_words")
    if consent.given and not consent.scope:
        raise AuthorityError("authority.consent_to_nothing")


def add_items(home: Home, case_id: str, items: tuple[str, ...], doer: Doer) -> AddedItems:
    """The verb behind ``case add``: add items to a case; those that it has are not added again.

    Raises:
        UnknownItemError: There is no such case, it is a list of hashes, or one of the items does not exist; none was
            added.
    """
    with reading(home.engine) as connection:
        require_not_withdrawn(connection, case_id, items)
    with home.writing() as writer:
        added = cases.add_items(home.engine, writer.sequencer, case_id, items, doer)
        beside = tuple(beside_items(home, case_id, items))
        return AddedItems(case_id, added, require_case(home, case_id).items, beside, writer.beat())


@dataclass(frozen=True, slots=True)
class NotPreserved:
    """Numbers of messages, both ends inside, of which no message is preserved.

    Attributes:
        reasons: Why, as far as holes say it; none where no import covered them.
    """

    lo: int
    hi: int
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ranged:
    """What is preserved of a range of messages, and what is not."""

    items: tuple[str, ...]
    missing: tuple[NotPreserved, ...]


def messages_of(home: Home, channel: str, spans: Sequence[tuple[int, int]]) -> Ranged:
    """The messages that ``case add --messages`` means: of a channel, in spans of numbers, both ends inside.

    Raises:
        UnknownItemError: None of them is preserved.
    """
    table, found, missing = database.item, list[tuple[int, str]](), list[NotPreserved]()
    rows = sa.select(table.c.idx, table.c.item_id, table.c.message_id).where(
        table.c.channel_id == channel, table.c.kind.in_(_MESSAGES), stands(), not_frozen()
    )
    with reading(home.engine) as connection:
        for lo, hi in spans:
            here = connection.execute(rows.where(table.c.message_id.between(lo, hi))).all()
            found += [(row.idx, row.item_id) for row in here]
            for gap in _gaps(lo, hi, sorted({row.message_id for row in here})):
                missing.append(NotPreserved(*gap, _reasons(connection, channel, *gap)))
    if not found:
        asked = ", ".join(str(lo) if lo == hi else f"{lo}-{hi}" for lo, hi in spans)
        raise UnknownItemError("unknown_item.no_such_messages", where=channel, found=asked[:64])
    return Ranged(tuple(dict.fromkeys(item for _, item in sorted(found))), tuple(missing))


def _gaps(lo: int, hi: int, known: Sequence[int]) -> Iterator[tuple[int, int]]:
    """The spans from ``lo`` to ``hi`` that have no known number."""
    for before, after in pairwise([lo - 1, *known, hi + 1]):
        if after - before > 1:
            yield before + 1, after - 1


def _reasons(connection: sa.Connection, channel: str, lo: int, hi: int) -> tuple[str, ...]:
    hole = database.hole.c
    at = sa.and_(hole.channel_id == channel, hole.lo <= hi, hole.hi >= lo, hole.reason.in_(sorted(OF_A_CHANNEL)))
    return tuple(connection.execute(sa.select(hole.reason).where(at).distinct().order_by(hole.reason)).scalars())


def beside_items(home: Home, case_id: str, items: tuple[str, ...]) -> Mapping[str, str]:
    """What ``case add`` could add as well: it belongs to these items, and the case lacks it; item -> its kind."""
    with reading(home.engine) as connection:
        there = cases.held_items(connection, case_id).union(items)
        others = (other for each in beside(connection, items).values() for other in each)
        return {other.item_id: other.kind for other in others if other.item_id not in there}


def remove_items(home: Home, case_id: str, items: tuple[str, ...], doer: Doer) -> RemovedItems:
    """The verb behind ``case remove``: for a reason, take items out, which destroys nothing and can be undone.

    Raises:
        UnknownItemError: There is no such case, or one of the items is not in it; none was removed.
        AuthorityError: There is no reason.
    """
    require_reason(doer, act="remove")
    with home.writing() as writer:
        removed = cases.remove_items(home.engine, writer.sequencer, case_id, items, doer)
        return RemovedItems(case_id, removed, require_case(home, case_id).items, writer.beat())


def require_case(home: Home, case_id: str) -> CaseRow:
    """Check, before a verb begins, that a home has the case of this identifier, and return it.

    Raises:
        UnknownItemError: There is no such case.
    """
    return cases.require_case(home.engine, case_id)


def list_cases(home: Home, *, after: str | None = None, limit: int = LIMIT) -> Page[CaseRow]:
    """The verb behind ``case list``: a page of cases, in the order of opening, from the one that follows ``after``.

    Raises:
        UnknownItemError: There is no case ``after``.
    """
    found = cases.list_cases(home.engine, after=after, limit=limit + 1)
    return page_of(found, limit=limit, key=lambda row: row.case_id)


def show_case(
    home: Home, case_id: str, doer: Doer, casework: KeyIdentity, *, after: str | None = None, limit: int = LIMIT
) -> ShownCase:
    """The verb behind ``case show``: a page of items with what they say; each page is a look, logged first.

    Raises:
        UnknownItemError: There is no such case, or no item ``after``; nothing was logged.
    """
    case = require_case(home, case_id)
    held = page_of(
        cases.case_items(home.engine, case_id, after=after, limit=limit + 1),
        limit=limit,
        key=lambda each: each.item_id,
    )
    unstamped = look_at_case(home, case_id, doer, casework)
    opening, *opened = open_events(home.engine, [case.index, *(each.index for each in held.entries)], casework)
    shown = tuple(_shown(each.item_id, event) for each, event in zip(held.entries, opened, strict=True))
    reason = opening.record.values["reason"] if opening.record else None
    told = recorded_consent(home.engine, case_id, casework)
    removed = tuple(cases.removed_items(home.engine, case_id))
    page = Page(shown, held.more_after, unstamped)
    with reading(home.engine) as connection:
        alerts = len(list_alerts(connection, cases=[case_id]))
        frozen = frozen_of_case(connection, case_id)
        told_of = cases.held_items(connection, case_id) - frozen
    consent, by = (None, None) if told is None else (told.consent, told.recorded_by)
    stated = statements_of(home.engine, case_id, casework)
    statements = [each for each in stated if each.statement.item_id in told_of]
    about = (consent, removed, page, by, alerts, len(frozen), statements, case.is_list)
    sources = compared_sources(home, case_id, [each.item_id for each in held.entries], casework)
    closed = closed_gaps_of_case(home, case_id, casework) if after is None else ()
    return ShownCase(case_id, case.opened_at, reason, *about, sources, closed)


def _shown(item_id: str, event: OpenedEvent) -> CaseItem:
    values = event.record.values if event.record else {}
    return CaseItem(item_id, **{name: values.get(name) for name in _SHOWN})
