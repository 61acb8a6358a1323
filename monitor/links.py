"""Links that somebody brings: what they were told to look at, kept as a text. Nothing is fetched.

A link proves that somebody gave it, and when. If it names a message, it names a channel as the register spells it;
whether that message is preserved, the store knows.
"""

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from urllib.parse import urlsplit

from config.errors import SettingsError
from config.link import HOSTS, MessageLink, read_message_link, shown_link
from evidence.canonical import text_value
from evidence.content import Content, Part, Person, Said, split_content
from evidence.observation import Kind, Observation
from monitor.errors import BroughtLinkError
from monitor.previews import strip_previews

MAX_LINK: int = 2048
"""Characters; no browser shows more."""
_HOST = re.compile(r"[^\s.]+(\.[^\s.]+)+\.?|[0-9a-f.]*:[0-9a-f:.]+|localhost")
_BARE = re.compile(rf"(?:www\.)?(?:{'|'.join(map(re.escape, HOSTS))})/\S+", re.IGNORECASE)


def require_link(text: str) -> str:
    """Check that a text is a link that somebody could open: of the web, or of Telegram; return it without blanks.

    Raises:
        BroughtLinkError: It is none, is longer than ``MAX_LINK``, or has characters that no link has; or a picture is
            spelled in it, which no record may have.
    """
    link = text.strip()
    if not link.isprintable() or " " in link or len(link) > MAX_LINK or not _leads_somewhere(link):
        raise BroughtLinkError("brought_link.no_link", found=shown_link(link))
    if strip_previews(link).removed:
        raise BroughtLinkError("brought_link.spells_a_picture", found=shown_link(link))
    return link


def brought_links(
    links: Sequence[str],
    *,
    place: str,
    source: str,
    random: Callable[[str], str],
    channel_of: Callable[[MessageLink], str | None],
) -> list[Observation]:
    """One observation for each link that somebody brings.

    Args:
        place: Where they are kept: the identifier of what one person brings at one time.
        source: What that person says about where they come from.
        random: Given a name for a link among them, 128 bits as hex that nobody can guess.
        channel_of: The number of a channel that a link names; None where the register does not know it.
    """
    return [_link_seen(link, place, source, random(f"link {number}"), channel_of) for number, link in enumerate(links)]


def message_link(link: str) -> MessageLink | None:
    """The message that a link names; None where it leads elsewhere."""
    with suppress(SettingsError):
        return read_message_link(link)
    return None


def _link_seen(
    link: str, place: str, source: str, unguessed: str, channel_of: Callable[[MessageLink], str | None]
) -> Observation:
    named = message_link(link)
    parts = () if named is None else (names_message(named, channel_of(named)),)
    # as of a file, so that whoever has the collector's key cannot confirm a guess of the link
    random = {"acquisition": {"random": unguessed}}
    said = split_content(Content(text=link, parts=parts))
    return Observation(Kind.LINK, place, None, None, {"channel_title": text_value(source), **said, **random})


def names_message(link: MessageLink, channel_id: str | None) -> Part:
    """The content part that says which message a link names.

    Args:
        channel_id: The channel's number, where the register knows it.
    """
    number = channel_id or (None if link.channel_id is None else str(link.channel_id))
    channel = Person(
        id=None if number is None else f"channel{number}", username=None if link.name is None else f"@{link.name}"
    )
    fields: dict[str, Said] = {"person": channel, "message_id": str(link.number)}
    return Part("link_to", fields if link.comment is None else fields | {"comment_id": str(link.comment)})


def _leads_somewhere(link: str) -> bool:
    if _BARE.fullmatch(link):
        return True
    with suppress(ValueError):  # a bracket that is not closed
        address = urlsplit(link)
        if address.scheme == "tg":
            return bool(address.netloc or address.path)
        return address.scheme in ("http", "https") and bool(_HOST.fullmatch(address.hostname or ""))
    return False
