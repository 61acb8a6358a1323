"""A channel is looked up by its name, its number or an invitation, and nothing is joined."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from api.office.lookup import on_line
from monitor.errors import ChannelError, ResolveError
from monitor.telegram.resolve import look_at_invitation, resolve_name, resolve_number
from tests.watching import Desk, desk


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
