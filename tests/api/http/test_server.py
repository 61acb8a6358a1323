"""The server says where it is, ends in good order, and forgets the keys."""

import signal
from pathlib import Path

import httpx

from api.http.server import _tending, office_of
from tests.homes import PASSPHRASE, new_home
from tests.serving import started


def test_it_ends_in_good_order_when_told(tmp_path: Path) -> None:
    home, _cards = new_home(tmp_path / "home")
    for told in (signal.SIGTERM, signal.SIGINT):
        process, url = started(home.path)
        assert httpx.get(f"{url}/livez", trust_env=False).status_code == 200
        process.send_signal(told)
        _out, err = process.communicate(timeout=30)
        assert (process.returncode, err) == (0, "")
    home.engine.dispose()


def test_the_keys_are_forgotten_at_the_end(tmp_path: Path) -> None:
    home, _cards = new_home(tmp_path / "home")
    office = office_of(home)
    with _tending(office):
        office.keyring.unlock(PASSPHRASE)
        assert office.keyring.is_open
    assert not office.keyring.is_open
    home.engine.dispose()


def test_a_signal_as_soon_as_it_says_where_it_is_ends_it(tmp_path: Path) -> None:
    home, _cards = new_home(tmp_path / "home")
    for _time in range(3):
        process, _url = started(home.path)
        process.send_signal(signal.SIGTERM)
        _out, err = process.communicate(timeout=30)
        assert (process.returncode, err) == (0, "")
    home.engine.dispose()
