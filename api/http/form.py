"""Forms that are read to their last boundary: one that was cut short is refused as a whole.

The framework takes such a form as far as it goes, and drops the file in which it ends without a word.
"""

from collections.abc import Callable, Coroutine
from contextlib import aclosing
from typing import Any

from fastapi import HTTPException, Request, Response, status
from fastapi.routing import APIRoute
from python_multipart.multipart import parse_options_header
from starlette.datastructures import FormData
from starlette.formparsers import MultiPartException, MultiPartParser

from config.errors import CallError


class WholeFormParser(MultiPartParser):
    """The framework's reader of forms, which looks whether the last boundary came."""

    _begun = _ended = False

    def on_part_begin(self) -> None:
        """Note that there is a part."""
        self._begun = True
        super().on_part_begin()

    def on_end(self) -> None:
        """Note that the last boundary came."""
        self._ended = True
        super().on_end()

    async def parse(self) -> FormData:
        """The form, once it is whole.

        Raises:
            MultiPartException: It is none, or has too many parts.
            CallError: Its last boundary is missing.
        """
        form = await super().parse()
        if self._begun and not self._ended:
            await form.close()
            for file in self._files_to_close_on_error:  # also the one in which it ends
                file.close()
            raise CallError("call.form_cut")
        return form


class WholeFormRequest(Request):
    """A request whose form has to be whole."""

    parser = WholeFormParser

    async def _get_form(self, **limits: Any) -> FormData:  # noqa: ANN401 - as the framework has it
        kind, _options = parse_options_header(self.headers.get("content-type", ""))
        if self._form is None and kind == b"multipart/form-data":
            try:
                async with aclosing(self.stream()) as stream:
                    self._form = await self.parser(self.headers, stream, **limits).parse()
            except MultiPartException as error:
                raise HTTPException(status.HTTP_400_BAD_REQUEST, error.message) from error
        return await super()._get_form(**limits)


class WholeFormRoute(APIRoute):
    """A route that takes no form which was cut short."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The framework's handler, for a request whose form has to be whole."""
        answer = super().get_route_handler()

        async def handler(request: Request) -> Response:
            return await answer(WholeFormRequest(request.scope, request.receive))

        return handler
