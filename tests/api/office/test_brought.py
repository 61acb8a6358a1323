"""Whatever people bring as an export is read, and what was unpacked for that is gone afterwards."""

import os
import shutil
import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from api import TOOL
from api.home import Home
from api.office.approval import Means, approve
from api.office.brought import UPLOADS, export_in, opened_export, remove_abandoned
from api.office.intake import Imported, Wish, import_export, list_chats
from api.office.request import Waiting, find_request
from evidence.authority import Doer
from evidence.errors import StorageFullError
from evidence.observation import Mode
from monitor.errors import ArchiveError, NotAnExportError
from monitor.rehearsal.export import write_export
from tests.homes import PASSPHRASE, doer, legal_basis
from tests.nonempty import nonempty


@pytest.fixture
def export(tmp_path: Path) -> Path:
    return write_export(tmp_path / "client" / "ChatExport", seed=7, messages=30, photos=3).folder


def zipped(folder: Path, to: Path, *, only: str = "**/*", inside: str = "") -> Path:
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as opened:
        for file in sorted(folder.glob(only)):
            if file.is_file():
                opened.write(file, f"{inside}{file.relative_to(folder).as_posix()}")
    return to


def told(home: Home, *paths: Path) -> Mapping[str, object]:
    done = import_export(home, Wish(paths[0], None, "mila", Mode.METADATA_ONLY, None, doer(home), more=paths[1:]))
    assert isinstance(done, Imported)
    return done.told()


def uploads(home: Home) -> list[str]:
    return [each.name for each in (home.path / UPLOADS).glob("*")]


def forms(export: Path, to: Path) -> dict[str, tuple[Path, ...]]:
    """Every form in which people bring one export."""
    to.mkdir()
    plain = zipped(export, to / "plain.zip")
    nested = to / "nested.zip"
    with zipfile.ZipFile(nested, "w") as opened:
        opened.write(plain, "from the phone/plain.zip")
    data, slices = plain.read_bytes(), [to / "cut.zip.001", to / "cut.zip.002"]
    slices[0].write_bytes(data[:999])
    slices[1].write_bytes(data[999:])
    split = [
        zipped(export, to / "1.zip", only="result.json", inside="ChatExport/"),
        zipped(export, to / "2.zip", only="*/*", inside="ChatExport/"),
    ]
    return {
        "folder": (export,),
        "file": (export / "result.json",),
        "archive": (plain,),
        "archive of the folder": (zipped(export, to / "folder.zip", inside="ChatExport/"),),
        "archive in an archive": (nested,),
        "slices": tuple(slices),
        "split": tuple(split),
    }


def test_an_export_says_the_same_in_every_form(tmp_path: Path, export: Path, home: Home) -> None:
    told(home, export)
    known = told(home, export)
    for form, paths in nonempty(forms(export, tmp_path / "forms").items()):
        again = told(home, *paths)
        assert (form, again["messages"], again["media"]) == (form, 0, 0)
        assert again["container_sha256"] == known["container_sha256"]
        assert (again["already_known"], again["absent"]) == (known["already_known"], known["absent"])
        assert uploads(home) == []


def test_an_archive_that_waits_for_a_second_person_is_unpacked_again(tmp_path: Path, export: Path, home: Home) -> None:
    split = forms(export, tmp_path / "forms")["split"]
    wish = Wish(split[0], None, "mila", Mode.SEALED, legal_basis(tmp_path), doer(home, approver=None), more=split[1:])
    waiting = import_export(home, wish)
    assert isinstance(waiting, Waiting)
    assert uploads(home) == []
    casework = home.keys.unlock(PASSPHRASE).casework
    asked = find_request(home, waiting.request, casework)
    done = approve(home, asked, Doer("bo", TOOL, home.clock()), Means(casework)).done
    assert isinstance(done, Imported)
    assert done.counts.sealed > 0
    assert uploads(home) == []


def test_the_chats_of_an_archive_are_listed(tmp_path: Path, export: Path, home: Home) -> None:
    archive = zipped(export, tmp_path / "a.zip")
    assert list_chats(home, [archive]) == list_chats(home, [export])
    assert uploads(home) == []


@pytest.mark.parametrize(
    ("names", "code"),
    [
        (["a/result.json", "b/result.json"], "not_an_export.several_in_archive"),
        (["a.jpg"], "not_an_export.none_in_archive"),
        (["_chat.txt"], "not_an_export.of_program"),
        (["../result.json"], "archive.leads_outside"),
    ],
)
def test_an_archive_that_is_no_export_is_refused_and_leaves_nothing(
    tmp_path: Path, home: Home, names: list[str], code: str
) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as opened:
        for name in names:
            opened.writestr(name, "{}")
    with pytest.raises((NotAnExportError, ArchiveError)) as refused, opened_export(home, [tmp_path / "a.zip"]):
        pytest.fail("it was read")
    assert refused.value.code == code
    assert uploads(home) == []


def test_a_damaged_archive_is_named_among_those_that_were_given(tmp_path: Path, export: Path, home: Home) -> None:
    first, second = zipped(export, tmp_path / "1.zip"), tmp_path / "2.zip"
    second.write_bytes(first.read_bytes()[:-30])
    with pytest.raises(ArchiveError) as refused, opened_export(home, [first, second]):
        pytest.fail("it was read")
    assert (refused.value.code, refused.value.where) == ("archive.damaged_file", str(second))
    assert uploads(home) == []


@pytest.mark.parametrize("given", [["a.z01", "a.z02", "a.zip"], ["a.z02"], ["a.zip"]])
def test_volumes_are_to_be_joined_whichever_of_them_are_given(tmp_path: Path, home: Home, given: list[str]) -> None:
    # as Info-ZIP cuts them: the end names two other volumes, and a volume in the middle begins anywhere in a file
    (tmp_path / "a.z01").write_bytes(b"PK\x07\x08PK\x03\x04" + bytes(60))
    (tmp_path / "a.z02").write_bytes(bytes(60))
    (tmp_path / "a.zip").write_bytes(
        b"PK\x03\x04" + bytes(60) + struct.pack("<4sHHHHIIH", b"PK\5\6", 2, 1, 1, 2, 50, 0, 0)
    )
    with pytest.raises(ArchiveError) as refused, opened_export(home, [tmp_path / name for name in given]):
        pytest.fail("it was read")
    assert (refused.value.code, "zip -s 0" in refused.value.fix) == ("archive.in_volumes", True)


def test_several_paths_are_archives_or_refused(tmp_path: Path, export: Path, home: Home) -> None:
    archive = zipped(export, tmp_path / "a.zip")
    with pytest.raises(NotAnExportError) as refused, opened_export(home, [archive, export]):
        pytest.fail("it was read")
    assert (refused.value.code, refused.value.where) == ("not_an_export.several_given", str(export))


def test_a_full_disk_is_noticed_before_anything_is_unpacked(
    tmp_path: Path, export: Path, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = zipped(export, tmp_path / "a.zip")
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: shutil._ntuple_diskusage(1, 1, 0))  # type: ignore[attr-defined]
    with pytest.raises(StorageFullError), opened_export(home, [archive]):
        pytest.fail("it was read")
    assert uploads(home) == []


def test_what_a_killed_command_left_goes_and_what_is_read_stays(tmp_path: Path, export: Path, home: Home) -> None:
    archive = zipped(export, tmp_path / "a.zip")
    left = home.path / UPLOADS / "read-1"
    with opened_export(home, [archive]) as place:
        left.mkdir()
        remove_abandoned(home)
        assert (left.exists(), (place / "result.json").is_file()) == (False, True)
        with opened_export(home, [archive]) as beside:
            assert beside != place
        assert (place / "result.json").is_file()
    assert uploads(home) == []


def test_where_several_exports_are_the_folder_of_all_is_given(tmp_path: Path) -> None:
    for name in ("a/b", "c"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "a/b/result.json").touch()
    assert export_in(tmp_path) == tmp_path / "a/b"
    (tmp_path / "c/result.json").touch()
    assert export_in(tmp_path) == tmp_path


def test_a_pipe_is_not_opened_to_see_what_it_is(tmp_path: Path, home: Home) -> None:
    os.mkfifo(tmp_path / "pipe.zip")  # to open it would wait
    with opened_export(home, [tmp_path / "pipe.zip"]) as place:
        assert place == tmp_path / "pipe.zip"
