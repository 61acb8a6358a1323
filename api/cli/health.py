"""``doctor``: whether a home is well."""

from collections.abc import Iterator

import click

from api.cli.common import emit, json_option
from evidence.finding import Finding, Verdict
from evidence.times import system_clock


def _lines(finding: Finding) -> Iterator[str]:
    """Verdict and name; below them what was found, and, of a problem, what to do."""
    yield f"{finding.verdict.value:<13} {finding.id}"
    where = f"{finding.where}: " if finding.where else ""
    expected = f" (expected {finding.expected})" if finding.expected else ""
    if finding.found:
        yield f"{'':14}{where}{finding.found}{expected}"
    if finding.fix:
        yield f"{'':14}{finding.fix}"


@click.command()
@json_option
@click.pass_context
def doctor(ctx: click.Context, as_json: bool) -> int:
    """Check this home: settings, keys, permissions, clock, disk, store, time-stamp offices, own files."""
    from api.errors import VERDICT_CODES
    from api.office.health import examine

    report = examine(ctx.find_root().obj, system_clock)
    lines = [line for finding in report.findings for line in _lines(finding)]
    emit(
        {"ok": report.verdict is Verdict.PASSED, "findings": [finding.as_json() for finding in report.findings]},
        as_json=as_json,
        text="\n".join(lines),
    )
    return VERDICT_CODES[report.verdict]
