"""What a checker says: findings and the report that holds them.

Primitives raise. A checker runs numbered checks, turns each raise into a Finding and
returns a Report; ``require_passed`` turns a bad report back into a raise. The verdicts are
those of ETSI EN 319 102-1, 5.1.3. A finding has a code and facts, as an error has; its words
come from the same catalogue, by the same lines. Standard library only: the offline verifier carries it.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self

from config.errors import Coded, Explained, Fact, facts_as_json
from evidence.errors import EvidenceError


class Verdict(StrEnum):
    """Main indications of ETSI EN 319 102-1, 5.1.3."""

    PASSED = "PASSED"
    INDETERMINATE = "INDETERMINATE"
    FAILED = "FAILED"


_ORDER = (Verdict.PASSED, Verdict.INDETERMINATE, Verdict.FAILED)


@dataclass(frozen=True, slots=True)
class Basis(Coded):
    """What a check that held rests on: a code and facts, as a finding has."""

    code: str = ""
    facts: Mapping[str, Fact] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Finding(Coded):
    """One check's outcome.

    Attributes:
        id: Stable name of the check, ``log.tree`` or ``keys.permissions``.
        code: What was found, of the catalogue of errors; empty when it passed and there is nothing to say.
        added: It is about something that anybody can add to what is judged. That it is undecided is said, and leaves
            the verdict on the rest as it is.
    """

    id: str
    verdict: Verdict
    code: str = ""
    facts: Mapping[str, Fact] = field(default_factory=dict)
    added: bool = False

    @property
    def weighs(self) -> Verdict:
        """What this finding counts for in the verdict of its report."""
        return Verdict.PASSED if self.added and self.verdict is Verdict.INDETERMINATE else self.verdict

    @classmethod
    def of_error(cls, check_id: str, error: Explained, verdict: Verdict = Verdict.FAILED) -> Self:
        """The finding of an error that a check raised."""
        return cls(check_id, verdict, error.code, error.facts)

    @property
    def found(self) -> str:
        """What this finding found, in one line."""
        return self.said.outcome

    def as_json(self) -> dict[str, Any]:
        """This finding for a machine: code and facts, and the words for whoever shows it."""
        said = self.said
        return {
            "id": self.id,
            "verdict": str(self.verdict),
            "where": said.where,
            "expected": said.expected,
            "found": said.outcome,
            "fix": said.fix,
            "code": self.code,
            "facts": facts_as_json(self.facts),
        }


@dataclass(frozen=True, slots=True)
class Report:
    """All findings of one run, in the order of the checks."""

    findings: tuple[Finding, ...]

    @property
    def verdict(self) -> Verdict:
        """The worst of the findings; INDETERMINATE when nothing was checked."""
        if not self.findings:
            return Verdict.INDETERMINATE
        return max((finding.weighs for finding in self.findings), key=_ORDER.index)

    @property
    def problems(self) -> tuple[Finding, ...]:
        """The findings that did not pass."""
        return tuple(finding for finding in self.findings if finding.verdict is not Verdict.PASSED)

    def require_passed(self) -> None:
        """Raise on the first finding that did not pass and counts.

        Raises:
            EvidenceError: With that finding's words.
        """
        for finding in self.problems:
            if finding.weighs is Verdict.PASSED:
                continue
            raise EvidenceError(
                "evidence.check_did_not_pass",
                check=finding.id,
                verdict=str(finding.verdict),
                cause=Explained(finding.code, **finding.facts),
            )


def run_check(check_id: str, check: Callable[[], Iterable[Finding] | None]) -> list[Finding]:
    """Run a check, to its findings: its own, one FAILED more if it raised, or one PASSED."""
    findings: list[Finding] = []
    try:
        for finding in check() or ():
            findings.append(finding)  # noqa: PERF402 - what it found before it raised is kept
    except Explained as error:
        findings.append(Finding.of_error(check_id, error))
    return findings or [Finding(check_id, Verdict.PASSED)]
