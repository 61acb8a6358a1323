"""What programs of one home write for one another opens in its place alone."""

import pytest

from evidence.seal.beside import open_beside, seal_beside
from tests.nonempty import nonempty

SECRET = bytes(range(32))


def test_what_was_sealed_for_a_place_opens_there() -> None:
    sealed = seal_beside(SECRET, b"said", place="here")
    assert open_beside(SECRET, sealed, place="here") == b"said"
    assert b"said" not in sealed


def test_two_seals_of_the_same_differ() -> None:
    assert seal_beside(SECRET, b"said", place="here") != seal_beside(SECRET, b"said", place="here")


@pytest.mark.parametrize("place", ["there", "", "here "])
def test_another_place_opens_nothing(place: str) -> None:
    with pytest.raises(ValueError, match="for this place"):
        open_beside(SECRET, seal_beside(SECRET, b"said", place="here"), place=place)


def test_another_secret_opens_nothing() -> None:
    with pytest.raises(ValueError, match="for this place"):
        open_beside(bytes(32), seal_beside(SECRET, b"said", place="here"), place="here")


def test_no_byte_can_be_changed_and_none_left_out() -> None:
    sealed = seal_beside(SECRET, b"said", place="here")
    for at in nonempty(range(len(sealed))):
        changed = bytes(byte ^ (index == at) for index, byte in enumerate(sealed))
        for wrong in nonempty((changed, sealed[:at])):
            with pytest.raises(ValueError):  # noqa: PT011 - too short for a nonce is the library's own ValueError
                open_beside(SECRET, wrong, place="here")
