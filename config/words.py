"""The words that people read, by language: choice of language and CLDR plural forms.

A catalogue is ``data/words/<language>.json``: texts by key, each a string, or one string for
each CLDR plural category of the language. Values replace ``{name}``. The language is a BCP 47 tag.
Serbian is written in Cyrillic, and its Latin form is derived. A catalogue other than English is a
draft until a native speaker has signed it (docs/languages.md).
"""

import functools
import hashlib
import importlib.resources
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from config.errors import CatalogueError

_Rule = Callable[[int], str]
"""The CLDR plural category of a whole number."""


def _one_or_other(number: int) -> str:
    """CLDR 47, ``en`` and ``sq``: one is 1."""
    return "one" if number == 1 else "other"


_TEENS = range(11, 15)


def _macedonian(number: int) -> str:
    """CLDR 47, ``mk``: one ends in 1, but not in 11."""
    return "one" if number % 10 == 1 and number % 100 not in _TEENS else "other"


def _south_slavic(number: int) -> str:
    """CLDR 47, ``sr``, ``hr`` and ``bs``: as Macedonian; few ends in 2, 3 or 4, but not in 12, 13 or 14."""
    if number % 10 in (2, 3, 4) and number % 100 not in _TEENS:
        return "few"
    return _macedonian(number)


def _slovenian(number: int) -> str:
    """CLDR 47, ``sl``: by the last two digits, 01, 02, and 03 or 04."""
    return {1: "one", 2: "two", 3: "few", 4: "few"}.get(number % 100, "other")


_TWO, _THREE = frozenset({"one", "other"}), frozenset({"one", "few", "other"})
_PLURALS: Mapping[str, tuple[_Rule, frozenset[str]]] = MappingProxyType(
    {
        "mk": (_macedonian, _TWO),
        "sr-Cyrl": (_south_slavic, _THREE),
        "sr-Latn": (_south_slavic, _THREE),
        "hr": (_south_slavic, _THREE),
        "bs": (_south_slavic, _THREE),
        "sl": (_slovenian, frozenset({"one", "two", "few", "other"})),
        "sq": (_one_or_other, _TWO),
        "en": (_one_or_other, _TWO),
    }
)
"""Each language, in the order in which people are offered them, with its rule and the categories of that."""
_SOURCE = "en"
_WRITTEN_AS = MappingProxyType({"sr-Latn": "sr-Cyrl"})

SIGNED: Mapping[str, str] = MappingProxyType({})
"""The SHA-256 of each catalogue that a native speaker has signed, as docs/languages.md lists it."""


@dataclass(frozen=True, slots=True)
class Words:
    """The catalogue of one language.

    Attributes:
        texts: By key, a text or its plural forms by CLDR category.
        draft: No native speaker has signed it as it is.
    """

    language: str
    texts: Mapping[str, str | Mapping[str, str]]
    draft: bool = False

    def __post_init__(self) -> None:
        _, categories = _PLURALS[self.language]
        for key, text in self.texts.items():
            if not isinstance(text, str) and text.keys() != categories:
                raise CatalogueError("catalogue.plural_does_not_fit", where_language=self.language, key=key)

    def say(self, key: str, /, **values: str) -> str:
        """The text ``key`` with these values filled in.

        Raises:
            CatalogueError: No such text, it has plural forms, or a value is missing.
        """
        text = self.texts.get(key)
        if not isinstance(text, str):
            raise CatalogueError("catalogue.unknown_text", where_language=self.language, key=key)
        return self._filled(key, text, values)

    def count(self, key: str, number: int, /, **values: str) -> str:
        """The form of ``key`` for this number, which is filled in as ``{number}``.

        Raises:
            CatalogueError: No such text, it has no plural forms, or a value is missing.
        """
        forms = self.texts.get(key)
        if forms is None or isinstance(forms, str):
            raise CatalogueError("catalogue.unknown_plural", where_language=self.language, key=key)
        category, _ = _PLURALS[self.language]
        return self._filled(key, forms[category(number)], {**values, "number": str(number)})

    def _filled(self, key: str, text: str, values: Mapping[str, str]) -> str:
        try:
            return text.format_map(values)
        except KeyError as error:
            raise CatalogueError(
                "catalogue.value_missing", where_language=self.language, key=key, expected=str(error)
            ) from error


def languages() -> tuple[str, ...]:
    """The languages that have a catalogue of words, in the order in which people are offered them."""
    return tuple(_PLURALS)


_PAGE = "page."
_VERIFIER = "verifier."
_DIGRAPHS = MappingProxyType({"љ": "lj", "њ": "nj", "џ": "dž"})
_LETTERS = MappingProxyType(dict(zip("абвгдђежзијклмнопрстћуфхцчш", "abvgdđežzijklmnoprstćufhcčš", strict=True)))
_LATIN_OF = MappingProxyType({**_LETTERS, **_DIGRAPHS})


@functools.cache
def page_words(language: str) -> Mapping[str, str]:
    """The words of the pages for people who ask, from a catalogue: those whose keys begin with ``page.``.

    Raises:
        CatalogueError: There are none in this language.
    """
    return words_beginning((_PAGE,), language)


@functools.cache
def verifier_words(language: str) -> Mapping[str, str]:
    """The words of the page that verifies a bundle, from a catalogue, whose keys begin with ``verifier.``.

    They are as ``page_words``.

    Raises:
        CatalogueError: There are none in this language.
    """
    return words_beginning((_VERIFIER,), language)


def words_beginning(beginnings: tuple[str, ...], language: str) -> Mapping[str, str]:
    """The words of a catalogue whose keys begin in one of these ways, for a page; none that has plural forms.

    Raises:
        CatalogueError: There are none in this language.
    """
    texts = load_words(language).texts
    return {key: text for key, text in texts.items() if key.startswith(beginnings) and isinstance(text, str)}


def serbian_latin(text: str) -> str:
    """Words of Serbian in Latin letters. From Cyrillic each letter has one form; the way back would have to guess.

    What is written in Latin already stays as it is: commands, names of files and programs, ``{placeholders}``.
    """
    return "".join(_in_latin(letter, text[at + 1 : at + 2]) for at, letter in enumerate(text))


def _in_latin(letter: str, following: str) -> str:
    """A letter; the second half of a capital digraph is a capital only within capitals (``ЊЕГОШ``, ``Његош``)."""
    latin = _LATIN_OF.get(letter.lower(), letter)
    if not letter.isupper() or letter.lower() not in _LATIN_OF:
        return latin
    return latin.upper() if len(latin) == 1 or following.isupper() else latin.title()


@functools.cache
def load_words(language: str) -> Words:
    """The catalogue of words of a language.

    Raises:
        CatalogueError: There are none in this language, or the catalogue is malformed.
    """
    if language not in _PLURALS:
        raise CatalogueError(
            "catalogue.unknown_language", expected=", ".join(languages()), found=ascii(language)[1:-1][:20]
        )
    written = _WRITTEN_AS.get(language, language)
    content = importlib.resources.files("config").joinpath("data", "words", f"{written}.json").read_bytes()
    draft = language != _SOURCE and SIGNED.get(written) != hashlib.sha256(content).hexdigest()
    texts: Mapping[str, str | Mapping[str, str]] = json.loads(content)
    if written != language:
        texts = {key: _latin(text) for key, text in texts.items()}
    return Words(language, texts, draft)


def _latin(text: str | Mapping[str, str]) -> str | Mapping[str, str]:
    if isinstance(text, str):
        return serbian_latin(text)
    return {category: serbian_latin(form) for category, form in text.items()}
