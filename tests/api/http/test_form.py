"""A form that was cut short is refused as a whole, wherever it was cut."""

import asyncio
from typing import Annotated

import httpx
import pytest
from fastapi import APIRouter, FastAPI, Form, UploadFile
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from api.http.form import WholeFormRoute
from api.http.memory import MemoryRoute
from config.errors import CallError
from tests.api.http.conftest import ServedHome
from tests.nonempty import nonempty

HEAD = b'--b\r\nContent-Disposition: form-data; name="file"; filename="%d.png"\r\n\r\n'
FIRST, SECOND = HEAD % 1 + b"the first\r\n", HEAD % 2 + b"the second\r\n"
END = b"--b--"
WHOLE = FIRST + SECOND + END + b"\r\n"
KIND = {"Content-Type": "multipart/form-data; boundary=b"}


class FilesBody(BaseModel):
    file: list[UploadFile] = Field([])


def names(asked: Annotated[FilesBody, Form()]) -> list[str | None]:
    return [file.filename for file in asked.file]


def told(route: type[WholeFormRoute | MemoryRoute] | None, body: bytes) -> str:
    """What a route answers to this body: the files that it took in, or why it took none."""
    app, router = FastAPI(), APIRouter(route_class=route) if route else APIRouter()
    router.add_api_route("/", names, methods=["POST"])
    app.include_router(router)

    @app.exception_handler(HTTPException)
    async def refused(_request: Request, error: HTTPException) -> Response:
        cause = error.__cause__
        return Response(cause.code if isinstance(cause, CallError) else error.detail, error.status_code)

    async def call() -> str:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://office") as client:
            return (await client.post("/", content=body, headers=KIND)).text

    return asyncio.run(call())


@pytest.mark.parametrize("route", [WholeFormRoute, MemoryRoute])
def test_a_form_is_taken_whole_or_not_at_all_wherever_it_is_cut(route: type[WholeFormRoute | MemoryRoute]) -> None:
    taken = {at: told(route, WHOLE[:at]) for at in range(len(b"--b\r\n") + 1, len(WHOLE) + 1)}
    last = len(WHOLE) - len(b"\r\n")
    assert {at for at, said in nonempty(taken.items()) if said == '["1.png","2.png"]'} == {last, last + 1, last + 2}
    assert {said for at, said in nonempty(taken.items()) if at < last} == {"call.form_cut"}


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # it leaves that file open
def test_the_control_the_frameworks_own_route_drops_the_file_in_which_a_form_ends() -> None:
    assert told(None, WHOLE[: -len(END) - 4]) == '["1.png"]'


def test_a_form_of_nothing_and_one_that_is_none_are_told_as_before() -> None:
    assert told(WholeFormRoute, b"") == told(None, b"") == "[]"
    assert told(WholeFormRoute, END) == told(None, END) == "[]"
    assert told(WholeFormRoute, b"--x\r\n") == told(None, b"--x\r\n")


def test_of_an_addition_that_was_cut_short_nothing_is_kept(served: ServedHome) -> None:
    fields = b"".join(
        b'--b\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % each
        for each in ((b"declared_by", b"client-7"), (b"source", b"her phone"))
    )
    client = served.with_key("imports")
    cut = client.post("/api/v1/evidence", content=fields + FIRST + SECOND, headers=KIND)
    assert (cut.status_code, cut.json()["code"]) == (400, "call.form_cut")
    assert not list((served.home.path / "uploads").iterdir())
    whole = client.post("/api/v1/evidence", content=fields + WHOLE, headers=KIND)
    assert whole.status_code == 202
