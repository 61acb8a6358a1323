"""What the office is told of its watch: how accounts and channels stand, and what the settings lack."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from api.office.watch import network_of, status
from config.errors import SettingsError
from evidence.observation import Mode
from monitor.errors import AccountState, ChannelState
from monitor.telegram.line import TELEGRAM
from tests.homes import items_of
from tests.watching import Desk, desk, kinds, picture


@pytest.fixture
def at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    with desk(tmp_path, monkeypatch) as made:
        yield made


def test_status_says_what_was_never_seen_and_what_was(at: Desk) -> None:
    group = at.group()
    group.post("një")
    home = at.home
    before = status(home)
    assert [(each.name, each.state) for each in before.accounts] == [("watch", AccountState.OK)]
    assert [(each.channel_id, each.cursor, each.looked_at) for each in before.channels] == [(None, 0, None)]
    assert at.once().ended_by is None
    (channel,) = status(home).channels
    assert (channel.channel_id, channel.state, channel.behind) == (str(group.id), ChannelState.OK, False)
    assert channel.cursor > 0
    home.engine.dispose()


def test_a_mode_ends_with_its_legal_basis(at: Desk) -> None:
    group = at.group(mode=Mode.SEALED)
    group.post_photo(picture(1), "një")
    assert at.once().ended_by is None
    at.clock.pass_by(days=4)
    group.post_photo(picture(2), "dy")
    assert at.once().ended_by is None
    home = at.home
    assert kinds(home)["file"] == 2
    assert [item.mode for item in items_of(home) if item.kind == "file"] == ["sealed", "metadata_only"]
    home.engine.dispose()


def test_settings_that_lack_something_are_told(at: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(network_of(at.home).servers) == 2
    monkeypatch.setenv("NISISAMA_TELEGRAM__SERVERS", "[]")
    assert network_of(at.home).servers == TELEGRAM
    monkeypatch.setenv("NISISAMA_TELEGRAM__PROXY", "nonsense")
    with pytest.raises(SettingsError, match="proxy"):
        network_of(at.home)
    monkeypatch.setenv("NISISAMA_TELEGRAM__PROXY", "127.0.0.1:9050")
    assert network_of(at.home).proxy == ("127.0.0.1", 9050)
    monkeypatch.setenv("NISISAMA_TELEGRAM__API_HASH", "")
    with pytest.raises(SettingsError, match="api_id"):
        network_of(at.home)
