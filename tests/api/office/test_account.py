"""The office asks what its account is and may see, and keeps what it is told of a freeze."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from api.office.account import check_account
from api.office.watch_status import status
from monitor.errors import AccountError, AccountState, ChannelState
from tests.watching import Desk, desk


@pytest.fixture
def at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    with desk(tmp_path, monkeypatch) as made:
        yield made


def test_each_channel_is_told_with_what_the_account_sees_of_it(at: Desk) -> None:
    at.group()
    at.group("Dy", "grupi_dy", joined=tuple(at.accounts))
    home = at.home
    done = check_account(home, "watch")
    assert done.is_well
    assert [(each.channel, each.state, each.joined) for each in done.channels] == [
        ("grupa", ChannelState.OK, False),
        ("grupi_dy", ChannelState.OK, True),
    ]
    at.register("askush_fare")
    gone = check_account(home, "watch")
    assert [each.state for each in gone.channels] == [ChannelState.GONE, ChannelState.OK, ChannelState.OK]
    assert not gone.is_well
    home.engine.dispose()


def test_a_freeze_is_kept_for_the_status_until_it_is_over(at: Desk) -> None:
    now, home = at.clock(), at.home
    at.telegram.world.freeze(at.accounts[0], now, now + timedelta(days=6), "https://t.me/spambot")
    done = check_account(home, "watch")
    assert (done.state, done.is_well, list(done.channels)) == (AccountState.FROZEN, False, [])
    (account,) = status(home).accounts
    assert (account.state, account.freeze) == (AccountState.FROZEN, done.freeze)
    at.telegram.world.thaw(at.accounts[0])
    assert check_account(home, "watch").is_well
    (account,) = status(home).accounts
    assert (account.state, account.freeze) == (AccountState.OK, None)
    home.engine.dispose()


def test_an_account_that_nobody_logged_in_is_not_asked(at: Desk) -> None:
    home = at.home
    with pytest.raises(AccountError, match="logged in"):
        check_account(home, "other")
    home.engine.dispose()
