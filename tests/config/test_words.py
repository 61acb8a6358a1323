import re
import string

import pytest

from config.errors import CatalogueError
from config.words import PAGE_LANGUAGES, Words, languages, load_words, page_words, serbian_latin, verifier_words
from tests.nonempty import nonempty


def test_english_is_there_and_another_language_is_refused_with_the_choice() -> None:
    assert languages() == ("en",)
    for language in ("mk", "EN", "../en", "", "en-US"):
        with pytest.raises(CatalogueError, match="expected en"):
            load_words(language)


def test_one_and_many_differ() -> None:
    words = load_words("en")
    assert words.count("report.items", 1) == "This file shows 1 item."
    for number in (0, 2, 11, 21):
        assert words.count("report.items", number) == f"This file shows {number} items."


def test_a_text_that_is_missing_or_lacks_a_value_is_refused() -> None:
    words = load_words("en")
    for attempt in (
        lambda: words.say("no.such.text"),
        lambda: words.say("report.items"),
        lambda: words.count("report.title", 1),
        lambda: words.say("report.proven"),
    ):
        with pytest.raises(CatalogueError):
            attempt()


def test_plural_forms_of_another_language_are_refused() -> None:
    with pytest.raises(CatalogueError, match="plural"):
        Words("en", {"a": {"one": "x", "few": "y", "other": "z"}})


def test_values_are_filled_in_by_plain_names_only() -> None:
    for text in nonempty(load_words("en").texts.values()):
        for form in [text] if isinstance(text, str) else text.values():
            names = [name for _, name, _, _ in string.Formatter().parse(form) if name is not None]
            assert all(name.isidentifier() for name in names)


def test_the_words_blame_nobody_before_a_judgment() -> None:
    for text in nonempty(load_words("en").texts.values()):
        for form in [text] if isinstance(text, str) else text.values():
            assert not {"perpetrator", "revenge", "victim"} & set(form.lower().replace(",", " ").split())


FIELDS = re.compile(r"\{(\w+)\}")
BLAMING = {
    "en": ("why did you", "perpetrator", "revenge", "victim"),
    "mk": ("зошто", "жртва"),
    "sr-Cyrl": ("зашто", "жртва"),
}


def test_every_language_of_the_page_has_the_same_texts_with_the_same_fields() -> None:
    english = page_words("en")
    assert len(english) > 60
    for language in nonempty(PAGE_LANGUAGES):
        texts = page_words(language)
        assert texts.keys() == english.keys()
        for key, text in nonempty(texts.items()):
            assert text.strip() == text != ""
            assert (key, sorted(FIELDS.findall(text))) == (key, sorted(FIELDS.findall(english[key])))
            assert not re.search("[{}<>]", FIELDS.sub("", text))


def test_no_text_was_left_in_english() -> None:
    english = page_words("en")
    for language in nonempty(set(PAGE_LANGUAGES) - {"en"}):
        same = {key for key, text in page_words(language).items() if text == english[key]}
        assert same == set(), language


def test_the_page_blames_nobody_and_counts_nothing() -> None:
    for language, words in BLAMING.items():
        whole = " ".join(page_words(language).values()).lower()
        assert [word for word in words if word in whole] == []
    assert "number" in " ".join(page_words("en").values()), "the search finds what is there"


def test_an_unknown_language_of_the_page_is_refused() -> None:
    with pytest.raises(CatalogueError, match="mk"):
        page_words("de")


@pytest.mark.parametrize(
    ("cyrillic", "latin"),
    [
        ("инјекција", "injekcija"),
        ("надживети", "nadživeti"),
        ("танјуг", "tanjug"),
        ("ЏЕП Џеп Љубав ЊЕГОШ Његош Ђ", "DŽEP Džep Ljubav NJEGOŠ Njegoš Đ"),
        ("Шаље {org}: „да“ (JPEG).", "Šalje {org}: „da“ (JPEG)."),
    ],
)
def test_serbian_is_written_in_latin_letter_by_letter(cyrillic: str, latin: str) -> None:
    assert serbian_latin(cyrillic) == latin


def test_serbian_in_latin_has_no_cyrillic_left() -> None:
    whole = " ".join(page_words("sr-Latn").values())
    assert not re.search("[\u0400-\u04ff]", whole)
    assert re.search("[\u0400-\u04ff]", " ".join(page_words("sr-Cyrl").values()))


def test_the_verifiers_page_has_the_same_texts_in_every_language() -> None:
    english = verifier_words("en")
    assert len(english) > 100
    for language in nonempty(PAGE_LANGUAGES):
        texts = verifier_words(language)
        assert texts.keys() == english.keys()
        for key, text in nonempty(texts.items()):
            assert text.strip() == text != ""
            assert (key, sorted(FIELDS.findall(text))) == (key, sorted(FIELDS.findall(english[key])))
            assert not re.search("[{}<>]", FIELDS.sub("", text))
            assert language == "en" or text != english[key], (language, key)
