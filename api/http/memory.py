"""Forms whose files stay in memory: what a caller sends to be compared reaches no disk.

The framework's own reader writes whatever is longer than 1 MB to a temporary file.
"""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import HTTPException, Request, Response, status
from fastapi.routing import APIRoute
from starlette.datastructures import FormData
from starlette.formparsers import MultiPartException, MultiPartParser

from api.errors import API
from api.http.bodies import BodyLimit
from evidence.store.api_key import Scope

MOST_FILE_BYTES = 32_000_000
"""Nearly every picture is shorter; a longer one is compared at the office."""
LIMIT = BodyLimit(f"{API}/cases/", MOST_FILE_BYTES + 20_000, scope=Scope.CHECKS, ends="/recognitions")


class _MemoryParser(MultiPartParser):
    spool_max_size = MOST_FILE_BYTES + 1  # the body has a limit of its own, below this


class _MemoryRequest(Request):
    async def _get_form(self, **limits: Any) -> FormData:  # noqa: ANN401 - as the framework has it
        if self._form is None and self.headers.get("content-type", "").startswith("multipart/form-data"):
            try:
                self._form = await _MemoryParser(self.headers, self.stream(), **limits).parse()
            except MultiPartException as error:
                raise HTTPException(status.HTTP_400_BAD_REQUEST) from error
        return await super()._get_form(**limits)


class MemoryRoute(APIRoute):
    """A route whose form is read into memory."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The framework's handler, for a request that reads its form into memory."""
        answer = super().get_route_handler()

        async def handler(request: Request) -> Response:
            return await answer(_MemoryRequest(request.scope, request.receive))

        return handler
