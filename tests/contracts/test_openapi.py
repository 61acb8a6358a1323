"""The committed document of the API is what the routes make, valid OpenAPI 3.1, and leaves no operation half told."""

import copy
import io
import json
import re
from typing import Any

import jsonschema
import pytest
from fastapi import UploadFile
from openapi_spec_validator import validate
from openapi_spec_validator.validation.exceptions import OpenAPIValidationError

from api.http.guard import OF_HER_PAGE
from api.http.model import AnswerBody, CallBody
from api.http.problem import MEDIA_TYPE
from evidence.store.api_key import Scope
from tests.contracts.openapi import FILE, document, operations, resolved, written
from tests.contracts.test_documentation import code_spans
from tests.contracts.tree import ROOT, subclasses
from tests.nonempty import nonempty

OPERATIONS: dict[str, dict[str, Any]] = dict(operations())
OPEN = {"GET /livez", "GET /readyz", "GET /metrics", "GET /api/v1/problems/{code}"} | {
    f"POST {path}" for path in OF_HER_PAGE
}
EVERY = {"403", "421", "422", "429", "500"}
"""What each route may refuse: a page in a browser, a parameter, a name, a call too many, a fault of ours."""


def test_the_committed_document_is_what_the_routes_make() -> None:
    assert FILE.read_text(encoding="utf-8") == written(), "python -m tests.contracts.openapi > docs/openapi.json"


def test_it_is_valid_and_a_broken_one_is_not() -> None:
    validate(document())
    broken = copy.deepcopy(document())
    del broken["paths"]["/livez"]["get"]["responses"]["200"]["description"]
    with pytest.raises(OpenAPIValidationError):
        validate(broken)


def test_whatever_may_bring_a_file_is_sent_as_a_multipart_form() -> None:
    """A form of the other kind (URL encoded) cannot hold one (RFC 7578; HTML, 4.10.21.7)."""
    forms = [
        kind
        for operation in OPERATIONS.values()
        for kind, media in operation.get("requestBody", {"content": {}})["content"].items()
        if "octet-stream" in json.dumps(resolved(media["schema"]))
    ]
    assert forms == ["multipart/form-data"] * 5


def test_nothing_in_it_is_of_this_machine() -> None:
    assert document()["openapi"].startswith("3.1")
    assert "servers" not in document()
    assert not re.search(r"127\.0\.0\.1|localhost", written())


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_has_name_words_tag_and_the_scope_of_its_key(name: str) -> None:
    operation = OPERATIONS[name]
    assert operation["operationId"]
    assert operation["summary"]
    assert len(operation["tags"]) == 1
    scopes = [scope for each in operation.get("security", ()) for scope in each["key"]]
    assert (scopes == []) == (name in OPEN)
    assert set(scopes) <= set(Scope)
    assert ("Needs no key." in operation["description"]) == (name in OPEN)
    assert all(f"`{scope}`" in operation["description"] for scope in scopes)


def test_no_two_operations_have_one_name() -> None:
    names = [each["operationId"] for each in OPERATIONS.values()]
    assert len(set(names)) == len(names) > 10


def validator(schema: dict[str, Any]) -> jsonschema.protocols.Validator:
    whole = {**schema, "components": document()["components"]}
    return jsonschema.Draft202012Validator(whole)


def bodies(operation: dict[str, Any]) -> list[dict[str, Any]]:
    """Every body that an operation takes or, where it went well, gives."""
    well = [resolved(answer) for status, answer in operation["responses"].items() if status < "300"]
    assert well
    return [media for each in (operation.get("requestBody", {}), *well) for media in each.get("content", {}).values()]


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_body_has_an_example_that_fits(name: str) -> None:
    for media in nonempty(bodies(OPERATIONS[name])):
        validator(media["schema"]).validate(media["example"])
    parameters = [each for each in OPERATIONS[name].get("parameters", ()) if each["in"] == "path"]
    assert all(each["description"] and each["schema"]["examples"] for each in parameters)


def test_an_example_that_does_not_fit_is_found() -> None:
    media = OPERATIONS["POST /api/v1/cases"]["requestBody"]["content"]["application/json"]
    with pytest.raises(jsonschema.ValidationError):
        validator(media["schema"]).validate({"reason": ""})


def test_an_example_has_every_field_of_its_model_and_no_other() -> None:
    shown = [
        kind for root in (CallBody, AnswerBody) for kind in subclasses(root) if "json_schema_extra" in kind.model_config
    ]
    for kind in nonempty(shown):
        (body,) = kind.model_config["json_schema_extra"]["examples"]
        assert body.keys() == kind.model_fields.keys(), kind.__name__
        files = (UploadFile, UploadFile | None)
        sent = {name for name, each in kind.model_fields.items() if each.annotation in files}
        given = body | {name: UploadFile(io.BytesIO(), filename=body[name]) for name in sent if body[name]}
        several = {name for name, each in kind.model_fields.items() if each.annotation == list[UploadFile]}
        given |= {name: [UploadFile(io.BytesIO(), filename=each) for each in body[name]] for name in several}
        kind.model_validate(given)


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_refusal_is_a_problem_of_its_status_with_an_example(name: str) -> None:
    operation = OPERATIONS[name]
    refused = {status: resolved(each) for status, each in operation["responses"].items() if status >= "400"}
    wanted = EVERY | ({"401"} if "security" in operation else set())
    wanted |= {"400", "408", "413"} if "requestBody" in operation else set()
    assert wanted <= refused.keys()
    for status, answer in nonempty(refused.items()):
        assert answer["description"]
        if (name, status) == ("GET /readyz", "503"):  # it answers: the work cannot be done
            continue
        assert answer["content"].keys() == {MEDIA_TYPE}
        media = answer["content"][MEDIA_TYPE]
        assert media["schema"] == {"$ref": "#/components/schemas/ProblemBody"}
        for code, each in nonempty(media["examples"].items()):
            told = resolved(each)["value"]
            validator(media["schema"]).validate(told)
            assert (told["code"], str(told["status"])) == (code, status)


def test_the_frameworks_own_refusal_is_nowhere() -> None:
    assert "ValidationError" not in written()
    assert "default" not in {status for each in OPERATIONS.values() for status in each["responses"]}


def test_a_link_leads_to_an_operation_with_such_parameters() -> None:
    parameters = {
        each["operationId"]: {given["name"] for given in each.get("parameters", ())} for each in OPERATIONS.values()
    }
    answers = [answer for each in OPERATIONS.values() for answer in each["responses"].values()]
    for link in nonempty(link for answer in answers for link in answer.get("links", {}).values()):
        assert link["parameters"].keys() <= parameters[link["operationId"]]


def test_every_operation_stands_in_the_page_of_the_api() -> None:
    """By its method and path, with a capital word in the place of a name: ``GET /api/v1/items/ITEM``."""
    spans = " ".join(code_spans((ROOT / "docs" / "api.md").read_text(encoding="utf-8")))
    words = {f"{{{name}_id}}": name.upper() for name in ("case", "item", "task", "bundle", "request")}
    words |= {"{level}": "L", "{place}": "N"}
    for name in nonempty(OPERATIONS):
        assert re.sub(r"\{\w+\}", lambda found: words.get(found[0], found[0].strip("{}").upper()), name) in spans


def test_it_can_be_read_as_json_again() -> None:
    assert json.loads(written()) == document()
