"""The report as volumes of blocks: the text report's own words and facts, in its order, drawn and numbered.

Each part has the number that it has in the text, so that whoever cites one cites the other. The first volume has
every part; further volumes continue the exhibits. Each volume has at most ``ITEMS_A_VOLUME`` items, and numbers our own
paragraphs throughout. Pure.
"""

import itertools
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from casefiles.format.layout import ITEMS_A_VOLUME
from casefiles.pages.blocks import (
    Document,
    Exhibit,
    Figure,
    FrontPage,
    Heading,
    Ink,
    LabelledRow,
    Lane,
    PageBlock,
    PageTable,
    Paragraph,
    Rows,
    Typed,
)
from casefiles.pages.drawings import histogram, sign_shown, sign_unseen, spans_drawn
from casefiles.pages.exhibits import Draughtsman, in_fours, together, volumes_of
from casefiles.pages.fonts import Tamer
from casefiles.report.data import CaseReport, IdSpan, ReportItem, merged, spans_of
from casefiles.report.items import statement_text
from casefiles.report.said import Code, ItemFact, Moment, NamedValue
from casefiles.report.text import (
    VERIFY_STEPS,
    cover_facts,
    entries_note,
    entry_text,
    hole_rows,
    hole_title,
    holes_texts,
    limits_texts,
    summary_texts,
    taken_in_texts,
    times_texts,
)
from casefiles.report.wording import in_words, items_in_words, spans_in_words
from casefiles.sheet.data import months_after
from config.catalogues import sheet_platform
from config.words import Words

LONGEST = 20_000
"""Characters of a paragraph of ours."""
MOST_NAMED = 12
"""Accounts, and channels, that the summary names; it counts the rest."""
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T.*Z")
_NUMBER = re.compile(r"[0-9]{1,18}")
_LANES = ("posted", "acquired", "stamped")
_STANDARDS = ("iso", "berkeley", "swgde", "acpo")
_WAYS = ("invented", "changed", "left_out", "dated", "account", "print")
_TERMS = ("bundle", "item", "entry", "digest", "log", "seal", "stamp", "withheld", "hole")
_DECLARED = ("operator", "client", "translator")


def make_documents(words: Words, report: CaseReport, *, made_at: str) -> Iterator[Document]:
    """Each volume of a report in turn, for the PDF.

    Args:
        made_at: The time that the documents state; that of the bundle.
    """
    made = volumes_of(together(report.items), ITEMS_A_VOLUME)
    for number, groups in enumerate(made, start=1):
        yield _Volume(words, report, number, groups).document(made_at, of=len(made))


class _Volume:
    """One volume while it is made: it counts its paragraphs, and what was changed in other people's texts."""

    def __init__(self, words: Words, report: CaseReport, number: int, groups: Sequence[Sequence[ReportItem]]) -> None:
        self._words, self._report, self._number, self._groups = words, report, number, groups
        # a sentence of ours may list thousands of entries
        self._tamer, self._paragraphs = Tamer(LONGEST), itertools.count(1)
        self._of_items = Tamer()
        self._draughtsman = Draughtsman(words, self._of_items, report.items, rehearsal=report.rehearsal)

    def document(self, made_at: str, *, of: int) -> Document:
        words, cover, first = self._words, self._report.cover, self._number == 1
        language, _, script = words.language.partition("-")
        exhibits = [self._draughtsman.drawn(group) for group in self._groups]
        parts = self._first(exhibits) if first else self._items(exhibits)
        blocks = list(parts)
        warning = words.say("rehearsal") if self._report.rehearsal else ""
        return Document(
            lang=language,
            script=script.lower() or "auto",
            author=self._line(cover.organisation),
            made_at=made_at,
            running=self._line(f"{words.say('report.title')} \u00b7 {cover.bundle}"),
            warning=warning,
            contents=words.say("pdf.contents") if first else "",
            cover=self._cover(of),
            blocks=blocks,
        )

    def _line(self, text: str) -> str:
        return self._tamer.line(text)

    def _fact(self, value: ItemFact) -> str:
        return self._line(in_words(self._words, value))

    def _numbered(self, texts: Iterable[str]) -> Iterator[Paragraph]:
        for text in texts:
            yield Paragraph(self._line(text), str(next(self._paragraphs)))

    def _said(self, *keys: str) -> Iterator[Paragraph]:
        yield from self._numbered(map(self._words.say, keys))

    # The first page

    def _cover(self, of: int) -> FrontPage:
        words, report = self._words, self._report
        about = [words.say("pdf.what"), words.say("report.no_pictures")]
        about += [words.say("rehearsal.why")] if report.rehearsal else []
        about += [words.say("draft")] if words.draft else []
        items = [item.number for group in self._groups for item in group]
        subtitle = ""
        if of > 1:
            which = spans_in_words(words, spans_of(items))
            subtitle = words.say("pdf.volume", number=str(self._number), volumes=str(of), numbers=which)
        rows = [(words.say(key), self._fact(value)) for key, value in cover_facts(report.cover)]
        return FrontPage(words.say("report.title"), subtitle, about, rows)

    # Every part, in the order of the text

    def _first(self, exhibits: Sequence[Exhibit]) -> Iterator[PageBlock]:
        yield from self._summary()
        yield from self._part("report.how", taken_in_texts(self._words, self._report.taken_in))
        yield from self._part("report.times", times_texts(self._words, self._report))
        yield from self._items(exhibits)
        yield from self._entries()
        yield from self._unseen()
        yield from self._verify()
        yield from self._part("report.limits", limits_texts(self._words, self._report))
        yield from self._log()
        yield from self._declarations()
        yield from self._standards()
        yield from self._forgery()
        yield Heading(self._words.say("pdf.terms"))
        yield from self._said(*(f"pdf.term.{key}" for key in _TERMS))

    def _part(self, key: str, texts: Iterable[str]) -> Iterator[PageBlock]:
        yield Heading(self._words.say(key))
        yield from self._numbered(texts)

    def _items(self, exhibits: Sequence[Exhibit]) -> Iterator[PageBlock]:
        words, tamer = self._words, self._of_items
        yield Heading(words.say("report.table"), on_new_page=True)
        yield from self._said("verifier.exhibits.text", "pdf.exact")
        if any(version.marked for exhibit in exhibits for version in exhibit.versions):
            yield from self._said("pdf.changed")
        counts = (("replaced", tamer.replaced), ("cut", tamer.cut), ("shortened", tamer.shortened))
        yield from self._numbered(words.say(f"pdf.{name}", number=str(count)) for name, count in counts if count)
        yield from self._draughtsman.common()
        yield from exhibits

    # The summary

    def _summary(self) -> Iterator[PageBlock]:
        words, cover = self._words, self._report.cover
        seen = [_Seen.of(item) for item in self._report.items]
        yield Heading(words.say("report.summary"))
        yield from self._numbered(summary_texts(words, self._report))
        yield from self._rows(
            "pdf.asked",
            [(words.say(f"report.cover.{name}"), self._fact(getattr(cover, name))) for name in ("purpose", "reason")],
        )
        yield from self._rows("pdf.urgent", self._urgent(seen))
        yield from self._rows("verifier.what", self._kinds(seen))
        yield from self._rows("pdf.where", self._named((each.channel, each) for each in seen))
        yield from self._rows("pdf.accounts", self._named((each.account, each) for each in seen))
        yield from self._rows("verifier.when", self._periods(seen))
        yield from self._timeline(seen)

    def _rows(self, key: str, rows: Iterable[LabelledRow]) -> Iterator[PageBlock]:
        if made := list(rows):
            yield Heading(self._words.say(key), level=2)
            yield Rows(made)

    def _kinds(self, seen: Sequence["_Seen"]) -> Iterator[LabelledRow]:
        words = self._words
        for kind, count in Counter(each.kind for each in seen).items():
            label = f"verifier.kind.{kind}"
            yield words.say(label) if label in words.texts else words.say("verifier.withheld"), str(count)

    def _named(self, those: Iterable[tuple[tuple[str, str], "_Seen"]]) -> Iterator[LabelledRow]:
        """Channels or accounts with their items, those with the most items first."""
        words = self._words
        names: dict[str, dict[str, None]] = {}
        items: dict[str, list[int]] = {}
        for (number, name), each in those:
            if number:
                names.setdefault(number, {}).update({name: None} if name else {})
                items.setdefault(number, []).append(each.number)
        order = sorted(items, key=lambda number: -len(items[number]))
        for number in order[:MOST_NAMED]:
            which = items_in_words(words, items[number])
            shown = self._line("; ".join(names[number]))
            yield self._line(number), f"{shown} \u00b7 {which}" if shown else which
        if more := len(order) - MOST_NAMED:
            yield from [("", words.say("pdf.more", number=str(more)))] if more > 0 else []

    def _periods(self, seen: Sequence["_Seen"]) -> Iterator[LabelledRow]:
        for lane in _LANES:
            if times := sorted(time for each in seen if (time := getattr(each, lane))):
                yield (
                    self._words.say(f"verifier.exhibit.{lane}"),
                    self._period(times[0], times[-1], up=lane == "stamped"),
                )

    def _period(self, first: str, last: str, *, up: bool) -> str:
        ends = [self._fact(Moment(time, up=up)) for time in (first, last)]
        return ends[0] if ends[0] == ends[1] else self._words.say("report.entry.when", first=ends[0], last=ends[1])

    def _urgent(self, seen: Sequence["_Seen"]) -> Iterator[LabelledRow]:
        """Until when the platform can be asked where the first message was posted from."""
        words, platform = self._words, sheet_platform()
        posted = sorted((each.posted, each.message) for each in seen if each.posted and each.message)
        if not posted:
            return
        until = months_after(date.fromisoformat(posted[0][0][:10]), platform.address_months)
        first = words.say("report.item.message.posted", message=posted[0][1], posted=self._fact(Moment(posted[0][0])))
        yield first, words.say("sheet.address_until", date=until.isoformat())
        clock = words.count("sheet.clock", platform.address_months, platform=platform.name)
        yield "", words.say("sheet.unverified", says=clock, source=platform.source)

    def _timeline(self, seen: Sequence["_Seen"]) -> Iterator[PageBlock]:
        times = {lane: [_seconds(time) for each in seen if (time := getattr(each, lane))] for lane in _LANES}
        every = sorted(itertools.chain.from_iterable(times.values()))
        if not every or every[0] == every[-1]:
            return
        first, last = every[0], every[-1]
        words = self._words
        lanes = [
            Lane(
                words.say(f"verifier.exhibit.{lane}"),
                histogram((time - first) / (last - first) for time in times[lane]),
            )
            for lane in _LANES
            if times[lane]
        ]
        caption = words.say("pdf.timeline")
        periods = "; ".join(f"{label}: {period}" for label, period in self._periods(seen))
        yield Figure(caption, f"{caption}. {periods}", lanes, (_day(first), _day(last)))

    # The other parts

    def _entries(self) -> Iterator[PageBlock]:
        words, report = self._words, self._report
        yield Heading(words.say("report.entries"), on_new_page=True)
        yield from self._numbered([entries_note(words, report), *(entry_text(words, each) for each in report.entries)])

    def _unseen(self) -> Iterator[PageBlock]:
        words, unseen = self._words, self._report.unseen
        yield Heading(words.say("report.holes"))
        if not unseen:
            yield from self._said("report.holes.none")
            return
        yield from self._numbered([" ".join(holes_texts(words, unseen))])
        yield from self._completeness()
        for number, hole in enumerate(unseen, start=1):
            yield from self._numbered([hole_title(words, number, hole)])
            yield Rows([(self._line(label), self._line(value)) for label, value in hole_rows(words, hole)])

    def _completeness(self) -> Iterator[PageBlock]:
        """Which message numbers are shown and which were recorded as not seen, in one strip for each channel."""
        words = self._words
        shown, unseen = self._shown_by_channel(), self._unseen_by_channel()
        lanes, told = [], []
        for channel, spans in list(unseen.items())[:MOST_NAMED]:
            both = merged([*spans, *shown.get(channel, ())])
            over = (both[0][0], both[-1][1])
            ends = words.say("report.span", lo=str(over[0]), hi=str(over[1]))
            lanes.append(Lane(f"{self._line(channel)}\n{ends}", spans_drawn(shown.get(channel, ()), spans, over)))
            told.append(f"{self._line(channel)}: {spans_in_words(words, spans)}")
        if lanes:
            key = (Lane(words.say("pdf.shown"), sign_shown()), Lane(words.say("pdf.unseen"), sign_unseen()))
            caption = words.say("pdf.completeness")
            yield Figure(caption, f"{caption}. {words.say('pdf.unseen')}: {'; '.join(told)}", lanes, ("", ""), key)

    def _shown_by_channel(self) -> Mapping[str, Sequence[IdSpan]]:
        numbers: dict[str, list[int]] = {}
        for each in map(_Seen.of, self._report.items):
            if _NUMBER.fullmatch(each.message):
                numbers.setdefault(each.channel[0], []).append(int(each.message))
        return {channel: spans_of(those) for channel, those in numbers.items()}

    def _unseen_by_channel(self) -> Mapping[str, Sequence[IdSpan]]:
        spans: dict[str, list[IdSpan]] = {}
        for hole in self._report.unseen:
            if isinstance(hole.spans, tuple) and isinstance(hole.channel, str) and hole.spans and not hole.closed:
                spans.setdefault(hole.channel, []).extend(hole.spans)
        return {channel: merged(those) for channel, those in spans.items()}

    def _verify(self) -> Iterator[PageBlock]:
        yield Heading(self._words.say("report.verify"))
        for number, commands in enumerate(VERIFY_STEPS, start=1):
            yield from self._said(f"report.verify.{number}")
            if commands:
                yield Typed(commands)

    def _log(self) -> Iterator[PageBlock]:
        words, log = self._words, self._report.log
        yield Heading(words.say("report.digests"))
        yield from self._numbered([words.say("report.digests.log", origin=log.origin)])
        yield from self._said("report.digests.key")
        yield Typed([log.key])
        yield from self._numbered([words.say("report.digests.checkpoint", size=str(log.size))])
        yield Typed(in_fours(log.checkpoint_sha256))
        yield from self._said("report.digests.token")
        yield Typed(in_fours(log.token_sha256))

    def _declarations(self) -> Iterator[PageBlock]:
        words = self._words
        yield Heading(words.say("pdf.declarations"), on_new_page=True)
        ink = Ink([words.say(f"letter.{key}") for key in ("sign", "signature", "stamp")])
        stated = [(item, each) for item in self._report.items for each in item.stated]
        for name in _DECLARED:
            if name == "client" and not stated:
                continue
            yield Heading(words.say(f"pdf.declare.{name}"), level=2)
            yield from self._said(f"pdf.declare.{name}.text")
            if name == "client":
                yield Rows(
                    [
                        (items_in_words(words, [item.number]), self._line(statement_text(words, each)))
                        for item, each in stated
                    ]
                )
            yield ink

    def _standards(self) -> Iterator[PageBlock]:
        words = self._words
        yield Heading(words.say("pdf.standards"), on_new_page=True)
        yield from self._said("pdf.standards.note")
        head = [words.say(f"pdf.standards.{name}") for name in ("name", "gives", "lacks")]
        rows = [[words.say(f"pdf.{name}{part}") for part in ("", ".gives", ".lacks")] for name in _STANDARDS]
        yield PageTable(head, rows, (4, 5, 5))

    def _forgery(self) -> Iterator[PageBlock]:
        words = self._words
        yield Heading(words.say("pdf.forgery"), on_new_page=True)
        yield from self._said("pdf.forgery.note")
        head = [words.say(f"pdf.forgery.{name}") for name in ("way", "excludes", "leaves")]
        rows = [[words.say(f"pdf.way.{name}{part}") for part in ("", ".excludes", ".leaves")] for name in _WAYS]
        yield PageTable(head, rows, (4, 5, 5))


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the summary needs of an item; a text is empty if it is withheld or not there."""

    number: int
    kind: str
    channel: tuple[str, str]
    account: tuple[str, str]
    message: str
    posted: str
    acquired: str
    stamped: str

    @classmethod
    def of(cls, item: ReportItem) -> "_Seen":
        values = {part.code: part.value for part in item.parts if isinstance(part, NamedValue)}
        text = {code: value for code, value in values.items() if isinstance(value, str)}
        kind, posted = values.get("item.kind"), values.get("item.posted_at")
        return cls(
            number=item.number,
            kind=kind.value if isinstance(kind, Code) else "",
            channel=(
                text.get("item.channel_id", text.get("item.addition", "")),
                text.get("item.channel_title", text.get("item.addition_source", "")),
            ),
            account=(text.get("item.sender_id", ""), text.get("item.sender_name", "")),
            message=text.get("item.message_id", ""),
            posted=_time(posted),
            acquired=_time(item.acquired_at),
            stamped=item.by.at,
        )


def _time(value: ItemFact) -> str:
    return value.at if isinstance(value, Moment) and _TIME.fullmatch(value.at) else ""


def _seconds(time: str) -> float:
    return datetime.fromisoformat(time).timestamp()


def _day(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, tz=UTC).date().isoformat()
