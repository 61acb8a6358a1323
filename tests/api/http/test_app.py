"""The served document of the API is the committed one, and a fault of ours says nothing of itself."""

import asyncio
import json
from pathlib import Path

import httpx
import pytest
from starlette.types import ASGIApp

from api.http import case
from api.http.app import application
from api.http.server import office_of
from api.office.api_key import make_key
from evidence.store.api_key import Scope
from tests.contracts.openapi import FILE
from tests.homes import new_home
from tests.serving import ServedHome


def test_the_served_document_is_the_committed_one(served: ServedHome) -> None:
    assert served.client().get("/api/v1/openapi.json").json() == json.loads(FILE.read_text(encoding="utf-8"))


async def asked(app: ASGIApp, secret: str) -> httpx.Response:
    transport = httpx.ASGITransport(app=app)  # an exception that reached the server would be raised here
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        return await client.get("/api/v1/cases", headers={"Authorization": f"Bearer {secret}"})


def test_a_fault_of_ours_is_told_without_a_word_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home, _cards = new_home(tmp_path / "home")
    secret = make_key(home, "mira", [Scope.CASES_READ], None, None).secret

    def breaks(*_args: object, **_more: object) -> None:
        raise RuntimeError("her name")

    monkeypatch.setattr(case, "list_cases", breaks)
    answer = asyncio.run(asked(application(office_of(home), ["localhost"]), secret))
    assert (answer.status_code, answer.json()["code"]) == (500, "call.broke")
    assert "her name" not in answer.text
    home.engine.dispose()


@pytest.mark.parametrize("path", ["/redoc", "/openapi.json", "/docs/oauth2-redirect"])
def test_no_page_comes_from_elsewhere(served: ServedHome, path: str) -> None:
    assert served.client().get(path).status_code == 404
