"""``erase`` on the command line: one person asks, two destroy, and a slip destroys nothing."""

from pathlib import Path

import pytest

from api.cli.erase import CAUSES
from api.office.erase import ErasureCause
from tests.commands import DONE, REFUSED, UNDECIDED, USAGE, Life, Ran, run, waiting
from tests.manual import page_commands

WHY = ("--cause", "withdrawn", "--reason", "she asked")


@pytest.fixture
def item(life: Life) -> str:
    return str(life.items[1]["item_id"])


def test_the_grounds_are_those_of_the_office() -> None:
    assert set(CAUSES) == {each.value for each in ErasureCause}


def test_one_person_asks_and_another_approves(life: Life, home: Path, item: str) -> None:
    asked = run("erase", item[:12], "--case", life.case, *WHY, "--json", "--by", "zana", home=home)
    assert (asked.code, asked.printed["what"]) == (UNDECIDED, "erase")
    done = run("approve", asked.printed["request"], "--yes", "--by", "bo", "--json", home=home)
    assert (done.code, done.printed["erased"], done.printed["finished"]) == (DONE, [item], True)
    assert run("evidence", "show", item, "--json", home=home).error["code"] == "unknown_item.erased"
    again = run("erase", item, "--case", life.case, *WHY, "--approved-by", "bo", "--json", home=home)
    assert (again.code, again.error["code"]) == (REFUSED, "unknown_item.erased")
    assert run("audit", home=home).code == DONE


def test_two_persons_erase_at_once_and_are_told_what_stays(life: Life, home: Path, item: str) -> None:
    ran = run("erase", item, "--case", life.case, *WHY, "--approved-by", "bo", home=home)
    assert ran.code == DONE, ran.err
    assert ran.out.startswith("Erased: 1 item. Nobody can read them again in this home.\n")
    assert "The last backup with them ends by " in ran.out


@pytest.mark.parametrize("words", ["ITEM --cause withdrawn --reason x", "ITEM --case CASE --cause child --reason x"])
def test_a_slip_is_refused_and_nothing_is_asked_for(life: Life, home: Path, item: str, words: str) -> None:
    typed = [{"ITEM": item, "CASE": life.case}.get(word, word) for word in words.split()]
    before = waiting(run("doctor", "--json", home=home))
    assert run("erase", *typed, home=home).code == REFUSED
    assert waiting(run("doctor", "--json", home=home)) == before


def test_without_an_item_or_a_ground_nothing_begins(home: Path, item: str) -> None:
    for typed in (("--cause", "order"), (item,), (item, "--cause", "x")):
        assert run("erase", *typed, home=home).code == USAGE


def test_the_page_is_followed_word_by_word(life: Life, home: Path, tmp_path: Path) -> None:
    show, table, ask, approve, case, back_up = page_commands("## Erase an item")
    messages = {each["message_id"]: each for each in life.items if each["kind"] in ("message", "service")}
    file = next(each for each in life.items if each["kind"] == "file" and each["message_id"] in messages)
    message = messages[file["message_id"]]
    meant = {"ITEM": str(message["item_id"]), "FILE": str(file["item_id"]), "CASE": life.case}
    meant |= {"CHANNEL": str(message["channel_id"]), "DISK": str(tmp_path / "disk")}

    def follow(command: list[str], *more: str) -> Ran:
        return run(*(meant.get(word, word) for word in command[1:]), *more, home=home)

    assert follow(back_up).code == DONE  # it is in an older backup
    assert follow(show).code == DONE
    both = {meant["ITEM"], meant["FILE"]}
    assert both <= {each["item_id"] for each in follow(table, "--json").printed["items"]}
    asked = follow(ask, "--json")
    assert asked.code == UNDECIDED, asked.err
    meant["REQUEST"] = asked.printed["request"]
    done = follow(approve, "--json")
    assert (done.code, set(done.printed["erased"])) == (DONE, both)
    assert not both & {each["item_id"] for each in follow(table, "--json").printed["items"]}
    assert follow(case).code == DONE
    assert follow(back_up, "--json").printed["erased"] == 2
    assert run("audit", home=home).code == DONE
