"""``key``: the cards of this office and no others; a passphrase that is changed, or lost."""

from pathlib import Path

import pytest

from evidence.seal.cards import set_of
from tests.commands import DONE, REFUSED, USAGE, Life, Ran, Terminal, run
from tests.homes import PASSPHRASE
from tests.manual import page_commands
from tests.nonempty import nonempty

NEW = "an eel sang at noon"


def test_cards_of_this_office_are_told_from_all_others(life: Life, home: Path, me: None) -> None:
    mine = sorted((life.folder / "cards").iterdir())
    name = set_of([file.read_text() for file in mine])
    said = f'These 2 cards of set {name} open the office key of Zyra "Drita" \\ Ђ.\n'
    assert run("key", "check", *mine[1:], home=home).out == said
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
    assert (ran.code, ran.out.startswith("These 2 cards of set ")) == (DONE, True)
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


# Walks from docs/operations.md


@pytest.fixture
def desk(life: Life, tmp_path: Path, me: None, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the cards, named as the pages name them."""
    monkeypatch.chdir(tmp_path)
    for file in sorted((life.folder / "cards").iterdir()):
        (tmp_path / file.name).write_text(file.read_text())
    return tmp_path


def test_new_cards_are_made_word_by_word_as_the_page_says(home: Path, desk: Path) -> None:
    old = set_of([(desk / "card-1.txt").read_text()])
    (desk / "card-3.txt").unlink()  # lost
    make, try_them = page_commands("### Make new cards")
    made = run(*make[1:], home=home)
    assert made.code == DONE, made.err
    assert f"collect every card of the old set {old} and destroy it" in made.out
    tried = run(*try_them[1:], home=home)
    assert (tried.code, tried.out.startswith("These 3 cards of set ")) == (DONE, True)
    refused = run("key", "check", "card-1.txt", "card-2.txt", "--json", home=home)
    assert (refused.code, refused.error["code"]) == (REFUSED, "card.replaced")
    again = run(*make[1:], "--json", home=home)
    assert (again.code, again.error["code"]) == (REFUSED, "home.cards_there_already")
    assert run("audit", home=home).code == DONE


def test_new_cards_are_shown_once_and_not_more_are_needed_than_made(home: Path, desk: Path) -> None:
    named = ("key", "cards", "card-1.txt", "card-2.txt", "--approved-by", "bo", "--reason", "x", "--json")
    assert run(*named, "--card-count", "2", "--cards-needed", "3", home=home).code == USAGE
    ran = run(*named, "--card-count", "4", home=home)
    assert (ran.printed["cards"], ran.printed["needed"]) == (4, 2)
    assert ran.err.count(f"set {ran.printed['set']}") == 4
    assert ran.printed["set"] != ran.printed["old_set"]
    assert not list(desk.rglob("new-cards"))


def test_the_drill_is_done_word_by_word_as_the_page_says(
    home: Path, desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    restore, recover, audit, look, drill, doctor = page_commands("### The yearly drill")
    meant = {"BACKUP": run("backup", desk / "disk", "--json", home=home).printed["backup"]}
    monkeypatch.setenv("NISISAMA_KEYS__PASSPHRASE_LOG_N", "10")
    (desk / "new-passphrase").write_text(f"{NEW}\n")
    (desk / "new-passphrase").chmod(0o600)

    def follow(command: list[str], *more: str, home: Path | None = None) -> Ran:
        return run(*(meant.get(word, word) for word in command[1:]), *more, home=home)

    for command in nonempty([restore, recover]):
        ran = follow(command)
        assert ran.code == DONE, ran.err
    read = follow(audit, "--json").printed
    assert (read["verdict"], read["media"]["opened"]) == ("INDETERMINATE", min(10, read["media"]["kept"]))
    assert {each["verdict"] for each in read["problems"]} == {"INDETERMINATE"}
    assert read["records"] == "not compared: keys from cards alone"
    assert follow(look).code == DONE
    passed = follow(drill, home=home)
    assert passed.code == DONE, passed.err
    assert passed.out.startswith("These 3 cards of set ")
    assert passed.out.endswith("The log says that the drill was passed.\n")
    assert "drill" not in {
        each["id"] for each in follow(doctor, "--json", home=home).printed["findings"] if each["verdict"] != "PASSED"
    }
    assert run("audit", home=home).code == DONE


def test_new_keys_are_made_word_by_word_as_the_page_says(
    home: Path, desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    look, casework, matching, back_up, audit, drill, doctor = page_commands("### A new casework or matching key")
    meant = {"DISK": str(desk / "disk")}
    monkeypatch.setenv("NISISAMA_KEYS__PASSPHRASE_LOG_N", "10")
    (desk / "new-passphrase").write_text(f"{NEW}\n")
    (desk / "new-passphrase").chmod(0o600)

    def follow(command: list[str], *more: str) -> Ran:
        return run(*(meant.get(word, word) for word in command[1:]), *more, home=home)

    for each in run("question", "list", "--json", home=home).printed["questions"]:
        run("question", "withdraw", each["receipt"], home=home)
    assert follow(look).code == DONE
    for command, role in nonempty([(casework, "casework"), (matching, "matching")]):
        ran = follow(command)
        assert (ran.code, f"The {role} key is new" in ran.out, "undoes nothing" in ran.out) == (DONE, True, True), (
            ran.err
        )
    monkeypatch.setenv("NISISAMA_PASSPHRASE", NEW)
    meant["BACKUP"] = follow(back_up, "--json").printed["backup"]
    assert "records compared" in follow(audit).out
    assert follow(drill).out.endswith("The log says that the drill was passed.\n")
    found = {each["id"]: each["verdict"] for each in follow(doctor, "--json").printed["findings"]}
    assert {found[name] for name in ("home.pins", "keys.private", "seal", "drill")} == {"PASSED"}


def test_keys_are_changed_word_by_word_as_the_page_says(
    home: Path, desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask, approve, change, back_up, audit, doctor = page_commands("### Change keys")
    meant = {"DISK": str(desk / "disk")}
    monkeypatch.setenv("NISISAMA_KEYS__PASSPHRASE_LOG_N", "10")
    (desk / "new-passphrase").write_text(f"{NEW}\n")
    (desk / "new-passphrase").chmod(0o600)

    def follow(command: list[str], *more: str) -> Ran:
        return run(*(meant.get(word, word) for word in command[1:]), *more, home=home)

    meant["REQUEST"] = follow(ask, "--json").printed["request"]
    renewed = follow(approve)
    assert (renewed.code, "This undoes nothing" in renewed.out) == (DONE, True), renewed.err
    changed = follow(change)
    assert (changed.code, "This undoes nothing" in changed.out) == (DONE, True), changed.err
    monkeypatch.setenv("NISISAMA_PASSPHRASE", NEW)
    assert follow(back_up).code == DONE
    assert "records compared" in follow(audit).out
    found = {each["id"]: each["verdict"] for each in follow(doctor, "--json").printed["findings"]}
    assert {found[name] for name in ("home.pins", "keys.private", "seal", "drill")} == {"PASSED"}
