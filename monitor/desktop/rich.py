"""Rich messages of Telegram Desktop 7 (``SerializeRichMessage`` and what it calls in export_output_json.cpp).

The words of all blocks become the text of the message, line by line; formatting and links become its
entities, which may nest. The blocks lie flat in the part ``rich``, in the order of the file: each names
the span of its words and the block that it stands in, so that no depth of nesting is too deep for the
log. What the exporter marks as not written is noted, including pictures before version 7.0.9. An unknown
block or formatting is noted too, and the words in it are still read.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, TypeAlias

from evidence.canonical import Value
from evidence.content import Entity, Link, Number, NumberKind, Part, Person, Span
from evidence.observation import HoleReason
from monitor.desktop.files import NamedFile
from monitor.desktop.known import BUTTON_TYPES, MEDIA_TYPES
from monitor.desktop.shapes import (
    PartReader,
    Shape,
    code,
    decimal,
    flag,
    integer,
    integer_of,
    is_text,
    link,
    list_of,
    local_time,
    moment,
    one_of,
    required_mapping,
    text,
    user,
)
from monitor.desktop.values import Parsed
from monitor.desktop.words import document

_SKIPPED = {
    "unavailable": HoleReason.UNAVAILABLE,
    "file_type": HoleReason.NOT_INCLUDED,
    "file_size": HoleReason.TOO_LARGE,
    "date_limits": HoleReason.NOT_INCLUDED,
}
Told: TypeAlias = Mapping[str, Parsed]


@dataclass(slots=True)
class Rich:
    """A rich message while it is read.

    Attributes:
        words: What its text is made of so far.
        files: The files that its blocks name.
    """

    reader: PartReader
    words: list[str] = field(default_factory=list)
    length: int = 0
    entities: list[Entity] = field(default_factory=list)
    blocks: list[dict[str, Any]] = field(default_factory=list)
    files: list[NamedFile] = field(default_factory=list)
    rtl: str | None = None

    def say(self, said: str) -> None:
        """Words of an exported rich text, as they stand."""
        self.words.append(said)
        self.length += len(said)

    def line(self) -> None:
        """What follows in an exported rich text begins a line."""
        if self.words and not self.words[-1].endswith("\n"):
            self.say("\n")

    def part(self) -> Part:
        """The blocks of an exported message, as one part of it."""
        fields = {} if self.rtl is None else {"rtl": self.rtl}
        return Part("rich", fields | {"blocks": tuple(Part("block", block) for block in self.blocks)})


def read_rich(reader: PartReader, value: Parsed) -> Rich:
    """Read a ``rich_message`` of an export; ``unread`` and ``unknown`` of the reader say what else it held."""
    rich = Rich(reader)
    told = required_mapping(reader, value, "rich_message") or {}
    for key, inner in told.items():
        match key:
            case "rtl":
                rich.rtl = flag(reader, inner, "rich_message.rtl")
            case "part":
                if flag(reader, inner, "rich_message.part") == "yes":
                    reader.unwritten["rich_message: all but its beginning"] = None
            case "blocks":
                _blocks(rich, inner, None, "", "rich_message.blocks")
            case _:
                reader.miss(f"rich_message.{key}")
    return rich


# --- texts -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RichText:
    """A formatting of rich texts.

    Attributes:
        keys: Its keys beside ``type`` and ``text``, with the field and shape of each; without a field where it has
            no weight.
        itself: Makes what its words themselves are, where no key says it.
        read: Reads what has a form of its own; what a key's shape gives is not used then.
        has_text: It has a ``text``.
    """

    keys: Mapping[str, tuple[str, Shape]] = field(default_factory=dict)
    itself: "Callable[[Value], tuple[str, Any]] | None" = None
    read: "Callable[[Rich, Told, str], None] | None" = None
    has_text: bool = True


def _email(reader: PartReader, value: Parsed, where: str) -> Number | None:
    found = text(reader, value, where)
    return None if found is None else Number(NumberKind.EMAIL, found)


def _phone(reader: PartReader, value: Parsed, where: str) -> Number | None:
    found = text(reader, value, where)
    return None if found is None else Number(NumberKind.PHONE, found)


def _plain(rich: Rich, told: Told, where: str) -> None:
    """Words without formatting."""
    add_words(rich, told.get("text"), f"{where}.text")


def _concat(rich: Rich, told: Told, where: str) -> None:
    """Several texts in a row."""
    listed = told.get("text")
    if not isinstance(listed, list):
        rich.reader.refuse(f"{where}.text")
        return
    for one in listed:
        add_words(rich, one, f"{where}.text")


def _source(rich: Rich, told: Told, where: str) -> None:
    """A formula, in the words of its source."""
    start, source = rich.length, told.get("source")
    if is_text(source):
        rich.say(str(source))
    elif source is not None:
        rich.reader.refuse(f"{where}.source")
    rich.entities.append(Entity("math", Span(start, rich.length - start)))


def _diff(rich: Rich, told: Told, where: str) -> None:
    """A change: the new words, then the old ones."""
    for key in ("text", "old_text"):
        start = rich.length
        add_words(rich, told.get(key), f"{where}.{key}")
        rich.entities.append(Entity("diff_new" if key == "text" else "diff_old", Span(start, rich.length - start)))


def _inline_image(rich: Rich, told: Told, where: str) -> None:  # noqa: ARG001 - one signature for all kinds
    _media(rich, told, "", {"type": "inline_image"})


def _inline_button(rich: Rich, told: Told, where: str) -> None:
    start = rich.length
    add_words(rich, told.get("text"), f"{where}.text")
    rich.blocks.append({"type": "button", "button": _button(rich, told, Span(start, rich.length - start))})


_PLAIN_KINDS = (
    "bold", "italic", "underline", "strikethrough", "code", "subscript", "superscript", "marked", "spoiler",
    "hashtag", "bot_command", "cashtag",
)  # fmt: skip
_DATE_FORMS = ("relative", "short_time", "long_time", "short_date", "long_date", "day_of_week")
_FILE_KEYS = (
    "file", "file_skip_reason", "file_name", "file_size", "thumbnail", "thumbnail_skip_reason", "thumbnail_file_size",
    "media_type", "sticker_emoji", "performer", "title", "mime_type", "duration_seconds", "width", "height",
)  # fmt: skip


def _elsewhere(_reader: PartReader, _value: Parsed, _where: str) -> None:
    """Known, and read elsewhere."""


def _skip_reason(reader: PartReader, value: Parsed, where: str) -> str | None:
    """Why the exporter did not write a file."""
    if value is None or value == "":
        return None
    if not is_text(value):
        reader.refuse(where)
        return None
    if str(value) not in _SKIPPED:
        reader.miss(f"{where}: {value}")
    return str(value)


_CHECKED: Mapping[str, Shape] = {
    "file": text,
    "file_skip_reason": _skip_reason,
    "thumbnail": text,
    "thumbnail_skip_reason": _skip_reason,
    "thumbnail_file_size": integer,
}
"""What is known of a file and is no field of it: its paths are read with the files."""
_FILE_OF_TEXT = {key: ("", _CHECKED.get(key, _elsewhere)) for key in (*_FILE_KEYS, "document_id")}
_DATE_FORM = dict.fromkeys(_DATE_FORMS, ("", flag))

RICH_TEXTS: Mapping[str, RichText] = MappingProxyType(
    {kind: RichText() for kind in _PLAIN_KINDS}
    | {
        "empty": RichText(read=lambda _rich, _told, _where: None, has_text=False),
        "plain": RichText(read=_plain),
        "concat": RichText(read=_concat),
        "mention": RichText(itself=lambda words: ("person", Person(username=words))),
        "link": RichText(itself=lambda words: ("link", Link(words))),
        "bank_card": RichText(itself=lambda words: ("number", Number(NumberKind.CARD, words))),
        "email": RichText({"email": ("number", _email)}, lambda words: ("number", Number(NumberKind.EMAIL, words))),
        "phone": RichText({"phone": ("number", _phone)}, lambda words: ("number", Number(NumberKind.PHONE, words))),
        "text_link": RichText({"href": ("link", link), "webpage_id": ("webpage_id", integer)}),
        "anchor": RichText({"name": ("anchor", text)}),
        "math": RichText({"source": ("", _elsewhere)}, read=_source, has_text=False),
        "custom_emoji": RichText({"document_id": ("document_id", document)}),
        "mention_name": RichText({"user_id": ("person", user)}),
        "formatted_date": RichText(
            {"date": ("", local_time), "date_unixtime": ("time", moment), **_DATE_FORM},
        ),
        "inline_image": RichText(_FILE_OF_TEXT | {"unsupported": ("", flag)}, read=_inline_image, has_text=False),
        "diff": RichText({"old_text": ("", _elsewhere), "unsupported": ("", flag)}, read=_diff),
        "button": RichText({"button": ("", _elsewhere), "style": ("", _elsewhere)}, read=_inline_button),
    }
)
"""Every kind of rich text."""


def add_words(rich: Rich, value: Parsed, where: str) -> None:
    """Add the words of an export's rich text, and its formatting as entities."""
    if value is None:
        return
    if is_text(value):
        rich.say(str(value))
        return
    if not isinstance(value, dict):
        rich.reader.refuse(where)
        return
    if not is_text(value.get("type")):
        rich.reader.refuse(f"{where}.type")
        _say_unknown(rich, value)
        return
    name = str(value["type"])
    kind = RICH_TEXTS.get(name)
    if kind is None:
        rich.reader.miss(f"rich_message text: {name}")
        _say_unknown(rich, value)
        return
    for key in value.keys() - {"type", *(("text",) if kind.has_text else ())} - kind.keys.keys():
        rich.reader.miss(f"rich_message text: {name}.{key}")
    fields = _fields_behind(rich.reader, value, kind, where)
    if kind.read:
        kind.read(rich, value, where)
        return
    _say_formatted(rich, value, name, fields, where)


def _fields_behind(reader: PartReader, value: Told, kind: RichText, where: str) -> dict[str, Any]:
    read = ((to, shape(reader, value[key], f"{where}.{key}")) for key, (to, shape) in kind.keys.items() if key in value)
    return {to: found for to, found in read if to and found is not None}


def _say_formatted(rich: Rich, value: Told, name: str, fields: dict[str, Any], where: str) -> None:
    at, start, kind = len(rich.words), rich.length, RICH_TEXTS[name]
    add_words(rich, value.get("text"), f"{where}.text")
    said = "".join(rich.words[at:])
    if name == "mention_name" and "person" in fields and said:
        fields["person"] = Person(id=fields["person"].id, name=rich.reader.clean(said))
    if kind.itself and not fields and said:
        to, itself = kind.itself(rich.reader.clean(said))
        fields[to] = itself
    forms = [form for form in _DATE_FORMS if value.get(form) is True]
    if forms:
        fields["time_form"] = " ".join(forms)
    rich.entities.append(Entity(name, Span(start, rich.length - start), fields))


def _say_unknown(rich: Rich, value: Parsed) -> None:
    """Add the words in an unknown block: every text under a name for words."""
    match value:
        case dict():
            for key, inner in value.items():
                if key in ("text", "old_text", "title", "caption", "credit", "blocks", "items", "source", "formula"):
                    _say_unknown(rich, inner)
        case list():
            for inner in value:
                _say_unknown(rich, inner)
        case str() if is_text(value):
            rich.line()
            rich.say(str(value))


# --- blocks ----------------------------------------------------------------------------------

Into: TypeAlias = "Callable[[Rich, int, Parsed, str], None]"
"""Reads the value of a block's key; the number is the block's place."""


def _field(name: str, shape: Shape) -> Into:
    def into(rich: Rich, place: int, value: Parsed, where: str) -> None:
        if (found := shape(rich.reader, value, where)) is not None:
            rich.blocks[place][name] = found

    return into


def _span(rich: Rich, place: int, value: Parsed, where: str) -> None:
    """The block's own words."""
    rich.line()
    start = rich.length
    add_words(rich, value, where)
    rich.blocks[place]["span"] = Span(start, rich.length - start)


def _role(role: str) -> Into:
    """Words beside the block's own: a caption, a credit, a title."""

    def into(rich: Rich, place: int, value: Parsed, where: str) -> None:
        if isinstance(value, dict) and value.get("type") == "empty":
            add_words(rich, value, where)
            return
        inner = _open(rich, "words", place, role)
        _span(rich, inner, value, where)

    return into


def _caption(rich: Rich, place: int, value: Parsed, where: str) -> None:
    """A caption with its credit; of a quote the caption is a text."""
    if isinstance(value, dict) and "type" in value:
        _role("caption")(rich, place, value, where)
        return
    told = required_mapping(rich.reader, value, where) or {}
    for key, inner in told.items():
        if key in ("text", "credit"):
            _role("caption" if key == "text" else "credit")(rich, place, inner, f"{where}.{key}")
        else:
            rich.reader.miss(f"{where}.{key}")


def _words_of(role: str) -> Into:
    """A string that is words of the message."""

    def into(rich: Rich, place: int, value: Parsed, where: str) -> None:
        if not is_text(value):
            rich.reader.refuse(where)
        elif value:
            _role(role)(rich, place, value, where)

    return into


def _inside(role: str) -> Into:
    """Blocks in this one."""
    return lambda rich, place, value, where: _blocks(rich, value, place, role, where)


def _one_inside(rich: Rich, place: int, value: Parsed, where: str) -> None:
    _block(rich, value, place, "", where)


def _each_inside(kind: str) -> Into:
    """Parts of a block that have no type of their own: items, rows, cells, articles, buttons."""

    def into(rich: Rich, place: int, value: Parsed, where: str) -> None:
        if not isinstance(value, list):
            rich.reader.refuse(where)
            return
        for one in value:
            told = required_mapping(rich.reader, one, where)
            if told is not None:
                _fill(rich, told, _open(rich, kind, place, ""), kind)

    return into


def _spread(keys: "Mapping[str, Into]") -> Into:
    """An object whose keys belong to the block itself."""

    def into(rich: Rich, place: int, value: Parsed, where: str) -> None:
        told = required_mapping(rich.reader, value, where) or {}
        for key, inner in told.items():
            if key in keys:
                keys[key](rich, place, inner, f"{where}.{key}")
            else:
                rich.reader.miss(f"{where}.{key}")

    return into


def _unwritten(rich: Rich, place: int, value: Parsed, where: str) -> None:
    """The exporter says that it does not write this."""
    if flag(rich.reader, value, where) == "yes":
        rich.reader.unwritten[f"rich_message: {rich.blocks[place]['type']}"] = None


def _skip(rich: Rich, place: int, value: Parsed, where: str) -> None:
    """Known, and read with the file that it is about."""


def _checked(shape: Shape) -> Into:
    """Known and no field; what it should be is looked at."""

    def into(rich: Rich, place: int, value: Parsed, where: str) -> None:  # noqa: ARG001 - one signature for all keys
        shape(rich.reader, value, where)

    return into


def _person_of_channel(rich: Rich, place: int, value: Parsed, where: str) -> None:
    told = required_mapping(rich.reader, value, where) or {}
    number = integer(rich.reader, told.get("id"), f"{where}.id")
    title = text(rich.reader, told.get("title"), f"{where}.title")
    name = text(rich.reader, told.get("username"), f"{where}.username")
    kind = "group" if str(told.get("source_type", "")).startswith("chat") else "channel"
    if number is not None or title is not None or name is not None:
        identifier = None if number is None else f"{kind}{number}"
        rich.blocks[place]["person"] = Person(id=identifier, name=title, username=name)
    rest = {key: inner for key, inner in told.items() if key not in ("id", "title", "username")}
    _spread(_CHANNEL)(rich, place, rest, where)


_CHANNEL: Mapping[str, Into] = {
    "source_type": _field("source_type", code),
    "access_hash": _field("access_hash", integer),
    **{key: _field(key, flag) for key in ("broadcast", "megagroup", "monoforum")},
}


def _photo_keys(prefix: str) -> dict[str, Into]:
    read = {f"{prefix}{name}": _skip for name in ("_id", "_file_size", "_width", "_height")}
    return read | {prefix: _checked(text), f"{prefix}_skip_reason": _checked(_skip_reason)}


_PHOTO = _photo_keys("photo") | {"width": _skip, "height": _skip}
_FILE: Mapping[str, Into] = dict.fromkeys((*_FILE_KEYS, "document_id"), _skip) | {
    key: _checked(shape) for key, shape in _CHECKED.items()
}
_CONTENT = _checked(one_of("text", "blocks"))
_CAPTION: Mapping[str, Into] = {"caption": _caption, "unsupported": _unwritten}
_FLAGS = ("autoplay", "loop", "full_width", "allow_scrolling", "open", "bordered", "striped", "compact", "header")
_FLAGGED = {key: _field(key, flag) for key in _FLAGS} | {"spoiler": _skip}
_ADDRESS: Mapping[str, Into] = {"url": _field("link", link), "webpage_id": _field("webpage_id", integer)}
_DATE: Mapping[str, Into] = {"date": _field("date", local_time), "date_unixtime": _field("time", moment)}
_GEO: Mapping[str, Into] = {
    "geo": _spread(
        {
            "source_type": _field("source_type", code),
            "latitude": _field("latitude", decimal),
            "longitude": _field("longitude", decimal),
            "access_hash": _field("access_hash", integer),
            "accuracy_radius": _field("accuracy_m", decimal),
        }
    ),
    **{key: _field(key, integer) for key in ("zoom", "width", "height")},
}


def _some(*names: str) -> dict[str, Into]:
    return {name: _FLAGGED[name] for name in names}


BLOCKS: Mapping[str, Mapping[str, Into]] = MappingProxyType(
    {
        "heading": {"level": _field("level", integer), "text": _span},
        "paragraph": {"text": _span},
        "footer": {"text": _span},
        "thinking": {"text": _span},
        "author_date": {"author": _role("author"), **_DATE},
        "code": {"text": _span, "language": _field("language", text)},
        "divider": {},
        "anchor": {"name": _field("name", text)},
        "list": {
            "kind": _field("list", one_of("bullet", "ordered")),
            "reversed": _field("reversed", flag),
            "start": _field("start", integer),
            "list_type": _field("numbering", text),
            "items": _each_inside("list_item"),
        },
        "quote": {
            "content": _CONTENT,
            "pullquote": _field("pullquote", flag),
            "text": _span,
            "blocks": _inside(""),
            "caption": _caption,
        },
        "photo": {**_PHOTO, **_some("spoiler"), **_ADDRESS, **_CAPTION},
        "video": {**_FILE, **_some("autoplay", "loop", "spoiler"), **_CAPTION},
        "audio": {**_FILE, **_CAPTION},
        "file": {**_FILE, **_CAPTION},
        "cover": {"block": _one_inside, "unsupported": _unwritten},
        "embed": {
            **_ADDRESS,
            "html": _field("html", text),
            **_photo_keys("poster_photo"),
            "width": _field("width", integer),
            "height": _field("height", integer),
            **_some("full_width", "allow_scrolling"),
            **_CAPTION,
        },
        "embed_post": {
            **_ADDRESS,
            **_photo_keys("author_photo"),
            "author": _words_of("author"),
            **_DATE,
            "blocks": _inside(""),
            **_CAPTION,
        },
        "collage": {"items": _inside(""), **_CAPTION},
        "slideshow": {"items": _inside(""), **_CAPTION},
        "channel": {"channel": _person_of_channel, "unsupported": _unwritten},
        "math": {"formula": _words_of("formula")},
        "table": {
            "title": _role("title"),
            **_some("bordered", "striped", "compact"),
            "rows": _each_inside("row"),
        },
        "details": {"title": _role("title"), **_some("open"), "blocks": _inside("")},
        "related_articles": {
            "title": _role("title"),
            "articles": _each_inside("article"),
            "unsupported": _unwritten,
        },
        "map": {**_GEO, **_CAPTION},
        "input_map": {**_GEO, **_CAPTION},
        "button_row": {
            "alignment": _field("alignment", one_of("stretch", "left", "center", "right")),
            "buttons": _each_inside("button"),
        },
        "unsupported": {"source_type": _field("source_type", code), "unsupported": _unwritten},
    }
)
"""The keys of every block type, beside ``type``."""

_PARTS_OF_BLOCKS: Mapping[str, Mapping[str, Into]] = MappingProxyType(
    {
        "list_item": {
            "task_state": _field("task_state", one_of("none", "unchecked", "checked")),
            "content": _CONTENT,
            "text": _span,
            "blocks": _inside(""),
            "num": _field("number_shown", text),
            "value": _field("value", integer),
            "item_type": _field("numbering", text),
        },
        "row": {"cells": _each_inside("cell")},
        "cell": {
            "text": _span,
            "colspan": _field("colspan", integer),
            "rowspan": _field("rowspan", integer),
            "header": _field("header", flag),
            "align": _field("align", code),
            "vertical_align": _field("vertical_align", code),
        },
        "article": {
            **_ADDRESS,
            "title": _words_of("title"),
            "description": _words_of("description"),
            "author": _words_of("author"),
            **_photo_keys("photo"),
            "published_date": _field("date", local_time),
            "published_date_unixtime": _field("time", moment),
        },
        "button": {"text": _span, "button": _skip, "style": _skip},
    }
)
"""The keys of what stands in a block without a type of its own."""

_PICTURED = {
    "photo": "photo", "video": "", "audio": "", "file": "", "embed": "poster_photo", "embed_post": "author_photo",
    "article": "photo",
}  # fmt: skip
"""The blocks that show a file, and what the names of a picture's keys begin with."""


def _blocks(rich: Rich, value: Parsed, place: int | None, role: str, where: str) -> None:
    if not isinstance(value, list):
        rich.reader.refuse(where)
        return
    for one in value:
        _block(rich, one, place, role, where)


def _block(rich: Rich, value: Parsed, place: int | None, role: str, where: str) -> None:
    told = required_mapping(rich.reader, value, where)
    if told is None:
        return
    kind = told.get("type")
    if not is_text(kind) or str(kind) not in BLOCKS:
        if is_text(kind):
            rich.reader.miss(f"rich_message block: {kind}")
        else:
            rich.reader.refuse(f"{where}.type")
        inner = _open(rich, "unknown", place, role)
        start = rich.length
        _say_unknown(rich, dict(told))
        rich.blocks[inner]["span"] = Span(start, rich.length - start)
        return
    _fill(rich, told, _open(rich, str(kind), place, role), str(kind))


def _open(rich: Rich, kind: str, place: int | None, role: str) -> int:
    block: dict[str, Any] = {"type": kind}
    if place is not None:
        block["inside"] = str(place)
    if role:
        block["role"] = role
    rich.blocks.append(block)
    return len(rich.blocks) - 1


def _fill(rich: Rich, told: Told, place: int, kind: str) -> None:
    keys = BLOCKS.get(kind) or _PARTS_OF_BLOCKS.get(kind, {})
    for key, value in told.items():
        if key == "type" and kind in BLOCKS:
            continue
        if key in keys:
            keys[key](rich, place, value, f"rich_message {kind}.{key}")
        else:
            rich.reader.miss(f"rich_message {kind}.{key}")
    if kind in _PICTURED:
        _media(rich, told, _PICTURED[kind], rich.blocks[place])
    if kind == "button":
        rich.blocks[place]["button"] = _button(rich, told, rich.blocks[place].get("span"))


# --- files and buttons -----------------------------------------------------------------------


def _media(rich: Rich, told: Told, prefix: str, block: dict[str, Any]) -> None:
    """The file of a block: what the exporter says of it, and the file or why there is none."""
    path_key = prefix or "file"
    id_key = f"{prefix}_id" if prefix else "document_id"
    fields = _media_fields(rich.reader, told, prefix)
    if id_key in told and (number := integer(rich.reader, told[id_key], f"rich_message.{id_key}")) is not None:
        fields["id"] = number
    if not fields:
        return
    block["media"] = Part("media", {"type": "photo" if prefix else "file"} | fields)
    if block["type"] == "inline_image":
        rich.blocks.append(block)
    path, skipped = told.get(path_key), told.get(f"{path_key}_skip_reason")
    if is_text(path) and path:
        rich.files.append(_named(told, path_key, str(path), None))
    elif is_text(skipped) and skipped:
        reason = _SKIPPED.get(str(skipped), HoleReason.NOT_EXPORTED)
        rich.files.append(_named(told, path_key, f"({skipped})", reason))
    elif path in (None, "") and skipped in (None, ""):  # another shape is noted as that
        rich.reader.unwritten[f"rich_message: {block['type']}"] = None


def _named(told: Told, path_key: str, path: str, skipped: HoleReason | None) -> NamedFile:
    size, preview, shown, kind = (told.get(key) for key in (f"{path_key}_size", "thumbnail", "file_name", "mime_type"))
    if path_key != "file":
        size = told.get(f"{path_key}_file_size")
    return NamedFile(
        path,
        str(kind) if is_text(kind) and path_key == "file" else None,
        integer_of(size),
        shown=str(shown) if is_text(shown) and path_key == "file" else "",
        preview=str(preview) if is_text(preview) and path_key == "file" else "",
        skipped=skipped,
    )


_MEDIA_FIELDS: Mapping[str, tuple[str, Shape]] = {
    "file_name": ("file_name", text),
    "file_size": ("bytes", integer),
    "media_type": ("type", one_of(*MEDIA_TYPES)),
    "sticker_emoji": ("emoji", text),
    "performer": ("performer", text),
    "title": ("title", text),
    "mime_type": ("media_type", text),
    "duration_seconds": ("duration_s", integer),
    "width": ("width", integer),
    "height": ("height", integer),
    "spoiler": ("spoiler", flag),
}


def _media_fields(reader: PartReader, told: Told, prefix: str) -> dict[str, Any]:
    keys: Mapping[str, tuple[str, Shape]] = _MEDIA_FIELDS
    if prefix:
        keys = {f"{prefix}_file_size": ("bytes", integer)}
        keys |= {f"{prefix}_width": ("width", integer), f"{prefix}_height": ("height", integer)}
        if prefix == "photo":
            keys |= {key: _MEDIA_FIELDS[key] for key in ("width", "height", "spoiler")}
    read = ((to, shape(reader, told[key], f"rich_message.{key}")) for key, (to, shape) in keys.items() if key in told)
    return {to: found for to, found in read if found is not None}


_BUTTON: Mapping[str, tuple[str, Shape]] = {
    "type": ("type", one_of(*BUTTON_TYPES)),
    "url": ("link", link),
    "forward_text": ("forward_text", text),
    "button_id": ("id", integer),
    "requires_password": ("requires_password", flag),
    "dataBase64": ("data_b64", text),
    "data": ("data", text),
    "query": ("query", text),
    "same_peer": ("same_peer", flag),
    "peer_types": ("peer_types", list_of(text)),
    "user_id": ("person", user),
    "copy_text": ("copy_text", text),
}


def _button(rich: Rich, told: Told, span: Span | None) -> Part:
    inner = required_mapping(rich.reader, told.get("button"), "rich_message: button") or {}
    fields: dict[str, Any] = {} if span is None else {"span": span}
    if "style" in told and (style := code(rich.reader, told["style"], "rich_message button.style")):
        fields["style"] = style
    return Part("button", fields | dict(_button_fields(rich.reader, inner)))


def _button_fields(reader: PartReader, inner: Told) -> Iterator[tuple[str, Any]]:
    for key, value in inner.items():
        if key not in _BUTTON:
            reader.miss(f"rich_message button.{key}")
            continue
        to, shape = _BUTTON[key]
        if (found := shape(reader, value, f"rich_message button.{key}")) is not None:
            yield to, found
