"""``receiver`` and ``case consent`` say what they did, and ``case export`` what it lacks."""

from pathlib import Path

import pytest

from tests.commands import DONE, UNDECIDED, USAGE, Life, run


def test_one_person_is_led_from_a_refusal_to_an_export(life: Life, home: Path) -> None:
    out = ("--out", home.parent / "out.asice", "--for", "lawyer", "--reason", "x")
    waits = run("case", "export", life.case, *out, home=home)
    assert (waits.code, "--to NAME" in waits.err) == (UNDECIDED, True)
    added = run("receiver", "add", "A. Lawyer", "--for", "lawyer", "--approved-by", "bo", home=home)
    assert (added.code, added.out) == (DONE, "A. Lawyer may get bundles for: lawyer.\n")
    assert "lawyer      A. Lawyer  approved 20" in run("receiver", "list", home=home).out
    to = (*out, "--to", "A. Lawyer")
    waits = run("case", "export", life.case, *to, home=home)
    assert (waits.code, "case consent" in waits.err) == (UNDECIDED, True)
    agreed = ("--person", "mila", "--scope", "lawyer", "--paper-sha256", "AB" * 32, "--language", "sq")
    told = run("case", "consent", life.case, "--given", *agreed, "--date", "2026-02-03", home=home)
    assert (told.code, told.out) == (DONE, f"Recorded the consent for {life.case}.\n")
    assert "given on 2026-02-03, until it is withdrawn, to: lawyer" in run("case", "show", life.case, home=home).out
    done = run("case", "export", life.case, *to, home=home)
    assert (done.code, "A second person reviews it by" in done.out) == (DONE, True)


@pytest.mark.parametrize(
    "odd",
    ["--date 3.2.2026", "--date 2026-02-03 --until soon", "--date 2026-02-03 --paper-sha256 abc", ""],
)
def test_a_consent_that_is_mistyped_is_a_usage_error(life: Life, home: Path, odd: str) -> None:
    words = ("case", "consent", life.case, "--given", "--person", "mila", "--language", "sq", *odd.split())
    assert run(*words, home=home).code == USAGE


def test_who_withdrew_has_nothing_looked_for(life: Life, home: Path) -> None:
    words = ("--withdrawn", "--person", "mila", "--language", "sq", "--date", "2026-03-04")
    assert run("case", "consent", life.case, *words, home=home).code == DONE
    error = run("check", life.picture(), "--case", life.case, "--json", home=home).error
    assert error["code"] == "authority.consent_withdrawn"
