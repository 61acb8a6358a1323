"""The server says where it is, ends in good order, and forgets the keys."""

import signal
import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from api.http.caller import WRONG_PER_MINUTE
from api.http.server import _listening, _tending, address_of, office_of
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
    for _time in range(2):
        process, _url = started(home.path)
        process.send_signal(signal.SIGTERM)
        _out, err = process.communicate(timeout=30)
        assert (process.returncode, err) == (0, "")
    home.engine.dispose()


@contextmanager
def served_with(home: Path, monkeypatch: pytest.MonkeyPatch, proxies: str) -> Iterator[httpx.Client]:
    monkeypatch.setenv("NISISAMA_SERVE__PROXIES", proxies)
    process, url = started(home)
    with httpx.Client(base_url=url, trust_env=False, headers={"Authorization": "Bearer wrong"}) as client:
        yield client
    process.terminate()
    assert process.communicate(timeout=30)[1] == ""


def refusals(client: httpx.Client, callers: Iterable[str]) -> list[int]:
    return [client.get("/api/v1/items", headers={"X-Forwarded-For": each}).status_code for each in callers]


@pytest.mark.slow
def test_who_the_caller_is_is_believed_from_a_named_proxy_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, _cards = new_home(tmp_path / "home")
    callers = [f"192.0.2.{number}" for number in range(WRONG_PER_MINUTE + 5)]
    all_of_one = [401] * WRONG_PER_MINUTE + [429] * 5
    for proxies in ("[]", '["192.0.2.0/24"]'):
        with served_with(home.path, monkeypatch, proxies) as client:
            assert refusals(client, callers) == all_of_one
    with served_with(home.path, monkeypatch, '["127.0.0.0/8"]') as client:
        assert refusals(client, callers) == [401] * len(callers)
        # what stands before the address that the proxy wrote may be invented, and names of a proxy are passed over
        invented = [f"198.51.100.{number}, 203.0.113.7, 127.0.0.9" for number in range(WRONG_PER_MINUTE + 5)]
        assert refusals(client, invented) == all_of_one
    home.engine.dispose()


def test_a_forwarded_header_is_no_name_of_the_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home, _cards = new_home(tmp_path / "home")
    monkeypatch.setenv("NISISAMA_SERVE__HOSTS", '["api.example.org"]')
    with served_with(home.path, monkeypatch, '["127.0.0.1"]') as client:
        evil = {"Host": "evil.example", "X-Forwarded-Host": "localhost"}
        assert client.get("/livez", headers=evil).status_code == 421
        assert client.get("/livez", headers={"Host": "api.example.org"}).status_code == 200
    home.engine.dispose()


def test_it_listens_where_the_settings_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home, _cards = new_home(tmp_path / "home")
    monkeypatch.setenv("NISISAMA_SERVE__ADDRESS", "127.0.0.2")
    process, url = started(home.path)
    assert url.startswith("http://127.0.0.2:")
    assert httpx.get(f"{url}/livez", trust_env=False).status_code == 200
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{url.replace('127.0.0.2', '127.0.0.1')}/livez", trust_env=False)
    process.terminate()
    assert process.communicate(timeout=30)[1] == ""
    home.engine.dispose()


def test_an_address_of_the_sixth_version_has_brackets() -> None:
    assert address_of("::1", 80) == "http://[::1]:80"
    assert address_of("127.0.0.1", 80) == "http://127.0.0.1:80"
    with _listening("::1", 0) as listening:
        assert listening.getsockname()[0] == "::1"


def test_an_answer_does_not_wait_until_the_caller_acknowledges_its_head() -> None:
    with _listening("127.0.0.1", 0) as listening, socket.create_connection(listening.getsockname()):
        taken, _address = listening.accept()
        with taken:
            assert taken.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    with socket.create_server(("127.0.0.1", 0)) as plain, socket.create_connection(plain.getsockname()):
        taken, _address = plain.accept()
        with taken:
            assert not taken.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
