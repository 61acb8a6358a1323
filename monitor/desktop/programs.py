"""Which other program wrote what people bring as an export, by names of files and the first bytes of one.

It is a guess, which an error states as one, so that nobody exports again what Telegram Desktop never wrote: tdl
(``chat export``), DiscordChatExporter, WhatsApp (*Export chat*), Signal (backups and ``main.jsonl``), Viber (message
history), Instagram and Facebook (*Download your information*).

LIMIT: known by one mark or two of each, which a later version may change; then the error names no program.
"""

import os
import re
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path, PurePosixPath

_FIRST_BYTES = 16_384
_MOST_NAMES = 500
_DEPTH = 5
_DAY = r"\[?[0-9]{1,4}[./-][0-9]{1,2}[./-][0-9]{1,4}[,.]?\]?"
_TIME = r"\[?[0-9]{1,2}[:.][0-9]{2}(?:[:.][0-9]{2})?(?:[\s\u202f]?[APap]\.?[Mm]\.?)?\]?"
_WHATSAPP_LINE = re.compile(rf"(?m)^[\u200e\u200f]?{_DAY}[ \u202f]{_TIME}(?: - |:? )[^\n]{{1,100}}")
_VIBER_LINE = re.compile(
    rf"(?m)^(?:\[ ?{_DAY} ?\] ?\[ ?{_TIME} ?\] |{_DAY},{_TIME},[^,\n]{{1,100}},\+?[0-9 ]{{3,20}},)"
)
_LEAST_LINES = 2
_BY_NAME = (
    ("WhatsApp", re.compile(r"(?i)_chat\.txt|whatsapp\s.*\.(?:txt|zip)|msgstore.*\.crypt[0-9]*")),
    ("Signal", re.compile(r"(?i)signal-[0-9-]+\.backup|signal-(?:backup|export)[^/]*")),
    ("Viber", re.compile(r"(?i)(?:messages\son\s)?viber.*\.(?:txt|csv|zip|db)")),
    ("Facebook", re.compile(r"(?i)your_facebook_activity|facebook-[^/]+\.zip")),
    ("Instagram", re.compile(r"(?i)your_instagram_activity|instagram-[^/]+\.zip")),
)
"""Names of files and folders that no other program gives."""


def program_of(path: Path) -> str | None:
    """The program that seems to have written a file, or what lies in a folder; None where nobody can tell.

    Raises:
        OSError: It cannot be read.
    """
    names = list(islice(_names(path), _MOST_NAMES)) if path.is_dir() else [PurePosixPath(path.name)]
    for program, pattern in _BY_NAME:
        if any(pattern.fullmatch(part) for name in names for part in name.parts):
            return program
    if path.is_dir():
        files = (path / name for name in names if name.suffix.lower() in _READ)
        return next((found for file in files if file.is_file() and (found := _by_content(file))), None)
    return _by_content(path)


def _names(folder: Path) -> Iterator[PurePosixPath]:
    """What lies in a folder, the nearest first; links are not followed."""
    levels = [(folder, PurePosixPath())]
    for _level in range(_DEPTH):
        inner = []
        for place, relative in levels:
            with os.scandir(place) as entries:
                for entry in sorted(entries, key=lambda each: each.name):
                    yield relative / entry.name
                    if entry.is_dir(follow_symlinks=False):
                        inner.append((place / entry.name, relative / entry.name))
        levels = inner


def _by_content(file: Path) -> str | None:
    if not file.is_file():  # to open a pipe would wait
        return None
    with file.open("rb") as opened:
        start = opened.read(_FIRST_BYTES)
    told = _READ.get(file.suffix.lower())
    text = start.decode("utf-16" if start[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig", "replace")
    return told(text) if told else None


def _of_json(text: str) -> str | None:
    has = {name for name in _KEYS if f'"{name}"' in text}
    if {"guild", "channel", "dateRange"} <= has:
        return "DiscordChatExporter"
    if "sender_name" in has or {"participants", "thread_path"} <= has:
        return "Instagram, Facebook"
    if re.match(r'\s*\{\s*"id"\s*:\s*-?[0-9]+\s*,\s*"messages"\s*:', text):
        return "tdl"
    return None


_KEYS = ("guild", "channel", "dateRange", "participants", "sender_name", "thread_path")


def _of_lines(text: str) -> str | None:
    if '"backupTimeMs"' in text or '"chatItem"' in text:
        return "Signal"
    return None


def _of_text(text: str) -> str | None:
    if "Guild: " in text and "Channel: " in text:
        return "DiscordChatExporter"
    for program, line in (("Viber", _VIBER_LINE), ("WhatsApp", _WHATSAPP_LINE)):
        if len(list(islice(line.finditer(text), _LEAST_LINES))) == _LEAST_LINES:
            return program
    return None


def _of_table(text: str) -> str | None:
    if re.match(r'"?AuthorID"?,"?Author"?,"?Date"?,', text):
        return "DiscordChatExporter"
    return "Viber" if _VIBER_LINE.search(text) else None


def _of_page(text: str) -> str | None:
    if "DiscordChatExporter" in text or "chatlog__" in text:
        return "DiscordChatExporter"
    if re.search(r"(?i)<title>[^<]*(?:instagram|facebook)", text) or "_a706" in text:
        return "Instagram, Facebook"
    return None


_READ: dict[str, Callable[[str], str | None]] = {
    ".json": _of_json,
    ".jsonl": _of_lines,
    ".txt": _of_text,
    ".csv": _of_table,
    ".html": _of_page,
    ".htm": _of_page,
}
