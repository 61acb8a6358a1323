"""The report of a bundle as data: what each part says, in codes and facts, never in the words of a language.

Pure functions over verified records and the bundle's description. The report is built once. One renderer turns it
into text, another into pages; a verifier builds it again from the same records and compares.
Standard library only: no database, no key, no clock.
"""

import itertools
import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from casefiles.errors import RecordsError
from casefiles.format.records import ITEM, DisclosedLeaf, ProvenTimes, events_of, items_of
from casefiles.report.closed import Closing, told_closings
from casefiles.report.received import received
from casefiles.report.said import Code, ItemFact, ItemPart, ItemView, Moment, Run, Unshown, as_moment, said_of_item
from casefiles.report.sources import OtherSource, sources_of
from casefiles.report.stated import CONSENT, RECOGNISED, standing
from evidence.canonical import Json
from evidence.completeness import NOT_RECEIVED, Receipt
from evidence.content import message_sha256
from evidence.log.schema import SCHEMAS, TIERS

_HOLE, _REQUEST, _APPROVAL, _FILE = "hole", "requested", "approved", "file"
_NUMBER = re.compile(r"[0-9]{1,19}")
_GAP = "gap"
_TAKEN_BACK = "withdrawn"
_RECEIVED = frozenset({"message", "edit", "service"})
_IN_RUNS = frozenset({_HOLE, "case_item_added", "case_item_removed"})
"""The types of entries that the report joins where they follow each other and the same person acted."""


@dataclass(frozen=True, slots=True)
class Cover:
    """What a bundle says of itself: ``case.json``, but for what the leaves say."""

    bundle: str
    case: str
    organisation: str
    audience: Code
    purpose: ItemFact
    reason: str
    created_at: Moment
    tool: str


@dataclass(frozen=True, slots=True)
class Summary:
    """How much there is, and by when all of it was in the log."""

    items: int
    events: int
    withheld: int
    stamped_at: Moment


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, and who approved it.

    Attributes:
        approval: The log entry of the approval; None where the bundle shows none.
    """

    index: int
    what: ItemFact
    approval: int | None
    approver: ItemFact


@dataclass(frozen=True, slots=True)
class SecondPerson:
    """What the entries of some items say of a second person where they name no request.

    Attributes:
        code: ``alone``, ``agreed``, ``untold`` or ``hidden``.
    """

    code: str
    items: int
    names: tuple[ItemFact, ...]


@dataclass(frozen=True, slots=True)
class TakenIn:
    """How the items came into the log, and through whom.

    Attributes:
        named: The different values by ``actor``, ``declared_by``, ``method`` and ``tool``, where there are any.
    """

    named: Mapping[str, tuple[ItemFact, ...]]
    asked: tuple[Asked, ...]
    second: tuple[SecondPerson, ...]


@dataclass(frozen=True, slots=True)
class Stated:
    """What the client states of an item: that she recognises it, and how.

    Attributes:
        index: The log entry that says so.
        means: With what of hers it was compared; None where she saw it herself.
        date: The day on which she said so.
        who: Who recorded it.
    """

    index: int
    how: ItemFact
    means: ItemFact
    date: ItemFact
    who: ItemFact


@dataclass(frozen=True, slots=True)
class ReportItem:
    """One item.

    Attributes:
        number: Its place in the report, from 1.
        after: When the token was made that it cites; None before the first.
        by: The earliest proven time at which it was in the log.
        files: The numbers of the items that are its files.
        carriers: The numbers of the items that are the messages that carried this file.
        same: The numbers of the other items that are the same file, by its digest.
        stated: The client's statements about it that stand.
        sources: The other items that are the same message, from other sources.
    """

    number: int
    index: int
    event: str
    parts: tuple[ItemPart, ...]
    acquired_at: ItemFact
    after: Moment | None
    by: Moment
    files: tuple[int, ...]
    carriers: tuple[int, ...]
    same: tuple[int, ...]
    stated: tuple[Stated, ...]
    withheld: tuple[str, ...]
    sources: tuple[OtherSource, ...] = ()


@dataclass(frozen=True, slots=True)
class ReportEntry:
    """Entries of one type that follow each other, or one.

    Attributes:
        first, last: When the earliest and the latest was made: a hole states when it was noticed, and may be logged
            after one that was noticed later.
        facts: What the words for its type can name.
        about: The log entries that they are about; None for one that is not shown.
        hidden: They do not show which item they are about.
        found: For a comparison, by how alike they are: the numbers of the items that it found, if there are any.
        unnamed: How many more it found; None where that is hidden.
    """

    indexes: tuple[int, ...]
    type: str
    first: ItemFact
    last: ItemFact
    who: ItemFact
    facts: Mapping[str, ItemFact]
    about: tuple[int | None, ...]
    hidden: bool
    found: Mapping[str, tuple[int, ...]]
    unnamed: int | None


IdSpan = tuple[int, int]
"""Numbers of messages, both ends inside."""


@dataclass(frozen=True, slots=True)
class ReportHole:
    """What is missing, as the hole says it.

    Attributes:
        of: Of which messages; None where no message is concerned, or where that is hidden.
        items: The numbers of the items that are what was missing, or perhaps are.
    """

    of: IdSpan | None
    what: ItemFact
    items: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Unseen:
    """Holes of one reason in one channel.

    Attributes:
        indexes: Their log entries.
        fate: What became of what was missing: ``open``, not received; ``later`` or ``before``, received then, as an
            item that is shown; ``elsewhere``, received according to the sender, but not as an item that is shown;
            ``perhaps``, since a file from its place in the message is shown; ``closed``, a gap whose messages came
            later, according to the sender.
        spans: The messages that are concerned, merged; none where no one message is, WITHHELD where they are hidden.
        missing: What is missing, of each hole that says it.
        received: The messages of these spans that a later entry of the bundle has all the same; of gaps that were
            closed, all but those that were left as a gap of their own.
        since: When they were noticed, in order.
        until: When they ended, in order, where that is said.
        closed: What closed the gaps, for those that were closed; all of them came in the same way, from one export.
        closing_items: The numbers of the items that did, where they are shown.
    """

    indexes: tuple[int, ...]
    fate: str
    reason: ItemFact
    channel: ItemFact
    spans: tuple[IdSpan, ...] | Unshown
    missing: tuple[ReportHole, ...]
    received: tuple[IdSpan, ...]
    since: tuple[ItemFact, ...]
    until: tuple[ItemFact, ...]
    closed: tuple[Closing, ...] = ()
    closing_items: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class LogFacts:
    """The log that the bundle cites, and the daily seal that all of it is proven under."""

    origin: str
    key: str
    size: int
    checkpoint_sha256: str
    token_sha256: str


@dataclass(frozen=True, slots=True)
class CaseReport:
    """Everything that a report says; the limits and the steps are words alone."""

    rehearsal: bool
    cover: Cover
    summary: Summary
    taken_in: TakenIn
    items: tuple[ReportItem, ...]
    shown: int
    entries: tuple[ReportEntry, ...]
    unseen: tuple[Unseen, ...]
    log: LogFacts


def make_report(
    *, case: Mapping[str, Json], records: Sequence[DisclosedLeaf], anchorage: ProvenTimes, log_key: str
) -> CaseReport:
    """The report of these records.

    Args:
        case: ``case.json``, which fits its schema.
        records: Every record of the bundle, in the order of the log.
        log_key: The log's C2SP verifier key.

    Raises:
        RecordsError: A hole's span is not two numbers.
    """
    return CaseReport(
        rehearsal=case["rehearsal"] == "yes",
        cover=_cover(case),
        summary=Summary(
            int(case["items"]),
            int(case["events"]),
            int(case["withheld"]),
            Moment(case["checkpoint"]["stamped_at"], up=True),
        ),
        taken_in=_taken_in(records),
        items=tuple(_items(items_of(records), _stated(records), anchorage)),
        shown=len(records),
        entries=tuple(_entries(records)),
        unseen=tuple(_unseen(records, frozenset(map(int, case["received"])), told_closings(case["closed"]))),
        log=_log(case, log_key),
    )


def _cover(case: Mapping[str, Json]) -> Cover:
    return Cover(
        bundle=case["bundle"],
        case=case["case"],
        organisation=case["organisation"],
        audience=Code("audience", case["audience"]),
        purpose=_purpose(case),
        reason=case["reason"],
        created_at=Moment(case["created_at"]),
        tool=case["tool"],
    )


def _purpose(case: Mapping[str, Json]) -> ItemFact:
    """The purpose, in the words of a language where it is the one that the program writes for this receiver."""
    purpose, audience = case["purpose"], case["audience"]
    return Code("verifier.purpose", audience) if purpose == f"evidence for the {audience}" else purpose


def _log(case: Mapping[str, Json], log_key: str) -> LogFacts:
    checkpoint = case["checkpoint"]
    return LogFacts(
        origin=case["log"],
        key=log_key,
        size=int(checkpoint["size"]),
        checkpoint_sha256=checkpoint["sha256"],
        token_sha256=checkpoint["token_sha256"],
    )


def shown(record: DisclosedLeaf) -> ItemView:
    """The values of a record, as facts of the report."""
    return ItemView(record.values, record.withheld)


def _distinct(records: Iterable[DisclosedLeaf], name: str) -> tuple[ItemFact, ...]:
    """The different values of one name, in the order in which they first stand; nothing is none."""
    facts = (shown(record).fact(name) for record in records)
    return tuple({_key(fact): fact for fact in facts if fact is not None}.values())


def _named(record: DisclosedLeaf, name: str) -> str | None:
    """A value that is shown and is a text."""
    value = record.values.get(name)
    return value if isinstance(value, str) else None


def _key(fact: ItemFact) -> Hashable:
    return type(fact).__name__, repr(fact)


# How the items came


def _taken_in(records: Sequence[DisclosedLeaf]) -> TakenIn:
    items = items_of(records)
    found = {name: _distinct(records, name) for name in ("actor", "declared_by", "method", "tool")}
    return TakenIn(
        {name: facts for name, facts in found.items() if facts}, tuple(_asked(records)), tuple(_second(items))
    )


def _asked(records: Sequence[DisclosedLeaf]) -> Iterator[Asked]:
    approvals = {_named(record, "request"): record for record in records if record.leaf.type == _APPROVAL}
    for request in (record for record in records if record.leaf.type == _REQUEST):
        approval, what = approvals.get(request.leaf.event_id), shown(request).code("what", "act")
        if approval is None:
            yield Asked(request.index, what, None, None)
        else:
            yield Asked(request.index, what, approval.index, shown(approval).fact("actor"))


_SECOND_PERSON = ("alone", "agreed", "untold", "hidden")
"""What can be said of a second person where no request is named, in the order of the report."""


def _second(items: Sequence[DisclosedLeaf]) -> Iterator[SecondPerson]:
    for code in _SECOND_PERSON:
        if of_these := [item for item in items if _second_person(item) == code]:
            yield SecondPerson(code, len(of_these), _distinct(of_these, "approver"))


def _second_person(item: DisclosedLeaf) -> str | None:
    """What an item's entry says of a second person; nothing where it names a request, which has entries of its own.

    A request is not the only sign of one: an act that needs none may name who agreed all the same.
    """
    if item.values.get("authority") is not None:
        return None
    if item.values.get("approver") is not None:
        return "agreed"
    if "authority" in item.withheld:
        return "hidden"
    return "untold" if "approver" in item.withheld else "alone"


# The items


def _stated(records: Sequence[DisclosedLeaf]) -> Mapping[str, tuple[Stated, ...]]:
    """The client's statements that stand, by the item that each is about."""
    told = {record.index: record for record in records if record.leaf.type in (CONSENT, RECOGNISED)}
    found = standing((index, record.leaf.type, record.values) for index, record in told.items())
    return {item: tuple(_statement(told[index]) for index in indexes) for item, indexes in found.items()}


def _statement(record: DisclosedLeaf) -> Stated:
    view = shown(record)
    how, means = view.code("recognition", "recognition"), view.code("means", "means")
    return Stated(record.index, how, means, view.fact("date"), view.fact("actor"))


def _items(
    items: Sequence[DisclosedLeaf], stated: Mapping[str, tuple[Stated, ...]], anchorage: ProvenTimes
) -> Iterator[ReportItem]:
    numbers = {item.index: number for number, item in enumerate(items, start=1)}
    files, carriers = defaultdict[int, list[int]](list), defaultdict[int, list[int]](list)
    for message, file in _carried(items):
        files[message].append(numbers[file])
        carriers[file].append(numbers[message])
    same, sources = _files(items), sources_of(items)
    for item in items:
        yield ReportItem(
            number=numbers[item.index],
            index=item.index,
            event=item.leaf.event_id,
            parts=tuple(said_of_item(item.values, item.withheld)),
            acquired_at=shown(item).moment("at"),
            after=Moment(after) if (after := anchorage.bounds.made_after(item.leaf.after)) else None,
            by=Moment(anchorage.bounds.in_log_by(item.index).by, up=True),
            files=tuple(files[item.index]),
            carriers=tuple(carriers[item.index]),
            same=tuple(number for number in same.get(_named(item, "sha256"), ()) if number != numbers[item.index]),
            sources=sources.get(item.index, ()),
            stated=stated.get(item.leaf.event_id, ()),
            withheld=item.withheld,
        )


def _files(items: Sequence[DisclosedLeaf]) -> Mapping[str | None, Sequence[int]]:
    """The numbers of the items that are one file, by its digest."""
    found: dict[str | None, list[int]] = {}
    for number, item in enumerate(items, start=1):
        if (digest := _named(item, "sha256")) is not None:
            found.setdefault(digest, []).append(number)
    return found


def _carried(items: Sequence[DisclosedLeaf]) -> Sequence[tuple[int, int]]:
    """Log indexes of a message and a file of it, where both are shown with the place that they have in common."""
    at: dict[tuple[str, str], list[DisclosedLeaf]] = {}
    for item in items:
        if (place := _place(item)) is not None:
            at.setdefault(place, []).append(item)
    return [
        (message.index, file.index)
        for of_one in at.values()
        for message, file in itertools.product(of_one, repeat=2)
        if message.values.get("kind") != _FILE and file.values.get("kind") == _FILE and _may_carry(message, file)
    ]


def _may_carry(message: DisclosedLeaf, file: DisclosedLeaf) -> bool:
    """Whether the message is the one that the file's entry states, as far as the bundle shows."""
    stated = _named(file, "message_sha256")
    hidden = set(message.withheld) & set(SCHEMAS[ITEM].subject)
    return stated is None or bool(hidden) or message_sha256(message.values) == stated


def _place(item: DisclosedLeaf) -> tuple[str, str] | None:
    channel, message = _named(item, "channel_id"), _named(item, "message_id")
    return (channel, message) if channel and message and "kind" in item.values else None


# The other entries


def _entries(records: Sequence[DisclosedLeaf]) -> Iterator[ReportEntry]:
    indexes = {record.leaf.event_id: record.index for record in records}
    numbers = {item.leaf.event_id: number for number, item in enumerate(items_of(records), start=1)}
    for run in _runs(events_of(records)):
        told, times = shown(run[0]), _in_order([shown(event).moment("at") for event in run])
        yield ReportEntry(
            indexes=tuple(event.index for event in run),
            type=_told_as(run[0]),
            first=times[0],
            last=times[-1],
            who=told.fact("actor"),
            facts=_facts_of(told),
            about=tuple(indexes.get(_named(event, "request") or _named(event, "item") or "") for event in run),
            hidden="item" in run[0].withheld,
            found=dict(_found(run[0], numbers)),
            unnamed=_unnamed(run[0]),
        )


def _in_order(times: Sequence[ItemFact]) -> Sequence[ItemFact]:
    """The times, the earliest first if all of them are shown."""
    return sorted(times, key=str) if all(isinstance(each, Moment) for each in times) else times


def _found(event: DisclosedLeaf, numbers: Mapping[str, int]) -> Iterator[tuple[str, tuple[int, ...]]]:
    """The items that a comparison names, by how alike they are."""
    for tier in TIERS:
        items = sorted(numbers[item] for item in _named_in(event, tier) if item in numbers)
        yield from [(tier, tuple(items))] if items else []


def _unnamed(event: DisclosedLeaf) -> int | None:
    """How many items a comparison found beside those that it names.

    A tier that holds an item of no case, or of another, is withheld whole.
    """
    if not {*TIERS, "found"}.intersection(event.withheld):
        return 0
    found, named = _named(event, "found") or "", sum(len(_named_in(event, tier)) for tier in TIERS)
    return max(0, int(found) - named) if _NUMBER.fullmatch(found) else None


def _named_in(event: DisclosedLeaf, tier: str) -> Sequence[str]:
    named = event.values.get(tier)
    return [item for item in named if isinstance(item, str)] if isinstance(named, list | tuple) else []


def _told_as(event: DisclosedLeaf) -> str:
    """The code of an entry: its type, but that what was taken back is another thing."""
    taken_back = event.leaf.type in (CONSENT, RECOGNISED) and event.values.get("given") == "no"
    return f"{event.leaf.type}.{_TAKEN_BACK}" if taken_back else event.leaf.type


def _facts_of(event: ItemView) -> Mapping[str, ItemFact]:
    counts = ("compared", "not_compared", "found")
    return {
        "organisation": event.fact("organisation"),
        "act": event.code("what", "act"),
        "scope": _scope(event.fact("scope")),
        "until": event.moment("until"),
        "how": event.code("recognition", "recognition"),
        "ground": event.code("cause", "erasure"),
        "why": event.fact("text"),
        **{name: event.fact(name) for name in ("date", "language", "items", *counts)},
    }


def _scope(scope: ItemFact) -> ItemFact:
    """To what a client agreed, as codes with commas between them."""
    if not isinstance(scope, list | tuple):
        return scope
    codes = [Code("scope", each) for each in scope if isinstance(each, str)]
    return Run(tuple(piece for code in codes for piece in (", ", code))[1:])


def _runs(events: Sequence[DisclosedLeaf]) -> Iterator[list[DisclosedLeaf]]:
    """The events in order; entries that follow each other are joined where their type allows it."""

    def key(event: DisclosedLeaf) -> Hashable:
        together = event.leaf.type in _IN_RUNS
        hidden = "item" in event.withheld
        return (event.leaf.type, _key(shown(event).fact("actor")), hidden, None if together else event.index)

    yield from (list(run) for _, run in itertools.groupby(events, key))


# What was not seen


def _unseen(
    records: Sequence[DisclosedLeaf], elsewhere: frozenset[int], closings: Mapping[int, Closing]
) -> Iterator[Unseen]:
    """The holes by reason, channel and fate, in the order in which the first of each stands in the log."""
    items, receipts = items_of(records), received(records)
    numbers = {item.index: number for number, item in enumerate(items, start=1)}
    holes = [record for record in records if record.leaf.type == _HOLE]

    def fate(hole: DisclosedLeaf) -> str:
        return "closed" if hole.index in closings else _fate(hole, receipts, elsewhere)

    def key(hole: DisclosedLeaf) -> Hashable:
        values, closing = shown(hole), closings.get(hole.index)
        by = None if closing is None else (closing.method, closing.container_sha256)
        return (_key(values.fact("hole")), _key(values.fact("channel_id")), _spanned(hole), fate(hole), by)

    for of_one in _grouped(holes, key):
        closed = tuple(closings[hole.index] for hole in of_one if hole.index in closings)
        yield Unseen(
            indexes=tuple(hole.index for hole in of_one),
            fate=fate(of_one[0]),
            reason=shown(of_one[0]).code("hole", "hole"),
            channel=shown(of_one[0]).fact("channel_id"),
            spans=_spans(of_one),
            missing=tuple(_missing(of_one, receipts, numbers)),
            received=_filled(of_one, holes, closings) if closed else _received(of_one, items),
            since=tuple(sorted(map(as_moment, _distinct(of_one, "since")), key=str)),
            until=tuple(sorted((as_moment(end, up=True) for end in _distinct(of_one, "until")), key=str)),
            closed=closed,
            closing_items=tuple(sorted({numbers[each.entry] for each in closed if each.entry in numbers})),
        )


def _filled(
    closed: Sequence[DisclosedLeaf], holes: Iterable[DisclosedLeaf], closings: Mapping[int, Closing]
) -> tuple[IdSpan, ...]:
    """The messages of gaps that were closed, without those that a gap of the same channel leaves open."""
    channel = _named(closed[0], "channel_id")
    still = merged(
        _span(hole)
        for hole in holes
        if _named(hole, "hole") == _GAP
        and _named(hole, "channel_id") == channel
        and _spanned(hole) == "some"
        and hole.index not in closings
    )
    spans = _spans(closed)
    return () if isinstance(spans, Unshown) else tuple(_less(spans, still))


def _less(spans: Iterable[IdSpan], others: Sequence[IdSpan]) -> Iterator[IdSpan]:
    """The spans of numbers without those in others, which are merged."""
    for lo, hi in spans:
        start = lo
        for first, last in others[bisect_left(others, (lo,), key=lambda other: (other[1],)) :]:
            if first > hi:
                break
            if start < first:
                yield start, first - 1
            start = max(start, last + 1)
        if start <= hi:
            yield start, hi


def _fate(hole: DisclosedLeaf, receipts: Mapping[int, Receipt], elsewhere: frozenset[int]) -> str:
    receipt = receipts.get(hole.index, NOT_RECEIVED)
    if receipt.same:
        return "later" if receipt.same[-1] > hole.index else "before"
    if hole.index in elsewhere:
        return "elsewhere"
    return "perhaps" if receipt.perhaps else "open"


def _of_the_fate(hole: DisclosedLeaf, receipt: Receipt) -> list[int]:
    """Of the items that are what was missing, those after the hole; if there are none, those before it."""
    return [index for index in receipt.same if index > hole.index] or list(receipt.same)


def _missing(
    holes: Sequence[DisclosedLeaf], receipts: Mapping[int, Receipt], numbers: Mapping[int, int]
) -> Iterator[ReportHole]:
    for hole in holes:
        receipt, what = receipts.get(hole.index, NOT_RECEIVED), shown(hole).fact("what")
        items = tuple(numbers[index] for index in _of_the_fate(hole, receipt) or receipt.perhaps)
        if what or items:
            yield ReportHole(_span(hole) if _spanned(hole) == "some" else None, what or None, items)


def _received(holes: Sequence[DisclosedLeaf], items: Sequence[DisclosedLeaf]) -> tuple[IdSpan, ...]:
    """Messages that nobody had seen when a gap was recorded, and that a later entry has."""
    gaps = [hole for hole in holes if _named(hole, "hole") == _GAP and _spanned(hole) == "some"]
    if not gaps:
        return ()
    known = defaultdict[str, list[tuple[int, int]]](list)
    for item in items:
        if _named(item, "kind") in _RECEIVED and (place := _place(item)) and _NUMBER.fullmatch(place[1]):
            known[place[0]].append((int(place[1]), item.index))
    for numbers in known.values():
        numbers.sort()
    return spans_of(
        number
        for gap in gaps
        for number, index in _within(known[_named(gap, "channel_id") or ""], *_span(gap))
        if index > gap.index
    )


def _within(numbers: Sequence[tuple[int, int]], lo: int, hi: int) -> Sequence[tuple[int, int]]:
    """Of pairs in order, those that begin with a number of a span."""
    return numbers[bisect_left(numbers, (lo,)) : bisect_left(numbers, (hi + 1,))]


def _grouped(holes: Iterable[DisclosedLeaf], key: Callable[[DisclosedLeaf], Hashable]) -> Iterable[list[DisclosedLeaf]]:
    groups: dict[Hashable, list[DisclosedLeaf]] = {}
    for hole in holes:
        groups.setdefault(key(hole), []).append(hole)
    return groups.values()


def _spanned(hole: DisclosedLeaf) -> str:
    """Whether a hole is about messages, about none, or does not show that."""
    if {"lo", "hi"} & set(hole.withheld):
        return "hidden"
    return "none" if hole.values.get("lo") is None else "some"


def _spans(holes: Sequence[DisclosedLeaf]) -> tuple[IdSpan, ...] | Unshown:
    if _spanned(holes[0]) == "hidden":
        return Unshown.WITHHELD
    if _spanned(holes[0]) == "none":
        return ()
    return merged(_span(hole) for hole in holes)


def _span(hole: DisclosedLeaf) -> IdSpan:
    return _number(hole, "lo"), _number(hole, "hi")


def _number(hole: DisclosedLeaf, name: str) -> int:
    text = _named(hole, name) or ""
    if not _NUMBER.fullmatch(text):
        raise RecordsError("records.not_a_span", index=hole.index, name=name)
    return int(text)


def merged(spans: Iterable[IdSpan]) -> tuple[IdSpan, ...]:
    """The numbers of messages that a report names, in as few spans as there can be, in order."""
    found: list[IdSpan] = []
    for lo, hi in sorted(spans):
        if found and lo <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(found[-1][1], hi))
        else:
            found.append((lo, hi))
    return tuple(found)


def spans_of(numbers: Iterable[int]) -> tuple[IdSpan, ...]:
    """The spans of numbers that a report shows."""
    return merged((number, number) for number in numbers)
