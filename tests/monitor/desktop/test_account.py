"""Of the HTML pages of a whole account, one chat is read, and of the others nothing but the list."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from evidence.observation import Container, Hole, HoleReason, Kind, Observation
from monitor.desktop.account import account_chats, chosen_chat
from monitor.desktop.folder import ExportFolder
from monitor.desktop.found import exports_in
from monitor.desktop.json import chats_of, is_private, read_export
from monitor.errors import ChatNotFoundError, NotAnExportError
from tests.monitor.desktop.both import Said, write_account, write_pages
from tests.nonempty import nonempty

AT = datetime(2024, 7, 14, 9, 12, 44)  # noqa: DTZ001 - local time is what the exporter writes
NOW = datetime(2026, 1, 1, tzinfo=UTC)
SHARED, PRIVATE = "Hedge & co", "Her friend"


@pytest.fixture
def account(tmp_path: Path) -> Path:
    """An account with a group, of which a picture is there, and a private chat."""
    chats: Mapping[tuple[str, str], Sequence[Said]] = {
        (SHARED, "group"): [Said(7, AT, file=("photo", "photos/a b.jpg")), Said(8, AT, runs=("words",))],
        (PRIVATE, "private"): [Said(9, AT, runs=("a secret of another",))],
    }
    write_account(tmp_path / "account", chats)
    photos = tmp_path / "account" / "chats" / "chat_1" / "photos"
    photos.mkdir()
    (photos / "a b.jpg").write_bytes(b"picture")
    return tmp_path / "account"


def read(path: Path, chat_id: str | None) -> Container:
    return read_export(path, chat_id=chat_id, now=lambda: NOW)


def test_the_chats_are_listed_by_title_kind_and_number_of_messages(account: Path) -> None:
    listed = [(each.id, each.title, each.type, each.private, each.messages) for each in chats_of(account)]
    assert listed == [("chat_1", SHARED, "group", False, 2), ("chat_2", PRIVATE, "private", True, 1)]
    assert exports_in(account.parent) == [account]


def test_one_chat_is_read_as_its_own_pages_are_and_its_files_are_found(account: Path, tmp_path: Path) -> None:
    container = read(account, "chat_1")
    found = list(container.contents())
    messages = [each for each in found if isinstance(each, Observation) and each.kind is not Kind.FILE]
    files = [each for each in found if isinstance(each, Observation) and each.kind is Kind.FILE]
    assert [each.message_id for each in messages] == [7, 8]
    assert [each.fields["file_name"] for each in files] == ["chats/chat_1/photos/a b.jpg"]
    assert not [each for each in found if isinstance(each, Hole)]
    assert (container.alone, container.channel_title, is_private(container.channel_type)) == (False, SHARED, False)
    write_pages(tmp_path / "alone", SHARED, [Said(8, AT, runs=("words",))])
    (alone,) = [each for each in read(tmp_path / "alone", None).contents() if isinstance(each, Observation)]
    assert {**messages[1].fields, "channel_id": "", "channel_type": None} == {**alone.fields, "channel_id": ""}


def test_a_page_of_another_chat_is_not_even_opened(account: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened, plain = list[str](), ExportFolder.open

    def noted(folder: ExportFolder, name: str) -> object:
        opened.append(name)
        return plain(folder, name)

    monkeypatch.setattr(ExportFolder, "open", noted)
    container = read(account, "chat_1")
    assert b"secret" not in container.rest() + b"".join(
        each.raw or b"" for each in container.contents() if isinstance(each, Observation)
    )
    assert not [each for each in nonempty(opened) if "chat_2" in each]


def test_whoever_brings_it_may_say_the_number_of_the_chat(account: Path) -> None:
    assert read(account, "chat_1=-1001234567890").channel_id == "1234567890"
    assert read(account, "chat_1").channel_id.startswith("export")
    assert is_private(read(account, "chat_2").channel_type)


def test_a_file_that_no_message_names_is_told_of_the_chosen_chat_alone(account: Path) -> None:
    (account / "chats" / "chat_1" / "photos" / "left.jpg").write_bytes(b"x")
    (account / "chats" / "chat_2" / "photos").mkdir()
    (account / "chats" / "chat_2" / "photos" / "hers.jpg").write_bytes(b"x")
    (hole,) = [each for each in read(account, "chat_1").contents() if isinstance(each, Hole)]
    assert (hole.reason, hole.count, "left.jpg" in hole.what, "hers" in hole.what) == (
        HoleReason.UNNAMED,
        1,
        True,
        False,
    )


def test_which_chat_is_meant_must_be_said_and_must_be_there(account: Path) -> None:
    for chat_id, code in nonempty(((None, "several"), ("chat_9", "not_in_export"), ("chats/chat_1", "not_in_export"))):
        with pytest.raises(ChatNotFoundError) as refused:
            read(account, chat_id)
        assert refused.value.code == f"chat_not_found.{code}"
    only = account_chats(ExportFolder(account))[:1]
    assert chosen_chat(only, None) == (only[0], None)


@pytest.mark.parametrize(
    "junk", [b"", b"<html></html>", b"\xff\x00<a href", b"<a href='../../etc/messages.html'>x</a>"]
)
def test_an_account_whose_list_names_no_chat_is_refused(account: Path, junk: bytes) -> None:
    (account / "lists" / "chats.html").write_bytes(junk)
    with pytest.raises(NotAnExportError) as refused:
        read(account, None)
    assert refused.value.code == "not_an_export.html"


def test_a_chat_whose_pages_are_gone_is_refused(account: Path) -> None:
    (account / "chats" / "chat_2" / "messages.html").unlink()
    with pytest.raises(NotAnExportError) as refused:
        read(account, "chat_2")
    assert refused.value.code == "not_an_export.refused"


def test_of_a_chat_that_was_left_only_own_messages_are_there_and_that_is_said(account: Path) -> None:
    listed = account / "lists" / "chats.html"
    listed.write_text(listed.read_text().replace("2 messages", "2 outgoing messages"))
    reasons = [each.reason for each in read(account, "chat_1").contents() if isinstance(each, Hole)]
    assert reasons == [HoleReason.OWN_ONLY]
