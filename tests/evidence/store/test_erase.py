"""Every table of the database has its place in what erasure destroys, and the tombstone is all that stays."""

import pytest
import sqlalchemy as sa

from evidence.store import database
from evidence.store.erase import CLASSES, Tombstone, require_not_erased
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
