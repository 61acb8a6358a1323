"""The JSON Schema of a message's content, made from the tables of ``evidence.content``.

``python -m tests.casefiles.format.content_schema`` writes the file that a bundle carries; a test compares.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from casefiles.format.schema import load_schema
from evidence.content import COUNTED, COUNTERS, ENTITY_FIELDS, PARTS, Field, Form

FILE = Path(__file__).parents[3] / "casefiles/format/schemas/content.schema.json"


def ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/$defs/{name}"}


def string(pattern: str) -> dict[str, str]:
    return {"type": "string", "pattern": f"^{pattern}$"}


def an_object(properties: Mapping[str, Any], *required: str) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "object", "properties": dict(properties)}
    return schema | ({"required": list(required)} if required else {}) | {"additionalProperties": False}


def an_array(items: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": dict(items)}


def or_null(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"anyOf": [dict(schema), {"type": "null"}]}


SIMPLE = {
    "text": {
        "anyOf": [
            {"type": "string"},
            an_object({"b64": string("[A-Za-z0-9_-]*")}, "b64"),
            # not as a property: the last gate lets no field of this name out but with a length in it
            {
                "type": "object",
                "required": ["stripped"],
                "propertyNames": {"enum": ["stripped"]},
                "additionalProperties": ref("integer"),
            },
            an_array(ref("text")),
        ]
    },
    "code": string("[a-z0-9_]{1,64}"),
    "integer": string("(?:0|-?[1-9][0-9]{0,39})"),
    "fraction": string("-?[0-9]{1,20}(?:\\.[0-9]{1,20})?"),
    "flag": {"enum": ["yes", "no"]},
    "time": load_schema("item")["$defs"]["time"],
    "span": an_object({"offset": ref("place"), "length": ref("place")}, "offset", "length"),
    "place": load_schema("item")["$defs"]["decimal"],
    "link": an_object({"address": ref("text")}, "address"),
    "person": an_object({name: ref("text") for name in ("id", "name", "username")}),
    "number": an_object({"kind": {"enum": ["phone", "email", "card"]}, "number": ref("text")}, "kind", "number"),
    "words": {"anyOf": [{"type": "string"}, an_array({"anyOf": [ref("piece"), ref("text")]})]},
    "whole_words": {"anyOf": [{"type": "string"}, an_array({"anyOf": [ref("whole_piece"), ref("text")]})]},
}
LISTED = {Form.LINK, Form.PERSON, Form.NUMBER}


def form(field: Field, *, inline: bool) -> dict[str, Any]:
    """A field's schema; ``inline`` where what can be withheld apart stands in place and not in its list."""
    if not isinstance(field.form, Form):
        one = ref(f"{field.form}_fields")
    elif field.form in LISTED and not inline:
        one = ref("place")
    elif field.form is Form.WORDS and inline:
        one = ref("whole_words")
    else:
        one = ref(field.form.value)
    return an_array(one) if field.many else one


def fields(forms: Mapping[str, Field], *, inline: bool = False) -> dict[str, Any]:
    return {name: form(field, inline=inline) for name, field in sorted(forms.items())}


def definitions() -> Iterator[tuple[str, dict[str, Any]]]:
    yield from SIMPLE.items()
    entity = fields(ENTITY_FIELDS)
    yield "piece", an_object({"type": ref("code"), "text": ref("words")} | entity, "type")
    whole = fields(ENTITY_FIELDS, inline=True)
    yield "whole_piece", an_object({"type": ref("code"), "text": ref("whole_words")} | whole, "type")
    span = {"type": ref("code"), "offset": ref("place"), "length": ref("place")}
    yield "entity", an_object(span | entity, "type", "offset", "length")
    for kind, forms in sorted(PARTS.items()):
        properties = fields(forms, inline=kind in COUNTED)
        yield kind if kind not in SIMPLE else f"{kind}_part", an_object({"kind": {"const": kind}} | properties, "kind")
        yield f"{kind}_fields", an_object(properties)
    yield "part", {"anyOf": [ref(kind) for kind in sorted(PARTS) if kind not in COUNTED]}
    yield "counter", {"anyOf": [ref(kind) for kind in sorted(COUNTERS)]}


def schema() -> dict[str, Any]:
    lists = {"links": "link", "people": "person", "numbers": "number", "entities": "entity"}
    lists |= {"content": "part", "counters": "counter"}
    properties = {"text": or_null(ref("text"))} | {name: or_null(an_array(ref(one))) for name, one in lists.items()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:nisisama:schema:content:1",
        "title": "What a message says",
        "description": "The values of a leaf of type observed that say what a message says. A name that is not there "
        "is withheld. A link, a person or a number is named by its place in links, people or numbers.",
        **an_object(properties),
        "$defs": dict(definitions()),
    }


def spelled() -> bytes:
    return (json.dumps(schema(), indent=2, ensure_ascii=False) + "\n").encode()


if __name__ == "__main__":
    FILE.write_bytes(spelled())
