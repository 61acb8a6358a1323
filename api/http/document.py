"""The document of the API (OpenAPI 3.1): the framework's, with every refusal of a call and an example of every body.

A route declares what it alone may refuse (``refusals``). What follows from its form is added here: from a key, a
body, and from standing on this server at all.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel

from api.http.model import MULTIPART, AnswerBody, CallBody
from api.http.problem import MEDIA_TYPE, ProblemBody, refusals
from config.errors import CallError

REQUEST_ID = {"description": "Names the call in the operational log", "schema": {"type": "string"}}
_FRAMEWORKS_OWN = ("HTTPValidationError", "ValidationError")
"""Its form of 422, in which nothing here is told."""
_SCHEMAS = "#/components/schemas/"
_EVERY = (
    CallError("call.foreign_origin"),
    CallError("call.does_not_fit", key="query.limit", system="Input should be less than or equal to 200"),
    CallError("call.other_host"),
    CallError("call.too_many", seconds=7),
    CallError("call.broke"),
)
_WITH_KEY = (CallError("call.no_key"), CallError("call.wrong_key"))
_WITH_BODY = (
    CallError("call.refused"),
    CallError("call.body_too_slow", seconds=60),
    CallError("call.body_too_large", limit=1_000_000),
)
_WITH_STATUS: Mapping[str, tuple[str, str]] = {
    "401": ("WWW-Authenticate", "Bearer (RFC 6750)"),
    "429": ("Retry-After", "Seconds until the next call"),
}
"""Status -> the header that comes with it, and what it says."""


class DocumentedApi(FastAPI):
    """An application whose document is whole."""

    _whole: dict[str, Any] | None = None

    def openapi(self) -> dict[str, Any]:
        """The document; the same for every call."""
        if self._whole is None:
            self._whole = _whole(super().openapi())
            self._queries = {each["operationId"]: _query(each) for each in _operations(self._whole)}
            schemas = self._whole["components"]["schemas"]
            self._single = {each["operationId"]: _single_parts(each, schemas) for each in _operations(self._whole)}
        return self._whole

    def methods_of(self, path: str) -> list[str]:
        """The methods that an address takes, of all routes that have it; the framework names the first one's alone."""
        found = (set(each) for form, each in self.openapi()["paths"].items() if _fits(form, path))
        return sorted(method.upper() for method in set[str]().union(*found))

    def query_of(self, operation: str) -> frozenset[str]:
        """The names of the parameters that an operation takes in its query."""
        self.openapi()
        return self._queries.get(operation, frozenset())

    def single_parts_of(self, operation: str) -> frozenset[str]:
        """The names of the parts of an operation's form that may come once; empty where it takes no form."""
        self.openapi()
        return self._single.get(operation, frozenset())


async def require_known_parameters(request: Request) -> None:
    """Check that every parameter of a call's query is one that the route knows, and comes once.

    A page for people takes none, and ignores what other sites add to a link.

    Raises:
        RequestValidationError: It is not. The name of an unknown one is not repeated.
    """
    api: DocumentedApi = request.app
    asked = [name for name, _value in request.query_params.multi_items()]
    if not asked or not request.scope["route"].include_in_schema:
        return
    if not api.query_of(request.scope["endpoint"].__name__).issuperset(asked):
        raise _unfit("Extra inputs are not permitted")
    if len(set(asked)) < len(asked):
        raise _unfit("A parameter should be given once")


async def require_parts_once(request: Request) -> None:
    """Check that a form has each part once that may come once: the framework takes the last, and drops the others.

    Raises:
        RequestValidationError: It has one of them twice; of two pages, one would be kept, and nobody would be told.
    """
    api: DocumentedApi = request.app
    single = api.single_parts_of(request.scope["endpoint"].__name__)
    if not single:
        return
    sent = Counter(name for name, _value in (await request.form()).multi_items())  # it was read before
    if twice := sorted(name for name in single if sent[name] > 1):
        raise _unfit("This part should be given once", "body", twice[0])


def _unfit(words: str, *place: str) -> RequestValidationError:
    """As the framework says that a parameter does not fit."""
    return RequestValidationError([{"type": "query", "loc": place or ("query",), "msg": words}])


def _fits(form: str, path: str) -> bool:
    return re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", form), path) is not None


def _operations(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    return (operation for methods in document["paths"].values() for operation in methods.values())


def _single_parts(operation: Mapping[str, Any], schemas: Mapping[str, Any]) -> frozenset[str]:
    """The parts of a form that are no list."""
    form = operation.get("requestBody", {}).get("content", {}).get(MULTIPART)
    if form is None:
        return frozenset()
    parts = schemas[form["schema"]["$ref"].removeprefix(_SCHEMAS)]["properties"]
    return frozenset(name for name, part in parts.items() if part.get("type") != "array")


def _query(operation: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(each["name"] for each in operation.get("parameters", ()) if each["in"] == "query")


def _whole(document: dict[str, Any]) -> dict[str, Any]:
    schemas: dict[str, dict[str, Any]] = document["components"]["schemas"]
    schemas["ProblemBody"] = ProblemBody.model_json_schema()
    for operation in _operations(document):
        _tell_key(operation)
        _tell_refusals(operation)
        _show_examples(operation, schemas)
    components = document["components"]
    components["headers"] = {"X-Request-Id": REQUEST_ID}
    components["examples"] = dict(sorted(_shared_examples(document).items()))
    components["responses"] = dict(sorted(_shared_answers(document).items()))
    for name in _FRAMEWORKS_OWN:
        schemas.pop(name, None)
    for schema in schemas.values():
        schema.pop("examples", None)  # each stands beside the body that it is of
    components["schemas"] = dict(sorted(schemas.items()))
    return document


def _shared_examples(document: Mapping[str, Any]) -> dict[str, Any]:
    """Examples of refusals, each once; where they stood, they are referred to by their code."""
    shared: dict[str, Any] = {}
    for operation in _operations(document):
        for answer in operation["responses"].values():
            shown = answer["content"].get(MEDIA_TYPE, {}).get("examples", {})
            for code, value in shown.items():
                if shared.setdefault(code, value) == value:
                    shown[code] = {"$ref": f"#/components/examples/{code}"}
    return shared


def _shared_answers(document: Mapping[str, Any]) -> dict[str, Any]:
    """Answers that several operations give alike, each once; where they stood, they are referred to by status."""
    shared: dict[str, Any] = {}
    for operation in _operations(document):
        answers = operation["responses"]
        for status, answer in answers.items():
            if status >= "400" and shared.setdefault(f"status-{status}", answer) == answer:
                answers[status] = {"$ref": f"#/components/responses/status-{status}"}
    return shared


def scopes_of(operation: Mapping[str, Any]) -> list[str]:
    """The scopes of a key for an operation of the API, of which one is enough; empty if it needs none."""
    return [scope for needed in operation.get("security", ()) for scope in needed["key"]]


def _tell_key(operation: dict[str, Any]) -> None:
    scopes = scopes_of(operation)
    if scopes:  # one of them is enough; the framework lists them as if all were needed
        operation["security"] = [{"key": [scope]} for scope in scopes]
    needed = " or ".join(f"`{each}`" for each in scopes)
    words = f"Needs a key of the scope {needed}." if needed else "Needs no key."
    operation["description"] = f"{operation['description']}\n\n{words}"


def _tell_refusals(operation: dict[str, Any]) -> None:
    """What the route may refuse: its own, and what its form brings; FastAPI's own form of 422 gives way."""
    answers, scopes = operation["responses"], scopes_of(operation)
    missing = tuple(CallError("call.scope_missing", expected=scope) for scope in scopes)
    errors = (*_EVERY, *(_WITH_KEY if scopes else ()), *missing, *(_WITH_BODY if "requestBody" in operation else ()))
    for status, answer in sorted(refusals(*errors).items(), key=lambda each: str(each[0])):
        own = answers.get(str(status), {}).get("content", {}).get(MEDIA_TYPE, {}).get("examples", {})
        answer["content"][MEDIA_TYPE]["examples"] = own | answer["content"][MEDIA_TYPE]["examples"]
        answers[str(status)] = answer
    operation["responses"] = dict(sorted(answers.items()))
    for status, answer in operation["responses"].items():
        _tell_answer(status, answer)


def _tell_answer(status: str, answer: dict[str, Any]) -> None:
    """The words of an answer, and the headers that come with it."""
    headers: dict[str, Any] = {"X-Request-Id": {"$ref": "#/components/headers/X-Request-Id"}}
    if status in _WITH_STATUS:
        name, words = _WITH_STATUS[status]
        headers[name] = {"description": words, "schema": {"type": "string"}}
    answer["headers"] = headers
    shown = answer["content"].get(MEDIA_TYPE, {}).get("examples")
    if shown:
        words = "; ".join(each["summary"] for each in shown.values())
        answer["description"] = f"{words[0].upper()}{words[1:]}"


def _examples(model: type[BaseModel]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Name of each model below this one -> its example; the framework's own document leaves out what is null."""
    for each in model.__subclasses__():
        extra = each.model_config.get("json_schema_extra")
        if isinstance(extra, dict) and isinstance(found := extra["examples"], list) and isinstance(found[0], dict):
            yield each.__name__, found[0]
        yield from _examples(each)


def _show_examples(operation: dict[str, Any], schemas: Mapping[str, Mapping[str, Any]]) -> None:
    """Put the example of each model beside the bodies that have its form, and its words on the answer."""
    shown = dict(_examples(CallBody)) | dict(_examples(AnswerBody))
    for answer in (operation.get("requestBody", {}), *operation["responses"].values()):
        for media in answer.get("content", {}).values():
            if others := [each for each in media.get("schema", {}).get("anyOf", ()) if each != {"type": "null"}]:
                media["schema"] = others[0]  # a body that may be left out is still no null
            name = media.get("schema", {}).get("$ref", "").removeprefix(_SCHEMAS)
            if name in shown:
                media["example"] = shown[name]
                if "description" in answer:
                    answer["description"] = schemas[name]["description"]
