"""Telegram's errors mean what their names say."""

from datetime import UTC, datetime, timedelta

import pytest

from monitor.errors import AccountError, AccountState, ChannelError, ChannelState, FloodError, RequestError
from monitor.telegram.fault import Fault, meaning

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "seconds"), [("FLOOD_WAIT_30", 30), ("FLOOD_PREMIUM_WAIT_3600", 3600), ("FLOOD_WAIT_0", 1)]
)
def test_a_flood_says_until_when(name: str, seconds: int) -> None:
    error = meaning(Fault(name), "messages.GetHistory", NOW)
    assert isinstance(error, FloodError)
    assert error.until == NOW + timedelta(seconds=seconds)


def test_a_flood_of_a_thousand_years_is_cut_to_one() -> None:
    error = meaning(Fault("FLOOD_WAIT_999999999"), "messages.GetHistory", NOW)
    assert isinstance(error, FloodError)
    assert error.until <= NOW + timedelta(days=366)


@pytest.mark.parametrize(
    ("name", "state"),
    [
        ("FROZEN_METHOD_INVALID", AccountState.FROZEN),
        ("FROZEN_PARTICIPANT_MISSING", AccountState.FROZEN),
        ("USER_DEACTIVATED_BAN", AccountState.BANNED),
        ("USER_DEACTIVATED", AccountState.BANNED),
        ("PHONE_NUMBER_BANNED", AccountState.BANNED),
        ("AUTH_KEY_DUPLICATED", AccountState.DUPLICATED),
        ("AUTH_KEY_UNREGISTERED", AccountState.KEY_LOST),
        ("SESSION_REVOKED", AccountState.KEY_LOST),
    ],
)
def test_a_lost_account_is_told_by_the_name(name: str, state: AccountState) -> None:
    error = meaning(Fault(name), "messages.GetHistory", NOW)
    assert isinstance(error, AccountError)
    assert error.state is state


@pytest.mark.parametrize(
    ("name", "state"),
    [
        ("CHANNEL_PRIVATE", ChannelState.PRIVATE),
        ("CHANNEL_PUBLIC_GROUP_NA", ChannelState.PRIVATE),
        ("USER_BANNED_IN_CHANNEL", ChannelState.PRIVATE),
        ("CHANNEL_INVALID", ChannelState.GONE),
        ("USERNAME_NOT_OCCUPIED", ChannelState.GONE),
        ("INVITE_HASH_EXPIRED", ChannelState.GONE),
    ],
)
def test_an_unseen_channel_is_told_by_the_name(name: str, state: ChannelState) -> None:
    error = meaning(Fault(name), "messages.GetHistory", NOW)
    assert isinstance(error, ChannelError)
    assert error.state is state


@pytest.mark.parametrize(
    "name", ["", "FLOOD_WAIT_", "FLOOD_WAIT_-1", "FLOOD_WAIT_\u0663", "XFLOOD_WAIT_3", "SOMETHING_ELSE"]
)
def test_any_other_name_is_a_refusal_that_says_it(name: str) -> None:
    error = meaning(Fault(name), "messages.GetHistory", NOW)
    assert isinstance(error, RequestError)
    assert error.name == name


@pytest.mark.parametrize(("name", "dc"), [("FILE_MIGRATE_4", 4), ("PHONE_MIGRATE_2", 2), ("FILE_MIGRATE_X", None)])
def test_another_data_centre_is_told_by_the_name(name: str, dc: int | None) -> None:
    assert Fault(name).migrate_to == dc
