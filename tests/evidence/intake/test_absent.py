"""A message of an older source is absent from a newer export only where that export should have it."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from evidence.intake.absent import Absences
from evidence.observation import Gone, Hole, HoleReason, Kind, Observation
from evidence.store import database
from evidence.times import format_time

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
PLACE = "42"


def at(day: int) -> datetime:
    return BEGAN + timedelta(days=day)


@pytest.fixture
def engine(tmp_path: Path) -> sa.Engine:
    """A store of the messages 1 to 9, each posted on the day of its number and kept on the tenth."""
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'store'}")
    database.metadata.create_all(engine)
    with engine.begin() as connection:
        for number in range(1, 10):
            connection.execute(sa.insert(database.item), row(number))
    return engine


def row(number: int, **other: object) -> dict[str, Any]:
    kept = {"idx": number, "item_id": f"{number:032}", "seen": bytes(32), "kind": "message", "channel_id": PLACE}
    posted = {"posted_at": format_time(at(number)), "acquired_at": format_time(at(10))}
    return {**kept, **posted, "message_id": number, "mode": "metadata_only", **other}


def message(number: int, sender: str | None = None, day: int | None = None) -> Observation:
    sender = sender or f"user{number % 2}"
    posted = at(number if day is None else day)
    return Observation(Kind.MESSAGE, PLACE, number, posted, {"sender_id": sender})


def absent(engine: sa.Engine, contents: Sequence[Observation | Hole], channel_id: str = PLACE) -> list[int | None]:
    found = list(Absences(engine, channel_id).passing(contents))
    assert found[: len(contents)] == list(contents)
    added = found[len(contents) :]
    assert all(isinstance(each, Observation) and each.kind is Kind.DELETION for each in added)
    assert all(isinstance(each, Observation) and each.fields == {"action": Gone.MISSING.value} for each in added)
    return [each.message_id for each in added if isinstance(each, Observation)]


def test_what_lies_between_its_first_and_its_last_message_and_is_not_there_is_absent(engine: sa.Engine) -> None:
    assert absent(engine, [message(3), message(4), message(7), message(12)]) == [5, 6, 8, 9]
    assert absent(engine, [message(number) for number in range(1, 10)]) == []


def test_what_a_source_said_to_be_gone_is_not_said_again(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        connection.execute(sa.insert(database.item), row(50, message_id=5, kind="deletion", gone="told"))
    assert absent(engine, [message(3), message(4), message(7), message(12)]) == [6, 8, 9]


def test_an_export_that_is_older_lacks_nothing(engine: sa.Engine) -> None:
    older = [message(3), message(4), message(7)]
    assert absent(engine, older) == []
    # the control: it has a message of the day after all was kept, though its number is lower than what came since
    with engine.begin() as connection:
        connection.execute(sa.insert(database.item), row(90, acquired_at=format_time(at(40))))
    assert absent(engine, [*older, message(12, day=11)]) == [5, 6, 8, 9]


@pytest.mark.parametrize(
    ("contents", "place"),
    [
        ([], PLACE),
        ([message(1), message(12)], "group42"),
        ([message(1), message(12)], "export0123456789abcdef"),
        ([message(1, "user1"), message(12, "user1")], PLACE),
        ([message(1), message(12), Hole(PLACE, HoleReason.OWN_ONLY, BEGAN)], PLACE),
    ],
)
def test_an_export_that_need_not_have_it_lacks_nothing(
    engine: sa.Engine, contents: list[Observation | Hole], place: str
) -> None:
    assert absent(engine, contents, place) == []


def test_the_posts_of_a_channel_have_one_sender(engine: sa.Engine) -> None:
    assert absent(engine, [message(8, f"channel{PLACE}"), message(12, f"channel{PLACE}")]) == [9]


def test_numbers_of_the_group_before_are_of_one_account_and_never_absent(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        connection.execute(sa.insert(database.item), row(60, message_id=-999_999_990))
    assert absent(engine, [message(-999_999_995, day=1), message(8, "user1"), message(12, "user2")]) == [9]


def test_pages_tell_senders_by_their_names(engine: sa.Engine) -> None:
    named = (Observation(Kind.MESSAGE, PLACE, number, None, {"sender_name": f"K{number}"}) for number in (7, 12))
    assert absent(engine, list(named)) == [8, 9]


def test_a_message_of_another_time_is_not_absent(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        connection.execute(sa.update(database.item).where(database.item.c.message_id == 5), {"posted_at": "2020-01-01"})
    assert absent(engine, [message(3), message(4), message(7), message(12)]) == [6, 8, 9]


def spans(engine: sa.Engine, lo: int, hi: int, idx: int = 0, **days: str | None) -> None:
    """An export of everybody's messages that was taken in before."""
    row = {"since": format_time(at(lo)), "until": format_time(at(hi))} | days
    with engine.begin() as connection:
        connection.execute(sa.insert(database.extent), {"idx": idx, "channel_id": PLACE, "lo": lo, "hi": hi, **row})


def lacked(engine: sa.Engine, contents: Sequence[Observation | Hole], *, kept: bool = True) -> dict[int | None, object]:
    """The messages that an earlier export is said to lack, and which; all of the contents are kept already."""
    absences = Absences(engine, PLACE)
    list(absences.passing(contents))
    found = list(absences.lacked(kept=kept))
    assert all((each.kind, each.gone) == (Kind.DELETION, Gone.LACKED) for each in found)
    return {each.message_id: each.fields["acquisition"] for each in found}


def test_what_was_first_kept_after_a_newer_export_is_lacking_there(engine: sa.Engine) -> None:
    older = [message(number) for number in range(3, 8)]
    assert lacked(engine, older) == {}
    spans(engine, 4, 12, idx=5)
    assert lacked(engine, older) == {6: {"entry": "5"}, 7: {"entry": "5"}}
    # not before its first message, and only what is kept, but for a dry run
    assert lacked(engine, [*older, message(11)]) == lacked(engine, older)
    assert lacked(engine, [*older, message(11)], kept=False) == lacked(engine, older) | {11: {"entry": "5"}}


@pytest.mark.parametrize(
    "row",
    [
        {"lo": 1, "hi": 6},  # it goes less far than the older one
        {"lo": 7, "hi": 12},  # it begins later
        {"lo": 1, "hi": 12, "until": format_time(at(2))},  # by its days it ends before
        {"lo": 1, "hi": 12, "since": format_time(at(8))},  # by its days it begins later
        {"lo": 1, "hi": 12, "idx": 9},  # what came before it was known when it was taken in
    ],
)
def test_an_export_lacks_nothing_outside_of_its_own_span(engine: sa.Engine, row: dict[str, Any]) -> None:
    spans(engine, **row)
    assert lacked(engine, [message(number) for number in range(3, 8)]) == {}


def test_what_is_said_to_be_gone_or_is_frozen_is_not_lacking(engine: sa.Engine) -> None:
    spans(engine, 1, 12)
    older = [message(number) for number in range(3, 8)]
    assert set(lacked(engine, older)) == {3, 4, 5, 6, 7}
    frozen = {"idx": 70, "item_id": f"{6:032}", "channel_id": PLACE, "message_id": 6, "frozen_at": format_time(at(20))}
    with engine.begin() as connection:
        connection.execute(sa.insert(database.item), row(50, message_id=5, kind="deletion", gone="told"))
        connection.execute(sa.insert(database.frozen), frozen)
    assert set(lacked(engine, older)) == {3, 4, 7}


def extent_of(engine: sa.Engine, contents: Sequence[Observation | Hole], channel_id: str = PLACE) -> object:
    absences = Absences(engine, channel_id)
    list(absences.passing(contents))
    return absences.extent()


def test_the_extent_says_what_an_export_spans_and_whose_messages_it_has(engine: sa.Engine) -> None:
    days = {"since": format_time(at(3)), "until": format_time(at(12))}
    told = {"lo": "3", "hi": "12", **days}
    many, one = [message(3), message(12)], [message(3, "user1"), message(12, "user1")]
    own = Hole(PLACE, HoleReason.OWN_ONLY, BEGAN)
    assert extent_of(engine, many) == told | {"of": "everybody"}
    assert extent_of(engine, one) == extent_of(engine, [*many, own]) == told | {"of": "some"}
    assert extent_of(engine, many, "group42") == told | {"of": "some"}
    undated = [Observation(Kind.MESSAGE, PLACE, 7, None, {"sender_id": f"channel{PLACE}"})]
    assert extent_of(engine, undated) == {"lo": "7", "hi": "7", "since": None, "until": None, "of": "everybody"}
    assert extent_of(engine, [message(-5), own]) is None
