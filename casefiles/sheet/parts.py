"""What a sheet for the platform says, part by part and in words: what the text and the PDF lay out.

Here is every sentence of a sheet, once. What people chose, such as the name of an account, is spelled so that it can
move nothing, and ends its line. Pure; standard library only.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from casefiles.report.lines import spelled
from casefiles.report.said import Code, ItemFact
from casefiles.report.wording import fact
from casefiles.sheet.data import (
    AskedBefore,
    Deleted,
    Origin,
    PlatformSheet,
    SentFile,
    SheetAccount,
    SheetChat,
    SheetKind,
    SheetPost,
)
from config.times import told_time
from config.words import Words

if TYPE_CHECKING:
    from config.catalogues import PlatformRule

_ABOUT = ("offence", "terms", "order")
_TO_FILL_IN = {
    SheetKind.DISCLOSURE: ("authority", "number", "offence", "facts", "answer"),
    SheetKind.PRESERVATION: ("a.authority", "number", "b.offence", "b.facts", "f.assistance", "answer"),
    SheetKind.NOTICE: ("name", "role", "contact"),
}
"""What a person writes by hand above the sheet's own part."""
_SIGNED = ("place", "signature")


@dataclass(frozen=True, slots=True)
class SheetHeading:
    """The heading of a part of a sheet."""

    text: str


@dataclass(frozen=True, slots=True)
class SheetText:
    """A paragraph of a sheet.

    Attributes:
        mark: What stands before it: ``c.`` or ``-``; empty for none.
        apart: It stands by itself, between empty lines.
    """

    text: str
    mark: str = ""
    apart: bool = False


@dataclass(frozen=True, slots=True)
class SheetLines:
    """Lines of a sheet to fill in by hand, by their labels."""

    labels: Sequence[str]


@dataclass(frozen=True, slots=True)
class SheetRow:
    """A label and a value.

    Attributes:
        below: It belongs to the row above.
        ours: Its value is words of ours, which may break at any space.
    """

    label: str
    value: str
    below: bool = False
    ours: bool = False


@dataclass(frozen=True, slots=True)
class SheetCard:
    """One message: its number and name, its addresses, its date, and its rows."""

    number: int
    title: str
    lines: Sequence[str]
    rows: Sequence[SheetRow]


SheetPart: TypeAlias = "SheetHeading | SheetText | SheetLines | SheetRow | SheetCard"


def sheet_title(words: Words, sheet: PlatformSheet) -> str:
    """The title of a sheet."""
    return words.say(f"sheet.title.{sheet.kind}")


def sheet_parts(words: Words, sheet: PlatformSheet) -> Iterator[SheetPart]:
    """The parts of a sheet below its title, in one language."""
    yield SheetText(words.say(f"sheet.intro.{sheet.kind}", platform=sheet.platform.name))
    yield SheetHeading(words.say("sheet.by_hand"))
    yield _by_hand(words, _TO_FILL_IN[sheet.kind])
    yield SheetHeading(words.say("sheet.asked"))
    yield from _asked(words, sheet)
    yield from _rules(words, sheet.rules)
    if sheet.kind is not SheetKind.NOTICE:
        yield SheetHeading(words.say("sheet.accounts"))
        yield from _accounts(words, sheet.accounts)
    yield SheetHeading(words.say("sheet.chats"))
    yield from _chats(words, sheet.chats)
    yield SheetHeading(words.say("sheet.messages"))
    yield SheetText(_clock(words, sheet))
    for number, post in enumerate(sheet.posts, start=1):
        yield _card(words, number, post, named=sheet.kind is not SheetKind.NOTICE)
    yield SheetHeading(words.say("sheet.before"))
    yield from _before(words, _told_before(sheet))
    made = words.say("sheet.made", at=told_time(sheet.made_at), case=spelled(sheet.case_id))
    yield SheetText(made, apart=True)
    yield _by_hand(words, _SIGNED)


def _by_hand(words: Words, keys: Iterable[str]) -> SheetLines:
    return SheetLines([words.say(f"sheet.by_hand.{key}") for key in keys])


def _asked(words: Words, sheet: PlatformSheet) -> Iterator[SheetText]:
    if sheet.kind is SheetKind.PRESERVATION:
        for point in ("c", "d", "e", "f"):
            yield SheetText(words.say(f"sheet.asked.preservation.{point}", platform=sheet.platform.name), f"{point}.")
        return
    yield SheetText(words.say(f"sheet.asked.{sheet.kind}"))
    yield SheetText(words.say(f"sheet.stated.{sheet.kind}"))


def _rules(words: Words, rules: Sequence["PlatformRule"]) -> Iterator[SheetPart]:
    if rules:
        yield SheetHeading(words.say("sheet.rules"))
    for about in _ABOUT:
        for rule in (rule for rule in rules if rule.about == about):
            yield SheetText(_with_source(words, rule.says, rule.source, rule.verified_by), "-")


def _with_source(words: Words, says: str, source: str, verified_by: str | None) -> str:
    key = "sheet.unverified" if verified_by is None else "sheet.verified"
    return words.say(key, says=says, source=source)


def _accounts(words: Words, accounts: Sequence[SheetAccount]) -> Iterator[SheetPart]:
    if not accounts:
        yield SheetText(words.say("sheet.no_account"))
    for account in accounts:
        yield SheetRow(words.say("sheet.account"), _number(words, account.id))
        yield from _each(words, "sheet.account.shown_as", account.names)
        yield from _each(words, "sheet.account.username", account.usernames)


def _chats(words: Words, chats: Sequence[SheetChat]) -> Iterator[SheetRow]:
    for chat in chats:
        kind = fact(words, Code("chat", chat.type)) if chat.type else words.say("sheet.chat.any")
        yield SheetRow(words.say("sheet.chat"), f"{chat.id} ({kind})")
        yield from _each(words, "sheet.chat.title", chat.titles)
        yield from _each(words, "sheet.chat.username", chat.usernames)
        for known in chat.community:
            yield SheetRow(words.say("sheet.chat.community"), _number(words, known), below=True)


def _each(words: Words, key: str, values: Iterable[ItemFact]) -> Iterator[SheetRow]:
    for value in values:
        yield SheetRow(words.say(key), fact(words, value), below=True)


def _number(words: Words, identifier: str) -> str:
    """``user123`` as its number, with what it is behind it; an identifier of another form as it is."""
    kind = identifier.rstrip("0123456789")
    if (key := f"sheet.id.{kind}") not in words.texts:
        return spelled(identifier)
    return f"{identifier.removeprefix(kind)} ({words.say(key)})"


def _clock(words: Words, sheet: PlatformSheet) -> str:
    platform = sheet.platform
    says = words.count("sheet.clock", platform.address_months, platform=platform.name)
    return _with_source(words, says, platform.source, platform.verified_by)


def _card(words: Words, number: int, post: SheetPost, *, named: bool) -> SheetCard:
    gone = words.say("sheet.unknown_date") if post.address_until is None else post.address_until.isoformat()
    lines = [*(post.links or (words.say("sheet.no_link"),)), words.say("sheet.address_until", date=gone)]
    title = words.say("sheet.message", chat=post.chat, message=post.message)
    return SheetCard(number, title, lines, list(post_rows(words, post, named=named)))


def post_rows(words: Words, post: SheetPost, *, named: bool = True) -> Iterator[SheetRow]:
    """The rows of one message of a sheet.

    Args:
        named: Whether the sheet tells which accounts posted.
    """
    posted = told_time(post.posted_at) or words.say("sheet.unknown_date")
    yield SheetRow(words.say("sheet.posted"), posted, below=True)
    if named:
        shown = words.say("sheet.no_account") if post.account is None else _number(words, post.account)
        yield SheetRow(words.say("sheet.account"), shown, below=True)
        for origin in post.origins:
            yield SheetRow(words.say("sheet.origin"), _origin(words, origin), below=True, ours=True)
    for at in post.edited_at:
        yield SheetRow(words.say("sheet.edited"), told_time(at), below=True)
    for gone_at in post.deleted:
        yield SheetRow(words.say("sheet.deleted"), _deleted(words, gone_at), below=True, ours=True)
    for file in post.files:
        yield SheetRow(words.say("sheet.file"), _file(words, file), below=True)


def _origin(words: Words, origin: Origin) -> str:
    parts = [_number(words, origin.id)]
    parts += [words.say("sheet.origin.message", message=origin.message)] if origin.message else []
    parts += [words.say("sheet.origin.posted", at=told_time(origin.posted_at))] if origin.posted_at else []
    return ", ".join(parts)


def _deleted(words: Words, gone: Deleted) -> str:
    return words.say(f"sheet.deleted.{gone.how}", at=told_time(gone.recorded_at))


def _file(words: Words, file: SentFile) -> str:
    kind = fact(words, Code("media.type", file.kind))
    if file.data_centre is None:
        return words.say("sheet.file.id", kind=kind, id=file.id)
    return words.say("sheet.file.at", kind=kind, id=file.id, centre=file.data_centre)


def _told_before(sheet: PlatformSheet) -> Sequence[AskedBefore]:
    """The earlier sheets that this one may tell: a notice can reach the account holder, and says nothing of a case."""
    if sheet.kind is not SheetKind.NOTICE:
        return sheet.asked_before
    return [made for made in sheet.asked_before if made.kind is SheetKind.NOTICE]


def _before(words: Words, earlier: Sequence[AskedBefore]) -> Iterator[SheetText]:
    if not earlier:
        yield SheetText(words.say("sheet.before.none"))
    for made in earlier:
        said = words.say(f"sheet.title.{made.kind}")
        counted = words.count("sheet.before.same", made.same, items=str(made.items))
        yield SheetText(words.say("sheet.before.one", at=told_time(made.made_at), sheet=said, same=counted), "-")
