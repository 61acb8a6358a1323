"""``verify.sh`` as a bundle carries it says what it checks and what it does not."""

from casefiles.verifier.report import check_list
from casefiles.verifier.script import not_made_by, verify_script


def test_what_the_script_does_not_check_is_listed_in_it() -> None:
    script = verify_script()
    assert "@" + "MAY_BE@" not in script
    for listed in check_list():
        assert listed.id in script
    for listed in not_made_by("sh"):
        assert script.index("NOT_MADE=") < script.index(listed.id)
