"""An archive is unpacked into its own folder, whatever it says of itself."""

import io
import stat
import struct
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.errors import StorageFullError
from monitor.desktop import archive
from monitor.desktop.archive import unpack_export
from monitor.errors import ArchiveError

FILES = {"result.json": b"{}", "photos/a.jpg": b"picture" * 1000, "photos/thumbs/b.jpg": b""}


def packed(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> io.BytesIO:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as opened:
        for name, data in files.items():
            opened.writestr(name, data)
    out.seek(0)
    return out


def refusal(source: io.BytesIO, folder: Path, *, most_bytes: int = 1 << 20) -> str:
    with pytest.raises(ArchiveError) as refused:
        unpack_export(source, folder, most_bytes=most_bytes)
    return refused.value.code


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_what_was_packed_is_unpacked_for_its_owner_alone(tmp_path: Path, method: int) -> None:
    unpack_export(packed(FILES, method), tmp_path, most_bytes=1 << 20)
    found = {file.relative_to(tmp_path).as_posix(): file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}
    assert found == FILES
    assert {stat.S_IMODE(file.stat().st_mode) for file in tmp_path.rglob("*")} == {0o600, 0o700}


@pytest.mark.parametrize(
    "name",
    ["../out", "a/../../out", "/etc/out", "a\\..\\out", "..", "a/./../..", "x" * 300, "C:\\out"],
)
def test_a_name_that_leads_outside_is_refused(tmp_path: Path, name: str) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    assert refusal(packed({"ok": b"1", name: b"2"}), inside) == "archive.leads_outside"
    assert [file.name for file in tmp_path.iterdir()] == ["inside"]


def test_a_link_is_refused(tmp_path: Path) -> None:
    source = io.BytesIO()
    with zipfile.ZipFile(source, "w") as opened:
        link = zipfile.ZipInfo("link")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        opened.writestr(link, "/etc/passwd")
    assert refusal(source, tmp_path) == "archive.leads_outside"


@pytest.mark.parametrize("names", [("a", "a"), ("a", "a/b"), ("a/b", "a")])
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_one_name_for_two_files_is_refused(tmp_path: Path, names: tuple[str, str]) -> None:
    source = io.BytesIO()
    with zipfile.ZipFile(source, "w") as opened:
        for name in names:
            opened.writestr(name, b"data")
    assert refusal(source, tmp_path) == "archive.named_twice"


def test_too_many_files_and_too_many_bytes_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    size = sum(map(len, FILES.values()))
    (tmp_path / "fits").mkdir()
    unpack_export(packed(FILES), tmp_path / "fits", most_bytes=size)
    assert refusal(packed(FILES), tmp_path, most_bytes=size - 1) == "archive.too_large"
    monkeypatch.setattr(archive, "MOST_FILES", 2)
    assert refusal(packed(FILES), tmp_path) == "archive.too_many_files"


def test_the_declared_size_is_asked_for_before_anything_is_written(tmp_path: Path) -> None:
    def full(needed: int) -> None:
        assert needed == sum(map(len, FILES.values()))
        raise StorageFullError("storage_full.too_little", where="-", needed=1, free=0)

    with pytest.raises(StorageFullError):
        unpack_export(packed(FILES), tmp_path, most_bytes=1 << 20, require_room=full)
    assert list(tmp_path.iterdir()) == []


def _with_sizes(data: bytes, size: int) -> bytes:
    """The archive of one stored file, with another uncompressed size wherever it is said."""
    changed = bytearray(data)
    for mark, at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        where = data.index(mark) + at
        struct.pack_into("<I", changed, where, size)
    return bytes(changed)


@pytest.mark.parametrize("said", [0, 1, 6, 8, 100, 0xFFFFFFFE])
def test_a_size_that_is_a_lie_is_refused(tmp_path: Path, said: int) -> None:
    honest = packed({"a": b"content"}).getvalue()
    unpack_export(io.BytesIO(_with_sizes(honest, 7)), tmp_path, most_bytes=1 << 40)
    (tmp_path / "a").unlink()
    assert refusal(io.BytesIO(_with_sizes(honest, said)), tmp_path, most_bytes=1 << 40) in {
        "archive.another_size",
        "archive.damaged",
    }
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) <= 7


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_another_way_of_packing_is_refused(tmp_path: Path, method: int) -> None:
    assert refusal(packed(FILES, method), tmp_path) == "archive.not_plain"


def test_an_encrypted_file_is_refused(tmp_path: Path) -> None:
    data = bytearray(packed({"a": b"1"}).getvalue())
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + at] |= 1
    assert refusal(io.BytesIO(bytes(data)), tmp_path) == "archive.not_plain"


@pytest.mark.parametrize("junk", [b"", b"PK", b"not an archive", b"PK\x05\x06" + bytes(18)], ids=len)
def test_what_is_no_archive_or_empty_leaves_nothing(tmp_path: Path, junk: bytes) -> None:
    if junk[:4] == b"PK\x05\x06":
        unpack_export(io.BytesIO(junk), tmp_path, most_bytes=1)
    else:
        assert refusal(io.BytesIO(junk), tmp_path) == "archive.damaged"
    assert list(tmp_path.iterdir()) == []


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.data())
def test_a_damaged_archive_is_refused_with_words_or_gives_whole_files(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    changed = bytearray(packed(FILES).getvalue())
    for _ in range(data.draw(st.integers(1, 4))):
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))
    folder = tmp_path_factory.mktemp("archive")
    try:
        unpack_export(io.BytesIO(bytes(changed)), folder, most_bytes=1 << 20)
    except ArchiveError:
        return
    kept = [file.read_bytes() for file in folder.rglob("*") if file.is_file()]
    assert set(kept) <= set(FILES.values())


def test_an_archive_that_was_cut_short_is_damaged(tmp_path: Path) -> None:
    assert refusal(io.BytesIO(packed(FILES).getvalue()[:-30]), tmp_path) == "archive.damaged"


def test_a_long_list_of_files_is_refused_before_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = packed(FILES).getvalue()
    monkeypatch.setattr(archive, "MOST_LISTED_BYTES", len(data) - data.index(b"PK\x01\x02") - 22)
    unpack_export(io.BytesIO(data), tmp_path, most_bytes=1 << 20)
    monkeypatch.setattr(archive, "MOST_LISTED_BYTES", archive.MOST_LISTED_BYTES - 1)
    monkeypatch.setattr(zipfile, "ZipFile", lambda *_given: pytest.fail("it was read"))
    assert refusal(io.BytesIO(data), tmp_path) == "archive.too_many_files"


def test_a_long_list_of_a_large_archive_is_refused_too(tmp_path: Path) -> None:
    """ZIP64: its length stands in another record (APPNOTE 4.3.14)."""
    far = struct.pack("<4sQHHIIQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, 1, 1, 1 << 40, 0)
    near = struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, 1, 1, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    assert refusal(io.BytesIO(b"x" * 100 + far + near), tmp_path) == "archive.too_many_files"


def test_a_name_that_lies_too_deep_is_refused(tmp_path: Path) -> None:
    fits = "/".join("a" * archive.MOST_PARTS)
    unpack_export(packed({fits: b"1"}), tmp_path, most_bytes=1 << 20)
    assert refusal(packed({f"b/{fits}": b"1"}), tmp_path) == "archive.leads_outside"


@pytest.mark.parametrize("name", ["k\u00ebndet.csv", "\u0441\u043b\u0438\u043a\u0430.jpg", "\u017d.txt", "plain.txt"])
def test_a_name_in_utf_8_without_the_flag_that_says_so_is_read_as_it_was_written(tmp_path: Path, name: str) -> None:
    """As Debian's ``zip`` writes it; the control is a name that is no UTF-8."""
    data = packed({f"files/{name}": b"bytes"}).getvalue()
    for at in [position for position in range(len(data)) if data[position : position + 4] == b"PK\x01\x02"]:
        data = data[: at + 8] + struct.pack("<H", 0) + data[at + 10 :]
    data = data[:6] + struct.pack("<H", 0) + data[8:]
    unpack_export(io.BytesIO(data), tmp_path, most_bytes=1 << 20, require_room=lambda _bytes: None)
    assert [each.name for each in (tmp_path / "files").iterdir()] == [name]


def test_a_name_in_an_older_code_page_is_read_as_the_format_says(tmp_path: Path) -> None:
    data = packed({"files/k?ndet.csv": b"bytes"}).getvalue().replace(b"k?ndet", b"k\x89ndet")
    unpack_export(io.BytesIO(data), tmp_path, most_bytes=1 << 20, require_room=lambda _bytes: None)
    assert [each.name for each in (tmp_path / "files").iterdir()] == ["k\u00ebndet.csv"]
