"""A rich message of the layer says what the same one says in an export; its words are the text of the message."""

import pytest
from telethon.tl import TLObject, types

from evidence.canonical import jcs
from evidence.content import Content, Entity, Link, Part, Span, join_content, plain
from evidence.observation import HoleReason
from monitor.desktop import rich as desktop
from monitor.telegram.rich import BLOCKS, FORMATTINGS, TEXTS
from tests.monitor.desktop.messages import JPEG
from tests.monitor.desktop.messages import read as read_desktop
from tests.monitor.telegram.generated import DAY, Generator, document, message, photo
from tests.monitor.telegram.reads import content, files, holes, parts, seen

EMPTY = types.TextEmpty()


def words(said: str) -> types.TextPlain:
    return types.TextPlain(said)


def rich(*blocks: TLObject, **members: list[TLObject]) -> types.Message:
    given = {"photos": [], "documents": []} | members
    return message(rich_message=types.RichMessage(list(blocks), **given))


def paragraph(text: TLObject) -> types.Message:
    return rich(types.PageBlockParagraph(text))


def blocks(of: types.Message) -> list[dict[str, object]]:
    (told,) = parts(of, "rich")
    return [dict(block.fields) for block in told["blocks"]]


def exported(*told: dict[str, object]) -> Content:
    return join_content(read_desktop({"rich_message": {"blocks": list(told)}}).fields)


def said(words_of_it: str) -> dict[str, object]:
    return {"type": "plain", "text": words_of_it}


CELL = types.PageTableCell(header=True, text=words("a"))
SAME = {
    "a paragraph": (
        types.PageBlockParagraph(types.TextConcat([words("nga "), types.TextBold(words("Shkup"))])),
        {
            "type": "paragraph",
            "text": {
                "type": "concat",
                "text": [
                    said("nga "),
                    {"type": "bold", "text": said("Shkup")},
                ],
            },
        },
    ),
    "a heading": (
        types.PageBlockHeading2(words("List")),
        {"type": "heading", "level": 2, "text": said("List")},
    ),
    "code": (
        types.PageBlockPreformatted(words("x"), "py"),
        {"type": "code", "language": "py", "text": said("x")},
    ),
    "a pull quote with a caption": (
        types.PageBlockPullquote(words("said"), words("K")),
        {
            "type": "quote",
            "pullquote": True,
            "text": said("said"),
            "caption": said("K"),
        },
    ),
    "a list": (
        types.PageBlockList([types.PageListItemText(words("a"), checkbox=True, checked=True)]),
        {
            "type": "list",
            "kind": "bullet",
            "items": [{"task_state": "checked", "text": said("a")}],
        },
    ),
    "a table": (
        types.PageBlockTable(
            EMPTY, [types.PageTableRow([types.PageTableCell(header=True, text=words("a"))])], bordered=True
        ),
        {
            "type": "table",
            "bordered": True,
            "rows": [{"cells": [{"header": True, "text": said("a")}]}],
        },
    ),
    "a link and a mention": (
        types.PageBlockParagraph(
            types.TextConcat([types.TextUrl(words("here"), "https://a.example", 0), types.TextMention(words("@mira"))])
        ),
        {
            "type": "paragraph",
            "text": {
                "type": "concat",
                "text": [
                    {
                        "type": "text_link",
                        "href": "https://a.example",
                        "webpage_id": "0",
                        "text": said("here"),
                    },
                    {"type": "mention", "text": said("@mira")},
                ],
            },
        },
    ),
    "a formula": (types.PageBlockMath("a+b"), {"type": "math", "formula": "a+b"}),
    "details": (
        types.PageBlockDetails([types.PageBlockParagraph(words("in"))], words("more"), open=True),
        {
            "type": "details",
            "title": said("more"),
            "open": True,
            "blocks": [{"type": "paragraph", "text": said("in")}],
        },
    ),
    "an old heading": (types.PageBlockDivider(), {"type": "divider"}),
}


@pytest.mark.parametrize("kind", SAME)
def test_the_layer_and_an_export_say_the_same(kind: str) -> None:
    block, told = SAME[kind]
    live, old = content(rich(block)), exported(told)
    assert (live.text, live.entities) == (old.text, old.entities)
    assert isinstance(live.parts, tuple)
    assert isinstance(old.parts, tuple)
    assert [one for one in live.parts if one.kind == "rich"] == [one for one in old.parts if one.kind == "rich"]
    assert holes(rich(block)) == []


def test_every_block_and_text_is_called_as_telegram_desktop_calls_it() -> None:
    inner = {"list_item", "row", "cell", "article"}
    assert {block.type for block in BLOCKS.values()} - inner <= desktop.BLOCKS.keys()
    assert {kind.type for kind in FORMATTINGS.values()} <= desktop.RICH_TEXTS.keys()


@pytest.mark.parametrize("name", [name for name in BLOCKS if name.startswith("PageBlock")])
def test_a_block_of_every_kind_is_read(name: str) -> None:
    for seed in range(3):
        told = rich(Generator.of(seed).named(name))
        assert blocks(told)[0]["type"] == BLOCKS[name].type


@pytest.mark.parametrize("name", [*FORMATTINGS, *TEXTS])
def test_a_text_of_every_kind_is_read(name: str) -> None:
    told = paragraph(Generator.of(4).named(name))
    assert content(told).text is not None
    assert HoleReason.UNKNOWN not in {reason for reason, _ in holes(told)}


def test_pictures_stand_in_their_blocks_and_are_files_of_the_message() -> None:
    caption = types.PageCaption(words("who"), words("by"))
    shown = rich(
        types.PageBlockPhoto(12, caption, spoiler=True),
        types.PageBlockVideo(34, types.PageCaption(EMPTY, EMPTY)),
        photos=[photo(12), photo(13)],
        documents=[document(34)],
    )
    first, words_of_it, credit, video = blocks(shown)
    assert isinstance(first["media"], Part)
    assert first["media"].fields["id"] == "12"
    assert first["media"].fields["spoiler"] == "yes"
    assert (words_of_it["role"], credit["role"]) == ("caption", "credit")
    assert isinstance(video["media"], Part)
    assert content(shown).text == "who\nby"
    assert [file.fields["position"] for file in files(shown)] == ["0", "1", "2"]
    assert [one["id"] for one in parts(shown, "media")] == ["13"]  # in no block


def test_a_picture_that_is_not_there_is_told_by_its_number_and_a_hole() -> None:
    shown = rich(types.PageBlockPhoto(12, types.PageCaption(EMPTY, EMPTY)))
    (block,) = blocks(shown)
    assert block["media"] == Part("media", {"type": "photo", "id": "12"})
    assert holes(shown) == [(HoleReason.UNAVAILABLE, "rich block: photo")]


def test_the_beginning_of_a_message_is_a_hole_until_the_rest_is_asked_for() -> None:
    beginning = message(rich_message=types.RichMessage([types.PageBlockParagraph(words("a"))], [], [], part=True))
    assert holes(beginning) == [(HoleReason.UNREAD, "rich_message: all but its beginning")]


def test_words_beside_a_rich_message_that_differ_are_a_hole() -> None:
    block = types.PageBlockParagraph(words("nga"))
    same = message("nga", rich_message=types.RichMessage([block], [], []))
    other = message("tjetër", rich_message=types.RichMessage([block], [], []))
    assert holes(same) == []
    assert holes(other) == [(HoleReason.UNREAD, "message")]


def test_the_article_behind_a_link_is_told_with_its_links() -> None:
    page = types.Page("u", [types.PageBlockParagraph(types.TextUrl(words("Mira N"), "https://b.example", 1))], [], [])
    web = types.WebPage(1, "https://a.example", "a.example", 0, cached_page=page)
    (told,) = parts(message("x", media=types.MessageMediaWebPage(web)), "web_page")
    assert plain(told["article"]) == "Mira N"
    assert told["links"] == (Link("https://b.example"),)


def test_a_picture_that_is_spelled_across_texts_reaches_no_value() -> None:
    half = len(JPEG) // 2
    told = paragraph(types.TextConcat([words(JPEG[:half]), types.TextBold(words(JPEG[half:]))]))
    assert content(told).entities == ()
    assert JPEG[:half].encode() not in jcs(dict(seen(told).fields))
    assert (HoleReason.UNREAD, "rich_message: entities") in holes(told)


def test_a_button_and_a_date_in_the_text_say_what_they_are() -> None:
    dated = paragraph(types.TextDate(words("today"), DAY, short_date=True))
    assert content(dated).entities == (
        Entity("formatted_date", Span(0, 5), {"time": "2026-01-01T12:00:00.000Z", "time_form": "short_date"}),
    )
    told = paragraph(types.TextButton(words("Go"), types.InlineButtonTypeUrl("https://a.example")))
    button = next(block for block in blocks(told) if block["type"] == "button")
    assert button["button"] == Part("button", {"span": Span(0, 2), "type": "url", "link": Link("https://a.example")})
