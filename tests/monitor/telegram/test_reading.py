"""Values become what a content takes, and what does not fit is noted with its place."""

import pytest
from telethon.tl import types

from evidence.content import Number, NumberKind, Person
from evidence.observation import HoleReason
from monitor.telegram.reading import (
    Reading,
    always,
    code_after,
    fraction,
    integer,
    list_of,
    moment,
    named,
    peer,
    phone,
    text,
)
from monitor.telegram.tree import told
from tests.monitor.telegram.generated import DAY
from tests.monitor.telegram.reads import PEERS


@pytest.mark.parametrize(
    ("value", "spelled"),
    [(41.9981, "41.9981"), (-21.0, "-21"), (0.0, "0"), (1e-7, "0.0000001"), (12, "12"), (1e19, "10000000000000000000")],
)
def test_a_fraction_has_its_digits(value: float, spelled: str) -> None:
    assert fraction(Reading(PEERS), value, "lat") == spelled


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e30])
def test_a_number_of_no_known_form_is_noted(value: float) -> None:
    reading = Reading(PEERS)
    assert fraction(reading, value, "lat") is None
    assert list(reading.notes[HoleReason.UNREAD]) == ["lat"]
    assert reading.unknown_sha256() is not None


def test_shapes_give_what_a_content_takes() -> None:
    reading = Reading(PEERS)
    assert integer(reading, -5, "id") == "-5"
    assert moment(reading, DAY, "date") == "2026-01-01T12:00:00.000Z"
    assert phone(reading, "+389", "phone") == Number(NumberKind.PHONE, "+389")
    assert (text(reading, "", "x"), named(reading, "", "x")) == (None, None)
    assert peer(reading, told(types.PeerUser(77)), "from") == Person("user77", "Mira N", "@mira")
    assert list_of(text)(reading, ["a", "", "b"], "x") == ("a", "b")
    assert always("used")(reading, True, "x") == "used"
    discarded = told(types.PhoneCallDiscardReasonBusy())
    assert code_after("PhoneCallDiscardReason")(reading, discarded, "reason") == "busy"
    assert not reading.notes
    assert reading.unknown_sha256() is None


def test_another_object_where_a_peer_should_stand_is_noted() -> None:
    reading = Reading(PEERS)
    assert peer(reading, told(types.User(3)), "from") is None
    assert moment(reading, None, "date") is None
    assert {reason: list(noted) for reason, noted in reading.notes.items()} == {
        HoleReason.UNKNOWN: ["from: User"],
        HoleReason.BAD_DATE: ["date"],
    }


def test_what_is_withheld_by_telegram_is_no_lack_of_understanding() -> None:
    reading = Reading(PEERS)
    reading.note(HoleReason.PAYWALL, "5 stars")
    reading.note(HoleReason.UNAVAILABLE, "StoryItemDeleted", 4)
    assert reading.unknown_sha256() is None


def test_what_was_put_first_stays() -> None:
    reading = Reading(PEERS)
    reading.tell("reply.message_id", "1")
    reading.tell("reply.message_id", "2")
    reading.tell("reply.quote", None)
    assert reading.found == {"reply": {"message_id": "1"}}
