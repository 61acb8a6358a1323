"""``init``: a home is made whole, or not at all."""

import io
import shutil
from pathlib import Path

import click
import pytest

from evidence.seal.cards import read_cards
from evidence.seal.recipients import HybridIdentity
from tests.commands import DONE, Life, Terminal, run


def test_a_new_home_names_its_log_and_the_roots_to_hand_out(life: Life) -> None:
    created = life.ran["init"].printed
    assert created["home"] == str(life.home)
    assert created["log_vkey"].startswith(f"{created['log_origin']}+")
    assert created["log_origin"].startswith("zyra-drita/")
    names = [Path(file).name for file in created["trust"]]
    assert names == ["seal-root.pem", "time-stamp-rehearsal-1.pem"]


def test_any_two_cards_give_the_office_key(life: Life) -> None:
    cards = [file.read_text() for file in sorted((life.folder / "cards").iterdir())]
    office = (life.home / "recipients" / "office.txt").read_text().strip()
    for pair in ((0, 1), (1, 2), (0, 2)):
        assert str(HybridIdentity(read_cards([cards[at] for at in pair])).recipient) == office


def test_a_new_home_says_where_its_cards_are_and_what_to_do(tmp_path: Path, me: None) -> None:
    ran = run("init", "--org", "Zyra", "--rehearsal", "--cards", tmp_path / "c", home=tmp_path / "h")
    last = ran.out.splitlines()[-1]
    assert last == f"Cards: {tmp_path / 'c'}  (print each, hand it to another person, then delete the files)"


def test_a_new_home_prints_its_cards_once_where_scripts_do_not_look(tmp_path: Path, me: None) -> None:
    ran = run(
        "init",
        "--org",
        "Zyra",
        "--rehearsal",
        "--cards-needed",
        "3",
        "--card-count",
        "4",
        "--json",
        home=tmp_path / "h",
    )
    cards = ran.err.partition("Write each card down")[2].split("NisiSama office key")[1:]
    cards[-1] = cards[-1].partition("The cards are not shown again")[0]
    assert ran.code == DONE
    assert ran.printed["home"] == str(tmp_path / "h")
    office = (tmp_path / "h" / "recipients" / "office.txt").read_text().strip()
    assert len(cards) == 4
    assert str(HybridIdentity(read_cards(cards[1:])).recipient) == office


def test_a_folder_that_is_there_is_not_touched(tmp_path: Path, me: None) -> None:
    for name in ("home", "home.keys"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a file").write_bytes(b"")
        error = run("init", "--org", "Zyra", "--json", home=tmp_path / "home").error
        assert (error["type"], error["where"]) == ("HomeError", str(tmp_path / name))
        (tmp_path / name / "a file").unlink()
        (tmp_path / name).rmdir()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        (["--org", "Zyra", "--tsa", "nobody"], "SettingsError"),
        (["--org", ""], "SettingsError"),
        (["--org", "a\nb"], "SettingsError"),
        (["--org", "Zyra \udcff"], "UsageError"),
        (["--org", "x" * 201], "SettingsError"),
        (
            ["--org", "Zyra", "--cards-needed", "16", "--card-count", "16", "--cards", "file/cards"],
            "NotADirectoryError",
        ),
    ],
)
def test_a_home_that_cannot_be_made_leaves_nothing_behind(
    tmp_path: Path, me: None, monkeypatch: pytest.MonkeyPatch, arguments: list[str], kind: str
) -> None:
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.chdir(tmp_path)
    assert run("init", *arguments, "--json", home=tmp_path / "home").error["type"] == kind
    assert [file.name for file in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("value", ["9", "21", "ten", "1e1", "-12", "9" * 5000])
def test_a_work_factor_out_of_range_is_refused(
    tmp_path: Path, me: None, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("NISISAMA_KEYS__PASSPHRASE_LOG_N", value)
    error = run("init", "--org", "Zyra", "--json", home=tmp_path / "home").error
    assert (error["where"], error["found"]) == ("NISISAMA_KEYS__PASSPHRASE_LOG_N", value[:20])
    assert list(tmp_path.iterdir()) == []


def test_without_a_work_factor_the_settings_one_counts(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NISISAMA_KEYS__PASSPHRASE_LOG_N")
    assert run("init", "--org", "Zyra", "--json", home=home).error["type"] == "HomeError"


def test_a_home_without_a_passphrase_is_not_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    assert (
        run("init", "--by", "ann", "--org", "Zyra", "--json", home=tmp_path / "home").error["type"] == "PassphraseError"
    )
    assert list(tmp_path.iterdir()) == []


def test_init_waits_until_a_person_has_the_cards_and_makes_nothing_if_they_give_up(
    tmp_path: Path, me: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def answer(text: str, *_words: object, **_options: object) -> str:
        asked.append(text)
        assert not (tmp_path / "home.keys").exists()
        if len(asked) > 1:
            raise click.Abort
        return ""

    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr("click.prompt", answer)
    assert run("init", "--org", "Zyra", "--rehearsal", home=tmp_path / "home").code == DONE
    shutil.rmtree(tmp_path / "home")
    shutil.rmtree(tmp_path / "home.keys")
    ran = run("init", "--org", "Zyra", "--rehearsal", home=tmp_path / "home")
    assert (ran.code, "cards above open nothing" in ran.err) == (1, True)
    assert list(tmp_path.iterdir()) == []


def test_an_unfinished_home_is_told_and_made_anew_by_the_same_command(
    tmp_path: Path, me: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = ("init", "--org", "Zyra", "--rehearsal", "--cards", tmp_path / "cards")
    with monkeypatch.context() as stop:
        stop.setattr("api.office.home.LocalObjects", None)
        stop.setattr("api.unfinished._take_away", lambda _home: None)
        stop.setattr("pathlib.Path.rmdir", lambda _path: None)
        with pytest.raises(TypeError):
            run(*command, home=tmp_path / "home")
    old = (tmp_path / "cards" / "card-1.txt").read_text()
    for other in (("doctor",), ("evidence", "list"), ("audit",), ("watch", "list"), ("key", "check")):
        said = run(*other, home=tmp_path / "home")
        assert (said.code, "unfinished" in said.out + said.err, "Run init again" in said.out + said.err) == (
            1,
            True,
            True,
        )
    ran = run(*command, home=tmp_path / "home")
    assert (ran.code, "Destroy every card of it" in ran.err) == (DONE, True)
    assert (tmp_path / "cards" / "card-1.txt").read_text() != old
    assert run("key", "check", *sorted((tmp_path / "cards").iterdir()), home=tmp_path / "home").code == DONE


def test_a_name_that_is_too_long_is_refused_before_anything_is_asked_or_made(tmp_path: Path) -> None:
    ran = run("init", "--org", "Ж" * 201, "--rehearsal", "--by", "mira", "--json", home=tmp_path / "h")
    assert (ran.error["code"], ran.error["where"]) == ("settings.organisation_too_long", "--org")
    assert not (tmp_path / "h").exists()
    assert not (tmp_path / "h.keys").exists()
