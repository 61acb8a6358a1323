"""A message of an older source is absent from a newer export only where that export should have it."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from evidence.intake.absent import with_absent
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
    found = list(with_absent(engine, channel_id, contents))
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
