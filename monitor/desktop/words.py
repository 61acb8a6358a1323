"""Texts of an export: plain words, and what stands behind their entities (export_output_json.cpp, ``SerializeText``).

A text is a string, or an array of strings and of objects with ``type`` and ``text``. Every entity type of
the exporter has a place in ``ENTITIES``; one that nobody knows keeps its words and is noted.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from evidence.canonical import Value, text_value
from evidence.content import Entity, Link, Number, NumberKind, PartWords, Person, Piece, Span
from monitor.desktop.shapes import PartReader, Shape, flag, integer_of, is_text, link, text, user
from monitor.desktop.values import Parsed
from monitor.previews import is_uncut


@dataclass(frozen=True, slots=True)
class Behind:
    """What an entity type carries.

    Attributes:
        to: The name under which ``evidence.content`` has what its words are themselves.
        itself: Makes that of the words: an address, a person, a number.
        keys: Other keys of the object, with the field and shape of each.
    """

    to: str = ""
    itself: Callable[[Value], Any] | None = None
    keys: Mapping[str, tuple[str, Shape]] = field(default_factory=dict)


_IN_ITS_PLACE = re.compile(r"(?:\([^()]{1,200}\)|[^/\\]{1,100}(?:[/\\][^/\\]{1,255}){1,9})?")
"""A path, the exporter's words for why there is none, or nothing."""


def document(reader: PartReader, value: Parsed, where: str) -> str | None:
    """The number of a custom emoji in an export.

    A path instead of it counts files of the export and says nothing of the message.
    """
    number = integer_of(value)
    if number is None and not (value is None or (is_text(value) and _IN_ITS_PLACE.fullmatch(str(value)))):
        reader.refuse(where)
    return None if number is None else str(number)


_FORMATTING = (
    "hashtag", "bot_command", "cashtag", "bold", "italic", "code", "underline", "strikethrough", "spoiler", "unknown",
)  # fmt: skip

ENTITIES: Mapping[str, Behind] = MappingProxyType(
    {name: Behind() for name in _FORMATTING}
    | {
        "plain": Behind(),
        "pre": Behind(keys={"language": ("language", text)}),
        "blockquote": Behind(keys={"collapsed": ("collapsed", flag)}),
        "link": Behind("link", Link),
        "text_link": Behind(keys={"href": ("link", link)}),
        "email": Behind("number", lambda words: Number(NumberKind.EMAIL, words)),
        "phone": Behind("number", lambda words: Number(NumberKind.PHONE, words)),
        "bank_card": Behind("number", lambda words: Number(NumberKind.CARD, words)),
        "mention": Behind("person", lambda words: Person(username=words)),
        "mention_name": Behind("person", lambda words: Person(name=words), keys={"user_id": ("person", user)}),
        "custom_emoji": Behind(keys={"document_id": ("document_id", document)}),
    }
)
"""Every entity type of the exporter. ``unknown`` is its own word for formatting that it does not know."""


@dataclass(frozen=True, slots=True)
class _Run:
    """A stretch of a text; ``type`` is None for a plain one."""

    words: str
    type: str | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)


def read_text(reader: PartReader, value: Parsed, where: str) -> tuple[Value, tuple[Entity, ...]]:
    """The text of an exported message and its entities; None for a text of no known shape."""
    if value is None or is_text(value):
        return (None if value is None else reader.clean(str(value))), ()
    runs = _runs(reader, value, where)
    if runs is None:
        return None, ()
    joined = reader.join((run.words for run in runs), where)
    if not is_uncut(joined):  # a picture: its pieces must not spell it again
        if any(run.type for run in runs):
            reader.refuse(f"{where}: entities")
        return joined, ()
    return joined, tuple(_entities(runs))


def _entities(runs: list[_Run]) -> Iterator[Entity]:
    offset = 0
    for run in runs:
        if run.type is not None and run.words:
            yield Entity(run.type, Span(offset, len(run.words)), run.fields)
        offset += len(run.words)


def words(reader: PartReader, value: Parsed, where: str) -> PartWords | None:
    """The words of a part of an exported message, as a shape."""
    if value in (None, "", []):
        return None
    if is_text(value):
        return (reader.clean(str(value)),)
    runs = _runs(reader, value, where)
    if runs is None:
        return None
    whole = reader.join((run.words for run in runs), where)
    if not is_uncut(whole):
        return (whole,)
    return tuple(_piece(run) for run in runs if run.words) or None


def _piece(run: _Run) -> "Value | Piece":
    said = text_value(run.words)
    if run.type is None:
        return said
    behind = ENTITIES.get(run.type)
    itself = behind is not None and behind.to in run.fields
    return Piece(run.type, () if itself else (said,), run.fields)


def _runs(reader: PartReader, value: Parsed, where: str) -> list[_Run] | None:
    """The stretches of a text that are such, with a note for each that is not; None where nothing is."""
    listed = value if isinstance(value, list) else [value]
    runs = [run for one in listed if (run := _run(reader, one, where)) is not None]
    return runs if runs or not listed else None


def _run(reader: PartReader, value: Parsed, where: str) -> _Run | None:
    if is_text(value):
        return _Run(str(value))
    if not isinstance(value, dict):
        reader.refuse(where)
        return None
    if not is_text(value.get("text")):
        reader.refuse(f"{where}.text" if "text" in value else where)
        return None
    said, kind = str(value["text"]), value.get("type", "unknown")
    name = str(kind) if is_text(kind) else ""
    behind = ENTITIES.get(name)
    if behind is None:
        if name:
            reader.miss(f"{where}: {name}")
        else:
            reader.refuse(f"{where}.type")
        return _Run(said, "unknown")
    fields = _fields(reader, behind, value, said, f"{where}.{name}")
    return _Run(said) if name == "plain" else _Run(said, name, fields)


def _fields(reader: PartReader, behind: Behind, value: Mapping[str, Parsed], said: str, where: str) -> dict[str, Any]:
    fields = {behind.to: behind.itself(reader.clean(said))} if behind.itself and said else {}
    for key in value.keys() - {"type", "text"}:
        if key not in behind.keys:
            reader.miss(f"{where}.{key}")
            continue
        name, shape = behind.keys[key]
        found = shape(reader, value[key], f"{where}.{key}")
        if found is not None:
            fields[name] = _both(fields.get(name), found)
    return fields


def _both(before: object, found: object) -> object:
    """A person by name, and by number too."""
    if isinstance(before, Person) and isinstance(found, Person):
        return Person(id=found.id, name=before.name)
    return found
