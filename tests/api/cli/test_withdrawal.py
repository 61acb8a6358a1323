"""``case withdraw`` and ``case answer`` on the command line: one person closes, two destroy, she is told."""

from pathlib import Path

from tests.commands import DONE, REFUSED, UNDECIDED, Life, run

SAID = ("--person", "mila", "--language", "sq", "--reason", "she asked")


def test_one_closes_two_destroy_and_the_answer_is_written(life: Life, home: Path) -> None:
    early = run("case", "answer", life.case, "--language", "sq", "--out", home.parent / "a.txt", "--json", home=home)
    assert (early.code, early.error["code"]) == (REFUSED, "authority.case_not_closed")
    asked = run("case", "withdraw", life.case, *SAID, "--by", "zana", "--json", home=home)
    assert (asked.code, asked.printed["what"]) == (UNDECIDED, "erase")
    done = run("approve", asked.printed["request"], "--yes", "--by", "bo", "--json", home=home)
    assert done.code == DONE, done.err
    answer = home.parent / "answer.txt"
    told = run("case", "answer", life.case, "--language", "sr-Latn", "--out", answer, "--json", home=home)
    assert (told.code, told.printed["destroyed"]) == (DONE, len(done.printed["erased"]))
    assert answer.read_text().count("Uništeno") == 1
    assert run("audit", home=home).code == DONE


def test_two_persons_at_one_machine_are_told_what_they_did(life: Life, home: Path) -> None:
    ran = run("case", "withdraw", life.case, *SAID, "--approved-by", "bo", home=home)
    assert ran.code == DONE, ran.err
    assert ran.out.startswith(f"Closed: {life.case}. Nobody can view, compare or export anything in it.\n")
    assert "Then write her answer" in ran.out
