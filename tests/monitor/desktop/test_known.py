"""Every key, media kind, entity, button, action and block of the exporter has its place, and nothing else has."""

import base64
import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from evidence.canonical import jcs
from evidence.content import NAMES, PARTS, join, message_sha256, split
from evidence.log.commit import MAX_DEPTH
from evidence.log.schema import SCHEMAS
from evidence.observation import HoleReason
from monitor.desktop import known, rich, words
from monitor.desktop.known import Goes, KeyRow
from monitor.desktop.layout import Chat
from monitor.desktop.message import Message, read_message
from monitor.desktop.scan import ByteSpan
from monitor.desktop.values import read_value
from tests.monitor.desktop import kinds
from tests.monitor.desktop.kinds import Named, Sample, every_sample

CHAT = Chat(42, "public_channel", "Hedge", 0, 0, (), ())
DATED = {"date": "2026-01-01T00:00:00", "date_unixtime": "1767222000"}
MISSING = {HoleReason.NOT_INCLUDED, HoleReason.TOO_LARGE, HoleReason.UNAVAILABLE}


def read(members: Mapping[str, Any], kind: str = "message", chat: Chat = CHAT) -> Message:
    message = {"id": 7, "type": kind, **DATED, "from": "K", "from_id": "user3"} | dict(members)
    if kind == "service" and members.get("action") != "proximity_reached":
        del message["from"], message["from_id"]
    raw = _twice(json.dumps(message, ensure_ascii=False)).encode()
    parsed = read_value(raw, ByteSpan(0, len(raw)))
    assert isinstance(parsed, dict)
    return read_message(parsed, number=7, chat=chat)


def _twice(text: str) -> str:
    """What a page sends is written as a first ``text``, as the exporter does."""
    if '"send_webview_data"' not in text:
        return text
    return text.replace('"text": ""', '"text": "sent by a page", "text": ""')


def said(message: Message) -> str:
    return jcs(dict(message.fields)).decode()


@pytest.mark.parametrize("named", every_sample(), ids=lambda named: named.name)
def test_a_message_of_every_kind_is_read_whole(named: Named) -> None:
    message = read(named.sample.members, named.sample.kind)
    assert tuple(reason for reason, _ in message.holes) == named.sample.holes, message.holes
    everything = said(message)
    for words_of_it in named.sample.says:
        assert json.dumps(words_of_it, ensure_ascii=False)[1:-1] in everything
    values = {name: message.fields[name] for name in NAMES}
    assert split(join(values)) == values
    assert depth(values) < MAX_DEPTH


def depth(value: object) -> int:
    match value:
        case dict():
            return 1 + max(map(depth, value.values()), default=0)
        case list():
            return 1 + max(map(depth, value), default=0)
        case _:
            return 0


# --- the tables ------------------------------------------------------------------------------


def rows() -> Iterator[KeyRow]:
    for table in (known.MESSAGE, *known.ACTIONS.values()):
        for places in table.values():
            for row in places:
                yield row
                yield from row.inside


def test_every_row_goes_to_a_place_that_exists() -> None:
    names = {*SCHEMAS["observed"].subject}
    for row in rows():
        kind, _, field = row.to.partition(".")
        match row.goes:
            case Goes.NAME:
                assert row.to in names
            case Goes.PART if row.to:
                assert kind in PARTS
                assert not field or field in PARTS[kind]
            case Goes.WEIGHTLESS:
                assert len(row.to) > len("a counter") - 1


def test_every_key_stands_in_a_sample() -> None:
    written = {key for named in every_sample() for key in named.sample.members} | {"id", "type", *DATED}
    assert known.MESSAGE.keys() - written - {"from", "from_id"} == set()
    for name, table in known.ACTIONS.items():
        base = {row.key for row in known._SERVICE}
        missing = table.keys() - base - kinds.ACTIONS[name].members.keys()
        assert missing == set(), name


def test_every_media_type_entity_block_and_action_stands_in_a_sample() -> None:
    everything = json.dumps([dict(named.sample.members) for named in every_sample()])
    types = {*known.MEDIA_TYPES, *words.ENTITIES.keys(), *rich.BLOCKS.keys(), *rich.RICH_TEXTS.keys()}
    assert {
        kind for kind in types if f'"type": "{kind}"' not in everything and f'"media_type": "{kind}"' not in everything
    } == set()
    assert known.ACTIONS.keys() == kinds.ACTIONS.keys()
    assert len(rich.BLOCKS) == len({*rich.BLOCKS}) >= 26


def test_every_key_of_a_block_stands_in_a_sample() -> None:
    keys = {key for named in every_sample() for key in keys_in(named.sample.members.get("rich_message"))}
    tables = (*rich.BLOCKS.values(), *(text.keys for text in rich.RICH_TEXTS.values()))
    wanted = {key for table in tables for key in table} - {"file", "photo", "poster_photo", "author_photo", "thumbnail"}
    assert wanted - keys == set()


def keys_in(value: object) -> Iterator[str]:
    match value:
        case dict():
            yield from value
            for inner in value.values():
                yield from keys_in(inner)
        case list():
            for inner in value:
                yield from keys_in(inner)


# --- what nobody knows -----------------------------------------------------------------------

PARAGRAPH = {"type": "paragraph", "text": kinds.words("x")}
UNKNOWN = {
    "a key": ({"hologram": 1, "text": "x"}, "hologram"),
    "a media type": (kinds.document(media_type="hologram", text="x"), "media_type: hologram"),
    "an entity": ({"text": [{"type": "hologram", "text": "x"}]}, "text: hologram"),
    "a key of an entity": ({"text": [{"type": "bold", "text": "x", "colour": "red"}]}, "text.bold.colour"),
    "a key of a poll": ({"poll": {"question": "x", "quiz": True}, "text": ""}, "poll.quiz"),
    "a key of an answer": ({"poll": {"question": "x", "answers": [{"text": "y", "hint": "z"}]}}, "poll.answers.hint"),
    "a reaction": ({"reactions": [{"type": "hologram", "count": 1}], "text": "x"}, "reactions.type: hologram"),
    "a button": (
        {"inline_bot_buttons": [[{"type": "hologram", "text": "x"}]], "text": "x"},
        "inline_bot_buttons.type: hologram",
    ),
    "a block": (
        kinds.rich({"type": "hologram", "text": kinds.words("read all the same")}),
        "rich_message block: hologram",
    ),
    "a key of a block": (kinds.rich(PARAGRAPH | {"colour": "red"}), "rich_message paragraph.colour"),
    "a rich text": (
        kinds.rich({"type": "paragraph", "text": {"type": "hologram", "text": "read all the same"}}),
        "rich_message text: hologram",
    ),
    "a key of a rich message": ({"rich_message": {"blocks": [PARAGRAPH], "colour": "red"}}, "rich_message.colour"),
}


@pytest.mark.parametrize("case", UNKNOWN, ids=str)
def test_what_nobody_knows_is_a_hole_that_names_it(case: str) -> None:
    members, name = UNKNOWN[case]
    message = read(members)
    assert [what for reason, what in message.holes if reason is HoleReason.UNKNOWN] == [name]
    if "read all the same" in json.dumps(members):
        assert "read all the same" in said(message)


OTHERS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "a key": ({"story": {"id": 1}}, {"story": {"id": 2}}),
    "a key of a poll": ({"poll": {"question": "x", "quiz": True}}, {"poll": {"question": "x", "quiz": False}}),
    "a value that does not read": ({"via_bot": ["a"]}, {"via_bot": ["b"]}),
    "a value in a list": (
        {"inline_bot_buttons": [[{"type": "url", "text": "x", "tint": 1}]]},
        {"inline_bot_buttons": [[{"type": "url", "text": "x", "tint": 2}]]},
    ),
    "a date": ({"date_unixtime": "x"}, {"date_unixtime": "y"}),
    "a type": ({"type": "a"}, {"type": "b"}),
    "words in the entities alone": (
        {"text": "", "text_entities": [{"type": "plain", "text": "one"}]},
        {"text": "", "text_entities": [{"type": "plain", "text": "two"}]},
    ),
    "words of the entities beside a text": (
        {"text_entities": [{"type": "plain", "text": "one"}]},
        {"text_entities": [{"type": "plain", "text": "two"}]},
    ),
    "a block": (
        kinds.rich(PARAGRAPH | {"colour": "red"}),
        kinds.rich(PARAGRAPH | {"colour": "blue"}),
    ),
}


@pytest.mark.parametrize("case", OTHERS, ids=str)
def test_what_is_not_understood_tells_a_message_from_another(case: str) -> None:
    one, other = (read({"text": "x"} | members) for members in OTHERS[case])
    assert identity(one) != identity(other)
    assert identity(one) == identity(read({"text": "x"} | OTHERS[case][0]))


def identity(message: Message) -> str:
    return message_sha256({**message.fields, "kind": message.kind.value})


def test_of_what_is_not_understood_counters_and_pictures_beside_it_say_nothing() -> None:
    one = {"story": {"id": 1}, "text": "x", "thumbnail": "a.jpg", "reactions": []}
    views = [{"type": "emoji", "count": 1, "emoji": "x"}]
    assert identity(read(one)) == identity(read(one | {"reactions": views, "thumbnail": "b.jpg"}))
    assert read(one).fields["unknown_sha256"] != read({"text": "x"}).fields["unknown_sha256"] is None


@pytest.mark.parametrize(
    "entities",
    [
        [{"type": "plain", "text": "y"}],
        [{"type": "text_link", "text": "x", "href": "https://example.org"}],
        [{"type": "plain", "text": "x", "colour": "red"}],
        [5],
        5,
        {"text": "x"},
    ],
)
def test_entities_that_say_other_than_the_text_are_a_hole_that_names_them(entities: object) -> None:
    assert read({"text": "x", "text_entities": entities}).holes == ((HoleReason.UNREAD, "text_entities"),)


def test_entities_that_say_what_the_text_says_are_no_hole() -> None:
    bold = [{"type": "bold", "text": "x"}]
    for text, entities in (("x", [{"type": "plain", "text": "x"}]), (bold, bold), ("x", []), ("", [])):
        assert read({"text": text, "text_entities": entities, "author": "A", "poll": {"question": "x"}}).holes == ()


def test_an_action_of_tomorrow_is_named_with_its_keys() -> None:
    members = {"action": "grow", "actor": "K", "height": 5, "text": ""}
    message = read(members, "service")
    assert message.holes == ((HoleReason.UNKNOWN, "action: grow, height"),)
    assert message.fields["action"] == "grow"


def test_all_that_one_message_has_is_one_hole_for_each_reason() -> None:
    message = read({"a": 1, "b": 2, "photo": 5, "via_bot": [], "text": "x"})
    assert message.holes == ((HoleReason.UNREAD, "via_bot, photo"), (HoleReason.UNKNOWN, "a, b"))


@pytest.mark.parametrize(
    "members",
    [
        {"text": ""},
        {"text": "", "forwarded_from": "Hedge"},
        {"text": [], "via_bot": "@b", "reply_to_message_id": 1},
        {"text": "", "author": "A", "reactions": [{"type": "emoji", "count": 1, "emoji": "x"}]},
        {},
    ],
)
def test_a_message_that_says_nothing_is_a_hole(members: dict[str, Any]) -> None:
    assert read(members).holes == ((HoleReason.SAYS_NOTHING, ""),)
    assert read(members | {"text": "x"}).holes == ()


def test_a_service_message_that_says_nothing_is_a_hole() -> None:
    assert read({"actor": "K", "text": ""}, "service").holes == ((HoleReason.SAYS_NOTHING, ""),)


# --- values that do not read -----------------------------------------------------------------


@pytest.mark.parametrize("value", [5, True, [5], {"x": [True]}, [[["deep"]]], "x", None, {}, [None]])
@pytest.mark.parametrize("key", sorted(known.MESSAGE.keys() - {"id", "type"}))
def test_a_key_with_any_other_value_never_stops_the_reading(key: str, value: object) -> None:
    message = read({"text": "x", key: value})
    jcs(dict(message.fields))
    assert split(join({name: message.fields[name] for name in NAMES}))


@pytest.mark.parametrize("value", [5, True, [5], {"x": 1}, "x", None, [None]])
@pytest.mark.parametrize("kind", sorted(rich.BLOCKS))
def test_a_block_with_any_other_values_never_stops_the_reading(kind: str, value: object) -> None:
    for key in rich.BLOCKS[kind]:
        jcs(dict(read(kinds.rich({"type": kind, key: value})).fields))


def nested(levels: int) -> dict[str, Any]:
    block: dict[str, Any] = {"type": "paragraph", "text": kinds.words("at the bottom")}
    for _ in range(levels):
        block = {
            "type": "list",
            "kind": "bullet",
            "items": [{"task_state": "none", "content": "blocks", "blocks": [block]}],
        }
    return block


@pytest.mark.parametrize("levels", [16, 32])
def test_deep_lists_are_read_and_lie_flat(levels: int) -> None:
    message = read(kinds.rich(nested(levels)))
    assert "at the bottom" in said(message)
    assert not message.holes
    assert depth(dict(message.fields)) < MAX_DEPTH


def test_deep_formatting_is_read_and_lies_flat() -> None:
    text: dict[str, Any] = kinds.words("at the bottom")
    for _ in range(140):
        text = {"type": "bold", "text": text}
    message = read(kinds.rich({"type": "paragraph", "text": text}))
    assert message.fields["text"] == "at the bottom"
    assert depth(dict(message.fields)) < MAX_DEPTH


# --- pictures --------------------------------------------------------------------------------

JPEG = base64.b64encode(
    bytes.fromhex("ffd8ffe000104a46494600010100000100010000ffdb004300") + bytes(range(1, 65))
).decode()


@pytest.mark.parametrize(
    "members",
    [
        {"text": [{"type": "link", "text": JPEG[:30]}, {"type": "text_link", "text": JPEG[30:], "href": JPEG}]},
        {
            "poll": {"question": [JPEG[:20], {"type": "phone", "text": JPEG[20:]}], "answers": [{"text": JPEG}]},
            "text": "",
        },
        {"contact_information": {"first_name": JPEG, "last_name": JPEG, "phone_number": JPEG}, "text": ""},
        {"place_name": JPEG, "address": JPEG, "game_link": JPEG, "author": JPEG, "via_bot": JPEG, "text": "x"},
        {"inline_bot_buttons": [[{"type": "callback", "text": JPEG, "dataBase64": JPEG}]], "text": "x"},
        {"file": "x", "file_name": JPEG, "mime_type": JPEG, "performer": JPEG, "text": "x"},
        kinds.rich(
            {
                "type": "paragraph",
                "text": {
                    "type": "concat",
                    "text": [kinds.words(JPEG[:20]), {"type": "link", "text": kinds.words(JPEG[20:])}],
                },
            }
        ),
        kinds.rich(
            {
                "type": "embed",
                "url": JPEG,
                "html": f"<img src='data:image/jpeg;base64,{JPEG}'>",
                "caption": kinds.caption(JPEG),
            }
        ),
        {
            "reactions": [{"type": "emoji", "emoji": JPEG, "recent": [{"from": JPEG, "from_id": JPEG, "date": JPEG}]}],
            "text": "x",
        },
    ],
)
def test_no_picture_reaches_a_value_or_the_record(members: dict[str, Any]) -> None:
    message = read(members)
    assert JPEG[40:70] not in said(message)
    assert JPEG[40:70] not in jcs(message.record).decode()


# --- people and places -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("user7", "user7"),
        ("channel7", "channel7"),
        ("chat7", "group7"),
        (7, "user7"),
        (7 + 2**32, "user7"),
        (7 + 2**33, "7"),
        ("hologram7", "hologram7"),
    ],
)
def test_an_account_is_told_by_its_kind(written: object, meant: str) -> None:
    assert read({"from_id": written, "text": "x"}).fields["sender_id"] == meant


def test_a_post_of_the_chat_itself_is_told_as_that() -> None:
    chat = Chat(42 + 2**33, "public_channel", "Hedge", 0, 0, (), (), shifted=True)
    assert read({"from_id": 42 + 2**33, "text": "x"}, chat=chat).fields["sender_id"] == "channel42"
    assert chat.id == "42"


@pytest.mark.parametrize(
    ("chat_type", "peer", "here"),
    [
        ("public_channel", "channel42", True),
        ("private_group", "chat42", True),
        ("private_group", "channel42", False),
        ("bot_chat", "user42", True),
    ],
)
def test_a_reply_into_this_chat_is_one_and_into_another_is_told_with_it(
    chat_type: str, peer: str, *, here: bool
) -> None:
    chat = Chat(42, chat_type, "Hedge", 0, 0, (), ())
    message = read({"reply_to_message_id": 3, "reply_to_peer_id": peer, "text": "x"}, chat=chat)
    assert (message.fields["reply_to"] == "3") is here
    assert ("reply" in said(message).replace("reply_to", "")) is not here


def test_the_name_and_the_number_of_an_origin_are_one_person_in_any_order() -> None:
    for members in (
        {"forwarded_from": "H", "forwarded_from_id": "channel5"},
        {"forwarded_from_id": "channel5", "forwarded_from": "H"},
    ):
        message = read(members | {"text": "x"})
        assert message.fields["people"] == [{"id": "channel5", "name": "H"}]
        assert message.fields["forwarded_from"] == "H"
    assert read({"forwarded_from_id": "channel5", "text": "x"}).fields["forwarded_from"] == "channel5"


def test_entities_count_characters_of_the_text() -> None:
    message = read(kinds.ENTITIES["text"].members)
    text, entities = message.fields["text"], message.fields["entities"]
    assert isinstance(text, str)
    assert isinstance(entities, list)
    spelled = {one["type"]: text[int(one["offset"]) : int(one["offset"]) + int(one["length"])] for one in entities}
    assert (spelled["bold"], spelled["mention"], spelled["custom_emoji"]) == ("bold", "@hedge", "🐦")


# --- times -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("members", "posted", "local", "holes"),
    [
        ({"date": "2021-11-04T10:11:12"}, None, "2021-11-04T10:11:12", ()),
        ({"date": "2021-11-04T10:11:12", "date_unixtime": "0"}, None, "2021-11-04T10:11:12", ("date_unixtime",)),
        ({"date": "1970-01-01T01:00:00", "date_unixtime": "0"}, None, None, ("date_unixtime",)),
        ({"date": "1970-01-01T01:00:00"}, None, None, ("date",)),
        ({}, None, None, ("date",)),
        ({"date": "2026-01-01T00:00:00", "date_unixtime": "1767222000"}, "2025-12-31T23:00:00.000Z", None, ()),
    ],
)
def test_a_date_is_a_time_or_local_words_or_a_hole(
    members: dict[str, Any], posted: str | None, local: str | None, holes: tuple[str, ...]
) -> None:
    parsed = {"id": "7", "type": "message", "text": "x"} | members
    message = read_message(parsed, number=7, chat=CHAT)
    assert message.fields["posted_at"] == posted
    assert tuple(what for reason, what in message.holes if reason is HoleReason.BAD_DATE) == holes
    assert message.fields["content"] == ([{"kind": "local_time", "posted": local}] if local else None)


def test_a_message_that_was_never_edited_is_none_though_an_old_version_dates_its_edit() -> None:
    parsed = {"id": "7", "type": "message", "text": "x", "date": "2018-09-01T10:00:00", "edited": "1970-01-01T03:00:00"}
    message = read_message(parsed, number=7, chat=CHAT)
    assert message.fields["edited_at"] is None
    assert not message.holes


def test_counters_alone_change_nothing_that_is_said() -> None:
    sample: Sample = kinds.MEDIA["poll"]
    poll = dict(sample.members["poll"])
    later = poll | {"total_voters": 99, "closed": True, "answers": [one | {"voters": 50} for one in poll["answers"]]}
    before, after = (
        read(sample.members),
        read(dict(sample.members) | {"poll": later, "reactions": [{"type": "paid", "count": 1}]}),
    )
    assert before.fields["counters"] != after.fields["counters"]
    assert {**before.fields, "counters": None} == {**after.fields, "counters": None}
