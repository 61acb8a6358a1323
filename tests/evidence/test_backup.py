"""A backup is whole or not there, ends at its age, and takes nothing of others away."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from evidence.backup import (
    DESCRIPTION_FILE,
    NOTE_FILE,
    OBJECTS_FILE,
    Description,
    NotedDisk,
    assembled,
    backups_of,
    end_old,
    keep_files,
    kept_backups,
    note_of,
    objects_named,
    read_description,
    remove_dead_parts,
)
from evidence.canonical import sha256_hex
from evidence.errors import HomeError
from tests.nonempty import nonempty

ONE, TWO = b"one", b"two" * 700_000


def description(log: str = "o/1", made_at: str = "2026-01-01T00:00:00.000Z") -> Description:
    return Description(log, made_at, 1, 2, 0, {})


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
    for name, data in (("no", b"{}"), ("list", b"[]"), ("more", b'{"format":"nisisama/backup/2","x":1}')):
        (tmp_path / name).mkdir()
        (tmp_path / name / DESCRIPTION_FILE).write_bytes(data)
        with pytest.raises(HomeError, match="not a backup"):
            read_description(tmp_path / name)
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / DESCRIPTION_FILE).write_bytes(b'{"format":"nisisama/backup/1"}')
    with pytest.raises(HomeError, match="another version"):
        read_description(tmp_path / "new")
    (tmp_path / "b").rename(tmp_path / "b.part")
    with pytest.raises(HomeError, match="not finished"):
        read_description(tmp_path / "b.part")
    assert backups_of("o/1", tmp_path) == [tmp_path / "a"]
    assert backups_of("o/1", tmp_path / "nowhere") == []


def made(folder: Path, made_at: str, *, log: str = "o/1", named: tuple[str, ...] = ()) -> Path:
    backup = folder / f"{log.replace('/', '-')}_{made_at.replace(':', '')}"
    backup.mkdir(parents=True)
    files = keep_files({OBJECTS_FILE: "".join(f"{each}\n" for each in named).encode()}, backup)
    (backup / DESCRIPTION_FILE).write_bytes(Description(log, made_at, 1, len(named), 0, files).to_bytes())
    return backup


def test_a_backup_ends_a_day_before_its_age_and_the_newest_is_spared_until_another_is_whole(tmp_path: Path) -> None:
    now = datetime(2026, 3, 31, 12, tzinfo=UTC)
    old, young = made(tmp_path, "2026-03-02T12:00:00.000Z"), made(tmp_path, "2026-03-02T12:00:00.001Z")
    other = made(tmp_path, "2020-01-01T00:00:00.000Z", log="o/2")
    assert end_old("o/1", tmp_path, now, keep_days=30, spare_newest=True) == 1
    assert sorted(tmp_path.iterdir()) == sorted([young, other])
    assert not old.exists()
    later = now + timedelta(days=400)
    assert end_old("o/1", tmp_path, later, keep_days=30, spare_newest=True) == 0
    assert end_old("o/1", tmp_path, later, keep_days=30, spare_newest=False) == 1
    assert list(tmp_path.iterdir()) == [other]


def test_a_backup_whose_end_was_cut_off_is_removed_by_the_next(tmp_path: Path) -> None:
    old = made(tmp_path, "2026-03-01T00:00:00.000Z")
    (old / ".nisisama-part").touch()
    old.rename(tmp_path / f"{old.name}.part")
    remove_dead_parts(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_list_of_objects_is_read_as_it_was_written_or_not_at_all(tmp_path: Path) -> None:
    named = (sha256_hex(ONE), sha256_hex(TWO))
    backup = made(tmp_path, "2026-03-01T00:00:00.000Z", named=named)
    assert tuple(objects_named(backup)) == named
    (backup / OBJECTS_FILE).write_text(f"{named[0]}\n")
    with pytest.raises(HomeError, match="not as it was written"):
        objects_named(backup)
    (backup / OBJECTS_FILE).unlink()
    with pytest.raises(HomeError, match="gone"):
        objects_named(backup)


def test_small_files_keep_their_digest(tmp_path: Path) -> None:
    files = {"home/trust/a.pem": b"a", "keys/b": b"b"}
    assert keep_files(files, tmp_path) == {name: sha256_hex(data) for name, data in files.items()}
    assert (tmp_path / "keys" / "b").stat().st_mode & 0o777 == 0o600


def test_the_notes_of_all_disks_read_as_they_were_written_and_no_others(tmp_path: Path) -> None:
    assert kept_backups(tmp_path) == []
    times = datetime(2026, 3, 1, 12, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
    one, two = NotedDisk("/media/a b", 7, *times, same_disk=True), NotedDisk("/ž\n", 8, *times, same_disk=False)
    (tmp_path / NOTE_FILE).write_bytes(note_of([two], without="", more=one))
    assert kept_backups(tmp_path) == [one, two]
    (tmp_path / NOTE_FILE).write_bytes(note_of([one, two], without=one.place))
    assert kept_backups(tmp_path) == [two]
    for damaged in ("", "7", "seven 2026-03-01T12:00:00.000Z", "7 yesterday", two.line().replace("disk", "x"), "é"):
        (tmp_path / NOTE_FILE).write_text(damaged)
        assert kept_backups(tmp_path) == []


def test_a_list_of_objects_leads_to_no_other_place(tmp_path: Path) -> None:
    """Whoever has the disk can write the list and its digest."""
    for name in nonempty(["../../victim", "/etc/hostname", "A" * 64]):
        told = {OBJECTS_FILE: sha256_hex(f"{name}\n".encode())}
        (tmp_path / OBJECTS_FILE).write_text(f"{name}\n")
        (tmp_path / DESCRIPTION_FILE).write_bytes(replace(description(), files=told).to_bytes())
        with pytest.raises(HomeError, match="not as it was written"):
            objects_named(tmp_path)
