"""What the office is told of its watch: how accounts and channels stand."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.office.watch_status import status
from monitor.errors import AccountState, ChannelState
from tests.watching import Desk, desk


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


def test_neither_doctor_nor_the_server_loads_what_talks_to_telegram() -> None:
    """Every start of either would wait half a second for it."""

    def loaded(*modules: str) -> bool:
        said = f"import sys, {', '.join(modules)}; print('telethon' in sys.modules)"
        ran = subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, check=True, timeout=60)
        return ran.stdout == "True\n"

    assert not loaded("api.office.health", "api.http.app")
    assert loaded("api.office.watch"), "the control"
