"""What a checker says: findings and the report that holds them.

Primitives raise. A checker runs numbered checks, turns each raise into a Finding and
returns a Report; ``require_passed`` turns a bad report back into a raise. The verdicts are
those of ETSI EN 319 102-1, 5.1.3. Standard library only: the offline verifier carries it.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from config.errors import Explained
from evidence.errors import EvidenceError


class Verdict(StrEnum):
    """Main indications of ETSI EN 319 102-1, 5.1.3."""

    PASSED = "PASSED"
    INDETERMINATE = "INDETERMINATE"
    FAILED = "FAILED"


_ORDER = (Verdict.PASSED, Verdict.INDETERMINATE, Verdict.FAILED)


@dataclass(frozen=True, slots=True)
class Finding:
    """One check's outcome.

    Attributes:
        id: Stable name of the check, ``log.tree`` or ``keys.permissions``.
        where: What it is about: ``object ab12…``, ``leaf 12``, a member, a setting.
        fix: What the reader can do; empty when it passed.
    """

    id: str
    verdict: Verdict
    where: str = ""
    expected: str = ""
    found: str = ""
    fix: str = ""

    @classmethod
    def of_error(cls, check_id: str, error: Explained, verdict: Verdict = Verdict.FAILED) -> Self:
        """Turn a raise into a finding."""
        found = f"{error.message}: {error.found}" if error.found else error.message
        return cls(check_id, verdict, error.where, error.expected, found, error.fix)


@dataclass(frozen=True, slots=True)
class Report:
    """All findings of one run, in the order of the checks."""

    findings: tuple[Finding, ...]

    @property
    def verdict(self) -> Verdict:
        """The worst of the findings; INDETERMINATE when nothing was checked."""
        if not self.findings:
            return Verdict.INDETERMINATE
        return max((finding.verdict for finding in self.findings), key=_ORDER.index)

    @property
    def problems(self) -> tuple[Finding, ...]:
        """The findings that did not pass."""
        return tuple(finding for finding in self.findings if finding.verdict is not Verdict.PASSED)

    def require_passed(self) -> None:
        """Raise on the first finding that did not pass.

        Raises:
            EvidenceError: With that finding's words.
        """
        for finding in self.problems:
            raise EvidenceError(
                f"{finding.id} is {finding.verdict}",
                where=finding.where,
                expected=finding.expected,
                found=finding.found,
                fix=finding.fix,
            )


def run_check(check_id: str, check: Callable[[], Iterable[Finding] | None]) -> list[Finding]:
    """Run one check: its own findings, one FAILED finding more if it raised, or one PASSED finding."""
    findings: list[Finding] = []
    try:
        for finding in check() or ():
            findings.append(finding)  # noqa: PERF402 - what it found before it raised is kept
    except Explained as error:
        findings.append(Finding.of_error(check_id, error))
    return findings or [Finding(check_id, Verdict.PASSED)]
