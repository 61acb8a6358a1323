"""The page on which somebody asks whether her picture appears: one HTML file with everything in it.

It fetches nothing, stores nothing, and speaks to one address at most, that of the office. What it says before the
first step stands in it as HTML in every language, for a browser that runs no script; the steps themselves are made
by ``parts/page.js``. Its Content-Security-Policy names its own script and style by their digests, so nothing else
can run in it, and its ``connect-src`` is the office's address alone.
"""

import functools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from api.pages.source import MODULES, linked, page_part
from config.page.markup import META, Markup, tag, void
from config.page.script import csp_digest
from config.words import languages, page_words

SAME_ORIGIN: Final = ""
"""``post`` of a page that the office's server itself serves."""
_SCRIPT: Final = linked(*MODULES, "page.js")
_STYLE: Final = page_part("check.css")
_ACCEPTED: Final = ("jpeg", "png", "gif", "webp", "bmp", "avif")
"""What the picker offers. Because HEIC is not among them, iOS turns what a phone took into JPEG."""
_TAGS: Final[Mapping[str, str]] = {"sr": "sr-Cyrl", "sh": "sr-Latn", "cnr": "sr-Latn", "sr-ME": "sr-Latn"}
"""Languages by which a browser may call one of ours."""
_POINTS: Final = ("limits", "answer", "missed", "yours")


@dataclass(frozen=True, slots=True)
class CheckFacts:
    """What a page has of its office.

    Attributes:
        recipient: Of the matching key, as age writes it.
        contact: How to reach a person.
        hotline: Whom to turn to for a picture of somebody under 18.
        leave: The address of the harmless site that takes the page's place.
        post: The address of the office's server, ``SAME_ORIGIN``, or None for a page that only hands over.
        days: Until she may come back for the answer.
        rehearsal: Whether nobody answers.
    """

    organisation: str
    recipient: str
    contact: str
    hotline: str
    leave: str
    post: str | None
    days: int
    rehearsal: bool

    def words(self, language: str) -> dict[str, str]:
        """The texts of the page in a language, with what is known of the office filled in."""
        known = {"org": self.organisation, "hotline": self.hotline, "contact": self.contact}
        return {key: _filled(text, known) for key, text in page_words(language).items()}


@functools.lru_cache(maxsize=4)
def check_page(facts: CheckFacts) -> str:
    """The page on which she asks, with what it has of one office, as HTML."""
    head = tag(
        "head",
        META,
        void("meta", http_equiv="Content-Security-Policy", content=check_policy(facts)),
        void("meta", name="referrer", content="no-referrer"),
        void("meta", name="robots", content="noindex"),
        void("meta", name="google", content="notranslate"),
        void("link", rel="icon", href="data:,"),
        tag("title", page_words("en")["page.title"]),
        tag("style", Markup(_STYLE)),
    )
    body = tag(
        "body",
        _languages(),
        tag("main", *(_section(facts, language) for language in languages()), id="read"),
        tag("main", tag("section", id="step"), id="stage"),
        tag("script", Markup(_data(facts)), type="application/json", id="data"),
        tag("script", Markup(_SCRIPT)),
    )
    return f"<!DOCTYPE html>\n{tag('html', head, body, lang='en')}\n"


def check_policy(facts: CheckFacts) -> str:
    """The Content-Security-Policy of the page on which she asks (CSP 3)."""
    connect = "'self'" if facts.post == SAME_ORIGIN else facts.post or "'none'"
    return (
        f"default-src 'none'; script-src '{csp_digest(_SCRIPT)}'; style-src '{csp_digest(_STYLE)}'; "
        f"connect-src {connect}; img-src data:; base-uri 'none'; form-action 'none'"
    )


def _filled(text: str, known: Mapping[str, str]) -> str:
    for name, value in known.items():
        text = text.replace(f"{{{name}}}", value)
    return text


def _languages() -> Markup:
    links = (
        tag("a", page_words(each)["page.language"], href=f"#{each}", lang=each, hreflang=each) for each in languages()
    )
    return tag("nav", *links, class_="languages", aria_label=page_words("en")["page.languages"])


def _section(facts: CheckFacts, language: str) -> Markup:
    """What the page says before the first step, for a browser that runs no script too."""
    words = facts.words(language)
    leave = tag("a", words["page.exit"], href=facts.leave, rel="noreferrer", class_="leave")
    script = tag("p", words["page.about.script"]), tag("p", facts.contact, class_="reach")
    rehearsal = (tag("p", words["page.rehearsal"], class_="rehearsal"),) if facts.rehearsal else ()
    bar = tag("div", leave, class_="bar")
    return tag("section", bar, *rehearsal, *_about(facts, words), *script, id=language, lang=language)


def _about(facts: CheckFacts, words: Mapping[str, str]) -> Iterator[Markup]:
    """The parts that the first step shows again."""
    yield tag("h1", words["page.about"], tabindex="-1", data_about="")
    yield tag("p", words["page.about.what"], class_="lead", data_about="")
    points = (tag("li", words[f"page.about.{point}"]) for point in _POINTS)
    yield tag("ul", *points, class_="points", data_about="")
    yield tag("p", words["page.about.call"], data_about="")
    yield tag("p", facts.contact, class_="reach", data_about="")
    yield tag("p", words["page.exit.text"], class_="note", data_about="")


def _data(facts: CheckFacts) -> str:
    """What the script reads; no ``<`` is left in it, so nothing in it ends the element that it stands in."""
    data = {
        "accept": ",".join(f"image/{each}" for each in _ACCEPTED),
        "contact": facts.contact,
        "days": facts.days,
        "exit": facts.leave,
        "hotline": facts.hotline,
        "post": facts.post,
        "recipient": facts.recipient,
        "rehearsal": facts.rehearsal,
        "tags": _TAGS,
        "words": {language: facts.words(language) for language in languages()},
    }
    return json.dumps(data, ensure_ascii=False, sort_keys=True).replace("<", "\\u003c")
