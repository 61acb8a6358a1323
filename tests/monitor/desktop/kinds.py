"""One message of every kind that Telegram Desktop writes, all invented, and the words in it that must stay readable.

Built from the exporter's source (export_output_json.cpp up to 7.2), not from anybody's export. Each sample is
the members beside ``id``, ``type`` and the dates; a test holds them to the tables, key by key.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from evidence.observation import HoleReason

NOT_INCLUDED = "(File not included. Change data exporting settings to download.)"
NOTHING = {"text": "", "text_entities": []}


@dataclass(frozen=True, slots=True)
class Sample:
    """A message and what must come of it.

    Attributes:
        says: Each stands somewhere in the values of the message.
        holes: The reasons of its holes, files not counted.
    """

    members: Mapping[str, Any]
    says: tuple[str, ...] = ()
    holes: tuple[HoleReason, ...] = ()
    kind: str = "message"


def rich(*blocks: Mapping[str, Any]) -> dict[str, Any]:
    return {"rich_message": {"rtl": False, "part": False, "blocks": list(blocks)}}


def words(text: str) -> dict[str, str]:
    return {"type": "plain", "text": text}


EMPTY = {"type": "empty"}


def caption(text: str = "", credit: str = "") -> dict[str, Any]:
    return {"text": words(text) if text else EMPTY, "credit": words(credit) if credit else EMPTY}


def document(path: str = NOT_INCLUDED, **members: object) -> dict[str, Any]:
    return {"file": path, "file_name": "field.bin", "file_size": 9, "mime_type": "application/x-field"} | members


INVOICE = (
    '{\n "title": "Ball",\n "description": "red",\n "amount": 995,\n "currency": "EUR",\n "receipt_message_id": 8\n}'
)

MEDIA = {
    "photo": Sample(
        {"photo": NOT_INCLUDED, "photo_file_size": 9, "width": 4, "height": 3, "media_spoiler": True} | NOTHING
    ),
    "view_once": Sample(
        {"photo": NOT_INCLUDED, "photo_file_size": 0, "self_destruct_period_seconds": 2147483647} | NOTHING
    ),
    "file": Sample(document() | NOTHING, ("field.bin", "application/x-field")),
    "sticker": Sample(
        document(media_type="sticker", sticker_emoji="🐦", thumbnail=NOT_INCLUDED, thumbnail_file_size=1) | NOTHING,
        ("🐦",),
    ),
    "video_message": Sample(document(media_type="video_message", duration_seconds=7) | NOTHING),
    "voice_message": Sample(document(media_type="voice_message") | NOTHING),
    "animation": Sample(document(media_type="animation") | NOTHING),
    "video_file": Sample(document(media_type="video_file") | NOTHING),
    "audio_file": Sample(
        document(media_type="audio_file", performer="The Hedge", title="Thorn") | NOTHING, ("The Hedge", "Thorn")
    ),
    "contact": Sample(
        {
            "contact_information": {"first_name": "Briar", "last_name": "Rose", "phone_number": "+44 7700 900111"},
            "contact_vcard": NOT_INCLUDED,
            "contact_vcard_file_size": 5,
        }
        | NOTHING,
        ("Briar Rose", "+44 7700 900111"),
    ),
    "location": Sample(
        {"location_information": {"latitude": 41.5, "longitude": -21.25}, "live_location_period_seconds": 900}
        | NOTHING,
        ("41.5", "-21.25", "900"),
    ),
    "venue": Sample(
        {"place_name": "The old mill", "address": "River road 1", "location_information": None} | NOTHING,
        ("The old mill", "River road 1"),
    ),
    "game": Sample(
        {"game_title": "Catch", "game_description": "a ball game", "game_link": "https://t.me/b?game=c"} | NOTHING,
        ("Catch", "a ball game", "https://t.me/b?game=c"),
    ),
    "invoice": Sample(
        {"invoice_information": INVOICE} | NOTHING,
        ("Ball", "red", "995", "EUR"),
    ),
    "poll": Sample(
        {
            "poll": {
                "question": ["Which ", {"type": "bold", "text": "path"}, "?"],
                "closed": False,
                "total_voters": 3,
                "answers": [
                    {"text": "left", "voters": 3, "chosen": False},
                    {"text": ["ask ", {"type": "mention", "text": "@hedge"}], "voters": 0, "chosen": True},
                ],
            }
        }
        | NOTHING,
        ("Which ", "path", "left", "@hedge"),
    ),
    "todo": Sample(
        {
            "todo_list": {
                "title": "Autumn",
                "others_can_append": True,
                "others_can_complete": False,
                "answers": [{"text": "rake leaves", "id": 1}, {"text": "", "id": 2}],
            }
        }
        | NOTHING,
        ("Autumn", "rake leaves"),
    ),
    "giveaway": Sample(
        {
            "giveaway_information": {
                "quantity": 2,
                "months": 3,
                "until_date": "2026-01-01T00:00:00",
                "channels": [5],
                "countries": ["MK"],
                "additional_prize": "a rake",
                "stars": 4,
                "is_only_new_subscribers": True,
            }
        }
        | NOTHING,
        ("a rake", "channel5", "MK"),
    ),
    "giveaway_results": Sample(
        {
            "giveaway_results": {
                "channel": 5,
                "winners": [6, 7],
                "additional_prize": "a spade",
                "days": 9,
                "until_date": "2026-01-01T00:00:00",
                "launch_message_id": 3,
                "additional_peers_count": 1,
                "winners_count": 2,
                "unclaimed_count": 0,
                "months": 1,
                "stars": 0,
                "is_refunded": False,
                "is_only_new_subscribers": False,
            }
        }
        | NOTHING,
        ("a spade", "user6", "user7", "channel5"),
    ),
    "paid_media": Sample({"paid_stars_amount": 50} | NOTHING, ("50",), (HoleReason.NOT_EXPORTED,)),
    "fork": Sample(
        {
            "date_zone": "UTC+01:00",
            "full_text": "x",
            "media_group_id": 77,
            "sticker_id": "5",
            "sticker_set_id": "6",
            "text": "x",
        },
        ("77",),
    ),
}

ABOUT = {
    "forward": Sample(
        {"forwarded_from": "Hedge News", "forwarded_from_id": "channel5", "text": "x"}, ("Hedge News", "channel5")
    ),
    "forward_of_nobody": Sample({"forwarded_from": None, "text": "x"}),
    "saved": Sample({"saved_from": "Hedge talk", "text": "x"}, ("Hedge talk",)),
    "author": Sample({"author": "A. Gardener", "text": "x"}, ("A. Gardener",)),
    "via_bot": Sample({"via_bot": "@hedgebot", "text": "x"}, ("@hedgebot",)),
    "reply": Sample({"reply_to_message_id": 3, "text": "x"}, ("3",)),
    "reply_elsewhere": Sample({"reply_to_message_id": 3, "reply_to_peer_id": "channel9", "text": "x"}, ("channel9",)),
    "edited": Sample(
        {"edited": "2026-01-01T00:00:00", "edited_unixtime": "1767222000", "text": "x"}, ("2025-12-31T23:00:00.000Z",)
    ),
    "reactions": Sample(
        {
            "reactions": [
                {
                    "type": "emoji",
                    "count": 2,
                    "emoji": "🌿",
                    "recent": [
                        {"from": "Briar", "from_id": "user8", "date": "2026-01-01T00:00:00"},
                        {"from": None, "from_id": "user9", "date": "2026-01-01T00:00:00"},
                    ],
                },
                {"type": "custom_emoji", "count": 1, "document_id": "(unavailable)"},
                {"type": "custom_emoji", "count": 1, "document_id": "5368324170671202286"},
                {"type": "paid", "count": 1},
                {"type": "empty", "count": 0},
            ],
            "text": "x",
        },
        ("🌿", "Briar", "user8", "user9", "5368324170671202286"),
    ),
    "buttons": Sample(
        {
            "inline_bot_buttons": [
                [
                    {"type": "url", "text": "see", "data": "https://example.org/see"},
                    {
                        "type": "auth",
                        "text": "a",
                        "data": "https://example.org/auth",
                        "forward_text": "forwarded",
                        "button_id": 4,
                    },
                ],
                [
                    {"type": "callback", "text": "b", "data": "", "dataBase64": "AAE"},
                    {"type": "switch_inline", "text": "c", "data": "a query"},
                ],
                [
                    {"type": "user_profile", "text": "d", "data": "12"},
                    {"type": "copy_text", "text": "e", "data": "copied words"},
                ],
                [{"type": "buy", "text": "f"}],
            ],
            "text": "x",
        },
        (
            "https://example.org/see",
            "https://example.org/auth",
            "forwarded",
            "AAE",
            "a query",
            "user12",
            "copied words",
        ),
    ),
}

ENTITIES = {
    "text": Sample(
        {
            "text": [
                "é😀 ",
                {"type": "mention", "text": "@hedge"},
                {"type": "hashtag", "text": "#h"},
                {"type": "bot_command", "text": "/h"},
                {"type": "link", "text": "https://example.org/seen"},
                {"type": "email", "text": "h@example.org"},
                {"type": "bold", "text": "bold"},
                {"type": "italic", "text": "i"},
                {"type": "code", "text": "c"},
                {"type": "pre", "text": "p", "language": "hedge"},
                {"type": "text_link", "text": "here", "href": "https://example.org/hidden"},
                {"type": "mention_name", "text": "Briar", "user_id": 8},
                {"type": "phone", "text": "+44 7700 900222"},
                {"type": "cashtag", "text": "$H"},
                {"type": "underline", "text": "u"},
                {"type": "strikethrough", "text": "s"},
                {"type": "blockquote", "text": "q", "collapsed": True},
                {"type": "bank_card", "text": "4000 0000 0000 0002"},
                {"type": "spoiler", "text": "sp"},
                {"type": "custom_emoji", "text": "🐦", "document_id": "stickers/a.webp"},
                {"type": "unknown", "text": "?"},
                "",
            ]
        },
        ("https://example.org/hidden", "user8", "4000 0000 0000 0002", "hedge", "h@example.org", "+44 7700 900222"),
    ),
    "entities_alone": Sample(
        {"text_entities": [{"type": "plain", "text": "only "}, {"type": "bold", "text": "here"}]}, ("only here",)
    ),
}

FILE_KEYS = {
    "file": "(never)",
    "file_name": "n.ogg",
    "file_size": 3,
    "media_type": "audio_file",
    "sticker_emoji": "🌾",
    "performer": "P",
    "title": "T",
    "mime_type": "audio/ogg",
    "duration_seconds": 4,
    "thumbnail_skip_reason": "unavailable",
    "thumbnail_file_size": 2,
}


def texts() -> Iterator[dict[str, Any]]:
    """Every kind of rich text."""
    for kind in (
        "bold",
        "italic",
        "underline",
        "strikethrough",
        "code",
        "subscript",
        "superscript",
        "marked",
        "spoiler",
    ):
        yield {"type": kind, "text": {"type": "italic", "text": words(f"{kind} words ")}}
    for kind in ("mention", "hashtag", "bot_command", "cashtag", "link", "bank_card", "email", "phone"):
        yield {"type": kind, "text": words(f"{kind}-words ")}
    yield {"type": "email", "email": "behind@example.org", "text": words("mail ")}
    yield {"type": "phone", "phone": "+44 7700 900333", "text": words("call ")}
    yield {"type": "text_link", "href": "https://example.org/rich", "webpage_id": "5", "text": words("go ")}
    yield {"type": "anchor", "name": "top", "text": words("anchored ")}
    yield {"type": "math", "source": "\\frac{hedge}{row}"}
    yield {"type": "custom_emoji", "text": "🌼", "document_id": ""}
    yield {"type": "mention_name", "user_id": "31", "text": words("Thorn ")}
    yield {
        "type": "formatted_date",
        "text": words("a day "),
        "date": "2026-01-01T00:00:00",
        "date_unixtime": "1767222000",
        "relative": False,
        "short_time": True,
        "long_time": False,
        "short_date": False,
        "long_date": True,
        "day_of_week": False,
    }
    yield {"type": "diff", "unsupported": True, "text": words("new words "), "old_text": words("old words ")}
    yield {
        "type": "button",
        "text": words("press "),
        "style": "primary",
        "button": {"type": "url", "url": "https://example.org/press"},
    }
    yield EMPTY


BLOCKS = {
    "texts": Sample(
        rich({"type": "paragraph", "text": {"type": "concat", "text": list(texts())}}),
        (
            "marked words",
            "bank_card-words",
            "behind@example.org",
            "+44 7700 900333",
            "https://example.org/rich",
            "hedge}{row",
            "user31",
            "old words",
            "new words",
            "https://example.org/press",
            "long_date",
        ),
    ),
    "plain_blocks": Sample(
        rich(
            {"type": "heading", "level": 2, "text": words("A heading")},
            {"type": "paragraph", "text": words("A paragraph")},
            {"type": "footer", "text": words("A footer")},
            {"type": "thinking", "text": words("A thought")},
            {"type": "divider"},
            {
                "type": "author_date",
                "author": words("An author"),
                "date": "2026-01-01T00:00:00",
                "date_unixtime": "1767222000",
            },
            {"type": "code", "text": words("A = 1"), "language": "b"},
            {"type": "anchor", "name": "here"},
            {"type": "math", "formula": "a^2"},
            {
                "type": "quote",
                "content": "text",
                "pullquote": True,
                "text": words("A quote"),
                "caption": words("A source"),
            },
            {
                "type": "quote",
                "content": "blocks",
                "pullquote": False,
                "blocks": [{"type": "paragraph", "text": words("In a quote")}],
                "caption": EMPTY,
            },
            {
                "type": "details",
                "title": words("A title"),
                "open": False,
                "blocks": [{"type": "paragraph", "text": words("Details")}],
            },
        ),
        (
            "A heading",
            "A paragraph",
            "A footer",
            "A thought",
            "An author",
            "A = 1",
            "a^2",
            "A quote",
            "A source",
            "In a quote",
            "A title",
            "Details",
        ),
    ),
    "lists": Sample(
        rich(
            {
                "type": "list",
                "kind": "bullet",
                "items": [
                    {"task_state": "checked", "content": "text", "text": words("done")},
                    {
                        "task_state": "none",
                        "content": "blocks",
                        "blocks": [{"type": "paragraph", "text": words("in blocks")}],
                    },
                ],
            },
            {
                "type": "list",
                "kind": "ordered",
                "reversed": True,
                "start": 5,
                "list_type": "i",
                "items": [
                    {
                        "task_state": "unchecked",
                        "content": "text",
                        "text": words("fifth"),
                        "num": "v",
                        "value": 5,
                        "item_type": "i",
                    }
                ],
            },
        ),
        ("done", "in blocks", "fifth"),
    ),
    "table": Sample(
        rich(
            {
                "type": "table",
                "title": words("Harvest"),
                "bordered": True,
                "striped": False,
                "compact": False,
                "rows": [
                    {
                        "cells": [
                            {
                                "text": words("apples"),
                                "colspan": 2,
                                "rowspan": 1,
                                "header": True,
                                "align": "left",
                                "vertical_align": "top",
                            },
                            {"header": False, "align": "center", "vertical_align": "middle"},
                        ]
                    }
                ],
            }
        ),
        ("Harvest", "apples"),
    ),
    "media": Sample(
        rich(
            {
                "type": "photo",
                "photo_id": "1",
                "photo_skip_reason": "file_type",
                "photo_file_size": 5,
                "width": 1,
                "height": 2,
                "spoiler": True,
                "url": "https://example.org/photo",
                "webpage_id": "9",
                "caption": caption("a gate", "a painter"),
            },
            {
                "type": "video",
                "document_id": "2",
                "file_skip_reason": "file_size",
                "autoplay": True,
                "loop": False,
                "spoiler": False,
                "caption": caption("a fence"),
            },
            {
                "type": "audio",
                "document_id": "3",
                "file_skip_reason": "unavailable",
                **{k: v for k, v in FILE_KEYS.items() if k != "file"},
                "caption": caption("a song"),
            },
            {"type": "file", "document_id": "4", "file_skip_reason": "date_limits", "caption": caption("a file")},
            {
                "type": "cover",
                "block": {
                    "type": "photo",
                    "photo_id": "5",
                    "photo_skip_reason": "unavailable",
                    "spoiler": False,
                    "caption": caption("a cover"),
                },
            },
            {
                "type": "collage",
                "items": [{"type": "paragraph", "text": words("in a collage")}],
                "caption": caption("two views"),
            },
            {"type": "slideshow", "items": [], "caption": caption("slides")},
        ),
        (
            "a gate",
            "a painter",
            "a fence",
            "a song",
            "a file",
            "a cover",
            "in a collage",
            "two views",
            "slides",
            "https://example.org/photo",
            "n.ogg",
        ),
    ),
    "old_media": Sample(
        rich(
            {
                "type": "collage",
                "unsupported": True,
                "items": [
                    {
                        "type": "photo",
                        "unsupported": True,
                        "photo_id": "1",
                        "spoiler": False,
                        "caption": caption("an old gate"),
                    }
                ],
                "caption": caption("views"),
            },
            {
                "type": "video",
                "unsupported": True,
                "document_id": "2",
                "autoplay": False,
                "loop": False,
                "spoiler": False,
                "caption": caption(),
            },
            {
                "type": "paragraph",
                "text": {"type": "inline_image", "unsupported": True, "document_id": "3", "width": 1, "height": 1},
            },
        ),
        ("an old gate", "views"),
        (HoleReason.NOT_EXPORTED,),
    ),
    "embeds": Sample(
        rich(
            {
                "type": "embed",
                "url": "https://example.org/embed",
                "html": "<b>embedded</b>",
                "poster_photo_id": "1",
                "poster_photo_skip_reason": "unavailable",
                "poster_photo_file_size": 1,
                "poster_photo_width": 1,
                "poster_photo_height": 1,
                "width": 1,
                "height": 1,
                "full_width": True,
                "allow_scrolling": False,
                "caption": caption("an embed"),
            },
            {
                "type": "embed_post",
                "url": "https://example.org/post",
                "webpage_id": "5",
                "author_photo_id": "1",
                "author_photo_skip_reason": "unavailable",
                "author_photo_file_size": 1,
                "author_photo_width": 1,
                "author_photo_height": 1,
                "author": "A poster",
                "date": "2026-01-01T00:00:00",
                "date_unixtime": "1767222000",
                "blocks": [{"type": "paragraph", "text": words("A post")}],
                "caption": caption(),
            },
            {
                "type": "related_articles",
                "title": words("See also"),
                "articles": [
                    {
                        "url": "https://example.org/article",
                        "webpage_id": "6",
                        "title": "An article",
                        "description": "about hedges",
                        "author": "A writer",
                        "photo_id": "7",
                        "photo_skip_reason": "unavailable",
                        "photo_file_size": 3,
                        "photo_width": 1,
                        "photo_height": 1,
                        "published_date": "2026-01-01T00:00:00",
                        "published_date_unixtime": "1767222000",
                    }
                ],
            },
        ),
        (
            "https://example.org/embed",
            "<b>embedded</b>",
            "an embed",
            "https://example.org/post",
            "A poster",
            "A post",
            "See also",
            "https://example.org/article",
            "An article",
            "about hedges",
            "A writer",
        ),
    ),
    "places": Sample(
        rich(
            {
                "type": "channel",
                "channel": {
                    "source_type": "channel",
                    "id": "44",
                    "access_hash": "-5",
                    "title": "Hedge",
                    "username": "hedge",
                    "broadcast": True,
                    "megagroup": False,
                    "monoforum": False,
                },
            },
            {
                "type": "map",
                "geo": {
                    "source_type": "geo_point",
                    "latitude": 41.5,
                    "longitude": 21.5,
                    "access_hash": "7",
                    "accuracy_radius": 10,
                },
                "zoom": 3,
                "width": 1,
                "height": 1,
                "caption": caption("a map"),
            },
            {
                "type": "input_map",
                "geo": {"source_type": "input_geo_point_empty"},
                "zoom": 3,
                "width": 1,
                "height": 1,
                "caption": caption(),
            },
        ),
        ("channel44", "Hedge", "41.5", "a map"),
    ),
    "buttons": Sample(
        rich(
            {
                "type": "button_row",
                "alignment": "left",
                "buttons": [
                    {
                        "text": words("one"),
                        "style": "danger",
                        "button": {
                            "type": "auth",
                            "url": "https://example.org/one",
                            "forward_text": "f",
                            "button_id": 1,
                        },
                    },
                    {
                        "text": words("two"),
                        "button": {"type": "callback", "requires_password": False, "dataBase64": "AA", "data": ""},
                    },
                    {
                        "text": words("three"),
                        "button": {
                            "type": "switch_inline",
                            "query": "a question",
                            "same_peer": True,
                            "peer_types": ["chat"],
                        },
                    },
                    {"text": words("four"), "button": {"type": "user_profile", "user_id": "55"}},
                    {"text": words("five"), "button": {"type": "copy_text", "copy_text": "take this"}},
                ],
            }
        ),
        ("one", "https://example.org/one", "a question", "user55", "take this"),
    ),
    "unsupported": Sample(
        rich(
            {"type": "unsupported", "source_type": "page_block_unsupported", "unsupported": True},
            {"type": "paragraph", "text": words("beside it")},
        ),
        ("beside it",),
        (HoleReason.NOT_EXPORTED,),
    ),
    "partial": Sample(
        {"rich_message": {"rtl": True, "part": True, "blocks": [{"type": "paragraph", "text": words("so far")}]}},
        ("so far",),
        (HoleReason.NOT_EXPORTED,),
    ),
}


def action(name: str, *says: str, **members: object) -> Sample:
    return Sample(
        {"actor": "Keeper", "actor_id": "user3", "action": name, **members} | NOTHING, (name, *says), kind="service"
    )


_PHOTO = {"photo": NOT_INCLUDED, "photo_file_size": 9, "width": 4, "height": 3, "media_spoiler": True}
_PRICE = {"price_amount_whole": "5", "price_amount_nano": "0", "price_currency": "Stars"}
_COST = {"cost": "1,00", "amount_whole": 5, "amount_nano": 0, "stars": 7}

ACTIONS = {
    sample.members.get("action", ""): sample
    for sample in (
        Sample(
            {"actor": "K", "actor_id": "user3", "information_text": "the server says"} | NOTHING,
            ("the server says",),
            kind="service",
        ),
        action("create_group", "Hedge", "Briar", title="Hedge", members=["Briar", None]),
        action("edit_group_title", "A new name", title="A new name"),
        action("edit_group_photo", **_PHOTO, self_destruct_period_seconds=5),
        action("delete_group_photo"),
        action("invite_members", "Briar", members=["Briar", None]),
        action("remove_members", "Briar", members=["Briar"]),
        action("join_group_by_link", "Thorn", inviter="Thorn"),
        action("join_group_by_request"),
        action("join_group_via_community", "81", community_id=81),
        action("create_channel", "Row", title="Row"),
        action("migrate_to_supergroup"),
        action("migrate_from_group", "Old row", title="Old row"),
        action("pin_message", "17", "channel9", message_id=17, reply_to_peer_id="channel9"),
        action("clear_history"),
        action("score_in_game", "18", "99", game_message_id=18, reply_to_peer_id="channel9", score=99),
        action(
            "send_payment",
            "EUR",
            amount=995,
            currency="EUR",
            invoice_message_id=19,
            reply_to_peer_id="user9",
            recurring="init",
        ),
        action("phone_call", "hangup", duration_seconds=9, discard_reason="hangup"),
        action("conference_call", duration_seconds=9, is_active=True, is_missed=False),
        action("take_screenshot"),
        action(
            "allow_sending_messages",
            "example.org",
            "An app",
            reason_domain="example.org",
            reason_app_id=5,
            reason_app_name="An app",
        ),
        action("attach_menu_bot_allowed"),
        action("web_app_bot_allowed"),
        action("send_passport_values", "passport", values=["passport", "email"]),
        action("joined_telegram"),
        action(
            "proximity_reached",
            "user5",
            "Rose",
            **{"from": "Briar", "from_id": "user5", "to": "Rose", "to_id": "user6", "distance": 50},
        ),
        action("requested_phone_number"),
        action("group_call", duration=60),
        action("invite_to_group_call", "Rose", members=["Rose"]),
        action("group_call_scheduled", "2025-12-31T23:00:00.000Z", schedule_date=1767222000),
        action("set_messages_ttl", "86400", period=86400),
        action("edit_chat_theme", "🌷", emoticon="🌷"),
        action("send_webview_data", "sent by a page"),
        action("send_premium_gift", "€ 27.99", cost="€ 27.99", months=3, days=90),
        action("topic_created", "Hedges", title="Hedges"),
        action("topic_edit", "Rows", new_title="Rows", new_icon_emoji_id=5368324170671202286),
        action("suggest_profile_photo", **_PHOTO, self_destruct_period_seconds=5),
        action(
            "requested_peer",
            "user5",
            "group6",
            "channel7",
            button_id=1,
            peers="[\n 5,\n 281474976710662,\n 562949953421319\n]",
        ),
        action(
            "gift_code_prize",
            "ABC-1",
            "channel5",
            gift_code="ABC-1",
            boost_peer_id="channel5",
            months=1,
            days=30,
            unclaimed=False,
            via_giveaway=True,
        ),
        action("giveaway_launch"),
        action("giveaway_results", winners=3, unclaimed=1, stars=False),
        action("set_chat_wallpaper", message_id=5, reply_to_peer_id="user9"),
        action("set_same_chat_wallpaper", message_id=5, reply_to_peer_id="user9"),
        action("boost_apply", boosts=2),
        action(
            "refunded_payment",
            "Shop",
            "user8",
            "ch_1",
            amount=5,
            currency="EUR",
            peer_name="Shop",
            peer_id="user8",
            charge_id="ch_1",
        ),
        action("send_stars_gift", **_COST),
        action("send_ton_gift", **_COST),
        action(
            "stars_prize",
            "channel5",
            "Boost",
            "tx_1",
            boost_peer_id="channel5",
            boost_peer_name="Boost",
            stars=5,
            is_unclaimed=False,
            giveaway_msg_id=4,
            transaction_id="tx_1",
        ),
        action(
            "send_star_gift",
            "5800655655995968830",
            "with love",
            gift_id=5800655655995968830,
            stars=5,
            is_limited=False,
            is_anonymous=True,
            gift_text=["with ", {"type": "bold", "text": "love"}],
        ),
        action("paid_messages_refund", messages_count=2, stars_count=9),
        action("paid_messages_price_change", price_stars=9, is_broadcast_messages_allowed=True),
        action("todo_completions", completed=[1, 2], incompleted=[3]),
        action("todo_append_tasks", "prune it", items=[{"text": "prune it", "id": 4}]),
        action("poll_append_answer", "a third way", option="a third way"),
        action("poll_delete_answer", "the first way", option="the first way"),
        action("process_suggested_post", "not here", rejected=True, comment="not here", **_PRICE, scheduled_date=0),
        action("suggested_post_success", "Stars", **_PRICE),
        action("suggested_post_refund", user_initiated=True),
        action("suggest_birthday", day=1, month=2, year=2000),
        action("no_forwards_toggle", new_value=True),
        action("no_forwards_request", expired=False, new_value=True),
        action("new_creator_pending", "Rose", new_creator="Rose"),
        action("change_creator", "Rose", new_creator="Rose"),
        action("managed_bot_created", "A bot", bot="A bot"),
    )
}


@dataclass(frozen=True, slots=True)
class Named:
    """A sample under the name of its test."""

    name: str
    sample: Sample = field(repr=False)


def every_sample() -> list[Named]:
    groups = {"media": MEDIA, "about": ABOUT, "entities": ENTITIES, "blocks": BLOCKS, "action": ACTIONS}
    return [Named(f"{group}-{name}", sample) for group, samples in groups.items() for name, sample in samples.items()]


PARAGRAPH = {"type": "paragraph", "text": words("x")}


def keys_in(value: object) -> Iterator[str]:
    match value:
        case dict():
            yield from value
            for inner in value.values():
                yield from keys_in(inner)
        case list():
            for inner in value:
                yield from keys_in(inner)
