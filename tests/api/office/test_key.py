"""The drill: every card of an office opens it with enough others, and nobody else's does."""

import itertools
from pathlib import Path

import pytest

from api.office.key import Drilled, drill
from evidence.errors import CardError, HomeError
from evidence.seal.envelopes import seal_whole
from tests.homes import Office, copy_of, new_home, size_of


def test_any_two_or_all_three_cards_open_their_office_and_nothing_is_logged(office: Office) -> None:
    before = size_of(office.home)
    for count in (2, 3):
        for cards in itertools.combinations(office.cards, count):
            assert drill(office.home, cards) == Drilled(count, "Office of tests")
    assert size_of(office.home) == before


@pytest.mark.parametrize("number", [0, 1])
def test_too_few_cards_open_nothing(office: Office, number: int) -> None:
    with pytest.raises(CardError):
        drill(office.home, office.cards[:number])


def test_cards_of_another_office_are_told_apart(office: Office, tmp_path: Path) -> None:
    other, cards = new_home(tmp_path / "other")
    with pytest.raises(CardError, match="another office"):
        drill(office.home, cards[:2])
    assert drill(other, cards[:2]).cards == 2
    other.engine.dispose()


@pytest.mark.parametrize("name", ["casework.age", "matching.age", "seal-root.age"])
def test_a_drill_opens_what_the_cards_must_recover(office: Office, tmp_path: Path, name: str) -> None:
    home, (other, _cards) = copy_of(office, tmp_path), new_home(tmp_path / "other")
    file = home.path / "recovery" / name
    drill(home, office.cards[:2])
    sealed_here = seal_whole(b"nothing of ours", recipients=(home.recipients.office,))
    swapped = file.with_name("casework.age" if name != "casework.age" else "matching.age").read_bytes()
    for data in (b"", (other.path / "recovery" / name).read_bytes(), sealed_here, swapped):
        file.write_bytes(data)
        with pytest.raises(HomeError, match="cards") as raised:
            drill(home, office.cards[:2])
        assert raised.value.where == str(file)
    file.unlink()
    with pytest.raises(HomeError, match="not there"):
        drill(home, office.cards[:2])
    home.engine.dispose()
    other.engine.dispose()
