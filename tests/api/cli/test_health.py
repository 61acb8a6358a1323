"""``doctor`` tells each finding in one form, and in words for a person."""

from pathlib import Path

from api.cli.health import TITLES
from tests.commands import Life, run
from tests.nonempty import nonempty


def test_a_finding_is_told_in_one_form_by_doctor_and_audit(life: Life) -> None:
    for finding in nonempty(life.ran["doctor"].printed["findings"]):
        assert list(finding) == ["id", "verdict", "where", "expected", "found", "fix", "code", "facts"]
        assert finding["verdict"] == "PASSED"


def test_every_check_says_in_a_sentence_what_it_looks_for(life: Life, home: Path) -> None:
    found = {finding["id"] for finding in life.ran["doctor"].printed["findings"]}
    assert found | {"home"} == set(TITLES)
    lines = run("doctor", home=home).out.splitlines()
    for check_id, title in nonempty(TITLES.items()):
        assert check_id == "home" or any(line.endswith(f" {title}") and f" {check_id} " in line for line in lines)
    assert max(len(line) for line in lines if line.startswith("PASSED")) <= 80
    assert "sandbox" not in "\n".join(lines)
