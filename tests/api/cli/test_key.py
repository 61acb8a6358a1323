"""``key``: the cards of this office and no others; a passphrase that is changed, or lost."""

from pathlib import Path

import pytest

from tests.commands import DONE, REFUSED, Life, Terminal, run
from tests.homes import PASSPHRASE

NEW = "an eel sang at noon"


def test_cards_of_this_office_are_told_from_all_others(life: Life, home: Path, me: None) -> None:
    mine = sorted((life.folder / "cards").iterdir())
    assert run("key", "check", *mine[1:], home=home).out == 'These 2 cards open the office key of Zyra "Drita" \\ Ђ.\n'
    foreign = home.parent / "foreign"
    run("init", "--org", "Other", "--rehearsal", "--cards", foreign, home=home.parent / "other")
    theirs = sorted(foreign.iterdir())
    assert oct(theirs[0].stat().st_mode & 0o777) == "0o600"
    for cards, words in (
        (theirs[:2], "are of another office"),
        ([mine[0], theirs[1]], "of different sets"),
        (mine[:1], "too few cards"),
        ([mine[0], mine[0]], "the same card was given twice"),
        ([home / "nisisama.db", mine[0]], "card 1: the number of words is wrong"),
    ):
        error = run("key", "check", *cards, "--json", home=home).error
        assert (error["type"], words in error["message"] or words in f"{error['where']}: {error['message']}") == (
            "CardError",
            True,
        )


def test_typed_cards_leave_no_file_and_a_slip_is_told_at_once(
    life: Life, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (
        file.read_text().partition("words:\n")[2].splitlines() for file in sorted((life.folder / "cards").iterdir())[:2]
    )
    slip = [first[0].replace(first[0].split()[1], "telegram"), *first[1:]]
    lines = iter([*slip, *first, *(line[4:] for line in second), ""])
    monkeypatch.setattr("click.prompt", lambda *_words, **_options: next(lines))
    before = set(home.parent.rglob("*"))
    ran = run("key", "check", home=home)
    assert (ran.code, ran.out.startswith("These 2 cards open")) == (DONE, True)
    assert "error: card 1: word 1 is not in the word list" in ran.err
    assert set(home.parent.rglob("*")) <= before
    lines = iter([""])
    assert "no card was given" in run("key", "check", home=home).err


@pytest.fixture
def new_file(tmp_path: Path) -> Path:
    file = tmp_path / "new"
    file.write_text(f"{NEW}\n")
    file.chmod(0o600)
    return file


def test_a_passphrase_is_changed_and_then_recovered_with_cards(
    life: Life, home: Path, me: None, new_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    two = ("--approved-by", "bo", "--reason", "he left", "--json")
    ran = run("key", "passphrase", "--new-passphrase-file", new_file, *two, home=home)
    assert ran.printed == {"changed": True, "warnings": []}
    assert run("audit", home=home).code == REFUSED  # with the old one, from the environment
    monkeypatch.setenv("NISISAMA_PASSPHRASE", NEW)
    assert "records compared" in run("audit", home=home).out
    new_file.write_text(f"{PASSPHRASE}\n")
    cards = sorted((life.folder / "cards").iterdir())[:2]
    ran = run("key", "recover", *cards, "--new-passphrase-file", new_file, *two, home=home)
    assert ran.printed == {"recovered": ["casework", "matching"], "logged": True, "warnings": []}
    monkeypatch.setenv("NISISAMA_PASSPHRASE", PASSPHRASE)
    assert "records compared" in run("audit", home=home).out


def test_a_new_passphrase_comes_from_a_file_or_a_person_and_not_from_where_the_old_one_does(
    home: Path, me: None, monkeypatch: pytest.MonkeyPatch, new_file: Path
) -> None:
    command = ("key", "passphrase", "--approved-by", "bo")
    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr(Terminal, "isatty", lambda _self: False)
    assert run(*command, "--json", home=home).error["code"] == "passphrase.new_missing"
    monkeypatch.setattr(Terminal, "isatty", lambda _self: True)
    lines = iter(["short", NEW])
    monkeypatch.setattr("click.prompt", lambda *_words, **_options: next(lines))
    ran = run(*command, home=home)
    assert (ran.code, "too short" in ran.err, "still open with the old one" in ran.out) == (DONE, True, True)
    new_file.write_text("short\n")
    monkeypatch.setenv("NISISAMA_PASSPHRASE", NEW)
    error = run(*command, "--new-passphrase-file", new_file, "--json", home=home).error
    assert error["code"] == "passphrase.too_short"


def test_keys_that_are_gone_are_recovered_for_reading_and_the_log_does_not_go_on(
    life: Life, home: Path, me: None, new_file: Path
) -> None:
    keys = home.with_name("home.keys")
    keys.rename(home.with_name("gone"))
    cards = sorted((life.folder / "cards").iterdir())[1:]
    ran = run("key", "recover", *cards, "--new-passphrase-file", new_file, "--approved-by", "bo", "--json", home=home)
    assert ran.printed["logged"] is False
    assert "its log cannot go on" in ran.err
    assert sorted(file.name for file in keys.iterdir()) == ["casework.age", "matching.age"]
