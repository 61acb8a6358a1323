"""The HTML pages of a Telegram Desktop export: where their messages lie, and each as the JSON export would have it.

From ``HtmlWriter`` in export_output_html.cpp: ``messages.html``, ``messages2.html`` ... of 1,000 messages each. A
message is one ``div`` with ``id="message123"``; negative numbers are lines with a day. The pages are the evidence: the
exact bytes of a ``div`` are a slice, and what lies between is the rest. A message is read into the keys of
``monitor.desktop.known``, so that both forms fill one content. What has no such key gets one that nobody knows, and so
becomes a hole that names it.

What the pages do not say stays empty: numbers of the chat and of senders, times of edits and of service messages. The
title of a date has the *standard* zone of the exporter's machine beside local time (``QTimeZone::StandardTime``), an
hour off in summer: so it proves no moment, and the date stays local time in words.

LIMIT: a name that ends in ``via @name`` cannot be told from a message that a bot helped to write.

Texts of users are escaped, but the texts of bots' buttons are not (``pushMessage``), so a bot could write a whole
message into a page. A message within another is refused, and one that ends inside the table of its buttons.

LIMIT: a button's text that closes all that is open and opens it again cannot be told from two messages.
"""

import html
import mmap
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from lxml import etree
from lxml import html as lxml_html

from monitor.desktop.folder import ExportFolder
from monitor.desktop.found import PAGE
from monitor.desktop.scan import Buffer, ByteSpan, broken, place
from monitor.desktop.values import Parsed
from monitor.errors import ExportTooLargeError, MediumMissingError

MEDIA_TYPE = "text/html"
MAX_PAGES_BYTES = 128 << 20
"""All pages together; they are held in memory. A page of 1,000 messages has about a megabyte."""
MAX_DEPTH = 64
"""``div`` within one another; the exporter writes 8 at most."""
_START = re.compile(rb'<div class="message (?:default|service)[a-z ]*" id="message(-?[0-9]{1,19})">')
_DIV = re.compile(rb"<(/?)div\b[^<>]*>")
_HIGHEST = (1 << 63) - 1
_NEXT = re.compile(rb'<a class="pagination block_link" href="(messages[0-9]*\.html)">\s*Next messages')
_TITLE = re.compile(rb'<div class="page_header">.*?<div class="text bold">\s*(.*?)\s*</div>', re.DOTALL)
_END = re.compile(rb"</html>\s*$")
_DATE = re.compile(r"([0-9]{2})\.([0-9]{2})\.([0-9]{4}) ([0-9]{2}:[0-9]{2}:[0-9]{2})(?: (UTC[+-]?[0-9:]*))?")
_VIA = re.compile(r"(.*?) ?via @(\w+)")
_ANSWERED = re.compile(r"#go_to_message(-?[0-9]{1,19})$")
_UP = "../../"
_INDENT = re.compile(r"\n *\Z")


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What a page leaves out of a message because the one before has it.

    Attributes:
        name: Of the sender.
        forwarded: Where it was forwarded from.
        via: The bot by whose means it was sent.
    """

    name: str | None = None
    forwarded: str | None = None
    via: str | None = None


@dataclass(frozen=True, slots=True)
class Pages:
    """The pages of one chat, one after the other.

    Attributes:
        data: Their bytes.
        spans: The messages.
        before: For each message, what it leaves out.
        title: Of the chat.
        stopped: A page ends too early, or the next one is not there.
        within: The folder of the pages, from the top of an account's export, with a slash; empty for one chat alone.
    """

    data: Buffer
    spans: tuple[ByteSpan, ...]
    before: tuple[LeftOut, ...]
    title: str | None
    stopped: bool
    within: str = ""

    @property
    def media_type(self) -> str:
        """Of ``data``, and of every slice of it."""
        return MEDIA_TYPE

    def plain(self, raw: bytes) -> bytes:
        """A slice as it is."""
        return raw

    def element(self, index: int, raw: bytes) -> tuple[int, dict[str, Parsed]]:
        """The number of a message, and the message as the JSON export would have it."""
        number, said = _read(raw, self.before[index])[:2]
        if self.within:
            said |= {key: _from_top(said[key]) for key in ("photo", "file") if key in said}
        return number, said

    def named_in(self, raw: bytes) -> bytes:
        """A slice with the files that it names as they are named from the top of the export."""
        return raw.replace(b'"' + _UP.encode(), b'"') if self.within else raw


def _from_top(path: Parsed) -> Parsed:
    """The path of a file in an account's export, as a page two folders below the top names it."""
    return path.removeprefix(_UP) if isinstance(path, str) else path


def read_pages(folder: ExportFolder, *, where: str, within: str = "") -> Pages:
    """Read all pages of a chat.

    Args:
        within: As ``Pages`` has it.

    Raises:
        ExportTooLargeError: They are beyond a limit.
        BrokenExportError: A message lies in another, is not closed, or is damaged.
        MediumError: The first page cannot be had.
    """
    parts, length, spans, stopped = list[bytes](), 0, list[ByteSpan](), False
    name, seen = PAGE, set[str]()
    while name and name not in seen:
        seen.add(name)
        try:
            with folder.open(within + name) as file:
                page = file.read(MAX_PAGES_BYTES + 1 - length)
        except MediumMissingError:
            if not parts:
                raise
            stopped = True
            break
        start, length = length, length + len(page)
        parts.append(page)
        if length > MAX_PAGES_BYTES:
            raise ExportTooLargeError("export_too_large.pages", where=where, limit=MAX_PAGES_BYTES)
        closed = _END.search(page) is not None
        spans += (ByteSpan(start + span.start, start + span.end) for span in _spans(page, closed=closed))
        stopped = stopped or not closed
        following = _NEXT.search(page)
        name = following[1].decode() if following else ""
    return _pages(_joined(parts, length), spans, stopped=stopped, within=within)


def _joined(parts: list[bytes], length: int) -> Buffer:
    """All pages one after the other; each part is given up as it is copied, so that no two copies of all are held."""
    if not length:
        return b""
    data = mmap.mmap(-1, length)
    parts.reverse()
    while parts:
        data.write(parts.pop())
    return data


class BeyondParserError(Exception):
    """The parser of HTML ended at a limit of its own: what lies behind is in no tree, and nothing else says so."""


def require_whole_tree(parser: lxml_html.HTMLParser) -> None:
    """Check that the tree that a parser made has all of what it was given: 10 MB of words, 256 tags in one another.

    Raises:
        BeyondParserError: It ended before.
    """
    if any(each.level == etree.ErrorLevels.FATAL for each in parser.error_log):
        raise BeyondParserError


def _pages(data: Buffer, spans: list[ByteSpan], *, stopped: bool, within: str) -> Pages:
    before, told = [], LeftOut()
    for span in spans:
        before.append(told)
        try:
            told = _read(data[span.start : span.end], told)[2]
        except (etree.LxmlError, ValueError) as error:
            raise broken(data, span.start, "broken_export.message_damaged") from error
        except BeyondParserError as error:
            where = place(data, span.start)
            raise ExportTooLargeError("export_too_large.message_of_page", place=where) from error
    title = _TITLE.search(data)
    name = html.unescape(title[1].decode("utf-8", "replace")) if title else None
    return Pages(data, tuple(spans), tuple(before), name, stopped, within)


def _spans(data: bytes, *, closed: bool) -> Iterator[ByteSpan]:
    """The messages of a page."""
    at = 0
    for found in _START.finditer(data):
        if found.start() < at:
            raise broken(data, found.start(), "broken_export.message_in_message")
        end = end_of_div(data, found.start())
        if end is None and closed:
            raise broken(data, found.start(), "broken_export.message_in_message")
        if end is None:  # the page was cut off in this message
            return
        if data.count(b"<table", found.start(), end) != data.count(b"</table>", found.start(), end):
            raise broken(data, found.start(), "broken_export.message_in_message")
        at = end
        if not found[1].startswith(b"-"):
            yield ByteSpan(found.start(), end)


def end_of_div(data: bytes, start: int) -> int | None:
    """Where the ``div`` of a page ends that begins at ``start``; None where the page ends before it.

    Raises:
        BrokenExportError: More than ``MAX_DEPTH`` lie within one another.
    """
    depth = 0
    for tag in _DIV.finditer(data, start):
        depth += -1 if tag[1] else 1
        if depth == 0:
            return tag.end()
        if depth > MAX_DEPTH:
            raise broken(data, tag.start(), "broken_export.message_in_message")
    return None


# One message


def _read(raw: bytes, before: LeftOut) -> tuple[int, dict[str, Parsed], LeftOut]:
    """A message with its number, and what the one behind it may leave out.

    Raises:
        ValueError: Its number is beyond 64 bits.
        BeyondParserError: It is longer, or nests deeper, than the parser reads.
    """
    root = _parsed(raw)
    number = int(str(root.get("id")).removeprefix("message"))
    if number > _HIGHEST:
        raise ValueError("a number beyond 64 bits")
    message = _Message(root, before)
    if "service" in _classes(root):
        return number, message.service(number) | _not_text(raw), LeftOut()
    told = message.default(number) | _not_text(raw)
    return number, told, LeftOut(*(_text_or_none(told.get(key)) for key in ("from", "forwarded_from", "via_bot")))


def _not_text(raw: bytes) -> dict[str, Parsed]:
    """A key that nobody knows where a message has bytes that are no text: the parser replaces them without a word."""
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return {"html: bytes that are not UTF-8": "replaced"}
    return {}


def _parsed(raw: bytes) -> lxml_html.HtmlElement:
    parser = lxml_html.HTMLParser(encoding="utf-8", no_network=True, huge_tree=False, remove_comments=True)
    root = lxml_html.fragment_fromstring(raw, parser=parser)
    require_whole_tree(parser)
    for line_feed in root.iter("br"):
        line_feed.tail = "\n" + (line_feed.tail or "")
    return root


def _text_or_none(value: Parsed) -> str | None:
    return value if isinstance(value, str) else None


def _classes(element: lxml_html.HtmlElement) -> list[str]:
    return str(element.get("class") or "").split()


def _words(element: lxml_html.HtmlElement) -> str:
    """The words of a block: the exporter writes it between two line feeds and an indent."""
    return _INDENT.sub("", "".join(element.itertext())).removeprefix("\n")


class _Message:
    """One ``div`` of a page while it is read."""

    def __init__(self, root: lxml_html.HtmlElement, before: LeftOut) -> None:
        self.root = root
        self.before = before
        self.found: dict[str, Parsed] = {}

    def service(self, number: int) -> dict[str, Parsed]:
        """A line in words of Telegram Desktop; it has no date, and names people by name only."""
        body = next(iter(self.root.find_class("details")), self.root)
        self.found = {"id": str(number), "type": "service", "information_text": _words(body).strip(), "text": ""}
        if self.root.find_class("userpic_wrap"):
            self.found["html: picture of the chat"] = "shown beside this line"
        return self.found

    def default(self, number: int) -> dict[str, Parsed]:
        """A message of a person."""
        self.found = {"id": str(number), "type": "message"}
        if "joined" in _classes(self.root):
            left_out = {"from": self.before.name, "via_bot": self.before.via}
            self.found |= {key: value for key, value in left_out.items() if value}
        for body in self.root:
            if "body" in _classes(body):
                self._body(body)
            elif "userpic_wrap" not in _classes(body):
                self._unknown(body)
        self.found.setdefault("text", "")
        return self.found

    def _body(self, body: lxml_html.HtmlElement) -> None:
        for each in body:
            self._part(each, _classes(each))

    def _part(self, each: lxml_html.HtmlElement, classes: list[str]) -> None:
        take = self._takes.get(" ".join(classes), self._unknown)
        take(each)

    @property
    def _takes(self) -> Mapping[str, "Callable[[lxml_html.HtmlElement], None]"]:
        """What reads a block, by its classes."""
        return {
            "pull_right date details": self._date,
            "from_name": lambda each: self._name("from", each),
            "pull_left forwarded userpic_wrap": lambda _each: None,
            "forwarded body": self._forwarded,
            "reply_to details": self._reply,
            "media_wrap clearfix": self._media,
            "text": self._text,
            "signature details": self._signature,
        }

    def _forwarded(self, each: lxml_html.HtmlElement) -> None:
        self.found["forwarded_from"] = self.before.forwarded
        for inner in each:
            if _classes(inner) == ["from_name"]:
                self._name("forwarded_from", inner)
            else:
                self._part(inner, _classes(inner))

    def _media(self, each: lxml_html.HtmlElement) -> None:
        for inner in each:
            self._medium(inner, _classes(inner))

    def _text(self, each: lxml_html.HtmlElement) -> None:
        self.found["text"] = _entities(each)

    def _signature(self, each: lxml_html.HtmlElement) -> None:
        self.found["author"] = _words(each)

    def _unknown(self, each: lxml_html.HtmlElement) -> None:
        """What has no key in the JSON export gets one that nobody knows, with its words."""
        self.found[f"html: {' '.join(_classes(each))[:60]}"] = " ".join("".join(each.itertext()).split())

    def _date(self, each: lxml_html.HtmlElement) -> None:
        title = str(each.get("title") or "")
        found = _DATE.fullmatch(title)
        if found is None:
            self.found["date"] = title
            return
        day, month, year, time, zone = found.groups()
        self.found["date"] = f"{year}-{month}-{day}T{time}"
        if zone:
            self.found["date_zone"] = zone

    def _name(self, key: str, each: lxml_html.HtmlElement) -> None:
        for date in each.find_class("date"):
            self.found[f"html: date of {key}"] = str(date.get("title") or "")
            date.drop_tree()
        name = _words(each)
        if via := _VIA.fullmatch(name):
            name, self.found["via_bot"] = via[1], f"@{via[2]}"
        self.found[key] = name.rstrip(" ")  # the first name, a space, and the last name, where there is one

    def _reply(self, each: lxml_html.HtmlElement) -> None:
        link = next(iter(each.iter("a")), None)
        answered = None if link is None else _ANSWERED.search(str(link.get("href") or ""))
        if answered:
            self.found["reply_to_message_id"] = answered[1]
        else:
            self._unknown(each)

    def _medium(self, each: lxml_html.HtmlElement, classes: list[str]) -> None:
        path = str(each.get("href") or "")
        kind = next((name for name in classes if name in _WRAPS), None)
        if kind is None:
            self._generic(each, path, next((name for name in classes if name in _GENERIC), None))
        else:
            self._file(path, _WRAPS[kind])

    def _generic(self, each: lxml_html.HtmlElement, path: str, kind: str | None) -> None:
        """A block with a title, of a file that is not there or has no preview."""
        said = {name: _words(block) for name in ("title", "description") for block in each.find_class(name)[:1]}
        title, why = said.get("title", ""), said.get("description", "")
        if kind is None or "://" in path or title.startswith("Self-destructing"):
            self._unknown(each)
            return
        marker = next((words for start, words in _SKIPPED.items() if why.startswith(start)), _UNTOLD)
        self._file(path or marker, _TITLED.get(title, _GENERIC[kind]))
        if kind == "media_file" and title != "File":
            self.found["file_name"] = title

    def _file(self, path: str, media_type: str | None) -> None:
        if media_type == "photo":
            self.found["photo"] = path
            return
        self.found["file"] = path
        if media_type:
            self.found["media_type"] = media_type


_WRAPS: Mapping[str, str] = {
    "photo_wrap": "photo",
    "video_file_wrap": "video_file",
    "animated_wrap": "animation",
    "sticker_wrap": "sticker",
}
_GENERIC: Mapping[str, str | None] = {
    "media_photo": "photo",
    "media_video": "video_file",
    "media_voice_message": "voice_message",
    "media_audio_file": "audio_file",
    "media_file": None,
}
"""Blocks that stand for a file, with or without a link to it."""
_TITLED = {"Video message": "video_message", "Animation": "animation", "Sticker": "sticker"}
_SKIPPED = {
    "Not included": "(File not included. Change data exporting settings to download.)",
    "Exceeds maximum size": "(File exceeds maximum size. Change data exporting settings to download.)",
    "Unavailable": "(File unavailable, please try again later)",
}
"""How the pages say that a file is not there, and how the JSON export says it."""
_UNTOLD = "(File not linked: the page gives no reason)"


# The words of a text


def _entities(block: lxml_html.HtmlElement) -> list[Parsed]:
    runs = list(_runs(block))
    if runs and isinstance(runs[0], str):
        runs[0] = runs[0].removeprefix("\n")
    if runs and isinstance(runs[-1], str):
        runs[-1] = _INDENT.sub("", runs[-1])
    return [run for run in runs if run != ""]


def _runs(block: lxml_html.HtmlElement) -> Iterator[Parsed]:
    """Plain words and entities; what follows a line break belongs to the words before it."""
    plain = block.text or ""
    for each in block:
        if each.tag == "br":
            plain += each.tail or ""
            continue
        yield plain
        yield _entity(each)
        plain = each.tail or ""
    yield plain


def _entity(each: lxml_html.HtmlElement) -> dict[str, Parsed]:
    text = "".join(each.itertext())
    if each.tag == "a":
        return {"text": text, **_link(each, text)}
    return {"type": _TAGS.get(str(each.tag), "unknown"), "text": text}


def _link(each: lxml_html.HtmlElement, text: str) -> dict[str, Parsed]:
    href, called = str(each.get("href") or ""), str(each.get("onclick") or "")
    kind = next((kind for call, kind in _CALLS.items() if call in called), None)
    kind = kind or next((kind for start, kind in _SCHEMES.items() if href.startswith(start)), None)
    if kind:
        return {"type": kind}
    if href == text:
        return {"type": "link"}
    if text.startswith("@") and href.endswith("/" + text[1:]):
        return {"type": "mention"}
    if _STICKER.match(href):
        return {"type": "custom_emoji", "document_id": href}
    return {"type": "text_link", "href": href}


_SCHEMES = {"mailto:": "email", "tel:": "phone"}
_STICKER = re.compile(r"(?:\.\./)*(?:chats/[^/]+/)?stickers/")
_TAGS: Mapping[str, str] = {
    "strong": "bold",
    "em": "italic",
    "code": "code",
    "pre": "pre",
    "u": "underline",
    "s": "strikethrough",
    "blockquote": "blockquote",
    "span": "spoiler",
}
_CALLS = {
    "ShowHashtag(": "hashtag",
    "ShowBotCommand(": "bot_command",
    "ShowCashtag(": "cashtag",
    "ShowMentionName(": "mention_name",
    "ShowNotLoadedEmoji(": "custom_emoji",
    "ShowNotAvailableEmoji(": "custom_emoji",
}
"""What a link does in the exporter's pages, where it leads nowhere."""
