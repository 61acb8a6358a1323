"""Finding words in what people wrote, however they wrote them: in Latin or Cyrillic letters, with accents or without.

Two texts are compared as they are *folded*: one case, no accents, Cyrillic letters as Latin ones, and the spellings
that people use in place of one letter as that letter (``dj`` for đ, ``gj`` for ѓ, ``kj`` for ќ, ``sh`` for š). So
"Ђорђевић", "Đorđević", "Djordjevic" and "DORDEVIC" are one word. What is not seen on a page (joiners, soft hyphens)
counts for nothing, and neither do spaces and marks between the digits of a number: "070 123-456" is "070123456".

A word is found anywhere, in the middle of another too, since these languages put their endings behind a name and
people write names into one word. Folding finds too much rather than too little: a person reads what was found.

Pure functions; no key, no database.
"""

import functools
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from casefiles.errors import SearchError
from evidence.canonical import Json

SEARCHED = (
    "text",
    "sender_name",
    "forwarded_from",
    "links",
    "people",
    "numbers",
    "content",
    "action",
    "file_name",
    "media",
)
"""The NAMEs of ``observed`` that are searched, in the order in which what was found is told."""

LEAST = 2
"""How many characters a word has at least, as it is folded."""
AROUND = 40
"""How many characters of a text are shown before and after what was found."""
_CODES = frozenset({"kind", "type", "b64"})
"""Members of a part whose values nobody wrote."""

_TABLE = """
а a  б b  в v  г g  д d  е e  ж z  з z  и i  ј j  к k  л l  м m  н n  о o  п p  р r  с s  т t  у u  ф f  х h  ц c
ђ d  ѓ g  ѕ dz љ lj њ nj ћ c  ќ k  ч c  џ dz ш s
й j  щ sc ы i  э e  ю ju я ja і i  є e  ґ g
đ d  ð d  ł l  ø o  ı i  æ ae œ oe
"""  # noqa: RUF001 - these letters are meant
"""Serbian and Macedonian; what other Slavs in the same groups write; Latin letters that carry their accent inside."""
_LETTERS: Mapping[str, str] = {
    **dict(zip(_TABLE.split()[::2], _TABLE.split()[1::2], strict=True)),
    **dict.fromkeys("ъь", ""),
}
_SPELLINGS = re.compile(r"(?<=[dgk])j+|(?<=[zcs])h+|(?<=[0-9])[ ().+/-]+(?=[0-9])|(?P<blank> {2,})")
"""What is left out of a folded text: ``j`` in dj, gj and kj, ``h`` in zh, ch and sh; what stands between digits."""


@dataclass(frozen=True, slots=True)
class Passage:
    """Where a word was found, with the text around it.

    Attributes:
        name: The NAME of the value.
        before: The text before it, on one line; an ellipsis where it does not begin there.
    """

    name: str
    before: str
    found: str
    after: str


def require_words(words: Sequence[str]) -> tuple[str, ...]:
    """The words that are searched for in a case, folded, each once.

    Raises:
        SearchError: There is none, or one is so short that it is in every text.
    """
    if not words:
        raise SearchError("search.no_words")
    wanted = tuple(dict.fromkeys(folded(word).lstrip("+(") for word in words))
    if min(map(len, wanted)) < LEAST:
        raise SearchError("search.too_short", least=LEAST)
    return wanted


def find(words: Sequence[str], values: Mapping[str, Json]) -> tuple[Passage, ...]:
    """Where these words stand in an item that a case searches, each one's first place; nothing unless it has all.

    Args:
        words: Folded.
        values: By NAME of ``observed``.
    """
    texts = [(name, text) for name in SEARCHED for text in _texts(values.get(name))]
    lines = [folded(text) for _, text in texts]
    found: dict[int, Passage] = {}
    for word in words:
        at = next((at for at, line in enumerate(lines) if word in line), None)
        if at is None:
            return ()
        found.setdefault(at, _passage(*texts[at], word))
    return tuple(found[at] for at in sorted(found))


def folded(text: str) -> str:
    """A text as a search of a case compares it, without accents and in one alphabet."""
    return _SPELLINGS.sub(_left, "".join(map(_letter, text))).strip()


def _left(found: re.Match[str]) -> str:
    return " " if found["blank"] else ""


def _texts(value: Json) -> Iterator[str]:
    """Every text that somebody wrote in a value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            if name not in _CODES:
                yield from _texts(inner)
    elif isinstance(value, Sequence):
        for inner in value:
            yield from _texts(inner)


def _passage(name: str, text: str, word: str) -> Passage:
    line, places = _with_places(text)
    at = line.index(word)
    start, end = places[at], places[at + len(word) - 1] + 1
    while text[end : end + 1] and not _letter(text[end]):  # an accent belongs to the letter before it
        end += 1
    return Passage(name, _before(text[:start]), _one_line(text[start:end]), _after(text[end:]))


def _with_places(text: str) -> tuple[str, list[int]]:
    """A text as it is compared, and where in it each character comes from."""
    whole = [(letter, at) for at, character in enumerate(text) for letter in _letter(character)]
    line = "".join(letter for letter, _ in whole)
    kept: list[tuple[str, int]] = []
    last = 0
    for found in _SPELLINGS.finditer(line):
        kept += whole[last : found.start()]
        kept += [(" ", whole[found.start()][1])] if found["blank"] else []
        last = found.end()
    kept += whole[last:]
    begin = next((at for at, (letter, _) in enumerate(kept) if letter != " "), len(kept))
    return "".join(letter for letter, _ in kept[begin:]), [at for _, at in kept[begin:]]


def _before(text: str) -> str:
    return _one_line(text) if len(text) <= AROUND else "\N{HORIZONTAL ELLIPSIS}" + _one_line(text[-AROUND:])


def _after(text: str) -> str:
    return _one_line(text) if len(text) <= AROUND else _one_line(text[:AROUND]) + "\N{HORIZONTAL ELLIPSIS}"


def _one_line(text: str) -> str:
    return re.sub(r"\s", " ", text)


@functools.lru_cache(maxsize=4096)
def _letter(character: str) -> str:
    """A character as it is compared: none, one or several letters."""
    if character.isspace():
        return " "
    return "".join(_plain(each) for lower in character.casefold() for each in _taken_apart(lower))


def _taken_apart(lower: str) -> str:
    """A letter and its accents, unless the letter has a place of its own in the table."""
    return lower if lower in _LETTERS else unicodedata.normalize("NFKD", lower)


def _plain(character: str) -> str:
    if (known := _LETTERS.get(character)) is not None:
        return known
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return ""
    lower = character.casefold()
    return " " if lower.isspace() else "".join(_LETTERS.get(each, each) for each in lower)
