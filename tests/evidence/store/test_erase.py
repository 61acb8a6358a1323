"""Every table of the database has its place in what erasure destroys, and the tombstone is all that stays."""

from pathlib import Path

import pytest
import sqlalchemy as sa

from evidence.store import database
from evidence.store.database import open_engine, sqlite_url
from evidence.store.erase import CLASSES, Tombstone, erased_with, require_not_erased
from tests.nonempty import nonempty


def test_every_table_has_its_place_in_what_erasure_destroys() -> None:
    assert CLASSES.keys() == database.metadata.tables.keys()


def test_a_table_of_which_nothing_is_destroyed_says_why() -> None:
    spared = {name: why for name, why in CLASSES.items() if isinstance(why, str)}
    assert all(nonempty(list(spared.values())))
    # none of them has the place, the marks or the sealed parts of an item
    telling = {"channel_id", "message_id", "seen", "said", "part", "album", "posted_at", "body"}
    with_them = {name for name in spared if telling & {column.name for column in database.metadata.tables[name].c}}
    assert with_them == {"channel", "extent"}  # which say it of a channel, and of an export of it


def test_what_needs_the_rows_of_items_comes_before_they_go() -> None:
    order = list(CLASSES)
    assert order.index("task") < order.index("item")
    assert order.index("frozen") < order.index("tombstone")


@pytest.mark.parametrize(
    "stone",
    [
        Tombstone(3, None, b"h" * 32),
        Tombstone(7, "ab" * 16, b"s" * 32, b"u" * 32, b"p" * 8),
        Tombstone(9, "ab" * 16, b"s" * 32, None, b"p" * 8),
    ],
)
def test_a_tombstone_is_read_as_it_was_written(stone: Tombstone) -> None:
    assert Tombstone.read(stone.value()) == stone


def test_nothing_was_erased_of_a_database_that_is_new() -> None:
    engine = sa.create_engine("sqlite://")
    with engine.connect() as connection:
        database.metadata.create_all(connection)
        require_not_erased(connection, ["ab" * 16])
    engine.dispose()


def test_a_hole_goes_with_an_item_of_its_own_capture_and_not_with_one_of_another_source(tmp_path: Path) -> None:
    engine = open_engine(sqlite_url(tmp_path / "x.db"))
    database.metadata.create_all(engine)
    place = {"channel_id": "7", "part": b"x" * 16}
    with engine.begin() as connection:
        for index, capture in enumerate((None, "a" * 32, "b" * 32)):
            item = {"idx": index, "item_id": f"{index:032x}", "seen": bytes([index]) * 32, "kind": "message"}
            item |= {"message_id": 1, "acquired_at": "2026-01-01T00:00:00.000Z", "mode": "metadata_only"}
            connection.execute(sa.insert(database.item), item | place | {"capture": capture})
            hole = {"idx": 10 + index, "seen": bytes([index]) * 32, "lo": 1, "hi": 1, "reason": "mode"}
            hole |= {"since": "2026-01-01T00:00:00.000Z", "capture": capture}
            connection.execute(sa.insert(database.hole), hole | place)
        for index in range(3):
            assert [each.index for each in erased_with(connection, [f"{index:032x}"])] == [index, 10 + index]
    engine.dispose()
