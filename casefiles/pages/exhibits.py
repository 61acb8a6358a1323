"""The exhibits: the items of one message in one drawing, as they were posted, edited and deleted.

A message is drawn with the name and number of its account, its text as posted, and a grey box where a picture or
file was. An edit shows what changed since the version above it. The message that it answers, and its direct replies,
stand beside it in short, if they are in the case. What else an item says stands below in rows; what every item says in
the same words stands once, before them. Only the limits of a page leave out anything that an item says, and that is
counted. Pure; standard library only.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from casefiles.pages.blocks import (
    DrawnItem,
    Exhibit,
    GreyBox,
    LabelledRow,
    Neighbour,
    NeighbourList,
    Paragraph,
    Rows,
)
from casefiles.pages.changes import marked_lines
from casefiles.pages.fonts import Tamer
from casefiles.report.data import ReportItem
from casefiles.report.items import source_text, statement_text
from casefiles.report.said import Code, Digest, ItemFact, ItemPart, NamedValue, Quote
from casefiles.report.wording import in_words, items_in_words, label_of, worded
from config.words import Words
from evidence.canonical import jcs

_KIND, _TEXT, _ACTION, _SHA256 = "item.kind", "item.text", "item.action", "item.sha256"
_NAME, _NUMBER, _POSTED = "item.sender_name", "item.sender_id", "item.posted_at"
_CHANNEL, _MESSAGE, _ANSWERED = "item.channel_id", "item.message_id", "item.reply_to"
_OF_A_FILE = ("item.file_name", "item.media_type", "item.bytes")
_MEDIA = "item.media"
_DRAWN = frozenset({_KIND, _TEXT, _NAME, _NUMBER, _POSTED, _SHA256, *_OF_A_FILE})
"""What the drawing itself says; the rest is in rows."""
_GROUP, _GROUPS_A_LINE = 4, 8
_MOST_REPLIES, _EXCERPT = 6, 240
"""Replies that are drawn beside a message, and characters of each neighbour that are."""
_DEEP = "\u00a0\u00a0\u00a0"


def together(items: Sequence[ReportItem]) -> list[list[ReportItem]]:
    """The items that an exhibit of the PDF draws together, by the message to which they belong.

    They are in the order in which the first of each stands in the log.
    """
    groups: dict[object, list[ReportItem]] = {}
    for item in items:
        place = _place_of(item, _MESSAGE)
        groups.setdefault(item.index if place is None else place, []).append(item)
    return list(groups.values())


def volumes_of(groups: Iterable[Sequence[ReportItem]], most: int) -> list[list[Sequence[ReportItem]]]:
    """The groups of exhibits in volumes of the PDF, of ``most`` items each but the last.

    A message that does not fit continues in the next volume.
    """
    volumes: list[list[Sequence[ReportItem]]] = [[]]
    room = most
    for group in groups:
        rest = group
        while rest:
            if not room:
                volumes.append([])
                room = most
            part, rest = rest[:room], rest[room:]
            volumes[-1].append(part)
            room -= len(part)
    return volumes


class Draughtsman:
    """Draws the exhibits of one report.

    Args:
        items: All items, also if several volumes draw them: what they have in common is told once.
    """

    def __init__(self, words: Words, tamer: Tamer, items: Sequence[ReportItem], *, rehearsal: bool) -> None:
        self._words, self._tamer, self._rehearsal = words, tamer, rehearsal
        self._common = self._in_common(items)
        self._by_place: dict[object, list[ReportItem]] = {}
        self._replies: dict[object, dict[object, None]] = {}
        for item in items:
            place, answered = _place_of(item, _MESSAGE), _place_of(item, _ANSWERED)
            if place is not None:
                self._by_place.setdefault(place, []).append(item)
                self._replies.setdefault(answered, {})[place] = None

    def common(self) -> Iterator[Paragraph | Rows]:
        """What is the same for every item."""
        if self._common:
            yield Paragraph(self._words.say("report.items.common"))
            yield Rows([(label, value) for label, value in self._common])

    def drawn(self, group: Sequence[ReportItem]) -> Exhibit:
        """The exhibit of one message."""
        words = self._words
        those = items_in_words(words, (item.number for item in group))
        place, answered = (_place_of(group[0], code) for code in (_MESSAGE, _ANSWERED))
        replies = [] if place is None else list(self._replies.get(place, ()))
        return Exhibit(
            words.say("pdf.exhibit", items=those),
            words.say("pdf.drawn"),
            list(_with_changes(map(self._version, group))),
            tuple(self._neighbours("pdf.answers", [answered] if answered in self._by_place else [])),
            tuple(self._neighbours("pdf.replies", replies)),
        )

    def _neighbours(self, key: str, places: Sequence[object]) -> Iterator[NeighbourList]:
        if places:
            more = len(places) - _MOST_REPLIES
            told = self._words.say("pdf.more", number=str(more)) if more > 0 else ""
            those = [self._neighbour(self._by_place[place]) for place in places[:_MOST_REPLIES]]
            yield NeighbourList(self._words.say(key), those, told)

    def _neighbour(self, items: Sequence[ReportItem]) -> Neighbour:
        """A message as it was first; what is changed in its text here is counted where its own exhibit has it."""
        counted, self._tamer = self._tamer, Tamer(_EXCERPT)
        words, first = self._words, items[0]
        parts = _by_code(first)
        part = parts.get(_TEXT)
        text = self._tamer.line(in_words(words, part.text).replace("\n", " ")) if isinstance(part, Quote) else ""
        text = words.say("report.value_withheld") if "text" in first.withheld else text
        boxes = ["" if text else box.title for box in self._boxes(parts)]
        neighbour = Neighbour(
            items_in_words(words, (item.number for item in items)),
            self._name(first, parts),
            self._fact(_value(parts, _NUMBER)) if _NUMBER in parts else "",
            self._when(parts),
            text or " ".join(boxes),
        )
        self._tamer = counted
        return neighbour

    def _version(self, item: ReportItem) -> DrawnItem:
        words, parts = self._words, _by_code(item)
        kind = _value(parts, _KIND)
        label = f"verifier.kind.{kind.value}" if isinstance(kind, Code) else ""
        common = set(self._common)
        return DrawnItem(
            kind=words.say(label) if label in words.texts else self._fact(kind),
            place=words.say("report.item", number=str(item.number), index=str(item.index), event=item.event),
            name=self._name(item, parts),
            number=self._fact(_value(parts, _NUMBER)) if _NUMBER in parts else "",
            when=self._when(parts),
            text=self._text(item, parts),
            boxes=list(self._boxes(parts)),
            rows=[row for row in self._rows(item) if row not in common],
            gone=isinstance(kind, Code) and kind.value == "deletion",
        )

    def _name(self, item: ReportItem, parts: Mapping[str, ItemPart]) -> str:
        if "sender_name" in item.withheld:
            return self._words.say("report.value_withheld")
        return self._fact(_value(parts, _NAME)) if _NAME in parts else ""

    def _when(self, parts: Mapping[str, ItemPart]) -> str:
        return self._fact(_value(parts, _POSTED)) if _POSTED in parts else ""

    def _text(self, item: ReportItem, parts: Mapping[str, ItemPart]) -> list[str]:
        if "text" in item.withheld:
            return [self._words.say("report.value_withheld")]
        part = parts.get(_TEXT)
        return self._tamer.lines(in_words(self._words, part.text)).split("\n") if isinstance(part, Quote) else []

    def _boxes(self, parts: Mapping[str, ItemPart]) -> Iterator[GreyBox]:
        digest = parts.get(_SHA256)
        if digest is None and _MEDIA not in parts:
            return
        words = self._words
        rows = [(label_of(words, code), self._fact(_value(parts, code))) for code in _OF_A_FILE if code in parts]
        sha256 = digest.sha256 if isinstance(digest, Digest) else None
        lines: list[str] = []
        if isinstance(digest, Digest):
            rows.append((label_of(words, _SHA256), "" if sha256 else words.say("report.item.unread")))
            lines = in_fours(sha256) if isinstance(sha256, str) else []
        yield GreyBox(words.say("verifier.exhibit.grey"), rows, lines)

    def _rows(self, item: ReportItem) -> Iterator[LabelledRow]:
        """What an item says beside its drawing."""
        words = self._words
        for part in item.parts:
            if part.code not in _DRAWN or (part.code == _TEXT and not isinstance(part, Quote)):
                yield from self._part(part)
        for name, numbers in (("files", item.files), ("carriers", item.carriers), ("same", item.same)):
            if numbers:
                yield words.say(f"report.item.{name}"), items_in_words(words, numbers)
        for source in item.sources:
            yield words.say("report.item.source"), source_text(words, source)
        for stated in item.stated:
            yield words.say("report.item.stated"), self._tamer.line(statement_text(words, stated))
        yield words.say("report.item.acquired"), self._fact(item.acquired_at)
        yield self._proven(item)
        if item.withheld:
            names = (label_of(words, f"item.{name}") for name in item.withheld)
            yield words.say("report.item.withheld"), ", ".join(names)

    def _proven(self, item: ReportItem) -> LabelledRow:
        words, by = self._words, self._fact(item.by)
        if item.after is None:
            return worded(words, "report.item.by", rehearsal=self._rehearsal), by
        both = words.say("report.item.between.both", after=self._fact(item.after), by=by)
        return worded(words, "report.item.between", rehearsal=self._rehearsal), both

    def _part(self, part: ItemPart, indent: str = "") -> Iterator[LabelledRow]:
        """A part and what belongs to it, each in a row."""
        label = self._tamer.line(label_of(self._words, part.code))
        if isinstance(part, Digest):
            yield indent + label, self._fact(part.sha256) if part.sha256 else self._words.say("report.item.unread")
            return
        label = label if part.number is None else f"{label} {part.number}"
        if isinstance(part, Quote):
            yield indent + label, self._tamer.lines(in_words(self._words, part.text))
        elif part.value is None and part.parts:
            yield indent + label, ""
        else:
            yield indent + label, self._fact(part.value)
        for below in part.parts:
            yield from self._part(below, indent + _DEEP)

    def _fact(self, value: ItemFact) -> str:
        return self._tamer.line(in_words(self._words, value))

    def _in_common(self, items: Sequence[ReportItem]) -> dict[LabelledRow, None]:
        """Rows that every item has, in their order; one item alone has nothing in common with others."""
        if len(items) < 2:  # noqa: PLR2004 - two
            return {}
        counting = Tamer()  # what is looked at here is counted where it is shown
        self._tamer, kept = counting, self._tamer
        common = dict.fromkeys(self._rows(items[0]))
        for item in items[1:]:
            own = set(self._rows(item))
            common = {row: None for row in common if row in own}
        self._tamer = kept
        return {row: None for row in common if row[1] and not row[0].startswith(_DEEP)}


def _with_changes(versions: Iterable[DrawnItem]) -> Iterator[DrawnItem]:
    """Each version of a message, with what changed since the one above that has a text."""
    above: str | None = None
    for version in versions:
        text = "\n".join(version.text)
        is_changed = above is not None and bool(text) and text != above
        yield replace(version, marked=marked_lines(above or "", text)) if is_changed else version
        above = text or above


def in_fours(digest: str) -> list[str]:
    """A digest for a page of the PDF, in groups of 4, 8 groups a line."""
    groups = [digest[at : at + _GROUP] for at in range(0, len(digest), _GROUP)]
    return [" ".join(groups[at : at + _GROUPS_A_LINE]) for at in range(0, len(groups), _GROUPS_A_LINE)]


def _place_of(item: ReportItem, code: str) -> object:
    """Where a message is, by its channel and what an item says of a number; None where it says none."""
    parts = _by_code(item)
    number = _value(parts, code)
    return None if number is None else (jcs(_value(parts, _CHANNEL)), jcs(number))  # type: ignore[arg-type]  # plain


def _by_code(item: ReportItem) -> Mapping[str, ItemPart]:
    return {part.code: part for part in item.parts}


def _value(parts: Mapping[str, ItemPart], code: str) -> ItemFact:
    part = parts.get(code)
    return part.value if isinstance(part, NamedValue) else None
