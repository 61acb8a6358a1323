"""The HTML pages of a chat say what its JSON export says, as far as they say it, and nothing that they do not."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.observation import Container, Hole, HoleReason, Kind, Observation
from monitor.desktop import pages
from monitor.desktop.json import read_export
from monitor.errors import BrokenExportError, ExportTooLargeError, MonitorError
from tests.monitor.desktop.both import Said, chats, write_json, write_pages
from tests.nonempty import nonempty

AT = datetime(2024, 7, 14, 9, 12, 44)  # noqa: DTZ001 - local time is what the exporter writes
NOW = datetime(2026, 1, 1, tzinfo=UTC)
_OF_THE_FORM = {"channel_id", "channel_title", "unknown_sha256"}


def read(path: Path, chat_id: str | None = None) -> Container:
    return read_export(path, chat_id=chat_id, now=lambda: NOW)


def observed(container: Container) -> list[Observation]:
    return [each for each in container.contents() if isinstance(each, Observation)]


def messages(container: Container) -> list[Observation]:
    return [each for each in observed(container) if each.kind is not Kind.FILE]


def holes(container: Container) -> list[tuple[str, int | None, str]]:
    return [(each.reason.value, each.lo, each.what) for each in container.contents() if isinstance(each, Hole)]


def fields(each: Observation) -> Mapping[str, Any]:
    return {name: value for name, value in each.fields.items() if name not in _OF_THE_FORM}


def one(folder: Path, *said: Said) -> list[Observation]:
    write_pages(folder, "Hedge", said)
    return messages(read(folder))


@settings(max_examples=30, deadline=None, derandomize=True)
@given(chats(), st.integers(1, 5))
def test_pages_and_json_of_one_chat_say_the_same(
    tmp_path_factory: pytest.TempPathFactory, said: Sequence[Said], each_page: int
) -> None:
    folder = tmp_path_factory.mktemp("both")
    write_json(folder / "json", "Hedge", said)
    write_pages(folder / "html", "Hedge", said, each_page=each_page)
    for place in (folder / "json", folder / "html"):
        (place / "photos").mkdir()
        (place / "photos" / "a b.jpg").write_bytes(b"picture")
    plain, paged = read(folder / "json"), read(folder / "html")
    assert [(each.message_id, each.kind, fields(each)) for each in nonempty(messages(paged))] == [
        (each.message_id, each.kind, fields(each)) for each in messages(plain)
    ]
    assert (paged.files, paged.total, paged.channel_title) == (plain.files, plain.total, "Hedge")
    of_files = {reason.value for reason in (HoleReason.MISSING_FILE, HoleReason.NOT_INCLUDED, HoleReason.TOO_LARGE)}
    assert [each for each in holes(paged) if each[0] in of_files] == [
        each for each in holes(plain) if each[0] in of_files
    ]


@settings(max_examples=10, deadline=None, derandomize=True)
@given(chats(), st.integers(1, 5))
def test_slices_and_rest_are_the_pages_byte_for_byte(
    tmp_path_factory: pytest.TempPathFactory, said: Sequence[Said], each_page: int
) -> None:
    folder = tmp_path_factory.mktemp("slices")
    write_pages(folder, "Hedge", said, each_page=each_page)
    count = -(-len(said) // each_page)
    names = ["messages.html", *(f"messages{number}.html" for number in range(2, count + 1))]
    whole = b"".join((folder / name).read_bytes() for name in names)
    container = read(folder)
    made, rest = bytearray(), container.rest()
    for each in messages(container):
        assert each.raw is not None
        assert each.offset is not None
        gap = each.offset - len(made)
        made += rest[:gap] + each.raw
        rest = rest[gap:]
    assert bytes(made + rest) == whole
    assert (container.sha256, container.length) == (hashlib.sha256(whole).hexdigest(), len(whole))


def test_what_pages_do_not_say_stays_empty(tmp_path: Path) -> None:
    first, line = one(tmp_path, Said(1, AT, runs=("x",)), Said(2, AT, service="K joined"))
    assert (first.posted_at, first.fields["sender_id"], first.fields["edited_at"]) == (None, None, None)
    assert first.fields["sender_name"] == "K"
    assert "2024-07-14T09:12:44" in str(first.fields["content"])
    assert (line.kind, line.posted_at, "K joined" in str(line.fields["content"])) == (Kind.SERVICE, None, True)
    assert ("bad_date", 2) in [each[:2] for each in holes(read(tmp_path))]


def test_the_zone_of_a_title_makes_no_moment_and_stays_in_the_record(tmp_path: Path) -> None:
    (first,) = one(tmp_path, Said(1, AT, runs=("x",)))
    assert (first.posted_at, "UTC+01:00" in str(first.record)) == (None, True)


def test_a_joined_message_has_the_name_of_the_one_before(tmp_path: Path) -> None:
    found = one(tmp_path, *(Said(number, AT, name="Briar", runs=("x",), forwarded="News") for number in (1, 2)))
    assert "joined" in (tmp_path / "messages.html").read_text()
    assert [each.fields["sender_name"] for each in found] == ["Briar", "Briar"]
    assert [each.fields["forwarded_from"] for each in found] == ["News", "News"]


def test_what_has_no_place_in_the_model_is_a_hole_that_names_it(tmp_path: Path) -> None:
    (first,) = one(tmp_path, Said(1, AT, runs=("x",), buttons="<tr><td>Open</td></tr>"))
    assert [(reason, "bot_buttons_table" in what) for reason, _lo, what in holes(read(tmp_path))] == [("unknown", True)]
    assert "Open" in str(first.record)


@pytest.mark.parametrize(
    "text",
    [
        '<div class="message default clearfix" id="message666"><div class="body">never said</div></div>',
        '</div></div><div class="message default clearfix" id="message666"><div>',
        "<div>",
    ],
)
def test_a_message_that_a_button_writes_into_a_page_is_refused(tmp_path: Path, text: str) -> None:
    one(tmp_path / "honest", Said(1, AT, runs=(text,)), Said(2, AT, runs=("x",)))
    write_pages(tmp_path / "forged", "Hedge", [Said(1, AT, buttons=text), Said(2, AT, runs=("x",))])
    with pytest.raises(BrokenExportError) as refused:
        read(tmp_path / "forged")
    assert refused.value.code == "broken_export.message_in_message"


def test_a_page_that_is_not_there_or_ends_too_early_is_a_hole(tmp_path: Path) -> None:
    said = [Said(number, AT, runs=("x",)) for number in range(1, 7)]
    write_pages(tmp_path, "Hedge", said, each_page=2)
    assert holes(read(tmp_path)) == []
    (tmp_path / "messages3.html").rename(tmp_path / "gone")
    assert ([each[0] for each in holes(read(tmp_path))], read(tmp_path).total) == (["cut_off"], 4)
    second = tmp_path / "messages2.html"
    second.write_bytes(second.read_bytes()[: second.read_bytes().index(b'id="message4"')])
    assert ([each[0] for each in holes(read(tmp_path))], read(tmp_path).total) == (["cut_off"], 3)


@pytest.mark.parametrize(("named", "channel"), [("-1001600000007", "1600000007"), ("group7", "group7"), ("9", "9")])
def test_whoever_brings_pages_may_say_which_chat_they_are(tmp_path: Path, named: str, channel: str) -> None:
    write_pages(tmp_path, "Hedge", [Said(1, AT, runs=("x",))])
    assert read(tmp_path, named).channel_id == channel
    assert read(tmp_path).channel_id.startswith("export")


def test_json_beside_pages_is_read_instead(tmp_path: Path) -> None:
    write_pages(tmp_path, "Hedge", [Said(1, AT, runs=("x",))])
    assert read(tmp_path / "messages.html").method == read(tmp_path).method == "desktop-html"
    write_json(tmp_path, "Hedge", [Said(1, AT, runs=("x",))])
    assert read(tmp_path).method == "desktop-json"


def test_pages_beyond_a_limit_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_pages(tmp_path, "Hedge", [Said(1, AT, runs=("x",))])
    length = (tmp_path / "messages.html").stat().st_size
    monkeypatch.setattr(pages, "MAX_PAGES_BYTES", length)
    read(tmp_path)
    monkeypatch.setattr(pages, "MAX_PAGES_BYTES", length - 1)
    with pytest.raises(ExportTooLargeError):
        read(tmp_path)


def test_tags_without_end_are_refused(tmp_path: Path) -> None:
    write_pages(tmp_path, "Hedge", [Said(1, AT, runs=("x",), buttons="<div>" * 99 + "</div>" * 99)])
    with pytest.raises(BrokenExportError):
        read(tmp_path)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(chats(), st.integers(0, 10_000), st.binary(max_size=9))
def test_damage_of_a_page_is_told_or_read(
    tmp_path_factory: pytest.TempPathFactory, said: Sequence[Said], at: int, junk: bytes
) -> None:
    folder = tmp_path_factory.mktemp("fuzz")
    write_pages(folder, "Hedge", said)
    file = folder / "messages.html"
    data = file.read_bytes()
    file.write_bytes(data[: at % len(data)] + junk + data[at % len(data) + len(junk) :])
    try:
        container = read(folder)
    except MonitorError:
        return
    assert sum(len(each.raw or b"") for each in messages(container)) + len(container.rest()) == container.length
