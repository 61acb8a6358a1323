"""Words are found in both scripts, with accents or without, and nothing is found that is not there."""

# ruff: noqa: RUF001 - letters that look alike are what is tested

import json
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casefiles.errors import SearchError
from casefiles.find import AROUND, SEARCHED, Passage, find, folded, require_words
from evidence.content import NAMES
from evidence.log.schema import SCHEMAS

SAME = [
    ["Ђорђевић", "Đorđević", "Djordjevic", "DORDEVIC", "dordevic", "ЂОРЂЕВИЋ", "Đorđević"],
    ["Ѓорѓи", "Gjorgji", "Ǵorǵi", "gorgi"],
    ["Ќерамиди", "Kjeramidi", "keramidi", "Ḱeramidi"],
    ["Шабац", "Šabac", "Sabac", "Shabac", "S\u030cabac"],
    ["Жика", "Žika", "Zika", "Zhika"],
    ["Чачак", "Čačak", "Cacak", "Chachak"],
    ["Џон", "Džon", "Dzon", "Dzhon", "ǅon"],
    ["Љубиша Његош", "Ljubiša  Njegoš", "LJUBISA\nNJEGOS", "Ǉubiša ǋegoš"],
    ["Ѕвезда", "Dzvezda"],
    ["сама", "sama", "с\u200dама", "sa\u00adma", "с\u0430ma"],
    ["Ç'është", "C'eshte", "c'este"],
    ["070 123-456", "070123456", "(070) 123 456", "070/123.456", "０７０１２３４５６"],
]
APART = [("Јована", "Иванa"), ("Ана", "Ани"), ("жена", "цена"), ("070123456", "070123457"), ("ђак", "жак")]


@pytest.mark.parametrize("spellings", SAME, ids=lambda each: each[0])
def test_one_word_is_found_however_it_is_spelled(spellings: list[str]) -> None:
    assert len({require_words([each]) for each in spellings}) == 1
    for wanted in spellings:
        for written in spellings:
            (passage,) = find(require_words([wanted]), {"text": f"Овде: {written}!"})
            assert passage.found.split() == written.lstrip("(").split()


@pytest.mark.parametrize(("one", "other"), APART)
def test_another_word_is_not_found(one: str, other: str) -> None:
    assert find(require_words([one]), {"text": other}) == ()
    assert find(require_words([other]), {"text": one}) == ()


ALPHABET = string.ascii_letters + "абвгдђежзијклљмнњопрстћуфхцчџшѓќѕđšžčć 0123456789.-+()\n\u200d\u0301"


@given(before=st.text(ALPHABET), word=st.text("абвгдежијлмностуaeiou", min_size=3), after=st.text(ALPHABET))
def test_a_word_is_found_wherever_it_stands_and_the_passage_is_of_the_text(before: str, word: str, after: str) -> None:
    text = f"{before} {word} {after}"
    (passage,) = find(require_words([word]), {"text": text})
    line = "".join(" " if each.isspace() else each for each in text)
    shown = passage.before.removeprefix("\u2026") + passage.found + passage.after.removesuffix("\u2026")
    assert shown in line
    assert folded(passage.found) == folded(word)
    assert max(len(passage.before), len(passage.after)) <= AROUND + 1


@given(st.text())
def test_folding_again_changes_nothing(text: str) -> None:
    assert folded(folded(text)) == folded(text)


@given(st.text(), st.text())
def test_what_is_found_is_in_the_folded_text_and_the_other_way_round(text: str, word: str) -> None:
    try:
        wanted = require_words([word])
    except SearchError:
        return
    assert bool(find(wanted, {"text": text})) is (wanted[0] in folded(text))


def test_an_item_has_all_the_words_each_where_it_first_stands() -> None:
    values = {"sender_name": "Марко", "text": "Нисам ја. Ана јесте. Ана!", "file_name": "ana.jpg"}
    assert find(require_words(["ana", "marko"]), values) == (
        Passage("text", "Нисам ја. ", "Ана", " јесте. Ана!"),
        Passage("sender_name", "", "Марко", ""),
    )
    assert find(require_words(["ana", "petar"]), values) == ()


def test_texts_are_found_inside_of_whatever_carries_them_and_codes_are_not() -> None:
    content = [
        {"kind": "poll", "question": ["Ко је ", {"type": "bold", "text": "Јелена"}], "answers": [{"text": "ne"}]}
    ]
    assert [each.name for each in find(require_words(["jelena"]), {"content": content})] == ["content"]
    for code in ("poll", "bold"):
        assert find(require_words([code]), {"content": content}) == ()
    assert find(require_words(["abcd"]), {"text": {"b64": "abcd"}}) == ()


@pytest.mark.parametrize("words", [[], [""], ["a"], ["да", "\u200d"], ["\u0301\u0302"], [" "], ["+7"]])
def test_a_word_that_is_in_every_text_is_refused(words: list[str]) -> None:
    with pytest.raises(SearchError):
        require_words(words)


def test_everything_that_people_wrote_is_searched() -> None:
    said = {name for name in NAMES if name not in ("entities", "counters")}
    assert said | {"sender_name", "forwarded_from", "file_name", "action", "media"} == set(SEARCHED)
    assert set(SEARCHED) <= set(SCHEMAS["observed"].subject)
    for name in SEARCHED:
        assert find(require_words(["Јована"]), {name: json.loads('[{"x": "o Jovani i Jovana"}]')})
