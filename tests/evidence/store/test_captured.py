"""What waits for a second person, what ended and what was confirmed, as the rows tell it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from evidence.errors import UnknownItemError
from evidence.store import database
from evidence.store.captured import (
    CapturedPost,
    captured_at,
    confirmed,
    ended,
    items_captured,
    overdue_captures,
    require_captured,
    require_confirmed,
    waiting_captures,
)
from evidence.store.database import open_engine, sqlite_url
from evidence.times import parse_time

UNTIL = "2026-01-04T00:00:00.000Z"
WAITS, AGREED, ENDED, EMPTY = "a" * 32, "b" * 32, "c" * 32, "d" * 32
OTHER = 4


def named(number: int) -> str:
    return f"{number:032x}"


@pytest.fixture
def rows(tmp_path: Path) -> Iterator[sa.Connection]:
    engine = open_engine(sqlite_url(tmp_path / "x.db"))
    database.metadata.create_all(engine)
    with engine.begin() as connection:
        for index, (request, column) in enumerate(
            ((WAITS, None), (AGREED, "approved_idx"), (ENDED, "closed_idx"), (EMPTY, None)), start=10
        ):
            row = {"request": request, "idx": index, "what": "capture", "due_at": UNTIL}
            connection.execute(sa.insert(database.authority), row | ({column: 90 + index} if column else {}))
        for index, request in enumerate((WAITS, AGREED, ENDED, None), start=1):
            item = {"idx": index, "item_id": named(index), "seen": bytes([index]) * 32, "kind": "message"}
            item |= {"channel_id": "7", "message_id": index, "acquired_at": "2026-01-01T00:00:00.000Z"}
            connection.execute(sa.insert(database.item), item | {"mode": "metadata_only", "capture": request})
        yield connection
    engine.dispose()


def chosen(rows: sa.Connection, condition: sa.ColumnElement[bool]) -> list[int]:
    return list(rows.execute(sa.select(database.item.c.idx).where(condition).order_by("idx")).scalars())


def test_an_item_is_confirmed_or_of_no_capture_or_else_in_no_case(rows: sa.Connection) -> None:
    assert (chosen(rows, confirmed()), chosen(rows, ended())) == ([2, OTHER], [3])
    require_confirmed(rows, [named(2), named(OTHER)])
    for number in (1, 3):
        with pytest.raises(UnknownItemError) as refused:
            require_confirmed(rows, [named(OTHER), named(number)])
        assert refused.value.facts["found"] == named(number)


def test_what_waits_is_told_with_its_end_and_how_much_there_is(rows: sa.Connection) -> None:
    assert [(each.request, each.until, each.items) for each in waiting_captures(rows)] == [
        (WAITS, UNTIL, 1),
        (EMPTY, UNTIL, 0),
    ]
    assert items_captured(rows, WAITS) == [named(1)]
    require_captured(rows, WAITS)
    with pytest.raises(UnknownItemError):
        require_captured(rows, EMPTY)


def test_its_time_is_over_at_its_end_or_once_a_stamp_has_covered_it_for_long_enough(rows: sa.Connection) -> None:
    before, end = parse_time("2026-01-03T23:59:59.999Z"), parse_time(UNTIL)
    assert overdue_captures(rows, before, 0) == []
    assert [each.request for each in overdue_captures(rows, end, 0)] == [WAITS, EMPTY]
    assert [each.request for each in overdue_captures(rows, before, 11)] == [WAITS]


def test_a_message_was_captured_before_unless_that_was_refused(rows: sa.Connection) -> None:
    found = [captured_at(rows, "7", number) for number in (1, 2, 3, OTHER)]
    assert found == [CapturedPost(WAITS, UNTIL), CapturedPost(AGREED, None), None, None]
    again = {"idx": 9, "item_id": named(9), "seen": b"9" * 32, "kind": "message", "channel_id": "7", "message_id": 2}
    again |= {"acquired_at": UNTIL, "mode": "metadata_only", "capture": WAITS}
    rows.execute(sa.insert(database.item), again)
    assert captured_at(rows, "7", 2) == CapturedPost(AGREED, None)
