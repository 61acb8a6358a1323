"""What a writer puts is on the disk before it may be logged; no object is lost in silence, whoever puts and syncs."""

import errno
import fcntl
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from evidence.errors import ObjectConflictError, ObjectMissingError, StorageFullError, StoreError
from evidence.objects import pending as module
from evidence.objects.local import LocalObjects
from evidence.objects.pending import LocalPending, lock_folder
from evidence.objects.port import Sink
from tests.evidence.objects.test_local import address_of, filling, keep, log, nothing


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "objects"
    LocalObjects(root).create()
    return root


@pytest.fixture
def store(root: Path) -> LocalObjects:
    return LocalObjects(root)


@pytest.fixture
def writer(root: Path) -> Iterator[LocalPending]:
    writer = LocalPending(root)
    yield writer
    writer.close()


def files(root: Path) -> list[Path]:
    return [file for file in root.rglob("*") if file.is_file()]


def folders(root: Path) -> list[Path]:
    return list((root / "pending").iterdir())


# Failures


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt])
def test_a_put_that_fails_leaves_nothing(writer: LocalPending, root: Path, error: type[BaseException]) -> None:
    def fail(sink: Sink) -> str:
        sink(b"half")
        raise error

    with pytest.raises(error):
        writer.put(fail)
    assert files(root) == []


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_no_space_is_our_error(writer: LocalPending, root: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def full(_handle: int) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full)
        with pytest.raises(StorageFullError):
            writer.put(filling(b"body"))
        assert files(root) == []
    address = writer.put(filling(b"body"))
    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full)
        with pytest.raises(StorageFullError):
            writer.sync([address])
    writer.sync([address])


@pytest.mark.parametrize("name", ["link", "mkdir"])
def test_an_object_without_room_for_its_name_is_left_to_recovery(
    writer: LocalPending, store: LocalObjects, root: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    def full(*_args: object, **_options: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    address = writer.put(filling(b"body"))
    with monkeypatch.context() as patch:
        patch.setattr(f"os.{name}", full)
        with pytest.raises(StorageFullError):
            writer.sync([address])
    writer.close()
    assert store.recover(nothing) == 1
    assert files(root) == []


def test_a_disk_without_room_for_a_folder_holds_nothing_back(
    writer: LocalPending, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_folder: Path) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(module, "sync_directory", fail)
        with pytest.raises(StoreError, match="failed"):
            writer.put(filling(b"body"))
    (folder,) = folders(root)
    handle = lock_folder(folder)
    assert handle is not None  # nobody holds what is left
    os.close(handle)


def test_other_bytes_at_an_address_are_refused_and_the_first_are_kept(
    writer: LocalPending, store: LocalObjects, root: Path
) -> None:
    address = keep(writer, b"first")
    writer.settle([address])
    with pytest.raises(ObjectConflictError) as raised:
        keep(writer, b"second", address)
    assert raised.value.where == f"object {address}"
    writer.close()
    assert store.recover(log(b"first")) == 1
    assert b"".join(store.read(address)) == b"first"
    assert len(files(root)) == 1


def test_damage_that_lies_at_an_address_is_not_taken_for_the_object(writer: LocalPending, store: LocalObjects) -> None:
    place = store.path(address_of(b"body"))
    place.parent.mkdir()
    place.write_bytes(b"damaged")
    with pytest.raises(ObjectConflictError):
        keep(writer, b"body")
    assert place.read_bytes() == b"damaged"


def test_a_file_in_place_of_a_shelf_hides_an_object_as_if_it_were_missing(
    writer: LocalPending, store: LocalObjects, root: Path
) -> None:
    (root / address_of(b"body")[:2]).write_bytes(b"")
    with pytest.raises(ObjectMissingError):
        next(store.read(address_of(b"body")))
    with pytest.raises(StoreError) as raised:
        keep(writer, b"body")
    assert raised.value.where == str(root / address_of(b"body")[:2])


@pytest.mark.parametrize("name", ["sync", "settle", "take_back"])
def test_what_another_writer_put_is_refused_and_not_passed_over(root: Path, writer: LocalPending, name: str) -> None:
    other = LocalPending(root)
    address = keep(other, b"body")
    with pytest.raises(ObjectMissingError, match="has put no such object") as raised:
        getattr(writer, name)([address])
    assert raised.value.where == f"object {address}"
    other.close()


# Several writers


def test_a_writer_that_puts_nothing_leaves_no_trace(store: LocalObjects, root: Path) -> None:
    before = list(root.rglob("*"))
    with store.pending() as pending:
        pending.sync([])
        pending.settle([])
    assert list(root.rglob("*")) == before


def test_recovery_spares_what_the_living_are_at(root: Path, store: LocalObjects) -> None:
    dead, living = LocalPending(root), LocalPending(root)
    keep(dead, b"dead")
    dead.close()
    address = keep(living, b"living")
    assert store.recover(nothing) == 1
    assert b"".join(store.read(address)) == b"living"
    living.settle([address])
    living.close()
    assert (store.recover(log(b"living")), list(store.addresses()), folders(root)) == (0, [address], [])


def test_a_log_that_is_asked_before_a_writer_died_is_not_believed(root: Path, store: LocalObjects) -> None:
    """All folders are locked before the log is asked, or what a writer logged just before its death would be lost."""
    one, other = LocalPending(root), LocalPending(root)
    keep(one, b"one")
    one.close()
    address = keep(other, b"other")

    def logged() -> frozenset[str]:
        other.close()  # it logged its object just after this answer was made
        return frozenset()

    assert store.recover(logged) == 1
    assert b"".join(store.read(address)) == b"other"
    assert store.recover(log(b"other")) == 0


def test_a_folder_that_recovery_removes_before_it_is_locked_is_made_again(
    root: Path, store: LocalObjects, writer: LocalPending, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock, removed = fcntl.flock, [0]

    def late(handle: int, operation: int) -> None:
        monkeypatch.setattr("fcntl.flock", lock)
        store.recover(nothing)
        removed[0] += 1
        lock(handle, operation)

    monkeypatch.setattr("fcntl.flock", late)
    address = keep(writer, b"body")
    assert removed == [1]
    assert b"".join(store.read(address)) == b"body"


def test_after_an_error_a_writer_that_lives_on_leaves_its_objects_to_recovery(
    writer: LocalPending, store: LocalObjects
) -> None:
    logged, lost = keep(writer, b"logged"), keep(writer, b"lost")
    writer.close()
    fresh = keep(writer, b"fresh")
    assert store.recover(log(b"logged")) == 1
    with pytest.raises(ObjectMissingError):
        writer.settle([lost])
    writer.settle([fresh])
    assert list(store.addresses()) == sorted([logged, fresh])


# Taking back


def test_what_will_not_be_logged_is_taken_back_and_the_rest_stays(
    writer: LocalPending, store: LocalObjects, root: Path
) -> None:
    logged, known = keep(writer, b"logged"), keep(writer, b"known")
    unsynced = writer.put(filling(b"unsynced"))
    writer.take_back([known, unsynced])
    writer.settle([logged])
    assert list(store.addresses()) == [logged]
    assert [file.name for file in files(root)] == [logged]


def test_taking_back_spares_an_object_of_the_same_bytes_that_is_kept(writer: LocalPending, store: LocalObjects) -> None:
    address = keep(writer, b"body")
    writer.settle([address])
    assert keep(writer, b"body") == address
    writer.take_back([address])
    assert list(store.addresses()) == [address]


# Success


def test_bytes_then_the_unfinished_name_then_address_and_folders_reach_the_disk(
    writer: LocalPending, store: LocalObjects, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    happened: list[int | str] = []
    sync, link = os.fsync, os.link

    def note(handle: int) -> None:
        happened.append(os.fstat(handle).st_ino)
        sync(handle)

    monkeypatch.setattr("os.fsync", note)
    monkeypatch.setattr("os.link", lambda *names: (happened.append("link"), link(*names)))
    address = writer.put(filling(b"body"))
    (folder,) = folders(root)
    assert happened == [(root / "pending").stat().st_ino, next(folder.iterdir()).stat().st_ino]
    assert files(store.path(address).parent) == []
    writer.sync([address])
    inodes = [each.stat().st_ino for each in (folder, root, store.path(address).parent)]
    assert happened[2:] == [inodes[0], "link", *inodes[1:]]
    happened.clear()
    writer.sync([])
    assert happened == []


def test_an_object_counts_when_it_is_settled(writer: LocalPending, store: LocalObjects, root: Path) -> None:
    first = keep(writer, b"first")
    assert list(store.addresses()) == []
    writer.settle([first])
    second = keep(writer, b"second")
    assert list(store.addresses()) == [first]
    writer.settle([second])
    assert list(store.addresses()) == sorted([first, second])
    writer.close()
    assert folders(root) == []


def test_objects_are_their_owners_and_nobody_writes_them(writer: LocalPending, store: LocalObjects, root: Path) -> None:
    address = keep(writer, b"body")
    assert stat.S_IMODE(store.path(address).stat().st_mode) == 0o400
    places = [root, root / "pending", *folders(root), store.path(address).parent]
    assert {stat.S_IMODE(place.stat().st_mode) & 0o077 for place in places} == {0}


def test_the_same_bytes_twice_are_one_object(writer: LocalPending, store: LocalObjects, root: Path) -> None:
    put: list[Callable[[Sink], str]] = [filling(b"body"), filling(b"body")]
    first, second = (writer.put(fill) for fill in put)
    assert first == second
    writer.sync([first])
    writer.settle([first])
    assert [file.name for file in files(root)] == [first]
    assert list(store.addresses()) == [first]
