"""Every constructor that a message of the layer can hold, and where each of its fields goes: tables that a test walks.

A field goes to a field of a part or counter of ``evidence.content``, to a NAME of the ``observed`` schema, to a
reader of its own, or is left out on purpose, with the reason. A constructor about which nothing can be said is in
``HOLES``, with the reason. A constructor or field in no table is noted by its name and becomes a hole.
"""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from evidence.content import COUNTERS, PARTS, Part, Person
from evidence.observation import HoleReason
from monitor.telegram.buttons import rows_of_buttons
from monitor.telegram.entities import formatted, words
from monitor.telegram.reading import (
    Reading,
    TlShape,
    always,
    channel,
    code_after,
    constructor_of,
    flag,
    fraction,
    group,
    integer,
    link,
    list_of,
    moment,
    named,
    peer,
    phone,
    text,
    user,
)
from monitor.telegram.rich import read_article
from monitor.telegram.tree import TlTree, is_told

Near = Callable[[Reading, TlTree], None]


@dataclass(frozen=True, slots=True)
class Row:
    """Where a field of a TL object goes.

    Attributes:
        to: ``kind.field`` of a part or counter; or ``kind``, where ``shape`` gives whole parts.
        shape: Reads the value.
        near: Reads it with its neighbours, and stores what it finds.
        into: Its own constructor's table says where its fields go.
        left_out: Why it is left out here, or what reads it instead.
    """

    to: str = ""
    shape: TlShape | None = None
    near: Near | None = None
    into: bool = False
    left_out: str = ""


Rows = Mapping[str, Row]

_WHOLE = {"MessageMediaPhoto": ("photo", "photo"), "MessageMediaDocument": ("file", "document")}
"""The kind of each medium, and the field that is the thing itself."""


def said(to: str, shape: TlShape) -> Row:
    """A field of a live message's TL object that becomes a field of a part."""
    return Row(to, shape)


INTO = Row(into=True)


def near(read: Near) -> Row:
    """A field of a live message's TL object that is read with its neighbours."""
    return Row(near=read)


def unused(why: str, *names: str) -> dict[str, Row]:
    """Fields of a live message's TL objects that are left out."""
    return dict.fromkeys(names, Row(left_out=why))


def collect(reading: Reading, told: TlTree, tables: "Mapping[str, Rows] | None" = None) -> None:
    """Tell what an object of Telegram's layer says, field by field, as its table has it.

    Args:
        tables: Those of a message if none are given.
    """
    name = constructor_of(told)
    if name in HOLES:
        reading.note(HoleReason.UNSUPPORTED, name, told)
        return
    rows = (tables or TABLES).get(name)
    if rows is None:
        reading.note(HoleReason.UNKNOWN, name, told)
        return
    _tell_of_absence(reading, told)
    for key, value in told.items():
        if key == "_":
            continue
        if key not in rows:
            reading.note(HoleReason.UNKNOWN, f"{name}.{key}", value)
        else:
            _read(reading, told, rows[key], value, f"{name}.{key}")


def _read(reading: Reading, told: TlTree, row: Row, value: Any, where: str) -> None:  # noqa: ANN401 - any value
    if row.into:
        for one in value if isinstance(value, list) else [value]:
            collect(reading, one)
    elif row.near:
        row.near(reading, told)
    elif row.shape:
        reading.tell(row.to, row.shape(reading, value, where))


def _tell_of_absence(reading: Reading, told: TlTree) -> None:
    """Tell of a photo or file that the message no longer has, such as one that deleted itself."""
    kind, field = _WHOLE.get(told["_"], ("", ""))
    if kind and field not in told:
        reading.note(HoleReason.UNAVAILABLE, f"{told['_']}.{field}")
        gone = {"self_destruct_s": str(told["ttl_seconds"])} if "ttl_seconds" in told else {}
        reading.tell("media", Part("media", {"type": kind, **gone}))


def parts_of(reading: Reading) -> tuple[tuple[Part, ...], tuple[Part, ...]]:
    """What was told of an object of the layer, as parts and counters, each in the order of ``PARTS``."""
    built = [one for kind in PARTS if kind in reading.found for one in _built(kind, reading.found[kind])]
    return (
        tuple(one for one in built if one.kind not in COUNTERS),
        tuple(one for one in built if one.kind in COUNTERS),
    )


def _built(kind: str, found: Any) -> list[Part]:  # noqa: ANN401 - whole parts, or the fields of one
    return found if isinstance(found, list) else [Part(kind, found)]


def part(kind: str) -> TlShape:
    """An object of Telegram's layer as one part of its own."""

    def shape(reading: Reading, value: Any, where: str) -> Part:  # noqa: ANN401, ARG001 - a shape
        inner = Reading(reading.peers, notes=reading.notes)
        collect(inner, value)
        return Part(kind, inner.found.get(kind, {}))

    return shape


def _files_alone(reading: Reading, value: Any, where: str) -> None:  # noqa: ANN401 - a shape
    """Media in a place where only its pictures and files are told; anything else is noted."""
    for one in value if isinstance(value, list) else [value]:
        inner = Reading(reading.peers, notes=reading.notes)
        collect(inner, one)
        for kind in inner.found.keys() - {"media"}:
            reading.note(HoleReason.UNSUPPORTED, f"{where}: {kind}", one)


ONLY_FILES = Row(shape=_files_alone)
"""A field of which only the pictures and files are told."""

# --- the message -----------------------------------------------------------------------------

_OURS = "about the account that watches, not about the message"
_SHOWN = "how a client shows it"
_NAME = "a NAME of its own"
_FILE = "told with the pictures and files"
_DECORATION = "decoration; a file in it is told with the files"
_READER = "read by a reader of its own"
_HASH = "a number by which a client asks for it"


def _legacy(reading: Reading, told: TlTree) -> None:
    reading.note(HoleReason.UNSUPPORTED, f"{told['_']}.legacy", "yes")


def _sent_by(key: str) -> Row:
    return said("sent." + key, flag)


def _replies(reading: Reading, told: TlTree) -> None:
    inner = Reading(reading.peers, notes=reading.notes)
    collect(inner, told["replies"])
    reading.tell("replies", Part("replies", inner.found.get("replies", {})))


_COMMON: Rows = {
    **unused(_NAME, "id", "peer_id", "date", "from_id"),
    **unused(_OURS, "out", "mentioned", "media_unread"),
    **unused("the sender's identifier says it", "post"),
    "silent": _sent_by("silent"),
    "legacy": near(_legacy),
    "saved_peer_id": said("topic.person", peer),
    "reply_to": INTO,
    "reactions": INTO,
    "ttl_period": said("limits.delete_after_s", integer),
}

_MESSAGE: dict[str, Rows] = {
    "Message": {
        **_COMMON,
        **unused(_NAME, "message", "entities", "edit_date", "rich_message"),
        **unused(_SHOWN, "invert_media", "summary_from_language"),
        **unused(_OURS, "quick_reply_shortcut_id", "report_delivery_until_date"),
        "from_scheduled": said("sent.scheduled", flag),
        "offline": said("sent.automatic", flag),
        "paid_message_stars": said("sent.stars", integer),
        "effect": said("sent.effect_id", integer),
        "schedule_repeat_period": said("sent.repeat_s", integer),
        "edit_hide": said("state.edit_hidden", flag),
        "pinned": said("state.pinned", flag),
        "video_processing_pending": said("state.processing", flag),
        "noforwards": said("limits.noforwards", flag),
        "restriction_reason": said("restriction", list_of(part("restriction"))),
        "paid_suggested_post_stars": said("suggested_post.paid_stars", flag),
        "paid_suggested_post_ton": said("suggested_post.paid_ton", flag),
        "suggested_post": INTO,
        "from_boosts_applied": said("author.boosts", integer),
        "from_rank": said("author.rank", text),
        "post_author": said("author.person", named),
        "fwd_from": INTO,
        "via_bot_id": said("via_bot.person", user),
        "via_business_bot_id": said("via_bot.business", user),
        "guestchat_via_from": said("via_bot.guest", peer),
        "media": INTO,
        "reply_markup": INTO,
        "views": said("views.count", integer),
        "forwards": said("forwards.count", integer),
        "replies": near(_replies),
        "grouped_id": said("album.id", integer),
        "factcheck": INTO,
    },
    "MessageService": {
        **_COMMON,
        **unused(_READER, "action"),
        **unused(_SHOWN, "reactions_are_possible"),
    },
    "RestrictionReason": {
        "platform": said("restriction.platform", text),
        "reason": said("restriction.reason", text),
        "text": said("restriction.explanation", text),
    },
    "SuggestedPost": {
        "accepted": said("suggested_post.accepted", flag),
        "rejected": said("suggested_post.rejected", flag),
        "price": near(lambda reading, told: _price(reading, told["price"], "suggested_post")),
        "schedule_date": said("suggested_post.scheduled_at", moment),
    },
    "FactCheck": {
        "need_check": said("fact_check.needed", flag),
        "country": said("fact_check.country", text),
        "text": said("fact_check.text", words),
        **unused(_HASH, "hash"),
    },
    "MessageReplies": {
        "replies": said("replies.count", integer),
        "comments": said("replies.comments", flag),
        "channel_id": said("replies.chat", channel),
        "recent_repliers": said("replies.people", list_of(peer)),
        **unused(_OURS, "replies_pts", "max_id", "read_max_id"),
    },
}


def _price(reading: Reading, told: TlTree, kind: str) -> None:
    """Stars with their billionths, or TON in billionths."""
    amount, nanos, currency = told["amount"], told.get("nanos", 0), "Stars"
    if told["_"] == "StarsTonAmount":
        (amount, nanos), currency = divmod(told["amount"], 10**9), "TON"
    reading.tell(f"{kind}.amount", integer(reading, amount, f"{told['_']}.amount"))
    reading.tell(f"{kind}.amount_nano", integer(reading, nanos, f"{told['_']}.nanos"))
    reading.tell(f"{kind}.currency", currency)


# --- where it comes from ---------------------------------------------------------------------


def _origin(reading: Reading, told: TlTree) -> None:
    """Who posted it first: by number, by name, or both; one whose number is hidden has only a name."""
    reading.tell("forward.person", _person(reading, told, "from_id", "from_name"))


def _saved_sender(reading: Reading, told: TlTree) -> None:
    reading.tell("saved_from.sender", _person(reading, told, "saved_from_id", "saved_from_name"))


def _person(reading: Reading, told: TlTree, by_number: str, by_name: str) -> Person | None:
    where = f"{told['_']}.{by_number}"
    found = peer(reading, told[by_number], where) if by_number in told else None
    name = text(reading, told.get(by_name), where)
    if found is None:
        return None if name is None else Person(name=name)
    return Person(found.id, name or found.name, found.username)


_ORIGIN: dict[str, Rows] = {
    "MessageFwdHeader": {
        "date": said("forward.posted_at", moment),
        "imported": said("forward.imported", flag),
        "from_id": near(_origin),
        "from_name": near(_origin),
        "channel_post": said("forward.message_id", integer),
        "post_author": said("forward.author", text),
        "psa_type": said("forward.announcement", text),
        "saved_from_peer": said("saved_from.person", peer),
        "saved_from_msg_id": said("saved_from.message_id", integer),
        "saved_from_id": near(_saved_sender),
        "saved_from_name": near(_saved_sender),
        "saved_date": said("saved_from.posted_at", moment),
        **unused(_OURS, "saved_out"),
    },
    "MessageReplyHeader": {
        **unused(_READER, "reply_to_msg_id", "reply_to_peer_id", "reply_to_top_id", "forum_topic", "reply_from"),
        **unused(_READER, "quote_text", "quote_entities", "quote_offset", "quote", "todo_item_id", "poll_option"),
        **unused(_OURS, "reply_to_scheduled", "reply_to_ephemeral"),
        "reply_media": ONLY_FILES,
    },
    "MessageReplyStoryHeader": {
        "peer": said("reply.chat", peer),
        "story_id": said("reply.story_id", integer),
    },
}


def reply_of(reading: Reading, told: TlTree, *, own: str | None, is_service: bool) -> str | None:
    """The message of this chat that one from Telegram replies to; whatever else the header says is told.

    Args:
        own: The chat of the message itself.
    """
    header = told.get("reply_to")
    if not is_told(header) or header["_"] != "MessageReplyHeader":
        return None
    number = integer(reading, header["reply_to_msg_id"], "reply_to_msg_id") if "reply_to_msg_id" in header else None
    top = integer(reading, header["reply_to_top_id"], "reply_to_top_id") if "reply_to_top_id" in header else None
    chat = peer(reading, header["reply_to_peer_id"], "reply_to_peer_id") if "reply_to_peer_id" in header else None
    _quote(reading, header)
    if header.get("forum_topic"):
        reading.tell("topic.id", top or number)
    else:
        reading.tell("reply.thread_id", top)
    elsewhere = chat is not None and chat.id != own
    if is_service:
        reading.tell("service.message_id", None if header.get("forum_topic") and top is None else number)
        reading.tell("service.chat", chat if elsewhere else None)
        return None
    if elsewhere or (chat is None and number is None and "reply_from" in header):
        reading.tell("reply.chat", chat)
        reading.tell("reply.message_id", number)
        return None
    return number


def _quote(reading: Reading, header: TlTree) -> None:
    """The words that are quoted, where they stand, and who said them."""
    where = "quote_text"
    reading.tell(
        "reply.quote", formatted(reading, header.get("quote_text", ""), header.get("quote_entities", ()), where)
    )
    if "quote_offset" in header and "quote_text" in header:
        reading.tell("reply.quote_offset", integer(reading, header["quote_offset"], "quote_offset"))
    if "todo_item_id" in header:
        reading.tell("reply.task_id", integer(reading, header["todo_item_id"], "todo_item_id"))
    if "poll_option" in header:
        reading.tell("reply.option_b64", reading.clean(base64.b64encode(header["poll_option"]).decode("ascii")))
    first = header.get("reply_from")
    if is_told(first):
        inner = Reading(reading.peers, notes=reading.notes)
        collect(inner, first)
        forward = inner.found.get("forward", {})
        reading.tell("reply.sender", forward.get("person"))
        reading.tell("reply.posted_at", forward.get("posted_at"))
        reading.tell("reply.author", forward.get("author"))


# --- what is sent ----------------------------------------------------------------------------


def _contact(reading: Reading, told: TlTree) -> None:
    name = text(reading, " ".join(part for part in (told["first_name"], told["last_name"]) if part), "contact")
    number = told.get("user_id")
    person = reading.account(number) if number else None
    if person is not None or name is not None:
        reading.tell("contact.person", Person(person.id if person else None, name, person.username if person else None))
    reading.found.setdefault("contact", {})


def _invoice_media(reading: Reading, told: TlTree) -> None:
    _paywall(reading, told, [told["extended_media"]], "invoice")


def _paid_media(reading: Reading, told: TlTree) -> None:
    _paywall(reading, told, told["extended_media"], "paid_media")


def _paywall(reading: Reading, told: TlTree, listed: list[TlTree], kind: str) -> None:
    """Media that was already paid for is told by its files; locked media has its size told, and is a hole."""
    locked = [one for one in listed if one["_"] == "MessageExtendedMediaPreview"]
    _files_alone(reading, [one["media"] for one in listed if one["_"] == "MessageExtendedMedia"], kind)
    for one in listed:
        if one["_"] not in ("MessageExtendedMediaPreview", "MessageExtendedMedia"):
            reading.note(HoleReason.UNKNOWN, constructor_of(one), one)
    parts = tuple(part("locked")(reading, one, kind) for one in locked)
    if kind == "paid_media" and parts:
        reading.tell("paid_media.locked", parts)
    if locked:
        price = (
            f"{told['stars_amount']} stars" if "stars_amount" in told else f"{told['total_amount']} {told['currency']}"
        )
        reading.note(HoleReason.PAYWALL, f"{price}: " + "; ".join(_announced(one) for one in locked))


def _announced(preview: TlTree) -> str:
    """The size of something locked, in words."""
    size = f"{preview['w']}x{preview['h']}" if "w" in preview and "h" in preview else "size not said"
    return size + (f", {preview['video_duration']} s" if "video_duration" in preview else "")


def _votes(reading: Reading, told: TlTree) -> None:
    """The results of a poll, in the order of its answers."""
    options = [one.get("option") for one in told["poll"].get("answers", ())]
    results = told["results"]
    collect(reading, results)
    by_option = {one["option"]: one for one in results.get("results", ())}
    votes = tuple(_vote(reading, by_option.get(option)) for option in options) if by_option else ()
    reading.tell("votes.answers", votes)
    for option in by_option.keys() - set(options):
        reading.note(HoleReason.UNREAD, "PollResults.results", by_option[option])
    solution = formatted(reading, results.get("solution", ""), results.get("solution_entities", ()), "solution")
    reading.tell("votes.solution", solution)


def _vote(reading: Reading, told: TlTree | None) -> Part:
    return Part("vote") if told is None else part("vote")(reading, told, "PollResults.results")


def _story_words(reading: Reading, told: TlTree) -> None:
    reading.tell("story.text", formatted(reading, told.get("caption", ""), told.get("entities", ()), "caption"))


def _story_gone(reading: Reading, told: TlTree) -> None:
    reading.note(HoleReason.UNAVAILABLE, str(told["_"]), told["id"])


def _web_page(reading: Reading, value: Any, where: str) -> Part:  # noqa: ANN401 - a shape
    """A page with its address, and with the words and links of its article if the server has one."""
    page = part("web_page")(reading, value, where)
    article = read_article(reading, value["cached_page"]) if "cached_page" in value else {}
    return Part("web_page", {**page.fields, **article})


def _ticked(reading: Reading, told: TlTree) -> None:
    reading.tell("ticked", tuple(part("ticked")(reading, one, "completions") for one in told["completions"]))


_GEO_LEFT = unused(_HASH, "access_hash")
_PRIZE_ROWS = ("months", "stars")


def _prize(kind: str) -> Rows:
    return {
        **{key: said(f"{kind}.{key}", integer) for key in _PRIZE_ROWS},
        "until_date": said(f"{kind}.until_time", moment),
        "prize_description": said(f"{kind}.additional_prize", text),
        "only_new_subscribers": said(f"{kind}.only_new_subscribers", flag),
    }


_MEDIA: dict[str, Rows] = {
    "MessageMediaEmpty": {},
    "MessageMediaPhoto": unused(_FILE, "photo", "video", "spoiler", "live_photo", "ttl_seconds"),
    "MessageMediaDocument": {
        **unused(
            _FILE, "document", "alt_documents", "video_cover", "spoiler", "video", "round", "voice", "ttl_seconds"
        ),
        **unused(_SHOWN, "nopremium", "video_timestamp"),
    },
    "MessageMediaGeo": {"geo": INTO},
    "MessageMediaGeoLive": {
        "geo": INTO,
        "period": said("location.live_s", integer),
        "heading": said("location.heading", integer),
        "proximity_notification_radius": said("location.proximity_m", integer),
    },
    "MessageMediaVenue": {
        "geo": INTO,
        "title": said("venue.name", text),
        "address": said("venue.address", text),
        "provider": said("venue.provider", text),
        "venue_id": said("venue.venue_id", text),
        "venue_type": said("venue.venue_type", text),
    },
    "GeoPoint": {
        "lat": said("location.latitude", fraction),
        "long": said("location.longitude", fraction),
        "accuracy_radius": said("location.accuracy_m", fraction),
        **_GEO_LEFT,
    },
    "GeoPointEmpty": {},
    "MessageMediaContact": {
        "first_name": near(_contact),
        "last_name": near(_contact),
        "user_id": near(_contact),
        "phone_number": said("contact.number", phone),
        **unused("a file of its own", "vcard"),
    },
    "MessageMediaGame": {"game": INTO},
    "Game": {
        "id": said("game.id", integer),
        "short_name": said("game.short_name", text),
        "title": said("game.title", text),
        "description": said("game.description", text),
        **unused(_HASH, "access_hash"),
        **unused(_FILE, "photo", "document"),
    },
    "MessageMediaInvoice": {
        "title": said("invoice.title", text),
        "description": said("invoice.description", text),
        "currency": said("invoice.currency", text),
        "total_amount": said("invoice.amount", integer),
        "start_param": said("invoice.start_param", text),
        "test": said("invoice.test", flag),
        "receipt_msg_id": said("receipt.message_id", integer),
        "extended_media": near(_invoice_media),
        **unused(_SHOWN, "shipping_address_requested"),
        **unused(_FILE, "photo"),
    },
    "MessageMediaPaidMedia": {"stars_amount": said("paid_media.stars", integer), "extended_media": near(_paid_media)},
    "MessageExtendedMedia": {"media": ONLY_FILES},
    "MessageExtendedMediaPreview": {
        "w": said("locked.width", integer),
        "h": said("locked.height", integer),
        "video_duration": said("locked.duration_s", integer),
        **unused("a preview of it", "thumb"),
    },
    "MessageMediaPoll": {"poll": INTO, "results": near(_votes), "attached_media": ONLY_FILES},
    "Poll": {
        "id": said("poll.id", integer),
        "question": said("poll.question", words),
        "answers": said("poll.answers", list_of(part("answer"))),
        "closed": said("votes.closed", flag),
        **{
            key: said(f"poll.{key}", flag)
            for key in (
                "quiz",
                "multiple_choice",
                "public_voters",
                "open_answers",
                "revoting_disabled",
                "shuffle_answers",
                "subscribers_only",
            )
        },
        "hide_results_until_close": said("poll.hide_results", flag),
        "close_period": said("poll.close_after_s", integer),
        "close_date": said("poll.closes_at", moment),
        "countries_iso2": said("poll.countries", list_of(text)),
        **unused(_HASH, "hash"),
        **unused(_OURS, "creator"),
    },
    "PollAnswer": {
        "text": said("answer.text", words),
        "added_by": said("answer.person", peer),
        "date": said("answer.added_at", moment),
        "media": ONLY_FILES,
        **unused("its place says it", "option"),
    },
    "PollResults": {
        "total_voters": said("votes.total", integer),
        "recent_voters": said("votes.people", list_of(peer)),
        "solution_media": ONLY_FILES,
        **unused(_READER, "results", "solution", "solution_entities"),
        **unused(_OURS, "min", "has_unread_votes", "can_view_stats"),
    },
    "PollAnswerVoters": {
        "voters": said("vote.count", integer),
        "chosen": said("vote.chosen", flag),
        "correct": said("vote.correct", flag),
        "recent_voters": said("vote.people", list_of(peer)),
        **unused("its place says it", "option"),
    },
    "MessageMediaDice": {
        "value": said("dice.value", integer),
        "emoticon": said("dice.emoji", text),
        **unused("of a bet that the watching account made", "game_outcome"),
    },
    "MessageMediaToDo": {"todo": INTO, "completions": near(_ticked)},
    "TodoList": {
        "title": said("todo.title", words),
        "list": said("todo.tasks", list_of(part("task"))),
        "others_can_append": said("todo.others_can_append", flag),
        "others_can_complete": said("todo.others_can_complete", flag),
    },
    "TodoItem": {"id": said("task.id", integer), "title": said("task.text", words)},
    "TodoCompletion": {
        "id": said("ticked.id", integer),
        "completed_by": said("ticked.person", peer),
        "date": said("ticked.time", moment),
    },
    "MessageMediaStory": {
        "peer": said("story.person", peer),
        "id": said("story.id", integer),
        "via_mention": said("story.via_mention", flag),
        "story": INTO,
    },
    "StoryItem": {
        "date": said("story.posted_at", moment),
        "expire_date": said("story.expires_at", moment),
        "noforwards": said("story.noforwards", flag),
        "edited": said("story.edited", flag),
        "from_id": said("story.author", peer),
        "fwd_from": INTO,
        "caption": near(_story_words),
        "media": ONLY_FILES,
        "media_areas": INTO,
        **unused(_READER, "entities"),
        **unused(_FILE, "music"),
        **unused("the message that shows it has its number", "id"),
        **unused(
            "who may see the story", "pinned", "public", "close_friends", "contacts", "selected_contacts", "privacy"
        ),
        **unused(_OURS, "min", "out", "sent_reaction"),
        **unused("counted where the story is", "views", "albums"),
    },
    "StoryFwdHeader": {
        "from_": said("story.origin", peer),
        "from_name": said("story.origin", named),
        "story_id": said("story.origin_id", integer),
        **unused(_SHOWN, "modified"),
    },
    "StoryItemDeleted": {"id": near(_story_gone)},
    "StoryItemSkipped": {
        "id": near(_story_gone),
        **unused("nothing but its dates was sent", "date", "expire_date", "close_friends", "live"),
    },
    "MessageMediaGiveaway": {
        **_prize("giveaway"),
        "channels": said("giveaway.channels", list_of(channel)),
        "quantity": said("giveaway.quantity", integer),
        "winners_are_visible": said("giveaway.winners_are_visible", flag),
        "countries_iso2": said("giveaway.countries", list_of(text)),
    },
    "MessageMediaGiveawayResults": {
        **_prize("giveaway_results"),
        "channel_id": said("giveaway_results.channel", channel),
        "launch_msg_id": said("giveaway_results.message_id", integer),
        "winners": said("giveaway_results.winners", list_of(user)),
        "refunded": said("giveaway_results.is_refunded", flag),
        "winners_count": said("results.winners", integer),
        "unclaimed_count": said("results.unclaimed", integer),
        "additional_peers_count": said("results.additional_peers", integer),
    },
    "MessageMediaWebPage": {
        "webpage": said("web_page", _web_page),
        **unused(_SHOWN, "force_large_media", "force_small_media", "manual", "safe"),
    },
    "WebPage": {
        "id": said("web_page.id", integer),
        "url": said("web_page.link", link),
        "type": said("web_page.type", text),
        "site_name": said("web_page.site_name", text),
        "title": said("web_page.title", text),
        "description": said("web_page.description", text),
        "author": said("web_page.author", text),
        "embed_url": said("web_page.embedded", link),
        "duration": said("web_page.duration_s", integer),
        "attributes": INTO,
        **unused(_READER, "cached_page"),
        **unused(_FILE, "photo", "document"),
        **unused(_SHOWN, "has_large_media", "video_cover_photo", "embed_type", "embed_width", "embed_height"),
        **unused("the same address, shortened", "display_url"),
        **unused(_HASH, "hash"),
    },
    "WebPageEmpty": {"id": said("web_page.id", integer), "url": said("web_page.link", link)},
    "WebPagePending": {
        "id": said("web_page.id", integer),
        "url": said("web_page.link", link),
        "date": said("web_page.pending", always("yes")),
    },
    "WebPageNotModified": unused("counted where the page is", "cached_page_views"),
    "ReplyInlineMarkup": {
        "rows": said("buttons.rows", rows_of_buttons),
        **unused(_SHOWN, "force_reply"),
    },
    "ReplyKeyboardMarkup": {
        "rows": said("buttons.rows", rows_of_buttons),
        "placeholder": said("buttons.placeholder", text),
        **unused(_SHOWN, "resize", "single_use", "selective", "persistent", "force_reply"),
    },
    "ReplyKeyboardForceReply": {
        "placeholder": said("buttons.placeholder", text),
        **unused(_SHOWN, "single_use", "selective"),
    },
    "ReplyKeyboardHide": unused(_SHOWN, "selective"),
}

# --- reactions -------------------------------------------------------------------------------


def _reactions(reading: Reading, told: TlTree) -> None:
    """One counter for each reaction, with those who gave it, as far as the server names them."""
    recent = told.get("recent_reactions", ())
    for one in told.get("results", ()):
        kind = code_after("Reaction")(reading, one["reaction"], "reaction")
        fields = {"type": kind, **part("reaction")(reading, one, "reaction").fields}
        people = [part("reactor")(reading, each, "reactor") for each in recent if each["reaction"] == one["reaction"]]
        if constructor_of(one["reaction"]) == "ReactionPaid":
            people += [part("reactor")(reading, each, "reactor") for each in told.get("top_reactors", ())]
        reading.tell("reaction", Part("reaction", fields | ({"recent": tuple(people)} if people else {})))
    given = [one["reaction"] for one in told.get("results", ())]
    for each in recent:
        if each["reaction"] not in given:
            reading.note(HoleReason.UNREAD, "MessageReactions.recent_reactions", each)


_REACTIONS: dict[str, Rows] = {
    "MessageReactions": {
        "results": near(_reactions),
        **unused(_READER, "recent_reactions", "top_reactors"),
        **unused(_OURS, "min", "can_see_list", "reactions_as_tags"),
    },
    "ReactionCount": {
        "reaction": INTO,
        "count": said("reaction.count", integer),
        **unused(_OURS, "chosen_order"),
    },
    "ReactionEmpty": {},
    "ReactionEmoji": {"emoticon": said("reaction.emoji", text)},
    "ReactionCustomEmoji": {"document_id": said("reaction.document_id", integer)},
    "ReactionPaid": {},
    "MessagePeerReaction": {
        "peer_id": said("reactor.person", peer),
        "date": said("reactor.time", moment),
        **unused("the reaction that it stands with", "reaction"),
        **unused(_OURS, "big", "unread", "my"),
    },
    "MessageReactor": {
        "peer_id": said("reactor.person", peer),
        "count": said("reactor.count", integer),
        "anonymous": said("reactor.anonymous", flag),
        **unused(_OURS, "top", "my"),
    },
}


# --- what was done ---------------------------------------------------------------------------

_PEOPLE = list_of(user)
_MONEY: Rows = {"currency": said("service.currency", text), "total_amount": said("service.amount", integer)}
_CRYPTO = unused("the same price in another currency", "crypto_currency", "crypto_amount")
_GIFT_STATE = "what the receiver made of the gift later"
_CALL: Rows = {"call": INTO}
_CREATOR: Rows = {"new_creator_id": said("service.person", user)}
_TITLE: Rows = {"title": said("service.title", text)}


def _priced(reading: Reading, told: TlTree) -> None:
    _price(reading, told["price"], "service")


def _option(reading: Reading, told: TlTree) -> None:
    inner = Reading(reading.peers, notes=reading.notes)
    collect(inner, told["answer"])
    reading.tell("service.option", inner.found.get("answer", {}).get("text"))
    reading.tell("service.person", inner.found.get("answer", {}).get("person"))


def _ton(reading: Reading, told: TlTree) -> None:
    whole, nano = divmod(told["crypto_amount"], 10**9)
    reading.tell("service.currency", text(reading, told["crypto_currency"], "crypto_currency"))
    reading.tell("service.amount", integer(reading, whole, "crypto_amount"))
    reading.tell("service.amount_nano", integer(reading, nano, "crypto_amount"))


def _members(*people: str) -> Rows:
    return {name: said("service.people", _PEOPLE) for name in people}


def _one_member(reading: Reading, value: int, where: str) -> tuple[Person, ...]:
    return (user(reading, value, where),)


_ACTIONS: dict[str, Rows] = {
    "MessageActionCustomAction": {"message": said("service.information", text)},
    "MessageActionChatCreate": {**_TITLE, **_members("users")},
    "MessageActionChatEditTitle": _TITLE,
    "MessageActionChatEditPhoto": unused(_FILE, "photo"),
    "MessageActionChatDeletePhoto": {},
    "MessageActionChatAddUser": _members("users"),
    "MessageActionChatDeleteUser": {"user_id": said("service.people", _one_member)},
    "MessageActionChatJoinedByLink": {"inviter_id": said("service.person", user)},
    "MessageActionChatJoinedByRequest": {},
    "MessageActionChatJoinedViaCommunity": {"community_id": said("service.community_id", integer)},
    "MessageActionChangeCommunity": {"community_id": said("service.community_id", integer)},
    "MessageActionChannelCreate": _TITLE,
    "MessageActionChatMigrateTo": {"channel_id": said("service.chat", channel)},
    "MessageActionChannelMigrateFrom": {**_TITLE, "chat_id": said("service.chat", group)},
    "MessageActionPinMessage": {},
    "MessageActionHistoryClear": {},
    "MessageActionGameScore": {
        "game_id": said("service.game_id", integer),
        "score": said("service.score", integer),
    },
    "MessageActionPaymentSent": {
        **_MONEY,
        "recurring_used": said("service.recurring", always("used")),
        "recurring_init": said("service.recurring", always("init")),
        "invoice_slug": said("service.code", text),
        "subscription_until_date": said("service.until_time", moment),
    },
    "MessageActionPaymentRefunded": {
        **_MONEY,
        "peer": said("service.person", peer),
        "charge": INTO,
        **unused("what a bot calls the purchase", "payload"),
    },
    "PaymentCharge": {
        "id": said("service.code", text),
        **unused("the number of the bank behind it", "provider_charge_id"),
    },
    "MessageActionPhoneCall": {
        "call_id": said("service.call_id", integer),
        "video": said("service.video", flag),
        "reason": said("service.discard_reason", code_after("PhoneCallDiscardReason")),
        "duration": said("service.duration_s", integer),
    },
    "MessageActionConferenceCall": {
        "call_id": said("service.call_id", integer),
        "missed": said("service.is_missed", flag),
        "active": said("service.is_active", flag),
        "video": said("service.video", flag),
        "duration": said("service.duration_s", integer),
        "other_participants": said("service.people", list_of(peer)),
    },
    "MessageActionScreenshotTaken": {},
    "MessageActionBotAllowed": {
        **unused("the name of the action says it", "attach_menu", "from_request"),
        "domain": said("service.reason_domain", text),
        "app": INTO,
    },
    "BotApp": {
        "id": said("service.app_id", integer),
        "title": said("service.app_name", text),
        **unused("a bot's advertisement of itself", "short_name", "description", "photo", "document"),
        **unused(_HASH, "access_hash", "hash"),
    },
    "BotAppNotModified": {},
    "MessageActionSecureValuesSent": {"types": said("service.values", list_of(code_after("SecureValueType")))},
    "MessageActionContactSignUp": {},
    "MessageActionGeoProximityReached": {
        "from_id": said("service.person", peer),
        "to_id": said("service.to_person", peer),
        "distance": said("service.distance_m", integer),
    },
    "MessageActionGroupCall": {**_CALL, "duration": said("service.duration_s", integer)},
    "MessageActionInviteToGroupCall": {**_CALL, **_members("users")},
    "MessageActionGroupCallScheduled": {**_CALL, "schedule_date": said("service.scheduled_at", moment)},
    "InputGroupCall": {"id": said("service.call_id", integer), **unused(_HASH, "access_hash")},
    "MessageActionSetMessagesTTL": {
        "period": said("service.period_s", integer),
        "auto_setting_from": said("service.auto_set_by", integer),
    },
    "MessageActionSetChatTheme": {"theme": INTO},
    "ChatTheme": {"emoticon": said("service.emoticon", text)},
    "MessageActionSetChatWallPaper": {
        **unused("the name of the action says it", "same"),
        **unused(_DECORATION, "wallpaper"),
        "for_both": said("service.for_both", flag),
    },
    "MessageActionWebViewDataSent": unused(_NAME, "text"),
    "MessageActionGiftPremium": {
        "currency": said("service.currency", text),
        "amount": said("service.amount", integer),
        "days": said("service.days", integer),
        **_CRYPTO,
        **unused(_NAME, "message"),
    },
    "MessageActionGiftStars": {
        "currency": said("service.currency", text),
        "amount": said("service.amount", integer),
        "stars": said("service.stars", integer),
        "transaction_id": said("service.code", text),
        **_CRYPTO,
    },
    "MessageActionGiftTon": {
        "crypto_amount": near(_ton),
        "transaction_id": said("service.code", text),
        **unused("the same price in another currency", "currency", "amount"),
        **unused(_READER, "crypto_currency"),
    },
    "MessageActionTopicCreate": {
        **_TITLE,
        "icon_color": said("service.icon_color", integer),
        "icon_emoji_id": said("service.icon_emoji_id", integer),
        **unused(_SHOWN, "title_missing"),
    },
    "MessageActionTopicEdit": {
        **_TITLE,
        "icon_emoji_id": said("service.icon_emoji_id", integer),
        "closed": said("service.closed", flag),
        "hidden": said("service.hidden", flag),
    },
    "MessageActionSuggestProfilePhoto": unused(_FILE, "photo"),
    "MessageActionRequestedPeer": {
        "button_id": said("service.button_id", integer),
        "peers": said("service.people", list_of(peer)),
    },
    "MessageActionGiftCode": {
        "days": said("service.days", integer),
        "slug": said("service.code", text),
        "via_giveaway": said("service.via_giveaway", flag),
        "unclaimed": said("service.unclaimed", flag),
        "boost_peer": said("service.person", peer),
        "currency": said("service.currency", text),
        "amount": said("service.amount", integer),
        **_CRYPTO,
        **unused(_NAME, "message"),
    },
    "MessageActionGiveawayLaunch": {"stars": said("service.stars", integer)},
    "MessageActionGiveawayResults": {
        "winners_count": said("service.winners_count", integer),
        "unclaimed_count": said("service.unclaimed_count", integer),
        "stars": said("service.in_stars", flag),
    },
    "MessageActionBoostApply": {"boosts": said("service.boosts", integer)},
    "MessageActionPrizeStars": {
        "stars": said("service.stars", integer),
        "transaction_id": said("service.code", text),
        "boost_peer": said("service.person", peer),
        "giveaway_msg_id": said("service.message_id", integer),
        "unclaimed": said("service.unclaimed", flag),
    },
    "MessageActionStarGift": {
        "gift": INTO,
        "name_hidden": said("service.is_anonymous", flag),
        "refunded": said("service.refunded", flag),
        "from_id": said("service.person", peer),
        "to_id": said("service.to_person", peer),
        "peer": said("service.chat", peer),
        **unused(_NAME, "message"),
        **unused(_GIFT_STATE, "saved", "converted", "upgraded", "can_upgrade", "convert_stars", "upgrade_msg_id"),
        **unused(_GIFT_STATE, "upgrade_stars", "saved_id", "prepaid_upgrade", "prepaid_upgrade_hash", "gift_msg_id"),
        **unused(_GIFT_STATE, "upgrade_separate", "auction_acquired", "gift_num"),
    },
    "MessageActionStarGiftUnique": {
        "gift": INTO,
        "name_hidden": said("service.is_anonymous", flag),
        "refunded": said("service.refunded", flag),
        "from_id": said("service.person", peer),
        "peer": said("service.chat", peer),
        **unused(_NAME, "message"),
        **unused(_GIFT_STATE, "upgrade", "transferred", "saved", "prepaid_upgrade", "assigned", "from_offer", "craft"),
        **unused(_GIFT_STATE, "can_export_at", "transfer_stars", "saved_id", "resale_amount", "can_transfer_at"),
        **unused(_GIFT_STATE, "can_resell_at", "drop_original_details_stars", "can_craft_at"),
    },
    "StarGift": {
        "id": said("service.gift_id", integer),
        "stars": said("service.stars", integer),
        "limited": said("service.is_limited", flag),
        "title": said("service.title", text),
        **unused(_DECORATION, "sticker", "background"),
        **unused(
            "how the gift is sold", "convert_stars", "sold_out", "birthday", "require_premium", "limited_per_user"
        ),
        **unused("how the gift is sold", "peer_color_available", "auction", "availability_remains", "released_by"),
        **unused(
            "how the gift is sold", "availability_total", "availability_resale", "first_sale_date", "upgrade_stars"
        ),
        **unused("how the gift is sold", "last_sale_date", "resell_min_stars", "per_user_total", "per_user_remains"),
        **unused("how the gift is sold", "locked_until_date", "auction_slug", "gifts_per_round", "auction_start_date"),
        **unused("how the gift is sold", "upgrade_variants"),
    },
    "StarGiftUnique": {
        "gift_id": said("service.gift_id", integer),
        "title": said("service.title", text),
        "slug": said("service.code", text),
        **unused(
            "how the gift is sold, and whose it is now", "id", "num", "attributes", "availability_issued", "burned"
        ),
        **unused(
            "how the gift is sold, and whose it is now", "availability_total", "require_premium", "resale_ton_only"
        ),
        **unused("how the gift is sold, and whose it is now", "theme_available", "crafted", "owner_id", "owner_name"),
        **unused("how the gift is sold, and whose it is now", "owner_address", "gift_address", "resell_amount"),
        **unused(
            "how the gift is sold, and whose it is now", "released_by", "value_amount", "value_currency", "host_id"
        ),
        **unused("how the gift is sold, and whose it is now", "value_usd_amount", "theme_peer", "peer_color"),
        **unused("how the gift is sold, and whose it is now", "offer_min_stars", "craft_chance_permille"),
    },
    "MessageActionStarGiftPurchaseOffer": {
        "gift": INTO,
        "price": near(_priced),
        "expires_at": said("service.expires_at", moment),
        "accepted": said("service.accepted", flag),
        "declined": said("service.declined", flag),
    },
    "MessageActionStarGiftPurchaseOfferDeclined": {
        "gift": INTO,
        "price": near(_priced),
        "expired": said("service.expired", flag),
    },
    "MessageActionPaidMessagesRefunded": {
        "count": said("service.messages_count", integer),
        "stars": said("service.stars", integer),
    },
    "MessageActionPaidMessagesPrice": {
        "stars": said("service.stars", integer),
        "broadcast_messages_allowed": said("service.broadcast_messages_allowed", flag),
    },
    "MessageActionTodoCompletions": {
        "completed": said("service.completed", list_of(integer)),
        "incompleted": said("service.incompleted", list_of(integer)),
    },
    "MessageActionTodoAppendTasks": {"list": said("service.tasks", list_of(part("task")))},
    "MessageActionPollAppendAnswer": {"answer": near(_option)},
    "MessageActionPollDeleteAnswer": {"answer": near(_option)},
    "MessageActionSuggestedPostApproval": {
        "rejected": said("service.rejected", flag),
        "balance_too_low": said("service.balance_too_low", flag),
        "reject_comment": said("service.comment", text),
        "schedule_date": said("service.scheduled_at", moment),
        "price": near(_priced),
    },
    "MessageActionSuggestedPostSuccess": {"price": near(_priced)},
    "MessageActionSuggestedPostRefund": {"payer_initiated": said("service.user_initiated", flag)},
    "MessageActionSuggestBirthday": {"birthday": INTO},
    "Birthday": {
        "day": said("service.day", integer),
        "month": said("service.month", integer),
        "year": said("service.year", integer),
    },
    "MessageActionNoForwardsToggle": {
        "prev_value": said("service.previous_value", flag),
        "new_value": said("service.new_value", flag),
    },
    "MessageActionNoForwardsRequest": {
        "prev_value": said("service.previous_value", flag),
        "new_value": said("service.new_value", flag),
        "expired": said("service.expired", flag),
    },
    "MessageActionNewCreatorPending": _CREATOR,
    "MessageActionChangeCreator": _CREATOR,
    "MessageActionManagedBotCreated": {"bot_id": said("service.person", user)},
}

TABLES: Mapping[str, Rows] = MappingProxyType(_MESSAGE | _ORIGIN | _MEDIA | _REACTIONS | _ACTIONS)
"""The fields of each constructor."""

_BOT_ALONE = "only the bot that it was sent to is told"
HOLES: Mapping[str, str] = MappingProxyType(
    {
        "MessageMediaUnsupported": "the server says that the layer has no constructor for it",
        "MessageMediaVideoStream": "a live stream: nothing of it is in the message",
        "MessageActionEmpty": "the server says that the layer has no action for it",
        "MessageActionPaymentSentMe": _BOT_ALONE,
        "MessageActionSecureValuesSentMe": _BOT_ALONE,
        "MessageActionWebViewDataSentMe": _BOT_ALONE,
        "MessageActionRequestedPeerSentMe": _BOT_ALONE,
        "ChatThemeUniqueGift": "a theme made of a gift",
        "InputGroupCallSlug": "a call by its link, which the server does not put into messages",
        "InputGroupCallInviteMessage": "a call by its message, which the server does not put into messages",
        "InputPollAnswer": "only a client sends it",
        "InputMessageEntityMentionName": "only a client sends it",
        **dict.fromkeys(
            (
                "MediaAreaVenue", "MediaAreaGeoPoint", "MediaAreaSuggestedReaction", "MediaAreaChannelPost",
                "MediaAreaUrl", "MediaAreaWeather", "MediaAreaStarGift", "InputMediaAreaVenue",
                "InputMediaAreaChannelPost",
            ),
            "what is pasted on a story",
        ),
        **dict.fromkeys(
            (
                "WebPageAttributeTheme", "WebPageAttributeStory", "WebPageAttributeStickerSet",
                "WebPageAttributeUniqueStarGift", "WebPageAttributeStarGiftCollection",
                "WebPageAttributeStarGiftAuction", "WebPageAttributeAiComposeTone",
            ),
            "something of Telegram's own behind the link",
        ),
    }
)  # fmt: skip
"""Constructors that are only noted by their name, and why."""

# --- what an action is called ----------------------------------------------------------------

ACTION_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "MessageActionCustomAction": "",
        "MessageActionChatCreate": "create_group",
        "MessageActionChatEditTitle": "edit_group_title",
        "MessageActionChatEditPhoto": "edit_group_photo",
        "MessageActionChatDeletePhoto": "delete_group_photo",
        "MessageActionChatAddUser": "invite_members",
        "MessageActionChatDeleteUser": "remove_members",
        "MessageActionChatJoinedByLink": "join_group_by_link",
        "MessageActionChatJoinedByRequest": "join_group_by_request",
        "MessageActionChatJoinedViaCommunity": "join_group_via_community",
        "MessageActionChangeCommunity": "change_community",
        "MessageActionChannelCreate": "create_channel",
        "MessageActionChatMigrateTo": "migrate_to_supergroup",
        "MessageActionChannelMigrateFrom": "migrate_from_group",
        "MessageActionPinMessage": "pin_message",
        "MessageActionHistoryClear": "clear_history",
        "MessageActionGameScore": "score_in_game",
        "MessageActionPaymentSent": "send_payment",
        "MessageActionPaymentRefunded": "refunded_payment",
        "MessageActionPhoneCall": "phone_call",
        "MessageActionConferenceCall": "conference_call",
        "MessageActionScreenshotTaken": "take_screenshot",
        "MessageActionBotAllowed": "allow_sending_messages",
        "MessageActionSecureValuesSent": "send_passport_values",
        "MessageActionContactSignUp": "joined_telegram",
        "MessageActionGeoProximityReached": "proximity_reached",
        "MessageActionGroupCall": "group_call",
        "MessageActionInviteToGroupCall": "invite_to_group_call",
        "MessageActionGroupCallScheduled": "group_call_scheduled",
        "MessageActionSetMessagesTTL": "set_messages_ttl",
        "MessageActionSetChatTheme": "edit_chat_theme",
        "MessageActionSetChatWallPaper": "set_chat_wallpaper",
        "MessageActionWebViewDataSent": "send_webview_data",
        "MessageActionGiftPremium": "send_premium_gift",
        "MessageActionGiftStars": "send_stars_gift",
        "MessageActionGiftTon": "send_ton_gift",
        "MessageActionTopicCreate": "topic_created",
        "MessageActionTopicEdit": "topic_edit",
        "MessageActionSuggestProfilePhoto": "suggest_profile_photo",
        "MessageActionRequestedPeer": "requested_peer",
        "MessageActionGiftCode": "gift_code_prize",
        "MessageActionGiveawayLaunch": "giveaway_launch",
        "MessageActionGiveawayResults": "giveaway_results",
        "MessageActionBoostApply": "boost_apply",
        "MessageActionPrizeStars": "stars_prize",
        "MessageActionStarGift": "send_star_gift",
        "MessageActionStarGiftUnique": "unique_star_gift",
        "MessageActionStarGiftPurchaseOffer": "gift_purchase_offer",
        "MessageActionStarGiftPurchaseOfferDeclined": "gift_offer_declined",
        "MessageActionPaidMessagesRefunded": "paid_messages_refund",
        "MessageActionPaidMessagesPrice": "paid_messages_price_change",
        "MessageActionTodoCompletions": "todo_completions",
        "MessageActionTodoAppendTasks": "todo_append_tasks",
        "MessageActionPollAppendAnswer": "poll_append_answer",
        "MessageActionPollDeleteAnswer": "poll_delete_answer",
        "MessageActionSuggestedPostApproval": "process_suggested_post",
        "MessageActionSuggestedPostSuccess": "suggested_post_success",
        "MessageActionSuggestedPostRefund": "suggested_post_refund",
        "MessageActionSuggestBirthday": "suggest_birthday",
        "MessageActionNoForwardsToggle": "no_forwards_toggle",
        "MessageActionNoForwardsRequest": "no_forwards_request",
        "MessageActionNewCreatorPending": "new_creator_pending",
        "MessageActionChangeCreator": "change_creator",
        "MessageActionManagedBotCreated": "managed_bot_created",
    }
)
"""The action of a service message, as Telegram Desktop calls it."""


def action_name(action: TlTree) -> str | None:
    """What Telegram's layer calls an action; None if it has no name, or has words from the server instead."""
    name = constructor_of(action)
    if name == "MessageActionBotAllowed" and action.get("attach_menu"):
        return "attach_menu_bot_allowed"
    if name == "MessageActionBotAllowed" and action.get("from_request"):
        return "web_app_bot_allowed"
    if name == "MessageActionSetChatWallPaper" and action.get("same"):
        return "set_same_chat_wallpaper"
    return ACTION_NAMES.get(name) or None
