"""The keys open with the right passphrase, one try at a time, and lock when nobody uses them."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.home import Home
from api.http.keyring import FIRST_WAIT_S, MOST_WAIT_S, TRIES, Keyring
from config.errors import CallError
from evidence.errors import PassphraseError
from evidence.keys import Unlocked
from tests.homes import PASSPHRASE, new_home


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    home, _cards = new_home(tmp_path / "home")
    yield home
    home.engine.dispose()


class Ticks:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def keyring_of(home: Home) -> tuple[Keyring, Ticks]:
    clock = Ticks()
    return Keyring(home, 900.0, clock), clock


def test_it_is_locked_until_the_right_passphrase_comes(home: Home) -> None:
    keyring, _clock = keyring_of(home)
    with pytest.raises(CallError, match="locked"):
        _ = keyring.casework
    with pytest.raises(PassphraseError):
        keyring.unlock("another passphrase")
    assert not keyring.is_open
    keyring.unlock(PASSPHRASE)
    assert keyring.is_open
    assert keyring.casework == home.keys.unlock(PASSPHRASE).casework
    keyring.lock()
    with pytest.raises(CallError, match="locked"):
        _ = keyring.casework


def test_only_use_keeps_it_open(home: Home) -> None:
    keyring, clock = keyring_of(home)
    keyring.unlock(PASSPHRASE)
    for _use in range(3):
        clock.now += 899
        _ = keyring.casework
    clock.now += 899
    assert keyring.is_open  # to ask is no use
    clock.now += 1
    assert not keyring.is_open
    with pytest.raises(CallError, match="locked"):
        _ = keyring.casework


def test_wrong_passphrases_make_the_next_one_wait_ever_longer(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    keyring, clock = keyring_of(home)
    unlock = home.keys.unlock

    def quickly(_self: object, passphrase: str) -> Unlocked:
        if passphrase != PASSPHRASE:
            raise PassphraseError("passphrase.does_not_open")
        return unlock(passphrase)

    monkeypatch.setattr(type(home.keys), "unlock", quickly)
    waits = list[float]()
    for attempt in range(TRIES + 1100):
        with pytest.raises(PassphraseError):
            keyring.unlock("another passphrase")
        if attempt >= TRIES - 1:
            with pytest.raises(CallError) as refused:
                keyring.unlock(PASSPHRASE)
            assert refused.value.code == "call.too_many_passphrases"
            waits.append(float(str(refused.value.facts["seconds"])))
            clock.now += waits[-1]
    assert waits[:2] == [FIRST_WAIT_S, 2 * FIRST_WAIT_S]
    assert waits[-1] == MOST_WAIT_S
    keyring.unlock(PASSPHRASE)
    with pytest.raises(PassphraseError):  # the right one begins the count anew
        keyring.unlock("another passphrase")
    keyring.unlock(PASSPHRASE)


def test_one_passphrase_is_tried_at_a_time(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    keyring, _clock = keyring_of(home)
    began, go_on, unlock = threading.Event(), threading.Event(), home.keys.unlock

    def slowly(_self: object, passphrase: str) -> Unlocked:
        began.set()
        go_on.wait(10)
        return unlock(passphrase)

    monkeypatch.setattr(type(home.keys), "unlock", slowly)
    first = threading.Thread(target=keyring.unlock, args=(PASSPHRASE,))
    first.start()
    assert began.wait(10)
    with pytest.raises(CallError) as refused:
        keyring.unlock(PASSPHRASE)
    assert refused.value.code == "call.too_many"
    go_on.set()
    first.join()
    assert keyring.is_open


def test_nothing_of_it_is_shown(home: Home) -> None:
    keyring, _clock = keyring_of(home)
    keyring.unlock(PASSPHRASE)
    assert "AGE-SECRET" not in repr(keyring).upper()
