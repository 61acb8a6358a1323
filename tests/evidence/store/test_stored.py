"""A value from a damaged database is used as what it should be, or refused with its place and its type."""

import pytest

from evidence.errors import StoreError
from evidence.store.stored import MOST, stored_bytes, stored_int


def test_bytes_are_given_back_as_they_are() -> None:
    assert stored_bytes(b"leaf", where="event 3") == b"leaf"


@pytest.mark.parametrize(("value", "found"), [(None, "null"), ("text", "str"), (7, "int"), (1.5, "float")])
def test_what_is_no_bytes_is_refused_with_its_place_and_type(value: object, found: str) -> None:
    with pytest.raises(StoreError, match="no bytes") as raised:
        stored_bytes(value, where="event 3")
    assert (raised.value.where, raised.value.expected, raised.value.found) == ("event 3", "bytes", found)


@pytest.mark.parametrize("value", [0, 1, MOST])
def test_a_number_within_its_bounds_is_given_back(value: int) -> None:
    assert stored_int(value, where="token 3") == value


@pytest.mark.parametrize(
    ("value", "found"),
    [(-1, "-1"), (MOST + 1, str(MOST + 1)), (None, "null"), ("7", "str"), (b"7", "bytes"), (True, "bool")],
)
def test_what_is_no_number_of_ours_is_refused_with_its_place(value: object, found: str) -> None:
    with pytest.raises(StoreError, match="no number of ours") as raised:
        stored_int(value, where="token 3")
    assert (raised.value.where, raised.value.found) == ("token 3", found)


def test_a_tighter_limit_of_the_caller_holds() -> None:
    assert stored_int(255, where="tile 0/1", most=255) == 255
    with pytest.raises(StoreError, match="no number of ours"):
        stored_int(256, where="tile 0/1", most=255)
