"""The items of a report as lines: what they have in common once, above them, and for each item what differs.

People read reports of a thousand messages. What every item says in the same words is stated once for all of them;
what the items of one channel have in common, once for that channel; and so for items that follow each other. Each
value of an item is in its own lines or in the lines above that cover it: nothing that it says is left out. Standard
library only.
"""

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from casefiles.report.data import ReportItem, Stated
from casefiles.report.lines import heading, labelled, paragraph, row, spelled
from casefiles.report.said import Code, ItemFact, ItemPart, NamedValue, Quote
from casefiles.report.sources import OtherSource
from casefiles.report.wording import (
    INDENT,
    fact,
    items_in_words,
    label_of,
    part_lines,
    quote_lines,
    shown_as,
    spans_in_words,
    worded,
)
from config.words import Words

_CHANNEL, _ADDITION = "item.channel_id", "item.addition"
_PLACES = {_CHANNEL: "report.items.channel", _ADDITION: "report.items.addition"}
"""What says where an item is from, and the line above what the items of one place have in common."""
_ACQUIRED, _PROVEN = "acquired", "proven"
_OF_A_PLACE = (
    "item.channel_title",
    "item.addition_source",
    "item.channel_type",
    _ACQUIRED,
    _PROVEN,
    "item.acquisition",
)
_OF_ALL = (*_PLACES, *_OF_A_PLACE)
"""What may be stated once, in the order of the page; never what a message says."""
_KIND, _MESSAGE, _POSTED = "item.kind", "item.message_id", "item.posted_at"
_NAME, _NUMBER, _TEXT = "item.sender_name", "item.sender_id", "item.text"
_SEVERAL, _RUN = 2, 3
"""How many items must have something in common; fewer that follow each other take fewer lines without a block above."""

_Lines = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Told:
    """What is stated about an item, or about several.

    Attributes:
        lines: By the code of what they say, in the order of the page.
        withheld: Labels of what is withheld.
    """

    lines: Mapping[str, _Lines] = field(default_factory=dict)
    withheld: _Lines = ()

    def without(self, other: "_Told") -> "_Told":
        """What the other does not already say."""
        lines = {code: own for code, own in self.lines.items() if other.lines.get(code) != own}
        return _Told(lines, tuple(name for name in self.withheld if name not in other.withheld))

    def beside(self, other: "_Told") -> "_Told":
        """What the two say together; under one code they never differ."""
        return _Told({**self.lines, **other.lines}, (*self.withheld, *other.withheld))


_NOTHING = _Told()
_Stretch = Sequence[tuple[ReportItem, _Told]]


def item_lines(words: Words, items: Sequence[ReportItem], *, rehearsal: bool) -> Iterator[str]:
    """The part of a report that shows its items."""
    yield from heading(words.say("report.table"))
    yield paragraph(words.say("report.table.note"))
    labels = {name: label_of(words, f"item.{name}") for name in {name for item in items for name in item.withheld}}
    told = [_told(words, item, labels, rehearsal=rehearsal) for item in items]
    every = _common(told, _OF_ALL)
    yield from _block(words, words.say("report.items.common"), every)
    of_place: dict[_Lines | None, _Told] = {None: _NOTHING}
    for place, (title, some) in _by_place(words, items, told).items():
        of_place[place] = _common(some, _OF_A_PLACE).without(every)
        yield from _block(words, title, of_place[place])
    above = {place: every.beside(common) for place, common in of_place.items()}
    both = zip(items, told, strict=True)
    for _, run in itertools.groupby(both, lambda one: one[1].lines[_PROVEN]):
        yield from _between_stamps(words, list(run), above)


def _between_stamps(words: Words, run: _Stretch, above: Mapping[_Lines | None, _Told]) -> Iterator[str]:
    """Items that follow each other between the same time stamps; their channels may alternate."""
    by_place = [(place, list(some)) for place, some in itertools.groupby(run, lambda one: _place_line(one[1]))]
    common = _NOTHING
    if len(by_place) > 1:
        common = _shared(run, *(above[place] for place, _ in by_place))
        yield from _block(words, _title(words, run), common)
    for place, some in by_place:
        yield from _of_one_place(words, some, above[place].beside(common))


def _of_one_place(words: Words, run: _Stretch, above: _Told) -> Iterator[str]:
    """Items that follow each other in one channel or addition, and between the same time stamps."""
    common = _shared(run, above)
    yield from _block(words, _title(words, run), common)
    above = above.beside(common)
    for item, told in run:
        own = told.without(above)
        yield from ("", words.say("report.item", number=str(item.number), index=str(item.index), event=item.event))
        yield from _lines(words, own, "withheld" if own.withheld == told.withheld else "withheld_too")


def _shared(run: _Stretch, *above: _Told) -> _Told:
    """What items that follow each other have in common, unless all those above them say it already."""
    common = _common([told for _, told in run], _OF_ALL) if len(run) >= _RUN else _NOTHING
    unsaid = [common.without(each) for each in above]
    codes = {code for each in unsaid for code in each.lines}
    names = {name for each in unsaid for name in each.withheld}
    lines = {code: own for code, own in common.lines.items() if code in codes}
    return _Told(lines, tuple(name for name in common.withheld if name in names))


def _title(words: Words, run: _Stretch) -> str:
    return words.say("report.items.run", numbers=spans_in_words(words, [(run[0][0].number, run[-1][0].number)]))


def _place_line(told: _Told) -> _Lines | None:
    return next((told.lines[code] for code in _PLACES if code in told.lines), None)


def _by_place(
    words: Words, items: Sequence[ReportItem], told: Sequence[_Told]
) -> Mapping[_Lines, tuple[str, list[_Told]]]:
    """The items by the line that names where they are from, with a title; without those of which it is hidden."""
    found: dict[_Lines, tuple[str, list[_Told]]] = {}
    for item, each in zip(items, told, strict=True):
        parts = {part.code: part for part in item.parts}
        for code in _PLACES.keys() & parts.keys():
            title = words.say(_PLACES[code], channel=fact(words, _single(parts, code)))
            found.setdefault(each.lines[code], (title, []))[1].append(each)
    return found


def _common(told: Sequence[_Told], codes: Iterable[str]) -> _Told:
    """What these have in common; one alone has nothing in common with others."""
    if len(told) < _SEVERAL:
        return _NOTHING
    first, *others = told
    lines = {
        code: own
        for code in codes
        if (own := first.lines.get(code)) and all(other.lines.get(code) == own for other in others)
    }
    return _Told(lines, tuple(name for name in first.withheld if all(name in other.withheld for other in others)))


def _block(words: Words, title: str, common: _Told) -> Iterator[str]:
    """What is stated once, under a line that says for which items."""
    if common != _NOTHING:
        yield from ("", title)
        yield from _lines(words, common, "withheld")


def _lines(words: Words, told: _Told, withheld: str) -> Iterator[str]:
    for lines in told.lines.values():
        yield from lines
    if told.withheld:
        yield from labelled(words.say(f"report.item.{withheld}"), ", ".join(told.withheld), indent=INDENT)


# One item


def _told(words: Words, item: ReportItem, labels: Mapping[str, str], *, rehearsal: bool) -> _Told:
    found: dict[str, _Lines] = {}
    for code, lines in _segments(words, item, rehearsal=rehearsal):
        found[code] = (*found.get(code, ()), *lines)
    return _Told(found, tuple(labels[name] for name in item.withheld))


def _segments(words: Words, item: ReportItem, *, rehearsal: bool) -> Iterator[tuple[str, Iterable[str]]]:
    """The lines of an item in the order of the page, each with the code of what it says."""
    parts = {part.code: part for part in item.parts}
    joined = {code: lines for rows in (_place(words, parts), _account(words, parts)) for code, lines in rows.items()}
    for part in item.parts:
        if part.code == _TEXT and isinstance(part, Quote):
            yield part.code, quote_lines(words, part.text, indent=INDENT)
        else:
            yield part.code, joined[part.code] if part.code in joined else part_lines(words, part)
    for name, numbers in (("files", item.files), ("carriers", item.carriers), ("same", item.same)):
        if numbers:
            yield name, labelled(words.say(f"report.item.{name}"), items_in_words(words, numbers), indent=INDENT)
    for source in item.sources:
        yield "sources", labelled(words.say("report.item.source"), source_text(words, source), indent=INDENT)
    for stated in item.stated:
        yield "stated", row(words.say("report.item.stated"), statement_text(words, stated), indent=INDENT)
    yield _ACQUIRED, row(words.say("report.item.acquired"), fact(words, item.acquired_at), indent=INDENT)
    yield _PROVEN, _proven(words, item, rehearsal=rehearsal)


def source_text(words: Words, source: OtherSource) -> str:
    """What the report says of the same message from another source: which item it is, and in what the two differ."""
    which = items_in_words(words, (source.number,))
    if not source.differs:
        return words.say("report.item.source.same", item=which)
    names = ", ".join(label_of(words, f"item.{name}") for name in source.differs)
    return words.say("report.item.source.differs", item=which, names=names)


def statement_text(words: Words, stated: Stated) -> str:
    """What the report says that the client states, with what it was compared, and who recorded it."""
    told = {"date": fact(words, stated.date), "who": fact(words, stated.who), "index": str(stated.index)}
    what = [fact(words, each) for each in (stated.how, stated.means) if each is not None]
    return words.say("report.item.stated.told", what="; ".join(what), **told)


def _place(words: Words, parts: Mapping[str, ItemPart]) -> Mapping[str, Iterable[str]]:
    """One row for the kind, the message and the time of posting; the last two then need no lines of their own."""
    kind, message, posted = (_single(parts, code) for code in (_KIND, _MESSAGE, _POSTED))
    label = f"report.kind.{kind.value}" if isinstance(kind, Code) else ""
    if message is None or label not in words.texts:
        return {}
    of = fact(words, message)
    if posted is None:
        return {_KIND: row(words.say(label), of, indent=INDENT), _MESSAGE: ()}
    value = words.say("report.item.message.posted", message=of, posted=fact(words, posted))
    return {_KIND: row(words.say(label), value, indent=INDENT), _MESSAGE: (), _POSTED: ()}


def _account(words: Words, parts: Mapping[str, ItemPart]) -> Mapping[str, Iterable[str]]:
    """One row for number and name of an account; the name, which its holder chose, goes last."""
    name, number = _single(parts, _NAME), _single(parts, _NUMBER)
    if name is None or number is None:
        return {}
    both = f"{fact(words, number)}, {spelled(shown_as(words, name))}"
    return {_NAME: row(words.say("report.item.account"), both, indent=INDENT), _NUMBER: ()}


def _single(parts: Mapping[str, ItemPart], code: str) -> ItemFact:
    """The value of a part that says only that one; None otherwise."""
    part = parts.get(code)
    return part.value if isinstance(part, NamedValue) and part.number is None and not part.parts else None


def _proven(words: Words, item: ReportItem, *, rehearsal: bool) -> Iterable[str]:
    by = fact(words, item.by)
    if item.after is None:
        return row(worded(words, "report.item.by", rehearsal=rehearsal), by, indent=INDENT)
    both = words.say("report.item.between.both", after=fact(words, item.after), by=by)
    return row(worded(words, "report.item.between", rehearsal=rehearsal), both, indent=INDENT)
