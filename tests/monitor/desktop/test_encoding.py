"""A file that an editor saved again in another encoding says what it said, and is kept as it is."""

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.observation import Container, Observation
from monitor.desktop import encoding
from monitor.desktop.json import chats_of, read_export
from monitor.errors import BrokenExportError, ExportTooLargeError, MonitorError
from monitor.rehearsal.export import write_export
from tests.nonempty import nonempty

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SAVED = {
    "utf-8-sig": ("utf-8-sig", b""),
    "utf-16-le": ("utf-16-le", b"\xff\xfe"),
    "utf-16-be": ("utf-16-be", b"\xfe\xff"),
    "without a mark": ("utf-16-le", b""),
}


def read(path: Path) -> Container:
    return read_export(path, now=lambda: NOW)


def observed(container: Container) -> list[Observation]:
    return [each for each in container.contents() if isinstance(each, Observation)]


@pytest.mark.parametrize("saved", list(SAVED))
def test_another_encoding_says_the_same_and_keeps_the_bytes_of_the_file(tmp_path: Path, saved: str) -> None:
    file = write_export(tmp_path / "export", seed=7, messages=40, photos=2).folder / "result.json"
    plain, before = read(file), file.read_bytes()
    first = observed(plain)
    codec, mark = SAVED[saved]
    data = mark + before.decode().encode(codec)
    file.write_bytes(data)
    again = read(file)
    second = observed(again)
    assert [(each.kind, each.message_id, each.fields, each.record) for each in nonempty(second)] == [
        (each.kind, each.message_id, each.fields, each.record) for each in first
    ]
    assert (again.sha256, again.length) == (hashlib.sha256(data).hexdigest(), len(data))
    assert (again.pictured, again.files, again.total) == (plain.pictured, plain.files, plain.total)
    whole, rest = bytearray(), again.rest()
    for each in second:
        if each.raw is not None and each.offset is not None:
            gap = each.offset - len(whole)
            whole += rest[:gap] + each.raw
            rest = rest[gap:]
    assert bytes(whole + rest) == data
    assert [chat.messages for chat in chats_of(file)] == [40]


def test_the_media_type_names_the_encoding(tmp_path: Path) -> None:
    file = write_export(tmp_path / "export", seed=7, messages=16, photos=0).folder / "result.json"
    assert read(file).media_type == "application/json"
    file.write_bytes(file.read_bytes().decode().encode("utf-16"))
    container = read(file)
    assert {container.media_type, *(each.raw_type for each in observed(container) if each.raw)} == {
        "application/json; charset=utf-16-le"
    }


def test_half_a_character_is_damage(tmp_path: Path) -> None:
    file = tmp_path / "result.json"
    file.write_bytes('{"name": "x"'.encode("utf-16") + b"\x00\xd8")
    with pytest.raises(BrokenExportError) as refused:
        read(file)
    assert refused.value.code == "broken_export.not_utf16"


def test_a_long_file_in_utf_16_is_to_be_given_as_it_was_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write_export(tmp_path / "export", seed=7, messages=16, photos=0).folder / "result.json"
    file.write_bytes(file.read_bytes().decode().encode("utf-16"))
    monkeypatch.setattr(encoding, "MAX_UTF16_BYTES", file.stat().st_size)
    read(file)
    monkeypatch.setattr(encoding, "MAX_UTF16_BYTES", file.stat().st_size - 1)
    with pytest.raises(ExportTooLargeError) as refused:
        read(file)
    assert refused.value.code == "export_too_large.utf16"


@given(st.sampled_from(list(SAVED)), st.integers(0, 2000), st.binary(max_size=6))
def test_damage_in_any_encoding_is_told_or_reads_as_json(
    tmp_path_factory: pytest.TempPathFactory, saved: str, at: int, junk: bytes
) -> None:
    message = {"id": 1, "type": "message", "date_unixtime": "1731575744", "from": "\u017d", "text": "\U0001f426 x"}
    chat = {"name": "T", "type": "private_supergroup", "id": 7, "messages": [message, {**message, "id": 2}]}
    codec, mark = SAVED[saved]
    data = mark + json.dumps(chat, ensure_ascii=False).encode(codec)
    file = tmp_path_factory.mktemp("fuzz") / "result.json"
    file.write_bytes(data[: at % len(data)] + junk + data[at % len(data) + len(junk) :])
    try:
        container = read(file)
    except MonitorError:
        return
    assert container.length == file.stat().st_size
    assert sum(len(each.raw or b"") for each in observed(container)) + len(container.rest()) == container.length
