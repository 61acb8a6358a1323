"""A channel is looked up by its name, its number or an invitation, and nothing is joined."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from telethon.tl import TLRequest, types

from api.office.lookup import on_line
from monitor.errors import ChannelError, RequestError, ResolveError, TelegramError, UnreachableError
from monitor.telegram.reply import AnsweredRequest, Received
from monitor.telegram.resolve import Chats, look_at_invitation, resolve_name, resolve_number
from monitor.telegram.session import AccountSession
from tests.watching import Desk, Time, desk


@pytest.fixture
def at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    with desk(tmp_path, monkeypatch) as made:
        yield made


def test_a_name_and_then_its_number_are_one_channel(at: Desk) -> None:
    room = at.telegram.world.add_channel("Grupa", username="grupa", members=321)
    home = at.home
    with on_line(home, "watch") as (line, session):
        with pytest.raises(ResolveError, match="never met"):
            resolve_number(line, session, room.id)
        found = resolve_name(line, session, "grupa")
        assert (found.channel_id, found.title, found.kind, found.usernames) == (room.id, "Grupa", "group", ("grupa",))
        assert (found.members, found.joined_at) == (321, None)
        assert found.created_at is not None
        assert resolve_number(line, session, room.id) == found
    home.engine.dispose()


ROOM = types.Channel(17, "Titulli", types.ChatPhotoEmpty(), None, access_hash=99)
OTHER = types.Channel(18, "Tjetër", types.ChatPhotoEmpty(), None, access_hash=98)
REFUSED = RequestError("request.refused", method="messages.getDialogs", system="WHATEVER")


@dataclass
class Account:
    """An account with a list of chats; each folder answers as the next of ``answers`` says."""

    answers: list[Sequence[types.Channel] | TelegramError] = field(default_factory=list)
    asked: int = 0
    saved: int = 0
    session: AccountSession = field(default_factory=lambda: AccountSession("watch"))
    clock: Time = field(default_factory=Time)

    def ask(self, _request: TLRequest) -> Received:
        self.asked += 1
        answer = self.answers.pop(0) if self.answers else ()
        if isinstance(answer, TelegramError):
            raise answer
        said = types.messages.Dialogs([], [], list(answer), [])
        return Received(AnsweredRequest("messages.getDialogs"), bytes(said), said, {})

    def _save(self, _session: AccountSession) -> None:
        self.saved += 1

    def chats(self, *wanted: int) -> Chats:
        return Chats(self.session, self._save, self.clock, lambda: frozenset(wanted) - self.session.channels.keys())


def test_one_list_an_hour_serves_all_channels_and_only_the_wanted_ones_are_kept() -> None:
    account = Account([[OTHER], [ROOM]])
    chats = account.chats(17, 19)
    for number in (19, 17, 19):
        chats.look_for(account.ask, number)
    assert (account.asked, account.session.channels) == (2, {17: 99})
    account.clock.pass_by(minutes=59)
    chats.look_for(account.ask, 19)
    assert account.asked == 2
    account.clock.pass_by(minutes=2)
    chats.look_for(account.ask, 19)
    assert account.asked == 4
    account.answers = [[OTHER]]
    chats.look_for(account.ask, 18)  # registered meanwhile
    assert account.session.channels == {17: 99, 18: 98}


def test_a_list_that_was_cut_is_asked_for_again_at_once() -> None:
    account = Account([UnreachableError("unreachable.no_answer"), [ROOM]])
    chats = account.chats(17)
    with pytest.raises(UnreachableError):
        chats.look_for(account.ask, 17)
    chats.look_for(account.ask, 17)
    assert account.session.channels == {17: 99}


@pytest.mark.parametrize("answers", [[REFUSED, ()], [(), REFUSED], [REFUSED, REFUSED]])
def test_a_folder_that_cannot_be_read_does_not_say_that_the_channel_is_not_there(
    answers: list[Sequence[types.Channel] | TelegramError],
) -> None:
    account = Account([*answers])
    chats = account.chats(17)
    for _each in range(2):
        with pytest.raises(RequestError):
            chats.look_for(account.ask, 17)
    assert account.asked == 2
    account.clock.pass_by(minutes=6)
    account.answers = [REFUSED, [ROOM]]
    chats.look_for(account.ask, 17)
    assert account.session.channels == {17: 99}


def test_a_person_and_a_name_that_nobody_has_are_refused(at: Desk) -> None:
    at.telegram.world.add_person("Dikush", "dikush")
    home = at.home
    with on_line(home, "watch") as (line, session):
        with pytest.raises(ResolveError, match="a person"):
            resolve_name(line, session, "dikush")
        with pytest.raises(ResolveError) as raised:
            resolve_name(line, session, "askush_fare")
        assert (raised.value.code, raised.value.found) == ("resolve.no_such_name", "@askush_fare")
        assert "hole" not in str(raised.value)
    home.engine.dispose()


def test_an_invitation_is_looked_at_and_not_followed(at: Desk) -> None:
    room = at.telegram.world.add_channel("E mbyllur", members=12)
    home = at.home
    with on_line(home, "watch") as (line, session):
        shown = look_at_invitation(line, session, str(room.invite))
        assert (shown.title, shown.members, shown.leads_to) == ("E mbyllur", 12, None)
        with pytest.raises(ChannelError):
            look_at_invitation(line, session, "0123456789abcdef")
        assert at.accounts[0] not in room.joined
        room.admit(at.accounts[0])
        shown = look_at_invitation(line, session, str(room.invite))
        assert shown.leads_to is not None
        assert (shown.leads_to.channel_id, shown.leads_to.usernames) == (room.id, ())
        assert shown.leads_to.joined_at is not None
    home.engine.dispose()
    assert not {call.name for call in at.telegram.calls} & {"messages.importChatInvite", "channels.joinChannel"}
