import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from casefiles.report.lines import WIDTH
from casefiles.report.said import Digest, ItemFact, ItemPart, NamedValue, Quote, Unshown, said_of_item
from casefiles.report.wording import label_of, part_lines
from config.words import load_words
from evidence.canonical import Json
from evidence.content import (
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
    Person,
    Piece,
    Span,
    split_content,
)
from evidence.content import Part as ContentPart
from monitor.desktop.known import ACTIONS, MEDIA_TYPES
from monitor.desktop.rich import RICH_TEXTS
from monitor.desktop.words import ENTITIES
from tests.evidence.test_content import contents

WORDS = load_words("en")
MIRA = Person(id="user77", name="Mira", username="@mira")
WITHOUT_ENTITY = ("plain", "empty", "concat", "diff", "inline_image", "button")
"""Texts that the reader makes nothing of, or other entities, or a block."""
AT = "2026-11-25T00:00:00.000Z"
PHONE = Number(NumberKind.PHONE, "+389 70 000 000")


def lines_of(of: Content, /, *, withhold: frozenset[str] = frozenset(), **values: Json) -> list[str]:
    """The lines that are told of a content, without their margin."""
    shown = {name: value for name, value in (split_content(of) | values).items() if name not in withhold}
    lines = [line for part in said_of_item(shown, withhold) for line in part_lines(WORDS, part)]
    assert max(map(len, lines)) <= WIDTH
    return [" ".join(line.split()) for line in lines][1:]  # without the kind


def facts(parts: tuple[ItemPart, ...]) -> Iterator[ItemFact]:
    for part in parts:
        yield part.sha256 if isinstance(part, Digest) else part.text if isinstance(part, Quote) else part.value
        if not isinstance(part, Digest):
            yield from facts(part.parts)


def texts(value: object) -> Iterator[str]:
    """Every text in a fact, or in a value of the log."""
    if isinstance(value, str):
        yield value
    elif dataclasses.is_dataclass(value):
        yield from texts([getattr(value, each.name) for each in dataclasses.fields(value)])
    elif isinstance(value, Mapping):
        yield from texts(list(value.values()))
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from texts(inner)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(contents, st.sets(st.sampled_from(NAMES)))
def test_nothing_that_a_content_says_is_left_out(content: Content, withhold: set[str]) -> None:
    values = {name: value for name, value in split_content(content).items() if name not in withhold}
    found = list(facts(tuple(said_of_item(values, withhold))))
    everything = "\n".join(text for fact in found for text in texts(fact))
    for name in ("text", "links", "people", "numbers"):
        for text in texts(values.get(name)):
            assert text in everything
    for text in (leaf for name in ("content", "counters") for leaf in leaves(values.get(name), name)):
        assert text in everything


def leaves(value: Json, name: str) -> Iterator[str]:
    """The texts of parts in forms that say something by themselves, as the table of parts has them."""
    for part in value or ():
        yield from _leaves(part["kind"], {key: inner for key, inner in part.items() if key != "kind"})


def _leaves(kind: str, fields: Mapping[str, Any]) -> Iterator[str]:
    for name, inner in fields.items():
        form = PARTS[kind][name]
        for one in inner if form.many else [inner]:
            if form.form in (Form.TEXT, Form.CODE, Form.INTEGER, Form.FRACTION, Form.FLAG, Form.TIME):
                yield from texts(one)
            elif form.form in PARTS:
                yield from _leaves(str(form.form), one)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(contents)
def test_every_content_fits_a_page(content: Content) -> None:
    lines_of(content, kind="message")


def test_every_kind_of_part_every_field_and_every_form_of_number_has_words() -> None:
    labels = {f"part.{kind}" for kind in PARTS}
    labels |= {f"field.{kind}.{name}" for kind, fields in PARTS.items() for name in fields}
    labels |= {f"field.entity.{name}" for name in ENTITY_FIELDS}
    assert len(labels) > 200
    texts_of = WORDS.texts.keys()
    missing = {
        code
        for code in labels
        if not {f"report.{code}", f"report.{code.partition('.')[0]}.{code.rpartition('.')[2]}"} & texts_of
    }
    assert missing == set()
    assert {f"number.{kind}" for kind in NumberKind} <= texts_of
    assert label_of(WORDS, "part.of_tomorrow") == "of_tomorrow"  # so that the search can fail


def test_what_telegram_desktop_can_write_has_words() -> None:
    texts_of = WORDS.texts.keys()
    assert {f"action.{action}" for action in ACTIONS if action} - texts_of == set()
    assert {f"media.type.{kind}" for kind in MEDIA_TYPES} - texts_of == set()
    entities = {*ENTITIES, *RICH_TEXTS, "diff_new", "diff_old"} - {*WITHOUT_ENTITY}
    assert {f"report.entity.{kind}" for kind in entities} - texts_of == set()


def test_the_link_behind_words_is_told() -> None:
    entity = Entity("text_link", Span(4, 4), {"link": Link("https://elsewhere.example/x")})
    assert lines_of(Content("Nga këtu", (entity,))) == [
        "text, as posted:",
        "| Nga këtu",
        "in the text:",
        "link behind words: këtu",
        "leads to: https://elsewhere.example/x",
    ]


def test_what_its_words_say_themselves_is_not_told_twice() -> None:
    words = "@mira https://a.example +389 70 000 000"
    entities = (
        Entity("mention", Span(0, 5), {"person": Person(username="@mira")}),
        Entity("link", Span(6, 17), {"link": Link("https://a.example")}),
        Entity("phone", Span(24, 15), {"number": PHONE}),
        Entity("mention_name", Span(0, 5), {"person": MIRA}),
    )
    assert lines_of(Content(words, entities))[2:] == [
        "in the text:",
        "account named: @mira",
        "link: https://a.example",
        "telephone number: +389 70 000 000",
        "account named: @mira",
        "account: user77, @mira, shown as Mira",
    ]


POLL = ContentPart(
    "poll",
    {
        "question": ("Which ", Piece("text_link", ("one",), {"link": Link("https://p.example")}), "?"),
        "answers": tuple(ContentPart("answer", {"text": (text,)}) for text in ("yes", "no\nway")),
    },
)
VOTES = ContentPart(
    "votes", {"total": "4", "answers": (ContentPart("vote", {"count": "4"}), ContentPart("vote", {"count": "0"}))}
)
TELLING = [
    (
        POLL,
        [
            *("poll:", "question: Which one?", "link behind words: one", "leads to: https://p.example"),
            *("answer 1: yes", "answer 2:", "| no", "| way"),
        ],
    ),
    (
        ContentPart("contact", {"person": Person(name="Ana"), "number": PHONE}),
        ["contact card:", "account: shown as Ana", "number: telephone: +389 70 000 000"],
    ),
    (
        ContentPart("forward", {"person": MIRA, "message_id": "5", "posted_at": AT}),
        [
            "first posted by:",
            "account: user77, @mira, shown as Mira",
            "message: 5",
            "posted (claimed): 2026-11-25 00:00:00 UTC",
        ],
    ),
    (ContentPart("author", {"person": MIRA}), ["signed by: user77, @mira, shown as Mira"]),
    (ContentPart("via_bot", {"person": Person(username="@bot")}), ["via the bot: @bot"]),
    (ContentPart("album", {"id": "9"}), ["album: 9"]),
    (
        ContentPart("reply", {"chat": Person(id="channel5"), "message_id": "3", "quote": ("said",)}),
        ["reply to:", "chat: channel5", "message: 3", "quoted words: said"],
    ),
    (
        ContentPart("venue", {"latitude": "41.9", "longitude": "21.4", "name": "Sheshi"}),
        ["venue:", "latitude: 41.9", "longitude: 21.4", "name: Sheshi"],
    ),
    (
        ContentPart("media", {"type": "photo", "id": "12", "dc": "4", "spoiler": "yes"}),
        ["picture, video or file:", "type: photo", "media number: 12", "data centre: 4", "hidden until tapped: yes"],
    ),
    (
        ContentPart("todo", {"title": ("List",), "tasks": (ContentPart("task", {"id": "1", "text": ("a",)}),)}),
        ["to-do list:", "title: List", "task 1:", "task number: 1", "text: a"],
    ),
    (
        ContentPart("service", {"people": (MIRA, Person(name="B")), "new_value": "no"}),
        ["what was done:", "new value: no", "account 1: user77, @mira, shown as Mira", "account 2: shown as B"],
    ),
    (ContentPart("game"), ["game: yes"]),
]


@pytest.mark.parametrize(("part", "lines"), TELLING, ids=lambda value: getattr(value, "kind", ""))
def test_each_part_is_told_in_words(part: ContentPart, lines: list[str]) -> None:
    assert sorted(lines_of(Content(parts=(part,)))) == sorted(lines)


def test_counters_are_told_as_counted_at_capture() -> None:
    reaction = ContentPart("reaction", {"type": "emoji", "emoji": "\U0001f525", "count": "3"})
    counters = (ContentPart("views", {"count": "120"}), reaction, VOTES)
    assert lines_of(Content(counters=counters)) == [
        *("counted at capture:", "views: 120", "reaction:", "type: emoji", "emoji: \U0001f525", "count: 3"),
        *("votes:", "votes in all: 4", "answer 1: 4", "answer 2: 0"),
    ]
    assert {counter.kind for counter in counters} <= set(COUNTERS)


def test_what_is_withheld_is_shown_as_withheld_where_it_stands() -> None:
    entity = Entity("text_link", Span(0, 3), {"link": Link("https://a.example")})
    content = Content("nga", (entity,), (ContentPart("contact", {"person": MIRA, "number": PHONE}),))
    hidden = lines_of(content, withhold=frozenset({"links", "people"}))
    assert "leads to: [withheld]" in hidden
    assert "account: [withheld]" in hidden
    assert "number: telephone: +389 70 000 000" in hidden
    assert "link behind words: [withheld]" in lines_of(content, withhold=frozenset({"text"}))


def test_a_link_a_person_and_a_number_that_no_place_names_are_told_by_themselves() -> None:
    content = Content("nga", (), (ContentPart("contact", {"person": MIRA, "number": PHONE}),))
    assert lines_of(content, withhold=frozenset({"content"}))[2:] == [
        "account named: user77, @mira, shown as Mira",
        "number named: telephone: +389 70 000 000",
    ]
    extra = {"links": [{"address": "https://nowhere.example"}, {"of": "tomorrow"}]}
    assert lines_of(Content("nga"), **extra)[2:] == ["link: https://nowhere.example", 'link: {"of":"tomorrow"}']


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        ("content", [{"kind": "hologram", "depth": "3"}], 'beside the text: {"depth":"3","kind":"hologram"}'),
        ("content", {"kind": "poll"}, 'beside the text: {"kind":"poll"}'),
        ("content", [{"kind": "poll", "of_tomorrow": "x"}], 'beside the text: {"kind":"poll","of_tomorrow":"x"}'),
        ("entities", [{"type": "bold"}], 'bold"}'),
        ("counters", [{"kind": "poll"}], '{"kind":"poll"}'),
        ("numbers", [{"kind": "pigeon", "number": "7"}], 'number named: {"kind":"pigeon","number":"7"}'),
    ],
)
def test_what_nobody_knows_is_told_as_it_stands(name: str, value: Json, line: str) -> None:
    known = {"content": [{"kind": "album", "id": "9"}]} if name != "content" else {}
    lines = lines_of(Content("nga"), **known, **{name: value})
    assert any(line in each for each in lines)
    assert not known or "album: 9" in lines


def test_one_part_that_nobody_knows_hides_no_other() -> None:
    parts = [{"kind": "hologram"}, {"kind": "album", "id": "9"}]
    assert lines_of(Content("nga"), content=parts)[2:] == ['beside the text: {"kind":"hologram"}', "album: 9"]


def test_the_name_of_a_forward_is_told_once() -> None:
    content = Content("nga", (), (ContentPart("forward", {"person": MIRA}),))
    assert "forwarded, shown as: Mira" not in lines_of(content, forwarded_from="Mira")
    assert "first posted by: user77, @mira, shown as Mira" in lines_of(content, forwarded_from="Mira")
    assert "forwarded, shown as: Mira" in lines_of(Content("nga"), forwarded_from="Mira")
    assert "forwarded, shown as: Mira" in lines_of(content, forwarded_from="Mira", withhold=frozenset({"people"}))


def test_a_picture_that_was_cut_out_of_a_text_leaves_its_size() -> None:
    assert lines_of(Content(["before ", {"stripped": "900"}, " after\nand more"]))[1:] == [
        "| before [a picture of 900 bytes was cut out of the text] after",
        "| and more",
    ]


def test_a_span_beyond_the_words_is_told_as_it_stands() -> None:
    assert lines_of(Content("nga", (Entity("bold", Span(2, 9)),)))[3:] == ['bold: {"length":"9","offset":"2"}']


def test_the_files_of_a_message_and_how_it_was_fetched_are_told() -> None:
    lines = lines_of(Content("nga"), media=["a.jpg", "b.jpg"], acquisition={"account": "k1", "layer": "229"})
    assert lines[2:4] == ["attached file 1: a.jpg", "attached file 2: b.jpg"]
    assert lines[-3:] == ["how it was fetched:", "account: k1", "layer: 229"]
    assert list(said_of_item({}, {"kind"})) == [NamedValue("item.kind", Unshown.WITHHELD)]
