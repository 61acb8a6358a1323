"""``serve``: a port that another program has is said, with what to do."""

import socket
from pathlib import Path

from tests.commands import run
from tests.homes import new_home


def test_a_port_that_is_taken_is_said(tmp_path: Path) -> None:
    home, _cards = new_home(tmp_path / "home")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ran = run("serve", "--port", str(taken.getsockname()[1]), "--json", home=home.path)
    assert ran.error["code"] == "system.port_taken"
    home.engine.dispose()
