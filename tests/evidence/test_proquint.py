"""Words stand for bytes, in both scripts, and every other text is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.errors import ProquintError
from evidence.proquint import WORDS, is_words, proquints, read_proquints

PUBLISHED = {
    "127.0.0.1": "lusab-babad",
    "63.84.220.193": "gutih-tugad",
    "63.118.7.35": "gutuk-bisog",
    "140.98.193.141": "mudof-sakat",
    "64.255.6.200": "haguz-biram",
    "128.30.52.45": "mabiv-gibot",
    "147.67.119.2": "natag-lisaf",
    "212.58.253.68": "tibup-zujah",
    "216.35.68.215": "tobog-higil",
    "216.68.232.21": "todah-vobij",
    "198.81.129.136": "sinid-makam",
    "12.110.110.204": "budov-kuras",
}
"""The examples of the proposal."""
CYRILLIC = str.maketrans("bdfghjklmnprstvzaiou", "бдфгхјклмнпрствзаиоу")


@pytest.mark.parametrize(("address", "words"), PUBLISHED.items())
def test_the_published_examples_are_ours(address: str, words: str) -> None:
    data = bytes(int(part) for part in address.split("."))
    assert proquints(data) == words
    assert read_proquints(words, words=2) == data


@given(data=st.binary(min_size=2 * WORDS, max_size=2 * WORDS), between=st.sampled_from(["-", " ", "\n", "\u2013"]))
def test_words_are_read_back_however_they_were_typed(data: bytes, between: str) -> None:
    words = proquints(data)
    for typed in (words, words.upper(), words.translate(CYRILLIC), words.translate(CYRILLIC).upper()):
        assert read_proquints(f"  {typed.replace('-', between)}. ") == data


@pytest.mark.parametrize(
    "text",
    [
        "",
        "lusab",
        "lusab-babad-lusab-babad",
        "lusab-babad-lusab-babad-lusab-babad",
        "lusab-babad-lusab-babad-luseb",
        "lusabbabad-lusab-babad-lusab",
        "picture.jpg",
    ],
)
def test_every_other_text_is_refused(text: str) -> None:
    with pytest.raises(ProquintError, match="five letters"):
        read_proquints(text)
    assert not is_words(text)


def test_five_words_are_words() -> None:
    assert is_words("lusab-babad lusab babad-LUSAB")
