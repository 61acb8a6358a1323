"""What is due, as the rows tell it: after a year if no case has it, sooner if it is a bystander's text."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from evidence.errors import AuthorityError
from evidence.store import database
from evidence.store.database import open_engine, sqlite_url
from evidence.store.retention import RetentionTerms, count_due, due_items, require_due
from evidence.times import parse_time
from tests.nonempty import nonempty

KEPT = "2026-01-01T00:00:00.000Z"
TERMS = RetentionTerms(unclaimed_days=365, bystander_days=90)
TEXT, PICTURED, FILE, MISSING, ELSEWHERE = range(1, 6)


def named(number: int) -> str:
    return f"{number:032x}"


@pytest.fixture
def rows(tmp_path: Path) -> Iterator[sa.Connection]:
    engine = open_engine(sqlite_url(tmp_path / "x.db"))
    database.metadata.create_all(engine)
    with engine.begin() as connection:
        told = {"idx": 1, "mode": "sealed", "access": "public"}
        connection.execute(sa.insert(database.channel), told | {"channel": "c", "channel_id": "7"})
        for idx, kind, channel, message in (
            (TEXT, "message", "7", 1),
            (PICTURED, "message", "7", 2),
            (FILE, "file", "7", 2),
            (MISSING, "message", "7", 3),
            (ELSEWHERE, "message", "8", 1),
        ):
            item = {"idx": idx, "item_id": named(idx), "seen": bytes([idx]) * 32, "kind": kind, "mode": "sealed"}
            item |= {"channel_id": channel, "message_id": message, "acquired_at": KEPT}
            connection.execute(sa.insert(database.item), item)
        hole = {"idx": 9, "seen": b"", "part": b"x" * 16, "channel_id": "7", "lo": 3, "hi": 3}
        connection.execute(sa.insert(database.hole), hole | {"reason": "mode", "since": KEPT})
        yield connection
    engine.dispose()


def due(rows: sa.Connection, at: str = "2026-05-01") -> set[int]:
    now = parse_time(f"{at}T00:00:00.000Z")
    found = {index for index, _item in due_items(rows, TERMS, now, limit=100)}
    assert count_due(rows, TERMS, now) == len(found)
    return found


def test_a_bystanders_text_of_a_registered_channel_is_due_sooner_than_anything_beside_a_picture(
    rows: sa.Connection,
) -> None:
    assert due(rows, "2026-03-01") == set()
    assert due(rows) == {TEXT}
    assert due(rows, "2027-01-03") == {TEXT, PICTURED, FILE, MISSING, ELSEWHERE}


def test_a_case_a_freeze_and_a_hold_keep_it(rows: sa.Connection) -> None:
    rows.execute(sa.insert(database.case_file), {"case_id": "case-1", "idx": 20, "opened_at": KEPT})
    rows.execute(sa.insert(database.case_item), {"idx": 21, "case_id": "case-1", "item_id": named(TEXT)})
    frozen = {"idx": 22, "item_id": named(ELSEWHERE), "channel_id": "8", "message_id": 1, "frozen_at": KEPT}
    rows.execute(sa.insert(database.frozen), frozen)
    hold = {"idx": 23, "item_id": named(FILE), "hold_id": "f" * 32, "kind": "legal", "until": KEPT}
    rows.execute(sa.insert(database.hold), hold)
    assert due(rows, "2027-01-03") == {PICTURED, MISSING}
    rows.execute(sa.update(database.case_item).values(removed_idx=30))
    assert TEXT in due(rows)


def test_what_a_case_gave_up_within_the_notice_or_while_it_was_held_is_not_due(rows: sa.Connection) -> None:
    now = parse_time("2026-05-01T00:00:00.000Z")
    rows.execute(sa.insert(database.case_file), {"case_id": "case-1", "idx": 20, "opened_at": KEPT})
    given_up = {"idx": 21, "case_id": "case-1", "item_id": named(TEXT), "removed_idx": 30}
    rows.execute(sa.insert(database.case_item), given_up)
    for first, found in nonempty([(30, []), (31, [(TEXT, named(TEXT))])]):
        assert due_items(rows, replace(TERMS, released_from=first), now, limit=9) == found
    hold = {"idx": 25, "item_id": "", "hold_id": "f" * 32, "case_id": "case-1", "kind": "legal", "until": KEPT}
    rows.execute(sa.insert(database.hold), hold)
    assert due(rows) == set()
    rows.execute(sa.update(database.hold).values(ended_idx=40))
    assert due(rows) == {TEXT}  # the control


def test_of_what_goes_together_all_must_be_due(rows: sa.Connection) -> None:
    now = parse_time("2026-05-01T00:00:00.000Z")
    require_due(rows, TERMS, now, [named(TEXT)])
    with pytest.raises(AuthorityError):
        require_due(rows, TERMS, now, [named(TEXT), named(FILE)])


def test_a_run_goes_on_behind_what_it_has_seen(rows: sa.Connection) -> None:
    now = parse_time("2027-01-03T00:00:00.000Z")
    first = due_items(rows, TERMS, now, limit=2)
    rest = due_items(rows, TERMS, now, after=first[-1][0], limit=9)
    assert [index for index, _item in [*first, *rest]] == [TEXT, PICTURED, FILE, MISSING, ELSEWHERE]
