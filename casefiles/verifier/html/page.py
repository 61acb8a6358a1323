"""The verifier as one HTML file: everything in it, nothing fetched, and only its own script can run.

What it says for a browser that runs no script stands in it as HTML in every language. Its Content-Security-Policy
names its one script and one style by their digests and forbids everything else, any connection too. It is the same
file for everybody: its SHA-256 is printed on the covering letter, so that whoever gets it can compare.
"""

import functools
import hashlib
from typing import Final

from casefiles.verifier.html.tables import PACKAGE, PAGE, TABLES, tables_module
from config.page.markup import META, Markup, tag, void
from config.page.script import csp_digest, linked_parts, part_of
from config.words import languages, verifier_words

FILE_NAME: Final = "verifier.html"
_STYLE: Final = "verify.css"


@functools.cache
def verifier_page() -> str:
    """The page that verifies a bundle in a browser, as HTML."""
    script = linked_parts(PACKAGE, *PAGE, made={TABLES: tables_module()})
    style = part_of(PACKAGE, _STYLE)
    head = tag(
        "head",
        META,
        void("meta", http_equiv="Content-Security-Policy", content=_policy(script, style)),
        void("meta", name="referrer", content="no-referrer"),
        void("meta", name="google", content="notranslate"),
        void("link", rel="icon", href="data:,"),
        tag("title", verifier_words("en")["verifier.title"]),
        tag("style", Markup(style)),
    )
    body = tag("body", _languages(), tag("main", *_main(), id="main"), tag("script", Markup(script)))
    return f"<!DOCTYPE html>\n{tag('html', head, body, lang='en')}\n"


@functools.cache
def page_sha256() -> str:
    """The digest of the page that verifies a bundle, in lower hex, as letters print it."""
    return hashlib.sha256(verifier_page().encode("utf-8")).hexdigest()


def _policy(script: str, style: str) -> str:
    return (
        f"default-src 'none'; script-src '{csp_digest(script)}'; style-src '{csp_digest(style)}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def _said(name: str, key: str, **attributes: str) -> Markup:
    """An element whose text the script puts in the reader's language."""
    return tag(name, verifier_words("en")[key], data_say=key, **attributes)


def _languages() -> Markup:
    links = (
        tag("a", verifier_words(each)["verifier.language"], href=f"#{each}", lang=each, hreflang=each)
        for each in languages()
    )
    return tag("nav", *links, aria_label=verifier_words("en")["verifier.languages"])


def _main() -> tuple[Markup, ...]:
    without_script = (
        tag("p", verifier_words(each)["verifier.script"], lang=each, class_="noscript") for each in languages()
    )
    return (
        _said("h1", "verifier.title"),
        _said("p", "verifier.lead", class_="lead"),
        _said("p", "verifier.offline", class_="note"),
        *without_script,
        tag("form", _drop(), _seal(), _more(), _button(), id="form"),
        tag("p", id="refusal", class_="wrong"),
        tag("div", void("progress", id="bar", max="1", value="0", aria_labelledby="status"), Markup("</progress>"),
            tag("p", id="status", class_="note"), id="progress", hidden="", role="status"),
        tag("section", id="result"),
    )  # fmt: skip


def _drop() -> Markup:
    return tag(
        "div",
        _said("p", "verifier.drop"),
        void("input", type="file", id="file", class_="file", multiple=""),
        _said("label", "verifier.choose", for_="file", class_="button"),
        tag("p", id="name"),
        class_="step",
        id="drop",
    )


def _seal() -> Markup:
    return tag("div", *_field("seal", "input"), class_="step")


def _more() -> Markup:
    roots = (
        *_field("roots", "textarea"),
        void("input", type="file", id="pem", class_="file", multiple="", accept=".pem,.crt,.cer,.der"),
        _said("label", "verifier.roots.choose", for_="pem", class_="button"),
        tag("ul", id="given"),
    )
    return tag(
        "details",
        _said("summary", "verifier.more"),
        tag("div", tag("div", *roots), tag("div", *_field("key", "input")), class_="more"),
        class_="step",
    )


def _field(name: str, kind: str) -> tuple[Markup, ...]:
    """A field with its label, a hint, and what is said of it where it is filled in wrongly."""
    common = {"id": name, "autocomplete": "off", "spellcheck": "false", "aria_describedby": f"{name}.hint {name}.wrong"}
    field = tag("textarea", rows="4", **common) if kind == "textarea" else void("input", type="text", **common)
    return (
        _said("label", f"verifier.{name}", for_=name),
        field,
        _said("p", f"verifier.{name}.hint", id=f"{name}.hint", class_="hint"),
        _said("p", f"verifier.{name}.wrong", id=f"{name}.wrong", class_="wrong", hidden=""),
    )


def _button() -> Markup:
    return _said("button", "verifier.button", type="submit", class_="button main", id="check", disabled="")
