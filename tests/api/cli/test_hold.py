"""``hold`` on the command line: one person holds, two end it, and a slip says what is missing."""

from pathlib import Path

import pytest

from api.cli.hold import KINDS
from evidence.store.hold import HoldKind
from tests.commands import DONE, REFUSED, UNDECIDED, USAGE, Life, run

WHY = ("--until", "2099-01-01", "--reason", "a trial")


@pytest.fixture
def item(life: Life) -> str:
    return str(life.items[1]["item_id"])


def test_the_kinds_are_those_of_the_store() -> None:
    assert set(KINDS) == {each.value for each in HoldKind}


def test_one_person_holds_and_two_end_it(life: Life, home: Path, item: str) -> None:
    held = run("hold", item[:12], *WHY, "--json", home=home).printed["hold"]
    refused = run("erase", item, "--case", life.case, "--cause", "order", "--reason", "x", "--json", home=home)
    assert (refused.code, refused.error["code"]) == (REFUSED, "authority.held")
    (listed,) = run("hold", "--json", home=home).printed["holds"]
    assert (listed["hold"], listed["items"], listed["until"]) == (held, [item], "2099-01-01T23:59:59.999Z")
    asked = run("hold", "--end", held[:8], "--reason", "over", "--json", "--by", "zana", home=home)
    assert (asked.code, asked.printed["what"]) == (UNDECIDED, "unhold")
    done = run("approve", asked.printed["request"], "--yes", "--by", "bo", "--json", home=home)
    assert (done.code, done.printed["ended"]) == (DONE, [held])
    assert run("hold", home=home).out == "Nothing is held.\n"


def test_a_case_is_held_and_the_list_names_it(life: Life, home: Path) -> None:
    assert "everything of case-" in run("hold", "--case", life.case, *WHY, home=home).out
    assert life.case in run("hold", "--list", home=home).out


@pytest.mark.parametrize(
    "words",
    ["ITEM --reason x", "--until 2099-01-01", "ITEM --case CASE --until 2099-01-01", "ITEM --end x", "--reason x"],
)
def test_a_slip_says_what_a_hold_needs(life: Life, home: Path, item: str, words: str) -> None:
    typed = [{"ITEM": item, "CASE": life.case}.get(word, word) for word in words.split()]
    assert run("hold", *typed, home=home).code == USAGE
