"""``audit``: the store against the log, the log against an older checkpoint."""

from pathlib import Path

import click

from api.cli.common import (
    counted,
    emit,
    given_passphrase,
    json_option,
    open_home,
    unasked_passphrase_option,
)
from api.cli.progress import progress
from config.errors import Term


@click.command()
@click.option(
    "--level",
    type=click.IntRange(1, 3),
    default=3,
    show_default=True,
    help="1: the log; 2: also every ciphertext; 3: also its form.",
)
@click.option(
    "--against",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    metavar="FILE",
    help="A checkpoint or a bundle that was kept outside.",
)
@unasked_passphrase_option
@json_option
@click.pass_context
def audit(ctx: click.Context, level: int, against: Path | None, passphrase_file: Path | None, as_json: bool) -> int:
    """Check the store against the log, and with --against the log against a checkpoint or bundle that others hold.

    This needs no key. With the passphrase, level 3 also opens every record and compares the rows in clear.
    """
    from api.errors import VERDICT_CODES
    from api.office.audit import entries_to_read, how_records_compared, run_audit
    from evidence.audit.log import HEADERS_LEVEL
    from evidence.finding import Verdict

    home = open_home(ctx)
    older = against.read_bytes() if against else None
    given = given_passphrase(passphrase_file)
    with progress(Term("progress.auditing"), Term("unit.entries"), entries_to_read(home)) as more:
        done = run_audit(home, level=level, against=older, passphrase=given, progress=more)
    verdict, records = done.report.verdict, how_records_compared(home, done, level)
    lines = [f"{f.verdict.value}  {f.id}  {f.where}: {f.found}. {f.fix}" for f in done.report.problems]
    lines.append(
        f"{verdict.value}: {counted(done.entries, 'log entry', 'log entries')}, "
        f"{counted(done.objects, 'object')}, level {level}; records {records}."
    )
    if not given and level == HEADERS_LEVEL and home.keys.path.is_dir():
        lines.append("To compare the records too: --passphrase-file FILE, or NISISAMA_PASSPHRASE.")
    emit(
        {
            "ok": verdict is Verdict.PASSED,
            "verdict": verdict.value,
            "level": level,
            "entries": done.entries,
            "objects": done.objects,
            "records": records,
            "problems": [problem.as_json() for problem in done.report.problems],
        },
        as_json=as_json,
        text="\n".join(lines),
    )
    return VERDICT_CODES[verdict]
