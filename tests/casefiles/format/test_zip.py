import io
import struct
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import BinaryIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casefiles.errors import ContainerError
from casefiles.format import zip as asic
from casefiles.format.kept import MadeMembers
from casefiles.format.layout import MIMETYPE, MIMETYPE_TEXT
from casefiles.format.zip import (
    container_bytes,
    kept_container,
    open_container,
    read_container,
    write_container,
)
from tests.casefiles.forge import good_bundle
from tests.nonempty import nonempty

FIRST = (MIMETYPE, MIMETYPE_TEXT)
SMALL = {MIMETYPE: MIMETYPE_TEXT, "a": b"", "b/c.txt": b"x" * 300, "b/d": b"\x00\xff"}

names = st.from_regex(r"[a-z][a-z0-9_-]{0,8}(/[a-z][a-z0-9.]{0,8}){0,2}", fullmatch=True).filter(
    lambda name: name != MIMETYPE
)
contents = st.dictionaries(names, st.binary(max_size=200), max_size=8)


def told_by(reader: Callable[[BinaryIO], Mapping[str, bytes]], data: bytes) -> dict[str, bytes] | ContainerError:
    try:
        return dict(reader(io.BytesIO(data)))
    except ContainerError as error:
        return error


def read(data: bytes) -> dict[str, bytes]:
    """Its members, or the error, which is the same whether they are held or stay in the file."""
    held, kept = (told_by(reader, data) for reader in (read_container, open_container))
    if isinstance(held, ContainerError):
        assert str(held) == str(kept)
        raise held
    assert held == kept
    return held


@given(contents, st.randoms(use_true_random=False))
def test_what_is_written_in_any_order_is_read_back_from_the_same_bytes(members: dict[str, bytes], dice: object) -> None:
    given_members = [*members.items(), FIRST]
    shuffled = sorted(given_members, key=lambda member: hash((id(dice), member[0])))
    out = io.BytesIO()
    write_container(shuffled, out)
    assert read(out.getvalue()) == {**members, MIMETYPE: MIMETYPE_TEXT}
    assert out.getvalue() == container_bytes({**members, MIMETYPE: MIMETYPE_TEXT})


@given(contents)
def test_members_that_are_kept_in_a_file_make_the_same_container(members: dict[str, bytes]) -> None:
    made = MadeMembers(io.BytesIO())
    for name, content in {**members, MIMETYPE: MIMETYPE_TEXT}.items():
        made[name] = content
    assert b"".join(kept_container(made)) == container_bytes({**members, MIMETYPE: MIMETYPE_TEXT})


@given(contents)
def test_another_zip_reader_sees_the_same_members(members: dict[str, bytes]) -> None:
    data = container_bytes({**members, MIMETYPE: MIMETYPE_TEXT})
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        seen = {entry.filename: archive.read(entry) for entry in archive.infolist()}
        assert archive.infolist()[0].filename == MIMETYPE
        assert all(entry.compress_type == zipfile.ZIP_STORED and not entry.extra for entry in archive.infolist())
    assert seen == {**members, MIMETYPE: MIMETYPE_TEXT}


def test_the_mimetype_lies_where_file_programs_look_for_it() -> None:
    # ETSI EN 319 162-1, A.1: at offset 38 of the file
    assert good_bundle()[30:38] == b"mimetype"
    assert good_bundle()[38:].startswith(MIMETYPE_TEXT + b"PK")


def test_every_single_byte_flip_of_a_container_is_refused() -> None:
    data = container_bytes(SMALL)
    for at in nonempty(range(len(data))):
        for mask in (0x01, 0x80, 0xFF):
            flipped = data[:at] + bytes([data[at] ^ mask]) + data[at + 1 :]
            with pytest.raises(ContainerError):
                read(flipped)


def test_every_cut_and_every_added_byte_is_refused() -> None:
    data = container_bytes(SMALL)
    for at in range(len(data)):
        with pytest.raises(ContainerError):
            read(data[:at])
    for odd in (data + b"\0", b"\0" + data, data[:-2] + b"\x05\x00note!"):
        with pytest.raises(ContainerError):
            read(odd)


def rewritten(change: Callable[[zipfile.ZipFile], None]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        change(archive)
    return out.getvalue()


def plain(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    entry.external_attr = 0o100644 << 16
    entry.create_version = entry.extract_version = 10
    return entry


def put(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, content: bytes, method: int = zipfile.ZIP_STORED) -> None:
    archive.writestr(entry, content, compress_type=method)


def test_a_container_of_another_program_in_our_form_is_read() -> None:
    def same(archive: zipfile.ZipFile) -> None:
        for name, content in SMALL.items():
            put(archive, plain(name), content)

    # the control of the next test: zipfile can write this form, so what it refuses is the defect
    assert read(rewritten(same)) == SMALL


def deflated(archive: zipfile.ZipFile) -> None:
    for name, content in SMALL.items():
        put(archive, plain(name), content, zipfile.ZIP_DEFLATED if name == "b/c.txt" else zipfile.ZIP_STORED)


def with_extra(archive: zipfile.ZipFile) -> None:
    for name, content in SMALL.items():
        entry = plain(name)
        entry.extra = struct.pack("<HHI", 0x7855, 4, 0) if name == "a" else b""
        put(archive, entry, content)


def with_comment(archive: zipfile.ZipFile) -> None:
    for name, content in SMALL.items():
        put(archive, plain(name), content)
    archive.comment = b"hello"


def reordered(archive: zipfile.ZipFile) -> None:
    for name in (MIMETYPE, "b/d", "a", "b/c.txt"):
        put(archive, plain(name), SMALL[name])


def doubled(archive: zipfile.ZipFile) -> None:
    for name in (MIMETYPE, "a", "b/c.txt"):
        put(archive, plain(name), SMALL[name])
    with pytest.warns(UserWarning, match="Duplicate"):
        put(archive, plain("b/c.txt"), b"other")


def dated(archive: zipfile.ZipFile) -> None:
    for name, content in SMALL.items():
        entry = plain(name)
        entry.date_time = (2026, 11, 23, 0, 0, 0)
        put(archive, entry, content)


def a_link(archive: zipfile.ZipFile) -> None:
    for name, content in SMALL.items():
        entry = plain(name)
        if name == "b/d":
            entry.external_attr = 0o120777 << 16
        put(archive, entry, content)


@pytest.mark.parametrize("change", [deflated, with_extra, with_comment, reordered, doubled, dated, a_link])
def test_another_form_of_the_same_members_is_refused(change: Callable[[zipfile.ZipFile], None]) -> None:
    with pytest.raises(ContainerError):
        read(rewritten(change))


@pytest.mark.parametrize(
    "name",
    ["../x", "/x", "x//y", "x/", ".x", "x/.y", "-x", "x\\y", "x y", "x\ny", "x\0", "caf\u00e9", "", "x" * 121, "C:x"],
)
def test_a_name_that_some_system_reads_in_another_way_is_refused(name: str) -> None:
    with pytest.raises(ContainerError):
        write_container([FIRST, (name, b"")], io.BytesIO())


def test_names_that_differ_only_in_case_are_refused() -> None:
    with pytest.raises(ContainerError, match="one name"):
        write_container([FIRST, ("Data/x", b""), ("data/X", b"")], io.BytesIO())


def test_a_container_without_its_mimetype_is_refused() -> None:
    for members in ([("a", b"")], [(MIMETYPE, b"application/zip"), ("a", b"")], []):
        with pytest.raises(ContainerError):
            write_container(members, io.BytesIO())
        made = MadeMembers(io.BytesIO())
        for name, content in members:
            made[name] = content
        with pytest.raises(ContainerError):
            kept_container(made)


def test_something_that_is_no_container_is_refused() -> None:
    for data in (b"", b"PK\x05\x06" + b"\0" * 18, b"%PDF-1.7", b"PK\x03\x04" + b"\xff" * 26):
        with pytest.raises(ContainerError):
            read(data)


def test_too_many_members_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asic, "MAX_MEMBERS", len(SMALL))
    assert read(container_bytes(SMALL)) == SMALL
    with pytest.raises(ContainerError, match="too many"):
        read(container_bytes({**SMALL, "z": b""}))


def test_a_member_of_an_impossible_size_is_refused_before_it_is_read() -> None:
    data = bytearray(container_bytes(SMALL))
    second = data.index(b"PK\x03\x04", 1)
    data[second + 18 : second + 26] = struct.pack("<II", 0xFFFFFFF0, 0xFFFFFFF0)
    with pytest.raises(ContainerError, match="too large"):
        read(bytes(data))


def test_more_members_than_16_bits_count_need_zip64_and_are_read_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asic, "MAX_MEMBERS", 0x20000)
    members = {MIMETYPE: MIMETYPE_TEXT, **{f"n/{number}": b"" for number in range(0x10000)}}
    data = container_bytes(members)
    assert data.count(b"PK\x06\x06") == 1
    assert read(data) == members
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert len(archive.infolist()) == len(members)


class Sparse:
    """Leaves holes in place of blocks of zeros, so that a large file takes no room."""

    def __init__(self, out: io.BufferedWriter, block: bytes) -> None:
        self.out, self.block = out, block

    def write(self, data: bytes, /) -> int:
        if data is self.block:
            self.out.seek(len(data), io.SEEK_CUR)
            return len(data)
        return self.out.write(data)


@pytest.mark.slow
def test_a_member_beyond_4_gib_needs_zip64_and_another_reader_finds_it(tmp_path: Path) -> None:
    file, block = tmp_path / "large.asice", bytes(1 << 29)
    members = [FIRST, *((f"a/{number}", block) for number in range(9)), ("z", b"last")]
    with file.open("wb") as out:
        write_container(members, Sparse(out, block))
    with zipfile.ZipFile(file) as archive:
        assert archive.read("z") == b"last"
        assert archive.getinfo("z").header_offset > 0xFFFFFFFF
