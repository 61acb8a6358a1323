"""Rooms count their events, thread their replies, and keep the truth of every message."""

import pytest
from telethon.tl import types

from monitor.rehearsal.telegram.posts import INSIDE
from monitor.rehearsal.telegram.rooms import DELETE, EDIT, NEW, Room
from monitor.rehearsal.telegram.serve import LoopbackTelegram


def test_posts_edits_and_deletions_raise_the_count_of_events(group: Room) -> None:
    first, second = group.post("one"), group.post("two")
    group.edit(first, text="changed")
    group.delete([first, second, 99])
    assert group.pts == 6
    assert [(event.kind, event.numbers, event.pts) for event in group.events] == [
        (NEW, (1,), 2),
        (NEW, (2,), 3),
        (EDIT, (1,), 4),
        (DELETE, (1, 2), 6),
    ]
    assert group.events_after(4) == group.events[3:]
    assert group.numbers == []


def test_the_truth_has_every_version_and_the_deletion(group: Room) -> None:
    number = group.post("one")
    group.edit(number, text="two")
    group.delete([number])
    [truth] = group.truth()
    assert [version.text for version in truth.versions] == ["one", "two"]
    assert truth.deleted_pts == group.pts
    assert truth.deleted_at is not None


def test_what_is_gone_cannot_be_edited(group: Room) -> None:
    number = group.post("one")
    group.delete([number])
    with pytest.raises(ValueError, match="that is there"):
        group.edit(number, text="two")


def test_replies_stand_in_the_thread_of_the_first_message(group: Room) -> None:
    root = group.post("root")
    first = group.post("reply", reply_to=root)
    second = group.post("reply to the reply", reply_to=first)
    assert group.threads[root] == [first, second]
    assert group.posts[root].described.replies.replies == 2
    header = group.posts[second].described.reply_to
    assert (header.reply_to_msg_id, header.reply_to_top_id) == (first, root)


def test_a_post_of_a_channel_becomes_the_root_of_its_comments(telegram: LoopbackTelegram) -> None:
    discussion = telegram.world.add_channel("Discussion")
    channel = telegram.world.add_channel("Channel", broadcast=True, linked=discussion)
    number = channel.post("news")
    comment = channel.comment(number, "a comment")
    assert discussion.posts[comment].thread == channel.discussion_of(number)
    assert channel.posts[number].described.replies.replies == 1
    assert discussion.posts[channel.discussion_of(number)].described.fwd_from.channel_post == number
    discussion.delete([comment])
    assert channel.posts[number].described.replies.replies == 0


def test_albums_topics_and_forwards_have_the_fields_of_tl(telegram: LoopbackTelegram) -> None:
    forum = telegram.world.add_channel("Forum", forum=True)
    topic = forum.add_topic("Snow")
    forward = types.MessageFwdHeader(date=telegram.world.now(), from_name="Sova")
    message = forum.posts[forum.post("x", topic=topic, album=77, forward=forward)].described
    assert (message.grouped_id, message.fwd_from) == (77, forward)
    assert message.reply_to.forum_topic
    assert message.reply_to.reply_to_msg_id == topic


def test_counters_are_no_events(group: Room) -> None:
    poll = types.Poll(1, types.TextWithEntities("?", []), [], 0)
    number = group.post("x", media=types.MessageMediaPoll(poll, types.PollResults()))
    before = group.pts
    group.react(number, "👍", 3)
    group.view(number, by=5)
    group.vote(number, b"1", 2)
    message = group.posts[number].described
    assert group.pts == before
    assert (message.views, message.reactions.results[0].count, message.media.results.total_voters) == (5, 3, 2)
    group.react(number, "👍", 0)
    assert message.reactions.results == []


def test_only_known_places_can_be_garbled(group: Room) -> None:
    number = group.post("x")
    with pytest.raises(ValueError, match=INSIDE[0]):
        group.garble(number, inside="nowhere")


def test_a_basic_group_counts_in_the_box_of_its_members(telegram: LoopbackTelegram, phone: str) -> None:
    account = telegram.world.add_account(phone)
    chat = telegram.world.add_chat("Small", members=(account,))
    first = chat.post("one")
    chat.delete([first])
    assert account.pts == 3
    assert [type(update) for _, update in account.log] == [types.UpdateNewMessage, types.UpdateDeleteMessages]
