"""``case`` shows what its items say."""

import re
from pathlib import Path

import pytest

from api.cli.main import cli
from config.times import told_time
from tests.api.test_newcomer import commands
from tests.commands import DONE, REFUSED, USAGE, Life, Terminal, run
from tests.nonempty import nonempty


def test_a_case_shows_its_texts(life: Life) -> None:
    shown = life.ran["case show"].printed
    assert shown["case_id"] == life.case
    assert shown["reason"] == "she came"
    assert {item["text"] for item in shown["items"]} >= set(life.export.texts.values())
    assert [item["item_id"] for item in shown["items"]] == [item["item_id"] for item in life.items]


def test_a_case_says_why_it_was_opened_and_nothing_of_what_is_missing(life: Life, home: Path) -> None:
    out = run("case", "show", life.case, home=home).out
    assert out.splitlines()[1] == "    reason: she came"
    assert "None" not in out
    assert any(item["posted_at"] is None or item["message_id"] is None for item in life.items)
    bare = run("case", "open", "--json", home=home).printed["case_id"]
    shown = run("case", "show", bare, home=home).out.splitlines()
    assert [line.split(",")[0] for line in shown] == [bare, "    consent: none is recorded"]


def test_people_read_times_to_the_second_and_machines_read_them_whole(life: Life, home: Path) -> None:
    out, whole = run("case", "show", life.case, home=home).out, re.compile(r"[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}")
    assert not whole.search(out)
    for item in nonempty(life.ran["case show"].printed["items"]):
        for at in filter(None, (item["posted_at"], item["edited_at"])):
            assert whole.search(at)
            assert told_time(at) in out


def test_one_is_counted_as_one(life: Life, home: Path) -> None:
    case = run("case", "open", "--json", home=home).printed["case_id"]
    assert run("case", "list", "--json", home=home).printed["cases"][-1]["items"] == 0
    for item, words in zip(
        life.items[:2], ("Added 1 to CASE; it has 1 item.", "Added 1 to CASE; it has 2 items."), strict=True
    ):
        assert run("case", "add", case, item["item_id"], home=home).out == words.replace("CASE", case) + "\n"
    cases = run("case", "list", home=home).out.splitlines()
    assert [line.partition("  ")[0] for line in cases] == [life.case, case]
    assert cases[1].endswith(" UTC  2 items")


def test_the_same_items_again_add_nothing(life: Life, home: Path) -> None:
    ran = run("case", "add", life.case, life.items[0]["item_id"], life.items[0]["item_id"], "--json", home=home)
    done = {
        "case_id": life.case,
        "added": 0,
        "items": len(life.items),
        "beside": [],
        "not_preserved": [],
        "warnings": [],
    }
    assert ran.printed == done


def test_a_picture_without_its_message_is_added_with_a_word(life: Life, home: Path) -> None:
    match = life.ran["check"].printed["matches"][0]
    case = run("case", "open", "--json", home=home).printed["case_id"]
    ran = run("case", "add", case, match["item_id"], "--json", home=home)
    assert ran.printed["beside"] == [match["message_item"]]
    assert f"nisisama case add {case} {match['message_item']}" in ran.err


def test_an_item_is_removed_for_a_reason_and_destroyed_is_nothing(life: Life, home: Path) -> None:
    item, held = life.items[0]["item_id"], len(life.items)
    assert life.ran["case remove"].printed == {
        "case_id": life.case,
        "removed": 1,
        "items": held - 1,
        "warnings": [],
    }
    bare = run("case", "remove", life.case, item, home=home)
    assert (bare.code, "--reason" in bare.err) == (USAGE, True)
    ran = run("case", "remove", life.case, item, "--reason", "not hers", home=home)
    assert ran.out == f"Removed 1 from {life.case}; it has {held - 1} items. They stay preserved.\n"
    assert run("case", "show", life.case, "--json", home=home).printed["removed"] == [item]
    assert "1 item was removed" in run("case", "show", life.case, home=home).out


def test_messages_are_added_by_their_numbers_and_what_is_not_preserved_is_told(life: Life, home: Path) -> None:
    numbers = {item["message_id"] for item in life.items if item["kind"] != "file"}
    lo, hi = min(numbers), max(numbers)
    absent = sorted(set(range(lo, hi)) - numbers)
    assert absent, "the export has a gap"
    case = run("case", "open", "--json", home=home).printed["case_id"]
    asked = ("case", "add", case, "--messages", f"{lo}-{hi},{hi + 5}", "--channel", life.export.channel_id)
    ran = run(*asked, "--json", home=home).printed
    assert ran["added"] == ran["items"] == len(numbers)
    gap, beyond = ran["not_preserved"][0], ran["not_preserved"][-1]
    assert (gap["lo"], gap["reasons"]) == (absent[0], ["gap"])
    assert beyond == {"lo": hi + 5, "hi": hi + 5, "reasons": []}
    lines = run(*asked, home=home).out.splitlines()
    assert lines[0].startswith("Added 0 to case-")
    assert lines[-1] == f"Not preserved: {hi + 5}: no export that was imported covers this."
    assert len(lines) == 1 + len(ran["not_preserved"])


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        ("--messages 1-3", USAGE, "--messages and --channel go together"),
        ("--channel 1", USAGE, "--messages and --channel go together"),
        ("", USAGE, "nothing is named"),
        ("--messages 3-1 --channel 1", USAGE, "Put the smaller number first"),
        ("--messages one --channel 1", USAGE, "30-45,50"),
        ("--messages 1,,2 --channel 1", USAGE, "30-45,50"),
        ("--messages 1-3 --channel 1", REFUSED, "no message of these numbers is preserved"),
    ],
)
def test_a_range_that_is_none_adds_nothing(life: Life, home: Path, options: str, code: int, words: str) -> None:
    ran = run("case", "add", life.case, *options.split(), home=home)
    assert (ran.code, ran.out) == (code, "")
    assert words in " ".join(ran.err.split())


def halves(life: Life) -> tuple[str, str]:
    match = life.ran["check"].printed["matches"][0]
    return match["item_id"], match["message_item"]


@pytest.mark.parametrize(("option", "named"), [("--with-message", 0), ("--with-picture", 1)])
def test_the_other_half_is_added_where_it_is_asked_for(life: Life, home: Path, option: str, named: int) -> None:
    both = halves(life)
    case = run("case", "open", "--json", home=home).printed["case_id"]
    ran = run("case", "add", case, both[named], option, "--json", home=home).printed
    assert (ran["added"], ran["beside"]) == (2, [])
    bare = run("case", "open", "--json", home=home).printed["case_id"]
    other = {"--with-message": "--with-picture", "--with-picture": "--with-message"}[option]
    ran = run("case", "add", bare, both[named], other, "--json", home=home).printed
    assert (ran["added"], ran["beside"]) == (1, [both[1 - named]])


@pytest.mark.parametrize(("answer", "added"), [("y", 2), ("n", 1), ("", 1)])
def test_at_a_terminal_the_other_half_is_asked_for(
    life: Life, home: Path, monkeypatch: pytest.MonkeyPatch, answer: str, added: int
) -> None:
    asked: list[str] = []

    def said(question: str, **_options: object) -> bool:
        asked.append(question)
        return answer == "y"

    case = run("case", "open", "--json", home=home).printed["case_id"]
    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr("click.confirm", said)
    ran = run("case", "add", case, halves(life)[0], "--json", home=home).printed
    assert ran["added"] == added
    assert asked == ["Left out, though they belong to these: messages 1, files 0. Add them too?"]


COMMANDS_WITH_A_NAME = (
    "case add CASE ITEM",
    "case remove CASE ITEM --reason x",
    "case show CASE",
    "case consent CASE --given --person mila --scope check --language sq --date 2026-01-02 --text TEXT",
    "case export CASE --out OUT --for court --reason x --approved-by bo",
    "check IMAGE --case CASE",
    "alerts --case CASE",
    "question ticket CASE",
    "question list --case CASE",
    "evidence list --sender user1 --case CASE --reason x",
    "evidence search word --case CASE --reason x",
    "evidence show ITEM",
    "freeze ITEM --reason x",
    "hold ITEM --until 2099-01-01 --reason x",
    "erase ITEM --case CASE --cause mistake --reason x --approved-by bo",
)


@pytest.mark.parametrize("command", COMMANDS_WITH_A_NAME)
def test_a_beginning_is_enough_wherever_an_item_or_a_case_is_named(life: Life, home: Path, command: str) -> None:
    item = life.items[0]["item_id"]
    given = {"OUT": home.parent / "short.asice", "IMAGE": life.picture(), "TEXT": life.export.folder / "result.json"}
    short = {"CASE": life.case.removeprefix("case-")[:6], "ITEM": item[:8], **given}
    ran = run(*(short.get(word, word) for word in command.split()), "--json", home=home)
    assert ran.code == DONE, ran.err
    nothing = {"CASE": "ffff", "ITEM": "ffff", **given, "OUT": home.parent / "other.asice"}
    refused = run(*(nothing.get(word, word) for word in command.split()), "--json", home=home)
    assert refused.error["type"] == "UnknownItemError"


def test_every_command_that_names_an_item_or_a_case_is_tried_with_a_beginning() -> None:
    naming = {
        " ".join(name)
        for name, command in commands(cli)
        for parameter in command.params
        if parameter.name in ("case_id", "item", "items")
    }
    # they need an alert, a consent, a list or cards, or close the case: test_alert.py, test_recognition.py,
    # test_hash_list.py, test_release.py, test_withdrawal.py
    naming -= {"alerts dismiss", "case answer", "case withdraw", "case recognise", "case sheet", "hash-list remove"}
    naming -= {"release", "hotline"}  # the second needs something frozen: test_hotline.py
    assert naming == {
        " ".join(word for word in each.split()[:2] if word.isalpha() and word.islower())
        for each in COMMANDS_WITH_A_NAME
    }
