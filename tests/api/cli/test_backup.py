"""``backup`` and ``restore``: what they print, and what they ask."""

import json
import shutil
from pathlib import Path

import pytest

from tests.commands import DONE, REFUSED, UNDECIDED, Terminal, run
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
    (backup,) = (tmp_path / "disk").glob("*Z")
    error = run("restore", backup, "--json", home=tmp_path / "new").error
    assert (error["code"], error["where"]) == ("backup.does_not_hold", str(backup))
    ran = run("restore", backup, "--damaged", home=tmp_path / "new")
    assert (ran.code, "objects.bytes" in ran.out, "audit FAILED" in ran.out) == (DONE, True, True)


def test_the_passphrase_is_asked_for_where_keys_are_restored(
    home: Path, me: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = run("backup", tmp_path / "disk", "--with-keys", home=home)
    assert "under the passphrase" in made.out
    (backup,) = (tmp_path / "disk").glob("*Z")
    monkeypatch.delenv("NISISAMA_PASSPHRASE")
    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr("click.prompt", lambda *_words, **_options: PASSPHRASE)
    assert run("restore", backup, tmp_path / "new", "--json").printed["keys"] is True
    monkeypatch.setattr(Terminal, "isatty", lambda _self: False)
    assert run("restore", backup, tmp_path / "newer", "--json").error["code"] == "passphrase.missing"
    assert not list(tmp_path.glob("newer*"))
    assert run("restore", tmp_path / "disk", tmp_path / "newer").code == REFUSED


def test_without_dest_each_disk_of_the_settings_has_one_and_a_disk_that_is_away_keeps_none_from_it(
    home: Path, me: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("backup", "--json", home=home).error["code"] == "backup.no_disks"
    disks = [tmp_path / "one", tmp_path / "away" / "two", tmp_path / "three"]
    monkeypatch.setenv("NISISAMA_BACKUP__DISKS", json.dumps([str(each) for each in disks]))
    ran = run("backup", "--json", home=home)
    assert ran.code == REFUSED
    one, two, three = ran.printed["disks"]
    assert [one["place"], three["place"]] == [str(disks[0]), str(disks[2])]
    assert (two["place"], two["error"]["code"]) == (str(disks[1]), "backup.no_place")
    assert "plugged in" in ran.err
    disks[1].parent.mkdir()
    assert run("backup", home=home).code == DONE  # the control


def test_a_disk_that_was_full_goes_on_once_there_is_room(
    home: Path, me: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = shutil.disk_usage(tmp_path)._replace(free=1000)
    with monkeypatch.context() as full:
        full.setattr("shutil.disk_usage", lambda _path: free)
        ran = run("backup", tmp_path / "disk", home=home)
    assert (ran.code, "too little room" in ran.err, "Free some room" in ran.err) == (REFUSED, True, True)
    assert run("backup", tmp_path / "disk", home=home).code == DONE


def test_a_disk_that_is_not_mounted_is_not_written_to_the_disk_of_the_home(
    home: Path, me: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as other_disk:
        other_disk.setattr("api.office.backup._on_one_disk", lambda *_folders: False)
        assert run("backup", tmp_path / "disk", home=home).code == DONE
    shutil.rmtree(tmp_path / "disk")
    assert run("backup", tmp_path / "disk", "--json", home=home).error["code"] == "backup.disk_away"
    assert not (tmp_path / "disk").exists()
    assert "No more backups are asked for" in run("backup", "--forget", tmp_path / "disk", home=home).out
    assert run("backup", tmp_path / "disk", home=home).code == DONE  # the control


def test_a_backup_is_proven_on_a_bare_machine_and_nothing_is_left_of_it(
    home: Path, me: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    made = Path(run("backup", tmp_path / "disk", home=home).out.split("\n")[0].removeprefix("Backup: "))
    beside = run("restore", made, home, "--verify", "--json")
    assert (beside.code, beside.printed["verdict"], beside.printed["verified"]) == (DONE, "PASSED", str(made))
    bare = run("restore", made, tmp_path / "nowhere", "--verify")
    assert (bare.code, "audit INDETERMINATE" in bare.out) == (UNDECIDED, True)
    with_keys = run("backup", tmp_path / "disk", "--with-keys", "--json", home=home).printed["backup"]
    assert run("restore", with_keys, tmp_path / "nowhere", "--verify").code == DONE
    (shelves,) = (tmp_path / "disk").glob("*.objects")
    next(file for file in shelves.rglob("*") if file.is_file()).unlink()
    broken = run("restore", made, home, "--verify")
    assert (broken.code, "audit FAILED" in broken.out) == (REFUSED, True)
    assert not list((tmp_path / "tmp").iterdir())
    assert not list(tmp_path.glob("nowhere*"))
