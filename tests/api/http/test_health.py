"""Whether the server lives and can work is told without a key, and tells nothing else."""

from pathlib import Path

from fastapi import Response
from starlette.requests import Request

from api.http import health
from api.http.app import routes
from api.http.health import get_readyz
from api.http.server import office_of
from tests.homes import new_home
from tests.serving import ServedHome


def test_it_lives_and_is_ready(served: ServedHome) -> None:
    assert served.client().get("/livez").json() == {"alive": True}
    ready = served.client().get("/readyz")
    assert (ready.status_code, ready.json()["ready"]) == (200, True)


def test_without_its_log_key_it_is_not_ready(tmp_path: Path) -> None:
    home, _cards = new_home(tmp_path / "home")
    request, response = Request({"type": "http", "app": routes(office_of(home))}), Response()
    assert get_readyz(request, response).ready
    (home.keys.path / "log.key").unlink()
    health._LOOKS.clear()  # the look before serves for a while
    told = get_readyz(request, response)
    assert (told.ready, told.log_key, told.database, response.status_code) == (False, False, True, 503)
    home.engine.dispose()
