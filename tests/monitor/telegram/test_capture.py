"""One message is kept because a person asks for it: with album and comments, and only of a registered channel."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from api.office.capture import Captured, capture_message
from api.office.channel import remove_channel
from api.office.freeze import freeze
from config.link import MessageLink, read_message_link
from evidence.errors import UnknownItemError
from evidence.observation import Mode
from evidence.store import database
from evidence.store.database import reading
from monitor.errors import ChannelError, ChannelState, FloodError, MessageError
from monitor.telegram.capture import (
    WAITS_FOR,
    CaptureAnswer,
    CaptureRequest,
    Looked,
    Seen,
    answer,
    answer_of,
    ask_for,
    asked_for,
    left_behind,
    read_answer,
    withdraw,
)
from monitor.telegram.standing import standings
from tests.homes import doer, items_of
from tests.watching import Desk, desk, kinds, observed, picture, require_clean


@pytest.fixture
def at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    with desk(tmp_path, monkeypatch) as made:
        yield made


def capture(at: Desk, text: str) -> Captured:
    home = at.home
    try:
        return capture_message(home, read_message_link(text), doer(home))
    finally:
        home.engine.dispose()


def texts(at: Desk) -> list[str]:
    return sorted(str(each["text"]) for each in observed(at, "message"))


def holes(at: Desk) -> list[tuple[str, int, int]]:
    home, hole = at.home, database.hole.c
    with reading(home.engine) as connection:
        found = connection.execute(sa.select(hole.channel_id, hole.lo, hole.hi).where(hole.reason == "gap"))
        rows = [(row.channel_id, row.lo, row.hi) for row in found]
    home.engine.dispose()
    return rows


def code_of(done: Captured) -> str:
    assert done.error is not None
    return done.error.code


def test_a_frozen_message_is_not_captured_nor_one_of_its_album(at: Desk) -> None:
    group = at.group()
    first, second = (group.post_photo(picture(seed), "foto", album=77) for seed in range(2))
    other = group.post("tjetër")
    assert capture(at, f"t.me/grupa/{first}").error is None
    home = at.home
    freeze(home, [next(item.item_id for item in items_of(home) if item.message_id == first)], doer(home))
    home.engine.dispose()
    for number in (first, second):
        assert code_of(capture(at, f"t.me/grupa/{number}")) == "unknown_item.frozen"
    assert capture(at, f"t.me/grupa/{other}").error is None


def test_a_message_is_kept_with_its_album_and_files_and_nothing_beside_it(at: Desk) -> None:
    group = at.group()
    group.post("para")
    album = [group.post_photo(picture(seed), f"foto {seed}", album=77) for seed in range(3)]
    group.post("pas")
    done = capture(at, f"t.me/grupa/{album[1]}")
    assert (done.error, done.answer.seen, done.handed_over) == (None, Seen.THERE, False)
    assert texts(at) == ["foto 0", "foto 1", "foto 2"]
    home = at.home
    assert kinds(home) == {"message": 3, "file": 3}
    assert {item.mode for item in items_of(home)} == {"sealed"}
    with reading(home.engine) as connection:
        assert standings(connection) == {}  # where the watch stands is the watch's own
    home.engine.dispose()
    (looked,) = done.answer.looked
    assert (looked.channel, looked.channel_id, looked.messages, looked.files) == ("grupa", str(group.id), 3, 0)
    assert done.media == {group.id: 3}
    assert sum(each.messages for each in capture(at, f"t.me/grupa/{album[0]}").answer.looked) == 0
    assert at.once().ended_by is None
    home = at.home
    assert kinds(home) == {"message": 5, "file": 3, "channel": 1}  # the watch keeps the others, and these not again
    home.engine.dispose()
    assert holes(at) == []
    require_clean(at)


def test_an_edit_is_kept_beside_what_was_there(at: Desk) -> None:
    group = at.group()
    number = group.post("një")
    assert at.once().ended_by is None
    group.edit(number, text="ndryshe")
    (looked,) = capture(at, f"t.me/c/{group.id}/{number}").answer.looked
    assert (looked.messages, looked.edits) == (0, 1)
    (looked,) = capture(at, f"t.me/grupa/{number}").answer.looked
    assert (looked.messages, looked.edits) == (0, 0)
    group.delete([number])  # the newest that there was
    assert code_of(capture(at, f"t.me/grupa/{number}")) == "message.gone"
    require_clean(at)


def test_in_the_mode_metadata_only_no_file_is_asked_for(at: Desk) -> None:
    group = at.group(mode=Mode.METADATA_ONLY)
    number = group.post_photo(picture(1), "një")
    assert capture(at, f"t.me/grupa/{number}").media == {}
    assert "upload.getFile" not in {call.name for call in at.telegram.calls}
    require_clean(at)


@pytest.mark.every(2)
@pytest.mark.parametrize("before", [Mode.METADATA_ONLY, Mode.HASH_ONLY])
def test_what_a_lower_mode_left_is_fetched_once_in_a_higher_one(at: Desk, before: Mode) -> None:
    group = at.group(mode=before)
    number, photo = group.post("fjalë"), group.post_photo(picture(1), "foto")
    assert at.once().ended_by is None
    at.register("@grupa", Mode.SEALED)
    assert capture(at, f"https://t.me/grupa/{number}").answer.seen is Seen.THERE
    assert capture(at, f"https://t.me/grupa/{photo}").answer.seen is Seen.THERE
    modes = [(item.message_id, item.mode) for item in items_of(at.home) if item.kind == "file"]
    assert modes == [(photo, "sealed")]
    asked = len([call for call in at.telegram.calls if call.name == "upload.getFile"])
    assert capture(at, f"https://t.me/grupa/{photo}").answer.seen is Seen.THERE
    assert len([call for call in at.telegram.calls if call.name == "upload.getFile"]) == asked
    require_clean(at)


@pytest.mark.slow
def test_what_is_gone_is_on_record_once_and_what_never_was_is_not(at: Desk) -> None:
    group = at.group()
    known, unseen = group.post("një"), group.post("dy")
    assert capture(at, f"t.me/grupa/{known}").error is None
    group.post("tri")
    group.delete([known, unseen])
    for _time in range(2):
        gone, never, later = (capture(at, f"t.me/grupa/{number}") for number in (known, unseen, 99))
        assert [code_of(each) for each in (gone, never, later)] == [
            "message.gone",
            "message.never_seen",
            "message.not_yet",
        ]
        assert isinstance(gone.error, MessageError)
    assert [each["action"] for each in observed(at, "deletion")] == ["missing"]
    assert holes(at) == [(str(group.id), unseen, unseen)]
    require_clean(at)


def test_where_the_history_is_hidden_nothing_is_called_gone(at: Desk) -> None:
    group = at.group()
    known, unseen = group.post("një"), group.post("dy")
    assert capture(at, f"t.me/grupa/{known}").error is None
    group.post("tri")
    group.hide_history(at.accounts[0], unseen)
    for number in (known, unseen):
        done = capture(at, f"t.me/grupa/{number}")
        assert isinstance(done.error, ChannelError)
        assert done.error.facts["system"] == "HIDDEN_PREHISTORY"
    assert (observed(at, "deletion"), holes(at)) == ([], [])
    group.hide_history(at.accounts[0], 0)
    group.delete([known])
    assert code_of(capture(at, f"t.me/grupa/{known}")) == "message.gone"
    require_clean(at)


@pytest.mark.every(2)
@pytest.mark.parametrize("registered", [False, True])
def test_comments_are_kept_under_the_channels_entry_or_their_own(at: Desk, *, registered: bool) -> None:
    talk = at.telegram.world.add_channel("Biseda", username="biseda")
    channel = at.group("Kanali", "kanali", broadcast=True, linked=talk)
    if registered:
        at.register(str(talk.id), Mode.METADATA_ONLY)
    number, other = channel.post("postim"), channel.post("tjetër")
    channel.comment(other, "jo i tij")
    comments = [channel.comment(number, f"koment {each}") for each in range(3)]
    done = capture(at, f"t.me/kanali/{number}")
    assert [(each.channel, each.messages) for each in done.answer.looked] == [
        ("kanali", 1),
        (str(talk.id) if registered else "kanali/comments", 4),  # the group's copy of the post, and the comments
    ]
    assert texts(at) == ["koment 0", "koment 1", "koment 2", "postim", "postim"]
    modes = {each["mode"] for each in observed(at, "message") if each["channel_id"] == str(talk.id)}
    assert modes == {"metadata_only" if registered else "sealed"}
    assert capture(at, f"t.me/kanali/{number}?comment={comments[1]}").answer.seen is Seen.THERE
    talk.delete([comments[2]])
    assert code_of(capture(at, f"t.me/kanali/{number}?comment={comments[2]}")) == "message.gone"
    assert code_of(capture(at, f"t.me/kanali/{number}?comment=999")) == "message.not_yet"
    silent = channel.post("pa komente")
    capture(at, f"t.me/kanali/{silent}?comment=1")  # there is such a number, and it is no comment on this post
    assert [(each["message_id"], each["action"]) for each in observed(at, "deletion")] == [
        (str(comments[2]), "missing")
    ]
    require_clean(at)


def test_a_picture_in_the_comments_of_a_hidden_group_is_fetched(at: Desk) -> None:
    talk = at.telegram.world.add_channel("Biseda")
    channel = at.group("Kanali", "kanali", broadcast=True, linked=talk)
    talk.ban(at.accounts[0])
    number = channel.post("postim")
    talk.post_photo(picture(2), "foto e fshehtë", reply_to=channel.discussion_of(number))
    done = capture(at, f"t.me/kanali/{number}")
    assert (done.error, done.media) == (None, {talk.id: 1})
    require_clean(at)


def test_a_comment_on_a_post_that_has_none_is_told(at: Desk) -> None:
    number = at.group("Kanali", "kanali", broadcast=True).post("postim")
    assert code_of(capture(at, f"t.me/kanali/{number}?comment=1")) == "message.no_comments"
    assert texts(at) == ["postim"]


def test_comments_that_telegram_refuses_are_told_and_the_post_is_kept(at: Desk) -> None:
    talk = at.telegram.world.add_channel("Biseda", username="biseda")
    channel = at.group("Kanali", "kanali", broadcast=True, linked=talk)
    number = channel.post("postim")
    comment = channel.comment(number, "koment")
    for link in (f"t.me/kanali/{number}", f"t.me/kanali/{number}?comment={comment}"):
        at.telegram.faults.fail("messages.getReplies", "CHANNEL_PRIVATE", code=400, times=1)
        done = capture(at, link)
        assert isinstance(done.error, ChannelError)
        assert (done.answer.seen, [each.channel for each in done.answer.looked]) == (Seen.THERE, ["kanali"])
    assert texts(at) == ["postim"]
    require_clean(at)


def test_at_most_100_comments_are_kept_and_the_named_one_is_among_them(at: Desk) -> None:
    talk = at.telegram.world.add_channel("Biseda")  # nobody sees it but through the posts
    channel = at.group("Kanali", "kanali", mode=Mode.METADATA_ONLY, broadcast=True, linked=talk)
    number = channel.post("postim")
    comments = [channel.comment(number, f"koment {each:03}") for each in range(130)]
    (_channel, newest) = capture(at, f"t.me/kanali/{number}").answer.looked
    assert newest.messages == 101
    assert "koment 029" not in texts(at)
    done = capture(at, f"t.me/kanali/{number}?comment={comments[29]}")
    assert (done.answer.seen, done.answer.looked[1].messages) == (Seen.THERE, 30)
    require_clean(at)


def test_answers_in_a_group_and_messages_in_a_topic_are_kept(at: Desk) -> None:
    group = at.group(forum=True)
    topic = group.add_topic("Tema")
    number = group.post("pyetje", topic=topic)
    group.post("përgjigje", reply_to=number, topic=topic)
    done = capture(at, f"t.me/grupa/{topic}/{number}")
    assert done.answer.seen is Seen.THERE
    assert "pyetje" in texts(at)
    root = group.post("fije")
    group.post("brenda fijes", reply_to=root)
    assert capture(at, f"t.me/c/{group.id}/{root}").answer.looked[0].messages == 2
    require_clean(at)


def test_only_registered_channels_are_captured_whatever_they_are_called_today(at: Desk) -> None:
    group = at.group()
    number = group.post("jona")
    stranger = at.telegram.world.add_channel("Tjetër", username="tjeter")
    stranger.post("e huaj")
    for link in (f"t.me/tjeter/{number}?comment=3", f"t.me/c/{stranger.id}/{number}"):
        done = capture(at, link)
        assert isinstance(done.error, UnknownItemError)
        assert code_of(done) == "unknown_item.link_not_registered"
    assert code_of(capture(at, f"t.me/tjeter/{number}")) == "authority.capture_not_ruled"
    assert at.once().ended_by is None
    group.set_usernames("emri_i_ri")
    assert capture(at, f"t.me/emri_i_ri/{number}").answer.seen is Seen.THERE
    assert capture(at, f"t.me/grupa/{number}").answer.seen is Seen.THERE  # nobody has the old name
    stranger.set_usernames("grupa")
    done = capture(at, f"t.me/grupa/{number}")
    assert isinstance(done.error, ChannelError)
    assert done.error.facts["system"] == "USERNAME_TAKEN_OVER"
    assert texts(at) == ["jona"]
    home = at.home
    remove_channel(home, "grupa", doer(home))
    home.engine.dispose()
    assert code_of(capture(at, f"t.me/c/{group.id}/{number}")) == "unknown_item.link_not_registered"
    joined = {request.name for request in at.telegram.calls}
    assert not {name for name in joined if "join" in name.lower()}


def test_a_pause_is_told_and_held(at: Desk) -> None:
    group = at.group()
    number = group.post("një")
    at.telegram.faults.fail("channels.getMessages", "FLOOD_WAIT_3600", times=1)
    for _attempt in range(2):
        done = capture(at, f"t.me/grupa/{number}")
        assert isinstance(done.error, FloodError)
    assert [call.name for call in at.telegram.calls].count("channels.getMessages") == 1
    assert texts(at) == []


def test_a_file_that_an_earlier_run_did_not_fetch_is_fetched(at: Desk) -> None:
    group = at.group()
    number = group.post_photo(picture(1), "një")
    at.telegram.faults.fail("upload.getFile", "FLOOD_WAIT_90", times=1)
    done = capture(at, f"t.me/grupa/{number}")
    assert isinstance(done.error, FloodError)
    assert [(each.messages, each.files) for each in done.answer.looked] == [(1, 1)]
    at.clock.pass_by(seconds=100)
    done = capture(at, f"t.me/grupa/{number}")
    assert (done.error, done.media) == (None, {group.id: 1})
    assert [(each.messages, each.files) for each in done.answer.looked] == [(0, 0)]
    require_clean(at)


def test_an_answer_is_read_as_it_was_written_and_known_as_old_when_nobody_came(at: Desk) -> None:
    home, now = at.home, at.clock().replace(microsecond=0)
    link, other = MessageLink("grupa", None, 5, 7), MessageLink(None, 17, 5)
    looked = Looked("grupa", "17", 4, messages=1, edits=0, deletions=0, missing=0, gaps=0, files=2)
    error = ChannelError.unseen(ChannelState.PRIVATE, "CHANNEL_PRIVATE")
    for said in (CaptureAnswer(Seen.THERE, (looked,)), CaptureAnswer(None, error=error)):
        read = read_answer(said.text())
        assert (read, str(read.error)) == (said, str(said.error))
        assert type(read.error) is type(said.error)
    with home.writing() as writer, writer.sequencer.take() as connection:
        first, second = (
            CaptureRequest(each, "sealed", now + timedelta(seconds=n)) for n, each in enumerate((link, other))
        )
        ask_for(connection, first)
        ask_for(connection, second)
        soon = now + timedelta(seconds=2)
        assert asked_for(connection, soon) == [first, second]
        assert answer_of(connection, link) is None
        answer(connection, link, CaptureAnswer(Seen.GONE), now)
        assert asked_for(connection, soon) == [second]
        assert answer_of(connection, link) == CaptureAnswer(Seen.GONE)
        assert left_behind(connection, soon) == []
        late = soon + WAITS_FOR
        assert (asked_for(connection, late), left_behind(connection, late)) == ([], [other])  # who asked has gone
        at.clock.pass_by(hours=1)
        answer(connection, other, CaptureAnswer(Seen.THERE), at.clock())
        assert left_behind(connection, at.clock()) == [link]
        ask_for(connection, replace(second, at=at.clock()))
        assert answer_of(connection, other) is None  # asked for anew
        withdraw(connection, other)
        answer(connection, other, CaptureAnswer(Seen.THERE), at.clock())
        assert answer_of(connection, other) is None  # nobody is there to collect it
    home.engine.dispose()
