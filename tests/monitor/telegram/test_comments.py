"""Comments are kept with the channel that they are on, as a channel of their own; each says which post it is of."""

import hashlib
from collections.abc import Iterator

import pytest

from api.office.completeness import completeness_of
from api.office.watch_status import status
from evidence.content import join_content
from evidence.observation import HoleReason
from monitor.errors import ChannelState
from monitor.rehearsal.telegram.rooms import Room
from tests.homes import records_of
from tests.watching import Desk, desk, picture, require_clean, tell_settings


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with pytest.MonkeyPatch.context() as patched, desk(tmp_path_factory.mktemp("comments"), patched) as made:
        yield made


@pytest.fixture
def at(shared: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:
    tell_settings(shared.telegram, monkeypatch)
    return shared


def channel_with_comments(at: Desk, name: str) -> tuple[Room, Room]:
    talk = at.telegram.world.add_channel(f"Biseda e {name}")
    return at.group(username=name, broadcast=True, linked=talk), talk


def texts_of(at: Desk, room: Room) -> list[str]:
    home = at.home
    found = [
        str(record.values["text"])
        for record in records_of(home)
        if record.values.get("channel_id") == str(room.id) and record.values.get("kind") == "message"
    ]
    home.engine.dispose()
    return found


def digests_of(at: Desk, talk: Room) -> list[object]:
    """The files of one channel."""
    home = at.home
    values = [record.values for record in records_of(home)]
    home.engine.dispose()
    return [each["sha256"] for each in values if each.get("channel_id") == str(talk.id) and each.get("kind") == "file"]


def posts_of_comments(at: Desk, channel: Room, talk: Room) -> dict[str, str]:
    """Text of each comment -> number of the post, found by the values alone."""
    home = at.home
    of_talk = [record.values for record in records_of(home) if record.values.get("channel_id") == str(talk.id)]
    said = [values for values in of_talk if values.get("kind") == "message"]
    home.engine.dispose()
    roots: dict[str, str] = {}
    for values in said:
        content = join_content(values)
        for part in content.parts if isinstance(content.parts, tuple) else ():
            if part.kind == "saved_from" and getattr(part.fields.get("person"), "id", None) == f"channel{channel.id}":
                roots[str(values["message_id"])] = str(part.fields["message_id"])
    found = {}
    for values in said:
        content = join_content(values)
        parts = content.parts if isinstance(content.parts, tuple) else ()
        thread = next((part.fields["thread_id"] for part in parts if "thread_id" in part.fields), values["reply_to"])
        if thread is not None:
            found[str(values["text"])] = roots[str(thread)]
    return found


def test_comments_are_followed_under_the_channels_entry(at: Desk) -> None:
    channel, talk = channel_with_comments(at, "kanali")
    first, second = channel.post("post një"), channel.post("post dy")
    number = channel.comment(first, "koment A")
    channel.comment(second, "koment B")
    talk.post("përgjigje", reply_to=number)
    assert at.once().ended_by is None
    assert {"koment A", "koment B", "përgjigje"} <= set(texts_of(at, talk))
    assert posts_of_comments(at, channel, talk) == {
        "koment A": str(first), "koment B": str(second), "përgjigje": str(first),
    }  # fmt: skip
    home = at.home
    assert [each.channel for each in status(home).channels] == ["kanali", "kanali/comments"]
    assert completeness_of(home, "kanali/comments").channel_id == str(talk.id)
    assert completeness_of(home, "kanali/comments").observed == ((1, 5),)
    home.engine.dispose()
    talk.delete([number])
    channel.comment(first, "koment C")
    ran = at.once()
    assert [(each.name, each.counts.messages, each.counts.deletions) for each in ran.followings] == [
        ("kanali", 0, 0), ("kanali/comments", 1, 1),
    ]  # fmt: skip
    require_clean(at)


def test_a_group_that_the_register_names_itself_is_followed_once(at: Desk) -> None:
    channel, talk = channel_with_comments(at, "tjetri")
    talk.set_usernames("biseda")
    at.register("@biseda")
    channel.comment(channel.post("post"), "koment")
    for _each in range(2):
        assert at.once().ended_by is None
    assert texts_of(at, talk).count("koment") == 1
    home = at.home
    assert "tjetri/comments" not in {each.channel for each in status(home).channels if each.looked_at}
    home.engine.dispose()


def test_comments_in_a_hidden_group_are_asked_for_post_by_post(at: Desk) -> None:
    channel, talk = channel_with_comments(at, "e_mbyllur")
    talk.ban(at.accounts[0])
    quiet, loud = channel.post("pa komente"), channel.post("me komente")
    channel.comment(loud, "koment i fshehtë")
    ran = at.once()
    assert ran.ended_by is None
    assert quiet
    assert "koment i fshehtë" in texts_of(at, talk)
    assert posts_of_comments(at, channel, talk) == {"koment i fshehtë": str(loud)}
    home = at.home
    (state,) = [each.state for each in status(home).channels if each.channel == "e_mbyllur/comments"]
    assert state is ChannelState.PRIVATE
    assert HoleReason.BAN in {each.reason for each in completeness_of(home, "e_mbyllur/comments").gaps}
    home.engine.dispose()
    before = [call.name for call in at.telegram.calls].count("messages.getReplies")
    assert at.once().ended_by is None
    assert [call.name for call in at.telegram.calls].count("messages.getReplies") == before, "a round each hour"
    require_clean(at)


@pytest.mark.every(2)
@pytest.mark.parametrize("expired", [False, True])
def test_a_picture_in_a_hidden_group_is_fetched_through_its_post(at: Desk, *, expired: bool) -> None:
    channel, talk = channel_with_comments(at, f"foto_{expired}".lower())
    talk.ban(at.accounts[0])
    post, data = channel.post("me foto"), picture(31 + expired)
    talk.post_photo(data, "foto e fshehtë", reply_to=channel.discussion_of(post))
    channel.comment(post, "pas saj")
    if expired:
        at.telegram.faults.fail("upload.getFile", "FILE_REFERENCE_EXPIRED", code=400, times=1)
    assert at.once().ended_by is None
    assert digests_of(at, talk) == [hashlib.sha256(data).hexdigest()]
    require_clean(at)


def test_a_picture_in_a_hidden_group_that_an_earlier_run_did_not_fetch_is_fetched(at: Desk) -> None:
    channel, talk = channel_with_comments(at, "e_mbetur")
    talk.ban(at.accounts[0])
    post, data = channel.post("me foto"), picture(33)
    talk.post_photo(data, "foto e fshehtë", reply_to=channel.discussion_of(post))
    at.telegram.faults.fail("upload.getFile", "FLOOD_WAIT_3600", code=420, times=1)
    at.once()
    assert digests_of(at, talk) == []
    at.clock.pass_by(hours=2)
    assert at.once().ended_by is None
    assert digests_of(at, talk) == [hashlib.sha256(data).hexdigest()]
    require_clean(at)


def test_comments_that_cannot_be_read_are_a_hole_at_their_post(at: Desk) -> None:
    channel, talk = channel_with_comments(at, "e_palexuar")
    talk.ban(at.accounts[0])
    first, second = channel.post("një"), channel.post("dy")
    channel.comment(first, "i lexuar")
    at.telegram.faults.unknown_constructor(talk, channel.comment(second, "i palexuar"), inside="media")
    assert at.once().ended_by is None
    assert "i lexuar" in texts_of(at, talk)
    home = at.home
    of_channel = [each for each in completeness_of(home, "e_palexuar").gaps if each.lo is not None]
    home.engine.dispose()
    assert [(each.reason, each.lo) for each in of_channel] == [(HoleReason.UNSUPPORTED, second)]
    require_clean(at)


@pytest.mark.every(2)
@pytest.mark.parametrize("every", [False, True])
def test_a_comment_that_vanishes_from_a_hidden_group_is_missing(at: Desk, *, every: bool) -> None:
    name = f"e_zhdukur_{every}".lower()
    channel, talk = channel_with_comments(at, name)
    talk.ban(at.accounts[0])
    post, other = channel.post("një"), channel.post("dy")
    comments = [channel.comment(post, f"koment {number}") for number in range(3)]
    stays = channel.comment(other, "ende aty")
    assert at.once().ended_by is None
    talk.delete(comments if every else comments[1:2])
    for _round in range(2):
        at.clock.pass_by(hours=2)
        assert at.once().ended_by is None
    home = at.home
    found = completeness_of(home, f"{name}/comments")
    gone = [record.values for record in records_of(home) if record.values.get("kind") == "deletion"]
    home.engine.dispose()
    mine = [each["message_id"] for each in gone if each["channel_id"] == str(talk.id)]
    assert sorted(mine) == [str(number) for number in (comments if every else comments[1:2])]
    assert {each["action"] for each in gone if each["channel_id"] == str(talk.id)} == {"missing"}
    assert (found.deleted, stays not in range(found.missing[0][0], found.missing[-1][1] + 1)) == ((), True)
    require_clean(at)


def test_of_many_comments_only_those_in_sight_can_be_missed(at: Desk) -> None:
    channel, talk = channel_with_comments(at, "e_gjate")
    talk.ban(at.accounts[0])
    post = channel.post("një")
    first = [channel.comment(post, f"koment {number}") for number in range(98)]
    assert at.once().ended_by is None
    later = [channel.comment(post, f"më vonë {number}") for number in range(5)]
    talk.delete([first[0], first[50]])
    at.clock.pass_by(hours=2)
    assert at.once().ended_by is None
    home = at.home
    found = completeness_of(home, "e_gjate/comments")
    home.engine.dispose()
    assert later
    # 101 are left, and 100 are shown: whether the oldest that is not shown is there, nobody can say
    assert found.missing == ((first[50], first[50]),)
