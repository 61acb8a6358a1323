import string

import pytest

from config.errors import CatalogueError
from config.words import Words, languages, load_words
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
