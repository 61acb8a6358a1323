"""Which chat is meant, in an export of one chat and in a full one."""

import json
from typing import Any

import pytest

from monitor.desktop.layout import find_chat
from monitor.errors import BrokenExportError, ChatNotFoundError, ExportError, NotAnExportError
from tests.nonempty import nonempty


def chat(number: int, *, kind: str = "public_channel", messages: int = 2, **header: object) -> dict[str, Any]:
    listed = [{"id": index + 1, "type": "message", "text": "x"} for index in range(messages)]
    return {"name": f"chat {number}", "type": kind, "id": number, **header, "messages": listed}


def full(*chats: dict[str, Any], left: tuple[dict[str, Any], ...] = ()) -> bytes:
    saved = {"type": "saved_messages", "id": 1, "messages": []}
    lists = {"chats": {"about": "a", "list": [saved, *chats]}, "left_chats": {"about": "b", "list": list(left)}}
    private = {"contacts": {"about": "c", "list": [{"first_name": "Private", "phone_number": "0"}]}}
    return json.dumps({"about": "export", **private, **lists}, indent=1).encode()


def test_the_only_chat_needs_no_name_and_is_the_whole_file() -> None:
    data = json.dumps(chat(42)).encode() + b"\n"
    found = find_chat(data, chat_id=None)
    assert (found.id, found.type, found.title, len(found)) == ("42", "public_channel", "chat 42", 2)
    assert (found.start, found.end) == (0, len(data))
    assert [json.loads(data[span.start : span.end])["id"] for span in found.spans()] == [1, 2]


@pytest.mark.parametrize("asked", ["42", "-10042", "-42"])
def test_a_chat_is_found_by_its_bare_number_and_by_the_spellings_of_other_programs(asked: str) -> None:
    assert find_chat(json.dumps(chat(42)).encode(), chat_id=asked).id == "42"
    assert find_chat(full(chat(7), chat(42)), chat_id=asked).id == "42"


def test_of_a_full_export_the_chat_is_its_own_object_and_nothing_around_it() -> None:
    data = full(chat(7), chat(42, messages=3), left=(chat(9),))
    for wanted, count in (("7", 2), ("42", 3), ("9", 2)):
        found = find_chat(data, chat_id=wanted)
        assert json.loads(data[found.start : found.end])["id"] == int(wanted)
        assert len(found) == count


def test_a_chat_without_a_name_has_no_title() -> None:
    assert find_chat(full(chat(7)), chat_id="user1").title is None
    assert find_chat(json.dumps(chat(42, name=None)).encode(), chat_id=None).title is None


def test_the_wrong_chat_is_refused_and_only_groups_and_channels_are_named() -> None:
    data = full(chat(7), chat(555, kind="personal_chat"), chat(8, kind="private_supergroup"))
    with pytest.raises(ChatNotFoundError) as refused:
        find_chat(data, chat_id="42")
    assert "7 (public_channel), 8 (private_supergroup)" in str(refused.value)
    assert "555" not in str(refused.value)
    assert "chat 7" not in str(refused.value)
    with pytest.raises(ChatNotFoundError):
        find_chat(json.dumps(chat(7)).encode(), chat_id="42")


def test_a_full_export_asks_which_chat() -> None:
    with pytest.raises(ChatNotFoundError, match="--chat"):
        find_chat(full(chat(7)), chat_id=None)


def test_two_chats_of_one_number_are_not_chosen_between() -> None:
    with pytest.raises(ChatNotFoundError, match="2 of 3"):
        find_chat(full(chat(7), chat(7, kind="personal_chat")), chat_id="7")


def test_many_chats_are_not_all_listed() -> None:
    with pytest.raises(ChatNotFoundError, match="and 30 more"):
        find_chat(full(*(chat(number) for number in range(100, 150))), chat_id="7")


@pytest.mark.parametrize(
    "data",
    [b"", b" ", b"[]", b"null", b'"text"', b"{}", b'{"a": 1}', b"<html>", b"PK\x03\x04", '{"id":1}'.encode("utf-16")],
)
def test_what_is_no_export_is_refused(data: bytes) -> None:
    with pytest.raises(ExportError):
        find_chat(data, chat_id=None)


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b"<html>", '{"id":1}'.encode("utf-16"), full()[:0]])
def test_what_never_was_one_is_told_how_to_export(data: bytes) -> None:
    with pytest.raises(NotAnExportError, match="Machine-readable JSON"):
        find_chat(data, chat_id=None)


@pytest.mark.parametrize(
    "header",
    [
        {"id": None},
        {"id": "42"},
        {"id": 4.5},
        {"id": True},
        {"id": 10**30},
        {"name": 5},
        {"name": ["a"]},
        {"name": "n" * 301},
        {"type": {}},
        {"type": "\ud800"},
        {"type": 5},
    ],
)
def test_a_chat_whose_header_has_another_shape_is_refused(header: dict[str, Any]) -> None:
    with pytest.raises(BrokenExportError):
        find_chat(json.dumps(chat(42) | header).encode(), chat_id=None)


@pytest.mark.parametrize("messages", [b"null", b"{}", b"5", b'"[]"'])
def test_messages_that_are_no_array_are_refused(messages: bytes) -> None:
    with pytest.raises(BrokenExportError):
        find_chat(b'{"name":"a","type":"b","id":1,"messages":' + messages + b"}", chat_id=None)


@pytest.mark.parametrize("name", ["name", "type", "id", "messages", "about"])
def test_a_member_that_stands_twice_is_refused(name: str) -> None:
    text = json.dumps(chat(42) | {"about": "x"})
    twice = text[:-1] + f', "{name}": ' + ("[]" if name == "messages" else "1") + "}"
    with pytest.raises(BrokenExportError, match="twice"):
        find_chat(twice.encode(), chat_id=None)
    with pytest.raises(BrokenExportError, match="twice"):
        find_chat(f'{{"chats": {{"list": [{twice}]}}}}'.encode(), chat_id="42")


def test_a_byte_order_mark_is_stepped_over_and_belongs_to_the_container() -> None:
    data = b"\xef\xbb\xbf" + json.dumps(chat(42)).encode()
    assert find_chat(data, chat_id=None).start == 0
    with pytest.raises(NotAnExportError):
        find_chat(b"\xef\xbb\xbf" + data, chat_id=None)


@pytest.mark.parametrize("tail", [b"x", b"{}", b"\0", b","])
def test_anything_after_the_end_is_refused(tail: bytes) -> None:
    with pytest.raises(BrokenExportError, match="more data"):
        find_chat(json.dumps(chat(42)).encode() + tail, chat_id=None)


@pytest.mark.parametrize("position", range(3))
def test_damage_in_another_chat_of_a_full_export_is_refused(position: int) -> None:
    chats = [chat(7), chat(42), chat(9)]
    text = full(*chats)
    assert find_chat(text, chat_id="42").id == "42"
    damaged = text.replace(f'"chat {chats[position]["id"]}",'.encode(), f'"chat {chats[position]["id"]}"'.encode())
    with pytest.raises(BrokenExportError):
        find_chat(damaged, chat_id="42")


def test_a_full_export_cut_anywhere_gives_what_is_whole_of_the_chat_or_is_refused() -> None:
    data = full(chat(7), chat(42, messages=3), left=(chat(9),))
    whole = find_chat(data, chat_id="42")
    for length in nonempty(range(len(data) - 1)):
        messages = sum(end <= length for end in whole.ends)
        if messages == 0:
            with pytest.raises(ExportError):
                find_chat(data[:length], chat_id="42")
            continue
        found = find_chat(data[:length], chat_id="42")
        assert len(found) == messages
        assert found.stopped == (length < whole.end)
        assert (found.start, found.end) == (whole.start, min(length, whole.end))


def test_a_file_that_nothing_closes_is_damaged_and_not_stopped() -> None:
    data = json.dumps(chat(42, messages=9), indent=1).encode()
    assert find_chat(data[:-4], chat_id=None).stopped
    unclosed = data.replace(b'"text": "x"\n  },', b'"text": [\n  },', 1)
    with pytest.raises(BrokenExportError):
        find_chat(unclosed, chat_id=None)


@pytest.mark.parametrize(
    ("asked", "kind"),
    [
        ("-1007", "public_channel"),
        ("channel7", "public_channel"),
        ("-7", "private_group"),
        ("group7", "private_group"),
        ("chat7", "private_group"),
        ("user7", "personal_chat"),
    ],
)
def test_of_three_chats_of_one_number_the_spelling_says_which(asked: str, kind: str) -> None:
    kinds = ("personal_chat", "private_group", "public_channel")
    data = full(*(chat(7, kind=one) for one in kinds))
    assert find_chat(data, chat_id=asked).type == kind
    assert {find_chat(data, chat_id=f"{one}7").id for one in ("user", "group", "channel")} == {"user7", "group7", "7"}
    with pytest.raises(ChatNotFoundError, match="3 of 4"):
        find_chat(data, chat_id="7")


def test_a_hundred_before_a_person_or_a_group_names_neither() -> None:
    data = full(chat(7, kind="personal_chat"), chat(7, kind="private_group"))
    with pytest.raises(ChatNotFoundError):
        find_chat(data, chat_id="-1007")


@pytest.mark.parametrize(
    ("kind", "shift"),
    [("personal_chat", 1 << 32), ("private_group", 1 << 33), ("private_supergroup", 1 << 33)],
)
def test_a_number_that_carries_its_kind_is_found_by_either_number(kind: str, shift: int) -> None:
    data = full(chat(7 + shift, kind=kind))
    for asked in ("7", str(7 + shift)):
        assert find_chat(data, chat_id=asked).number == 7 + shift
    both = full(chat(7 + shift, kind=kind), chat(7, kind=kind))
    assert find_chat(both, chat_id="7").number == 7


def test_a_chat_without_a_number_is_the_only_one_or_is_named() -> None:
    old = [{key: value for key, value in chat(n).items() if key != "id"} | {"name": f"old {n}"} for n in (1, 2)]
    data = json.dumps({"chats": {"list": old}}).encode()
    assert find_chat(json.dumps({"chats": {"list": old[:1]}}).encode(), chat_id=None).number is None
    assert find_chat(data, chat_id="old 2").title == "old 2"
    for asked in (None, "old 3", "1"):
        with pytest.raises(ChatNotFoundError):
            find_chat(data, chat_id=asked)


def test_the_file_of_another_program_is_refused_by_its_look() -> None:
    other = {"id": 42, "messages": [{"id": 1, "type": "message", "file": "0", "date": 1700000000, "text": "x"}]}
    for data in (other, {"chats": {"list": [other]}}):
        with pytest.raises(NotAnExportError, match="another program"):
            find_chat(json.dumps(data).encode(), chat_id=None)


def test_a_chat_that_was_left_is_known_as_one() -> None:
    data = full(chat(7), left=(chat(9),))
    assert not find_chat(data, chat_id="7").left
    assert find_chat(data, chat_id="9").left
