"""A listing is one JSON object however many pages it has, and however it ends."""

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from api.cli.main import main
from api.cli.page import CutShortError, Listing, emit_pages
from api.office.page import Page
from config.errors import StoppedError
from evidence.errors import HomeError, StampUnreachableError, StoreError
from tests.homes import new_case, new_home

NUMBERS = Listing("numbers", lambda number: {"n": number}, lambda number: f"number {number}\x1b", "No number.")


def pages(*lengths: int) -> Iterator[Page[int]]:
    for at, length in enumerate(lengths):
        first = sum(lengths[:at])
        yield Page(tuple(range(first, first + length)), None if at == len(lengths) - 1 else "more")


def broken(*lengths: int) -> Iterator[Page[int]]:
    yield from pages(*lengths)
    raise StoreError("the database refused")


@pytest.mark.parametrize("lengths", [(0,), (1,), (3, 3, 1), (2, 2)])
def test_every_page_goes_into_one_object_and_onto_lines(
    capsys: pytest.CaptureFixture[str], lengths: tuple[int, ...]
) -> None:
    emit_pages(NUMBERS, pages(*lengths), as_json=True, more={"unlocked": False})
    out = capsys.readouterr().out
    assert json.loads(out) == {
        "unlocked": False,
        "numbers": [{"n": number} for number in range(sum(lengths))],
        "warnings": [],
    }
    assert out.count("\n") == 1
    emit_pages(NUMBERS, pages(*lengths), as_json=False)
    lines = [f"number {number}\\x1b" for number in range(sum(lengths))] or ["No number."]
    assert capsys.readouterr().out.splitlines() == lines


def test_a_first_page_that_fails_prints_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    for as_json in (True, False):
        with pytest.raises(StoreError):
            emit_pages(NUMBERS, broken(), as_json=as_json)
    assert capsys.readouterr().out == ""


def test_a_later_page_that_fails_leaves_the_object_open_for_its_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(CutShortError) as raised:
        emit_pages(NUMBERS, broken(2), as_json=True)
    assert isinstance(raised.value.__cause__, StoreError)
    assert json.loads(capsys.readouterr().out + '"error": {}}') == {"numbers": [{"n": 0}, {"n": 1}], "error": {}}
    with pytest.raises(StoreError):
        emit_pages(NUMBERS, broken(2), as_json=False)
    assert capsys.readouterr().out.count("\n") == 2


def test_a_listing_that_somebody_stops_leaves_the_object_open_for_that(capsys: pytest.CaptureFixture[str]) -> None:
    def stopped() -> Iterator[Page[int]]:
        yield from islice(broken(2), 1)
        raise KeyboardInterrupt

    with pytest.raises(CutShortError) as raised:
        emit_pages(NUMBERS, stopped(), as_json=True)
    assert isinstance(raised.value.__cause__, StoppedError)
    assert json.loads(capsys.readouterr().out + '"error": {}}')["error"] == {}


def test_a_command_whose_listing_breaks_off_still_prints_one_object(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    home, _cards = new_home(tmp_path / "home")
    case = new_case(home, [])

    def ask_then_break(ask: object) -> Iterator[object]:
        assert callable(ask)
        yield ask(None)
        yield from broken()

    monkeypatch.setattr("api.office.page.every_page", ask_then_break)
    assert main(["--home", str(home.path), "case", "list", "--json"]) == 1
    printed = json.loads(capsys.readouterr().out)
    assert [each["case_id"] for each in printed["cases"]] == [case]
    assert printed["error"]["type"] == "StoreError"
    home.engine.dispose()


def test_what_is_missing_of_any_page_is_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    unstamped, unsigned = StampUnreachableError("no answer"), HomeError("not signed")
    pages = [Page((1,), "a"), Page((2,), "b", unstamped), Page((3,), "c", unsigned), Page((4,), None, unstamped)]
    emit_pages(NUMBERS, iter(pages), as_json=True)
    said = capsys.readouterr()
    assert said.err.count("without a time stamp") == 1
    assert [each["code"] for each in json.loads(said.out)["warnings"]] == ["no answer", "not signed"]
