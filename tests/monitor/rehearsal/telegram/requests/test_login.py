"""Login with a code and a password, and everything that can be wrong with them."""

import pytest
from telethon.errors import (
    AuthBytesInvalidError,
    PasswordHashInvalidError,
    PhoneCodeExpiredError,
    PhoneCodeInvalidError,
    PhoneNumberBannedError,
    PhoneNumberInvalidError,
    SessionPasswordNeededError,
)
from telethon.tl import functions

from monitor.rehearsal.telegram.serve import LoopbackTelegram
from tests.monitor.rehearsal.telegram.conftest import Reader
from tests.monitor.rehearsal.telegram.peers import connected, log_in, run


def test_a_code_and_a_password_let_in_after_wrong_ones(telegram: LoopbackTelegram, phone: str) -> None:
    account = telegram.world.add_account(phone, password="right")

    async def enter() -> int:
        async with connected(telegram) as client:
            await client.send_code_request(phone)
            code = telegram.world.login_code(account)
            wrong = "".join(str((int(digit) + 1) % 10) for digit in code)
            with pytest.raises(PhoneCodeInvalidError):
                await client.sign_in(phone, wrong)
            with pytest.raises(SessionPasswordNeededError):
                await client.sign_in(phone, code)
            assert await client.get_me() is None
            with pytest.raises(PasswordHashInvalidError):
                await client.sign_in(password="wrong")
            await client.sign_in(password="right")
            return int((await client.get_me()).id)

    assert run(enter()) == account.id


def test_a_code_serves_once_and_a_key_is_logged_out(telegram: LoopbackTelegram, phone: str) -> None:
    account = telegram.world.add_account(phone)

    async def enter() -> None:
        async with connected(telegram) as client:
            sent = await client.send_code_request(phone)
            code = telegram.world.login_code(account)
            await client.sign_in(phone, code)
            again = functions.auth.SignInRequest(phone, sent.phone_code_hash, code)
            with pytest.raises(PhoneCodeExpiredError):
                await client(again)
            await client(functions.auth.LogOutRequest())
            assert await client.get_me() is None
            await log_in(client, telegram, account)
            assert await client.get_me() is not None

    run(enter())


def test_unknown_and_banned_numbers_get_no_code(telegram: LoopbackTelegram, phone: str) -> None:
    async def enter() -> None:
        async with connected(telegram) as client:
            with pytest.raises(PhoneNumberInvalidError):
                await client.send_code_request(phone)
            telegram.world.deactivate(telegram.world.add_account(phone))
            with pytest.raises(PhoneNumberBannedError):
                await client.send_code_request(phone)

    run(enter())


def test_an_account_of_another_data_centre_is_sent_there(telegram: LoopbackTelegram, phone: str) -> None:
    account = telegram.world.add_account(phone, dc=4)

    async def enter() -> int:
        async with connected(telegram) as client:
            await log_in(client, telegram, account)
            return int(client.session.dc_id)

    assert run(enter()) == 4


def test_a_ticket_that_nobody_gave_is_refused(reader: Reader) -> None:
    with pytest.raises(AuthBytesInvalidError):
        reader.request(functions.auth.ImportAuthorizationRequest(1, b"x"))
