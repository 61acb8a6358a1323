"""``verify.sh`` as a bundle carries it: the template, filled in from the format's own definition."""

import importlib.resources
from collections.abc import Sequence

from casefiles.format.layout import REQUIRED, names_pattern, types_pattern
from casefiles.verifier.report import PROVEN_BY_SCRIPT, Listed, check_list, not_made_by


def verify_script() -> str:
    """The script ``verify.sh``, with the names that a member may have, and the checks that it makes and does not."""
    made = [listed for listed in check_list() if "sh" in listed.done_by]
    filled = {
        "MAY_BE": names_pattern(),
        "OF_TYPE": types_pattern(),
        "MUST_BE": "\n".join(sorted(REQUIRED)),
        "MADE": _lines(made),
        "NOT_MADE": _lines(not_made_by("sh")),
        "PROVEN": "\n".join(f"{what} {words}" for what, words in PROVEN_BY_SCRIPT.items()),
    }
    text = importlib.resources.files("casefiles.verifier").joinpath("verify.sh").read_text(encoding="ascii")
    for mark, words in filled.items():
        text = text.replace(f"@{mark}@", words)
    return text


def _lines(checks: Sequence[Listed]) -> str:
    # between apostrophes in the script, where an apostrophe is closed, escaped and opened again
    return "\n".join(f"{listed.id:<22} {listed.title}" for listed in checks).replace("'", r"'\''")
