"""An archive is unpacked into its own folder, whatever it says of itself."""

import io
import stat
import struct
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.errors import StorageFullError
from monitor.desktop import archive
from monitor.desktop.archive import opened_archives, unpack_export
from monitor.errors import ArchiveError

FILES = {"result.json": b"{}", "photos/a.jpg": b"picture" * 1000, "photos/thumbs/b.jpg": b""}


def packed(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> io.BytesIO:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as opened:
        for name, data in files.items():
            opened.writestr(name, data)
    out.seek(0)
    return out


def found_in(folder: Path) -> dict[str, bytes]:
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def refusal(source: io.BytesIO, folder: Path, *, most_bytes: int = 1 << 20) -> str:
    with pytest.raises(ArchiveError) as refused:
        unpack_export([source], folder, most_bytes=most_bytes)
    return refused.value.code


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_what_was_packed_is_unpacked_for_its_owner_alone(tmp_path: Path, method: int) -> None:
    unpack_export([packed(FILES, method)], tmp_path, most_bytes=1 << 20)
    assert found_in(tmp_path) == FILES
    assert {stat.S_IMODE(file.stat().st_mode) for file in tmp_path.rglob("*")} == {0o600, 0o700}


@dataclass(frozen=True, slots=True)
class Hostile:
    """A kind of archive that is refused, and the honest one that it was made of."""

    code: str
    honest: dict[str, bytes]
    attacked: Callable[[], bytes]


def named(name: str, code: str) -> Hostile:
    return Hostile(code, {"ok": b"1", "b": b"2"}, lambda: packed({"ok": b"1", name: b"2"}).getvalue())


def of_kind(mode: int) -> Hostile:
    """A file of a kind that Unix has: a link, a device, a pipe."""

    def attacked() -> bytes:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as opened:
            entry = zipfile.ZipInfo("a")
            entry.external_attr = (mode | 0o777) << 16
            opened.writestr(entry, "/etc/passwd")
        return out.getvalue()

    return Hostile("archive.link_or_device", {"a": b"/etc/passwd"}, attacked)


def flagged(bit: int) -> Hostile:
    def attacked() -> bytes:
        data = bytearray(packed({"a": b"1"}).getvalue())
        for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
            data[data.index(mark) + at + bit // 8] |= 1 << bit % 8
        return bytes(data)

    return Hostile("archive.encrypted", {"a": b"1"}, attacked)


def overlapping(many: int) -> Hostile:
    """Entries of one list that all lie in the same bytes (a bomb that does not nest)."""

    def attacked() -> bytes:
        data = packed({"a": b"1" * 99}).getvalue()
        at, end = data.index(b"PK\x01\x02"), data.index(b"PK\x05\x06")
        listed = b"".join(data[at:end].replace(b"\x00a", bytes([0, 97 + number])) for number in range(many))
        found = bytearray(data[:at] + listed + data[end:])
        struct.pack_into("<HHI", found, len(found) - 14, many, many, len(listed))
        return bytes(found)

    return Hostile("archive.overlapping", {"a": b"1" * 99}, attacked)


def bomb(times: int) -> Hostile:
    """A file that unpacks into far more than it is packed in; deflate allows about a thousand times as much."""
    length = archive.LARGE_BYTES + times
    return Hostile("archive.bomb", {"a": bytes(9)}, lambda: packed({"a": bytes(length)}).getvalue())


def volumes(number: int) -> Hostile:
    def attacked() -> bytes:
        data = bytearray(packed({"a": b"1"}).getvalue())
        struct.pack_into("<HH", data, len(data) - 18, number, 0)
        return bytes(data)

    return Hostile("archive.in_volumes", {"a": b"1"}, attacked)


PARTS = st.text(st.sampled_from("abc.-_ "), min_size=1, max_size=8).filter(lambda part: part.strip(". ") != "")
INSIDE = st.lists(PARTS, max_size=3).map("/".join)
SEPARATED = st.sampled_from(["/", "\\"])


def spelled(*parts: str) -> str:
    return "/".join(part for part in parts if part)


OUTSIDE_NAMES = st.one_of(
    st.builds(lambda inside, after: spelled(inside, *[".."] * (inside.count("/") + 2), after), INSIDE, PARTS),
    st.builds(lambda after: f"/{after}", PARTS),
    st.builds(lambda letter, after: f"{letter}:{after}", st.sampled_from("aCz"), PARTS),
    st.builds(lambda letter, after: f"{letter}:/{after}", st.sampled_from("aCz"), PARTS),
    st.builds(lambda inside: spelled(inside, ".."), INSIDE),
)
IMPOSSIBLE_NAMES = st.one_of(
    st.integers(archive._NAME_BYTES + 1, 600).map(lambda length: "x" * length),
    st.builds(spelled, INSIDE, st.sampled_from(["CON", "nul.txt", "Com1", "LPT9.a"])),
    st.just(spelled(*["a"] * (archive.MOST_PARTS + 1))),
)
HOSTILE = st.one_of(
    st.builds(lambda name, mark: named(name.replace("/", mark), "archive.leads_outside"), OUTSIDE_NAMES, SEPARATED),
    IMPOSSIBLE_NAMES.map(lambda name: named(name, "archive.impossible_name")),
    st.sampled_from([stat.S_IFLNK, stat.S_IFBLK, stat.S_IFCHR, stat.S_IFIFO, stat.S_IFSOCK, stat.S_IFDIR]).map(of_kind),
    st.sampled_from([0, 6, 13]).map(flagged),
    st.integers(2, 20).map(overlapping),
    st.integers(1, 99).map(bomb),
    st.integers(1, 98).map(volumes),
)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(HOSTILE)
def test_each_kind_of_hostile_archive_is_refused_by_name_and_the_honest_one_is_not(
    tmp_path_factory: pytest.TempPathFactory, hostile: Hostile
) -> None:
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "honest").mkdir()
    unpack_export([packed(hostile.honest)], folder / "honest", most_bytes=1 << 20)
    (folder / "inside").mkdir()
    assert refusal(io.BytesIO(hostile.attacked()), folder / "inside", most_bytes=1 << 30) == hostile.code
    assert sorted(file.name for file in folder.iterdir()) == ["honest", "inside"]
    assert all(file.stat().st_size <= len(b"1" * 99) for file in (folder / "inside").rglob("*") if file.is_file())


def test_a_name_that_a_nul_ends_early_is_refused(tmp_path: Path) -> None:
    data = packed({"ok": b"1", "a_b": b"2"}).getvalue().replace(b"a_b", b"a\0b")
    assert refusal(io.BytesIO(data), tmp_path) == "archive.impossible_name"


def test_an_export_split_over_several_archives_is_put_together(tmp_path: Path) -> None:
    same = {".DS_Store": b"folder"}
    first, second = packed({"E/result.json": b"{}", **same}), packed({"E/photos/a.jpg": b"a", **same})
    unpack_export([first, second], tmp_path, most_bytes=1 << 20)
    assert found_in(tmp_path) == {"E/result.json": b"{}", "E/photos/a.jpg": b"a", ".DS_Store": b"folder"}


@pytest.mark.parametrize("other", [b"b", b"", b"aa"])
def test_two_archives_with_different_files_of_one_name_are_no_one_export(tmp_path: Path, other: bytes) -> None:
    with pytest.raises(ArchiveError) as refused:
        unpack_export([packed({"a": b"a"}), packed({"a": other})], tmp_path, most_bytes=1 << 20)
    assert refused.value.code == "archive.named_twice"
    assert (tmp_path / "a").read_bytes() == b"a"


def nested(depth: int) -> io.BytesIO:
    data = packed(FILES)
    for level in range(depth):
        data = packed({f"sent{level}.zip": data.getvalue()}, zipfile.ZIP_STORED)
    return data


def test_an_archive_in_archives_is_unpacked_as_deep_as_people_nest_them(tmp_path: Path) -> None:
    for depth in range(archive.MOST_NESTED + 2):
        folder = tmp_path / str(depth)
        folder.mkdir()
        unpack_export([nested(depth)], folder, most_bytes=1 << 20)
        assert (found_in(folder) == FILES) == (depth <= archive.MOST_NESTED)
        assert len(list(folder.rglob("*.zip"))) == (depth > archive.MOST_NESTED)


def test_an_archive_that_somebody_sent_in_the_chat_stays_a_file(tmp_path: Path) -> None:
    sent = packed({"a": b"1"}).getvalue()
    unpack_export([packed({"result.json": b"{}", "files/sent.zip": sent})], tmp_path, most_bytes=1 << 20)
    assert (tmp_path / "files/sent.zip").read_bytes() == sent


def test_what_nested_archives_declare_counts_together(tmp_path: Path) -> None:
    length = sum(map(len, FILES.values())) + len(packed(FILES).getvalue())
    for folder, most in (("fits", length), ("not", length - 1)):
        (tmp_path / folder).mkdir()
        source = nested(1)
        if folder == "fits":
            unpack_export([source], tmp_path / folder, most_bytes=most)
        else:
            assert refusal(source, tmp_path / folder, most_bytes=most) == "archive.too_large"


@settings(max_examples=20, deadline=None, derandomize=True)
@given(st.integers(1, 400))
def test_slices_of_an_archive_are_read_as_one(tmp_path_factory: pytest.TempPathFactory, length: int) -> None:
    folder, data = tmp_path_factory.mktemp("slices"), packed(FILES).getvalue()
    slices = []
    for number, at in enumerate(range(0, len(data), length), start=1):
        slices.append(folder / f"export.zip.{number:03}")
        slices[-1].write_bytes(data[at : at + length])
    (folder / "out").mkdir()
    with opened_archives(slices[::-1]) as archives:
        unpack_export(archives, folder / "out", most_bytes=1 << 20)
    assert found_in(folder / "out") == FILES
    if len(slices) > 1:
        (folder / "short").mkdir()
        with opened_archives(slices[1:]) as archives, pytest.raises(ArchiveError):
            unpack_export(archives, folder / "short", most_bytes=1 << 20)


def test_a_volume_is_to_be_joined_first(tmp_path: Path) -> None:
    files = [tmp_path / "export.z01", tmp_path / "export.zip"]
    for file in files:
        file.write_bytes(packed(FILES).getvalue())
    with pytest.raises(ArchiveError) as refused, opened_archives(files):
        pytest.fail("it was opened")
    assert (refused.value.code, "--out whole.zip" in refused.value.fix) == ("archive.in_volumes", True)


def test_a_file_beyond_32_bits_is_read_by_its_zip64_record(tmp_path: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", allowZip64=True) as opened, opened.open("a", "w", force_zip64=True) as file:
        file.write(b"content")
    unpack_export([out], tmp_path, most_bytes=1 << 20)
    assert found_in(tmp_path) == {"a": b"content"}


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
    unpack_export([packed(FILES)], tmp_path / "fits", most_bytes=size)
    assert refusal(packed(FILES), tmp_path, most_bytes=size - 1) == "archive.too_large"
    monkeypatch.setattr(archive, "MOST_FILES", 2)
    assert refusal(packed(FILES), tmp_path) == "archive.too_many_files"


def test_the_declared_size_is_asked_for_before_anything_is_written(tmp_path: Path) -> None:
    def full(needed: int) -> None:
        assert needed == sum(map(len, FILES.values()))
        raise StorageFullError("storage_full.too_little", where="-", needed=1, free=0)

    with pytest.raises(StorageFullError):
        unpack_export([packed(FILES)], tmp_path, most_bytes=1 << 20, require_room=full)
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
    unpack_export([io.BytesIO(_with_sizes(honest, 7))], tmp_path, most_bytes=1 << 40)
    (tmp_path / "a").unlink()
    assert refusal(io.BytesIO(_with_sizes(honest, said)), tmp_path, most_bytes=1 << 40) in {
        "archive.another_size",
        "archive.damaged",
        "archive.bomb",
    }
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) <= 7


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_another_way_of_packing_is_refused(tmp_path: Path, method: int) -> None:
    assert refusal(packed(FILES, method), tmp_path) == "archive.not_plain"


@pytest.mark.parametrize("junk", [b"", b"PK", b"not an archive", b"PK\x05\x06" + bytes(18)], ids=len)
def test_what_is_no_archive_or_empty_leaves_nothing(tmp_path: Path, junk: bytes) -> None:
    if junk[:4] == b"PK\x05\x06":
        unpack_export([io.BytesIO(junk)], tmp_path, most_bytes=1)
    else:
        assert refusal(io.BytesIO(junk), tmp_path) == "archive.damaged"
    assert list(tmp_path.iterdir()) == []


@given(st.data())
def test_a_damaged_archive_is_refused_with_words_or_gives_whole_files(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    changed = bytearray(packed(FILES).getvalue())
    for _ in range(data.draw(st.integers(1, 4))):
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))
    folder = tmp_path_factory.mktemp("archive")
    try:
        unpack_export([io.BytesIO(bytes(changed))], folder, most_bytes=1 << 20)
    except ArchiveError:
        return
    kept = [file.read_bytes() for file in folder.rglob("*") if file.is_file()]
    assert set(kept) <= set(FILES.values())


def test_an_archive_that_was_cut_short_is_damaged(tmp_path: Path) -> None:
    assert refusal(io.BytesIO(packed(FILES).getvalue()[:-30]), tmp_path) == "archive.damaged"


def test_a_long_list_of_files_is_refused_before_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = packed(FILES).getvalue()
    monkeypatch.setattr(archive, "MOST_LISTED_BYTES", len(data) - data.index(b"PK\x01\x02") - 22)
    unpack_export([io.BytesIO(data)], tmp_path, most_bytes=1 << 20)
    monkeypatch.setattr(archive, "MOST_LISTED_BYTES", archive.MOST_LISTED_BYTES - 1)
    monkeypatch.setattr(zipfile, "ZipFile", lambda *_given: pytest.fail("it was read"))
    assert refusal(io.BytesIO(data), tmp_path) == "archive.too_many_files"


def test_a_long_list_of_a_large_archive_is_refused_too(tmp_path: Path) -> None:
    """ZIP64: its length stands in another record (APPNOTE 4.3.14)."""
    far = struct.pack("<4sQHHIIQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, 1, 1, 1 << 40, 0)
    near = struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, 1, 1, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    assert refusal(io.BytesIO(b"x" * 100 + far + near), tmp_path) == "archive.too_many_files"


@pytest.mark.parametrize("name", ["k\u00ebndet.csv", "\u0441\u043b\u0438\u043a\u0430.jpg", "\u017d.txt", "plain.txt"])
def test_a_name_in_utf_8_without_the_flag_that_says_so_is_read_as_it_was_written(tmp_path: Path, name: str) -> None:
    """As Debian's ``zip`` writes it; the control is a name that is no UTF-8."""
    data = packed({f"files/{name}": b"bytes"}).getvalue()
    for at in [position for position in range(len(data)) if data[position : position + 4] == b"PK\x01\x02"]:
        data = data[: at + 8] + struct.pack("<H", 0) + data[at + 10 :]
    data = data[:6] + struct.pack("<H", 0) + data[8:]
    unpack_export([io.BytesIO(data)], tmp_path, most_bytes=1 << 20, require_room=lambda _bytes: None)
    assert [each.name for each in (tmp_path / "files").iterdir()] == [name]


def test_a_name_in_an_older_code_page_is_read_as_the_format_says(tmp_path: Path) -> None:
    data = packed({"files/k?ndet.csv": b"bytes"}).getvalue().replace(b"k?ndet", b"k\x89ndet")
    unpack_export([io.BytesIO(data)], tmp_path, most_bytes=1 << 20, require_room=lambda _bytes: None)
    assert [each.name for each in (tmp_path / "files").iterdir()] == ["k\u00ebndet.csv"]
