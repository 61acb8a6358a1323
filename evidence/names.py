"""Names of persons: what cannot be one, and when two spellings are one person (UTS #39, Unicode 18).

Who acts types a name. "Two persons" means something only if nobody can be two by typing: so a name
consists of letters, digits, accents, spaces and punctuation that a reader sees, and two names are one
person's if a reader may take one for the other. Compared without: case, width, accents, spaces,
punctuation; and what Unicode lists as look-alikes counts as the same (``config/data/confusables.txt``).
So "Saša" and "sasa" are one person, "Ali" and "All" too: whoever is refused wrongly chooses another
pseudonym, and whoever would be accepted wrongly approves alone.

LIMIT: nobody checks who types a name. Ann can type "Bo".
"""

import functools
import importlib.resources
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from evidence.errors import AuthorityError

MOST_BYTES = 200
"""How long a name may be, in UTF-8."""
_MOST_MARKS = 4
"""How many accents a letter may carry (UTS #39, section 5.4)."""
_BLANK = frozenset("\u2800\U0001107f\U00013441\U00013442\U00016fe4\U0001d159")
"""Characters that Unicode calls letters, marks or symbols, and that leave no ink."""


@dataclass(frozen=True, slots=True)
class _Tables:
    """What Unicode says of characters.

    Attributes:
        looks_like: A character -> what it looks like.
        unseen: Those that programs may ignore when they show them (Default_Ignorable_Code_Point).
    """

    looks_like: Mapping[int, str]
    unseen: frozenset[str]


@functools.cache
def _tables() -> _Tables:
    text = (importlib.resources.files("config") / "data" / "confusables.txt").read_text("ascii")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    pairs = (line.split(";") for line in lines if ";" in line)
    spans = (line.split("..") for line in lines if ".." in line)
    looks_like = {int(one, 16): "".join(chr(int(each, 16)) for each in other.split()) for one, other in pairs}
    unseen = (chr(code) for first, last in spans for code in range(int(first, 16), int(last, 16) + 1))
    return _Tables(looks_like, frozenset(unseen))


def require_name(text: str) -> str:
    """A person's name as names of persons are spelled, without the spaces around it.

    Raises:
        AuthorityError: It is blank or too long, or has a character that a reader does not see.
    """
    name = text.strip(" ")
    if len(name.encode("utf-8", "surrogatepass")) > MOST_BYTES:
        raise AuthorityError("authority.name_too_long", most=MOST_BYTES)
    for place, character in enumerate(name, start=1):
        if not _is_seen(character):
            raise AuthorityError("authority.name_not_seen", found=_called(character), place=place)
    _require_carried(name)
    if not any(_is_letter_or_digit(character) for character in name):
        raise AuthorityError("authority.name_blank")
    return name


def _is_seen(character: str) -> bool:
    if character.isascii():
        return character.isprintable()
    kind = unicodedata.category(character)
    return kind[0] in "LMNP" and character not in _BLANK and character not in _tables().unseen


def _is_letter_or_digit(character: str) -> bool:
    return unicodedata.category(character)[0] in "LN"


def _require_carried(name: str) -> None:
    """Check that letters carry the accents, each letter few and no accent twice.

    Raises:
        AuthorityError: An accent stands alone, or is hidden in a heap.
    """
    base, heap = "", ""
    for character in unicodedata.normalize("NFD", name):
        if unicodedata.category(character)[0] != "M":
            base, heap = character, ""
            continue
        if not base or not _is_letter_or_digit(base):
            raise AuthorityError("authority.name_accent_alone", found=_called(character))
        if character in heap or len(heap) == _MOST_MARKS:
            raise AuthorityError("authority.name_accents_heaped", found=_called(character))
        heap += character


def _called(character: str) -> str:
    return f"U+{ord(character):04X} {unicodedata.name(character, '')}".rstrip()


def require_others(one: str, other: str) -> None:
    """Check that two names of persons are two persons'.

    Raises:
        AuthorityError: A reader may take one for the other, or one of them is no name.
    """
    if is_one_person(one, other):
        raise AuthorityError("authority.names_too_like")


def is_one_person(one: str, other: str) -> bool:
    """Whether a reader may take two names of persons for one person's.

    Raises:
        AuthorityError: One of them is no name.
    """
    return bool(_likenesses(require_name(one)) & _likenesses(require_name(other)))


@functools.lru_cache(maxsize=256)
def _likenesses(name: str) -> frozenset[str]:
    """What a reader may take a name for; two names with one in common are one person's.

    A capital and its small letter may look like different letters (Greek N is Latin N, and its small form is Latin
    v), so the look-alikes of each case are compared, and case only after that. Punctuation can look like a
    letter (| is l), so it is left out once before and once after.
    """
    wide = unicodedata.normalize("NFKC", name)
    cased = (wide, wide.casefold(), wide.upper())
    seen = {_skeleton(text) for each in cased for text in (each, _bare(each))}
    return frozenset(filter(None, seen)) or frozenset({_bare(wide.casefold())})


def _skeleton(text: str) -> str:
    """A text as its letters look, in one case and without accents."""
    shape = _shape(_shape(text).casefold())  # folded, a shape can look like another once more
    return _bare(shape.casefold()).replace("i", "l")


def _shape(text: str) -> str:
    parts = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", text))
    return unicodedata.normalize("NFD", parts.translate(_tables().looks_like))


def _bare(text: str) -> str:
    """The letters and digits of a text."""
    return "".join(_bare_of(unicodedata.normalize("NFD", text)))


def _bare_of(text: str) -> Iterator[str]:
    for character in text:
        kind = unicodedata.category(character)
        # vowel signs of Indian scripts are marks of class 0: they tell names apart
        if kind[0] in "LN" or (kind[0] == "M" and not unicodedata.combining(character)):
            yield character
