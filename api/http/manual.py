"""``/docs``: the document of the API as one page for people, made here and with nothing from elsewhere.

The page has no script and asks for nothing: its one style stands in it, and its Content-Security-Policy names that
style by its digest. Every word of the document is escaped.
"""

import base64
import hashlib
import importlib.resources
import json
import re
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from api.errors import API
from config.page.markup import META, Markup, tag

STYLE = importlib.resources.files("api.http").joinpath("manual.css").read_text(encoding="utf-8")
_DIGEST = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
POLICY = (
    f"default-src 'none'; style-src 'sha256-{_DIGEST}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Of this page alone: that of every other answer, and its own style (CSP 3, section 2.3.1)."""
_FIRST_WORDS = "Make a key for yourself, start the server, and put the key and the server's address into variables:"
_FIRST_LINES = (
    "nisisama key api create --owner NAME --scope channels --scope cases:read",
    "nisisama serve",
    'curl -H "Authorization: Bearer $KEY" "$URL/api/v1/items"',
)


_KINDS = {"string": "text", "integer": "number", "boolean": "true or false"}
Resolver = Callable[[Mapping[str, Any]], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    kind: str
    words: str
    required: bool


@dataclass(frozen=True, slots=True)
class Manual:
    """The page of one document."""

    document: Mapping[str, Any]

    def page(self) -> str:
        """The whole page."""
        info = self.document["info"]
        title = f"{info['title']} API"
        opening = tag("header", tag("h1", title), tag("p", info["description"]), *self._begin())
        main = list[Markup]()
        for group, operations in self._groups().items():
            main += [tag("h2", group, id=group), *(self._article(*each) for each in operations)]
        main.append(tag("footer", f"{info['title']} {info['version']} · OpenAPI {self.document['openapi']}"))
        body = tag("body", tag("div", opening, self._contents(), tag("main", *main), class_="page"))
        head = tag("head", META, tag("title", title), tag("style", Markup(STYLE)))
        return f"<!DOCTYPE html>\n{tag('html', head, body, lang='en')}\n"

    def _groups(self) -> dict[str, list[tuple[str, str, dict[str, Any]]]]:
        found: dict[str, list[tuple[str, str, dict[str, Any]]]] = {}
        for path, methods in self.document["paths"].items():
            for method, operation in methods.items():
                found.setdefault(operation["tags"][0], []).append((method, path, operation))
        return found

    def _contents(self) -> Markup:
        """A link to every call."""
        parts = []
        for group, operations in self._groups().items():
            links = (tag("li", tag("a", each["summary"], href=f"#{each['operationId']}")) for _, _, each in operations)
            parts += [tag("h2", group), tag("ul", *links)]
        return tag("nav", *parts)

    def _begin(self) -> Iterator[Markup]:
        yield tag("p", _FIRST_WORDS)
        yield tag("pre", "\n".join(_FIRST_LINES))
        link = tag("a", "/api/v1/openapi.json", href=f"{API}/openapi.json")
        yield tag("p", "The same for programs: ", link, ". Refusals are problem details (RFC 9457).")

    def _article(self, method: str, path: str, operation: Mapping[str, Any]) -> Markup:
        """One call: what it does, takes, gives and refuses."""
        words, _, needs = operation["description"].rpartition("\n\n")
        return tag(
            "article",
            tag("h3", operation["summary"]),
            tag("p", tag("b", method.upper(), class_=method), tag("code", path), class_="call"),
            tag("p", *_with_code(words)),
            tag("span", *_with_code(needs.rstrip(".")), class_="scope"),
            *_table("Parameters", map(self._parameter, operation.get("parameters", ()))),
            *self._sent(operation),
            tag("h4", "Example"),
            tag("pre", curl(method, path, operation)),
            *self._answers(operation),
            id=operation["operationId"],
        )

    def _sent(self, operation: Mapping[str, Any]) -> Iterator[Markup]:
        for kind, media in operation.get("requestBody", {}).get("content", {}).items():
            yield from _table(f"Body ({kind})", self._fields(media["schema"]))

    def _answers(self, operation: Mapping[str, Any]) -> Iterator[Markup]:
        refused = []
        for status, answer in ((status, self._resolved(each)) for status, each in operation["responses"].items()):
            if status >= "300":
                refused.append(tag("tr", tag("td", status), tag("td", answer["description"])))
                continue
            for media in answer["content"].values():
                yield tag("h4", f"Answer {status}")
                yield tag("p", answer["description"])
                yield from self._body(media)
        head = tag("tr", tag("th", "status"), tag("th", "because"))
        yield tag("details", tag("summary", "Why it may be refused"), tag("table", head, *refused))

    def _body(self, media: Mapping[str, Any]) -> Iterator[Markup]:
        shown = media.get("example", "")
        yield tag("pre", shown if isinstance(shown, str) else _as_shown(shown))
        fields = list(_table("", self._fields(media["schema"])))
        if fields:
            yield tag("details", tag("summary", "Its fields"), *fields)

    def _resolved(self, node: Mapping[str, Any]) -> Mapping[str, Any]:
        if "$ref" not in node:
            return node
        found: Any = self.document
        for part in node["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        return self._resolved(found)

    def _fields(self, schema: Mapping[str, Any], before: str = "") -> Iterator[_Field]:
        """The fields of an object, and of the objects in it: ``items[].item_id``."""
        whole = self._resolved(schema)
        for name, each in whole.get("properties", {}).items():
            words = each.get("description", "")
            yield _Field(before + name, self._kind(each), words, name in whole.get("required", ()))
            inner = self._resolved(each.get("items", each))
            yield from self._fields(inner, f"{before}{name}{'[]' if 'items' in each else ''}.")

    def _kind(self, schema: Mapping[str, Any]) -> str:
        return kind_of(self._resolved(schema), self._resolved)

    def _parameter(self, each: Mapping[str, Any]) -> _Field:
        schema = each["schema"]
        values = [
            one for one in schema.get("anyOf", [schema]) if one.get("type") != "null"
        ]  # in a query nothing is null
        words = each.get("description", "")
        if "maximum" in schema:
            words += f" ({schema['minimum']} to {schema['maximum']}, {schema['default']} by default)"
        return _Field(each["name"], self._kind(values[0]), words, each["required"])


def kind_of(schema: Mapping[str, Any], resolved: Resolver = lambda node: node) -> str:
    """What a value of the API's document is, in words: ``text``, ``number or null``, ``list of text``."""

    def inner(each: Mapping[str, Any]) -> str:
        return kind_of(resolved(each), resolved)

    match schema:
        case {"anyOf": several}:
            return " or ".join(map(inner, several))
        case {"enum": values}:
            return f"one of {', '.join(map(str, values))}"
        case {"prefixItems": pair}:
            return f"[{', '.join(map(inner, pair))}]"
        case {"items": each}:
            return f"list of {inner(each)}"
        case _:
            pass
    if "contentMediaType" in schema:
        return "file"
    kind = schema.get("type", "any value")
    return str(schema.get("format", _KINDS.get(kind, kind)))


def _as_shown(value: object) -> str:
    """A value as JSON; a list of plain values stands in one line."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    return re.sub(r"\[\s+([^\[\]{}]*?)\s+\]", lambda found: f"[{' '.join(found[1].split())}]", text)


def _table(title: str, fields: Iterable[_Field]) -> Iterator[Markup]:
    rows = [
        tag(
            "tr",
            tag("td", tag("code", each.name)),
            tag("td", each.kind if each.required or not title else f"{each.kind}, optional", class_="kind"),
            tag("td", *_with_code(each.words)),
        )
        for each in fields
    ]
    if rows:
        if title:
            yield tag("h4", title)
        yield tag("div", tag("table", *rows), class_="scroll")


def _with_code(words: str) -> Iterator[str]:
    """A text of the document, in which backquotes stand around code."""
    for at, part in enumerate(words.replace("``", "`").split("`")):
        yield tag("code", part) if at % 2 else part


_FILES = ("file", "trust")
"""Fields of forms that are files."""


def curl(method: str, path: str, operation: Mapping[str, Any]) -> str:
    """The call of a route as a line for a shell."""
    words = ["curl"]
    if operation.get("security"):
        words.append('-H "Authorization: Bearer $KEY"')
    content = operation.get("requestBody", {}).get("content", {})
    if "application/json" in content:
        body = shlex.quote(json.dumps(content["application/json"]["example"], ensure_ascii=False))
        words.append(f'-H "Content-Type: application/json" \\\n  -d {body} \\\n ')
    elif "multipart/form-data" in content:
        given = content["multipart/form-data"]["example"]
        words += [f"-F {each}" for name, value in given.items() for each in _form_fields(name, value)]
    elif method != "get":
        words.append(f"-X {method.upper()}")
    for each in operation.get("parameters", ()):
        if each["in"] == "path":
            path = path.replace(f"{{{each['name']}}}", each["schema"]["examples"][0])
    return f'{" ".join(words)} "$URL{path}"'


def _form_fields(name: str, value: str | list[str] | bool | None) -> Iterator[str]:  # noqa: FBT001 - of an example
    """The fields of a form for a shell; what is null is left out."""
    for each in value if isinstance(value, list) else [value]:
        if name in _FILES and each is not None:
            yield f"{name}=@{each}"
        elif each is not None:
            yield shlex.quote(f"{name}={each if isinstance(each, str) else json.dumps(each)}")
