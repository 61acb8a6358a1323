"""Messages that are asked for: pages of history and replies, messages by number, discussion roots, topics."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence

from telethon.tl import functions, types

from monitor.rehearsal.telegram.paging import MAX_PAGE, Window
from monitor.rehearsal.telegram.refusals import bad
from monitor.rehearsal.telegram.requests.caller import Answers, Caller
from monitor.rehearsal.telegram.rooms import Room
from monitor.rehearsal.telegram.shown import NOTHING_READ
from monitor.rehearsal.telegram.wire import Tl


def get_history(caller: Caller, request: Tl) -> Tl:
    """The loopback server's answer: a page of history."""
    room = caller.peer(request.peer)
    return _page(caller, room, _until(room, request), Window.of(request))


def get_replies(caller: Caller, request: Tl) -> Tl:
    """The loopback server's answer: a page of comments on a channel's post, or of replies in a group.

    The replies are those of a thread or a topic.
    """
    room = caller.peer(request.peer)
    if not room.is_there(request.msg_id):
        raise bad("MSG_ID_INVALID")
    thread = request.msg_id
    if room.broadcast:
        thread, room = _discussion(room, request.msg_id)
    return _page(caller, room, room.threads.get(thread, []), Window.of(request))


def get_channel_messages(caller: Caller, request: Tl) -> Tl:
    """The loopback server's answer: messages of a channel by number."""
    room = caller.channel(request.channel)
    return _named(caller, room, _wanted(request))


def get_messages(caller: Caller, request: Tl) -> Tl:
    """The loopback server's answer: messages of the account's box by number: those of its basic groups."""
    chats = [chat for chat in caller.world.chats.values() if caller.account in chat.joined]
    found: list[Tl] = []
    posts = []
    for number in _wanted(request):
        room = next((chat for chat in chats if chat.is_there(number)), None)
        posts += [room.posts[number]] if room is not None else []
        found += (
            caller.view.messages([room.posts[number]])
            if room is not None
            else [types.MessageEmpty(id=number, peer_id=None)]
        )
    users = [caller.view.user(user) for user in caller.world.users()]
    return types.messages.Messages(messages=found, topics=[], chats=[caller.view.room(c) for c in chats], users=users)


def get_discussion_message(caller: Caller, request: Tl) -> Tl:
    """The loopback server's answer: the message in the discussion group that the comments on a post hang below."""
    room = caller.peer(request.peer)
    if not room.broadcast or not room.is_there(request.msg_id):
        raise bad("MSG_ID_INVALID")
    number, group = _discussion(room, request.msg_id)
    replies = group.threads.get(number, [])
    around = caller.view.around(room, [])
    there = caller.view.around(group, [group.posts[number]])
    return types.messages.DiscussionMessage(
        messages=caller.view.messages([group.posts[number]]),
        unread_count=len(replies),
        max_id=replies[-1] if replies else None,
        chats=[*around["chats"], *there["chats"]],
        users=there["users"],
    )


def get_forum_topics(caller: Caller, request: Tl) -> Tl:
    """The loopback server's answer: topics of a forum, newest first."""
    room = caller.peer(request.peer)
    if not room.forum:
        raise bad("CHANNEL_FORUM_MISSING")
    later = request.offset_topic or request.offset_id
    topics = [each for each in sorted(room.topics, reverse=True) if not later or each < later]
    return _topics(caller, room, topics[: max(0, min(request.limit, MAX_PAGE))])


def get_forum_topics_by_id(caller: Caller, request: Tl) -> Tl:
    """The loopback server's answer: topics of a forum by number."""
    room = caller.peer(request.peer)
    if not room.forum:
        raise bad("CHANNEL_FORUM_MISSING")
    return _topics(caller, room, request.topics)


def _until(room: Room, request: Tl) -> Sequence[int]:
    """The numbers before ``offset_date``, where it is given without an ``offset_id``."""
    if request.offset_date is None or request.offset_id or not request.offset_date.timestamp():
        return room.numbers
    end = bisect_left(room.numbers, request.offset_date, key=lambda number: room.posts[number].described.date)
    return room.numbers[:end]


def _discussion(room: Room, number: int) -> tuple[int, Room]:
    if room.linked is None:
        raise bad("MSG_ID_INVALID")
    try:
        return room.discussion_of(number), room.linked
    except ValueError:
        raise bad("MSG_ID_INVALID") from None


def _page(caller: Caller, room: Room, numbers: Sequence[int], window: Window) -> Tl:
    shown = numbers[bisect_right(numbers, room.hidden_from(caller.account)) :]
    posts = [room.posts[number] for number in window.page(shown)]
    answer = {"messages": caller.view.messages(posts), "topics": [], **caller.view.around(room, posts)}
    if room.basic:
        return types.messages.MessagesSlice(count=len(numbers), **answer)
    return types.messages.ChannelMessages(pts=room.pts, count=len(shown), **answer)


def _wanted(request: Tl) -> list[int]:
    if len(request.id) > MAX_PAGE:
        raise bad("MESSAGE_IDS_EMPTY")
    return [each.id for each in request.id if isinstance(each, types.InputMessageID)]


def _named(caller: Caller, room: Room, numbers: Iterable[int]) -> Tl:
    hidden = room.hidden_from(caller.account)
    posts = {number: room.posts[number] for number in numbers if number > hidden and room.is_there(number)}
    found = [
        caller.view.messages([posts[number]])[0] if number in posts else types.MessageEmpty(id=number, peer_id=None)
        for number in numbers
    ]
    around = caller.view.around(room, posts.values())
    return types.messages.ChannelMessages(pts=room.pts, count=len(found), messages=found, topics=[], **around)


def _topics(caller: Caller, room: Room, numbers: Iterable[int]) -> Tl:
    there = [number for number in numbers if room.is_there(number)]
    posts = [room.posts[number] for number in there]
    topics = [_topic(room, number) if number in there else types.ForumTopicDeleted(number) for number in numbers]
    around = caller.view.around(room, posts)
    messages = caller.view.messages(posts)
    return types.messages.ForumTopics(count=len(room.topics), topics=topics, messages=messages, pts=room.pts, **around)


def _topic(room: Room, number: int) -> Tl:
    opened, inside = room.posts[number].described, room.threads.get(number, [])
    return types.ForumTopic(
        id=number,
        date=opened.date,
        peer=room.peer,
        title=room.topics[number],
        icon_color=opened.action.icon_color,
        top_message=inside[-1] if inside else number,
        **NOTHING_READ,
        from_id=opened.from_id or room.peer,
        notify_settings=types.PeerNotifySettings(),
    )


ANSWERS: Answers = {
    functions.messages.GetHistoryRequest: get_history,
    functions.messages.GetRepliesRequest: get_replies,
    functions.messages.GetMessagesRequest: get_messages,
    functions.channels.GetMessagesRequest: get_channel_messages,
    functions.messages.GetDiscussionMessageRequest: get_discussion_message,
    functions.messages.GetForumTopicsRequest: get_forum_topics,
    functions.messages.GetForumTopicsByIDRequest: get_forum_topics_by_id,
}
