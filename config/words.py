"""The words that people read, by language: choice of language and CLDR plural forms.

A catalogue is ``data/words/<language>.json``: texts by key, each a string, or one string for
each CLDR plural category of the language. Values replace ``{name}``. The language is a BCP 47 tag.
English has every text. The other languages have only those of the pages for people who ask.
"""

import functools
import importlib.resources
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from config.errors import CatalogueError

_TAG = re.compile(r"[a-z]{2}(?:-[A-Z][a-z]{3})?")


def _english(number: int) -> str:
    """CLDR 46, ``en``, whole numbers: one is 1."""
    return "one" if number == 1 else "other"


_PLURALS: Mapping[str, tuple[Callable[[int], str], frozenset[str]]] = MappingProxyType(
    {"en": (_english, frozenset({"one", "other"}))}
)


@dataclass(frozen=True, slots=True)
class Words:
    """The catalogue of one language.

    Attributes:
        texts: By key, a text or its plural forms by CLDR category.
    """

    language: str
    texts: Mapping[str, str | Mapping[str, str]]

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
    """The languages that have a catalogue of words."""
    return tuple(sorted(_PLURALS))


PAGE_LANGUAGES = ("mk", "sr-Cyrl", "sr-Latn", "hr", "bs", "sl", "sq", "en")
"""The languages of the pages for people who ask, in the order in which they are offered."""
_PAGE = "page."
_VERIFIER = "verifier."
_DIGRAPHS = MappingProxyType({"љ": "lj", "њ": "nj", "џ": "dž"})
_LETTERS = MappingProxyType(dict(zip("абвгдђежзијклмнопрстћуфхцчш", "abvgdđežzijklmnoprstćufhcčš", strict=True)))
_LATIN_OF = MappingProxyType({**_LETTERS, **_DIGRAPHS})


@functools.cache
def page_words(language: str) -> Mapping[str, str]:
    """The texts of the pages for people who ask, whose keys begin with ``page.``; Serbian in Latin is derived.

    Raises:
        CatalogueError: There are none in this language.
    """
    return _words_of(_PAGE, language)


@functools.cache
def verifier_words(language: str) -> Mapping[str, str]:
    """The texts of the page that verifies a bundle, whose keys begin with ``verifier.``; as ``page_words``.

    Raises:
        CatalogueError: There are none in this language.
    """
    return _words_of(_VERIFIER, language)


def _words_of(prefix: str, language: str) -> Mapping[str, str]:
    if language not in PAGE_LANGUAGES:
        raise CatalogueError(
            "catalogue.unknown_language", expected=", ".join(PAGE_LANGUAGES), found=ascii(language)[1:-1][:20]
        )
    if language == "sr-Latn":
        return {key: serbian_latin(text) for key, text in _words_of(prefix, "sr-Cyrl").items()}
    return {key: text for key, text in _texts(language).items() if key.startswith(prefix)}


def serbian_latin(text: str) -> str:
    """Serbian in Latin letters. From Cyrillic each letter has one form; the way back would have to guess."""
    return "".join(_in_latin(letter, text[at + 1 : at + 2]) for at, letter in enumerate(text))


def _in_latin(letter: str, following: str) -> str:
    """A letter; the second half of a capital digraph is a capital only within capitals (``ЊЕГОШ``, ``Његош``)."""
    latin = _LATIN_OF.get(letter.lower(), letter)
    if not letter.isupper() or letter.lower() not in _LATIN_OF:
        return latin
    return latin.upper() if len(latin) == 1 or following.isupper() else latin.title()


@functools.cache
def load_words(language: str) -> Words:
    """The catalogue of a language.

    Raises:
        CatalogueError: There are none in this language, or the catalogue is malformed.
    """
    if not _TAG.fullmatch(language) or language not in _PLURALS:
        raise CatalogueError(
            "catalogue.unknown_language", expected=", ".join(languages()), found=ascii(language)[1:-1][:20]
        )
    return Words(language, _texts(language))


def _texts(language: str) -> Any:  # noqa: ANN401 - what JSON holds; ``Words`` checks it
    file = importlib.resources.files("config").joinpath("data", "words", f"{language}.json")
    return json.loads(file.read_text(encoding="utf-8"))
