"""A backup is whole or not there; it shares files with an older one, and takes nothing of others away."""

import errno
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from evidence.backup import (
    DESCRIPTION_FILE,
    NOTE_FILE,
    Description,
    NewestBackup,
    assembled,
    backups_of,
    copy_objects,
    keep_files,
    newest_backup,
    read_description,
    remove_dead_parts,
    to_copy,
)
from evidence.canonical import sha256_hex
from evidence.errors import HomeError
from evidence.objects.local import LocalObjects

ONE, TWO = b"one", b"two" * 700_000


def description(log: str = "o/1", made_at: str = "2026-01-01T00:00:00.000Z") -> Description:
    return Description(log, made_at, 1, 2, 0, {})


def store(root: Path, *bodies: bytes) -> LocalObjects:
    objects = LocalObjects(root)
    objects.create()
    for body in bodies:
        place = objects.path(sha256_hex(body))
        place.parent.mkdir(exist_ok=True)
        place.write_bytes(body)
    return objects


def test_what_is_put_together_has_its_name_when_it_is_whole(tmp_path: Path) -> None:
    with assembled(tmp_path / "a") as part:
        (part / "inner").mkdir()
        assert not (tmp_path / "a").exists()
    assert [file.name for file in tmp_path.iterdir()] == ["a"]
    with pytest.raises(KeyboardInterrupt), assembled(tmp_path / "b"):
        raise KeyboardInterrupt
    assert [file.name for file in tmp_path.iterdir()] == ["a"]
    assert (tmp_path / "a" / "inner").is_dir()


def test_an_empty_folder_gives_way_and_nothing_else_does(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with assembled(tmp_path / "empty") as part:
        (part / "x").touch()
    assert (tmp_path / "empty" / "x").exists()
    for name in ("empty", "file"):
        (tmp_path / "file").touch()
        with pytest.raises(HomeError, match="already"), assembled(tmp_path / name):
            pass
    assert not list(tmp_path.glob("*.part"))


def test_what_a_dead_process_left_is_removed_and_what_a_living_one_makes_is_not(tmp_path: Path) -> None:
    (tmp_path / "dead.part").mkdir()
    (tmp_path / "cut.part" / "home").mkdir(parents=True)
    (tmp_path / "cut.part" / ".nisisama-part").touch()
    (tmp_path / "theirs.part" / "film").mkdir(parents=True)
    (tmp_path / "file.part").touch()
    (tmp_path / "link.part").symlink_to(tmp_path)
    with assembled(tmp_path / "a") as part:
        remove_dead_parts(tmp_path)
        assert part.is_dir()
        with pytest.raises(HomeError, match="another process"), assembled(tmp_path / "a"):
            pass
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a", "file.part", "link.part", "theirs.part"]
    assert list((tmp_path / "a").iterdir()) == []
    with pytest.raises(HomeError, match="not of this program"), assembled(tmp_path / "theirs"):
        pass
    assert (tmp_path / "theirs.part" / "film").is_dir()


def test_a_manifest_reads_as_it_was_written_and_others_are_told_apart(tmp_path: Path) -> None:
    for name, made_at, log in (("b", "2", "o/1"), ("a", "1", "o/1"), ("c", "3", "o/2")):
        (tmp_path / name).mkdir()
        (tmp_path / name / DESCRIPTION_FILE).write_bytes(description(log, made_at).to_bytes())
    assert read_description(tmp_path / "b") == description(made_at="2")
    for name, data in (("no", b"{}"), ("list", b"[]"), ("more", b'{"format":"nisisama/backup/1","x":1}')):
        (tmp_path / name).mkdir()
        (tmp_path / name / DESCRIPTION_FILE).write_bytes(data)
        with pytest.raises(HomeError, match="not a backup"):
            read_description(tmp_path / name)
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / DESCRIPTION_FILE).write_bytes(b'{"format":"nisisama/backup/2"}')
    with pytest.raises(HomeError, match="another version"):
        read_description(tmp_path / "new")
    (tmp_path / "b").rename(tmp_path / "b.part")
    with pytest.raises(HomeError, match="not finished"):
        read_description(tmp_path / "b.part")
    assert backups_of("o/1", tmp_path) == [tmp_path / "a"]
    assert backups_of("o/1", tmp_path / "nowhere") == []


def test_an_object_that_an_older_backup_has_shares_its_file(tmp_path: Path) -> None:
    source = store(tmp_path / "home", ONE, TWO)
    addresses = sorted(map(sha256_hex, (ONE, TWO)))
    heard: list[int] = []
    assert copy_objects(addresses[:1], source, tmp_path / "old", None, heard.append) == 0
    assert to_copy(addresses, tmp_path / "old") == addresses[1:]
    assert copy_objects(addresses, source, tmp_path / "new", tmp_path / "old", heard.append) == 0
    old, new = LocalObjects(tmp_path / "old"), LocalObjects(tmp_path / "new")
    assert old.path(addresses[0]).samefile(new.path(addresses[0]))
    assert {b"".join(new.read(each)) for each in addresses} == {ONE, TWO}
    assert new.path(addresses[1]).stat().st_mode & 0o777 == 0o400
    assert sum(heard) == len(ONE) + len(TWO)


def test_a_file_of_an_older_backup_that_has_changed_is_copied_again_and_not_shared(tmp_path: Path) -> None:
    source, addresses = store(tmp_path / "home", ONE, TWO), sorted(map(sha256_hex, (ONE, TWO)))
    copy_objects(addresses, source, tmp_path / "old", None, lambda _more: None)
    old, new = LocalObjects(tmp_path / "old"), LocalObjects(tmp_path / "new")
    rotten = old.path(addresses[0])
    rotten.chmod(0o600)
    rotten.write_bytes(b"x" * rotten.stat().st_size)
    assert copy_objects(addresses, source, tmp_path / "new", tmp_path / "old", lambda _more: None) == 0
    assert {b"".join(new.read(each)) for each in addresses} == {ONE, TWO}
    assert old.path(addresses[1]).samefile(new.path(addresses[1]))


@pytest.mark.parametrize("code", [errno.EPERM, errno.EXDEV, errno.EMLINK, errno.ENOTSUP])
def test_without_links_an_object_is_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    source, address = store(tmp_path / "home", ONE), sha256_hex(ONE)
    copy_objects([address], source, tmp_path / "old", None, lambda _more: None)

    def refused(*_told: object, **_more: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "link", refused)
    assert copy_objects([address], source, tmp_path / "new", tmp_path / "old", lambda _more: None) == 0
    assert b"".join(LocalObjects(tmp_path / "new").read(address)) == ONE


def test_objects_that_are_gone_or_changed_are_counted_and_not_copied(tmp_path: Path) -> None:
    source, address = store(tmp_path / "home", ONE, TWO), sha256_hex(ONE)
    source.path(address).write_bytes(b"changed")
    addresses = [address, sha256_hex(TWO), sha256_hex(b"gone")]
    assert copy_objects(addresses, source, tmp_path / "new", None, lambda _more: None) == 2
    assert list(LocalObjects(tmp_path / "new").addresses()) == [sha256_hex(TWO)]


def test_small_files_keep_their_digest(tmp_path: Path) -> None:
    files = {"home/trust/a.pem": b"a", "keys/b": b"b"}
    assert keep_files(files, tmp_path) == {name: sha256_hex(data) for name, data in files.items()}
    assert (tmp_path / "keys" / "b").stat().st_mode & 0o777 == 0o600


def test_the_note_of_the_newest_backup_reads_as_it_was_written_and_no_other(tmp_path: Path) -> None:
    assert newest_backup(tmp_path) is None
    for same_disk in (True, False):
        noted = NewestBackup(7, datetime(2026, 3, 1, 12, tzinfo=UTC), same_disk)
        (tmp_path / NOTE_FILE).write_bytes(noted.to_bytes())
        assert newest_backup(tmp_path) == noted
    for damaged in ("", "7", "seven 2026-03-01T12:00:00.000Z", "7 yesterday"):
        (tmp_path / NOTE_FILE).write_text(damaged)
        assert newest_backup(tmp_path) is None
