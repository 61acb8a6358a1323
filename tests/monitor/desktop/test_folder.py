"""A stranger's file names: what is refused, and the control that is opened."""

import os
import socket
import unicodedata
from pathlib import Path

import pytest

from monitor.desktop.folder import ExportFolder
from monitor.errors import MediumMissingError, MediumOutsideError, MediumUnreadableError


@pytest.fixture
def export(tmp_path: Path) -> Path:
    folder = tmp_path / "export"
    (folder / "photos").mkdir(parents=True)
    (folder / "photos/a.jpg").write_bytes(b"inside")
    (tmp_path / "secret").write_bytes(b"outside")
    return folder


def open_descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def content(folder: Path, name: str) -> bytes:
    with ExportFolder(folder).open(name) as file:
        return file.read()


@pytest.mark.parametrize("name", ["photos/a.jpg", "photos\\a.jpg", "./photos//a.jpg"])
def test_a_file_inside_is_opened_with_either_slash(export: Path, name: str) -> None:
    assert content(export, name) == b"inside"


@pytest.mark.parametrize(
    "name",
    [
        "../secret",
        "photos/../../secret",
        "photos/../photos/a.jpg",
        "..\\secret",
        "/etc/hostname",
        "//server/share/x",
        "\\\\server\\share\\x",
        "C:\\secret",
        "c:photos/a.jpg",
        "",
        ".",
        "photos",
        "photos/a.jpg\0.png",
    ],
)
def test_a_name_that_leads_out_or_to_no_file_is_refused(export: Path, name: str) -> None:
    with pytest.raises(MediumOutsideError):
        content(export, name)


def test_an_absolute_name_of_a_file_inside_is_refused_too(export: Path) -> None:
    with pytest.raises(MediumOutsideError):
        content(export, str(export / "photos/a.jpg"))


def test_a_link_that_leads_out_is_refused_and_one_that_stays_is_followed(export: Path) -> None:
    (export / "photos/out").symlink_to(export.parent / "secret")
    (export / "photos/in").symlink_to("a.jpg")
    (export / "up").symlink_to("..")
    with pytest.raises(MediumOutsideError):
        content(export, "photos/out")
    with pytest.raises(MediumOutsideError):
        content(export, "up/secret")
    assert content(export, "photos/in") == b"inside"
    assert content(export, "up/export/photos/a.jpg") == b"inside"


def test_a_link_in_a_circle_is_refused(export: Path) -> None:
    (export / "a").symlink_to("b")
    (export / "b").symlink_to("a")
    with pytest.raises(MediumOutsideError):
        content(export, "a")


def test_a_pipe_is_refused_without_waiting_for_a_writer(export: Path) -> None:
    os.mkfifo(export / "pipe")
    with pytest.raises(MediumOutsideError):
        content(export, "pipe")


def test_a_socket_and_a_device_are_refused(export: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(export)  # a socket's path may have 107 bytes at most
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("s")
        with pytest.raises(MediumOutsideError):
            content(export, "s")
    with pytest.raises(MediumOutsideError, match="regular file"):
        content(Path("/dev"), "null")


def test_a_pipe_that_takes_the_files_place_at_the_last_moment_is_refused(
    export: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    really = os.stat

    def swap_after_looking(path: str, *, dir_fd: int | None = None, follow_symlinks: bool = True) -> os.stat_result:
        status = really(path, dir_fd=dir_fd, follow_symlinks=follow_symlinks)
        if dir_fd is not None:
            (export / "photos/a.jpg").unlink()
            os.mkfifo(export / "photos/a.jpg")
        return status

    folder = ExportFolder(export)
    monkeypatch.setattr(os, "stat", swap_after_looking)
    with pytest.raises(MediumOutsideError), folder.open("photos/a.jpg"):
        pass


def test_a_link_that_takes_a_directorys_place_at_the_last_moment_is_not_followed(
    export: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = export.parent / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "a.jpg").write_bytes(b"outside")
    really = os.path.realpath

    def swap_after_resolving(path: Path, *, strict: bool = False) -> str:
        resolved = really(path, strict=strict)
        (export / "photos").rename(export / "moved")
        (export / "photos").symlink_to(elsewhere)
        return resolved

    folder = ExportFolder(export)
    monkeypatch.setattr(os.path, "realpath", swap_after_resolving)
    with pytest.raises((MediumOutsideError, MediumMissingError)), folder.open("photos/a.jpg"):
        pass


@pytest.mark.parametrize("name", ["photos/b.jpg", "nowhere/a.jpg", "photos/a.jpg/b", "photos/\ud800.jpg"])
def test_a_file_that_is_not_there_is_missing(export: Path, name: str) -> None:
    with pytest.raises(MediumMissingError):
        content(export, name)


def test_a_name_too_long_for_the_disk_is_unreadable(export: Path) -> None:
    with pytest.raises(MediumUnreadableError):
        content(export, "photos/" + "a" * 300)


@pytest.mark.parametrize(("asked", "lying"), [("NFC", "NFD"), ("NFD", "NFC")])
def test_an_accent_in_the_other_normal_form_is_found(export: Path, asked: str, lying: str) -> None:
    (export / unicodedata.normalize(lying, "këndet.csv")).write_bytes(b"inside")
    assert content(export, unicodedata.normalize(asked, "këndet.csv")) == b"inside"


def test_no_error_quotes_the_name(export: Path) -> None:
    with pytest.raises(MediumMissingError) as missing:
        content(export, "photos/Emri Mbiemri.jpg")
    assert "Emri" not in str(missing.value)


def test_no_descriptor_is_left_open(export: Path) -> None:
    os.mkfifo(export / "photos/pipe")
    before = open_descriptors()
    for name in ("photos/a.jpg", "photos/pipe", "photos/b", "../secret"):
        try:
            content(export, name)
        except (MediumOutsideError, MediumMissingError):
            continue
    assert open_descriptors() == before
