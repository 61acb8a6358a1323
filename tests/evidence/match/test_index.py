"""The index finds what comparing every hash finds, whatever was added and deleted before."""

from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.match import index as index_module
from evidence.match.index import DEAD, HashIndex, HashWords, hash_words

ALL = (1 << 256) - 1
RADII = [0, 1, 11, 31, 32, 46, 70]


def words(*numbers: int) -> HashWords:
    return hash_words(b"".join(number.to_bytes(32) for number in numbers))


@dataclass
class Plain:
    """Compares every hash, one bit count after the other."""

    hashes: list[tuple[int, int]] = field(default_factory=list)

    def search(self, number: int, radius: int) -> list[tuple[int, int]]:
        bits = [(label, (each ^ number).bit_count()) for label, each in self.hashes]
        return sorted((label, count) for label, count in bits if count <= radius)


class Twin:
    """The index, and what it must say."""

    def __init__(self) -> None:
        self.index, self.plain, self.next = HashIndex(), Plain(), 0

    def append(self, *numbers: int, same_label: bool = False) -> None:
        labels = [self.next if same_label else self.next + at for at in range(len(numbers))]
        self.next += 1 if same_label else len(numbers)
        self.index.append(words(*numbers), np.array(labels, np.int32))
        self.plain.hashes += zip(labels, numbers, strict=True)

    def delete(self, *labels: int) -> None:
        self.index.delete(np.array(labels, np.int32))
        self.plain.hashes = [each for each in self.plain.hashes if each[0] not in labels]

    def agree(self, number: int, radius: int) -> None:
        found = self.index.search(words(number), radius)
        assert sorted(zip(found.labels.tolist(), found.bits.tolist(), strict=True)) == self.plain.search(number, radius)
        assert len(self.index) == len(self.plain.hashes)


HASHES = st.integers(0, ALL)


@st.composite
def near(draw: st.DrawFn) -> int:
    """A hash of one of three clusters, some bits away from its middle."""
    middle = draw(st.sampled_from([0, ALL, int("96" * 32, 16)]))
    for bit in draw(st.lists(st.integers(0, 255), max_size=40)):
        middle ^= 1 << bit
    return middle


MANY = st.lists(HASHES | near(), min_size=1, max_size=30)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("append"), MANY),
        st.tuples(st.just("delete"), st.lists(st.integers(0, 60), min_size=1, max_size=5)),
        st.tuples(st.just("search"), st.tuples(HASHES | near(), st.sampled_from(RADII))),
    ),
    min_size=1,
    max_size=30,
)


@given(
    steps=STEPS,
    flat=st.sampled_from([0, 3, 40, 10**6]),
    slots=st.sampled_from([8, 13, 32]),
    share=st.sampled_from([1, 8, 10**6]),
)
def test_every_answer_is_that_of_comparing_each_hash(
    steps: list[tuple[str, list[int]]], flat: int, slots: int, share: int
) -> None:
    both = Twin()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(index_module, "FLAT_ROWS", flat)
        patch.setattr(index_module, "_cuts", lambda _rows: index_module._cuts_of(max(slots, 16)))
        patch.setattr(index_module, "_PROBES_A_ROW", 10**6)
        patch.setattr(index_module, "_SMALL_SHARE", share)
        for what, given_ in steps:
            if what == "append":
                both.append(*given_)
            elif what == "delete":
                both.delete(*given_)
            else:
                both.agree(*given_)
        for number in [number for _label, number in both.plain.hashes][:10]:
            both.agree(number ^ 0b111, 31)


@pytest.mark.parametrize("slots", [11, 12])
@pytest.mark.parametrize("clustered", [False, True])
def test_the_slots_in_use_find_all_of_many(slots: int, clustered: bool, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: FBT001 - pytest's
    source = np.random.default_rng(slots)
    hashes = source.integers(0, 1 << 64, (70_000, 4), dtype=np.uint64)
    if clustered:  # each a few bits from one of 50
        hashes = hashes[source.integers(0, 50, len(hashes))]
        hashes ^= np.uint64(1) << source.integers(0, 64, hashes.shape, dtype=np.uint64)
        hashes[::3, 0] ^= source.integers(0, 1 << 24, len(hashes[::3]), dtype=np.uint64)
    monkeypatch.setattr(index_module, "_cuts", lambda rows: index_module._cuts_of(slots if rows else 32))
    index = HashIndex()
    index.append(hashes, np.arange(len(hashes), dtype=np.int32))
    compared = 0
    for at in range(0, len(hashes), 3_000):
        query = hashes[at] ^ np.array([0b1011, 1 << 63, 0, 0b11], np.uint64)
        bits = np.bitwise_count(hashes ^ query).sum(axis=1)
        for radius in (31, 20, 0):
            found = index.search(query[np.newaxis], radius)
            assert sorted(found.labels.tolist()) == np.flatnonzero(bits <= radius).tolist()
            compared += len(found.labels)
    assert compared > (20_000 if clustered else 20)


def test_what_is_new_is_built_into_the_small_part_until_that_is_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_module, "FLAT_ROWS", 9)
    both, sizes = Twin(), []
    for length in (100, 10, 10, 10):
        both.append(*range(both.next, both.next + length))
        both.agree(0, 8)
        sizes.append(tuple(part.alive for part in both.index._parts))
    assert sizes == [(100, 0, 0), (100, 10, 0), (120, 0, 0), (120, 10, 0)]


def test_an_empty_index_finds_nothing() -> None:
    both = Twin()
    both.agree(0, 255)
    both.delete(3)
    both.agree(ALL, 31)


def test_one_label_may_have_several_hashes_and_loses_all_of_them() -> None:
    both = Twin()
    both.append(0, 1, 3, same_label=True)
    both.agree(0, 1)
    both.delete(0)
    both.agree(0, 255)


def test_what_is_deleted_is_overwritten_in_memory() -> None:
    index = HashIndex()
    index.append(words(*[ALL] * 3), np.arange(3, dtype=np.int32))
    index.delete(np.array([1], np.int32))
    assert index._tail._columns[:, 1].tolist() == [0] * 4
    assert index._tail._labels[:3].tolist() == [0, DEAD, 2]
    assert index.search(words(0), 0).labels.tolist() == []  # the zeros are no hash


@pytest.mark.parametrize("flat_rows", [1 << 16, 9])
def test_several_hashes_at_once_find_what_each_finds_alone(flat_rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many rows there are beside the hashes that are asked together."""
    monkeypatch.setattr(index_module, "FLAT_ROWS", flat_rows)
    monkeypatch.setattr(index_module, "_CHUNK", 16)
    for count in (0, 1, 15, 16, 17, 40):
        both = Twin()
        both.append(*range(count))
        both.delete(3, 16)
        asked = list(range(0, 64, 3))
        found = both.index.search(words(*asked), 2)
        alone = [each for number in asked for each in both.plain.search(number, 2)]
        assert sorted(zip(found.labels.tolist(), found.bits.tolist(), strict=True)) == sorted(alone)
        assert bool(alone) == bool(count)


def test_the_opposite_of_a_hash_is_not_found_at_the_largest_radius() -> None:
    both = Twin()
    both.append(0, ALL, 1)
    found = both.index.search(words(0), 254)
    assert sorted(found.labels.tolist()) == [0, 2]
