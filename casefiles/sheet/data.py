"""What a sheet for the platform says, as data: of which accounts and messages, and until when something can be asked.

Pure functions over the committed values of a case's items: no database, no key, no clock, no words of a language. A
sheet takes numbers, names of accounts and chats, links and times. It takes no text of a message, no picture and no
digest of one, nobody whom a message names, and nothing that says who preserved it (``acquisition``, ``actor``).
"""

import calendar
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar

from casefiles.report.said import ItemFact, text_fact
from evidence.canonical import Value
from evidence.content import NAMES, Content, Part, Person, join_content
from evidence.errors import ContentError
from evidence.observation import Kind

if TYPE_CHECKING:
    from config.catalogues import Platform, PlatformRule

_SUPERGROUP = re.compile(r"[0-9]{1,19}")
_NUMBERED = re.compile(r"(?:user|channel|group|chat)?[0-9]{1,19}")
_MONTHS = 12
_T = TypeVar("_T")


class SheetKind(StrEnum):
    """What a sheet asks of the platform."""

    DISCLOSURE = "disclosure"
    """An authority asks who is behind the accounts."""
    PRESERVATION = "preservation"
    """An authority asks to keep what there is, until it can ask for it."""
    NOTICE = "notice"
    """She, her lawyer or a trusted flagger asks for removal."""


@dataclass(frozen=True, slots=True)
class SheetAccount:
    """An account, or a chat in its place, that posted.

    Attributes:
        id: ``user123``, ``channel123``, ``group123`` or ``chat123``.
        names: As shown when its messages were acquired, in order.
        usernames: With their ``@``.
    """

    id: str
    names: tuple[ItemFact, ...]
    usernames: tuple[ItemFact, ...]


@dataclass(frozen=True, slots=True)
class SheetChat:
    """A group or channel in which something was posted.

    Attributes:
        id: As ``channel_id`` of the log.
        type: Code of the family ``chat``; None where it was not said.
        usernames: Public names; a link can be made of each.
        community: The ids of the communities and chats that it says it belongs to.
    """

    id: str
    type: str | None
    titles: tuple[ItemFact, ...]
    usernames: tuple[str, ...]
    community: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SentFile:
    """A photo or file of a message, as the platform numbers it.

    Attributes:
        kind: What it is: a code of the source, such as ``photo``.
        data_centre: The number of the data centre that keeps it.
    """

    kind: str
    id: str
    data_centre: str | None


@dataclass(frozen=True, slots=True)
class Deleted:
    """That a message is gone.

    Attributes:
        how: ``told`` or ``missing``.
        recorded_at: When that was recorded.
    """

    how: str
    recorded_at: str


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a message was forwarded from."""

    id: str
    message: str | None
    posted_at: str | None


@dataclass(frozen=True, slots=True)
class SheetPost:
    """A message, with what the case's items say of it.

    Attributes:
        links: The addresses under which it is found; those with ``/c/`` open only for members.
        account: The id of the account that posted it; None where readers are not shown it.
        address_until: After this day, the address from which it was posted may be gone.
        edited_at: When it was edited, in order.
    """

    chat: str
    message: str
    links: tuple[str, ...]
    account: str | None
    posted_at: str | None
    address_until: date | None
    edited_at: tuple[str, ...]
    deleted: tuple[Deleted, ...]
    files: tuple[SentFile, ...]
    origins: tuple[Origin, ...]


@dataclass(frozen=True, slots=True)
class AskedBefore:
    """An earlier sheet on some of the same items.

    Attributes:
        same: How many of the items of this sheet it had.
        items: How many it had in all.
    """

    kind: SheetKind
    made_at: str
    same: int
    items: int


@dataclass(frozen=True, slots=True)
class PlatformSheet:
    """A whole sheet.

    Attributes:
        posts: The most urgent first.
        items: The items that it is made of, in the order of the log.
        elsewhere: How many of the items have no place at the platform: a file that a client brought.
    """

    kind: SheetKind
    case_id: str
    made_at: str
    rehearsal: bool
    platform: "Platform"
    rules: "tuple[PlatformRule, ...]"
    accounts: tuple[SheetAccount, ...]
    chats: tuple[SheetChat, ...]
    posts: tuple[SheetPost, ...]
    asked_before: tuple[AskedBefore, ...]
    items: tuple[str, ...]
    elsewhere: int


@dataclass(frozen=True, slots=True)
class SheetOrder:
    """What a sheet is made for.

    Attributes:
        country: Of the authority, or of the client for a notice; None prints only what holds in any.
    """

    kind: SheetKind
    case_id: str
    made_at: str
    rehearsal: bool
    platform: "Platform"
    country: str | None = None


def make_sheet(
    order: SheetOrder, items: Mapping[str, Mapping[str, Value]], asked_before: Sequence[AskedBefore]
) -> PlatformSheet:
    """The sheet for the platform that these items give; a sheet without posts says nothing.

    Args:
        items: The values of each item's record, by its identifier, in the order of the log.
    """
    at_platform = {item: values for item, values in items.items() if is_at_platform(values)}
    chats, posts = seen_posts(at_platform.values(), order.platform.address_months)
    return PlatformSheet(
        kind=order.kind,
        case_id=order.case_id,
        made_at=order.made_at,
        rehearsal=order.rehearsal,
        platform=order.platform,
        rules=tuple(
            rule for rule in order.platform.rules if order.kind in rule.sheets and rule.country in (None, order.country)
        ),
        accounts=tuple(_accounts(at_platform.values(), posts)),
        chats=chats,
        posts=posts,
        asked_before=tuple(asked_before),
        items=tuple(at_platform),
        elsewhere=len(items) - len(at_platform),
    )


def seen_posts(
    items: Iterable[Mapping[str, Value]], months: int
) -> tuple[tuple[SheetChat, ...], tuple[SheetPost, ...]]:
    """The chats and messages that items are of, as sheets tell of them, the most urgent message first.

    Args:
        items: The values of the records of items at the platform.
        months: For how many months the platform says that it keeps the address of who posted.
    """
    values = list(items)
    chats = tuple(_chats(values))
    found = _posts(values, {chat.id: chat for chat in chats}, months)
    return chats, tuple(sorted(found, key=_urgency))


def months_after(day: date, months: int) -> date:
    """The day until which a sheet can ask: so many months later, or the month's last day where it is shorter."""
    year, month = divmod(day.year * _MONTHS + day.month - 1 + months, _MONTHS)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def is_at_platform(values: Mapping[str, Value]) -> bool:
    """Whether an item of a sheet has a place at the platform; a file that somebody brought has none."""
    return bool(_NUMBERED.fullmatch(str(values.get("channel_id"))))


def _urgency(post: SheetPost) -> tuple[bool, str, str, int]:
    """What was posted first is gone first; what has no time comes last."""
    return post.posted_at is None, post.posted_at or "", post.chat, int(post.message)


# groups and channels


def _chats(items: Iterable[Mapping[str, Value]]) -> Iterator[SheetChat]:
    by_id: dict[str, list[Mapping[str, Value]]] = {}
    for values in items:
        by_id.setdefault(str(values["channel_id"]), []).append(values)
    for chat_id, said in by_id.items():
        own = [part for values in said for part in _parts(values) if part.kind == "channel"]
        types = [str(values["channel_type"]) for values in said if values.get("channel_type")]
        yield SheetChat(
            chat_id,
            types[-1] if types else None,
            _each_once(text_fact(values["channel_title"]) for values in said if values.get("channel_title")),
            _each_once(name for part in own for name in _names_of(part)),
            _each_once(known for part in own for known in _community(part)),
        )


def _names_of(channel: Part) -> Iterator[str]:
    listed = channel.fields.get("usernames")
    for name in listed if isinstance(listed, tuple) else ():
        if isinstance(name, str):
            yield name


def _community(channel: Part) -> Iterator[str]:
    for name in ("community", "linked_chat", "linked_chats", "migrated_from", "migrated_to"):
        said = channel.fields.get(name)
        for person in said if isinstance(said, tuple) else (said,):
            if isinstance(person, Person) and person.id is not None:
                yield person.id


# accounts


def _accounts(items: Iterable[Mapping[str, Value]], posts: Sequence[SheetPost]) -> Iterator[SheetAccount]:
    """The accounts in the order of the posts, with every name and username that an item shows under that number."""
    names: dict[str, list[ItemFact]] = {post.account: [] for post in posts if post.account is not None}
    usernames: dict[str, list[ItemFact]] = {account: [] for account in names}
    for values in items:
        _add(names, values.get("sender_id"), values.get("sender_name"))
        people = values.get("people")
        for person in people if isinstance(people, list) else ():
            if isinstance(person, Mapping):
                _add(usernames, person.get("id"), person.get("username"))
    for account, shown in names.items():
        yield SheetAccount(account, _each_once(shown), _each_once(usernames[account]))


def _add(listed: Mapping[str, list[ItemFact]], account: Value, value: Value) -> None:
    if value and isinstance(account, str) and account in listed:
        listed[account].append(text_fact(value))


# messages


@dataclass(slots=True)
class _SeenPost:
    account: str | None = None
    posted_at: str | None = None
    edited_at: set[str] = field(default_factory=set)
    deleted: list[Deleted] = field(default_factory=list)
    files: dict[str, SentFile] = field(default_factory=dict)
    origins: list[Origin] = field(default_factory=list)

    def take(self, values: Mapping[str, Value]) -> None:
        if isinstance(sender := values.get("sender_id"), str) and _NUMBERED.fullmatch(sender):
            self.account = self.account or sender
        if isinstance(posted := values.get("posted_at"), str):
            self.posted_at = self.posted_at or posted
        if isinstance(edited := values.get("edited_at"), str):
            self.edited_at.add(edited)
        if values.get("kind") == Kind.DELETION.value:
            self.deleted.append(Deleted(str(values.get("action")), str(values.get("at"))))
        for part in _parts(values):
            self._take_part(part)

    def _take_part(self, part: Part) -> None:
        if part.kind == "media" and isinstance(number := part.fields.get("id"), str):
            centre = part.fields.get("dc")
            kind = str(part.fields.get("type", "document"))
            self.files[number] = SentFile(kind, number, centre if isinstance(centre, str) else None)
        elif part.kind == "forward" and isinstance(person := part.fields.get("person"), Person) and person.id:
            message, posted = part.fields.get("message_id"), part.fields.get("posted_at")
            origin = Origin(
                person.id,
                message if isinstance(message, str) else None,
                posted if isinstance(posted, str) else None,
            )
            if origin not in self.origins:
                self.origins.append(origin)


def _posts(items: Iterable[Mapping[str, Value]], chats: Mapping[str, SheetChat], months: int) -> Iterator[SheetPost]:
    found: dict[tuple[str, str], _SeenPost] = {}
    for values in items:
        if isinstance(message := values.get("message_id"), str):
            found.setdefault((str(values["channel_id"]), message), _SeenPost()).take(values)
    for (chat, message), seen in found.items():
        day = date.fromisoformat(seen.posted_at[:10]) if seen.posted_at else None
        yield SheetPost(
            chat=chat,
            message=message,
            links=tuple(_links(chats[chat], message)),
            account=seen.account,
            posted_at=seen.posted_at,
            address_until=day and months_after(day, months),
            edited_at=tuple(sorted(seen.edited_at)),
            deleted=tuple(seen.deleted),
            files=tuple(seen.files.values()),
            origins=tuple(seen.origins),
        )


def _links(chat: SheetChat, message: str) -> Iterator[str]:
    """The addresses of a message; Telegram has none for the messages of a basic group or a private chat."""
    if _SUPERGROUP.fullmatch(chat.id) and not message.startswith("-"):
        yield from (f"https://t.me/{name.removeprefix('@')}/{message}" for name in chat.usernames)
        yield f"https://t.me/c/{chat.id}/{message}"


def _parts(values: Mapping[str, Value]) -> Iterator[Part]:
    """The parts of an item's content with those inside them; none where it has another form."""
    content = Content()
    with suppress(ContentError):
        content = join_content({name: values.get(name) for name in NAMES})
    if isinstance(content.parts, tuple):
        yield from _with_inner(content.parts)


def _with_inner(parts: Iterable[object]) -> Iterator[Part]:
    for part in parts:
        if isinstance(part, Part):
            yield part
            for value in part.fields.values():
                yield from _with_inner(value if isinstance(value, tuple) else (value,))


def _each_once(values: Iterable[_T]) -> tuple[_T, ...]:
    found: list[_T] = []
    for value in values:
        if value not in found:
            found.append(value)
    return tuple(found)
