"""The key exchange, both RSA forms, and what ends it."""

import asyncio
import secrets
from hashlib import sha1, sha256
from pathlib import Path

import cryptg
import pytest
from telethon.crypto import rsa as their_rsa
from telethon.errors import SecurityError
from telethon.network.authenticator import do_authentication
from telethon.password import check_prime_and_good
from telethon.tl import functions, types

from monitor.rehearsal.telegram.handshake import GENERATOR, PRIME, Exchange, HandshakeError, ServerKey, key_number

KEY = ServerKey.create()


@pytest.fixture
def trusted(tmp_path: Path) -> ServerKey:
    KEY.write_public(tmp_path / "key.pem")
    their_rsa.add_key((tmp_path / "key.pem").read_bytes(), old=False)
    return KEY


class Direct:
    """Telethon's sender of plain messages, without a network."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange

    async def send(self, request: object) -> object:
        return self.exchange.answer(request)


def exchange_with(key: ServerKey) -> Exchange:
    return Exchange(key, secrets.token_bytes, lambda: 1_800_000_000)


def test_both_sides_agree_on_a_key(trusted: ServerKey) -> None:
    for _time in range(5):
        exchange = exchange_with(trusted)
        try:
            key, _ = asyncio.run(do_authentication(Direct(exchange)))
        except SecurityError:  # Telethon 1.45 drops the leading zero byte that one key in 256 has, and then asks anew
            assert exchange.agreed is not None
            assert exchange.agreed.key[0] == 0
        else:
            break
    assert exchange.agreed is not None
    assert exchange.agreed.key == key.key
    assert key_number(exchange.agreed.key) % (1 << 64) == key.key_id


def test_the_prime_is_the_one_that_telegram_publishes() -> None:
    check_prime_and_good(PRIME, GENERATOR)


def test_a_fingerprint_is_computed_as_clients_do(trusted: ServerKey) -> None:
    assert trusted.fingerprint in their_rsa._server_keys


def pq_inner(answer: types.ResPQ, new_nonce: int) -> bytes:
    p, q = (0x494C553B).to_bytes(4, "big"), (0x53911073).to_bytes(4, "big")
    inner = types.PQInnerDataDc(answer.pq, p, q, answer.nonce, answer.server_nonce, new_nonce, 2)
    return bytes(inner)


def rsa_pad(data: bytes, key: ServerKey) -> bytes:
    """core.telegram.org/mtproto/auth_key, step 4.1, word for word."""
    numbers = key.private.public_key().public_numbers()
    while True:
        data_with_padding = data + secrets.token_bytes(192 - len(data))
        temp_key = secrets.token_bytes(32)
        data_with_hash = data_with_padding[::-1] + sha256(temp_key + data_with_padding).digest()
        aes_encrypted = cryptg.encrypt_ige(data_with_hash, temp_key, bytes(32))
        temp_key_xor = bytes(a ^ b for a, b in zip(temp_key, sha256(aes_encrypted).digest(), strict=True))
        number = int.from_bytes(temp_key_xor + aes_encrypted, "big")
        if number < numbers.n:
            return pow(number, numbers.e, numbers.n).to_bytes(256, "big")


def asked_for_parameters(
    key: ServerKey, sealed: bytes, answer: types.ResPQ, **other: int
) -> functions.ReqDHParamsRequest:
    nonces = {"nonce": answer.nonce, "server_nonce": answer.server_nonce, **other}
    return functions.ReqDHParamsRequest(
        **nonces, p=b"", q=b"", public_key_fingerprint=key.fingerprint, encrypted_data=sealed
    )


def test_the_padded_form_is_accepted(trusted: ServerKey) -> None:
    exchange = exchange_with(trusted)
    answer = exchange.answer(functions.ReqPqMultiRequest(5))
    sealed = rsa_pad(pq_inner(answer, 7), trusted)
    assert isinstance(exchange.answer(asked_for_parameters(trusted, sealed, answer)), types.ServerDHParamsOk)


def test_what_was_not_encrypted_to_the_server_is_refused(trusted: ServerKey) -> None:
    exchange = exchange_with(trusted)
    answer = exchange.answer(functions.ReqPqMultiRequest(5))
    with pytest.raises(HandshakeError, match="public key"):
        exchange.answer(asked_for_parameters(trusted, bytes(255) + b"\x02", answer))


def test_another_nonce_is_refused(trusted: ServerKey) -> None:
    exchange = exchange_with(trusted)
    answer = exchange.answer(functions.ReqPqMultiRequest(5))
    with pytest.raises(HandshakeError, match="nonces"):
        exchange.answer(asked_for_parameters(trusted, bytes(256), answer, nonce=6))


def test_anything_else_than_an_exchange_is_refused(trusted: ServerKey) -> None:
    with pytest.raises(HandshakeError, match="key exchange"):
        exchange_with(trusted).answer(functions.help.GetConfigRequest())


def test_the_digest_of_the_exchange_is_sha1() -> None:
    assert key_number(bytes(256)) == int.from_bytes(sha1(bytes(256)).digest()[-8:], "little", signed=True)  # noqa: S324
