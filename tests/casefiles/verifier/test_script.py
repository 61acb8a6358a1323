"""``verify.sh`` as a bundle carries it says what it checks and what it does not."""

from casefiles.verifier.report import PROVEN_BY_SCRIPT, check_list
from casefiles.verifier.script import not_made_by, verify_script


def test_what_the_script_does_not_check_is_listed_in_it() -> None:
    script = verify_script()
    assert "@" + "MAY_BE@" not in script
    for listed in check_list():
        assert listed.id in script
    for listed in not_made_by("sh"):
        assert script.index("NOT_MADE=") < script.index(listed.id)


def test_the_script_has_words_for_each_time_and_claims_of_the_log_only_what_it_checks() -> None:
    script = verify_script()
    for what in ("first_entry", "log", "seal", "archive"):
        assert f"\n{what} {PROVEN_BY_SCRIPT[what]}\n" in script
    for what in ("first_entry", "log"):
        assert "daily seal of the log existed; the offline verifier" in PROVEN_BY_SCRIPT[what]
