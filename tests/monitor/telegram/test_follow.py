"""A channel is followed by our own cursor: nothing of another, no thumbnail, little lost to what cannot be read."""

import base64
import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from telethon.tl import types

from api.office.completeness import completeness_of
from api.office.watch_status import status
from casefiles.case import open_events
from evidence.canonical import jcs
from evidence.content import join_content
from evidence.observation import HoleReason, Mode
from evidence.store import database
from evidence.store.database import reading
from evidence.times import parse_time
from monitor.errors import ChannelState, UnknownConstructorError
from monitor.rehearsal.telegram.posts import Post
from monitor.rehearsal.telegram.rooms import Room
from monitor.rehearsal.telegram.shown import View
from monitor.rehearsal.telegram.wire import Encoded
from monitor.telegram.watch import Rhythm
from tests.homes import PASSPHRASE, items_of, records_of, size_of
from tests.watching import Desk, desk, kinds, observed, picture, require_clean, running, until


@pytest.fixture
def at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    with desk(tmp_path, monkeypatch) as made:
        yield made


@pytest.mark.slow
def test_a_channel_that_is_closed_and_comes_back_has_a_hole_with_two_ends(at: Desk) -> None:
    group = at.group()
    group.post("një")
    assert at.once().ended_by is None
    group.ban(at.accounts[0])
    at.clock.pass_by(minutes=2)
    at.once()
    home = at.home
    assert [each.state for each in status(home).channels] == [ChannelState.PRIVATE]
    home.engine.dispose()
    at.clock.pass_by(minutes=60)
    group.unban(at.accounts[0])
    group.post("dy")
    assert at.once().ended_by is None
    home = at.home
    (hole,) = [each for each in completeness_of(home, "grupa").gaps if each.lo is None]
    assert hole.reason is HoleReason.BAN
    assert hole.until is not None
    assert [each.state for each in status(home).channels] == [ChannelState.OK]
    home.engine.dispose()
    require_clean(at)


def test_each_reason_why_a_channel_is_not_seen_has_a_hole_with_two_ends(at: Desk) -> None:
    group = at.group()
    group.post("një")
    assert at.once().ended_by is None
    for refusal in ("FLOOD_WAIT_600", "CHANNEL_PRIVATE", "CHANNEL_INVALID", "FLOOD_WAIT_600"):
        at.clock.pass_by(minutes=20)  # nobody looked meanwhile
        at.telegram.faults.fail("updates.getChannelDifference", refusal, code=400, times=1)
        at.once()
    at.clock.pass_by(minutes=20)
    assert at.once().ended_by is None
    home = at.home
    holes = sorted(
        (each for each in completeness_of(home, "grupa").gaps if each.lo is None), key=lambda each: each.since
    )
    home.engine.dispose()
    # of a channel that is gone, a pause says nothing new
    assert [each.reason for each in holes] == ["downtime", "flood", "ban", "channel_gone"]
    assert [each.until for each in holes[:-1]] == [each.since for each in holes[1:]], "one ends where the next begins"
    assert holes[-1].until is not None


def test_a_name_that_another_channel_took_is_not_followed(at: Desk) -> None:
    group = at.group()
    group.post("e jona")
    assert at.once().ended_by is None
    other = at.telegram.world.add_channel("Other", username="tjeter")
    group.set_usernames("grupa_e_re")
    at.telegram.world.take_over_username("grupa", other)
    other.post("e huaj")
    group.post("ende e jona")
    assert at.once().ended_by is None
    texts = {each["text"] for each in observed(at, "message")}
    assert texts == {"e jona", "ende e jona"}


def test_an_account_that_joined_a_channel_finds_it_though_another_took_its_name(at: Desk) -> None:
    at.log_in("zweites", "+38160000002")
    group = at.group(joined=tuple(at.accounts))
    group.post("e jona")
    assert at.once().ended_by is None
    at.telegram.world.take_over_username("grupa", at.telegram.world.add_channel("Other"))
    at.telegram.world.deactivate(at.accounts[0])
    group.post("ende e jona")
    assert at.once().ended_by is None
    assert {each["text"] for each in observed(at, "message")} == {"e jona", "ende e jona"}


MARKER = b"\x01\x28\x28" + hashlib.sha256(b"planted").digest() * 3
"""The bytes of an embedded thumbnail, which nobody but the office key may ever open."""


def spelled(planted: bytes) -> set[bytes]:
    """How bytes can be written in a record: as they are, in hexadecimal, in Base64 at each of its three beginnings."""
    inner = [base64.b64encode(planted[start:])[4:60] for start in range(3)]
    return {planted[8:40], planted[8:40].hex().encode(), *inner, *(each.translate(URL_SAFE) for each in inner)}


URL_SAFE = bytes.maketrans(b"+/", b"-_")


@pytest.mark.parametrize("mode", list(Mode))
def test_no_embedded_thumbnail_is_in_what_the_casework_key_opens(at: Desk, mode: Mode) -> None:
    group, world = at.group(mode=mode), at.telegram.world
    sizes = (
        types.PhotoStrippedSize("i", MARKER),
        types.PhotoCachedSize("s", 40, 40, MARKER),
        types.PhotoPathSize("j", MARKER),
    )
    photo, document = (
        world.add_photo(picture(4), inline=sizes),
        world.add_document(b"x" * 5000, file_name="a.bin", mime_type="video/mp4"),
    )
    document.thumbs = list(sizes)
    locked = types.MessageExtendedMediaPreview(w=10, h=10, thumb=sizes[0], video_duration=3)
    for media in (
        types.MessageMediaPhoto(photo=photo),
        types.MessageMediaPhoto(photo=photo, ttl_seconds=5),
        types.MessageMediaDocument(document=document, video_cover=photo, alt_documents=[document]),
        types.MessageMediaPaidMedia(stars_amount=50, extended_media=[locked]),
        types.MessageMediaPaidMedia(
            stars_amount=50, extended_media=[types.MessageExtendedMedia(types.MessageMediaPhoto(photo=photo))]
        ),
    ):
        group.post("foto", media=media)
    group.service(types.MessageActionChatEditPhoto(photo=photo))
    assert at.once().ended_by is None
    home = at.home
    every = records_of(home)
    records = b"".join(repr(record).encode() + jcs(record.source) for record in every)
    holes = Counter(record.values["hole"] for record in every if record.type == "hole")
    home.engine.dispose()
    assert kinds(home)["message"] == 5
    assert [each for each in spelled(MARKER) if each in records] == []
    assert holes["paywall"] >= 1
    assert holes["self_destructing"] >= 1
    replies = [record.values["source_name"] for record in every if record.type == "imported"]
    assert "messages.GetHistory" not in replies  # it has the bytes that may not be kept
    require_clean(at)


@pytest.mark.parametrize("mode", [Mode.METADATA_ONLY, Mode.HASH_ONLY])
def test_below_sealed_no_picture_reaches_the_disk(at: Desk, mode: Mode) -> None:
    group = at.group(mode=mode)
    photo = at.telegram.world.add_photo(picture(3), inline=(types.PhotoStrippedSize("i", MARKER),))
    group.post("foto", media=types.MessageMediaPhoto(photo=photo))
    assert at.once().ended_by is None
    home = at.home
    assert not list((home.path / "objects").rglob("[0-9a-f]" * 64))
    with reading(home.engine) as connection:
        of_picture = database.item.c.kind.in_(("message", "file"))
        payloads = connection.execute(sa.select(database.item.c.payload_sha256).where(of_picture)).scalars().all()
    assert payloads == [None, None]
    home.engine.dispose()
    fetched = "upload.getFile" in {call.name for call in at.telegram.calls}
    assert fetched is (mode is Mode.HASH_ONLY)


def test_an_unknown_constructor_spoils_no_other_message(at: Desk) -> None:
    group = at.group()
    numbers = [group.post(f"mesazh {number}") for number in range(6)]
    at.telegram.faults.unknown_constructor(group, numbers[2], inside="message")
    at.telegram.faults.unknown_constructor(group, numbers[4], inside="media")
    assert at.once().ended_by is None
    home = at.home
    assert kinds(home)["message"] == 6
    holes = [record.values for record in records_of(home) if record.type == "hole"]
    home.engine.dispose()
    assert sorted((hole["hole"], hole["lo"]) for hole in holes) == [("unsupported", "3"), ("unsupported", "5")]
    require_clean(at)


def test_an_unknown_constructor_among_the_accounts_spoils_no_message(at: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    group = at.group()
    for number in range(3):
        group.post(f"mesazh {number}")
    known = View.around

    def around(self: View, room: Room, posts: Iterable[Post]) -> dict[str, list[Any]]:
        said = known(self, room, posts)
        return {**said, "users": [*said["users"], Encoded(b"\x01\x02\x03\x04")]}

    monkeypatch.setattr(View, "around", around)
    assert at.once().ended_by is None
    assert sorted(str(each["text"]) for each in observed(at, "message")) == [f"mesazh {number}" for number in range(3)]
    home = at.home
    holes = [record.values for record in records_of(home) if record.type == "hole"]
    home.engine.dispose()
    assert [(hole["hole"], hole["what"]) for hole in holes] == [("unsupported", "beside the message: 04030201")] * 3
    require_clean(at)


def test_garbage_from_the_server_is_asked_again_and_told(at: Desk) -> None:
    group = at.group()
    group.post("një")
    at.telegram.faults.garbage("updates.getChannelDifference", times=1, data=b"\x00\x01\x02\x03" * 9)
    at.once()
    assert at.once().ended_by is None
    home = at.home
    assert kinds(home)["message"] == 1
    home.engine.dispose()


@pytest.mark.every(2)
@pytest.mark.parametrize(("times", "left"), [(1, 0), (2, 1)])
def test_a_message_is_asked_for_twice_before_it_is_called_unreadable(at: Desk, times: int, left: int) -> None:
    group = at.group()
    number = group.post("një")
    faults, data = at.telegram.faults, b"\x00\x01\x02\x03" * 9
    page = "messages.getHistory"
    faults.meanwhile(lambda: faults.garbage(page, times=1, data=data), request=page, after=1)  # the first: the newest
    faults.garbage("channels.getMessages", times=times, data=data)
    assert at.once().ended_by is None
    assert [each["text"] for each in observed(at, "message")] == (["një"] if not left else [None])
    home = at.home
    holes = [each.values["lo"] for each in records_of(home) if each.values.get("hole") == HoleReason.UNSUPPORTED.value]
    home.engine.dispose()
    assert holes == [str(number)] * left


@pytest.mark.every(2)
@pytest.mark.parametrize(("times", "holes"), [(1, []), (2, [HoleReason.DIFFERENCE_UNREAD])])
def test_a_list_of_changes_that_is_garbage_is_not_called_too_long(
    at: Desk, times: int, holes: list[HoleReason]
) -> None:
    group = at.group()
    number = group.post("një")
    assert at.once().ended_by is None
    group.edit(number, text="ndryshe")
    group.post("dy")
    at.telegram.faults.garbage("updates.getChannelDifference", times=times, data=b"\x00\x01\x02\x03" * 9)
    assert at.once().ended_by is None
    assert ([each["text"] for each in observed(at, "edit")], len(observed(at, "message"))) == (["ndryshe"], 2)
    home = at.home
    assert [each.reason for each in completeness_of(home, "grupa").gaps] == holes
    home.engine.dispose()
    require_clean(at)


@pytest.mark.slow
def test_a_cursor_that_telegram_does_not_know_begins_anew(at: Desk) -> None:
    group = at.group()
    number, deleted = group.post("një"), group.post("dy")
    assert at.once().ended_by is None
    group.edit(number, text="ndryshe")
    group.delete([deleted])
    group.post("tri")
    at.telegram.faults.fail("updates.getChannelDifference", "PERSISTENT_TIMESTAMP_INVALID", code=400, times=1)
    assert at.once().ended_by is None
    assert ([each["text"] for each in observed(at, "edit")], len(observed(at, "message"))) == (["ndryshe"], 3)
    assert [each["action"] for each in observed(at, "deletion")] == ["missing"]
    home = at.home
    assert [each.reason for each in completeness_of(home, "grupa").gaps] == [HoleReason.DIFFERENCE_UNREAD]
    home.engine.dispose()
    group.post("katër")
    assert at.once().ended_by is None
    assert len(observed(at, "message")) == 4
    require_clean(at)


def test_a_cursor_that_is_still_the_same_is_not_begun_anew_again_and_again(at: Desk) -> None:
    group = at.group()
    group.post("një")
    assert at.once().ended_by is None
    at.telegram.faults.fail("updates.getChannelDifference", "PERSISTENT_TIMESTAMP_INVALID", code=400, times=1000)
    before = size_of(at.home)
    for _look in range(3):
        at.clock.pass_by(minutes=2)
        assert at.once().ended_by is not None
    records = records_of(at.home)[before:]
    assert [each.values.get("hole") for each in records if "hole" in each.values] == []
    at.telegram.faults.clear()
    group.post("dy")
    at.clock.pass_by(minutes=2)
    assert at.once().ended_by is None
    assert len(observed(at, "message")) == 2


def test_a_picture_exchanged_while_none_is_read_is_a_hole(at: Desk) -> None:
    group = at.group()
    number = group.post_photo(picture(1), "një")
    assert at.once().ended_by is None
    at.register("@grupa", Mode.METADATA_ONLY)
    photo = at.telegram.world.add_photo(picture(2))
    group.edit(number, text="dy", media=types.MessageMediaPhoto(photo=photo))
    assert at.once().ended_by is None
    home = at.home
    records = records_of(home)
    home.engine.dispose()
    left = [each.values["lo"] for each in records if each.values.get("hole") == HoleReason.MODE.value]
    assert left == [str(number)]
    require_clean(at)


@pytest.mark.every(4)
@pytest.mark.repeats
@pytest.mark.parametrize("after", range(4))
@pytest.mark.parametrize("times", [1, 2, 3])
def test_garbage_instead_of_the_newest_message_makes_no_holes_where_nothing_was(
    at: Desk, times: int, after: int
) -> None:
    group, faults = at.group(), at.telegram.faults
    faults.unknown_constructor(group, group.post("një"), inside="message")
    data = b"\x00\x01\x02\x03" * 9
    faults.meanwhile(
        lambda: faults.garbage("messages.getHistory", times=times, data=data),
        request="messages.getHistory",
        after=after,
    )
    ended = at.once().ended_by
    assert ended is None or isinstance(ended, UnknownConstructorError)
    faults.clear()
    at.clock.pass_by(hours=1)
    assert at.once().ended_by is None
    home = at.home
    found = completeness_of(home, "grupa")
    home.engine.dispose()
    assert (found.observed, found.holes) == (((1, 1),), ())


@pytest.mark.every(3)
@pytest.mark.parametrize("hours", [1, -1, 24 * 3650])
def test_a_server_with_another_time_is_still_read(at: Desk, hours: int) -> None:
    group = at.group()
    group.post("një")
    at.telegram.faults.skew_s = hours * 3600
    group.post("dy")
    assert at.once().ended_by is None
    every = observed(at, "message")
    assert len(every) == 2
    for each in every:  # both clocks are on record, so how far ours was off shows
        times = each["acquisition"]
        assert isinstance(times, dict)
        ahead = parse_time(times["telegram_at"]) - parse_time(times["received_at"])
        assert abs(ahead - timedelta(hours=hours)) < timedelta(seconds=30)


def snapshots(at: Desk) -> list[dict[str, object]]:
    """What the channel said of itself; its counters apart."""
    return [each for each in observed(at, "channel") if each["content"]]


def test_topics_of_a_forum_are_kept_in_the_channels_snapshot(at: Desk) -> None:
    group = at.group(forum=True)
    opened = [group.add_topic(f"tema {number}") for number in range(102)]
    group.post("në temë", topic=opened[0])
    assert at.once().ended_by is None
    (snapshot,) = snapshots(at)
    content = join_content(snapshot)
    assert isinstance(content.parts, tuple)
    titles = {part.fields["id"]: part.fields["title"] for part in content.parts if part.kind == "topic"}
    assert titles == {str(number): f"tema {at}" for at, number in enumerate(opened)}
    at.clock.pass_by(hours=7)
    assert at.once().ended_by is None
    assert len(snapshots(at)) == 1, "nothing but counters has changed"
    group.add_topic("e re")
    at.clock.pass_by(hours=7)
    assert at.once().ended_by is None
    assert len(snapshots(at)) == 2


def test_a_reply_that_is_kept_names_the_entry_that_has_its_legal_basis(at: Desk) -> None:
    group = at.group()
    group.post("një")
    assert at.once().ended_by is None
    at.register("@grupa", Mode.METADATA_ONLY)
    at.register("@grupa")
    group.post("dy")
    assert at.once().ended_by is None
    home = at.home
    casework = home.keys.unlock(PASSPHRASE).casework
    events = list(open_events(home.engine, range(size_of(home)), casework))
    home.engine.dispose()
    added = {event.leaf.event_id: event.record.values for event in events if event.leaf.type == "channel_added"}
    replies = [event.record.values for event in events if event.leaf.type == "imported"]
    assert len({reply["legal_basis"] for reply in replies}) == 2
    for reply in replies:
        entry = added[reply["legal_basis"]]
        assert entry["legal_basis"]["country"] == "MK"
        assert entry["authority"] == reply["authority"]


@pytest.mark.every(3)
@pytest.mark.repeats
@pytest.mark.parametrize(
    ("gone", "unread", "inside"),
    [(0, 1, "message"), (0, 12, "media"), (1, 1, "media"), (1, 12, "message"), (40, 1, "media"), (40, 12, "message")],
)
def test_newest_messages_that_cannot_be_read_hide_nothing(at: Desk, gone: int, unread: int, inside: str) -> None:
    group = at.group()
    there: list[int] = []
    for before in ("first", "later"):  # a look that knows no number, and one that knows what came before
        there += [group.post(f"{before} {number}") for number in range(5)]
        group.delete([group.post(f"{before}, deleted") for _number in range(gone)])
        for _number in range(unread):
            there.append(group.post(f"{before}, unreadable"))
            at.telegram.faults.unknown_constructor(group, there[-1], inside=inside)
        assert at.once().ended_by is None
        home = at.home
        seen = completeness_of(home, "grupa")
        home.engine.dispose()
        assert numbers_of(seen.observed) == set(there)
        assert numbers_of(seen.holes) == set(range(1, there[-1])) - set(there)
        assert not seen.ahead
    require_clean(at)


def numbers_of(spans: Iterable[tuple[int, int]]) -> set[int]:
    return {number for lo, hi in spans for number in range(lo, hi + 1)}


@pytest.mark.slow
def test_what_is_hidden_from_the_account_that_goes_on_is_not_called_gone(at: Desk) -> None:
    group = at.group()
    hidden = [group.post(f"mesazh {number}") for number in range(3)]
    hidden.append(group.post_photo(picture(3), "foto"))
    shown = [group.post(f"më vonë {number}") for number in range(2)]
    at.telegram.faults.fail("upload.getFile", "FLOOD_WAIT_3600", code=420, times=1)
    at.once()
    second = at.log_in("zweites", "+38160000002")
    group.hide_history(second, hidden[-1])
    at.telegram.world.deactivate(at.accounts[0])
    group.set_limit(2)
    group.delete([shown[0]])
    for number in range(3):
        group.post(f"pas humbjes {number}")
    for _look in range(2):  # the second one reads the counters of the last days again
        at.clock.pass_by(hours=7)
        assert at.once().ended_by is None
    gone = [(each["message_id"], each["action"]) for each in observed(at, "deletion")]
    assert gone == [(str(shown[0]), "missing")]
    home = at.home
    seen = completeness_of(home, "grupa")
    (waiting,) = [each.waiting for each in status(home).channels]
    home.engine.dispose()
    assert [(each.lo, each.hi) for each in seen.gaps if each.reason is HoleReason.HIDDEN] == [(1, hidden[-1])]
    assert (seen.holes, seen.hidden, seen.empty) == ((), ((1, hidden[-1]),), ())
    assert waiting == 1, "the file may still be there for an account that is shown its message"
    require_clean(at)


def test_history_that_was_hidden_from_the_start_is_told_apart_from_empty_numbers(at: Desk) -> None:
    group = at.group()
    numbers = [group.post(f"mesazh {number}") for number in range(6)]
    group.hide_history(at.accounts[0], numbers[2])
    group.delete([numbers[4]])
    assert at.once().ended_by is None
    home = at.home
    seen = completeness_of(home, "grupa")
    home.engine.dispose()
    assert (seen.observed, seen.hidden, seen.empty) == (((4, 4), (6, 6)), ((1, 3),), ((5, 5),))
    assert seen.not_received == ()


def test_a_number_at_which_nothing_is_becomes_no_message(at: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    group = at.group()
    numbers = [group.post(f"mesazh {number}") for number in range(4)]
    group.delete([numbers[1]])
    known = View.around

    def around(self: View, room: Room, posts: Iterable[Post]) -> dict[str, list[Any]]:
        said = known(self, room, posts)
        return {**said, "users": [*said["users"], Encoded(b"\x01\x02\x03\x04")]}

    monkeypatch.setattr(View, "around", around)
    assert at.once().ended_by is None
    home = at.home
    seen = completeness_of(home, "grupa")
    home.engine.dispose()
    assert (seen.observed, seen.empty) == (((1, 1), (3, 4)), ((2, 2),))
    require_clean(at)


@pytest.mark.every(2)
@pytest.mark.parametrize("inside", ["message", "media"])
def test_a_known_message_that_cannot_be_read_hides_no_change_of_another(at: Desk, inside: str) -> None:
    group = at.group()
    numbers = [group.post(f"mesazh {number}") for number in range(12)]
    assert at.once().ended_by is None
    at.telegram.faults.unknown_constructor(group, numbers[5], inside=inside)
    group.set_limit(2)
    group.edit(numbers[5], text="palexueshme")
    group.delete([numbers[2], numbers[8]])
    group.edit(numbers[3], text="ndryshe")
    group.post("e reja")
    for _look in range(2):  # the second one reads counters
        assert at.once().ended_by is None
        at.clock.pass_by(hours=7)
    assert {(each["message_id"], each["action"]) for each in observed(at, "deletion")} == {
        (str(numbers[2]), "missing"),
        (str(numbers[8]), "missing"),
    }
    assert [each["text"] for each in observed(at, "edit") if each["text"]] == ["ndryshe"]
    home = at.home
    holes = [record.values for record in records_of(home) if record.type == "hole" and record.values["lo"]]
    (standing,) = [each.behind for each in status(home).channels]
    home.engine.dispose()
    assert [(each["hole"], each["lo"]) for each in holes] == [("unsupported", str(numbers[5]))]
    assert standing is False
    require_clean(at)


def test_counters_are_read_beside_a_message_that_cannot_be_read(at: Desk) -> None:
    group = at.group()
    numbers = [group.post(f"mesazh {number}") for number in range(6)]
    assert at.once().ended_by is None
    at.telegram.faults.unknown_constructor(group, numbers[2], inside="media")
    group.view(numbers[0], by=5)
    group.view(numbers[4], by=7)
    at.clock.pass_by(hours=7)
    assert at.once().ended_by is None
    parts = [part for each in observed(at, "channel") for part in each["counters"] or ()]  # type: ignore[attr-defined]
    counted = {part["message_id"] for part in parts if part["kind"] == "counted"}
    assert counted == {str(number) for number in numbers if number != numbers[2]}


@pytest.mark.every(2)
@pytest.mark.parametrize("before", [Mode.METADATA_ONLY, Mode.HASH_ONLY])
def test_what_a_lower_mode_left_is_fetched_once_when_the_mode_is_raised(at: Desk, before: Mode) -> None:
    group = at.group(mode=before)
    data = [picture(seed) for seed in range(40, 43)]
    kept, gone, other = (group.post_photo(each, "foto") for each in data)
    group.post("pa foto")
    assert at.once().ended_by is None
    group.delete([gone])
    at.register("@grupa", Mode.SEALED)
    assert at.once().ended_by is None
    home = at.home
    sealed = {item.message_id for item in items_of(home) if item.kind == "file" and item.mode == "sealed"}
    home.engine.dispose()
    assert sealed == {kept, other}
    asked = [call.name for call in at.telegram.calls]
    group.post("tjetër")
    assert at.once().ended_by is None
    later = [call.name for call in at.telegram.calls][len(asked) :]
    assert not {"upload.getFile", "channels.getMessages"} & set(later), "it goes back once"
    assert "channels.getMessages" in asked
    require_clean(at)


@pytest.mark.every(4)
@pytest.mark.parametrize("exchanged", [False, True])
@pytest.mark.parametrize("before", [Mode.METADATA_ONLY, Mode.HASH_ONLY])
def test_what_a_lower_mode_left_is_fetched_though_its_message_was_edited(
    at: Desk, before: Mode, *, exchanged: bool
) -> None:
    group, data = at.group(mode=before), [picture(seed) for seed in range(60, 62)]
    number = group.post_photo(data[0], "foto")
    assert at.once().ended_by is None
    if exchanged:
        photo = at.telegram.world.add_photo(data[1])
        group.edit(number, text="ndryshe", media=types.MessageMediaPhoto(photo=photo))
    else:
        group.edit(number, text="ndryshe")
    assert at.once().ended_by is None
    at.register("@grupa", Mode.SEALED)
    assert at.once().ended_by is None
    sealed = {each["sha256"] for each in observed(at, "file") if each["mode"] == "sealed"}
    assert sealed == {hashlib.sha256(data[exchanged]).hexdigest()}
    require_clean(at)


@pytest.mark.slow
def test_a_file_whose_wait_ended_when_the_mode_fell_is_fetched_when_it_is_raised(at: Desk) -> None:
    group, data = at.group(), picture(63)
    group.post_photo(data, "foto")
    at.telegram.faults.fail("upload.getFile", "FLOOD_WAIT_3600", code=420, times=1)
    at.once()
    at.register("@grupa", Mode.METADATA_ONLY)
    at.clock.pass_by(hours=2)
    assert at.once().ended_by is None
    assert [each["sha256"] for each in observed(at, "file")] == []
    at.register("@grupa", Mode.SEALED)
    assert at.once().ended_by is None
    assert [each["sha256"] for each in observed(at, "file")] == [hashlib.sha256(data).hexdigest()]
    require_clean(at)


def test_a_mode_that_is_raised_while_the_watch_runs_is_heeded(at: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NISISAMA_TELEGRAM__POLL_S", "1")
    monkeypatch.setattr("api.office.watch.Rhythm", partial(Rhythm, register=timedelta(seconds=0.2)))
    group = at.group(mode=Mode.METADATA_ONLY)
    group.post_photo(picture(44), "foto")
    with running(at) as home:
        until(lambda: kinds(home)["file"] == 1)
        at.register("@grupa", Mode.SEALED)
        until(lambda: "sealed" in {item.mode for item in items_of(home) if item.kind == "file"})
    require_clean(at)
