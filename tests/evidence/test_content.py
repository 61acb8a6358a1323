"""The model of what a message says: what cannot be built, what can be withheld, and what it is known by."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.canonical import jcs
from evidence.content import (
    COUNTED,
    COUNTERS,
    ENTITY_FIELDS,
    NAMES,
    PARTS,
    Content,
    Entity,
    Form,
    Link,
    Number,
    NumberKind,
    Part,
    Person,
    Piece,
    Span,
    Withheld,
    join_content,
    message_sha256,
    plain,
    post_sha256,
    said_sha256,
    split_content,
)
from evidence.errors import ContentError
from evidence.log.commit import MAX_DEPTH
from evidence.log.schema import SCHEMAS
from tests.evidence.contents import SECRET, contents


@settings(max_examples=40, deadline=None)
@given(contents)
def test_what_was_split_is_joined_again(content: Content) -> None:
    values = split_content(content)
    assert tuple(values) == NAMES
    assert join_content(values) == content
    assert join_content(json.loads(jcs(values))) == content


@settings(max_examples=40, deadline=None)
@given(contents)
def test_no_link_person_or_number_is_left_in_the_rest(content: Content) -> None:
    values = split_content(content)
    rest = {name: values[name] for name in ("text", "entities", "content")}
    assert SECRET.encode() not in jcs(rest)


@settings(max_examples=40, deadline=None)
@given(contents, st.sets(st.sampled_from(NAMES), min_size=1))
def test_what_is_withheld_shows_as_withheld_and_the_rest_as_it_was(content: Content, hidden: set[str]) -> None:
    values = split_content(content)
    joined = join_content({name: value for name, value in values.items() if name not in hidden})
    for name, part in (("text", joined.text), ("entities", joined.entities), ("counters", joined.counters)):
        if name in hidden:
            assert part == Withheld(name)
    if "content" in hidden:
        assert joined.parts == Withheld("content")
        return
    assert joined.parts == (content.parts if not hidden & {"links", "people", "numbers"} else joined.parts)
    for name, kind in (("links", Link), ("people", Person), ("numbers", Number)):
        if name in hidden:
            assert not any(isinstance(value, kind) for value in walked(joined.parts))


def walked(value: object) -> list[object]:
    match value:
        case tuple():
            return [inner for one in value for inner in walked(one)]
        case Part() | Entity():
            return [value, *(inner for one in value.fields.values() for inner in walked(one))]
        case Piece():
            return [value, *walked(value.words), *(inner for one in value.fields.values() for inner in walked(one))]
        case _:
            return [value]


@pytest.mark.repeats
@settings(max_examples=40, deadline=None)
@given(contents)
def test_every_value_is_one_of_the_log(content: Content) -> None:
    jcs(split_content(content))


def test_the_deepest_part_without_nested_words_leaves_room_for_them() -> None:
    """A part nests as deep as its kinds do, whatever the source nests: blocks name what they stand in."""

    def deepest(kind: str) -> int:
        fields = PARTS[kind].values()
        return 1 + max((int(f.many) + (deepest(f.form) if f.form in PARTS else 1) for f in fields), default=0)

    assert 1 + max(map(deepest, PARTS)) <= MAX_DEPTH // 2


def test_every_name_is_one_of_the_schema_and_can_be_withheld() -> None:
    assert set(NAMES) <= set(SCHEMAS["observed"].subject)


def test_every_form_of_a_field_is_a_form_or_a_part() -> None:
    forms = {field.form for fields in (*PARTS.values(), ENTITY_FIELDS) for field in fields.values()}
    assert {form for form in forms if form not in PARTS} <= set(Form)
    inner = {field.form for kind in COUNTERS for field in PARTS[kind].values() if field.form in PARTS}
    assert {*COUNTERS, *inner} == COUNTED <= PARTS.keys()


@pytest.mark.parametrize(
    "build",
    [
        lambda: Part("nonsense"),
        lambda: Part("poll", {"answer": ()}),
        lambda: Part("poll", {"question": "words in no tuple"}),
        lambda: Part("poll", {"answers": Part("answer")}),
        lambda: Part("poll", {"answers": (Part("task"),)}),
        lambda: Part("game", {"link": "https://example.org"}),
        lambda: Part("location", {"latitude": "north"}),
        lambda: Part("location", {"latitude": "41.0\n"}),
        lambda: Part("rich", {"rtl": "true"}),
        lambda: Part("album", {"id": 5}),
        lambda: Part("topic", {"title": "\ud800"}),
        lambda: Part("topic", {"title": {"b64": "AA", "more": "x"}}),
        lambda: Part("forward", {"posted_at": "2026-11-25T00:00:00"}),
        Person,
        lambda: Person(name=5),  # type: ignore[arg-type]
        lambda: Link(None),
        lambda: Span(-1, 2),
        lambda: Entity("Bold", Span(0, 1)),
        lambda: Entity("bold", Span(0, 1), {"href": "x"}),
        lambda: Piece("bold", ("x", 5)),  # type: ignore[arg-type]
        lambda: Content(text=5),  # type: ignore[arg-type]
        lambda: Content(counters=(Part("poll"),)),
        lambda: Content(parts=(Part("views"),)),
        lambda: Content(parts=(Part("reactor"),)),
    ],
)
def test_what_no_message_can_say_cannot_be_built(build: Callable[[], object]) -> None:
    with pytest.raises(ContentError):
        build()


@pytest.mark.parametrize(
    "damaged",
    [
        {"content": [{"question": "no kind"}]},
        {"content": [{"kind": "poll", "votes": "5"}]},
        {"content": [{"kind": "contact", "person": "0"}], "people": []},
        {"content": [{"kind": "contact", "person": "-1"}], "people": [{"name": "x"}]},
        {"content": [{"kind": "contact", "person": "0"}], "people": [{"name": "x", "other": "y"}]},
        {"content": [{"kind": "contact", "number": "0"}], "numbers": [{"kind": "pigeon", "number": "y"}]},
        {"content": {"kind": "poll"}},
        {"entities": [{"type": "bold", "offset": "x", "length": "1"}]},
        {"entities": "bold"},
        {"counters": [{"kind": "poll"}]},
        {"text": ["a", 5]},
    ],
)
def test_values_of_another_form_are_refused(damaged: dict[str, Any]) -> None:
    with pytest.raises(ContentError):
        join_content(dict.fromkeys(NAMES) | damaged)


def test_what_is_withheld_is_not_committed_to_again() -> None:
    values = split_content(Content(text="x", parts=(Part("contact", {"person": Person(name="n")}),)))
    for name in ("text", "people", "content"):
        with pytest.raises(ContentError, match="withheld"):
            split_content(join_content({key: value for key, value in values.items() if key != name}))


def test_one_entry_serves_all_who_refer_to_it() -> None:
    one = Person(id="user1", name="n")
    values = split_content(Content(parts=(Part("contact", {"person": one}), Part("author", {"person": one}))))
    assert values["people"] == [{"id": "user1", "name": "n"}]
    assert values["content"] == [{"kind": "contact", "person": "0"}, {"kind": "author", "person": "0"}]


def test_the_words_of_a_part_are_read_as_one_text() -> None:
    phone = Piece("phone", (), {"number": Number(NumberKind.PHONE, "+44 7700 900143")})
    assert plain(("ask ", Piece("bold", ("the ", Piece("italic", ("owl",)))), ": ", phone)) == (
        "ask the owl: +44 7700 900143"
    )
    assert plain(("a", Piece("link", (), {"link": Withheld("links")}), {"stripped": "5"})) == "a"


VALUES = {
    "kind": "message",
    "channel_id": "42",
    "message_id": "1",
    "posted_at": "2026-11-25T00:00:00.000Z",
    "sender_id": "user1",
    "sender_name": "Buzzard",
    "text": "words",
    "people": [{"id": "user2", "name": "Owl"}, {"name": "Kite"}],
    "content": [{"kind": "forward", "person": "0"}],
    "forwarded_from": "Owl",
}


@pytest.mark.parametrize(
    ("changed", "identity", "said", "post"),
    [
        ({"kind": "edit"}, False, False, False),
        ({"kind": "service"}, True, False, False),
        ({"counters": [{"kind": "views", "count": "5"}]}, False, False, False),
        ({"media": ["photos/photo_2.jpg"]}, False, False, False),
        ({"raw_sha256": "0" * 64, "container_sha256": "1" * 64, "offset": "5"}, False, False, False),
        ({"channel_title": "renamed"}, False, False, False),
        ({"edited_at": "2026-11-26T00:00:00.000Z"}, False, False, False),
        ({"sender_name": "renamed"}, False, False, False),
        ({"people": [{"id": "user2", "name": "renamed"}, {"name": "Kite"}]}, False, False, False),
        ({"forwarded_from": "renamed"}, False, False, False),
        ({"reply_to": "7"}, True, False, False),
        ({"action": "pin_message"}, True, False, False),
        ({"people": [{"id": "user2", "name": "Owl"}, {"name": "other"}]}, True, True, False),
        ({"unknown_sha256": "0" * 64}, True, False, False),
        ({"text": "other words"}, True, True, False),
        ({"links": [{"address": "https://example.org"}]}, True, True, False),
        ({"content": [{"kind": "album", "id": "1"}]}, True, True, False),
        ({"posted_at": "2026-11-24T00:00:00.000Z"}, True, False, True),
        ({"sender_id": "user3"}, True, False, False),
        ({"message_id": "2"}, True, False, True),
        ({"channel_id": "group42"}, True, False, True),
    ],
)
def test_what_changes_which_digest(changed: dict[str, Any], *, identity: bool, said: bool, post: bool) -> None:
    for digest, changes in ((message_sha256, identity), (said_sha256, said), (post_sha256, post)):
        assert (digest(VALUES) != digest(VALUES | changed)) is changes


@pytest.mark.parametrize(
    ("values", "changed"),
    [
        ({"sender_id": None}, {"sender_name": "renamed"}),
        ({"content": [{"kind": "forward", "person": "1"}]}, {"forwarded_from": "renamed"}),
        ({"content": [{"kind": "author", "person": "0"}]}, {"forwarded_from": "renamed"}),
        ({"content": None, "people": None}, {"forwarded_from": "renamed"}),
    ],
)
def test_a_name_without_an_identifier_is_all_that_is_known_of_who_it_is(
    values: dict[str, Any], changed: dict[str, Any]
) -> None:
    assert message_sha256(VALUES | values | changed) != message_sha256(VALUES | values)


def test_a_name_that_says_nothing_may_be_left_out() -> None:
    complete = dict.fromkeys(SCHEMAS["observed"].subject) | VALUES
    for digest in (message_sha256, said_sha256, post_sha256):
        assert digest(complete) == digest(VALUES)
