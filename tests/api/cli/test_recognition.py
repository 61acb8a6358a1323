"""``case recognise``: what she has, what she sent, what she saw, and what she takes back."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from api.cli.recognition import HOW
from api.home import Home
from casefiles.recognition import HowAlike
from tests.appearing import case_with, jpeg, photo, post
from tests.asking import armored, ask
from tests.commands import DONE, REFUSED, USAGE, Ran, run
from tests.homes import PASSPHRASE, Office, copy_of
from tests.nonempty import nonempty


@pytest.fixture
def stated(tmp_path: Path, office: Office, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Home, str, str]]:
    monkeypatch.setenv("NISISAMA_PASSPHRASE", PASSPHRASE)
    monkeypatch.setenv("NISISAMA_ACTOR", "ann")
    home = copy_of(office, tmp_path)
    (item,) = post(home, tmp_path / "posted", {5: jpeg(photo())})
    yield home, case_with(home, item), item
    home.engine.dispose()


def recognise(stated: tuple[Home, str, str], *more: str | Path) -> Ran:
    home, case, item = stated
    today = home.clock().date().isoformat()
    said = ("--person", "mila", "--language", "sr", "--date", today)
    return run("case", "recognise", case.removeprefix("case-")[:6], item[:12], *said, *more, home=home.path)


def test_a_file_is_recorded_shown_and_taken_back(stated: tuple[Home, str, str], tmp_path: Path) -> None:
    home, case, item = stated
    hers = tmp_path / "hers.jpg"
    hers.write_bytes(jpeg(photo()))
    done = recognise(stated, "--image", hers, "--json")
    expected = {"case_id": case, "item_id": item, "recognition": "same_file", "means": "file"}
    assert (done.code, {name: done.printed[name] for name in expected}) == (DONE, expected)
    shown = run("case", "show", case, home=home.path).out
    assert f"she states about {item}: the file that she has is the same file, her file was compared;" in shown
    (told,) = run("case", "show", case, "--json", home=home.path).printed["statements"]
    assert (told["item_id"], told["recognition"]) == (item, "same_file")
    assert "took back" in recognise(stated, "--withdrawn").out
    assert "she states" not in run("case", "show", case, home=home.path).out


def test_what_she_saw_needs_her_words(stated: tuple[Home, str, str], tmp_path: Path) -> None:
    words = tmp_path / "words.txt"
    words.write_text("I saw it.", encoding="utf-8")
    assert HOW[HowAlike.SEEN] in recognise(stated, "--seen", "--words", words).out
    refused = recognise(stated, "--seen", "--json")
    assert (refused.code, refused.error["code"]) == (REFUSED, "recognition.without_words")


def test_a_question_is_named_by_its_words(stated: tuple[Home, str, str], tmp_path: Path) -> None:
    home, case, _item = stated
    text = tmp_path / "question.txt"
    text.write_text(armored(ask(home, jpeg(photo(), 40))), encoding="ascii")
    receipt = run("check", text, "--case", case, "--json", home=home.path).printed["question"]
    assert recognise(stated, "--question", receipt, "--json").printed["means"] == "question"


def test_exactly_one_way_is_given(stated: tuple[Home, str, str]) -> None:
    for ways in nonempty([(), ("--seen", "--withdrawn"), ("--question", "x", "--seen")]):
        assert recognise(stated, *ways).code == USAGE


def test_every_way_has_its_words() -> None:
    assert set(HOW) == set(HowAlike)
