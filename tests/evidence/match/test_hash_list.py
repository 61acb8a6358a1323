"""What lists hold is sealed in parts and compared like the pictures of a case."""

import copy
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.errors import HashListError, PrintsError
from evidence.match import hash_list
from evidence.match.check import PictureQuery, Tier
from evidence.match.hash_csv import HashKind
from evidence.match.hash_list import CommonHashes, HashPart, ListedHashes, hash_parts
from tests.evidence.match.listing import hashes_in, md5_of, read_table, sha256_of
from tests.nonempty import nonempty

MD5 = HashKind.MD5


def part(kind: HashKind, *numbers: int) -> HashPart:
    return HashPart(kind, b"".join(sorted(number.to_bytes(kind.size) for number in set(numbers))))


def asked(pdq: int, *, sha256: int = 0, md5: int | None = None) -> PictureQuery:
    spelled = "" if md5 is None else f"{md5:032x}"
    return PictureQuery(f"{sha256:064x}", ((pdq.to_bytes(32),),), md5=spelled)


def test_a_list_is_cut_into_parts_of_one_kind_and_comes_back_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hash_list, "MAX_PART", 3)
    lines = [*(f"md5,{md5_of(at)}" for at in range(7)), *(f"pdq,{sha256_of(at)}" for at in range(4))]
    read = read_table(lines)
    parts = hash_parts(read)
    assert [(each.kind.value, len(each)) for each in parts] == [
        ("md5", 3),
        ("md5", 3),
        ("md5", 1),
        ("pdq", 3),
        ("pdq", 1),
    ]
    back = [HashPart.parse(each.part_bytes()) for each in nonempty(parts)]
    joined = {kind: b"".join(each.hashes for each in back if each.kind is kind) for kind in read.hashes}
    assert joined == read.hashes
    assert [each.hashes for each in hash_parts(read_table(reversed(lines)))] == [each.hashes for each in parts]
    assert hashes_in(read)["md5"] == sorted(md5_of(at) for at in range(7))


@pytest.mark.parametrize(
    "plain",
    [
        b"",
        b"nisisama/hashes/1 md5\n",
        b"nisisama/hashes/1 sha1\n" + bytes(20),
        b"nisisama/hashes/2 md5\n" + bytes(16),
        b"nisisama/hashes/1 md5\n" + bytes(17),
        b"nisisama/hashes/1 md5\n" + bytes(32),
        b"nisisama/hashes/1 md5\n" + bytes([1] * 16) + bytes(16),
        b"nisisama/hashes/1 md5\n" + b"".join(at.to_bytes(16) for at in range(hash_list.MAX_PART + 1)),
    ],
    ids=range(8),
)
def test_what_is_no_part_is_refused(plain: bytes) -> None:
    with pytest.raises(HashListError):
        HashPart.parse(plain)


def test_a_part_is_neither_shown_nor_written_by_accident() -> None:
    made = part(MD5, 7)
    assert "07" not in repr(made)
    with pytest.raises(PrintsError):
        copy.copy(made)


def test_hashes_that_other_lists_have_too_are_counted_once() -> None:
    read = read_table([*(f"md5,{md5_of(at)}" for at in range(5)), f"pdq,{sha256_of(1)}", f"pdq,{sha256_of(2)}"])
    common = CommonHashes(read)
    assert common.count == 0
    for other in nonempty(
        hash_parts(read_table([*(f"md5,{md5_of(at)}" for at in range(3, 9)), f"pdq,{sha256_of(2)}"]))
    ):
        common.compare(other)
        common.compare(other)
    common.compare(part(HashKind.SHA256, 1))
    assert common.count == 3


NUMBERS = st.integers(0, 2)
BITS = st.sampled_from([0, 31, 32, 46, 47])
CENTRES = [int("96" * 32, 16), int("0f" * 32, 16)]
QUERIES = st.lists(
    st.tuples(st.sampled_from(CENTRES), BITS, st.integers(0, 3), st.none() | st.integers(0, 3)), max_size=6
)
HELD = st.lists(st.tuples(NUMBERS, st.sampled_from(list(HashKind)), st.integers(0, 3)), max_size=8)


@settings(max_examples=60, deadline=None)
@given(held=HELD, dropped=st.sets(NUMBERS), queries=QUERIES, among=st.sets(NUMBERS))
def test_what_is_found_is_what_comparing_one_by_one_gives(
    held: Sequence[tuple[int, HashKind, int]],
    dropped: set[int],
    queries: Sequence[tuple[int, int, int, int | None]],
    among: set[int],
) -> None:
    lists = {number: [(kind, at) for each, kind, at in held if each == number] for number in range(3)}
    index = ListedHashes()
    for number, rows in lists.items():
        of_kind = {kind: [_value(kind, at) for each, at in rows if each is kind] for kind in HashKind}
        index.take(number, [part(kind, *values) for kind, values in of_kind.items() if values])
    for number in dropped:
        index.drop(number)
    for centre, bits, sha256, md5 in queries:
        pdq = centre ^ ((1 << bits) - 1)
        found = index.tiers(asked(pdq, sha256=sha256, md5=md5), among)
        expected = {
            number: tier for number in among - dropped if (tier := _slow(lists[number], pdq, sha256, md5)) is not None
        }
        assert found == expected


def _value(kind: HashKind, at: int) -> int:
    return CENTRES[at % 2] ^ (at // 2) if kind is HashKind.PDQ else at


def _slow(rows: Sequence[tuple[HashKind, int]], pdq: int, sha256: int, md5: int | None) -> Tier | None:
    exact = {HashKind.SHA256: sha256, HashKind.MD5: md5}
    if any(kind in exact and exact[kind] == at for kind, at in rows):
        return Tier.IDENTICAL
    near = [(_value(kind, at) ^ pdq).bit_count() for kind, at in rows if kind is HashKind.PDQ]
    best = min(near, default=256)
    return Tier.MATCH if best <= 31 else Tier.REVIEW if best <= 46 else None
