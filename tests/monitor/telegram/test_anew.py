"""What came only in part, or with an expired reference, is asked for again, each in its own way."""

import hashlib
from collections.abc import Iterator

import pytest
from telethon.tl import types

from evidence.observation import HoleReason
from monitor.rehearsal.telegram.rooms import Room
from tests.homes import records_of
from tests.watching import Desk, desk, picture, require_clean, tell_settings


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with pytest.MonkeyPatch.context() as patched, desk(tmp_path_factory.mktemp("anew"), patched) as made:
        yield made


@pytest.fixture
def at(shared: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:
    tell_settings(shared.telegram, monkeypatch)
    return shared


def paragraph(words: str) -> types.PageBlockParagraph:
    return types.PageBlockParagraph(types.TextPlain(words))


def post_long(at: Desk, group: Room, data: bytes) -> int:
    """Post a rich message with a picture in the part that comes only when it is asked for."""
    photo = at.telegram.world.add_photo(data)
    shown = types.PageBlockPhoto(photo.id, types.PageCaption(types.TextEmpty(), types.TextEmpty()))
    blocks = [paragraph("fillimi"), paragraph("mesi"), shown]
    number = group.post(rich_message=types.RichMessage(blocks, photos=[photo], documents=[]))
    group.cut_short(number, blocks=1)
    return number


def kept_of(at: Desk, group: Room) -> dict[str, list[object]]:
    """Of one channel: texts of messages, digests of files, reasons of holes, requests of replies."""
    home = at.home
    found: dict[str, list[object]] = {"message": [], "file": [], "hole": [], "imported": []}
    for record in records_of(home):
        values = record.values
        if values.get("channel_id") != str(group.id):
            continue
        what = str(values["kind"]) if record.type == "observed" else record.type
        name = {"message": "text", "file": "sha256", "hole": "hole", "imported": "source_name"}.get(what)
        if name is not None:
            found[what].append(values[name])
    home.engine.dispose()
    return found


def test_a_rich_message_is_kept_whole_with_its_pictures(at: Desk) -> None:
    group, data = at.group(username="grupa1"), picture(11)
    group.post("para")
    post_long(at, group, data)
    group.post("pas")
    assert at.once().ended_by is None
    kept = kept_of(at, group)
    assert kept["message"] == ["pas", "fillimi\nmesi", "para"]
    assert kept["file"] == [hashlib.sha256(data).hexdigest()]
    assert kept["hole"] == []
    # the reply has bytes of its beginning, which would outlive the message's erasure
    assert "messages.GetHistory" not in kept["imported"]
    assert at.once().ended_by is None
    assert kept_of(at, group) == kept


def test_where_the_rest_is_refused_the_hole_stays(at: Desk) -> None:
    group = at.group(username="grupa2")
    post_long(at, group, picture(13))
    at.telegram.faults.fail("messages.getRichMessage", "MESSAGE_ID_INVALID", code=400, times=1)
    assert at.once().ended_by is None
    kept = kept_of(at, group)
    assert (kept["message"], kept["file"], kept["hole"]) == (["fillimi"], [], [HoleReason.UNREAD.value])


def test_an_expired_reference_in_the_rest_of_a_rich_message_is_had_anew(at: Desk) -> None:
    group, data = at.group(username="grupa3"), picture(14)
    post_long(at, group, data)
    at.telegram.faults.fail("upload.getFile", "FILE_REFERENCE_EXPIRED", code=400, times=1)
    assert at.once().ended_by is None
    assert kept_of(at, group)["file"] == [hashlib.sha256(data).hexdigest()]


def test_the_picture_of_a_chat_with_an_expired_reference_is_had_anew(at: Desk) -> None:
    group, data = at.group(username="grupa4"), picture(15)
    group.photo = at.telegram.world.add_photo(data)
    at.telegram.faults.fail("upload.getFile", "FILE_REFERENCE_EXPIRED", code=400, times=1)
    assert at.once().ended_by is None
    assert kept_of(at, group)["file"] == [hashlib.sha256(data).hexdigest()]


def test_a_run_after_a_stop_fetches_what_the_rest_carries(at: Desk) -> None:
    group, data = at.group(username="grupa5"), picture(16)
    post_long(at, group, data)
    at.telegram.faults.fail("upload.getFile", "FLOOD_WAIT_3600", code=420, times=1)
    assert at.once().ended_by is not None
    at.clock.pass_by(hours=2)
    at.telegram.world.expire_file_references()
    assert at.once().ended_by is None
    assert kept_of(at, group)["file"] == [hashlib.sha256(data).hexdigest()]
    require_clean(at)
