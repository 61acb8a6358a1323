"""A verifier's report as JSON and as text, and the check list that drives it.

Standard library only.
"""

import functools
import importlib.resources
import json
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from evidence.finding import Finding, Report, Verdict

EXIT_CODES = MappingProxyType({Verdict.PASSED: 0, Verdict.FAILED: 1, Verdict.INDETERMINATE: 3})
USAGE = 2


@dataclass(frozen=True, slots=True)
class Listed:
    """A check as ``checks.json`` lists it.

    Attributes:
        sub_indication: What ETSI EN 319 102-1, 5.1.3, calls its failing.
        done_by: The verifiers that make it: ``cli``, ``sh``, ``html``.
    """

    id: str
    title: str
    sub_indication: str
    done_by: tuple[str, ...]


@functools.cache
def check_list() -> tuple[Listed, ...]:
    """The check list, in order."""
    text = importlib.resources.files("casefiles.verifier").joinpath("checks.json").read_text(encoding="utf-8")
    return tuple(
        Listed(check["id"], check["title"], check["sub_indication"], tuple(check["done_by"]))
        for check in json.loads(text)["checks"]
    )


def as_json(report: Report) -> dict[str, Any]:
    """The report as one JSON object: ``verdict``, and ``checks`` with ``id``, ``verdict`` and ``detail``."""
    return {
        "verdict": str(report.verdict),
        "checks": [
            {"id": finding.id, "verdict": str(finding.verdict), "detail": detail_of(finding)}
            for finding in report.findings
        ],
    }


def as_text(report: Report) -> str:
    """The report for a person: one line a check, what is wrong below it, the verdict last.

    Of a file that could not be read as a bundle nothing else was checked: one line says so.
    """
    titles = {listed.id: listed for listed in check_list()}
    lines: list[str] = []
    first, *_ = report.findings
    if first.verdict is Verdict.FAILED:
        return f"{detail_of(first)}\n\nverdict: {report.verdict}\n"
    for finding in report.findings:
        listed = titles[finding.id]
        lines.append(f"{finding.verdict:<13} {listed.id:<22} {listed.title}")
        if finding.verdict is not Verdict.PASSED:
            lines.append(f"{'':<13} {listed.sub_indication}: {detail_of(finding)}")
        elif detail_of(finding):
            lines.append(f"{'':<13} {detail_of(finding)}")
    return "\n".join([*lines, "", f"verdict: {report.verdict}", ""])


def detail_of(finding: Finding) -> str:
    """What was found, in one line."""
    parts = [f"{finding.where}:" if finding.where else "", finding.found]
    if finding.expected:
        parts.append(f"(expected {finding.expected})")
    if finding.fix:
        parts.append(f"- {finding.fix}")
    return printable(" ".join(part for part in parts if part))


def printable(text: str) -> str:
    """``text`` with every character that does not print as itself spelled out.

    What somebody else wrote may not move the cursor, begin a line or turn the direction of a reader's terminal.
    """
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in text)
