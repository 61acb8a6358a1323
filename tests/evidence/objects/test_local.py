"""What was put and settled stays; what was never logged is taken back; nothing is ever replaced."""

import errno
import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.errors import ObjectConflictError, ObjectMissingError, StorageFullError, StoreError
from evidence.objects.local import CHUNK_BYTES, LocalObjects
from evidence.objects.port import Objects, Sink


def address_of(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def filling(body: bytes, address: str | None = None) -> Callable[[Sink], str]:
    def fill(sink: Sink) -> str:
        sink(body[: len(body) // 2])
        sink(body[len(body) // 2 :])
        return address or address_of(body)

    return fill


def keep(store: Objects, body: bytes, address: str | None = None) -> str:
    """Put and sync, as an intake does before it logs."""
    address = store.put(filling(body, address))
    store.sync()
    return address


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "objects"
    LocalObjects(root).create()
    return root


@pytest.fixture
def store(root: Path) -> LocalObjects:
    return LocalObjects(root)


def files(root: Path) -> Iterator[Path]:
    return (file for file in root.rglob("*") if file.is_file())


def nothing() -> frozenset[str]:
    return frozenset()


def log(*bodies: bytes) -> Callable[[], frozenset[str]]:
    return lambda: frozenset(map(address_of, bodies))


# Failures


def test_reading_what_is_not_there_says_what_to_do(store: LocalObjects) -> None:
    with pytest.raises(ObjectMissingError, match="backup") as raised:
        next(store.read(address_of(b"none")))
    assert raised.value.where == f"object {address_of(b'none')}"


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt])
def test_a_put_that_fails_leaves_nothing(store: LocalObjects, root: Path, error: type[BaseException]) -> None:
    def fail(sink: Sink) -> str:
        sink(b"half")
        raise error

    with pytest.raises(error):
        store.put(fail)
    assert list(files(root)) == []


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_no_space_is_our_error(store: LocalObjects, root: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def full(_handle: int) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full)
        with pytest.raises(StorageFullError):
            store.put(filling(b"body"))
        assert list(files(root)) == []
    store.put(filling(b"body"))
    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full)
        with pytest.raises(StorageFullError):
            store.sync()
    store.sync()


@pytest.mark.parametrize("name", ["link", "mkdir"])
def test_an_object_without_room_for_its_name_is_taken_back(
    store: LocalObjects, root: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    def full(*_args: object, **_options: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(f"os.{name}", full)
        with pytest.raises(StorageFullError):
            keep(store, b"body")
    assert LocalObjects(root).recover(nothing) == 1
    assert list(files(root)) == []


def test_other_bytes_at_an_address_are_refused_and_the_first_are_kept(store: LocalObjects, root: Path) -> None:
    address = keep(store, b"first")
    with pytest.raises(ObjectConflictError) as raised:
        keep(store, b"second", address)
    assert raised.value.where == f"object {address}"
    assert LocalObjects(root).recover(log(b"first")) == 1
    assert b"".join(store.read(address)) == b"first"
    assert len(list(files(root))) == 1


def test_damage_that_lies_at_an_address_is_not_taken_for_the_object(store: LocalObjects, root: Path) -> None:
    place = store.path(address_of(b"body"))
    place.parent.mkdir()
    place.write_bytes(b"damaged")
    with pytest.raises(ObjectConflictError):
        keep(store, b"body")
    assert place.read_bytes() == b"damaged"


# Recovery


def test_what_was_never_logged_is_taken_back(store: LocalObjects, root: Path) -> None:
    keep(store, b"lost")
    assert LocalObjects(root).recover(nothing) == 1
    assert list(files(root)) == []


def test_what_the_log_names_is_kept_though_it_was_never_settled(store: LocalObjects, root: Path) -> None:
    kept = keep(store, b"logged")
    keep(store, b"lost")
    again = LocalObjects(root)
    assert again.recover(log(b"logged")) == 1
    assert list(again.addresses()) == [kept]
    assert b"".join(again.read(kept)) == b"logged"


def test_a_half_written_file_goes_and_takes_nothing_with_it(store: LocalObjects, root: Path) -> None:
    kept = keep(store, b"body")
    store.settle()
    (root / "pending" / ("0" * 32)).write_bytes(b"bo")
    assert LocalObjects(root).recover(log(b"body")) == 1
    assert list(store.addresses()) == [kept]


def test_the_same_object_again_is_kept_once_and_recovery_keeps_it(store: LocalObjects, root: Path) -> None:
    first = keep(store, b"body")
    store.settle()
    assert keep(store, b"body") == first
    again = LocalObjects(root)
    assert again.recover(log(b"body")) == 0
    assert [file.name for file in files(root)] == [first]


def test_the_log_is_not_asked_when_nothing_is_unfinished(store: LocalObjects) -> None:
    keep(store, b"body")
    store.settle()

    def ask() -> frozenset[str]:
        raise AssertionError("asked")

    assert store.recover(ask) == 0


def test_a_backup_without_empty_folders_is_a_store_all_the_same(store: LocalObjects, root: Path) -> None:
    (root / "pending").rmdir()
    assert list(store.addresses()) == []
    assert store.recover(nothing) == 0
    keep(store, b"body")


@settings(max_examples=40)
@given(st.lists(st.tuples(st.binary(max_size=8), st.booleans(), st.booleans()), max_size=6))
def test_after_recovery_exactly_what_is_logged_is_there(
    tmp_path_factory: pytest.TempPathFactory, bodies: list[tuple[bytes, bool, bool]]
) -> None:
    root = tmp_path_factory.mktemp("any") / "objects"
    store = LocalObjects(root)
    store.create()
    logged: set[bytes] = set()
    for at, (body, is_logged, is_settled) in enumerate(bodies, start=1):
        keep(store, body)
        if is_logged or is_settled:  # settled means that the log holds it
            logged.add(body)
        if is_settled:
            logged |= {each for each, _logged, _settled in bodies[:at]}
            store.settle()
    again = LocalObjects(root)
    again.recover(log(*logged))
    assert list(again.addresses()) == sorted(map(address_of, logged))
    assert len(list(files(root))) == len(logged)


# What is not ours


def test_what_is_not_ours_is_named_and_is_no_object(store: LocalObjects, root: Path) -> None:
    kept = keep(store, b"body")
    store.settle()
    assert list(store.strangers()) == []
    shelf = store.path(kept).parent
    strange = [root / ".DS_Store", shelf / "notes.txt", shelf / (kept[:-1] + "_"), root / "pending" / "folder"]
    strange[0].write_bytes(b"x")
    strange[1].write_bytes(b"x")
    strange[2].symlink_to(store.path(kept))
    strange[3].mkdir()
    elsewhere = root / ("00" if kept[:2] != "00" else "01")
    elsewhere.mkdir()
    strange.append(elsewhere / kept)
    strange[4].write_bytes(b"body")
    assert sorted(store.strangers()) == sorted(strange)
    assert list(store.addresses()) == [kept]


def test_recovery_stops_at_what_is_not_ours_and_removes_nothing(store: LocalObjects, root: Path) -> None:
    keep(store, b"lost")
    strange = root / "pending" / "zz"
    strange.mkdir()
    before = set(root.rglob("*"))
    with pytest.raises(StoreError) as raised:
        LocalObjects(root).recover(nothing)
    assert raised.value.where == str(strange)
    assert set(root.rglob("*")) == before
    strange.rmdir()
    assert LocalObjects(root).recover(nothing) == 1


def test_a_file_in_place_of_the_unfinished_objects_is_named(store: LocalObjects, root: Path) -> None:
    (root / "pending").rmdir()
    (root / "pending").write_bytes(b"")
    assert list(store.strangers()) == [root / "pending"]
    with pytest.raises(StoreError) as raised:
        store.recover(nothing)
    assert raised.value.where == str(root / "pending")


def test_a_file_in_place_of_a_shelf_hides_an_object_as_if_it_were_missing(store: LocalObjects, root: Path) -> None:
    (root / address_of(b"body")[:2]).write_bytes(b"")
    with pytest.raises(ObjectMissingError):
        next(store.read(address_of(b"body")))
    with pytest.raises(StoreError) as raised:
        keep(store, b"body")
    assert raised.value.where == str(root / address_of(b"body")[:2])


# Success


def test_bytes_then_the_unfinished_name_then_address_and_folders_reach_the_disk(
    store: LocalObjects, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    happened: list[int | str] = []
    sync, link = os.fsync, os.link

    def note(handle: int) -> None:
        happened.append(os.fstat(handle).st_ino)
        sync(handle)

    monkeypatch.setattr("os.fsync", note)
    monkeypatch.setattr("os.link", lambda *names: (happened.append("link"), link(*names)))
    address = store.put(filling(b"body"))
    assert happened == [next((root / "pending").iterdir()).stat().st_ino]
    assert list(files(store.path(address).parent)) == []
    store.sync()
    folders = [root / "pending", root, store.path(address).parent]
    inodes = [folder.stat().st_ino for folder in folders]
    assert happened[1:] == [inodes[0], "link", *inodes[1:]]
    happened.clear()
    store.sync()
    assert happened == []


def test_what_was_not_synced_is_not_settled(store: LocalObjects, root: Path) -> None:
    store.put(filling(b"body"))
    store.settle()
    assert len(list((root / "pending").iterdir())) == 1
    store.sync()
    store.settle()
    assert list(store.addresses()) == [address_of(b"body")]


def test_an_object_counts_when_it_is_settled(store: LocalObjects, root: Path) -> None:
    first = keep(store, b"first")
    assert list(store.addresses()) == []
    store.settle()
    second = keep(store, b"second")
    assert list(store.addresses()) == [first]
    store.settle()
    assert list(store.addresses()) == sorted([first, second])
    assert list((root / "pending").iterdir()) == []


def test_objects_are_their_owners_and_nobody_writes_them(store: LocalObjects, root: Path) -> None:
    address = keep(store, b"body")
    assert stat.S_IMODE(store.path(address).stat().st_mode) == 0o400
    folders = [root, root / "pending", store.path(address).parent]
    assert {stat.S_IMODE(folder.stat().st_mode) & 0o077 for folder in folders} == {0}


@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1])
def test_what_was_put_is_read_in_chunks(store: Objects, size: int) -> None:
    body = bytes(size)
    chunks = list(store.read(keep(store, body)))
    assert b"".join(chunks) == body
    assert all(len(chunk) <= CHUNK_BYTES for chunk in chunks)
