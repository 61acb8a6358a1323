"""Pages of history as Telethon iterates over them, comments, topics, and messages by number."""

import pytest
from telethon.errors import ChannelForumMissingError, MsgIdInvalidError
from telethon.tl import functions, types

from monitor.rehearsal.telegram.rooms import Room
from tests.monitor.rehearsal.telegram.conftest import Reader


def walked(reader: Reader, room: Room, **options: object) -> list[int]:
    async def walk(client) -> list[int]:  # noqa: ANN001
        return [each.id async for each in client.iter_messages(reader.peer(room), wait_time=0, **options)]

    found: list[int] = reader.ask(walk)
    return found


@pytest.mark.parametrize(
    "options",
    [{}, {"reverse": True}, {"min_id": 100, "reverse": True}, {"max_id": 120}, {"offset_id": 50, "limit": 20}],
    ids=str,
)
def test_telethon_walks_through_everything_that_is_there(
    reader: Reader, group: Room, options: dict[str, object]
) -> None:
    for number in range(250):
        group.post(f"{number}")
    group.delete(range(3, 240, 7))
    low, high = options.get("min_id", 0), options.get("max_id", 0) or options.get("offset_id", 0) or 999
    expected = [number for number in group.numbers if low < number < high]  # type: ignore[operator]
    walk = expected if options.get("reverse") else expected[::-1]
    assert walked(reader, group, **options) == walk[: options.get("limit", 999)]  # type: ignore[misc]


def test_a_page_begins_before_a_date(reader: Reader, group: Room) -> None:
    now = reader.telegram.world.now()
    for days in range(5):
        group.post("x", at=now.replace(year=2020 + days))
    assert walked(reader, group, offset_date=now.replace(year=2022)) == [2, 1]


def test_missing_messages_are_empty(reader: Reader, group: Room) -> None:
    there, gone = group.post("there"), group.post("gone")
    group.delete([gone])
    wanted = [types.InputMessageID(number) for number in (there, gone, 99)]
    found = reader.request(functions.channels.GetMessagesRequest(reader.channel(group), wanted)).messages
    assert [(type(each).__name__, each.id) for each in found] == [
        ("Message", there),
        ("MessageEmpty", gone),
        ("MessageEmpty", 99),
    ]


def test_hidden_history_is_shown_in_no_page_by_no_number_and_in_no_difference(reader: Reader, group: Room) -> None:
    hidden, edited = group.post("hidden"), group.post("hidden, and edited")
    shown = group.post("shown")
    group.hide_history(reader.account, edited)
    group.edit(edited, text="changed")
    assert walked(reader, group) == [shown]
    wanted = [types.InputMessageID(number) for number in (hidden, shown)]
    found = reader.request(functions.channels.GetMessagesRequest(reader.channel(group), wanted)).messages
    assert [type(each).__name__ for each in found] == ["MessageEmpty", "Message"]
    full = reader.request(functions.channels.GetFullChannelRequest(reader.channel(group))).full_chat
    assert full.available_min_id == edited
    asked = functions.updates.GetChannelDifferenceRequest(
        reader.channel(group), types.ChannelMessagesFilterEmpty(), 1, 100, force=False
    )
    said = reader.request(asked)
    assert ([each.id for each in said.new_messages], said.other_updates) == ([shown], [])


def test_comments_are_read_through_the_channel(reader: Reader) -> None:
    world = reader.telegram.world
    discussion = world.add_channel("Discussion")
    channel = world.add_channel("Channel", username="with_comments", broadcast=True, linked=discussion)
    number = channel.post("news")
    comments = [channel.comment(number, f"comment {each}") for each in range(120)]
    discussion.post("not below it")
    assert walked(reader, channel, reply_to=number) == comments[::-1]
    root = reader.request(functions.messages.GetDiscussionMessageRequest(reader.peer(channel), number))
    assert (root.messages[0].id, root.max_id) == (channel.discussion_of(number), comments[-1])
    with pytest.raises(MsgIdInvalidError):
        reader.request(functions.messages.GetDiscussionMessageRequest(reader.peer(channel), 99))


def test_topics_are_listed_and_read_one_by_one(reader: Reader, group: Room) -> None:
    world = reader.telegram.world
    forum = world.add_channel("Forum", username="forum_of_weather", forum=True)
    snow, rain = forum.add_topic("Snow"), forum.add_topic("Rain")
    inside = [forum.post("deep", topic=snow), forum.post("deeper", topic=snow)]
    forum.post("wet", topic=rain)
    listed = reader.request(functions.messages.GetForumTopicsRequest(reader.peer(forum), None, 0, 0, 10))
    assert [(topic.id, topic.title, topic.top_message) for topic in listed.topics] == [
        (rain, "Rain", inside[-1] + 1),
        (snow, "Snow", inside[-1]),
    ]
    named = reader.request(functions.messages.GetForumTopicsByIDRequest(reader.peer(forum), [snow, 99]))
    assert [type(topic).__name__ for topic in named.topics] == ["ForumTopic", "ForumTopicDeleted"]
    assert walked(reader, forum, reply_to=snow) == inside[::-1]
    with pytest.raises(ChannelForumMissingError):
        reader.request(functions.messages.GetForumTopicsRequest(reader.peer(group), None, 0, 0, 10))


def test_messages_of_a_basic_group_are_found_by_number_and_by_history(newcomer) -> None:  # noqa: ANN001
    member = newcomer()
    chat = member.telegram.world.add_chat("Small", members=(member.account,))
    number = chat.post("one")
    found = member.request(
        functions.messages.GetMessagesRequest([types.InputMessageID(number), types.InputMessageID(0)])
    )
    assert [type(each).__name__ for each in found.messages] == ["Message", "MessageEmpty"]
    peer = types.InputPeerChat(chat.id)
    page = member.request(functions.messages.GetHistoryRequest(peer, 0, None, 0, 10, 0, 0, 0))
    assert [each.message for each in page.messages] == ["one"]
