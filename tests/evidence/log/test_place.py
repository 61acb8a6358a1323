"""Each tile has one address, written as C2SP tlog-tiles writes it; the whole number of every address reads back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.errors import TileError
from evidence.log.place import TilePlace, read_level, read_place
from tests.conformance.golog.folder import tile_path


@given(st.integers(0, 10**18 - 1), st.integers(1, 256))
def test_an_address_as_another_writes_it_is_read(n: int, width: int) -> None:
    assert read_place(tile_path("0", n, width).removeprefix("tile/0/")) == TilePlace(n, width)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("x001/x234/067", TilePlace(1_234_067, 256)),
        ("000.p/1", TilePlace(0, 1)),
        ("x001/000.p/255", TilePlace(1000, 255)),
    ],
)
def test_the_examples_of_the_specification_are_read(text: str, place: TilePlace) -> None:
    assert read_place(text) == place


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0",
        "00",
        "0000",
        "x01",
        "x001",
        "x001/",
        "001/002",
        "x001/x002",
        "x000/001",
        "x001//002",
        "/001",
        "001/",
        "001/.p/1",
        "-01",
        "+01",
        "001.p",
        "001.p/",
        "001.p/0",
        "001.p/01",
        "001.p/256",
        "001.p/999",
        "001.p/1000",
        "001.p/-1",
        "001.P/1",
        "001.p/1/",
        " 001",
        "001\n",
        "\u0660\u0660\u0661",
        "X001/002",
        "x999/" * 6 + "999",
    ],
)
def test_another_spelling_is_no_address(text: str) -> None:
    with pytest.raises(TileError):
        read_place(text)


def test_a_level_is_a_number_from_0_to_63_in_one_spelling() -> None:
    assert [read_level(str(level)) for level in range(64)] == list(range(64))
    for text in ("", "64", "00", "01", "-1", "+1", "1e0", "100", "\u0663", "entries", "0 ", "0\n"):
        with pytest.raises(TileError):
            read_level(text)
