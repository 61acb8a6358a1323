"""Login: code, password, and authorisations carried to another data centre (core.telegram.org/api/auth)."""

from telethon.tl import functions, types

from monitor.rehearsal.telegram.accounts import Account
from monitor.rehearsal.telegram.handshake import Entropy
from monitor.rehearsal.telegram.refusals import SEE_OTHER, UNAUTHORIZED, RefusedError, bad
from monitor.rehearsal.telegram.requests.caller import Answers, Caller
from monitor.rehearsal.telegram.shown import View
from monitor.rehearsal.telegram.wire import Tl

_CODE_LENGTH = 5


def send_code(caller: Caller, request: Tl) -> Tl:
    """As the loopback server, send a code: the world knows it as ``login_code``."""
    account = _of_phone(caller, request.phone_number)
    if account.trouble is not None:
        raise bad("PHONE_NUMBER_BANNED")
    if account.dc != caller.dc:
        raise RefusedError(SEE_OTHER, f"PHONE_MIGRATE_{account.dc}")
    account.code, account.code_hash = caller.world.new_code(), caller.world.entropy(9).hex()
    return types.auth.SentCode(type=types.auth.SentCodeTypeApp(_CODE_LENGTH), phone_code_hash=account.code_hash)


def resend_code(caller: Caller, request: Tl) -> Tl:
    """As the loopback server, send another code, in the same attempt or after it."""
    return send_code(caller, request)


def sign_in(caller: Caller, request: Tl) -> Tl:
    """As the loopback server, log in with the code; an account with a password is half in after it."""
    account = _of_phone(caller, request.phone_number)
    if account.code is None or request.phone_code_hash != account.code_hash:
        raise bad("PHONE_CODE_EXPIRED")
    if request.phone_code != account.code:
        raise bad("PHONE_CODE_INVALID")
    account.code = None
    if account.verifier is not None:
        caller.key.half = account
        raise RefusedError(UNAUTHORIZED, "SESSION_PASSWORD_NEEDED")
    return _logged_in(caller, account)


def get_password(caller: Caller, _: Tl) -> Tl:
    """The loopback server's answer: whether there is a password, and the question that proves it."""
    account = caller.key.half or caller.account
    fresh = {
        "new_algo": types.PasswordKdfAlgoUnknown(),
        "new_secure_algo": types.SecurePasswordKdfAlgoUnknown(),
        "secure_random": caller.world.entropy(32),
    }
    if account.verifier is None:
        return types.account.Password(**fresh)
    ours, number = account.verifier.question(caller.world.entropy)
    algorithm = account.verifier.algorithm
    return types.account.Password(has_password=True, current_algo=algorithm, srp_B=ours, srp_id=number, **fresh)


def check_password(caller: Caller, request: Tl) -> Tl:
    """As the loopback server, log in with the password, after the code."""
    account = caller.key.half
    if account is None or account.verifier is None:
        raise RefusedError(UNAUTHORIZED, "AUTH_KEY_UNREGISTERED")
    if not account.verifier.accepts(request.password):
        raise bad("PASSWORD_HASH_INVALID")
    return _logged_in(caller, account)


def log_out(caller: Caller, _: Tl) -> Tl:
    """As the loopback server, end the authorisation of this key."""
    caller.key.account = None
    return types.auth.LoggedOut()


def export_authorization(caller: Caller, request: Tl) -> Tl:
    """The loopback server's answer: a ticket for another data centre."""
    if request.dc_id not in {site.dc for site in caller.sites} - {caller.dc}:
        raise bad("DC_ID_INVALID")
    ticket = _ticket(caller.account, caller.world.entropy)
    caller.world.exported[ticket] = caller.account
    return types.auth.ExportedAuthorization(*ticket)


def import_authorization(caller: Caller, request: Tl) -> Tl:
    """As the loopback server, use such a ticket, once."""
    account = caller.world.exported.pop((request.id, request.bytes), None)
    if account is None:
        raise bad("AUTH_BYTES_INVALID")
    caller.key.guest = True
    return _logged_in(caller, account)


def _of_phone(caller: Caller, phone: str) -> Account:
    digits = "".join(filter(str.isdigit, phone))
    account = next((each for each in caller.world.accounts if each.digits == digits), None)
    if account is None:
        raise bad("PHONE_NUMBER_INVALID")
    return account


def _logged_in(caller: Caller, account: Account) -> Tl:
    caller.key.account, caller.key.half = account, None
    return types.auth.Authorization(user=View(caller.world, account).user(account))


def _ticket(account: Account, entropy: Entropy) -> tuple[int, bytes]:
    return account.id, entropy(64)


ANSWERS: Answers = {
    functions.auth.SendCodeRequest: send_code,
    functions.auth.ResendCodeRequest: resend_code,
    functions.auth.SignInRequest: sign_in,
    functions.auth.CheckPasswordRequest: check_password,
    functions.auth.LogOutRequest: log_out,
    functions.auth.ExportAuthorizationRequest: export_authorization,
    functions.auth.ImportAuthorizationRequest: import_authorization,
    functions.account.GetPasswordRequest: get_password,
}
