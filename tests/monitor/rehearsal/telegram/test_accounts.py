"""Passwords as verifiers, proven against Telethon's computation; keys that are lost."""

import secrets

import pytest
from telethon.password import compute_check
from telethon.tl import types

from monitor.rehearsal.telegram.accounts import Account, KeyRing, Verifier
from monitor.rehearsal.telegram.handshake import AgreedKey


@pytest.fixture(scope="module")
def verifier() -> Verifier:
    return Verifier.of("šest ćuprija", secrets.token_bytes)


def question(verifier: Verifier) -> types.account.Password:
    ours, number = verifier.question(secrets.token_bytes)
    empty = {"new_algo": None, "new_secure_algo": None, "secure_random": b""}
    return types.account.Password(**empty, current_algo=verifier.algorithm, srp_B=ours, srp_id=number)


def test_the_right_password_proves_itself_once_for_each_question(verifier: Verifier) -> None:
    answer = compute_check(question(verifier), "šest ćuprija")
    assert verifier.accepts(answer)
    question(verifier)
    assert not verifier.accepts(answer)


def test_a_wrong_password_and_a_zero_key_prove_nothing(verifier: Verifier) -> None:
    asked = question(verifier)
    assert not verifier.accepts(compute_check(asked, "sest cuprija"))
    assert not verifier.accepts(types.InputCheckPasswordSRP(asked.srp_id, bytes(256), bytes(32)))


def test_a_key_belongs_to_a_data_centre_and_can_be_lost() -> None:
    ring, account, agreed = KeyRing(), Account(1, "+38160000001", 2), AgreedKey(secrets.token_bytes(256), 1)
    ring.add(agreed, dc=2)
    key = ring.find(agreed.number, dc=2)
    assert key is not None
    assert ring.find(agreed.number, dc=4) is None
    key.account = account
    ring.lose(account)
    assert ring.find(agreed.number, dc=2) is None
