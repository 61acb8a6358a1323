"""Follows the comments on a channel's posts: the group linked to it, under the channel's own register entry.

The group is a channel of its own, with its own cursor, standing and completeness, named NAME/comments. A comment
replies to the group's copy of a post, and that copy names channel and post; so each comment says which post it is on.

If the group cannot be seen, that is a hole of its own, and the comments are asked for through the posts, newest first,
a few posts at each look. One that is then no longer among them is missing; nobody tells of a deletion. Comments on
older posts, and all but the newest of a post, are not seen again.

    task  thread  GROUP_ID/POST   the comments that were on a post when it was last asked for them (JSON, numbers)
"""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from telethon.tl import functions, types

from evidence.observation import Gone, Hole, HoleReason, Observation
from evidence.store import task
from evidence.store.database import reading
from evidence.times import is_due
from monitor.errors import ChannelError, ChannelState, RequestError, UnknownConstructorError
from monitor.telegram.anew import CommentedPost
from monitor.telegram.follow import PAGE, Following, named_in
from monitor.telegram.peers import Peers
from monitor.telegram.reply import Received
from monitor.telegram.standing import Standing, known_below, name_of_comments

THREAD = "thread"
POSTS = 20
"""For how many posts one round asks for the comments, if their group cannot be seen."""
EVERY = timedelta(hours=1)
"""The shortest time from one such round to the next."""
_NO_NUMBER = (1 << 31) - 1


class Comments(Following):
    """The comments on the posts of one channel.

    Args:
        channel: The channel whose posts are commented on.
        standing: As it was left; its number is that of the linked group.
    """

    def __init__(self, channel: Following, standing: Standing) -> None:
        super().__init__(channel.way, channel.entry, channel.watched.provenance, standing)
        self._of = channel
        self._below = 0
        self._rooted: set[int] = set()

    @property
    def name(self) -> str:
        """The name under which its standing is kept and shown."""
        return name_of_comments(self.entry.channel)

    def step(self) -> bool:
        """Ask once and keep the answer; through the posts, if the group itself cannot be seen."""
        if self._below:
            return self._post_by_post()
        try:
            return super().step()
        except ChannelError as error:
            if error.state is not ChannelState.PRIVATE or not self._round_is_due():
                raise
            self._keep_standing(replace(self.standing, round_at=self._way.clock()))
            self._below = _NO_NUMBER
            return True

    @property
    def is_behind(self) -> bool:
        """Whether there is something to ask for now."""
        return bool(self._below) or super().is_behind

    @property
    def wants_news(self) -> bool:
        """Whether to ask what is new; a round through the posts waits until the new posts are known."""
        return not self._below and super().wants_news

    def _round_is_due(self) -> bool:
        at = self.standing.round_at
        return at is None or is_due(at, EVERY, self._way.clock())

    def find(self) -> None:
        """Find the group by what its channel says about itself."""
        of = self._of.input_channel()
        if of is None:
            raise ChannelError.unseen(ChannelState.PRIVATE, "NO_ACCESS_HASH")
        full = self._ask(functions.channels.GetFullChannelRequest(of)).said
        group = next((chat for chat in full.chats if chat.id == self.standing.channel_id), None)
        if not isinstance(group, types.Channel) or full.full_chat.linked_chat_id != group.id:
            raise ChannelError.unseen(ChannelState.PRIVATE, "NO_LINKED_CHAT")
        self._way.session.meet(group)
        self._way.save(self._way.session)

    # Through the posts

    def _post_by_post(self) -> bool:
        """Ask for the newest comments on the next of the newest posts."""
        of, number = self._of.input_channel(), self._next_post()
        if of is None or number is None:
            self._below = 0
            self._forget_threads()
            return False
        self._below = number
        try:
            self._comments_on(types.InputPeerChannel(of.channel_id, of.access_hash), number)
        except (RequestError, ChannelError):  # a post without comments is refused too
            return True
        except UnknownConstructorError as error:
            self._keep_unread(of.channel_id, number, error)
        return True

    def _keep_unread(self, channel_id: int, number: int, error: UnknownConstructorError) -> None:
        """Record, at the post itself, that its comments could not be read: nobody knows their numbers."""
        what = f"comments: {named_in(error)}"
        hole = Hole(str(channel_id), HoleReason.UNSUPPORTED, self._way.clock(), number, number, what)
        self._take(None, [hole], self.standing, None)

    def _next_post(self) -> int | None:
        with reading(self._way.engine) as connection:
            newest = self._newest_posts(connection)
        return next((number for number in newest if number < self._below), None)

    def _forget_threads(self) -> None:
        """Forget the threads of posts that are no longer asked."""
        mine = f"{self._channel_id}/"
        with reading(self._way.engine) as connection:
            noted = [each for each in task.noted(connection, THREAD) if each.startswith(mine)]
            newest = {f"{mine}{number}" for number in self._newest_posts(connection)} if noted else set()
        if old := [each for each in noted if each not in newest]:
            with self._way.sequencer.take() as connection:
                for subject in old:
                    task.forget_work(connection, kind=THREAD, subject=subject)

    def _newest_posts(self, connection: sa.Connection) -> list[int]:
        of = self._of.standing.channel_id
        return [] if of is None else known_below(connection, of, _NO_NUMBER, POSTS)

    def _comments_on(self, peer: Any, number: int) -> None:  # noqa: ANN401 - an object of the schema
        asked = functions.messages.GetRepliesRequest(peer, number, 0, None, 0, PAGE, 0, 0, 0)
        answer = self._ask(asked)
        with self._had_through(CommentedPost(peer, number)):
            if answer.said.messages and number not in self._rooted:
                root = self._ask(functions.messages.GetDiscussionMessageRequest(peer, number))
                self._take(root, self._all_of(root), self.standing, None)
                self._rooted.add(number)
            self._keep_thread(answer, number)

    def _keep_thread(self, answer: Received, number: int) -> None:
        """Keep the newest comments on a post; one that is no longer among them is missing."""
        found = [each.id for each in answer.said.messages]
        is_whole = len(found) >= getattr(answer.said, "count", len(found))
        lowest = 0 if is_whole else min(found, default=_NO_NUMBER)
        subject = f"{self._channel_id}/{number}"
        with reading(self._way.engine) as connection:
            noted = task.noted(connection, THREAD).get(subject)
        before = [] if noted is None else json.loads(noted.progress)
        if not found and not before:
            return
        gone = [each for each in before if each >= lowest and each not in found]
        missing = [self._deletion(each, Gone.MISSING, answer.by) for each in gone]

        def also(connection: sa.Connection) -> None:
            task.note_work(
                connection, kind=THREAD, subject=subject, due_at=self._way.clock(), progress=json.dumps(found)
            )

        self._take(answer, [*self._all_of(answer), *missing], self.standing, None, also)

    def _all_of(self, answer: Received) -> list[Observation | Hole]:
        peers = Peers.of(answer.said.users, answer.said.chats)
        return [each for message in answer.said.messages for each in self._contents(answer, message, peers)]
