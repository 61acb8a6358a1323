"""Each shape takes the values that the exporter writes, notes every other one, and stops at none."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.content import Link, Number, NumberKind, Person
from monitor.desktop import shapes
from monitor.desktop.shapes import PartReader, Shape, in_a_text, integer_of, list_of, one_of
from monitor.desktop.values import JsonNumber, Parsed
from tests.monitor.desktop.messages import JPEG, has_notes, read

pytestmark = pytest.mark.repeats

SHAPES: dict[str, Shape] = {
    name: getattr(shapes, name)
    for name in (
        "text", "integer", "decimal", "flag", "code", "moment", "link", "phone", "username", "named", "person_id",
        "user", "channel", "raw_peer", "peer", "old_peer", "required_mapping",
    )
} | {"one of": one_of("a"), "list": list_of(shapes.text), "in a text": in_a_text(shapes.flag)}  # fmt: skip
NUMBERS = st.integers(-(2**66), 2**66).map(JsonNumber)
SCALARS = st.none() | st.booleans() | st.text(max_size=12) | NUMBERS | st.just(JsonNumber("1e999"))
VALUES: st.SearchStrategy[Any] = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
)
NOTHING = (None, "", "0")


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@given(value=VALUES)
def test_any_value_is_read_or_noted_or_says_nothing(shape: Shape, value: Parsed) -> None:
    reader = PartReader()
    found = shape(reader, value, "here")
    assert {*reader.unread, *reader.unknown} <= {"here", f"here: {found}"}
    if found is None and not has_notes(reader):
        assert value in NOTHING or (isinstance(value, str) and value in ('""', "null"))
    if "here" in reader.unread and not isinstance(value, list):
        assert found is None


def read_by(shape: Shape, value: Parsed) -> tuple[Any, bool]:
    """What a shape makes of a value, and whether it was noted."""
    reader = PartReader()
    return shape(reader, value, "here"), has_notes(reader)


@given(st.integers(-(2**63), 2**63 - 1))
def test_an_integer_of_64_bits_is_read_quoted_or_not(number: int) -> None:
    assert integer_of(str(number)) == integer_of(JsonNumber(number)) == number
    assert read_by(shapes.integer, JsonNumber(number)) == (str(number), False)


@pytest.mark.parametrize(
    "value", [str(2**63), str(-(2**63) - 1), "9" * 20, "1.0", "1e3", "+1", " 1", "1_0", "٣", "²", "-", "--1", "", True]
)
def test_what_is_no_integer_of_64_bits_is_none(value: Parsed) -> None:
    assert integer_of(value) is None


REFUSED = (None, True)
SAYS_NOTHING = (None, False)


@pytest.mark.parametrize(
    ("shape", "value", "meant"),
    [
        (shapes.text, "x", ("x", False)),
        (shapes.text, "", SAYS_NOTHING),
        (shapes.text, JsonNumber("5"), REFUSED),
        (shapes.decimal, JsonNumber("-21.250"), ("-21.250", False)),
        (shapes.decimal, JsonNumber("1e3"), REFUSED),
        (shapes.flag, True, ("yes", False)),
        (shapes.flag, False, ("no", False)),
        (shapes.flag, "yes", REFUSED),
        (shapes.code, "video_file", ("video_file", False)),
        (shapes.code, "Video file", REFUSED),
        (shapes.moment, "1375315200", ("2013-08-01T00:00:00.000Z", False)),
        (shapes.moment, "1375315199", REFUSED),
        (shapes.moment, "253402300799", ("9999-12-31T23:59:59.000Z", False)),
        (shapes.moment, "253402300800", REFUSED),
        (shapes.moment, "0", SAYS_NOTHING),
        (shapes.link, "https://example.org", (Link("https://example.org"), False)),
        (shapes.phone, "+383 44", (Number(NumberKind.PHONE, "+383 44"), False)),
        (shapes.username, "@k", (Person(username="@k"), False)),
        (shapes.named, None, (Person(name=""), False)),
        (shapes.person_id, "chat7", (Person(id="group7"), False)),
        (shapes.user, JsonNumber("7"), (Person(id="user7"), False)),
        (shapes.channel, JsonNumber("7"), (Person(id="channel7"), False)),
        (shapes.raw_peer, JsonNumber(2**48 - 1), (Person(id=f"user{2**48 - 1}"), False)),
        (shapes.raw_peer, JsonNumber(2**48 + 7), (Person(id="group7"), False)),
        (shapes.raw_peer, JsonNumber(2**49 + 7), (Person(id="channel7"), False)),
        (shapes.raw_peer, JsonNumber("-7"), REFUSED),
        (shapes.old_peer, JsonNumber(2**32 - 1), (f"user{2**32 - 1}", False)),
        (shapes.old_peer, JsonNumber(2**32 + 7), ("user7", False)),
        (shapes.old_peer, JsonNumber(2**33 + 7), ("7", False)),
        (shapes.old_peer, JsonNumber("-7"), REFUSED),
        (shapes.peer, "channel7", ("channel7", False)),
        (shapes.peer, "hologram7", REFUSED),
        (list_of(shapes.flag), [True, "x", False], (("yes", "no"), True)),
        (list_of(shapes.text), ["a", "", None, "b"], (("a", "b"), False)),
        (list_of(shapes.text), "a", REFUSED),
        (one_of("left"), "left", ("left", False)),
        (one_of("left"), "upwards", ("upwards", True)),
        (in_a_text(shapes.flag), "true", ("yes", False)),
        (in_a_text(shapes.flag), True, ("yes", False)),
        (in_a_text(shapes.flag), "{", REFUSED),
        (in_a_text(shapes.flag), '{"a": 1, "a": 2}', REFUSED),
        (shapes.required_mapping, {}, ({}, False)),
        (shapes.required_mapping, [], REFUSED),
    ],
)
def test_a_value_is_read_by_its_shape(shape: Shape, value: Parsed, meant: tuple[Any, bool]) -> None:
    assert read_by(shape, value) == meant


def test_a_kind_that_nobody_knows_is_noted_by_its_name_and_a_wrong_value_by_its_place() -> None:
    reader = PartReader()
    assert one_of("left")(reader, "upwards", "row.alignment") == "upwards"
    assert one_of("left")(reader, [], "row.alignment") is None
    assert (list(reader.unknown), list(reader.unread)) == (["row.alignment: upwards"], ["row.alignment"])


def test_a_picture_that_is_spelled_in_a_text_is_cut_out_and_counted() -> None:
    reader = PartReader()
    assert JPEG[40:70] not in str(shapes.text(reader, f"before {JPEG} after", "here"))
    assert reader.removed == 1
    assert reader.spelled == set()
    assert shapes.text(reader, "no picture", "here") == "no picture"
    assert reader.removed == 1


def test_a_picture_that_shows_only_once_its_pieces_are_joined_names_the_key_of_the_message() -> None:
    reader = PartReader()
    assert JPEG[40:70] not in str(reader.join([JPEG[:20], JPEG[20:]], "poll.question"))
    assert reader.spelled == {"poll"}
    assert PartReader().join(["no ", "picture"], "poll.question") == "no picture"


# As a message has it


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
