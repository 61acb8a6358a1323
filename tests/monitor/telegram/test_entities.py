"""Offsets of the layer count UTF-16 units and those of a content characters; nothing behind an entity is lost."""

import pytest
from telethon.tl import types

from evidence.content import Entity, Link, Number, NumberKind, Person, Piece, Span
from evidence.observation import HoleReason
from monitor.telegram.entities import ENTITIES, formatted, read_text
from monitor.telegram.reading import Reading
from monitor.telegram.tree import told
from tests.monitor.desktop.messages import JPEG
from tests.monitor.telegram.generated import DAY
from tests.monitor.telegram.reads import PEERS
from tests.nonempty import nonempty


def entities_on(words: str, *listed: object) -> tuple[Reading, list[Entity]]:
    reading = Reading(PEERS)
    _, found = read_text(reading, words, [told(one) for one in listed], "entities")
    return reading, list(found)


@pytest.mark.parametrize(
    ("words", "unit", "length", "said"),
    [
        ("nga Shkup", 4, 5, "Shkup"),
        ("\U0001f33b nga", 3, 3, "nga"),
        ("a\U0001f469‍\U0001f9b1b", 1, 5, "\U0001f469‍\U0001f9b1"),
        ("šđž ćč", 4, 2, "ćč"),
        ("\U0001f33b\U0001f33b", 2, 2, "\U0001f33b"),
    ],
)
def test_offsets_count_characters(words: str, unit: int, length: int, said: str) -> None:
    reading, (entity,) = entities_on(words, types.MessageEntityBold(unit, length))
    assert words[entity.span.offset :][: entity.span.length] == said
    assert not reading.notes


def test_every_entity_has_what_is_behind_it() -> None:
    words = "0123456789"
    behind: list[tuple[object, dict[str, object]]] = [
        (types.MessageEntityTextUrl(0, 2, "https://a.example"), {"link": Link("https://a.example")}),
        (types.MessageEntityUrl(0, 2), {"link": Link("01")}),
        (types.MessageEntityEmail(0, 2), {"number": Number(NumberKind.EMAIL, "01")}),
        (types.MessageEntityPhone(0, 2), {"number": Number(NumberKind.PHONE, "01")}),
        (types.MessageEntityBankCard(0, 2), {"number": Number(NumberKind.CARD, "01")}),
        (types.MessageEntityMention(0, 2), {"person": Person(username="01")}),
        (types.MessageEntityMentionName(0, 2, 77), {"person": Person(id="user77", name="01")}),
        (types.MessageEntityCustomEmoji(0, 2, 9), {"document_id": "9"}),
        (types.MessageEntityPre(0, 2, "py"), {"language": "py"}),
        (types.MessageEntityBlockquote(0, 2, collapsed=True), {"collapsed": "yes"}),
        (types.MessageEntityDiffReplace(0, 2, "old"), {"old_text": "old"}),
        (
            types.MessageEntityFormattedDate(0, 2, DAY, relative=True),
            {"time": "2026-01-01T12:00:00.000Z", "time_form": "relative"},
        ),
    ]
    for entity, fields in nonempty(behind):
        reading, (found,) = entities_on(words, entity)
        assert found == Entity(ENTITIES[type(entity).__name__].type, Span(0, 2), fields)
        assert not reading.notes


def test_entities_nest_and_come_in_the_order_of_the_words() -> None:
    reading, found = entities_on("nga Shkup", types.MessageEntityItalic(4, 5), types.MessageEntityBold(0, 9))
    assert [(one.type, one.span) for one in found] == [("bold", Span(0, 9)), ("italic", Span(4, 5))]
    assert not reading.notes


@pytest.mark.parametrize(("offset", "length", "kept"), [(2, 90, [Span(2, 1)]), (7, 2, []), (1, 0, [])])
def test_an_entity_beyond_the_words_is_cut_and_noted(offset: int, length: int, kept: list[Span]) -> None:
    reading, found = entities_on("nga", types.MessageEntityBold(offset, length))
    assert [one.span for one in found] == kept
    assert (HoleReason.UNREAD in reading.notes) == (length > 0)


def test_a_picture_in_the_words_takes_its_entities_with_it() -> None:
    reading, found = entities_on(JPEG, types.MessageEntityBold(0, 40))
    assert found == []
    assert list(reading.notes[HoleReason.UNREAD]) == ["entities: entities"]


def test_an_entity_that_only_a_client_sends_is_a_hole_and_keeps_its_place() -> None:
    sent = types.InputMessageEntityMentionName(0, 3, types.InputUser(77, 5))
    reading, (found,) = entities_on("nga", sent)
    assert (found.type, found.span) == ("unknown", Span(0, 3))
    assert list(reading.notes[HoleReason.UNSUPPORTED]) == ["entities: InputMessageEntityMentionName"]


def test_words_of_a_part_are_texts_and_pieces() -> None:
    reading = Reading(PEERS)
    listed = [
        types.MessageEntityBold(0, 7),
        types.MessageEntityTextUrl(4, 3, "https://a.example"),
        types.MessageEntityMention(8, 5),
    ]
    pieces = formatted(reading, "nga aty @mira!", [told(one) for one in listed], "question")
    assert pieces == (
        Piece("bold", ("nga ", Piece("text_link", ("aty",), {"link": Link("https://a.example")}))),
        " ",
        Piece("mention", (), {"person": Person(username="@mira")}),
        "!",
    )
    assert not reading.notes
    assert formatted(reading, "", (), "question") is None


def test_words_whose_pieces_overlap_lose_no_word() -> None:
    reading = Reading(PEERS)
    listed = [told(types.MessageEntityBold(0, 5)), told(types.MessageEntityItalic(3, 5))]
    pieces = formatted(reading, "0123456789", listed, "question")
    assert pieces == (Piece("bold", ("012", Piece("italic", ("34",)))), "56789")
    assert HoleReason.UNREAD in reading.notes
