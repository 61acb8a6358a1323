"""What a person pastes of Telegram: the address of one message. Pure text; nothing is asked.

    t.me/NAME/5           a message of a public channel or group; also t.me/s/NAME/5
    t.me/c/NUMBER/5       of one without a public name, or seen by a member
    t.me/NAME/3/5         message 5 in the topic 3; also t.me/c/NUMBER/3/5 and ?thread=3
    ...?comment=7         the comment 7 on a post, which has a number of its discussion group
    tg://resolve?domain=NAME&post=5, tg://privatepost?channel=NUMBER&post=5   the same, as apps hand it over

The forms are those of core.telegram.org/api/links (message links).
"""

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from config.errors import SettingsError

HOSTS = ("t.me", "telegram.me", "telegram.dog")
_MAX_NUMBER = 2**31 - 2
"""One less than Telegram's numbers go: what is below the next number is asked for."""
_NAME = re.compile(r"[a-z][a-z0-9_]{3,31}", re.ASCII)
_NUMBER = re.compile(r"[0-9]{1,10}", re.ASCII)
_CHANNEL = re.compile(r"[0-9]{1,16}", re.ASCII)


@dataclass(frozen=True, slots=True)
class MessageLink:
    """One message, as a link names it.

    Attributes:
        name: The channel's user name, in lower case; None where the link has its number.
        channel_id: The channel's number; None where the link has its name.
        number: Of the message.
        comment: The number, in the discussion group, of a comment on it.
    """

    name: str | None
    channel_id: int | None
    number: int
    comment: int | None = None

    @property
    def channel(self) -> str:
        """The channel, as the register names channels."""
        return self.name or str(self.channel_id)


def read_message_link(text: str) -> MessageLink:
    """The message that a link names, as a person pastes it; nothing is asked of Telegram.

    Raises:
        SettingsError: It leads elsewhere, or to no message.
    """
    try:
        address = urlsplit(text if "://" in text else f"https://{text}")
    except ValueError:  # a bracket that is not closed
        raise SettingsError("settings.link_elsewhere", found=shown_link(text)) from None
    host = (address.hostname or "").removeprefix("www.")
    if address.scheme == "tg":
        return _of_app(address, text)
    if address.scheme not in ("http", "https") or host not in HOSTS:
        raise SettingsError("settings.link_elsewhere", found=shown_link(text))
    parts = [part for part in address.path.split("/") if part]
    if parts[:1] == ["s"]:  # the page that shows a channel in a browser
        del parts[0]
    private = parts[:1] == ["c"]
    if private:
        del parts[0]
    if len(parts) not in (2, 3):  # channel and message, or a topic between them
        raise SettingsError("settings.link_to_no_message", found=shown_link(text))
    return _link(parts[0], parts[-1], address.query, text, private=private)


def _of_app(address: SplitResult, text: str) -> MessageLink:
    said = parse_qs(address.query)
    private = address.netloc == "privatepost"
    channel, post = said.get("channel" if private else "domain"), said.get("post")
    if address.netloc not in ("resolve", "privatepost") or not channel or not post:
        raise SettingsError("settings.link_to_no_message", found=shown_link(text))
    return _link(channel[0], post[0], address.query, text, private=private)


def _link(channel: str, number: str, query: str, text: str, *, private: bool) -> MessageLink:
    named = (_CHANNEL if private else _NAME).fullmatch(channel.lower())
    comment = parse_qs(query).get("comment", [None])[0]
    message, of_comment = _number(number), None if comment is None else _number(comment)
    if named is None or message is None or (comment is not None and of_comment is None):
        raise SettingsError("settings.link_to_no_message", found=shown_link(text))
    if private:
        return MessageLink(None, int(channel), message, of_comment)
    return MessageLink(channel.lower(), None, message, of_comment)


def _number(text: str) -> int | None:
    number = int(text) if _NUMBER.fullmatch(text) else 0
    return number if 0 < number <= _MAX_NUMBER else None


def shown_link(text: str) -> str:
    """A link as a person pasted it, cut short and without what can be a secret.

    An invitation lets whoever has it in.
    """
    shown = re.sub(r"(joinchat/|addlist/|\+|hash=|invite=).*", r"\1...", unquote(text), flags=re.DOTALL)[:80]
    return shown if shown.isprintable() else ascii(shown)[1:-1]
