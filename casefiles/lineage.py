"""What a channel says of itself, and which other watched channels may be its kin: pure functions over opened records.

Groups of this kind are closed and open again under another name. What then stays the same are people, names and
places: administrators, user names, a discussion group, a community, an address in the description. Each of these is a
hint and no finding: a machine suggests, a person decides. It is computed for a case, when somebody asks, and kept
nowhere.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from evidence.canonical import Value, text_of
from evidence.content import Part, Person, join_content

_NAMED = re.compile(r"(?:(?:t|telegram)\.me/(?:s/)?|(?<![\w@])@)([a-z][a-z0-9_]{3,31})\b", re.IGNORECASE | re.ASCII)
_NO_NAMES = frozenset({"joinchat", "addstickers", "share", "proxy", "boost"})
"""Paths behind ``t.me/`` that are no user names."""


@dataclass(frozen=True, slots=True)
class Administrator:
    """Who runs a channel, as Telegram showed it.

    Attributes:
        id: ``user77``.
        owner: Whether it is the one who owns it.
    """

    id: str
    name: str | None
    username: str | None
    owner: bool
    rank: str | None


@dataclass(frozen=True, slots=True)
class SaidOfItself:
    """What a channel says of itself at one time; chats are named as people are: ``channel5``.

    Attributes:
        linked_chats: The chats of a community.
        administrators: Where they are shown.
    """

    title: str | None = None
    type: str | None = None
    usernames: tuple[str, ...] = ()
    inactive_usernames: tuple[str, ...] = ()
    about: str | None = None
    created_at: str | None = None
    linked_chat: str | None = None
    community: str | None = None
    migrated_from: str | None = None
    migrated_to: str | None = None
    linked_chats: tuple[str, ...] = ()
    members: int | None = None
    administrators: tuple[Administrator, ...] = ()


def said_of_itself(values: Mapping[str, Value]) -> SaidOfItself | None:
    """What a channel says of itself, to find its kin, by the record of an item of kind ``channel``.

    None where the record has only counters of messages.
    """
    content = join_content(values)
    parts = content.parts if isinstance(content.parts, tuple) else ()
    counters = content.counters if isinstance(content.counters, tuple) else ()
    itself: Mapping[str, Any] = next((part.fields for part in parts if part.kind == "channel"), {})
    if values.get("channel_title") is None and not itself:
        return None
    members = next((part.fields.get("count") for part in counters if part.kind == "members"), None)
    return SaidOfItself(
        title=_text(values.get("channel_title")),
        type=_text(values.get("channel_type")),
        usernames=_texts(itself.get("usernames")),
        inactive_usernames=_texts(itself.get("inactive_usernames")),
        about=_text(itself.get("about")),
        created_at=_text(itself.get("created_at")),
        linked_chat=_id(itself.get("linked_chat")),
        community=_id(itself.get("community")),
        migrated_from=_id(itself.get("migrated_from")),
        migrated_to=_id(itself.get("migrated_to")),
        linked_chats=tuple(found for each in itself.get("linked_chats") or () if (found := _id(each)) is not None),
        members=None if members is None else int(str(members)),
        administrators=tuple(_administrator(part) for part in parts if part.kind == "administrator" and _who(part)),
    )


def _administrator(part: Part) -> Administrator:
    person: Any = part.fields["person"]
    return Administrator(
        id=str(person.id),
        name=_text(person.name),
        username=_text(person.username),
        owner=part.fields.get("owner") == "yes",
        rank=_text(part.fields.get("rank")),
    )


def _who(part: Part) -> bool:
    return _id(part.fields.get("person")) is not None


def _id(value: Any) -> str | None:  # noqa: ANN401 - a field of a part
    return value.id if isinstance(value, Person) else None


def _text(value: Any) -> str | None:  # noqa: ANN401 - a field of a part
    """A text of a record; a picture that was cut out of one leaves no text."""
    return text_of(value) if isinstance(value, str) or (isinstance(value, Mapping) and set(value) == {"b64"}) else None


def _texts(value: Any) -> tuple[str, ...]:  # noqa: ANN401 - a field of a part
    return tuple(found for each in value or () if (found := _text(each)) is not None)


class Sign(StrEnum):
    """What two channels share, or one says of the other."""

    MIGRATED = "migrated"
    ADMINISTRATOR = "same_administrator"
    NAME = "same_username"
    DISCUSSION = "same_discussion"
    COMMUNITY = "same_community"
    NAMED = "names_the_other"


@dataclass(frozen=True, slots=True, order=True)
class Hint:
    """Why another channel may be the same group's.

    Attributes:
        channel: As people are named: ``channel5``; of a user name that no watched channel had, that name: ``@name``.
        sign: Why.
        what: What they share: an account, a name, a chat.
    """

    channel: str
    sign: Sign
    what: str


@dataclass(slots=True)
class _Traits:
    """Everything that a channel ever said of itself, while it was watched."""

    administrators: set[str] = field(default_factory=set)
    usernames: set[str] = field(default_factory=set)
    discussions: set[str] = field(default_factory=set)
    communities: set[str] = field(default_factory=set)
    migrated: set[str] = field(default_factory=set)
    named: set[str] = field(default_factory=set)

    def add(self, said: SaidOfItself) -> None:
        self.administrators |= {each.id for each in said.administrators}
        self.usernames |= {name.lower() for name in (*said.usernames, *said.inactive_usernames)}
        self.discussions |= _those(said.linked_chat)
        self.communities |= _those(said.community)
        self.migrated |= _those(said.migrated_from, said.migrated_to)
        self.named |= {name.lower() for name in _NAMED.findall(said.about or "")} - _NO_NAMES


def _those(*named: str | None) -> set[str]:
    return {each for each in named if each is not None}


def hints_of(channel: str, seen: Iterable[tuple[str, SaidOfItself]]) -> Sequence[Hint]:
    """Which watched channels may be kin of one, by what they say of themselves; no hint is told twice.

    Args:
        channel: As people are named: ``channel5``.
        seen: Every snapshot of every watched channel, with its channel so named.
    """
    traits: dict[str, _Traits] = {}
    for name, said in seen:
        traits.setdefault(name, _Traits()).add(said)
    mine = traits.pop(channel, _Traits())
    found = {hint for other, theirs in traits.items() for hint in _shared(channel, mine, other, theirs)}
    known = mine.usernames.union(*(each.usernames for each in traits.values()))
    found |= {Hint(f"@{name}", Sign.NAMED, f"@{name}") for name in mine.named - known}
    return sorted(found)


def _shared(channel: str, mine: _Traits, other: str, theirs: _Traits) -> Iterator[Hint]:
    if other in mine.migrated or channel in theirs.migrated:
        yield Hint(other, Sign.MIGRATED, other)
    for person in mine.administrators & theirs.administrators:
        yield Hint(other, Sign.ADMINISTRATOR, person)
    for name in mine.usernames & theirs.usernames:
        yield Hint(other, Sign.NAME, f"@{name}")
    for chat in (mine.discussions | {channel}) & (theirs.discussions | {other}):
        yield Hint(other, Sign.DISCUSSION, chat)
    for community in mine.communities & theirs.communities:
        yield Hint(other, Sign.COMMUNITY, community)
    for name in (mine.named & theirs.usernames) | (theirs.named & mine.usernames):
        yield Hint(other, Sign.NAMED, f"@{name}")
