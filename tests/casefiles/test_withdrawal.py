"""What a closed case still has, as the rows tell it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from casefiles.withdrawal import WITHIN, closed_case, closed_cases, shared_items
from evidence.store import database
from evidence.store.database import open_engine, sqlite_url

NOW = "2026-03-05T00:00:00.000Z"
HERS, HELD, FROZEN, BOTH, GONE = (letter * 32 for letter in "abcde")


@pytest.fixture
def rows(tmp_path: Path) -> Iterator[sa.Connection]:
    engine = open_engine(sqlite_url(tmp_path / "x.db"))
    database.metadata.create_all(engine)
    with engine.begin() as connection:
        cases = [{"case_id": f"case-{name}", "idx": name, "opened_at": NOW} for name in (1, 2)]
        connection.execute(sa.insert(database.case_file), cases)
        held = [("case-1", each) for each in (HERS, HELD, FROZEN, BOTH, GONE)] + [("case-2", BOTH)]
        added = [{"idx": 20 + place, "case_id": case, "item_id": item} for place, (case, item) in enumerate(held)]
        connection.execute(sa.insert(database.case_item), added)
        kept = {"kind": "message", "channel_id": "1", "acquired_at": NOW, "mode": "sealed"}
        items = [
            kept | {"idx": idx, "item_id": item, "seen": item.encode()[:32], "message_id": idx}
            for idx, item in enumerate((HERS, HELD, FROZEN, BOTH), start=3)
        ]
        connection.execute(sa.insert(database.item), items)
        hold = {"idx": 11, "item_id": HELD, "hold_id": "f" * 32, "kind": "legal", "until": NOW}
        connection.execute(sa.insert(database.hold), hold)
        connection.execute(
            sa.insert(database.frozen), {"idx": 12, "item_id": FROZEN, "channel_id": "1", "frozen_at": NOW}
        )
        yield connection
    engine.dispose()


def test_a_case_that_nobody_closed_is_open(rows: sa.Connection) -> None:
    assert (closed_case(rows, "case-1"), closed_cases(rows)) == (None, [])


def test_a_closed_case_sorts_what_goes_from_what_is_kept(rows: sa.Connection) -> None:
    rows.execute(
        sa.update(database.case_file)
        .where(database.case_file.c.case_id == "case-1")
        .values(withdrawn_idx=30, withdrawn_at=NOW)
    )
    (closed,) = closed_cases(rows)
    assert closed.goes == (HERS, BOTH)
    assert (dict(closed.held), closed.frozen) == ({HELD: "f" * 32}, {FROZEN})
    assert closed.due_at - closed.since == WITHIN


def test_what_another_case_has_too_is_shared_until_one_gives_it_up(rows: sa.Connection) -> None:
    assert shared_items(rows, "case-1") == [BOTH]
    rows.execute(sa.update(database.case_item).where(database.case_item.c.case_id == "case-2").values(removed_idx=40))
    assert shared_items(rows, "case-1") == []
