"""Differences hold what happened since, in its newest form, with its own pts; or say that it is too much."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from telethon.errors import ChannelPrivateError, PersistentTimestampInvalidError
from telethon.extensions import BinaryReader
from telethon.tl import functions, types

from monitor.rehearsal.telegram.accounts import KnownKey
from monitor.rehearsal.telegram.handshake import AgreedKey
from monitor.rehearsal.telegram.requests.caller import Caller
from monitor.rehearsal.telegram.requests.difference import get_channel_difference
from monitor.rehearsal.telegram.rooms import Room
from tests.monitor.rehearsal.telegram.conftest import Reader


def asked_for(reader: Reader, room: Room, pts: int, limit: int = 100) -> functions.updates.GetChannelDifferenceRequest:
    return functions.updates.GetChannelDifferenceRequest(
        reader.channel(room), types.ChannelMessagesFilterEmpty(), pts, limit
    )


def test_a_difference_has_posts_edits_and_deletions_with_their_pts(reader: Reader, group: Room) -> None:
    old, gone = group.post("old"), group.post("gone")
    pts = group.pts
    fresh, brief = group.post("fresh"), group.post("brief")
    group.edit(old, text="old, changed")
    group.edit(fresh, text="fresh, changed")
    group.delete([gone, brief])
    difference = reader.request(asked_for(reader, group, pts))
    assert [(message.id, message.message) for message in difference.new_messages] == [(fresh, "fresh, changed")]
    edit, deletion = difference.other_updates
    assert (edit.message.id, edit.message.message, edit.pts) == (old, "old, changed", pts + 3)
    assert (deletion.messages, deletion.pts, deletion.pts_count) == ([gone, brief], pts + 6, 2)
    assert (difference.pts, difference.final) == (group.pts, True)


def test_nothing_new_is_empty_and_too_much_is_said(reader: Reader, group: Room) -> None:
    group.set_limit(5)
    for number in range(6):
        group.post(f"{number}")
    assert isinstance(reader.request(asked_for(reader, group, group.pts)), types.updates.ChannelDifferenceEmpty)
    assert isinstance(reader.request(asked_for(reader, group, 2)), types.updates.ChannelDifference)
    too_long = reader.request(asked_for(reader, group, 1))
    assert isinstance(too_long, types.updates.ChannelDifferenceTooLong)
    assert (too_long.dialog.pts, too_long.dialog.top_message, too_long.messages[0].id) == (group.pts, 6, 6)


def test_a_pts_of_the_future_or_of_never_is_refused(reader: Reader, group: Room) -> None:
    with pytest.raises(PersistentTimestampInvalidError):
        reader.request(asked_for(reader, group, group.pts + 1))
    with pytest.raises(PersistentTimestampInvalidError):
        reader.request(asked_for(reader, group, -1))


def test_whoever_is_banned_gets_no_difference(reader: Reader, group: Room) -> None:
    group.ban(reader.account)
    with pytest.raises(ChannelPrivateError):
        reader.request(asked_for(reader, group, 1))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    acts=st.lists(st.tuples(st.sampled_from("ped"), st.integers(0, 30)), max_size=25),
    limit=st.integers(1, 7),
)
def test_whoever_follows_the_differences_knows_what_is_there(
    reader: Reader, acts: list[tuple[str, int]], limit: int
) -> None:
    """A follower that applies every slice ends with the messages and texts that the room has."""
    room = reader.telegram.world.add_channel("Drawn", username=f"drawn_{len(reader.telegram.world.rooms)}")
    caller = Caller(reader.telegram.world, KnownKey(AgreedKey(bytes(256), 0), 2, reader.account), 2, ())
    for act, which in acts:
        do(room, act, which)
    held, pts = followed(caller, asked_for(reader, room, 1, limit))
    assert held == {number: room.posts[number].described.message for number in room.numbers}
    assert pts == room.pts


def do(room: Room, act: str, which: int) -> None:
    there = room.numbers[which % len(room.numbers)] if room.numbers else 0
    if act == "p" or not there:
        room.post(f"text {room.pts}")
    elif act == "e":
        room.edit(there, text=f"text {room.pts}")
    else:
        room.delete([there])


def followed(caller: Caller, request: functions.updates.GetChannelDifferenceRequest) -> tuple[dict[int, str], int]:
    held: dict[int, str] = {}
    while True:
        answer = read_back(get_channel_difference(caller, request))
        request.pts = answer.pts
        if isinstance(answer, types.updates.ChannelDifferenceEmpty):
            return held, answer.pts
        apply(held, answer)


def apply(held: dict[int, str], answer: types.updates.ChannelDifference) -> None:
    held.update({message.id: message.message for message in answer.new_messages})
    for update in answer.other_updates:
        if isinstance(update, types.UpdateDeleteChannelMessages):
            for number in update.messages:
                held.pop(number, None)
        else:
            held[update.message.id] = update.message.message


def read_back(answer: object) -> types.updates.ChannelDifference:
    return BinaryReader(bytes(answer)).tgread_object()


def test_the_box_has_the_messages_of_basic_groups(newcomer) -> None:  # noqa: ANN001
    member = newcomer()
    chat = member.telegram.world.add_chat("Small", members=(member.account,))
    state = member.request(functions.updates.GetStateRequest())
    asking = functions.updates.GetDifferenceRequest(state.pts, state.date, 0)
    assert isinstance(member.request(asking), types.updates.DifferenceEmpty)
    chat.post("one")
    difference = member.request(asking)
    assert [update.message.message for update in difference.other_updates] == ["one"]
    assert difference.state.pts == state.pts + 1
