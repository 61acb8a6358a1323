"""The HTML pages of a whole account: which chats lie there, to choose one of them.

From ``HtmlWriter`` in export_output_html.cpp: ``export_results.html``, ``lists/chats.html`` with a line for each chat,
and ``chats/chat_01/messages.html`` ... for its messages. A page names what lies beside it from the top of the export
(``../../chats/chat_01/photos/...``). Of other chats nothing is read but the list: title, kind, number of messages.

No page says the number of a chat. It is chosen by its folder, and whoever brings it may say the number too.
"""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lxml import etree
from lxml import html as lxml_html

from config.errors import Term
from monitor.desktop.folder import ExportFolder
from monitor.desktop.found import PAGE, RESULT, RESULTS
from monitor.errors import ChatNotFoundError, MediumError

_LIST = "lists/chats.html"
_MAX_LIST_BYTES = 16 << 20
"""A line has some 600 bytes."""
_LEADS_TO = re.compile(r"(?:\.\./)?(chats/(chat_[0-9]{1,9})/)messages\.html(?:#.*)?")
_COUNT = re.compile(r"([0-9]{1,9}) ")
_OUTGOING = "outgoing message"
_MAX_LISTED = 5
SHARED_KINDS = ("group", "channel")
"""How the list calls chats that are no private ones."""


@dataclass(frozen=True, slots=True)
class AccountChat:
    """A chat as the list of an account's pages has it.

    Attributes:
        called: Its folder, by which it is chosen.
        within: The same from the top of the export, with a slash.
        kind: ``group``, ``channel``, ``private``, ``bot`` or ``unknown``.
        own_only: Its messages are the exporter's own, since the chat was left.
    """

    called: str
    within: str
    title: str
    kind: str
    messages: int
    own_only: bool


def is_account(path: Path) -> bool:
    """Whether the HTML pages of a whole account are given: the folder, or the first of them."""
    if path.name == RESULTS and os.path.isfile(path):  # noqa: PTH113 - what may not be looked at is told where it is read
        return True
    there = [os.path.isfile(path / name) for name in (RESULTS, PAGE, RESULT)]  # noqa: PTH113 - as above
    return there == [True, False, False]


def account_chats(folder: ExportFolder) -> Sequence[AccountChat]:
    """The chats that the list of an account's pages names, in its order; none where there is no list."""
    try:
        with folder.open(_LIST) as file:
            data = file.read(_MAX_LIST_BYTES)
    except (MediumError, OSError):
        return ()
    parser = lxml_html.HTMLParser(encoding="utf-8", no_network=True, huge_tree=False, remove_comments=True)
    root = etree.fromstring(data, parser=parser) if data.strip() else None
    found = dict[str, AccountChat]()
    for entry in [] if root is None else root.iter("a"):
        leads = _LEADS_TO.fullmatch(str(entry.get("href") or ""))
        if leads and leads[2] not in found:
            found[leads[2]] = _chat(entry, leads)
    return tuple(found.values())


def chosen_chat(chats: Sequence[AccountChat], chat_id: str | None) -> tuple[AccountChat, str | None]:
    """The chat that is meant, and the number that whoever brings it says.

    Args:
        chat_id: ``chat_01``, or ``chat_01=NUMBER``; None for the only chat.

    Raises:
        ChatNotFoundError: It is none of them, or there are several and none was asked for.
    """
    called, _equals, number = (chat_id or "").partition("=")
    fitting = [each for each in chats if each.called == called or chat_id is None]
    if len(fitting) == 1:
        return fitting[0], number or None
    shared = [f"{each.called} ({each.kind})" for each in chats if each.kind in SHARED_KINDS]
    groups = Term("chats.none")
    if shared:
        listed, more = ", ".join(shared[:_MAX_LISTED]), len(shared) - _MAX_LISTED
        groups = Term("chats.some", listed=listed, more=more) if more > 0 else Term("chats.all", listed=listed)
    if chat_id is not None:
        raise ChatNotFoundError("chat_not_found.not_in_export", spelled=called[:64], length=len(chats), groups=groups)
    raise ChatNotFoundError("chat_not_found.several", fitting=len(fitting), chats=len(chats), groups=groups)


def _chat(entry: lxml_html.HtmlElement, leads: "re.Match[str]") -> AccountChat:
    said = {name: _words(entry, name) for name in ("name", "info", "details_entry")}
    count = _COUNT.match(said["details_entry"])
    return AccountChat(
        called=leads[2],
        within=leads[1],
        title=said["name"],
        kind=said["info"] or "unknown",
        messages=int(count[1]) if count else 0,
        own_only=_OUTGOING in said["details_entry"],
    )


def _words(entry: lxml_html.HtmlElement, name: str) -> str:
    """The words of the first block of a class."""
    for block in entry.find_class(name):
        return " ".join("".join(block.itertext()).split())
    return ""
