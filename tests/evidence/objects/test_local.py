"""What was put and settled stays; what was never logged is taken back; nothing is ever replaced."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.errors import ObjectMissingError, StoreError
from evidence.objects.local import CHUNK_BYTES, LocalObjects
from evidence.objects.port import Objects, Pending, Sink


def address_of(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def filling(body: bytes, address: str | None = None) -> Callable[[Sink], str]:
    def fill(sink: Sink) -> str:
        sink(body[: len(body) // 2])
        sink(body[len(body) // 2 :])
        return address or address_of(body)

    return fill


def keep(writer: Pending, body: bytes, address: str | None = None) -> str:
    """Put and sync, as an intake does before it logs."""
    address = writer.put(filling(body, address))
    writer.sync([address])
    return address


def leave(root: Path, *bodies: bytes) -> None:
    """What a writer leaves that dies before it settles."""
    with LocalObjects(root).pending() as writer:
        for body in bodies:
            keep(writer, body)


def settle(root: Path, body: bytes) -> str:
    with LocalObjects(root).pending() as writer:
        address = keep(writer, body)
        writer.settle([address])
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


# Recovery


def test_what_was_never_logged_is_taken_back(store: LocalObjects, root: Path) -> None:
    leave(root, b"lost")
    assert LocalObjects(root).recover(nothing) == 1
    assert list(files(root)) == []
    assert list((root / "pending").iterdir()) == []


def test_what_the_log_names_is_kept_though_it_was_never_settled(store: LocalObjects, root: Path) -> None:
    kept = address_of(b"logged")
    leave(root, b"logged", b"lost")
    again = LocalObjects(root)
    assert again.recover(log(b"logged")) == 1
    assert list(again.addresses()) == [kept]
    assert b"".join(again.read(kept)) == b"logged"


def test_a_half_written_file_goes_and_takes_nothing_with_it(store: LocalObjects, root: Path) -> None:
    kept = settle(root, b"body")
    (root / "pending" / ("0" * 32)).mkdir()
    (root / "pending" / ("0" * 32) / "half").write_bytes(b"bo")
    assert LocalObjects(root).recover(log(b"body")) == 1
    assert list(store.addresses()) == [kept]


def test_the_same_object_again_is_kept_once_and_recovery_keeps_it(store: LocalObjects, root: Path) -> None:
    first = settle(root, b"body")
    leave(root, b"body")
    again = LocalObjects(root)
    assert again.recover(log(b"body")) == 0
    assert [file.name for file in files(root)] == [first]


def test_the_log_is_not_asked_when_nothing_is_unfinished(store: LocalObjects, root: Path) -> None:
    settle(root, b"body")

    def ask() -> frozenset[str]:
        raise AssertionError("asked")

    assert store.recover(ask) == 0


def test_a_backup_without_empty_folders_is_a_store_all_the_same(store: LocalObjects, root: Path) -> None:
    (root / "pending").rmdir()
    assert list(store.addresses()) == []
    assert store.recover(nothing) == 0
    settle(root, b"body")


@settings(max_examples=40)
@given(st.lists(st.tuples(st.binary(max_size=8), st.booleans(), st.booleans()), max_size=6))
def test_after_recovery_exactly_what_is_logged_is_there(
    tmp_path_factory: pytest.TempPathFactory, bodies: list[tuple[bytes, bool, bool]]
) -> None:
    root = tmp_path_factory.mktemp("any") / "objects"
    store = LocalObjects(root)
    store.create()
    logged = {body for body, is_logged, is_settled in bodies if is_logged or is_settled}  # the log is asked first
    with store.pending() as writer:
        for body, _is_logged, is_settled in bodies:
            address = keep(writer, body)
            if is_settled:
                writer.settle([address])
    again = LocalObjects(root)
    again.recover(log(*logged))
    assert list(again.addresses()) == sorted(map(address_of, logged))
    assert len(list(files(root))) == len(logged)


def test_an_object_that_is_taken_back_during_a_listing_is_not_listed(
    store: LocalObjects, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = settle(root, b"kept")
    leave(root, b"lost")
    folders = LocalObjects._pending_folders

    def recovering(self: LocalObjects) -> Iterator[Path]:
        monkeypatch.setattr(LocalObjects, "_pending_folders", folders)
        assert LocalObjects(root).recover(nothing) == 1
        return folders(self)

    monkeypatch.setattr(LocalObjects, "_pending_folders", recovering)
    assert list(store.addresses()) == [kept]


# What is not ours


def test_what_is_not_ours_is_named_and_is_no_object(store: LocalObjects, root: Path) -> None:
    kept = settle(root, b"body")
    leave(root, b"lost")
    assert list(store.strangers()) == []
    shelf = store.path(kept).parent
    pending = root / "pending"
    strange = [root / ".DS_Store", shelf / "notes.txt", shelf / (kept[:-1] + "_"), pending / "folder"]
    strange[0].write_bytes(b"x")
    strange[1].write_bytes(b"x")
    strange[2].symlink_to(store.path(kept))
    strange[3].mkdir()
    elsewhere = root / ("00" if kept[:2] != "00" else "01")
    elsewhere.mkdir()
    strange.append(elsewhere / kept)
    strange[4].write_bytes(b"body")
    strange.append(next(each for each in pending.iterdir() if each.name != "folder") / "folder")
    strange[5].mkdir()
    assert sorted(store.strangers()) == sorted(strange)
    assert list(store.addresses()) == [kept]


def test_recovery_stops_at_what_is_not_ours_and_removes_nothing(store: LocalObjects, root: Path) -> None:
    leave(root, b"lost")
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


# Success


@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1])
def test_what_was_put_is_read_in_chunks(store: Objects, root: Path, size: int) -> None:
    body = bytes(size)
    chunks = list(store.read(settle(root, body)))
    assert b"".join(chunks) == body
    assert all(len(chunk) <= CHUNK_BYTES for chunk in chunks)
