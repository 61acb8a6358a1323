"""What holds for every test: no network beyond this machine, no settings and no home of the person who runs them."""

import ipaddress
import os
import sys
from pathlib import Path

import hypothesis
import pytest

hypothesis.settings.register_profile("here", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "here")

_PLACES = {
    "socket.connect": 1,
    "socket.sendto": 1,
    "socket.sendmsg": 1,
    "socket.getaddrinfo": 0,
    "socket.gethostbyname": 0,
}
"""Audit event -> which of its arguments says where to."""


class NetworkRefusedError(Exception):
    """A test reached for something beyond loopback. No OSError: no code may take it for a failing network."""


def _refuse_beyond_loopback(event: str, arguments: tuple[object, ...]) -> None:
    if event not in _PLACES:
        return
    place = arguments[_PLACES[event]]
    host = place[0] if isinstance(place, tuple) else place
    if isinstance(place, tuple) or event.startswith("socket.get"):
        _require_loopback(host.decode() if isinstance(host, bytes) else host)


def _require_loopback(host: object) -> None:
    if host in (None, "", "localhost"):
        return
    try:
        if ipaddress.ip_address(str(host)).is_loopback:
            return
    except ValueError:
        pass
    raise NetworkRefusedError(f"a test reaches for {host}")


sys.addaudithook(_refuse_beyond_loopback)


@pytest.fixture(autouse=True)
def _nobodys_home(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Leave no setting of NisiSama's, and an empty home; but ``outside`` keeps it, for the caches of other programs."""
    for name in [name for name in os.environ if name.startswith("NISISAMA_")]:
        monkeypatch.delenv(name)
    if request.node.get_closest_marker("outside") is None:
        monkeypatch.setenv("HOME", str(_empty_home(tmp_path_factory)))


def _empty_home(factory: pytest.TempPathFactory) -> Path:
    home = factory.getbasetemp() / "home"
    home.mkdir(exist_ok=True)
    return home
