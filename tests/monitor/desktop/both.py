"""One chat, invented, written as Telegram Desktop writes it: as JSON and as HTML pages.

The pages are written as ``HtmlWriter`` does (export_output_html.cpp): blocks between line feeds with an indent of one
space for each open tag, texts escaped as ``SerializeString`` does, joined messages without a name.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

ZONE = "UTC+01:00"
SKIPPED = {
    "(File not included. Change data exporting settings to download.)": (
        "Not included, change data exporting settings to download."
    ),
    "(File exceeds maximum size. Change data exporting settings to download.)": (
        "Exceeds maximum size, change data exporting settings to download."
    ),
    "(File unavailable, please try again later)": "Unavailable, please try again later.",
}
WRAPS = {
    "photo": ("photo_wrap", "photo"),
    "video_file": ("video_file_wrap", "video_file"),
    "animation": ("animated_wrap", "animated"),
    "sticker": ("sticker_wrap", "sticker"),
}
TITLES = {
    "photo": ("Photo", "media_photo"),
    "video_file": ("Video file", "media_video"),
    "animation": ("Animation", "media_video"),
    "sticker": ("Sticker", "media_photo"),
    "video_message": ("Video message", "media_video"),
    "voice_message": ("Voice message", "media_voice_message"),
    "audio_file": ("Audio file", "media_audio_file"),
}
TAGS = {
    "bold": "strong",
    "italic": "em",
    "code": "code",
    "pre": "pre",
    "underline": "u",
    "strikethrough": "s",
    "blockquote": "blockquote",
}
CALLS = {"hashtag": "ShowHashtag", "bot_command": "ShowBotCommand", "cashtag": "ShowCashtag"}


@dataclass(frozen=True, slots=True)
class Said:
    """A message of the model.

    Attributes:
        runs: Plain words, and entities as ``(type, words, href)``.
        file: A kind of ``TITLES`` or ``document``, with the path or the words in its place.
        edited: When; the pages do not say it.
    """

    id: int
    at: datetime
    name: str = "K"
    runs: tuple[Any, ...] = ()
    file: tuple[str, str] | None = None
    reply: int | None = None
    forwarded: str | None = None
    signature: str | None = None
    via: str | None = None
    service: str | None = None
    buttons: str | None = None
    edited: datetime | None = None

    def text(self) -> list[Any]:
        """As the JSON export spells it."""
        return [
            run if isinstance(run, str) else {"type": run[0], "text": run[1]} | ({"href": run[2]} if run[2] else {})
            for run in self.runs
        ]

    def members(self) -> dict[str, Any]:
        """The message of the JSON export, without what the pages do not say."""
        if self.service is not None:
            return {"id": self.id, "type": "service", "information_text": self.service, "text": ""}
        told: dict[str, Any] = {"id": self.id, "type": "message", "date": f"{self.at:%Y-%m-%dT%H:%M:%S}"}
        told |= {"from": self.name, "text": self.text()}
        more = {"reply_to_message_id": self.reply, "forwarded_from": self.forwarded, "author": self.signature}
        told |= {key: value for key, value in more.items() if value is not None}
        if self.via:
            told["via_bot"] = f"@{self.via}"
        if self.file:
            kind, path = self.file
            told |= {"photo": path} if kind == "photo" else {"file": path}
            told |= {"media_type": kind} if kind not in ("photo", "document") else {}
            told |= {"file_name": "field.bin"} if kind == "document" else {}
        return told


def escaped(text: str) -> str:
    """``SerializeString``."""
    for mark, entity in {"&": "&amp;", '"': "&quot;", "'": "&apos;", "<": "&lt;", ">": "&gt;"}.items():
        text = text.replace(mark, entity)
    return text.replace("\n", "<br>")


def entity(kind: str, words: str, href: str) -> str:
    """``FormatText``, for one part of a text."""
    said = escaped(words)
    if kind in TAGS:
        return f"<{TAGS[kind]}>{said}</{TAGS[kind]}>"
    if kind in CALLS:
        return (
            f'<a href="" onclick="return {CALLS[kind]}({escaped(escaped(chr(34) + words[1:] + chr(34)))})">{said}</a>'
        )
    if kind == "spoiler":
        inner = f'<span aria-hidden="true">{said}</span>'
        return f'<span class="spoiler hidden" onclick="ShowSpoiler(this)">{inner}</span>'
    address = {
        "link": said,
        "email": f"mailto:{said}",
        "phone": f"tel:{said}",
        "mention": f"https://t.me/{said[1:]}",
        "text_link": escaped(href),
    }[kind]
    return f'<a href="{address}">{said}</a>'


class Writer:
    """The tags that are open, for the indent (``HtmlContext``)."""

    def __init__(self) -> None:
        self.out: list[str] = []
        self.open = 0

    def block(self, classes: str, *inner: str, tag: str = "div", **attributes: str) -> None:
        self.push(classes, tag=tag, **attributes)
        self.out += inner
        self.pop(tag)

    def push(self, classes: str, *, tag: str = "div", **attributes: str) -> None:
        said = "".join(f' {name}="{escaped(value)}"' for name, value in attributes.items())
        self.out.append(f'\n{" " * self.open}<{tag} class="{classes}"{said}>\n')
        self.open += 1

    def pop(self, tag: str = "div") -> None:
        self.open -= 1
        self.out.append(f"\n{' ' * self.open}</{tag}>\n")


def page(title: str, messages: Sequence[Said], following: str = "") -> str:
    """One page, as ``writeDialogSlice`` writes it."""
    writer = Writer()
    writer.out.append('<!DOCTYPE html>\n<html>\n <head>\n  <meta charset="utf-8"/>\n </head>\n <body>\n')
    writer.open = 2
    writer.push("page_wrap")
    writer.push("page_header")
    writer.block("text bold", f"\n{escaped(title)} \n")
    writer.pop()
    writer.push("page_body chat_page")
    writer.push("history")
    before: Said | None = None
    for number, each in enumerate(messages, start=1):
        if before is None or before.at.date() != each.at.date():
            writer.push("message service", id=f"message-{number}")
            writer.block("body details", f"{each.at.day} November {each.at.year}")
            writer.pop()
        message(writer, each, before)
        before = each
    if following:
        writer.block("pagination block_link", "Next messages", tag="a", href=following)
    for _ in range(3):
        writer.pop()
    return "".join(writer.out) + "\n </body>\n\n</html>\n"


def is_joined(each: Said, before: Said | None) -> bool:
    """``messageNeedsWrap``, the other way round."""
    if before is None or before.service is not None or before.via != each.via:
        return False
    same = (before.name, before.forwarded, before.at.date()) == (each.name, each.forwarded, each.at.date())
    return same and each.at - before.at <= timedelta(seconds=1 if each.forwarded else 900)


def message(writer: Writer, each: Said, before: Said | None) -> None:
    """``pushMessage``."""
    if each.service is not None:
        writer.push("message service", id=f"message{each.id}")
        writer.block("body details", escaped(each.service))
        writer.pop()
        return
    joined = is_joined(each, before)
    writer.push(f"message default clearfix{' joined' if joined else ''}", id=f"message{each.id}")
    if not joined:
        writer.push("pull_left userpic_wrap")
        writer.block("userpic userpic1", tag="div", style="width: 42px")
        writer.pop()
    writer.push("body")
    head(writer, each, joined=joined)
    rest(writer, each)
    writer.pop()
    writer.pop()


def head(writer: Writer, each: Said, *, joined: bool) -> None:
    """The date of a message, and names where the message before has others."""
    writer.block("pull_right date details", f"{each.at:%H:%M}", title=f"{each.at:%d.%m.%Y %H:%M:%S} {ZONE}")
    via = f" via @{each.via}" if each.via else ""
    if not joined:
        writer.block("from_name", escaped(f"{each.name} ") + ("" if each.forwarded else via))
    if each.forwarded is None:
        return
    if not joined:
        writer.push("pull_left forwarded userpic_wrap")
        writer.pop()
    writer.push("forwarded body")
    if not joined:
        date = f'<span class="date details" title="01.11.2024 10:00:00 {ZONE}"> 01.11.2024 10:00:00</span>'
        writer.block("from_name", escaped(f"{each.forwarded} ") + via + date)


def rest(writer: Writer, each: Said) -> None:
    """What a message says."""
    if each.reply is not None:
        link = f'<a href="#go_to_message{each.reply}" onclick="return GoToMessage({each.reply})">this message</a>'
        writer.block("reply_to details", f"In reply to {link}")
    if each.file:
        medium(writer, *each.file)
    if each.runs:
        writer.block("text", "".join(escaped(run) if isinstance(run, str) else entity(*run) for run in each.runs))
    if each.buttons is not None:
        writer.block("bot_buttons_table", each.buttons, tag="table")
    if each.signature is not None:
        writer.block("signature details", escaped(each.signature))
    if each.forwarded is not None:
        writer.pop()


def medium(writer: Writer, kind: str, path: str) -> None:
    """``pushMedia``."""
    is_there = not path.startswith("(")
    writer.push("media_wrap clearfix")
    if is_there and kind in WRAPS:
        wrap, shown = WRAPS[kind]
        writer.push(f"{wrap} clearfix pull_left", tag="a", href=path)
        writer.out.append(f'<img class="{shown}" src="{escaped(path)}_thumb.jpg"/>')
        writer.pop("a")
    else:
        title, classes = TITLES.get(kind, ("field.bin", "media_file"))
        tag, block = ("a", " block_link") if is_there else ("div", "")
        writer.push(f"media clearfix pull_left{block} {classes}", tag=tag, **({"href": path} if is_there else {}))
        writer.block("fill pull_left")
        writer.push("body")
        writer.block("title bold", escaped(title))
        if not is_there:
            writer.block("description", escaped(SKIPPED[path]))
        writer.block("status details", "9 B")
        writer.pop()
        writer.pop(tag)
    writer.pop()


def write_pages(folder: Path, title: str, messages: Sequence[Said], *, each_page: int = 1000) -> None:
    """Write the HTML pages of a chat."""
    folder.mkdir(parents=True, exist_ok=True)
    groups = [messages[at : at + each_page] for at in range(0, len(messages), each_page)]
    for number, group in enumerate(groups, start=1):
        following = f"messages{number + 1}.html" if number < len(groups) else ""
        name = f"messages{number if number > 1 else ''}.html"
        (folder / name).write_text(page(title, group, following), encoding="utf-8", newline="\n")


def write_account(folder: Path, chats: Mapping[tuple[str, str], Sequence[Said]]) -> None:
    """Write the HTML pages of an account: chats by title and kind, each in a folder, and the list of them."""
    listed = []
    for number, ((title, kind), messages) in enumerate(chats.items(), start=1):
        within = f"chats/chat_{number}"
        write_pages(folder / within, title, messages)
        for pages in (folder / within).iterdir():
            pages.write_text(pages.read_text("utf-8").replace('="photos/', f'="../../{within}/photos/'), "utf-8")
        listed.append(
            f'\n<a class="entry block_link clearfix" href="../{within}/messages.html#allow_back">\n'
            f'<div class="body">\n<div class="pull_right info details">\n{kind}\n</div>\n'
            f'<div class="name bold">\n{escaped(title)}\n</div>\n'
            f'<div class="details_entry details">\n{len(messages)} messages\n</div>\n</div>\n</a>\n'
        )
    (folder / "lists").mkdir()
    page_of_list = f'<html><body><div class="page_body list_page"><div class="entry_list">{"".join(listed)}</div></div>'
    (folder / "lists" / "chats.html").write_text(f"{page_of_list}</body></html>", "utf-8")
    (folder / "export_results.html").write_text("<html><body>Exported Data</body></html>", "utf-8")


def write_json(folder: Path, title: str, messages: Sequence[Said]) -> None:
    """Write the JSON export of a chat whose number nobody wrote."""
    folder.mkdir(parents=True, exist_ok=True)
    told: Mapping[str, Any] = {"name": title, "type": None, "messages": [each.members() for each in messages]}
    (folder / "result.json").write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")


WORDS = st.text(st.sampled_from("ab<>&\"' é😀\n@#"), min_size=1, max_size=12).map(str.strip).filter(bool)
NAMES = st.sampled_from(["K", "Briar Rose", "<b>&amp;", "Чавка", "via nobody"])
ENTITIES = st.one_of(
    st.builds(lambda kind, words: (kind, words, ""), st.sampled_from([*TAGS, "spoiler"]), WORDS),
    st.sampled_from(
        [
            ("hashtag", "#h", ""),
            ("bot_command", "/h", ""),
            ("cashtag", "$H", ""),
            ("link", "https://example.org/?a=1&b=<2>", ""),
            ("email", "h@example.org", ""),
            ("phone", "+44 7700 900222", ""),
            ("mention", "@hedge", ""),
            ("text_link", "here", 'https://example.org/"hidden"'),
        ]
    ),
)
RUNS = st.lists(st.one_of(WORDS, ENTITIES), max_size=4).map(lambda runs: tuple(_apart(runs)))
FILES = st.one_of(
    st.none(),
    st.tuples(st.sampled_from([*TITLES, "document"]), st.sampled_from(list(SKIPPED))),
    st.tuples(st.sampled_from([*TITLES, "document"]), st.sampled_from(["photos/a b.jpg", "files/é&<1>.bin"])),
)
MESSAGE = st.builds(
    Said,
    st.just(0),
    st.just(datetime(2024, 11, 14)),  # noqa: DTZ001 - local time is what the exporter writes
    NAMES,
    RUNS,
    FILES,
    st.none() | st.integers(1, 9),
    st.none() | NAMES,
    st.none() | WORDS,
    st.none() | st.just("hedgebot"),
    st.none() | st.none() | st.none() | st.just("K created group «Hedge» <1>"),
)


def _apart(runs: Sequence[Any]) -> Iterator[Any]:
    """Plain words never follow plain words."""
    plain = ""
    for run in runs:
        if isinstance(run, str):
            plain += run
            continue
        if plain:
            yield plain
        plain = ""
        yield run
    if plain:
        yield plain


@st.composite
def chats(draw: st.DrawFn) -> list[Said]:
    """Messages of a chat, numbered and in time, some of them seconds apart and some days."""
    at, found = datetime(2024, 7, 14, 9, 12, 44), []  # noqa: DTZ001 - as above
    for number, each in enumerate(draw(st.lists(MESSAGE, min_size=1, max_size=8)), start=1):
        at += timedelta(seconds=draw(st.sampled_from([0, 1, 60, 901, 90_000])))
        found.append(replace(each, id=number, at=at))
    return found
