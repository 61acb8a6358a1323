"""A form whose file stays in memory, beside one of the framework's own, whose file reaches the disk."""

import asyncio
from typing import Annotated, Any

import httpx
from fastapi import APIRouter, FastAPI, Form, UploadFile
from pydantic import BaseModel

from api.http.memory import LIMIT, MOST_FILE_BYTES, MemoryRoute

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


def test_what_the_body_may_have_fits_into_memory() -> None:
    assert MOST_FILE_BYTES < LIMIT.most_bytes < MOST_FILE_BYTES + 100_000
