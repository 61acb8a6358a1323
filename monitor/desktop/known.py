"""Every key that Telegram Desktop writes into a message, and where it goes: a table that a test walks.

From ``SerializeMessage`` in export_output_json.cpp, up to version 7.2. A key goes to a NAME of the
``observed`` schema, to a field of a part or a counter of ``evidence.content``, names a file, or is known
and of no evidential weight, with the reason. A key, media kind, entity type or action that is in none
of these tables is noted by its name and becomes a hole.
"""

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from evidence.content import COUNTERS, PARTS, Part, Person
from monitor.desktop.shapes import (
    PartReader,
    Shape,
    channel,
    code,
    decimal,
    flag,
    in_a_text,
    integer,
    is_text,
    link,
    list_of,
    local_time,
    moment,
    named,
    one_of,
    peer,
    person_id,
    phone,
    raw_peer,
    required_mapping,
    text,
    username,
)
from monitor.desktop.values import Parsed
from monitor.desktop.words import document, words


class Goes(StrEnum):
    """Where a key of an export goes."""

    NAME = "name"
    PART = "part"
    FILE = "file"
    WEIGHTLESS = "weightless"


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A key of the exporter and its place.

    Attributes:
        key: As the exporter spells it.
        goes: Of a FILE the message's files are made, and the holes where there is none.
        to: The NAME; or ``kind.field`` of a part or a counter; or ``kind``, where ``shape`` gives whole parts;
            or, of no weight, the reason.
        shape: Reads the value; None where ``monitor.desktop.message`` or another row does.
        inside: The keys of an object whose values go to parts of their own.
        id_key: The key that has the number of the person whose name this is.
        unless: The key that, where it stands too, brings this one along.
    """

    key: str
    goes: Goes
    to: str
    shape: Shape | None = None
    inside: tuple["KeyRow", ...] = ()
    id_key: str = ""
    unless: str = ""


Rows = Mapping[str, tuple[KeyRow, ...]]


def table(*rows: KeyRow) -> Rows:
    """Rows of the table of an export's keys, by key; one key may go to two places."""
    found: dict[str, tuple[KeyRow, ...]] = {}
    for row in rows:
        found[row.key] = (*found.get(row.key, ()), row)
        if row.id_key:
            found[row.id_key] = (KeyRow(row.id_key, Goes.PART, row.to, person_id, unless=row.key),)
    return MappingProxyType(found)


def name(key: str, to: str) -> KeyRow:
    """A key of an export that becomes a NAME."""
    return KeyRow(key, Goes.NAME, to)


def said(key: str, to: str, shape: Shape) -> KeyRow:
    """A key of an export that becomes a field of a part or of a counter."""
    return KeyRow(key, Goes.PART, to, shape)


def person(key: str, to: str, id_key: str = "") -> KeyRow:
    """A name in an export, with the key of its number."""
    return KeyRow(key, Goes.PART, to, named, id_key=id_key)


def of(key: str, *inside: KeyRow) -> KeyRow:
    """An object of an export whose keys have places of their own."""
    return KeyRow(key, Goes.PART, "", required_mapping, inside=inside)


def file(key: str, to: str = "media") -> KeyRow:
    """A path in an export, or the marker in its place."""
    return KeyRow(key, Goes.FILE, to, text)


def weightless(key: str, why: str, shape: Shape | None = None) -> KeyRow:
    """A key of an export that says nothing: known, and no evidence of what was said.

    What it should be is looked at all the same, where nobody else does.
    """
    return KeyRow(key, Goes.WEIGHTLESS, why, shape)


def part(kind: str, *rows: KeyRow) -> Shape:
    """An object of an export as one part; its rows name the fields."""
    rows_by_key = table(*rows)

    def shape(reader: PartReader, value: Parsed, where: str) -> Part | None:
        told = required_mapping(reader, value, where)
        if told is None:
            return None
        return Part(kind, collect(reader, told, rows_by_key, where).get(kind, {}))

    return shape


def collect(
    reader: PartReader, told: Mapping[str, Parsed], rows: Rows, where: str, found: dict[str, Any] | None = None
) -> dict[str, Any]:
    """The fields of each kind of part that the keys of an export's object go to; unknown keys are noted.

    Args:
        where: The object's name, for notes; empty for the message itself.
    """
    found = {} if found is None else found
    for key, value in told.items():
        here = f"{where}.{key}" if where else key
        places = rows.get(key)
        if places is None:
            reader.miss(here)
            continue
        for row in places:
            if row.inside:
                collect(reader, _inner(reader, value, row, here), _table_of(row.inside), here, found)
            elif row.shape and row.unless not in told:
                read = _read(reader, value, row, here, told)
                if row.goes is Goes.PART:
                    _place(found, row, read)
    return found


@functools.cache
def _table_of(rows: tuple[KeyRow, ...]) -> Rows:
    return table(*rows)


def _inner(reader: PartReader, value: Parsed, row: KeyRow, where: str) -> Mapping[str, Parsed]:
    return (row.shape(reader, value, where) if row.shape and value is not None else None) or {}


def _read(reader: PartReader, value: Parsed, row: KeyRow, where: str, told: Mapping[str, Parsed]) -> Any:  # noqa: ANN401 - what the shape gives
    read = row.shape(reader, value, where) if row.shape else None
    if not row.id_key or row.id_key not in told:
        return read
    number = peer(reader, told[row.id_key], f"{where.removesuffix(row.key)}{row.id_key}")
    if number is None:
        return read
    return Person(id=number, name=read.name or None if read else None)


def _place(found: dict[str, Any], row: KeyRow, value: object) -> None:
    if value is None:
        return
    kind, _, field = row.to.partition(".")
    if field:
        found.setdefault(kind, {}).setdefault(field, value)
    else:
        found.setdefault(kind, []).extend(value if isinstance(value, tuple) else [value])


def parts_of(found: Mapping[str, Any]) -> tuple[tuple[Part, ...], tuple[Part, ...]]:
    """What an exported message says, as parts and counters, each in the order of ``PARTS``."""
    built = [one for kind in PARTS if kind in found for one in _built(kind, found[kind])]
    return (
        tuple(one for one in built if one.kind not in COUNTERS),
        tuple(one for one in built if one.kind in COUNTERS),
    )


def _built(kind: str, found: Mapping[str, Any] | list[Part]) -> Iterable[Part]:
    return found if isinstance(found, list) else [Part(kind, found)]


# --- values with tables of their own ---------------------------------------------------------

MEDIA_TYPES = ("sticker", "video_message", "voice_message", "animation", "video_file", "audio_file")
"""``media_type`` of the exporter; a photo and any other file have none."""
BUTTON_TYPES = (
    "default", "url", "callback", "callback_with_password", "request_phone", "request_location", "request_poll",
    "request_peer", "switch_inline", "switch_inline_same", "game", "buy", "auth", "user_profile", "web_view",
    "simple_web_view", "copy_text", "disabled",
)  # fmt: skip
_ADDRESSES = frozenset({"url", "auth", "web_view", "simple_web_view"})
_QUERIES = frozenset({"switch_inline", "switch_inline_same"})

_BUTTON_KEYS = part(
    "button",
    said("type", "button.type", one_of(*BUTTON_TYPES)),
    said("text", "button.text", words),
    said("data", "button.data", text),
    said("dataBase64", "button.data_b64", text),
    said("forward_text", "button.forward_text", text),
    said("button_id", "button.id", integer),
)


def _button(reader: PartReader, value: Parsed, where: str) -> Part | None:
    """A button of a bot's keyboard: what its ``data`` is depends on its type."""
    read: Part | None = _BUTTON_KEYS(reader, value, where)
    data = read.fields.get("data") if read else None
    if read is None or data is None or not isinstance(value, dict):
        return read
    fields = {key: inner for key, inner in read.fields.items() if key != "data"}
    kind = read.fields.get("type")
    if kind in _ADDRESSES:
        return Part("button", fields | {"link": link(reader, value["data"], f"{where}.data")})
    if kind == "user_profile":
        return Part("button", fields | {"person": _profile(reader, value["data"], f"{where}.data")})
    if kind == "copy_text":
        return Part("button", fields | {"copy_text": data})
    return Part("button", fields | {"query" if kind in _QUERIES else "data": data})


def _profile(reader: PartReader, value: Parsed, where: str) -> Person:
    number = integer(reader, value, where)
    return Person(id=f"user{number}") if number is not None else Person(name="")


def _row_of_buttons(reader: PartReader, value: Parsed, where: str) -> Part | None:
    buttons = list_of(_button)(reader, value, where)
    return None if buttons is None else Part("row", {"buttons": buttons})


def _full_name(reader: PartReader, value: Parsed, where: str) -> Mapping[str, Parsed] | None:
    """A contact's two names as one, and its number."""
    told = required_mapping(reader, value, where)
    if told is None:
        return None
    names = {key: told[key] for key in ("first_name", "last_name") if told.get(key) not in (None, "")}
    for key in (key for key, one in names.items() if not is_text(one)):
        reader.refuse(f"{where}.{key}")
    joined = " ".join(str(one) for one in names.values() if is_text(one))
    return {key: inner for key, inner in told.items() if key not in ("first_name", "last_name")} | (
        {"first_name": joined} if joined else {}
    )


_TASK = part("task", said("id", "task.id", integer), said("text", "task.text", words))

_REACTION = part(
    "reaction",
    said("type", "reaction.type", one_of("emoji", "custom_emoji", "paid", "empty")),
    said("count", "reaction.count", integer),
    said("emoji", "reaction.emoji", text),
    said("document_id", "reaction.document_id", document),
    said(
        "recent",
        "reaction.recent",
        list_of(part("reactor", person("from", "reactor.person", "from_id"), said("date", "reactor.date", local_time))),
    ),
)

_PRIZE = ("months", "days", "stars")


def _prize(kind: str) -> tuple[KeyRow, ...]:
    return (
        *(said(key, f"{kind}.{key}", integer) for key in _PRIZE),
        said("until_date", f"{kind}.until", local_time),
        said("additional_prize", f"{kind}.additional_prize", text),
        said("is_only_new_subscribers", f"{kind}.only_new_subscribers", flag),
    )


# --- the message -----------------------------------------------------------------------------

_BASE = (
    name("id", "message_id"),
    name("type", "kind"),
    name("date", "posted_at"),
    name("date_unixtime", "posted_at"),
    name("edited", "edited_at"),
    name("edited_unixtime", "edited_at"),
    name("text", "text"),
    weightless("text_entities", "says what text says: compared with it, and read where it is empty"),
)

_PHOTO = (
    file("photo"),
    said("photo_file_size", "media.bytes", integer),
    said("width", "media.width", integer),
    said("height", "media.height", integer),
    said("media_spoiler", "media.spoiler", flag),
    said("self_destruct_period_seconds", "media.self_destruct_s", integer),
)

_PLACE = (
    of(
        "location_information",
        said("latitude", "location.latitude", decimal),
        said("longitude", "location.longitude", decimal),
    ),
    said("live_location_period_seconds", "location.live_s", integer),
    said("place_name", "venue.name", text),
    said("address", "venue.address", text),
)

MESSAGE = table(
    *_BASE,
    name("from", "sender_name"),
    name("from_id", "sender_id"),
    said("author", "author.person", named),
    KeyRow("forwarded_from", Goes.PART, "forward.person", named, id_key="forwarded_from_id"),
    said("saved_from", "saved_from.person", named),
    name("reply_to_message_id", "reply_to"),
    name("reply_to_peer_id", "content"),
    said("via_bot", "via_bot.person", username),
    *_PHOTO,
    file("file"),
    said("file_name", "media.file_name", text),
    said("file_size", "media.bytes", integer),
    file("thumbnail", "a preview: sealed as a file only where it is all that is left"),
    weightless("thumbnail_file_size", "the size of a preview", integer),
    said("media_type", "media.type", one_of(*MEDIA_TYPES)),
    said("sticker_emoji", "media.emoji", text),
    said("performer", "media.performer", text),
    said("title", "media.title", text),
    said("mime_type", "media.media_type", text),
    said("duration_seconds", "media.duration_s", integer),
    KeyRow(
        "contact_information",
        Goes.PART,
        "",
        _full_name,
        inside=(
            said("first_name", "contact.person", named),
            weightless("last_name", "joined with the first"),
            said("phone_number", "contact.number", phone),
        ),
    ),
    file("contact_vcard", "contact"),
    weightless("contact_vcard_file_size", "compared with the file", integer),
    *_PLACE,
    said("game_title", "game.title", text),
    said("game_description", "game.description", text),
    said("game_link", "game.link", link),
    KeyRow(
        "invoice_information",
        Goes.PART,
        "",
        in_a_text(required_mapping),
        inside=(
            said("title", "invoice.title", text),
            said("description", "invoice.description", text),
            said("amount", "invoice.amount", integer),
            said("currency", "invoice.currency", text),
            said("receipt_message_id", "receipt.message_id", integer),
        ),
    ),
    of(
        "poll",
        said("question", "poll.question", words),
        said("closed", "votes.closed", flag),
        said("total_voters", "votes.total", integer),
        said(
            "answers",
            "poll.answers",
            list_of(
                part(
                    "answer",
                    said("text", "answer.text", words),
                    weightless("voters", "a counter"),
                    weightless("chosen", "a counter"),
                )
            ),
        ),
        said(
            "answers",
            "votes.answers",
            list_of(
                part(
                    "vote",
                    weightless("text", "the answer"),
                    said("voters", "vote.count", integer),
                    said("chosen", "vote.chosen", flag),
                )
            ),
        ),
    ),
    of(
        "todo_list",
        said("title", "todo.title", words),
        said("others_can_append", "todo.others_can_append", flag),
        said("others_can_complete", "todo.others_can_complete", flag),
        said("answers", "todo.tasks", list_of(_TASK)),
    ),
    of(
        "giveaway_information",
        *_prize("giveaway"),
        said("quantity", "giveaway.quantity", integer),
        said("channels", "giveaway.channels", list_of(channel)),
        said("countries", "giveaway.countries", list_of(text)),
    ),
    of(
        "giveaway_results",
        *_prize("giveaway_results"),
        said("channel", "giveaway_results.channel", channel),
        said("winners", "giveaway_results.winners", list_of(raw_peer)),
        said("launch_message_id", "giveaway_results.message_id", integer),
        said("is_refunded", "giveaway_results.is_refunded", flag),
        said("additional_peers_count", "results.additional_peers", integer),
        said("winners_count", "results.winners", integer),
        said("unclaimed_count", "results.unclaimed", integer),
    ),
    said("paid_stars_amount", "paid_media.stars", integer),
    name("rich_message", "content"),
    said("inline_bot_buttons", "buttons.rows", list_of(_row_of_buttons)),
    said("reactions", "reaction", list_of(_REACTION)),
    # of the HTML pages
    weightless("date_zone", "the standard zone of the exporter's machine, not of the date; stays in the record", text),
    # of 64Gram and its forks
    weightless("full_text", "64Gram: the words of text, flat; compared with it"),
    said("media_group_id", "album.id", integer),
    said("sticker_id", "media.sticker_id", integer),
    said("sticker_set_id", "media.sticker_set_id", integer),
)
"""Keys of a message of type ``message``, ``unsupported`` or one that nobody knows."""

_SERVICE = (*_BASE, name("actor", "sender_name"), name("actor_id", "sender_id"), name("action", "action"))

_TITLE = said("title", "service.title", text)
_MEMBERS = said("members", "service.people", list_of(named))
_PRICE = (
    said("price_amount_whole", "service.amount", integer),
    said("price_amount_nano", "service.amount_nano", integer),
    said("price_currency", "service.currency", text),
)
_PAID = (said("amount", "service.amount", integer), said("currency", "service.currency", text))
_MONTHS = (said("months", "service.months", integer), said("days", "service.days", integer))
_STARS = said("stars", "service.stars", integer)
_COST = said("cost", "service.cost", text)


def _reply(key: str) -> tuple[KeyRow, ...]:
    """The message that an action is about, and its chat where that is another one."""
    return (said(key, "service.message_id", integer), said("reply_to_peer_id", "service.chat", person_id))


_ABOUT = _reply("message_id")
_GIFT_COST = (
    _COST,
    said("amount_whole", "service.amount", integer),
    said("amount_nano", "service.amount_nano", integer),
    _STARS,
)

ACTIONS: Mapping[str, Rows] = MappingProxyType(
    {
        action: table(*_SERVICE, *rows)
        for action, rows in {
            # a text instead of an action, in words of the server
            "": (said("information_text", "service.information", text),),
            "create_group": (_TITLE, _MEMBERS),
            "edit_group_title": (_TITLE,),
            "edit_group_photo": _PHOTO,
            "delete_group_photo": (),
            "invite_members": (_MEMBERS,),
            "remove_members": (_MEMBERS,),
            "join_group_by_link": (person("inviter", "service.person"),),
            "join_group_by_request": (),
            "join_group_via_community": (said("community_id", "service.community_id", integer),),
            "create_channel": (_TITLE,),
            "migrate_to_supergroup": (),
            "migrate_from_group": (_TITLE,),
            "pin_message": _ABOUT,
            "clear_history": (),
            "score_in_game": (*_reply("game_message_id"), said("score", "service.score", integer)),
            "send_payment": (*_PAID, *_reply("invoice_message_id"), said("recurring", "service.recurring", code)),
            "phone_call": (
                said("duration_seconds", "service.duration_s", integer),
                said("discard_reason", "service.discard_reason", code),
            ),
            "conference_call": (
                said("duration_seconds", "service.duration_s", integer),
                said("is_active", "service.is_active", flag),
                said("is_missed", "service.is_missed", flag),
            ),
            "take_screenshot": (),
            "allow_sending_messages": (
                said("reason_domain", "service.reason_domain", text),
                said("reason_app_id", "service.app_id", integer),
                said("reason_app_name", "service.app_name", text),
            ),
            "attach_menu_bot_allowed": (),
            "web_app_bot_allowed": (),
            "send_passport_values": (said("values", "service.values", list_of(text)),),
            "joined_telegram": (),
            "proximity_reached": (
                person("from", "service.person", "from_id"),
                person("to", "service.to_person", "to_id"),
                said("distance", "service.distance_m", integer),
            ),
            "requested_phone_number": (),
            "group_call": (said("duration", "service.duration_s", integer),),
            "invite_to_group_call": (_MEMBERS,),
            "group_call_scheduled": (said("schedule_date", "service.scheduled_at", moment),),
            "set_messages_ttl": (said("period", "service.period_s", integer),),
            "edit_chat_theme": (said("emoticon", "service.emoticon", text),),
            "send_webview_data": (),
            "send_premium_gift": (_COST, *_MONTHS),
            "topic_created": (_TITLE,),
            "topic_edit": (
                said("new_title", "service.title", text),
                said("new_icon_emoji_id", "service.icon_emoji_id", integer),
            ),
            "suggest_profile_photo": _PHOTO,
            "requested_peer": (
                said("button_id", "service.button_id", integer),
                said("peers", "service.people", in_a_text(list_of(raw_peer))),
            ),
            "gift_code_prize": (
                said("gift_code", "service.code", text),
                said("boost_peer_id", "service.person", person_id),
                *_MONTHS,
                said("unclaimed", "service.unclaimed", flag),
                said("via_giveaway", "service.via_giveaway", flag),
            ),
            "giveaway_launch": (),
            "giveaway_results": (
                said("winners", "service.winners_count", integer),
                said("unclaimed", "service.unclaimed_count", integer),
                said("stars", "service.in_stars", flag),
            ),
            "set_chat_wallpaper": _ABOUT,
            "set_same_chat_wallpaper": _ABOUT,
            "boost_apply": (said("boosts", "service.boosts", integer),),
            "refunded_payment": (
                *_PAID,
                person("peer_name", "service.person", "peer_id"),
                said("charge_id", "service.code", text),
            ),
            "send_stars_gift": _GIFT_COST,
            "send_ton_gift": _GIFT_COST,
            "stars_prize": (
                person("boost_peer_name", "service.person", "boost_peer_id"),
                _STARS,
                said("is_unclaimed", "service.unclaimed", flag),
                said("giveaway_msg_id", "service.message_id", integer),
                said("transaction_id", "service.code", text),
            ),
            "send_star_gift": (
                said("gift_id", "service.gift_id", integer),
                _STARS,
                said("is_limited", "service.is_limited", flag),
                said("is_anonymous", "service.is_anonymous", flag),
                name("gift_text", "text"),
            ),
            "paid_messages_refund": (
                said("messages_count", "service.messages_count", integer),
                said("stars_count", "service.stars", integer),
            ),
            "paid_messages_price_change": (
                said("price_stars", "service.stars", integer),
                said("is_broadcast_messages_allowed", "service.broadcast_messages_allowed", flag),
            ),
            "todo_completions": (
                said("completed", "service.completed", list_of(integer)),
                said("incompleted", "service.incompleted", list_of(integer)),
            ),
            "todo_append_tasks": (said("items", "service.tasks", list_of(_TASK)),),
            "poll_append_answer": (said("option", "service.option", words),),
            "poll_delete_answer": (said("option", "service.option", words),),
            "process_suggested_post": (
                said("rejected", "service.rejected", flag),
                said("comment", "service.comment", text),
                *_PRICE,
                said("scheduled_date", "service.scheduled_at", moment),
            ),
            "suggested_post_success": _PRICE,
            "suggested_post_refund": (said("user_initiated", "service.user_initiated", flag),),
            "suggest_birthday": (
                said("day", "service.day", integer),
                said("month", "service.month", integer),
                said("year", "service.year", integer),
            ),
            "no_forwards_toggle": (said("new_value", "service.new_value", flag),),
            "no_forwards_request": (
                said("expired", "service.expired", flag),
                said("new_value", "service.new_value", flag),
            ),
            "new_creator_pending": (person("new_creator", "service.person"),),
            "change_creator": (person("new_creator", "service.person"),),
            "managed_bot_created": (person("bot", "service.person"),),
        }.items()
    }
)
"""Keys of a service message, by its action."""

UNKNOWN_ACTION = table(*_SERVICE)
"""Keys of a service message whose action nobody knows; all others are noted."""
