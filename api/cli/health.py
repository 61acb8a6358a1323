"""``doctor``: whether a home is well."""

from collections.abc import Iterator

import click

from api.cli.output import emit, json_option
from evidence.finding import Finding, Verdict
from evidence.times import system_clock

TITLES = {
    "program": "The installed files are those that were built",
    "home": "The office can be opened",
    "settings": "The settings can be read and fit",
    "home.private": "Nobody else can look into the office's folder",
    "keys.private": "Every key is there, for nobody else to see",
    "home.pins": "The office uses what its log names",
    "seal": "The seal's certificate is valid for some time",
    "drill": "The cards and a backup were tried in time",
    "clock": "This machine's clock agrees with the log",
    "disk": "The disk has room",
    "backups": "No backup is overdue",
    "store": "The database is sound, its entries are signed",
    "offices": "A time-stamp office is chosen",
    "reviews": "Nothing waits too long for a second person",
    "releases": "Everything that was released was handed over",
    "freezes": "Nothing frozen has waited for more than a day",
    "holds": "Every hold was looked at by its day",
    "withdrawals": "A case that was withdrawn is destroyed in a day",
    "captures": "Every capture is confirmed in time, or destroyed",
    "retention": "Nothing is kept longer than the rule says",
    "watch.accounts": "An account can watch, or none is needed",
    "watch.channels": "What is watched is seen and looked at",
    "watch.modes": "No legal basis has ended or ends soon",
    "watch.probe": "No probe misses its daily post",
    "watch.clock": "This machine's clock agrees with Telegram's",
    "alerts": "Somebody looks for alerts and is told of them",
    "decoder": "Pictures are decoded where they can do no harm",
    "pages": "The report of a bundle can be made as PDF",
}
"""What each check looks for, in a sentence that is true where it passes, of nothing too."""
_WIDTH = max(map(len, TITLES))


def _lines(finding: Finding) -> Iterator[str]:
    """Verdict, name and what is looked for; below them what was found, and, of a problem, what to do."""
    yield f"{finding.verdict.value:<13} {finding.id:<{_WIDTH}} {TITLES[finding.id]}"
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
    from api.office.health import check_health

    report = check_health(ctx.find_root().obj, system_clock)
    lines = [line for finding in report.findings for line in _lines(finding)]
    emit(
        {"ok": report.verdict is Verdict.PASSED, "findings": [finding.as_json() for finding in report.findings]},
        as_json=as_json,
        text="\n".join(lines),
    )
    return VERDICT_CODES[report.verdict]
