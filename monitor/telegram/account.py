"""What Telegram says about an account right now: that it is usable, or frozen, and then where to appeal.

Source: core.telegram.org/api/auth, "Frozen accounts"; the keys are those of ``help.getAppConfig``.
"""

from datetime import UTC, datetime

from telethon.tl import functions, types

from monitor.errors import AccountError, AccountState
from monitor.telegram.lent import Asks
from monitor.telegram.standing import Freeze


def look_at_account(line: Asks) -> tuple[AccountState, Freeze | None]:
    """What Telegram says of the account right now: its state, and its freeze.

    Raises:
        FloodError: Telegram asks for a pause.
        UnreachableError: Telegram was not reached.
    """
    try:
        freeze = freeze_of(line)
        if freeze is not None:
            return AccountState.FROZEN, freeze
        line.ask(functions.users.GetUsersRequest([types.InputUserSelf()]))
    except AccountError as error:
        if error.state is None:
            raise
        return error.state, None
    return AccountState.OK, None


def freeze_of(line: Asks) -> Freeze | None:
    """How long Telegram says that the account is frozen; None if it does not say.

    Raises:
        TelegramError: As for any request.
    """
    config = line.ask(functions.help.GetAppConfigRequest(0)).said
    values = {each.key: getattr(each.value, "value", None) for each in config.config.value}
    since, until = values.get("freeze_since_date"), values.get("freeze_until_date")
    if not since or not until:
        return None
    begins, ends = (datetime.fromtimestamp(int(each), UTC) for each in (since, until))
    return Freeze(begins, ends, str(values.get("freeze_appeal_url") or ""))
