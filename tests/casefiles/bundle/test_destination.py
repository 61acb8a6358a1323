"""A file with the name of a bundle is a whole bundle, and what was there stays."""

import errno
import os
from pathlib import Path

import pytest

from casefiles.bundle.destination import Destination, Parts, give_name
from evidence.errors import HomeError, StorageFullError

BUNDLE, LETTER, PRINTED = b"bundle", b"letter", b"printed"
NAMES = ["case.asice", "case.asice.letter.pdf", "case.asice.letter.txt"]


@pytest.fixture
def out(tmp_path: Path) -> Destination:
    return Destination(tmp_path / "case.asice")


def names(out: Destination) -> list[str]:
    return sorted(file.name for file in out.bundle.parent.iterdir())


def test_files_get_their_names_when_they_are_handed_over(out: Destination) -> None:
    parts = out.hold([BUNDLE], LETTER, PRINTED)
    assert [name.endswith(".part") for name in names(out)] == [True, True, True]
    assert [part.read_bytes() for part, _ in parts.each()] == [BUNDLE, LETTER, PRINTED]
    parts.hand_over()
    assert names(out) == NAMES
    assert [file.read_bytes() for _, file in parts.each()] == [BUNDLE, LETTER, PRINTED]
    assert {file.stat().st_mode & 0o777 for _, file in parts.each()} == {0o600}


def test_a_letter_that_is_a_text_alone_goes_with_its_bundle(out: Destination) -> None:
    out.hold([BUNDLE], LETTER).hand_over()
    assert names(out) == ["case.asice", "case.asice.letter.txt"]


def test_what_is_dropped_leaves_nothing(out: Destination) -> None:
    out.hold([BUNDLE], LETTER, PRINTED).drop()
    assert names(out) == []
    assert not out.has_leftovers()


@pytest.mark.parametrize("place", ["bundle", "letter", "letter_pdf"])
@pytest.mark.parametrize("kind", ["file", "folder", "dangling link"])
def test_what_lies_at_a_name_is_never_replaced(out: Destination, place: str, kind: str) -> None:
    out.require_free()
    file: Path = getattr(out, place)
    parts = out.hold([BUNDLE], LETTER, PRINTED)
    {"file": file.touch, "folder": file.mkdir, "dangling link": lambda: file.symlink_to("nowhere")}[kind]()
    before = file.lstat()
    with pytest.raises(HomeError, match="lies there"):
        out.require_free()
    with pytest.raises(HomeError, match="something lies at its name"):
        parts.hand_over()
    assert (file.lstat().st_ino, file.lstat().st_mode) == (before.st_ino, before.st_mode)
    assert parts.bundle.read_bytes() == BUNDLE
    parts.close()


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(HomeError, match="no such folder"):
        Destination(tmp_path / "none" / "case.asice").require_folder()


@pytest.mark.parametrize("call", [1, 2, 3, 4])
def test_a_disk_that_fills_leaves_no_file(out: Destination, monkeypatch: pytest.MonkeyPatch, call: int) -> None:
    calls = iter(range(1, 9))

    def fsync(_handle: int) -> None:
        if next(calls) == call:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", fsync)
    with pytest.raises(StorageFullError):
        out.hold([BUNDLE], LETTER, PRINTED)
    assert names(out) == []


def test_what_a_dead_program_left_is_found_and_what_a_living_one_holds_is_not(out: Destination) -> None:
    living, dead = out.hold([BUNDLE], LETTER), out.hold([b"other"], LETTER)
    dead.close()
    assert out.has_leftovers()
    with out.leftovers() as leftovers:
        assert [each.bundle for each in leftovers] == [dead.bundle]
        with out.leftovers() as again:  # and one that is being looked at belongs to whoever looks
            assert again == []
        leftovers[0].drop()
    living.hand_over()
    assert names(out) == ["case.asice", "case.asice.letter.txt"]


def test_files_of_other_exports_and_of_people_are_none_of_ours(out: Destination) -> None:
    for name in (
        "case.asice.part",
        "case.asice.1234567.part",
        "other.asice.12345678.part",
        "case.asice.12345678.letter.part",
    ):
        (out.bundle.parent / name).touch()
    assert not out.has_leftovers()
    with out.leftovers() as leftovers:
        assert leftovers == []


def test_handing_over_goes_on_where_an_earlier_run_was_stopped(
    out: Destination, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = out.hold([BUNDLE], LETTER, PRINTED)
    give_name(parts.letter_pdf, out.letter_pdf)
    give_name(parts.letter, out.letter)
    parts.close()
    with out.leftovers() as (left,):
        left.hand_over()
    assert names(out) == NAMES


def no_links(part: Path, file: Path) -> None:
    """link(2) as a stick with FAT answers."""
    part.stat()
    if os.path.lexists(file):
        raise FileExistsError(errno.EEXIST, "File exists")
    raise OSError(errno.EPERM, "Operation not permitted")


@pytest.mark.parametrize("stopped_after", [0, 1, 2])
def test_without_hard_links_whole_files_are_moved(
    out: Destination, monkeypatch: pytest.MonkeyPatch, stopped_after: int
) -> None:
    monkeypatch.setattr("os.link", no_links)
    parts = out.hold([BUNDLE], LETTER, PRINTED)
    for part, file in [(parts.letter_pdf, out.letter_pdf), (parts.letter, out.letter)][:stopped_after]:
        give_name(part, file)
    parts.hand_over()
    assert [file.read_bytes() for _, file in parts.each()] == [BUNDLE, LETTER, PRINTED]
    assert names(out) == NAMES


class StoppedError(BaseException):
    """The program ends here."""


def stopped_before_a_rename(parts: Parts, rename: int) -> None:
    """Hand over on a stick, and be stopped between the empty file and the rename number ``rename``."""
    replace, calls = Path.replace, iter(range(9))

    def stop(part: Path, file: Path) -> Path:
        if next(calls) == rename:
            raise StoppedError
        return replace(part, file)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "replace", stop)
        with pytest.raises(StoppedError):
            parts.hand_over()
    parts.close()


@pytest.mark.parametrize("rename", [0, 1, 2])
def test_without_hard_links_the_next_run_replaces_the_empty_file_that_was_left(
    out: Destination, monkeypatch: pytest.MonkeyPatch, rename: int
) -> None:
    monkeypatch.setattr("os.link", no_links)
    stopped_before_a_rename(out.hold([BUNDLE], LETTER, PRINTED), rename)
    assert (out.letter_pdf, out.letter, out.bundle)[rename].read_bytes() == b""
    with out.leftovers() as (left,), pytest.raises(HomeError, match="something lies at its name"):
        left.hand_over()  # the control: only who goes on may take it for what was left
    with out.leftovers() as (left,):
        left.hand_over(again=True)
    assert [file.read_bytes() for _, file in left.each()] == [BUNDLE, LETTER, PRINTED]
    assert names(out) == NAMES


@pytest.mark.parametrize("kind", ["bytes", "folder", "dangling link"])
def test_the_next_run_replaces_nothing_but_an_empty_file(out: Destination, kind: str) -> None:
    out.hold([BUNDLE], LETTER).close()
    make = {
        "bytes": lambda: out.bundle.write_bytes(b"mine"),
        "folder": out.bundle.mkdir,
        "dangling link": lambda: out.bundle.symlink_to("nowhere"),
    }
    make[kind]()
    before = out.bundle.lstat()
    with out.leftovers() as (left,), pytest.raises(HomeError, match="something lies at its name"):
        left.hand_over(again=True)
    assert (out.bundle.lstat().st_ino, out.bundle.lstat().st_mode) == (before.st_ino, before.st_mode)


def test_an_error_of_the_disk_at_the_name_is_the_systems(out: Destination, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_arguments: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    parts = out.hold([BUNDLE], LETTER)
    monkeypatch.setattr("os.link", fail)
    with pytest.raises(OSError, match="Input/output"):
        parts.hand_over()
    assert parts.bundle.read_bytes() == BUNDLE
    parts.close()


@pytest.mark.parametrize("name", ["case.pdf", "case.zip", "case.asice.txt", ".."])
def test_the_name_of_another_kind_of_file_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(HomeError, match=r"ends in \.asice"):
        Destination(tmp_path / name).require_folder()
    for good in ("case.asice", "CASE.ASICE", "case"):
        Destination(tmp_path / good).require_folder()


def test_a_name_without_an_ending_gets_that_of_a_bundle_and_so_does_its_letter(tmp_path: Path) -> None:
    named = Destination(tmp_path / "case")
    assert [named.bundle.name, named.letter_pdf.name, named.letter.name] == NAMES
    assert Destination(tmp_path / "CASE.ASICE").bundle.name == "CASE.ASICE"
