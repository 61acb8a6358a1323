"""Bytes are on the disk or not there at all, and what lies there is not replaced."""

import errno
import os
import stat
from pathlib import Path

import pytest

from evidence.errors import StorageFullError, StoreError
from evidence.objects.durable import (
    make_folder,
    reading_of,
    remove_folder,
    replace_file,
    storage_errors,
    sync_directory,
    write_file,
)


def failing(number: int) -> object:
    def fail(_handle: int) -> None:
        raise OSError(number, os.strerror(number))

    return fail


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_no_space_is_our_error_and_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    monkeypatch.setattr("os.fsync", failing(number))
    with pytest.raises(StorageFullError, match="no space is left") as raised:
        write_file(tmp_path / "a", b"bytes")
    assert raised.value.where == str(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_another_failure_of_the_disk_is_explained_and_not_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []

    def fail(handle: int) -> None:
        calls.append(handle)
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(StoreError, match="Input/output"):
        write_file(tmp_path / "a", b"bytes")
    assert len(calls) == 1
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_is_not_touched(tmp_path: Path) -> None:
    file = tmp_path / "a"
    write_file(file, b"first")
    with pytest.raises(FileExistsError):
        write_file(file, b"second")
    assert file.read_bytes() == b"first"


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FileExistsError):
        write_file(tmp_path / "link", b"secret")
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_a_file_is_its_owners_alone(tmp_path: Path, mode: int) -> None:
    write_file(tmp_path / "a", b"bytes", mode=mode)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == mode


def test_bytes_and_entry_are_brought_to_the_disk_in_this_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[str] = []
    real = os.fsync

    def note(handle: int) -> None:
        synced.append("folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file")
        real(handle)

    monkeypatch.setattr("os.fsync", note)
    write_file(tmp_path / "a", b"bytes")
    assert synced == ["file", "folder"]
    replace_file(tmp_path / "a", b"other")
    assert synced == ["file", "folder", "file", "folder", "folder"]
    sync_directory(tmp_path)
    assert synced[-1] == "folder"


def test_a_replacement_that_fails_leaves_the_old_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a"
    write_file(file, b"old")
    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", failing(errno.ENOSPC))
        with pytest.raises(StorageFullError):
            replace_file(file, b"new")
    assert [each.name for each in tmp_path.iterdir()] == ["a"]
    assert file.read_bytes() == b"old"


def test_a_replacement_takes_over_what_a_killed_one_left(tmp_path: Path) -> None:
    file = tmp_path / "a"
    (tmp_path / "a.new").write_bytes(b"half")
    replace_file(file, b"first")
    replace_file(file, b"second")
    assert [each.name for each in tmp_path.iterdir()] == ["a"]
    assert file.read_bytes() == b"second"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_only_no_space_is_turned_into_ours(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), storage_errors(tmp_path):
        sync_directory(tmp_path / "none")


def test_a_new_folder_is_on_the_disk_with_every_parent_that_was_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    real = os.fsync
    monkeypatch.setattr("os.fsync", lambda handle: (synced.append(os.fstat(handle).st_ino), real(handle)))
    make_folder(tmp_path / "a" / "b", parents=True)
    assert sorted(synced) == sorted(folder.stat().st_ino for folder in (tmp_path, tmp_path / "a"))
    synced.clear()
    make_folder(tmp_path / "a" / "b", exist_ok=True)
    assert synced == []
    with pytest.raises(FileExistsError):
        make_folder(tmp_path / "a" / "b")
    assert stat.S_IMODE((tmp_path / "a" / "b").stat().st_mode) == 0o700


@pytest.mark.parametrize("number", [errno.EACCES, errno.EIO])
def test_no_folder_is_left_whose_entry_cannot_be_brought_to_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refuse(directory: Path) -> None:  # what a parent of mode 0300 does; not by its mode: the tests may run as root
        if directory == tmp_path:
            raise OSError(number, os.strerror(number), str(directory))

    monkeypatch.setattr("evidence.objects.durable.sync_directory", refuse)
    (tmp_path / "there").mkdir()
    for folder in (tmp_path / "a", tmp_path / "a" / "b" / "c"):
        with pytest.raises(OSError, match=os.strerror(number)):
            make_folder(folder, parents=True)
    make_folder(tmp_path / "there", exist_ok=True)
    assert [each.name for each in tmp_path.iterdir()] == ["there"]


def test_a_folder_that_somebody_reads_stays_until_they_are_done(tmp_path: Path) -> None:
    inside = tmp_path / "folder" / "inside"
    inside.mkdir(parents=True)
    (inside / "file").write_bytes(b"bytes")
    with reading_of(inside / "file"), reading_of(inside):
        with pytest.raises(BlockingIOError):
            remove_folder(tmp_path / "folder", read_at=inside)
        assert (inside / "file").exists()
    remove_folder(tmp_path / "folder", read_at=inside)
    assert not (tmp_path / "folder").exists()


def test_a_folder_that_does_not_exist_can_be_held_and_counts_as_removed(tmp_path: Path) -> None:
    with reading_of(tmp_path / "none" / "at all"):
        remove_folder(tmp_path / "none", read_at=tmp_path / "none")
