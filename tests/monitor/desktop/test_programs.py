"""What other programs wrote is recognised by a mark of each, and nothing of Telegram Desktop's is taken for theirs."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.desktop.programs import _READ, program_of
from monitor.rehearsal.export import write_export
from tests.nonempty import nonempty

DISCORD = {"guild": {"id": "1"}, "channel": {"id": "2"}, "dateRange": {"after": None}, "messages": []}
META = {
    "participants": [{"name": "K"}],
    "messages": [{"sender_name": "K", "timestamp_ms": 1}],
    "thread_path": "inbox/k",
}
WRITTEN = [
    ("tdl", "tdl-export.json", json.dumps({"id": 1600000001, "messages": [{"id": 11, "date": 1}]}, indent=1)),
    ("DiscordChatExporter", "Guild - talk.json", json.dumps(DISCORD)),
    ("DiscordChatExporter", "talk.csv", "AuthorID,Author,Date,Content,Attachments,Reactions\n"),
    ("DiscordChatExporter", "talk.txt", "=====\nGuild: Hedge\nChannel: talk\n=====\n"),
    ("DiscordChatExporter", "talk.html", '<html><div class="chatlog__message-group"></div>'),
    ("Instagram, Facebook", "message_1.json", json.dumps(META)),
    ("Instagram", "your_instagram_activity/messages/inbox/k_1/message_1.json", "{}"),
    ("Facebook", "your_facebook_activity/messages/inbox/k_1/message_1.html", "<html>"),
    ("WhatsApp", "_chat.txt", ""),
    ("WhatsApp", "WhatsApp Chat with K.txt", ""),
    ("WhatsApp", "saved.txt", "14/11/2024, 09:12 - K: a\n14/11/2024, 09:13 - L: b\n"),
    ("WhatsApp", "saved.txt", "[14.11.24, 09:12:44] K: a\n\u200e[14.11.24, 09:13:01] L: b\n"),
    ("WhatsApp", "saved.txt", "11/14/24, 9:12\u202fAM - K: a\n11/14/24, 9:13\u202fPM - L: b\n"),
    ("Signal", "signal-2024-11-14-09-12-44.backup", "\x00"),
    ("Signal", "main.jsonl", '{"version":"1","backupTimeMs":"1"}\n'),
    ("Viber", "Messages on Viber.zip", ""),
    ("Viber", "k.txt", "[ 14/11/2024 ] [ 09:12:44 ] K: a\n[ 14/11/2024 ] [ 09:13:44 ] L: b\n"),
    ("Viber", "k.csv", "14/11/2024,09:12:44,K,+44 7700 900111,a\n"),
]


@pytest.mark.parametrize(
    ("program", "name", "text"), WRITTEN, ids=[f"{name}-{at}" for at, (name, *_) in enumerate(WRITTEN)]
)
def test_a_program_is_recognised(tmp_path: Path, program: str, name: str, text: str) -> None:
    file = tmp_path / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    (tmp_path / "a.jpg").write_bytes(b"\xff\xd8")
    assert program_of(tmp_path) == program
    assert "/" in name or program_of(file) == program


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("note.txt", "On 14/11/2024, 09:12 - she wrote this.\n14/11/2024, 09:13 - once more\n"),
        ("other.json", "[1]"),
        ("other.json", '{"name": "x", "type": "personal_chat", "id": 1, "messages": []}'),
        ("other.html", "<html><title>A page</title>"),
        ("table.csv", "a,b\n1,2\n"),
        ("whats", ""),
        ("broken.json", "\ud800"),
    ],
)
def test_what_has_no_mark_is_nobodys(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_bytes(text.encode("utf-8", "surrogatepass"))
    assert program_of(tmp_path / name) is None


def test_an_export_of_telegram_desktop_is_of_no_other_program(tmp_path: Path) -> None:
    folder = write_export(tmp_path / "ChatExport", seed=7, messages=40, photos=3).folder
    for each in nonempty([folder, *folder.rglob("*")]):
        assert program_of(each) is None


@given(
    st.sampled_from(sorted(_READ)),
    st.binary(max_size=200),
    st.sampled_from([b"", *(text.encode() for *_, text in WRITTEN)]),
)
def test_no_bytes_are_beyond_it(
    tmp_path_factory: pytest.TempPathFactory, ending: str, junk: bytes, text: bytes
) -> None:
    file = tmp_path_factory.mktemp("fuzz") / f"x{ending}"
    file.write_bytes(text[: len(text) // 2] + junk + text[len(text) // 2 :])
    assert program_of(file) in {None, *(program for program, *_ in WRITTEN)}
