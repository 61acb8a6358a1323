"""Every refusal of every layer as one form: problem details (RFC 9457), from the one table of errors."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import JSONResponse

from api.errors import problem_of
from config.errors import Explained

MEDIA_TYPE = "application/problem+json"


def request_id(request: Request) -> str:
    """What names this call in its answer and in the operational log."""
    return str(request.scope["nisisama.request_id"])


def problem_answer(request: Request, error: Explained, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """The answer to a call that ended with an error, with the headers that belong to it."""
    more = dict(headers or {})
    if error.code in ("call.no_key", "call.wrong_key"):
        more["WWW-Authenticate"] = "Bearer"
    elif error.code == "call.too_many":
        more["Retry-After"] = str(error.facts["seconds"])
    body = {**problem_of(error), "request_id": request_id(request)}
    return JSONResponse(body, body["status"], more, MEDIA_TYPE)
