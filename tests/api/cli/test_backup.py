"""``backup`` and ``restore``: what they print, and what they ask."""

from pathlib import Path

import pytest

from tests.commands import DONE, REFUSED, Terminal, run
from tests.homes import PASSPHRASE


def test_a_backup_is_made_and_restored(home: Path, me: None, tmp_path: Path) -> None:
    made = run("backup", tmp_path / "disk", "--json", home=home).printed
    assert (made["missing"], made["rows"], made["with_keys"]) == (0, True, False)
    assert made["copied"] == made["objects"]
    home.rename(tmp_path / "lost")
    back = run("restore", made["backup"], home, "--json").printed
    assert back["home"] == str(home)
    assert (back["entries"], back["objects"]) == (made["entries"], made["objects"])
    assert (back["verdict"], back["problems"], back["keys"]) == ("PASSED", [], False)
    ran = run("doctor", home=home)
    assert "the newest is 0 days old and lies on the disk of the home" in ran.out
    assert made["same_disk"] is True


def test_words_for_people_say_where_it_is_and_what_is_not_in_it(home: Path, me: None, tmp_path: Path) -> None:
    next(file for file in (home / "objects").rglob("*") if file.is_file()).unlink()
    ran = run("backup", tmp_path / "disk", home=home)
    assert "The keys are not in it" in ran.out
    assert "loses both" in ran.err
    assert "gone or changed, and are not copied: 1. Run: nisisama audit" in ran.err
    (backup,) = (tmp_path / "disk").iterdir()
    error = run("restore", backup, "--json", home=tmp_path / "new").error
    assert (error["code"], error["where"]) == ("backup.does_not_hold", str(backup))
    ran = run("restore", backup, "--damaged", home=tmp_path / "new")
    assert (ran.code, "objects.bytes" in ran.out, "audit FAILED" in ran.out) == (DONE, True, True)


def test_the_passphrase_is_asked_for_where_keys_are_restored(
    home: Path, me: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = run("backup", tmp_path / "disk", "--with-keys", home=home)
    assert "under the passphrase" in made.out
    (backup,) = (tmp_path / "disk").iterdir()
    monkeypatch.delenv("NISISAMA_PASSPHRASE")
    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr("click.prompt", lambda *_words, **_options: PASSPHRASE)
    assert run("restore", backup, tmp_path / "new", "--json").printed["keys"] is True
    monkeypatch.setattr(Terminal, "isatty", lambda _self: False)
    assert run("restore", backup, tmp_path / "newer", "--json").error["code"] == "passphrase.missing"
    assert not list(tmp_path.glob("newer*"))
    assert run("restore", tmp_path / "disk", tmp_path / "newer").code == REFUSED
