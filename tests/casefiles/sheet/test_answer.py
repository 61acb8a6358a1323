"""The answer to a client is one page that says what went, what stays and who has it, in every language."""

from dataclasses import replace

import pytest

from casefiles.report.lines import WIDTH
from casefiles.sheet.answer import Destroyed, GivenOut, HandedOver, WithdrawalAnswer, answer_text
from config.words import languages, load_words
from tests.nonempty import nonempty

AT, UNTIL = "2026-11-21T09:00:00.000Z", "2026-12-21T09:00:00.000Z"
WHOLE = WithdrawalAnswer(
    rehearsal=False,
    organisation="Kancelarija Q",
    case_id="case-0123456789ab",
    made_at=AT,
    withdrawn_on="2026-11-20",
    destroyed=[Destroyed(AT, 5, UNTIL), Destroyed(AT, 1, UNTIL)],
    left=2,
    held=1,
    reasons=["the court asked"],
    frozen=3,
    handed_over=[HandedOver(AT, "lawyer", "Adv. Prva", "7"), HandedOver(AT, "court", None, "1")],
    given_out=[GivenOut(AT, "Tuzilastvo Q", 2)],
    sheets=[AT],
)
NOTHING = replace(WHOLE, destroyed=[], left=0, held=0, reasons=[], frozen=0, handed_over=[], given_out=[], sheets=[])


@pytest.mark.parametrize("language", languages())
def test_the_answer_fits_one_page_in_every_language_and_has_every_fact(language: str) -> None:
    text = answer_text(load_words(language), WHOLE)
    assert all(len(line) <= WIDTH for line in text.splitlines())
    assert len(text.splitlines()) < 66
    for fact in nonempty(
        ["Kancelarija Q", "case-0123456789ab", "the court asked", "Adv. Prva", "Tuzilastvo Q", "2026-12-21"]
    ):
        assert fact in text


def test_what_was_not_is_said_too() -> None:
    text = answer_text(load_words("en"), NOTHING)
    assert "Nothing has been destroyed yet." in text
    assert "Nothing was handed over." in text
    assert "backup" not in text


def test_nothing_is_claimed_of_backups_of_which_the_office_has_said_nothing() -> None:
    text = answer_text(load_words("en"), replace(WHOLE, destroyed=[Destroyed(AT, 1, UNTIL), Destroyed(AT, 1, None)]))
    assert "Ask us until when." in " ".join(text.split())
    assert "2026-12-21" not in text
