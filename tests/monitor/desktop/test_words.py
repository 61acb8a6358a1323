"""A text is its exact words, and what stands behind an entity lies on the words that have it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.content import Link, Number, NumberKind, Person, Piece
from monitor.desktop.shapes import PartReader
from monitor.desktop.values import JsonNumber, Parsed
from monitor.desktop.words import ENTITIES, document, read_text, words
from tests.monitor.desktop import kinds
from tests.monitor.desktop.messages import JPEG, has_notes, read

SAID = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
RUNS: st.SearchStrategy[Any] = st.lists(
    SAID | st.fixed_dictionaries({"type": st.sampled_from(sorted(ENTITIES)), "text": SAID}), max_size=6
)


def said_in(run: Any) -> str:  # noqa: ANN401 - a run of JSON
    return run if isinstance(run, str) else run["text"]


@given(RUNS)
def test_the_pieces_in_order_are_the_text_and_each_entity_lies_on_its_own_words(runs: Any) -> None:  # noqa: ANN401 - JSON
    reader = PartReader()
    text, entities = read_text(reader, runs, "text")
    assert text == "".join(map(said_in, runs))
    marked = [(run["type"], run["text"]) for run in runs if isinstance(run, dict) and run["type"] != "plain"]
    cut = [(one.type, str(text)[one.span.offset : one.span.offset + one.span.length]) for one in entities]
    assert cut == [(kind, said) for kind, said in marked if said]
    assert not has_notes(reader)


@given(RUNS)
def test_the_words_of_a_part_are_the_same_words(runs: Any) -> None:  # noqa: ANN401 - JSON
    reader = PartReader()
    found = words(reader, runs, "poll.question") or ()
    assert "".join(one if isinstance(one, str) else words_of(one) for one in found) == "".join(map(said_in, runs))
    assert not has_notes(reader)


def words_of(piece: Piece) -> str:
    """The words of a piece: as they stand, or what they are themselves."""
    if piece.words:
        return "".join(map(str, piece.words))
    [itself] = [value for value in piece.fields.values() if isinstance(value, Link | Number | Person)]
    return str(
        itself.address
        if isinstance(itself, Link)
        else itself.number
        if isinstance(itself, Number)
        else itself.username or itself.name
    )


@pytest.mark.parametrize(
    ("written", "field", "meant"),
    [
        ({"type": "link", "text": "a.org"}, "link", Link("a.org")),
        ({"type": "text_link", "text": "here", "href": "https://a.org"}, "link", Link("https://a.org")),
        ({"type": "email", "text": "k@a.org"}, "number", Number(NumberKind.EMAIL, "k@a.org")),
        ({"type": "phone", "text": "+383 44"}, "number", Number(NumberKind.PHONE, "+383 44")),
        ({"type": "bank_card", "text": "4000"}, "number", Number(NumberKind.CARD, "4000")),
        ({"type": "mention", "text": "@k"}, "person", Person(username="@k")),
        ({"type": "mention_name", "text": "K", "user_id": JsonNumber("7")}, "person", Person(id="user7", name="K")),
        ({"type": "pre", "text": "x = 1", "language": "python"}, "language", "python"),
        ({"type": "custom_emoji", "text": "x", "document_id": "77"}, "document_id", "77"),
    ],
)
def test_what_stands_behind_an_entity_is_read(written: Parsed, field: str, meant: object) -> None:
    _text, [entity] = read_text(PartReader(), [written], "text")
    assert entity.fields == {field: meant}


def test_formatting_that_nobody_knows_keeps_its_words_and_is_noted() -> None:
    reader = PartReader()
    text, [entity] = read_text(reader, ["a ", {"type": "hologram", "text": "word"}], "text")
    assert (text, entity.type, list(reader.unknown)) == ("a word", "unknown", ["text: hologram"])


@pytest.mark.parametrize("value", [JsonNumber("5"), True, [None], [["x"]], [{"type": "bold"}], [{"text": True}], {}])
def test_a_text_of_no_known_shape_is_none_and_noted(value: Parsed) -> None:
    for shape in (read_text, words):
        reader = PartReader()
        assert shape(reader, value, "text") in (None, (None, ()))
        assert [note.partition(".")[0] for note in reader.unread] == ["text"]


def test_of_a_text_in_pieces_what_reads_is_read_and_the_rest_noted() -> None:
    for odd, where in ((JsonNumber("5"), "text"), ({"type": "bold", "text": []}, "text.text"), ([["x"]], "text")):
        reader = PartReader()
        assert read_text(reader, ["a ", odd, "b"], "text") == ("a b", ())
        assert list(reader.unread) == [where]


def test_a_type_that_is_none_keeps_the_words() -> None:
    reader = PartReader()
    text, [entity] = read_text(reader, ["a ", {"type": JsonNumber("5"), "text": "word"}], "text")
    assert (text, entity.type, list(reader.unread)) == ("a word", "unknown", ["text.type"])


def test_a_text_that_is_no_unicode_keeps_what_stands_behind_its_words() -> None:
    reader = PartReader()
    broken: Parsed = ["\ud800", {"type": "text_link", "text": "here", "href": "https://a.org"}]
    text, [entity] = read_text(reader, broken, "text")
    assert isinstance(text, dict)
    assert entity.fields == {"link": Link("https://a.org")}
    assert not reader.spelled
    assert words(reader, broken, "text") is not None
    assert not has_notes(reader)


@pytest.mark.parametrize("value", [None, "", []])
def test_a_text_that_is_not_there_is_not_noted(value: Parsed) -> None:
    reader = PartReader()
    assert words(reader, value, "text") is None
    assert read_text(reader, value, "text") in ((None, ()), ("", ()))
    assert not has_notes(reader)


def test_a_picture_cut_into_entities_leaves_neither_words_nor_entities() -> None:
    reader = PartReader()
    cut: Parsed = [JPEG[:30], {"type": "text_link", "text": JPEG[30:], "href": "https://a.org"}]
    text, entities = read_text(reader, cut, "text")
    assert entities == ()
    assert JPEG[40:70] not in str(text)
    assert (list(reader.unread), reader.spelled) == (["text: entities"], {"text"})


def test_the_path_of_a_custom_emoji_says_nothing_of_the_message() -> None:
    reader = PartReader()
    assert document(reader, "stickers/a.tgs", "here") is None
    assert not has_notes(reader)
    assert document(reader, [], "here") is None
    assert list(reader.unread) == ["here"]


def test_entities_count_characters_of_the_text() -> None:
    message = read(kinds.ENTITIES["text"].members)
    text, entities = message.fields["text"], message.fields["entities"]
    assert isinstance(text, str)
    assert isinstance(entities, list)
    spelled = {one["type"]: text[int(one["offset"]) : int(one["offset"]) + int(one["length"])] for one in entities}
    assert (spelled["bold"], spelled["mention"], spelled["custom_emoji"]) == ("bold", "@hedge", "🐦")
