"""The page, tickets, questions and their ends on the command line, and ``check`` of a question in its three forms."""

import hashlib
from pathlib import Path

import pytest

from api.home import Home
from api.office.question import take_question
from evidence.match.question import receipt_of, seal_question
from evidence.proquint import is_words
from evidence.seal.recipients import generate_identity
from tests.asking import armored, ask
from tests.commands import DONE, REFUSED, USAGE, Life, run


@pytest.fixture
def sealed(life: Life, home: Path) -> bytes:
    """A question about a picture that is kept."""
    opened = Home.open(home)
    made = ask(opened, life.picture().read_bytes())
    opened.engine.dispose()
    return made


def test_a_question_that_was_sent_is_looked_for_by_its_words(life: Life, home: Path, sealed: bytes) -> None:
    ticket = run("question", "ticket", life.case, home=home).out.splitlines()
    assert is_words(ticket[0])
    assert ticket[1].startswith(f"For one question of {life.case}, until ")
    opened = Home.open(home)
    take_question(opened, ticket[0], armored(sealed))
    opened.engine.dispose()
    receipt = receipt_of(sealed)
    assert run("question", "list", home=home).out.startswith(f"{receipt}  received   {life.case}  ")
    checked = run("check", receipt, "--case", life.case, "--json", home=home).printed
    assert (checked["question"], checked["found"], checked["alike"]) == (receipt, True, 0)
    shown = run("check", receipt, "--case", life.case, home=home).out
    assert shown.startswith(f"Question {receipt}, 1 picture.\n")
    assert f"nisisama question answered {receipt}" in shown
    assert run("question", "answered", receipt, home=home).code == DONE
    (listed,) = run("question", "list", "--case", life.case[:9], "--json", home=home).printed["questions"]
    assert listed["state"] == "answered"
    assert run("question", "withdraw", receipt, home=home).code == DONE
    assert run("check", receipt, "--case", life.case, "--json", home=home).error["type"] == "QuestionError"


def test_a_file_and_a_text_of_a_question_are_looked_for(life: Life, home: Path, sealed: bytes) -> None:
    for name, data in (("question.age", sealed), ("question.txt", armored(sealed).encode())):
        file = home.parent / name
        file.write_bytes(data)
        assert run("check", file, "--case", life.case, "--json", home=home).printed["question"] == receipt_of(sealed)
    assert len(run("question", "list", "--json", home=home).printed["questions"]) == 1


def test_what_is_no_question_of_this_office_is_refused_with_words(life: Life, home: Path) -> None:
    foreign = home.parent / "foreign.age"
    foreign.write_bytes(seal_question(b"{}", generate_identity().recipient))
    refused = run("check", foreign, "--case", life.case, "--json", home=home)
    assert (refused.code, refused.error["type"]) == (REFUSED, "QuestionError")
    nothing = run("check", "no-such-file.jpg", "--case", life.case, "--json", home=home)
    assert (nothing.code, nothing.error["type"]) == (USAGE, "UsageError")
    unknown = run("check", "lusab-babad-lusab-babad-lusab", "--case", life.case, "--json", home=home)
    assert unknown.error["type"] == "UnknownItemError"
    assert run("question", "list", home=home).out == "There is no question.\n"


def test_it_writes_the_page_and_says_its_digest(home: Path, me: None, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    ran = run("question", "page", "--out", page, "--json", home=home)
    assert (ran.code, ran.printed) == (
        DONE,
        {"page": str(page), "sha256": hashlib.sha256(page.read_bytes()).hexdigest()},
    )
    again = run("question", "page", "--out", page, "--json", home=home)
    assert (again.code, again.error["code"]) == (REFUSED, "system.there_already")
    other = tmp_path / "other.html"
    assert "SHA-256: " in run("question", "page", "--out", other, home=home).out
    assert other.read_bytes() == page.read_bytes()


def test_it_needs_neither_a_passphrase_nor_a_name(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("question", "page", "--out", tmp_path / "page.html", home=home).code == DONE


def test_a_call_without_a_file_is_a_usage_error(home: Path) -> None:
    assert run("question", "page", home=home).code == USAGE
