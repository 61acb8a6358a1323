"""What an item says, in parts, and in the one order in which the report and the view of a case show it.

Pure functions over an item's values. A part carries codes and facts; the words for them are the renderer's, which
looks each code up: ``item.NAME`` for a value of the ``observed`` schema, ``part.KIND`` and ``field.KIND.FIELD`` for
what ``evidence.content`` has, ``entity.TYPE`` for a formatting. A value that is withheld is a fact too. What cannot be
read as content is shown whole, as it is: nothing that an item says is left out. Standard library only.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from enum import Enum
from typing import Any, TypeAlias

from evidence.canonical import Json, jcs
from evidence.content import (
    ENTITY_FIELDS,
    NAMES,
    PARTS,
    Entity,
    Field,
    Form,
    Link,
    Number,
    NumberKind,
    PartWords,
    Person,
    Piece,
    Said,
    Span,
    Withheld,
    join_content,
)
from evidence.content import Part as ContentPart
from evidence.errors import ContentError
from evidence.observation import Kind


class Unshown(Enum):
    """Marks a value that is committed to and not shown."""

    WITHHELD = "withheld"


@dataclass(frozen=True, slots=True)
class Code:
    """A value that a catalogue has words for, as ``family.value``; where it has none, the value is shown as it is."""

    family: str
    value: str


@dataclass(frozen=True, slots=True)
class Moment:
    """A time as the log writes it; people read it to the second.

    Attributes:
        up: It is a bound from above, which people never read earlier than it is.
    """

    at: str
    up: bool = False


@dataclass(frozen=True, slots=True)
class CutPicture:
    """A picture of so many bytes that was cut out of a text."""

    bytes: str


@dataclass(frozen=True, slots=True)
class Run:
    """A text of several pieces, in order and with nothing between them."""

    pieces: "tuple[ItemFact, ...]"


ItemFact: TypeAlias = "Json | Code | Moment | CutPicture | Run | Person | Number | Unshown"
"""What a part says: None says nothing; a text is shown as it is, any other JSON in its canonical form."""


@dataclass(frozen=True, slots=True)
class NamedValue:
    """One value under its name, with what belongs to it below; or a name alone.

    Attributes:
        number: Its place where several of one name follow each other, from 1.
    """

    code: str
    value: ItemFact = None
    parts: "tuple[ItemPart, ...]" = ()
    number: int | None = None


@dataclass(frozen=True, slots=True)
class Quote:
    """A text as somebody posted it, lines and all, with what belongs to it below."""

    code: str
    text: ItemFact
    parts: "tuple[ItemPart, ...]" = ()
    number: int | None = None


@dataclass(frozen=True, slots=True)
class Digest:
    """A SHA-256 in hex, to compare; None says that the file was not read."""

    code: str
    sha256: ItemFact


ItemPart: TypeAlias = NamedValue | Quote | Digest

LOCAL = "local"
"""With what the random place of files begins that somebody brought at one time."""
_CHANNEL = ("channel_id", "channel_title")
_ADDED = {"item.channel_id": "item.addition", "item.channel_title": "item.addition_source"}
_FIRST = ("message_id", "posted_at", "edited_at")
_WHO = ("sender_name", "sender_id", "reply_to", "forwarded_from")
_FILE = ("file_name", "position", "media_type", "bytes")
_LISTS = ("links", "people", "numbers")
_TIMES = frozenset({"posted_at", "edited_at", "received_at", "telegram_at"})
_ATTRIBUTES = {"entities": "entities", "content": "parts", "counters": "counters"}
"""Where ``join_content`` puts the entries of a name."""
_NUMBER_FIELDS = 2
OF_ITSELF = frozenset(
    f"field.{name}"
    for name in (
        "album.id", "answer.text", "author.person", "forward.person", "forwards.count", "reactor.person",
        "saved_from.person", "saved_page.link", "via_bot.person", "views.count", "vote.count",
    )
)  # fmt: skip
"""The fields that say, alone, what their part is."""


def said_of_item(values: Mapping[str, Json], withheld: Collection[str] = ()) -> Iterator[ItemPart]:
    """What an item says, in the order of the report; a name that says nothing has no part."""
    shown = ItemView(values, withheld)
    yield NamedValue("item.kind", shown.code("kind", "kind"))
    yield from _place(shown)
    if shown.has("channel_type"):
        yield NamedValue("item.channel_type", shown.code("channel_type", "chat"))
    yield from shown.rows(_FIRST)
    yield from (row for row in shown.rows(_WHO) if row.code != "item.forwarded_from" or not _names_the_origin(shown))
    if shown.has("action"):
        yield NamedValue("item.action", shown.code("action", "action"))
    yield from _Teller({name: values[name] for name in NAMES if name in values}).content()
    is_file = values.get("kind") == Kind.FILE.value
    yield from (replace(row, code="item.called") if is_file else row for row in shown.rows(("media",)))
    yield from shown.rows(_FILE)
    yield from _digest(shown)
    if isinstance(fetched := shown.fact("acquisition"), Mapping):
        yield NamedValue(
            "item.acquisition",
            parts=tuple(NamedValue(f"field.acquisition.{key}", _timed(key, fetched[key])) for key in fetched),
        )
    else:
        yield from shown.rows(("acquisition",))


@dataclass(frozen=True, slots=True)
class ItemView:
    """The values of a record, with the names that are withheld."""

    values: Mapping[str, Json]
    withheld: Collection[str]

    def fact(self, name: str) -> ItemFact:
        """The value, that it is withheld, or None."""
        return Unshown.WITHHELD if name in self.withheld else self.values.get(name)

    def code(self, name: str, family: str) -> ItemFact:
        """The value as a code of a family."""
        value = self.fact(name)
        return Code(family, value) if isinstance(value, str) else value

    def moment(self, name: str) -> ItemFact:
        """The value as a time."""
        return as_moment(self.fact(name))

    def has(self, name: str) -> bool:
        """Whether a value is shown and says something."""
        return name not in self.withheld and self.values.get(name) not in (None, "")

    def rows(self, names: Collection[str]) -> Iterator[NamedValue]:
        """A row for each name that says something, and for each entry of a list."""
        for name in names:
            if not self.has(name):
                continue
            value = self.values[name]
            if isinstance(value, list) and len(value) > 1:
                yield from (
                    NamedValue(f"item.{name}", text_fact(each), number=at) for at, each in enumerate(value, start=1)
                )
            else:
                one = text_fact(value[0] if isinstance(value, list) and value else value)
                yield NamedValue(f"item.{name}", _timed(name, one))


def as_moment(value: ItemFact, *, up: bool = False) -> ItemFact:
    """A text of an item as a time that the report words to the second; anything else as it is.

    Args:
        up: The time is a bound from above.
    """
    return Moment(value, up=up) if isinstance(value, str) else value


def _timed(name: str, value: ItemFact) -> ItemFact:
    return as_moment(value) if name in _TIMES else value


def text_fact(value: Json) -> ItemFact:
    """A text of the log as a fact of the report: a string, or the pieces around a picture that was cut out."""
    match value:
        case {"stripped": str(length), **more} if not more:
            return CutPicture(length)
        case list() | tuple() if value:
            return Run(tuple(text_fact(piece) for piece in value))
        case _:
            return value


def _place(shown: ItemView) -> Iterator[NamedValue]:
    """Where an item is from: a channel with its title, or an addition, with the words for its source."""
    added = str(shown.fact("channel_id")).startswith(LOCAL)
    for row in shown.rows(_CHANNEL):
        yield replace(row, code=_ADDED[row.code]) if added else row


def _names_the_origin(shown: ItemView) -> bool:
    """Whether the content names where a message was forwarded from, which says more than the name alone."""
    content = shown.values.get("content") if "people" in shown.values else None
    return isinstance(content, list) and any(
        isinstance(part, Mapping) and part.get("kind") == "forward" and "person" in part for part in content
    )


def _digest(shown: ItemView) -> Iterator[Digest]:
    """The digest of an item's file, or that it was not read; a message without a file has no such part."""
    if shown.has("sha256") or (shown.fact("kind") == "file" and "sha256" not in shown.withheld):
        yield Digest("item.sha256", shown.fact("sha256"))


class _Teller:
    """Reads the content of an item into parts; an entry of a list that no place refers to has a part of its own."""

    def __init__(self, values: Mapping[str, Json]) -> None:
        self.values = values
        self.lists = {name: values[name] for name in _LISTS if name in values}
        self._named: set[bytes] = set()

    def content(self) -> Iterator[ItemPart]:
        """The words, what is on them, what stands beside them, and counters."""
        if self.values.get("text") not in (None, ""):
            yield Quote("item.text", text_fact(self.values["text"]))
        if entities := tuple(self._entries("entities", self._entity)):
            yield NamedValue("item.entities", parts=entities)
        yield from self._entries("content", self._part)
        yield from self._left()
        if counters := tuple(self._entries("counters", self._part)):
            yield NamedValue("item.counters", parts=counters)

    def _entries(self, name: str, tell: Callable[[Any], ItemPart]) -> Iterator[ItemPart]:
        listed = self.values.get(name)
        if not isinstance(listed, list | tuple):
            yield from () if listed is None else (NamedValue(f"item.{name}", listed),)
            return
        for entry in listed:
            try:
                read: Any = join_content({**self.lists, name: [entry]})
            except ContentError:
                yield NamedValue(f"item.{name}", entry)
            else:
                yield tell(getattr(read, _ATTRIBUTES[name])[0])

    def _entity(self, entity: Entity) -> ItemPart:
        words = self._words_at(entity.span)
        return _worded(f"entity.{entity.type}", words, parts=self._behind(entity.fields, words))

    def _behind(self, fields: Mapping[str, Said], words: ItemFact) -> tuple[ItemPart, ...]:
        """What is behind a formatting, but for what its words say themselves."""
        parts = {name: self._one(f"field.entity.{name}", fields[name], ENTITY_FIELDS[name]) for name in fields}
        return tuple(part for name, part in parts.items() if words is None or _shows(fields[name]) != words)

    def _part(self, part: ContentPart, number: int | None = None) -> NamedValue | Quote:
        forms = PARTS[part.kind]
        names = [name for name in forms if name in part.fields]
        parts = [
            one for name in names for one in self._field(f"field.{part.kind}.{name}", part.fields[name], forms[name])
        ]
        if len(parts) == 1 and parts[0].code in OF_ITSELF and not isinstance(parts[0], Digest):
            return replace(parts[0], code=f"part.{part.kind}", number=number)
        there = None if parts else Code("flag", "yes")
        return NamedValue(f"part.{part.kind}", there, tuple(parts), number)

    def _field(self, code: str, value: Any, form: Field) -> Iterator[ItemPart]:  # noqa: ANN401 - what the form says
        if not form.many:
            yield self._one(code, value, form)
            return
        for number, one in enumerate(value, start=1):
            yield self._one(code, one, form, number)

    def _one(self, code: str, value: Any, form: Field, number: int | None = None) -> ItemPart:  # noqa: ANN401 - the same
        if isinstance(value, Withheld):
            return NamedValue(code, Unshown.WITHHELD, number=number)
        if isinstance(value, ContentPart):
            return self._part(value, number)
        if form.form is Form.WORDS:
            return _worded(code, self._run(value), number=number, parts=tuple(self._pieces(value)))
        return _worded(code, self._simple(code, value, form.form), number=number)

    def _simple(self, code: str, value: Any, form: Form | str) -> ItemFact:  # noqa: ANN401 - the same
        match form:
            case Form.SPAN:
                return self._words_at(value)
            case Form.LINK | Form.PERSON | Form.NUMBER:
                self._named.add(_entry_key(value))
                return text_fact(value.address) if isinstance(value, Link) else value
            case Form.FLAG:
                return Code("flag", value)
            case Form.TIME:
                return as_moment(value)
            case Form.CODE:
                return Code(code.removeprefix("field."), value)
            case _:
                return text_fact(value)

    def _words_at(self, span: Span) -> ItemFact:
        """Some of the message's words."""
        if "text" not in self.values:
            return Unshown.WITHHELD
        words, end = self.values["text"], span.offset + span.length
        if isinstance(words, str) and end <= len(words):
            return words[span.offset : end]
        return {"offset": str(span.offset), "length": str(span.length)}

    def _run(self, words: PartWords) -> ItemFact:
        """The words of a part as one text."""
        pieces = [self._piece(piece) if isinstance(piece, Piece) else text_fact(piece) for piece in words]
        texts = [piece for piece in pieces if isinstance(piece, str)]
        return "".join(texts) if len(texts) == len(pieces) else Run(tuple(pieces))

    def _piece(self, piece: Piece) -> ItemFact:
        if piece.words:
            return self._run(piece.words)
        for value in piece.fields.values():
            if isinstance(value, Withheld):
                return Unshown.WITHHELD
            if isinstance(value, Link | Person | Number):
                return _shows(value)
        return ""

    def _pieces(self, words: PartWords) -> Iterator[ItemPart]:
        """The formatted pieces of words that have something behind them."""
        for piece in (piece for piece in words if isinstance(piece, Piece)):
            shown = self._piece(piece)
            yield _worded(f"entity.{piece.type}", shown, parts=self._behind(piece.fields, shown))
            yield from self._pieces(piece.words)

    def _left(self) -> Iterator[ItemPart]:
        """Links, people and numbers that no place refers to, or that stand where the places are withheld."""
        for name, listed in self.lists.items():
            entries = listed if isinstance(listed, list | tuple) else [] if listed is None else [listed]
            for entry in entries:
                read = _read_entry(name, entry)
                if read is None:
                    yield NamedValue(f"item.{name}", entry)
                elif _entry_key(read) not in self._named:
                    yield NamedValue(f"item.{name}", text_fact(read.address) if isinstance(read, Link) else read)


def _worded(code: str, words: ItemFact, *, parts: tuple[ItemPart, ...] = (), number: int | None = None) -> ItemPart:
    """Words of several lines are a quote."""
    pieces = words.pieces if isinstance(words, Run) else (words,)
    lines = any(isinstance(piece, str) and "\n" in piece for piece in pieces)
    return Quote(code, words, parts, number) if lines else NamedValue(code, words, parts, number)


def _shows(value: object) -> ItemFact:
    """What stands for a link, a person or a number in a text."""
    match value:
        case Link():
            return text_fact(value.address)
        case Number():
            return text_fact(value.number)
        case Person():
            known = [one for one in (value.name, value.username, value.id) if one is not None]
            return text_fact(known[0]) if len(known) == 1 or value.id is None else value
        case _:
            return None


def _read_entry(name: str, entry: Json) -> Link | Person | Number | None:
    """An entry of a list; None for one of another form."""
    try:
        if name == "numbers":
            return Number(NumberKind(entry["kind"]), entry["number"]) if len(entry) == _NUMBER_FIELDS else None
        return Link(**entry) if name == "links" else Person(**entry)
    except (ContentError, TypeError, ValueError, KeyError):
        return None


def _entry_key(entry: Link | Person | Number) -> bytes:
    return jcs({"of": type(entry).__name__} | {each.name: getattr(entry, each.name) for each in fields(entry)})
