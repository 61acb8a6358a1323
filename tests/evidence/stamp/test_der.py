"""The strict outline: one spelling for every length, tag and small value."""

import pytest
from asn1crypto import core
from hypothesis import given
from hypothesis import strategies as st

from evidence.errors import SignedDataError
from evidence.stamp.der import MAX_DEPTH, element, require_der


@pytest.mark.parametrize(
    ("spelling", "why"),
    [
        ("", "nothing"),
        ("30", "no length"),
        ("3003020101ff", "a byte after the end"),
        ("3004020101", "cut short"),
        ("30800201010000", "indefinite length"),
        ("3081030201 01", "a long length where a short one does"),
        ("30820003020101", "a length with a leading zero"),
        ("308500000000030201 01", "a length of five bytes"),
        ("04820001" + "00", "two bytes of length where one does"),
        ("3081", "a length that is cut off"),
        ("3003020201", "an inner element longer than what holds it"),
        ("0200", "an integer of no bytes"),
        ("02020001", "an integer with a needless zero"),
        ("0202ff80", "an integer with a needless sign"),
        ("010101", "a boolean that is neither 00 nor ff"),
        ("01020000", "a boolean of two bytes"),
        ("050100", "a null that holds something"),
        ("2403040100", "an octet string in pieces"),
        ("1000", "a sequence that is not constructed"),
        ("0000", "an end of contents"),
        ("1f8100", "a tag of several bytes"),
        ("a00330020201", "damage inside a context tag"),
    ],
)
def test_what_is_not_der_is_refused(spelling: str, why: str) -> None:
    with pytest.raises(SignedDataError):
        require_der(bytes.fromhex(spelling))


@pytest.mark.parametrize(
    "spelling", ["3003020101", "02020080", "0201ff", "0101ff", "0500", "3000", "a0020500", "800101"]
)
def test_the_one_spelling_is_accepted(spelling: str) -> None:
    require_der(bytes.fromhex(spelling))


def test_nesting_is_bounded_before_any_recursion() -> None:
    deep = b"\x05\x00"
    for _ in range(MAX_DEPTH):
        deep = element(0x30, deep)
    require_der(deep)
    with pytest.raises(SignedDataError, match="too deep"):
        require_der(element(0x30, deep))


VALUES = st.recursive(
    st.integers().map(core.Integer)
    | st.binary(max_size=300).map(core.OctetString)
    | st.booleans().map(core.Boolean)
    | st.none().map(lambda _: core.Null())
    | st.text(max_size=200).map(core.UTF8String),
    lambda inner: st.lists(inner, max_size=6).map(lambda values: core.SequenceOf(values, spec=core.Any)),
    max_leaves=20,
)


@given(VALUES)
def test_what_a_der_writer_writes_is_accepted(value: core.Asn1Value) -> None:
    require_der(value.dump())


@given(VALUES, st.binary(min_size=1, max_size=3))
def test_nothing_may_follow(value: core.Asn1Value, more: bytes) -> None:
    with pytest.raises(SignedDataError):
        require_der(value.dump() + more)


@given(st.binary(max_size=400))
def test_random_bytes_raise_nothing_else(data: bytes) -> None:
    try:
        require_der(data)
    except SignedDataError:
        return
    assert element(data[0], data[2 if data[1] < 0x80 else 2 + (data[1] & 0x7F) :]) == data
