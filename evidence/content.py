"""What a message says, in one model: every source fills it, and every reader shows it.

A ``Content`` is plain words with the entities on them, parts (a poll, a contact, the origin of a
forward, the blocks of a rich message ...) and counters. A part is a kind of ``PARTS`` with the
fields that its kind may have, each of one form; anything else cannot be built.

``split_content`` gives the values of the ``observed`` schema that can be withheld apart. Links, people and
numbers lie in lists of their own, and what refers to one names its place there, so that no link,
person or number is left in ``entities`` and ``content``. ``join_content`` puts them together again; what is
withheld is then a ``Withheld``. ``text`` is the words as posted, uncut: whoever withholds what can
be read there withholds ``text`` too. Counters name who reacted, and go with people.

Texts are values of the log: a string, its ``b64`` form, or what is left of it when pictures were
cut out (``evidence.canonical``, ``monitor.previews``). Offsets and lengths count Unicode
characters of the words as posted. docs/format.md, "Content", is the specification.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any, TypeAlias

from evidence.canonical import Value, jcs, sha256_hex
from evidence.errors import ContentError

NAMES = ("text", "entities", "links", "people", "numbers", "content", "counters")
"""The values of the ``observed`` schema that a content fills."""

_SAID = ("text", "entities", "links", "people", "numbers", "content")
IDENTITY = (
    "channel_id",
    "message_id",
    "posted_at",
    "sender_id",
    "reply_to",
    "action",
    "unknown_sha256",
    *_SAID,
)
_POST = ("channel_id", "message_id", "posted_at")
_SERVICE = "service"
_ABOUT = frozenset(
    {
        "author", "forward", "saved_from", "via_bot", "reply", "topic", "album", "local_time", "buttons", "sent",
        "limits", "restriction", "suggested_post",
    }
)  # fmt: skip
"""Parts that say something about a message and are none."""


class Form(StrEnum):
    """What a field may hold."""

    TEXT = "text"
    CODE = "code"
    INTEGER = "integer"
    FRACTION = "fraction"
    FLAG = "flag"
    TIME = "time"
    WORDS = "words"
    SPAN = "span"
    LINK = "link"
    PERSON = "person"
    NUMBER = "number"


@dataclass(frozen=True, slots=True)
class Field:
    """The form of one field.

    Attributes:
        form: A form, or the kind of the part that stands there.
        many: A list of such.
    """

    form: Form | str
    many: bool = False


@dataclass(frozen=True, slots=True)
class Link:
    """An address that the message shows, or hides behind words."""

    address: Value

    def __post_init__(self) -> None:
        _require_text("address", self.address)


@dataclass(frozen=True, slots=True)
class Person:
    """An account, or a chat in the place of one, that the message names.

    Attributes:
        id: ``user123``, ``group123`` or ``channel123``.
        name: As shown on the day of acquisition.
        username: With its ``@``.
    """

    id: str | None = None
    name: Value = None
    username: Value = None

    def __post_init__(self) -> None:
        if self.id is None and self.name is None and self.username is None:
            raise ContentError("content.unknown_person")
        for name, value in (("id", self.id), ("name", self.name), ("username", self.username)):
            if value is not None:
                _require_text(name, value)


class NumberKind(StrEnum):
    """What reaches or identifies somebody outside of Telegram."""

    PHONE = "phone"
    EMAIL = "email"
    CARD = "card"


@dataclass(frozen=True, slots=True)
class Number:
    """A telephone number, an e-mail address or a bank card, as spelled in the message."""

    kind: NumberKind
    number: Value

    def __post_init__(self) -> None:
        _require_text("number", self.number)


@dataclass(frozen=True, slots=True)
class Withheld:
    """In the place of a value that is committed to and not shown; ``name`` is its NAME."""

    name: str


@dataclass(frozen=True, slots=True)
class Span:
    """Some of the message's words: characters ``offset`` to ``offset + length``, exclusive."""

    offset: int
    length: int

    def __post_init__(self) -> None:
        if self.offset < 0 or self.length < 0:
            raise ContentError("content.not_a_span")


@dataclass(frozen=True, slots=True)
class Entity:
    """A formatting or a reference on some of the message's words.

    Attributes:
        fields: What is behind it, by the names of ``ENTITY_FIELDS``.
    """

    type: str
    span: Span
    fields: Mapping[str, "Said"] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _require_spelling("type", self.type, Form.CODE)
        _require_fields(self.type, self.fields, ENTITY_FIELDS)


@dataclass(frozen=True, slots=True)
class Piece:
    """A formatted piece of the words of a part. One that is itself a link, a person or a number has no words."""

    type: str
    words: "PartWords" = ()
    fields: Mapping[str, "Said"] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _require_spelling("type", self.type, Form.CODE)
        _require_words(self.type, self.words)
        _require_fields(self.type, self.fields, ENTITY_FIELDS)


PartWords: TypeAlias = tuple["Value | Piece", ...]
"""The words of a part, in order: texts and formatted pieces."""

Said: TypeAlias = "Value | PartWords | Span | Link | Person | Number | Part | Withheld | tuple[Said, ...]"


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that a message says beside its words.

    Attributes:
        kind: Of ``PARTS``.
        fields: By the names that ``PARTS`` has for the kind; one that says nothing is left out.
    """

    kind: str
    fields: Mapping[str, "Said"] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.kind not in PARTS:
            raise ContentError("content.unknown_part", found=self.kind[:40])
        _require_fields(self.kind, self.fields, PARTS[self.kind])


@dataclass(frozen=True, slots=True)
class Content:
    """What one message says.

    Attributes:
        text: The plain words; None where there is no such thing as a text.
        parts: Of the kinds in ``PARTS``, at most in the order of the source.
        counters: Parts of the kinds in ``COUNTERS``: what changes without anybody changing the message.
    """

    text: "Value | Withheld" = None
    entities: tuple[Entity, ...] | Withheld = ()
    parts: tuple[Part, ...] | Withheld = ()
    counters: tuple[Part, ...] | Withheld = ()

    def __post_init__(self) -> None:
        if self.text is not None and not isinstance(self.text, Withheld):
            _require_text("text", self.text)
        for part in self.parts if isinstance(self.parts, tuple) else ():
            if part.kind in COUNTED:
                raise ContentError("content.counter_among_parts", found=part.kind)
        for part in self.counters if isinstance(self.counters, tuple) else ():
            if part.kind not in COUNTERS:
                raise ContentError("content.not_a_counter", expected=", ".join(COUNTERS), found=part.kind)

    @property
    def is_silent(self) -> bool:
        """Whether the message says nothing, except perhaps where it is from; Telegram has no such messages."""
        return not self.text and isinstance(self.parts, tuple) and all(part.kind in _ABOUT for part in self.parts)


# --- the parts -------------------------------------------------------------------------------


def _fields(
    *,
    each: Mapping[str, str] = MappingProxyType({}),
    many: Mapping[str, str] = MappingProxyType({}),
    **names: str,
) -> dict[str, Field]:
    """Fields by name: the names of each form in one string, the parts one by one, and the lists."""
    forms = {name: Field(Form(form)) for form, listed in names.items() for name in listed.split()}
    forms |= {name: Field(kind) for name, kind in each.items()}
    listed = {name: Field(Form(kind) if kind in _FORMS else kind, many=True) for name, kind in many.items()}
    return forms | listed


_FORMS = frozenset(Form)

ENTITY_FIELDS: Mapping[str, Field] = MappingProxyType(
    _fields(
        link="link",
        person="person",
        number="number",
        text="language anchor time_form old_text",
        integer="document_id webpage_id",
        flag="collapsed",
        time="time",
    )
)
"""What may be behind an entity, whatever its type."""

_PLACE = _fields(fraction="latitude longitude accuracy_m")
_PRIZE = _fields(
    integer="months days stars", text="until additional_prize", time="until_time", flag="only_new_subscribers"
)

PARTS: Mapping[str, Mapping[str, Field]] = MappingProxyType(
    {
        # what is sent
        "media": _fields(
            code="type role",
            integer="id dc bytes width height duration_s self_destruct_s sticker_id sticker_set_id answer",
            text="file_name media_type emoji performer title",
            link="link",
            flag="spoiler",
            time="uploaded_at",
        ),
        "contact": _fields(person="person", number="number"),
        "location": _PLACE | _fields(integer="live_s heading proximity_m"),
        "venue": _PLACE | _fields(text="name address provider venue_id venue_type", integer="live_s"),
        "game": _fields(text="title description short_name", link="link", integer="id"),
        "invoice": _fields(text="title description currency start_param", integer="amount", flag="test"),
        "poll": _fields(
            words="question",
            integer="id close_after_s",
            time="closes_at",
            flag="quiz multiple_choice public_voters open_answers revoting_disabled shuffle_answers hide_results "
            "subscribers_only",
            many={"answers": "answer", "countries": "text"},
        ),
        "answer": _fields(words="text", person="person", time="added_at"),
        "todo": _fields(words="title", flag="others_can_append others_can_complete", many={"tasks": "task"}),
        "task": _fields(integer="id", words="text"),
        "giveaway": _PRIZE
        | _fields(integer="quantity", flag="winners_are_visible", many={"channels": "person", "countries": "text"}),
        "giveaway_results": _PRIZE
        | _fields(person="channel", integer="message_id", flag="is_refunded", many={"winners": "person"}),
        "paid_media": _fields(integer="stars", many={"locked": "locked"}),
        "locked": _fields(integer="width height duration_s"),
        "dice": _fields(text="emoji", integer="value"),
        "web_page": _fields(
            link="link embedded",
            text="type site_name title description author",
            integer="id duration_s",
            words="article",
            flag="pending",
            many={"links": "link"},
        ),
        "story": _fields(
            person="person author origin",
            integer="id origin_id",
            words="text",
            time="posted_at expires_at",
            flag="via_mention noforwards edited",
        ),
        "buttons": _fields(text="placeholder", many={"rows": "row"}),
        "row": _fields(many={"buttons": "button"}),
        "button": _fields(
            code="type style",
            words="text",
            span="span",
            link="link",
            person="person",
            text="data data_b64 forward_text query copy_text",
            integer="id icon_id",
            flag="same_peer requires_password",
            many={"peer_types": "text"},
        ),
        # what a link names that somebody brought
        "link_to": _fields(person="person", integer="message_id comment_id"),
        # where a page was that a browser saved, as whoever brings it says
        "saved_page": _fields(link="link"),
        # what a file says of itself, and nobody checked
        "file_says": _fields(text="taken digitised changed maker model software", time="created_at"),
        # where it comes from and what it belongs to
        "author": _fields(person="person", text="rank", integer="boosts"),
        "forward": _fields(
            person="person", integer="message_id", time="posted_at", text="author announcement", flag="imported"
        ),
        "saved_from": _fields(person="person sender", integer="message_id", time="posted_at"),
        "via_bot": _fields(person="person business guest"),
        "reply": _fields(
            person="chat sender",
            integer="message_id thread_id story_id quote_offset task_id",
            words="quote",
            text="author option_b64",
            time="posted_at",
        ),
        "topic": _fields(integer="id", text="title", person="person"),
        "album": _fields(integer="id"),
        "local_time": _fields(text="posted edited"),
        "sent": _fields(flag="silent scheduled automatic", integer="stars effect_id repeat_s"),
        "limits": _fields(flag="noforwards", integer="delete_after_s"),
        "restriction": _fields(text="platform reason explanation"),
        "suggested_post": _fields(
            flag="accepted rejected paid_stars paid_ton",
            integer="amount amount_nano",
            text="currency",
            time="scheduled_at",
        ),
        # what was done
        "service": _PRIZE
        | _fields(
            text="title information currency cost reason_domain app_name emoticon code comment",
            words="option",
            code="recurring discard_reason",
            person="person to_person chat",
            integer="message_id score duration_s amount amount_nano app_id distance_m period_s icon_emoji_id button_id "
            "unclaimed_count winners_count boosts gift_id messages_count community_id day month year call_id game_id "
            "icon_color auto_set_by",
            flag="is_active is_missed unclaimed via_giveaway in_stars is_limited is_anonymous rejected "
            "broadcast_messages_allowed user_initiated new_value previous_value expired video closed hidden for_both "
            "accepted declined balance_too_low refunded",
            time="scheduled_at expires_at",
            many={"people": "person", "values": "text", "completed": "integer", "incompleted": "integer"},
        )
        | _fields(many={"tasks": "task"}),
        # a rich message: its words are the message's text, its blocks lie flat and name what they stand in
        "rich": _fields(flag="rtl", many={"blocks": "block"}),
        "block": _PLACE
        | _fields(
            code="type role list task_state align vertical_align source_type alignment",
            integer="inside level start value colspan rowspan webpage_id access_hash zoom width height",
            span="span",
            text="language name numbering number_shown html date",
            link="link",
            person="person",
            time="time",
            flag="reversed pullquote autoplay loop full_width allow_scrolling open bordered striped compact header "
            "broadcast megagroup monoforum",
            each={"media": "media", "button": "button"},
        ),
        # what a channel says of itself
        "channel": _PLACE
        | _fields(
            text="about place theme",
            person="linked_chat community migrated_from migrated_to direct_messages verifier",
            integer="slow_mode_s delete_after_s available_min_id migrated_from_max_id pinned_id message_stars",
            time="created_at",
            flag="verified scam fake restricted noforwards join_to_send join_request forum signatures gigagroup "
            "hidden_history hidden_members anti_spam forbidden monoforum deactivated",
            many={"usernames": "text", "inactive_usernames": "text", "linked_chats": "person"},
        ),
        "administrator": _fields(
            person="person promoted_by", text="rank", time="since", flag="owner anonymous", many={"rights": "code"}
        ),
        # counters
        "views": _fields(integer="count"),
        "forwards": _fields(integer="count"),
        "reaction": _fields(code="type", text="emoji", integer="document_id count", many={"recent": "reactor"}),
        "reactor": _fields(person="person", text="date", time="time", integer="count", flag="anonymous"),
        "votes": _fields(
            integer="total", flag="closed", words="solution", many={"answers": "vote", "people": "person"}
        ),
        "vote": _fields(integer="count", flag="chosen correct", many={"people": "person"}),
        "results": _fields(integer="winners unclaimed additional_peers"),
        "receipt": _fields(integer="message_id"),
        "replies": _fields(integer="count", flag="comments", person="chat", many={"people": "person"}),
        "ticked": _fields(integer="id", person="person", time="time"),
        "fact_check": _fields(text="country", words="text", flag="needed"),
        "state": _fields(flag="pinned edit_hidden processing"),
        "members": _fields(integer="count administrators removed banned online"),
        "counted": _fields(
            integer="message_id views forwards replies voters",
            time="at",
            flag="closed",
            many={"reactions": "reaction", "answers": "vote"},
        ),
    }
)
"""The fields that each kind of part may have."""

COUNTERS = (
    "views", "forwards", "reaction", "votes", "results", "receipt", "replies", "ticked", "fact_check", "state",
    "members", "counted",
)  # fmt: skip
"""The kinds of part that are counters."""
COUNTED = frozenset({*COUNTERS, "reactor", "vote"})
"""The kinds that stand in counters alone, where people stand in place."""


# --- the values of the log -------------------------------------------------------------------


def split_content(content: Content) -> dict[str, Value]:
    """A message's content split into the values of ``NAMES``, null where there is nothing to say.

    Raises:
        ContentError: Something of the content is itself withheld.
    """
    lists = _Lists()
    if isinstance(content.text, Withheld):
        raise _withheld(content.text)
    written = {
        "text": content.text,
        "entities": [lists.entity(entity) for entity in _unless_withheld(content.entities)] or None,
        "content": [lists.part(part) for part in _unless_withheld(content.parts)] or None,
        "counters": [_Whole().part(counter) for counter in _unless_withheld(content.counters)] or None,
    }
    entries = {name: entries or None for name, entries in lists.entries.items()}
    return {name: (written | entries)[name] for name in NAMES}


def join_content(values: Mapping[str, Any]) -> Content:
    """A message's content, joined from the values that it was split into.

    Args:
        values: By NAME, as disclosed. A name of ``NAMES`` that is not there is withheld.

    Raises:
        ContentError: They have another form.
    """
    reader = _Reader(values)
    try:
        return Content(
            text=values["text"] if "text" in values else Withheld("text"),
            entities=reader.all("entities", reader.entity),
            parts=reader.all("content", reader.part),
            counters=reader.all("counters", _Inline(values).part),
        )
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError) as error:
        raise ContentError("content.no_content", found=type(error).__name__) from error


def plain(words: Sequence[Any]) -> str:
    """The words of a part of a content as one text; what is withheld or cut out is left out."""
    return "".join(_plain(piece) for piece in words)


def _plain(piece: object) -> str:
    match piece:
        case str():
            return piece
        case Piece():
            return plain(piece.words) or "".join(_shown(value) for value in piece.fields.values())
        case list() | tuple():
            return plain(piece)
        case _:
            return ""


def _shown(value: object) -> str:
    match value:
        case Link(address=str(shown)) | Number(number=str(shown)):
            return shown
        case Person():
            return next((known for known in (value.name, value.username, value.id) if isinstance(known, str)), "")
        case _:
            return ""


class _Lists:
    """Writes values, and what can be withheld apart into lists of its own."""

    def __init__(self) -> None:
        self.entries: dict[str, list[Value]] = {"links": [], "people": [], "numbers": []}
        self.places: dict[tuple[str, bytes], str] = {}

    def entity(self, entity: Entity) -> Value:
        fields = self.fields(entity.fields, ENTITY_FIELDS)
        return {"type": entity.type, "offset": str(entity.span.offset), "length": str(entity.span.length)} | fields

    def part(self, part: Part) -> dict[str, Value]:
        return {"kind": part.kind} | self.fields(part.fields, PARTS[part.kind])

    def fields(self, fields: Mapping[str, Said], forms: Mapping[str, Field]) -> dict[str, Value]:
        return {name: self.field(value, forms[name]) for name, value in fields.items()}

    def field(self, value: Any, form: Field) -> Value:  # noqa: ANN401 - the form says what it is, and was checked
        if form.many:
            return [self.one(inner) for inner in value]
        return self.words(value) if form.form is Form.WORDS else self.one(value)

    def one(self, value: Any) -> Value:  # noqa: ANN401 - one of several types
        match value:
            case Link():
                return self.entry("links", {"address": value.address})
            case Person():
                return self.entry("people", _person(value))
            case Number():
                return self.entry("numbers", {"kind": value.kind.value, "number": value.number})
            case Part():
                # the form names the kind already
                return self.fields(value.fields, PARTS[value.kind])
            case Span():
                return {"offset": str(value.offset), "length": str(value.length)}
            case Withheld():
                raise _withheld(value)
            case _:
                plain_value: Value = value
                return plain_value

    def entry(self, name: str, entry: Value) -> Value:
        key = (name, jcs(entry))
        if key not in self.places:
            self.places[key] = str(len(self.entries[name]))
            self.entries[name].append(entry)
        return self.places[key]

    def words(self, words: PartWords) -> Value:
        if len(words) == 1 and isinstance(words[0], str):
            return words[0]
        return [self.piece(piece) if isinstance(piece, Piece) else piece for piece in words]

    def piece(self, piece: Piece) -> Value:
        value: dict[str, Value] = {"type": piece.type}
        if piece.words:
            value["text"] = self.words(piece.words)
        return value | self.fields(piece.fields, ENTITY_FIELDS)


class _Whole(_Lists):
    """Writes counters, which carry who reacted in place: they change by themselves, and the lists must not."""

    def entry(self, name: str, entry: Value) -> Value:  # noqa: ARG002 - the signature of the class
        return entry


class _Reader:
    """Reads what ``_Lists`` wrote."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.values = values

    def all(self, name: str, read: Callable[[Any], Any]) -> Any:  # noqa: ANN401 - a tuple of what ``read`` gives
        if name not in self.values:
            return Withheld(name)
        return tuple(read(one) for one in self.values[name] or ())

    def entity(self, value: Mapping[str, Any]) -> Entity:
        fields = {name: inner for name, inner in value.items() if name not in ("type", "offset", "length")}
        return Entity(value["type"], _read_span(value), self.fields(fields, ENTITY_FIELDS))

    def part(self, value: Mapping[str, Any]) -> Part:
        return self.nested(value["kind"], {name: inner for name, inner in value.items() if name != "kind"})

    def nested(self, kind: str, value: Mapping[str, Any]) -> Part:
        return Part(kind, self.fields(value, PARTS[kind]))

    def fields(self, value: Mapping[str, Any], forms: Mapping[str, Field]) -> dict[str, Said]:
        return {name: self.field(inner, forms[name]) for name, inner in value.items()}

    def field(self, value: Any, form: Field) -> Said:  # noqa: ANN401 - the form says what it is
        if form.many:
            return tuple(self.one(inner, form.form) for inner in value)
        return self.one(value, form.form)

    def one(self, value: Any, form: Form | str) -> Said:  # noqa: ANN401 - the form says what it is
        if not isinstance(form, Form):
            return self.nested(form, value)
        read = _READ.get(form)
        return read(self, value) if read else value

    def words(self, value: Any) -> PartWords:  # noqa: ANN401 - a text or an array
        if isinstance(value, str):
            return (value,)
        return tuple(self.piece(one) if isinstance(one, Mapping) and "type" in one else one for one in value)

    def piece(self, value: Mapping[str, Any]) -> Piece:
        fields = {name: inner for name, inner in value.items() if name not in ("type", "text")}
        words = self.words(value["text"]) if "text" in value else ()
        return Piece(value["type"], words, self.fields(fields, ENTITY_FIELDS))

    def entry(self, name: str, index: Any) -> Any:  # noqa: ANN401 - an object of one of three lists
        if name not in self.values:
            return Withheld(name)
        place = int(index)
        if place < 0:
            raise IndexError(name)
        return self.values[name][place]

    def link(self, index: Any) -> Link | Withheld:  # noqa: ANN401 - a place, or the entry itself
        found = self.entry("links", index)
        return found if isinstance(found, Withheld) else Link(**found)

    def person(self, index: Any) -> Person | Withheld:  # noqa: ANN401 - a place, or the entry itself
        found = self.entry("people", index)
        return found if isinstance(found, Withheld) else Person(**found)

    def number(self, index: Any) -> Number | Withheld:  # noqa: ANN401 - a place, or the entry itself
        found = self.entry("numbers", index)
        return found if isinstance(found, Withheld) else Number(NumberKind(found["kind"]), found["number"])


class _Inline(_Reader):
    """Reads what ``_Whole`` wrote."""

    def entry(self, name: str, index: Any) -> Any:  # noqa: ANN401, ARG002 - the signature of the class
        return index


_READ: Mapping[Form, Callable[[_Reader, Any], Said]] = {
    Form.LINK: _Reader.link,
    Form.PERSON: _Reader.person,
    Form.NUMBER: _Reader.number,
    Form.WORDS: _Reader.words,
    Form.SPAN: lambda _, value: _read_span(value),
}


def _read_span(value: Mapping[str, Any]) -> Span:
    return Span(int(value["offset"]), int(value["length"]))


def _person(person: Person) -> dict[str, Value]:
    names = {"id": person.id, "name": person.name, "username": person.username}
    return {name: value for name, value in names.items() if value is not None}


def _unless_withheld(parts: "tuple[Any, ...] | Withheld") -> tuple[Any, ...]:
    if isinstance(parts, Withheld):
        raise _withheld(parts)
    return parts


def _withheld(value: Withheld) -> ContentError:
    return ContentError("content.withheld", where=value.name)


# --- digests ---------------------------------------------------------------------------------


def message_sha256(values: Mapping[str, Any]) -> str:
    """The identity of a message by its content, without counters, paths and where it was read.

    The same whether it counts as an edit or not: that is a statement about what came before. Without the time
    of the edit, which a reaction alone can set, and without the names of accounts that have an identifier,
    because names are those of the day on which they were read.

    Args:
        values: Of the ``observed`` schema; a name that is not there says nothing.
    """
    identity = {name: values.get(name) for name in IDENTITY} | {
        "people": _accounts(values),
        "sender_name": None if values.get("sender_id") else values.get("sender_name"),
        "forwarded_from": None if _came_from_an_account(values) else values.get("forwarded_from"),
        "service": "yes" if values.get("kind") == _SERVICE else "no",
    }
    return sha256_hex(jcs(identity))


def said_sha256(values: Mapping[str, Any]) -> str:
    """What a message's content says: observations of one message that differ here differ in words: one is an edit.

    Without the names of accounts that have an identifier, as the identity.
    """
    return sha256_hex(jcs({name: values.get(name) for name in _SAID} | {"people": _accounts(values)}))


def _accounts(values: Mapping[str, Any]) -> list[Any]:
    """Whom a message names, of accounts only the identifiers."""
    return [{"id": one["id"]} if _has_id(one) else one for one in values.get("people") or ()]


def _has_id(one: object) -> bool:
    return isinstance(one, Mapping) and "id" in one


def _came_from_an_account(values: Mapping[str, Any]) -> bool:
    """Whether the origin of a forward has an identifier among the people."""
    parts = [part for part in values.get("content") or () if isinstance(part, Mapping)]
    origins = [part.get("person") for part in parts if part.get("kind") == "forward"]
    return any(_has_id(one) and str(at) in origins for at, one in enumerate(values.get("people") or ()))


def post_sha256(values: Mapping[str, Any]) -> str:
    """What no edit changes of a content: place and time of posting. Two that differ here are two messages.

    Needed where an account numbers the messages: another account has other messages under the same numbers.
    Without the sender: of what is left, nothing is hidden in the store.
    """
    return sha256_hex(jcs({name: values.get(name) for name in _POST}))


# --- what cannot be built --------------------------------------------------------------------

SPELLINGS: Mapping[Form, re.Pattern[str]] = {
    Form.CODE: re.compile(r"[a-z0-9_]{1,64}"),
    Form.INTEGER: re.compile(r"0|-?[1-9][0-9]{0,39}"),
    Form.FRACTION: re.compile(r"-?[0-9]{1,20}(?:\.[0-9]{1,20})?"),
    Form.FLAG: re.compile(r"yes|no"),
    Form.TIME: re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z"),
}
"""The forms that are a text of one spelling."""
_TYPES: Mapping[Form, type] = {Form.SPAN: Span, Form.LINK: Link, Form.PERSON: Person, Form.NUMBER: Number}


def _require_fields(kind: str, fields: Mapping[str, Said], forms: Mapping[str, Field]) -> None:
    for name, value in fields.items():
        if name not in forms:
            raise ContentError("content.unknown_field", where=kind, found=name[:40])
        form, where = forms[name], f"{kind}.{name}"
        for one in _each(value, form, where):
            _require_form(where, one, form.form)


def _each(value: Any, form: Field, where: str) -> tuple[Any, ...]:  # noqa: ANN401 - what the form says
    if not form.many:
        return (value,)
    if not isinstance(value, tuple):
        raise ContentError("content.not_a_list", where=where, found=type(value).__name__)
    return value


def _require_form(where: str, value: Said, form: Form | str) -> None:
    if not isinstance(form, Form):
        _require_part(where, value, form)
    elif form is Form.TEXT:
        _require_text(where, value)
    elif form is Form.WORDS:
        _require_words(where, value)
    elif form in _TYPES:
        _require_one(where, value, form)
    else:
        _require_spelling(where, value, form)


def _require_part(where: str, value: object, kind: str) -> None:
    if not (isinstance(value, Part) and value.kind == kind):
        raise ContentError("content.another_part", where=where, expected=kind, found=type(value).__name__)


def _require_one(where: str, value: object, form: Form) -> None:
    if not isinstance(value, (Withheld, _TYPES[form])):
        raise ContentError("content.another_value", where=where, expected=form, found=type(value).__name__)


def _require_words(where: str, value: object) -> None:
    if not isinstance(value, tuple):
        raise ContentError("content.not_words", where=where, found=type(value).__name__)
    for piece in value:
        if not isinstance(piece, Piece):
            _require_text(where, piece)


def _require_spelling(where: str, value: object, form: Form) -> None:
    if not (isinstance(value, str) and SPELLINGS[form].fullmatch(value)):
        raise ContentError("content.another_form", where=where, form=form, pattern=SPELLINGS[form].pattern)


def _require_text(where: str, value: object) -> None:
    """A string that is Unicode, its b64 form, or the pieces around a picture that was cut out."""
    match value:
        case str():
            if not value.isascii():
                _require_unicode(where, value)
        case {"b64": str(), **more} | {"stripped": str(), **more} if not more:
            return
        case list():
            for piece in value:
                _require_text(where, piece)
        case _:
            raise ContentError("content.not_a_text", where=where, found=type(value).__name__)


def _require_unicode(where: str, text: str) -> None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ContentError("content.text_not_unicode", where=where) from error
