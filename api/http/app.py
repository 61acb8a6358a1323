"""The application: its routes, and one form for every refusal."""

from collections.abc import Collection
from typing import Annotated, cast

from fastapi import APIRouter, Depends, FastAPI, Path
from fastapi.exceptions import RequestValidationError
from fastapi.telemetry import TelemetryConfig
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse
from starlette.types import ASGIApp

from api import VERSION
from api.errors import API, OURS, http_status, of_system
from api.http import (
    alert,
    bundle,
    case,
    channel,
    check,
    check_page,
    freeze,
    hash_list,
    health,
    intake,
    item,
    log,
    memory,
    metrics,
    question,
    recognition,
    reply,
    request,
    session,
    task,
    verify,
)
from api.http.bodies import BodyLimit
from api.http.caller import ServedOffice
from api.http.document import DocumentedApi, require_known_parameters, require_parts_once
from api.http.guard import OF_HER_PAGE, Guard
from api.http.manual import POLICY, Manual
from api.http.model import MOST_PARTS, AnswerBody, example
from api.http.problem import problem_answer, refusals, request_id
from api.office.question import MOST_TEXT
from config import oplog
from config.errors import LANGUAGE, CallError, Explained, catalogue
from evidence.errors import UnknownItemError
from evidence.store.api_key import Scope

_ROOMS = (
    *(session, channel, item, case, reply, alert, freeze, intake, task, bundle, check, recognition, question),
    *(hash_list, request, log, verify),
)
BODY_BYTES = 1_000_000
AROUND_TEXT = 10_000
"""What a question's JSON has beside the text itself."""
LIST_BYTES = 200_000_000
"""Of a list of hashes: three million lines. A longer one is added with the command."""
BUNDLE_BYTES = 2_000_000_000
_NO_TELEMETRY: TelemetryConfig = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "operation_spans": False,
    "auto_configure": False,
}
"""The framework would tell a collector about calls, if the environment named one."""
UPLOAD_BYTES = 20_000_000_000
UPLOAD_WITHIN_S = 6 * 3600.0
_LIMITS = (
    BodyLimit(f"{API}/imports", UPLOAD_BYTES, UPLOAD_WITHIN_S, Scope.IMPORTS, every_case=True),
    BodyLimit(f"{API}/evidence", UPLOAD_BYTES, UPLOAD_WITHIN_S, Scope.IMPORTS, every_case=True),
    BodyLimit(f"{API}/hash-lists", LIST_BYTES, scope=Scope.ADMIN, every_case=True, ends="/hash-lists"),
    BodyLimit(f"{API}/verify", BUNDLE_BYTES, scope=Scope.CASES_READ),
    BodyLimit(f"{API}/cases/", MOST_TEXT + AROUND_TEXT, scope=Scope.CHECKS, ends="/checks"),
    memory.LIMIT,
    BodyLimit(OF_HER_PAGE[0], MOST_TEXT + AROUND_TEXT),
    BodyLimit("", BODY_BYTES),
)


class ProblemTypeBody(AnswerBody):
    """What a type of problem means; ``{...}`` stands for facts."""

    model_config = example(
        code="call.locked", words={"message": "the office is locked, and this needs its records", "fix": "Ask somebody"}
    )

    code: str
    words: dict[str, str]


problems = APIRouter(tags=["problems"])
Code = Annotated[str, Path(description="`code` of a refusal", examples=["call.locked"])]


@problems.get(
    "/problems/{code}",
    summary="What a type of problem means",
    responses=refusals(UnknownItemError("unknown_item.no_such_problem", found="call.unheard_of")),
)
def get_problem(code: Code) -> ProblemTypeBody:
    """Say what an error's code means, with names in the place of facts."""
    words = catalogue(LANGUAGE).get(code)
    if words is None:
        raise UnknownItemError("unknown_item.no_such_problem", found=code[:64])
    return ProblemTypeBody(code=code, words=dict(words))


def application(office: ServedOffice, hosts: Collection[str]) -> ASGIApp:
    """The whole API of an office as an application, with what stands before its routes."""
    return Guard(
        routes(office),
        frozenset(hosts),
        _LIMITS,
        office.admit,
        office.limits.of_page,
        office.require_room,
        office.tally,
    )


def routes(office: ServedOffice) -> FastAPI:
    """The routes of an office, each documented with what it may refuse."""
    app = DocumentedApi(
        title="NisiSama",
        version=VERSION,
        description="Evidence of publicly reported channels, for programs of those who act on it. No picture leaves.",
        openapi_url=f"{API}/openapi.json",
        docs_url=None,
        telemetry=_NO_TELEMETRY,
        redoc_url=None,
        separate_input_output_schemas=False,
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
        dependencies=[Depends(require_known_parameters), Depends(require_parts_once)],
    )
    app.state.office = office
    app.include_router(health.router)
    app.include_router(metrics.router)
    app.include_router(check_page.router)
    for each in _ROOMS:
        app.include_router(each.router, prefix=API)
    app.include_router(problems, prefix=API)
    page = Manual(app.openapi()).page()

    @app.get("/docs", include_in_schema=False)
    def get_docs() -> HTMLResponse:
        return HTMLResponse(page, headers={"Content-Security-Policy": POLICY})

    app.add_exception_handler(Explained, _explained)
    app.add_exception_handler(OSError, _system)
    app.add_exception_handler(RequestValidationError, _unfit)
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(Exception, _broke)
    return app


def _explained(request: Request, error: Exception) -> JSONResponse:
    return _said(request, cast(Explained, error), error)


def _system(request: Request, error: Exception) -> JSONResponse:
    return _said(request, of_system(cast(OSError, error)), error)


def _said(request: Request, error: Explained, cause: Exception) -> JSONResponse:
    """The answer; of what is wrong at this machine, the operational log has the place."""
    if http_status(error) >= OURS:
        oplog.note("call_broke", request=request_id(request), error=type(cause), place=oplog.source_place(cause))
    return problem_answer(request, error)


def _unfit(request: Request, error: Exception) -> JSONResponse:
    """The first thing that does not fit, and what would; never what was sent, nor the name of a field too many."""
    first = cast(RequestValidationError, error).errors()[0]
    was_sent = first["loc"] == ("body",) and first["type"] != "missing"
    if was_sent and not _is_json(request.headers.get("content-type", "")):
        return problem_answer(request, CallError("call.not_json"))
    place = first["loc"][:-1] if first["type"] == "extra_forbidden" else first["loc"]
    key = ".".join(map(str, place))[:80]
    return problem_answer(request, CallError("call.does_not_fit", key=key, system=first["msg"]))


def _is_json(content_type: str) -> bool:
    """Whether the framework reads such a body as JSON."""
    sent = content_type.partition(";")[0].strip().lower()
    return sent == "application/json" or (sent.startswith("application/") and sent.endswith("+json"))


def _refused(request: Request, error: Exception) -> JSONResponse:
    """What the framework refuses; a body that was too long or too slow, or a full disk, reaches us as its cause."""
    refused = cast(HTTPException, error)
    cause = refused.__cause__
    if isinstance(cause, Explained):
        return problem_answer(request, cause)
    if isinstance(cause, OSError):
        return _system(request, cause)
    api: DocumentedApi = request.app
    allowed = ", ".join(api.methods_of(request.url.path)) or (refused.headers or {}).get("Allow", "")
    match refused.status_code:
        case 404:
            return problem_answer(request, CallError("call.no_such_route"))
        case 405:
            return problem_answer(request, CallError("call.other_method", expected=allowed), {"Allow": allowed})
        case _ if refused.detail.startswith("Too many "):  # so the framework's reader of forms says it
            return problem_answer(request, CallError("call.too_many_parts", limit=MOST_PARTS))
        case _:
            return problem_answer(request, CallError("call.refused"))


def _broke(request: Request, error: Exception) -> JSONResponse:
    """A fault of ours: told without a word of it, and noted by its place."""
    oplog.note("call_broke", request=request_id(request), error=type(error), place=oplog.source_place(error))
    return problem_answer(request, CallError("call.broke"))
