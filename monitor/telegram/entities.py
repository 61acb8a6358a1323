"""Texts of the layer: plain words, and what is behind their entities.

The layer counts offsets in UTF-16 units, the content in characters. Every entity of the layer has a place in
``ENTITIES`` under the name that Telegram Desktop gives it, so that one message says the same in both. Entities may
nest, and all of them are kept; one that reaches beyond the words is cut to fit them, and noted.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from types import MappingProxyType
from typing import Any

from evidence.canonical import Value, text_value
from evidence.content import Entity, Link, Number, NumberKind, PartWords, Person, Piece, Span
from evidence.observation import HoleReason
from monitor.previews import is_uncut
from monitor.telegram.reading import Reading, TlShape, constructor_of, flag, integer, link, moment, text, user
from monitor.telegram.tree import TlTree

_ASTRAL = 0xFFFF
DATE_FORMS = ("relative", "short_time", "long_time", "short_date", "long_date", "day_of_week")


@dataclass(frozen=True, slots=True)
class TlEntity:
    """What an entity carries.

    Attributes:
        type: Its name in Telegram Desktop.
        to: The field of ``evidence.content`` for what its words themselves are.
        itself: Makes that from the words: an address, a person, a number.
        keys: Its other fields, each with the field it goes to and its shape.
    """

    type: str
    to: str = ""
    itself: Callable[[Value], Any] | None = None
    keys: Mapping[str, tuple[str, TlShape]] = field(default_factory=dict)


_DATE = {"date": ("time", moment)} | dict.fromkeys(DATE_FORMS, ("", flag))

ENTITIES: Mapping[str, TlEntity] = MappingProxyType(
    {
        "MessageEntityUnknown": TlEntity("unknown"),
        "MessageEntityBold": TlEntity("bold"),
        "MessageEntityItalic": TlEntity("italic"),
        "MessageEntityUnderline": TlEntity("underline"),
        "MessageEntityStrike": TlEntity("strikethrough"),
        "MessageEntitySpoiler": TlEntity("spoiler"),
        "MessageEntityCode": TlEntity("code"),
        "MessageEntityHashtag": TlEntity("hashtag"),
        "MessageEntityCashtag": TlEntity("cashtag"),
        "MessageEntityBotCommand": TlEntity("bot_command"),
        "MessageEntityPre": TlEntity("pre", keys={"language": ("language", text)}),
        "MessageEntityBlockquote": TlEntity("blockquote", keys={"collapsed": ("collapsed", flag)}),
        "MessageEntityUrl": TlEntity("link", "link", Link),
        "MessageEntityTextUrl": TlEntity("text_link", keys={"url": ("link", link)}),
        "MessageEntityEmail": TlEntity("email", "number", lambda words: Number(NumberKind.EMAIL, words)),
        "MessageEntityPhone": TlEntity("phone", "number", lambda words: Number(NumberKind.PHONE, words)),
        "MessageEntityBankCard": TlEntity("bank_card", "number", lambda words: Number(NumberKind.CARD, words)),
        "MessageEntityMention": TlEntity("mention", "person", lambda words: Person(username=words)),
        "MessageEntityMentionName": TlEntity(
            "mention_name", "person", lambda words: Person(name=words), keys={"user_id": ("person", user)}
        ),
        "MessageEntityCustomEmoji": TlEntity("custom_emoji", keys={"document_id": ("document_id", integer)}),
        "MessageEntityFormattedDate": TlEntity("formatted_date", keys=_DATE),
        "MessageEntityDiffInsert": TlEntity("diff_new"),
        "MessageEntityDiffDelete": TlEntity("diff_old"),
        "MessageEntityDiffReplace": TlEntity("diff_replaced", keys={"old_text": ("old_text", text)}),
    }
)
"""Every entity that the server sends."""


@dataclass(frozen=True, slots=True)
class _Run:
    """An entity on characters ``start`` to ``end``, exclusive."""

    start: int
    end: int
    type: str
    fields: Mapping[str, Any]
    is_itself: bool


def read_text(reading: Reading, words: str, entities: Sequence[TlTree], where: str) -> tuple[Value, tuple[Entity, ...]]:
    """The text of a live message from Telegram's server, and its entities."""
    said = reading.clean(words)
    if not is_uncut(said):  # a picture was cut out: its pieces must not spell it again
        if entities:
            reading.note(HoleReason.UNREAD, f"{where}: entities", len(entities))
        return said, ()
    runs = _runs(reading, words, entities, where)
    return said, tuple(Entity(run.type, Span(run.start, run.end - run.start), run.fields) for run in runs)


def words(reading: Reading, value: Any, where: str) -> PartWords | None:  # noqa: ANN401 - a shape
    """A ``TextWithEntities`` of Telegram as the words of a part."""
    if constructor_of(value) != "TextWithEntities":
        reading.note(HoleReason.UNKNOWN, f"{where}: {constructor_of(value)}", value)
        return None
    return formatted(reading, value["text"], value.get("entities", ()), where)


def formatted(reading: Reading, plain: str, entities: Sequence[TlTree], where: str) -> PartWords | None:
    """Words from Telegram with their entities, as the words of a part."""
    if not plain:
        return None
    said = reading.clean(plain)
    if not is_uncut(said):
        return (said,)
    runs = _runs(reading, plain, entities, where)
    return tuple(_pieces(reading, plain, runs, 0, len(plain), where)) or None


def _pieces(
    reading: Reading, plain: str, runs: list[_Run], start: int, end: int, where: str
) -> Iterator["Value | Piece"]:
    """The words from ``start`` to ``end``, with the pieces that these runs make of them."""
    at = start
    while runs:
        run = runs.pop(0)
        begin, stop = max(run.start, at), min(run.end, end)
        if begin >= stop:
            reading.note(HoleReason.UNREAD, f"{where}: {run.type}", run.end)
            continue
        if at < begin:
            yield text_value(plain[at:begin])
        inner = [one for one in runs if one.start < stop]
        del runs[: len(inner)]
        if stop < run.end or (run.is_itself and any(one.fields for one in inner)):
            reading.note(HoleReason.UNREAD, f"{where}: {run.type}", run.end)
        yield Piece(
            run.type, () if run.is_itself else tuple(_pieces(reading, plain, inner, begin, stop, where)), run.fields
        )
        at = stop
    if at < end:
        yield text_value(plain[at:end])


def _runs(reading: Reading, plain: str, entities: Sequence[TlTree], where: str) -> list[_Run]:
    """The entities on a text, outer ones first."""
    units = _Units(plain)
    found = (_run(reading, plain, units, entity, where) for entity in entities)
    return sorted((run for run in found if run is not None), key=lambda run: (run.start, -run.end))


def _run(reading: Reading, plain: str, units: "_Units", entity: TlTree, where: str) -> _Run | None:
    name = entity["_"]
    behind = ENTITIES.get(name)
    if behind is None:
        reading.note(HoleReason.UNSUPPORTED, f"{where}: {name}", entity)
        behind = TlEntity(
            "unknown", keys={key: ("", lambda *_: None) for key in entity.keys() - {"_", "offset", "length"}}
        )
    if "offset" not in entity or "length" not in entity:
        return None
    start, end = units.character(entity["offset"]), units.character(entity["offset"] + entity["length"])
    if units.length < entity["offset"] + entity["length"] or entity["offset"] < 0:
        reading.note(HoleReason.UNREAD, f"{where}: {behind.type}", entity)
    if start >= end:
        return None
    return _Run(start, end, behind.type, _fields(reading, behind, entity, plain[start:end], where), bool(behind.to))


def _fields(reading: Reading, behind: TlEntity, entity: TlTree, said: str, where: str) -> dict[str, Any]:
    fields = {behind.to: behind.itself(reading.clean(said))} if behind.itself else {}
    for key in entity.keys() - {"_", "offset", "length"}:
        if key not in behind.keys:
            reading.note(HoleReason.UNKNOWN, f"{entity['_']}.{key}", entity[key])
            continue
        to, shape = behind.keys[key]
        found = shape(reading, entity[key], f"{where}: {behind.type}")
        if to and found is not None:
            fields[to] = _both(fields.get(to), found)
    return fields | time_form(entity)


def time_form(entity: TlTree) -> dict[str, Value]:
    """How Telegram shows a date in a text."""
    forms = [form for form in DATE_FORMS if entity.get(form)]
    return {"time_form": " ".join(forms)} if forms else {}


def _both(before: object, found: object) -> object:
    """A person by name, and by number too."""
    if isinstance(before, Person) and isinstance(found, Person):
        return Person(id=found.id, name=before.name)
    return found


class _Units:
    """Where each character of a text begins, in UTF-16 units."""

    def __init__(self, plain: str) -> None:
        self._starts: list[int] | None = None
        self.length = len(plain)
        if not plain.isascii() and any(ord(character) > _ASTRAL for character in plain):
            self._starts = [0, *accumulate(1 + (ord(character) > _ASTRAL) for character in plain)]
            self.length = self._starts[-1]

    def character(self, unit: int) -> int:
        """The character that begins at a unit, or the next one after it."""
        if self._starts is None:
            return min(max(unit, 0), self.length)
        return min(bisect_left(self._starts, unit), len(self._starts) - 1)
