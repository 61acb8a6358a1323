"""Whoever gives something else than an export's folder is told what it is, and offered the right one."""

import errno
import io
import tarfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

import pytest

from monitor.desktop import mistaken
from monitor.desktop.folder import ExportFolder
from monitor.desktop.json import read_export
from monitor.errors import NotAnExportError
from monitor.rehearsal.export import write_export


def refused(path: Path) -> NotAnExportError:
    with pytest.raises(NotAnExportError) as raised:
        read_export(path, now=lambda: datetime(2026, 1, 1, tzinfo=UTC))
    assert raised.value.where == str(path)
    return raised.value


@pytest.fixture
def export(tmp_path: Path) -> Path:
    return write_export(tmp_path / "given" / "ChatExport_2026", seed=7, messages=20, photos=1).folder


def test_a_folder_that_is_not_there_is_said_to_be_none(tmp_path: Path) -> None:
    error = refused(tmp_path / "absent")
    assert error.code == "not_an_export.no_such_folder"
    assert str(error).startswith(f"{tmp_path / 'absent'}: no such folder (")


def test_a_folder_above_an_export_is_answered_with_the_export(export: Path) -> None:
    error = refused(export.parent)
    assert (error.code, str(export) in error.fix) == ("not_an_export.above_it", True)


def test_a_folder_above_many_exports_offers_the_first(tmp_path: Path) -> None:
    for number in range(9):
        (tmp_path / f"export{number}").mkdir()
        (tmp_path / f"export{number}" / "result.json").touch()
    (tmp_path / "linked").symlink_to("export1")
    offered = [str(tmp_path / f"export{number}") for number in range(mistaken.MOST_OFFERED)]
    assert refused(tmp_path).fix.endswith(", ".join(offered))


def test_whatever_lies_in_an_export_is_answered_with_the_export(export: Path) -> None:
    within = [each for each in export.rglob("*") if each.name != "result.json"]
    assert {each.is_dir() for each in within} == {True, False}
    for each in within:
        error = refused(each)
        assert (error.code, str(export) in error.fix) == ("not_an_export.within_it", True)


def packed(kind: str) -> bytes:
    stream = io.BytesIO()
    if kind == "tar.gz":
        with tarfile.open(fileobj=stream, mode="w:gz"):
            pass
    else:
        stream.write({"rar": b"Rar!\x1a\x07\x01\x00", "7z": b"7z\xbc\xaf\x27\x1c"}[kind])
    return stream.getvalue()


@pytest.mark.parametrize("kind", ["rar", "7z", "tar.gz"])
def test_an_archive_is_to_be_unpacked(tmp_path: Path, kind: str) -> None:
    file = tmp_path / f"export.{kind}"
    file.write_bytes(packed(kind))
    error = refused(file)
    assert (error.code, "Unpack it" in error.fix) == ("not_an_export.archive", True)


def test_the_first_page_of_an_account_alone_is_not_enough(tmp_path: Path) -> None:
    (tmp_path / "export_results.html").write_bytes(b"<html>")
    for given in (tmp_path, tmp_path / "export_results.html"):
        error = refused(given)
        assert (error.code, "the whole folder" in error.fix) == ("not_an_export.html", True)
        assert "evidence add" in error.fix


def test_what_is_not_plain_is_told_as_before(tmp_path: Path, export: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "note.txt").write_bytes(b"hello")
    (export / "copy.json").write_bytes(b"[1]")
    (export / "result.json").write_bytes(b"[1]")
    for given in (tmp_path / "empty", tmp_path / "note.txt", export / "copy.json", export, export / "result.json"):
        assert refused(given).code in {f"not_an_export.{code}" for code in ("another_file", "no_result", "refused")}
    for impossible in ("a" * 5000, "a\0b", "\ud800"):
        assert mistaken.told_better(tmp_path / impossible, "result.json") is None


def test_an_export_that_may_not_be_read_needs_rights_and_no_new_export(
    export: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forbidden = PermissionError(errno.EACCES, "Permission denied")
    with monkeypatch.context() as patched:
        patched.setattr(ExportFolder, "_descriptor", raising(forbidden))
        error = refused(export)
    assert (error.code, error.found, error.where) == (
        "not_an_export.not_permitted",
        '"Permission denied"',
        str(export),
    )
    assert "Nothing has to be exported again" in error.fix
    with monkeypatch.context() as patched:
        patched.setattr(Path, "stat", raising(forbidden))
        assert refused(export).code == "not_an_export.not_permitted"


def raising(error: OSError) -> Callable[..., NoReturn]:
    def refuse(*_asked: object, **_more: object) -> NoReturn:
        raise error

    return refuse


@pytest.mark.parametrize("name", ["result.json", "chat.json"])
def test_what_another_program_wrote_is_refused_by_its_name(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text('{"id": 42, "messages": [{"id": 1, "type": "message", "file": "0", "date": 1}]}')
    for given in (tmp_path, tmp_path / name):
        error = refused(given)
        assert (error.code, "tdl" in str(error), "evidence add" in error.fix) == (
            "not_an_export.of_program",
            True,
            True,
        )


def test_an_archive_without_an_export_is_told_by_what_lies_in_it(tmp_path: Path) -> None:
    given, folder = tmp_path / "sent.zip", tmp_path / "unpacked"
    folder.mkdir()
    assert mistaken.not_in_archive(given, folder, 0).code == "not_an_export.none_in_archive"
    assert mistaken.not_in_archive(given, folder, 2).code == "not_an_export.several_in_archive"
    (folder / "_chat.txt").write_text("x")
    error = mistaken.not_in_archive(given, folder, 0)
    assert (error.code, error.where, "WhatsApp" in str(error)) == ("not_an_export.of_program", str(given), True)
