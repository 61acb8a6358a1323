"""Bytes as words that can be said and typed in any of our languages.

Proquints (D. S. Wilkerson, "A Proposal for Proquints: Identifiers that are Readable, Spellable, and Pronounceable",
2009).
Sixteen bits are five letters: consonant, vowel, consonant, vowel, consonant. Each of the letters exists in the Latin
alphabets of our languages and has one Cyrillic letter. Five words are 80 bits: nobody guesses them.

Pure; standard library only.
"""

import re
from typing import Final

from evidence.errors import ProquintError

WORDS: Final = 5
_CONSONANTS: Final = "bdfghjklmnprstvz"
_VOWELS: Final = "aiou"
_WORD_BYTES: Final = 2
_SHAPE: Final = ((_CONSONANTS, 12), (_VOWELS, 10), (_CONSONANTS, 6), (_VOWELS, 4), (_CONSONANTS, 0))
"""The letters of each place, and how far left their bits stand."""
_LATIN: Final = str.maketrans(dict(zip("бдфгхјклмнпрствзаиоу", _CONSONANTS + _VOWELS, strict=True)))
_BETWEEN: Final = re.compile(r"[\s\-\u2010-\u2015,.]+")
_WORD: Final = re.compile(f"[{_CONSONANTS}][{_VOWELS}][{_CONSONANTS}][{_VOWELS}][{_CONSONANTS}]")


def proquints(data: bytes) -> str:
    """An even number of bytes as pronounceable words, joined by hyphens."""
    pairs = (data[at : at + _WORD_BYTES] for at in range(0, len(data), _WORD_BYTES))
    return "-".join(_spelled(int.from_bytes(pair)) for pair in pairs)


def read_proquints(text: str, *, words: int = WORDS) -> bytes:
    """The bytes of so many pronounceable words, in either script and any case, whatever people put between.

    Raises:
        ProquintError: They are fewer or more, or one of them is none.
    """
    found = [each for each in _BETWEEN.split(text.strip().lower().translate(_LATIN)) if each]
    if len(found) != words or not all(_WORD.fullmatch(each) for each in found):
        raise ProquintError("proquint.no_words", expected=words)
    return b"".join(_read(each) for each in found)


def is_words(text: str) -> bool:
    """Whether a text is five pronounceable words."""
    try:
        read_proquints(text)
    except ProquintError:
        return False
    return True


def _spelled(bits: int) -> str:
    return "".join(letters[(bits >> place) % len(letters)] for letters, place in _SHAPE)


def _read(word: str) -> bytes:
    bits = sum(letters.index(letter) << place for letter, (letters, place) in zip(word, _SHAPE, strict=True))
    return bits.to_bytes(_WORD_BYTES)
