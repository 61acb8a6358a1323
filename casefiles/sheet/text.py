"""A sheet for the platform as text, 78 columns wide: in English, and behind it in her language where that is another.

The platform reads English; she, her lawyer and the authority read their own language. What people chose, such as the
name of an account, is spelled so that it can move nothing, and ends its line.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from casefiles.report.lines import heading, joined, labelled, paragraph, row, spelled, title
from casefiles.report.said import Code, ItemFact
from casefiles.report.text import banner
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

_RULE = "_" * 52
_NEW_PAGE = "\f"
_IN = "   "
_ABOUT = ("offence", "terms", "order")
_TO_FILL_IN = {
    SheetKind.DISCLOSURE: ("authority", "number", "offence", "facts", "answer"),
    SheetKind.PRESERVATION: ("a.authority", "number", "b.offence", "b.facts", "f.assistance", "answer"),
    SheetKind.NOTICE: ("name", "role", "contact"),
}
"""What a person writes by hand above the sheet's own part."""
_SIGNED = ("place", "signature")


def sheet_text(sheet: PlatformSheet, languages: Sequence[Words]) -> str:
    """The sheet for the platform in each of these languages once, each on a page of its own."""
    pages = [joined(_page(words, sheet)) for words in {words.language: words for words in languages}.values()]
    return _NEW_PAGE.join(pages)


def _page(words: Words, sheet: PlatformSheet) -> Iterator[str]:
    yield from banner(words, rehearsal=sheet.rehearsal)
    yield from title(words.say(f"sheet.title.{sheet.kind}"))
    yield paragraph(words.say(f"sheet.intro.{sheet.kind}", platform=sheet.platform.name))
    yield from heading(words.say("sheet.by_hand"))
    yield from _by_hand(words, _TO_FILL_IN[sheet.kind])
    yield from heading(words.say("sheet.asked"))
    yield from _asked(words, sheet)
    yield from _rules(words, sheet.rules)
    if sheet.kind is not SheetKind.NOTICE:
        yield from heading(words.say("sheet.accounts"))
        yield from _accounts(words, sheet.accounts)
    yield from heading(words.say("sheet.chats"))
    yield from _chats(words, sheet.chats)
    yield from heading(words.say("sheet.messages"))
    yield paragraph(_clock(words, sheet))
    for number, post in enumerate(sheet.posts, start=1):
        yield from _post(words, number, post, named=sheet.kind is not SheetKind.NOTICE)
    yield from heading(words.say("sheet.before"))
    yield from _before(words, _told_before(sheet))
    yield from ("", paragraph(words.say("sheet.made", at=told_time(sheet.made_at), case=spelled(sheet.case_id))))
    yield ""
    yield from _by_hand(words, _SIGNED)


def _by_hand(words: Words, keys: Iterable[str]) -> Iterator[str]:
    for key in keys:
        yield from labelled(words.say(f"sheet.by_hand.{key}"), _RULE)


def _asked(words: Words, sheet: PlatformSheet) -> Iterator[str]:
    if sheet.kind is SheetKind.PRESERVATION:
        for point in ("c", "d", "e", "f"):
            text = words.say(f"sheet.asked.preservation.{point}", platform=sheet.platform.name)
            yield paragraph(text, indent=f"{point}. ")
        return
    yield paragraph(words.say(f"sheet.asked.{sheet.kind}"))
    yield paragraph(words.say(f"sheet.stated.{sheet.kind}"))


def _rules(words: Words, rules: Sequence["PlatformRule"]) -> Iterator[str]:
    if rules:
        yield from heading(words.say("sheet.rules"))
    for about in _ABOUT:
        for rule in (rule for rule in rules if rule.about == about):
            yield paragraph(_with_source(words, rule.says, rule.source, rule.verified_by), indent="- ")


def _with_source(words: Words, says: str, source: str, verified_by: str | None) -> str:
    key = "sheet.unverified" if verified_by is None else "sheet.verified"
    return words.say(key, says=says, source=source)


def _accounts(words: Words, accounts: Sequence[SheetAccount]) -> Iterator[str]:
    if not accounts:
        yield paragraph(words.say("sheet.no_account"))
    for account in accounts:
        yield from row(words.say("sheet.account"), _number(words, account.id))
        yield from _each(words, "sheet.account.shown_as", account.names)
        yield from _each(words, "sheet.account.username", account.usernames)


def _chats(words: Words, chats: Sequence[SheetChat]) -> Iterator[str]:
    for chat in chats:
        kind = fact(words, Code("chat", chat.type)) if chat.type else words.say("sheet.chat.any")
        yield from row(words.say("sheet.chat"), f"{chat.id} ({kind})")
        yield from _each(words, "sheet.chat.title", chat.titles)
        yield from _each(words, "sheet.chat.username", chat.usernames)
        for known in chat.community:
            yield from row(words.say("sheet.chat.community"), _number(words, known), indent=_IN)


def _each(words: Words, key: str, values: Iterable[ItemFact]) -> Iterator[str]:
    for value in values:
        yield from row(words.say(key), fact(words, value), indent=_IN)


def _number(words: Words, identifier: str) -> str:
    """``user123`` as its number, with what it is behind it; an identifier of another form as it is."""
    kind = identifier.rstrip("0123456789")
    if (key := f"sheet.id.{kind}") not in words.texts:
        return spelled(identifier)
    return f"{identifier.removeprefix(kind)} ({words.say(key)})"


def _clock(words: Words, sheet: PlatformSheet) -> str:
    platform = sheet.platform
    says = words.say("sheet.clock", platform=platform.name, months=str(platform.address_months))
    return _with_source(words, says, platform.source, platform.verified_by)


def _post(words: Words, number: int, post: SheetPost, *, named: bool) -> Iterator[str]:
    yield ""
    yield f"{number}. " + words.say("sheet.message", chat=post.chat, message=post.message)
    yield from (_IN + link for link in post.links or (words.say("sheet.no_link"),))
    gone = words.say("sheet.unknown_date") if post.address_until is None else post.address_until.isoformat()
    yield _IN + words.say("sheet.address_until", date=gone)
    yield from row(words.say("sheet.posted"), told_time(post.posted_at) or words.say("sheet.unknown_date"), indent=_IN)
    if named:
        shown = words.say("sheet.no_account") if post.account is None else _number(words, post.account)
        yield from row(words.say("sheet.account"), shown, indent=_IN)
        for origin in post.origins:
            yield from labelled(words.say("sheet.origin"), _origin(words, origin), indent=_IN)
    for at in post.edited_at:
        yield from row(words.say("sheet.edited"), told_time(at), indent=_IN)
    for gone_at in post.deleted:
        yield from labelled(words.say("sheet.deleted"), _deleted(words, gone_at), indent=_IN)
    for file in post.files:
        yield from row(words.say("sheet.file"), _file(words, file), indent=_IN)


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


def _before(words: Words, earlier: Sequence[AskedBefore]) -> Iterator[str]:
    if not earlier:
        yield paragraph(words.say("sheet.before.none"))
    for made in earlier:
        said = words.say(f"sheet.title.{made.kind}")
        counted = words.count("sheet.before.same", made.same, items=str(made.items))
        yield paragraph(
            words.say("sheet.before.one", at=told_time(made.made_at), sheet=said, same=counted), indent="- "
        )
