"""Every constructor and field that a message of the pinned layer can hold has its place, and nothing else has."""

from collections.abc import Iterator

import pytest
from telethon.tl import types

from config.words import load_words
from evidence.content import PARTS
from evidence.observation import HoleReason
from monitor.desktop import known as desktop
from monitor.telegram import buttons, entities, media, rich
from monitor.telegram.known import ACTION_NAMES, HOLES, TABLES, Row
from monitor.telegram.layer import PLAIN, of_type
from tests.monitor.telegram.generated import message, service
from tests.monitor.telegram.reads import holes, seen
from tests.nonempty import nonempty

READ_ELSEWHERE = {
    **{name: frozenset({"offset", "length", *behind.keys}) for name, behind in entities.ENTITIES.items()},
    **{name: frozenset({"text", *kind.keys}) for name, kind in rich.FORMATTINGS.items()},
    **{name: kind.fields for name, kind in rich.TEXTS.items()},
    **{name: frozenset(kind.keys) for name, kind in rich.BLOCKS.items()},
    **{name: known for name, (_, known) in buttons.BUTTONS.items()},
    **media.READ,
    **media.ATTRIBUTES,
    "TextWithEntities": frozenset({"text", "entities"}),
    "RichMessage": rich.MESSAGE_FIELDS,
    "Page": rich.PAGE_FIELDS,
    "PageCaption": frozenset({"text", "credit"}),
    "PageButton": frozenset({"text", "type", "style"}),
    "RichButtonStyle": frozenset({"bg_primary", "bg_danger", "bg_success", "link"}),
    "KeyboardButton": buttons.BUTTON_FIELDS,
    "KeyboardInlineButton": buttons.BUTTON_FIELDS,
    "KeyboardButtonRow": frozenset({"buttons"}),
    "KeyboardInlineButtonRow": frozenset({"buttons"}),
    "KeyboardButtonStyle": buttons.STYLE_FIELDS,
    "StarsAmount": frozenset({"amount", "nanos"}),
    "StarsTonAmount": frozenset({"amount"}),
}
"""The fields of the constructors that have readers of their own."""
UNREADABLE = {**HOLES, **rich.BLOCK_HOLES, **buttons.BUTTON_HOLES}
NAMED_BY_TYPE = {
    "Peer", "PhotoSize", "VideoSize", "InputStickerSet", "Chat", "InlineQueryPeerType", "RequestPeerType",
    "PhoneCallDiscardReason", "SecureValueType", "MaskCoords", "InputGeoPoint", "InputMedia",
}  # fmt: skip
"""Types of which the name or the number is all that is said, or whose own modules have them whole."""
READERS = {"read by a reader of its own", "told with the pictures and files", "a NAME of its own"}


def fields_known(name: str) -> frozenset[str]:
    """The fields of a constructor that stand in a table."""
    left_out = {one.partition(".")[2] for one in media.UNREAD_FIELDS if one.partition(".")[0] == name}
    return READ_ELSEWHERE.get(name, frozenset()) | TABLES.get(name, {}).keys() | left_out


def is_followed(name: str, field: str) -> bool:
    """Whether what a field holds is read."""
    row = TABLES.get(name, {}).get(field, Row())
    return not row.left_out or row.left_out in READERS


def missing() -> Iterator[str]:
    """Constructors and fields of messages that stand in no table."""
    seen_types, todo = set[str](), ["Message"]
    while todo:
        kind = todo.pop()
        if kind in seen_types or kind in PLAIN or kind in NAMED_BY_TYPE:
            continue
        seen_types.add(kind)
        for one in of_type(kind):
            if one.name in UNREADABLE or one.name == "MessageEmpty":
                continue
            if one.name not in TABLES and one.name not in READ_ELSEWHERE:
                yield one.name
            yield from (f"{one.name}.{field}" for field in one.fields.keys() - fields_known(one.name))
            todo += [field.type for field in one.fields.values() if is_followed(one.name, field.name)]
    assert len(seen_types) > 60


def test_every_constructor_and_field_of_a_message_has_its_place() -> None:
    assert sorted(missing()) == []


def test_a_constructor_or_field_without_a_place_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    bare = {key: row for key, row in TABLES["Poll"].items() if key != "quiz"}
    monkeypatch.setitem(globals(), "TABLES", {**TABLES, "Poll": bare})
    assert list(missing()) == ["Poll.quiz"]
    monkeypatch.setitem(
        globals(), "TABLES", {name: rows for name, rows in TABLES.items() if name != "MessageMediaDice"}
    )
    assert "MessageMediaDice" in list(missing())


@pytest.mark.parametrize(
    "family", ["MessageMedia", "MessageAction", "ReplyMarkup", "MessageEntity", "RichText", "PageBlock"]
)
def test_every_constructor_of_a_family_is_mapped_or_a_hole(family: str) -> None:
    for one in nonempty(of_type(family)):
        mapped = one.name in TABLES or one.name in READ_ELSEWHERE
        assert mapped != (one.name in UNREADABLE), one.name


def test_no_table_lists_what_the_layer_has_not() -> None:
    layer = {one.name: one for kind in LAYER_TYPES for one in of_type(kind)}
    for name, rows in nonempty(TABLES.items()):
        assert name in layer, name
        assert rows.keys() <= layer[name].fields.keys(), name


LAYER_TYPES = {
    "Message", "MessageMedia", "MessageAction", "RestrictionReason", "SuggestedPost", "FactCheck", "MessageReplies",
    "MessageFwdHeader", "MessageReplyHeader", "GeoPoint", "Game", "MessageExtendedMedia", "Poll", "PollAnswer",
    "PollResults", "PollAnswerVoters", "TodoList", "TodoItem", "TodoCompletion", "StoryItem", "StoryFwdHeader",
    "WebPage", "ReplyMarkup", "MessageReactions", "ReactionCount", "Reaction", "MessagePeerReaction",
    "MessageReactor", "PaymentCharge", "BotApp", "InputGroupCall", "ChatTheme", "StarGift", "Birthday",
}  # fmt: skip


def test_every_row_goes_to_a_place_that_exists_or_says_why_not() -> None:
    for name, rows in nonempty(TABLES.items()):
        for field, row in rows.items():
            kind, _, to = row.to.partition(".")
            assert bool(row.left_out) != bool(row.to or row.near or row.into or row.shape), f"{name}.{field}"
            assert not row.to or (kind in PARTS and (not to or to in PARTS[kind])), f"{name}.{field}"
            assert not row.left_out or len(row.left_out) > 10, f"{name}.{field}"
    assert all(len(why) > 10 for why in UNREADABLE.values())


def test_actions_are_called_as_telegram_desktop_calls_them() -> None:
    own = {"unique_star_gift", "gift_purchase_offer", "gift_offer_declined", "change_community"}
    assert {*ACTION_NAMES.values()} - own <= desktop.ACTIONS.keys()
    variants = {"attach_menu_bot_allowed", "web_app_bot_allowed", "set_same_chat_wallpaper"}
    assert desktop.ACTIONS.keys() - {*ACTION_NAMES.values()} - variants == {"requested_phone_number"}
    assert ACTION_NAMES.keys() == {one.name for one in of_type("MessageAction")} - HOLES.keys()


def test_what_is_said_has_words() -> None:
    texts = load_words("en").texts
    assert {f"action.{name}" for name in ACTION_NAMES.values() if name} - texts.keys() == set()
    kinds = {behind.type for behind in entities.ENTITIES.values()} | {one.type for one in rich.FORMATTINGS.values()}
    assert {f"report.entity.{kind}" for kind in kinds} - texts.keys() == set()


@pytest.mark.parametrize(
    ("told", "what"),
    [
        (message("nga", media=types.MessageMediaUnsupported()), "MessageMediaUnsupported"),
        (message("nga", media=types.MessageMediaVideoStream(types.InputGroupCall(1, 2))), "MessageMediaVideoStream"),
        (service(types.MessageActionEmpty()), "MessageActionEmpty"),
        (message("nga", legacy=True), "Message.legacy"),
        (
            message("nga", rich_message=types.RichMessage([types.PageBlockUnsupported()], [], [])),
            "rich block: PageBlockUnsupported",
        ),
    ],
)
def test_what_has_no_words_is_a_hole_that_names_it(told: types.Message, what: str) -> None:
    assert (HoleReason.UNSUPPORTED, what) in holes(told)
    assert seen(told).fields["unknown_sha256"] is not None


def test_what_stands_in_no_table_is_a_hole_that_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    bare = {key: row for key, row in TABLES["Message"].items() if key != "effect"}
    monkeypatch.setattr("monitor.telegram.known.TABLES", {**TABLES, "Message": bare})
    assert holes(message("nga", effect=5)) == [(HoleReason.UNKNOWN, "Message.effect")]
    same, _ = (seen(message("nga", effect=5)).fields["unknown_sha256"] for _ in range(2))
    first, second = (seen(message("nga", effect=effect)).fields["unknown_sha256"] for effect in (5, 6))
    assert same == first != second
    monkeypatch.setattr("monitor.telegram.known.TABLES", {"Message": TABLES["Message"]})
    assert holes(message("nga", media=types.MessageMediaDice(1, "x"))) == [(HoleReason.UNKNOWN, "MessageMediaDice")]
