"""A verifier's report as JSON and as text, and the check list that drives it.

Standard library only.
"""

import functools
import importlib.resources
import json
import textwrap
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Any

from casefiles.format import layout
from config import errors
from config.times import told_time
from evidence.finding import Finding, Report, Verdict

EXIT_CODES = MappingProxyType({Verdict.PASSED: 0, Verdict.FAILED: 1, Verdict.INDETERMINATE: 3})
USAGE = 2
WIDTH = 79
"""Columns of a line for people, so that a terminal of 80 breaks none."""


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
def check_list(of: str = "checks") -> tuple[Listed, ...]:
    """The verifier's check list, in order: those of every bundle, or the ``asked`` ones, which need a comparison."""
    text = importlib.resources.files("casefiles.verifier").joinpath("checks.json").read_text(encoding="utf-8")
    return tuple(
        Listed(check["id"], check["title"], check["sub_indication"], tuple(check["done_by"]))
        for check in json.loads(text)[of]
    )


def not_made_by(program: str) -> tuple[Listed, ...]:
    """The verifier's checks that ``program`` (``sh``, ``html``) does not make."""
    return tuple(listed for listed in check_list() if program not in listed.done_by)


def as_json(report: Report) -> dict[str, Any]:
    """The verifier's report as one JSON object: ``verdict``, ``checks``, each with code and facts."""
    return {
        "verdict": str(report.verdict),
        "rehearsal": is_rehearsal(report),
        "proven": [asdict(proven) for proven in proven_times(report)],
        "checks": [
            {
                "id": finding.id,
                "verdict": str(finding.verdict),
                "detail": detail_of(finding),
                "code": finding.code,
                "facts": errors.facts_as_json(finding.facts),
            }
            for finding in report.findings
        ],
    }


@dataclass(frozen=True, slots=True)
class Proven:
    """A time that a trusted token proves.

    Attributes:
        what: ``first_entry``: the first of the entries was in the log; ``log``: all of them were; ``seal``: the bundle
            was sealed; ``archive``: the file was whole; ``renewed``: it still was;
            ``counter_seal``: somebody else sealed it too.
        at: As the log writes times.
        where: The member that holds the token.
    """

    what: str
    at: str
    office: str
    where: str


_STAMPS = (
    ("log", "log.checkpoint_stamp", layout.CHECKPOINT_TOKEN),
    ("seal", "seal.time_stamp", layout.SEAL_SIGNATURE),
    ("archive", "archive.time_stamp", layout.ARCHIVE_TOKEN),
)
_UNDER_AN_ENTRY = frozenset(
    {"log.checkpoint", "log.checkpoint_stamp", "log.consistency", "log.inclusion", "log.stamps"}
)
_ALL_ENTRIES = frozenset({"log.checkpoint", "log.inclusion"})
"""What must hold for a time stamp over the last daily seal to be one over all entries."""
_SAID = {
    "first_entry": "the first of the entries shown was in the log",
    "log": "all entries shown were in the log",
    "seal": "the bundle was sealed",
    "archive": "the file was whole; anybody can add this one later",
    "counter_seal": "a counter-seal was added",
    "renewed": "the file was whole with all its earlier time stamps; the newest of those that were added later",
}
PROVEN_BY_SCRIPT = MappingProxyType(
    {
        **_SAID,
        # the script checks neither inclusion nor consistency
        "first_entry": "the earliest daily seal of the log existed; the offline verifier says which entries were in it",
        "log": "the last daily seal of the log existed; the offline verifier checks that all entries are in it",
    }
)
"""What ``verify.sh`` says of each time."""


def proven_times(report: Report) -> list[Proven]:
    """What the verifier found proven by trusted time stamps, the earliest first; nothing where none was good."""
    good = {finding.id: finding for finding in report.findings if finding.verdict is Verdict.PASSED and finding.facts}
    passed = {finding.id for finding in report.findings if finding.verdict is Verdict.PASSED}
    proven = [
        Proven(what, str(good[check].facts["latest"]), str(good[check].facts["office"]), where)
        for what, check, where in _STAMPS
        if check in good and (what != "log" or passed >= _ALL_ENTRIES)
    ]
    archive = good.get("archive.renewals")
    if archive and archive.facts and "newest" in archive.facts:
        where = layout.renewal_token(int(str(archive.facts["renewals"])))
        proven.append(Proven("renewed", str(archive.facts["newest"]), str(archive.facts["newest_office"]), where))
    counter = good.get("seal.counter")
    if counter and counter.facts and "stamped" in counter.facts:
        where = layout.counter_signature(int(str(counter.facts["seals"])))
        proven.append(Proven("counter_seal", str(counter.facts["stamped"]), str(counter.facts["office"]), where))
    times = good.get("log.times")
    if times and times.facts and good.keys() >= _UNDER_AN_ENTRY:
        earlier = times.facts["size"] != good["log.checkpoint"].facts["size"]
        where = layout.STAMPS if earlier else layout.CHECKPOINT_TOKEN
        proven.append(Proven("first_entry", str(times.facts["earliest"]), str(times.facts["office"]), where))
    return sorted(proven, key=lambda one: one.at)


def is_rehearsal(report: Report) -> bool:
    """Whether the verified log says that its time stamps are of a rehearsal, as far as that could be read."""
    return any(finding.code == "basis.rehearsal" for finding in report.findings)


def as_text(report: Report) -> str:
    """The verifier's report for a person: a line a check, what is wrong below it, what to do, the verdict last.

    Of a file that could not be read as a bundle nothing else was checked: one line says so.
    """
    listed = {each.id: each for each in (*check_list(), *check_list("asked"))}
    lines: list[str] = []
    first, *_ = report.findings
    if first.verdict is Verdict.FAILED:
        return f"{detail_of(first)}\n\nverdict: {report.verdict}\n"
    for finding in report.findings:
        check, found = listed[finding.id], _found_of(finding)
        if finding.verdict is not Verdict.PASSED and finding.code != "finding.not_made":
            found = f"{found} [{check.sub_indication}]"  # in words first; ETSI's code is for whoever looks it up
        lines.append(f"{finding.verdict:<13} {check.id:<22} {check.title}")
        lines += _wrapped(found, indent=" " * 14)
    for number, proven in enumerate(proven_times(report)):
        lines += ["", "Proven by time stamps, the earliest first:"] if not number else []
        lines += _wrapped(
            f"{told_time(proven.at, up=True)}  {_SAID[proven.what]} ({proven.where}, by {printable(proven.office)})"
        )
    for fix in dict.fromkeys(finding.fix for finding in report.problems if finding.fix):
        lines += ["", *_wrapped(f"{printable(fix)}.")]
    if report.verdict is Verdict.PASSED and report.problems:
        which = ", ".join(finding.id for finding in report.problems)
        lines += [
            "",
            *_wrapped(f"The verdict is on the bundle as it was sealed. Added later, and not decided: {which}."),
        ]
    return "\n".join(
        [*lines, "", f"verdict: {report.verdict}{' (REHEARSAL, NOT FOR COURT)' * is_rehearsal(report)}", ""]
    )


def detail_of(finding: Finding) -> str:
    """What a check of the verifier found and what to do, in one line."""
    return _found_of(finding) + (f" - {printable(finding.fix)}" if finding.fix else "")


def _found_of(finding: Finding) -> str:
    parts = [f"{finding.where}:" if finding.where else "", finding.found]
    if finding.expected:
        parts.append(f"(expected {finding.expected})")
    return printable(" ".join(part for part in parts if part))


def _wrapped(text: str, *, indent: str = "") -> list[str]:
    """``text`` in lines of at most ``WIDTH``, but that digests and keys stay whole."""
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def printable(text: str) -> str:
    """``text`` as the verifier prints it, with every character that does not print as itself spelled out.

    What somebody else wrote may not move the cursor, begin a line or turn the direction of a reader's terminal.
    """
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in text)
