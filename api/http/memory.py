"""Forms whose files stay in memory: what a caller sends to be compared reaches no disk.

The framework's own reader writes whatever is longer than 1 MB to a temporary file.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from api.errors import API
from api.http.bodies import BodyLimit
from api.http.form import WholeFormParser, WholeFormRequest
from config.errors import CallError
from evidence.store.api_key import Scope

MOST_FILE_BYTES = 32_000_000
"""Nearly every picture is shorter; a longer one is compared at the office."""
LIMIT = BodyLimit(f"{API}/cases/", MOST_FILE_BYTES + 20_000, scope=Scope.CHECKS, ends="/recognitions")


MOST_AT_ONCE = 4
"""How many such forms are read or compared at a time: each takes twice the memory of its file."""
_SECONDS = 5


class _MemoryParser(WholeFormParser):
    spool_max_size = LIMIT.most_bytes + 1  # no part is longer than its body


class _MemoryRequest(WholeFormRequest):
    parser = _MemoryParser


class MemoryRoute(APIRoute):
    """A route whose form is read into memory."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The framework's handler, for a request that reads its form into memory."""
        answer, places = super().get_route_handler(), asyncio.Semaphore(MOST_AT_ONCE)

        async def handler(request: Request) -> Response:
            if places.locked():
                raise CallError("call.too_many", seconds=_SECONDS)
            async with places:
                return await answer(_MemoryRequest(request.scope, request.receive))

        return handler
