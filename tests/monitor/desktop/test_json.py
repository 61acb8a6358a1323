"""read_export: what a folder that Telegram Desktop wrote becomes, and what it refuses."""

import base64
import errno
import hashlib
import itertools
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evidence.canonical import jcs
from evidence.content import message_sha256
from evidence.log.schema import SCHEMAS
from evidence.observation import Container, Hole, HoleReason, Kind, Observation
from monitor.desktop import json as desktop
from monitor.desktop.json import read_export
from monitor.desktop.layout import find_chat
from monitor.desktop.scan import ByteSpan
from monitor.desktop.values import ODD_NAME
from monitor.errors import (
    BrokenExportError,
    ChatNotFoundError,
    ExportChangedError,
    ExportError,
    ExportTooLargeError,
    NotAnExportError,
)
from monitor.rehearsal.export import ExportFacts, write_export
from tests.nonempty import nonempty

ROOT = Path(__file__).parents[3]
NOW = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)


PICTURED = base64.b64encode(b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(range(200))).decode()
"""A picture as Base64, which as a name would pass for no value."""


def now() -> datetime:
    return NOW


def message(number: int = 1, **members: object) -> dict[str, Any]:
    return {
        "id": number,
        "type": "message",
        "date": "2024-11-14T10:00:00",
        "date_unixtime": "1731574800",
        "from": "Zogu",
        "from_id": "user7",
        "text": "x",
    } | members


def export_of(*messages: object, kind: str = "public_channel") -> dict[str, Any]:
    return {"name": "Kanali", "type": kind, "id": 42, "messages": list(messages)}


def write(folder: Path, value: object) -> Path:
    folder.mkdir(exist_ok=True)
    raw = value if isinstance(value, bytes) else json.dumps(value, indent=1, ensure_ascii=False).encode()
    (folder / "result.json").write_bytes(raw)
    return folder


def read(folder: Path) -> list[Observation | Hole]:
    return list(read_export(folder, now=now).contents())


def read_one(folder: Path, **members: object) -> Observation:
    first = read(write(folder, export_of(message(**members))))[0]
    assert isinstance(first, Observation)
    return first


def observations(contents: Iterable[Observation | Hole], kind: Kind | None = None) -> list[Observation]:
    return [one for one in contents if isinstance(one, Observation) and kind in (None, one.kind)]


def holes(contents: Iterable[Observation | Hole]) -> list[Hole]:
    return [one for one in contents if isinstance(one, Hole)]


def restored(container: Container) -> bytes:
    """Slices at their offsets, gaps filled with the rest: by a reader who knows only that sentence."""
    slices = {one.offset: one.raw for one in observations(container.contents()) if one.raw is not None}
    rest = iter(container.rest())
    whole = bytearray()
    while len(whole) < container.length:
        found = slices.get(len(whole))
        whole += found if found is not None else bytes([next(rest)])
    assert next(rest, None) is None
    return bytes(whole)


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> ExportFacts:
    return write_export(tmp_path_factory.mktemp("export"), seed=7, messages=40)


# --- a realistic export ----------------------------------------------------------------------


def test_a_realistic_export_is_read_to_the_last_fact(facts: ExportFacts) -> None:
    container = read_export(facts.folder, now=now)
    contents = list(container.contents())
    messages, service = observations(contents, Kind.MESSAGE), observations(contents, Kind.SERVICE)
    files = observations(contents, Kind.FILE)
    assert container.total == 40 == len(messages) + len(service)
    assert len(service) == facts.service
    assert len(messages) == facts.ordinary + facts.unsupported
    assert sum(1 for one in messages if one.fields["edited_at"]) == facts.edits
    texts = {one.message_id: one.fields["text"] for one in [*messages, *service] if one.fields["text"] is not None}
    assert texts == facts.texts
    assert {one.medium.name: digest(one) for one in files if one.medium} == facts.media
    assert container.files == len(files)
    reasons = [hole.reason for hole in holes(contents)]
    assert reasons.count(HoleReason.NOT_INCLUDED) == facts.withheld
    assert reasons.count(HoleReason.UNSUPPORTED) == facts.unsupported
    assert [(h.lo, h.hi) for h in holes(contents) if h.reason is HoleReason.GAP] == list(facts.gaps)
    assert len(reasons) == facts.withheld + facts.unsupported + len(facts.gaps)


def digest(observation: Observation) -> str:
    assert observation.medium is not None
    with observation.medium.open() as file:
        return hashlib.sha256(file.read()).hexdigest()


def test_the_container_says_what_it_is(facts: ExportFacts) -> None:
    container = read_export(facts.folder, now=now)
    raw = (facts.folder / "result.json").read_bytes()
    assert container.method == "desktop-json"
    assert container.name == "result.json"
    assert container.sha256 == hashlib.sha256(raw).hexdigest()
    assert container.length == len(raw)
    assert (container.channel_id, container.channel_title) == (facts.channel_id, facts.channel_title)
    assert container.channel_type == facts.channel_type


def test_slices_and_rest_give_the_file_back(facts: ExportFacts) -> None:
    container = read_export(facts.folder, now=now)
    assert restored(container) == (facts.folder / "result.json").read_bytes()


def test_the_file_itself_may_be_named(facts: ExportFacts) -> None:
    named, folder = (read_export(path, now=now) for path in (facts.folder / "result.json", facts.folder))
    assert named.sha256 == folder.sha256
    assert len(list(named.contents())) == len(list(folder.contents()))


def test_every_value_is_one_of_the_log_under_a_name_of_its_schema(facts: ExportFacts) -> None:
    names = set(SCHEMAS["observed"].subject)
    for one in nonempty(observations(read(facts.folder))):
        assert set(one.fields) <= names
        jcs(dict(one.fields))
        jcs(one.record)


def test_a_container_can_be_gone_through_twice(facts: ExportFacts) -> None:
    container = read_export(facts.folder, now=now)
    assert [o.raw for o in observations(container.contents())] == [o.raw for o in observations(container.contents())]


# --- restoring, as a property ----------------------------------------------------------------


@st.composite
def spelled_exports(draw: st.DrawFn) -> bytes:
    """An export in any spelling that JSON allows: space, order of members, escapes, what else is there."""
    space = st.text(alphabet=" \t\r\n", max_size=2)
    texts = st.text(st.characters(codec="utf-8"), max_size=12)

    def spell(value: object) -> str:
        return json.dumps(value, ensure_ascii=draw(st.booleans()), indent=draw(st.sampled_from((None, 0, 1))))

    spelled = [
        spell(message(draw(st.integers(1, 99)), text=draw(texts), **draw(extra)))
        for extra in draw(st.lists(st.just(st.fixed_dictionaries({}, optional={"author": texts})), max_size=5))
    ]
    spelled = [text.replace("x", draw(st.sampled_from(("x", "\\u0078", "\\x0B")))) for text in spelled]
    parts = [draw(space) + text + draw(space) for text in spelled]
    array = "[" + (",".join(parts) or draw(space)) + "]"
    members = {"name": spell(draw(texts)), "type": '"public_channel"', "id": "42", "messages": array}
    if draw(st.booleans()):
        members["about"] = spell(draw(st.lists(texts, max_size=3)))
    order = draw(st.permutations(sorted(members)))
    inner = ",".join(f'{draw(space)}"{name}"{draw(space)}:{draw(space)}{members[name]}{draw(space)}' for name in order)
    bom = "\ufeff" if draw(st.booleans()) else ""
    return (bom + draw(space) + "{" + inner + "}" + draw(space)).encode()


@pytest.mark.repeats
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(spelled_exports())
def test_in_any_spelling_slices_and_rest_give_the_file_back(tmp_path: Path, raw: bytes) -> None:
    container = read_export(write(tmp_path, raw), now=now)
    assert restored(container) == raw
    assert container.sha256 == hashlib.sha256(raw).hexdigest()


def test_of_a_small_export_cut_at_any_byte_the_whole_messages_are_taken_or_it_is_refused(tmp_path: Path) -> None:
    raw = json.dumps(
        export_of(message(1, text='a\\"ë'), message(2, text=["x", {"type": "bold", "text": "]}"}])), indent=1
    ).encode()
    assert len(read(write(tmp_path, raw))) == 2
    ends = [container.end for container in spans_of(raw)]
    for length in range(len(raw)):
        whole = sum(end <= length for end in ends)
        folder = write(tmp_path, raw[:length])
        if whole == 0:
            with pytest.raises(ExportError):
                read_export(folder, now=now)
            continue
        container = read_export(folder, now=now)
        contents = list(container.contents())
        assert [one.message_id for one in observations(contents)] == [1, 2][:whole]
        assert [hole.reason for hole in holes(contents)] == [HoleReason.CUT_OFF]
        assert restored(container) == raw[:length]


def spans_of(raw: bytes) -> list[ByteSpan]:
    return list(find_chat(raw, chat_id=None).spans())


@pytest.mark.slow
def test_a_small_export_with_any_byte_changed_is_refused_or_read_whole(tmp_path: Path) -> None:
    raw = json.dumps(export_of(message(1), message(2))).encode()
    refused = 0
    for at in range(len(raw)):
        for other in b'"\\{}[],:\x00\xff1':
            changed = raw[:at] + bytes([other]) + raw[at + 1 :]
            try:
                container = read_export(write(tmp_path, changed), now=now)
            except ExportError:
                refused += 1
                continue
            assert restored(container) == changed
    assert refused > len(raw)


# --- refusals --------------------------------------------------------------------------------


def test_nothing_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotAnExportError):
        read_export(tmp_path / "absent", now=now)
    (tmp_path / "empty").mkdir()
    with pytest.raises(NotAnExportError, match="no such file"):
        read_export(tmp_path / "empty", now=now)


@pytest.mark.parametrize("raw", [b"", b"[]", b"<!DOCTYPE html>", b"PK\x03\x04zip", b"{}", "{}".encode("utf-16")])
def test_what_is_no_export_is_refused_with_what_to_do(tmp_path: Path, raw: bytes) -> None:
    with pytest.raises(NotAnExportError, match="Machine-readable JSON"):
        read_export(write(tmp_path, raw), now=now)


@pytest.mark.parametrize(
    ("name", "raw", "found"),
    [
        ("page", b"\xef\xbb\xbf\n<!DOCTYPE html>", "an HTML page"),
        ("list.json", b" [1]", "other JSON"),
        ("note.txt", b"hello", "no JSON"),
        ("empty.json", b"", "an empty file"),
    ],
)
def test_another_file_than_an_export_is_named_for_what_it_is(tmp_path: Path, name: str, raw: bytes, found: str) -> None:
    (tmp_path / name).write_bytes(raw)
    with pytest.raises(NotAnExportError) as raised:
        read_export(tmp_path / name, now=now)
    assert (raised.value.where, raised.value.found) == (str(tmp_path / name), found)
    assert "evidence add FILE" in raised.value.fix
    assert "give the folder" in raised.value.fix


def test_a_result_json_that_is_a_link_out_or_a_pipe_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "real", export_of(message()))
    (tmp_path / "export").mkdir()
    (tmp_path / "export/result.json").symlink_to(tmp_path / "real/result.json")
    with pytest.raises(NotAnExportError):
        read_export(tmp_path / "export", now=now)
    (tmp_path / "export/result.json").unlink()
    os.mkfifo(tmp_path / "export/result.json")
    with pytest.raises(NotAnExportError):
        read_export(tmp_path / "export", now=now)


def test_a_path_that_no_system_can_hold_is_refused(tmp_path: Path) -> None:
    for name in ("a" * 5000, "a\0b", "\ud800"):
        with pytest.raises(NotAnExportError):
            read_export(tmp_path / name, now=now)
    (tmp_path / "circle").symlink_to("circle")
    with pytest.raises(NotAnExportError):
        read_export(tmp_path / "circle", now=now)


def test_a_stick_that_fails_while_it_is_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(file: BinaryIO, path: Path) -> bytes:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    folder = write(tmp_path, export_of(message()))
    assert read(folder)
    monkeypatch.setattr(desktop, "_read", fail)
    with pytest.raises(NotAnExportError, match="Input/output error"):
        read_export(folder, now=now)


def test_a_file_beyond_the_limit_is_refused_unread(tmp_path: Path) -> None:
    (tmp_path / "result.json").touch()
    os.truncate(tmp_path / "result.json", desktop.MAX_EXPORT_BYTES + 1)
    with pytest.raises(ExportTooLargeError):
        read_export(tmp_path, now=now)


@pytest.mark.parametrize(
    "element",
    [
        None,
        5,
        "text",
        [],
        {},
        {"id": None},
        {"id": "x"},
        {"id": 1.5},
        {"id": True},
        {"id": 10**30},
        {"id": 9999999999999999999},
        {"id": 2**63},
        {"id": -(2**63) - 1},
        {"type": "message"},
    ],
)
def test_an_element_that_is_no_message_is_refused(tmp_path: Path, element: object) -> None:
    with pytest.raises(BrokenExportError, match="not a message"):
        read_export(write(tmp_path, export_of(message(), element)), now=now)


def test_broken_json_is_refused_with_line_and_column(tmp_path: Path) -> None:
    raw = json.dumps(export_of(message(1), message(2)), indent=1).encode()
    lines = raw.split(b"\n")
    lines[10] = lines[10].replace(b":", b"")
    with pytest.raises(BrokenExportError, match="line 11 column"):
        read_export(write(tmp_path, b"\n".join(lines)), now=now)


@pytest.mark.parametrize(
    "raw",
    [
        b'{"name":"a","type":"b","id":1,"messages":[{"id":1,"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}]}",
        b'{"name":"a","type":"b","id":1,"messages":' + b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"name":"a","type":"b","id":1,"messages":[{"id":1,"n":NaN}]}',
        b'{"name":"a","type":"b","id":1,"messages":[{"id":1,"id":2}]}',
        b'{"name":"a","type":"b","id":1,"messages":[{"id":1,"t":"\xff"}]}',
        b'{"name":"a","type":"b","id":1,"messages":[{"id":1,"t":"\\xFF"}]}',
        b'{"name":"a","type":"b","id":1,"messages":[{"id":1,"t":"a\nb"}]}',
        b'{"name":"a","type":"b","id":1,"messages":[{"id":1}],}',
        b'{"name":"a","type":"b","id":' + b"9" * 100_000 + b',"messages":[]}',
    ],
)
def test_hostile_json_is_refused_by_our_own_error(tmp_path: Path, raw: bytes) -> None:
    with pytest.raises(ExportError):
        read_export(write(tmp_path, raw), now=now)


def test_the_wrong_chat_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ChatNotFoundError):
        read_export(write(tmp_path, export_of(message())), chat_id="43", now=now)


@pytest.mark.parametrize("mapped", [False, True])
def test_a_file_that_changes_between_the_readings_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, mapped: bool
) -> None:
    monkeypatch.setattr(desktop, "MAPPED_BYTES", 0 if mapped else 1 << 20)
    raw = json.dumps(export_of(message(1, text="before"), message(2))).encode()
    container = read_export(write(tmp_path, raw), now=now)
    contents = container.contents()
    with (tmp_path / "result.json").open("r+b") as file:
        file.write(raw.replace(b"before", b"behind").replace(b"Kanali", b"kanali"))
    if mapped:
        with pytest.raises(ExportChangedError):
            next(contents)
        with pytest.raises(ExportChangedError):
            container.rest()
    else:
        assert restored(container) == raw


# --- a chat of a full export -----------------------------------------------------------------


def test_of_a_full_export_only_the_chosen_chat_is_kept(tmp_path: Path) -> None:
    other = {"name": "Private", "type": "personal_chat", "id": 5, "messages": [message(text="secret of another")]}
    whole = {
        "about": "x",
        "contacts": {"list": [{"phone_number": "0"}]},
        "chats": {"about": "y", "list": [other, export_of(message(3))]},
    }
    raw = json.dumps(whole, indent=1).encode()
    container = read_export(write(tmp_path, raw), chat_id="-10042", now=now)
    kept = restored(container)
    assert b"secret" not in kept
    assert json.loads(kept) == export_of(message(3))
    start = raw.index(kept)
    fragment = f"bytes={start}-{start + len(kept) - 1}&sha256={hashlib.sha256(raw).hexdigest()}"
    assert container.name == f"result.json#{fragment}"
    assert container.sha256 == hashlib.sha256(kept).hexdigest()
    first = next(iter(container.contents()))
    assert isinstance(first, Observation)
    assert first.offset == kept.index(first.raw or b"absent")


# --- messages --------------------------------------------------------------------------------


def test_a_message_fills_the_fields_of_its_schema(tmp_path: Path) -> None:
    one = read_one(
        tmp_path,
        edited="2024-11-14T10:05:00",
        edited_unixtime="1731575100",
        reply_to_message_id=9,
        forwarded_from="Breshka",
    )
    assert (one.kind, one.channel_id, one.message_id) == (Kind.MESSAGE, "42", 1)
    assert one.posted_at == datetime(2024, 11, 14, 9, 0, 0, tzinfo=UTC)
    assert one.fields == {
        "channel_id": "42",
        "channel_title": "Kanali",
        "channel_type": "public_channel",
        "message_id": "1",
        "posted_at": "2024-11-14T09:00:00.000Z",
        "edited_at": "2024-11-14T09:05:00.000Z",
        "sender_id": "user7",
        "sender_name": "Zogu",
        "text": "x",
        "entities": None,
        "links": None,
        "people": [{"name": "Breshka"}],
        "numbers": None,
        "content": [{"kind": "forward", "person": "0"}],
        "reply_to": "9",
        "forwarded_from": "Breshka",
        "action": None,
        "counters": None,
        "media": None,
        "unknown_sha256": None,
    }
    assert one.record == json.loads(one.raw or b"") | {"id": "1", "reply_to_message_id": "9"}


def test_a_service_message_has_its_actor_for_sender(tmp_path: Path) -> None:
    service = {"id": 1, "type": "service", "date_unixtime": "1731574800", "actor": None, "actor_id": "channel42"}
    one = observations(read(write(tmp_path, export_of(service | {"action": "pin_message", "message_id": 3}))))[0]
    assert one.kind is Kind.SERVICE
    assert (one.fields["sender_id"], one.fields["sender_name"]) == ("channel42", None)
    assert one.fields["action"] == "pin_message"


def test_an_unsupported_message_is_kept_and_is_a_hole(tmp_path: Path) -> None:
    contents = read(write(tmp_path, export_of(message(1), {"id": 2, "type": "unsupported"})))
    assert contents[1:] == [
        Observation(
            Kind.MESSAGE,
            "42",
            2,
            None,
            fields=dict.fromkeys(observations(contents)[0].fields)
            | {"channel_id": "42", "channel_title": "Kanali", "channel_type": "public_channel", "message_id": "2"},
            raw=b'{\n   "id": 2,\n   "type": "unsupported"\n  }',
            raw_type="application/json",
            record={"id": "2", "type": "unsupported"},
            offset=(tmp_path / "result.json").read_bytes().index(b'{\n   "id": 2'),
            unsupported=True,
        ),
        Hole("42", HoleReason.UNSUPPORTED, NOW, 2, 2, "unsupported", message_sha256=carrier(contents[1])),
    ]


def test_a_type_of_tomorrow_is_kept_and_is_a_hole(tmp_path: Path) -> None:
    contents = read(write(tmp_path, export_of(message(1, type="hologram"))))
    assert observations(contents)[0].fields["text"] == "x"
    assert [(hole.reason, hole.what) for hole in holes(contents)] == [(HoleReason.UNSUPPORTED, "hologram")]


@pytest.mark.parametrize(
    ("written", "flat"),
    [
        ("", ""),
        ("ë\n😀\u2028 ", "ë\n😀\u2028 "),
        ([], ""),
        (["a ", {"type": "bold", "text": "b"}, "", {"type": "link", "text": " c"}], "a b c"),
        (None, None),
    ],
)
def test_a_text_is_flattened_to_its_exact_characters(tmp_path: Path, written: object, flat: str | None) -> None:
    assert read_one(tmp_path, text=written).fields["text"] == flat


@pytest.mark.parametrize("written", [["a", 5], ["a", None], [["b"], "a"], [{"type": "bold"}, "a"]])
def test_of_a_text_in_pieces_what_reads_is_read_and_the_rest_is_a_hole(tmp_path: Path, written: object) -> None:
    contents = read(write(tmp_path, export_of(message(1, text=written))))
    assert observations(contents)[0].fields["text"] == "a"
    assert [(hole.reason, hole.what) for hole in contents if isinstance(hole, Hole)] == [(HoleReason.UNREAD, "text")]


@pytest.mark.parametrize("written", [5, True, {"a": "b"}, [5], [{"type": "bold"}], [["a"]]])
def test_a_text_of_another_shape_is_null_and_a_hole(tmp_path: Path, written: object) -> None:
    contents = read(write(tmp_path, export_of(message(1, text=written))))
    assert observations(contents)[0].fields["text"] is None
    assert [(hole.reason, hole.lo, hole.what) for hole in holes(contents)] == [(HoleReason.UNREAD, 1, "text")]


@pytest.mark.parametrize(("first", "second", "flat"), [("gift", "", "gift"), ("", "own", "own"), ("", ["a"], "a")])
def test_of_the_two_texts_of_a_gift_the_one_with_words_is_meant(
    tmp_path: Path, first: object, second: object, flat: str
) -> None:
    raw = f'{{"id": 1, "type": "service", "text": {json.dumps(first)}, "text": {json.dumps(second)}}}'.encode()
    whole = json.dumps(export_of("MESSAGE")).encode().replace(b'"MESSAGE"', raw)
    one = observations(read(write(tmp_path, whole)))[0]
    assert one.fields["text"] == flat
    assert isinstance(one.record, dict)
    assert one.record["text"] == {"repeated": [first, second]}


def test_two_texts_that_both_have_words_are_a_hole_and_not_chosen_between(tmp_path: Path) -> None:
    raw = json.dumps(export_of(message(1, text="a", other=1))).replace('"other": 1', '"text": "b"').encode()
    contents = read(write(tmp_path, raw))
    assert observations(contents)[0].fields["text"] is None
    assert [hole.reason for hole in holes(contents)] == [HoleReason.UNREAD]


def test_an_export_of_before_2021_has_local_time_in_words_and_a_sender_without_its_shift(tmp_path: Path) -> None:
    legacy = {
        "id": 1,
        "type": "message",
        "date": "2019-05-01T10:00:00",
        "from": "Z",
        "from_id": 4500000001,
        "text": "x",
    }
    contents = read(write(tmp_path, export_of(legacy)))
    one = observations(contents)[0]
    assert one.posted_at is None
    assert one.fields["posted_at"] is None
    assert one.fields["sender_id"] == f"user{4500000001 - 2**32}"
    assert one.fields["content"] == [{"kind": "local_time", "posted": "2019-05-01T10:00:00"}]
    assert not holes(contents)


@pytest.mark.parametrize("written", ["", "0", "3600", "x", "1.5", "-1", "9" * 30, True, {}, "²"])
def test_a_time_that_is_none_is_null_and_a_hole(tmp_path: Path, written: object) -> None:
    contents = read(write(tmp_path, export_of(message(1, date_unixtime=written))))
    assert observations(contents)[0].posted_at is None
    assert [(hole.reason, hole.what) for hole in holes(contents)] == [(HoleReason.BAD_DATE, "date_unixtime")]


def test_text_that_is_not_unicode_takes_its_documented_form(tmp_path: Path) -> None:
    raw = json.dumps(export_of(message(1, text="a\ud83d"))).encode()
    one = observations(read(write(tmp_path, raw)))[0]
    assert one.fields["text"] == {"b64": "Ye2gvQ"}


def test_the_control_characters_that_telegram_desktop_misspells_are_read(tmp_path: Path) -> None:
    raw = json.dumps(export_of(message(1, text="a\x0bb"))).replace(r"\u000b", r"\x0B").encode()
    one = observations(read(write(tmp_path, raw)))[0]
    assert one.fields["text"] == "a\x0bb"
    assert rb"\x0B" in (one.raw or b"")


# --- pictures stay out of records ------------------------------------------------------------

JPEG = "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAgGBgcGBQgHBwcJCQgKDBQNDAsLDBkSEw8UHRofHh0aHBwgJC4nICIsIxwcKDcpLDAx"


def test_a_thumbnail_is_neither_a_file_nor_in_the_record(tmp_path: Path) -> None:
    write(tmp_path, export_of(message(1, file="files/a.bin", thumbnail="files/a_thumb.jpg")))
    (tmp_path / "files").mkdir()
    (tmp_path / "files/a.bin").write_bytes(b"a")
    (tmp_path / "files/a_thumb.jpg").write_bytes(b"thumbnail")
    contents = read(tmp_path)
    assert [one.medium.name for one in observations(contents) if one.medium] == ["files/a.bin"]
    record = observations(contents)[0].record
    assert isinstance(record, dict)
    assert record["thumbnail"] == {"stripped": "17"}
    assert not observations(contents)[0].pictured
    assert not holes(contents)


@pytest.mark.parametrize(
    "text",
    [
        f"a {JPEG} b",
        f"data:image/jpeg;base64,{JPEG}",
        [{"type": "bot_command", "text": "/9j"}, JPEG[3:]],
        ["see ", {"type": "code", "text": JPEG[:50]}, JPEG[50:]],
    ],
)
def test_a_picture_spelled_in_a_text_reaches_neither_fields_nor_record(tmp_path: Path, text: object) -> None:
    entities = text if isinstance(text, list) else [{"type": "plain", "text": text}]
    one = read_one(tmp_path, text=text, text_entities=entities)
    assert one.pictured
    assert JPEG[50:80].encode() in (one.raw or b"")
    assert JPEG[50:80] not in jcs(dict(one.fields)).decode()
    assert JPEG[50:80] not in jcs(one.record).decode()


@pytest.mark.parametrize("thumbnail", [JPEG, {"bytes": "AAAA"}, [1, 2], "A" * 300])
def test_a_thumbnail_that_is_spelled_out_makes_the_message_pictured(tmp_path: Path, thumbnail: object) -> None:
    one = read_one(tmp_path, thumbnail=thumbnail)
    assert one.pictured
    assert JPEG[50:80] not in jcs(one.record).decode()


def test_a_picture_in_place_of_a_name_reaches_nothing_in_clear(tmp_path: Path) -> None:
    contents = read(write(tmp_path, export_of(message(1, photo=f"data:image/jpeg;base64,{JPEG}"))))
    assert [hole.reason for hole in holes(contents)] == [HoleReason.MISSING_FILE]
    assert all(JPEG[50:80] not in hole.what for hole in holes(contents))
    assert JPEG[50:80] not in jcs(dict(observations(contents)[0].fields)).decode()


# --- files -----------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [2**63 - 1, -(2**63)])
def test_an_identifier_of_64_bits_is_read(tmp_path: Path, number: int) -> None:
    assert observations(read(write(tmp_path, export_of(message(number)))))[0].message_id == number


def carrier(seen: Observation | Hole) -> str:
    """The identity digest of a message."""
    assert isinstance(seen, Observation)
    return message_sha256({**seen.fields, "kind": seen.kind.value})


def with_file(folder: Path, **members: object) -> tuple[Observation, Observation | Hole]:
    message_seen, file_seen = read(write(folder, export_of(message(1, **members))))
    assert isinstance(message_seen, Observation)
    return message_seen, file_seen


def test_a_file_follows_its_message_with_its_declared_type_and_its_place(tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    (tmp_path / "files/b.pdf").write_bytes(b"content")
    one, seen = with_file(tmp_path, file="files/b.pdf", file_name="b.pdf", file_size=7, mime_type="application/pdf")
    assert one.fields["media"] == ["files/b.pdf"]
    assert isinstance(seen, Observation)
    assert (seen.kind, seen.message_id, seen.posted_at, seen.raw) == (Kind.FILE, 1, one.posted_at, None)
    assert (seen.fields["file_name"], seen.fields["media_type"]) == ("files/b.pdf", "application/pdf")
    assert seen.medium is not None
    assert seen.medium.declared_type == "application/pdf"
    assert (seen.fields["position"], seen.fields["message_sha256"]) == ("0", carrier(one))
    with seen.medium.open() as stream:
        assert stream.read() == b"content"


def test_a_service_message_may_have_a_photo(tmp_path: Path) -> None:
    (tmp_path / "p.jpg").write_bytes(b"p")
    service = {"id": 1, "type": "service", "date_unixtime": "1731574800", "action": "edit_group_photo"}
    contents = read(write(tmp_path, export_of(service | {"photo": "p.jpg"})))
    assert [one.medium.name for one in observations(contents) if one.medium] == ["p.jpg"]
    assert not holes(contents)


def test_windows_separators_are_read(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos/p.jpg").write_bytes(b"p")
    _, seen = with_file(tmp_path, photo="photos\\p.jpg")
    assert isinstance(seen, Observation)
    assert seen.fields["file_name"] == "photos\\p.jpg"


@pytest.mark.parametrize("name", ["photo", "file", "contact_vcard"])
@pytest.mark.parametrize(
    ("marker", "reason"),
    [
        ("(File not included. Change data exporting settings to download.)", HoleReason.NOT_INCLUDED),
        ("(File exceeds maximum size. Change data exporting settings to download.)", HoleReason.TOO_LARGE),
        ("(File unavailable, please try again later)", HoleReason.UNAVAILABLE),
        ("(Photo not included. Change data exporting settings to download.)", HoleReason.NOT_INCLUDED),
        ("(a reason of tomorrow)", HoleReason.UNKNOWN_REASON),
    ],
)
def test_a_file_that_was_not_exported_is_a_hole_with_the_exporters_words(
    tmp_path: Path, name: str, marker: str, reason: HoleReason
) -> None:
    one, seen = with_file(tmp_path, **{name: marker})
    assert seen == Hole("42", reason, NOW, 1, 1, marker, position=0, message_sha256=carrier(one))
    assert one.fields["media"] is None


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("photos/absent.jpg", HoleReason.MISSING_FILE),
        ("photos/\ud800.jpg", HoleReason.MISSING_FILE),
        ("../outside", HoleReason.OUTSIDE),
        ("/etc/hostname", HoleReason.OUTSIDE),
        ("C:\\Windows\\win.ini", HoleReason.OUTSIDE),
        ("link", HoleReason.OUTSIDE),
        ("pipe", HoleReason.OUTSIDE),
        ("photos", HoleReason.OUTSIDE),
        ("a" * 5000, HoleReason.REFUSED),
    ],
)
def test_a_file_that_cannot_be_had_is_a_hole(tmp_path: Path, name: str, reason: HoleReason) -> None:
    folder = tmp_path / "export"
    (folder / "photos").mkdir(parents=True)
    (tmp_path / "outside").write_bytes(b"outside")
    (folder / "link").symlink_to(tmp_path / "outside")
    os.mkfifo(folder / "pipe")
    raw = json.dumps(export_of(message(1, photo=name))).encode()
    _, seen = read(write(folder, raw))
    assert isinstance(seen, Hole)
    assert (seen.reason, seen.lo, seen.hi) == (reason, 1, 1)
    seen.what.encode()
    assert len(seen.what) <= 301


@pytest.mark.parametrize("value", [5, True, ["a"], {"a": "b"}])
def test_a_file_name_of_another_shape_is_a_hole(tmp_path: Path, value: object) -> None:
    _, seen = with_file(tmp_path, photo=value)
    assert isinstance(seen, Hole)
    assert (seen.reason, seen.what) == (HoleReason.UNREAD, "photo")


# --- gaps ------------------------------------------------------------------------------------


def gaps(folder: Path, ids: Iterable[int], kind: str) -> list[tuple[int | None, int | None]]:
    contents = read(write(folder, export_of(*(message(number) for number in ids), kind=kind)))
    return [(hole.lo, hole.hi) for hole in holes(contents) if hole.reason is HoleReason.GAP]


@pytest.mark.parametrize("kind", ["public_channel", "private_channel", "public_supergroup", "private_supergroup"])
def test_missing_identifiers_are_holes_where_a_chat_numbers_its_own(tmp_path: Path, kind: str) -> None:
    assert gaps(tmp_path, [3, 4, 7, 9, 100], kind) == [(5, 6), (8, 8), (10, 99)]


@pytest.mark.parametrize("kind", ["private_group", "personal_chat", "bot_chat", "saved_messages"])
def test_missing_identifiers_say_nothing_where_the_numbers_are_shared(tmp_path: Path, kind: str) -> None:
    assert gaps(tmp_path, [3, 9], kind) == []


def test_the_messages_of_the_group_before_are_not_counted_as_a_gap(tmp_path: Path) -> None:
    assert gaps(tmp_path, [-999999990, -999999985, 1, 2, 4], "public_supergroup") == [(3, 3)]


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(1, 60), max_size=20))
def test_gaps_and_messages_cover_every_identifier_exactly_once(tmp_path: Path, ids: list[int]) -> None:
    missing = [n for lo, hi in gaps(tmp_path, ids, "public_channel") for n in range(lo or 0, (hi or 0) + 1)]
    span = range(min(ids), max(ids) + 1) if ids else range(0)
    assert sorted([*missing, *set(ids)]) == list(span)


# --- size ------------------------------------------------------------------------------------


MEASURED = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from monitor.desktop.json import MAPPED_BYTES, read_export

def anonymous() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("RssAnon"))

container = read_export(Path(sys.argv[1]), now=lambda: datetime.now(UTC))
assert container.length > MAPPED_BYTES
most = max(anonymous() for index, _ in enumerate(container.contents()) if index % 500 == 0)
print(most)
"""


@pytest.mark.slow
def test_a_hundred_thousand_messages_are_read_in_bounded_memory(tmp_path: Path) -> None:
    """Memory of the process that is not the mapped file, looked at every 500 observations."""

    def peak(count: int) -> int:
        folder = tmp_path / str(count)
        write_export(folder, seed=3, messages=count)
        arguments = [sys.executable, "-c", MEASURED, str(folder)]
        return int(subprocess.run(arguments, check=True, capture_output=True, cwd=ROOT, timeout=600).stdout)

    # offsets, identifiers and digests take 40 bytes a message; a parsed message would take thousands
    assert peak(100_000) - peak(50_000) < 50_000 * 200


def test_a_reading_is_not_started_before_it_is_asked_for(tmp_path: Path) -> None:
    folder = write(tmp_path, export_of(message(1, photo="p.jpg")))
    contents: Iterator[Observation | Hole] = read_export(folder, now=now).contents()
    (folder / "p.jpg").write_bytes(b"came later")
    assert len(observations(contents, Kind.FILE)) == 1


# --- what the chat as a whole lacks ----------------------------------------------------------


def of_the_chat(contents: Iterable[Observation | Hole]) -> list[tuple[HoleReason, int]]:
    return [(hole.reason, hole.count) for hole in holes(contents) if hole.lo is None]


def test_of_a_chat_that_was_left_it_is_said_whose_messages_are_there(tmp_path: Path) -> None:
    whole = {"about": "x", "left_chats": {"about": "y", "list": [export_of(message(1))]}}
    contents = read(write(tmp_path, whole))
    assert of_the_chat(contents) == [(HoleReason.OWN_ONLY, 1)]
    assert "own messages" in holes(contents)[-1].what
    there = {"about": "x", "chats": {"about": "y", "list": [export_of(message(1))]}}
    assert of_the_chat(read(write(tmp_path, there))) == []


def test_files_that_no_message_names_are_counted_and_previews_are_none(tmp_path: Path) -> None:
    for name in ("photos/a.jpg", "photos/b.jpg", "photos/b.jpg_thumb.jpg", "files/ë.pdf", "css/style.css"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    contents = read(write(tmp_path, export_of(message(1, photo="photos/a.jpg"))))
    assert of_the_chat(contents) == [(HoleReason.UNNAMED, 2)]
    what = holes(contents)[-1].what
    assert "2 files are named by no message" in what
    assert "photos/b.jpg" in what
    named = export_of(message(1, photo="photos/a.jpg"), message(2, photo="photos/b.jpg", file="files/ë.pdf"))
    assert of_the_chat(read(write(tmp_path, named))) == []


def test_a_file_that_a_custom_emoji_names_is_named(tmp_path: Path) -> None:
    (tmp_path / "stickers").mkdir()
    (tmp_path / "stickers/a.webp").write_bytes(b"x")
    emoji = [{"type": "custom_emoji", "text": "x", "document_id": "stickers/a.webp"}]
    assert of_the_chat(read(write(tmp_path, export_of(message(1, text=emoji))))) == []
    assert of_the_chat(read(write(tmp_path, export_of(message(1))))) == [(HoleReason.UNNAMED, 1)]


def test_of_a_full_export_the_files_of_other_chats_are_nobodys_business(tmp_path: Path) -> None:
    for name in ("chats/chat_1/photos/a.jpg", "chats/chat_1/photos/lost.jpg", "chats/chat_2/photos/private.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    whole = {"chats": {"list": [export_of(message(1, photo="chats/chat_1/photos/a.jpg"))]}}
    contents = read(write(tmp_path, whole))
    assert of_the_chat(contents) == [(HoleReason.UNNAMED, 1)]
    assert "private" not in holes(contents)[-1].what


# --- files that are not whole ----------------------------------------------------------------


@pytest.mark.parametrize(("declared", "is_hole"), [(0, False), (7, False), (8, True), (6, True)])
def test_a_file_of_another_length_than_declared_is_kept_and_is_a_hole(
    tmp_path: Path, declared: int, *, is_hole: bool
) -> None:
    (tmp_path / "files").mkdir()
    (tmp_path / "files/b.bin").write_bytes(b"content")
    contents = read(write(tmp_path, export_of(message(1, file="files/b.bin", file_size=declared))))
    assert len(observations(contents, Kind.FILE)) == 1
    assert [hole.reason for hole in holes(contents)] == [HoleReason.OTHER_SIZE] * is_hole


@pytest.mark.parametrize("path", ["(File unavailable, please try again later)", "video_files/gone.mp4"])
def test_where_only_the_preview_is_left_it_is_a_file_of_its_own(tmp_path: Path, path: str) -> None:
    (tmp_path / "video_files").mkdir()
    (tmp_path / "video_files/fence.mp4_thumb.jpg").write_bytes(b"preview")
    named = message(1, file=path, file_name="fence.mp4", thumbnail="video_files/fence.mp4_thumb.jpg")
    container = read_export(write(tmp_path, export_of(named)), now=now)
    contents = list(container.contents())
    files = observations(contents, Kind.FILE)
    assert container.files == 1
    assert [one.fields["file_name"] for one in files] == ["video_files/fence.mp4_thumb.jpg"]
    assert [one.fields["position"] for one in files] == ["1"]
    (hole,) = holes(contents)
    assert hole.what.startswith("fence.mp4: ")


def test_no_place_is_that_of_a_file_and_of_the_preview_of_another(tmp_path: Path) -> None:
    """So a hole at a place is in the place of one file, whichever of the files an export has."""
    named = {"file": "files/one.mp4", "thumbnail": "files/one_thumb.jpg", "contact_vcard": "contacts/one.vcard"}
    places: dict[str, set[object]] = {}
    for there in itertools.product((False, True), repeat=3):
        folder = write(tmp_path / "".join(map(str, there)), export_of(message(1, **named)))
        for path, is_there in zip(named.values(), there, strict=True):
            (folder / path).parent.mkdir(exist_ok=True)
            if is_there:
                (folder / path).write_bytes(b"x")
        contents = read(folder)
        for file in observations(contents, Kind.FILE):
            places.setdefault(str(file.fields["file_name"]), set()).add(file.fields["position"])
        for hole in holes(contents):
            places.setdefault(hole.what, set()).add(str(hole.position))
    assert places == {"files/one.mp4": {"0"}, "contacts/one.vcard": {"1"}, "files/one_thumb.jpg": {"2"}}


def test_a_preview_that_was_not_exported_is_no_file(tmp_path: Path) -> None:
    marker = "(File not included. Change data exporting settings to download.)"
    container = read_export(write(tmp_path, export_of(message(1, file=marker, thumbnail=marker))), now=now)
    contents = list(container.contents())
    assert (observations(contents, Kind.FILE), container.files) == ([], 0)
    assert [hole.reason for hole in holes(contents)] == [HoleReason.NOT_INCLUDED]


def test_a_file_names_the_message_that_it_came_with(tmp_path: Path) -> None:
    for name in ("a.jpg", "b.bin"):
        (tmp_path / name).write_bytes(b"x")
    contents = read(write(tmp_path, export_of(message(1, photo="a.jpg", file="b.bin"), message(2, photo="a.jpg"))))
    messages, files = observations(contents, Kind.MESSAGE), observations(contents, Kind.FILE)
    assert [one.fields["position"] for one in files] == ["0", "1", "0"]
    digests = [message_sha256({**one.fields, "kind": "message"}) for one in messages]
    assert [one.fields["message_sha256"] for one in files] == [digests[0], digests[0], digests[1]]


# --- which chat it is ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "known_as"),
    [
        ("public_channel", "42"),
        ("private_supergroup", "42"),
        ("private_group", "group42"),
        ("personal_chat", "user42"),
        ("saved_messages", "user42"),
        ("of_tomorrow", "chat42"),
    ],
)
def test_a_chat_is_known_by_its_number_and_its_kind(tmp_path: Path, kind: str, known_as: str) -> None:
    container = read_export(write(tmp_path, export_of(message(1), kind=kind)), now=now)
    assert container.channel_id == known_as
    assert observations(container.contents())[0].channel_id == known_as


OLD = {"id": 1, "type": "message", "date": "2021-01-04T10:11:12", "text": "x"}


@pytest.mark.parametrize(
    ("members", "number", "known_as"),
    [
        ({"from_id": 5 + 2**32}, 42 + 2**33, "42"),
        ({}, 42 + 2**33, "42"),
        ({"from_id": 5}, 42 + 2**33, "42"),
        ({"from_id": "user5"}, 42 + 2**33, str(42 + 2**33)),
        ({"date_unixtime": "1731574800"}, 42 + 2**33, str(42 + 2**33)),
        ({"from_id": 5}, 42, "42"),
    ],
)
def test_a_number_loses_its_kind_only_where_the_export_is_that_old(
    tmp_path: Path, members: dict[str, Any], number: int, known_as: str
) -> None:
    export = export_of(OLD | members) | {"id": number}
    assert read_export(write(tmp_path, export), now=now).channel_id == known_as


def test_a_chat_without_a_number_is_known_by_the_digest_of_its_bytes(tmp_path: Path) -> None:
    old = {"name": "Fence", "type": "private_supergroup", "messages": [OLD | {"edited": "1970-01-01T03:00:00"}]}
    container = read_export(write(tmp_path, {"chats": {"list": [old]}}), now=now)
    assert container.channel_id == f"export{container.sha256[:16]}"
    assert not holes(container.contents())


# --- faults of the exporter ------------------------------------------------------------------


@pytest.mark.parametrize("character", ["\u2028", "\u2029"])
def test_a_separator_that_the_exporter_writes_one_and_a_half_times_is_read(tmp_path: Path, character: str) -> None:
    raw = json.dumps(export_of(message(1, text=f"a{character}b\\")), ensure_ascii=False).encode()
    escape = b"\\u%04x" % ord(character)
    broken = raw.replace(character.encode(), escape + character.encode()[1:])
    assert broken != raw
    one = observations(read(write(tmp_path, broken)))[0]
    assert one.fields["text"] == f"a{character}b\\"
    assert one.raw is not None
    assert one.raw in broken


def test_two_bytes_that_are_no_separator_stay_damage(tmp_path: Path) -> None:
    raw = json.dumps(export_of(message(1, text="HERE"))).encode().replace(b"HERE", b"\\\\u2028\x80\xa8")
    with pytest.raises(BrokenExportError):
        read_export(write(tmp_path, raw), now=now)


@pytest.mark.parametrize("slash", ["/", "\\/", "\\u002f", "\\u002F"])
@pytest.mark.parametrize("cut", [False, True])
@pytest.mark.parametrize("messages", [[], [message(1)], [message(1), message(2)]])
def test_a_picture_beside_the_messages_is_told(
    tmp_path: Path, messages: list[dict[str, object]], slash: str, *, cut: bool
) -> None:
    whole = json.dumps(export_of(*messages) | {"hologram": "HERE"})
    if cut and not messages:
        return  # nothing whole is left
    for planted, told in ((f"data:image/jpeg;base64,{JPEG}", True), (JPEG, True), ("no picture", False)):
        text = whole.replace("HERE", planted.replace("/", slash))
        (tmp_path / "result.json").write_text(text[:-2] if cut else text)
        assert read_export(tmp_path, now=now).pictured is told


@pytest.mark.parametrize(
    ("preview", "told"), [("photos/a_thumb.jpg", False), ("(File not included.)", False), ("AQID", True)]
)
def test_a_preview_beside_the_messages_is_a_picture_and_its_path_is_none(
    tmp_path: Path, preview: str, *, told: bool
) -> None:
    write(tmp_path, export_of(message(1)) | {"thumbnail": preview})
    assert read_export(tmp_path, now=now).pictured is told


@pytest.mark.parametrize("name", ["n" * 129, "\ud800", "n" * 3000, PICTURED])
def test_a_name_that_nobody_writes_costs_no_message(tmp_path: Path, name: str) -> None:
    contents = read(write(tmp_path, json.dumps(export_of(message(1) | {name: "x"}, message(2))).encode()))
    one, other = observations(contents, Kind.MESSAGE)
    ((hole, digest),) = [(each, each.what.removeprefix(ODD_NAME)) for each in holes(contents)]
    assert (hole.reason, hole.lo) == (HoleReason.UNKNOWN, 1)
    assert digest == hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()
    assert (one.fields["text"], other.pictured) == (other.fields["text"], False)
    assert one.pictured is (name == PICTURED)
    assert PICTURED not in jcs(one.record).decode()


@pytest.mark.parametrize(
    ("local", "unix", "reason"),
    [
        ("2024-11-14T10:00:00", "1731574800", None),  # +1 hour
        ("2024-11-14T23:00:00", "1731574800", None),  # +14 hours
        ("2024-11-13T21:00:00", "1731574800", None),  # -12 hours
        ("2024-11-14T14:45:00", "1731574800", None),  # +5:45 hours
        ("2024-11-14T10:00:01", "1731574800", HoleReason.DATES_DIFFER),
        ("2024-11-14T10:10:00", "1731574800", HoleReason.DATES_DIFFER),
        ("2024-11-14T23:15:00", "1731574800", HoleReason.DATES_DIFFER),
        ("2024-11-13T20:45:00", "1731574800", HoleReason.DATES_DIFFER),
        ("2023-11-14T10:00:00", "1731574800", HoleReason.DATES_DIFFER),
        ("2024-99-14T10:00:00", "1731574800", HoleReason.BAD_DATE),
    ],
)
@pytest.mark.parametrize("name", ["date", "edited"])
def test_local_time_that_no_zone_brings_to_its_seconds_is_a_hole(
    tmp_path: Path, name: str, local: str, unix: str, reason: HoleReason | None
) -> None:
    dated = message(1) | {name: local, f"{name}_unixtime": unix}
    contents = read(write(tmp_path, export_of(dated)))
    (one,) = observations(contents, Kind.MESSAGE)
    field = {"date": "posted_at", "edited": "edited_at"}[name]
    assert one.fields[field] == "2024-11-14T09:00:00.000Z"  # the seconds are taken
    assert [(hole.reason, hole.what) for hole in holes(contents)] == ([(reason, name)] if reason else [])


@pytest.mark.parametrize(
    ("spoil", "number"),
    [
        (lambda file: file.unlink(), errno.ENOENT),
        (lambda file: (file.unlink(), file.symlink_to("/etc/hostname")), errno.ELOOP),
        (lambda file: (file.unlink(), file.mkdir()), errno.ELOOP),
    ],
)
def test_a_file_that_changed_since_it_was_listed_is_refused_as_the_system_says(
    tmp_path: Path, spoil: Callable[[Path], object], number: int
) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "p.jpg").write_bytes(b"content")
    _, seen = with_file(tmp_path, photo="photos/p.jpg")
    assert isinstance(seen, Observation)
    assert seen.medium is not None
    spoil(tmp_path / "photos" / "p.jpg")
    with pytest.raises(OSError, match=re.escape(os.strerror(number))) as raised, seen.medium.open():
        pass
    assert raised.value.errno == number
