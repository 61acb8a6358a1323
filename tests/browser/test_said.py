"""The page tells of an item what the report tells, in the same words."""

from collections.abc import Iterable, Iterator, Mapping

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from casefiles.report.said import Digest, ItemPart, Quote, said_of_item
from casefiles.report.wording import in_words, label_of
from config.words import Words, languages, load_words
from evidence.canonical import Json
from evidence.content import (
    NAMES,
    Content,
    Entity,
    Link,
    Number,
    NumberKind,
    Part,
    Person,
    Piece,
    Span,
    split_content,
)
from tests.browser.engine import Engine, engine_in
from tests.evidence.contents import contents
from tests.nonempty import nonempty

pytestmark = pytest.mark.outside

MIRA = Person(id="user77", name="Мира", username="@mira")
PHONE = Number(NumberKind.PHONE, "+389 70 000 000")
AT = "2026-11-25T00:00:00.512Z"
MANY = Content(
    "\U0001f525 Nga këtu",
    (Entity("text_link", Span(2, 3), {"link": Link("https://elsewhere.example/x")}), Entity("bold", Span(5, 99))),
    (
        Part(
            "poll",
            {
                "question": ("Which ", Piece("text_link", ("one",), {"link": Link("https://p.example")}), "?"),
                "answers": (Part("answer", {"text": ("yes",)}), Part("answer", {"text": ("no\nway",)})),
                "quiz": "no",
            },
        ),
        Part("forward", {"person": MIRA, "message_id": "5", "posted_at": AT}),
        Part("media", {"type": "photo", "role": "cover", "id": "12"}),
        Part("contact", {"person": Person(name="Ana"), "number": PHONE}),
        Part("game"),
    ),
    (Part("views", {"count": "120"}),),
)
OTHERS: tuple[Mapping[str, Json], ...] = (
    {"kind": "deletion", "action": "told", "channel_id": "7", "channel_title": "T", "message_id": "9", "posted_at": AT},
    {"kind": "deletion", "action": "missing"},
    {"kind": "service", "action": "pin_message", "channel_type": "public_channel", "edited_at": AT},
    {"kind": "file", "channel_id": "local0011", "channel_title": "from her", "media": ["a.jpg"], "sha256": None},
    {"kind": "file", "file_name": "a.jpg", "media_type": "image/jpeg", "bytes": "7", "sha256": "ab" * 32},
    {"kind": "message", "media": ["a.jpg", "b.jpg"], "text": ["before ", {"stripped": "900"}, " after"]},
    {"kind": "message", "acquisition": {"account": "k1", "received_at": AT}, "reply_to": "5"},
    {"kind": "message", "forwarded_from": "Mira", "people": [], "content": [{"kind": "forward", "person": "0"}]},
    {"kind": "of_tomorrow", "content": [{"kind": "hologram"}, {"kind": "album", "id": "9"}, "x"]},
    {"kind": "message", "content": {"kind": "poll"}, "counters": [{"kind": "poll"}, {"kind": "views", "count": "01"}]},
    {"kind": "message", "numbers": [{"kind": "pigeon", "number": "7"}], "links": [{"address": {"b64": "AA"}}]},
    {"kind": "message", "entities": [{"type": "bold"}, {"type": "a b", "offset": "0", "length": "0"}]},
)  # fmt: skip


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with engine_in(tmp_path_factory.mktemp("said")) as running:
        yield running


def rows(words: Words, parts: Iterable[ItemPart]) -> list[object]:
    """What the report tells, as the page's engine gives it."""
    return [_row(words, part) for part in parts]


def _row(words: Words, part: ItemPart) -> list[object]:
    label = label_of(words, part.code)
    if isinstance(part, Digest):
        return [[label, None if part.sha256 is None else in_words(words, part.sha256)], []]
    is_quote = isinstance(part, Quote)
    value = part.text if isinstance(part, Quote) else part.value
    return [[label, part.number, in_words(words, value), is_quote], rows(words, part.parts)]


def require_the_same(
    engine: Engine, values: Mapping[str, Json], withheld: Iterable[str] = (), language: str = "en"
) -> None:
    hidden = sorted(withheld)
    shown = {name: value for name, value in values.items() if name not in hidden}
    told = engine.ask(said={"values": shown, "withheld": hidden}, language=language)["rows"]
    assert told == rows(load_words(language), said_of_item(shown, hidden))


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(content=contents, withhold=st.sets(st.sampled_from(NAMES), max_size=2))
def test_of_any_content_page_and_report_tell_the_same(content: Content, withhold: set[str], engine: Engine) -> None:
    require_the_same(engine, {"kind": "message", **split_content(content)}, withhold)


@pytest.mark.parametrize("language", languages())
def test_in_every_language_page_and_report_tell_the_same(language: str, engine: Engine) -> None:
    values = {"kind": "message", **split_content(MANY)}
    for hidden in nonempty(({"kind"}, {"links", "people"}, {"text", "sha256"}, {"content"}, set[str]())):
        require_the_same(engine, values, hidden, language)
    for other in nonempty(OTHERS):
        require_the_same(engine, other, (), language)


def test_the_comparison_can_fail(engine: Engine) -> None:
    told = engine.ask(said={"values": {"kind": "message"}, "withheld": []}, language="mk")["rows"]
    assert told != rows(load_words("en"), said_of_item({"kind": "message"}))
