"""The JSON Schemas of a bundle (draft 2020-12), and a reader of the keywords that they use.

A bundle carries its schemas so that its tables can be read without this program. The verifier
holds the same files, so that a bundle cannot bring schemas of its own. A keyword that is not
known here is an error of ours, never a pass; a test compares with a full implementation. Each
schema names its type before any keyword that is about one type, and keywords apply in order; a
second test checks the files for that. A schema is compiled once, for the thousands of lines that
fit it. A line that does not fit is read again by functions that say where, and a third test
checks that the two readings agree.
Standard library only.
"""

import functools
import importlib.resources
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from casefiles.errors import RecordsError
from config.errors import Fact
from evidence.canonical import Json

_TYPES: Mapping[str, type | tuple[type, ...]] = {"string": str, "null": type(None), "array": list, "object": dict}
_NOTES = frozenset({"$schema", "$id", "$defs", "title", "description"})
_NULL = {"type": "null"}
_NAMES = 256
"""How many names of objects are known to fit or not to fit, at most."""


@functools.cache
def schema_bytes(name: str) -> bytes:
    """The JSON Schema ``name`` as a file, in the form that a bundle carries it."""
    return importlib.resources.files("casefiles.format").joinpath("schemas", f"{name}.schema.json").read_bytes()


@functools.cache
def load_schema(name: str) -> Mapping[str, Any]:
    """The JSON Schema ``name`` of a bundle, parsed."""
    loaded: dict[str, Any] = json.loads(schema_bytes(name))
    return loaded


def require_schema(value: Json, name: str, *, where: str) -> None:
    """Check ``value``, from a bundle, against a JSON Schema.

    Raises:
        RecordsError: It does not fit; says at which path.
    """
    if _compiled(name)(value):
        return
    # it does not fit: read again, slowly, by what says where
    root = load_schema(name)
    _require(value, root, root, where)


_Fits = Callable[[Any], bool]


@functools.cache
def _compiled(name: str) -> _Fits:
    """Whether a value fits the schema ``name``, as one function."""
    root = load_schema(name)
    of_refs: dict[str, _Fits] = {}
    for ref, schema in root.get("$defs", {}).items():
        of_refs[ref] = _compile(schema, of_refs)
    return _compile(root, of_refs)


def _compile(schema: Mapping[str, Any], of_refs: Mapping[str, _Fits]) -> _Fits:
    parts = [_FITTING[keyword](schema, of_refs) for keyword in schema if keyword not in _NOTES]
    if len(parts) == 1:
        return parts[0]

    def every(value: Any) -> bool:  # noqa: ANN401 - any JSON
        for part in parts:  # noqa: SIM110 - a generator for each of a million values costs more than they do
            if not part(value):
                return False
        return True

    return every


def _fits_ref(schema: Mapping[str, Any], of_refs: Mapping[str, _Fits]) -> _Fits:
    name = schema["$ref"].removeprefix("#/$defs/")
    # else looked up when it is asked: a definition may name itself, or one that is compiled after it
    return of_refs.get(name) or (lambda value: of_refs[name](value))  # noqa: PLW0108 - see above


def _fits_type(schema: Mapping[str, Any], _: Mapping[str, _Fits]) -> _Fits:
    names = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
    types = tuple(_TYPES[name] for name in names)
    return lambda value: isinstance(value, types)


def _fits_pattern(schema: Mapping[str, Any], _: Mapping[str, _Fits]) -> _Fits:
    search = re.compile(_anchored(schema["pattern"])).search
    return lambda value: search(value) is not None


def _fits_properties(schema: Mapping[str, Any], of_refs: Mapping[str, _Fits]) -> _Fits:
    parts = {name: _compile(inner, of_refs) for name, inner in schema["properties"].items()}

    def each(value: Any) -> bool:  # noqa: ANN401 - any JSON
        for name in value:  # noqa: SIM110 - as above
            if name in parts and not parts[name](value[name]):
                return False
        return True

    return each


def _fits_additional(schema: Mapping[str, Any], of_refs: Mapping[str, _Fits]) -> _Fits:
    known = frozenset(schema.get("properties", {}))
    if schema["additionalProperties"] is False:
        return lambda value: value.keys() <= known
    part = _compile(schema["additionalProperties"], of_refs)
    return lambda value: all(part(value[name]) for name in value.keys() - known)


def _fits_required(schema: Mapping[str, Any], _: Mapping[str, _Fits]) -> _Fits:
    names = frozenset(schema["required"])
    return lambda value: names <= value.keys()


def _fits_items(schema: Mapping[str, Any], of_refs: Mapping[str, _Fits]) -> _Fits:
    part = _compile(schema["items"], of_refs)
    return lambda value: all(map(part, value))


def _fits_names(schema: Mapping[str, Any], of_refs: Mapping[str, _Fits]) -> _Fits:
    # thousands of lines have the same few names; a bundle that has more cannot fill the memory
    part = functools.lru_cache(_NAMES)(_compile(schema["propertyNames"], of_refs))
    return lambda value: all(map(part, value))


def _fits_any(schema: Mapping[str, Any], of_refs: Mapping[str, _Fits]) -> _Fits:
    # null first, as most values are
    parts = [_compile(inner, of_refs) for inner in sorted(schema["anyOf"], key=lambda inner: inner != _NULL)]

    def some(value: Any) -> bool:  # noqa: ANN401 - any JSON
        for part in parts:  # noqa: SIM110 - as above
            if part(value):
                return True
        return False

    return some


def _fits_not(schema: Mapping[str, Any], of_refs: Mapping[str, _Fits]) -> _Fits:
    part = _compile(schema["not"], of_refs)
    return lambda value: not part(value)


_FITTING: Mapping[str, Callable[[Mapping[str, Any], Mapping[str, _Fits]], _Fits]] = {
    "$ref": _fits_ref,
    "type": _fits_type,
    "const": lambda schema, _: lambda value: bool(value == schema["const"]),
    "enum": lambda schema, _: lambda value: value in schema["enum"],
    "pattern": _fits_pattern,
    "minLength": lambda schema, _: lambda value: len(value) >= schema["minLength"],
    "properties": _fits_properties,
    "required": _fits_required,
    "additionalProperties": _fits_additional,
    "propertyNames": _fits_names,
    "items": _fits_items,
    "uniqueItems": lambda schema, _: lambda value: not schema["uniqueItems"] or len(set(map(str, value))) == len(value),
    "anyOf": _fits_any,
    "not": _fits_not,
}


def _anchored(pattern: str) -> str:
    # every pattern here is anchored; \Z in place of $ keeps Python from passing a last newline
    return pattern.replace("$", r"\Z")


def _require(value: Json, schema: Mapping[str, Any], root: Mapping[str, Any], where: str) -> None:
    for keyword in schema:
        if keyword not in _NOTES:
            _KEYWORDS[keyword](value, schema, root, where)


def _fits(value: Json, schema: Mapping[str, Any], root: Mapping[str, Any]) -> bool:
    try:
        _require(value, schema, root, "")
    except RecordsError:
        return False
    return True


def _refuse(code: str, where: str, **facts: Fact) -> None:
    raise RecordsError(code, where=where, **facts)


def _shown(value: Json) -> str:
    return ascii(value)[:80]


def _ref(value: Json, schema: Mapping[str, Any], root: Mapping[str, Any], where: str) -> None:
    _require(value, root["$defs"][schema["$ref"].removeprefix("#/$defs/")], root, where)


def _type(value: Json, schema: Mapping[str, Any], _: Mapping[str, Any], where: str) -> None:
    names = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
    if not any(isinstance(value, _TYPES[name]) for name in names):
        _refuse("records.of_another_type", where, expected=", ".join(names), found=type(value).__name__)


def _const(value: Json, schema: Mapping[str, Any], _: Mapping[str, Any], where: str) -> None:
    if value != schema["const"]:
        _refuse("records.of_another_value", where, expected=str(schema["const"]), found=_shown(value))


def _enum(value: Json, schema: Mapping[str, Any], _: Mapping[str, Any], where: str) -> None:
    if value not in schema["enum"]:
        _refuse("records.of_no_listed_value", where, expected=str(schema["enum"]), found=_shown(value))


def _pattern(value: Json, schema: Mapping[str, Any], _: Mapping[str, Any], where: str) -> None:
    if not re.search(_anchored(schema["pattern"]), value):
        _refuse("records.of_another_form", where, expected=schema["pattern"], found=_shown(value))


def _min_length(value: Json, schema: Mapping[str, Any], _: Mapping[str, Any], where: str) -> None:
    if len(value) < schema["minLength"]:
        _refuse("records.too_short", where, least=schema["minLength"], found=_shown(value))


def _properties(value: Json, schema: Mapping[str, Any], root: Mapping[str, Any], where: str) -> None:
    for name in schema["properties"].keys() & value.keys():
        _require(value[name], schema["properties"][name], root, f"{where}/{name}")


def _required(value: Json, schema: Mapping[str, Any], _: Mapping[str, Any], where: str) -> None:
    if missing := set(schema["required"]) - value.keys():
        _refuse("records.name_missing", where, expected=min(missing))


def _additional(value: Json, schema: Mapping[str, Any], root: Mapping[str, Any], where: str) -> None:
    for name in value.keys() - schema.get("properties", {}).keys():
        if schema["additionalProperties"] is False:
            _refuse("records.name_too_many", where, found=_shown(name))
        _require(value[name], schema["additionalProperties"], root, f"{where}/{name}")


def _property_names(value: Json, schema: Mapping[str, Any], root: Mapping[str, Any], where: str) -> None:
    for name in value:
        _require(name, schema["propertyNames"], root, where)


def _items(value: Json, schema: Mapping[str, Any], root: Mapping[str, Any], where: str) -> None:
    for at, inner in enumerate(value):
        _require(inner, schema["items"], root, f"{where}/{at}")


def _unique(value: Json, schema: Mapping[str, Any], _: Mapping[str, Any], where: str) -> None:
    # only arrays of strings are said to be unique here
    if schema["uniqueItems"] and len(set(map(str, value))) != len(value):
        _refuse("records.doubled", where)


def _any_of(value: Json, schema: Mapping[str, Any], root: Mapping[str, Any], where: str) -> None:
    if not any(_fits(value, one, root) for one in schema["anyOf"]):
        _refuse("records.of_no_form", where, found=_shown(value))


def _not(value: Json, schema: Mapping[str, Any], root: Mapping[str, Any], where: str) -> None:
    if _fits(value, schema["not"], root):
        _refuse("records.of_an_excluded_form", where, excluded=str(schema["not"]), found=_shown(value))


_KEYWORDS: Mapping[str, Callable[[Any, Mapping[str, Any], Mapping[str, Any], str], None]] = {
    "$ref": _ref,
    "type": _type,
    "const": _const,
    "enum": _enum,
    "pattern": _pattern,
    "minLength": _min_length,
    "properties": _properties,
    "required": _required,
    "additionalProperties": _additional,
    "propertyNames": _property_names,
    "items": _items,
    "uniqueItems": _unique,
    "anyOf": _any_of,
    "not": _not,
}
