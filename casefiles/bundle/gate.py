"""The last gate before a bundle is written: no member leaves that is not on the list, or is a picture.

It rests on the verifier's own search of the finished bundle, the check that a receiver makes too. For the verifier
that is one finding of many; here nothing leaves unless it passed.
"""

from casefiles.errors import BundleError, GateError
from casefiles.verifier.report import detail_of
from evidence.finding import Report, Verdict

GATES = frozenset({"container.members", "content.no_pictures"})
"""The checks that must have been made and have passed."""


def require_may_leave(report: Report) -> None:
    """The last gate before a bundle is written: refuse the whole bundle for one member that may not leave.

    Raises:
        GateError: A member is not on the list, is missing, or holds a picture, video, thumbnail
            or perceptual hash, as it is or inside base64; or nobody looked.
    """
    gates = [finding for finding in report.findings if finding.id in GATES]
    for finding in gates:
        if finding.verdict is not Verdict.PASSED:
            raise GateError("gate.member_may_not_leave", where=finding.where, found=finding.found)
    if missing := GATES - {finding.id for finding in gates}:
        raise GateError("gate.not_searched", where=min(missing))


def require_holds(report: Report, code: str = "bundle.own_verifier_refuses") -> None:
    """Refuse, before it is written, a bundle in which a check fails.

    Args:
        code: Of the error.

    Raises:
        BundleError: The first check that fails, and what it found.
    """
    for finding in report.findings:
        if finding.verdict is Verdict.FAILED:
            raise BundleError(code, where=finding.id, found=detail_of(finding))
