import pytest

from casefiles.report.said import Code, CutPicture, ItemFact, Moment, NamedValue, Quote, Run, Unshown
from casefiles.report.wording import fact, facts_in_words, part_lines, quote_lines, shown_as, spans_in_words, worded
from config.words import load_words
from evidence.content import Number, NumberKind, Person

WORDS = load_words("en")
AT = "2026-11-26T12:04:11.073Z"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "none"),
        (Unshown.WITHHELD, "[withheld]"),
        (Code("kind", "edit"), "edit of a message"),
        (Code("kind", "of_tomorrow"), "of_tomorrow"),
        (Moment(AT), "2026-11-26 12:04:11 UTC"),
        (Moment(AT, up=True), "2026-11-26 12:04:12 UTC"),
        (Moment("T3"), "T3"),
        (AT, AT),
        (CutPicture("70"), "[a picture of 70 bytes was cut out of the text]"),
        (Run(("a", CutPicture("70"))), "a[a picture of 70 bytes was cut out of the text]"),
        (Person(id="user7", name="Mira", username="@mira"), "user7, @mira, shown as Mira"),
        (Number(NumberKind.PHONE, "+389"), "telephone: +389"),
        ({"b": "2", "a": "\u202e"}, '{"a":"\\u202e","b":"2"}'),
    ],
)
def test_a_fact_is_told_in_one_way(value: ItemFact, words: str) -> None:
    assert fact(WORDS, value) == words


def test_a_text_that_looks_like_a_time_is_told_as_it_was_posted() -> None:
    assert list(quote_lines(WORDS, AT, indent="")) == [f"| {AT}"]
    assert list(part_lines(WORDS, Quote("item.text", AT)))[1:] == [f"    | {AT}"]
    assert list(part_lines(WORDS, NamedValue("item.sender_name", AT))) == [f"  account name shown:    {AT}"]


def test_no_name_of_an_account_is_told_without_saying_that_it_is_what_was_shown() -> None:
    assert fact(WORDS, Person(name="Mira Petrova")) == "shown as Mira Petrova"
    assert fact(WORDS, Person(id="user7")) == "user7"
    assert shown_as(WORDS, Unshown.WITHHELD) == "shown as [withheld]"


def test_facts_and_spans_are_told_in_order_and_once() -> None:
    assert facts_in_words(WORDS, ["b", "a", "b"]) == "a; b"
    assert spans_in_words(WORDS, [(3, 3), (7, 9)]) == "3, 7 to 9"


def test_a_rehearsal_has_words_of_its_own() -> None:
    assert worded(WORDS, "report.item.between", rehearsal=False) == "proven between"
    assert worded(WORDS, "report.item.between", rehearsal=True) == "stamped between"
