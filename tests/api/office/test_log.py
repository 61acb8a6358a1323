"""Tiles, entries, proofs and times of entries, as far as the newest checkpoint goes; damage is told and not served."""

import pytest
import sqlalchemy as sa

from api.home import Home
from api.office.log import entry_bundle, entry_time, hash_tile, prove_entry
from casefiles.format.records import Bounds, proven_time
from evidence.canonical import sha256_hex
from evidence.custody.stamps import LoggedStamp, newest_first
from evidence.errors import LeafError, TileError, UnknownItemError
from evidence.log.leaf import parse_leaf
from evidence.log.place import TilePlace
from evidence.log.proof import TlogProof
from evidence.stamp.token import read_token
from evidence.store import database
from evidence.store.database import reading, writing
from tests.homes import items_of, new_case
from tests.nonempty import nonempty


def leaves_of(home: Home) -> list[bytes]:
    with reading(home.engine) as connection:
        return list(connection.execute(sa.select(database.event.c.leaf).order_by(database.event.c.idx)).scalars())


def stamped(home: Home) -> list[LoggedStamp]:
    with reading(home.engine) as connection:
        return list(newest_first(connection))


def test_times_are_those_that_a_bundle_proves(home: Home) -> None:
    for _more in range(3):
        with home.writing() as writer:
            new_case(home, [])
            writer.stamp()
    infos = [(each, read_token(each.token, sha256=bytes.fromhex(sha256_hex(each.note)))) for each in stamped(home)]
    last, *earlier = [
        proven_time(gen_time=info.gen_time, latest=info.latest, size=each.size, token_sha256=each.token_sha256)
        for each, info in infos
    ]
    bounds, covered = Bounds(last, earlier), 0
    for index, leaf in nonempty(enumerate(map(parse_leaf, leaves_of(home)))):
        told = entry_time(home, str(index))
        assert (told.event_id, told.type, told.after) == (leaf.event_id, leaf.type, leaf.after)
        assert told.made_after == bounds.made_after(leaf.after)
        if told.logged_by is None:
            assert index >= last.size
            continue
        by = bounds.in_log_by(index)
        assert (told.logged_by.at, told.logged_by.token_sha256) == (by.by, by.token_sha256)
        assert told.made_after is None or told.made_after <= told.logged_by.at
        covered += 1
    assert covered > 3
    assert len(earlier) > 1


def test_an_entry_is_named_by_its_index_or_its_identifier_whatever_it_is_of(home: Home) -> None:
    new_case(home, [])
    named = {parse_leaf(leaf).event_id: index for index, leaf in enumerate(leaves_of(home))}
    assert {item.item_id for item in items_of(home)} < named.keys()
    for event_id, index in nonempty(named.items()):
        assert entry_time(home, event_id) == entry_time(home, str(index))
        assert TlogProof.parse(prove_entry(home, event_id)).index == index


def test_an_entry_that_the_database_lost_is_not_left_out_of_a_bundle(home: Home) -> None:
    whole = entry_bundle(home, TilePlace(0, 5))
    with writing(home.engine) as connection:
        connection.execute(sa.delete(database.event).where(database.event.c.idx == 2))
    assert whole.startswith(entry_bundle(home, TilePlace(0, 2)))
    for width in (3, 5):
        with pytest.raises(LeafError, match="leaf 2"):
            entry_bundle(home, TilePlace(0, width))
    with pytest.raises(UnknownItemError):
        entry_time(home, "2")


def test_a_tile_that_the_database_lost_is_damage_and_not_absence(home: Home) -> None:
    assert len(hash_tile(home, 0, TilePlace(0, 3))) == 96
    with writing(home.engine) as connection:
        connection.execute(sa.delete(database.tile))
    with pytest.raises(TileError):
        hash_tile(home, 0, TilePlace(0, 3))
    with pytest.raises(TileError):
        prove_entry(home, "0")


def test_without_a_checkpoint_nothing_is_served(home: Home) -> None:
    assert entry_bundle(home, TilePlace(0, 1))
    with writing(home.engine) as connection:
        connection.execute(sa.delete(database.checkpoint))
    for refused in (
        lambda: hash_tile(home, 0, TilePlace(0, 1)),
        lambda: entry_bundle(home, TilePlace(0, 1)),
        lambda: prove_entry(home, "0"),
    ):
        with pytest.raises(UnknownItemError):
            refused()
    assert not entry_time(home, "0").is_signed
