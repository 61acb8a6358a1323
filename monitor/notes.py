"""The words of a hole: valid Unicode, short, and no picture in them.

A hole names what it is about. If there are very many names, it has the first ones and the number of the
others. Every one of them is a key of the message's record, which is whole.
"""

from collections.abc import Iterable

from evidence.canonical import text_value
from monitor.previews import strip_previews

MAX_CHARACTERS = 300
"""Of the words of one hole, and of each name among several."""


def hole_words(text: str) -> str:
    """One text as the words of a source's hole."""
    if strip_previews(text).value != text_value(text):
        return f"{len(text)} characters with a picture in them"
    valid = text.encode("utf-8", "backslashreplace").decode("utf-8")
    return valid if len(valid) <= MAX_CHARACTERS else f"{valid[:MAX_CHARACTERS]}…"


def listed(names: Iterable[str]) -> str:
    """For the words of a source's hole: the first names that fit, at least one, and how many more there are."""
    told = [hole_words(name) for name in names]
    length, shown = 0, 0
    for name in told:
        length += len(name) + len(", ")
        if shown and length > MAX_CHARACTERS:
            break
        shown += 1
    more = len(told) - shown
    return ", ".join(told[:shown]) + (f" and {more} more" if more else "")
