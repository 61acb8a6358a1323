"""Files are fetched whole, at once, from wherever they lie, or a hole says why not."""

import errno
import hashlib
import secrets
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest
from telethon.tl import types

from api.office.capture import Captured, capture_message
from api.office.watch_status import status
from config.link import read_message_link
from evidence.errors import StorageFullError
from evidence.objects import pending
from evidence.observation import HoleReason
from evidence.store.database import reading
from monitor.errors import ChannelState, FloodError, UnknownConstructorError
from monitor.telegram.fetch import PART_BYTES
from monitor.telegram.standing import WaitingFile, places_waiting
from tests.homes import doer, records_of
from tests.watching import Desk, brief_patience, desk, kinds, observed, picture, require_clean, running, until


@pytest.fixture
def at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    with desk(tmp_path, monkeypatch) as made:
        yield made


def test_a_photo_is_saved_that_is_deleted_as_soon_as_it_was_asked_for(at: Desk) -> None:
    group = at.group(joined=tuple(at.accounts))
    data = picture(1)
    with running(at) as home:
        until(lambda: status(home).channels[0].looked_at)
        number = group.post_photo(data, "foto")
        until(lambda: any(call.name == "upload.getFile" for call in at.telegram.calls))
        group.delete([number])
        until(lambda: kinds(home)["deletion"] == 1)
        until(lambda: kinds(home)["file"] == 1)
    assert [each["sha256"] for each in observed(at, "file")] == [hashlib.sha256(data).hexdigest()]


def test_of_a_photo_that_was_deleted_before_it_could_be_fetched_the_attempt_is_on_record(at: Desk) -> None:
    group = at.group(joined=tuple(at.accounts))
    faults = at.telegram.faults
    with running(at) as home:
        until(lambda: status(home).channels[0].looked_at)
        faults.fail("upload.getFile", "FILE_REFERENCE_EXPIRED", code=400, times=1)
        faults.meanwhile(lambda: group.delete([1]), request="upload.getFile", after=0)
        group.post_photo(picture(1), "foto")
        until(lambda: kinds(home)["deletion"] == 1)
        until(lambda: status(home).channels[0].waiting == 0)
        assert kinds(home)["file"] == 0
    holes = [record.values for record in records_of(at.home) if record.type == "hole"]
    assert [(each["hole"], each["lo"]) for each in holes if each["position"]] == [("broke_off", "1")]


def test_a_long_file_keeps_no_message_waiting(at: Desk) -> None:
    group = at.group(joined=tuple(at.accounts))
    at.telegram.faults.delay_s("upload.getFile", 4.0)
    with running(at) as home:
        until(lambda: status(home).channels[0].looked_at)
        group.post_document(secrets.token_bytes(8 << 20), "film.mp4", "video/mp4")
        until(lambda: kinds(home)["message"] == 1)
        group.post("gjatë filmit")
        until(lambda: kinds(home)["message"] == 2)
        assert kinds(home)["file"] == 0
        at.telegram.faults.clear()
        until(lambda: kinds(home)["file"] == 1)


def test_a_long_file_keeps_no_picture_waiting(at: Desk) -> None:
    group = at.group(joined=tuple(at.accounts))
    data = picture(2)
    at.telegram.faults.delay_s("upload.getFile", 0.4)
    with running(at) as home:
        until(lambda: status(home).channels[0].looked_at)
        group.post_document(secrets.token_bytes(20 << 20), "film.mp4", "video/mp4")  # 41 parts
        until(lambda: any(call.name == "upload.getFile" for call in at.telegram.calls))
        group.post_photo(data, "gjatë filmit")
        until(lambda: kinds(home)["file"] == 1)
        assert [each["sha256"] for each in observed(at, "file")] == [hashlib.sha256(data).hexdigest()]
        at.telegram.faults.clear()
        until(lambda: kinds(home)["file"] == 2)
    require_clean(at)


def test_twenty_megabytes_cut_three_times_are_one_file(at: Desk) -> None:
    group = at.group()
    data = secrets.token_bytes(20 << 20)
    group.post_document(data, "film.mp4", "video/mp4")
    at.telegram.faults.cut_connections(after_bytes=100_000, request="upload.getFile", times=3)
    assert at.once().ended_by is None
    assert [each["sha256"] for each in observed(at, "file")] == [hashlib.sha256(data).hexdigest()]
    offsets = [call.request.offset for call in at.telegram.calls if call.name == "upload.getFile"]
    assert sum(times - 1 for times in Counter(offsets).values()) == 3
    assert len(set(offsets)) == 41  # the last one finds the end


def offsets_of(at: Desk) -> Counter[int]:
    return Counter(call.request.offset for call in at.telegram.calls if call.name == "upload.getFile")


@pytest.mark.every(2)
@pytest.mark.parametrize("once", [False, True])
def test_a_file_goes_on_where_it_was_cut_however_long_that_lasted(at: Desk, *, once: bool) -> None:
    group = at.group(joined=tuple(at.accounts))
    data = secrets.token_bytes(4 << 20)
    group.post_document(data, "film.mp4", "video/mp4")
    cuts = 6  # more than one request is tried again: for a while, nobody answers
    at.telegram.faults.delay_s("upload.getFile", 0.1)
    with nullcontext() if once else running(at):
        done = threading.Thread(target=at.once) if once else threading.Thread(target=lambda: None)
        done.start()
        until(lambda: sum(offsets_of(at).values()) >= 3)
        at.telegram.faults.cut_connections(after_bytes=100_000, request="upload.getFile", times=cuts)
        home = at.home
        until(lambda: kinds(home)["file"] == 1, 60)
        home.engine.dispose()
        done.join()
    assert [each["sha256"] for each in observed(at, "file")] == [hashlib.sha256(data).hexdigest()]
    offsets = offsets_of(at)
    assert len(offsets) == 9
    assert offsets[0] == 1
    assert sum(times - 1 for times in offsets.values()) == cuts
    require_clean(at)


@pytest.mark.slow
def test_a_file_goes_on_after_a_long_pause(at: Desk) -> None:
    group = at.group(joined=tuple(at.accounts))
    data = secrets.token_bytes(4 << 20)
    at.telegram.faults.delay_s("upload.getFile", 0.1)
    with running(at) as home:
        group.post_document(data, "film.mp4", "video/mp4")
        until(lambda: sum(offsets_of(at).values()) >= 3)
        at.telegram.faults.fail("upload.getFile", "FLOOD_WAIT_300", times=1)
        until(lambda: status(home).accounts[0].rests_until)
        at.clock.pass_by(seconds=310)
        until(lambda: kinds(home)["file"] == 1, 60)
    assert [each["sha256"] for each in observed(at, "file")] == [hashlib.sha256(data).hexdigest()]
    assert sum(times - 1 for times in offsets_of(at).values()) == 1


@pytest.mark.parametrize("silent", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_a_picture_of_a_chat_that_cannot_be_had_yet_stops_no_other_channel(at: Desk, *, silent: bool) -> None:
    group, other = (at.group(name, name, joined=tuple(at.accounts)) for name in ("grupa", "tjeter"))
    picture_of_chat = picture(3) + secrets.token_bytes(1 << 20)  # of three parts
    faults = at.telegram.faults

    def fail() -> None:
        if silent:
            faults.cut_connections(after_bytes=100_000, request="upload.getFile", times=10_000)
        else:
            faults.fail("upload.getFile", "FLOOD_WAIT_3600", times=1)

    group.photo = at.telegram.world.add_photo(picture_of_chat, dc=4)
    faults.meanwhile(fail, request="upload.getFile", after=1)
    with running(at) as home:
        until(lambda: offsets_of(at)[PART_BYTES])
        other.post("ndërkohë")
        until(lambda: kinds(home)["message"] == 1)
        faults.clear()
        at.clock.pass_by(seconds=3700)
        until(lambda: kinds(home)["file"] == 1)
    assert [each["sha256"] for each in observed(at, "file")] == [hashlib.sha256(picture_of_chat).hexdigest()]


def test_a_capture_waits_for_no_long_pause_within_a_file(at: Desk) -> None:
    group, faults = at.group(), at.telegram.faults
    number = group.post_document(secrets.token_bytes(3 << 20), "film.mp4", "video/mp4")
    faults.meanwhile(
        lambda: faults.fail("upload.getFile", "FLOOD_WAIT_3600", times=1), request="upload.getFile", after=1
    )
    found: list[Captured] = []

    def capture() -> None:
        home = at.home
        found.append(capture_message(home, read_message_link(f"t.me/grupa/{number}"), doer(home)))
        home.engine.dispose()

    thread = threading.Thread(target=capture)
    thread.start()
    try:
        until(lambda: found)
    finally:
        at.clock.pass_by(seconds=3700)
        thread.join()
    assert isinstance(found[0].error, FloodError)
    assert [each.message_id for each in waiting(at)] == [number]


def waiting(at: Desk) -> list[WaitingFile]:
    home = at.home
    with reading(home.engine) as connection:
        places = places_waiting(connection)
    home.engine.dispose()
    return places


@pytest.mark.every(2)
@pytest.mark.parametrize("killed", [False, True])
def test_two_files_at_one_place_of_one_message_wait_both(
    at: Desk, monkeypatch: pytest.MonkeyPatch, *, killed: bool
) -> None:
    brief_patience(monkeypatch)
    group = at.group(joined=tuple(at.accounts))
    first, second = picture(7), picture(8)
    at.telegram.faults.fail("upload.getFile", "FLOOD_WAIT_25", times=1)
    with running(at) as home:
        until(lambda: status(home).channels[0].looked_at)
        number = group.post_photo(first, "foto")
        until(lambda: kinds(home)["message"] == 1)
        group.edit(number, media=types.MessageMediaPhoto(photo=at.telegram.world.add_photo(second)))
        until(lambda: kinds(home)["edit"] == 1)
        places = waiting(at)
        assert [(each.message_id, each.position) for each in places] == [(number, 0), (number, 0)]
        if not killed:
            at.clock.pass_by(seconds=26)
            until(lambda: kinds(home)["file"] == 2)
    if killed:  # Telegram's message shows the second alone
        at.clock.pass_by(seconds=100)
        assert at.once().ended_by is None
    kept = [hashlib.sha256(data).hexdigest() for data in ((second,) if killed else (first, second))]
    assert sorted(str(each["sha256"]) for each in observed(at, "file")) == sorted(kept)
    assert waiting(at) == []
    home = at.home
    holes = [(each.values["hole"], each.values["lo"]) for each in records_of(home) if each.type == "hole"]
    home.engine.dispose()
    assert holes == ([("unavailable", str(number))] if killed else [])


def test_a_file_that_ends_early_is_a_hole(at: Desk) -> None:
    group = at.group()
    document = at.telegram.world.add_document(b"x" * 100_000, file_name="film.mp4", mime_type="video/mp4")
    at.telegram.faults.short_file(document.id, sends=10)
    group.post("film", media=types.MessageMediaDocument(document=document))
    assert at.once().ended_by is None
    home = at.home
    assert kinds(home)["file"] == 0
    holes = [record.values for record in records_of(home) if record.type == "hole"]
    home.engine.dispose()
    assert [hole["hole"] for hole in holes] == [HoleReason.BROKE_OFF.value]
    assert "10 of 100000" in str(holes[0]["what"])


def test_a_picture_in_another_data_centre_and_one_with_an_expired_reference_are_fetched(at: Desk) -> None:
    group = at.group()
    first, second = picture(5), picture(6)
    group.post("larg", media=types.MessageMediaPhoto(photo=at.telegram.world.add_photo(first, dc=4)))
    group.post_photo(second, "afër")
    at.telegram.faults.fail("upload.getFile", "FILE_REFERENCE_EXPIRED", code=400, times=1)
    assert at.once().ended_by is None
    wanted = {hashlib.sha256(data).hexdigest() for data in (first, second)}
    assert {each["sha256"] for each in observed(at, "file")} == wanted
    again = at.once()
    assert again.ended_by is None, "the authorisation of the other data centre is kept"


def test_a_disk_that_is_full_stops_nothing_for_good(at: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    group = at.group()
    group.post_document(secrets.token_bytes(1 << 20), "film.mp4", "video/mp4")

    def full(*_arguments: object, **_more: object) -> str:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(pending, "_write", full)
        assert isinstance(at.once().ended_by, StorageFullError)
    assert at.once().ended_by is None
    home = at.home
    assert kinds(home)["file"] == 1
    home.engine.dispose()
    require_clean(at)


def test_an_answer_that_cannot_be_read_for_a_fresh_reference_stops_no_watch(
    at: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NISISAMA_TELEGRAM__POLL_S", "1")
    group, faults = at.group(), at.telegram.faults
    data = picture(7)
    number = group.post_photo(data, "foto")
    faults.fail("upload.getFile", "FILE_REFERENCE_EXPIRED", code=400, times=1)
    faults.meanwhile(lambda: faults.unknown_constructor(group, number, inside="message"), request="upload.getFile")
    with running(at) as home:
        until(lambda: [call.name for call in at.telegram.calls].count("channels.getMessages") > 1)
        group.post("pas saj")
        until(lambda: kinds(home)["message"] == 2)
        assert kinds(home)["file"] == 0
    faults.unknown_constructor(group, number, inside=None)
    at.once()
    assert [each["sha256"] for each in observed(at, "file")] == [hashlib.sha256(data).hexdigest()]
    require_clean(at)


@pytest.mark.slow
def test_files_of_a_channel_that_closes_wait_until_it_is_open_again(at: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NISISAMA_TELEGRAM__POLL_S", "1")
    group, account, faults = at.group(), at.accounts[0], at.telegram.faults
    data = picture(8)
    group.post_photo(data, "foto")
    faults.fail("upload.getFile", "FILE_REFERENCE_EXPIRED", code=400, times=1)
    faults.meanwhile(lambda: group.ban(account), request="upload.getFile")
    with running(at) as home:
        until(lambda: [each.state for each in status(home).channels] == [ChannelState.PRIVATE])
        assert [each.waiting for each in status(home).channels] == [1]
        group.unban(account)
        until(lambda: kinds(home)["file"] == 1)
    assert [each["sha256"] for each in observed(at, "file")] == [hashlib.sha256(data).hexdigest()]
    require_clean(at)


def test_a_message_that_cannot_be_read_keeps_no_other_files_waiting(at: Desk) -> None:
    group, faults = at.group(), at.telegram.faults
    data = picture(9)
    group.post_photo(data, "e lexueshme")
    number = group.post_photo(picture(10), "e palexueshme")
    faults.fail("upload.getFile", "FLOOD_WAIT_3600", code=420, times=2)
    at.once()
    faults.clear()  # one pause may be left: one thread heeds what another was told
    faults.unknown_constructor(group, number, inside="message")
    at.clock.pass_by(hours=2)
    assert isinstance(at.once().ended_by, UnknownConstructorError)
    assert [each["sha256"] for each in observed(at, "file")] == [hashlib.sha256(data).hexdigest()]
    home = at.home
    assert [each.waiting for each in status(home).channels] == [1]
    home.engine.dispose()
    require_clean(at)


def test_a_part_that_is_garbage_once_is_asked_for_again(at: Desk) -> None:
    group, data = at.group(), picture(11)
    group.post_photo(data, "foto")
    at.telegram.faults.garbage("upload.getFile", times=1)
    assert at.once().ended_by is None
    assert [each["sha256"] for each in observed(at, "file")] == [hashlib.sha256(data).hexdigest()]
