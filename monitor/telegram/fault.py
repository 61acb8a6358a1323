"""What an error from Telegram means to us: decided by its name, never by its number.

Telegram sends one name with several numbers (``FROZEN_METHOD_INVALID`` comes with 406 and 420), and one number with
many names. Source: core.telegram.org/api/errors, and the errors of the methods that we call.
"""

import re
from datetime import datetime, timedelta

from monitor.errors import (
    AccountError,
    AccountState,
    ChannelError,
    ChannelState,
    FloodError,
    RequestError,
    TelegramError,
)

_FLOOD = re.compile(r"(?:FLOOD_WAIT|FLOOD_PREMIUM_WAIT|SLOWMODE_WAIT|FLOOD_TEST_PHONE_WAIT)_(\d{1,9})", re.ASCII)
_MIGRATE = re.compile(r"(?:FILE|PHONE|NETWORK|USER)_MIGRATE_(\d{1,4})", re.ASCII)
_ACCOUNT = (
    (re.compile(r"FROZEN_\w+"), AccountState.FROZEN),
    (re.compile(r"USER_DEACTIVATED(_BAN)?|PHONE_NUMBER_BANNED|INPUT_USER_DEACTIVATED"), AccountState.BANNED),
    (re.compile(r"AUTH_KEY_DUPLICATED"), AccountState.DUPLICATED),
    (re.compile(r"AUTH_KEY_(UNREGISTERED|INVALID|PERM_EMPTY)|SESSION_(REVOKED|EXPIRED)"), AccountState.KEY_LOST),
)
_CHANNEL = (
    (
        re.compile(r"CHANNEL_(PRIVATE|PUBLIC_GROUP_NA|FORUM_MISSING)|CHAT_FORBIDDEN|USER_BANNED_IN_CHANNEL"),
        ChannelState.PRIVATE,
    ),
    (
        re.compile(r"CHANNEL_INVALID|USERNAME_(NOT_OCCUPIED|INVALID)|CHAT_ID_INVALID|PEER_ID_INVALID|INVITE_HASH_\w+"),
        ChannelState.GONE,
    ),
)
_TROUBLE = 500
_LONGEST_WAIT_S = 366 * 86_400


class Fault(Exception):  # noqa: N818 - Telegram's word is error; here it is not one of ours yet
    """An error as Telegram sent it.

    Attributes:
        name: Such as ``FLOOD_WAIT_30``.
        is_passing: The server itself is in trouble: asked again, it may answer.
    """

    def __init__(self, name: str, code: int = 400) -> None:
        super().__init__(name)
        self.name = name
        self.is_passing = abs(code) >= _TROUBLE

    @property
    def migrate_to(self) -> int | None:
        """The data centre that has what was asked for; None if the error says something else."""
        found = _MIGRATE.fullmatch(self.name)
        return int(found[1]) if found else None


def meaning(fault: Fault, method: str, now: datetime) -> TelegramError:
    """Our error for one that Telegram sent."""
    if found := _FLOOD.fullmatch(fault.name):
        wait_s = min(max(int(found[1]), 1), _LONGEST_WAIT_S)  # 0 has been seen, and means soon
        return FloodError.of(method, now + timedelta(seconds=wait_s))
    for pattern, account in _ACCOUNT:
        if pattern.fullmatch(fault.name):
            return AccountError.lost(account, fault.name)
    for pattern, channel in _CHANNEL:
        if pattern.fullmatch(fault.name):
            return ChannelError.unseen(channel, fault.name)
    return RequestError("request.refused", method=method, system=fault.name[:80])
