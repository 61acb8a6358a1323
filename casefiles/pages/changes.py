"""What changed from one text to the next, by words: for an edit that is drawn below what it edited.

Words are what stands between blanks, so that no table of characters of a Python decides. Pure; standard library only.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from difflib import SequenceMatcher

from casefiles.pages.blocks import Marked

_WORDS = re.compile(r"[^ \n]+|[ \n]")
MOST_COMPARED = 300
"""Words of either text between what both begin with and what both end with. Where there are more, all of them count as
changed: comparing them could take minutes, and what somebody posts is theirs to choose."""


def marked_lines(old: str, new: str) -> list[list[Marked]]:
    """Two texts in one, line by line: what both have, what only the old has, and what only the new has.

    Whoever leaves out what is gone reads the new text, and whoever leaves out what is new reads the old.
    """
    lines: list[list[Marked]] = [[]]
    for mark, text in _joined(_runs(_WORDS.findall(old), _WORDS.findall(new))):
        first, *more = text.split("\n")
        lines[-1] += [Marked(first, mark)] if first else []
        lines += [[Marked(line, mark)] if line else [] for line in more]
    return lines


def _joined(runs: Iterable[tuple[str, Sequence[str]]]) -> Iterator[tuple[str, str]]:
    """Runs of one mark as one text; a blank that stays between two changes is part of both."""
    gone, new, kept = "", "", ""
    for mark, words in runs:
        text = "".join(words)
        if mark == "gone":
            gone, new, kept = gone + kept + text, new + kept, ""
        elif mark == "new":
            gone, new, kept = gone + kept, new + kept + text, ""
        elif (gone or new) and text == " " and not kept:
            kept = text
        elif text:
            yield from _changed(gone, new)
            yield "", kept + text
            gone, new, kept = "", "", ""
    yield from _changed(gone, new)
    yield from [("", kept)] if kept else []


def _changed(gone: str, new: str) -> Iterator[tuple[str, str]]:
    yield from ((mark, text) for mark, text in (("gone", gone), ("new", new)) if text)


def _runs(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[str, Sequence[str]]]:
    begin = _alike(old, new)
    end = _alike(old[begin:][::-1], new[begin:][::-1])
    was, now = old[begin : len(old) - end], new[begin : len(new) - end]
    yield "", new[:begin]
    if max(len(was), len(now)) > MOST_COMPARED:
        yield from (("gone", was), ("new", now))
    else:
        for _, was_at, was_to, now_at, now_to in SequenceMatcher(None, was, now, autojunk=False).get_opcodes():
            if was[was_at:was_to] == now[now_at:now_to]:
                yield "", now[now_at:now_to]
            else:
                yield from (("gone", was[was_at:was_to]), ("new", now[now_at:now_to]))
    yield "", new[len(new) - end :]


def _alike(one: Sequence[str], other: Sequence[str]) -> int:
    """How many words both begin with."""
    return next(
        (at for at, (left, right) in enumerate(zip(one, other, strict=False)) if left != right),
        min(len(one), len(other)),
    )
