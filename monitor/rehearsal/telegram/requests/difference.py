"""Updates: the account's state, and what happened since some pts (core.telegram.org/api/updates).

A difference holds messages as they read now: one that was posted and edited since comes once, and one that was posted
and deleted since comes only as a deletion. Edits and deletions carry their own pts. LIMIT: what Telegram's servers put
into ``other_updates``, and with which pts, cannot be known offline.
"""

from telethon.tl import functions, types

from monitor.rehearsal.telegram.refusals import bad
from monitor.rehearsal.telegram.requests.caller import Answers, Caller
from monitor.rehearsal.telegram.rooms import DELETE, NEW, Event, Room
from monitor.rehearsal.telegram.shown import dialog_of
from monitor.rehearsal.telegram.wire import Tl

_MOST = 100
_TIMEOUT_S = 30
_LATEST = 20


def get_state(caller: Caller, _: Tl) -> Tl:
    """The loopback server's answer: the state of the account's box; channels have their own."""
    return types.updates.State(pts=caller.account.pts, qts=0, date=caller.world.now(), seq=1, unread_count=0)


def get_difference(caller: Caller, request: Tl) -> Tl:
    """The loopback server's answer: what happened in the account's box: its basic groups."""
    later = [update for pts, update in caller.account.log if pts > request.pts]
    if not later:
        return types.updates.DifferenceEmpty(caller.world.now(), 1)
    chats = [caller.view.room(chat) for chat in caller.world.chats.values() if caller.account in chat.joined]
    users = [caller.view.user(user) for user in caller.world.users()]
    return types.updates.Difference([], [], later, chats, users, get_state(caller, request))


def get_channel_difference(caller: Caller, request: Tl) -> Tl:
    """The loopback server's answer: what happened in a channel, joined or open to everybody."""
    room = caller.channel(request.channel)
    if request.pts <= 0 or request.pts > room.pts:
        raise bad("PERSISTENT_TIMESTAMP_EMPTY" if request.pts == 0 else "PERSISTENT_TIMESTAMP_INVALID")
    if request.limit <= 0:
        raise bad("LIMIT_INVALID")
    hidden = room.hidden_from(caller.account)
    events = [event for event in room.events_after(request.pts) if max(event.numbers) > hidden]
    if not events:
        return types.updates.ChannelDifferenceEmpty(pts=room.pts, final=True, timeout=_TIMEOUT_S)
    if len(events) > room.difference_limit:
        return _too_long(caller, room)
    taken = events[: min(request.limit, _MOST)]
    return _difference(caller, room, taken, final=len(taken) == len(events))


def _difference(caller: Caller, room: Room, events: list[Event], *, final: bool) -> Tl:
    fresh = {event.numbers[0] for event in events if event.kind == NEW}
    posts = [room.posts[number] for number in sorted(fresh) if room.is_there(number)]
    others = _last_of_each([event for event in events if event.kind != NEW], fresh, room)
    named = posts + [room.posts[number] for event in others for number in event.numbers]
    return types.updates.ChannelDifference(
        pts=events[-1].pts,
        new_messages=caller.view.messages(posts),
        other_updates=[caller.view.update(room, event) for event in others],
        final=final or None,
        timeout=_TIMEOUT_S if final else None,
        **caller.view.around(room, named),
    )


def _last_of_each(events: list[Event], fresh: set[int], room: Room) -> list[Event]:
    """Deletions, and the last edit of each message that is there and was not posted in this same difference."""
    last = {event.numbers[0]: event.pts for event in events if event.kind != DELETE}
    return [
        event
        for event in events
        if event.kind == DELETE
        or (last[event.numbers[0]] == event.pts and event.numbers[0] not in fresh and room.is_there(event.numbers[0]))
    ]


def _too_long(caller: Caller, room: Room) -> Tl:
    posts = [room.posts[number] for number in room.numbers[-_LATEST:][::-1]]
    messages = caller.view.messages(posts)
    return types.updates.ChannelDifferenceTooLong(
        dialog=dialog_of(room), messages=messages, final=True, timeout=_TIMEOUT_S, **caller.view.around(room, posts)
    )


ANSWERS: Answers = {
    functions.updates.GetStateRequest: get_state,
    functions.updates.GetDifferenceRequest: get_difference,
    functions.updates.GetChannelDifferenceRequest: get_channel_difference,
}
