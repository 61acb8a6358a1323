"""Tiles and the proofs made from them, against the definitions and under damage."""

import pymerkle
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.errors import ConsistencyProofError, InclusionProofError, TileError
from evidence.log.merkle import EMPTY_ROOT, verify_consistency, verify_inclusion
from evidence.log.tiles import TILE, consistency_path, grow, inclusion_path, tree_root
from tests.evidence.log import reference
from tests.evidence.log.reference import MemoryTiles
from tests.nonempty import nonempty

LEAVES = reference.leaf_hashes(66_000)
BORDERS = [255, 256, 257, 511, 512, 513, 65_535, 65_536, 65_537]


def tiles_of(size: int) -> MemoryTiles:
    return MemoryTiles(grow(MemoryTiles(), size=0, leaf_hashes=LEAVES[:size]))


WIDE = tiles_of(66_000)
"""Tiles that have grown beyond every tree here; a hash in a tile never changes."""


@pytest.mark.parametrize("size", [0, 1, 2, 255, 256, 257, 600])
def test_tiles_hold_what_the_specification_says(size: int) -> None:
    assert tiles_of(size).kept == reference.tiles_by_definition(LEAVES[:size])


def test_tiles_of_three_levels_hold_what_the_specification_says() -> None:
    assert WIDE.kept == reference.tiles_by_definition(LEAVES)


@settings(deadline=None)
@given(st.lists(st.integers(0, 400), max_size=6))
def test_growing_in_any_steps_gives_the_tiles_of_growing_at_once(steps: list[int]) -> None:
    tiles, size = MemoryTiles(), 0
    for step in steps:
        tiles.kept |= grow(tiles, size=size, leaf_hashes=LEAVES[size : size + step])
        size += step
    assert tiles.kept == tiles_of(size).kept


@pytest.mark.parametrize("border", BORDERS)
def test_growing_one_by_one_over_a_border_gives_the_tiles_of_growing_at_once(border: int) -> None:
    tiles = tiles_of(border - 2)
    for size in range(border - 2, border + 2):
        tiles.kept |= grow(tiles, size=size, leaf_hashes=LEAVES[size : size + 1])
    assert tiles.kept == tiles_of(border + 2).kept


def test_growing_returns_only_tiles_that_change() -> None:
    tiles = tiles_of(600)
    changed = grow(tiles, size=600, leaf_hashes=LEAVES[600:601])
    assert set(changed) == {(0, 2)}
    assert grow(tiles, size=600, leaf_hashes=[]) == {}
    assert set(grow(tiles, size=600, leaf_hashes=LEAVES[600:768])) == {(0, 2), (1, 0)}


@settings(deadline=None)
@given(st.integers(0, 600))
def test_roots_follow_the_definition(size: int) -> None:
    assert tree_root(WIDE, size=size) == reference.mth(LEAVES[:size])
    assert tree_root(tiles_of(size), size=size) == reference.mth(LEAVES[:size])


@pytest.mark.parametrize("size", BORDERS)
def test_roots_follow_the_definition_around_tile_borders(size: int) -> None:
    assert tree_root(WIDE, size=size) == tree_root(tiles_of(size), size=size) == reference.mth(LEAVES[:size])


def test_the_empty_tree_has_a_root_and_needs_no_tile() -> None:
    assert tree_root(MemoryTiles(), size=0) == EMPTY_ROOT


@settings(deadline=None)
@given(st.data(), st.integers(1, 600))
def test_inclusion_paths_follow_the_definition(data: st.DataObject, size: int) -> None:
    index = data.draw(st.integers(0, size - 1))
    expected = reference.path(index, LEAVES[:size])
    assert inclusion_path(tiles_of(size), index=index, size=size) == expected
    assert inclusion_path(WIDE, index=index, size=size) == expected


@pytest.mark.parametrize("size", BORDERS)
def test_inclusion_paths_follow_the_definition_around_tile_borders(size: int) -> None:
    for index in {0, 1, 254, 255, 256, size // 2, size - 2, size - 1}:
        if index < size:
            assert inclusion_path(WIDE, index=index, size=size) == reference.path(index, LEAVES[:size])


@settings(deadline=None)
@given(st.data(), st.integers(1, 600))
def test_consistency_paths_follow_the_definition(data: st.DataObject, new_size: int) -> None:
    old_size = data.draw(st.integers(1, new_size))
    expected = reference.proof(old_size, LEAVES[:new_size])
    assert consistency_path(tiles_of(new_size), old_size=old_size, new_size=new_size) == expected
    assert consistency_path(WIDE, old_size=old_size, new_size=new_size) == expected


@pytest.mark.parametrize("new_size", BORDERS)
def test_consistency_paths_follow_the_definition_around_tile_borders(new_size: int) -> None:
    for old_size in {1, 2, 3, 254, 255, 256, 257, new_size // 2, new_size - 1, new_size}:
        if old_size <= new_size:
            path = consistency_path(WIDE, old_size=old_size, new_size=new_size)
            assert path == reference.proof(old_size, LEAVES[:new_size])


@settings(deadline=None)
@given(st.data(), st.integers(2, 66_000))
def test_what_is_proven_from_tiles_verifies_at_any_size(data: st.DataObject, new_size: int) -> None:
    old_size = data.draw(st.integers(0, new_size))
    index = data.draw(st.integers(0, new_size - 1))
    root = tree_root(WIDE, size=new_size)
    verify_inclusion(
        leaf=reference.entry(index),
        index=index,
        tree_size=new_size,
        path=inclusion_path(WIDE, index=index, size=new_size),
        root=root,
    )
    verify_consistency(
        old_size=old_size,
        old_root=tree_root(WIDE, size=old_size),
        new_size=new_size,
        new_root=root,
        path=consistency_path(WIDE, old_size=old_size, new_size=new_size),
    )


@pytest.mark.parametrize("size", [1, 2, 7, 255, 256, 257, 1000])
def test_a_foreign_tree_makes_the_same_paths(size: int) -> None:
    foreign = pymerkle.InmemoryTree(algorithm="sha256")
    for number in range(size):
        foreign.append_entry(reference.entry(number))
    assert tree_root(WIDE, size=size) == foreign.get_root(size)
    for index in {0, size // 3, size // 2, size - 1}:
        proof = foreign.prove_inclusion(index + 1, size)
        assert [LEAVES[index], *inclusion_path(WIDE, index=index, size=size)] == proof.path


@pytest.mark.parametrize("size", [2, 7, 255, 256, 257, 1000])
def test_a_foreign_verifier_accepts_our_paths_and_refuses_them_damaged(size: int) -> None:
    foreign = pymerkle.InmemoryTree(algorithm="sha256")
    for number in range(size):
        foreign.append_entry(reference.entry(number))
    root = tree_root(WIDE, size=size)
    for index in {0, size // 3, size - 1}:
        proof = foreign.prove_inclusion(index + 1, size)
        proof.path = [LEAVES[index], *inclusion_path(WIDE, index=index, size=size)]
        pymerkle.verify_inclusion(LEAVES[index], root, proof, index=index + 1, size=size)
        proof.path[-1] = bytes(32)
        with pytest.raises(pymerkle.InvalidProof):
            pymerkle.verify_inclusion(LEAVES[index], root, proof, index=index + 1, size=size)


def test_a_proof_reads_few_tiles() -> None:
    size = 65_999
    for index in nonempty(range(0, size, 997)):
        WIDE.reads = 0
        inclusion_path(WIDE, index=index, size=size)
        consistency_path(WIDE, old_size=index + 1, new_size=size)
        # the entry's tile and the tree's last one, at each of three levels, for either proof
        assert WIDE.reads <= 2 * 2 * 3


@pytest.mark.parametrize(("index", "size"), [(0, 0), (1, 1), (-1, 1), (7, 5), (0, -1)])
def test_a_path_for_an_index_outside_the_tree_is_refused(index: int, size: int) -> None:
    with pytest.raises(InclusionProofError, match="no such entry"):
        inclusion_path(WIDE, index=index, size=size)


@pytest.mark.parametrize(("old_size", "new_size"), [(2, 1), (-1, 1), (0, -1)])
def test_a_path_back_is_refused(old_size: int, new_size: int) -> None:
    with pytest.raises(ConsistencyProofError, match="went back"):
        consistency_path(WIDE, old_size=old_size, new_size=new_size)


def test_where_nothing_is_to_be_proven_no_tile_is_read() -> None:
    assert consistency_path(MemoryTiles(), old_size=0, new_size=5) == []
    assert consistency_path(MemoryTiles(), old_size=5, new_size=5) == []


def test_a_negative_size_is_refused() -> None:
    with pytest.raises(TileError, match="negative"):
        tree_root(WIDE, size=-1)
    with pytest.raises(TileError, match="negative"):
        grow(WIDE, size=-1, leaf_hashes=LEAVES[:1])


def test_an_absent_tile_is_an_error_and_not_another_root() -> None:
    for absent in nonempty(tiles_of(600).kept):
        tiles = tiles_of(600)
        del tiles.kept[absent]
        if absent in {(0, 2), (1, 0)}:
            with pytest.raises(TileError):
                tree_root(tiles, size=600)
        else:
            with pytest.raises(TileError):
                inclusion_path(tiles, index=absent[1] * TILE, size=600)


@pytest.mark.parametrize("missing_bytes", [1, 31, 32, 64])
def test_a_tile_that_is_too_short_is_an_error(missing_bytes: int) -> None:
    tiles = tiles_of(600)
    tiles.kept[0, 2] = tiles.kept[0, 2][:-missing_bytes]
    with pytest.raises(TileError):
        tree_root(tiles, size=600)


@pytest.mark.parametrize(("tile", "added_bytes"), [((0, 0), 32), ((0, 0), 1), ((1, 0), 1)])
def test_a_tile_that_is_too_long_is_an_error(tile: tuple[int, int], added_bytes: int) -> None:
    tiles = tiles_of(600)
    tiles.kept[tile] += bytes(added_bytes)
    with pytest.raises(TileError, match="not a row of hashes"):
        inclusion_path(tiles, index=3, size=600)


@pytest.mark.parametrize("stored_size", [599, 601, 512])
def test_growing_is_refused_on_tiles_of_another_size(stored_size: int) -> None:
    with pytest.raises(TileError):
        grow(tiles_of(stored_size), size=600, leaf_hashes=LEAVES[600:601])


@pytest.mark.parametrize("leaf", [b"", bytes(31), bytes(33)])
def test_growing_by_something_that_is_no_hash_is_refused(leaf: bytes) -> None:
    with pytest.raises(TileError, match="only hashes"):
        grow(MemoryTiles(), size=0, leaf_hashes=[LEAVES[0], leaf])


def test_no_proof_from_a_damaged_tile_verifies() -> None:
    size, index = 600, 77
    root = tree_root(WIDE, size=size)
    for damaged in range(TILE):
        tiles = tiles_of(size)
        tile = bytearray(tiles.kept[0, 0])
        tile[32 * damaged] ^= 1
        tiles.kept[0, 0] = bytes(tile)
        path = inclusion_path(tiles, index=index, size=size)
        if damaged == index:  # control: the entry's own hash is not in its path
            verify_inclusion(leaf=reference.entry(index), index=index, tree_size=size, path=path, root=root)
        else:
            with pytest.raises(InclusionProofError):
                verify_inclusion(leaf=reference.entry(index), index=index, tree_size=size, path=path, root=root)
