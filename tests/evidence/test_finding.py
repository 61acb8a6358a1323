"""A report is as good as its worst finding, and nothing checked is nothing found."""

from collections.abc import Iterator
from itertools import product

import pytest

from config.errors import SettingsError
from evidence.errors import EvidenceError, LeafError
from evidence.finding import Finding, Report, Verdict, run_check

PASSED, UNDECIDED, FAILED = Verdict.PASSED, Verdict.INDETERMINATE, Verdict.FAILED


def report(*verdicts: Verdict) -> Report:
    return Report(tuple(Finding(f"check.{at}", verdict, "a.code") for at, verdict in enumerate(verdicts)))


def test_nothing_checked_is_indeterminate() -> None:
    assert report().verdict is UNDECIDED


@pytest.mark.parametrize("verdicts", list(product(Verdict, repeat=3)))
def test_the_verdict_is_the_worst_of_the_findings(verdicts: tuple[Verdict, ...]) -> None:
    expected = FAILED if FAILED in verdicts else UNDECIDED if UNDECIDED in verdicts else PASSED
    assert report(*verdicts).verdict is expected
    assert [finding.verdict for finding in report(*verdicts).problems] == [each for each in verdicts if each != PASSED]


@pytest.mark.parametrize("bad", [UNDECIDED, FAILED])
def test_a_bad_report_raises_with_the_words_of_its_first_problem(bad: Verdict) -> None:
    facts = {"where": "leaf 3", "expected": "a", "found": "b", "fix": "Do c"}
    wrong = Finding("log.tree", bad, "a.code", facts)
    with pytest.raises(EvidenceError, match=f"log.tree is {bad}") as raised:
        Report((Finding("ok", PASSED), wrong, Finding("later", FAILED))).require_passed()
    assert (raised.value.where, raised.value.expected, raised.value.found, raised.value.fix) == (
        "leaf 3",
        "a",
        "a.code b",
        "Do c",
    )


def test_a_good_report_raises_nothing() -> None:
    report(PASSED, PASSED).require_passed()


def test_a_raise_becomes_a_failed_finding_with_its_words() -> None:
    def check() -> None:
        raise LeafError("too long", where="leaf 3", expected="1", found="2", fix="Cut it")

    (finding,) = run_check("log.leaves", check)
    assert (finding.code, finding.facts["found"]) == ("too long", "2")
    assert finding.as_json() == {
        "id": "log.leaves",
        "verdict": "FAILED",
        "where": "leaf 3",
        "expected": "1",
        "found": "too long: 2",
        "fix": "Cut it",
        "code": "too long",
        "facts": {"where": "leaf 3", "expected": "1", "found": "2", "fix": "Cut it"},
    }


def test_what_a_check_found_before_it_raised_is_kept() -> None:
    def check() -> Iterator[Finding]:
        yield Finding("a", FAILED, "a.code")
        raise SettingsError("broken")

    assert run_check("a", check) == [Finding("a", FAILED, "a.code"), Finding("a", FAILED, "broken")]


def test_an_error_may_be_told_as_undecided() -> None:
    assert Finding.of_error("a", LeafError("b"), UNDECIDED).verdict is UNDECIDED


def test_a_check_that_finds_nothing_has_passed() -> None:
    for silent in (lambda: None, list):
        assert run_check("a", silent) == [Finding("a", PASSED)]


def test_a_checks_own_findings_are_kept() -> None:
    mine = [Finding("a", PASSED, "a.code", {"found": "x"}), Finding("a", FAILED)]
    assert run_check("a", lambda: mine) == mine


def test_any_other_exception_is_a_mistake_and_surfaces() -> None:
    def check() -> None:
        raise KeyError("x")

    with pytest.raises(KeyError):
        run_check("a", check)
