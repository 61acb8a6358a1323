"""Every refusal of every layer as one form: problem details (RFC 9457), from the one table of errors."""

from collections.abc import Mapping
from typing import Any

from pydantic import Field
from starlette.requests import Request
from starlette.responses import JSONResponse

from api.errors import problem_of
from api.http.model import AnswerBody
from config.errors import Explained
from evidence.errors import HomeBusyError, StorageFullError

MEDIA_TYPE = "application/problem+json"
EXAMPLE_REQUEST = "0123456789abcdef"
WRITES = (
    HomeBusyError("home_busy.others_kept_writing", waited_s=30),
    StorageFullError("storage_full.no_space"),
)
"""What a route that writes may refuse (``refusals``)."""


class ProblemBody(AnswerBody):
    """A refusal (RFC 9457)."""

    type: str = Field(description="An address on this server that explains the code")
    title: str = Field(description="What is wrong")
    status: int
    detail: str = Field(description="What is wrong, and the remedy")
    code: str = Field(description="For programs; it does not change with the words")
    facts: dict[str, Any]
    request_id: str = Field(description="Names the call in the operational log, as the header X-Request-Id does")


def refusals(*errors: Explained) -> dict[int | str, dict[str, Any]]:
    """For ``responses`` of a route: what it may refuse beside what every route may, each by an example."""
    found: dict[int | str, dict[str, Any]] = {}
    for error in errors:
        told = {**problem_of(error), "request_id": EXAMPLE_REQUEST}
        media = {"schema": {"$ref": "#/components/schemas/ProblemBody"}, "examples": dict[str, Any]()}
        answer = found.setdefault(told["status"], {"description": "A refusal", "content": {MEDIA_TYPE: media}})
        answer["content"][MEDIA_TYPE]["examples"][error.code] = {"summary": told["title"], "value": told}
    return found


def request_id(request: Request) -> str:
    """What names this call in its answer's header and in the operational log."""
    return str(request.scope["nisisama.request_id"])


def problem_answer(request: Request, error: Explained, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """The answer to a call that ended with an error, with the headers that belong to it."""
    more = dict(headers or {})
    if error.code in ("call.no_bearer", "call.no_key", "call.wrong_key"):
        more["WWW-Authenticate"] = "Bearer"
    elif error.code in ("call.too_many", "call.too_many_passphrases"):
        more["Retry-After"] = str(error.facts["seconds"])
    elif error.code == "authority.checked_enough":
        more["Retry-After"] = "3600"
    elif isinstance(error, HomeBusyError):
        more["Retry-After"] = "5"
    elif error.code == "call.no_such_part":
        more["Content-Range"] = f"bytes */{error.facts['limit']}"
    body = {**problem_of(error), "request_id": request_id(request)}
    return JSONResponse(body, body["status"], more, MEDIA_TYPE)
