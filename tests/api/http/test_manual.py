"""The page of the API tells every call, is made of nothing from elsewhere, and can run nothing."""

import base64
import copy
import hashlib
import re
import shlex
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import pytest

from api.http.guard import HEADERS
from api.http.manual import POLICY, STYLE, Manual, curl, kind_of
from config.page.markup import Markup, tag
from tests.contracts.openapi import document
from tests.nonempty import nonempty
from tests.serving import ServedHome

ALLOWED = {"class", "href", "id", "lang", "charset", "name", "content"}
VOID = {"meta"}


class Page(HTMLParser):
    """What a page is made of; each element is closed in its turn."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags, self.attributes, self.links, self.ids = set[str](), set[str](), list[str](), list[str]()
        self.open, self.words = list[str](), list[str]()
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes.update(name for name, _value in attrs)
        self.links += [value or "" for name, value in attrs if name == "href"]
        self.ids += [value or "" for name, value in attrs if name == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def loads_or_runs(page: Page, text: str) -> list[str]:
    """What in a page would run, or fetch something."""
    found = sorted(page.tags & {"script", "img", "link", "iframe", "object", "embed", "form", "base", "svg", "video"})
    found += sorted(page.attributes - ALLOWED)
    found += [link for link in page.links if not link.startswith(("#", "/api/v1/"))]
    return found + re.findall(r"@import|url\(|https?://(?!example\.org|t\.me/)\w", text)


def test_it_is_served_to_everybody_with_a_policy_for_its_own_style_alone(served: ServedHome) -> None:
    answer = served.client().get("/docs")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert answer.headers["content-security-policy"] == POLICY
    others = {name: value for name, value in HEADERS.items() if name != "Content-Security-Policy"}
    assert others.items() <= {name.title(): value for name, value in answer.headers.items()}.items()
    (style,) = re.findall(r"<style>(.*?)</style>", answer.text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert re.findall(r"(\w+-src) ([^;]+)", POLICY) == [("default-src", "'none'"), ("style-src", f"'sha256-{digest}'")]
    assert served.client().get("/livez").headers["content-security-policy"] == HEADERS["Content-Security-Policy"]


def test_it_is_whole_and_every_call_stands_in_it() -> None:
    text = Manual(document()).page()
    page = Page(text)
    assert page.open == []
    assert len(page.ids) == len(set(page.ids))
    assert {link[1:] for link in page.links if link.startswith("#")} <= set(page.ids)
    words = "".join(page.words)
    for path, methods in nonempty(document()["paths"].items()):
        for operation in methods.values():
            assert path in words
            assert operation["summary"] in words
            assert operation["operationId"] in page.ids


def test_it_runs_and_fetches_nothing() -> None:
    text = Manual(document()).page()
    assert loads_or_runs(Page(text), text) == []
    for planted in (
        "<script>1</script>",
        '<img src="x">',
        '<a href="https://evil.example">x</a>',
        '<p onclick="x">x</p>',
        "<style>@import 'x'</style>",
    ):
        assert loads_or_runs(Page(planted.replace('<img src="x">', '<img src="x"></img>')), planted)


def test_no_word_of_the_document_is_taken_for_markup() -> None:
    hostile: Any = copy.deepcopy(document())
    evil = '</style></pre><script>alert(1)</script>" \' onload="x'
    operation = hostile["paths"]["/api/v1/items"]["get"]
    operation |= {"summary": evil, "description": f"{evil}\n\n{evil}", "tags": [evil]}
    operation["parameters"][0] |= {"name": evil, "description": evil}
    hostile["info"] |= {"title": evil, "description": evil}
    hostile["paths"][f"/{evil}"] = hostile["paths"].pop("/livez")
    text = Manual(hostile).page()
    page = Page(text)
    assert "script" not in page.tags
    assert page.attributes <= ALLOWED
    assert "alert(1)" in text
    assert "script" in Page(str(tag("p", Markup("<script></script>")))).tags  # what is no text of the document is not


def test_the_style_is_the_file() -> None:
    assert STYLE in Manual(document()).page()
    assert "</" not in STYLE


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "string"}, "text"),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "number or null"),
        ({"type": "array", "items": {"type": "boolean"}}, "list of true or false"),
        ({"enum": ["a", "b"]}, "one of a, b"),
        ({"prefixItems": [{"type": "integer"}, {"type": "integer"}], "type": "array"}, "[number, number]"),
        ({"type": "string", "format": "date"}, "date"),
        ({"type": "string", "contentMediaType": "application/octet-stream"}, "file"),
        ({}, "any value"),
    ],
)
def test_a_value_is_told_in_words(schema: dict[str, Any], words: str) -> None:
    assert kind_of(schema) == words


def test_an_example_is_a_call_that_a_shell_understands() -> None:
    for path, methods in nonempty(document()["paths"].items()):
        for method, operation in methods.items():
            line = shlex.split(curl(method, path, operation))
            assert line[0] == "curl"
            assert line[-1].startswith("$URL/")
            assert "{" not in line[-1]
            assert ("Authorization: Bearer $KEY" in line) == ("security" in operation)


def test_a_form_is_sent_as_one_with_its_files_and_without_what_is_null() -> None:
    forms = {"file": "it's.zip", "trust": ["a.pem", "b.pem"], "words": None, "private_chat": False, "name": "a list"}
    operation = {"requestBody": {"content": {"multipart/form-data": {"example": forms}}}}
    said = shlex.split(curl("post", "/x", operation).replace("it's", "its"))
    fields = [word for before, word in pairwise(said) if before == "-F"]
    assert fields == ["file=@its.zip", "trust=@a.pem", "trust=@b.pem", "private_chat=false", "name=a list"]


def test_the_example_of_a_body_with_a_quote_is_one_word() -> None:
    operation = {"requestBody": {"content": {"application/json": {"example": {"reason": "it's"}}}}}
    assert '{"reason": "it\'s"}' in shlex.split(curl("post", "/x", operation))
