"""Rich messages of the layer: the words of all blocks are the text of the message, and its blocks are a flat list.

They are spelled as in an export (``monitor.desktop.rich``): formatting and links become entities, each block names the
span of its words and the block that it is in, and the pictures of a block are told in it. A block or text that nobody
knows is noted, and so is one that only asks for something to be filled in. If the server sent only the beginning of a
message (``part``), the rest is a hole until it is asked for.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, TypeAlias

from evidence.canonical import Value
from evidence.content import Entity, Link, Number, NumberKind, Part, Person, Span
from evidence.observation import HoleReason
from monitor.previews import is_uncut
from monitor.telegram.buttons import inline_button
from monitor.telegram.entities import time_form
from monitor.telegram.media import media_fields
from monitor.telegram.pictures import carried_in
from monitor.telegram.reading import (
    Reading,
    TlShape,
    constructor_of,
    flag,
    fraction,
    integer,
    link,
    moment,
    text,
    user,
)
from monitor.telegram.tree import TlTree


@dataclass(slots=True)
class RichPage:
    """A rich message while it is being read.

    Attributes:
        media: What is said about each picture and file, by its identity.
        shown: The identities that are in a block.
    """

    reading: Reading
    media: Mapping[str, Mapping[str, Any]]
    words: list[str] = field(default_factory=list)
    length: int = 0
    entities: list[Entity] = field(default_factory=list)
    blocks: list[dict[str, Any]] = field(default_factory=list)
    shown: set[str] = field(default_factory=set)

    def say(self, said: str) -> None:
        """Add words as they are."""
        self.words.append(said)
        self.length += len(said)

    def line(self) -> None:
        """Let what follows begin a line."""
        if self.words and not self.words[-1].endswith("\n"):
            self.say("\n")

    def cleaned(self) -> tuple[Value, tuple[Entity, ...]]:
        """The words and what is on them."""
        said = self.reading.clean("".join(self.words))
        if is_uncut(said):
            return said, tuple(self.entities)
        self.reading.note(HoleReason.UNREAD, "rich_message: entities", len(self.entities))
        return said, ()  # a picture was cut out: the entities must not spell it again

    def part(self, *, rtl: bool) -> Part:
        """The blocks, as one part of the message."""
        fields = {"rtl": "yes"} if rtl else {}
        return Part("rich", fields | {"blocks": tuple(Part("block", block) for block in self.blocks)})


def read_blocks(reading: Reading, blocks: list[TlTree], media: Mapping[str, Mapping[str, Any]]) -> RichPage:
    """Read the blocks of a rich message of Telegram's layer, or of the article behind a link."""
    rich = RichPage(reading, media)
    for block in blocks:
        _block(rich, block, None, "")
    return rich


def read_rich_message(reading: Reading, told: TlTree) -> RichPage:
    """Read a live ``RichMessage`` from Telegram's server."""
    rich = read_blocks(reading, told.get("blocks", []), _media_in(reading, told))
    if told.get("part"):
        reading.note(HoleReason.UNREAD, "rich_message: all but its beginning")
    _note_unknown(rich, told, MESSAGE_FIELDS)
    return rich


def read_article(reading: Reading, told: TlTree) -> dict[str, Any]:
    """The words and links of a ``Page`` from Telegram's server, the article behind a link."""
    rich = read_blocks(reading, told.get("blocks", []), _media_in(reading, told))
    if told.get("part"):
        reading.note(HoleReason.UNREAD, "cached_page: all but its beginning")
    _note_unknown(rich, told, PAGE_FIELDS)
    links = [one.get("link") for one in (*(entity.fields for entity in rich.entities), *rich.blocks)]
    found = {"links": tuple(dict.fromkeys(link for link in links if isinstance(link, Link)))}
    words = reading.clean("".join(rich.words))
    return ({"article": (words,)} if words else {}) | (found if found["links"] else {})


def _media_in(reading: Reading, told: TlTree) -> dict[str, Mapping[str, Any]]:
    return {one.identity: media_fields(reading, one) for one in carried_in(told) if not one.unfetched}


MESSAGE_FIELDS = frozenset({"blocks", "photos", "documents", "rtl", "part"})
PAGE_FIELDS = frozenset({"url", "blocks", "photos", "documents", "rtl", "part", "v2", "views"})
"""``url`` is the page's own address; ``views`` are counted where the page is."""

# --- texts -----------------------------------------------------------------------------------

Itself: TypeAlias = Callable[[Value], tuple[str, Any]]


@dataclass(frozen=True, slots=True)
class Formatting:
    """A formatting of rich texts.

    Attributes:
        type: Its name in Telegram Desktop.
        keys: Its fields besides ``text``, each with the field it goes to and its shape; no field if another reads it.
        itself: Makes what its words themselves are, if no field says so.
    """

    type: str
    keys: Mapping[str, tuple[str, TlShape]] = field(default_factory=dict)
    itself: Itself | None = None


def _email(reading: Reading, value: Any, where: str) -> Number | None:  # noqa: ANN401 - a shape
    found = text(reading, value, where)
    return None if found is None else Number(NumberKind.EMAIL, found)


def _phone(reading: Reading, value: Any, where: str) -> Number | None:  # noqa: ANN401 - a shape
    found = text(reading, value, where)
    return None if found is None else Number(NumberKind.PHONE, found)


def _elsewhere(_reading: Reading, _value: object, _where: str) -> None:
    """Leave it to another reader."""


_AS_EMAIL: Itself = lambda words: ("number", Number(NumberKind.EMAIL, words))  # noqa: E731 - one of a table
_AS_PHONE: Itself = lambda words: ("number", Number(NumberKind.PHONE, words))  # noqa: E731 - one of a table
_DATE = {"date": ("time", moment)} | dict.fromkeys(
    ("relative", "short_time", "long_time", "short_date", "long_date", "day_of_week"), ("", _elsewhere)
)
FORMATTINGS: Mapping[str, Formatting] = MappingProxyType(
    {
        "TextBold": Formatting("bold"),
        "TextItalic": Formatting("italic"),
        "TextUnderline": Formatting("underline"),
        "TextStrike": Formatting("strikethrough"),
        "TextFixed": Formatting("code"),
        "TextSubscript": Formatting("subscript"),
        "TextSuperscript": Formatting("superscript"),
        "TextMarked": Formatting("marked"),
        "TextSpoiler": Formatting("spoiler"),
        "TextHashtag": Formatting("hashtag"),
        "TextCashtag": Formatting("cashtag"),
        "TextBotCommand": Formatting("bot_command"),
        "TextUrl": Formatting("text_link", {"url": ("link", link), "webpage_id": ("webpage_id", integer)}),
        "TextAutoUrl": Formatting("link", itself=lambda words: ("link", Link(words))),
        "TextEmail": Formatting("email", {"email": ("number", _email)}, _AS_EMAIL),
        "TextAutoEmail": Formatting("email", itself=_AS_EMAIL),
        "TextPhone": Formatting("phone", {"phone": ("number", _phone)}, _AS_PHONE),
        "TextAutoPhone": Formatting("phone", itself=_AS_PHONE),
        "TextBankCard": Formatting("bank_card", itself=lambda words: ("number", Number(NumberKind.CARD, words))),
        "TextMention": Formatting("mention", itself=lambda words: ("person", Person(username=words))),
        "TextMentionName": Formatting("mention_name", {"user_id": ("person", user)}),
        "TextAnchor": Formatting("anchor", {"name": ("anchor", text)}),
        "TextDate": Formatting("formatted_date", _DATE),
    }
)
"""Every formatting that applies to a text."""


def _say(rich: RichPage, value: TlTree) -> None:
    """Add the words of a rich text, and its formatting as entities."""
    name = constructor_of(value)
    if name in FORMATTINGS:
        _say_formatted(rich, value, FORMATTINGS[name])
    elif name in TEXTS:
        TEXTS[name].read(rich, value)
        _note_unknown(rich, value, TEXTS[name].fields)
    else:
        rich.reading.note(HoleReason.UNKNOWN, f"rich text: {name}", value)


def _say_formatted(rich: RichPage, value: TlTree, kind: Formatting) -> None:
    start, at = rich.length, len(rich.words)
    if "text" in value:
        _say(rich, value["text"])
    said, where = "".join(rich.words[at:]), str(value["_"])
    _note_unknown(rich, value, frozenset({"text", *kind.keys}))
    fields: dict[str, Any] = {}
    for key, (to, shape) in kind.keys.items():
        if to and key in value and (found := shape(rich.reading, value[key], f"{where}.{key}")) is not None:
            fields[to] = found
    if kind.type == "mention_name" and said and "person" in fields:
        fields["person"] = Person(id=fields["person"].id, name=rich.reading.clean(said))
    if kind.itself and not fields and said:
        to, itself = kind.itself(rich.reading.clean(said))
        fields[to] = itself
    rich.entities.append(Entity(kind.type, Span(start, rich.length - start), fields | time_form(value)))


def _note_unknown(rich: RichPage, value: TlTree, known: frozenset[str]) -> None:
    for key in value.keys() - {"_"} - known:
        rich.reading.note(HoleReason.UNKNOWN, f"{value['_']}.{key}", value[key])


@dataclass(frozen=True, slots=True)
class OwnForm:
    """A text or block with a form of its own, and the fields that its reader knows."""

    read: Callable[[RichPage, TlTree], None]
    fields: frozenset[str]


def _emoji(rich: RichPage, value: TlTree) -> None:
    start = rich.length
    rich.say(value["alt"])
    number = integer(rich.reading, value["document_id"], "TextCustomEmoji")
    rich.entities.append(Entity("custom_emoji", Span(start, rich.length - start), {"document_id": number}))


def _formula(rich: RichPage, value: TlTree) -> None:
    start = rich.length
    rich.say(value["source"])
    rich.entities.append(Entity("math", Span(start, rich.length - start)))


def _diff(rich: RichPage, value: TlTree) -> None:
    """A change: the new words, then the old ones."""
    for key, kind in (("text", "diff_new"), ("old_text", "diff_old")):
        start = rich.length
        _say(rich, value[key])
        rich.entities.append(Entity(kind, Span(start, rich.length - start)))


def _image(rich: RichPage, value: TlTree) -> None:
    block: dict[str, Any] = {"type": "inline_image"}
    rich.blocks.append(block)
    _show(rich, block, f"document{value['document_id']}")


def _text_button(rich: RichPage, value: TlTree) -> None:
    _button(rich, None, value)


def _concat(rich: RichPage, value: TlTree) -> None:
    for one in value.get("texts", ()):
        _say(rich, one)


TEXTS: Mapping[str, OwnForm] = MappingProxyType(
    {
        "TextEmpty": OwnForm(lambda _rich, _value: None, frozenset()),
        "TextPlain": OwnForm(lambda rich, value: rich.say(value["text"]), frozenset({"text"})),
        "TextConcat": OwnForm(_concat, frozenset({"texts"})),
        "TextCustomEmoji": OwnForm(_emoji, frozenset({"document_id", "alt"})),
        "TextMath": OwnForm(_formula, frozenset({"source"})),
        "TextDiff": OwnForm(_diff, frozenset({"text", "old_text"})),
        "TextImage": OwnForm(_image, frozenset({"document_id", "w", "h"})),
        "TextButton": OwnForm(_text_button, frozenset({"text", "type", "style"})),
    }
)
"""Every rich text that has a form of its own."""


# --- blocks ----------------------------------------------------------------------------------

BlockReader: TypeAlias = "Callable[[RichPage, int, Any, str], None]"
"""Reads the value of a block's field; the number is the block's place."""


@dataclass(frozen=True, slots=True)
class Block:
    """A block of the layer.

    Attributes:
        type: Its name in Telegram Desktop.
        keys: Its fields, in the order in which their words are said.
        fixed: What its constructor says by itself.
    """

    type: str
    keys: Mapping[str, BlockReader] = field(default_factory=dict)
    fixed: Mapping[str, str] = field(default_factory=dict)


def _field(name: str, shape: TlShape) -> BlockReader:
    def into(rich: RichPage, place: int, value: object, where: str) -> None:
        if (found := shape(rich.reading, value, where)) is not None:
            rich.blocks[place][name] = found

    return into


def _fixed(name: str, value: str) -> BlockReader:
    """A flag that is one choice among several."""

    def into(rich: RichPage, place: int, said: object, where: str) -> None:  # noqa: ARG001 - one signature for all
        rich.blocks[place][name] = value

    return into


def _span(rich: RichPage, place: int, value: Any, where: str) -> None:  # noqa: ANN401, ARG001 - one signature for all
    """The block's own words."""
    rich.line()
    start = rich.length
    if isinstance(value, str):
        rich.say(value)
    else:
        _say(rich, value)
    rich.blocks[place]["span"] = Span(start, rich.length - start)


def _role(role: str) -> BlockReader:
    """Words beside the block's own: a caption, a credit, a title."""

    def into(rich: RichPage, place: int, value: Any, where: str) -> None:  # noqa: ANN401 - a text or a rich text
        if value and constructor_of(value) != "TextEmpty":
            _span(rich, _open(rich, "words", place, role), value, where)

    return into


def _caption(rich: RichPage, place: int, value: TlTree, where: str) -> None:
    _note_unknown(rich, value, frozenset({"text", "credit"}))
    for key, role in (("text", "caption"), ("credit", "credit")):
        if key in value:
            _role(role)(rich, place, value[key], f"{where}.{key}")


def _inside(rich: RichPage, place: int, value: Any, where: str) -> None:  # noqa: ANN401, ARG001 - one signature for all
    for one in value if isinstance(value, list) else [value]:
        _block(rich, one, place, "")


def _each(rich: RichPage, place: int, value: list[TlTree], where: str) -> None:  # noqa: ARG001 - one signature for all
    """Parts of a block that have no type of their own: items, rows, cells, articles."""
    for one in value:
        _block(rich, one, place, "")


def _each_button(rich: RichPage, place: int, value: list[TlTree], where: str) -> None:  # noqa: ARG001 - the same
    for one in value:
        if one["_"] == "PageButton":
            _button(rich, place, one)
        else:
            rich.reading.note(HoleReason.UNKNOWN, f"rich block: {one['_']}", one)


def _shown(kind: str) -> BlockReader:
    def into(rich: RichPage, place: int, value: int, where: str) -> None:  # noqa: ARG001 - one signature for all
        _show(rich, rich.blocks[place], f"{kind}{value}")

    return into


def _spoiler(rich: RichPage, place: int, value: object, where: str) -> None:  # noqa: ARG001 - one signature for all
    media = rich.blocks[place].get("media")
    if media is not None:
        rich.blocks[place]["media"] = Part("media", {**media.fields, "spoiler": "yes"})


def _geo(rich: RichPage, place: int, value: TlTree, where: str) -> None:
    for key, name in (("lat", "latitude"), ("long", "longitude"), ("accuracy_radius", "accuracy_m")):
        if key in value and (found := fraction(rich.reading, value[key], f"{where}.{key}")) is not None:
            rich.blocks[place][name] = found


def _chat(rich: RichPage, place: int, value: TlTree, where: str) -> None:
    kind = {"Channel": "channel", "ChannelForbidden": "channel"}.get(value["_"], "group")
    person = rich.reading.peers.person(f"{kind}{value['id']}")
    name = text(rich.reading, value.get("title"), where) or person.name
    rich.blocks[place]["person"] = Person(person.id, name, person.username)


def _unused(rich: RichPage, place: int, value: object, where: str) -> None:
    """Leave out how it is shown, or what another field says."""


_TEXT: dict[str, BlockReader] = {"text": _span}
_CHECK: dict[str, BlockReader] = {
    "checkbox": _fixed("task_state", "unchecked"),
    "checked": _fixed("task_state", "checked"),
}
_ITEM: dict[str, BlockReader] = _CHECK | {
    "num": _field("number_shown", text),
    "value": _field("value", integer),
    "type": _field("numbering", text),
}
_MAP: dict[str, BlockReader] = {"geo": _geo, "zoom": _field("zoom", integer), "w": _field("width", integer)}
_HEADINGS = {f"PageBlockHeading{level}": Block("heading", _TEXT, {"level": str(level)}) for level in range(1, 7)}
_OLD_HEADINGS = {
    "PageBlockTitle": Block("heading", _TEXT, {"level": "1"}),
    "PageBlockSubtitle": Block("heading", _TEXT, {"level": "2"}),
    "PageBlockHeader": Block("heading", _TEXT, {"level": "3"}),
    "PageBlockSubheader": Block("heading", _TEXT, {"level": "4"}),
    "PageBlockKicker": Block("heading", _TEXT, {"level": "5"}),
}

BLOCKS: Mapping[str, Block] = MappingProxyType(
    _HEADINGS
    | _OLD_HEADINGS
    | {
        "PageBlockParagraph": Block("paragraph", _TEXT),
        "PageBlockFooter": Block("footer", _TEXT),
        "PageBlockThinking": Block("thinking", _TEXT),
        "PageBlockPreformatted": Block("code", _TEXT | {"language": _field("language", text)}),
        "PageBlockDivider": Block("divider"),
        "PageBlockAnchor": Block("anchor", {"name": _field("name", text)}),
        "PageBlockAuthorDate": Block(
            "author_date", {"author": _role("author"), "published_date": _field("time", moment)}
        ),
        "PageBlockList": Block("list", {"items": _each}, {"list": "bullet"}),
        "PageBlockOrderedList": Block(
            "list",
            {
                "reversed": _field("reversed", flag),
                "start": _field("start", integer),
                "type": _field("numbering", text),
                "items": _each,
            },
            {"list": "ordered"},
        ),
        "PageListItemText": Block("list_item", _CHECK | _TEXT),
        "PageListItemBlocks": Block("list_item", _CHECK | {"blocks": _inside}),
        "PageListOrderedItemText": Block("list_item", _ITEM | _TEXT),
        "PageListOrderedItemBlocks": Block("list_item", _ITEM | {"blocks": _inside}),
        "PageBlockBlockquote": Block("quote", _TEXT | {"caption": _role("caption"), "collapsed": _unused}),
        "PageBlockBlockquoteBlocks": Block("quote", {"blocks": _inside, "caption": _role("caption")}),
        "PageBlockPullquote": Block("quote", _TEXT | {"caption": _role("caption")}, {"pullquote": "yes"}),
        "PageBlockPhoto": Block(
            "photo",
            {
                "photo_id": _shown("photo"),
                "spoiler": _spoiler,
                "url": _field("link", link),
                "webpage_id": _field("webpage_id", integer),
                "caption": _caption,
            },
        ),
        "PageBlockVideo": Block(
            "video",
            {
                "video_id": _shown("document"),
                "spoiler": _spoiler,
                "autoplay": _field("autoplay", flag),
                "loop": _field("loop", flag),
                "caption": _caption,
            },
        ),
        "PageBlockAudio": Block("audio", {"audio_id": _shown("document"), "caption": _caption}),
        "PageBlockDocument": Block("file", {"document_id": _shown("document"), "caption": _caption}),
        "PageBlockCover": Block("cover", {"cover": _inside}),
        "PageBlockEmbed": Block(
            "embed",
            {
                "url": _field("link", link),
                "html": _field("html", text),
                "poster_photo_id": _shown("photo"),
                "w": _field("width", integer),
                "h": _field("height", integer),
                "full_width": _field("full_width", flag),
                "allow_scrolling": _field("allow_scrolling", flag),
                "caption": _caption,
            },
        ),
        "PageBlockEmbedPost": Block(
            "embed_post",
            {
                "url": _field("link", link),
                "webpage_id": _field("webpage_id", integer),
                "author_photo_id": _shown("photo"),
                "author": _role("author"),
                "date": _field("time", moment),
                "blocks": _inside,
                "caption": _caption,
            },
        ),
        "PageBlockCollage": Block("collage", {"items": _inside, "caption": _caption}),
        "PageBlockSlideshow": Block("slideshow", {"items": _inside, "caption": _caption}),
        "PageBlockChannel": Block("channel", {"channel": _chat}),
        "PageBlockMath": Block("math", {"source": _role("formula")}),
        "PageBlockTable": Block(
            "table",
            {
                "title": _role("title"),
                "bordered": _field("bordered", flag),
                "striped": _field("striped", flag),
                "compact": _field("compact", flag),
                "rows": _each,
            },
        ),
        "PageTableRow": Block("row", {"cells": _each}),
        "PageTableCell": Block(
            "cell",
            _TEXT
            | {
                "header": _field("header", flag),
                "align_center": _fixed("align", "center"),
                "align_right": _fixed("align", "right"),
                "valign_middle": _fixed("vertical_align", "middle"),
                "valign_bottom": _fixed("vertical_align", "bottom"),
                "colspan": _field("colspan", integer),
                "rowspan": _field("rowspan", integer),
            },
        ),
        "PageBlockDetails": Block(
            "details", {"title": _role("title"), "open": _field("open", flag), "blocks": _inside}
        ),
        "PageBlockRelatedArticles": Block("related_articles", {"title": _role("title"), "articles": _each}),
        "PageRelatedArticle": Block(
            "article",
            {
                "url": _field("link", link),
                "webpage_id": _field("webpage_id", integer),
                "title": _role("title"),
                "description": _role("description"),
                "author": _role("author"),
                "photo_id": _shown("photo"),
                "published_date": _field("time", moment),
            },
        ),
        "PageBlockMap": Block("map", {**_MAP, "h": _field("height", integer), "caption": _caption}),
        "PageBlockButtonRow": Block(
            "button_row",
            {
                "align_left": _fixed("alignment", "left"),
                "align_center": _fixed("alignment", "center"),
                "align_right": _fixed("alignment", "right"),
                "buttons": _each_button,
            },
        ),
    }
)
"""Every block that the server sends, with its fields."""

BLOCK_HOLES: Mapping[str, str] = MappingProxyType(
    {
        "PageBlockUnsupported": "the server says that the layer has no block for it",
        "InputPageBlockMap": "only a client sends it",
    }
)
"""Blocks that nobody can read."""


def _block(rich: RichPage, told: TlTree, place: int | None, role: str) -> None:
    name = constructor_of(told)
    block = BLOCKS.get(name)
    if block is None:
        reason = HoleReason.UNSUPPORTED if name in BLOCK_HOLES else HoleReason.UNKNOWN
        rich.reading.note(reason, f"rich block: {name}", told)
        _open(rich, "unknown", place, role)
        return
    here = _open(rich, block.type, place, role)
    rich.blocks[here].update(block.fixed)
    _note_unknown(rich, told, frozenset(block.keys))
    for key, into in block.keys.items():
        if key in told:
            into(rich, here, told[key], f"{name}.{key}")


def _open(rich: RichPage, kind: str, place: int | None, role: str) -> int:
    block: dict[str, Any] = {"type": kind}
    if place is not None:
        block["inside"] = str(place)
    if role:
        block["role"] = role
    rich.blocks.append(block)
    return len(rich.blocks) - 1


def _show(rich: RichPage, block: dict[str, Any], identity: str) -> None:
    """Tell the picture or file of a block; one that the message does not carry, only by its number."""
    kind = "photo" if identity.startswith("photo") else "file"
    number = identity.removeprefix("photo").removeprefix("document")
    if identity not in rich.media:
        rich.reading.note(HoleReason.UNAVAILABLE, f"rich block: {block['type']}", identity)
    block["media"] = Part("media", rich.media.get(identity) or {"type": kind, "id": number})
    rich.shown.add(identity)


def _button(rich: RichPage, place: int | None, told: TlTree) -> None:
    if place is not None:
        rich.line()
    start = rich.length
    _say(rich, told["text"])
    span = Span(start, rich.length - start)
    fields = inline_button(rich.reading, told["type"])
    style = told.get("style", {})
    _note_unknown(rich, told, frozenset({"text", "type", "style"}))
    styles = [name for name in ("bg_primary", "bg_danger", "bg_success", "link") if style.get(name)]
    if styles:
        fields["style"] = styles[0].removeprefix("bg_")
    where: dict[str, Any] = {} if place is None else {"inside": str(place)}
    rich.blocks.append({"type": "button"} | where | {"span": span, "button": Part("button", {"span": span} | fields)})
