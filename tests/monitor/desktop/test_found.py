"""An export is found in what people bring, and what lies in an export is none of its own."""

import io
import zipfile
from pathlib import Path

import pytest

from monitor.desktop import found
from monitor.desktop.found import exports_in, is_archive


@pytest.mark.parametrize(
    ("files", "exports"),
    [
        (["result.json"], ["."]),
        (["result.json", "a/result.json"], ["."]),
        (["a/result.json", "__MACOSX/a/result.json"], ["a"]),
        (["b/result.json", "a/result.json"], ["a", "b"]),
        (["a/b/c/result.json"], ["a/b/c"]),
        (["a/messages.html", "a/messages2.html"], ["a"]),
        (["a/b/c/d/e/result.json"], []),
        (["a/._result.json", "a/result.json.txt"], []),
    ],
)
def test_the_folders_of_exports_are_found(tmp_path: Path, files: list[str], exports: list[str]) -> None:
    for file in files:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text("{}")
    (tmp_path / "link").symlink_to(tmp_path, target_is_directory=True)
    assert exports_in(tmp_path) == [tmp_path / export for export in exports]


def test_only_so_many_folders_are_looked_through(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in "abc":
        (tmp_path / name).mkdir()
        (tmp_path / name / "result.json").touch()
    monkeypatch.setattr(found, "MOST_ENTRIES", 3)
    assert len(exports_in(tmp_path)) == 2


def test_an_archive_is_known_by_its_first_bytes(tmp_path: Path) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as opened:
        opened.writestr("a", b"1")
    empty = io.BytesIO()
    with zipfile.ZipFile(empty, "w"):
        pass
    for name, data, known in (("a", stream.getvalue(), True), ("b", empty.getvalue(), True), ("c", b"P", False)):
        (tmp_path / name).write_bytes(data)
        assert is_archive(tmp_path / name) is known
