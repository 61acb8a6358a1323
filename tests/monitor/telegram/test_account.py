"""What Telegram says of an account is kept as it says it."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from api.office.lookup import on_line
from monitor.errors import AccountState
from monitor.telegram.account import look_at_account
from monitor.telegram.standing import read_freeze
from tests.watching import Desk, desk


@pytest.fixture
def at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    with desk(tmp_path, monkeypatch) as made:
        yield made


def test_an_account_is_well_frozen_or_lost(at: Desk) -> None:
    now = at.clock().replace(microsecond=0)
    home, account = at.home, at.accounts[0]
    with on_line(home, "watch") as (line, _session):
        assert look_at_account(line) == (AccountState.OK, None)
    at.telegram.world.freeze(account, now - timedelta(days=1), now + timedelta(days=6), "https://t.me/spambot?start=x")
    with on_line(home, "watch") as (line, _session):
        state, freeze = look_at_account(line)
    assert state is AccountState.FROZEN
    assert freeze is not None
    assert (freeze.since, freeze.until) == (now - timedelta(days=1), now + timedelta(days=6))
    assert freeze.appeal_url == "https://t.me/spambot?start=x"
    assert read_freeze(freeze.text()) == freeze
    home.engine.dispose()
