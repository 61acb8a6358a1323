"""What stands in the way of an erasure, as the rows say it: a hold of the item, or of a case that has it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from evidence.errors import AuthorityError
from evidence.store import database
from evidence.store.database import open_engine, sqlite_url
from evidence.store.hold import (
    binding_holds,
    ended_by,
    held_freezes,
    held_since_frozen,
    not_held,
    require_not_held,
    standing_holds,
)
from tests.nonempty import nonempty

NOW, EARLIER, LATER = (f"2026-03-0{day}T00:00:00.000Z" for day in (5, 4, 6))
ITEM, OTHER, IN_CASE = "a" * 32, "b" * 32, "c" * 32


@pytest.fixture
def rows(tmp_path: Path) -> Iterator[sa.Connection]:
    engine = open_engine(sqlite_url(tmp_path / "x.db"))
    database.metadata.create_all(engine)
    with engine.begin() as connection:
        connection.execute(sa.insert(database.case_file), {"case_id": "case-1", "idx": 1, "opened_at": NOW})
        connection.execute(sa.insert(database.case_item), {"idx": 2, "case_id": "case-1", "item_id": IN_CASE})
        yield connection
    engine.dispose()


def hold(rows: sa.Connection, idx: int, item: str = "", *, kind: str = "legal", **more: object) -> str:
    told = {"idx": idx, "item_id": item, "hold_id": f"{idx:032x}", "kind": kind, "until": EARLIER, **more}
    rows.execute(sa.insert(database.hold), told)
    return str(told["hold_id"])


def test_an_item_is_held_by_name_or_with_the_case_that_has_it(rows: sa.Connection) -> None:
    by_name, by_case = hold(rows, 3, ITEM), hold(rows, 4, case_id="case-1", kind="police")
    assert binding_holds(rows, [ITEM, OTHER, IN_CASE]) == {ITEM: by_name, IN_CASE: by_case}
    with pytest.raises(AuthorityError) as caught:
        require_not_held(rows, [OTHER, ITEM])
    assert (caught.value.code, caught.value.facts["found"]) == ("authority.held", by_name)
    rows.execute(sa.update(database.case_item).values(removed_idx=9))  # one person may do that
    assert binding_holds(rows, [IN_CASE]) == {IN_CASE: by_case}
    rows.execute(sa.update(database.case_item).values(removed_idx=3))  # the control: before the hold
    assert binding_holds(rows, [IN_CASE]) == {}


def test_no_day_ends_a_hold_that_binds_and_an_entry_does(rows: sa.Connection) -> None:
    mine = hold(rows, 3, ITEM)
    assert [each.hold_id for each in standing_holds(rows)] == [mine]
    rows.execute(sa.update(database.hold).values(ended_idx=8))
    require_not_held(rows, [ITEM])
    assert (standing_holds(rows), ended_by(rows, 8)) == ([], {mine})


def test_a_renewal_keeps_until_its_day_and_stands_in_no_ones_way(rows: sa.Connection) -> None:
    hold(rows, 3, ITEM, kind="renewal", until=LATER)
    require_not_held(rows, [ITEM])
    row = {
        "idx": 1,
        "item_id": ITEM,
        "seen": b"",
        "kind": "message",
        "channel_id": "1",
        "acquired_at": NOW,
        "mode": "x",
    }
    rows.execute(sa.insert(database.item), row)
    wanted = sa.select(database.item.c.item_id)
    for now, found in nonempty([(NOW, []), ("2026-03-07T00:00:00.000Z", [ITEM])]):
        assert list(rows.execute(wanted.where(not_held(database.item, now=now))).scalars()) == found


def frozen(rows: sa.Connection, idx: int, *items: str) -> None:
    for item in items:
        told = {"idx": idx, "item_id": item, "frozen_at": NOW, "channel_id": "1", "message_id": 5}
        rows.execute(sa.insert(database.frozen), told)


def test_a_freeze_is_decided_if_all_of_it_is_held_for_the_police_since(rows: sa.Connection) -> None:
    for idx, named in ((20, ITEM), (21, OTHER)):
        row = {"idx": idx, "item_id": named, "seen": bytes([idx]), "kind": "message", "channel_id": "1"}
        rows.execute(sa.insert(database.item), row | {"acquired_at": NOW, "mode": "x"})
    hold(rows, 22, ITEM, kind="police")
    frozen(rows, 30, ITEM, OTHER)
    assert (held_freezes(rows), held_since_frozen(rows, [ITEM, OTHER])) == (frozenset(), frozenset())
    hold(rows, 31, ITEM, kind="police")
    assert (held_freezes(rows), held_since_frozen(rows, [ITEM, OTHER])) == (frozenset(), frozenset({ITEM}))
    hold(rows, 32, OTHER, kind="legal")
    assert held_freezes(rows) == frozenset()
    hold(rows, 33, OTHER, kind="police")
    assert (held_freezes(rows), held_since_frozen(rows, [ITEM, OTHER])) == ({30}, {ITEM, OTHER})
    rows.execute(sa.update(database.hold).where(database.hold.c.idx == 33).values(ended_idx=40))
    assert (held_freezes(rows), held_since_frozen(rows, [ITEM, OTHER])) == (frozenset(), {ITEM, OTHER})
