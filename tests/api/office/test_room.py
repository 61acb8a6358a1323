"""A disk that is too small is met before anything is written."""

from pathlib import Path
from typing import NamedTuple

import pytest

from api.home import Home
from api.office.bundle import require_exportable
from api.office.room import folder_bytes, require_room
from casefiles.bundle.destination import Destination
from evidence.errors import StorageFullError
from evidence.observation import Mode
from monitor.rehearsal.export import write_export
from tests.homes import new_case, new_home, size_of, take_in


class Usage(NamedTuple):
    """As shutil has it."""

    total: int
    used: int
    free: int


def leave(monkeypatch: pytest.MonkeyPatch, free: int) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _path: Usage(1 << 40, 1 << 40, free))


def test_what_fits_is_taken_and_what_does_not_is_refused_with_both_sizes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave(monkeypatch, 5 << 20)
    require_room(tmp_path, 5 << 20)
    with pytest.raises(StorageFullError, match="too little room") as raised:
        require_room(tmp_path, (5 << 20) + 1)
    assert (raised.value.facts["needed"], raised.value.facts["free"]) == (6, 5)
    assert raised.value.where == str(tmp_path)


def test_an_export_is_as_long_as_its_files_and_links_are_not_followed(tmp_path: Path) -> None:
    inside = tmp_path / "export" / "photos"
    inside.mkdir(parents=True)
    (tmp_path / "outside").write_bytes(bytes(10_000))
    (inside / "a").write_bytes(bytes(100))
    (inside / "link").symlink_to(tmp_path / "outside")
    result = tmp_path / "export" / "result.json"
    result.write_bytes(bytes(11))
    assert folder_bytes(tmp_path / "export") == folder_bytes(result) == 111


def test_an_import_asks_for_the_room_of_what_is_not_kept_yet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home, _cards = new_home(tmp_path / "home")
    folder = write_export(tmp_path / "export", seed=7, messages=16, photos=0).folder
    before = size_of(home)
    with monkeypatch.context() as patch:
        leave(patch, 200_000)
        with pytest.raises(StorageFullError, match="nothing was written"):
            take_in(home, folder)
        assert size_of(home) == before
        take_in(home, folder, Mode.METADATA_ONLY)  # no files: this fits
        take_in(home, folder)  # its messages are known by now
        before = size_of(home)
        longer = write_export(tmp_path / "longer", seed=7, messages=45, photos=0).folder
        for mode in (Mode.SEALED, Mode.METADATA_ONLY):
            with pytest.raises(StorageFullError, match="nothing was written") as raised:
                take_in(home, longer, mode)
            assert raised.value.facts["needed"] == 1  # for 29 messages
        assert size_of(home) == before
    take_in(home, longer)
    with monkeypatch.context() as patch:
        leave(patch, 1000)
        take_in(home, longer)  # the same once more adds next to nothing
    home.engine.dispose()


def test_a_file_that_is_not_sealed_yet_needs_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kept as metadata first, of a chat that has files: the messages are known, and their files are not."""
    home, _cards = new_home(tmp_path / "home")
    folder = write_export(tmp_path / "export", seed=7, messages=16, photos=0).folder
    take_in(home, folder, Mode.METADATA_ONLY)
    (folder / "photos" / "large.bin").write_bytes(bytes(1 << 20))
    with monkeypatch.context() as patch:
        leave(patch, 500_000)
        take_in(home, folder, Mode.METADATA_ONLY)
        with pytest.raises(StorageFullError):
            take_in(home, folder)
    home.engine.dispose()


def test_an_export_asks_before_a_passphrase_is(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    case, place = new_case(home), Destination(home.path.parent / "out.asice")
    require_exportable(home, case, place)
    leave(monkeypatch, 1000)
    with pytest.raises(StorageFullError, match="too little room"):
        require_exportable(home, case, place)
