"""Logging in: the code, the second step, another data centre, and every wrong answer by its name."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from api.office import watch
from config.errors import Term
from monitor.errors import AccountError, FloodError
from monitor.telegram.login import Asking
from tests.watching import Desk, desk

PHONE = "+38160000077"


@pytest.fixture
def at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    with desk(tmp_path, monkeypatch) as made:
        yield made


def log_in(at: Desk, name: str, phone: str, asking: Asking) -> int:
    home = at.home
    try:
        return watch.log_in(home, name, phone, asking)
    finally:
        home.engine.dispose()


def test_a_person_is_told_where_the_code_arrives_and_spaces_in_it_do_not_matter(at: Desk) -> None:
    account = at.telegram.world.add_account(PHONE, password="geslo")
    places: list[Term] = []

    def code(place: Term) -> str:
        places.append(place)
        return " ".join(at.telegram.world.login_code(account))

    assert log_in(at, "second", PHONE, Asking(code=code, password=lambda: "geslo")) > 0
    assert "app" in str(places[0])


@pytest.mark.parametrize("dc", [4])
def test_an_account_of_another_data_centre_is_followed_there(at: Desk, dc: int) -> None:
    account = at.telegram.world.add_account("+38160000078", dc=dc)
    code = Asking(code=lambda _place: at.telegram.world.login_code(account), password=lambda: "")
    assert log_in(at, "third", "+38160000078", code) > 0
    assert at.once().ended_by is None


@pytest.mark.parametrize(
    ("phone", "code", "password", "wrong"),
    [
        ("+38160000079", "1", "", "account.wrong_code"),
        ("+38160000079", None, "wrong", "account.wrong_password"),
        ("+1", "1", "", "account.wrong_phone"),
    ],
)
def test_each_wrong_answer_has_its_own_words(at: Desk, phone: str, code: str | None, password: str, wrong: str) -> None:
    account = at.telegram.world.add_account("+38160000079", password="geslo")
    asking = Asking(code=lambda _place: code or at.telegram.world.login_code(account), password=lambda: password)
    with pytest.raises(AccountError) as error:
        log_in(at, "fourth", phone, asking)
    assert error.value.code == wrong


def test_a_pause_at_the_login_is_told(at: Desk) -> None:
    at.telegram.world.add_account("+38160000080")
    at.telegram.faults.fail("auth.sendCode", "FLOOD_WAIT_3600", code=420, times=1)
    with pytest.raises(FloodError):
        log_in(at, "fifth", "+38160000080", Asking(code=lambda _place: "1", password=lambda: ""))
