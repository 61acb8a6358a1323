"""Counters are asked for without raising them."""

import pytest
from telethon.errors import MessageIdInvalidError
from telethon.tl import functions, types

from monitor.rehearsal.telegram.rooms import Room
from tests.monitor.rehearsal.telegram.conftest import Reader


def test_views_are_read_and_only_raised_when_asked_to(reader: Reader, group: Room) -> None:
    number = group.post("x")
    group.view(number, by=7)
    for increment, expected in ((False, 7), (False, 7), (True, 8)):
        asking = functions.messages.GetMessagesViewsRequest(reader.peer(group), [number, 99], increment)
        views = reader.request(asking).views
        assert (views[0].views, views[1].views) == (expected, None)


def test_reactions_come_as_updates(reader: Reader, group: Room) -> None:
    number, quiet = group.post("x"), group.post("y")
    group.react(number, "👍", 3)
    asking = functions.messages.GetMessagesReactionsRequest(reader.peer(group), [number, quiet, 99])
    found = {update.msg_id: update.reactions.results for update in reader.request(asking).updates}
    assert {number: [3], quiet: []} == {key: [each.count for each in results] for key, results in found.items()}


def test_a_poll_tells_its_votes(reader: Reader, group: Room) -> None:
    answers = [types.PollAnswer(types.TextWithEntities(text, []), text.encode()) for text in ("sun", "rain")]
    poll = types.Poll(1, types.TextWithEntities("Tomorrow?", []), answers, 0)
    number = group.post(media=types.MessageMediaPoll(poll, types.PollResults()))
    group.vote(number, b"sun", 4)
    group.vote(number, b"rain", 1)
    [update] = reader.request(functions.messages.GetPollResultsRequest(reader.peer(group), number, 0)).updates
    assert {each.option: each.voters for each in update.results.results} == {b"sun": 4, b"rain": 1}
    with pytest.raises(MessageIdInvalidError):
        reader.request(functions.messages.GetPollResultsRequest(reader.peer(group), group.post("x"), 0))


def test_a_rich_message_comes_in_full(reader: Reader, group: Room) -> None:
    photo = reader.telegram.world.add_photo(b"\xff\xd8picture")
    number = group.post("x", rich_message=types.RichMessage(blocks=[], photos=[photo], documents=[]))
    found = reader.request(functions.messages.GetRichMessageRequest(reader.peer(group), number))
    assert found.messages[0].rich_message.photos[0].id == photo.id
    with pytest.raises(MessageIdInvalidError):
        reader.request(functions.messages.GetRichMessageRequest(reader.peer(group), group.post("plain")))


def test_a_long_rich_message_shows_its_beginning_until_all_of_it_is_asked_for(reader: Reader, group: Room) -> None:
    blocks = [types.PageBlockParagraph(types.TextPlain(words)) for words in ("one", "two", "three")]
    number = group.post(rich_message=types.RichMessage(blocks=blocks, photos=[], documents=[]))
    group.cut_short(number, blocks=1)
    asked = functions.channels.GetMessagesRequest(reader.channel(group), [types.InputMessageID(number)])
    shown = reader.request(asked).messages[0].rich_message
    whole = reader.request(functions.messages.GetRichMessageRequest(reader.peer(group), number)).messages[0]
    assert (shown.part, len(shown.blocks)) == (True, 1)
    assert (bool(whole.rich_message.part), len(whole.rich_message.blocks)) == (False, 3)
