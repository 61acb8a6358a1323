"""``hotline`` on the command line, and what ``erase`` and ``hold`` say of what may show a child."""

from pathlib import Path

import pytest

from tests.commands import DONE, REFUSED, UNDECIDED, USAGE, Life, run

CHILD = ("--cause", "child", "--reason", "r", "--json")
COUNSEL = ("--counsel", "A. Counsel, on 2 January")
POLICE = ("--kind", "police", "--until", "2099-01-01", "--reason", "r", "--json")


@pytest.fixture
def frozen(life: Life, home: Path) -> str:
    """A message that zana froze."""
    item = str(next(each["item_id"] for each in life.items if each["kind"] == "message"))
    assert run("freeze", item, "--reason", "very young", "--by", "zana", home=home).code == DONE
    return item


def test_the_sheet_comes_first_and_then_two_persons_destroy(home: Path, frozen: str, tmp_path: Path) -> None:
    named = ("erase", frozen, *CHILD, "--approved-by", "bo")
    assert run(*named, home=home).error["code"] == "authority.child_rule_asks"
    assert run(*named, *COUNSEL, home=home).error["code"] == "authority.child_not_reported"
    out = tmp_path / "report.txt"
    made = run("hotline", frozen[:12], "--out", out, "--lang", "sq", "--reason", "the law", "--json", home=home)
    assert (made.code, made.printed["sheet_pdf"]) == (DONE, str(tmp_path / "report.pdf"))
    assert frozen in made.printed["items"]
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF-")
    done = run(*named, *COUNSEL, home=home)
    assert done.code == DONE, done.err
    assert frozen in done.printed["erased"]
    assert run("audit", home=home).code == DONE


@pytest.mark.slow
def test_the_sheet_is_told_in_words_and_is_of_all_that_is_frozen(home: Path, frozen: str, tmp_path: Path) -> None:
    ran = run("hotline", "--out", tmp_path / "a.txt", "--reason", "the law", home=home)
    assert ran.code == DONE, ran.err
    assert "Nothing was sent." in ran.out
    assert frozen in (tmp_path / "a.txt").read_text(encoding="utf-8")


def test_one_person_asks_for_a_hold_for_the_police_and_another_approves(home: Path, frozen: str) -> None:
    asked = run("hold", frozen, *POLICE, *COUNSEL, home=home)
    assert (asked.code, asked.printed["what"]) == (UNDECIDED, "hold")
    done = run("approve", asked.printed["request"], "--yes", "--by", "bo", home=home)
    assert (done.code, "The freeze waits for nothing more." in done.out) == (DONE, True), done.err
    assert "A. Counsel, on 2 January" in done.err, "whoever approves reads what counsel said"
    assert "(held for the police)" in run("freeze", "--list", home=home).out
    (listed,) = run("freeze", "--list", "--json", home=home).printed["freezes"]
    assert (listed["held"], listed["late"]) == (True, False)


@pytest.mark.slow
def test_two_persons_hold_at_once_and_no_list_has_it(home: Path, frozen: str) -> None:
    unlisted = run("hold", frozen, *POLICE, *COUNSEL, "--on-list", home=home)
    assert (unlisted.code, unlisted.error["code"]) == (REFUSED, "authority.child_not_listed")
    assert run("erase", frozen, *CHILD, *COUNSEL, "--on-list", home=home).error["code"] == "authority.child_not_listed"
    assert run("hold", frozen, *POLICE, *COUNSEL, "--approved-by", "bo", home=home).printed["hold"]


@pytest.mark.parametrize(
    "words",
    [
        "erase ITEM --cause order --reason x --counsel y",
        "erase ITEM --cause order --reason x --on-list",
        "erase ITEM --cause child --reason x --on-list --approved-by bo",
        "hold ITEM --kind police --until 2099-01-01 --reason x --on-list --approved-by bo",
        "hotline ITEM --reason x",
    ],
)
def test_a_slip_says_what_does_not_go_together(home: Path, frozen: str, words: str) -> None:
    assert run(*(frozen if word == "ITEM" else word for word in words.split()), home=home).code == USAGE
