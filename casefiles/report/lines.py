"""Lines of a page of text, ``WIDTH`` columns wide. Nothing that a stranger wrote can rearrange them.

A value is shown whole: a character that has no place on a page is spelled out as its number, and a value that
is too long goes on in the next line; the pieces in order are the value again. A value ends its line, so that no
word of ours follows text that runs from right to left. The same text gives the same bytes under every version of
Python, because a verifier renders a report again and compares. Standard library only.
"""

import re
import textwrap
from collections.abc import Iterable, Iterator

WIDTH = 78
LABEL = 24
"""Columns of a label with its colon."""
_GROUP, _GROUPS_A_LINE = 4, 8
_BAR, _ON = "| ", "> "
"""Before each line of a text as posted, and before what goes on from the line above."""

PLACELESS = (
    "["
    "\\x00-\\x1f\\x7f-\\xa0\\xad\\u034f\\u061c\\u115f\\u1160\\u1680\\u180e\\u2000-\\u200b\\u200e\\u200f\\u2028-\\u202f"
    "\\u205f-\\u206f\\u2800\\u3000\\u3164\\ud800-\\uf8ff\\ufdd0-\\ufdef\\ufeff\\uffa0\\ufff0-\\ufffb\\ufffe\\uffff"
    "\\U00013430-\\U0001343f\\U0001bca0-\\U0001bca3\\U0001d173-\\U0001d17a\\U000e0000-\\U000e00ff\\U000e01f0-\\U0010ffff"
    "]"
)
"""Controls, what turns the direction of a line, blanks other than a space, invisible letters, private use. Listed by
number and not by what Python calls printable, which another version sees otherwise. Joiners (U+200C, U+200D) and
variation selectors stay: they make emoji and letters."""
_NUMBERED = r"x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8}"
_SPELLED = re.compile(rf"(?<!\\)\\++(?={_NUMBERED}|{PLACELESS})|{PLACELESS}")
"""A run of backslashes is looked at once, from its beginning: a text of a million of them is one run."""


def spelled(text: str) -> str:
    r"""``text`` on one line of a report, each character that has no place on a page as its number: ``\u202e``.

    A backslash that stands before such a number or character is doubled, so that no text looks like another.
    """
    return _SPELLED.sub(lambda found: found[0] * 2 if found[0][0] == "\\" else _number(found[0]), text)


def _number(character: str) -> str:
    if character.isascii():
        return f"\\x{ord(character):02x}"  # and not \n, which the name of a folder begins too
    return character.encode("ascii", "backslashreplace").decode("ascii")


def paragraph(text: str, *, indent: str = "") -> str:
    """Words of ours in lines of a page at most ``WIDTH`` wide, digests unbroken, behind ``indent``."""
    return textwrap.fill(
        text,
        WIDTH,
        initial_indent=indent,
        subsequent_indent=" " * len(indent),
        break_long_words=False,
        break_on_hyphens=False,
    )


def title(text: str) -> list[str]:
    """The title of a page of text, underlined, and an empty line."""
    return [text, "=" * len(text), ""]


def heading(text: str) -> list[str]:
    """An empty line and a heading of a page of text, underlined."""
    return ["", text, "-" * len(text)]


def grouped(digest: str, *, indent: str = "    ") -> list[str]:
    """A hex digest as a page of text shows it: groups of 4, 8 a line, for reading aloud and comparing."""
    groups = [digest[at : at + _GROUP] for at in range(0, len(digest), _GROUP)]
    return [indent + " ".join(groups[at : at + _GROUPS_A_LINE]) for at in range(0, len(groups), _GROUPS_A_LINE)]


def row(label: str, value: str, *, indent: str = "") -> list[str]:
    """``label: value`` on a page of text, both spelled; what does not fit goes on below, in the value's column."""
    head, margin = f"{indent}{label}:", " " * (LABEL + 1)
    first, *more = pieces(value, WIDTH - len(margin))
    if len(head) > LABEL:
        return [head, *(margin + piece for piece in (first, *more))]
    return [f"{head:<{LABEL}} {first}", *(margin + piece for piece in more)]


def labelled(label: str, words: str, *, indent: str = "") -> list[str]:
    """``label: words`` on a page of text, for words of ours: they break at spaces, which do not matter."""
    return paragraph(words, indent=f"{indent}{label}:".ljust(LABEL) + " ").splitlines()


def barred(text: str, *, indent: str = "    ") -> Iterator[str]:
    """A text as posted, on a page: line by line behind a bar, so that no line of it can pass for one of ours.

    Nothing is left out, spaces neither; a line that is broken for the page goes on behind another mark.
    """
    for line in text.split("\n"):
        first, *more = pieces(spelled(line), WIDTH - len(indent) - len(_BAR))
        yield indent + _BAR + first
        yield from (indent + _ON + piece for piece in more)


def pieces(line: str, width: int) -> list[str]:
    """A line of a page in pieces of at most ``width``, each up to its last space if the rest does not fit.

    None is left out.
    """
    if len(line) <= width:  # nearly every one
        return [line]
    return re.findall(rf".{{1,{width}}}\Z|.{{0,{width - 1}}} |.{{1,{width}}}", line)


def joined(lines: Iterable[str]) -> str:
    """A page of text, joined from these lines."""
    return "\n".join(lines) + "\n"
