"""The sheet for a hotline or the police: what may show a child, where it stood and when, without a picture.

It has channel and message by number, links, times, sizes and digests, the identifiers that the log commits to, and who
reports: the office. It has no name of a person, no text of a message, no name of a file and no reason that somebody
wrote, since each of these can name somebody. Pure; standard library only.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from casefiles.report.lines import joined, spelled, title
from casefiles.report.said import Code
from casefiles.report.text import banner
from casefiles.report.wording import fact
from casefiles.sheet.data import SheetPost, is_at_platform, seen_posts
from casefiles.sheet.parts import SheetCard, SheetHeading, SheetLines, SheetPart, SheetRow, SheetText, post_rows
from casefiles.sheet.text import part_text
from config.times import told_time
from config.words import Words
from evidence.canonical import Value

if TYPE_CHECKING:
    from config.catalogues import ChildHotline, ChildRule

_GROUP = 8
_NEW_PAGE = "\f"
_TO_FILL_IN = ("hotline.to", "sheet.by_hand.number", "sheet.by_hand.contact")
_SIGNED = ("sheet.by_hand.place", "sheet.by_hand.signature")


@dataclass(frozen=True, slots=True)
class ReportedItem:
    """A frozen item, as the log has it.

    Attributes:
        entry: Where in the log it is.
        kept: Whether its bytes are sealed here.
        values: Of its record, by NAME.
    """

    item: str
    entry: int
    kept: bool
    values: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class ReportedPost:
    """A message with its frozen items; a file that somebody brought has no message.

    Attributes:
        recorded_at: When the first of the items was recorded.
    """

    post: SheetPost | None
    recorded_at: str
    items: tuple[ReportedItem, ...]


@dataclass(frozen=True, slots=True)
class NamedFreeze:
    """That something was frozen, when, and on whose hint (``FreezeHint``)."""

    at: str
    hint: str


@dataclass(frozen=True, slots=True)
class HotlineSheet:
    """A whole sheet for a hotline.

    Attributes:
        organisation: Who reports.
        log: The origin of the log.
    """

    rehearsal: bool
    organisation: str
    log: str
    made_at: str
    rule: "ChildRule"
    hotlines: "tuple[ChildHotline, ...]"
    freezes: tuple[NamedFreeze, ...]
    posts: tuple[ReportedPost, ...]

    @property
    def items(self) -> tuple[str, ...]:
        """The items that it is of."""
        return tuple(each.item for post in self.posts for each in post.items)


def reported_posts(items: Iterable[ReportedItem], months: int) -> tuple[ReportedPost, ...]:
    """Frozen items by their messages, the most urgent first, as the sheet for a hotline tells of them.

    Args:
        months: For how many months the platform says that it keeps the address of who posted.
    """
    there, alone = list[ReportedItem](), list[ReportedItem]()
    for each in items:
        placed = is_at_platform(each.values) and isinstance(each.values.get("message_id"), str)
        (there if placed else alone).append(each)
    _chats, posts = seen_posts((each.values for each in there), months)
    at = defaultdict[tuple[str, object], list[ReportedItem]](list)
    for each in there:
        at[str(each.values["channel_id"]), each.values["message_id"]].append(each)
    found = [_reported(post, at[post.chat, post.message]) for post in posts]
    return (*found, *(_reported(None, [each]) for each in alone))


def _reported(post: SheetPost | None, items: Sequence[ReportedItem]) -> ReportedPost:
    return ReportedPost(post, min(str(each.values.get("at")) for each in items), tuple(items))


def hotline_text(sheet: HotlineSheet, languages: Sequence[Words]) -> str:
    """The sheet for a hotline as text, in each of these languages once, each on a page of its own."""
    return _NEW_PAGE.join(joined(_page(words, sheet)) for words in {each.language: each for each in languages}.values())


def _page(words: Words, sheet: HotlineSheet) -> Iterator[str]:
    yield from banner(words, rehearsal=sheet.rehearsal)
    yield from title(words.say("hotline.title"))
    for part in hotline_parts(words, sheet):
        yield from part_text(part)


def hotline_parts(words: Words, sheet: HotlineSheet) -> Iterator[SheetPart]:
    """The parts of the sheet for a hotline below its title, in one language."""
    yield SheetText(words.say("hotline.intro"))
    yield SheetHeading(words.say("sheet.by_hand"))
    yield SheetLines([words.say(key) for key in _TO_FILL_IN])
    yield SheetHeading(words.say("hotline.who"))
    yield SheetText(spelled(sheet.organisation))
    yield SheetHeading(words.say("hotline.whom"))
    yield from _hotlines(words, sheet.hotlines)
    yield SheetHeading(words.say("hotline.rule"))
    yield SheetText(_with_source(words, sheet.rule.says, sheet.rule.source, sheet.rule.verified_by))
    yield SheetHeading(words.say("hotline.found"))
    for each in sheet.freezes:
        yield SheetText(words.say(f"hotline.by.{each.hint}", at=told_time(each.at)), "-")
    for number, post in enumerate(sheet.posts, start=1):
        yield _card(words, number, post)
    yield SheetText(words.say("hotline.made", at=told_time(sheet.made_at), log=spelled(sheet.log)), apart=True)
    yield SheetLines([words.say(key) for key in _SIGNED])


def _hotlines(words: Words, hotlines: Sequence["ChildHotline"]) -> Iterator[SheetText]:
    if not hotlines:
        yield SheetText(words.say("hotline.none"))
    for each in hotlines:
        yield SheetText(_with_source(words, each.says, each.source, each.verified_by), "-")


def _with_source(words: Words, says: str, source: str, verified_by: str | None) -> str:
    key = "sheet.unverified" if verified_by is None else "sheet.verified"
    return words.say(key, says=says, source=source)


def _card(words: Words, number: int, reported: ReportedPost) -> SheetCard:
    post, rows = reported.post, list[SheetRow]()
    rows.append(SheetRow(words.say("hotline.recorded"), told_time(reported.recorded_at), below=True))
    for each in reported.items:
        rows += _item_rows(words, each)
    if post is None:
        return SheetCard(number, words.say("hotline.brought"), [], rows)
    name = words.say("sheet.message", chat=post.chat, message=post.message)
    return SheetCard(number, name, post.links or (words.say("sheet.no_link"),), [*post_rows(words, post), *rows])


def _item_rows(words: Words, each: ReportedItem) -> Iterator[SheetRow]:
    kind = fact(words, Code("kind", str(each.values.get("kind"))))
    told = words.say("hotline.entry", kind=kind, entry=str(each.entry))
    yield SheetRow(words.say("hotline.item"), told, below=True, ours=True)
    yield SheetRow(words.say("hotline.id"), each.item, below=True)
    size, digest = each.values.get("bytes"), each.values.get("sha256")
    if isinstance(size, str) and size.isdecimal():
        yield SheetRow(words.say("hotline.bytes"), size, below=True)
    if isinstance(digest, str):
        yield SheetRow("SHA-256", _grouped(digest), below=True)
        kept = words.say("hotline.kept.yes" if each.kept else "hotline.kept.no")
        yield SheetRow(words.say("hotline.kept"), kept, below=True, ours=True)


def _grouped(digest: str) -> str:
    """In groups, so that a line breaks between two of them."""
    return " ".join(digest[at : at + _GROUP] for at in range(0, len(digest), _GROUP))
