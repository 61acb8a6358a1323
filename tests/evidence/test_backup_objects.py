"""A disk of backups has each sealed file once; a run that was stopped goes on, and what is damaged is copied again."""

from pathlib import Path

import pytest

from evidence.backup_objects import PARTS, bring_back, lengths, locked_shelves, shelve, to_copy, unshelve
from evidence.canonical import sha256_hex
from evidence.errors import HomeError, StorageFullError
from evidence.objects import durable
from evidence.objects.local import LocalObjects

ONE, TWO = b"one", b"two" * 700_000
BOTH = sorted(map(sha256_hex, (ONE, TWO)))
DAY = int(sha256_hex(ONE)[:2], 16) % PARTS


def unheard(_more: int) -> None:
    pass


def objects_at(root: Path, *bodies: bytes) -> LocalObjects:
    objects = LocalObjects(root)
    objects.create()
    for body in bodies:
        place = objects.path(sha256_hex(body))
        place.parent.mkdir(exist_ok=True)
        place.write_bytes(body)
    return objects


def run(source: LocalObjects, root: Path, day: int = 0) -> tuple[int, int, int]:
    with locked_shelves(root):
        done = shelve(to_copy(BOTH, source, root, day=day), source, root, unheard)
    return done.copied, done.mended, done.missing


def test_each_sealed_file_is_copied_once(tmp_path: Path) -> None:
    source, heard = objects_at(tmp_path / "home", ONE, TWO), list[int]()
    with locked_shelves(tmp_path / "disk"):
        assert shelve(BOTH[:1], source, tmp_path / "disk", heard.append).copied == 1
    assert to_copy(BOTH, source, tmp_path / "disk", day=0) == BOTH[1:]
    assert run(source, tmp_path / "disk") == (1, 0, 0)
    assert run(source, tmp_path / "disk") == (0, 0, 0)
    disk = LocalObjects(tmp_path / "disk")
    assert {b"".join(disk.read(each)) for each in BOTH} == {ONE, TWO}
    assert lengths(tmp_path / "disk") == {sha256_hex(ONE): len(ONE), sha256_hex(TWO): len(TWO)}
    assert disk.path(BOTH[0]).stat().st_mode & 0o777 == 0o400


def test_a_file_that_is_damaged_on_the_disk_is_copied_again_when_its_day_comes(tmp_path: Path) -> None:
    source, disk = objects_at(tmp_path / "home", ONE, TWO), LocalObjects(tmp_path / "disk")
    run(source, tmp_path / "disk")
    rotten = disk.path(sha256_hex(ONE))
    rotten.chmod(0o600)
    rotten.write_bytes(b"0ne")
    assert run(source, tmp_path / "disk", DAY + 1) == (0, 0, 0)  # the control: its length is right
    assert run(source, tmp_path / "disk", DAY) == (1, 1, 0)
    assert rotten.read_bytes() == ONE
    rotten.chmod(0o600)
    rotten.write_bytes(b"cut")
    rotten.write_bytes(b"on")  # another length is seen on every day
    assert run(source, tmp_path / "disk", DAY + 1) == (1, 1, 0)
    assert rotten.read_bytes() == ONE


def test_what_the_home_lost_or_changed_stays_on_the_disk_as_it_was(tmp_path: Path) -> None:
    source, disk = objects_at(tmp_path / "home", ONE, TWO), LocalObjects(tmp_path / "disk")
    run(source, tmp_path / "disk")
    source.path(sha256_hex(ONE)).write_bytes(b"changed")
    source.path(sha256_hex(TWO)).unlink()
    assert run(source, tmp_path / "disk", DAY) == (0, 0, 0)
    assert {b"".join(disk.read(each)) for each in BOTH} == {ONE, TWO}
    assert run(source, tmp_path / "other") == (0, 0, 2)
    assert lengths(tmp_path / "other") == {}
    assert not list((tmp_path / "other").glob("*.new"))


def test_a_run_that_was_cut_off_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, begun = objects_at(tmp_path / "home", ONE, TWO), iter([True, False])
    write_new = durable.write_new

    def cut_off(file: Path, *told: object, **more: object) -> str:
        if next(begun):
            return write_new(file, *told, **more)  # type: ignore[arg-type]
        file.write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr("evidence.backup_objects.write_new", cut_off)
    with pytest.raises(KeyboardInterrupt):
        run(source, tmp_path / "disk")
    assert len(list((tmp_path / "disk").glob("*.new"))) == 1
    monkeypatch.undo()
    assert run(source, tmp_path / "disk") == (1, 0, 0)
    assert not list((tmp_path / "disk").glob("*.new"))


def test_a_copy_that_does_not_read_back_gets_no_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = objects_at(tmp_path / "home", ONE, TWO)
    monkeypatch.setattr("evidence.backup_objects.read_back", lambda _file: "0" * 64)
    assert run(source, tmp_path / "disk") == (0, 0, 2)
    assert lengths(tmp_path / "disk") == {}


def test_a_disk_that_fills_up_keeps_what_was_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, room = objects_at(tmp_path / "home", ONE, TWO), iter([True, False])
    write_new = durable.write_new

    def full(file: Path, *told: object, **more: object) -> str:
        if next(room):
            return write_new(file, *told, **more)  # type: ignore[arg-type]
        raise StorageFullError("storage_full.no_space", where=str(file.parent))

    monkeypatch.setattr("evidence.backup_objects.write_new", full)
    with pytest.raises(StorageFullError):
        run(source, tmp_path / "disk")
    monkeypatch.undo()
    assert len(lengths(tmp_path / "disk")) == 1
    assert run(source, tmp_path / "disk") == (1, 0, 0)


def test_two_runs_on_one_disk_do_not_meet(tmp_path: Path) -> None:
    with locked_shelves(tmp_path / "disk"), pytest.raises(HomeError, match="another process"):
        run(objects_at(tmp_path / "home", ONE, TWO), tmp_path / "disk")
    assert run(objects_at(tmp_path / "again", ONE, TWO), tmp_path / "disk") == (2, 0, 0)


def test_what_is_removed_is_gone_and_what_is_not_there_is_no_fault(tmp_path: Path) -> None:
    run(objects_at(tmp_path / "home", ONE, TWO), tmp_path / "disk")
    assert unshelve([sha256_hex(ONE), sha256_hex(b"never there")], tmp_path / "disk") == 1
    assert list(lengths(tmp_path / "disk")) == [sha256_hex(TWO)]


def test_a_home_takes_back_what_is_whole(tmp_path: Path) -> None:
    run(objects_at(tmp_path / "home", ONE, TWO), tmp_path / "disk")
    disk, back = LocalObjects(tmp_path / "disk"), LocalObjects(tmp_path / "back")
    back.create()
    rotten = disk.path(sha256_hex(ONE))
    rotten.chmod(0o600)
    rotten.write_bytes(b"0ne")
    assert bring_back([*BOTH, sha256_hex(b"gone")], disk, tmp_path / "back", unheard) == 2
    assert list(back.addresses()) == [sha256_hex(TWO)]
