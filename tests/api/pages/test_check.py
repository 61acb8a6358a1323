"""The page fetches nothing, runs its own script alone, and says the same in every language."""

import base64
import hashlib
import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from api.pages.check import SAME_ORIGIN, CheckFacts, check_page, check_policy
from api.pages.source import BUNDLED, page_part
from config.words import languages, page_words
from evidence.seal.recipients import generate_identity
from tests.nonempty import nonempty

FACTS = CheckFacts(
    organisation="Women's <Legal> Office",
    recipient=str(generate_identity().recipient),
    contact="+000 11 22 33",
    hotline="</script><b>",
    leave="https://example.org/",
    post=None,
    days=3,
    rehearsal=False,
)


class Parts(HTMLParser):
    """The elements of a page with their attributes, and what stands in scripts and styles."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements, self.inner, self.words = [("", dict[str, str]())], dict[str, list[str]](), ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        self.elements.append(("", {}))

    def handle_data(self, data: str) -> None:
        tag, attributes = self.elements[-1]
        kind = f"{tag} {attributes.get('type', '')}".strip()
        if tag in ("script", "style"):
            self.inner.setdefault(kind, []).append(data)
        else:
            self.words += data


def test_its_policy_names_its_own_script_and_style_and_one_address() -> None:
    parts = Parts(check_page(FACTS))
    [policy] = [each["content"] for name, each in parts.elements if each.get("http-equiv") and name == "meta"]
    assert policy == check_policy(FACTS)
    for kind in ("script", "style"):
        digest = hashlib.sha256("".join(parts.inner[kind]).encode()).digest()
        assert f"{kind}-src 'sha256-{base64.b64encode(digest).decode()}';" in policy
    assert "default-src 'none'" in policy
    assert not {"unsafe-inline", "unsafe-eval", "wasm-unsafe-eval", "*"} & set(re.split(r"[ ;']+", policy))


@pytest.mark.parametrize(
    ("post", "connect"),
    [(None, "'none'"), (SAME_ORIGIN, "'self'"), ("https://check.example.org", "https://check.example.org")],
)
def test_it_may_speak_to_the_office_alone(post: str | None, connect: str) -> None:
    assert f"; connect-src {connect};" in check_policy(replace(FACTS, post=post))


def test_it_names_no_address_but_the_offices_own_and_the_exit() -> None:
    page = check_page(FACTS)
    assert page.count(page_part(BUNDLED)) == 1
    found = set(re.findall(r"https?://[^\s\"'<)]+", page.replace(page_part(BUNDLED), "")))
    assert found == {"https://example.org/"}
    loads = [(tag, each) for tag, each in Parts(page).elements if {"src", "srcset", "data", "action"} & each.keys()]
    assert loads == []
    assert [each["href"] for tag, each in Parts(page).elements if tag == "link"] == ["data:,"]


def test_what_an_office_writes_stays_text() -> None:
    page = check_page(FACTS)
    parts = Parts(page)
    assert FACTS.hotline in parts.words
    assert FACTS.organisation in parts.words
    assert "b" not in {tag for tag, _ in parts.elements}
    [data] = parts.inner["script application/json"]
    assert json.loads(data)["hotline"] == FACTS.hotline


def test_every_language_can_be_read_without_a_script_and_reached_by_a_link() -> None:
    parts = Parts(check_page(FACTS))
    ids = [each["id"] for tag, each in parts.elements if tag == "section"]
    links = [each["href"] for tag, each in parts.elements if tag == "a" and each["href"].startswith("#")]
    assert ids == [*languages(), "step"]
    assert links == [f"#{language}" for language in languages()]
    for language in nonempty(languages()):
        for key in ("page.about.script", "page.about.yours", "page.exit.text"):
            assert page_words(language)[key] in parts.words
    assert sum(FACTS.contact in each for each in parts.words.split("Office")) > 0


def test_its_title_says_nothing_of_what_it_is() -> None:
    page = check_page(FACTS)
    assert re.findall(r"<title>(.*?)</title>", page) == ["Information"]


def test_a_rehearsal_says_so_in_every_language() -> None:
    real, rehearsal = Parts(check_page(FACTS)).words, Parts(check_page(replace(FACTS, rehearsal=True))).words
    for language in nonempty(languages()):
        assert page_words(language)["page.rehearsal"] in rehearsal
        assert page_words(language)["page.rehearsal"] not in real


def test_the_same_office_gets_the_same_bytes() -> None:
    assert check_page(FACTS) == check_page(replace(FACTS))
    assert check_page(FACTS) != check_page(replace(FACTS, days=4))
