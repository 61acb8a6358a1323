"""A form whose file stays in memory, beside one of the framework's own, whose file reaches the disk."""

import asyncio
from typing import Annotated, Any

import httpx
import pytest
from fastapi import APIRouter, FastAPI, Form, Request, Response, UploadFile
from pydantic import BaseModel

from api.http.memory import LIMIT, MOST_AT_ONCE, MOST_FILE_BYTES, MemoryRoute
from config.errors import CallError

LARGE = bytes(3_000_000)


class SentBody(BaseModel):
    file: UploadFile | None = None
    word: str = ""


def rolled(asked: Annotated[SentBody, Form()]) -> dict[str, object]:
    """Whether the file that was sent was written to a disk."""
    return {"word": asked.word, "rolled": asked.file is not None and getattr(asked.file.file, "_rolled", None)}


def sent(path: str, **form: Any) -> httpx.Response:  # noqa: ANN401 - httpx's own
    app = FastAPI()
    for at, router in {"/memory": APIRouter(route_class=MemoryRoute), "/plain": APIRouter()}.items():
        router.add_api_route(at, rolled, methods=["POST"])
        app.include_router(router)

    async def call() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://office") as client:
            return await client.post(path, **form)

    return asyncio.run(call())


def test_a_large_file_stays_in_memory_where_it_must() -> None:
    kept = sent("/memory", files={"file": ("x", LARGE)}, data={"word": "a"})
    assert kept.json() == {"word": "a", "rolled": False}
    # the control: the framework writes it to the disk
    assert sent("/plain", files={"file": ("x", LARGE)}).json()["rolled"] is True


def test_other_forms_are_read_as_ever() -> None:
    assert sent("/memory", data={"word": "a"}).json() == {"word": "a", "rolled": False}
    broken = sent("/memory", content=b"--x", headers={"Content-Type": "multipart/form-data"})
    assert broken.status_code == 400


@pytest.mark.parametrize(
    "kind", ["multipart/form-data", "Multipart/Form-Data", "MULTIPART/FORM-DATA ", "multipart/form-data;x=y"]
)
@pytest.mark.parametrize("length", [1 << 20, (1 << 20) + 1, MOST_FILE_BYTES, LIMIT.most_bytes - 200])
def test_no_length_and_no_spelling_of_its_kind_leads_to_a_disk(kind: str, length: int) -> None:
    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n'
    body = head + bytes(length) + b"\r\n--b--\r\n"
    assert sent("/memory", content=body, headers={"Content-Type": f"{kind}; boundary=b"}).json()["rolled"] is False


def test_what_the_body_may_have_fits_into_memory() -> None:
    assert MOST_FILE_BYTES < LIMIT.most_bytes < MOST_FILE_BYTES + 100_000


def test_more_files_at_once_than_there_is_room_for_are_refused() -> None:
    app, router, held = FastAPI(), APIRouter(route_class=MemoryRoute), asyncio.Event()

    async def waits(asked: Annotated[SentBody, Form()]) -> str:
        await held.wait()
        return asked.word

    router.add_api_route("/memory", waits, methods=["POST"])
    app.include_router(router)

    @app.exception_handler(CallError)
    async def refused(_request: Request, error: CallError) -> Response:
        return Response(error.code, 429)

    async def calls() -> list[str]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://office") as client:
            asked = [
                asyncio.create_task(client.post("/memory", data={"word": "a"})) for _each in range(MOST_AT_ONCE + 2)
            ]
            await asyncio.sleep(0.2)
            held.set()
            return [each.text for each in await asyncio.gather(*asked)]

    assert sorted(asyncio.run(calls())) == ['"a"'] * MOST_AT_ONCE + ["call.too_many"] * 2
