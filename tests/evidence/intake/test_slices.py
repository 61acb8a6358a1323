"""Where slices lie, packed and read back."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.canonical import b64u
from evidence.errors import CanonicalError
from evidence.intake.slices import Packer, Slice, read_slices

NUMBERS = st.integers(0, 2**62)


@given(st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS), max_size=40))
def test_slices_come_back_as_they_went(triples: list[tuple[int, int, int]]) -> None:
    slices, packer, end = [], Packer(), 0
    for gap, length, index in triples:
        slices.append(Slice(end + gap, length, index))
        end += gap + length
        packer.add(slices[-1])
    assert list(read_slices(packer.text())) == slices


def test_the_worked_example_of_the_format() -> None:
    packer = Packer()
    for piece in (Slice(120, 300, 7), Slice(423, 290, 9), Slice(716, 128, 4)):
        packer.add(piece)
    assert packer.text() == "eKwCDgOiAgQDgAEJ"
    assert b64u(bytes([120, 172, 2, 14, 3, 162, 2, 4, 3, 128, 1, 9])) == packer.text()


def test_a_text_message_takes_few_bytes() -> None:
    packer, at = Packer(), 200
    for index in range(100_000):
        packer.add(Slice(at, 450, index + 5))
        at += 453
    assert len(packer.text()) < 100_000 * 6


def test_slices_that_overlap_or_go_back_are_refused() -> None:
    packer = Packer()
    packer.add(Slice(10, 5, 0))
    for piece in (Slice(14, 1, 1), Slice(3, 1, 1), Slice(20, -1, 1)):
        with pytest.raises(ValueError, match="a slice at"):
            packer.add(piece)


@pytest.mark.parametrize(
    "packed", [bytes([1]), bytes([1, 2]), bytes([1, 2, 0, 3]), bytes([0x80]), bytes([0xFF] * 10 + [1, 0, 0])]
)
def test_a_list_that_is_cut_or_overlong_is_refused(packed: bytes) -> None:
    with pytest.raises(CanonicalError):
        list(read_slices(b64u(packed)))


@given(st.binary(max_size=60))
def test_any_bytes_are_slices_or_refused(packed: bytes) -> None:
    try:
        slices = list(read_slices(b64u(packed)))
    except CanonicalError:
        return
    assert all(before.offset + before.length <= after.offset for before, after in pairwise(slices))
