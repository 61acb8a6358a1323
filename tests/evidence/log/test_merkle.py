"""Tree hashes and proofs, against published vectors, the RFC's own definitions and every small damage."""

import itertools
from collections.abc import Iterator, Sequence

import pymerkle
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.errors import ConsistencyProofError, InclusionProofError
from evidence.log.merkle import EMPTY_ROOT, leaf_hash, node_hash, verify_consistency, verify_inclusion
from tests.evidence.log import reference
from tests.nonempty import nonempty

# the test tree of Certificate Transparency (RFC 6962), from the tests of its first implementation
CT_ENTRIES = [
    bytes.fromhex(entry)
    for entry in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
CT_ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
CT_INCLUSION = [
    (0, 1, []),
    (
        0,
        8,
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        5,
        8,
        [
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (2, 3, ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
    (
        1,
        5,
        [
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
]
CT_CONSISTENCY = [
    (1, 1, []),
    (
        1,
        8,
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        6,
        8,
        [
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (
        2,
        5,
        [
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
    (
        6,
        7,
        [
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
]

LEAVES = reference.leaf_hashes(700)
INCLUSION_PLACES = [(0, 1), (0, 2), (1, 3), (2, 3), (5, 8), (6, 7), (10, 11), (99, 100), (255, 257), (256, 257)]
CONSISTENCY_PLACES = [(1, 2), (2, 3), (3, 4), (4, 7), (6, 8), (7, 8), (8, 13), (12, 13), (255, 257), (256, 257)]


def damaged_paths(path: Sequence[bytes]) -> Iterator[list[bytes]]:
    """Every path with one bit flipped in each byte, one hash dropped, added, doubled or swapped."""
    nodes = list(path)
    for place, offset in itertools.product(range(len(nodes)), range(32)):
        yield [*nodes[:place], flip(nodes[place], offset), *nodes[place + 1 :]]
    for place in range(len(nodes)):
        yield nodes[:place] + nodes[place + 1 :]
        yield [*nodes[:place], nodes[place][:-1], *nodes[place + 1 :]]
        yield [*nodes[:place], nodes[place] + b"\x00", *nodes[place + 1 :]]
    for place in range(len(nodes) + 1):
        yield [*nodes[:place], bytes(32), *nodes[place:]]
        yield [*nodes[:place], *nodes[:1], *nodes[place:]] if nodes else [EMPTY_ROOT]
    for one, other in itertools.combinations(range(len(nodes)), 2):
        swapped = nodes.copy()
        swapped[one], swapped[other] = nodes[other], nodes[one]
        yield swapped


def flip(data: bytes, offset: int) -> bytes:
    return data[:offset] + bytes([data[offset] ^ 1 << offset % 8]) + data[offset + 1 :]


@pytest.mark.parametrize("size", range(9))
def test_roots_are_those_of_the_published_tree(size: int) -> None:
    assert reference.mth([*map(leaf_hash, CT_ENTRIES[:size])]).hex() == CT_ROOTS[size]


@pytest.mark.parametrize(("index", "size", "path"), CT_INCLUSION)
def test_published_inclusion_paths_verify(index: int, size: int, path: list[str]) -> None:
    verify_inclusion(
        leaf=CT_ENTRIES[index],
        index=index,
        tree_size=size,
        path=[bytes.fromhex(node) for node in path],
        root=bytes.fromhex(CT_ROOTS[size]),
    )


@pytest.mark.parametrize(("old_size", "new_size", "path"), CT_CONSISTENCY)
def test_published_consistency_paths_verify(old_size: int, new_size: int, path: list[str]) -> None:
    verify_consistency(
        old_size=old_size,
        old_root=bytes.fromhex(CT_ROOTS[old_size]),
        new_size=new_size,
        new_root=bytes.fromhex(CT_ROOTS[new_size]),
        path=[bytes.fromhex(node) for node in path],
    )


def test_a_node_never_hashes_like_a_leaf_with_the_same_bytes() -> None:
    assert leaf_hash(LEAVES[0] + LEAVES[1]) != node_hash(LEAVES[0], LEAVES[1])


def test_roots_are_those_of_a_foreign_tree() -> None:
    foreign = pymerkle.InmemoryTree(algorithm="sha256")
    for size in range(700):
        assert reference.mth(LEAVES[:size]) == foreign.get_root()
        foreign.append_entry(reference.entry(size))


def test_every_entry_of_every_small_tree_is_proven_at_its_place_and_at_no_other() -> None:
    for size in range(1, 40):
        root = reference.mth(LEAVES[:size])
        for index in range(size):
            path = reference.path(index, LEAVES[:size])
            verify_inclusion(leaf=reference.entry(index), index=index, tree_size=size, path=path, root=root)
            for other in {*range(-1, size + 2)} - {index}:
                with pytest.raises(InclusionProofError):
                    verify_inclusion(leaf=reference.entry(index), index=other, tree_size=size, path=path, root=root)


@pytest.mark.parametrize(("index", "size"), INCLUSION_PLACES)
def test_no_damaged_inclusion_path_verifies(index: int, size: int) -> None:
    root = reference.mth(LEAVES[:size])
    for path in nonempty(damaged_paths(reference.path(index, LEAVES[:size]))):
        with pytest.raises(InclusionProofError):
            verify_inclusion(leaf=reference.entry(index), index=index, tree_size=size, path=path, root=root)


@pytest.mark.parametrize(("index", "size"), INCLUSION_PLACES)
def test_no_damaged_entry_or_root_verifies(index: int, size: int) -> None:
    leaf, root = reference.entry(index), reference.mth(LEAVES[:size])
    path = reference.path(index, LEAVES[:size])
    for offset in range(len(leaf)):
        with pytest.raises(InclusionProofError):
            verify_inclusion(leaf=flip(leaf, offset), index=index, tree_size=size, path=path, root=root)
    for offset in range(len(root)):
        with pytest.raises(InclusionProofError):
            verify_inclusion(leaf=leaf, index=index, tree_size=size, path=path, root=flip(root, offset))
    for other in (b"", leaf + b"\x00", leaf[:-1], root):
        with pytest.raises(InclusionProofError):
            verify_inclusion(leaf=other, index=index, tree_size=size, path=path, root=root)


def test_hashes_of_other_lengths_are_refused_before_anything_is_hashed() -> None:
    with pytest.raises(InclusionProofError, match="does not fit"):
        verify_inclusion(leaf=b"", index=0, tree_size=2, path=[bytes(31)], root=EMPTY_ROOT)
    with pytest.raises(ConsistencyProofError, match="does not fit"):
        verify_consistency(old_size=1, old_root=LEAVES[0], new_size=2, new_root=EMPTY_ROOT, path=[bytes(33)])


@pytest.mark.parametrize(("index", "size"), [(0, 0), (1, 1), (-1, 1), (5, 3), (0, -1), (-1, -1)])
def test_an_index_outside_the_tree_is_refused(index: int, size: int) -> None:
    with pytest.raises(InclusionProofError, match="no such entry"):
        verify_inclusion(leaf=b"", index=index, tree_size=size, path=[], root=EMPTY_ROOT)


def test_every_small_tree_continues_every_smaller_one() -> None:
    for new_size in range(40):
        new_root = reference.mth(LEAVES[:new_size])
        for old_size in range(1, new_size + 1):
            verify_consistency(
                old_size=old_size,
                old_root=reference.mth(LEAVES[:old_size]),
                new_size=new_size,
                new_root=new_root,
                path=reference.proof(old_size, LEAVES[:new_size]),
            )


@pytest.mark.parametrize(("old_size", "new_size"), CONSISTENCY_PLACES)
def test_no_damaged_consistency_path_verifies(old_size: int, new_size: int) -> None:
    old_root, new_root = reference.mth(LEAVES[:old_size]), reference.mth(LEAVES[:new_size])
    for path in nonempty(damaged_paths(reference.proof(old_size, LEAVES[:new_size]))):
        with pytest.raises(ConsistencyProofError):
            verify_consistency(old_size=old_size, old_root=old_root, new_size=new_size, new_root=new_root, path=path)


@pytest.mark.parametrize(("old_size", "new_size"), CONSISTENCY_PLACES)
def test_no_damaged_root_is_consistent(old_size: int, new_size: int) -> None:
    old_root, new_root = reference.mth(LEAVES[:old_size]), reference.mth(LEAVES[:new_size])
    path = reference.proof(old_size, LEAVES[:new_size])
    for offset in range(32):
        for old, new in ((flip(old_root, offset), new_root), (old_root, flip(new_root, offset))):
            with pytest.raises(ConsistencyProofError):
                verify_consistency(old_size=old_size, old_root=old, new_size=new_size, new_root=new, path=path)


@settings(deadline=None)
@given(st.data(), st.integers(2, 64))
def test_a_log_that_changed_one_entry_is_not_consistent_with_its_past(data: st.DataObject, new_size: int) -> None:
    old_size = data.draw(st.integers(1, new_size - 1))
    changed = data.draw(st.integers(0, old_size - 1))
    rewritten = LEAVES[:new_size]
    rewritten[changed] = leaf_hash(b"something else")
    with pytest.raises(ConsistencyProofError):
        verify_consistency(
            old_size=old_size,
            old_root=reference.mth(LEAVES[:old_size]),
            new_size=new_size,
            new_root=reference.mth(rewritten),
            path=reference.proof(old_size, rewritten),
        )


@pytest.mark.parametrize("new_size", [0, 1, 5])
def test_every_tree_continues_the_empty_one_without_a_path(new_size: int) -> None:
    new_root = reference.mth(LEAVES[:new_size])
    verify_consistency(old_size=0, old_root=EMPTY_ROOT, new_size=new_size, new_root=new_root, path=[])
    with pytest.raises(ConsistencyProofError, match="no path"):
        verify_consistency(old_size=0, old_root=EMPTY_ROOT, new_size=new_size, new_root=new_root, path=[bytes(32)])
    with pytest.raises(ConsistencyProofError, match="one root only"):
        verify_consistency(old_size=0, old_root=LEAVES[0], new_size=new_size, new_root=new_root, path=[])


def test_an_empty_tree_with_another_root_is_refused_as_the_newer_one_too() -> None:
    with pytest.raises(ConsistencyProofError, match="one root only"):
        verify_consistency(old_size=0, old_root=EMPTY_ROOT, new_size=0, new_root=LEAVES[0], path=[])


def test_trees_of_one_size_must_have_one_root_and_no_path() -> None:
    verify_consistency(old_size=1, old_root=LEAVES[0], new_size=1, new_root=LEAVES[0], path=[])
    with pytest.raises(ConsistencyProofError, match="one size differ"):
        verify_consistency(old_size=1, old_root=LEAVES[0], new_size=1, new_root=LEAVES[1], path=[])
    with pytest.raises(ConsistencyProofError, match="one size differ"):
        verify_consistency(old_size=1, old_root=LEAVES[0], new_size=1, new_root=LEAVES[0], path=[LEAVES[0]])


@pytest.mark.parametrize(("old_size", "new_size"), [(2, 1), (1, 0), (-1, 0), (-2, -1), (0, -1)])
def test_a_log_that_goes_back_is_refused(old_size: int, new_size: int) -> None:
    with pytest.raises(ConsistencyProofError, match="went back"):
        verify_consistency(old_size=old_size, old_root=EMPTY_ROOT, new_size=new_size, new_root=EMPTY_ROOT, path=[])


@settings(deadline=None)
@given(st.data(), st.integers(1, 40))
def test_inclusion_is_judged_as_by_the_steps_of_the_rfc(data: st.DataObject, size: int) -> None:
    index = data.draw(st.integers(0, size - 1))
    path = reference.path(index, LEAVES[:size])
    root = reference.mth(LEAVES[:size])
    claimed_size = data.draw(st.integers(0, 70))
    claimed_index = data.draw(st.integers(0, 70))
    path = path[: data.draw(st.integers(0, len(path) + 1))] + data.draw(
        st.lists(st.sampled_from(LEAVES[:3]), max_size=2)
    )
    leaf = reference.entry(index)
    expected = reference.inclusion_holds(leaf, claimed_index, claimed_size, path, root)
    found = True
    try:
        verify_inclusion(leaf=leaf, index=claimed_index, tree_size=claimed_size, path=path, root=root)
    except InclusionProofError:
        found = False
    assert found == expected


def test_consistency_is_judged_as_by_the_steps_of_the_rfc_at_every_claimed_pair_of_sizes() -> None:
    for old_size, new_size in itertools.combinations(range(1, 14), 2):
        old_root, new_root = reference.mth(LEAVES[:old_size]), reference.mth(LEAVES[:new_size])
        path = reference.proof(old_size, LEAVES[:new_size])
        for claimed_old, claimed_new in itertools.combinations(range(1, 20), 2):
            found = True
            try:
                verify_consistency(
                    old_size=claimed_old, old_root=old_root, new_size=claimed_new, new_root=new_root, path=path
                )
            except ConsistencyProofError:
                found = False
            assert found == reference.consistency_holds(claimed_old, old_root, claimed_new, new_root, path)
