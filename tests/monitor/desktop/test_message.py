"""One message: its values, its times and people, its holes, and what tells it from another."""

from typing import Any

import pytest

from evidence.canonical import jcs
from evidence.observation import HoleReason
from monitor.desktop.layout import Chat
from monitor.desktop.message import read_message
from tests.monitor.desktop import kinds
from tests.monitor.desktop.kinds import PARAGRAPH, Sample
from tests.monitor.desktop.messages import CHAT, JPEG, identity, read, said

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


def test_all_that_one_message_has_is_one_hole_for_each_reason() -> None:
    message = read({"a": 1, "b": 2, "photo": 5, "via_bot": [], "text": "x"})
    assert message.holes == ((HoleReason.UNREAD, "photo, via_bot"), (HoleReason.UNKNOWN, "a, b"))


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
