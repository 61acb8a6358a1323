"""Every refusal of every layer as one form: problem details (RFC 9457), from the one table of errors."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse

from api.errors import http_status
from config.errors import CallError, Explained, Term

MEDIA_TYPE = "application/problem+json"
API = "/api/v1"
OURS = 500
"""From this status on, what is wrong is not the call."""
TYPES = f"{API}/problems/"
"""Below it, each type has an address at which it is explained."""


_COMMAND = "nisisama "
_CASES, _ITEMS, _CHANNELS = Term("remedy.cases"), Term("remedy.items"), Term("remedy.channels")
_REMEDIES: Mapping[str, Term] = MappingProxyType(
    {
        "unknown_item.no_such_case": _CASES,
        "unknown_item.no_such_channel": _CHANNELS,
        "unknown_item.no_such_channel_seen": _CHANNELS,
        "unknown_item.no_such_item": _ITEMS,
    }
)
"""What a caller can do about an error whose own remedy is a command of the office."""


def request_id(request: Request) -> str:
    """What names this call in its answer and in the operational log."""
    return str(request.scope["nisisama.request_id"])


def as_problem(error: Explained, request_id: str) -> dict[str, Any]:
    """The body of a refusal.

    ``title`` says what is wrong, ``detail`` that and the remedy; ``code`` and ``facts`` are for programs. Of what is
    wrong at the office's own machine, such as a file, the caller is told its kind alone.
    """
    told, status = error.as_json(), http_status(error)
    shown = error if status < OURS else CallError("call.broke")
    return {
        "type": TYPES + error.code,
        "title": told["message"],
        "status": status,
        "detail": str(replace(error.said, fix=_remedy(error))) if status < OURS else f"{told['message']}. {shown.fix}",
        "code": error.code,
        "facts": told["facts"] if status < OURS else {},
        "request_id": request_id,
    }


def _remedy(error: Explained) -> str:
    """What a caller can do. He cannot run a command of the office; the API's own errors say whom to ask."""
    if error.code in _REMEDIES:
        return str(_REMEDIES[error.code])
    is_at_the_office = _COMMAND in error.fix and not isinstance(error, CallError)
    return str(Term("remedy.at_the_office")) if is_at_the_office else error.fix


def problem_answer(request: Request, error: Explained, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """The answer to a call that ended with an error, with the headers that belong to it."""
    more = dict(headers or {})
    if error.code in ("call.no_bearer", "call.no_key", "call.wrong_key"):
        more["WWW-Authenticate"] = "Bearer"
    elif error.code in ("call.too_many", "call.too_many_passphrases"):
        more["Retry-After"] = str(error.facts["seconds"])
    body = as_problem(error, request_id(request))
    return JSONResponse(body, body["status"], more, MEDIA_TYPE)
