"""Logging an account in: phone number, code, and the password of two-step verification if there is one.

Source: core.telegram.org/api/auth and core.telegram.org/api/srp; the SRP computation is Telethon's. Neither the phone
number nor the code is kept or written anywhere.
"""

from collections.abc import Callable
from dataclasses import dataclass

from telethon import password
from telethon.tl import functions, types

from config.errors import Term
from monitor.errors import AccountError, RequestError
from monitor.telegram.line import Line, Network

_PLACES = {
    "SentCodeTypeApp": "account_code.app",
    "SentCodeTypeSms": "account_code.sms",
    "SentCodeTypeCall": "account_code.call",
    "SentCodeTypeFlashCall": "account_code.call",
    "SentCodeTypeMissedCall": "account_code.call",
    "SentCodeTypeEmailCode": "account_code.email",
    "SentCodeTypeFragmentSms": "account_code.fragment",
}
"""Where a login code arrives, as a code of the catalogue."""
_WRONG = {
    "PHONE_NUMBER_INVALID": "account.wrong_phone",
    "PHONE_NUMBER_UNOCCUPIED": "account.no_such_phone",
    "PHONE_CODE_INVALID": "account.wrong_code",
    "PHONE_CODE_EMPTY": "account.wrong_code",
    "PHONE_CODE_EXPIRED": "account.code_expired",
    "PASSWORD_HASH_INVALID": "account.wrong_password",
    "API_ID_INVALID": "account.wrong_api",
}


@dataclass(frozen=True, slots=True)
class Asking:
    """How a person is asked.

    Attributes:
        code: Returns the code, given the place where it arrives.
        password: Returns the password of two-step verification.
    """

    code: Callable[[Term], str]
    password: Callable[[], str]


def log_in(line: Line, network: Network, phone: str, asking: Asking) -> int:
    """Log an account in with Telegram, and return its user number.

    Raises:
        AccountError: Number, code, password or application is wrong, or Telegram has banned the number.
        FloodError: Telegram asks for a pause.
    """
    try:
        user = _sign_in(line, network, phone, asking)
    except RequestError as error:
        if error.name == "SESSION_PASSWORD_NEEDED":
            raise
        raise AccountError(_WRONG[error.name]) if error.name in _WRONG else error from error
    line.logged_in(int(user.id))
    return int(user.id)


def _sign_in(line: Line, network: Network, phone: str, asking: Asking) -> types.User:
    asked = functions.auth.SendCodeRequest(phone, network.api_id, network.api_hash, types.CodeSettings())
    sent = line.log_in(asked)
    place = Term(_PLACES.get(type(sent.type).__name__, "account_code.elsewhere"))
    code = "".join(asking.code(place).split())
    try:
        done = line.log_in(functions.auth.SignInRequest(phone, sent.phone_code_hash, code))
    except RequestError as error:
        if error.name != "SESSION_PASSWORD_NEEDED":
            raise
        known = line.log_in(functions.account.GetPasswordRequest())
        proof = password.compute_check(known, asking.password())
        done = line.log_in(functions.auth.CheckPasswordRequest(proof))
    if isinstance(done, types.auth.AuthorizationSignUpRequired):
        raise AccountError("account.no_such_phone")
    return done.user
