"""Pages of ``t.me/s/NAME``, on which Telegram shows a public channel in a browser: their messages as observations.

Whoever saved such a page is one more witness of what the channel showed. The page itself is kept as a file; its
messages are read into the keys of ``monitor.desktop.known``, as the HTML pages of an export are, so that every source
fills one content. What has no such key gets one that nobody knows, and so becomes a hole that names it: an edit without
its time, rounded views, the pictures of an album, a poll, the preview of a link.

A message is one ``div`` with ``data-post="NAME/NUMBER"``, whose exact bytes are its slice. The page names no number of
the channel and no sender; its time is UTC. Of a picture it has a smaller copy at another address, which is never
fetched: the file counts as left out, for a reason that nobody gives. Whatever else looks like a message, and is not
read as one, is counted: a page that has more than its messages say never passes for less.

A saved page can be changed before it is brought, so nothing here is taken for more than what a page says.

LIMIT: Telegram documents none of this. The classes are those that public parsers read in 2024 to 2026.
"""

import codecs
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from lxml import etree
from lxml import html as lxml_html

from evidence.content import Content, Part, message_sha256, split_content
from evidence.observation import Hole, HoleReason, Observation
from monitor.desktop.layout import Chat
from monitor.desktop.message import read_message
from monitor.desktop.pages import BeyondParserError, end_of_div, require_whole_tree
from monitor.desktop.scan import broken
from monitor.desktop.values import Parsed
from monitor.errors import BrokenExportError
from monitor.notes import hole_words
from monitor.previews import strip_previews

WEB_METHOD = "web-page"
"""How a message came that a saved page shows."""
MAX_WEB_BYTES = 16 << 20
"""Of a page; one of twenty messages has some hundred kilobytes, and some megabytes with its pictures in it."""
MOST_POSTS = 1000
MOST_TAGS = 200_000
"""Of a page; one of a thousand messages has a hundred thousand. Each is looked at several times."""
_CLASS = "tgme_widget_message"
_POST = re.compile(rb"""\bdata-post=["']([A-Za-z][A-Za-z0-9_]{3,31})/([0-9]{1,10})["']""")
_OF_A_POST = re.compile(rb"""\bclass=["'](?:[^"'<>]* )?tgme_widget_message[ "']""")
_TAG_BYTES = 4096
"""How long the tag of a message may be; it has some hundred bytes."""
_LAST_NUMBER = 2**31 - 1
_TITLE = re.compile(rb'<div class="tgme_channel_info_header_title"[^>]*>(.{0,2000}?)</div>', re.DOTALL)
_NUMBER = re.compile(r"/([0-9]{1,10})(?:[?#].*)?$")
_WHOLE = re.compile(r"[0-9]{1,10}")
_LEFT_OUT = "(File not linked: the page gives no reason)"
_TYPE = "public_channel"


@dataclass(frozen=True, slots=True)
class WebPost:
    """A message as a page shows it.

    Attributes:
        raw: The bytes of its ``div``.
        said: It, as a JSON export would have it.
        views: How many have seen it; None where the page rounds that, or does not say it.
    """

    number: int
    raw: bytes
    said: Mapping[str, Parsed]
    views: str | None


@dataclass(frozen=True, slots=True)
class WebPage:
    """The messages of one channel that a page shows.

    Attributes:
        name: The channel's user name, in lower case.
        title: Its title; None where the page does not say it.
        unread: What looks like a message and is not read as one, in words that count it.
    """

    name: str
    title: str | None
    posts: tuple[WebPost, ...]
    unread: tuple[str, ...]


def read_web_page(data: bytes) -> WebPage | None:
    """The messages of a saved page; None if nothing in it looks like one.

    Raises:
        BrokenExportError: A message begins inside another one, is not closed, or is longer or nests deeper than any;
            or the page has more than ``MOST_TAGS``, or is neither in UTF-8 nor in UTF-16 that says so.
    """
    if not _OF_A_POST.search(data.replace(b"\0", b"")):
        return None
    posts, name, unread = dict[int, WebPost](), "", Counter[str]()
    text, cut_off = _text(data)
    if text.count(b"<") > MOST_TAGS:
        raise BrokenExportError("broken_export.too_many_tags", limit=MOST_TAGS)
    for start, end, found in _divs(text, cut_off=cut_off):
        shown, number = (found[1].decode().lower(), int(found[2])) if found else ("", 0)
        name = name or shown
        if not 0 < number <= _LAST_NUMBER:
            unread["without a number"] += 1
        elif shown != name:
            unread["of another channel"] += 1
        elif number in posts:
            unread["again, with other words"] += posts[number].raw != text[start:end]
        elif len(posts) == MOST_POSTS:
            unread[f"behind the first {MOST_POSTS}"] += 1
        else:
            posts[number] = _post(text, start, end, number)
    told = [f"{count} {why}" for why, count in unread.items() if count]
    told += ["what lies behind the first 16 MiB"] if cut_off else []
    return WebPage(name, _title(text), tuple(posts.values()), tuple(told))


def _text(data: bytes) -> tuple[bytes, bool]:
    """The beginning of a page in UTF-8, and whether it has more.

    Raises:
        BrokenExportError: It is in another charset, or damaged. What can be read of it would pass for what it said.
    """
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = data.decode("utf-16").encode() if wide else data
        whole = len(text) <= MAX_WEB_BYTES
        codecs.getincrementaldecoder("utf-8")().decode(text[:MAX_WEB_BYTES], final=whole)
    except ValueError as error:
        raise BrokenExportError("broken_export.mhtml_charset", charset="utf-16" if wide else "utf-8") from error
    return text[:MAX_WEB_BYTES], not whole


def web_observations(page: WebPage, *, channel_id: str, since: datetime) -> Iterator[Observation | Hole]:
    """What a page saw of each message, and holes for what it does not say of it.

    Args:
        channel_id: The channel's number, where that is known.
        since: When the holes were noticed.
    """
    chat = Chat(None, _TYPE, page.title, 0, 0, (), (), identifier=channel_id)
    for post in page.posts:
        message = read_message(post.said, number=post.number, chat=chat)
        counters = () if post.views is None else (Part("views", {"count": post.views}),)
        fields = {**message.fields, "counters": split_content(Content(counters=counters))["counters"]}
        pictured = strip_previews(post.raw.decode("utf-8", "replace")).removed > 0
        yield Observation(
            message.kind,
            channel_id,
            post.number,
            message.posted_at,
            fields,
            raw=post.raw,
            raw_type="text/html",
            record=message.record,
            pictured=pictured or message.pictured,
        )
        digest = message_sha256({**fields, "kind": message.kind.value})
        noted: list[tuple[HoleReason, str, int | None]] = [(reason, what, None) for reason, what in message.holes]
        noted += [(HoleReason.UNKNOWN_REASON, hole_words(file.said), place) for place, file in enumerate(message.files)]
        for reason, what, place in noted:
            yield Hole(channel_id, reason, since, post.number, post.number, what, position=place, message_sha256=digest)


def _divs(data: bytes, *, cut_off: bool) -> Iterator[tuple[int, int, re.Match[bytes] | None]]:
    """Where each message begins and ends, and the channel and number that it says."""
    at = 0
    for found in _OF_A_POST.finditer(data):
        start = data.rfind(b"<div", max(0, found.start() - _TAG_BYTES), found.start())
        tag = data[start : data.find(b">", found.end(), found.end() + _TAG_BYTES)]
        if start < 0 or b">" in tag:
            continue
        named = _POST.search(tag)
        if start < at and not named:  # of no message's own
            continue
        end = end_of_div(data, start)
        if end is None and cut_off:
            return
        if start < at or end is None:
            raise broken(data, start, "broken_export.message_in_message")
        at = end
        yield start, end, named


# One message


def _title(data: bytes) -> str | None:
    found = _TITLE.search(data)
    return _words(_parsed(b"<div>" + found[1] + b"</div>")).strip() or None if found else None


def _parsed(raw: bytes) -> lxml_html.HtmlElement:
    parser = lxml_html.HTMLParser(encoding="utf-8", no_network=True, huge_tree=False, remove_comments=True)
    root = etree.fromstring(raw, parser=parser)
    require_whole_tree(parser)
    for each in root.iter("script", "style"):
        each.text = None
    for line_feed in root.iter("br"):
        line_feed.tail = "\n" + (line_feed.tail or "")
    return root


def _words(element: lxml_html.HtmlElement) -> str:
    return "".join(element.itertext())


def _plain(element: lxml_html.HtmlElement) -> str:
    return " ".join(_words(element).split())


_SAME: Mapping[str, str] = {"js-message_text": f"{_CLASS}_text"}
"""Telegram gives each text two classes; either is enough."""
_Classed: TypeAlias = Mapping[str, Sequence[lxml_html.HtmlElement]]
"""Name of a class -> what has it, in the order of the page."""


def _by_class(root: lxml_html.HtmlElement) -> _Classed:
    found = defaultdict[str, list[lxml_html.HtmlElement]](list)
    for each in root.iter(etree.Element):
        for name in dict.fromkeys(_SAME.get(name, name) for name in str(each.get("class") or "").split()):
            found[name].append(each)
    return found


def _post(data: bytes, start: int, end: int, number: int) -> WebPost:
    raw = data[start:end]
    try:
        root = _parsed(raw)
    except BeyondParserError as error:
        raise broken(data, start, "broken_export.message_in_message") from error
    said: dict[str, Parsed] = {"id": str(number), "type": "message"}
    shown = _by_class(root)
    if "service_message" in shown:
        said |= {"type": "service", "information_text": _plain(root), "text": ""}
        return WebPost(number, raw, said | _dated(shown), None)
    said |= _dated(shown)
    for answered in shown.get(f"{_CLASS}_reply", ()):
        if root not in answered.iterancestors():  # of a reply that was taken out
            continue
        found = _NUMBER.search(str(answered.get("href") or ""))
        said |= {"reply_to_message_id": found[1]} if found else {"html: reply": _plain(answered)}
        answered.drop_tree()
    shown = _by_class(root)
    said |= _named(shown)
    views = next((_plain(each) for each in shown.get(f"{_CLASS}_views", ())), None)
    exact = views is not None and _WHOLE.fullmatch(views) is not None
    if views and not exact:
        said["html: views, rounded"] = views
    if any("edited" in _plain(each).split() for each in _innermost(shown.get(f"{_CLASS}_meta", ()))):
        said["html: edited, without a time"] = "edited"
    said |= _media(shown)
    texts = _innermost(shown.get(f"{_CLASS}_text", ()))  # in albums, one text lies in another
    said["text"] = list(_runs(texts[0])) if texts else ""
    for more in texts[1:]:
        said["html: another text"] = _plain(more)
    return WebPost(number, raw, said, views if exact else None)


def _innermost(found: Sequence[lxml_html.HtmlElement]) -> list[lxml_html.HtmlElement]:
    """Those of them in which no other one lies; each tag of the page is gone through once."""
    outer = set[lxml_html.HtmlElement]()
    for each in found:
        for above in each.iterancestors():
            if above in outer:
                break
            outer.add(above)
    return [each for each in found if each not in outer]


def _dated(shown: _Classed) -> dict[str, Parsed]:
    times = (str(time.get("datetime")) for each in shown.get(f"{_CLASS}_date", ()) for time in each.iter("time"))
    said = next(times, None)
    if said is None:
        return {}
    try:
        moment = datetime.fromisoformat(said)
    except ValueError:
        return {"date": said}
    if moment.tzinfo is None:
        return {"date": said}
    return {"date_unixtime": str(int(moment.timestamp()))}


def _named(shown: _Classed) -> dict[str, Parsed]:
    said: dict[str, Parsed] = {}
    for key, name in (
        ("from", "owner_name"),
        ("author", "from_author"),
        ("forwarded_from", "forwarded_from_name"),
    ):
        for each in shown.get(f"{_CLASS}_{name}", ())[:1]:
            said[key] = _plain(each)
    for each in shown.get(f"{_CLASS}_forwarded_from", ())[:1]:
        said.setdefault("forwarded_from", _plain(each))
    for each in shown.get(f"{_CLASS}_via_bot", ())[:1]:
        said["via_bot"] = _plain(each)
    return said


def _media(shown: _Classed) -> dict[str, Parsed]:
    said: dict[str, Parsed] = {}
    photos = shown.get(f"{_CLASS}_photo_wrap", ())
    if photos:
        said["photo"] = _LEFT_OUT
    if len(photos) > 1:
        said["html: pictures of an album"] = str(len(photos))
    for name, media_type in _FILES.items():
        for each in shown.get(f"{_CLASS}_{name}", ())[:1]:
            if "file" in said:
                said[f"html: {name}"] = "one more file"
                continue
            said["file"] = _LEFT_OUT
            said |= {"media_type": media_type} if media_type else {}
            title = next((_plain(below) for below in _by_class(each).get(f"{_CLASS}_document_title", ())), "")
            said |= {"file_name": title} if title and media_type is None else {}
    for name in _WITHOUT_A_KEY:
        for each in shown.get(f"{_CLASS}_{name}", ())[:1]:
            said[f"html: {name}"] = _plain(each) or str(each.get("href") or "shown")
    return said


_FILES: Mapping[str, str | None] = {
    "video_player": "video_file",
    "roundvideo_player": "video_message",
    "voice_player": "voice_message",
    "sticker_wrap": "sticker",
    "document_wrap": None,
}
"""What stands for a file, and how the JSON export calls it."""
_WITHOUT_A_KEY = (
    "poll", "link_preview", "location_wrap", "contact_wrap", "game", "invoice_wrap", "inline_row", "reactions",
    "message_media_not_supported", "story", "giveaway",
)  # fmt: skip


# The words of a text


def _runs(block: lxml_html.HtmlElement) -> Iterator[Parsed]:
    plain = block.text or ""
    for each in block:
        if each.tag == "br" or _is_emoji(each):
            plain += (_words(each) if each.tag != "br" else "") + (each.tail or "")
            continue
        if plain:
            yield plain
        yield _entity(each)
        plain = each.tail or ""
    if plain:
        yield plain


def _is_emoji(each: lxml_html.HtmlElement) -> bool:
    return each.tag == "tg-emoji" or "emoji" in str(each.get("class") or "").split()


def _entity(each: lxml_html.HtmlElement) -> dict[str, Parsed]:
    text, href = _words(each), str(each.get("href") or "")
    if each.tag != "a":
        return {"type": _TAGS.get(str(each.tag), "unknown"), "text": text}
    if href == text:
        return {"type": "link", "text": text}
    if text.startswith("@") and href.endswith("/" + text[1:]):
        return {"type": "mention", "text": text}
    if text.startswith("#") and "?q=%23" in href:
        return {"type": "hashtag", "text": text}
    return {"type": "text_link", "text": text, "href": href}


_TAGS: Mapping[str, str] = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "s": "strikethrough",
    "del": "strikethrough",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
    "tg-spoiler": "spoiler",
}
