"""``doctor`` tells each finding in one form."""

from tests.commands import Life
from tests.nonempty import nonempty


def test_a_finding_is_told_in_one_form_by_doctor_and_audit(life: Life) -> None:
    for finding in nonempty(life.ran["doctor"].printed["findings"]):
        assert list(finding) == ["id", "verdict", "where", "expected", "found", "fix", "code", "facts"]
        assert finding["verdict"] == "PASSED"
