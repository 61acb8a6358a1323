"""What changes without an edit: views, reactions, polls, unlocked media, and rich messages in full."""

from telethon.tl import functions, types

from monitor.rehearsal.telegram.posts import Post
from monitor.rehearsal.telegram.refusals import bad
from monitor.rehearsal.telegram.requests.caller import Answers, Caller
from monitor.rehearsal.telegram.rooms import Room
from monitor.rehearsal.telegram.wire import Tl


def get_views(caller: Caller, request: Tl) -> Tl:
    """The loopback server's answer: views, forwards and replies; asking raises the views when it says so."""
    room = caller.peer(request.peer)
    views = []
    for number in request.id:
        if not room.is_there(number):
            views.append(types.MessageViews())
            continue
        if request.increment:
            room.view(number)
        message = room.posts[number].described
        seen = {name: getattr(message, name, None) for name in ("views", "forwards", "replies")}
        views.append(types.MessageViews(**seen))
    return types.messages.MessageViews(views=views, **caller.view.around(room, []))


def get_reactions(caller: Caller, request: Tl) -> Tl:
    """The loopback server's answer: the reactions of messages, as updates."""
    room = caller.peer(request.peer)
    updates = [
        types.UpdateMessageReactions(peer=room.peer, msg_id=number, reactions=_reactions(room.posts[number]))
        for number in request.id
        if room.is_there(number)
    ]
    return types.Updates(updates=updates, date=caller.world.now(), seq=0, **caller.view.around(room, []))


def get_poll_results(caller: Caller, request: Tl) -> Tl:
    """The loopback server's answer: the results of a poll, as an update."""
    room, media = _of(caller, request.peer, request.msg_id)
    if not isinstance(media, types.MessageMediaPoll):
        raise bad("MESSAGE_ID_INVALID")
    update = types.UpdateMessagePoll(
        poll_id=media.poll.id, results=media.results, peer=room.peer, msg_id=request.msg_id, poll=media.poll
    )
    return types.Updates(updates=[update], date=caller.world.now(), seq=0, **caller.view.around(room, []))


def get_rich_message(caller: Caller, request: Tl) -> Tl:
    """The loopback server's answer: a message whose rich text came in part, in full."""
    room = caller.peer(request.peer)
    if not room.is_there(request.id) or getattr(room.posts[request.id].described, "rich_message", None) is None:
        raise bad("MESSAGE_ID_INVALID")
    post = room.posts[request.id]
    around = caller.view.around(room, [post])
    messages = [post.whole()]
    return types.messages.ChannelMessages(pts=room.pts, count=1, messages=messages, topics=[], **around)


def _of(caller: Caller, peer: Tl, number: int) -> tuple[Room, Tl]:
    room = caller.peer(peer)
    if not room.is_there(number):
        raise bad("MESSAGE_ID_INVALID")
    return room, getattr(room.posts[number].described, "media", None)


def _reactions(post: Post) -> Tl:
    return getattr(post.described, "reactions", None) or types.MessageReactions(results=[])


ANSWERS: Answers = {
    functions.messages.GetMessagesViewsRequest: get_views,
    functions.messages.GetMessagesReactionsRequest: get_reactions,
    functions.messages.GetPollResultsRequest: get_poll_results,
    functions.messages.GetRichMessageRequest: get_rich_message,
}
