"""Every key, media kind, entity, button, action and block of the exporter has its place, and nothing else has."""

import json
from collections.abc import Iterator

import pytest

from evidence.canonical import jcs
from evidence.content import NAMES, PARTS, join_content, split_content
from evidence.log.commit import MAX_DEPTH
from evidence.log.schema import SCHEMAS
from evidence.observation import HoleReason
from monitor.desktop import known, rich, words
from monitor.desktop.known import Goes, KeyRow
from tests.monitor.desktop import kinds
from tests.monitor.desktop.kinds import PARAGRAPH, Named, every_sample
from tests.monitor.desktop.messages import DATED, depth, read, said
from tests.nonempty import nonempty


@pytest.mark.parametrize("named", every_sample(), ids=lambda named: named.name)
def test_a_message_of_every_kind_is_read_whole(named: Named) -> None:
    message = read(named.sample.members, named.sample.kind)
    assert tuple(reason for reason, _ in message.holes) == named.sample.holes, message.holes
    everything = said(message)
    for words_of_it in named.sample.says:
        assert json.dumps(words_of_it, ensure_ascii=False)[1:-1] in everything
    values = {name: message.fields[name] for name in NAMES}
    assert split_content(join_content(values)) == values
    assert depth(values) < MAX_DEPTH


def rows() -> Iterator[KeyRow]:
    for table in (known.MESSAGE, *known.ACTIONS.values()):
        for places in table.values():
            for row in places:
                yield row
                yield from row.inside


def test_every_row_goes_to_a_place_that_exists() -> None:
    names = {*SCHEMAS["observed"].subject}
    for row in nonempty(rows()):
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


def test_an_action_of_tomorrow_is_named_with_its_keys() -> None:
    members = {"action": "grow", "actor": "K", "height": 5, "text": ""}
    message = read(members, "service")
    assert message.holes == ((HoleReason.UNKNOWN, "action: grow, height"),)
    assert message.fields["action"] == "grow"


@pytest.mark.parametrize("value", [5, True, [5], {"x": [True]}, [[["deep"]]], "x", None, {}, [None]])
@pytest.mark.parametrize("key", sorted(known.MESSAGE.keys() - {"id", "type"}))
def test_a_key_with_any_other_value_never_stops_the_reading(key: str, value: object) -> None:
    message = read({"text": "x", key: value})
    jcs(dict(message.fields))
    assert split_content(join_content({name: message.fields[name] for name in NAMES}))
