"""``key check``: the cards of this office and no others."""

from pathlib import Path

import pytest

from tests.commands import DONE, Life, run


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
